"""Make one batch of texts of different length."""

import pytest
import torch

from autograder.expect import Mistake, describe
from autograder.measure import draw
from autograder.suites.fine_tuning import judge
from autograder.suites.fine_tuning.pages import EXERCISE, POOLING

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "pad_batch"


def cases(student):
    """Texts and the number of the padding. Some real tokens have that number too."""
    for number in range(6 if student.full else 2):
        generator = draw(student.seed, f"pad/{number}")
        pad_id = [0, 7, 3, 0, 11, 1][number]
        lengths = [[2, 5, 1], [4, 3], [6], [1, 1, 1], [3, 7, 7, 2], [5, 4, 3, 2, 1]][number]
        texts = judge.make_texts(student.seed, f"pad/texts {number}", lengths)
        for text in texts:
            place = int(torch.randint(0, len(text), (1,), generator=generator))
            text[place] = pad_id
        texts[0][-1] = pad_id
        yield texts, pad_id


def pair_of(student, texts, pad_id):
    result = student.call(FUNCTION, texts, pad_id)
    if isinstance(result, list) and len(result) == 2:
        return result
    raise Mistake(
        f"`{FUNCTION}` does not return a pair",
        expected="two tensors: `input_ids` and `attention_mask`",
        came=describe(result),
        why="The encoder needs both: the numbers of the tokens, and which of them are real.",
        tries="Return the ids first, then the mask.",
        page=EXERCISE,
    )


def int64_of(came, name, shape):
    """The tensor that came, if it has this shape and dtype."""
    if isinstance(came, torch.Tensor) and tuple(came.shape) == shape and came.dtype == torch.int64:
        return came
    if isinstance(came, torch.Tensor) and tuple(came.shape) == shape:
        what, tries = f"`{name}` has the wrong dtype", "Build it with `dtype=torch.int64`."
    elif isinstance(came, torch.Tensor) and came.dim() == 2 and came.shape[0] == shape[0]:
        what = f"`{name}` has the wrong length: each row should be as long as the longest text"
        tries = "Take the longest of the texts in this batch: no fixed number, not the shortest."
    else:
        what = f"`{name}` has the wrong form"
        tries = "One row for each text, one column for each place, as one tensor."
    raise Mistake(
        what,
        expected=f"a tensor of shape {shape}, int64",
        came=describe(came),
        why="The encoder looks up whole numbers in a rectangle of texts x places.",
        tries=tries,
        page=EXERCISE,
    )


@pytest.mark.points(1)
def test_token_ids(student):
    """every text keeps its tokens, in order, and is filled up at its end"""
    for texts, pad_id in cases(student):
        right, mask = judge.padded(texts, pad_id)
        ids = int64_of(pair_of(student, texts, pad_id)[0], "input_ids", tuple(right.shape))
        if ids.equal(right):
            continue
        what, tries = (
            "The token ids are not those of the texts, filled up at the end",
            "Copy each text to the start of its row of a tensor that is full of `pad_id`.",
        )
        left = [[pad_id] * (right.shape[1] - len(text)) + text for text in texts]
        if ids.equal(torch.tensor(left)):
            what = "The padding stands before the text, not after it"
            tries = "BERT counts the places from the left: the first token belongs in column 0."
        elif (ids == right)[mask == 1].all():
            what = "The rows are not filled up with `pad_id`"
            tries = "Use the argument `pad_id`: not every tokeniser has 0 for its padding."
        raise Mistake(
            what,
            expected="the tokens of each text from column 0 on, then `pad_id` up to the end of the row",
            came="other numbers",
            why="A tensor is a rectangle, texts are not. What fills the gaps must not change the texts.",
            tries=tries,
            page=EXERCISE,
        )


@pytest.mark.points(1)
def test_attention_mask(student):
    """the mask has 1 for every token of a text and 0 for every place after it"""
    for texts, pad_id in cases(student):
        ids, right = judge.padded(texts, pad_id)
        mask = int64_of(pair_of(student, texts, pad_id)[1], "attention_mask", tuple(right.shape))
        if mask.equal(right):
            continue
        what, tries = (
            "The mask does not say which places hold a token",
            "Write ones into a row of zeros, as many as the text has tokens.",
        )
        if mask.equal((ids != pad_id).long()):
            what = "The mask goes by the number `pad_id`, so it hides real tokens that have that number"
            tries = "Go by the length of each text, not by `input_ids != pad_id`."
        elif mask.equal(1 - right):
            what = "The mask is inverted: 1 stands for padding"
            tries = "1 means: look at this place."
        elif bool((mask == 1).all()):
            what = "The mask is 1 everywhere: padding counts as text"
            tries = "Start from zeros and write ones only where the text has tokens."
        elif mask.equal(right.flip(1)):
            what = "The mask stands at the wrong end: its ones are at the end of each row"
            tries = "The text stands from column 0 on, and so do the ones of its mask."
        raise Mistake(
            what,
            expected="1 where the row holds a token of the text, 0 after its end",
            came="another mask",
            why="The encoder and the mean both go by this mask. A wrong one changes the meaning of the text "
            "without any error.",
            tries=tries,
            page=POOLING,
        )
