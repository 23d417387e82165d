"""What is right, computed on the trusted side from formulas, in float64 and without a classifier or network.

This file is not about how to say what is wrong. Beside what is right it computes where known mistakes lead.

Margins. ``autograder/measure.py`` has the tolerance, and ``tools/audit_suites.py`` measures
how far right and wrong answers stay from it, over 30 seeds. Inputs are drawn again until known mistakes lead
at least ``CLEAR`` away from what is right.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

from autograder.measure import draw

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

CLEAR = 3e-3


# Task 1: the proxy A-distance of a classifier that answers as the nearest training row.


def predictions(train: Tensor, domains: Tensor, rows: Tensor) -> Tensor:
    """The domain of the training row nearest to each of ``rows``; those of domain 1 count as farther away."""
    squares = ((rows[:, None] - train) ** 2).sum(dim=2)
    return domains[(squares * (1 + domains)).argmin(dim=1)]


HALVES = {
    "even": lambda rows: (rows[::2], rows[1::2]),
    "odd": lambda rows: (rows[1::2], rows[::2]),
    "first": lambda rows: (rows[: len(rows) // 2], rows[len(rows) // 2 :]),
    "seen": lambda rows: (rows[::2], rows[::2]),
    "all": lambda rows: (rows[::2], rows),
}


def shares_wrong(
    source: Tensor, target: Tensor, of_source: str = "even", of_target: str = "even"
) -> tuple[float, float]:
    """The shares of rows of each domain that the classifier gets wrong.

    How each domain is split: "even": trained on rows 0, 2, ..., measured on the others; "odd": the other way
    round; "first": trained on the first half, measured on the second; "seen": measured on rows trained on;
    "all": measured on every row.
    """
    (s_train, s_rest), (t_train, t_rest) = HALVES[of_source](source), HALVES[of_target](target)
    train = torch.cat([s_train, t_train])
    domains = torch.cat([torch.zeros(len(s_train)), torch.ones(len(t_train))])
    wrong_s = (predictions(train, domains, s_rest) != 0).double().mean().item()
    wrong_t = (predictions(train, domains, t_rest) != 1).double().mean().item()
    return wrong_s, wrong_t


def a_distance(error: float) -> float:
    return 2 * (1 - 2 * min(error, 0.5))


def wrong_distances(source: Tensor, target: Tensor) -> Iterator[tuple[str, float]]:
    """Where known mistakes lead, by name. The most telling first: small data may not tell all apart."""

    def distance(*halves: str) -> float:
        return a_distance(sum(shares_wrong(source, target, *halves)) / 2)

    wrong = shares_wrong(source, target)
    yield "seen", distance("seen", "seen")
    yield "all rows", distance("all", "all")
    yield "one seen", distance("seen", "even")
    yield "one seen", distance("even", "seen")
    if len(source) != len(target):
        yield "one pot", a_distance(pooled(source, target, wrong))
        n = min(len(source), len(target))
        yield "cut to one size", a_distance(sum(shares_wrong(source[:n], target[:n])) / 2)
    for name, formula in FORMULAS.items():
        yield name, formula(sum(wrong) / 2)
    yield "halves swapped", distance("odd", "odd")
    yield "first half", distance("first", "first")
    yield "coded 1 and 0", a_distance(sum(shares_wrong(target, source)) / 2)
    # Every second row of both domains in a row: after an odd number of rows the other halves are swapped.
    if len(source) % 2:
        yield "joined", distance("even", "odd")
    if len(target) % 2:
        yield "joined", distance("odd", "even")


def draw_domains(seed: int, label: str, sizes: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Two overlapping clouds whose distances, right and wrong, are clear of each other."""
    generator = draw(seed, label)
    while True:
        source, target = (torch.randn(n, 2, generator=generator).double() for n in sizes)
        target = target + 1.2
        error = sum(shares_wrong(source, target)) / 2
        if not 0.1 < error < 0.45:
            continue
        known = [("right", a_distance(error)), *wrong_distances(source, target)]
        if all(
            abs(value - other) > CLEAR
            for index, (name, value) in enumerate(known)
            for other_name, other in known[:index]
            if name != other_name
        ):
            return source, target


def pooled(source: Tensor, target: Tensor, wrong: tuple[float, float]) -> float:
    """The share of all held-out rows that are wrong, whichever domain they are of."""
    sizes = len(source[1::2]), len(target[1::2])
    return (wrong[0] * sizes[0] + wrong[1] * sizes[1]) / sum(sizes)


