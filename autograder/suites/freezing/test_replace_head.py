"""Replace the head by one for the new classes."""

import pytest

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import listed, returned_object, tensor_of
from autograder.suites.freezing import judge, reading
from autograder.suites.freezing.pages import EXERCISE, HEAD

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "replace_head"


def cases(student):
    """A case and the number of classes of the new head."""
    yield judge.make_case(student.seed, "replace/linear"), 5
    yield judge.make_case(student.seed, "replace/wide", feature_dim=20, dropout=0.3), 4
    if student.full:
        for number in range(3):
            case = judge.make_case(student.seed, f"replace/{number}", feature_dim=9 + 4 * number, classes=6)
            yield case, 2 + number


def one_layer(state, case):
    head = judge.linear_of(state)
    if head is None:
        raise Mistake(
            "The new head is not one linear layer",
            expected="`model.head` is one `nn.Linear`, from the backbone's features to the new classes",
            came="the head holds "
            f"{listed([name for name in state if name.startswith('head.')]) or 'nothing'}",
            why="One layer keeps the comparison simple: all else that the model knows is in the backbone.",
            tries="Assign a new `nn.Linear(...)` to `model.head`.",
            page=HEAD,
        )
    return head


@pytest.mark.points(1)
def test_new_head_fits(student):
    """the new head takes the backbone's features and gives one score per new class"""
    for case, classes in cases(student):
        model = student.rig("make_model", case.spec, case.state)
        result = student.call(FUNCTION, model, classes)
        result = returned_object(result, FUNCTION, "the model it was given", EXERCISE)
        state = reading.state_of(student.rig("state", result))
        if not judge.moved(case.state, state, case.head_names):
            raise Mistake(
                "The head was not replaced: the model still has its old one",
                expected=f"a head with {classes} outputs, one for each new class",
                came=f"the old head with its {case.spec['classes']} outputs",
                why="The old head answers the source task's question. Its scores mean nothing for the new "
                "classes.",
                tries="Assign to `model.head`. A new attribute with another name is never called, and "
                "writing to "
                "`model.head.out_features` changes a note about the layer, not its weights.",
                page=HEAD,
            )
        weight, bias = one_layer(state, case)
        feature_dim = case.spec["feature_dim"]
        if weight.shape[1] != feature_dim:
            raise Mistake(
                "The new head has the wrong number of inputs (wrong in_features)",
                expected=f"{feature_dim} inputs: this backbone gives {feature_dim} features an image",
                came=f"{weight.shape[1]} inputs",
                why="A head with other inputs cannot be applied to this backbone's features at all.",
                tries="Read the number from `model.backbone.feature_dim`; a number written by hand fits one "
                "backbone.",
                page=HEAD,
            )
        if weight.shape[0] != classes:
            raise Mistake(
                "The new head has the wrong number of outputs",
                expected=f"{classes} outputs, as the argument `classes` says",
                came=f"{weight.shape[0]} outputs",
                why="Each class needs one score of its own.",
                tries="Use the argument `classes` as the layer's second number.",
                page=HEAD,
            )
        student.rig("set_mode", result, False)
        outputs = student.rig("forward", result, case.images)
        outputs = tensor_of(outputs, (1, len(case.images), classes), "applying the model to images", EXERCISE)
        if not measure.close(outputs[0], judge.logits(case.features(), weight, bias)):
            raise Mistake(
                "The model's scores are not the new head applied to the backbone's features",
                expected="scores = features x weight + bias, with nothing after it",
                came="other numbers",
                why="The loss (cross-entropy) applies the softmax itself; a second one, or a ReLU, slows "
                "learning down.",
                tries="Let the head be the linear layer alone.",
                page=HEAD,
            )
        student.rig("set_mode", result, True)
        outputs = student.rig("forward", result, case.images)
        outputs = tensor_of(outputs, (1, len(case.images), classes), "applying the model to images", EXERCISE)
        if not measure.close(outputs[0], judge.logits(case.features("batch"), weight, bias)):
            raise Mistake(
                "The new layer is not the whole head: a part of the old head, its dropout, is still there",
                expected="in training mode, too, the scores are features x weight + bias",
                came="other numbers in training mode, as dropout gives them",
                why="The old head may be several layers. What is left of it works on in front of the new "
                "one.",
                tries="Assign the new `nn.Linear` to `model.head` itself, not to a part of it such as "
                "`model.head[-1]`.",
                page=HEAD,
            )


@pytest.mark.points(1)
def test_only_the_head_is_new(student):
    """the head's weights are new and can learn; the backbone is as it was"""
    for number in range(3 if student.full else 1):
        case = judge.make_case(student.seed, f"replace/new {number}")
        model = student.rig("make_model", case.spec, case.state, trainable=[])
        student.call(FUNCTION, model, case.spec["classes"])
        before = reading.state_of(student.rig("state", model))
        changed = judge.moved(case.state, before, case.backbone_names)
        if changed:
            raise Mistake(
                "Replacing the head changed the backbone",
                expected="every tensor of the backbone is bit for bit what it was",
                came=f"changed: {listed(changed)}",
                why="The backbone is what we want to reuse. If it is drawn anew, nothing is transferred.",
                tries="Keep the model you were given; replace `model.head` only.",
                page=HEAD,
            )
        weight, _ = one_layer(before, case)
        if measure.close(weight, case.head[0]):
            raise Mistake(
                "The head was not replaced: its weights are the old ones",
                expected="a new layer with new weights, also when the number of classes happens to be the "
                "same",
                came="the old weights in the model that was passed in",
                why="The same number of classes does not make them the same classes.",
                tries="Always build a new `nn.Linear`, and put it into the model that was passed in, not "
                "into a copy.",
                page=HEAD,
            )
        probe = judge.draw_head(student.seed, "replace/probe", *case.head[0].shape)
        report = student.rig(
            "train_everything", model, case.images, case.labels, lr=0.3, steps=2, probe=list(probe)
        )
        after, _ = reading.trained(report)
        if not judge.moved(before, after, [name for name in before if name.startswith("head.")]):
            raise Mistake(
                "The new head is frozen",
                expected="the new head's parameters move in training",
                came="none of them moved",
                why="The new head starts from random numbers. If it cannot learn, its scores stay random.",
                tries="Put the new layer in after everything else is frozen, or freeze the backbone only.",
                page=HEAD,
            )
        for trainable, wanted in ([], []), (None, case.backbone_parameters):
            model = student.rig("make_model", case.spec, case.state, trainable=trainable)
            student.call(FUNCTION, model, case.spec["classes"])
            learning = reading.moved_in_training(student, model, case)
            if learning == wanted:
                continue
            raise Mistake(
                "Replacing the head froze the backbone, too"
                if wanted
                else "Replacing the head let the frozen backbone learn again",
                expected="of the backbone's parameters can learn what could learn before",
                came=f"{len(learning)} of {len(case.backbone_parameters)} can learn; before, it was "
                f"{len(wanted)}",
                why="What learns is another decision than which classes there are: one may also want to "
                "train a whole network with a new head.",
                tries="Assign to `model.head`, and leave every `requires_grad` of the backbone as it is.",
                page=HEAD,
            )
