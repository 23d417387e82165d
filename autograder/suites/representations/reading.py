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


def compare(student: Player, came: float, right: float, known: Known, **words) -> None:
    """:func:`compare_all` for a single number."""
    compare_all(student, [(came, right, known)], **words)


def compare_all(
    student: Player,
    cases: Iterable[tuple[float, float, Known]],
    *,
    otherwise: tuple[str, str],
    expected: str,
    why: str,
    page: str,
) -> None:
    """Nothing when every number that came is right; else a :class:`Mistake`.

    A mistake is named when it alone fits all cases, also those in which the right number came. Where none
    does, or where the numbers do not tell two apart, it is ``otherwise``: a name and a mend.

    Args:
        student: whose numbers they are.
        cases: the number that came, the right one, and where known mistakes lead. A case that is itself a
            :class:`Mistake` counts only when every number before it is right.
        otherwise: for numbers that no known mistake leads to.
        expected: what the right number is.
        why: why it matters.
        page: where it is explained.
    """
    judged, wrong = [], None
    try:
        for came, right, known in cases:
            judged.append((came, right, list(known)))
            if wrong is None and not measure.near(came, right):
                wrong = judged[-1]
    except Mistake:
        if wrong is None:
            raise
    if wrong is None:
        return
    came, right, known = wrong
    suspects = {name: mend for value, name, mend in known if measure.near(came, value)}
    suspects = [item for item in suspects.items() if all(fits(item[0], case) for case in judged)]
    what, tries = suspects[0] if len(suspects) == 1 else otherwise
    raise Mistake(
        what,
        expected=expected + measured(student, f": {right:.4f}", ""),
        came=measured(student, f"{came:.4f}", "another number"),
        why=why,
        tries=tries,
        page=page,
    )


def fits(name: str, case: tuple[float, float, list[tuple[float, str, str]]]) -> bool:
    """Whether the number that came may be due to this mistake. A case that does not know it, allows it."""
    values = [value for value, other, _mend in case[2] if other == name]
    return not values or any(measure.near(case[0], value) for value in values)