FORMULAS = {
    "no factor": lambda error: 1 - 2 * error,
    "not doubled": lambda error: 2 * (1 - error),
    "accuracy": lambda error: 1 - error,
    "error": lambda error: error,
    "four errors": lambda error: 4 * error,
    "sign": lambda error: 2 * (2 * error - 1),
}


def draw_worse_than_guessing(seed: int, label: str) -> tuple[Tensor, Tensor, float]:
    """Two domains for which the nearest training row is mostly of the other domain, and the error.

    There are places far from each other. At each of them the training row of the source has one held-out row
    as its neighbour, and the training row of the target the other: mostly that of the wrong domain. At the
    last place there are training rows only. The two domains are wrong at different numbers of places: no
    known mistake then leads to the same distance as another.
    """
    generator = draw(seed, label)
    places = 10
    contrary = ((9, 6), (6, 9))[int(torch.randint(0, 2, (1,), generator=generator))]
    rows: tuple[list, list] = [], []
    for place in range(places + 1):
        spots = torch.tensor([[9.0 * place, 0.0], [9.0 * place, 3.0]])
        for domain in (0, 1):
            beside = 1 - domain if place < contrary[domain] else domain
            near = [domain, beside] if place < places else [domain]  # a training row, then a held-out row
            rows[domain].extend(spots[k] + torch.randn(2, generator=generator) * 0.1 for k in near)
    source, target = (torch.stack(part).double() for part in rows)
    return source, target, sum(contrary) / places / 2


# Task 2: instance weights.


def ratios(p_target: Tensor, n_source: int, n_target: int) -> Tensor:
    return p_target * n_source / ((1 - p_target) * n_target)


def mean_one(values: Tensor) -> Tensor:
    return values * len(values) / values.sum()


def instance_weights(p_target: Tensor, n_source: int, n_target: int, largest: float) -> Tensor:
    return mean_one(ratios(p_target, n_source, n_target).clamp(max=largest))


