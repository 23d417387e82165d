"""Let the head and the top layers learn, and freeze the rest."""

import pytest
import torch

from autograder.expect import Mistake
from autograder.player import Handle
from autograder.reading import listed, returned_object
from autograder.suites.fine_tuning import judge, reading
from autograder.suites.fine_tuning.pages import EXERCISE, UNFREEZING

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "unfreeze_top"


def returned_learning(student, result):
    """The names of the parameters that learn in what was returned; none if that is no model."""
    learning = student.rig("learning", result) if isinstance(result, Handle) else None
    return {name for name in learning if isinstance(name, str)} if isinstance(learning, list) else set()


def judge_unfrozen(student, label, layers, unfrozen, start):
    """Exactly the head and the top ``unfrozen`` of ``layers`` layers learn. ``start``: what learnt before."""
    case = judge.make_case(student.seed, label, layers=layers)
    parts = list(case.parts)
    trainable = {
        "everything": None,
        "nothing": [],
        "the head": case.parts[judge.HEAD],
        "the bottom": case.parts[judge.EMBEDDINGS] + case.parts[judge.layer_name(0)],
    }[start]
    model = student.rig("make_classifier", case.spec, case.state, case.classes, trainable)
    result = student.call(FUNCTION, model, unfrozen)
    ids, mask = judge.padded(judge.make_texts(student.seed, f"{label}/texts", [4, 6, 2]))
    report = student.rig("train_step", model, ids, mask, torch.tensor([0, 2, 1]))
    after = reading.tensors(report, case.state, "a training step of the model")
    moved = set(judge.moved(case.state, after, list(case.state)))

    def names(wanted):
        return {name for part in wanted for name in case.parts[part]}

    encoder = parts[1:-1]
    right = [*encoder[layers - unfrozen :], judge.HEAD]
    if moved == names(right):
        returned_object(result, FUNCTION, "the model it was given", EXERCISE)
        return
    known = [
        (parts, "Everything learns, the embeddings too: nothing was frozen"),
        ([judge.EMBEDDINGS, *right], "The embeddings were unfrozen too"),
        ([*encoder[:unfrozen], judge.HEAD], "The bottom layers were unfrozen instead of the top ones"),
        (right[:-1], "The head is frozen"),
        ([*encoder[layers - unfrozen + 1 :], judge.HEAD], "One layer too few is unfrozen"),
        ([*encoder[max(layers - unfrozen - 1, 0) :], judge.HEAD], "One layer too many is unfrozen"),
        ([*encoder, judge.HEAD], "Every layer was unfrozen"),
        ([judge.HEAD], "Only the head learns: no layer was unfrozen"),
        ([], "Nothing learns"),
    ]
    what = next(
        (words for wanted, words in known if moved == names(wanted)),
        "Other parameters learn than the head and the top layers",
    )
    why = "The top layers are the ones that are closest to the old question, so they have the most to change."
    tries = (
        "First freeze the whole encoder, then switch on the last `layers` of `model.encoder.encoder.layer`, "
        "and "
        "the head."
    )
    if unfrozen == 0 and moved >= names([*encoder, judge.HEAD]):
        what = "With `layers=0` every layer was unfrozen: a slice `[-0:]` is the whole list"
        tries = "Slice from `len(blocks) - layers`, which also works for 0."
    elif returned_learning(student, result) == names(right):
        what = "A copy of the model was unfrozen, not the model that was passed in"
        tries = "Leave out `copy.deepcopy`: set `requires_grad` in the model itself, and return it."
    elif what.startswith("Other") and not names(right) - moved:
        what = "What learnt before still learns: the rest was not frozen again"
    raise Mistake(
        what,
        expected=f"with {unfrozen} of {layers} layers, these parts learn: {', '.join(right)}",
        came=f"these moved and should not: {listed(sorted(moved - names(right))) or 'none'}; these should "
        "and did "
        f"not: {listed(sorted(names(right) - moved)) or 'none'}",
        why=why,
        tries=tries,
        page=UNFREEZING,
    )


@pytest.mark.points(1)
def test_top_layers_learn(student):
    """a training step moves the head and the top layers, and nothing below"""
    for number, (layers, unfrozen, start) in enumerate(
        [
            (3, 1, "everything"),
            (3, 2, "the head"),
            (4, 1, "the bottom"),
            (4, 3, "everything"),
            (5, 2, "nothing"),
        ]
    ):
        if number < 2 or student.full:
            judge_unfrozen(student, f"unfreeze/{number}", layers, unfrozen, start)


@pytest.mark.points(1)
def test_no_layer_and_all_layers(student):
    """none of the layers: the head alone learns; all of them: everything but the embeddings"""
    for number, (layers, unfrozen, start) in enumerate(
        [
            (2, 0, "nothing"),
            (2, 2, "everything"),
            (3, 0, "everything"),
            (1, 1, "nothing"),
            (3, 3, "the bottom"),
        ]
    ):
        if number < 2 or student.full:
            judge_unfrozen(student, f"unfreeze/edge {number}", layers, unfrozen, start)
