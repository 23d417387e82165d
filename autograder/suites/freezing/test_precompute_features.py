"""Compute the features once, and get what the frozen network would give."""

import pytest
import torch
from torch.nn import functional as F

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.reading import listed, measured, sound
from autograder.suites.freezing import judge, reading
from autograder.suites.freezing.pages import EXERCISE, FEATURE_EXTRACTION

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "precompute_features"
SAMPLES = 11
BATCH = 4
WIDEST = 64  # features of any backbone here, and more


def compute(student, model, loader, keep=False):
    """What the student's function returns, and whether gradients were still on afterwards.

    They are switched on again: what a student's code left off would break other tasks, too.
    """
    student.rig("switch_gradients_on")
    result = (student.keep if keep else student.call)(FUNCTION, model, loader)
    return result, student.rig("switch_gradients_on") is not False


def pair_of(result, case, names=("features", "labels")):
    """Features ``(n, feature_dim)`` and labels ``(n,)``, or a :class:`Mistake`."""
    if result is None:
        raise Mistake(
            f"`{FUNCTION}` returns nothing (None)",
            expected="a pair: features, labels",
            came="None",
            why="The head is trained on what this function returns.",
            tries="Collect features and labels in two lists, and `return torch.cat(...)` of both.",
            page=EXERCISE,
        )
    if (
        not isinstance(result, list)
        or len(result) != 2
        or not all(isinstance(part, torch.Tensor) for part in result)
    ):
        came = describe(result)
        if isinstance(result, list) and len(result) == 2:
            came = f"a pair of {describe(result[0])} and {describe(result[1])}"
        raise Mistake(
            f"`{FUNCTION}` does not return a pair of tensors",
            expected="(features, labels), two tensors",
            came=came,
            why="The next step trains the head on one tensor of features and one of labels.",
            tries="Join the lists of batches with `torch.cat`, and return both tensors.",
            page=EXERCISE,
        )
    wanted = [
        ((len(case.images), case.spec["feature_dim"]), torch.float32),
        ((len(case.images),), torch.int64),
    ]
    for name, part, (shape, dtype) in zip(names, result, wanted, strict=True):
        if tuple(part.shape) == shape and part.dtype == dtype:
            continue
        what, tries = (
            f"The {name} have the wrong shape or type",
            "Join the batches with `torch.cat` along dimension 0.",
        )
        if name == "features" and tuple(part.shape) == (len(case.images), case.spec["classes"]):
            what = "The features are the model's scores, not the backbone's features"
            tries = "Apply `model.backbone`, not `model`."
        elif part.shape[:1] in {(BATCH,), (len(case.images) % BATCH,)}:
            what = f"The {name} are those of one batch only"
            tries = "Append each batch to a list inside the loop, join after it."
        elif part.shape[:1] == (len(case.images) // BATCH * BATCH,):
            what = f"The {name} of the last, smaller batch are missing"
        raise Mistake(
            what,
            expected=f"a tensor of shape {shape}, {str(dtype).removeprefix('torch.')}",
            came=describe(part),
            why="Row i of the features and entry i of the labels belong to image i.",
            tries=tries,
            page=EXERCISE,
        )
    return result


def batch_features(case):
    """What a backbone in training mode gives: every batch normalised with its own statistics."""
    return torch.cat([case.features(statistics="batch", images=part) for part in case.images.split(BATCH)])


@pytest.mark.points(1)
def test_features_in_order(student):
    """features and labels are those of the frozen backbone, in the loader's order"""
    for number in range(4 if student.full else 1):
        # The last batch is of one image.
        case = judge.make_case(
            student.seed, f"features/order {number}", samples=2 * BATCH + 1, feature_dim=10 + 3 * number
        )
        model = student.rig("make_model", case.spec, case.state)
        loader = student.rig("make_loader", case.images, case.labels, BATCH)
        judge_pair(student, case, compute(student, model, loader)[0])
        # The same model meets other photos, through a loader whose order is not that of its dataset.
        order = torch.randperm(len(case.images), generator=measure.draw(student.seed, f"order {number}"))
        mirrored = case.images.flip(-1)
        loader = student.rig("make_loader", mirrored, case.labels, BATCH, orders=[order.tolist()])
        result, _ = compute(student, model, loader)
        other = judge.Case(case.spec, case.state, mirrored[order], case.labels[order])
        judge_pair(student, other, result, earlier=case)


def judge_pair(student, case, result, earlier=None):
    """The result is the features and labels of the case. ``earlier``: what the model was given before."""
    features, labels = pair_of(result, case)
    right = case.features()
    if measure.close(features, right):
        if torch.equal(labels, case.labels):
            return
        raise Mistake(
            "The labels do not belong to the features: their order is not the loader's",
            expected="entry i of the labels is the class of image i",
            came="other labels, or the same in another order",
            why="A head trained on the wrong labels learns nothing, and no error tells you.",
            tries="Take features and labels from the same batch, in one pass over the loader.",
            page=EXERCISE,
        )
    if earlier is not None and measure.close(features, earlier.features()):
        raise Mistake(
            "The features of an earlier call came back: the loader that was given now was not read",
            expected="the features of the images that this loader gives",
            came="those of the loader before",
            why="With one model one computes features of the training photos, then of the validation photos.",
            tries="Compute the features in every call, and keep nothing from one call to the next.",
            page=EXERCISE,
        )
    if measure.close(features, batch_features(case)):
        raise Mistake(
            "The features were computed in training mode",
            expected="the features of a backbone in evaluation mode",
            came="features normalised with the statistics of their own batch",
            why="An image's features must not depend on which images happen to be in its batch. And each "
            "pass in "
            "training mode moves BatchNorm's statistics.",
            tries="Put the model, or its backbone, in evaluation mode before the loop.",
            page=FEATURE_EXTRACTION,
        )
    if measure.close(features, F.normalize(right)):
        raise Mistake(
            "The features were scaled: every row has the length 1",
            expected="what `model.backbone` gives for each image, unchanged",
            came="each row divided by its norm",
            why="The head will be applied to the backbone's features as they are.",
            tries="Append `model.backbone(images)` for each batch, without scaling it.",
            page=FEATURE_EXTRACTION,
        )
    nearest = torch.cdist(features.double(), right).argmin(dim=1)
    if nearest.sort().values.equal(torch.arange(len(right))) and measure.close(features, right[nearest]):
        raise Mistake(
            "The features are shuffled: they are not in the loader's order",
            expected="row i of the features belongs to image i of the loader",
            came="the right rows in another order",
            why="Later you match the rows with names, splits or photos, and they would be the wrong ones.",
            tries="Go through the given loader once and append; do not build another loader or sort.",
            page=EXERCISE,
        )
    raise Mistake(
        "The features are not those of the model's backbone",
        expected="what `model.backbone` gives for each image, unchanged",
        came=measured(
            student,
            f"the largest difference is {measure.distance(features, right):.2g}",
            "other numbers",
        ),
        why="The head will be applied to the backbone's features as they are.",
        tries="Append `model.backbone(images)` for each batch, without scaling it.",
        page=FEATURE_EXTRACTION,
    )


@pytest.mark.points(1)
def test_leaves_no_trace(student):
    """the model is left as it was, and the features are cut off from it"""
    for number in range(2 if student.full else 1):
        case = judge.make_case(student.seed, f"features/trace {number}", samples=SAMPLES)
        model = student.rig("make_model", case.spec, case.state)
        loader = student.rig("make_loader", case.images, case.labels, BATCH)
        pair, gradients_on = compute(student, model, loader, keep=True)
        if not gradients_on:
            raise Mistake(
                "Gradients stay switched off afterwards, in the whole program",
                expected="after the call PyTorch computes gradients as before",
                came="`torch.is_grad_enabled()` is False",
                why="Nothing can be trained any more, not even a head on these features: `backward()` fails "
                "in other cells, far from the cause.",
                tries="Use `with torch.no_grad():`, which ends with its block, instead of "
                "`torch.set_grad_enabled(False)`.",
                page=EXERCISE,
            )
        after = reading.state_of(student.rig("state", model), like=case.state)
        moved = judge.moved(case.state, after, case.state)
        if moved:
            raise Mistake(
                "Computing features changed the model: BatchNorm's statistics moved, because it was in "
                "training mode"
                if all(map(judge.is_statistic, moved))
                else "Computing features changed the model's parameters",
                expected="every tensor of the model is bit for bit what it was",
                came=f"changed: {listed(moved)}",
                why="A second pass over the same photos would give other features.",
                tries="Put the model, or its backbone, in evaluation mode before the loop.",
                page=FEATURE_EXTRACTION,
            )
        head = judge.draw_head(student.seed, f"features/head {number}", case.spec["classes"], WIDEST)
        report = student.rig("reuse_features", model, pair, *head)
        error = report.get("error") if isinstance(report, dict) else None
        error = error if isinstance(error, str) else None
        if isinstance(report, dict) and report.get("reached") is False:
            if judge.are_gradients(report.get("gradients"), report.get("pair"), *head):
                still_learns(student, model, case)
                continue
            raise Mistake(
                "A head on the returned features does not learn as those numbers say",
                expected="plain tensors: the features, and the label of each",
                came="other gradients than those of the returned numbers",
                why="What is computed once and reused must be what it says it is.",
                tries="Return two plain tensors, in the loader's order.",
                page=FEATURE_EXTRACTION,
            )
        if error is not None and "nference tensor" in error:
            raise Mistake(
                "The features were made under `inference_mode`: nothing can be trained on them",
                expected="plain tensors on which a head can be trained",
                came=error,
                why="PyTorch refuses to use such tensors in a computation that needs gradients, the head's "
                "too.",
                tries="Use `torch.no_grad()` instead.",
                page=EXERCISE,
            )
        if error is not None and "second time" not in error:
            sound(report, "training a head on the returned features", EXERCISE)
        raise Mistake(
            "The features are still attached to the backbone's graph",
            expected="plain numbers: training a head on them reaches the head only",
            came="a gradient went through the features into the backbone"
            + (", and the second epoch failed" if error is not None else ""),
            why="The graph keeps every intermediate result of every photo in memory, and the second epoch "
            "fails because "
            "the graph was used up in the first.",
            tries="Compute the features inside `with torch.no_grad():`.",
            page=FEATURE_EXTRACTION,
        )


def still_learns(student, model, case):
    """The backbone came unfrozen; it must not have been frozen to get features without a graph."""
    learning = reading.moved_in_training(student, model, case)
    if learning != case.backbone_parameters:
        raise Mistake(
            "Computing features froze the backbone: its parameters cannot learn any more",
            expected="a parameter that could learn before still can",
            came=f"{len(learning)} of the backbone's {len(case.backbone_parameters)} parameters can learn; "
            "before, all could",
            why="Who computes features only looks at the model. Training it afterwards would do nothing, and "
            "no error would say so.",
            tries="Compute the features inside `with torch.no_grad():`, and leave `requires_grad` alone.",
            page=FEATURE_EXTRACTION,
        )


@pytest.mark.points(1)
def test_same_as_the_frozen_network(student):
    """a head trained on these features is the head of the frozen network, also from a shuffling loader"""
    for number in range(3 if student.full else 1):
        case = judge.make_case(student.seed, f"features/same {number}", samples=SAMPLES, classes=SAMPLES)
        # Each image has a label of its own, so the label says which image a row belongs to, whatever the
        # order.
        own = torch.randperm(SAMPLES, generator=measure.draw(student.seed, f"features/labels {number}"))
        case = judge.Case(case.spec, case.state, case.images, own)
        model = student.rig("make_model", case.spec, case.state, trainable=case.head_names)
        student.rig("set_mode", model, False)
        loader = student.rig("make_loader", case.images, own, BATCH, shuffle_seed=number)
        features, labels = pair_of(compute(student, model, loader)[0], case)
        if not labels.sort().values.equal(torch.arange(SAMPLES)):
            raise Mistake(
                "The labels are not those that the loader gave",
                expected="each label once for each image that has it",
                came="some labels are missing or were changed",
                why="A head trained on wrong labels learns the wrong thing.",
                tries="Append the labels of each batch as they come.",
                page=EXERCISE,
            )
        rows = case.features()[own.argsort()][labels]
        options = {"lr": 0.5, "momentum": 0.9}
        network = judge.train_head([(rows, labels)] * 5, *case.head, **options)[:2]
        came = judge.train_head([(features.double(), labels)] * 5, *case.head, **options)[:2]
        if all(measure.close(left, right) for left, right in zip(came, network, strict=True)):
            continue
        raise Mistake(
            "A head trained on these features is not the head of the frozen network",
            expected="the same weights after 5 steps: a frozen backbone gives the same features in every "
            "epoch",
            came=measured(
                student,
                f"weights that differ by up to {measure.distance(came[0], network[0]):.2g}",
                "other weights",
            ),
            why="This is why one may compute features once: nothing is lost but the waiting.",
            tries="Take features and labels in ONE pass over the loader: a loader that shuffles has another "
            "order in every "
            "pass, and then features meet the labels of other images.",
            page=FEATURE_EXTRACTION,
        )
