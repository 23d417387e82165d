"""Gaps between groups: in how many are selected, and in how many errors of each kind they bear."""

import itertools

import pytest

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.player import StudentFault
from autograder.suites.representations import judge
from autograder.suites.representations.pages import DISCUSSION, EXERCISE
from autograder.suites.representations.reading import compare_all, number_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

SELECTION = "selection_gap"
ERRORS = "error_gaps"
KEYS = ("false_positive", "false_negative")
PLANS = (
    ((0, 1), 60, (1, 0)),
    ((0, 1), 70, (0, 1)),
    ((0, 1, 2), 90, (1, 2, 0)),
    ((-7, 5, 6), 90, (0, 1, 2)),
    ((1, 4), 50, (1, 0)),
    ((0, 1, 2), 90, (2, 0, 1)),
    ((2, 5, 6), 90, (1, 2, 0)),
)
"""The names of the groups, how many people, and the ranks of the groups' rates in the order of the names.

With the largest rate in the middle and the smallest last, neither first and last nor 0 and 1 give the gap;
with the rates in order, neighbours do not. Any number may be a name, a negative one too.
"""


def cases(student, label, numbers_of, other=None):
    """Cases in which the right gap is far from known wrong numbers.

    ``other``: the rates whose gap is smaller and larger than the right one in turn.
    """
    plans = PLANS if student.full else PLANS[:4]
    for number, (names, size, ranks) in enumerate(plans):

        def accept(case, ranks=ranks, larger=number % 2 == 0):
            right, others, rates = numbers_of(case.rates)
            ordered = sorted(rates)
            if min(high - low for low, high in itertools.pairwise(ordered)) < 0.02:
                return False
            ranked = tuple(ordered.index(rate) for rate in rates) == ranks
            if other and (right > judge.widest(case.rates[other])) != larger:
                return False
            return ranked and judge.apart(right, others) and right > 0.05

        yield judge.decisions_case(student.seed, f"{label} {number}", names, size, accept)


def common(rates, gap):
    """Mistakes in how a gap is made of right rates: (number, name, mend)."""
    every = (
        "Ask `np.unique(groups)` for all groups. The gap is the largest of their rates minus the smallest."
    )
    if len(rates) > 2:
        yield (
            abs(rates[0] - rates[1]),
            "Only two groups (0 and 1, or the first two) were compared, and there are more",
            every,
        )
        yield (
            abs(rates[0] - rates[-1]),
            "Only the first and the last group were compared, not the largest and the smallest rate",
            every,
        )
        yield (
            max(abs(one - two) for one, two in itertools.pairwise(rates)),
            "Only neighbouring groups were compared, not the largest and the smallest rate of all",
            every,
        )
    signed = rates[0] - rates[-1]
    for value, order in ((signed, "the first minus the last"), (-signed, "the last minus the first")):
        yield (
            value,
            f"The absolute value of the gap was lost: it is the rate of {order}, which may be negative",
            "The gap is the largest rate minus the smallest.",
        )
    for ratio in (min(rates) / max(rates), max(rates) / min(rates)):
        yield (
            ratio,
            "The gap is a ratio of rates, not a difference",
            "The gap is the largest rate minus the smallest.",
        )
    yield 1 - gap, "The result is one minus the gap", "The gap is 0 when all groups have the same rate."


def selection_numbers(rates):
    selected = rates["selected"]
    right = judge.widest(selected)
    others = [
        value for value, *_ in common(selected, right) if abs(value - right) > 1e-9
    ]  # of two signed differences one is right
    return (
        right,
        [*others, *(judge.widest(rates[name]) for name in ("selected of all", "positive"))],
        selected,
    )


@pytest.mark.points(1)
def test_selection_gap(student):
    """the selection gap: the largest selection rate of a group minus the smallest"""

    def answers():
        for case in cases(student, "gaps/selection", selection_numbers):
            came = student.call(SELECTION, case.predictions, case.groups)
            came = number_of(came, SELECTION, "the gap, one float", EXERCISE)
            yield came, judge.widest(case.rates["selected"]), known_selections(case.rates)

    compare_all(
        student,
        answers(),
        otherwise=(
            "The number is not the gap between the groups' selection rates",
            "For each group in `np.unique(groups)`: `predictions[groups == group].mean()`. Then the largest "
            "minus the smallest.",
        ),
        expected="the largest selection rate among the groups minus the smallest",
        why="Groups differ in size. Only rates within a group can be compared.",
        page=DISCUSSION,
    )


def known_selections(rates):
    yield (
        judge.widest(rates["selected of all"]),
        "The selected of each group were divided by everyone instead of by the group's own members",
        "A group's rate: how many of ITS members were selected, divided by its size.",
    )
    yield from common(rates["selected"], judge.widest(rates["selected"]))


