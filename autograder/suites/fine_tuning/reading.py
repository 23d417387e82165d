"""Read what this suite's rig reports, and say in words when it is not about the object that was asked for."""

from torch import Tensor

from autograder.expect import Mistake, describe
from autograder.faults import StudentFault
from autograder.player import Handle, Player
from autograder.reading import returned_object, sound
from autograder.suites.fine_tuning.pages import EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"


def tensors(report: object, like: dict[str, Tensor], doing: str) -> dict[str, Tensor]:
    """Tensors by name, with the names, shapes and dtypes of ``like``."""
    sound(report, doing, EXERCISE)
    if isinstance(report, dict) and all(isinstance(value, Tensor) for value in report.values()):
        if _forms(report) == _forms(like):
            return report
        came = "a model with other layers, or numbers of another shape or dtype"
    else:
        came = describe(report)
    raise Mistake(
        "What came back is not the model that the function was given",
        expected="the same model, with the same layers under the same names",
        came=came,
        why="The check compares the model's tensors before and after.",
        tries="Work on the object itself: no copy of it, nothing around it, no layer more or less.",
        page=EXERCISE,
    )


def made(student: Player, name: str, *args: object) -> Handle:
    """An object of the student's class ``name``. An ``__init__`` that is not written yet is the class's."""
    try:
        value = student.call(name, *args)
    except StudentFault as fault:
        if fault.exception == "NotImplementedError" and fault.where.endswith(" of __init__"):
            raise StudentFault(fault.kind, name, exception=fault.exception, message=fault.message) from None
        raise
    return returned_object(value, name, "a module of this class", EXERCISE)


def garbled(what: str, report: object) -> Mistake:
    """For a report of the rig that cannot be read at all."""
    return Mistake(
        f"{what} cannot be read",
        expected="plain numbers, as the course's own objects give them",
        came=describe(report),
        why="The check needs to see what the function did to the objects that it was given.",
        tries="Use the objects that come as arguments as they are. Do not replace their methods.",
        page=EXERCISE,
    )


def _forms(state: dict[str, Tensor]) -> dict[str, tuple]:
    return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
