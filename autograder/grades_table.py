"""The grades as a table that is safe to open in a spreadsheet, and nbgrader's plug-in that exports it.

A spreadsheet takes a value that starts like a formula for one, quoted or not. Such a value gets an apostrophe
in front, which spreadsheets read as "this is text". Numbers stay numbers. Every value is quoted, so that no
comma, quote or line end in a name moves the others.
"""

import csv
import io
import re
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from autograder.files import write_if_changed
from autograder.outputs import visible

COLUMNS = """
    assignment duedate timestamp student_id last_name first_name email
    raw_score late_submission_penalty score max_score
"""
"""As in nbgrader's own export."""

SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\u2212"
FORMULA = re.compile(rf"[\s\"'`\ufeff]*[{SIGNS}]|[\t\r\n]")
"""How a value starts that some spreadsheet may compute: also after space or a quote, and in full width."""
AFTER_SEPARATOR = re.compile(rf"([,;|][\s\"'`]*)(?=[{SIGNS}])")
"""A program that splits at another separator takes what follows one for a value."""
LENGTH = 1000


def cell(value: object) -> str:
    """A value as text that no spreadsheet computes."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = visible(re.sub(r"[\t\r\n]+", " ", str(value)))[:LENGTH]
    text = AFTER_SEPARATOR.sub(r"\1'", text)
    return f"'{text}" if FORMULA.match(str(value)) or FORMULA.match(text) else text


def table(book: Gradebook, assignments: list[str], students: list[str]) -> str:
    """The grades as CSV, sorted by assignment and student; an empty list stands for all of them."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS.split())
    for assignment in sorted(book.assignments, key=lambda item: item.name):
        for student in sorted(book.students, key=lambda item: item.id):
            if (not assignments or assignment.name in assignments) and (
                not students or student.id in students
            ):
                writer.writerow(map(cell, _row(book, assignment, student)))
    return text.getvalue()


def _row(book, assignment, student):
    timestamp, raw, penalty = None, 0.0, 0.0
    try:
        handed_in = book.find_submission(assignment.name, student.id)
    except MissingEntry:
        pass  # nothing handed in: no points
    else:
        timestamp, raw, penalty = handed_in.timestamp, handed_in.score, handed_in.late_submission_penalty
    names = student.id, student.last_name, student.first_name, student.email
    grades = raw, penalty, max(0.0, raw - (penalty or 0.0)), assignment.max_score
    return assignment.name, assignment.duedate, timestamp, *names, *grades


class SafeCsv(ExportPlugin):
    """What ``nbgrader export`` writes: the same table as ``autograder export``."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to ``--to``, or to ``grades.csv``."""
        target = Path(self.to or "grades.csv")
        text = table(gradebook, [str(name) for name in self.assignment], [str(name) for name in self.student])
        write_if_changed(target.resolve(), text.encode())
        self.log.info("Grades written to %s", target)
