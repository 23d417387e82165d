"""Who handed in, and the bytes of what they handed in: read without following a link or trusting a name."""

import errno
import hashlib
import heapq
import re
import stat
from pathlib import Path

from autograder import limits
from autograder.course import Course
from autograder.faults import InfrastructureFault
from autograder.files import read_regular

SMALLER = "Clear all outputs of your notebook (Kernel, Restart and Clear Outputs), save it, hand it in again."
PLACE = "a notebook belongs to submitted/<student>/<assignment>/<assignment>.ipynb"
NOT_A_FILE = (errno.ELOOP, errno.ENXIO, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
STUDENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")


class Refused(Exception):
    """What was handed in cannot be graded. The message says why, to the student.

    Attributes:
        advice: what to do about it, or empty.
    """

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why)
        self.advice = advice


def ids(course: Course, assignment: str) -> tuple[list[str], list[Path]]:
    """The students who handed in the assignment, and the folders whose names cannot be a student's id."""
    names = course.submissions(assignment)
    good = [name for name in names if STUDENT_ID.fullmatch(name)]
    return good, [course.root / "submitted" / name for name in names if not STUDENT_ID.fullmatch(name)]


def misplaced(course: Course) -> list[Path]:
    """What lies in ``submitted/`` where no assignment is looked for: a file, or a folder of another name."""
    known, found = course.assignments(), []
    for path in sorted((course.root / "submitted").glob("*")):
        if not path.is_dir():
            found.append(path)
        elif not path.is_symlink():  # else it is refused, with a reason
            found += sorted(inside for inside in path.glob("*") if inside.name not in known)
    return [path for path in found if not path.name.startswith(".")]


def digest(course: Course, assignment: str, student: str) -> str:
    """Stands for exactly what a student handed in, or for its not being there to read. Raises nothing."""
    try:
        return hashlib.sha256(read(course, assignment, student)).hexdigest()
    except Refused as refused:
        return f"refused: {refused}"
    except InfrastructureFault as fault:
        return f"unreadable: {fault}"  # no verdict is ever on file under this: reading again says why


def read(course: Course, assignment: str, student: str) -> bytes:
    """The bytes of a student's notebook file.

    Raises:
        Refused: there is no such file, or it is something that nobody should open.
        InfrastructureFault: the file is there, and the machine does not let us read it.
    """
    path = course.submitted(assignment, student)
    advice = f"Hand in your notebook as a file of the name {path.name}."
    try:
        for folder in (path.parent.parent, path.parent):
            if not stat.S_ISDIR(folder.lstat().st_mode):
                raise Refused(f"The folder of the submission, {shown(folder.name)}, is not a folder.", advice)
        return read_regular(path, limits.SUBMISSION.notebook)
    except FileNotFoundError:
        raise Refused(f"There is no file {path.name}. {_instead(path.parent)}", advice) from None
    except ValueError as error:
        advice = SMALLER if "larger" in str(error) else advice
        raise Refused(f"{path.name} cannot be read: {error}.", advice) from None
    except OSError as error:
        if error.errno in NOT_A_FILE:
            reason = "it cannot be opened; a link is not followed"
            raise Refused(f"{path.name} cannot be read: {reason}.", advice) from None
        raise InfrastructureFault(f"{path} cannot be read: {error.strerror}") from None


def _instead(folder):
    """What there is in place of the notebook."""
    try:
        others = heapq.nsmallest(5, (shown(other.name) for other in folder.iterdir()))
    except FileNotFoundError:
        return "There is no folder for it."
    except OSError as error:
        raise InfrastructureFault(f"{folder} cannot be read: {error.strerror}") from None
    return f"In its place there is: {', '.join(others)}." if others else "The folder is empty."


def shown(name: str) -> str:
    """A file name that is safe to show anywhere."""
    return re.sub(r"[^\w .,:()'-]", "?", name)[:80]
