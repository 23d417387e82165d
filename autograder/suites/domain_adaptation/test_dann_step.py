"""Take one step of adversarial training: two losses, two heads, one backbone."""

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.reading import measured
from autograder.suites.domain_adaptation import judge, reading
from autograder.suites.domain_adaptation.pages import ADAPTATION, EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "dann_step"
LR = 0.5
BACKBONE, HEAD, DOMAIN_HEAD = judge.NAMES[:2], judge.NAMES[2:4], judge.NAMES[4:]
SIZES = ((9, 4), (4, 10), (7, 5))
STRENGTHS = (0.6, 1.5, 0.8)


class Run:
    """A network and a batch, and what a step of the student's makes of them.

    They are drawn until the parameters in ``names`` tell the mistakes of ``mistakes(run)`` apart from
    what is right and from each other. ``old``: gradients that are left from an earlier step.
    """

    def __init__(self, student, label, number, names=(), mistakes=None, old=None):
        self.student = student
        self.strength = STRENGTHS[number % 3]
        for attempt in range(1000):
            place = f"{number} {attempt}"
            self.before = judge.draw_network(student.seed, f"{label} {place}")
            self.batch = judge.draw_batch(student.seed, f"{label} batch {place}", *SIZES[number % 3])
            self.found = judge.gradients(self.before, self.batch)
            direction = judge.dann_direction(self.found, self.strength)
            self.after = judge.stepped(self.before, LR, (1.0, direction))
            losses = [torch.tensor(value) for value in (*domain_losses(self), self.found.label_loss)]
            known = [flat(self.led_by(parts), names) for parts, _, _ in mistakes(self)] if names else []
            if judge.clear(*losses) and (not names or judge.clear(flat(self.after, names), *known)):
                break
        self.model = student.rig("make_network", list(judge.SIZES), self.before)
        self.optimizer = student.rig("make_sgd", self.model, LR)
        self.reverse = student.rig("make_reverse", self.strength)
        for name, thing in (("model", self.model), ("optimizer", self.optimizer), ("layer", self.reverse)):
            reading.returned_object(thing, "make_network", f"the {name}", EXERCISE)
        if old is not None:
            student.rig("leave_gradients", self.model, old)

    def led_by(self, parts):
        """The parameters after a step along a sum of factors times gradients; without any, as they were."""
        return judge.stepped(self.before, LR, *parts) if parts else self.before

    def step(self):
        """What the student's function returned, and the parameters after it."""
        batch = self.batch
        came = self.student.call(
            FUNCTION, self.model, self.optimizer, batch.source, batch.labels, batch.target, self.reverse
        )
        return came, reading.state_of(self.student.rig("state", self.model), self.before)


def flat(state, names):
    """The parameters in ``names`` as one row of numbers, float64."""
    return torch.cat([state[name].double().flatten() for name in names])


def domain_losses(run):
    """The right domain loss, and those that mistakes in it lead to."""
    found, n, m = run.found, len(run.batch.source), len(run.batch.target)
    one = (found.source_loss, found.target_loss)
    other = judge.gradients(run.before, run.batch, domains=(1.0, 0.0))
    pot = (n * one[0] + m * one[1]) / (n + m)
    swapped = (other.source_loss + other.target_loss) / 2
    return [sum(one) / 2, pot, swapped, sum(one), *one, *(part / 2 for part in one)]


def judge_part(student, label, names, mistakes, otherwise, expected, why):
    """After one step the parameters in ``names`` are right; ``mistakes(run)`` knows others.

    ``otherwise``: (what, tries) when none of them fits. A mistake is (direction, what, tries).
    """
    for number in range(3 if student.full else 1):
        run = Run(student, label, number, names, mistakes)
        after = run.step()[1]
        came = flat(after, names)
        if measure.close(came, flat(run.after, names)):
            continue
        what, tries = otherwise
        known_mistakes = list(mistakes(run))
        direction = judge.dann_direction(run.found, run.strength)
        twice = judge.stepped(run.before, LR, (2.0, direction))
        # First, and for all parameters: the domain head alone cannot tell two steps from a domain loss
        # without its half.
        if measure.close(flat(after, judge.NAMES), flat(twice, judge.NAMES)):
            what = "Two steps were taken along the same gradients: every parameter moved twice as far"
            tries = "Call `optimizer.step()` once, after the one `backward()` on the sum of both losses."
            known_mistakes = []
        for parts, known, mend in known_mistakes:
            if measure.close(came, flat(run.led_by(parts), names)):
                what, tries = known, mend
                break
        raise Mistake(
            what,
            expected=expected,
            came="parameters that this does not lead to",
            why=why,
            tries=tries,
            page=ADAPTATION,
        )


