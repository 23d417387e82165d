"""Measure how far apart two domains are, by the held-out error of a domain classifier."""

import pytest

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import measured
from autograder.suites.domain_adaptation import judge, reading
from autograder.suites.domain_adaptation.pages import EXERCISE, HELD_OUT, SHIFT

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "proxy_a_distance"
BY_HEART = (
    "A flexible classifier knows its training rows by heart. Its error there is near 0, and every two "
    "domains look far apart, even two halves of one and the same."
)
HELD_OUT_ROWS = (
    "Fit on rows 0, 2, 4, … of both domains (`rows[::2]`) and on nothing else; predict rows 1, 3, 5, … "
    "(`rows[1::2]`)."
)
ANOTHER_SPLIT = "Another split gives another number. Two people must get the same from the same data."
SPLIT = "Training: `rows[::2]`. Held out: `rows[1::2]`. The same for source and target, each by itself."


def formula(name):
    return (
        f"The formula is not the one of the proxy A-distance: you return {name}",
        "The scale matters: 0 is an error of one half (no difference to be seen), 2 is no error at all.",
        "2 * (1 - 2 * error). Try it by hand with error 0.5 and error 0.",
        EXERCISE,
    )


WORDS = {
    "seen": (
        "The error was measured on rows that the classifier had seen in training",
        BY_HEART,
        HELD_OUT_ROWS,
        HELD_OUT,
    ),
    "all rows": (
        "The error was measured on all rows, also on those that the classifier had seen in training",
        BY_HEART,
        HELD_OUT_ROWS,
        HELD_OUT,
    ),
    "one seen": (
        "The error of one of the two domains was measured on rows that the classifier had seen in training",
        BY_HEART,
        HELD_OUT_ROWS,
        HELD_OUT,
    ),
    "one pot": (
        "All held-out rows are in one pot: the larger domain counts more than the smaller one",
        "With nine source rows for one target row, a classifier that always says 'source' errs in a tenth "
        "of the cases. It has seen no difference at all, and the distance would be 1.6.",
        "Compute the share of wrong rows for each domain by itself, then the mean of the two shares.",
        EXERCISE,
    ),
    "cut to one size": (
        "Rows of the larger domain were thrown away, so that both have the same number",
        "Each row tells something about its domain. The mean of the two shares makes both count half.",
        "Use all rows. Compute the share of wrong rows for each domain by itself, then the mean of the two.",
        EXERCISE,
    ),
    "no factor": formula("1 − 2 error: the factor 2 in front is missing"),
    "not doubled": formula("2 (1 − error): the error is not doubled"),
    "accuracy": formula("the accuracy, 1 − error"),
    "error": formula("the error itself"),
    "four errors": formula("4 error: it grows with the error instead of shrinking"),
    "sign": formula("2 (2 error − 1): the sign is turned around"),
    "halves swapped": (
        "The halves are swapped: the classifier was trained on rows 1, 3, 5, …",
        ANOTHER_SPLIT,
        SPLIT,
        EXERCISE,
    ),
    "first half": (
        "The first half of the rows was used for training, not every second row",
        ANOTHER_SPLIT,
        SPLIT,
        EXERCISE,
    ),
    "coded 1 and 0": (
        "The domains are coded the other way round: 1 for the source and 0 for the target",
        "A classifier need not treat its two answers alike, and whoever reads `predict` later takes 1 for "
        "the target.",
        "`fit(features, domains)` with 0 for each source row and 1 for each target row.",
        EXERCISE,
    ),
    "joined": (
        "The domains were joined before every second row was taken: the halves of the second one are swapped",
        "After an odd number of rows, place 0 of the second domain is an odd place of the whole. "
        + ANOTHER_SPLIT,
        SPLIT,
        EXERCISE,
    ),
}


def ask(student, source, target):
    classifier = student.rig("nearest_row")
    came = student.call(FUNCTION, source.numpy(), target.numpy(), classifier)
    return reading.number(came, FUNCTION, "the distance")


def explain(student, came, source, target, wrong):
    """Raise the :class:`Mistake` that says where ``came`` leads from."""
    right = judge.a_distance(sum(wrong) / 2)
    what, why, tries, page = next(
        (WORDS[name] for name, value in judge.wrong_distances(source, target) if measure.near(came, value)),
        (
            "The distance is not 2 (1 − 2 error) with the held-out error of the classifier",
            "The distance is only as meaningful as the error in it.",
            "Check the parts one by one: which rows does `fit` get, with which domains, and which rows "
            "does `predict` get?",
            SHIFT,
        ),
    )
    raise Mistake(
        what,
        expected=measured(
            student,
            f"{right:.3f}: held out, {wrong[0]:.3f} of the source and {wrong[1]:.3f} of the target rows are "
            f"wrong",
            "2 (1 − 2 error), with the error on held-out rows",
        ),
        came=measured(student, f"{came:.3f}", "another number"),
        why=why,
        tries=tries,
        page=page,
    )


def judge_case(student, source, target):
    wrong = judge.shares_wrong(source, target)
    came = ask(student, source, target)
    if not measure.near(came, judge.a_distance(sum(wrong) / 2)):
        explain(student, came, source, target, wrong)


@pytest.mark.points(1)
def test_held_out_error(student):
    """the distance follows from the error on held-out rows, not on those the classifier was trained on"""
    for number in range(4 if student.full else 1):
        sizes = (33 + 2 * number, 33 + 2 * number)  # odd: also where two domains are joined
        judge_case(student, *judge.draw_domains(student.seed, f"distance/held out {number}", sizes))


@pytest.mark.points(1)
def test_each_domain_counts_half(student):
    """a domain with more rows does not count more"""
    for number in range(4 if student.full else 1):
        sizes = ((21, 53), (45, 17))[number % 2]
        judge_case(student, *judge.draw_domains(student.seed, f"distance/sizes {number}", sizes))


@pytest.mark.points(1)
def test_worse_than_guessing(student):
    """a classifier that errs more often than it is right gives the distance 0"""
    for number in range(3 if student.full else 1):
        source, target, error = judge.draw_worse_than_guessing(student.seed, f"distance/worse {number}")
        came = ask(student, source, target)
        if measure.near(came, 0.0):
            continue
        expected = "0: an error above 0.5 counts as 0.5"
        why = (
            "An error above one half is chance, or a classifier that was misled. It is no sign that the "
            "domains differ "
            "more than two that cannot be told apart."
        )
        tries = "Take the smaller of the error and 0.5 before the formula."
        if measure.near(came, 2 * (1 - 2 * error)) or measure.near(came, 1 - 2 * error):
            raise Mistake(
                "The distance is below zero: an error above 0.5 was not handled",
                expected=expected,
                came=measured(student, f"{came:.3f}", "a negative number"),
                why=why,
                tries=tries,
                page=EXERCISE,
            )
        if measure.near(came, abs(2 * (1 - 2 * error))):
            raise Mistake(
                "An error above 0.5 was turned around, as if the classifier had been right all along",
                expected=expected,
                came=measured(student, f"{came:.3f}", "a number above 0"),
                why=why,
                tries=tries,
                page=EXERCISE,
            )
        explain(student, came, source, target, judge.shares_wrong(source, target))