def wrong_weights(
    p_target: Tensor, n_source: int, n_target: int, largest: float
) -> Iterator[tuple[str, Tensor]]:
    """Where known mistakes lead, by name."""
    right = ratios(p_target, n_source, n_target)
    odds = ratios(p_target, 1, 1)
    yield "inverted", instance_weights(1 - p_target, n_target, n_source, largest)
    yield "inverted", instance_weights(1 - p_target, n_source, n_target, largest)
    yield "inverted", 1 / right
    yield "not normalised", right.clamp(max=largest)
    yield "sum one", right.clamp(max=largest) / right.clamp(max=largest).sum()
    yield "no sizes", mean_one(odds.clamp(max=largest))
    yield "no sizes", odds.clamp(max=largest)
    yield "sizes inverted", instance_weights(p_target, n_target, n_source, largest)
    yield "no cap", mean_one(right)
    yield "cap after", mean_one(right).clamp(max=largest)
    yield "cap after", mean_one(mean_one(right).clamp(max=largest))
    yield "cap of 5", instance_weights(p_target, n_source, n_target, 5.0)
    if n_source > n_target:  # otherwise the factor is 0, and no weight is finite
        yield "whole numbers", mean_one((odds * (n_source // n_target)).clamp(max=largest))
    for least in (0.01, 0.05):
        yield "p clipped", instance_weights(p_target.clamp(least, 1 - least), n_source, n_target, largest)
    yield "cap as floor", mean_one(right.clamp(min=largest))
    yield "probability", mean_one(p_target)
    yield "probability", p_target
    yield "largest one", right.clamp(max=largest) / right.clamp(max=largest).max()


# Task 3: the weighted loss and its gradient.


def cross_entropies(scores: Tensor, labels: Tensor) -> Tensor:
    scores = scores.double()
    return scores.logsumexp(dim=1) - scores[torch.arange(len(labels)), labels]


def weighted_loss(scores: Tensor, labels: Tensor, weights: Tensor) -> float:
    return (cross_entropies(scores, labels) @ weights.double()).item() / len(labels)


def weighted_loss_gradient(scores: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    error = scores.double().softmax(dim=1)
    error[torch.arange(len(labels)), labels] -= 1
    return error * weights.double()[:, None] / len(labels)


def wrong_losses(scores: Tensor, labels: Tensor, weights: Tensor) -> Iterator[tuple[str, float]]:
    each, weights = cross_entropies(scores, labels), weights.double()
    total = (each @ weights).item()
    yield "unweighted", each.mean().item()
    yield "sum of weights", total / weights.sum().item()
    yield "sum", total
    yield "positive", total / (weights > 0).sum().item()
    yield "scores", cross_entropies(scores.double() * weights[:, None], labels).mean().item()
    yield "squared", (each @ weights**2).item() / len(labels)
    yield "means apart", each.mean().item() * weights.mean().item()
    by_class = weights[labels]  # the first weights, read as those of the classes
    yield "classes", (each @ by_class).item() / by_class.sum().item()
    yield "classes", (each @ by_class).item() / len(labels)


# Task 4: CORAL.


def covariance(rows: Tensor, below: int = 1) -> Tensor:
    centred = rows - rows.mean(dim=0)
    return centred.T @ centred / (len(rows) - below)


def narrowest(rows: Tensor) -> float:
    """The smallest eigenvalue of the covariance."""
    return torch.linalg.eigvalsh(covariance(rows))[0].item()


def power(matrix: Tensor, exponent: float) -> Tensor:
    """A power of a symmetric, positive matrix, by its singular value decomposition."""
    left, values, _ = torch.linalg.svd(matrix)
    return left @ torch.diag(values**exponent) @ left.T


def moved(
    source: Tensor, target: Tensor, *, below: int = 1, eps_s: float = 0.0, eps_t: float = 0.0, change=None
) -> Tensor:
    """The centred source rows after whitening and recolouring; ``change`` alters both covariances first."""
    c_s, c_t = covariance(source, below), covariance(target, below)
    if change is not None:
        c_s, c_t = change(c_s), change(c_t)
    one = torch.eye(len(c_s), dtype=torch.float64)
    return (source - source.mean(dim=0)) @ power(c_s + eps_s * one, -0.5) @ power(c_t + eps_t * one, 0.5)


def coral_centred(source: Tensor, target: Tensor, eps: float) -> Tensor:
    """CORAL's result without the target's mean."""
    return moved(source, target, eps_s=eps, eps_t=eps)


def wrong_corals(source: Tensor, target: Tensor, eps: float) -> Iterator[tuple[str, Tensor]]:
    """Where known mistakes lead, by name: rows without their mean."""
    centred = source - source.mean(dim=0)
    one = torch.eye(source.shape[1], dtype=torch.float64)
    c_s, c_t = covariance(source) + eps * one, covariance(target) + eps * one
    yield "means only", centred
    yield (
        "diagonal",
        moved(source, target, eps_s=eps, eps_t=eps, change=lambda matrix: torch.diag(matrix.diagonal())),
    )
    yield "diagonal", centred / source.std(dim=0) * target.std(dim=0)
    yield "diagonal", centred / (source.std(dim=0) + eps) * (target.std(dim=0) + eps)
    yield "roles", centred @ power(c_t, -0.5) @ power(c_s, 0.5)
    yield "whitened only", centred @ power(c_s, -0.5)
    yield "coloured only", centred @ power(c_t, 0.5)
    yield "order", centred @ power(c_t, 0.5) @ power(c_s, -0.5)
    yield "no roots", centred @ power(c_s, -1.0) @ c_t
    yield "root missing", centred @ power(c_s, -1.0) @ power(c_t, 0.5)
    yield "root missing", centred @ power(c_s, -0.5) @ c_t
    yield "not inverted", centred @ power(c_s, 0.5) @ power(c_t, 0.5)
    yield "divided by n", moved(source, target, below=0, eps_s=eps, eps_t=eps)
    lower_s, lower_t = torch.linalg.cholesky(c_s), torch.linalg.cholesky(c_t)
    yield "Cholesky", torch.linalg.solve_triangular(lower_s, centred.T, upper=False).T @ lower_t.T
    yield "Cholesky", centred @ torch.linalg.inv(lower_s) @ lower_t
    yield "another eps", moved(source, target, eps_s=1.0, eps_t=1.0)
    yield "eps for the source only", moved(source, target, eps_s=eps, eps_t=0.0)


def coral_without_eps(source: Tensor, target: Tensor) -> Tensor:
    """CORAL with directions of no spread left out, as a pseudo-inverse does it."""
    values, vectors = torch.linalg.eigh(covariance(source))
    inverse = torch.where(values > 1e-9, values.clamp(min=1e-9) ** -0.5, 0.0)
    root_values, root_vectors = torch.linalg.eigh(covariance(target))
    root = root_vectors @ torch.diag(root_values.clamp(min=0) ** 0.5) @ root_vectors.T
    return (source - source.mean(dim=0)) @ vectors @ torch.diag(inverse) @ vectors.T @ root


def draw_clouds(seed: int, label: str, sizes: tuple[int, int], d: int) -> tuple[Tensor, Tensor]:
    """Two clouds with means and covariances of their own."""
    generator = draw(seed, label)

    def cloud(n: int) -> Tensor:
        mixing = torch.randn(d, d, generator=generator).double() * 0.5 + torch.eye(d)
        mean = torch.randn(d, generator=generator).double() + 1
        return torch.randn(n, d, generator=generator).double() @ mixing + mean

    return cloud(sizes[0]), cloud(sizes[1])


# Task 5: the strength of the reversal. (The gradients are in the test: they are one product.)


def strength_at(progress: float) -> float:
    return math.tanh(5 * progress)  # the same curve: 2 / (1 + exp(-2z)) - 1 = tanh(z)


# Task 6: a step of adversarial training of a network of three linear layers.


@dataclass(frozen=True)
class Batch:
    """A batch of each domain: float32 inputs ``(n, inputs)``, labels int64."""

    source: Tensor
    labels: Tensor
    target: Tensor


@dataclass(frozen=True)
class Gradients:
    """The gradient of each parameter by name, by where it comes from, and the two losses.

    ``label``: of the label loss. ``from_source`` and ``from_target``: of the mean domain loss of the rows of
    one domain, not reversed. All float64.
    """

    label: dict[str, Tensor]
    from_source: dict[str, Tensor]
    from_target: dict[str, Tensor]
    label_loss: float
    source_loss: float
    target_loss: float


SIZES = (5, 6, 3)
NAMES = (
    "backbone.0.weight",
    "backbone.0.bias",
    "head.weight",
    "head.bias",
    "domain_head.0.weight",
    "domain_head.0.bias",
)


def draw_network(seed: int, label: str) -> dict[str, Tensor]:
    inputs, d, classes = SIZES
    generator = draw(seed, label)
    shapes = ((d, inputs), (d,), (classes, d), (classes,), (1, d), (1,))
    scales = (inputs**-0.5, 0.3, 1.0, 0.5, 1.5, 0.5)
    return {
        name: torch.randn(*shape, generator=generator) * scale
        for name, shape, scale in zip(NAMES, shapes, scales, strict=True)
    }


def draw_batch(seed: int, label: str, n_source: int, n_target: int) -> Batch:
    generator = draw(seed, label)
    source = torch.randn(n_source, SIZES[0], generator=generator)
    target = torch.randn(n_target, SIZES[0], generator=generator) + 0.7
    return Batch(source, torch.randint(0, SIZES[2], (n_source,), generator=generator), target)


def gradients(state: dict[str, Tensor], batch: Batch, domains: tuple[float, float] = (0.0, 1.0)) -> Gradients:
    """By hand: softmax and logistic regression on the features of a tanh layer.

    ``domains``: the answers that are wanted of the domain head, for source and target.
    """
    weight, bias, head, head_bias, ask, ask_bias = (state[name].double() for name in NAMES)
    zeros = {name: torch.zeros_like(state[name].double()) for name in NAMES}

    def behind(inputs: Tensor, features: Tensor, slopes: Tensor) -> dict[str, Tensor]:
        """The backbone's gradients, when ``slopes`` are those of its features."""
        slopes = slopes * (1 - features**2)
        return {NAMES[0]: slopes.T @ inputs, NAMES[1]: slopes.sum(dim=0)}

    source = batch.source.double()
    features = torch.tanh(source @ weight.T + bias)
    scores = features @ head.T + head_bias
    error = scores.softmax(dim=1)
    error[torch.arange(len(source)), batch.labels] -= 1
    error /= len(source)
    label = {
        **zeros,
        **behind(source, features, error @ head),
        NAMES[2]: error.T @ features,
        NAMES[3]: error.sum(dim=0),
    }
    label_loss = cross_entropies(scores, batch.labels).mean().item()

    parts = []
    for inputs, domain in zip((source, batch.target.double()), domains, strict=True):
        features = torch.tanh(inputs @ weight.T + bias)
        logit = features @ ask[0] + ask_bias
        slope = (torch.sigmoid(logit) - domain) / len(inputs)
        each = torch.nn.functional.softplus(logit) - domain * logit
        found = {
            **zeros,
            **behind(inputs, features, slope[:, None] * ask),
            NAMES[4]: (slope @ features)[None, :],
            NAMES[5]: slope.sum()[None],
        }
        parts.append((found, each.mean().item()))
    (from_source, source_loss), (from_target, target_loss) = parts
    return Gradients(label, from_source, from_target, label_loss, source_loss, target_loss)


def stepped(
    state: dict[str, Tensor], lr: float, *parts: tuple[float, dict[str, Tensor]]
) -> dict[str, Tensor]:
    """The parameters after one step of SGD along a sum of factors times gradients."""
    return {
        name: state[name].double() - lr * sum(factor * part[name] for factor, part in parts) for name in NAMES
    }


def dann_direction(found: Gradients, strength: float) -> dict[str, Tensor]:
    """The gradient that one step follows: the backbone's part of the domain loss is reversed."""
    return {
        name: found.label[name]
        + (-strength if name.startswith("backbone") else 1.0)
        * (found.from_source[name] + found.from_target[name])
        / 2
        for name in NAMES
    }


# Task 7: the interval of the mean of paired differences.


@functools.cache
def quantile(above: float, freedom: int) -> float:
    """What Student's t is above with this probability."""
    return float(stats.t.isf(above, freedom))


def interval(adapted: list[float], baseline: list[float]) -> tuple[float, float]:
    n, mean, spread = _moments(adapted, baseline)
    half = quantile(0.025, n - 1) * spread / math.sqrt(n)
    return mean - half, mean + half


def verdict(low: float, high: float) -> str:
    return "positive" if low > 0 else "negative" if high < 0 else "undecided"


def wrong_intervals(adapted: list[float], baseline: list[float]) -> Iterator[tuple[str, tuple[float, float]]]:
    """Where known mistakes lead, by name."""
    n, mean, spread = _moments(adapted, baseline)
    t = quantile(0.025, n - 1)
    _, _, sorted_spread = _moments(sorted(adapted), sorted(baseline))

    def around(centre: float, half: float) -> tuple[float, float]:
        return centre - half, centre + half

    yield "turned around", around(-mean, t * spread / math.sqrt(n))
    variances = [_variance(values) for values in (adapted, baseline)]
    unpaired = math.sqrt(sum(variances) / n)
    for freedom in (n - 1, 2 * n - 2):
        yield "unpaired", around(mean, quantile(0.025, freedom) * unpaired)
    yield "unpaired", around(mean, 1.959964 * unpaired)
    yield "sorted", around(mean, t * sorted_spread / math.sqrt(n))
    yield "normal", around(mean, 1.959964 * spread / math.sqrt(n))
    below_n = spread * math.sqrt((n - 1) / n)
    yield "ddof", around(mean, t * below_n / math.sqrt(n))
    yield "no root", around(mean, t * spread / n)
    yield "spread", around(mean, t * spread)
    yield "spread", around(mean, 1.96 * spread)
    yield "spread", around(mean, spread)
    yield "one standard error", around(mean, spread / math.sqrt(n))
    yield "one-sided", around(mean, quantile(0.05, n - 1) * spread / math.sqrt(n))
    yield "freedom", around(mean, quantile(0.025, n) * spread / math.sqrt(n))


def _variance(values: list[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _moments(adapted: list[float], baseline: list[float]) -> tuple[int, float, float]:
    differences = [a - b for a, b in zip(adapted, baseline, strict=True)]
    mean = math.fsum(differences) / len(differences)
    return len(differences), mean, math.sqrt(_variance(differences))


def clear(right: Tensor, *wrong: Tensor) -> bool:
    """Whether each of ``wrong`` is far from what is right, and far from each other one or the same as it.

    So a mistake is never taken for another. What is not finite counts as far.
    """
    wrong = [other for other in wrong if bool(torch.isfinite(other).all())]
    if any(_apart(right, other) <= CLEAR for other in wrong):
        return False
    gaps = [_apart(wrong[i], wrong[j]) for i in range(len(wrong)) for j in range(i)]
    return all(gap < 3e-6 or gap > CLEAR for gap in gaps)


def _apart(left: Tensor, right: Tensor) -> float:
    """As :func:`autograder.measure.distance`; not counted as a comparison of an answer."""
    return (left.double() - right.double()).abs().max().item()
