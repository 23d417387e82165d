"""Let the top layers of the backbone learn again, and keep what is below still."""

import pytest

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import listed, returned_object, tensor_of
from autograder.suites.freezing import judge, reading
from autograder.suites.freezing.pages import EXERCISE, UNFREEZING

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "unfreeze_top"
SETTINGS = {"lr": 0.1, "steps": 3}
FIXED = {"momentum": 0.9, "weight_decay": 0.01}  # what the rig's `train_everything` uses
KINK = 5e-6  # nearer to zero than this, a ReLU may be on in float32 and off in float64


def top(case, layers):
    """Names of the parameters of the last ``layers`` layers."""
    return flat(case.layers[len(case.layers) - layers :])


def flat(layers):
    return [name for layer in layers for name in layer]


def draw_case(student, label, counts, **options):
    """A case, the head that learns beside its own, and where right training of each count's layers leads.

    Near zero, rounding decides whether a ReLU passes the gradient. Training takes no step from there, or an
    honest answer would now and then end elsewhere than the judge.
    """
    for attempt in range(100):
        case = judge.make_case(student.seed, f"{label}, {attempt}", **options)
        probe = judge.draw_head(
            student.seed, f"{label}/probe", case.spec["classes"], case.spec["feature_dim"]
        )
        right = {
            layers: judge.train_network(case, top(case, layers) + case.head_names, probe, **SETTINGS, **FIXED)
            for layers in counts
        }
        if all(nearest > KINK for *_, nearest in right.values()):
            break
    return case, probe, right


def train(student, model, case, layers, probe, right):
    """The names of what moved in training with an optimiser that holds everything.

    Where the right parameters moved, they must have moved to where training leads: what the model says of
    itself is not enough.
    """
    report = student.rig("train_everything", model, case.images, case.labels, probe=list(probe), **SETTINGS)
    after, learned = reading.trained(report, like=case.state)
    moved = judge.moved(case.state, after, case.state)
    still = [name for name in case.head_names if name not in moved]
    if still:
        raise Mistake(
            "You froze the head too",
            expected="the head's weight and bias learn, however many layers of the backbone do",
            came=f"these did not move in training: {listed(still)}",
            why="The head has to follow features that change now.",
            tries="Change `requires_grad` of the backbone's parameters only.",
            page=UNFREEZING,
        )
    learning = top(case, layers)
    if set(moved) == {*learning, *case.head_names}:
        numbers, probe, _ = right
        if not (
            all(measure.close(after[name], tensor) for name, tensor in numbers.items())
            and judge.is_head(learned, *probe)
        ):
            raise Mistake(
                "The right layers move, but not to where training leads them",
                expected="each number of the model keeps its value, and training starts from there",
                came="after a few training steps other numbers",
                why="Unfreezing switches learning on. It changes no number in the model.",
                tries="Touch nothing but `requires_grad` of the backbone's parameters.",
                page=UNFREEZING,
            )
    return [name for name in moved if name not in case.head_names]


def deviation(case, layers, moved):
    """The mistake when other layers moved than should have: without a name for it, but with what moved."""
    learning = top(case, layers)
    wrong = [name for name in moved if name not in learning]
    missing = [name for name in learning if name not in moved]
    if wrong:
        what, came = "Layers below the unfrozen top learn as well", f"these moved, too: {listed(wrong)}"
    else:
        what, came = "A part of the top is still frozen", f"these did not move: {listed(missing)}"
    return what, came


def wrong_layers(case, layers, moved, known=None):
    """What to say when, of ``layers`` layers, ``moved`` moved. ``known``: what and tries, if recognised."""
    what, came = deviation(case, layers, moved)
    tries = (
        "Collect the layers that have parameters of their own, in order. Freeze the whole backbone, then "
        "switch on every parameter of the last `layers` of them."
    )
    if known is not None:
        what, tries = known
    return Mistake(
        what,
        expected=f"with {layers} of {len(case.layers)} layers, the backbone's parameters that learn are "
        f"{listed(top(case, layers), 5) or 'none'}",
        came=came,
        why="The first layers see edges and colours, which every task needs. The last ones are nearest to "
        "the source task: those are what one lets learn again.",
        tries=tries,
        page=UNFREEZING,
    )


