"""Read what came back from the student's side, and say in words when it is not what was asked for.

Nothing that comes back is trusted to have the right type or shape: a suite that stumbled over it would report
a fault of its own instead of the student's mistake. ``page`` is where a message sends the student.
"""

import torch
from torch import Tensor

from autograder.expect import Mistake, describe
from autograder.player import Handle, Player


def returned_object(value: object, function: str, what: str, page: str) -> Handle:
    """``value``, when ``function`` returned an object as its signature says."""
    if value is None:
        raise Mistake(
            f"`{function}` returns nothing (None)",
            expected=f"the function returns {what}",
            came="None",
            why="A function without a `return` line gives None, and the next line that uses the result "
            "breaks.",
            tries=f"End the function with a `return` of {what}.",
            page=page,
        )
    if not isinstance(value, Handle):
        raise Mistake(
            f"`{function}` does not return {what}",
            expected=what,
            came=describe(value),
            why="The next steps of the notebook use what this function returns.",
            tries="Read 'Returns' in the function's docstring once more.",
            page=page,
        )
    return value


def returned_tensor(
    value: object, function: str, what: str, page: str, *, shape: tuple | None = None, integers: bool = False
) -> Tensor:
    """The tensor that ``function`` returned; numpy arrays count. ``shape`` has None where any size will do.

    ``integers``: whole numbers are asked for. Otherwise any real dtype but bool will do.
    """
    if value is None:
        returned_object(value, function, what, page)
    if type(value).__module__ == "numpy":
        value = torch.from_numpy(value)
    wanted = what if shape is None else f"{what}, shape ({', '.join(_size(size) for size in shape)})"
    fits = isinstance(value, Tensor) and not value.is_complex() and value.dtype is not torch.bool
    if fits and shape is not None:
        fits = len(shape) == value.dim() and all(
            size is None or size == actual for size, actual in zip(shape, value.shape, strict=True)
        )
    if fits and integers:
        fits = not value.is_floating_point()
    if not fits:
        raise Mistake(
            f"`{function}` does not return {what} in the form that was asked for",
            expected=wanted + (", whole numbers" if integers else ""),
            came=describe(value),
            why="The shape says what each number stands for: the next function reads them by their place.",
            tries="Print the shape and the dtype of what you return, for the example of the task.",
            page=page,
        )
    return value


def sound(report: object, doing: str, page: str) -> object:
    """``report``, unless it says that ``doing`` something with the student's object raised an error."""
    if isinstance(report, dict) and isinstance(report.get("error"), str):
        raise Mistake(
            f"What the function returned or changed cannot be used: {doing} raised an error",
            expected=f"{doing} works",
            came=report["error"],
            why="What your function makes must still work afterwards.",
            tries="Do the same step in a new cell with the small example: the error names the line.",
            page=page,
        )
    return report


def tensor_of(report: object, shape: tuple[int, ...], doing: str, page: str) -> Tensor:
    """A float32 tensor of ``shape`` from ``doing`` something with the student's object."""
    sound(report, doing, page)
    if isinstance(report, Tensor) and tuple(report.shape) == shape and report.dtype == torch.float32:
        return report
    raise Mistake(
        f"The result of {doing} has the wrong form",
        expected=f"a tensor of shape {shape}, float32",
        came=describe(report),
        why="The shape says how many samples go in and how many numbers come out for each.",
        tries="Print the shape of the result for a batch of two samples.",
        page=page,
    )


def measured(student: Player, words: str, otherwise: str) -> str:
    """``words``, which hold a number computed from the inputs; when work is graded, ``otherwise``.

    One may hand in many times. A right value, or the distance to it, would then let one write the value down
    instead of computing it.
    """
    return otherwise if student.full else words


def listed(names: list[str], at_most: int = 3) -> str:
    """Names in a sentence: the first few, and how many more."""
    shown = ", ".join(f"`{name}`" for name in names[:at_most])
    rest = len(names) - at_most
    return shown if rest <= 0 else f"{shown} and {rest} more"


def _size(size: int | None) -> str:
    return "any" if size is None else str(size)