def label_mistakes(run):
    label, strength, n = run.found.label, run.strength, len(run.batch.source)
    yield (), "No step was taken: these parameters are what they were", "Call `backward()`, then `step()`."
    yield (
        ((n, label),),
        "The label loss is a sum over rows, not a mean",
        "Use `F.cross_entropy` as it is.",
    )
    yield (
        ((-1, label),),
        "The label head climbs: its own loss was reversed too",
        "Only the domain head sits behind `reverse`. The label loss is added as it is.",
    )
    yield (
        ((-strength, label),),
        "The label head climbs: its own loss was reversed too",
        "Only the domain head sits behind `reverse`. The label loss is added as it is.",
    )
    yield (
        ((0.5, label),),
        "The label loss was halved",
        "The loss is label loss + domain loss. Only the domain loss is a mean of two.",
    )


def domain_mistakes(run):
    strength, n, m = run.strength, len(run.batch.source), len(run.batch.target)
    s, t = run.found.from_source, run.found.from_target
    other = judge.gradients(run.before, run.batch, domains=(1.0, 0.0))
    yield (), "No step was taken: these parameters are what they were", "Call `backward()`, then `step()`."
    yield (
        ((0.5, s),),
        "The domain loss is computed on the source rows only",
        "The target's rows, with 1, belong to it as well: no label is needed for that.",
    )
    yield (
        ((1.0, s),),
        "The domain loss is computed on the source rows only",
        "The target's rows, with 1, belong to it as well: no label is needed for that.",
    )
    yield (
        ((1.0, t),),
        "The domain loss is computed on the target rows only",
        "The source's rows, with 0, belong to it as well.",
    )
    yield (
        ((0.5, t),),
        "The domain loss is computed on the target rows only",
        "The source's rows, with 0, belong to it as well.",
    )
    yield (
        ((n / (n + m), s), (m / (n + m), t)),
        "All rows are in one pot: the larger batch counts more than the smaller one",
        "Take the mean over the source rows and the mean over the target rows, then the mean of the two.",
    )
    yield (
        ((1.0, s), (1.0, t)),
        "The two means of the domain loss are added, not averaged",
        "The domain loss is (source mean + target mean) / 2.",
    )
    yield (
        ((-0.5, s), (-0.5, t)),
        "The domain head climbs: the domain loss was turned around as a whole, not only for the backbone",
        "Add the domain loss with a plus. `reverse` turns the gradient around, and only behind the domain "
        "head.",
    )
    yield (
        ((strength / 2, s), (strength / 2, t)),
        "The strength is applied to the domain head too",
        "Add the domain loss as it is: the strength is inside `reverse`.",
    )
    yield (
        ((-strength / 2, s), (-strength / 2, t)),
        "The domain head climbs: the gradient is reversed behind the domain head, not before it",
        "`reverse` goes between features and domain head: `model.domain_head(reverse(features))`.",
    )
    yield (
        ((n / 2, s), (m / 2, t)),
        "The domain loss is a sum over rows, not a mean",
        "Use `F.binary_cross_entropy_with_logits` as it is.",
    )
    yield (
        ((0.5, other.from_source), (0.5, other.from_target)),
        "The domains are swapped: 1 for the source and 0 for the target",
        "Compare with 0 for each source row, and with 1 for each target row.",
    )


