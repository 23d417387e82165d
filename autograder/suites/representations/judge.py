"""What is right, computed on the trusted side from formulas, in float64 and without the student's code.

This file is not about what is wrong, nor how to say it. Logistic regression is fitted by Newton's method, the
area under the curve is counted pair by pair, CKA comes from inner products of rows, p-values are counted
over all partitions: no code is shared with a solution.

Margins. ``autograder/measure.py`` has the tolerance. Inputs are drawn until right and known wrong results
are far apart (:func:`search`), and until the scores that decide a result are clear of a draw: by ``GAP`` for
the accuracy, by half of it for the area. scikit-learn's own solver, which stops a little early, gave scores
within 0.004 of the exact ones over 30 seeds.
"""

import functools
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch

from autograder.measure import draw

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

GAP = 0.04
APART = 0.004
TRIES = 3000


class Dice:
    """Random numpy arrays from one of the submission's generators."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def normal(self, *shape: int) -> np.ndarray:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64).numpy()

    def uniform(self, *shape: int) -> np.ndarray:
        return torch.rand(*shape, generator=self.generator, dtype=torch.float64).numpy()

    def integers(self, limit: int, *shape: int) -> np.ndarray:
        return torch.randint(limit, shape, generator=self.generator).numpy()

    def order(self, size: int) -> np.ndarray:
        return torch.randperm(size, generator=self.generator).numpy()


def search(seed: int, label: str, make: Callable[[Dice], object | None]) -> object:
    """The first case that ``make`` accepts (not ``None``), drawn from ``seed`` and ``label``."""
    dice = Dice(draw(seed, label))
    for _ in range(TRIES):
        case = make(dice)
        if case is not None:
            return case
    raise RuntimeError(f"no case of '{label}' was accepted")


def apart(right: float, others: Iterable[float]) -> bool:
    """Whether a right number is far from all others, and no two of these are nearly equal."""
    others = list(others)
    if any(abs(right - other) < APART for other in others):
        return False
    return all(not 1e-9 < abs(a - b) < APART for a, b in itertools.combinations(others, 2))


# Probes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """Features ``(n, d)`` and labels ``(n,)`` of a training and a test part."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray

    @property
    def arguments(self) -> tuple[np.ndarray, ...]:
        return self.train, self.train_labels, self.test, self.test_labels

    @property
    def both(self) -> tuple[np.ndarray, np.ndarray]:
        """Both parts as one."""
        rows, labels = [self.train, self.test], [self.train_labels, self.test_labels]
        return np.concatenate(rows), np.concatenate(labels)


