"""Freeze the backbone, leave the head free to learn."""

import pytest

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import listed, returned_object
from autograder.suites.freezing import judge, reading
from autograder.suites.freezing.pages import EXERCISE, FROZEN

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

LR = 0.3
STEPS = 4


def cases(student):
    yield judge.make_case(student.seed, "freeze/linear head")
    yield judge.make_case(student.seed, "freeze/dropout head", dropout=0.5, feature_dim=20, classes=4)
    yield judge.make_case(student.seed, "freeze/mixed", kind="mixed")
    if student.full:
        for number in range(3):
            yield judge.make_case(student.seed, f"freeze/{number}", feature_dim=8 + 5 * number, samples=20)


def train(student, model, case):
    """The state after a few training steps, and whether a second head learned from fixed features.

    The state is what the model says of itself. The second head cannot be right unless the features were.
    """
    probe = judge.draw_head(student.seed, "freeze/probe", case.spec["classes"], case.spec["feature_dim"])
    report = student.rig(
        "train_everything", model, case.images, case.labels, lr=LR, steps=STEPS, probe=list(probe)
    )
    after, learned = reading.trained(report, like=case.state)
    right = follow(case, *(part.double() for part in probe))
    return after, judge.is_head(learned, *right)


def follow(case, weight, bias):
    """Where a head gets to from this weight and bias when the features stay as they are."""
    batch = (case.features(), case.labels)
    weight, bias, _ = judge.train_head([batch] * STEPS, weight, bias, lr=LR, momentum=0.9, weight_decay=0.01)
    return weight, bias


@pytest.mark.points(1)
def test_backbone_stays(student):
    """training leaves every tensor of the backbone as it was"""
    for case in cases(student):
        model = student.rig("make_model", case.spec, case.state)
        student.call("freeze_backbone", model)
        after, fixed = train(student, model, case)
        moved = judge.moved(case.state, after, case.backbone_names)
        if not moved and fixed:
            continue
        if not moved:
            raise Mistake(
                "The backbone's features changed in training, though its tensors are what they were",
                expected="the backbone gives the same features before, during and after training",
                came="a second head, trained on its features, is not where fixed features lead",
                why="Frozen means that training does not change what the backbone computes. Putting its "
                "numbers back afterwards does not undo what the head has learnt meanwhile.",
                tries="Set `requires_grad` of each parameter of `model.backbone` to False, and change "
                "nothing else.",
                page=FROZEN,
            )
        if set(moved) >= set(case.backbone_parameters):
            raise Mistake(
                "The whole model was trained: nothing in the backbone is frozen",
                expected="after a few training steps every tensor of the backbone is bit for bit what it was",
                came=f"all {len(case.backbone_parameters)} parameters of the backbone moved",
                why="The backbone's knowledge comes from the source task. A few photos can destroy it in a "
                "few steps.",
                tries="Set `requires_grad` of each parameter of `model.backbone` to False: of the parameters "
                "of the very "
                "model that was passed in, not of a copy, and not as an attribute of the module.",
                page=FROZEN,
            )
        raise Mistake(
            "Only a part of the backbone is frozen",
            expected="every parameter of the backbone stays, those of BatchNorm layers too",
            came=f"these moved in training: {listed(moved)}",
            why="BatchNorm has a learnt scale and shift. They are parameters too, and change every feature. "
            "Other backbones have other layers, and parameters of their own beside them.",
            tries="Go through `model.backbone.parameters()`: it reaches every parameter, whatever its name "
            "and the kind of its layer.",
            page=FROZEN,
        )


@pytest.mark.points(1)
def test_head_learns(student):
    """the returned model's head learns, as it does on a frozen backbone"""
    for case in cases(student):
        model = student.rig("make_model", case.spec, case.state)
        result = student.call("freeze_backbone", model)
        result = returned_object(result, "freeze_backbone", "the model it was given", EXERCISE)
        after, _ = train(student, result, case)
        if not judge.moved(case.state, after, case.head_names):
            raise Mistake(
                "You froze the head too: nothing is left that can learn",
                expected="the head's weight and bias still move in training",
                came="no parameter of the head moved",
                why="A frozen backbone gives features; the head has to learn what they mean for the new "
                "task.",
                tries="Go through `model.backbone.parameters()`, not `model.parameters()`.",
                page=FROZEN,
            )
        weight, bias = follow(case, *case.head)
        head = judge.linear_of(after)
        if head is not None and measure.close(head[0], weight) and measure.close(head[1], bias):
            continue
        moved = judge.moved(case.state, after, case.backbone_parameters)
        if moved:
            raise Mistake(
                "The head learns, but not on a frozen backbone: the backbone was trained along with it",
                expected="the head's weights after training are those of a head on fixed features",
                came=f"{len(moved)} of the backbone's {len(case.backbone_parameters)} parameters moved as "
                "well",
                why="When the features change at every step, the head learns to read features that no longer "
                "exist.",
                tries="Freeze every parameter in `model.backbone.parameters()`, then return `model`.",
                page=FROZEN,
            )
        raise Mistake(
            "The head does not learn as the head of the given model would",
            expected="both parameters of the head, its weight and its bias, keep their values and stay "
            "trainable",
            came="after a few training steps they are not where training leads from the given values",
            why="Freezing switches learning off for the backbone. It changes no value and leaves the head "
            "alone.",
            tries="Touch nothing but `requires_grad` of the backbone's parameters.",
            page=FROZEN,
        )
    head_is_left(student)


def head_is_left(student):
    """A parameter of the head that came frozen stays so."""
    case = judge.make_case(student.seed, "freeze/half a head")
    trainable = [*case.backbone_parameters, "head.weight"]
    model = student.rig("make_model", case.spec, case.state, trainable=trainable)
    student.call("freeze_backbone", model)
    after, _ = train(student, model, case)
    if judge.moved(case.state, after, ["head.bias"]):
        raise Mistake(
            "The head was not left as it is: a frozen part of it learns again",
            expected="of a head whose bias is frozen, the weight learns and the bias does not",
            came="`head.bias` moved in training",
            why="What learns in the head was decided before. A function that freezes the backbone should not "
            "decide it again.",
            tries="Touch nothing but `requires_grad` of the backbone's parameters.",
            page=FROZEN,
        )
