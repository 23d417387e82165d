"""The three benefits of transfer as one scorecard: higher start, higher slope, higher asymptote.

After Torrey and Shavlik, "Transfer Learning" (2009), figure 2. Negative transfer is on the same card: a
benefit whose verdict is "worse".
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from transfer_learning.evaluation import Interval, mean_interval

BENEFITS = ("start", "slope", "asymptote")


def scorecard(steps: Sequence, transfer: np.ndarray, baseline: np.ndarray) -> dict:
    """Compare two sets of learning curves, seed by seed.

    - ``start``: the difference at the first step;
    - ``slope``: how much more the curve rises from the first step to the early one, a quarter of the way;
    - ``asymptote``: the difference at the last step.

    Each is a paired mean with its 95% t interval over seeds, and a verdict: ``"better"`` or ``"worse"`` when
    the interval does not hold zero, else ``"undecided"``. When all seeds give exactly the same difference,
    the interval has no width and is no evidence: ``"undecided"``. A steep rise from a lower start is no harm
    and no gain in itself, so read the three together.

    Args:
        steps: what a curve has its values at: training steps, epochs, or numbers of labels; ascending.
        transfer: scores of shape ``(seeds, steps)``.
        baseline: scores of the same shape, row by row with the same seeds.

    Returns:
        The three entries, ``early`` (the step that the slope is measured to), and ``catches_up_at``: the
        first step at which the mean of ``transfer`` is at least that of ``baseline`` at its last step, or
        None.

    Raises:
        ValueError: the shapes do not fit, or there are fewer than two steps or seeds.
    """
    transfer, baseline = np.asarray(transfer, dtype=float), np.asarray(baseline, dtype=float)
    if transfer.shape != baseline.shape or transfer.ndim != 2 or transfer.shape[1] != len(steps):
        raise ValueError(
            f"both need the shape (seeds, {len(steps)}); got {transfer.shape} and {baseline.shape}"
        )
    if min(transfer.shape) < 2:
        raise ValueError(f"a scorecard needs at least two seeds and two steps; got {transfer.shape}")
    early = max(1, (len(steps) - 1) // 4)
    difference = transfer - baseline
    reached = transfer.mean(axis=0) >= baseline.mean(axis=0)[-1]
    return {
        "start": _judged(mean_interval(difference[:, 0])),
        "slope": _judged(mean_interval(difference[:, early] - difference[:, 0])),
        "asymptote": _judged(mean_interval(difference[:, -1])),
        "early": steps[early],
        "catches_up_at": steps[int(reached.argmax())] if reached.any() else None,
    }


def _judged(interval: Interval) -> dict:
    return asdict(interval) | {"verdict": interval.verdict}
