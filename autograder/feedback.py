"""The feedback page of a submission: what a student gets back."""

import hashlib
from pathlib import Path

from autograder.course import Course
from autograder.faults import InfrastructureFault
from autograder.files import read_state, write_state
from autograder.gradebook import autograded, scores


def write_feedback(course: Course, api, assignment: str, student: str) -> bool:
    """Write a submission's feedback page, unless it is that of the present grades; whether it was written."""
    page = feedback_page(course, assignment, student)
    state = course.root / "state" / "feedback" / assignment / student
    mark = hashlib.sha256(autograded(course, assignment, student).read_bytes())
    mark.update(repr(scores(course, assignment, student)).encode())
    mark.update(Path(__file__).with_name("pages.py").read_bytes())
    if page.is_file() and read_state(state) == mark.hexdigest():
        return False
    result = api().generate_feedback(assignment, student, force=True)
    if not result["success"]:
        raise InfrastructureFault(
            f"nbgrader could not write feedback: {result.get('log') or result['error']}"
        )
    write_state(state, mark.hexdigest())
    return True


def feedback_page(course: Course, assignment: str, student: str) -> Path:
    """The page that a student gets back."""
    return course.root / "feedback" / student / assignment / f"{assignment}.html"