def guesses(case):
    """Which parameters known mistakes unfreeze, as functions of ``layers``, and the words."""
    layers, everything = case.layers, case.backbone_parameters
    convolutions = [layer for layer in layers if len(layer) == 1]
    blocks = [first + second for first, second in zip(layers[::2], layers[1::2], strict=True)]
    children = [part for block in blocks for part in (block[:1], block[1:], [])]  # each with its ReLU
    yield (
        lambda count: flat(layers[:count]),
        "The first layers were unfrozen instead of the last ones",
        "The top is where the head is: take the last entries of the list, `[len(list) - layers:]`.",
    )
    yield (
        lambda count: everything,
        "The whole backbone learns, however few layers were asked for",
        "Freeze the whole backbone first. Then switch on the last `layers` layers only.",
    )
    yield (
        lambda count: [],
        "Nothing in the backbone was unfrozen",
        "Set `requires_grad` of each parameter of these layers to True: of the parameters of the very model "
        "that was passed in, not of a copy, and not as an attribute of the layer.",
    )
    yield (
        lambda count: flat(children[len(children) - count :]),
        "ReLU was counted as a layer: it has no parameters, so too little was unfrozen",
        "Count only modules with parameters of their own: those in which "
        "`list(module.parameters(recurse=False))` is not empty.",
    )
    yield (
        lambda count: everything[len(everything) - count :],
        "Parameters were counted instead of layers: a BatchNorm layer has two",
        "Collect layers first, as lists of their parameters, and take the last `layers` of these lists.",
    )
    yield (
        lambda count: [name for name in top(case, count) if [name] in convolutions],
        "BatchNorm's scale and shift were left frozen in layers that should learn",
        "Switch on every parameter of an unfrozen layer, whatever its kind. What stays is BatchNorm's "
        "statistics, and that is a matter of mode.",
    )
    yield (
        lambda count: flat(convolutions[max(len(convolutions) - count, 0) :]),
        "Only convolutions were counted and unfrozen: BatchNorm layers were left frozen",
        "Every module with parameters of its own counts, BatchNorm too.",
    )
    yield (
        lambda count: flat(blocks[max(len(blocks) - count, 0) :]),
        "Blocks were counted instead of layers: a convolution and its BatchNorm are two layers",
        "Go through `model.backbone.modules()`, which reaches layers inside layers, and count those with "
        "parameters of their own.",
    )
    yield (
        lambda count: layers[len(layers) - count],
        "Only one layer was unfrozen, not all from there to the top",
        "Take all of the last `layers` layers: a slice, not one entry.",
    )
    for other in (1, -1):
        yield (
            lambda count, other=other: flat(layers[max(len(layers) - count - other, 0) :]),
            f"One layer too {'many' if other > 0 else 'few'} was unfrozen",
            "The last `layers` entries of a list start at `len(list) - layers`.",
        )


@pytest.mark.points(1)
def test_the_last_layers_learn(student):
    """after it the last layers of the backbone learn, and everything below stays bit for bit"""
    for number in range(2 if student.full else 1):
        label, counts = f"unfreeze/last {number}", range(1, 2 * len(judge.BLOCKS["small"]) + 1)
        case, probe, right = draw_case(student, label, counts, feature_dim=10 + 4 * number)
        found = {}
        for layers in counts:
            model = student.rig("make_model", case.spec, case.state, trainable=case.head_names)
            student.call(FUNCTION, model, layers)
            found[layers] = train(student, model, case, layers, probe, right[layers])
        wrong = [layers for layers in counts if set(found[layers]) != set(top(case, layers))]
        if not wrong:
            continue
        for guess, what, tries in guesses(case):
            if all(set(found[layers]) == set(guess(layers)) for layers in counts):
                raise wrong_layers(case, wrong[0], found[wrong[0]], (what, tries))
        raise wrong_layers(case, wrong[0], found[wrong[0]])


