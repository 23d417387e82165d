"""Measure how far one pass moves the features of a frozen backbone."""

import math

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.reading import listed, measured
from autograder.suites.freezing import judge, reading
from autograder.suites.freezing.pages import BATCHNORM, EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "feature_drift"
SAMPLES = 11
BATCH = 4


APART = 0.01  # at least, between the right number and where a known mistake leads


def make_case(student, label):
    """A case in which no known mistake leads near the right number.

    Its scores drift far less than its features: the head's bias is large, and stays. Its batches differ in
    contrast, so their drifts do: a mean of them is not the drift of all images.
    """
    for attempt in range(100):
        case = judge.make_case(student.seed, f"{label}, {attempt}", samples=SAMPLES)
        case.state["head.bias"] = case.state["head.bias"] + 5
        contrast = torch.tensor([0.3, 1, 3]).repeat_interleave(BATCH)[:SAMPLES, None, None, None]
        case = judge.Case(case.spec, case.state, case.images * contrast, case.labels)
        right = relative(case.features(), case.after_pass(BATCH).features())
        if all(abs(value - right) > APART for value, *_ in mistakes(case)):
            break
    return case


def drift(student, case, training, *, mode=True):
    """What the student's function measures, and the model; it comes in training mode, or not (``mode``)."""
    model = student.rig("make_model", case.spec, case.state)
    student.rig("set_mode", model, mode)
    loader = student.rig("make_loader", case.images, case.labels, BATCH)
    return student.call(FUNCTION, model, loader, training), model


def ordinary(came):
    """A tensor without dimensions is a number, but not an ordinary float."""
    if isinstance(came, torch.Tensor) and came.dim() == 0:
        raise Mistake(
            f"`{FUNCTION}` returns a tensor, not an ordinary float",
            expected="the drift: one float",
            came=describe(came),
            why="A number can be written down, drawn and compared without PyTorch.",
            tries="Turn the tensor into a number with `.item()` when you return it.",
            page=EXERCISE,
        )
    return number(came)


def number(came):
    """The number that was returned. A tensor that holds one is marked once, by :func:`ordinary`."""
    if isinstance(came, torch.Tensor) and came.dim() == 0 and not came.is_complex():
        came = came.item()
    if isinstance(came, int | float) and not isinstance(came, bool):
        return float(came)
    raise Mistake(
        f"`{FUNCTION}` returns nothing (None)" if came is None else f"`{FUNCTION}` does not return a number",
        expected="the drift: one float",
        came=describe(came),
        why="One number is what two modes can be compared by.",
        tries="Divide the norm of the change by the norm of the features before, and return it as a float, "
        "with `.item()`.",
        page=EXERCISE,
    )


def relative(before, after):
    return ((after - before).norm() / before.norm()).item()


