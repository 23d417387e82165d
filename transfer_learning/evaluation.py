"""How good a model is, and how sure we are of it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

# An interval narrower than this has no width: its values agree, up to how numbers are rounded.
AGREE = 1e-9


@dataclass(frozen=True)
class Interval:
    """A mean with its 95% interval ``low`` to ``high``, over ``n`` values."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def verdict(self) -> str:
        """Of a difference: ``"better"`` or ``"worse"`` when the interval does not hold zero, else
        ``"undecided"``. An interval without width is no evidence, and undecided too.
        """
        if self.high - self.low < AGREE:
            return "undecided"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "undecided"


def accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    """The share of samples classified rightly."""
    return float(np.mean(np.asarray(labels) == np.asarray(predictions)))


def balanced_accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    """The mean, over classes, of the share of that class classified rightly: a large class counts no more
    than a small one. Guessing gives one divided by the number of classes.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    return float(np.mean([np.mean(predictions[labels == label] == label) for label in np.unique(labels)]))


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Counts, shape ``(classes, classes)``: row = true class, column = predicted class."""
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (np.asarray(labels), np.asarray(predictions)), 1)
    return matrix


def mean_interval(values: list[float]) -> Interval:
    """The mean of independent values and its 95% t interval. At least two values."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        raise ValueError(f"an interval needs at least two values; got {len(values)}")
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return Interval(
        float(values.mean()), float(values.mean() - half), float(values.mean() + half), len(values)
    )


def bootstrap_interval(
    scores: np.ndarray, groups: list[str], *, draws: int = 4000, seed: int = 0
) -> Interval:
    """The mean of ``scores`` and a 95% interval for both reasons it could have come out otherwise: other
    seeds, and other test photos.

    Each draw takes seeds with replacement and test groups with replacement (photos of one group are alike, so
    they are drawn together), and averages what it got.

    Args:
        scores: shape ``(seeds, samples)``: 1 where that seed's model was right, or a paired difference.
        groups: one a sample.
    """
    scores = np.asarray(scores, dtype=float)
    seeds, _ = scores.shape
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.zeros((seeds, len(names)))
    np.add.at(sums.T, member, scores.T)
    sizes = np.bincount(member, minlength=len(names))

    seed_counts, group_counts = _bootstrap_counts(seeds, len(names), draws, seed)
    totals = np.einsum("dg,dg->d", seed_counts @ sums, group_counts)
    means = totals / (seeds * (group_counts @ sizes))
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(scores.mean()), float(low), float(high), seeds)


# A study asks for hundreds of intervals over the same seeds and test groups, and drawing is what takes long.
@lru_cache(maxsize=2)
def _bootstrap_counts(seeds: int, groups: int, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each draw takes each seed and each group: shapes ``(draws, seeds)``, ``(draws, groups)``."""
    random = np.random.default_rng(seed)
    counts = [random.multinomial(size, np.full(size, 1 / size), size=draws) for size in (seeds, groups)]
    return counts[0].astype(float), counts[1].astype(float)
