"""Further answers to `domain_adaptation`: mistakes are known by name, and the examples print what is said."""

import contextlib
import io
import re

import numpy as np
import pytest
import torch
from graded_here import ASSIGNMENTS, COURSE, faults
from torch.nn import functional as F

ADAPTATION = ASSIGNMENTS["domain_adaptation"]


@pytest.fixture
def right():
    """The reference solution's functions by name; a test may replace one."""
    return ADAPTATION.reference()


def distance(*, train=lambda rows: rows[::2], held=lambda rows: rows[1::2], formula=None, swap=False):
    """The proxy A-distance, in which one thing is not as it should be."""
    formula = formula or (lambda error: 2 * (1 - 2 * min(error, 0.5)))

    def proxy_a_distance(source, target, classifier):
        parts = [train(source), train(target)]
        classifier.fit(np.concatenate(parts), np.repeat([0, 1], [len(part) for part in parts]))
        wrong = [np.mean(classifier.predict(held(rows)) != k) for k, rows in enumerate((source, target))]
        return float(formula(sum(wrong) / 2))

    return proxy_a_distance


def halves_in_a_row():
    return distance(train=lambda rows: rows[: len(rows) // 2], held=lambda rows: rows[len(rows) // 2 :])


def joined(target_first):
    """Every second row of both domains in a row."""

    def proxy_a_distance(source, target, classifier):
        parts = [(target, 1), (source, 0)] if target_first else [(source, 0), (target, 1)]
        rows = np.concatenate([part for part, _ in parts])
        domains = np.repeat([domain for _, domain in parts], [len(part) for part, _ in parts])
        classifier.fit(rows[::2], domains[::2])
        wrong = classifier.predict(rows[1::2]) != domains[1::2]
        error = sum(wrong[domains[1::2] == domain].mean() for domain in (0, 1)) / 2
        return float(2 * (1 - 2 * min(error, 0.5)))

    return proxy_a_distance


def cut_to_one_size(source, target, classifier):
    n = min(len(source), len(target))
    return distance()(source[:n], target[:n], classifier)


def coded_1_and_0(source, target, classifier):
    return distance()(target, source, classifier)


def one_seen(source, target, classifier):
    classifier.fit(
        np.concatenate([source[::2], target[::2]]), np.repeat([0, 1], [len(source[::2]), len(target[::2])])
    )
    wrong = np.mean(classifier.predict(source[1::2]) != 0) + np.mean(classifier.predict(target[::2]) != 1)
    return float(2 * (1 - min(wrong, 1.0)))


def capped(ratio, largest):
    return np.minimum(ratio, largest) / np.minimum(ratio, largest).mean()


def whole_numbers(p_target, n_source, n_target, largest):
    factor = n_source // n_target if n_source >= n_target else n_source / n_target
    return capped(p_target / (1 - p_target) * factor, largest)


def clipped(least):
    def instance_weights(p_target, n_source, n_target, largest):
        p = p_target.clip(least, 1 - least)
        return capped(p / (1 - p) * n_source / n_target, largest)

    return instance_weights


def weights(change):
    def instance_weights(p_target, n_source, n_target, largest):
        return change(p_target / (1 - p_target) * n_source / n_target, p_target, largest)

    return instance_weights


def losses(change):
    def weighted_loss(scores, labels, weights):
        return change(scores, labels, weights)

    return weighted_loss


def each(scores, labels):
    return F.cross_entropy(scores, labels, reduction="none")


def root(rows, eps, exponent, ddof=1):
    values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False, ddof=ddof) + eps * np.eye(rows.shape[1]))
    return vectors * values**exponent @ vectors.T


def align(change, mean=lambda s, t: t.mean(axis=0), centre=lambda s, t: s.mean(axis=0)):
    """CORAL with another product in its middle, another mean at its end, another one taken off."""

    def coral(source, target, eps):
        return change(source - centre(source, target), source, target, eps) + mean(source, target)

    return coral


def usual(rows, source, target, eps):
    return rows @ root(source, eps, -0.5) @ root(target, eps, 0.5)


