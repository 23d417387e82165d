"""Run an assignment's suite, with pytest, in this process, and collect what each test found.

The run looks at the named suite files and at nothing else: no configuration file, no conftest, no plugin from
the environment. A suite tells of a wrong answer only by raising :class:`~autograder.expect.Mistake`; any
other exception of its own is a fault of the suite, and then there is no verdict.
"""

import contextlib
import inspect
import os
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from autograder import report
from autograder.expect import Mistake
from autograder.faults import InfrastructureFault, StudentFault, SuiteFault
from autograder.player import Player
from autograder.verdict import TaskVerdict, TestVerdict

OPTIONS = [
    "-c",
    os.devnull,
    "--noconftest",
    "--import-mode=importlib",
    "--assert=plain",
    "--capture=no",
    "--strict-markers",
    *(
        f"-pno:{name}"
        for name in (
            "terminal",
            "cacheprovider",
            "warnings",
            "logging",
            "faulthandler",
            "junitxml",
            "unraisableexception",
            "threadexception",
        )
    ),
]
ENVIRONMENT = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_CURRENT_TEST")


def tasks_of(folder: Path) -> list[str]:
    """The names of the tasks that a suite folder tests, sorted."""
    return sorted(path.stem.removeprefix("test_") for path in folder.glob("test_*.py"))


def rig_of(folder: Path) -> str | None:
    """The text of the suite's rig, or None when it has none."""
    path = folder / "rig.py"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def run(folder: Path, tasks: Sequence[str], player: Player) -> dict[str, TaskVerdict]:
    """Run the suite files of these tasks against a student.

    Args:
        folder: ``suites/<assignment>``.
        tasks: names of tasks; ``test_<task>.py`` is each one's file.
        player: the student.

    Returns:
        The verdict of every task, by its name.

    Raises:
        InfrastructureFault: the sandbox or the suite broke (:class:`SuiteFault`); nothing may be concluded.
    """
    folder = folder.resolve()
    files = [folder / f"test_{task}.py" for task in tasks]
    for task, file in zip(tasks, files, strict=True):
        if not file.is_file():
            raise SuiteFault(
                f"the suite has no task '{task}': it has {', '.join(tasks_of(folder)) or 'none'}"
            )
    collector = _Collector()
    with _undisturbed(folder):
        code = pytest.main(
            [*OPTIONS, f"--rootdir={folder}", *map(str, files)], plugins=[_fixtures(player), collector]
        )
    if code == pytest.ExitCode.INTERRUPTED and collector.fault is None:
        raise KeyboardInterrupt
    if collector.fault is not None:
        raise collector.fault
    missing = [task for task in tasks if task not in collector.tasks]
    if missing or code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise SuiteFault(f"no test was run for {', '.join(missing) or 'the suite'} (pytest: {code!r})")
    return {task: collector.tasks[task] for task in tasks}


def warm(folder: Path) -> None:
    """Import what a run needs, so that no submission waits for it. A fault of the suite shows in a run."""
    folder = folder.resolve()
    files = [str(folder / f"test_{task}.py") for task in tasks_of(folder)]
    with _undisturbed(folder):
        pytest.main([*OPTIONS, "--collect-only", f"--rootdir={folder}", *files], plugins=[_Collector()])


@contextlib.contextmanager
def _undisturbed(folder: Path) -> Iterator[None]:
    """Nothing of the environment reaches pytest; the suite may import its neighbours; nothing of both
    stays."""
    environment = {name: os.environ.pop(name) for name in ENVIRONMENT if name in os.environ}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    path, no_bytecode, modules = sys.path[:], sys.dont_write_bytecode, set(sys.modules)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, no_bytecode
        for name in ENVIRONMENT:
            os.environ.pop(name, None)
        os.environ.update(environment)
        for name in set(sys.modules) - modules:  # another suite may have neighbours of the same name
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]


def _fixtures(player: Player) -> types.ModuleType:
    """The pytest plugin that gives tests the ``student``."""
    plugin = types.ModuleType("autograder_fixtures")
    plugin.student = pytest.fixture(scope="session")(lambda: player)
    return plugin


class _Collector:
    """The pytest plugin that writes down what tests find."""

    def __init__(self) -> None:
        self.tasks: dict[str, TaskVerdict] = {}
        self.fault: InfrastructureFault | None = None

    def pytest_configure(self, config):
        config.addinivalue_line("markers", "points(number): what the test is worth")

    def pytest_exception_interact(self, node, call, report):
        if isinstance(report, pytest.CollectReport):
            self._break(node.session, f"{node.name} cannot be collected: {call.excinfo.exconly()}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        result = yield
        error = call.excinfo.value if call.excinfo else None
        if call.when == "teardown" and error is None:
            return result
        if error is None and call.when == "setup":
            return result
        if isinstance(error, KeyboardInterrupt):
            return result
        if error is not None and not isinstance(error, Mistake | StudentFault):
            if isinstance(error, InfrastructureFault) and not isinstance(error, SuiteFault):
                self.fault = self.fault or error
                item.session.shouldstop = "infrastructure fault"
            else:
                line = call.excinfo.traceback[-1].lineno + 1
                place = f"{call.excinfo.traceback[-1].path.name}, line {line}"
                self._break(
                    item.session, f"{item.nodeid} raised {type(error).__name__}: {error} ({place})", error
                )
            return result
        self._write_down(item, error)
        return result

    def _write_down(self, item, error):
        task = item.path.stem.removeprefix("test_")
        marker = item.get_closest_marker("points")
        if marker is None or len(marker.args) != 1:
            self._break(item.session, f"{item.nodeid} has no pytest.mark.points(number)")
            return
        title = _first_line(item.module.__doc__) or task
        description = _first_line(inspect.getdoc(item.function)) or item.name
        verdict = TestVerdict(item.name, description, float(marker.args[0]), error is None)
        if error is not None:
            verdict.message = report.words(error)
        self.tasks.setdefault(task, TaskVerdict(task, title)).tests.append(verdict)

    def _break(self, session, message, cause=None):
        if self.fault is None:
            self.fault = SuiteFault(message)
            self.fault.__cause__ = cause
        session.shouldstop = "suite fault"


def _first_line(text):
    return text.strip().splitlines()[0].strip() if text and text.strip() else ""
