"""Give each part of the network its own learning rate."""

import itertools

import pytest

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import listed, sound
from autograder.suites.fine_tuning import judge, reading
from autograder.suites.fine_tuning.pages import EXERCISE, RATES

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "parameter_groups"


def cases(student):
    """A case, a learning rate for the head, and the decay."""
    settings = [(2, 2.0, 0.5), (3, 3.0, 0.8), (1, 1.5, 0.6), (4, 4.0, 0.7)]
    for number, (layers, head_lr, decay) in enumerate(settings[: 4 if student.full else 2]):
        case = judge.make_case(student.seed, f"groups/{number}", layers=layers)
        yield number, case, head_lr, decay


def groups_of(student, number, case, head_lr, decay):
    """For each group the names in it, and its learning rate on each parameter that its step moved.

    And the names of the parameters that require gradients now, and of those that did before.
    """
    trainable = None if number % 2 == 0 else case.parts[judge.HEAD]
    model = student.rig("make_classifier", case.spec, case.state, case.classes, trainable)
    groups = student.keep(FUNCTION, model, head_lr, decay)
    if getattr(groups, "type_name", None) == "NoneType":
        raise Mistake(
            f"`{FUNCTION}` returns nothing (None)",
            expected="a list of groups, each a dictionary with `params` and `lr`",
            came="None",
            why="The optimiser is built from this list.",
            tries="End the function with a `return` of the list.",
            page=EXERCISE,
        )
    gradients = judge.draw_gradients(student.seed, f"groups/gradients {number}", case.state)
    learning = student.rig("learning", model)
    learnt = list(case.state) if trainable is None else trainable
    report = student.rig("steps_of_groups", model, groups, gradients)
    sound(report, "building an optimiser from the groups", EXERCISE)
    if not isinstance(report, list):
        raise reading.garbled("The list of groups", report)
    found = []
    for group in report:
        names = group.get("names") if isinstance(group, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise reading.garbled("A group", group)
        after = reading.tensors(group.get("after"), case.state, "one step of a group")
        rates = {}
        for name in judge.moved(case.state, after, list(case.state)):
            steps = (case.state[name].double() - after[name].double()) / gradients[name].double()
            if not measure.close(steps, steps.mean().expand_as(steps)):
                raise Mistake(
                    "A group does more than to set a learning rate",
                    expected="a step against the gradient, times the learning rate",
                    came=f"another step of `{name}`",
                    why="Here the groups differ in their learning rates alone, so that one can compare them.",
                    tries="Give each group the keys `params` and `lr`, and each parameter once.",
                    page=RATES,
                )
            rates[name] = steps.mean().item()
        found.append((names, rates))
    if not any(rates for _, rates in found):
        raise Mistake(
            "The groups move nothing",
            expected="groups with the model's own parameters in `params`, and a learning rate in `lr`",
            came=f"{len(found)} groups whose step moves no parameter of the model",
            why="An optimiser moves the tensors that it was given, by the rate that it was given.",
            tries="`{'params': list(part.parameters()), 'lr': rate}`: the parameters themselves, no copies.",
            page=RATES,
        )
    return found, learning, learnt


def rate_of_part(case, found):
    """The learning rate of each part that moved, as far as all of its parameters have the same."""
    rates = {}
    for part, names in case.parts.items():
        seen = [group[name] for _, group in found for name in names if name in group]
        if seen:
            rates[part] = seen
    for part, seen in rates.items():
        if not measure.near(max(seen), min(seen)):
            raise Mistake(
                f"The parameters of {part} do not all have the same learning rate",
                expected="one learning rate for all parameters of a part",
                came=f"several rates inside {part}",
                why="A layer's parameters work together; the rate goes by how deep the layer lies.",
                tries="Go part by part: embeddings, each layer, head. Put all parameters of a part into one "
                "group.",
                page=RATES,
            )
    return {part: seen[0] for part, seen in rates.items()}


@pytest.mark.points(1)
def test_every_parameter_once(student):
    """every parameter of the model is in exactly one group"""
    for number, case, head_lr, decay in cases(student):
        found, learning, learnt = groups_of(student, number, case, head_lr, decay)
        counts = dict.fromkeys(case.state, 0)
        for names, _ in found:
            for name in names:
                if name in counts:
                    counts[name] += 1
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            raise Mistake(
                "A parameter is in the groups twice",
                expected="each parameter in one group",
                came=f"more than once: {listed(twice)}",
                why="Two groups would pull one parameter by two rates. PyTorch refuses to build such an "
                "optimiser.",
                tries="`model.encoder.parameters()` already holds the embeddings and every layer: take the "
                "parts "
                "one by one instead.",
                page=RATES,
            )
        moving = {name for _, rates in found for name in rates}
        missing = [name for name in case.state if name not in moving]
        parts = [part for part, names in case.parts.items() if set(names) <= set(missing)]
        if missing:
            where = " and ".join(parts) if parts else "a part of a layer"
            raise Mistake(
                f"Parameters are missing from the groups: {where}",
                expected="every parameter of the model, frozen or not, in a group with a learning rate",
                came=f"these do not move: {listed(missing)}",
                why="What the optimiser does not hold cannot learn, and nothing tells you.",
                tries="The parts are `model.encoder.embeddings`, each of `model.encoder.encoder.layer`, and "
                "`model.head`. Do not ask for `requires_grad`: what is frozen now may be unfrozen later.",
                page=RATES,
            )
        sound(learning, "reading which parameters learn", EXERCISE)
        if not isinstance(learning, list) or not all(isinstance(name, str) for name in learning):
            raise reading.garbled("Which parameters learn", learning)
        if set(learning) != set(learnt):
            raise Mistake(
                "The model was changed: other parameters require gradients than before",
                expected="what was frozen stays frozen, and what learnt still learns",
                came=f"now {len(learning)} parameters require gradients, before {len(learnt)}",
                why="The groups only say how fast a parameter learns. Whether it learns is decided "
                "elsewhere, and would be undone here without a word.",
                tries="Leave `requires_grad` alone: a group may hold a frozen parameter.",
                page=RATES,
            )


def falling(what, came):
    return Mistake(
        what,
        expected="from the top layer down to the embeddings, each rate is `decay` times the one above it",
        came=came,
        why="The lower a layer, the more general is what it knows, and the less it has to change. Large "
        "steps there destroy the most.",
        tries="Write down the parts from the head to the embeddings. Part number `i` has the rate "
        "`head_lr * decay ** i`.",
        page=RATES,
    )


@pytest.mark.points(1)
def test_rates_fall_with_depth(student):
    """within the encoder each part learns more slowly than the one above it, by the factor decay"""
    compared = False
    for number, case, head_lr, decay in cases(student):
        rates = rate_of_part(case, groups_of(student, number, case, head_lr, decay)[0])
        inside = [rates[part] for part in case.parts if part in rates and part != judge.HEAD]
        if len(inside) < 2:  # which parts are missing is for the test before
            continue
        compared = True
        if all(measure.near(low, high * decay) for low, high in itertools.pairwise(inside)):
            continue
        if all(measure.near(low, inside[0]) for low in inside):
            what = "There is one learning rate for the whole encoder"
        elif all(measure.near(low * decay, high) for low, high in itertools.pairwise(inside)):
            what = "The rates decay in the wrong direction: the top layers are the slowest"
        elif measure.near(inside[0], inside[1]) and all(
            measure.near(low, high * decay) for low, high in itertools.pairwise(inside[1:])
        ):
            what = "The embeddings learn as fast as the first layer, not more slowly"
        else:
            what = "The rates do not fall by the factor `decay` from one layer to the next"
        raise falling(what, "other rates")
    if not compared:
        raise falling("The encoder's parts have no learning rates that one could compare", "no such rates")


@pytest.mark.points(1)
def test_rate_of_the_head(student):
    """the head learns at the full rate, the top layer at decay times that"""
    for number, case, head_lr, decay in cases(student):
        rates = rate_of_part(case, groups_of(student, number, case, head_lr, decay)[0])
        top = judge.layer_name(case.layers - 1)
        head_right = judge.HEAD not in rates or measure.near(rates[judge.HEAD], head_lr)
        top_right = top not in rates or measure.near(rates[top], head_lr * decay)
        if head_right and top_right:
            continue
        if not head_right:
            what = "The head does not learn at the rate `head_lr`"
            if measure.near(rates[judge.HEAD], head_lr * decay):
                what = "The head's rate is decayed too: it is `head_lr * decay`"
        elif measure.near(rates[top], head_lr):
            what = "The top layer learns at the head's full rate"
        else:
            what = "The top layer does not learn at `decay` times the head's rate"
        raise Mistake(
            what,
            expected="`head_lr` for the head, `head_lr * decay` for the last layer of the encoder",
            came="other rates",
            why="The head is new and has everything to learn. Every layer of the encoder was trained before.",
            tries="Count from the head: it is part 0, the last layer is part 1.",
            page=RATES,
        )
