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


def ask(student, source, target):
    classifier = student.rig("nearest_row")
    came = student.call(FUNCTION, source.numpy(), target.numpy(), classifier)
    return reading.number(came, FUNCTION, "the distance")


def explain(student, came, source, target, wrong):
    """Raise the :class:`Mistake` that says where ``came`` leads from."""
    error = sum(wrong) / 2
    right = judge.a_distance(error)
    expected = measured(
        student,
        f"{right:.3f}: held out, {wrong[0]:.3f} of the source and {wrong[1]:.3f} of the target rows are "
        f"wrong",
        "2 (1 − 2 error), with the error on held-out rows",
    )
    shown = measured(student, f"{came:.3f}", "another number")
    seen = sum(judge.shares_wrong(source, target, "seen")) / 2
    if measure.near(came, judge.a_distance(seen)):
        raise Mistake(
            "The error was measured on rows that the classifier had seen in training",
            expected=expected,
            came=shown,
            why="A flexible classifier knows its training rows by heart. Its error there is near 0, and "
            "every "
            "two domains look far apart, even two halves of one and the same.",
            tries="Fit on rows 0, 2, 4, … of both domains (`rows[::2]`) and on nothing else; predict rows "
            "1, 3, "
            "5, … (`rows[1::2]`).",
            page=HELD_OUT,
        )
    whole = judge.pooled(source, target, wrong)
    if len(source) != len(target) and measure.near(came, judge.a_distance(whole)):
        raise Mistake(
            "All held-out rows are in one pot: the larger domain counts more than the smaller one",
            expected=expected,
            came=shown,
            why="With nine source rows for one target row, a classifier that always says 'source' errs in "
            "a tenth "
            "of the cases. It has seen no difference at all, and the distance would be 1.6.",
            tries="Compute the share of wrong rows for each domain by itself, then the mean of the two "
            "shares.",
            page=EXERCISE,
        )
    for formula, name in judge.FORMULAS.items():
        if measure.near(came, formula(error)):
            raise Mistake(
                f"The formula is not the one of the proxy A-distance: you return {name}",
                expected=expected,
                came=shown,
                why="The scale matters: 0 is an error of one half (no difference to be seen), 2 is no "
                "error at all.",
                tries="2 * (1 - 2 * error). Try it by hand with error 0.5 and error 0.",
                page=EXERCISE,
            )
    for halves, name in (
        ("odd", "The halves are swapped: the classifier was trained on rows 1, 3, 5, …"),
        ("first", "The first half of the rows was used for training, not every second row"),
    ):
        if measure.near(came, judge.a_distance(sum(judge.shares_wrong(source, target, halves)) / 2)):
            raise Mistake(
                name,
                expected=expected,
                came=shown,
                why="Another split gives another number. Two people must get the same from the same data.",
                tries="Training: `rows[::2]`. Held out: `rows[1::2]`. The same for source and target.",
                page=EXERCISE,
            )
    raise Mistake(
        "The distance is not 2 (1 − 2 error) with the held-out error of the classifier",
        expected=expected,
        came=shown,
        why="The distance is only as meaningful as the error in it.",
        tries="Check the parts one by one: which rows does `fit` get, with which domains, and which rows "
        "does "
        "`predict` get?",
        page=SHIFT,
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
        sizes = (24 + 2 * number, 24 + 2 * number)
        judge_case(student, *judge.draw_domains(student.seed, f"distance/held out {number}", sizes))


@pytest.mark.points(1)
def test_each_domain_counts_half(student):
    """a domain with more rows does not count more"""
    for number in range(4 if student.full else 1):
        sizes = ((20, 52), (46, 17))[number % 2]
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
