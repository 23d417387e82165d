"""Read the reports of this suite's rig, and say in words when they are not of the model it was given."""

from torch import Tensor

from autograder.expect import Mistake, describe
from autograder.reading import sound
from autograder.suites.freezing import judge
from autograder.suites.freezing.pages import EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"


def state_of(
    report: object, doing: str = "reading the model's tensors", like: dict | None = None
) -> dict[str, Tensor]:
    """Parameters and buffers by name; with the names, shapes and dtypes of ``like``, if that is given."""
    sound(report, doing, EXERCISE)
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
    sound(report, doing, EXERCISE)
    if not isinstance(report, dict):
        return state_of(report, doing, like), None
    return state_of(sound(report.get("state"), doing, EXERCISE), doing, like), report.get("probe")


def moved_in_training(student, model: object, case: judge.Case) -> list[str]:
    """Which parameters of the backbone move when an optimiser holds everything: those that can learn."""
    probe = judge.draw_head(student.seed, "can learn", case.spec["classes"], case.spec["feature_dim"])
    report = student.rig(
        "train_everything", model, case.images, case.labels, lr=0.1, steps=1, probe=list(probe)
    )
    after, _ = trained(report)
    return judge.moved(case.state, after, case.backbone_parameters)


def _forms(state: dict[str, Tensor]) -> dict[str, tuple]:
    return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in state.items()}
