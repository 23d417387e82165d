"""Keep BatchNorm still while the head is in training mode."""

import itertools

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, same_bits
from autograder.reading import listed, returned_object, tensor_of
from autograder.suites.freezing import judge, reading
from autograder.suites.freezing.pages import EXERCISE, FROZEN

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "set_train_mode"
PASSES = 3


def make_case(student, label, kind="small"):
    """A case whose head is dropout, then the identity: the outputs are the features after dropout."""
    case = judge.make_case(student.seed, label, kind=kind, samples=16, classes=12, dropout=0.5)
    case.state["head.1.weight"] = torch.eye(12)
    case.state["head.1.bias"] = torch.zeros(12)
    return case


def run(student, case, training):
    """Start in one mode, call the student's function, pass the images through ``PASSES`` times.

    Returns the model, the outputs ``(passes, batch, features)`` and the state afterwards.
    """
    model = student.rig("make_model", case.spec, case.state)
    student.rig("set_mode", model, training)
    student.call(FUNCTION, model)
    outputs = student.rig("forward", model, case.images, times=PASSES)
    outputs = tensor_of(outputs, (PASSES, len(case.images), 12), "applying the model", EXERCISE)
    return model, outputs, reading.state_of(student.rig("state", model), like=case.state)


def after_dropout(outputs, features):
    """The features as dropout (0.5) leaves them: doubled where it kept them, which ``outputs`` tells."""
    return torch.where(outputs != 0, 2 * features, 0.0)


def are_features(outputs, case):
    """Whether all that dropout kept is twice a feature, whichever statistics each BatchNorm layer used."""
    kinds = itertools.product(("stored", "batch"), repeat=2)
    return any(measure.close(outputs, after_dropout(outputs, case.features(kind))) for kind in kinds)


@pytest.mark.points(1)
def test_statistics_stay(student):
    """passing images through the model leaves BatchNorm's statistics as they were"""
    for number in range(3 if student.full else 1):
        case = make_case(student, f"mode/statistics {number}")
        model, _, after = run(student, case, training=True)
        moved = judge.moved(case.state, after, case.statistics)
        # What the model says of its statistics, and what it computes with them.
        student.rig("set_mode", model, False)
        scores = student.rig("forward", model, case.images)
        scores = tensor_of(scores, (1, len(case.images), 12), "applying the model", EXERCISE)
        if moved or not measure.close(scores[0], case.features()):
            told = f"these had changed: {listed(moved)}" if moved else "an evaluation gave other scores"
            raise Mistake(
                "BatchNorm is still moving: its statistics follow the new images",
                expected="`running_mean` and `running_var` are bit for bit what they were",
                came=f"after {PASSES} batches {told}",
                why="They are buffers, not parameters: `requires_grad = False` does not stop them. In "
                "training mode every "
                "forward pass changes them, so the frozen backbone gives other features after every batch.",
                tries="Put the backbone in evaluation mode after `model.train()`, which switches every part "
                "to training "
                "mode again.",
                page=FROZEN,
            )


@pytest.mark.points(1)
def test_dropout_stays_active(student):
    """dropout in the head is active, also when the model comes from an evaluation"""
    for number in range(3 if student.full else 1):
        case = make_case(student, f"mode/dropout {number}")
        _, outputs, _ = run(student, case, training=False)
        active = (outputs == 0).any() and not same_bits(outputs[0], outputs[1])
        if active and not are_features(outputs, case):
            raise Mistake(
                "The model's scores are not its features after dropout",
                expected="each score is zero or twice a feature (dropout 0.5)",
                came="other numbers",
                why="Setting a mode switches BatchNorm and dropout. It changes nothing else in the model.",
                tries="Use `train()` and `eval()` of the model's parts, and nothing else.",
                page=FROZEN,
            )
        if not active:
            raise Mistake(
                "Dropout in the head is off: the head is in evaluation mode",
                expected="two passes over the same images differ, because dropout sets other features to "
                "zero each time",
                came="both passes gave the same scores",
                why="Dropout keeps a head from learning few photos by heart. With the whole model in "
                "`eval()`, or a head "
                "left as the last evaluation set it, dropout never happens while you train.",
                tries="Put the head in training mode yourself; do not rely on the mode that the model comes "
                "in.",
                page=FROZEN,
            )


