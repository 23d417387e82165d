"""What a student handed in: read it without trusting it, and mend what can be mended.

A file that is no notebook is refused with a reason. In a notebook, locked cells are put back as they were
released, missing ones return, and what lost its mark is found again. The student is told of all of it.
"""

import copy
import hashlib
from dataclasses import dataclass, field

import nbformat

from autograder import mending, notebook_file
from autograder.course import Course
from autograder.handed_in import Refused, read

NOTE_ID = "grader-note"
NOTES = 30


@dataclass
class Submission:
    """A submission as it will be graded.

    Attributes:
        notebook: the mended notebook; the released one when the submission is refused.
        refusal: why it is refused, or None.
        notes: what was mended, for the student to read.
        digest: stands for exactly what was handed in, as :func:`autograder.handed_in.digest`.
        advice: what to do about a refusal, or empty.
    """

    notebook: nbformat.NotebookNode
    refusal: str | None
    notes: list[str] = field(default_factory=list)
    digest: str = ""
    advice: str = ""


def load(course: Course, assignment: str, student: str) -> Submission:
    """Read and mend a student's submission. It may hold anything; nothing of it runs here.

    Raises:
        InfrastructureFault: the machine does not let us read it.
    """
    released = nbformat.read(course.released(assignment), as_version=4)
    mark = None
    try:
        content = read(course, assignment, student)
        mark = hashlib.sha256(content).hexdigest()
        cells, notes = notebook_file.parse(content)
        notebook, mended = mending.mend(cells, released)
    except Refused as refused:
        return Submission(released, str(refused), digest=mark or f"refused: {refused}", advice=refused.advice)
    notes += mended
    if len(notes) > NOTES:
        notes[NOTES:] = [f"And {len(notes) - NOTES} more of this kind."]
    return Submission(notebook, None, notes, mark)


def runs(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell of a mended notebook runs at grading: code that is no check and not tagged ``demo``."""
    return (
        cell.cell_type == "code"
        and not is_check(cell)
        and "demo" not in cell.metadata.get("tags", [])
        and bool(cell.source.strip())
    )


def is_check(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell is one whose points the grader gives."""
    meta = cell.metadata.get("nbgrader", {})
    return bool(meta.get("grade")) and not meta.get("solution")


def with_note(submission: Submission) -> nbformat.NotebookNode:
    """The notebook, with a first cell that tells of a refusal or of what was mended, if there is any."""
    if submission.refusal is None and not submission.notes:
        return submission.notebook
    if submission.refusal is not None:
        lines = [
            "**This submission could not be graded: no points.**",
            submission.refusal,
            *([f"**What to do.** {submission.advice}"] if submission.advice else []),
            "Below is the blank notebook.",
        ]
    else:
        lines = ["**A note from the grader**", *(f"- {note}" for note in submission.notes)]
    notebook = copy.deepcopy(submission.notebook)
    note = nbformat.v4.new_markdown_cell(
        "\n\n".join(lines) if submission.refusal else "\n".join([lines[0], "", *lines[1:]])
    )
    note.id = NOTE_ID
    notebook.cells.insert(0, note)
    return notebook
