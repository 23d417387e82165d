"""An answer forged in the rig's or a function's place is the student's fault, and never breaks the suite."""

import math

import pytest
import torch
from graded_here import faults

from autograder import suite
from autograder.player import DirectPlayer, Handle

BIG = 2**63 - 1
FORGED = {
    "nothing": lambda true: None,
    "a number": lambda true: BIG,
    "not a number": lambda true: math.nan,
    "text": lambda true: "x" * 100,
    "an empty list": lambda true: [],
    "a list of numbers": lambda true: [1, 2],
    "a list of lists": lambda true: [[], {}],
    "an empty dictionary": lambda true: {},
    "other names": lambda true: {"head.weight": 3, "error": 4},
    "an error that is none": lambda true: {"error": "boom"},
    "a tensor without dimensions": lambda true: torch.tensor(3.0),
    "a pair of such tensors": lambda true: [torch.tensor(3.0), torch.tensor(True)],
    "an empty tensor": lambda true: torch.zeros(0, 3),
    "not finite": lambda true: of_tensors(true, lambda tensor: torch.full_like(tensor.float(), math.nan)),
    "complex": lambda true: of_tensors(true, lambda tensor: tensor.to(torch.complex64)),
    "boolean": lambda true: of_tensors(true, lambda tensor: tensor.bool()),
    "half": lambda true: of_tensors(true, lambda tensor: tensor.half()),
    "integers": lambda true: of_tensors(true, lambda tensor: tensor.to(torch.int8)),
    "one dimension more": lambda true: of_tensors(true, lambda tensor: tensor[None]),
    "cut short": lambda true: of_tensors(true, lambda tensor: tensor[:1] if tensor.dim() else tensor),
}


def of_tensors(value, change):
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, list):
        return [of_tensors(item, change) for item in value]
    if isinstance(value, dict):
        return {name: of_tensors(item, change) for name, item in value.items()}
    return value


class Forger(DirectPlayer):
    """Answers in the place of the rig (``of="rig"``), or of the student's functions (``of="call"``)."""

    def __init__(self, assignment, of, forge):
        super().__init__(assignment.reference(), assignment.rig, seed=1, full=False)
        self.of, self.forge = of, forge

    def _ask(self, op, name, args, kwargs):
        value = super()._ask(op, name, args, kwargs)
        return self.forge(value) if op == self.of and not isinstance(value, Handle) else value


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("of", ["rig", "call"])
def test_the_suite_gives_a_verdict(assignment, of, forged):
    found = suite.run(assignment.folder, assignment.tasks, Forger(assignment, of, FORGED[forged]))
    assert sorted(found) == assignment.tasks
    assert all(message["what"] for message in faults(found))


@pytest.mark.parametrize("forged", ["nothing", "text", "an empty dictionary"])
def test_forged_objects_give_a_verdict_too(assignment, forged):
    class ObjectForger(Forger):
        def _ask(self, op, name, args, kwargs):
            value = DirectPlayer._ask(self, op, name, args, kwargs)
            return self.forge(value) if isinstance(value, Handle) and op == self.of else value

    for of in ("rig", "call", "keep"):
        player = ObjectForger(assignment, of, FORGED[forged])
        assert sorted(suite.run(assignment.folder, assignment.tasks, player)) == assignment.tasks
