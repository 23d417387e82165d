"""Grade an answer to `freezing` in this process, at full size: fast, and the same suite as in the sandbox."""

import io
from contextlib import redirect_stderr, redirect_stdout

import nbformat

from autograder import suite
from autograder.course import Course
from autograder.player import DirectPlayer
from autograder.release import REGION, load_source
from autograder.sample_class import Variant, notebook_bytes
from autograder.submission import runs
from autograder.verdict import TaskVerdict

NAME = "freezing"
COURSE = Course.here()
FOLDER = COURSE.suites / NAME
TASKS = suite.tasks_of(FOLDER)
RIG = suite.rig_of(FOLDER)
SEED = 1


def notebook_of(variant: Variant) -> nbformat.NotebookNode:
    """The notebook that a variant hands in. The class itself may not have been made yet."""
    return nbformat.reads(notebook_bytes(COURSE, NAME, variant).decode(), as_version=4)


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


def verdicts(
    names: dict, tasks: list[str] | None = None, seed: int = SEED, full: bool = True
) -> dict[str, TaskVerdict]:
    """The suite's verdict of each task on the functions in ``names``."""
    return suite.run(FOLDER, tasks or TASKS, DirectPlayer(names, RIG, seed=seed, full=full))


def reference() -> dict:
    """The functions of the reference solution, for one test to change."""
    notebook = load_source(COURSE, NAME)
    for cell in notebook.cells:
        cell.source = "\n".join(line for line in cell.source.splitlines() if not REGION.search(line))
    return namespace_of(notebook)


def faults(found: dict[str, TaskVerdict]) -> list[dict]:
    """The messages of all tests that failed."""
    return [test.message for task in found.values() for test in task.tests if not test.passed]
