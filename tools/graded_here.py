"""Grade answers to the course's assignments in this process: fast, and the same suites as in the sandbox."""

import io
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from types import MappingProxyType

import nbformat

from autograder import suite
from autograder.course import Course
from autograder.player import DirectPlayer
from autograder.release import REGION, load_source
from autograder.sample_class import load_variants, notebook_bytes
from autograder.submission import runs
from autograder.verdict import TaskVerdict

COURSE = Course.here()
SEED = 1


class Assignment:
    """One assignment of the course: its suite, its variants, and how to grade functions with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.course = COURSE
        self.folder = COURSE.suites / name
        self.tasks = suite.tasks_of(self.folder)
        self.rig = suite.rig_of(self.folder)
        self.variants = {variant.id: variant for variant in load_variants(COURSE, name)}

    @property
    def right(self) -> list[str]:
        """The ids of the right answers, the reference solution among them."""
        return [id for id, variant in self.variants.items() if variant.title.startswith("right")]

    @property
    def named(self) -> list[str]:
        """The ids of the wrong answers whose misconception the feedback must name."""
        return [id for id, variant in self.variants.items() if variant.named]

    @property
    def wrong(self) -> list[str]:
        """Those of the named ones that are a full solution but for the mistake."""
        return [id for id in self.named if self.variants[id].base == "solution"]

    def functions(self, id: str) -> dict:
        """What a variant's notebook defines. The class itself may not have been made yet."""
        content = notebook_bytes(COURSE, self.name, self.variants[id])
        return namespace_of(nbformat.reads(content.decode(), as_version=4))

    def solutions(self) -> dict[str, str]:
        """The source of every solution cell, by grade_id."""
        cells = load_source(self.course, self.name).cells
        named = {cell.metadata.get("nbgrader", {}).get("grade_id", ""): cell.source for cell in cells}
        return {name: without_marks(source) for name, source in named.items() if name.endswith("-solution")}

    def reference(self, changed: Mapping[str, str] = MappingProxyType({})) -> dict:
        """The functions of the reference solution; ``changed`` has other sources by grade_id."""
        notebook = load_source(self.course, self.name)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = changed.get(name, without_marks(cell.source))
        return namespace_of(notebook)

    def player(self, names: dict, seed: int = SEED, full: bool = True) -> DirectPlayer:
        return DirectPlayer(names, self.rig, seed=seed, full=full)

    def verdicts(
        self, names: dict, tasks: list[str] | None = None, seed: int = SEED, full: bool = True
    ) -> dict[str, TaskVerdict]:
        """The suite's verdict of each task on the functions in ``names``."""
        return suite.run(self.folder, tasks or self.tasks, self.player(names, seed, full))


ASSIGNMENTS = {name: Assignment(name) for name in COURSE.assignments()}


def without_marks(source: str) -> str:
    """The source of a cell without the lines that mark where its solution begins and ends."""
    return "\n".join(line for line in source.splitlines() if not REGION.search(line))


def namespace_of(notebook: nbformat.NotebookNode) -> dict:
    """What the notebook defines: each cell runs by itself, and one that raises is left behind."""
    names: dict = {"__name__": "__main__"}
    for cell in filter(runs, notebook.cells):
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            try:
                exec(compile(cell.source, "cell", "exec"), names)
            except (Exception, SystemExit):
                continue
    return names


def faults(found: dict[str, TaskVerdict]) -> list[dict]:
    """The messages of all tests that failed."""
    return [test.message for task in found.values() for test in task.tests if not test.passed]
