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
    """Labels, sizes and a seed: (labels, sizes, seed).

    The second plan's classes are so unequal that a small subset shows where each one's first member stands.
    """
    plans = [
        ((42, 18), (10, 20, 40), True),
        ((16, 2, 2), (4, 7, 13, 17), True),
        ((30, 20, 40), (9, 25, 50, 90), False),
        ((25, 55), (7, 8, 9, 33), False),
        ((61, 13), (12, 24, 48, 74), True),
        ((17, 40, 23), (11, 12, 31, 63), True),
        ((70, 15, 15), (3, 13, 40), True),
    ]
    for number, (counts, sizes, ordered) in enumerate(plans if student.full else plans[:3]):
        for again in range(8 if student.full else 6):
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


def gap_of(labels, indices):
    """How many members the class that is furthest from its share has too many or too few."""
    counts, size = Counter(labels[indices].tolist()), len(indices)
    whole = Counter(labels.tolist())
    return max(abs(counts[kind] - size * count / len(labels)) for kind, count in whole.items())


MARKS = [
    (lambda rank, count: rank, "The subsets are balanced, not stratified: each class has equally many"),
    (
        lambda rank, count: rank / count,
        "The marks are i / n: the first member of every class comes before all others",
    ),
    (lambda rank, count: (rank + 1) / count, "The marks are (i + 1) / n: a small class comes too late"),
]
"""Known mistakes: the mark of a class's member, and what it is."""


def first_by(mark, labels, size):
    """How many of each class come first when all are sorted by their marks."""
    marks = [
        (mark(rank, count), kind) for kind, count in Counter(labels.tolist()).items() for rank in range(count)
    ]
    return Counter(kind for _, kind in sorted(marks)[:size])


def share_mistake(labels, found):
    """What is wrong with the classes' shares in these subsets."""
    counts = [Counter(labels[indices].tolist()) for indices in found]
    for mark, name in MARKS:
        if counts == [first_by(mark, labels, len(indices)) for indices in found]:
            return name
    if all(gap_of(labels.sort().values, indices) < 1 - 1e-9 for indices in found):
        return "The indices are places in the sorted labels, not in `labels`"
    return "The subsets are not stratified: a class has not its share of them"


@pytest.mark.points(1)
def test_sizes_and_shares(student):
    """each subset has its size, and each class its share of it"""
    for labels, sizes, seed in cases(student):
        found = subsets_of(student, labels, sizes, seed)
        for indices, size in zip(found, sizes, strict=True):
            gap = gap_of(labels, indices)
            if gap < 1 - 1e-9:
                continue
            raise Mistake(
                share_mistake(labels, found),
                expected=f"of {size}, each class has its share in all labels, rounded up or down",
                came=f"a class is {gap:.1f} away from its share",
                why="Small random subsets lean to one class or the other by chance. The curve then shows "
                "that chance, not the labels' worth.",
                tries="Shuffle each class by itself, give its i-th member the mark (i + 0.5) / n, and sort "
                "all places by their marks.",
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
    # A third of each class is chosen: after a shuffle, so is the next in the file about every third time.
    places = [place for subsets in drawn for place in subsets[0]]
    followed = sum(place + 1 in subsets[0] for subsets in drawn for place in subsets[0])
    if followed > 0.6 * len(places):
        raise Mistake(
            "The places of a class are only shifted, not shuffled: neighbours are chosen together",
            expected="whether a place is chosen says nothing about its neighbour",
            came=f"the next place is chosen, too, for {followed / len(places):.0%} of those chosen",
            **{**words, "tries": "`rng.permutation(places)`, not `np.roll(places, seed)`."},
        )
