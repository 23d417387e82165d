"""Build an optimiser that holds only what should learn."""

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import listed, returned_object
from autograder.suites.freezing import judge, reading
from autograder.suites.freezing.pages import EXERCISE, FROZEN

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "make_optimizer"
LR = 0.05
FACTOR = 3.0
# The first step of every torch optimiser is proportional to lr: the ratio of two first steps is FACTOR.
# Over 40 seeds and 13 optimisers it was between 2.9999 and 3.0001; an ignored lr gives 1.
# ``tests/assignments/test_freezing.py`` measures it again.
LOWEST, HIGHEST = 2.5, 3.5
# Every optimiser goes downhill: the angle between a first step and the gradient, reversed, is small. Over 40
# seeds and 13 optimisers its cosine was above 0.79 (measured there too); a step that knows no gradient has 0.
DOWNHILL = 0.5
# Two tensors with the same shape, numbers and gradients make the same first step, whatever the optimiser, if
# their learning rates are the same. Weight decay for one of them only may change it by a few per cent.
EQUAL = 0.8, 1.25


def step(student, case, trainable, gradients, lr, scheduled=None):
    """The state after one step of the student's optimiser, when EVERY parameter has a gradient.

    ``scheduled``: a learning rate that is set in every group before the step.
    """
    model = student.rig("make_model", case.spec, case.state, trainable=trainable)
    optimizer = student.call(FUNCTION, model, lr)
    optimizer = returned_object(optimizer, FUNCTION, "the optimiser", EXERCISE)
    report = student.rig("step_with_gradients", model, optimizer, gradients, scheduled)
    return reading.state_of(report, "`optimizer.step()`", like=case.state)


def draw_gradients(student, case, label):
    """A gradient for every parameter, no entry of which is near zero."""
    generator = measure.draw(student.seed, label)
    gradients = {}
    for name in case.parameters:
        noise = torch.randn(case.state[name].shape, generator=generator)
        gradients[name] = noise + noise.sign() * 0.2
    return gradients


def judge_moves(case, after, trainable):
    """Exactly the parameters in ``trainable`` moved."""
    moved = judge.moved(case.state, after, case.parameters)
    wrong = [name for name in moved if name not in trainable]
    if wrong:
        raise Mistake(
            "Frozen parameters were left in the optimiser",
            expected=f"a step moves the {len(trainable)} parameters that require gradients, and no other",
            came=f"it also moved {len(wrong)} frozen ones: {listed(wrong)}",
            why="`requires_grad = False` stops new gradients. An optimiser that holds the parameter still "
            "moves it by an "
            "older gradient, by momentum or by weight decay.",
            tries="Give the optimiser only those parameters whose `requires_grad` is True.",
            page=FROZEN,
        )
    missing = [name for name in trainable if name not in moved]
    if missing == list(trainable):
        raise Mistake(
            "The optimiser moves nothing",
            expected=f"a step moves {listed(list(trainable))}",
            came="no parameter of the model moved",
            why="An optimiser works on the very tensors it was given. Copies of them are not part of the "
            "model.",
            tries="Pass the parameters themselves (no `.clone()`, `.data` or `.detach()`), and those that "
            "require "
            "gradients rather than those that do not.",
            page=FROZEN,
        )
    if missing:
        raise Mistake(
            "The optimiser misses parameters that should learn",
            expected="every parameter whose `requires_grad` is True is in the optimiser, wherever it is in "
            "the model",
            came=f"these require gradients and did not move: {listed(missing)}",
            why="Later you will unfreeze the top of the backbone. What the optimiser does not hold cannot "
            "learn, and "
            "nothing tells you.",
            tries="Ask each parameter of the whole model, `model.parameters()`, for its `requires_grad`, "
            "instead of naming its parts.",
            page=FROZEN,
        )


def judge_direction(case, after, gradients, names):
    """The step went where the gradients say."""
    steps = torch.cat([(after[name] - case.state[name]).double().flatten() for name in names])
    slopes = torch.cat([gradients[name].double().flatten() for name in names])
    cosine = torch.nn.functional.cosine_similarity(steps, -slopes, dim=0).item()
    if not cosine > DOWNHILL:
        raise Mistake(
            "The step does not follow the gradients",
            expected="each parameter moves against its gradient: downhill",
            came="a step in another direction",
            why="An optimiser exists to make the loss smaller. Any other movement forgets what was learnt.",
            tries="Return an optimiser of `torch.optim`, made with its usual settings.",
            page=FROZEN,
        )


