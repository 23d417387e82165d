"""Grade a whole class: ``grade``, ``regrade`` and ``feedback``, with progress and one line a submission.

Only this process writes the ledger and the gradebook. A verdict is first in the ledger, then in the
gradebook; whoever kills the grader in between, or at any other moment, finds the rest done by the next run.
"""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from autograder import gradebook, handed_in, receipt
from autograder.course import Course
from autograder.faults import MESSAGE, InfrastructureFault
from autograder.feedback import write_feedback
from autograder.grading import Verdict
from autograder.ledger import Ledger, Line
from autograder.pool import Found, Pool, advised_workers

LOCK_SECONDS = 5.0


@dataclass
class Summary:
    """How grading an assignment went; ``seconds`` without the start of the sandbox."""

    graded: int = 0
    unchanged: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Change:
    """What a regrade would change, or has changed, for one student."""

    student: str
    before: Verdict
    after: Verdict

    @property
    def why(self) -> list[str]:
        """What the verdict depends on and is not what it was."""
        return receipt.changes(self.before.receipt, self.after.receipt) or ["nothing it depends on"]

    @property
    def tasks(self) -> list[str]:
        """Each task whose points changed, with the tests that turned."""
        told = []
        for name in sorted({*self.before.tasks, *self.after.tasks}):
            old, new = (verdict.tasks.get(name) for verdict in (self.before, self.after))
            if (old and old.points) == (new and new.points):
                continue
            passed = {test.name: test.passed for test in old.tests} if old else {}
            turned = [
                f"{test.description}: {'now passes' if test.passed else 'now fails'}"
                for test in (new.tests if new else [])
                if passed.get(test.name) is not test.passed
            ]
            before, after = (f"{task.points:g}" if task else "none" for task in (old, new))
            told.append(f"{name} {before} -> {after}" + (f" ({'; '.join(turned)})" if turned else ""))
        return told


def grade(
    course: Course,
    assignment: str,
    console: Console,
    students: list[str] | None = None,
    workers: int | None = None,
    again: bool = False,
    config: Any = None,
) -> Summary:
    """Grade an assignment's submissions into the gradebook; those with nothing new are left alone.

    A fault of the grader stops only the submission that met it: nothing is written for that one. When the
    sandbox cannot even start, :class:`InfrastructureFault` is raised.

    Args:
        students: only these.
        workers: how many processes grade at once; by default one for each core.
        again: put verdicts that are in the gradebook into it again: a due date or a penalty may be another.
        config: nbgrader's configuration, a traitlets ``Config``; the course's own when not given.
    """
    summary = Summary()
    gradebook.demand(course, assignment)
    with _alone(course), Ledger(course.ledger) as ledger:
        lines, in_book = ledger.last_of_all(assignment), gradebook.held(course, assignment)
        due, written = {}, {}
        for student, wanted in _receipts(course, assignment, students, summary).items():
            line = lines.get(student)
            verdict = None if line is None else Verdict.from_text(line.verdict)
            if verdict is None or verdict.receipt != wanted:
                due[student] = wanted
            elif again or not (line.recorded and gradebook.holds(course, verdict, in_book.get(student, {}))):
                written[student] = line
            else:
                summary.unchanged += 1
        if due or written:
            _grade(course, assignment, ledger, console, summary, due, written, workers, config)
    _tell_faults(console, summary)
    return summary