class Reversal(torch.autograd.Function):
    """Multiplies by ``forward_factor`` on the way forward, by ``back_factor`` on the way back."""

    @staticmethod
    def forward(ctx, x, forward_factor, back_factor):
        ctx.factor = back_factor
        return x * forward_factor

    @staticmethod
    def backward(ctx, gradient):
        return ctx.factor * gradient, None, None


def reversal(forward, back):
    return lambda x, strength: Reversal.apply(x, forward(strength), back(strength))


class KeptOnTheClass(torch.autograd.Function):
    """Its strength is that of the last call."""

    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        return -KeptOnTheClass.strength * gradient

    @staticmethod
    def call(x, strength):
        KeptOnTheClass.strength = strength
        return KeptOnTheClass.apply(x)


def step(
    *,
    source_reverse=True,
    target_reverse=True,
    wanted=(0.0, 1.0),
    total=lambda label, domain: label + domain,
    domain=lambda s, t: (s + t) / 2,
    cut=False,
    behind=False,
    reduction="mean",
    result=lambda label, domain: (label.item(), domain.item()),
):
    """An adversarial step in which one thing is not as it should be."""

    def dann_step(model, optimizer, source, labels, target, reverse):
        parts = []
        for inputs, used, answer in zip(
            (source, target), (source_reverse, target_reverse), wanted, strict=True
        ):
            features = model.backbone(inputs)
            features = features.detach() if cut else features
            seen = reverse(features) if used and not behind else features
            scores = model.domain_head(seen)
            scores = reverse(scores) if behind else scores
            parts.append(
                F.binary_cross_entropy_with_logits(
                    scores, torch.full_like(scores, answer), reduction=reduction
                )
            )
        label_loss = F.cross_entropy(model.head(model.backbone(source)), labels, reduction=reduction)
        domain_loss = domain(*parts)
        optimizer.zero_grad()
        total(label_loss, domain_loss).backward()
        optimizer.step()
        return result(label_loss, domain_loss)

    return dann_step


def never_steps(model, optimizer, source, labels, target, reverse):
    model.zero_grad()
    optimizer.step = lambda: None
    return step()(model, optimizer, source, labels, target, reverse)


def steps_twice(model, optimizer, source, labels, target, reverse):
    found = step()(model, optimizer, source, labels, target, reverse)
    optimizer.step()
    return found


def late_zero_grad(model, optimizer, source, labels, target, reverse):
    kept = optimizer.zero_grad
    optimizer.zero_grad = lambda: None
    found = step()(model, optimizer, source, labels, target, reverse)
    optimizer.zero_grad = kept
    return found


def interval(half, *, verdict=None, order=(0, 1, 2), differences=np.subtract):
    """The interval with another half width, of (s, n)."""
    from scipy import stats

    half = half or (lambda s, n: stats.t.ppf(0.975, n - 1) * s / np.sqrt(n))

    def negative_transfer(adapted, baseline):
        d = differences(np.array(adapted), np.array(baseline))
        width = half(d.std(ddof=1), len(d))
        low, high = d.mean() - width, d.mean() + width
        word = "positive" if low > 0 else "negative" if high < 0 else "undecided"
        found = (verdict(low, high) if verdict else word, low, high)
        return tuple(found[i] for i in order)

    return negative_transfer


def equal_is_undecided(least):
    """A standard deviation of at most ``least`` gives no verdict, whatever the mean is."""

    def negative_transfer(adapted, baseline):
        word, low, high = interval(None)(adapted, baseline)
        return "undecided" if np.subtract(adapted, baseline).std(ddof=1) <= least else word, low, high

    return negative_transfer


def t(probability, n):
    from scipy import stats

    return stats.t.ppf(probability, n)


