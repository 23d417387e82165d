"""How words lean towards one set of attribute words or another, and the effect size of two sets."""

import numpy as np
import pytest
import torch

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import measured, returned_tensor
from autograder.suites.representations import judge
from autograder.suites.representations.pages import EMBEDDING, EXERCISE
from autograder.suites.representations.reading import compare_all, number_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

ASSOCIATION = "association"
EFFECT = "weat_effect"


def associations(vectors, a, b):
    """The right scores and where known mistakes lead."""
    to_a, to_b = judge.cosines(vectors, a), judge.cosines(vectors, b)

    def unit(rows):
        return rows / (rows * rows).sum(axis=1, keepdims=True) ** 0.5

    def difference(compare_rows):
        return compare_rows(vectors, a).mean(axis=1) - compare_rows(vectors, b).mean(axis=1)

    right = to_a.mean(axis=1) - to_b.mean(axis=1)
    centre_a, centre_b = a.mean(axis=0)[None], b.mean(axis=0)[None]
    return {
        "right": right,
        "dot": difference(lambda rows, others: rows @ others.T),
        "distance": difference(lambda rows, others: ((rows[:, None] - others[None]) ** 2).sum(axis=2) ** 0.5),
        "closeness": difference(
            lambda rows, others: -(((rows[:, None] - others[None]) ** 2).sum(axis=2) ** 0.5)
        ),
        "centre": (judge.cosines(vectors, centre_a) - judge.cosines(vectors, centre_b))[:, 0],
        "words only": difference(lambda rows, others: unit(rows) @ others.T),
        "attributes only": difference(lambda rows, others: rows @ unit(others).T),
        "sum": to_a.sum(axis=1) - to_b.sum(axis=1),
        "sign": -right,
        "first": to_a.mean(axis=1),
        "absolute": np.abs(right),
        "cosine distance": -right,
    }


def known_association(found):
    lengths = "Divide each vector by its length, the words' and the attributes', before the products."
    yield found["dot"], "The dot product was used instead of cosine similarity", lengths
    for name in ("distance", "closeness"):
        yield (
            found[name],
            "The Euclidean distance was used instead of cosine similarity",
            "Cosine similarity is the dot product of two vectors of length 1.",
        )
    yield (
        found["centre"],
        "Each word was compared with the mean vector of the attribute words",
        "Compute the cosine with each attribute word, then take the mean of the cosines.",
    )
    yield found["words only"], "The attribute vectors were not divided by their lengths", lengths
    yield found["attributes only"], "The words' vectors were not divided by their lengths", lengths
    yield (
        found["sum"],
        "The cosines were added up instead of averaged",
        "A and B may have different numbers of words: take the mean over each.",
    )
    yield (
        found["sign"],
        "The sign of the association is swapped: it is that with B minus that with A",
        "A word nearer to A has a positive score.",
    )
    yield found["first"], "The association with B was not subtracted", "Mean cosine with A minus that with B."
    yield found["absolute"], "The sign of the association was lost", "Leave `abs` out."


def check_association(student, label, *, lengths, sizes):
    def make(dice):
        def rows(count):
            drawn = dice.normal(count, 5)
            drawn /= (drawn * drawn).sum(axis=1, keepdims=True) ** 0.5
            return drawn * (0.4 + 3 * dice.uniform(count, 1)) if lengths else drawn

        vectors, a, b = rows(7), rows(sizes[0]) + 0.3, rows(sizes[1]) - 0.2
        if not lengths:
            a, b = (part / (part * part).sum(axis=1, keepdims=True) ** 0.5 for part in (a, b))
        found = associations(vectors, a, b)
        names = [name for name in found if name not in ("right", "cosine distance")]
        if not lengths:
            names = [name for name in names if name not in ("dot", "words only", "attributes only")]
        clear = all(np.abs(found[name] - found["right"]).max() > 0.02 for name in names)
        return (vectors, a, b, found) if clear else None

    vectors, a, b, found = judge.search(student.seed, label, make)
    came = student.call(ASSOCIATION, vectors, a, b)
    if isinstance(came, list) and came and all(isinstance(item, float) for item in came):
        came = torch.tensor(came, dtype=torch.float64)
    came = returned_tensor(came, ASSOCIATION, "one score for each word", EXERCISE, shape=(len(vectors),))
    right = torch.from_numpy(found["right"])
    if measure.close(came, right):
        return
    what, tries = next(
        (
            (name, mend)
            for value, name, mend in known_association(found)
            if measure.close(came, torch.from_numpy(value))
        ),
        (
            "The scores are not differences of mean cosine similarities",
            "For each word: the mean of its cosines with the words of A, minus that for B.",
        ),
    )
    raise Mistake(
        what,
        expected="for each word, its mean cosine with A minus its mean cosine with B",
        came=measured(
            student, f"scores that differ by up to {measure.distance(came, right):.2g}", "other scores"
        ),
        why="A vector's length follows how often a word occurs. The cosine leaves it out, so that "
        "frequent words "
        "do not count more.",
        tries=tries,
        page=EMBEDDING,
    )


