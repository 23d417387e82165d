"""The feedback pages of a class: which of them are due, and where they are."""

import hashlib
from functools import cache
from pathlib import Path

from autograder import report
from autograder.course import Course
from autograder.faults import InfrastructureFault
from autograder.files import read_state, write_state
from autograder.gradebook import autograded, scores

MADE_BY = ("feedback_exporter.py", "pages.py", "formulas.py", "outputs.py", "report.py", "templates")


def write_feedback(course: Course, api, assignment: str, student: str) -> bool:
    """Write a submission's feedback page, unless it is that of the present grades; whether it was written.

    Raises:
        InfrastructureFault: nbgrader could not write it.
    """
    page = feedback_page(course, assignment, student)
    state = course.root / "state" / "feedback" / assignment / student
    mark = hashlib.sha256(autograded(course, assignment, student).read_bytes())
    found = scores(course, assignment, student)
    if not found:
        raise InfrastructureFault(
            f"the gradebook has no grades of this submission. Run: python -m autograder grade {assignment}"
        )
    mark.update(repr((found, report.site(), _made_by())).encode())
    if page.is_file() and read_state(state) == mark.hexdigest():
        return False
    result = api().generate_feedback(assignment, student, force=True)
    if not result["success"]:
        raise InfrastructureFault(f"nbgrader could not write it: {_why(result)}")
    write_state(state, mark.hexdigest())
    return True


def _why(result):
    """The exception that nbgrader met: the last line of its log that is not about where to look."""
    lines = [line.strip() for line in f"{result['error']}\n{result.get('log') or ''}".splitlines()]
    return next((line for line in reversed(lines) if line and not line.startswith("[")), "it said nothing")


@cache
def _made_by():
    """A digest of the code and the templates that make a page."""
    places = [Path(__file__).with_name(name) for name in MADE_BY]
    files = sorted(file for place in places for file in [place, *place.rglob("*")] if file.is_file())
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def feedback_page(course: Course, assignment: str, student: str) -> Path:
    """The page that a student gets back."""
    return course.root / "feedback" / student / assignment / f"{assignment}.html"
