"""The file ``grades.csv`` of a course: written when the gradebook has changed."""

import hashlib
from pathlib import Path

from autograder.course import Course
from autograder.faults import InfrastructureFault
from autograder.files import read_state, write_if_changed, write_state


def export(course: Course) -> tuple[Path, bool]:
    """Write ``grades.csv``. Gives its path, and whether it changed.

    Does nothing when the gradebook has not been written since the last time.

    Raises:
        InfrastructureFault: there is no gradebook yet, or it cannot be read.
    """
    target, database = course.root / "grades.csv", course.root / "gradebook.db"
    state = course.root / "state" / "exported"
    if not database.is_file():
        raise InfrastructureFault(f"there is no gradebook yet: {database}. Run: python -m autograder grade")
    mark = hashlib.sha256(
        database.read_bytes() + Path(__file__).with_name("grades_table.py").read_bytes()
    ).hexdigest()
    if target.is_file() and read_state(state) == mark:
        return target, False
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import SQLAlchemyError

    from autograder.grades_table import table

    try:
        with Gradebook(f"sqlite:///{database}") as book:
            changed = write_if_changed(target, table(book, [], []).encode())
    except SQLAlchemyError as error:
        why = str(error).splitlines()[0]
        raise InfrastructureFault(f"nbgrader's gradebook {database} cannot be read: {why}") from error
    write_state(state, mark)
    return target, changed
