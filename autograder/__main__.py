"""The grader's commands: ``python -m autograder COMMAND [ASSIGNMENT ...]``. Each does what is
not done yet."""

import argparse
import sys

from rich.console import Console

from autograder.course import Course
from autograder.faults import InfrastructureFault


def main(arguments: list[str] | None = None, course: Course | None = None) -> int:
    """Run one command. The exit code: 0 all is well, 1 a fault of the grader, 2 a wrong command line, 130
    stopped with Ctrl-C.

    ``course`` is the repository's own when not given.
    """
    parser = argparse.ArgumentParser(
        prog="python -m autograder", description="Release, grade, give feedback, export."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, words) in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words)
        if name == "receipt":
            command.add_argument("assignment", nargs=1, help="the assignment's name")
            command.add_argument("student", help="the student's id")
        elif name not in ("doctor", "export"):
            command.add_argument("assignment", nargs="*", help="names of assignments; all when none is given")
        if name == "release":
            command.add_argument(
                "--check", action="store_true", help="only say whether exercises/ is up to date"
            )
        if name in ("grade", "regrade"):
            command.add_argument(
                "--student", action="append", help="only this student (may be given more than once)"
            )
            command.add_argument(
                "--workers", type=_count, help="how many to grade at once; by default one for each core"
            )
        if name == "grade":
            command.add_argument(
                "--again",
                action="store_true",
                help="put all grades into the gradebook again: a due date, a penalty or a timestamp.txt has "
                "changed",
            )
        if name == "regrade":
            command.add_argument(
                "--diff", action="store_true", help="only list what would change, and why; write nothing"
            )
    options = parser.parse_args(arguments)
    course = course or Course.here()
    console = Console(soft_wrap=True, highlight=False)
    known = course.assignments()
    for name in getattr(options, "assignment", []):
        if name not in known:
            print(f"There is no assignment '{name}'. There is: {', '.join(known) or 'none'}", file=sys.stderr)
            return 2
    options.assignments = getattr(options, "assignment", None) or known
    try:
        return COMMANDS[options.command][0](course, options, console)
    except InfrastructureFault as fault:
        print(f"Nothing more was done: {fault}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Nothing more was done: {error}. Mend that, and run the command again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What is done is kept; the same command goes on from there.", file=sys.stderr)
        return 130


def _count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is needed, not '{text}'")
    return int(text)


def _release(course, options, console):
    from autograder import release

    try:
        if options.check:
            problems = [problem for name in options.assignments if (problem := release.drift(course, name))]
            for problem in problems:
                print(problem, file=sys.stderr)
            return 1 if problems else 0
        for name in options.assignments:
            done = release.release(course, name)
            console.print(
                f"{name}: {'released to' if done.changed else 'nothing changed in'} {done.notebook}"
            )
    except release.ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _sample_class(course, options, console):
    from autograder import release, sample_class

    try:
        for name in options.assignments:
            count, changed = sample_class.make(course, name)
            console.print(
                f"{name}: {count} submissions in {course.root / 'submitted'}, {changed} of them written now"
            )
    except release.ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _grade(course, options, console):
    from rich.markup import escape

    from autograder import classroom, handed_in

    failed = False
    for name in options.assignments:
        done = classroom.grade(course, name, console, options.student, options.workers, again=options.again)
        failed |= bool(done.faults)
        console.print(f"{name}: {done.graded} graded, {done.unchanged} unchanged{_not_graded(done)}")
    for path in handed_in.misplaced(course) if not options.student else ():
        console.print(f"[yellow]note[/yellow]  nobody grades {escape(repr(str(path)))}: {handed_in.PLACE}")
    return 1 if failed else 0


def _regrade(course, options, console):
    from autograder import classroom

    failed = False
    for name in options.assignments:
        changes, done = classroom.regrade(
            course, name, console, options.student, options.workers, write=not options.diff
        )
        failed |= bool(done.faults)
        moved = sum(change.before.points != change.after.points for change in changes)
        told = f"{moved} grades {'would change' if options.diff else 'changed'}"
        told += f", {len(changes) - moved} more verdicts in their words only" if len(changes) > moved else ""
        console.print(f"{name}: {told}, {done.unchanged} are the same{_not_graded(done)}")
    return 1 if failed else 0


def _not_graded(done):
    return f", [red]{len(done.faults)} not graded[/red]" if done.faults else ""


def _receipt(course, options, console):
    from rich.table import Table

    from autograder import receipt
    from autograder.grading import Verdict
    from autograder.ledger import Ledger

    name, student = options.assignments[0], options.student
    with Ledger(course.ledger) as ledger:
        count, lines = ledger.verify(), ledger.history(name, student)
    if not lines:
        print(f"The ledger has no verdict on '{name}' of {student}.", file=sys.stderr)
        return 1
    table = Table(title=f"{name}, {student}", title_justify="left")
    for heading in ("line", "found", "points", "why it was found", "in the gradebook", "mark"):
        table.add_column(heading, overflow="fold")
    before = {}
    for line in lines:
        verdict = Verdict.from_text(line.verdict)
        why = receipt.changes(before, verdict.receipt) if before else ["first"]
        points = f"{verdict.points:g} of {verdict.max_points:g}"
        told = ", ".join(why) or "regraded"
        found = line.found.replace("T", " ").replace("+00:00", " UTC")
        table.add_row(str(line.number), found, points, told, "yes" if line.recorded else "no", line.mark[:12])
        before = verdict.receipt
    console.print(table)
    for part, words in receipt.PARTS.items():
        console.print(f"{part:<12} {before[part]}  [dim]{words}[/dim]")
    console.print(f"All {count} lines of the ledger are as they were written.")
    return 0


def _feedback(course, options, console):
    from autograder import classroom

    failed = False
    for name in options.assignments:
        written, faults = classroom.feedback(course, name, console)
        failed |= bool(faults)
        told = f", [red]{len(faults)} not written[/red]" if faults else ""
        console.print(
            f"{name}: {written} feedback pages written{told}; all are in {course.root / 'feedback'}"
        )
    return 1 if failed else 0


def _export(course, options, console):
    from autograder import exports, gradebook

    path, changed = exports.export(course)
    console.print(f"{'Grades written to' if changed else 'Nothing changed in'} {path}")
    for name, count in gradebook.waiting(course).items():
        console.print(f"[yellow]note[/yellow]  {name}: {count} wait for a person. Run: make formgrader")
    return 0


def _doctor(course, options, console):
    from autograder import doctor

    return 0 if doctor.show(doctor.look(course), Console()) else 1


COMMANDS = {
    "release": (_release, "make the student notebooks from the text sources, and tell nbgrader"),
    "sample-class": (_sample_class, "make the sample class's submissions"),
    "grade": (_grade, "grade what is new or changed, in the sandbox, into nbgrader's gradebook"),
    "regrade": (_regrade, "find every verdict anew, and say what changed and why"),
    "receipt": (_receipt, "the history of the verdicts on one submission, and what the last one depends on"),
    "feedback": (_feedback, "write the feedback pages of all graded submissions"),
    "export": (_export, "write grades.csv"),
    "doctor": (_doctor, "say whether this machine can grade, and what is missing"),
}

if __name__ == "__main__":
    sys.exit(main())