def gaps_of(student, case):
    came = student.call(ERRORS, case.labels, case.predictions, case.groups)
    if not isinstance(came, dict) or not set(KEYS) <= set(came):
        raise Mistake(
            f"`{ERRORS}` returns nothing (None)"
            if came is None
            else f"`{ERRORS}` does not return a dictionary with the two gaps",
            expected="{'false_positive': gap, 'false_negative': gap}",
            came=describe(came),
            why="The two kinds of error hurt different people, so each number must have its name.",
            tries="Return a dictionary with exactly these two names.",
            page=EXERCISE,
        )
    return came


OTHERS = {
    "false_positive": (
        "false positive",
        [
            ("false positive of group", "of group"),
            ("false positive of selected", "of the predicted ones"),
            ("false positive of positives", "of the other label"),
            ("false positive of all", "of group"),
        ],
        "negatives (label 0)",
    ),
    "false_negative": (
        "false negative",
        [
            ("false negative of group", "of group"),
            ("false negative of rejected", "of the predicted ones"),
            ("false negative of negatives", "of the other label"),
            ("false negative of all", "of group"),
        ],
        "positives (label 1)",
    ),
}


def error_numbers(key):
    other = next(name for name in KEYS if name != key)

    def numbers(rates):
        name, wrong, _ = OTHERS[key]
        right = judge.widest(rates[name])
        others = [value for value, *_ in common(rates[name], right) if abs(value - right) > 1e-9]
        others += [judge.widest(rates[title]) for title, _ in wrong]
        return (
            right,
            [*others, judge.widest(rates[OTHERS[other][0]]), judge.widest(rates["wrong"])],
            rates[name],
        )

    return numbers


def known_errors(key, rates):
    name, wrong, whole = OTHERS[key]
    other = next(title for title in KEYS if title != key)
    yield (
        judge.widest(rates[OTHERS[other][0]]),
        "False positives and false negatives are swapped",
        "A false positive is a 1 that was predicted where the label is 0.",
    )
    yield (
        max(judge.widest(rates[OTHERS[title][0]]) for title in KEYS),
        "Both numbers are the larger one of the two gaps",
        "Each name has the gap of its own kind of error.",
    )
    for title, kind in wrong:
        what = {
            "of group": "The errors were divided by everyone instead of by the group's " + whole,
            "of the predicted ones": "The errors were divided by those with that prediction, not by the "
            "group's " + whole,
            "of the other label": "The errors were divided by the wrong label's count, not by the group's "
            + whole,
        }[kind]
        yield judge.widest(rates[title]), what, f"Look at the group's {whole} alone: what share got it wrong?"
    yield (
        judge.widest(rates["wrong"]),
        "The gap is that of all errors, whichever kind they are",
        f"Look at the group's {whole} alone: what share got it wrong?",
    )
    yield from common(rates[name], judge.widest(rates[name]))


def check_errors(student, key):
    name, _, whole = OTHERS[key]
    other = next(title for title in KEYS if title != key)
    every, carried = [], []

    def answers():
        for case in cases(student, f"gaps/{key}", error_numbers(key), OTHERS[other][0]):
            came = number_of(gaps_of(student, case)[key], ERRORS, "two gaps, each one float", EXERCISE)
            every.append(came)
            right = judge.widest(case.rates[name])
            if not measure.near(came, right) and from_own_selection_gap(student, case, key, came):
                carried.append(came)  # selection_gap's mistake was marked there: carried on, it costs nothing
            else:
                yield came, right, known_errors(key, case.rates)

    compare_all(
        student,
        answers(),
        otherwise=(
            f"The number is not the gap between the groups' {name} rates",
            f"For each group: among its {whole}, the share that was predicted wrongly. Then the largest "
            "minus the smallest.",
        ),
        expected=f"the gap between the groups' {name} rates",
        why="Someone who would have repaid and is refused bears a false negative. The rate among such people "
        "is what a group can compare.",
        page=DISCUSSION,
    )
    if carried and measure.near(max(every), min(every)):
        raise Mistake(
            f"The {name} gap is the same number whatever the labels and predictions are",
            expected=f"the gap between the groups' {name} rates",
            came="one number for all inputs",
            why="A number that does not depend on people's outcomes says nothing about them.",
            tries=f"For each group: among its {whole}, the share that was predicted wrongly.",
            page=DISCUSSION,
        )


def from_own_selection_gap(student, case, key, came):
    """Whether ``came`` is what the student's own ``selection_gap`` gives for the right part of the people."""
    label = KEYS.index(key)  # false positives among label 0, false negatives among label 1
    part = case.labels == label
    wrong = case.predictions if label == 0 else 1 - case.predictions
    try:
        own = number_of(student.call(SELECTION, wrong[part], case.groups[part]), SELECTION, "a gap", EXERCISE)
    except (StudentFault, Mistake):
        return False
    return measure.near(own, came) and not measure.near(own, judge.widest(case.rates[OTHERS[key][0]]))


@pytest.mark.points(1)
def test_false_positives(student):
    """the gap in false positive rates: among each group's negatives, the share predicted positive"""
    check_errors(student, "false_positive")


@pytest.mark.points(1)
def test_false_negatives(student):
    """the gap in false negative rates: among each group's positives, the share predicted negative"""
    check_errors(student, "false_negative")
