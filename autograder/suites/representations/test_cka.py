"""Linear CKA: how similar two representations of the same samples are."""

import numpy as np
import pytest

from autograder.suites.representations import judge
from autograder.suites.representations.pages import EXERCISE
from autograder.suites.representations.reading import compare, number_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "cka"


def results_of(a, b):
    """The right number and where known mistakes lead."""
    one, two = judge.center(a), judge.center(b)
    right = judge.alignment(one, two)
    shared = float(((one @ one.T) * (two @ two.T)).sum())
    sizes = float((one * one).sum() * (two * two).sum())
    return {
        "right": right,
        "uncentred": judge.alignment(a, b),
        "rows": judge.alignment(judge.center(a.T).T, judge.center(b.T).T),
        "overall": judge.alignment(a - a.mean(), b - b.mean()),
        "first only": judge.alignment(one, b),
        "second only": judge.alignment(a, two),
        "no norm": shared,
        "by size": shared / sizes,
        "root by size": (shared / sizes) ** 0.5,
        "no square": shared**0.5 / (shared / right),
        "squared norms": right / (shared / right),
        "root": right**0.5,
        "square": right**2,
        "distance": 1 - right,
    }


def known(found):
    yield (
        found["uncentred"],
        "The representations were not centred",
        "Subtract from each column its mean over the samples, in both, before anything else.",
    )
    yield (
        found["rows"],
        "The rows were centred, not the columns",
        "The mean is taken over samples: `a.mean(axis=0)`.",
    )
    yield (
        found["overall"],
        "One overall mean was subtracted instead of each column's own",
        "The mean of each column: `a.mean(axis=0)`.",
    )
    for name in ("first only", "second only"):
        yield found[name], "Only one of the two representations was centred", "Centre the columns of both."
    yield (
        found["no norm"],
        "The result is not normalised: it grows with the size of the numbers",
        "Divide by the product of the norms of AᵀA and BᵀB.",
    )
    for name in ("by size", "root by size"):
        yield (
            found[name],
            "The result is normalised by the norms of A and B, not by those of AᵀA and BᵀB",
            "Divide by `np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)`.",
        )
    yield (
        found["no square"],
        "The norm of BᵀA was not squared",
        "The numerator is the squared norm, the sum of the squared entries of BᵀA.",
    )
    yield (
        found["squared norms"],
        "The norms in the denominator were squared",
        "Only the numerator is squared.",
    )
    yield found["root"], "The result is the square root of CKA", "Leave the root out."
    yield found["square"], "The result is the square of CKA", "Square the norm of BᵀA only."
    yield found["distance"], "The result is one minus CKA", "CKA is 1 for equal representations."


def check_case(student, a, b, expected):
    found = results_of(a, b)
    came = number_of(student.call(FUNCTION, a, b), FUNCTION, "a similarity, one float", EXERCISE)
    compare(
        student,
        came,
        found["right"],
        known(found),
        otherwise=(
            "The number is not the linear CKA of the two representations",
            "Centre both, then ‖BᵀA‖² / (‖AᵀA‖ ‖BᵀB‖), each norm the root of the sum of squares.",
        ),
        expected=expected,
        why="Two layers are alike when they place the same samples in the same pattern. Where the cloud "
        "sits, how "
        "large it is and how the axes are turned say nothing about that.",
        page=EXERCISE,
    )


def make_pair(student, label, rows, widths, offset):
    """Two related representations of ``rows`` samples; the columns have mean 0 unless ``offset`` is given."""
    shared_columns = 2

    def make(dice):
        common = dice.normal(rows, shared_columns)
        a, b = (
            judge.center(common @ dice.normal(shared_columns, width) + 0.7 * dice.normal(rows, width)) * size
            for width, size in zip(widths, (1.5, 0.6), strict=True)
        )
        if offset:
            a, b = a + offset * dice.normal(widths[0]), b - 0.5 * offset * dice.normal(widths[1])
        found = results_of(a, b)
        right = found.pop("right")
        if not offset:
            found = {name: value for name, value in found.items() if name not in UNSHIFTED}
        return (a, b) if judge.apart(right, found.values()) and 0.1 < right < 0.9 else None

    return judge.search(student.seed, label, make)


UNSHIFTED = ("uncentred", "first only", "second only", "overall")


@pytest.mark.points(1)
def test_similarity(student):
    """the similarity of two representations, of different widths too (columns with mean zero)"""
    for number in range(4 if student.full else 1):
        a, b = make_pair(student, f"cka/plain {number}", 9 + number, (3 + number, 5), 0.0)
        check_case(student, a, b, "‖BᵀA‖² / (‖AᵀA‖ ‖BᵀB‖)")


@pytest.mark.points(1)
def test_centred(student):
    """where the cloud of samples sits does not matter, nor its size, nor a rotation"""
    for number in range(4 if student.full else 1):
        a, b = make_pair(student, f"cka/centred {number}", 8, (4, 3 + 3 * number), 2.0)
        check_case(student, a, b, "the same as for the centred representations")
    dice = judge.Dice(judge.draw(student.seed, "cka/turned"))
    turn, _ = np.linalg.qr(dice.normal(4, 4))
    check_case(student, a, 3.0 * a @ turn - 1.5, "1 for a representation that is turned, stretched and moved")
