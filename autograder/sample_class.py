"""Make the sample class: a submission per variant in ``solutions/<assignment>/sample_class.py``."""

import copy
import hashlib
import importlib.util
import shutil
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder import limits
from autograder.course import Course
from autograder.files import read_regular, read_state, write_if_changed, write_state
from autograder.release import REGION, ReleaseError, load_source


@dataclass(frozen=True)
class Variant:
    """One submission of the sample class.

    Attributes:
        id: the student's id, ``s001``.
        title: what kind of answer it is, in a few words.
        expected: points by task; a task not named is expected to get none.
        reason: why it should get these points: one sentence.
        named: words that the feedback must contain, because they name the misconception. Empty for right
            answers and for those that no message of the suite is about.
        base: ``"solution"``: cells that are not named hold the reference solution; ``"blank"``: what was
            released.
        cells: new source by grade_id.
        drop: grade_ids of cells that the student deleted.
        raw: if given, the bytes of the submitted file, instead of all of the above.
        filename: the submitted file's name, when it is not ``<assignment>.ipynb``.
    """

    id: str
    title: str
    expected: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    named: str = ""
    base: str = "solution"
    cells: Mapping[str, str] = field(default_factory=dict)
    drop: Sequence[str] = ()
    raw: bytes | None = None
    filename: str | None = None


def one_mistake(full: Mapping[str, float]) -> Callable[..., Variant]:
    """A function that makes variants with one wrong answer, for an assignment with these points by task."""

    def wrong(
        id: str, title: str, task: str, points: float, source: str, reason: str, named: str, **others: float
    ) -> Variant:
        """Differs from the reference solution in the answer to ``task``, which gets ``points``; ``others``:
        points of tasks that use this answer."""
        return Variant(
            id=id,
            title=title,
            cells={f"{task}-solution": source},
            expected={**full, task: points, **others},
            reason=reason,
            named=named,
        )

    return wrong


def load_variants(course: Course, assignment: str) -> list[Variant]:
    """The variants that an assignment's ``sample_class.py`` lists; none when it has no such file."""
    module = load_module(course, assignment, "sample_class")
    return [] if module is None else list(module.VARIANTS)


def load_module(course: Course, assignment: str, name: str) -> types.ModuleType | None:
    """A Python file beside an assignment's source, imported; None when there is none."""
    path = course.solutions / assignment / f"{name}.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"{name}_of_{assignment}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(course: Course, assignment: str) -> tuple[int, int]:
    """Write every variant's submission; how many there are, and how many of them were new or had changed.

    Raises:
        ReleaseError: a folder holds what the sample class did not write: a student may have that id.
    """
    variants = load_variants(course, assignment)
    state = course.root / "state" / f"sample-class-{assignment}"
    known = set((read_state(state) or "").split())
    marks = {variant.id: _mark(notebook_bytes(course, assignment, variant)) for variant in variants}
    for variant in variants:
        folder = course.submitted(assignment, variant.id).parent
        if folder.is_dir() and any(
            _mark_of(file) not in known | {marks[variant.id]} for file in folder.iterdir()
        ):
            raise ReleaseError(
                f"{folder} holds what the sample class did not write, so nothing was written. If it is a "
                "student's, run 'python -m autograder grade', which makes no sample class. If not, remove it."
            )
    changed = sum(write(course, assignment, variant) for variant in variants)
    if changed or not state.is_file():
        write_state(state, "\n".join(sorted(known | {*marks.values()})))
    return len(variants), changed


def _mark(content):
    return hashlib.sha256(content).hexdigest()


def _mark_of(file):
    try:
        return _mark(read_regular(file, limits.SUBMISSION.notebook))
    except (OSError, ValueError):
        return None


def notebook_bytes(course: Course, assignment: str, variant: Variant) -> bytes:
    """The bytes of a variant's submitted file."""
    import nbformat

    if variant.raw is not None:
        return variant.raw
    path = course.released(assignment)
    if not path.is_file():
        raise ReleaseError(
            f"'{assignment}' is not released yet. Run: python -m autograder release {assignment}"
        )
    notebook = copy.deepcopy(nbformat.read(path, as_version=4))
    answers = _solutions(course, assignment) if variant.base == "solution" else {}
    answers |= variant.cells
    known = {_name(cell) for cell in notebook.cells} - {None}
    for name in [*variant.cells, *variant.drop, *variant.expected]:
        if name not in known:
            raise ReleaseError(
                f"{variant.id}: no cell has the grade_id '{name}'; there are {', '.join(sorted(known))}"
            )
    for cell in notebook.cells:
        cell.source = answers.get(_name(cell), cell.source)
    notebook.cells = [
        cell for cell in notebook.cells if _name(cell) is None or _name(cell) not in variant.drop
    ]
    return nbformat.writes(notebook).encode()


def write(course: Course, assignment: str, variant: Variant) -> bool:
    """Write one variant's submission folder; whether it was new or had changed."""
    filename = variant.filename or f"{assignment}.ipynb"
    folder = course.root / "submitted" / variant.id / assignment
    changed = write_if_changed(folder / filename, notebook_bytes(course, assignment, variant))
    for other in folder.iterdir():
        if other.name != filename:
            shutil.rmtree(other) if other.is_dir() and not other.is_symlink() else other.unlink()
    return changed


def _solutions(course, assignment):
    return {
        _name(cell): "\n".join(line for line in cell.source.splitlines() if not REGION.search(line))
        for cell in load_source(course, assignment).cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def _name(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")
