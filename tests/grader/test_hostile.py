"""Submissions that break in, lie or break down: each is a fault of that submission, and its neighbour is
unharmed."""

import dataclasses
import json
import os
import time
from pathlib import Path

import pytest
import torch
from tiny_course import FIXTURE

from autograder import limits, report, suite
from autograder.expect import same_bits
from autograder.faults import StudentFault
from autograder.player import Handle
from autograder.sandbox import probe
from autograder.sandbox.player import SandboxPlayer

RIGHT = [
    "import os, torch",
    "def double(values): return values + values",
    "def make_layer(a, b): return torch.nn.Linear(a, b)",
]
SUITE = FIXTURE / "suites" / "tiny"


def play(worker, *cells):
    return SandboxPlayer(worker, cells, rig=suite.rig_of(SUITE), seed=7)


def points(player):
    return {task: verdict.points for task, verdict in suite.run(SUITE, suite.tasks_of(SUITE), player).items()}


@pytest.fixture(autouse=True)
def neighbour(worker, quick_limits):
    """Whatever a test's submission did: the next one gets what it deserves."""
    yield
    with play(worker, *RIGHT) as player:
        assert points(player) == {"double": 3, "make_layer": 2}
        assert [run.fault for run in player.runs] == [None, None, None]


# What a call of the student's function `attack` does -> the kind of fault it must be.
CALLS = {
    "loops for ever": ("while True: pass", "timeout"),
    "swallows every signal and exception": (
        "import signal\nfor n in range(1, 32):\n"
        "  try: signal.signal(n, signal.SIG_IGN)\n  except Exception: pass\n"
        "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
        "timeout",
    ),
    "sleeps": ("import time; time.sleep(1000)", "timeout"),
    "prints for ever": ("while True: print('x' * 1000000)", "timeout"),
    "writes to the descriptors for ever": ("while True: os.write(1, b'x' * 1000000)", "timeout"),
    "asks for 8 GB": ("return bytearray(8 * 10 ** 9)", "memory"),
    "asks for 8 GB of tensors": ("return torch.ones(2 * 10 ** 9)", "memory"),
    "allocates for ever": ("kept = []\nwhile True: kept.append(torch.empty(10 ** 8))", "memory"),
    "exits": ("raise SystemExit(0)", "raised"),
    "interrupts": ("raise KeyboardInterrupt", "raised"),
    "exits hard": ("os._exit(0)", "died"),
    "aborts": ("os.abort()", "died"),
    "segfaults": ("import ctypes; ctypes.string_at(0)", "died"),
    "closes every descriptor": ("os.closerange(0, 1000)", "died"),
    "forks": ("while True: os.fork()", "raised"),
    "starts a program": ("import subprocess; subprocess.run(['ls'])", "raised"),
    "starts a shell": ("if os.system('true') != 0: raise OSError", "raised"),
    "kills its process group": ("import os; os.kill(0, 9); raise OSError", "raised"),
    "stops its process group": ("import os; os.kill(0, 19); raise OSError", "raised"),
    "kills its parent": ("import os; os.kill(os.getppid(), 9); raise OSError", "raised"),
    "kills all processes": ("import os; os.kill(-1, 9); raise OSError", "raised"),
    "signals others by number": ("for n in range(2, 40000): os.kill(n, 9)", "raised"),
    "traces a process": (
        "import ctypes\nif ctypes.CDLL(None, use_errno=True).ptrace(16, 1, 0, 0): raise OSError",
        "raised",
    ),
    "starts threads for ever": (
        "import threading, time\nthreading.stack_size(32768)\n"
        "while True: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
        "raised",
    ),
    "opens a socket": ("import socket; socket.socket()", "raised"),
    "opens a Unix socket": ("import socket; socket.socket(socket.AF_UNIX)", "raised"),
    "hides memory in a file descriptor": ("os.memfd_create('x')", "raised"),
    "fills the disk": ("for i in range(100): open(f'/tmp/{i}', 'wb').write(bytes(60 * 10 ** 6))", "raised"),
    "fills /dev/shm": (
        "for i in range(100): open(f'/dev/shm/{i}', 'wb').write(bytes(60 * 10 ** 6))",
        "raised",
    ),
    "writes where it may not": ("open('/course/autograder/wire.py', 'w')", "raised"),
    "recurses for ever": ("def again(): return again()\nreturn again()", "raised"),
    "nests a list too deep": ("x = []\nfor _ in range(10 ** 5): x = [x]\nreturn x", "bad_value"),
    "returns a list that holds itself": ("x = []; x.append(x); return x", "bad_value"),
    "returns a huge integer": ("return 10 ** 1000", "bad_value"),
    "returns a huge tensor that takes no memory": ("return torch.zeros(1).expand(10 ** 12)", "bad_value"),
    "returns a million things": ("return list(range(10 ** 6))", "bad_value"),
}


