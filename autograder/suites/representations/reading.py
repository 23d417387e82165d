"""Read what this suite's functions gave, and name the mistake that leads to a number."""

import math
from collections.abc import Iterable

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.player import Player
from autograder.reading import measured

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

Known = Iterable[tuple[float, str, str]]
"""Where known mistakes lead: the number, the mistake's name, how to mend it."""


def number_of(value: object, function: str, what: str, page: str) -> float:
    """The number that ``function`` returned; a tensor or an array with a single one counts."""
    if value is None:
        raise Mistake(
            f"`{function}` returns nothing (None)",
            expected=what,
            came="None",
            why="A function without a `return` line gives None.",
            tries="End the function with a `return` of the number.",
            page=page,
        )
    found = value
    if hasattr(found, "item") and hasattr(found, "shape") and math.prod(found.shape) == 1:
        found = found.item()
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise Mistake(
            f"`{function}` does not return a number",
            expected=what,
            came=describe(value),
            why="One number can be compared, drawn and reported.",
            tries="Read 'Returns' in the function's docstring once more.",
            page=page,
        )
    if not math.isfinite(found):
        raise Mistake(
            f"`{function}` returns a number that is not finite",
            expected=what,
            came=str(found),
            why="NaN and infinity come from a division by zero, or from one that began with one.",
            tries="Print what you divide by. Which input makes it zero?",
            page=page,
        )
    return float(found)


def compare(
    student: Player,
    came: float,
    right: float,
    known: Known,
    *,
    otherwise: tuple[str, str],
    expected: str,
    why: str,
    page: str,
) -> None:
    """Nothing when ``came`` is ``right``; else a :class:`Mistake` with the known one that leads there.

    ``otherwise`` has the name and the mend for a number that no known mistake leads to.
    """
    if measure.near(came, right):
        return
    what, tries = next(
        ((name, mend) for value, name, mend in known if measure.near(came, value)),
        otherwise,
    )
    raise Mistake(
        what,
        expected=expected + measured(student, f": {right:.4f}", ""),
        came=measured(student, f"{came:.4f}", "another number"),
        why=why,
        tries=tries,
        page=page,
    )
