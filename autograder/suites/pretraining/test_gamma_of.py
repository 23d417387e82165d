"""Gamma by both rules, from a sparse matrix that stays sparse."""

import numpy as np
import pytest

from autograder import measure
from autograder.expect import Mistake, describe, number
from autograder.faults import StudentFault
from autograder.reading import measured
from autograder.suites.pretraining import judge
from autograder.suites.pretraining.pages import BASELINE, EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "gamma_of"
SMALL = ((7, 5), (4, 11), (9, 6))
LARGE = ((12, 8), (5, 10))


def known(matrix, rule):
    """Where known mistakes lead: gamma, and the words."""
    rows, columns = matrix.shape
    spread = judge.spreads(matrix)
    other = {"variance": "deviation", "deviation": "variance"}[rule]
    swapped = (
        "The standard deviation was used where the variance is asked for"
        if rule == "variance"
        else "The variance was used where the standard deviation is asked for"
    )
    yield 1 / (columns * spread[other]), swapped, "The deviation is the square root of the variance."
    for name, of in ((rule, ""), (other, ", and variance and deviation are mixed up")):
        yield (
            1 / (columns * spread[f"{name} of the nonzeros"]),
            f"The zeros of the matrix were forgotten: only the numbers in `features.data` count{of}",
            "`features.mean()` counts every zero: mean of the squares minus square of the mean.",
        )
    yield (
        1 / (columns * spread[f"{rule} within the columns"]),
        "The variance was taken within each column: the differences between the columns are lost",
        "One mean over all numbers of the matrix: `features.mean()`, without an axis.",
    )
    square = "mean square" if rule == "variance" else "root mean square"
    yield (
        1 / (columns * spread[square]),
        "The square of the mean was not subtracted",
        "var(X) = mean(X * X) - mean(X) ** 2.",
    )
    yield (
        1 / (rows * spread[rule]),
        "Gamma was divided by the number of rows, not of columns",
        "The number of features is `features.shape[1]`.",
    )
    yield 1 / spread[rule], "The number of features is missing", "1 / (features.shape[1] * ...)."
    yield columns * spread[rule], "The result is 1 / gamma", "Divide 1 by it."
    total = rows * columns
    unbiased = total / (total - 1)
    yield (
        1 / (columns * spread[rule] * (unbiased if rule == "variance" else unbiased**0.5)),
        "The variance was divided by n - 1 instead of n",
        "scikit-learn takes the plain mean of the squared distances.",
    )


def check_gamma(student, matrix, rule, came):
    words = {
        "why": "Gamma decides which articles look alike. By the wrong rule they all do.",
        "page": BASELINE,
    }
    if came is None or isinstance(came, str):
        words["tries"] = "End the function with a `return` of the number."
    else:
        words["tries"] = "Return one number, not an array of several."
    value = number(came, f"What `{FUNCTION}` returns", **words)
    spread = judge.spreads(matrix)
    right = 1 / (matrix.shape[1] * spread[rule])
    if measure.near(value / right, 1):
        return
    what, tries = (
        f'Gamma by the rule "{rule}" is not right',
        "First the variance of all numbers: mean(X * X) - mean(X) ** 2. Then 1 / (columns * spread).",
    )
    for wrong, name, mend in known(matrix, rule):
        if measure.near(value / wrong, 1):
            what, tries = name, mend
            break
    raise Mistake(
        what,
        expected=measured(
            student, f"{right:.5g}", f'1 / (number of features * {rule}), by the rule "{rule}"'
        ),
        came=measured(student, f"{value:.5g}", "another number"),
        tries=tries,
        **{name: text for name, text in words.items() if name != "tries"},
    )


def check_unchanged(report, matrix):
    numbers = isinstance(report, np.ndarray) and report.dtype.kind == "f"
    if numbers and judge.same(np.sort(report), np.sort(matrix.data)):
        return
    raise Mistake(
        "The matrix that was passed was changed",
        expected="features that are the same before and after",
        came="other numbers in it",
        why="The classifier is fitted on this very matrix afterwards. It would see other features.",
        tries="`features.multiply(features)` is a new matrix; `features.data **= 2` changes the old one.",
        page=EXERCISE,
    )


@pytest.mark.points(1)
def test_rules(student):
    """both rules give what scikit-learn takes, with every zero of the matrix counted"""
    for position, shape in enumerate(SMALL if student.full else SMALL[:1]):
        matrix = judge.make_matrix(student.seed, f"gamma/rules {position}", *shape)
        features = student.rig("make_sparse", *matrix.parts, large=False)
        for rule in ("variance", "deviation"):
            came = student.call(FUNCTION, features, rule)
            check_unchanged(student.rig("numbers_of", features), matrix)
            check_gamma(student, matrix, rule, came)


@pytest.mark.points(1)
def test_stays_sparse(student):
    """the matrix is never made dense"""
    for position, shape in enumerate(LARGE if student.full else LARGE[:1]):
        matrix = judge.make_matrix(student.seed, f"gamma/sparse {position}", *shape)
        features = student.rig("make_sparse", *matrix.parts, large=True)
        for rule in ("variance", "deviation"):
            try:
                came = student.call(FUNCTION, features, rule)
            except StudentFault as fault:
                if "as a dense one" not in fault.message:
                    raise
                raise Mistake(
                    "The sparse matrix was made dense",
                    expected="gamma from the sparse matrix: `mean` and `multiply` know their zeros",
                    came=f"{fault.exception}: {fault.message}",
                    why="A TF-IDF matrix has a number for each word of the vocabulary in each text. Dense, "
                    "that "
                    "of a real corpus does not fit into memory.",
                    tries="No `toarray()`, `todense()` or `np.asarray`. var(X) = mean(X * X) - mean(X) ** 2, "
                    "and "
                    "`features.multiply(features)` is X * X.",
                    page=EXERCISE,
                ) from None
            check_gamma(student, matrix, rule, came)
    check_memory(student)


def check_memory(student):
    """There are other ways to a dense matrix than those that raise an error; none goes without its memory."""
    rows = columns = 1000
    matrix = judge.make_matrix(student.seed, "gamma/memory", rows, columns, filled=0.01)
    features = student.rig("make_sparse", *matrix.parts, large=False)
    student.rig("watch_memory")
    try:
        student.call(FUNCTION, features, "variance")
    finally:
        peak = student.rig("memory_used")
    # A dense matrix has 8 bytes for each number, or 4; what is not zero of this one takes an eighth of one.
    if isinstance(peak, int) and peak < 2 * rows * columns:
        return
    raise Mistake(
        "The sparse matrix was made dense: it, or another one of its size",
        expected="no more memory than some copies of the sparse matrix take",
        came="about as much as the same matrix takes when it is dense, or more"
        if isinstance(peak, int)
        else describe(peak),
        why="A product with a dense matrix is dense, too. That of a real corpus does not fit into memory.",
        tries="var(X) = mean(X * X) - mean(X) ** 2, and `features.multiply(features)` is X * X.",
        page=EXERCISE,
    )