def regrade(
    course: Course,
    assignment: str,
    console: Console,
    students: list[str] | None = None,
    workers: int | None = None,
    write: bool = True,
) -> tuple[list[Change], Summary]:
    """Find every verdict anew, whether it still holds or not, and tell which differ from the ledger and why.

    With ``write``, those that differ, and those that are new, go into the ledger and the gradebook; without,
    nothing is written.
    """
    changes, summary = [], Summary()
    if write:
        gradebook.demand(course, assignment)
    with _alone(course), Ledger(course.ledger) as ledger:
        lines = ledger.last_of_all(assignment)
        due = _receipts(course, assignment, students, summary)
        with _progress(console) as progress, Pool(course, assignment, _workers(workers, due)) as pool:
            pool.start()
            for found in _find(pool, progress, due, summary):
                line = lines.get(found.student)
                if line is not None and line.verdict == found.verdict.as_text():
                    summary.unchanged += 1
                    continue
                if line is not None:
                    change = Change(found.student, Verdict.from_text(line.verdict), found.verdict)
                    changes.append(change)
                    for text in change_lines(change):
                        progress.console.print(text)
                summary.graded += 1
                if write:
                    ledger.add(assignment, found.student, found.verdict.as_text(), found.shown)
    if write and summary.graded:
        done = grade(course, assignment, Console(quiet=True), students, workers)
        summary.faults |= done.faults
    _tell_faults(console, summary)
    return sorted(changes, key=lambda change: change.student), summary


@contextlib.contextmanager
def _alone(course: Course) -> Iterator[None]:
    """No other grading of this course goes on meanwhile; a killed one's lock is gone with it."""
    course.root.mkdir(parents=True, exist_ok=True)
    path = course.root / "grading.lock"
    with path.open("a") as lock:
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise InfrastructureFault(
                        f"this course is being graded already, by another process that holds {path}"
                    ) from None
                time.sleep(0.1)
        yield


def _receipts(course, assignment, students, summary):
    """The receipt that each student's verdict must have now; who cannot be graded goes into the summary."""
    everyone, unfit = handed_in.ids(course, assignment)
    for folder in unfit if not students else ():
        name = handed_in.shown(folder.name)
        summary.faults[name] = (
            f"{folder.parent / name} cannot be a student's id: letters, digits and . _ @ - only; rename it"
        )
    for student in students or []:
        if student not in everyone:
            summary.faults[student] = f"there is no folder {course.submitted(assignment, student).parent}"
    shared = receipt.of_class(course, assignment)
    return {
        student: receipt.of(course, assignment, student, shared)
        for student in everyone
        if not students or student in students
    }


def _grade(course, assignment, ledger, console, summary, due, written, workers, config):
    """Put into the gradebook what is in the ledger already, then what is found now."""
    with _progress(console) as progress, contextlib.ExitStack() as stack:
        pool = stack.enter_context(Pool(course, assignment, _workers(workers, due))) if due else None
        if pool is not None:
            told = "1 process" if pool.workers == 1 else f"{pool.workers} processes"
            console.print(f"{escape(assignment)}: {len(due)} to grade, {told}; starting the sandbox")
        from autograder import nbgrader_plugin  # noqa: F401 (slow, and the sandbox is starting meanwhile)

        if pool is not None:
            pool.start()
        writer = stack.enter_context(gradebook.Writer(course, config))
        begun = time.monotonic()

        def record(line: Line, verdict: Verdict, shown: dict) -> None:
            try:
                remark = writer.record(verdict, shown, again=_was_recorded(ledger, verdict))
            except InfrastructureFault as fault:
                summary.faults[line.student] = str(fault)
                return
            except Exception as error:  # one submission that trips the writer must not stop the class
                unforeseen = f"its grade could not be written, for a reason unforeseen: {error!r}"
                summary.faults[line.student] = unforeseen[:MESSAGE]
                return
            ledger.set_recorded(line)
            summary.graded += 1
            progress.console.print(line_of(verdict))
            if remark:
                progress.console.print(f"  [yellow]note[/yellow]  {escape(line.student)}: {escape(remark)}")

        for line in written.values():
            record(line, Verdict.from_text(line.verdict), ledger.outputs(line))
        for found in _find(pool, progress, due, summary):
            line = ledger.add(assignment, found.student, found.verdict.as_text(), found.shown)
            record(line, found.verdict, found.shown)
        summary.seconds = time.monotonic() - begun