def backbone_mistakes(run):
    strength, n, m = run.strength, len(run.batch.source), len(run.batch.target)
    label, s, t = run.found.label, run.found.from_source, run.found.from_target
    other = judge.gradients(run.before, run.batch, domains=(1.0, 0.0))
    half = strength / 2
    yield (), "No step was taken: these parameters are what they were", "Call `backward()`, then `step()`."
    yield (
        ((1.0, label), (0.5, s), (0.5, t)),
        "The domain gradient reaches the backbone unreversed: `reverse` is not used",
        "`model.domain_head(reverse(features))`, for both batches.",
    )
    yield (
        ((1.0, label),),
        "No domain gradient reaches the backbone: the features were cut off from it",
        "No `.detach()` and no `no_grad()`: `reverse` alone stands between features and domain head.",
    )
    yield (
        ((1.0, label), (-half, s)),
        "The domain loss that reaches the backbone is that of the source rows only",
        "The target's rows belong to the domain loss as well, with 1.",
    )
    yield (
        ((1.0, label), (-strength, s)),
        "The domain loss that reaches the backbone is that of the source rows only",
        "The target's rows belong to the domain loss as well, with 1.",
    )
    yield (
        ((1.0, label), (-half, t)),
        "The domain loss that reaches the backbone is that of the target rows only",
        "The source's rows belong to the domain loss as well, with 0.",
    )
    yield (
        ((1.0, label), (-strength, t)),
        "The domain loss that reaches the backbone is that of the target rows only",
        "The source's rows belong to the domain loss as well, with 0.",
    )
    yield (
        ((1.0, label), (half, s), (-half, t)),
        "Only the target's features go through `reverse`, not those of the source",
        "`reverse` for both batches.",
    )
    yield (
        ((1.0, label), (0.5, s), (-half, t)),
        "Only the target's features go through `reverse`, not those of the source",
        "`reverse` for both batches.",
    )
    yield (
        ((1.0, label), (-half, s), (0.5, t)),
        "Only the source's features go through `reverse`, not those of the target",
        "`reverse` for both batches.",
    )
    yield (
        ((-strength, label), (-half, s), (-half, t)),
        "The label loss is reversed for the backbone too: the label head was given reversed features",
        "The label head gets the features as they are; only the domain head gets `reverse(features)`.",
    )
    yield (
        ((1.0, label), (half, s), (half, t)),
        "The domain gradient is reversed twice, so not at all",
        "No minus in the sum of the losses: `reverse` has turned the gradient around already.",
    )
    yield (
        ((1.0, label), (strength**2 / 2, s), (strength**2 / 2, t)),
        "The domain gradient is reversed twice, so not at all",
        "Apply `reverse` once, between features and domain head.",
    )
    yield (
        ((1.0, label), (-strength * n / (n + m), s), (-strength * m / (n + m), t)),
        "All rows are in one pot: the larger batch counts more than the smaller one",
        "Take the mean over the source rows and the mean over the target rows, then the mean of the two.",
    )
    yield (
        ((1.0, label), (-strength, s), (-strength, t)),
        "The two means of the domain loss are added, not averaged",
        "The domain loss is (source mean + target mean) / 2.",
    )
    yield (
        ((1.0, label), (-(strength**2) / 2, s), (-(strength**2) / 2, t)),
        "The strength is applied twice",
        "Add the domain loss as it is: the strength is inside `reverse`.",
    )
    yield (
        ((1.0, label), (-half, other.from_source), (-half, other.from_target)),
        "The domains are swapped: 1 for the source and 0 for the target",
        "Compare with 0 for each source row, and with 1 for each target row.",
    )


@pytest.mark.points(1)
def test_label_head(student):
    """the label head learns from the labelled source rows, and from nothing else"""
    judge_part(
        student,
        "dann/label head",
        HEAD,
        label_mistakes,
        (
            "The label head is not where the label loss of the source rows leads",
            "`F.cross_entropy(model.head(features of the source), labels)`: no target row, no reversal.",
        ),
        "one SGD step along the gradient of the mean cross-entropy of the source rows",
        "It is the head that will answer the question. The target has no labels from which it could learn.",
    )


@pytest.mark.points(1)
def test_domain_head(student):
    """the domain head learns to tell both domains apart, each of which counts half"""
    judge_part(
        student,
        "dann/domain head",
        DOMAIN_HEAD,
        domain_mistakes,
        (
            "The domain head is not where the domain loss of both batches leads",
            "Both batches through `reverse` and the domain head; 0 for the source, 1 for the target; the "
            "mean of the two "
            "means.",
        ),
        "one SGD step downhill in the domain loss: half of it from the source rows, half from the target "
        "rows",
        "A domain head that does not learn to tell the domains apart cannot show the backbone what to hide.",
    )


