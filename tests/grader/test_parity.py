"""A check on the student's machine and one at grading see the same: the two players side by side."""

import pytest
import torch
from tiny_course import FIXTURE

from autograder import suite
from autograder.faults import StudentFault
from autograder.player import DirectPlayer
from autograder.sandbox.player import SandboxPlayer

SUITE = FIXTURE / "suites" / "tiny"
CODE = """
import collections, random
import numpy, torch
Pair = collections.namedtuple("Pair", "a b")
def draw(): return [torch.rand(3), numpy.random.rand(3), random.random()]
def pair(x): return Pair(x, {"y": (x, None, True, 2)})
def change(x):
    x += 1
    return x
def grown(x): return (torch.nn.Parameter(x) * 2).sum()
def half(x): return x.to(torch.bfloat16)
def lost(x): return x.missing
def later(): raise NotImplementedError
def words(): raise ValueError("object at 0x7f0123456789, given " + "x" * 9000)
def huge(): return list(range(10**6))
def layer(): return torch.nn.Linear(2, 2)
"""


@pytest.fixture(scope="module")
def players(worker):
    """The direct one and the sandboxed one, on the same code."""
    namespace = {}
    exec(compile(CODE, "cell", "exec"), namespace)
    rig = suite.rig_of(SUITE)
    with SandboxPlayer(worker, [CODE], rig=rig, seed=1) as sandboxed:
        yield DirectPlayer(namespace, rig, seed=1, full=True), sandboxed


def plain(value):
    """Something that can be compared, types included."""
    if isinstance(value, torch.Tensor):
        return "tensor", str(value.dtype), value.tolist()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if type(value).__name__ == "ndarray":
        return "array", str(value.dtype), value.tolist()
    return type(value).__name__, getattr(value, "type_name", value)


@pytest.mark.parametrize("name", ["draw", "pair", "change", "grown", "half", "layer"])
def test_the_same_value(players, name):
    arguments = () if name in ("draw", "layer") else (torch.ones(2),)
    direct, sandboxed = (plain(player.call(name, *arguments)) for player in players)
    assert direct == sandboxed


@pytest.mark.parametrize("name", ["lost", "later", "words", "huge", "nothing"])
def test_the_same_fault(players, name):
    told = []
    for player in players:
        with pytest.raises(StudentFault) as caught:
            player.call(name, *([torch.ones(2)] if name == "lost" else []))
        fault = caught.value
        told.append((fault.kind, fault.function, fault.exception, fault.message, fault.where))
    assert told[0] == told[1]


def test_an_argument_is_a_copy(players):
    for player in players:
        values = torch.zeros(2)
        player.call("change", values)
        assert values.sum() == 0


def test_the_same_verdicts(worker):
    cells = [
        "import torch",
        "def double(x): return x * 3",
        "def make_layer(a, b): return torch.nn.Linear(a, b)",
    ]
    namespace = {}
    for cell in cells:
        exec(cell, namespace)
    rig, tasks = suite.rig_of(SUITE), suite.tasks_of(SUITE)
    direct = suite.run(SUITE, tasks, DirectPlayer(namespace, rig, seed=5, full=True))
    with SandboxPlayer(worker, cells, rig=rig, seed=5) as player:
        assert suite.run(SUITE, tasks, player) == direct
