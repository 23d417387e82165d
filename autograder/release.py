"""From an assignment's text source to the notebook that students get, with nbgrader itself in the middle.

    solutions/<name>/<name>.py -jupytext-> source/ -nbgrader generate_assignment-> release/ -> exercises/

The same source gives the same bytes on every run and every machine.
"""

import hashlib
import re
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from autograder import suite
from autograder.course import Course
from autograder.files import read_state, write_if_changed, write_state

REGION = re.compile(r"\b(BEGIN|END) (SOLUTION|MARK SCHEME|HIDDEN TESTS)\b")
SHORTEST_GIVEAWAY = (
    10  # characters: a shorter line of a solution ("pass", "return x") may be part of any text
)
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class ReleaseError(Exception):
    """The source cannot be released. The message says what, where, and how to mend it."""


@dataclass(frozen=True)
class Released:
    """A released assignment: where its notebook is, and whether anything had to be done."""

    notebook: Path
    changed: bool


def release(course: Course, assignment: str) -> Released:
    """Write ``source/``, ``release/``, the gradebook's entry and ``exercises/`` of an assignment.

    Does nothing when its source has not changed since the last time.
    """
    target = course.exercises / assignment / f"{assignment}.ipynb"
    state = course.root / "state" / f"release-{assignment}"
    key = _key(course, assignment)
    made = [target, course.released(assignment), course.root / "gradebook.db"]
    if read_state(state) == key and all(path.is_file() for path in made):
        return Released(target, _publish(course, assignment, target))
    state.unlink(missing_ok=True)
    _generate(course, assignment)
    _publish(course, assignment, target)
    write_state(state, key)
    return Released(target, True)


def drift(course: Course, assignment: str) -> str | None:
    """None when the notebook in ``exercises/`` is what the source gives now; else what is wrong."""
    target = course.exercises / assignment / f"{assignment}.ipynb"
    with tempfile.TemporaryDirectory() as folder:
        elsewhere = replace(course, root=Path(folder) / "course")
        _generate(elsewhere, assignment)
        fresh = elsewhere.released(assignment).read_bytes()
    if target.is_file() and target.read_bytes() == fresh:
        return None
    what = "differs from" if target.is_file() else "is missing; it is made from"
    return (
        f"{target} {what} {course.source_text(assignment)}. "
        f"Run: python -m autograder release {assignment}   and commit the notebook."
    )


def load_source(course: Course, assignment: str):
    """The instructor's notebook, solutions included, as its text source gives it."""
    import jupytext

    path = course.source_text(assignment)
    if not path.is_file():
        names = ", ".join(course.assignments()) or "none"
        raise ReleaseError(f"There is no assignment '{assignment}': no {path}. There is: {names}")
    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    _normalise(notebook)
    return notebook


def _key(course, assignment):
    path = course.source_text(assignment)
    source = path.read_bytes() if path.is_file() else b""
    tools = [f"{name} {version(name)}" for name in ("nbgrader", "jupytext", "nbformat")]
    own = Path(__file__).read_bytes() + Path(__file__).with_name("nbgrader_plugin.py").read_bytes()
    return hashlib.sha256(b"\0".join([source, own, *(tool.encode() for tool in tools)])).hexdigest()


def _publish(course, assignment, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_if_changed(target, course.released(assignment).read_bytes())


def _generate(course, assignment):
    import nbformat

    from autograder.nbgrader_plugin import api

    notebook = load_source(course, assignment)
    solution_lines(course.source_text(assignment).read_text(encoding="utf-8"))  # that its marks are in pairs
    _check_tasks(course, assignment, notebook)
    source = course.root / "source" / assignment / f"{assignment}.ipynb"
    source.parent.mkdir(parents=True, exist_ok=True)
    write_if_changed(source, _bytes(notebook))
    result = api(course).generate_assignment(assignment, force=True, create=True)
    if not result["success"]:
        raise ReleaseError(
            f"nbgrader could not release '{assignment}':\n{result.get('log', '')}{result['error']}"
        )
    path = course.released(assignment)
    released = nbformat.read(path, as_version=4)
    _normalise(released)
    _check_secrets(course, assignment, released)
    write_if_changed(path, _bytes(released))


def _bytes(notebook):
    import nbformat

    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def _normalise(notebook):
    """Take out what changes from run to run and machine to machine."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for position, cell in enumerate(notebook.cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.id = name if CELL_ID.fullmatch(name) else f"cell-{position:03d}"
        cell.metadata.pop("lines_to_next_cell", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def _check_tasks(course, assignment, notebook):
    """Each check cell has its suite file, and each suite file its check cell."""
    cells = {
        cell.metadata.nbgrader.grade_id
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and not cell.metadata.nbgrader.get("solution")
    }
    files = set(suite.tasks_of(course.suites / assignment))
    for name in sorted(cells - files):
        raise ReleaseError(
            f"The check cell '{name}' has no suite file {course.suites / assignment}/test_{name}.py"
        )
    for name in sorted(files - cells):
        raise ReleaseError(
            f"{course.suites / assignment}/test_{name}.py has no check cell with grade_id '{name}'"
        )


def solution_lines(text: str) -> list[str]:
    """The lines of a text source that give the solution away.

    They are those of its solution and mark scheme regions, but for short ones and those in the open text.
    """
    inside, hidden, open_lines = False, [], set()
    for number, line in enumerate(text.splitlines(), start=1):
        mark = REGION.search(line)
        if mark:
            if inside == (mark.group(1) == "BEGIN"):
                raise ReleaseError(
                    f"Line {number} of the source: {mark[0]} where the other of the two should come"
                )
            inside = not inside
            continue
        line = line.strip().removeprefix("# ").strip()
        (hidden.append if inside else open_lines.add)(line)
    return [line for line in hidden if len(line) >= SHORTEST_GIVEAWAY and line not in open_lines]


def _check_secrets(course, assignment, released):
    text = "\n".join(cell.source for cell in released.cells)
    if REGION.search(text):
        raise ReleaseError(
            f"'{assignment}': a solution mark is left in the student notebook: {REGION.search(text)[0]}"
        )
    for line in solution_lines(course.source_text(assignment).read_text(encoding="utf-8")):
        if line in text:
            raise ReleaseError(f"'{assignment}': a line of the solution is in the student notebook: {line}")
