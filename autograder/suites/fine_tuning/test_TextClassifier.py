"""Build a text classifier: the encoder, the mean over the tokens, a head."""

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import listed, measured, sound, tensor_of
from autograder.suites.fine_tuning import judge, reading
from autograder.suites.fine_tuning.pages import EXERCISE, FINE_TUNING, POOLING

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

CLASS = "TextClassifier"


def built(student, label, *, layers, classes, width=judge.HIDDEN, dropout=0.0):
    """The case, the student's model on its encoder, the encoder, and the model's state."""
    case = judge.make_case(student.seed, label, layers=layers, classes=classes, width=width)
    encoder = student.rig("make_encoder", case.spec, case.encoder_state, dropout)
    model = reading.made(student, CLASS, encoder, classes)
    state = sound(student.rig("state", model), "reading the model's tensors", EXERCISE)
    shapes = {"head.weight": (classes, width), "head.bias": (classes,)}
    heads = {}
    if isinstance(state, dict):
        heads = {name: tensor for name, tensor in state.items() if name.startswith("head")}
    fits = heads.keys() == shapes.keys() and all(
        isinstance(tensor, torch.Tensor)
        and tuple(tensor.shape) == shapes[name]
        and tensor.dtype == torch.float32
        for name, tensor in heads.items()
    )
    if not fits:
        sizes = [tuple(t.shape) if isinstance(t, torch.Tensor) else None for t in heads.values()]
        fixed = width != judge.HIDDEN and (classes, judge.HIDDEN) in sizes
        raise Mistake(
            f"The head has a fixed number of inputs, {judge.HIDDEN}: another encoder has another number"
            if fixed
            else "`head` is not one linear layer from the encoder's features to the classes",
            expected=f"`self.head`: `nn.Linear` with {width} inputs (`encoder.config.hidden_size`) "
            f"and {classes} outputs",
            came=f"the head holds {listed(list(heads)) or 'nothing'}"
            + (" in other sizes" if heads.keys() == shapes.keys() else ""),
            why="The encoder gives features. Only the head can turn them into scores for your classes.",
            tries="In `__init__`, keep an `nn.Linear` as `self.head`: as many inputs as the encoder's "
            "`config.hidden_size`, one output a class.",
            page=EXERCISE,
        )
    return case, model, encoder, state


def scores_of(student, case, model, ids, mask):
    report = student.rig("apply", model, [ids, mask])
    return tensor_of(report, (len(ids), case.classes), "applying the model to a batch", EXERCISE)


def head_of(state):
    return state["head.weight"].double(), state["head.bias"].double()


def same_lengths(student):
    """Encoders of another size than the notebook's: a head must go by its own encoder."""
    for number in range(4 if student.full else 1):
        label, width = f"classifier/plain {number}", (12, 20, 8, 24)[number]
        yield number, built(student, label, layers=1 + number % 3, classes=2 + number, width=width)


@pytest.mark.points(1)
def test_scores(student):
    """without padding, the scores are the head applied to the mean over all tokens"""
    for number, (case, model, _, state) in same_lengths(student):
        texts = judge.make_texts(student.seed, f"classifier/texts {number}", [5, 5, 5])
        ids, mask = judge.padded(texts)
        hidden = case.hidden(ids, mask)
        weight, bias = head_of(state)
        right = hidden.mean(dim=1) @ weight.T + bias
        came = scores_of(student, case, model, ids, mask)
        if measure.close(came, right):
            continue
        known = [
            (
                hidden[:, 0] @ weight.T + bias,
                "The first token's vector ([CLS]) was taken instead of the mean over the tokens",
                "Average over all tokens of the text, dimension 1.",
            ),
            (
                hidden[:, -1] @ weight.T + bias,
                "The last token's vector was taken instead of the mean over the tokens",
                "Average over all tokens of the text, dimension 1.",
            ),
            (
                hidden.max(dim=1).values @ weight.T + bias,
                "The maximum over the tokens was taken instead of the mean",
                "Average over all tokens of the text, dimension 1.",
            ),
            (
                hidden.sum(dim=1) @ weight.T + bias,
                "The sum over the tokens was taken instead of the mean",
                "Divide by the number of tokens of each text.",
            ),
            (
                right.softmax(dim=1),
                "There is a softmax in the model: it gives probabilities instead of scores (logits)",
                "Return what the head gives. Cross-entropy applies the softmax itself.",
            ),
            (
                right.log_softmax(dim=1),
                "There is a log-softmax in the model instead of scores (logits)",
                "Return what the head gives. Cross-entropy applies the softmax itself.",
            ),
            (
                right.clamp(min=0),
                "There is a ReLU after the head: scores below zero are lost",
                "Return what the head gives.",
            ),
        ]
        what, tries = next(
            ((what, tries) for value, what, tries in known if measure.close(came, value)),
            (
                "The scores are not the head applied to the mean over the tokens",
                "`encoder(...).last_hidden_state`, its mean over dimension 1, then `self.head`.",
            ),
        )
        raise Mistake(
            what,
            expected=measured(student, f"scores such as {right[0, 0]:.4f}", "the head's scores of the mean"),
            came=measured(student, f"{came[0, 0]:.4f} in its place", "other numbers"),
            why="The mean lets every word of a text speak. And the loss expects scores as the head gives "
            "them.",
            tries=tries,
            page=POOLING,
        )


