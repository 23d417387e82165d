"""Read what this suite's functions and rig gave back, and say in words when its form is wrong."""

import math

import torch
from torch import Tensor

from autograder.expect import Mistake, describe
from autograder.player import Handle, Player
from autograder.reading import returned_object, returned_tensor, sound
from autograder.suites.domain_adaptation.judge import NAMES
from autograder.suites.domain_adaptation.pages import EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"


def number(value: object, function: str, what: str, *, tensor: bool = False) -> float:
    """One finite number; an array without dimensions counts. ``tensor``: so does such a tensor."""
    if value is None:
        returned_object(value, function, what, EXERCISE)
    if isinstance(value, Tensor) and value.numel() == 1 and not (tensor and value.dim() == 0):
        raise Mistake(
            f"`{function}` returns a tensor with dimensions"
            if tensor
            else f"`{function}` returns a tensor, not a plain float",
            expected=f"{what}, " + ("a tensor without dimensions" if tensor else "one float"),
            came=describe(value),
            why="What is added to it or collected with it takes on its shape."
            if tensor
            else "A tensor may drag its graph along: a list of them then keeps every graph in memory.",
            tries="Take the mean or the sum over all rows: `.mean()` without `keepdim` leaves no dimension."
            if tensor
            else "`.item()` makes a float of a tensor with one number. For a plain number use `math`.",
            page=EXERCISE,
        )
    if type(value).__module__ == "numpy":
        value = torch.from_numpy(value)
    if isinstance(value, Tensor) and value.dim() == 0 and not value.is_complex():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mistake(
            f"`{function}` does not return a number",
            expected=f"{what}, one float",
            came=describe(value),
            why="The number is compared and drawn: a list or an array of several cannot be.",
            tries="Look at the last line of the function: what is its type?",
            page=EXERCISE,
        )
    if not math.isfinite(value):
        raise Mistake(
            f"`{function}` returns no finite number: a division by zero, or NaN",
            expected=f"{what}, a finite number",
            came=str(float(value)),
            why="One NaN makes every mean after it NaN.",
            tries="Print each step of the computation for the small example of the task.",
            page=EXERCISE,
        )
    return float(value)


def finite(value: object, function: str, what: str, shape: tuple) -> Tensor:
    """A float64 tensor of ``shape`` in which every number is finite."""
    value = returned_tensor(value, function, what, EXERCISE, shape=shape).double()
    if not bool(torch.isfinite(value).all()):
        raise Mistake(
            f"`{function}` returns numbers that are not finite: NaN or infinity",
            expected="finite numbers",
            came="NaN or infinity in some places",
            why="A single NaN spoils the training that uses these numbers.",
            tries="Look for a division by zero, and for a root of a negative number.",
            page=EXERCISE,
        )
    return value


def function_of(student: Player, name: str) -> Handle:
    """The student's function itself, for the rig to call."""
    return returned_object(student.call("own", name), "own", "your function", EXERCISE)


def gradient(report: object, shape: tuple, doing: str) -> Tensor:
    """A gradient of ``shape``, float64, from a rig that sent a loss back through the student's function."""
    sound(report, doing, EXERCISE)
    if report is None:
        raise Mistake(
            "No gradient arrives: the result is cut off from the input",
            expected="the result has a graph that leads to the input",
            came="no gradient",
            why="Without a gradient nothing in front of this step can learn.",
            tries="No `.detach()`, `.item()`, `.data` or NumPy between input and result.",
            page=EXERCISE,
        )
    if not isinstance(report, Tensor) or tuple(report.shape) != shape or not report.is_floating_point():
        raise Mistake(
            f"The result of {doing} has the wrong form",
            expected=f"a tensor of shape {shape}",
            came=describe(report),
            why="A gradient has one number for each number of the input.",
            tries="Keep the shape of the input from start to end.",
            page=EXERCISE,
        )
    return report.double()


def state_of(report: object, like: dict[str, Tensor]) -> dict[str, Tensor]:
    """The network's parameters by name, float64, with the shapes of ``like``."""
    sound(report, "reading the network's parameters", EXERCISE)
    fits = isinstance(report, dict) and set(report) == set(NAMES)
    if fits and all(
        isinstance(report[name], Tensor)
        and report[name].shape == like[name].shape
        and report[name].is_floating_point()
        for name in NAMES
    ):
        return {name: report[name].double() for name in NAMES}
    raise Mistake(
        "What came back is not the network that the function was given",
        expected="the same `backbone`, `head` and `domain_head`, with the same layers",
        came=describe(report),
        why="The check compares the network's parameters before and after the step.",
        tries="Train the network that was passed in; no copy of it, no layer more or less.",
        page=EXERCISE,
    )
