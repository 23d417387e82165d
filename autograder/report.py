"""The message a person reads about a task: as text for a terminal, and as HTML for a notebook.

A message names the page of the book that explains it. It becomes a link when the environment variable
``TRANSFER_LEARNING_SITE`` holds the site's address, for example ``https://example.org/course/``.
"""

import html
import os
import re
import textwrap
from collections.abc import Iterator
from urllib.parse import urlsplit

from autograder.expect import Mistake
from autograder.faults import MESSAGE, StudentFault, printable
from autograder.verdict import TaskVerdict, TestVerdict

LABELS = {"expected": "Expected", "came": "Came", "why": "Why it matters", "tries": "Try", "page": "Read"}
WIDTH = 96
AGAIN = "for the reason told above"
OWN_FUNCTION = re.compile(r"line \d+ of ([A-Za-z_]\w*)")


def words(error: Mistake | StudentFault) -> dict[str, str | None]:
    """A wrong answer or a fault as words by name: what, expected, came, why, tries, page.

    A suite may have put into them what came from a student's process, whatever that is.
    """
    if isinstance(error, StudentFault):
        error = _explain(error)
    return {name: _words(getattr(error, name)) for name in ("what", *LABELS)}


def _words(value):
    return None if value is None else printable(str(value)[: 2 * MESSAGE])


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
        found = OWN_FUNCTION.fullmatch(fault.where)
        unwritten = found[1] if found else fault.function
        uses = unwritten != fault.function
        return Mistake(
            f"{name} uses `{unwritten}`, which is not written yet" if uses else f"{name} is not written yet",
            came="raise NotImplementedError() is still there",
            tries=f"Write `{unwritten}` first; then this check can say more."
            if uses
            else "Write the function in the cell above, in place of that line, and run the cell.",
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


def site() -> str | None:
    """The address of the course's site, with a slash at its end; None when it is not set or no address."""
    address = os.environ.get("TRANSFER_LEARNING_SITE", "").strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or not address.isprintable():
        return None
    return address if address.endswith("/") else address + "/"


def text(task: TaskVerdict) -> str:
    """The report for a terminal, and for a notebook that shows text only."""
    lines = [f"{task.task}: {score(task)}", f"  {task.title}"]
    for test, message in _told_once(task):
        again = f" ({AGAIN})" if test.message and message is None else ""
        lines.append(f"  {'passed' if test.passed else 'FAILED'}  {test.description}{again}")
        if message:
            lines += _wrap(message["what"], " " * 10, "")
            for name, label in LABELS.items():
                if message.get(name):
                    words = (site() or "") + message[name] if name == "page" else message[name]
                    lines += _wrap(words, " " * 10, f"{label}: ")
    return "\n".join(lines)


def _told_once(task: TaskVerdict) -> Iterator[tuple[TestVerdict, dict | None]]:
    """Each test with its message, or with None where the failed test before it had the same."""
    last = None
    for test in task.tests:
        yield test, None if test.message == last else test.message
        last = test.message or last


def _wrap(words, indent, label):
    return textwrap.wrap(
        label + words, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False
    )


def as_html(task: TaskVerdict) -> str:
    """The report for a notebook's output. Everything that may come from a student is escaped.

    A notebook shows it with the styles written here, a feedback page with its own, by the classes.
    """
    parts = [
        f'<div class="report {_state(task.passed)}" style="border-left: 4px solid {_colour(task.passed)}; '
        'padding: 0.3em 0 0.3em 0.8em; margin: 0.4em 0 0.8em">',
        f'<div class="report-head"><strong>{_escape(task.task)}: {score(task)}</strong> &middot; '
        f"{_escape(task.title)}</div>",
    ]
    for test, message in _told_once(task):
        state, mark = _state(test.passed), "&#10003;" if test.passed else "&#10007;"
        again = f' <em class="again">({AGAIN})</em>' if test.message and message is None else ""
        parts.append(
            f'<div class="test {state}" style="margin-top: 0.3em"><span class="sign" role="img" '
            f'aria-label="{state}:" style="color: {_colour(test.passed)}; font-weight: bold">{mark}</span> '
            f"{_escape(test.description)}{again}</div>"
        )
        if message:
            parts.append('<div class="message" style="margin-left: 1.3em">')
            parts.append(f"<div><strong>{_sentence(message['what'])}</strong></div>")
            parts += [
                f'<div><span class="key">{label}:</span> {_value(name, message[name])}</div>'
                for name, label in LABELS.items()
                if message.get(name)
            ]
            parts.append("</div>")
    return "\n".join([*parts, "</div>"])


def _state(passed):
    return "passed" if passed else "failed"


def _colour(passed):
    return "#1a7f37" if passed else "#b35900"


def _value(name, words):
    return page_link(words) if name == "page" else _escape(words)


def page_link(page: str) -> str:
    """HTML that names a page of the book: a link when the site's address is known."""
    shown, start = html.escape(page, quote=True), site()
    if start is None:
        return f'<span class="page">{shown}</span>'
    return f'<a class="page" href="{html.escape(start, quote=True)}{shown}">{shown}</a>'


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
        f'<div class="report failed" style="border-left: 4px solid {_colour(False)}; '
        'padding: 0.3em 0 0.3em 0.8em; margin: 0.4em 0 0.8em">'
        f"<strong>{_escape(task)}: 0 of {points_text(max_points)} points</strong> &middot; "
        "the submission could not be graded; the note at the top says why.</div>"
    )