@pytest.mark.points(1)
def test_padding_changes_nothing(student):
    """a text gets the same scores alone and in a batch with longer ones"""
    for number in range(4 if student.full else 1):
        label = f"classifier/padding {number}"
        case, model, _, state = built(student, label, layers=1 + number % 3, classes=3)
        texts = judge.make_texts(student.seed, f"{label}/texts", [3, 7, 1, 5])
        ids, mask = judge.padded(texts)
        came = scores_of(student, case, model, ids, mask)
        alone = [scores_of(student, case, model, *judge.padded([text]))[0] for text in texts]
        words = {
            "expected": "for each text of the batch the scores that it gets when it stands alone",
            "came": "other scores",
            "why": "What a text says must not depend on which texts happen to be in its batch.",
            "page": POOLING,
        }
        if measure.close(alone[0], alone[1]):
            raise Mistake(
                "Two different texts get the same scores",
                **{**words, "expected": "scores that depend on the text", "came": "the same scores for both"},
                tries="Apply the encoder to `input_ids`, and the head to what it gives.",
            )
        if measure.close(came, torch.stack(alone)):
            continue
        weight, bias = head_of(state)
        everything = torch.ones_like(mask)
        known = [
            (
                judge.mean(case.hidden(ids, mask), everything),
                "Padding is counted in the mean",
                "Multiply the vectors by the mask before you add them up, and divide by the number of ones "
                "in the mask: `mask.sum(dim=1)`.",
            ),
            (
                judge.mean(case.hidden(ids, everything), mask),
                "The encoder does not get the mask: its tokens look at the padding",
                "Pass it on: `self.encoder(input_ids=input_ids, attention_mask=attention_mask)`.",
            ),
            (
                judge.mean(case.hidden(ids, everything), everything),
                "The mask is not used at all: the encoder looks at the padding, and the mean counts it",
                "The mask belongs into both: the call of the encoder, and the mean.",
            ),
            (
                case.hidden(ids, everything)[:, 0],
                "The encoder does not get the mask: its tokens look at the padding",
                "Pass it on: `self.encoder(input_ids=input_ids, attention_mask=attention_mask)`.",
            ),
            (
                (case.hidden(ids, mask) * mask[:, :, None]).sum(dim=1) / mask.shape[1],
                "The sum over the tokens is divided by the length of the row, padding included",
                "Divide by the number of tokens of each text: `mask.sum(dim=1)`.",
            ),
            (
                (case.hidden(ids, mask) * (1 - mask)[:, :, None]).sum(dim=1) / (1 - mask).sum(dim=1)[:, None],
                "The mask is inverted: the mean is taken over the padding",
                "1 in the mask stands for a token: those are to be counted.",
            ),
        ]
        inverted = judge.mean(case.hidden(ids, 1 - mask), mask)
        known.append((inverted, "The encoder gets the inverted mask", "Pass the mask on as it is."))
        finite = torch.isfinite(came).all(dim=1)
        what, tries = (
            "The scores of a text change when it is padded",
            "Use the mask in the encoder and in the mean.",
        )
        for pooled, name, mend in known:
            guess = pooled @ weight.T + bias
            both = torch.isfinite(guess).all(dim=1)
            if finite.equal(both) and both.any() and measure.close(came[both], guess[both]):
                what, tries = name, mend
                break
        raise Mistake(what, **words, tries=tries)


@pytest.mark.points(1)
def test_everything_learns(student):
    """one training step moves the encoder that was given, and the head; dropout is on in training"""
    for number in range(3 if student.full else 1):
        label = f"classifier/learns {number}"
        case, model, encoder, before = built(student, label, layers=2, classes=3)
        ids, mask = judge.padded(judge.make_texts(student.seed, f"{label}/texts", [4, 6, 2]))
        report = student.rig("train_step", model, ids, mask, torch.tensor([0, 2, 1]))
        after = sound(report, "a training step of the model", EXERCISE)
        inside = reading.tensors(student.rig("state", encoder), case.encoder_state, "reading the encoder")
        still = [name for name in inside if not judge.moved(case.encoder_state, inside, [name])]
        if still:
            nothing = len(still) == len(inside)
            raise Mistake(
                "The encoder cannot learn: no gradient reaches it"
                if nothing
                else "A part of the encoder cannot learn",
                expected="a training step of the model moves every parameter of the encoder that was given",
                came="the encoder is what it was" if nothing else f"these did not move: {listed(still)}",
                why="In fine-tuning the encoder itself learns your question. What to freeze is decided "
                "elsewhere, not in the model.",
                tries="Keep the encoder itself in `self.encoder`, no copy of it. No `torch.no_grad()` and no "
                "`detach()` in `forward`.",
                page=FINE_TUNING,
            )
        heads = {name: tensor for name, tensor in before.items() if name.startswith("head")}
        after = {name: after.get(name) for name in heads} if isinstance(after, dict) else after
        after = reading.tensors(after, heads, "reading the head")
        if len(judge.moved(heads, after, list(heads))) < 2:
            raise Mistake(
                "The head cannot learn",
                expected="a training step of the model moves the head's weight and bias",
                came="they are what they were",
                why="The head starts from random numbers. If it cannot learn, its scores stay random.",
                tries="Build the layer once, in `__init__`, and leave `requires_grad` alone.",
                page=FINE_TUNING,
            )
        _, dropping, *_ = built(student, f"{label}/dropout", layers=1, classes=3, dropout=0.5)
        came = student.rig("apply_twice", dropping, [ids, mask])
        first, second = tensor_of(came, (2, len(ids), 3), "applying the model twice", EXERCISE)
        if measure.close(first, second):
            raise Mistake(
                "The encoder's dropout is off in training: `forward` puts the encoder into evaluation mode",
                expected="with dropout in the encoder and after `model.train()`, scores that differ from "
                "pass to pass",
                came="the same scores twice",
                why="Dropout keeps a large network from learning a few texts by heart. Which mode the model "
                "is in is decided where it is trained, not in the model.",
                tries="Leave `self.encoder.eval()` out of `forward`.",
                page=FINE_TUNING,
            )