@pytest.mark.parametrize("name", CALLS)
def test_call(worker, name):
    body, kind = CALLS[name]
    attack = "def attack():\n" + "\n".join("  " + line for line in body.split("\n"))
    with play(worker, *RIGHT, attack) as player:
        with pytest.raises(StudentFault) as caught:
            player.call("attack")
        assert caught.value.kind == kind, caught.value
        assert points(player) == {"double": 3, "make_layer": 2}, "its other functions still count"


def test_call_that_never_ends_is_not_tried_for_ever(worker, quick_limits):
    with play(worker, "def attack():\n  while True: pass") as player:
        begun = time.monotonic()
        for _ in range(20):
            with pytest.raises(StudentFault):
                player.call("attack")
        assert time.monotonic() - begun < (quick_limits.deaths_per_function + 2) * quick_limits.call_seconds


def test_submission_has_a_time_limit_as_a_whole(worker, quick_limits, monkeypatch):
    quick_limits = dataclasses.replace(quick_limits, submission_seconds=4.0)
    monkeypatch.setattr(limits, "SANDBOX", quick_limits)
    names = [f"attack{i}" for i in range(20)]
    with play(worker, *[f"def {name}():\n  while True: pass" for name in names]) as player:
        begun = time.monotonic()
        for name in names:
            with pytest.raises(StudentFault) as caught:
                player.call(name)
            assert caught.value.kind == "timeout"
        assert time.monotonic() - begun < quick_limits.submission_seconds + 5


