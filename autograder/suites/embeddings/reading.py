"""Read what the functions of this assignment return, and say in words when it is not what was asked for."""

import torch
from torch import Tensor

from autograder.expect import Mistake, describe
from autograder.faults import StudentFault
from autograder.reading import measured, returned_tensor
from autograder.suites.embeddings.pages import EXERCISE, OUT_OF_VOCABULARY

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"


def features_of(value: object, function: str, what: str, shape: tuple[int, ...]) -> Tensor:
    """An array of numbers of ``shape``, float64, none of them NaN or infinite."""
    found = returned_tensor(value, function, what, EXERCISE, shape=shape).double()
    if bool(found.isfinite().all()):
        return found
    raise Mistake(
        f"`{function}` returns NaN or infinity",
        expected=f"{what}: finite numbers",
        came="NaN or infinity",
        why="One NaN spreads into everything that is computed with it. scikit-learn refuses to train on it.",
        tries="Look for a division by zero: by the number of words when no word is known, or by a deviation "
        "that is 0.",
        page=EXERCISE,
    )


def texts_of(value: object, function: str, what: str) -> list[str]:
    """A list of texts."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise Mistake(
        f"`{function}` returns nothing (None)" if value is None else f"`{function}` does not return {what}",
        expected=f"{what}, a list of str",
        came=describe(value),
        why="The next steps look each of them up in a table.",
        tries="Collect the pieces in a list, and `return` it at the end.",
        page=EXERCISE,
    )


def look_up(student, function: str, tokens: list[str], unknown: list[str], *arguments: object) -> object:
    """Call ``function(tokens, *arguments)``; a KeyError of a look-up becomes the mistake that it is."""
    try:
        return student.call(function, tokens, *arguments)
    except StudentFault as fault:
        if fault.exception != "KeyError":
            raise
        if len(tokens) > 1 and " ".join(tokens) in fault.message:
            raise whole_document(f"KeyError: {fault.message}") from None
        if any(word in fault.message for word in unknown):
            raise Mistake(
                "An out-of-vocabulary word was looked up: the function stops at the first one",
                expected="words without a vector are skipped",
                came=f"KeyError: {fault.message}",
                why="Every real text has names and misspelt words that no model has seen.",
                tries="Ask `word in vectors` before you take `vectors[word]`.",
                page=OUT_OF_VOCABULARY,
            ) from None
        raise


def whole_document(came: str) -> Mistake:
    """The original course's trap."""
    return Mistake(
        "The whole document was looked up as one word",
        expected="each word is looked up by itself, and their vectors are averaged",
        came=came,
        why="A fastText model has a vector for every string, so it gives no error for a whole article. But "
        "it takes the article for one very long unknown word and averages its pieces of letters: what the "
        "model learnt about words is not used.",
        tries="Go through the tokens: `vectors[word]` for each `word`, then the mean.",
        page=OUT_OF_VOCABULARY,
    )


def indices_of(value: object, function: str) -> list[int]:
    """A list of whole numbers: a list, an array or a tensor of them."""
    if type(value).__module__ == "numpy":
        value = torch.from_numpy(value)
    whole = isinstance(value, Tensor) and not (value.is_floating_point() or value.is_complex())
    if whole and value.dtype is not torch.bool and value.dim() == 1:
        return value.tolist()
    if isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) for item in value
    ):
        return value
    raise Mistake(
        f"`{function}` does not return indices for each size",
        expected="for each size an array or a list of whole numbers, in one dimension",
        came=describe(value),
        why="The indices choose the rows of the features and the labels to train on.",
        tries="Return a list with one index array for each size. Indices are places in `labels`, not labels.",
        page=EXERCISE,
    )


def different(student, shown: str) -> str:
    """What came, when it is other numbers: told on the student's own machine only."""
    return measured(student, shown, "other numbers")