@pytest.mark.points(1)
def test_both_at_once(student):
    """the scores are those of fixed features with dropout, and the model is returned"""
    kinds = ["small", "noisy", "mixed"] * (2 if student.full else 1)
    for number, kind in enumerate(kinds):
        case = make_case(student, f"mode/both {number}", kind)
        _, outputs, after = run(student, case, training=True)
        right = measure.close(outputs, after_dropout(outputs, case.features()))
        if (outputs != 0).all():
            raise Mistake(
                "Dropout in the head is off, though the model came in training mode",
                expected="about half of the head's inputs are set to zero",
                came="none was",
                why="A head without its dropout learns few photos by heart.",
                tries="Leave the head in training mode: only the backbone goes to evaluation mode.",
                page=FROZEN,
            )
        batch = after_dropout(outputs, case.features("batch"))
        if not right and kind == "small" and measure.close(outputs, batch):
            raise Mistake(
                "The backbone normalises with the statistics of the batch, as in training mode",
                expected="BatchNorm uses its stored statistics: an image's features do not depend on its "
                "batch",
                came="the features of one image change with the other images of its batch",
                why="Evaluation uses the stored statistics. A head trained on other features meets new ones "
                "there.",
                tries="Use `model.backbone.eval()`. Setting `momentum` to zero stops the statistics, not "
                "their use.",
                page=FROZEN,
            )
        if not right and kind == "noisy":
            raise Mistake(
                "Only BatchNorm is in evaluation mode: the backbone has dropout of its own, and that is "
                "still random",
                expected="the whole backbone is in evaluation mode and gives the same features every time",
                came="for a backbone that ends in dropout, the features changed from pass to pass",
                why="Many pretrained networks have dropout or random depth inside. Random features are not "
                "fixed features.",
                tries="Switch the backbone as a whole: one call on `model.backbone` reaches all its layers.",
                page=FROZEN,
            )
        if not right and kind == "mixed":
            raise Mistake(
                "The layers inside the backbone are in evaluation mode, but the backbone itself is not",
                expected="the whole backbone is in evaluation mode: `model.backbone.training` is False, too",
                came="for a backbone with dropout in its own `forward`, the features changed from pass to "
                "pass",
                why="Not all that depends on the mode is a layer: `F.dropout(x, p, self.training)` asks the "
                "module in whose `forward` it stands.",
                tries="Call `model.backbone.eval()`: it reaches the backbone and all its layers.",
                page=FROZEN,
            )
        moved = judge.moved(case.state, after, case.parameters)
        if not right or moved:
            raise Mistake(
                "The model's scores are not those of fixed features with dropout",
                expected="each score is zero or twice the feature (dropout 0.5), and no parameter changes",
                came=f"changed: {listed(moved)}" if moved else "other numbers",
                why="Setting a mode switches BatchNorm and dropout. It changes no number in the model.",
                tries="Use `train()` and `eval()` of the model's parts, and nothing else.",
                page=FROZEN,
            )
    model = student.rig("make_model", case.spec, case.state)
    returned_object(student.call(FUNCTION, model), FUNCTION, "the model it was given", EXERCISE)
    for trainable, wanted in (None, case.backbone_parameters), (case.head_names, []):
        model = student.rig("make_model", case.spec, case.state, trainable=trainable)
        student.call(FUNCTION, model)
        learning = reading.moved_in_training(student, model, case)
        if learning == wanted:
            continue
        raise Mistake(
            "Setting the mode froze the backbone: `requires_grad` was changed, too"
            if wanted
            else "Setting the mode let the frozen backbone learn again",
            expected="nothing but modes changes: of the backbone's parameters can learn what could before",
            came=f"{len(learning)} of {len(case.backbone_parameters)} can learn; before, {len(wanted)} could",
            why="Mode and `requires_grad` are two things. Every epoch begins with this function: it would "
            "undo at once what task 8 unfreezes.",
            tries="Use `train()` and `eval()` of the model's parts, and nothing else.",
            page=FROZEN,
        )