CELLS = {
    "loops for ever": ("while True: pass", "timeout"),
    "exits": ("import sys; sys.exit(0)", "raised"),
    "exits hard": ("os._exit(0)", "died"),
    "raises": ("1 / 0", "raised"),
    "prints gigabytes": ("for _ in range(500): print('x' * 10 ** 6)", None),
    "is no Python": ("def (", "raised"),
    "forks": ("os.fork()", "raised"),
    "closes every descriptor": ("os.closerange(0, 1000)", "died"),
    "replaces what reports errors": ("get_ipython().showtraceback = lambda *a, **k: None\n1 / 0", "raised"),
    "breaks the shell": ("import sys; sys.stdout = None; get_ipython().events = None", "died"),
    "starts a thread that prints for ever": (
        "import threading\ndef noise():\n  while True: print('x')\n"
        "threading.Thread(target=noise, daemon=True).start()",
        None,
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_cell(worker, name):
    source, kind = CELLS[name]
    with play(worker, RIGHT[0], source, *RIGHT[1:]) as player:
        player.start()
        fault = player.runs[1].fault
        assert (fault.kind if fault else None) == kind or name == "breaks the shell"
        if name != "breaks the shell":
            assert points(player) == {"double": 3, "make_layer": 2}, "the other cells still count"
        assert sum(len(str(output)) for run in player.runs for output in run.outputs) < 100_000


def test_cannot_see_the_course(worker, course):
    look = "import pathlib\ndef look(paths): return [p for p in paths if os.path.lexists(p)]"
    walk = (
        "def walk(top):\n  names = [os.path.join(f, n) for f, _, ns in os.walk(top) for n in ns]\n"
        "  return [name for name in names if name.endswith(('.ipynb', '.db'))][:50]"
    )
    with play(worker, RIGHT[0], look, walk) as player:
        secret = [
            course.root,
            course.solutions,
            course.suites,
            FIXTURE,
            Path.cwd() / "solutions",
            Path.cwd() / ".git",
        ]
        assert player.call("look", [str(path) for path in secret]) == []
        for top in ("/course", "/home", "/tmp", "/assets", str(Path.cwd())):
            assert not [path for path in player.call("walk", top) if "site-packages" not in path]


def test_knows_nothing_of_the_course_or_of_others(worker, course, quick_limits, monkeypatch):
    """The process is a copy of the worker, so what the worker remembers can be read here."""
    mark = "a-line-of-the-first-submission"
    search = """
import gc, sys
def texts():
    seen, found, waiting = set(), [], [gc.get_objects(), sys.modules]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or thing is found: continue
        seen.add(id(thing))
        if isinstance(thing, bytes): thing = thing.decode("latin-1")
        if isinstance(thing, str): found.append(thing)
        else: waiting.extend(gc.get_referents(thing))
    return found
def holds(pieces):
    found = texts()  # before the words that are looked for are put together
    return [word for word in map("".join, pieces) if any(word in text for text in found)]
"""
    with play(worker, f"SECRET = '{mark}'") as player:
        player.start()
        assert player.runs[0].fault is None
    wanted = [mark, str(course.root), str(course.suites), "secret_seed", "wrong values", "submitted/"]
    monkeypatch.setattr(limits, "SANDBOX", dataclasses.replace(quick_limits, call_seconds=20.0))
    with play(worker, search) as player:
        assert player.call("holds", [list(word) for word in [*wanted, "/home/student"]]) == ["/home/student"]


def test_scratch_is_gone_afterwards(worker):
    leave = "for folder in ('/tmp', '/home/student', '/dev/shm'): open(folder + '/left', 'w').write('x')"
    with play(worker, leave) as player:
        player.start()
        assert player.runs[0].fault is None
    with play(
        worker,
        "import os",
        "def look(): return os.listdir('/tmp') + os.listdir('/home/student') + os.listdir('/dev/shm')",
    ) as player:
        assert "left" not in player.call("look")


def test_forged_messages(worker):
    """Bytes on every descriptor, the channel too: what comes of it is this submission's fault, never
    points."""
    forge = """
def double(values):
    import json, struct
    header = json.dumps({"value": {"dict": {"ok": 1.0}}, "tensors": []}).encode()
    message = struct.pack(">I", len(header)) + header
    for number in range(256):
        try: os.write(number, struct.pack(">Q", len(message)) + message)
        except OSError: pass
    return values
"""
    with play(worker, RIGHT[0], forge, RIGHT[2]) as player:
        assert points(player)["double"] == 0


@pytest.mark.parametrize("garbage", ["b'\\xff' * 100", "b'\\0' * 8", "bytes(range(256)) * 1000", "b'{}'"])
def test_garbage_on_every_descriptor(worker, garbage):
    attack = (
        "def double(values):\n  for n in range(256):\n"
        f"    try: os.write(n, {garbage})\n    except OSError: pass\n  return values"
    )
    with play(worker, RIGHT[0], attack, RIGHT[2]) as player:
        assert points(player)["double"] == 0


LIARS = """
class Always(float):
    def __eq__(self, other): return True
    def __float__(self): return 1.0
    __class__ = float
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None): return True
class Equal(dict):
    def __eq__(self, other): return True
class Unprintable(Exception):
    def __str__(self): raise SystemExit
class Mask:
    @property
    def __class__(self): raise SystemExit
def number(): return Always(3.5)
def tensor(values): return (values * 3).as_subclass(Liar)
def mapping(): return Equal(a=Always(2.0))
def thing(): return object()
def mask(): return Mask()
def nan(): return [float("nan"), float("inf"), torch.tensor(float("nan"))]
def unprintable(): raise Unprintable
def parameter(): return torch.nn.Parameter(torch.ones(2))
def sparse(): return torch.eye(2).to_sparse()
"""


def test_lying_objects_become_plain_values(worker):
    with play(worker, "import torch", LIARS) as player:
        number = player.call("number")
        assert type(number) is float and number == 3.5
        values = torch.randn(5)
        tripled = player.call("tensor", values)
        assert type(tripled) is torch.Tensor and same_bits(tripled, values * 3)
        mapping = player.call("mapping")
        assert type(mapping) is dict and mapping == {"a": 2.0} and mapping != {"a": 1.0}
        assert type(player.call("parameter")) is torch.Tensor
        assert isinstance(player.call("thing"), Handle)
        assert isinstance(player.call("sparse"), Handle)
        nan, infinite, tensor = player.call("nan")
        assert nan != nan and infinite == float("inf") and bool(tensor.isnan())
        for name in ("mask", "unprintable"):
            with pytest.raises(StudentFault):
                player.call(name)


def test_handles_of_a_dead_process_are_gone(worker):
    with play(worker, *RIGHT, "def attack(): os._exit(1)") as player:
        layer = player.call("make_layer", 2, 2)
        with pytest.raises(StudentFault):
            player.call("attack")
        with pytest.raises(StudentFault, match="gone"):
            player.rig("weights_of", layer)


def test_fault_names_the_students_own_line(worker):
    with play(
        worker, RIGHT[0], "def double(values):\n    values = values + 1\n    return torch.cat(values)"
    ) as player:
        with pytest.raises(StudentFault) as caught:
            player.call("double", torch.ones(2))
        assert (caught.value.exception, caught.value.line) == ("TypeError", "return torch.cat(values)")
        assert caught.value.where == "line 3 of double"


def test_fault_cannot_steer_a_terminal(worker):
    attack = "def double(values): raise ValueError('\\x1b[2J\\u202e \\ud800 5 of 5 points')"
    with play(worker, RIGHT[0], attack, RIGHT[2]) as player:
        with pytest.raises(StudentFault) as caught:
            player.call("double", torch.ones(2))
        assert caught.value.message == "\ufffd[2J\ufffd ? 5 of 5 points"
        json.dumps(report.text(suite.run(SUITE, ["double"], player)["double"])).encode()


def test_libraries_that_the_grader_has_imported_are_no_leak(course):
    """scikit-learn sets variables in any process that imports it: the grader's, and the sandbox's."""
    import sklearn  # noqa: F401

    with probe.start(course) as worker:
        assert not [finding for finding in probe.run(course, worker) if finding.problem]
