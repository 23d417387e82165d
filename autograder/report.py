"""The message a person reads about a task: as text for a terminal, and as HTML for a notebook."""

import html
import textwrap

from autograder.expect import Mistake
from autograder.faults import StudentFault
from autograder.verdict import TaskVerdict

LABELS = {"expected": "Expected", "came": "Came", "why": "Why it matters", "tries": "Try", "page": "Read"}
WIDTH = 96


def words(error: Mistake | StudentFault) -> dict[str, str | None]:
    """A wrong answer or a fault as words by name: what, expected, came, why, tries, page."""
    if isinstance(error, StudentFault):
        error = _explain(error)
    return {"what": error.what, **{name: getattr(error, name) for name in LABELS}}


def _explain(fault: StudentFault) -> Mistake:
    """What a fault means to the person whose code it was."""
    name = f"`{fault.function}`"
    if fault.rig:
        name = "the course's own code, working with what yours returned,"
    where = f"{fault.exception}: {fault.message}".strip(": ")
    if fault.line:
        where += f" (at {fault.where}: `{fault.line}`)"
    if fault.kind == "missing":
        return Mistake(
            f"there is no function {name}",
            expected="a function of this name, defined in a cell",
            tries="Keep the name that the notebook gave. If a cell above failed, mend that first: what it "
            "should define is missing. Then run the cell that defines the function, and the check again.",
        )
    if fault.kind == "raised" and fault.exception == "NotImplementedError" and not fault.rig:
        return Mistake(
            f"{name} is not written yet",
            came="raise NotImplementedError() is still there",
            tries="Write the function in the cell above, in place of that line, and run the cell.",
        )
    if fault.kind == "raised" and fault.rig:
        return Mistake(
            "what your code returned cannot be used",
            came=where,
            tries="Compare what the function returns with what its docstring promises.",
        )
    if fault.kind == "raised":
        return Mistake(
            f"{name} raised an exception",
            came=where,
            tries="Call it in a cell of your own, on a small input: there the whole traceback is shown.",
        )
    if fault.kind == "timeout":
        return Mistake(
            f"{name} did not finish",
            came=fault.message,
            why="A call that takes milliseconds when right is stopped when it runs for this long.",
            tries="Look for a loop that never ends: a `while` whose condition stays true, or endless data.",
        )
    if fault.kind == "memory":
        return Mistake(
            f"{name} asked for more memory than a submission may use",
            came=where,
            tries="Look for a list or a tensor that grows in a loop, or for a size that is far too large.",
        )
    if fault.kind == "died":
        return Mistake(
            f"{name} could not be finished: the process that ran your code ended",
            came=where,
            why="Each submission has a process of its own. Yours ended itself or broke a limit.",
            tries="Remove calls such as os._exit() or os.kill(), and any that start processes.",
        )
    return Mistake(
        f"what {name} returned cannot be read",
        came=where,
        tries="Return what the docstring says: numbers, text, lists or tensors of a sensible size.",
    )


def points_text(number: float) -> str:
    """Points without a needless ``.0``."""
    return f"{number:g}"


def score(task: TaskVerdict) -> str:
    """For example ``1 of 2 points``."""
    return f"{points_text(task.points)} of {points_text(task.max_points)} points"


def text(task: TaskVerdict, notes: list[str] | None = None) -> str:
    """The report for a terminal, and for a notebook that shows text only."""
    lines = [f"{task.task}: {score(task)}", f"  {task.title}"]
    lines += [line for note in notes or [] for line in _wrap(note, "  ", "Note: ")]
    for test in task.tests:
        lines.append(f"  {'passed' if test.passed else 'FAILED'}  {test.description}")
        if test.message:
            lines += _wrap(test.message["what"], " " * 10, "")
            for name, label in LABELS.items():
                if test.message.get(name):
                    lines += _wrap(test.message[name], " " * 10, f"{label}: ")
    return "\n".join(lines)


def _wrap(words, indent, label):
    return textwrap.wrap(
        label + words, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False
    )


def as_html(task: TaskVerdict, notes: list[str] | None = None) -> str:
    """The report for a notebook's output. Everything that may come from a student is escaped."""
    colour = "#1a7f37" if task.passed else "#b35900"
    parts = [
        f'<div style="border-left: 4px solid {colour}; padding: 0.3em 0 0.3em 0.8em; margin: 0.4em 0 0.8em">',
        f"<div><strong>{_escape(task.task)}: {score(task)}</strong> &middot; {_escape(task.title)}</div>",
    ]
    parts += [f"<div><em>Note: {_escape(note)}</em></div>" for note in notes or []]
    for test in task.tests:
        mark = "&#10003;" if test.passed else "&#10007;"
        colour = "#1a7f37" if test.passed else "#b35900"
        parts.append(
            f'<div style="margin-top: 0.3em"><span style="color: {colour}; font-weight: bold">{mark}</span> '
            f"{_escape(test.description)}</div>"
        )
        if test.message:
            parts.append('<div style="margin-left: 1.3em">')
            parts.append(f"<div><strong>{_sentence(test.message['what'])}</strong></div>")
            parts += [
                f"<div>{label}: {_escape(test.message[name])}</div>"
                for name, label in LABELS.items()
                if test.message.get(name)
            ]
            parts.append("</div>")
    return "\n".join([*parts, "</div>"])


def _escape(words):
    """HTML of plain text in which `backticks` mark code."""
    pieces = html.escape(words, quote=True).split("`")
    if len(pieces) % 2 == 0:
        return "`".join(pieces)
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))


def _sentence(words):
    return _escape(words[:1].upper() + words[1:])


def refusal_html(task: str, max_points: float) -> str:
    """What a check cell of a refused submission shows."""
    return (
        '<div style="border-left: 4px solid #b35900; padding: 0.3em 0 0.3em 0.8em; margin: 0.4em 0 0.8em">'
        f"<strong>{_escape(task)}: 0 of {points_text(max_points)} points</strong> &middot; "
        "the submission could not be graded; the note at the top says why.</div>"
    )