@pytest.mark.points(1)
def test_backbone(student):
    """the backbone goes downhill in the label loss and, by the reversal, uphill in the domain loss"""
    judge_part(
        student,
        "dann/backbone",
        BACKBONE,
        backbone_mistakes,
        (
            "The backbone is not where the label loss and the reversed domain loss lead",
            "The loss is label loss + domain loss, with `reverse` between features and domain head.",
        ),
        "one SGD step along the label gradient minus strength times the domain gradient",
        "This is the heart of the method: features that answer the question and hide the domain.",
    )


@pytest.mark.points(1)
def test_old_gradients_and_losses(student):
    """old gradients are cleared before the step, and the two losses come back"""
    for number in range(3 if student.full else 1):
        label = "dann/losses"
        run = Run(student, label, number)
        came, after = run.step()
        judge_losses(student, came, run, after)
        old = judge.draw_network(student.seed, f"dann/old gradients {number}")
        other = flat(Run(student, label, number, old=old).step()[1], judge.NAMES)
        after = flat(after, judge.NAMES)
        if measure.close(other, after):
            continue
        forgotten = measure.close(other, after - LR * flat(old, judge.NAMES))
        raise Mistake(
            "`zero_grad` was forgotten: the gradients of the step before are added to the new ones"
            if forgotten
            else "Gradients from before the step have a part in it: they were not cleared in time",
            expected="the same step, whether or not gradients are left from an earlier one",
            came="another step",
            why="PyTorch adds each new gradient to the old one. Every step then drags along all those "
            "before it.",
            tries="Call `optimizer.zero_grad()` once in each step, before `backward()`.",
            page=EXERCISE,
        )


def judge_losses(student, came, run, after):
    """The pair that came back is the label loss and the domain loss from before the step."""
    if came is None or not isinstance(came, list) or len(came) != 2:
        raise Mistake(
            f"`{FUNCTION}` returns nothing (None)"
            if came is None
            else f"`{FUNCTION}` does not return a pair of numbers",
            expected="(label loss, domain loss), two floats",
            came=describe(came),
            why="Without the two losses you cannot see whether the game is in balance: a domain loss near "
            "0 means that "
            "the domains are still easy to tell apart.",
            tries="Return both losses as numbers, with `.item()`, the label loss first.",
            page=EXERCISE,
        )
    found, later = run.found, judge.gradients(after, run.batch)
    label, domain = (
        reading.number(value, FUNCTION, name, tensor=True)  # a detached loss counts as a number
        for value, name in zip(came, ("the label loss", "the domain loss"), strict=True)
    )
    right_domain, *others = domain_losses(run)
    # Another domain loss that a mistake leads to was marked where the domain head is looked at.
    if measure.near(label, found.label_loss) and any(
        measure.near(domain, value) for value in (right_domain, *others)
    ):
        return
    what = "The two returned numbers are not the label loss and the domain loss of the batch"
    tries = "Return what you computed for the sum, with `.item()`."
    if measure.near(label, right_domain) and measure.near(domain, found.label_loss):
        what = "The two losses come back in the wrong order"
        tries = "Return the label loss first."
    elif measure.near(label, later.label_loss):
        what = "The losses are those after the step, not before it"
        tries = "Keep the losses that led to the gradients; do not compute them anew."
    elif measure.near(label, found.label_loss + right_domain):
        what = "The sum of the losses comes back as the label loss"
        tries = "Keep the two apart: the sum is only for `backward()`."
    elif measure.near(label, found.label_loss):
        what = "The second returned number is not the domain loss of the batch"
    raise Mistake(
        what,
        expected="(label loss, domain loss) from before the step"
        + measured(student, f": {found.label_loss:.4f}, {right_domain:.4f}", ""),
        came=measured(student, f"{label:.4f}, {domain:.4f}", "other numbers"),
        why="These are the two curves that one draws to see the training.",
        tries=tries,
        page=EXERCISE,
    )
