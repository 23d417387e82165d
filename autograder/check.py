"""The student's side: ``check = checks("freezing")``, then ``check("freeze_backbone")`` in a notebook."""

import sys
from collections.abc import Callable
from typing import Any


class CheckFailed(Exception):
    """Some test of a check failed; the report above says which. A notebook shows it as one line."""

    def _render_traceback_(
        self,
    ) -> list[str]:  # IPython's own hook for exceptions that know how to show themselves
        return [f"CheckFailed: {self}"]


def checks(assignment: str, namespace: dict[str, Any] | None = None) -> Callable[[str], None]:
    """The check function of an assignment, for the notebook (or module) that calls this.

    Args:
        assignment: its name, a folder of ``autograder/suites``.
        namespace: where to find the student's functions; the caller's globals when not given.

    Returns:
        ``check(task)``: runs the task's tests, shows a report, raises :class:`CheckFailed` when one fails.
    """
    from autograder.course import SUITES

    folder = SUITES / assignment
    if not folder.is_dir():
        names = ", ".join(
            sorted(path.name for path in SUITES.iterdir() if path.is_dir() and path.name[0] != "_")
        )
        raise ValueError(f"There is no assignment '{assignment}'. There is: {names}")
    functions = sys._getframe(1).f_globals if namespace is None else namespace

    def check(task: str) -> None:
        """Run one task's tests on your code and show what they found."""
        from autograder import report, suite
        from autograder.faults import InfrastructureFault
        from autograder.player import DirectPlayer

        if task not in suite.tasks_of(folder):
            raise ValueError(f"There is no check '{task}'. There is: {', '.join(suite.tasks_of(folder))}")
        try:
            verdict = suite.run(folder, [task], DirectPlayer(functions, suite.rig_of(folder)))[task]
        except InfrastructureFault as fault:
            raise CheckFailed(
                f"this check itself is broken, which is not your doing. Please report: {fault}"
            ) from fault
        _show(report.text(verdict), report.as_html(verdict))
        if not verdict.passed:
            failed = sum(not test.passed for test in verdict.tests)
            raise CheckFailed(f"{task}: {failed} of {len(verdict.tests)} tests failed; see the report above")

    return check


def _show(text, rich):
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        sys.modules["IPython"].display.display({"text/plain": text, "text/html": rich}, raw=True)
    else:
        print(text)