def fit(features: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Scores ``(n, classes)`` of a logistic regression with penalty 1/2 |w|^2, by Newton's method.

    Two classes have one weight vector, the difference of two: half as large each, so twice the penalty.
    """
    names = np.unique(labels)
    classes, size = len(names), features.shape[1] + 1
    rows = np.column_stack([features, np.ones(len(features))])
    target = (labels[:, None] == names).astype(float)
    ridge = np.full(size, 2.0 if classes == 2 else 1.0)
    ridge[-1] = 0.0

    def probabilities(weights):
        scores = rows @ weights.T
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def loss(weights):
        scores = rows @ weights.T
        top = scores.max(axis=1)
        normal = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
        return (normal - (scores * target).sum(axis=1)).sum() + (ridge * weights**2).sum() / 2

    weights = np.zeros((classes, size))
    fixed = np.zeros((classes, size, classes, size))
    for one, two in itertools.product(range(classes), repeat=2):
        fixed[one, -1, two, -1] = 1.0  # only differences of intercepts matter: keep their sum at zero
    for _ in range(60):
        shares = probabilities(weights)
        gradient = (shares - target).T @ rows + ridge * weights
        curvature = fixed.copy()
        for one, two in itertools.product(range(classes), repeat=2):
            weight = shares[:, one] * ((one == two) - shares[:, two])
            curvature[one, :, two, :] += (rows * weight[:, None]).T @ rows
            if one == two:
                curvature[one, :, two, :] += np.diag(ridge)
        step = np.linalg.solve(curvature.reshape(classes * size, -1), gradient.reshape(-1))
        step = step.reshape(classes, size)
        length, before = 1.0, loss(weights)
        while loss(weights - length * step) > before + 1e-9 and length > 1e-6:
            length /= 2
        weights = weights - length * step
        if np.abs(step).max() < 1e-9:
            break
    return lambda features: np.column_stack([features, np.ones(len(features))]) @ weights.T


def scale(parts: Parts, by: str = "train") -> Parts:
    """The features standardised. ``by``: whose means and deviations: "train", "all", "each", or "none"."""
    if by == "none":
        return parts
    together, _ = parts.both
    sources = {
        "train": (parts.train, parts.train),
        "all": (together, together),
        "each": (parts.train, parts.test),
    }

    def standardised(rows, source):
        deviation = source.std(axis=0)
        return (rows - source.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)

    first, second = sources[by]
    return Parts(
        standardised(parts.train, first),
        parts.train_labels,
        standardised(parts.test, second),
        parts.test_labels,
    )


def score_probe(parts: Parts, by: str = "train", fitted: str = "train") -> tuple[np.ndarray, Parts]:
    """Scores of the test rows, and the standardised parts. ``fitted`` on "train", "all" or "test"."""
    parts = scale(parts, by)
    chosen = {"train": parts.arguments[:2], "all": parts.both, "test": parts.arguments[2:]}[fitted]
    return fit(*chosen)(parts.test), parts


OPTIONS = {
    "unscaled": {"by": "none"},
    "scaled on all": {"by": "all"},
    "scaled apart": {"by": "each"},
    "fitted on all": {"fitted": "all"},
    "scaled and fitted on all": {"by": "all", "fitted": "all"},
    "fitted on test": {"by": "each", "fitted": "test"},
}
"""How known mistakes standardise and fit: arguments of :func:`score_probe`."""


def right_of(
    parts: Parts,
    measure_of: Callable,
    close_to_change: Callable,
    must_differ: Iterable[str],
    *,
    below: bool = False,
) -> bool:
    """Whether no row is near a draw, and the mistakes in ``must_differ`` lead to other numbers.

    ``below``: the right number is to be smaller than a half, else larger.
    """
    if len(set(parts.test_labels.tolist())) < len(set(parts.train_labels.tolist())):
        return False
    scores, _ = score_probe(parts)
    if close_to_change(scores, parts.test_labels, GAP):
        return False
    right = measure_of(scores, parts.test_labels)
    if not 0.55 < (1 - right if below else right) < 0.95:
        return False
    for name in must_differ:
        scores, _ = score_probe(parts, **OPTIONS[name])
        if close_to_change(scores, parts.test_labels, APART):  # a solver could lead elsewhere: no name then
            return False
        if abs(measure_of(scores, parts.test_labels) - right) <= APART:
            return False
    return True


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """The share of rows whose largest score is that of their label; labels are 0, 1, ..."""
    return float(np.mean(scores.argmax(axis=1) == labels))


def area(scores: np.ndarray, groups: np.ndarray) -> float:
    """The share of pairs (one row of group 1, one of group 0) that the scores put in order."""
    logits = scores[:, 1] - scores[:, 0]
    differences = logits[groups == 1][:, None] - logits[groups == 0][None]
    return float(np.mean((differences > 0) + 0.5 * (differences == 0)))


def results_of(parts: Parts, measure_of: Callable) -> dict[str, float]:
    """The right number, ``right``, and where known mistakes lead."""
    scores, scaled = score_probe(parts)
    train_scores = fit(scaled.train, scaled.train_labels)(scaled.train)
    hard = np.eye(scores.shape[1])[scores.argmax(axis=1)]
    return {
        "right": measure_of(scores, parts.test_labels),
        "on train": measure_of(train_scores, parts.train_labels),
        "hard": measure_of(hard, parts.test_labels),
        "accuracy": accuracy(scores, parts.test_labels),
        **{
            name: measure_of(score_probe(parts, **options)[0], parts.test_labels)
            for name, options in OPTIONS.items()
        },
    }


def make_parts(
    dice: Dice, *, classes: int = 2, columns: int = 4, train: int = 50, test: int = 40, shifted: bool = False
) -> Parts:
    """Labels that follow the features with noise. ``shifted``: other column sizes, the test part elsewhere.

    Otherwise each column has mean 0 and deviation 1 in both parts, so that nothing depends on scaling.
    """
    direction = dice.normal(columns, classes)

    def labelled(rows, noise):
        return (rows @ direction + noise * dice.normal(len(rows), classes)).argmax(axis=1)

    def exact(rows):
        return (rows - rows.mean(axis=0)) / rows.std(axis=0)

    first, second = exact(dice.normal(train, columns)), exact(dice.normal(test, columns))
    if shifted:
        second = second * (0.3 + 1.2 * dice.uniform(columns)) + 0.8 * np.sign(dice.normal(columns))
    first_labels, second_labels = labelled(first, 1.5), labelled(second, 1.5)
    if shifted:
        sizes = np.array([1.0, 30.0, 0.02, 0.1])[np.arange(columns) % 4]
        first, second = (rows * sizes + 2.0 * sizes for rows in (first, second))
    return Parts(first, first_labels, second, second_labels)


def probe_case(
    seed: int, label: str, must_differ: Iterable[str], **options
) -> tuple[Parts, dict[str, float]]:
    """Parts for which the right accuracy is not that of the mistakes in ``must_differ``, and all results."""
    classes = options.get("classes", 2)

    def near_draw(scores, labels, gap):
        ordered = np.sort(scores, axis=1)
        return (ordered[:, -1] - ordered[:, -2]).min() < gap

    def make(dice):
        parts = make_parts(dice, **options)
        if len(set(parts.train_labels.tolist())) < classes:
            return None
        if not right_of(parts, accuracy, near_draw, must_differ):
            return None
        results = results_of(parts, accuracy)
        others = [results["on train"], *(results[name] for name in must_differ)]
        return (parts, results) if apart(results["right"], others) else None

    return search(seed, label, make)


@functools.lru_cache(maxsize=1024)
def area_case(
    seed: int, label: str, must_differ: tuple[str, ...], *, below: bool = False, **options
) -> tuple[Parts, dict[str, float]]:
    """As :func:`probe_case`, with labels that are groups and the area under the curve.

    ``below``: in the test part the groups are exchanged, and so the area is smaller than a half.
    """

    def near_draw(scores, groups, gap):
        logits = scores[:, 1] - scores[:, 0]
        between = np.abs(logits[groups == 1][:, None] - logits[groups == 0][None])
        return min(between.min(), np.abs(logits).min()) < gap / 2

    def make(dice):
        parts = make_parts(dice, train=40, test=18, **options)
        if below:
            parts = replace(parts, test_labels=1 - parts.test_labels)
        if len(set(parts.train_labels.tolist())) < 2:
            return None
        if not right_of(parts, area, near_draw, must_differ, below=below):
            return None
        results = results_of(parts, area)
        right = results["right"]
        others = [1 - right, *(results[name] for name in ("on train", "hard", "accuracy", *must_differ))]
        return (parts, results) if apart(right, others) else None

    return search(seed, label, make)


def nearest_accuracy(train: np.ndarray, labels: np.ndarray, test: np.ndarray, wanted: np.ndarray) -> float:
    """What the rig's probe gives: each test row has the label of the nearest training row."""
    right = 0
    for row, label in zip(test, wanted, strict=True):
        distances = [float(((row - other) ** 2).sum()) for other in train]
        right += labels[distances.index(min(distances))] == label
    return float(right / len(test))


# Comparing representations ---------------------------------------------------------------------------------


def center(rows: np.ndarray) -> np.ndarray:
    """Each column with mean zero."""
    return rows - rows.sum(axis=0) / len(rows)


def alignment(a: np.ndarray, b: np.ndarray) -> float:
    """Linear CKA from the matrices of inner products between rows. No centring here."""
    one, two = a @ a.T, b @ b.T
    return float((one * two).sum() / np.sqrt((one * one).sum() * (two * two).sum()))


# Word associations -----------------------------------------------------------------------------------------


def cosines(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine similarity ``(n, m)`` of each row with each other row, one pair at a time."""
    return np.array([[float(a @ b) / (float(a @ a) * float(b @ b)) ** 0.5 for b in others] for a in rows])


def deviation(scores: np.ndarray, ddof: int = 1) -> float:
    squares = (scores - scores.sum() / len(scores)) ** 2
    return float((squares.sum() / (len(scores) - ddof)) ** 0.5)


@dataclass(frozen=True)
class Partitions:
    """Sums of the first half in every partition of two equal sets, and in the observed one."""

    sums: np.ndarray
    observed: float
    total: float

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> "Partitions":
        pooled = np.concatenate([x, y])
        chosen = np.array(list(itertools.combinations(range(len(pooled)), len(x))))
        return cls(pooled[chosen].sum(axis=1), float(x.sum()), float(pooled.sum()))

    def at_least(self) -> int:
        return int((self.sums >= self.observed - 1e-9).sum())

    def more(self) -> int:
        return int((self.sums > self.observed + 1e-9).sum())

    def at_most(self) -> int:
        return int((self.sums <= self.observed + 1e-9).sum())

    def half(self) -> float:
        """The share at least as large among the partitions that keep the first word: the first half."""
        kept = self.sums[: len(self.sums) // 2]
        return float((kept >= self.observed - 1e-9).mean())

    def both_sides(self) -> int:
        size = abs(2 * self.observed - self.total)
        return int((np.abs(2 * self.sums - self.total) >= size - 1e-9).sum())


# Groups ----------------------------------------------------------------------------------------------------


def share(values: np.ndarray) -> float:
    return float(values.sum() / len(values))


def widest(rates: list[float]) -> float:
    return max(rates) - min(rates)


def rates_of(labels: np.ndarray, predictions: np.ndarray, groups: np.ndarray) -> dict[str, list[float]]:
    """Counted rates, one for each group in ascending order, right ones and those of known mistakes."""
    found: dict[str, list[float]] = {}
    for group in sorted(set(groups.tolist())):
        mine = [
            (int(label), int(prediction))
            for label, prediction, of in zip(labels, predictions, groups, strict=True)
            if of == group
        ]
        count = {
            pair: mine.count(pair) for pair in itertools.product((0, 1), repeat=2)
        }  # (label, prediction)
        negative, positive = count[0, 0] + count[0, 1], count[1, 0] + count[1, 1]
        selected, rejected = count[0, 1] + count[1, 1], count[0, 0] + count[1, 0]
        for name, part, whole in (
            ("selected", selected, len(mine)),
            ("positive", positive, len(mine)),
            ("selected of all", selected, len(labels)),
            ("false positive", count[0, 1], negative),
            ("false negative", count[1, 0], positive),
            ("false positive of group", count[0, 1], len(mine)),
            ("false negative of group", count[1, 0], len(mine)),
            ("false positive of selected", count[0, 1], selected),
            ("false negative of rejected", count[1, 0], rejected),
            ("false positive of positives", count[0, 1], positive),
            ("false negative of negatives", count[1, 0], negative),
            ("false positive of all", count[0, 1], len(labels)),
            ("false negative of all", count[1, 0], len(labels)),
            ("wrong", count[0, 1] + count[1, 0], len(mine)),
        ):
            found.setdefault(name, []).append(part / whole if whole else float("nan"))
    return found


@dataclass(frozen=True)
class Decisions:
    """Labels, predictions (0 or 1) and groups (whole numbers), each ``(n,)``, and their rates."""

    labels: np.ndarray
    predictions: np.ndarray
    groups: np.ndarray

    @property
    def rates(self) -> dict[str, list[float]]:
        return rates_of(self.labels, self.predictions, self.groups)


def decisions_case(
    seed: int, label: str, names: tuple[int, ...], size: int, accept: Callable[[Decisions], bool]
) -> Decisions:
    """Decisions on people of the groups ``names``, in mixed order; every group has all four outcomes."""

    def make(dice):
        places = dice.integers(len(names), size)
        groups = np.array(names)[places]
        base = 0.25 + 0.5 * dice.uniform(len(names))
        labels = (dice.uniform(size) < base[places]).astype(np.int64)
        hit = 0.2 + 0.6 * dice.uniform(2, len(names))
        predictions = (dice.uniform(size) < hit[labels, places]).astype(np.int64)
        case = Decisions(labels, predictions, groups)
        if set(groups.tolist()) != set(names):
            return None
        for group in names:
            mine = groups == group
            if len(set(zip(labels[mine].tolist(), predictions[mine].tolist(), strict=True))) < 4:
                return None
        return case if accept(case) else None

    return search(seed, label, make)