MORE = [
    ("proxy_a_distance", distance(held=lambda rows: rows[::2]), 0, "had seen in training"),
    ("proxy_a_distance", distance(formula=lambda e: 2 * (1 - e)), 0, "the error is not doubled"),
    ("proxy_a_distance", distance(formula=lambda e: 1 - e), 0, "the accuracy"),
    ("proxy_a_distance", distance(formula=lambda e: e), 0, "the error itself"),
    ("proxy_a_distance", distance(formula=lambda e: abs(2 - 4 * e)), 2, "was turned around"),
    ("proxy_a_distance", distance(formula=lambda e: [e]), 0, "raised an exception"),
    (
        "proxy_a_distance",
        distance(train=lambda r: r[1::2], held=lambda r: r[::2]),
        1,
        "The halves are swapped",
    ),
    ("proxy_a_distance", halves_in_a_row(), 1, "The first half of the rows"),
    ("proxy_a_distance", joined(target_first=False), 0, "The domains were joined"),
    ("proxy_a_distance", joined(target_first=True), 0, "The domains were joined"),
    ("proxy_a_distance", cut_to_one_size, 2, "were thrown away"),
    ("proxy_a_distance", coded_1_and_0, 1, "coded the other way round"),
    ("proxy_a_distance", distance(held=lambda rows: rows), 0, "was measured on all rows"),
    ("proxy_a_distance", one_seen, 0, "of one of the two domains was measured"),
    ("proxy_a_distance", lambda s, t, c: None, 0, "returns nothing"),
    ("instance_weights", weights(lambda r, p, c: r / r.mean()), 1, "The cap is missing"),
    ("instance_weights", weights(lambda r, p, c: np.minimum(r, c) / np.minimum(r, c).sum()), 0, "sum 1"),
    ("instance_weights", weights(lambda r, p, c: p / p.mean()), 0, "The probability itself"),
    ("instance_weights", weights(lambda r, p, c: np.maximum(r, c) / np.maximum(r, c).mean()), 0, ""),
    ("instance_weights", weights(lambda r, p, c: capped(r, 5.0)), 0, "The cap is always 5"),
    ("instance_weights", whole_numbers, 1, "The factor of the sizes is a whole number"),
    ("instance_weights", clipped(0.01), 0, "Small or large probabilities were changed"),
    ("instance_weights", clipped(0.05), 0, "Small or large probabilities were changed"),
    ("instance_weights", weights(lambda r, p, c: list(r)), 0, "in the form that was asked for"),
    ("instance_weights", weights(lambda r, p, c: r * np.nan), 0, "not finite"),
    ("weighted_loss", losses(lambda s, y, w: F.cross_entropy(s, y)), 0, "The weights are not used"),
    ("weighted_loss", losses(lambda s, y, w: (w * each(s, y)).sum()), 0, "sum over rows"),
    ("weighted_loss", losses(lambda s, y, w: F.cross_entropy(s * w[:, None], y)), 0, "into the scores"),
    ("weighted_loss", losses(lambda s, y, w: (w * w * each(s, y)).mean()), 0, "applied twice"),
    ("weighted_loss", losses(lambda s, y, w: F.cross_entropy(s, y) * w.mean()), 0, "not matched"),
    ("weighted_loss", losses(lambda s, y, w: w * each(s, y)), 0, "does not return a number"),
    ("weighted_loss", losses(lambda s, y, w: (w * each(s, y)).sum() / (w > 0).sum()), 0, "a weight above 0"),
    ("weighted_loss", losses(lambda s, y, w: (w * each(s, y)).mean(0, True)), 1, "a tensor with dimensions"),
    ("weighted_loss", losses(lambda s, y, w: (w * each(s, y)).mean().detach()), 1, "cannot be used"),
    ("instance_weights", weights(lambda r, p, c: np.minimum(r / r.mean(), c)), 1, "The cap comes too late"),
    (
        "reverse_gradient",
        lambda x, strength: x if strength == 0 else Reversal.apply(x, 1, -strength),
        2,
        "With strength 0",
    ),
    ("reverse_gradient", reversal(lambda s: 1, lambda s: -min(s, 1.0)), 2, "was cut to 1"),
    ("reverse_gradient", KeptOnTheClass.call, 2, "A later call changes the strength"),
    ("coral", align(lambda x, s, t, e: x @ root(s, e, -0.5)), 1, "whitened but not recoloured"),
    ("coral", align(lambda x, s, t, e: x @ root(t, e, 0.5)), 1, "without being whitened"),
    ("coral", align(lambda x, s, t, e: x @ root(t, e, 0.5) @ root(s, e, -0.5)), 1, "order is turned"),
    ("coral", align(lambda x, s, t, e: x @ root(s, e, -1) @ root(t, e, 1)), 1, "The roots are missing"),
    ("coral", align(lambda x, s, t, e: x @ root(s, e, -1) @ root(t, e, 0.5)), 1, "One of the two roots"),
    ("coral", align(lambda x, s, t, e: x @ root(s, e, 0.5) @ root(t, e, 0.5)), 1, "not negative"),
    (
        "coral",
        align(lambda x, s, t, e: x @ root(s, e, -0.5, ddof=0) @ root(t, e, 0.5, ddof=0)),
        1,
        "divided by n",
    ),
    ("coral", align(lambda x, s, t, e: usual(x, s, t, 1.0)), 1, "`eps` is not used"),
    ("coral", align(lambda x, s, t, e: x @ root(s, e, -0.5) @ root(t, 0, 0.5).real), 2, ""),
    ("coral", align(usual, mean=lambda s, t: s.mean(axis=0)), 2, "the source's own mean"),
    ("coral", align(usual, mean=lambda s, t: 0), 2, "mean 0"),
    ("coral", align(usual, centre=lambda s, t: 0), 2, "not centred"),
    ("coral", align(lambda x, s, t, e: x * np.nan), 0, "not finite"),
    ("reverse_gradient", reversal(lambda s: -1, lambda s: -s), 1, "it returns −x"),
    ("reverse_gradient", reversal(lambda s: 1, lambda s: 1), 2, "not reversed at all"),
    ("reverse_gradient", reversal(lambda s: 1, lambda s: s), 2, "The minus was forgotten"),
    ("reverse_gradient", reversal(lambda s: 1, lambda s: -(s**2)), 2, "The strength is applied twice"),
    ("reverse_gradient", lambda x, strength: x.detach(), 2, "cut off"),
    ("reverse_gradient", lambda x, strength: None, 1, "returns nothing"),
    ("dann_step", never_steps, 1, "No step was taken"),
    ("dann_step", steps_twice, 1, "Two steps were taken"),
    ("dann_step", late_zero_grad, 3, "`zero_grad` was forgotten"),
    ("dann_step", step(source_reverse=False, target_reverse=False), 3, "`reverse` is not used"),
    ("dann_step", step(source_reverse=False), 3, "Only the target's features go through"),
    ("dann_step", step(target_reverse=False), 3, "Only the source's features go through"),
    ("dann_step", step(cut=True), 3, "No domain gradient reaches the backbone"),
    ("dann_step", step(wanted=(1.0, 0.0)), 2, "The domains are swapped"),
    ("dann_step", step(domain=lambda s, t: s + t), 2, "are added, not averaged"),
    ("dann_step", step(domain=lambda s, t: t), 2, "the target rows only"),
    ("dann_step", step(behind=True), 3, "reversed behind the domain head"),
    ("dann_step", step(total=lambda a, b: a / 2 + b), 2, "The label loss was halved"),
    ("dann_step", step(total=lambda a, b: b - a), 2, "The label head climbs"),
    ("dann_step", step(reduction="sum"), 0, "is a sum over rows"),
    ("dann_step", step(result=lambda a, b: None), 3, "returns nothing"),
    ("dann_step", step(result=lambda a, b: (a + b).item()), 3, "a pair of numbers"),
    ("dann_step", step(result=lambda a, b: (b.item(), a.item())), 3, "in the wrong order"),
    ("dann_step", step(result=lambda a, b: ((a + b).item(), b.item())), 3, "The sum of the losses"),
    ("negative_transfer", interval(lambda s, n: t(0.975, n - 1) * s), 2, "spread of single differences"),
    ("negative_transfer", interval(lambda s, n: t(0.975, n - 1) * s / n), 1, "divided by n"),
    ("negative_transfer", interval(lambda s, n: s / np.sqrt(n)), 1, "The factor t is missing"),
    ("negative_transfer", interval(lambda s, n: t(0.95, n - 1) * s / np.sqrt(n)), 1, "quantile is 0.95"),
    ("negative_transfer", interval(lambda s, n: t(0.975, n) * s / np.sqrt(n)), 2, "degrees of freedom"),
    (
        "negative_transfer",
        interval(lambda s, n: t(0.975, n - 1) * s / np.sqrt(n) * np.sqrt((n - 1) / n)),
        2,
        "n in its denominator",
    ),
    (
        "negative_transfer",
        interval(lambda s, n: (1.96 if n >= 10 else t(0.975, n - 1)) * s / np.sqrt(n)),
        2,
        "not of Student's t",
    ),
    (
        "negative_transfer",
        interval(None, differences=lambda a, b: np.sort(a) - np.sort(b)),
        1,
        "Scores were sorted",
    ),
    ("negative_transfer", equal_is_undecided(0.0), 2, "does not follow from the bounds"),
    ("negative_transfer", equal_is_undecided(1e-12), 2, "does not follow from the bounds"),
    (
        "negative_transfer",
        interval(lambda s, n: t(0.975, n - 1) * max(s, 1e-3) / np.sqrt(n)),
        2,
        "the bounds are not their mean",
    ),
    ("negative_transfer", interval(None, order=(0, 2, 1)), 2, "in the wrong order"),
    ("negative_transfer", interval(None, order=(1, 2)), 0, "does not return three things"),
    ("negative_transfer", interval(None, verdict=lambda low, high: "Positive"), 0, "one of the three words"),
    (
        "negative_transfer",
        interval(None, verdict=lambda a, b: "positive" if a >= 0 else "negative" if b < 0 else "undecided"),
        2,
        "exactly 0",
    ),
    ("negative_transfer", interval(None, verdict=lambda a, b: "undecided"), 1, "undecided all the same"),
    ("negative_transfer", lambda adapted, baseline: None, 0, "returns nothing"),
]