@pytest.mark.points(1)
def test_whatever_was_frozen_before(student):
    """it counts from the top at every call: from 0, after more layers, and layers of every kind"""
    # How many layers, and whether everything learns before or the head alone.
    calls = (1, False), (0, False), (2, True), (5, True)
    for number in range(2 if student.full else 1):
        label, counts = f"unfreeze/nested {number}", [layers for layers, _ in calls]
        case, probe, right = draw_case(student, label, counts, kind="nested", feature_dim=9)
        for layers, everything in calls:
            trainable = None if everything else case.head_names
            model = student.rig("make_model", case.spec, case.state, trainable=trainable)
            result = student.call(FUNCTION, model, layers)
            result = returned_object(result, FUNCTION, "the model it was given", EXERCISE)
            moved = train(student, result, case, layers, probe, right[layers])
            if set(moved) == set(top(case, layers)):
                continue
            known = None
            if set(moved) == set(case.backbone_parameters):
                if layers == 0:
                    known = (
                        "`layers=0` unfroze everything: the slice `[-0:]` is the whole list",
                        "Start the slice at `len(list) - layers`, or treat 0 as a case of its own.",
                    )
                elif everything:
                    known = (
                        "What was unfrozen before is still unfrozen: the layers below were not frozen again",
                        "Freeze the whole backbone first, then switch on the last `layers` layers.",
                    )
            elif layers == 1 and set(moved) == set(top(case, 2)):
                known = (
                    "Blocks were counted instead of layers: an `nn.Sequential` was taken for one layer",
                    "Go through `model.backbone.modules()`, which reaches layers inside layers, and count "
                    "those with parameters of their own.",
                )
            raise wrong_layers(case, layers, moved, known)
        stays_in_evaluation_mode(student, case)
        head_is_left(student, case)
        every_kind_of_layer(student, number)


def every_kind_of_layer(student, number):
    """A layer is what has parameters of its own: of any type and name, also when it holds other layers."""
    # How many layers, and whether everything learns before or the head alone.
    calls = (3, False), (6, False), (2, True)
    counts = [layers for layers, _ in calls]
    case, probe, right = draw_case(student, f"unfreeze/mixed {number}", counts, kind="mixed", feature_dim=9)
    for layers, everything in calls:
        trainable = None if everything else case.head_names
        model = student.rig("make_model", case.spec, case.state, trainable=trainable)
        result = student.call(FUNCTION, model, layers)
        result = returned_object(result, FUNCTION, "the model it was given", EXERCISE)
        moved = train(student, result, case, layers, probe, right[layers])
        if set(moved) != set(top(case, layers)):
            known = (
                "Not every module with parameters of its own was counted as a layer and switched",
                "Ask each module of `model.backbone.modules()` for `list(module.parameters(recurse=False))`: "
                "it is a layer when that is not empty. Its type, its attributes' names and what it holds do "
                "not matter; the backbone itself may be one.",
            )
            raise wrong_layers(case, layers, moved, known)


def head_is_left(student, case):
    """A parameter of the head that came frozen stays so."""
    probe = judge.draw_head(student.seed, "unfreeze/head", case.spec["classes"], case.spec["feature_dim"])
    model = student.rig("make_model", case.spec, case.state, trainable=["head.weight"])
    student.call(FUNCTION, model, 1)
    report = student.rig("train_everything", model, case.images, case.labels, probe=list(probe), **SETTINGS)
    after, _ = reading.trained(report, like=case.state)
    if judge.moved(case.state, after, ["head.bias"]):
        raise Mistake(
            "The head was not left as it was: a frozen part of it learns again",
            expected="of a head whose bias is frozen, the weight learns and the bias does not",
            came="`head.bias` moved in training",
            why="What learns in the head was decided before. Unfreezing layers of the backbone should not "
            "decide it again.",
            tries="Change `requires_grad` of the backbone's parameters only.",
            page=UNFREEZING,
        )


def stays_in_evaluation_mode(student, case):
    """A backbone that comes in evaluation mode is in it afterwards: its statistics stay."""
    model = student.rig("make_model", case.spec, case.state, trainable=case.head_names)
    student.rig("set_mode", model, False)
    student.call(FUNCTION, model, 3)
    outputs = student.rig("forward", model, case.images)
    tensor_of(outputs, (1, len(case.images), case.spec["classes"]), "applying the model", EXERCISE)
    after = reading.state_of(student.rig("state", model), like=case.state)
    moved = judge.moved(case.state, after, case.statistics)
    if moved:
        raise Mistake(
            "Unfreezing put layers into training mode: BatchNorm's statistics move",
            expected="a backbone that came in evaluation mode is in evaluation mode afterwards",
            came=f"after a forward pass these had changed: {listed(moved)}",
            why="Learning is a matter of `requires_grad`, and evaluation mode stops no gradient. A batch of "
            "few photos would give BatchNorm poor statistics.",
            tries="Change `requires_grad` only, and call `train()` of no layer.",
            page=UNFREEZING,
        )
