"""Who handed in, and the bytes of what they handed in: read without following a link or trusting a name."""

import hashlib
import re
from pathlib import Path

from autograder import limits
from autograder.course import Course
from autograder.files import read_regular

STUDENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")


class Refused(Exception):
    """What was handed in cannot be graded. The message says why, to the student."""


def ids(course: Course, assignment: str) -> tuple[list[str], list[Path]]:
    """The students who handed in the assignment, and the folders whose names cannot be a student's id."""
    names = course.submissions(assignment)
    good = [name for name in names if STUDENT_ID.fullmatch(name)]
    return good, [course.root / "submitted" / name for name in names if not STUDENT_ID.fullmatch(name)]


def digest(course: Course, assignment: str, student: str) -> str:
    """Stands for exactly what a student handed in."""
    try:
        return hashlib.sha256(read(course, assignment, student)).hexdigest()
    except Refused as refused:
        return f"refused: {refused}"


def read(course: Course, assignment: str, student: str) -> bytes:
    """The bytes of a student's notebook file; :class:`Refused` when there is no such file to read."""
    path = course.submitted(assignment, student)
    for folder in (path.parent.parent, path.parent):
        if folder.is_symlink() or not folder.is_dir():
            raise Refused(f"The folder of the submission, {shown(folder.name)}, is not a folder.")
    try:
        return read_regular(path, limits.SUBMISSION.notebook)
    except FileNotFoundError:
        others = sorted(shown(other.name) for other in path.parent.iterdir())[:5]
        found = f"In its place there is: {', '.join(others)}." if others else "The folder is empty."
        raise Refused(f"There is no file {path.name}. {found}") from None
    except (OSError, ValueError) as error:
        reason = (
            str(error) if isinstance(error, ValueError) else "it cannot be opened; a link is not followed"
        )
        raise Refused(f"{path.name} cannot be read: {reason}.") from None


def shown(name: str) -> str:
    """A file name that is safe to show anywhere."""
    return re.sub(r"[^\w .,:()'-]", "?", name)[:80]
