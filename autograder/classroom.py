"""Grade a whole class: the commands ``grade`` and ``feedback``, with progress and one line a submission."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder import gradebook, grading, handed_in
from autograder.course import Course
from autograder.faults import InfrastructureFault
from autograder.feedback import write_feedback


@dataclass
class Summary:
    """How grading an assignment went."""

    graded: int = 0
    unchanged: int = 0
    faults: dict[str, str] = field(default_factory=dict)


def grade(course: Course, assignment: str, console: Console, students: list[str] | None = None) -> Summary:
    """Grade an assignment's submissions into the gradebook; those with nothing new are left alone.

    A fault of the grader stops only the submission that met it: nothing is written for that one. When the
    sandbox cannot even start, :class:`InfrastructureFault` is raised.
    """
    summary = Summary()
    everyone, unfit = handed_in.ids(course, assignment)
    for folder in unfit:
        summary.faults[folder.name] = (
            f"{folder} cannot be a student's id: letters, digits and . _ @ - only; rename it"
        )
    for student in students or []:
        if student not in everyone:
            summary.faults[student] = f"there is no folder {course.submitted(assignment, student).parent}"
    chosen = [student for student in everyone if not students or student in students]
    shared = grading.class_key(course, assignment)
    due = []
    for student in chosen:
        key = {"submission": handed_in.digest(course, assignment, student), **shared}
        verdict = grading.holding(course, assignment, student, key)
        if verdict is not None and gradebook.holds(course, verdict):
            summary.unchanged += 1
        else:
            due.append(student)
    if due:
        _grade(course, assignment, due, console, summary)
    for student, fault in summary.faults.items():
        console.print(f"[red]not graded[/red]  {escape(student)}: {escape(fault)}")
    return summary


def _grade(course, assignment, students, console, summary):
    from autograder.nbgrader_plugin import api

    book = api(course)
    with _progress(console) as progress, grading.Grader(course) as grader:
        bar = progress.add_task(assignment, total=len(students), student="starting the sandbox")
        grader.start()
        for student in students:
            progress.update(bar, student=student)
            try:
                verdict = grader.grade(assignment, student)
                gradebook.record(course, book, verdict)
            except InfrastructureFault as fault:
                summary.faults[student] = str(fault)
            else:
                summary.graded += 1
                progress.console.print(line(verdict))
            progress.advance(bar)


def line(verdict: grading.Verdict) -> str:
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


def feedback(course: Course, assignment: str, console: Console) -> int:
    """Write the feedback pages that are not those of the present grades; how many."""
    made = []

    def api():
        from autograder import nbgrader_plugin

        if not made:
            made.append(nbgrader_plugin.api(course))
        return made[0]

    students = gradebook.graded_students(course, assignment)
    with _progress(console) as progress:
        bar = progress.add_task(f"{assignment} feedback", total=len(students), student="")
        written = 0
        for student in students:
            progress.update(bar, student=student)
            written += write_feedback(course, api, assignment, student)
            progress.advance(bar)
    return written


def _progress(console):
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[student]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