def _was_recorded(ledger, verdict):
    """Whether the gradebook has had a verdict on this very file before."""
    return any(
        line.recorded
        and Verdict.from_text(line.verdict).receipt["submission"] == verdict.receipt["submission"]
        for line in ledger.history(verdict.assignment, verdict.student)
    )


def _workers(wanted, due):
    return max(1, min(wanted or advised_workers(), len(due)))


def _find(pool, progress, due, summary) -> Iterator[Found]:
    """Those whose verdict was found, with progress; the grader's faults go into the summary."""
    if not due:
        return
    bar = progress.add_task(pool.assignment, total=len(due), failed=0)
    progress.start()
    for found in pool.find(due):
        if found.fault is not None:
            summary.faults[found.student] = found.fault
        else:
            yield found
        progress.update(bar, advance=1, failed=len(summary.faults))


def _tell_faults(console, summary):
    for student, fault in sorted(summary.faults.items()):
        console.print(f"[red]not graded[/red]  {escape(student)}: {escape(fault)}")


def change_lines(change: Change) -> list[str]:
    """What changed and why, in rich's markup."""
    start = f"{escape(change.student)}: {change.before.points:g} -> {change.after.points:g} points"
    why = f"  because of {', '.join(change.why)}"
    if change.before.refusal != change.after.refusal:
        told = change.after.refusal or "it is not refused any more"
        return [start, why, f"  {escape(told)}"]
    tasks = [f"  {escape(task)}" for task in change.tasks]
    return [start, why, *(tasks or ["  the points stay; messages, notes or the receipt differ"])]


def line_of(verdict: Verdict) -> str:
    """One line on a submission, in rich's markup: points, then what was lost."""
    full = verdict.refusal is None and verdict.points == verdict.max_points
    colour = "green" if full else "yellow"
    start = (
        f"[{colour}]{verdict.points:>4g} of {verdict.max_points:g}[/{colour}]  {escape(verdict.student)}  "
    )
    if verdict.refusal is not None:
        return start + f"refused: {escape(verdict.refusal)}"
    lost = [
        f"{name} {task.points:g}/{task.max_points:g}"
        for name, task in verdict.tasks.items()
        if not task.passed
    ]
    told = [*verdict.faults, ", ".join(lost)] if lost else list(verdict.faults)
    return start + escape("; ".join(told))


def feedback(course: Course, assignment: str, console: Console) -> tuple[int, dict[str, str]]:
    """Write the feedback pages that are not those of the present grades: how many, and why some were not."""
    made, faults = [], {}

    def api():
        from autograder import nbgrader_plugin

        if not made:
            made.append(nbgrader_plugin.api(course))
        return made[0]

    students = gradebook.graded_students(course, assignment)
    if students:
        gradebook.demand(course, assignment)
    with _progress(console) as progress:
        progress.start()
        bar = progress.add_task(f"{assignment} feedback", total=len(students))
        written = 0
        for student in students:
            try:
                written += write_feedback(course, api, assignment, student)
            except InfrastructureFault as fault:
                faults[student] = str(fault)
            progress.advance(bar)
    for student, fault in faults.items():
        console.print(f"[red]not written[/red]  {escape(student)}: {escape(fault)}")
    return written, faults


class _Rate(ProgressColumn):
    """Submissions a minute, so far."""

    def render(self, task: Task) -> Text:
        if not task.elapsed or not task.completed:
            return Text("")
        return Text(f"{60 * task.completed / task.elapsed:.0f}/min")


class _Failed(ProgressColumn):
    """How many could not be graded: the grader's own faults."""

    def render(self, task: Task) -> Text:
        count = task.fields.get("failed", 0)
        return Text(f"{count} not graded", style="red") if count else Text("")


def _progress(console):
    """A display that is not started yet: it has a thread, and the pool forks before that."""
    return _Later(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        _Failed(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class _Later(Progress):
    def __enter__(self):
        return self
