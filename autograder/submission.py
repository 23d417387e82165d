"""What a student handed in: read it without trusting it, and mend what can be mended.

A file that is no notebook at all is refused with a reason. In a notebook, locked cells are put back as they
were released, and cells that are missing return as released. The student is told of both.
"""

import copy
import hashlib
import json
from dataclasses import dataclass, field

import nbformat

from autograder import limits
from autograder.course import Course
from autograder.handed_in import Refused, read, shown
from autograder.release import CELL_ID

NOTE_ID = "grader-note"


@dataclass
class Submission:
    """A submission as it will be graded.

    Attributes:
        notebook: the mended notebook; the released one when the submission is refused.
        refusal: why it is refused, or None.
        notes: what was mended, for the student to read.
        digest: stands for exactly what was handed in, as :func:`autograder.handed_in.digest`.
    """

    notebook: nbformat.NotebookNode
    refusal: str | None
    notes: list[str] = field(default_factory=list)
    digest: str = ""


def load(course: Course, assignment: str, student: str) -> Submission:
    """Read and mend a student's submission."""
    released = nbformat.read(course.released(assignment), as_version=4)
    try:
        content = read(course, assignment, student)
    except Refused as refused:
        return Submission(released, str(refused), digest=f"refused: {refused}")
    mark = hashlib.sha256(content).hexdigest()
    try:
        notebook = _parse(content)
    except Refused as refused:
        return Submission(released, str(refused), digest=mark)
    notes = _mend(notebook, released)
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


def _parse(content):
    try:
        raw = json.loads(
            content.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_no_twins
        )
    except (ValueError, RecursionError) as error:
        raise Refused(f"The file is not a notebook: it is not JSON ({error}).") from None
    try:
        raw = json.loads(json.dumps(raw).encode("utf-8", "replace"))
        if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
            raise ValueError("it has no nbformat number")
        notebook = nbformat.convert(nbformat.from_dict(raw), 4)
        cells = [_plain_cell(cell) for cell in notebook.cells]
    except Exception as error:  # whatever an odd structure makes nbformat do
        raise Refused(
            f"The file is not a notebook: {shown(str(error).splitlines()[0] if str(error) else '?')}."
        ) from None
    if len(cells) > limits.SUBMISSION.cells:
        raise Refused(f"The notebook has more than {limits.SUBMISSION.cells} cells.")
    return nbformat.v4.new_notebook(cells=cells)


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def _no_twins(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return dict(pairs)


def _plain_cell(cell):
    """A cell without outputs and without any metadata but what grading needs."""
    source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
    source = source.encode("utf-8", "replace").decode().replace("\0", "")
    makers = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    made = makers.get(cell.cell_type, nbformat.v4.new_raw_cell)(source)
    if made.cell_type == "raw":  # else it goes into nbgrader's pages as it is
        made.metadata.raw_mimetype = "text/plain"
    tags = cell.metadata.get("tags")
    if isinstance(tags, list):
        made.metadata.tags = [tag for tag in tags if isinstance(tag, str)][:20]
    meta = cell.metadata.get("nbgrader")
    if isinstance(meta, dict) and isinstance(meta.get("grade_id"), str):
        made.metadata.nbgrader = {"grade_id": meta["grade_id"]}
    return made


def _mend(notebook, released):
    """Make the notebook agree with the released one in all a student may not change; what was mended."""
    notes = []
    originals = {
        cell.metadata.nbgrader.grade_id: cell for cell in released.cells if "nbgrader" in cell.metadata
    }
    places = {}
    for position, cell in enumerate(notebook.cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name not in originals:
            cell.metadata.pop("nbgrader", None)
            continue
        if name in places:
            notes.append(f"The cell `{name}` was there more than once. The last one counts.")
            notebook.cells[places[name]].metadata.pop("nbgrader", None)
        places[name] = position
    for name, position in places.items():
        original, cell = originals[name], notebook.cells[position]
        restored = copy.deepcopy(original)
        if not original.metadata.nbgrader.get("locked"):
            restored.source = cell.source
        elif cell.source != original.source or cell.cell_type != original.cell_type:
            notes.append(f"The locked cell `{name}` had been changed. It was put back.")
        notebook.cells[position] = restored
    _put_back_missing(notebook, originals, places, notes)
    notebook.metadata = released.metadata
    notebook.nbformat, notebook.nbformat_minor = released.nbformat, released.nbformat_minor
    for position, cell in enumerate(notebook.cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.id = name if CELL_ID.fullmatch(name) else f"cell-{position:04d}"
    return notes


def _put_back_missing(notebook, originals, places, notes):
    """Insert each missing cell after the one that came before it when it was released."""
    before = None
    for name, original in originals.items():
        if name not in places:
            notes.append(f"The cell `{name}` was missing. It was put back as it was released.")
            index = 0 if before is None else _index(notebook, before) + 1
            notebook.cells.insert(index, copy.deepcopy(original))
        before = name


def _index(notebook, name):
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    return names.index(name)


def with_note(submission: Submission) -> nbformat.NotebookNode:
    """The notebook, with a first cell that tells of a refusal or of what was mended, if there is any."""
    if submission.refusal is None and not submission.notes:
        return submission.notebook
    if submission.refusal is not None:
        lines = [
            "**This submission could not be graded: no points.**",
            submission.refusal,
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