@pytest.mark.parametrize(("task", "function", "points", "words"), MORE, ids=[f"{m[0]}-{m[3]}" for m in MORE])
def test_further_mistakes(right, task, function, points, words):
    right[task] = function
    found = ADAPTATION.verdicts(right, [task])
    said = [f"{message['what']} {message.get('tries')}" for message in faults(found)]
    assert said and any(words in text for text in said), said
    assert found[task].points == points, said


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (lambda p: 1 / (1 + np.exp(-10 * p)), "starts at one half"),
        (lambda p: 2 / (1 + np.exp(10 * p)) - 1, "The sign of the exponent"),
        (lambda p: 2 / (1 + np.exp(-p)) - 1, "The factor 10"),
        (lambda p: p, "straight line"),
        (lambda p: 2 * torch.sigmoid(torch.tensor(10.0 * p)) - 1, "a tensor, not a plain float"),
    ],
)
def test_other_curves(right, curve, words):
    right["strength_at"] = curve
    found = ADAPTATION.verdicts(right, ["reverse_gradient"])
    assert [words in message["what"] for message in faults(found)] == [True]


def examples():
    """The examples of the notebook's text that say what they print, by task."""
    text = COURSE.source_text("domain_adaptation").read_text(encoding="utf-8")
    for cell in text.split("# %% [markdown]")[1:]:
        cell = cell.split("# %%")[0].replace("\n# ", "\n").replace("\n#\n", "\n\n")
        code = re.search(r"\*\*Example\.\*\*.*?```python\n(.*?)```(.*)", cell, re.S)
        if code:
            yield code[1], code[2]


def test_the_examples_print_what_the_text_says(right):
    found = []
    for code, text in examples():
        written = io.StringIO()
        with contextlib.redirect_stdout(written):
            exec(code, right)
        found.append((written.getvalue(), text))
    distances, weighted, loss, moved, gradient, stepped, verdict = (out for out, _ in found)
    near, same = map(float, distances.split())
    assert near > same
    assert weighted.strip() in found[1][1]
    assert loss.strip() in found[2][1]
    assert moved.startswith("(60, 2)")
    assert gradient.split("\n")[0] in found[4][1] and gradient.split("\n")[1] in found[4][1]
    assert all(abs(float(value) - 0.69) < 0.25 for value in re.findall(r"\d\.\d+", stepped))
    assert "undecided" in verdict and "-0.0448" in verdict and "0.0048" in verdict
