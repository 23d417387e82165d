"""A permutation test: how often a random partition of the words gives an effect as large as the observed one.

Sampled p-values are compared with the exact one of all partitions, within ``SIGMAS`` standard deviations of
the sampling. Over 30 seeds the largest deviation of a right answer was 3.5 of the 6 allowed, and the smallest
of a wrong one 13.
"""

import itertools

import numpy as np
import pytest

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import measured
from autograder.suites.representations import judge
from autograder.suites.representations.pages import EXERCISE
from autograder.suites.representations.reading import compare_all, number_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "permutation_p"
WHAT = "a p-value, one float above 0 and at most 1"
SIGMAS = 6
LAST_DIGIT = (
    "The 1e-9 is missing: sums in another order differ in the last digit, and some ties are lost",
    "Count a partition when its difference is at least the observed one minus `1e-9`.",
)
"""The mistake's name and its mend. Where sums are exact, it leads to the right number."""
WHY = (
    "The p-value says how surprising the observed effect is when the two sets of words are one set, split by "
    "chance."
)
COUNTED = (
    "The observed partition is one of those that chance may give. Count it: then p is never 0, which "
    "would say "
    "'impossible' after a finite number of tries."
)


def ask(student, x, y, rounds, seed=3):
    return number_of(student.call(FUNCTION, x, y, rounds, seed), FUNCTION, WHAT, EXERCISE)


def on_grid(dice, size, shift):
    """Scores on a grid of 1/16, so that sums are exact and ties are real ties."""
    return (np.round(dice.normal(size) * 8) + shift) / 16


@pytest.mark.points(1)
def test_all_partitions(student):
    """few words: exactly the share of all equal-size partitions that are at least as extreme"""
    answers = [last_digit(student, number) for number in range(2 if student.full else 1)]
    plans = [(3, 20, 3), (4, 200, 6), (4, 70, 0), (3, 500, 2), (5, 252, 4)]
    for number, (size, rounds, shift) in enumerate(plans if student.full else plans[:2]):

        def make(dice, size=size, shift=shift, rounds=rounds):
            x, y = on_grid(dice, size, shift), on_grid(dice, size, 0)
            found = judge.Partitions.of(x, y)
            count = len(found.sums)
            numbers = [found.more(), found.at_most(), found.both_sides(), count - found.at_least()]
            if found.at_least() in numbers or found.at_least() < 2 or found.at_least() > 0.45 * count:
                return None
            shares = [value / count for value in numbers] + [(found.at_least() - 1) / (count - 1)]
            shares += [(found.at_least() + 1) / (count + 1), (found.at_least() - 1) / count, found.half()]
            right = found.at_least() / count
            return (x, y, found) if all(abs(right - share) > 0.001 for share in shares) else None

        x, y, found = judge.search(student.seed, f"p/exact {number}", make)
        came, right = ask(student, x, y, rounds), found.at_least() / len(found.sums)
        answers.append((came, right, [*known_exact(found, rounds, came), (right, *LAST_DIGIT)]))
    compare_all(
        student,
        answers,
        otherwise=(
            "The p-value is not the share of all partitions that are at least as extreme",
            "Go through `itertools.combinations(range(2 * m), m)`: each is one choice of words for X. Count "
            "a partition when its difference is at least the observed one minus `1e-9`.",
        ),
        expected="the share among all partitions, counting those with a difference at least as large",
        why=WHY,
        page=EXERCISE,
    )


def last_digit(student, number):
    """Tenths are no binary fractions: equal differences of means differ in the last digit."""

    def make(dice):
        x, y = np.round(dice.normal(4) * 3 + 2) / 10, np.round(dice.normal(4) * 3) / 10
        found = judge.Partitions.of(x, y)
        counts = without_tolerance(x, y)
        hits, count = found.at_least(), len(found.sums)
        others = {hits, found.at_most(), found.both_sides(), count - hits}
        clear = hits < 0.45 * count and max(counts) < hits - 1 and found.more() > 2 and len(others) == 4
        return (x, y, found) if clear else None

    x, y, found = judge.search(student.seed, f"p/digit {number}", make)
    came, count = ask(student, x, y, 100), len(found.sums)
    known = [*known_exact(found, 100, came)]
    if found.more() / count < came < found.at_least() / count:
        known += [(came, *LAST_DIGIT)]
    return came, found.at_least() / count, known


