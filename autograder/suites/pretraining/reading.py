"""Read the reports of this suite's rig, and say in words when they have another form than was asked for."""

import numpy as np
import torch

from autograder.expect import Mistake, describe
from autograder.player import Handle
from autograder.reading import returned_object, sound
from autograder.suites.pretraining.pages import EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"


def returned(value: object, function: str, what: str) -> object:
    """What the student's function gave, kept over there, unless it is plainly nothing."""
    nothing = isinstance(value, Handle) and value.type_name == "NoneType"
    return returned_object(None if nothing else value, function, what, EXERCISE)


def listed_items(report: object, doing: str, what: str, fits) -> list:
    """A list in which ``fits`` is true of every item, from ``doing`` something with the student's object."""
    sound(report, doing, EXERCISE)
    if isinstance(report, list) and all(map(fits, report)):
        return report
    odd = report
    if isinstance(report, list):
        odd = next(item for item in report if not fits(item))
    raise Mistake(
        f"The result of {doing} has the wrong form",
        expected=what,
        came=("an item that is " if odd is not report else "") + describe(odd),
        why="The next step takes the items apart: it relies on their form.",
        tries="Print the first few items, and compare them with the example of the task.",
        page=EXERCISE,
    )


def is_pair(item: object) -> bool:
    """Whether it is a title and something."""
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)


def is_tokens(item: object) -> bool:
    """Whether it is a list of words."""
    return isinstance(item, list) and all(isinstance(token, str) for token in item)


def numbers_of(report: object, shape: tuple[int, ...], doing: str) -> np.ndarray:
    """An array of real numbers of this shape, float64, from ``doing`` something with the student's object."""
    sound(report, doing, EXERCISE)
    if isinstance(report, torch.Tensor) and report.dtype is not torch.bfloat16:
        report = report.numpy()
    if isinstance(report, np.ndarray) and report.dtype.kind in "fiu" and report.shape == shape:
        return report.astype(np.float64)
    raise Mistake(
        f"The result of {doing} has the wrong form",
        expected=f"numbers of shape {shape}",
        came=describe(report),
        why="The shape says what each number stands for.",
        tries="Print the shape of the result for the example of the task.",
        page=EXERCISE,
    )
