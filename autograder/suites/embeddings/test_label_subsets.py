"""Which labels a learning curve uses: nested, stratified, and drawn from a seed."""

from collections import Counter

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.suites.embeddings import judge
from autograder.suites.embeddings.pages import EXERCISE, LABEL_EFFICIENCY
from autograder.suites.embeddings.reading import indices_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "label_subsets"


def make_labels(seed, label, counts, ordered=False):
    """So many labels of each class; in blocks when ``ordered``."""
    labels = [kind for kind, count in enumerate(counts) for _ in range(count)]
    return torch.tensor(labels if ordered else judge.shuffled(seed, f"labels/{label}", labels))


def cases(student):
    """Labels, sizes and a seed: (labels, sizes, seed)."""
    plans = [
        ((42, 18), (10, 20, 40), True),
        ((30, 20, 40), (9, 25, 50, 90), False),
        ((25, 55), (7, 8, 9, 33), False),
        ((61, 13), (12, 24, 48, 74), True),
        ((17, 40, 23), (11, 12, 31, 63), True),
        ((70, 15, 15), (3, 13, 40), True),
    ]
    for number, (counts, sizes, ordered) in enumerate(plans if student.full else plans[:2]):
        for again in range(4 if student.full else 2):
            seed = int(
                torch.randint(0, 10_000, (), generator=measure.draw(student.seed, f"{number}/{again}"))
            )
            yield make_labels(student.seed, f"{number}", counts, ordered), list(sizes), seed


def subsets_of(student, labels, sizes, seed):
    """The indices for each size, all of them places in ``labels`` and none twice."""
    value = student.call(FUNCTION, labels.numpy(), sizes, seed)
    if type(value).__module__ == "numpy" or isinstance(value, torch.Tensor):
        value = list(value) if value.ndim == 2 else None
    if not isinstance(value, list) or len(value) != len(sizes):
        raise Mistake(
            f"`{FUNCTION}` returns nothing (None)"
            if value is None
            else f"`{FUNCTION}` does not return one subset for each size",
            expected=f"a list of {len(sizes)} arrays of indices, one for each of the sizes {sizes}",
            came=describe(value),
            why="The curve has one point for each size.",
            tries="Start with an empty list, and append the indices for each size.",
            page=EXERCISE,
        )
    found = [indices_of(item, FUNCTION) for item in value]
    for indices, size in zip(found, sizes, strict=True):
        problem = came = None
        if len(set(indices)) != len(indices):
            problem, came = (
                "A subset holds the same index twice",
                f"{len(set(indices))} different of {len(indices)}",
            )
            tries = "Draw without replacement: a permutation, or `replace=False`."
        elif not all(0 <= index < len(labels) for index in indices):
            problem, came = "An index is no place in `labels`", "an index that is too large or negative"
            tries = "`np.flatnonzero(labels == k)` gives the places of class k."
        elif len(indices) != size:
            problem, came = "A subset does not have the size that was asked for", f"{len(indices)} indices"
            tries = "Put all indices into one order, and take the first `size` of them."
        if problem:
            raise Mistake(
                problem,
                expected=f"{size} different places in the {len(labels)} labels",
                came=came,
                why="The horizontal axis of the curve says how many labels were paid for.",
                tries=tries,
                page=LABEL_EFFICIENCY,
            )
    return found


@pytest.mark.points(1)
def test_sizes_and_shares(student):
    """each subset has its size, and each class its share of it"""
    for labels, sizes, seed in cases(student):
        whole = Counter(labels.tolist())
        for indices, size in zip(subsets_of(student, labels, sizes, seed), sizes, strict=True):
            counts = Counter(labels[indices].tolist())
            gap = max(abs(counts[kind] - size * count / len(labels)) for kind, count in whole.items())
            if gap < 1 - 1e-9:
                continue
            what = "The subsets are not stratified: a class has not its share of them"
            if len(set(counts.values())) == 1 and len(counts) == len(whole) and size % len(whole) == 0:
                what = "The subsets are balanced, not stratified: each class has equally many"
            raise Mistake(
                what,
                expected=f"of {size}, each class has its share in all labels, rounded up or down",
                came=f"a class is {gap:.1f} away from its share",
                why="Small random subsets lean to one class or the other by chance. The curve then shows "
                "that chance, not the labels' worth.",
                tries="Shuffle each class by itself, then merge the classes evenly.",
                page=LABEL_EFFICIENCY,
            )


@pytest.mark.points(1)
def test_nested(student):
    """each subset holds the smaller ones"""
    for labels, sizes, seed in cases(student):
        found = subsets_of(student, labels, sizes, seed)
        for smaller, larger, size in zip(found, found[1:], sizes[1:], strict=False):
            lost = set(smaller) - set(larger)
            if lost:
                raise Mistake(
                    "The subsets are not nested: a larger one does not hold the smaller one",
                    expected=f"the subset of {size} holds all indices of the one before it",
                    came=f"{len(lost)} of {len(smaller)} are missing",
                    why="In life one adds labels to those one has. And between two points of the curve only "
                    "the number of labels should change, not which they are.",
                    tries="Draw one order for all sizes. Each subset is the beginning of it.",
                    page=LABEL_EFFICIENCY,
                )


@pytest.mark.points(1)
def test_seeds(student):
    """the same seed gives the same subsets, another one gives others, and every label may be chosen"""
    labels, sizes = make_labels(student.seed, "seeds", (36, 24), ordered=True), [20, 30]
    start = int(torch.randint(0, 10_000, (), generator=measure.draw(student.seed, "first seed")))
    drawn = []
    for seed in range(start, start + (60 if student.full else 40)):
        drawn.append([frozenset(subset) for subset in subsets_of(student, labels, sizes, seed)])
    again = [frozenset(subset) for subset in subsets_of(student, labels, sizes, start)]
    words = {
        "why": "One draw is an accident. Several seeds show how much the accident matters, and the same seed "
        "lets somebody else repeat it.",
        "tries": "`rng = np.random.default_rng(seed)`, and draw all that is random from `rng`.",
        "page": LABEL_EFFICIENCY,
    }
    if again != drawn[0]:
        raise Mistake(
            "The same seed does not give the same subsets",
            expected="equal subsets from equal seeds",
            came="other subsets at the second call",
            **words,
        )
    if len({subsets[0] for subsets in drawn}) < len(drawn):
        same = len({subsets[0] for subsets in drawn}) == 1
        raise Mistake(
            "The seed makes no difference: every seed gives the same subset"
            if same
            else "Different seeds give the same subset",
            expected="another subset from another seed",
            came="the same indices",
            **words,
        )
    never = set(range(len(labels))) - set().union(*(subsets[1] for subsets in drawn))
    if never:
        raise Mistake(
            "Some labels are never chosen, whatever the seed is",
            expected="every place in `labels` comes up for some seeds",
            came=f"{len(never)} of {len(labels)} never do",
            **{**words, "tries": "Shuffle the places of every class, before you take any of them."},
        )