@pytest.mark.points(1)
def test_association_of_unit_vectors(student):
    """each word's mean similarity with A minus that with B (vectors of length one)"""
    for number in range(3 if student.full else 1):
        check_association(student, f"association/unit {number}", lengths=False, sizes=(3 + number, 5))


@pytest.mark.points(1)
def test_association_is_cosine(student):
    """vectors of any length: the similarity is the cosine"""
    for number in range(3 if student.full else 1):
        check_association(student, f"association/cosine {number}", lengths=True, sizes=(6, 4 + 3 * number))


def effects(x, y):
    """The right effect size and where known mistakes lead."""
    difference = float(x.mean() - y.mean())
    both = np.concatenate([x, y])
    variances = judge.deviation(x) ** 2, judge.deviation(y) ** 2
    inside = ((len(x) - 1) * variances[0] + (len(y) - 1) * variances[1]) / (len(both) - 2)
    return {
        "right": difference / judge.deviation(both),
        "population": difference / judge.deviation(both, ddof=0),
        "first": difference / judge.deviation(x),
        "first population": difference / judge.deviation(x, ddof=0),
        "second": difference / judge.deviation(y),
        "second population": difference / judge.deviation(y, ddof=0),
        "inside": difference / inside**0.5,
        "inside mean": difference / (sum(variances) / 2) ** 0.5,
        "variance": difference / judge.deviation(both) ** 2,
        "none": difference,
        "sums": float(x.sum() - y.sum()) / judge.deviation(both),
        "t": difference / (variances[0] / len(x) + variances[1] / len(y)) ** 0.5,
    }


def known_effect(found):
    together = "Join both sets of scores: `np.concatenate([scores_x, scores_y]).std(ddof=1)`."
    yield (
        -found["right"],
        "The sign of the effect is swapped: it is Y minus X",
        "The mean of `scores_x` comes first.",
    )
    yield (
        abs(found["right"]),
        "The sign of a negative effect was lost",
        "Leave `abs` out: a negative effect says that Y leans more towards A.",
    )
    yield (
        found["population"],
        "The standard deviation divides by n instead of n - 1",
        "numpy divides by n unless it is told otherwise: `std(ddof=1)`.",
    )
    for name in ("first", "first population", "second", "second population"):
        side = "X" if name.startswith("first") else "Y"
        yield (
            found[name],
            f"The standard deviation is that of {side} alone, not of X and Y together",
            together,
        )
    for name in ("inside", "inside mean"):
        yield (
            found[name],
            "The standard deviation is the one inside the two sets (Cohen's d), not of X and Y together",
            together,
        )
    yield (
        found["variance"],
        "The difference was divided by the variance",
        "Divide by its root, the deviation.",
    )
    yield found["none"], "The difference was not divided by the standard deviation", together
    yield (
        found["sums"],
        "The scores were added up instead of averaged",
        "X and Y may differ in size: use means.",
    )
    yield found["t"], "The result is a t statistic, which grows with the number of words", together


@pytest.mark.points(1)
def test_effect_size(student):
    """the effect size: difference of means over the standard deviation of all scores together"""

    def case(number):
        def make(
            dice, sizes=(6 + number, 6 + number if number % 2 else 9), lean=(-0.1, 0.1, 0.1)[number % 3]
        ):
            x, y = 0.15 * dice.normal(sizes[0]) + lean, 0.1 * dice.normal(sizes[1])
            found = effects(x, y)
            right = found.pop("right")
            clear = judge.apart(right, [-right, *found.values()]) and 0.2 < abs(right) < 1.6
            return (x, y) if clear else None

        x, y = judge.search(student.seed, f"effect {number}", make)
        found = effects(x, y)
        came = number_of(student.call(EFFECT, x, y), EFFECT, "the effect size, one float", EXERCISE)
        return came, found["right"], known_effect(found)

    compare_all(
        student,
        (case(number) for number in range(5 if student.full else 2)),
        otherwise=(
            "The number is not the effect size of the text",
            "(mean of `scores_x` - mean of `scores_y`) / standard deviation of all scores, with `ddof=1`.",
        ),
        expected="difference of the means over the standard deviation of all scores, n - 1 in its "
        "denominator",
        why="In units of the spread among all words, effects of different word lists can be compared. One "
        "agreed formula makes your number comparable with a published one.",
        page=EXERCISE,
    )
