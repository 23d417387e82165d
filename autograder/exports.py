"""The grades as a file: ``grades.csv``."""

import csv
import hashlib
import io
import tempfile
from pathlib import Path

from autograder.course import Course
from autograder.faults import InfrastructureFault
from autograder.files import read_state, write_if_changed, write_state


def export(course: Course) -> tuple[Path, bool]:
    """Write ``grades.csv`` with nbgrader's exporter, sorted. Gives its path, and whether it changed.

    Does nothing when the gradebook has not been written since the last time.
    """
    target, database = course.root / "grades.csv", course.root / "gradebook.db"
    state = course.root / "state" / "exported"
    if not database.is_file():
        raise InfrastructureFault(f"there is no gradebook yet: {database}. Run: python -m autograder grade")
    mark = hashlib.sha256(database.read_bytes()).hexdigest()
    if target.is_file() and read_state(state) == mark:
        return target, False
    from nbgrader.api import Gradebook
    from nbgrader.plugins import CsvExportPlugin

    with tempfile.TemporaryDirectory() as folder, Gradebook(f"sqlite:///{database}") as book:
        path = Path(folder) / "grades.csv"
        CsvExportPlugin(to=str(path)).export(book)
        header, *rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    order = [header.index("assignment"), header.index("student_id")]
    rows.sort(key=lambda row: [row[index] for index in order])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    changed = write_if_changed(target, text.getvalue().encode())
    write_state(state, mark)
    return target, changed