def without_tolerance(x, y):
    """How many partitions count when equal numbers must be equal to the last digit, by several formulas."""
    pooled, m = np.concatenate([x, y]), len(x)
    own, total = x.mean() - y.mean(), pooled.sum()
    counts = np.zeros(5, dtype=int)
    for chosen in itertools.combinations(range(len(pooled)), m):
        new_x, new_y = pooled[list(chosen)], np.delete(pooled, chosen)
        counts += [
            new_x.mean() - new_y.mean() >= own,
            (new_x.sum() - (total - new_x.sum())) / m >= own,
            new_x.sum() / m - (total - new_x.sum()) / m >= own,
            new_x.sum() >= x.sum(),
            sum(new_x.tolist()) / m - sum(new_y.tolist()) / m >= own,
        ]
    return counts


def known_exact(found, rounds, came):
    count, hits = len(found.sums), found.at_least()
    for value in ((hits - 1) / count, (hits - 1) / (count - 1)):
        yield value, "The observed partition is not counted", COUNTED
    yield (
        (hits + 1) / (count + 1),
        "The observed partition is counted twice",
        "Among all partitions it is there already. The extra one belongs to random partitions only.",
    )
    yield (
        found.more() / count,
        "Partitions with the same difference as the observed one are not counted: > instead of >=",
        "Count a partition when its difference is at least as large, within 1e-9.",
    )
    yield (
        found.both_sides() / count,
        "The test is two-sided: partitions with an effect in the other direction are counted too",
        "Leave `abs` out: the question is whether X leans to A more than Y does.",
    )
    for value in (found.at_most() / count, (count - hits) / count):
        yield (
            value,
            "The p-value is that of the other side: it counts partitions with a smaller difference",
            "Count the partitions whose difference is at least as LARGE as the observed one.",
        )
    yield (
        found.half(),
        "Only the partitions that keep the first word in X were counted",
        "The other half is not the same seen from the other side: a test of one side needs all of them.",
    )
    whole = came * (rounds + 1)
    if measure.near(whole, round(whole)) and rounds >= count:
        yield (
            came,
            "The partitions were drawn at random although all of them could be gone through",
            "When `math.comb(2 * m, m) <= rounds`, go through all of them.",
        )


@pytest.mark.points(1)
def test_never_zero(student):
    """many words: of random partitions and the observed one, the share at least as extreme, never 0"""
    for number in range(3 if student.full else 1):
        dice = judge.Dice(judge.draw(student.seed, f"p/sampled {number}"))
        size, rounds = 18 + number, 19 + 5 * number
        low, high = dice.uniform(size), dice.uniform(size) + 2
        same = np.full(size, 0.25)
        # In the first plan no random partition is as extreme (the chance is below 1 in 10 million).
        plans = ((high, low, 1 / (rounds + 1)), (low, high, 1.0), (same, same.copy(), 1.0))
        answers = []
        for place, (x, y, right) in enumerate(plans):
            came = ask(student, x, y, rounds)
            answers.append((came, right, known_sampled(rounds, place)))
        compare_all(
            student,
            answers,
            otherwise=(
                "The p-value is not (1 + hits) / (1 + rounds)",
                "hits: how many of the `rounds` random partitions have a difference at least as large.",
            ),
            expected="(1 + hits) / (1 + rounds): the observed partition counts as one",
            why=COUNTED,
            page=EXERCISE,
        )


def known_sampled(rounds, place):
    """Where known mistakes lead in the three cases: no partition, every one, and every one by a tie."""
    least, almost = 1 / (rounds + 1), rounds / (rounds + 1)
    formula = "p = (1 + hits) / (1 + rounds)."
    for numbers in ((0.0, 1.0, 1.0), (0.0, almost, almost)):
        yield numbers[place], "The observed partition is not counted among the random ones: p is 0", formula
    yield (
        (1 / rounds, 1 + 1 / rounds, 1 + 1 / rounds)[place],
        "The number of partitions is not rounds but rounds + 1: the observed one is counted above only",
        formula,
    )
    yield (
        (least, almost, almost)[place],
        "One random partition too few was drawn",
        "Draw as many random partitions as `rounds` says. The observed one comes on top.",
    )
    yield (
        (1.0, least, 1.0)[place],
        "The p-value is that of the other side: it counts partitions with a smaller difference",
        "Count the partitions whose difference is at least as LARGE as the observed one.",
    )
    yield (
        (least, least, 1.0)[place],
        "The test is two-sided: X leans less than Y, and yet p is small",
        "Leave `abs` out, and count differences at least as large as the observed one.",
    )
    for numbers in ((least, 1.0, least), (0.0, 1.0, 0.0)):
        yield (
            numbers[place],
            "Partitions with the same difference as the observed one are not counted: > instead of >=",
            "Count a partition when its difference is at least as large, within 1e-9.",
        )


