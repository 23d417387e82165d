"""A linear probe: fitted on the training rows alone, scored on the test rows."""

import numpy as np
import pytest

from autograder import measure
from autograder.expect import Mistake
from autograder.suites.representations import judge
from autograder.suites.representations.pages import EXERCISE, HELD_OUT
from autograder.suites.representations.reading import compare_all, number_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "probe_accuracy"
WHAT = "the share of the test rows that the probe gets right, a float"
WHY = (
    "A probe's accuracy says how much of a property can be read out of features that were never seen. "
    "Whatever the test rows lend to the probe, be it labels, means or deviations, makes the number mean "
    "something else."
)
WORDS = {
    "otherwise": (
        "The accuracy is not that of the probe which the text describes",
        "Standardise on the training rows, fit `LogisticRegression(max_iter=1000)` on them, score the "
        "test rows.",
    ),
    "expected": "the accuracy on the test rows of a probe fitted on the training rows",
    "why": WHY,
    "page": HELD_OUT,
}
FITTED = ("fitted on all", "scaled and fitted on all", "fitted on test")
SCALED = ("unscaled", "scaled on all", "scaled apart", *FITTED)


def known(results):
    """Where known mistakes lead."""
    right = results["right"]
    leaks = "Standardise with the training rows and fit on them; the test rows come in last, to be scored."
    yield (
        results["on train"],
        "The accuracy is that of the training rows: the probe was not scored on the test rows",
        "Score the fitted probe on `test_features` and `test_labels`.",
    )
    yield (
        results["fitted on all"],
        "The probe was fitted on the test rows too",
        leaks,
    )
    yield (
        results["scaled and fitted on all"],
        "The probe was fitted on the test rows too",
        leaks,
    )
    yield (
        results["fitted on test"],
        "The probe was fitted on the test rows instead of the training rows",
        leaks,
    )
    yield (
        results["scaled on all"],
        "The scaler was fitted on all rows: the test rows took part in the means and deviations",
        "`StandardScaler().fit(train_features)`, then `transform` both parts; a pipeline does it by itself.",
    )
    yield (
        results["scaled apart"],
        "The test rows were standardised with their own means and deviations",
        "Call `fit_transform` on the training rows only, and `transform` on the test rows.",
    )
    yield (
        results["unscaled"],
        "The features were not standardised",
        "Put a `StandardScaler` before the `LogisticRegression`: its penalty treats all columns alike, "
        "so that "
        "columns of small numbers would hardly count.",
    )
    yield 1 - right, "The number is the share of wrong answers, not of right ones", "Return one minus that."
    yield 100 * right, "The accuracy is in per cent", "Return a share between 0 and 1."


def judge_cases(student, cases):
    def answers():
        for parts, results in cases:
            came = student.call(FUNCTION, *parts.arguments)
            yield number_of(came, FUNCTION, WHAT, EXERCISE), results["right"], known(results)

    compare_all(
        student,
        answers(),
        **WORDS,
    )


@pytest.mark.points(1)
def test_fits_and_scores(student):
    """fitted on the training rows, scored on the test rows (columns of one size)"""
    judge_cases(
        student,
        [
            judge.probe_case(student.seed, f"probe/fit {number}", FITTED, classes=2 + number % 2)
            for number in range(4 if student.full else 2)
        ],
    )


@pytest.mark.points(1)
def test_scales_on_training_rows(student):
    """columns of very different sizes are standardised with the training rows alone"""
    judge_cases(
        student,
        [
            judge.probe_case(student.seed, f"probe/scale {number}", SCALED, shifted=True)
            for number in range(3 if student.full else 2)
        ],
    )


@pytest.mark.points(1)
def test_constant_column(student):
    """a column that is constant in training does no harm, and the same call gives the same number"""
    for number in range(2 if student.full else 1):
        parts, results = judge.probe_case(student.seed, f"probe/constant {number}", FITTED, columns=3)
        place, constant = number + 1, (2.5, -8.0)[number]
        wider = [np.insert(rows, place, constant, axis=1) for rows in (parts.train, parts.test)]
        wider[1][:, place] += np.arange(len(wider[1])) % 3 - 1.0
        arguments = wider[0], parts.train_labels, wider[1], parts.test_labels
        first, second = (
            number_of(student.call(FUNCTION, *arguments), FUNCTION, WHAT, EXERCISE) for _ in range(2)
        )
        if not measure.near(first, second):
            raise Mistake(
                "The same call gives another accuracy the second time",
                expected="the same number for the same rows",
                came="two different numbers",
                why="A measurement that nobody can repeat cannot be compared between layers.",
                tries="Use nothing random: the fit needs no random numbers, and no row is drawn or shuffled.",
                page=EXERCISE,
            )
        alone = number_of(student.call(FUNCTION, *parts.arguments), FUNCTION, WHAT, EXERCISE)
        if measure.near(alone, results["right"]) and not measure.near(first, alone):
            raise Mistake(
                "A column that is constant in the training rows changes the accuracy",
                expected="the accuracy without that column: the probe cannot have learnt anything from it",
                came="another accuracy with the column than without it",
                why="A layer may have a unit that is silent on your training texts. Dividing by its "
                "deviation of 0 gives NaN.",
                tries="Where a column's deviation is 0, only subtract its mean. `StandardScaler` does so.",
                page=EXERCISE,
            )
        compare_all(
            student,
            [(came, results["right"], known(results)) for came in (alone, first)],
            **WORDS,
        )