def mistakes(case):
    """Where known mistakes lead: the number, and the words."""
    moved = case.after_pass(BATCH)
    before, after = case.features(), moved.features()
    batches = torch.cat([case.features("batch", images=part) for part in case.images.split(BATCH)])
    ratio = "Divide the norm of (after - before) by the norm of before, both over all images and features."
    yield (
        relative(before, batches),
        "The features after the pass were computed in training mode",
        "Go back to evaluation mode before you compute the features the second time.",
    )
    again = moved.after_pass(BATCH).features()
    for last in (after, again):  # the first look may have moved the statistics, too
        yield (
            relative(batches, last),
            "The features before the pass were computed in training mode",
            "Put the backbone in evaluation mode before you compute the features the first time.",
        )
    yield (
        relative(before, again),
        "Two passes were made in training mode instead of one",
        "Compute the features in evaluation mode; only the pass in between is in training mode.",
    )
    yield (
        (after - before).norm().item(),
        "The change was not divided by the features: it is an absolute length, not a relative one",
        ratio,
    )
    yield (
        relative(before, after) ** 2,
        "The drift is squared: squares were added up, but the root was not taken",
        "Use `tensor.norm()`: it adds up the squares and takes the root.",
    )
    yield (
        relative(after, before),
        "The change was divided by the features after the pass, not by those before it",
        ratio,
    )
    drifts = [relative(*parts) for parts in zip(before.split(BATCH), after.split(BATCH), strict=True)]
    sizes = [len(part) for part in case.labels.split(BATCH)]
    for value in (
        sum(drifts) / len(drifts),
        sum(part * size for part, size in zip(drifts, sizes, strict=True)) / SAMPLES,
    ):
        yield (
            value,
            "The drift is a mean of the batches' drifts, not the drift of all images together",
            "Join the features of all batches with `torch.cat`, before and after; then take the two norms.",
        )
    for value in (
        ((after - before).abs().mean() / before.abs().mean()).item(),
        (after - before).abs().mean().item(),
        ((after - before).norm(dim=1) / before.norm(dim=1)).mean().item(),
        ((after - before).abs().max() / before.abs().max()).item(),
    ):
        yield value, "The change was summed up in another way than was asked for", ratio
    yield (
        relative(*(judge.logits(features, *case.head) for features in (before, after))),
        "The drift is that of the model's scores, not of the backbone's features",
        "Apply `model.backbone`, not `model`.",
    )
    for rows in (slice(BATCH), slice(SAMPLES // BATCH * BATCH, None), slice(SAMPLES // BATCH * BATCH)):
        yield (
            relative(before[rows], after[rows]),
            "Some batches are missing: the drift is not that of all images",
            "Collect the features of every batch, also of the smaller last one; join them with `torch.cat`.",
        )
    first = judge.Case(case.spec, case.state, case.images[:BATCH], case.labels[:BATCH]).after_pass(BATCH)
    for rows in (slice(SAMPLES), slice(BATCH)):
        yield (
            relative(before[rows], first.features(images=case.images)[rows]),
            "The pass in training mode ended after the first batch",
            "Let the `for` loop run through the whole loader.",
        )


@pytest.mark.points(1)
def test_drift_in_training_mode(student):
    """the returned number is the relative change of the features by one pass in training mode"""
    for index in range(4 if student.full else 1):
        case = make_case(student, f"drift/training {index}")
        came = ordinary(drift(student, case, True)[0])
        right = relative(case.features(), case.after_pass(BATCH).features())
        if measure.near(came, right):
            continue
        what = "The drift is not the relative change of the features by one pass in training mode"
        tries = "Features in evaluation mode; one pass in training mode; features in evaluation mode again."
        if measure.near(came, 0):
            what, tries = zero(student, case)
        for value, known, mend in mistakes(case):
            if measure.near(came, value):
                what, tries = known, mend
                break
        raise Mistake(
            what,
            expected=measured(student, f"{right:.4f}", "the norm of the change, divided by the norm before")
            + f", for {SAMPLES} images in batches of {BATCH}",
            came=measured(student, f"{came:.4f}", "another number"),
            why="The drift says how far the head's inputs move while you believe them to be fixed.",
            tries=tries,
            page=BATCHNORM,
        )


def zero(student, case):
    """Why a drift is zero where it should not be: the words."""
    came = number(drift(student, case, True, mode=False)[0])
    if measure.near(came, 0):
        return (
            "The drift is zero: there was no pass in training mode between the two measurements",
            "Call `train(training)` of the backbone before the pass, and keep the features before it in a "
            "variable of their own.",
        )
    return (
        "The drift is zero: the features were computed in training mode, in which BatchNorm does not use its "
        "stored statistics",
        "Put the backbone in evaluation mode each time before you compute features; do not rely on the mode "
        "that the model comes in.",
    )


@pytest.mark.points(1)
def test_the_mode_decides(student):
    """a pass in evaluation mode moves nothing at all, one in training mode does"""
    for index in range(3 if student.full else 1):
        case = make_case(student, f"drift/modes {index}")
        still = number(drift(student, case, False)[0])
        if not measure.near(still, 0):
            raise Mistake(
                "With `training=False` there is a drift: the argument does not decide the mode of the pass",
                expected="0: in evaluation mode BatchNorm keeps its statistics, so the same images give the "
                "same features",
                came=measured(student, f"{still:.4f}", "another number"),
                why="Only if nothing else differs does a comparison of the two modes say what the mode does.",
                tries="Use the argument: `train(training)` of the backbone puts it in training mode for "
                "True, in evaluation mode for False. Compute the features themselves in evaluation mode.",
                page=BATCHNORM,
            )
        moving = number(drift(student, case, True, mode=False)[0])
        if not moving > 0 or measure.near(moving, 0):
            raise Mistake(
                "With `training=True` there is no drift: the pass was not in training mode",
                expected="more than 0: in training mode every batch moves BatchNorm's statistics",
                came=describe(moving),
                why="A measurement that shows nothing where something moves answers no question.",
                tries="Put the backbone in training mode for the pass, whatever mode the model came in.",
                page=BATCHNORM,
            )


def cases_apart(student, label, count):
    """Cases whose drifts differ, so that one number cannot be right for two of them."""
    found = {}
    for attempt in range(100):
        case = make_case(student, f"{label} {attempt}")
        right = relative(case.features(), case.after_pass(BATCH).features())
        if all(abs(right - other) > 0.01 for other in found):
            found[right] = case
        if len(found) == count:
            break
    return list(found.values())


@pytest.mark.points(1)
def test_leaves_no_trace(student):
    """the measurement itself leaves every parameter and buffer of the model as it was"""
    found = []
    for index, case in enumerate(cases_apart(student, "drift/trace", 3 if student.full else 2)):
        came, model = drift(student, case, True, mode=index % 2 == 0)
        found.append(number(came))
        after = reading.state_of(student.rig("state", model), like=case.state)
        moved = judge.moved(case.state, after, case.state)
        if moved:
            statistics = all(map(judge.is_statistic, moved))
            raise Mistake(
                "The measurement left its trace: BatchNorm's statistics were not put back"
                if statistics
                else "The measurement changed the model's parameters",
                expected="every tensor of the model is bit for bit what it was",
                came=f"changed: {listed(moved)}",
                why="Who measures twice should get the same number twice, and the model may be trained next.",
                tries="Measure on a `copy.deepcopy` of the backbone, or put back a `copy.deepcopy` of its "
                "`state_dict()`. Without a copy, `state_dict()` gives the very tensors that move: putting "
                "them back changes nothing."
                if statistics
                else "Take no step, and write to no parameter: a forward pass is enough.",
                page=BATCHNORM,
            )
        learning = reading.moved_in_training(student, model, case)
        if learning != case.backbone_parameters:
            raise Mistake(
                "The measurement froze the backbone: its parameters cannot learn any more",
                expected="a parameter that could learn before still can",
                came=f"{len(learning)} of the backbone's {len(case.backbone_parameters)} parameters can "
                "learn; before, all could",
                why="Who measures only looks. Training the model afterwards would do nothing, and no error "
                "would say so.",
                tries="Use `with torch.no_grad():`, and leave `requires_grad` alone.",
                page=EXERCISE,
            )
    if not math.isfinite(sum(found)) or min(found) <= 0 or measure.near(min(found), max(found)):
        raise Mistake(
            "Nothing was measured: the number does not depend on the model, or is zero",
            expected="a positive number, another one for another model",
            came="the same number each time" if min(found) == max(found) else "no such numbers",
            why="A model that was never looked at is left as it was, too.",
            tries="Write the measurement first: before, one pass, after.",
            page=EXERCISE,
        )