@pytest.mark.points(1)
def test_sampled_partitions(student):
    """many words: random partitions give nearly the exact p-value, and the seed decides"""
    size, rounds = 8, 3000
    for number in range(3 if student.full else 1):
        dice = judge.Dice(judge.draw(student.seed, f"p/near {number}"))
        noise = 0.25 * dice.normal(size)
        lone = np.zeros(size)
        lone[number] = 5.0
        plans = [
            ("paired", noise + 0.05, noise.copy()),
            ("lone", lone, np.zeros(size)),
            ("plain", *plain(student, number, size)),
        ]
        for name, x, y in plans:
            found = judge.Partitions.of(x, y)
            right = found.at_least() / len(found.sums)
            came = ask(student, x, y, rounds)
            spread = SIGMAS * (right * (1 - right) / rounds) ** 0.5 + 1 / rounds
            if abs(came - right) > spread:
                refuse(student, name, came, right, found, spread, x, y)
        repeated(student, plans[2][1], plans[2][2], rounds)


def plain(student, number, size):
    """Two sets whose p-value is neither tiny nor large."""

    def make(dice):
        x, y = dice.normal(size) + 0.4, dice.normal(size)
        found = judge.Partitions.of(x, y)
        return (x, y) if 0.1 < found.at_least() / len(found.sums) < 0.3 else None

    return judge.search(student.seed, f"p/plain {number}", make)


def refuse(student, name, came, right, found, spread, x, y):
    """Raise the :class:`Mistake` for a sampled p-value that is too far from the exact one."""
    count = len(found.sums)
    moves = x - y
    signs = np.array(np.meshgrid(*[[1, -1]] * len(x))).reshape(len(x), -1).T
    swapped = float((signs @ moves >= moves.sum() - 1e-9).mean())
    known = [
        (
            found.both_sides() / count,
            "The test is two-sided: partitions with an effect in the other direction are counted too",
            "Leave `abs` out: the question is whether X leans to A more than Y does.",
        ),
        (
            found.at_most() / count,
            "The p-value is that of the other side: it counts partitions with a smaller difference",
            "Count the partitions whose difference is at least as LARGE as the observed one.",
        ),
        (
            found.more() / count,
            "Partitions with the same difference as the observed one are not counted: > instead of >=",
            "Count a partition when its difference is at least as large, within 1e-9.",
        ),
        (
            swapped,
            "Words were swapped within pairs, but X and Y are not pairs",
            "Mix all words of X and Y and take any m of them as the new X.",
        ),
    ]
    what, tries = next(
        ((words, mend) for value, words, mend in known if abs(came - value) <= spread),
        (
            "The random partitions are not partitions into two sets of equal size, each word used once"
            if name == "lone"
            else "The sampled p-value is too far from the exact one",
            "`rng.permutation(pooled)`: its first m scores are the new X, the rest the new Y.",
        ),
    )
    raise Mistake(
        what,
        expected="a p-value near that of all partitions" + measured(student, f", {right:.4f}", ""),
        came=measured(student, f"{came:.4f}", "one further away than chance allows"),
        why=WHY,
        tries=tries,
        page=EXERCISE,
    )


def repeated(student, x, y, rounds):
    """The same seed twice gives the same p-value; five seeds do not all give one."""
    first, *others = (ask(student, x, y, rounds, seed) for seed in (3, 3, 4, 5, 6, 7))
    if not measure.near(first, others[0]):
        raise Mistake(
            "The same seed gives another p-value the second time",
            expected="the same scores, rounds and seed give the same p",
            came="two different numbers",
            why="Nobody could repeat your test.",
            tries="Make the generator from the seed in the function: `np.random.default_rng(seed)`.",
            page=EXERCISE,
        )
    if all(other == first for other in others):
        raise Mistake(
            "The seed is not used: every seed gives the same random partitions",
            expected="other seeds give slightly other p-values",
            came="the same p-value for five seeds",
            why="Several seeds show how exact a sampled p-value is.",
            tries="Give the seed to the generator: `np.random.default_rng(seed)`.",
            page=EXERCISE,
        )
