"""Read what came back from the student's side, and say in words when it is not what was asked for.

Nothing that comes back is trusted to have the right type or shape: a suite that stumbled over it would report
a fault of its own instead of the student's mistake.
"""

import torch
from torch import Tensor

from autograder.expect import Mistake, describe
from autograder.player import Handle
from autograder.suites.freezing.pages import EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"


def returned_object(value: object, function: str, what: str) -> Handle:
    """``value``, when ``function`` returned an object as its signature says."""
    if value is None:
        raise Mistake(
            f"`{function}` returns nothing (None)",
            expected=f"the function returns {what}",
            came="None",
            why="A function without a `return` line gives None, and the next line that uses the result "
            "breaks.",
            tries=f"End the function with a `return` of {what}.",
            page=EXERCISE,
        )
    if not isinstance(value, Handle):
        raise Mistake(
            f"`{function}` does not return {what}",
            expected=what,
            came=describe(value),
            why="The next steps of the notebook use what this function returns.",
            tries="Read 'Returns' in the function's docstring once more.",
            page=EXERCISE,
        )
    return value


def sound(report: object, doing: str) -> object:
    """``report``, unless it says that ``doing`` something with the student's object raised an error."""
    if isinstance(report, dict) and isinstance(report.get("error"), str):
        raise Mistake(
            f"What the function returned or changed cannot be used: {doing} raised an error",
            expected=f"{doing} works",
            came=report["error"],
            why="The model and the optimiser must still work after your function.",
            tries="Do the same step in a new cell with the small network: the error names the line.",
            page=EXERCISE,
        )
    return report


def state_of(
    report: object, doing: str = "reading the model's tensors", like: dict | None = None
) -> dict[str, Tensor]:
    """Parameters and buffers by name; with the names, shapes and dtypes of ``like``, if that is given."""
    sound(report, doing)
    tensors = isinstance(report, dict) and all(isinstance(value, Tensor) for value in report.values())
    if tensors and (like is None or _forms(report) == _forms(like)):
        return report
    raise Mistake(
        "What came back is not the model that the function was given",
        expected="the same `Classifier`, with the same layers in `backbone` and `head`",
        came="a model with other layers, or numbers of another dtype" if tensors else describe(report),
        why="The check compares the model's tensors before and after training.",
        tries="Work on the model itself: no copy of it, nothing around it, no layer more or less.",
        page=EXERCISE,
    )


def trained(report: object, like: dict | None = None) -> tuple[dict[str, Tensor], object]:
    """The state and the probe's weight and bias from a report of the rig's ``train_everything``.

    The state is read as in :func:`state_of`; the probe is as it came.
    """
    doing = "training the model"
    sound(report, doing)
    if not isinstance(report, dict):
        return state_of(report, doing, like), None
    return state_of(sound(report.get("state"), doing), doing, like), report.get("probe")


def tensor_of(report: object, shape: tuple[int, ...], doing: str) -> Tensor:
    """A float32 tensor of ``shape`` from ``doing`` something with the student's object."""
    sound(report, doing)
    if isinstance(report, Tensor) and tuple(report.shape) == shape and report.dtype == torch.float32:
        return report
    raise Mistake(
        f"The result of {doing} has the wrong form",
        expected=f"a tensor of shape {shape}, float32",
        came=describe(report),
        why="The shape says how many images go in and how many scores come out.",
        tries="Print the shape of the result for a batch of two images.",
        page=EXERCISE,
    )


def measured(student: object, words: str, otherwise: str) -> str:
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


def _forms(state: dict[str, Tensor]) -> dict[str, tuple]:
    return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