def judge_schedule(student, case, trainable, gradients):
    """Nothing frozen moves either when every group is given another learning rate than its own."""
    after = step(student, case, trainable, gradients, LR, scheduled=LR)
    wrong = [name for name in judge.moved(case.state, after, case.parameters) if name not in trainable]
    if wrong:
        raise Mistake(
            "Frozen parameters were left in the optimiser, in a group whose learning rate is zero",
            expected="the optimiser holds the parameters that require gradients, and no other",
            came=f"once the learning rate of every group was set, a step moved {listed(wrong)}",
            why="A schedule sets the learning rate of every group. From then on the frozen parameters move.",
            tries="Give the optimiser only those parameters whose `requires_grad` is True.",
            page=FROZEN,
        )


def judge_equal_rates(case, after, names):
    """Two tensors with the same numbers and gradients made the same step, if both made one."""
    sizes = [(after[name] - case.state[name]).double().norm().item() for name in names]
    if all(sizes) and not EQUAL[0] < sizes[0] / sizes[1] < EQUAL[1]:
        raise Mistake(
            "The backbone and the head do not learn with the same learning rate",
            expected="every parameter learns with the learning rate `lr`",
            came=f"with the same numbers and the same gradient, the step of `{names[0]}` was "
            f"{sizes[0] / sizes[1]:.2g} times as large as that of `{names[1]}`",
            why="Who calls the function chooses the learning rate. Another one that hides in the code cannot "
            "be seen or tuned from there.",
            tries="Pass `lr=lr` for all parameters, and set it in no group by itself.",
            page=FROZEN,
        )


@pytest.mark.points(1)
def test_frozen_parameters_stay(student):
    """with a frozen backbone a step moves the head, by the learning rate, and nothing else"""
    for number in range(3 if student.full else 1):
        label = f"optimizer/frozen {number}"
        case = judge.make_case(student.seed, label, dropout=0.5 * (number % 2))
        gradients = draw_gradients(student, case, label)
        sizes = []
        for lr in (LR, FACTOR * LR):
            after = step(student, case, case.head_names, gradients, lr)
            judge_moves(case, after, case.head_names)
            judge_direction(case, after, gradients, case.head_names)
            sizes.append(
                torch.cat([(after[name] - case.state[name]).flatten() for name in case.head_names]).norm()
            )
        ratio = (sizes[1] / sizes[0]).item()
        if not LOWEST < ratio < HIGHEST:
            raise Mistake(
                "The optimiser does not use the learning rate it is given",
                expected=f"with a learning rate {FACTOR:g} times as large, the first step is {FACTOR:g} "
                "times as large",
                came=f"it was {ratio:.2f} times as large",
                why="A default or fixed learning rate hides in the code and cannot be tuned.",
                tries="Pass on the argument: `lr=lr`.",
                page=FROZEN,
            )
        judge_schedule(student, case, case.head_names, gradients)


@pytest.mark.points(1)
def test_follows_requires_grad(student):
    """when other parts of the model can learn, a step moves those, by the learning rate, and nothing else"""
    for number in range(3 if student.full else 1):
        label = f"optimizer/unfrozen {number}"
        case = judge.make_case(student.seed, label, feature_dim=16, classes=16)
        # A parameter of the model itself, and one of two in the head. Its twin in the backbone has the same
        # shape, the same numbers and the same gradient.
        case.state["logit_scale"] = torch.tensor([2.0])
        twins = "backbone.layers.4.bias", "head.bias"
        case.state[twins[0]] = case.state[twins[1]]
        top = [name for name in case.backbone_parameters if name.split(".")[2] in {"3", "4"}]
        trainable = [*top, "head.bias", "logit_scale"]
        gradients = draw_gradients(student, case, label)
        gradients[twins[0]] = gradients[twins[1]]
        after = step(student, case, trainable, gradients, LR)
        judge_equal_rates(case, after, twins)
        judge_moves(case, after, trainable)
        judge_direction(case, after, gradients, trainable)
