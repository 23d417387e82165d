"""Submissions that break in, lie or break down: each is a fault of that submission, and its neighbour is
unharmed."""

import contextlib
import dataclasses
import json
import os
import platform
import time
from pathlib import Path

import pytest
import torch
from tiny_course import FIXTURE

from autograder import limits, report, suite
from autograder.expect import same_bits
from autograder.faults import StudentFault
from autograder.player import Handle
from autograder.sandbox import landlock, outer, probe
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


def machine_code(code):
    """The body of a function that runs these bytes; elsewhere than on x86-64 there is no such attack."""
    if platform.machine() != "x86_64":
        return "os._exit(0)"
    return (
        f"import ctypes, mmap\ncode = bytes.fromhex({code!r})\n"
        "memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "memory.write(code)\n"
        "place = ctypes.addressof(ctypes.c_char.from_buffer(memory))\n"
        "return ctypes.CFUNCTYPE(ctypes.c_long)(place)()"
    )


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
    "starts threads with little stack": (
        "import _thread, threading, time\nthreading.stack_size(32768)\n"
        "while True: _thread.start_new_thread(time.sleep, (1000,))",
        "raised",
    ),
    "takes another core": ("os.sched_setaffinity(0, range(os.cpu_count()))", "raised"),
    "takes precedence": ("os.nice(-5)", "raised"),
    "takes precedence with a real-time schedule": (
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
        "raised",
    ),
    "raises its limits": (
        "import resource\nfor name in dir(resource):\n"
        "  if name.startswith('RLIMIT_'): resource.setrlimit(getattr(resource, name), (2**40, 2**40))",
        "raised",
    ),
    "asks for more memory in shared pieces": (
        "import mmap\nkept = []\nfor _ in range(400): kept.append(mmap.mmap(-1, 10 ** 7))",
        "raised",
    ),
    "sends a file descriptor over the channel": (
        "import array, socket\nfor n in range(3, 256):\n  try: link = socket.socket(fileno=os.dup(n))\n"
        "  except OSError: continue\n"
        "  link.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [n]))])",
        "raised",
    ),
    "finds a place for more on the channel": (
        "import socket\nfor n in range(3, 256):\n  try: link = socket.socket(fileno=os.dup(n))\n"
        "  except OSError: continue\n"
        "  link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 ** 30)",
        "raised",
    ),
    "makes a FIFO": ("os.mkfifo('/tmp/fifo')", "raised"),
    "makes a device": ("os.mknod('/tmp/device', 0o20600, os.makedev(1, 3))", "raised"),
    "listens on a file": (
        "import socket\na, b = socket.socketpair()\na.bind('/tmp/socket')",
        "raised",
    ),
    "makes a program's user its own": ("os.setuid(0)", "raised"),
    "gives a file away": ("open('/tmp/f', 'w').close(); os.chown('/tmp/f', 0, 0)", "raised"),
    "types into the terminal": (
        "import fcntl\nfor n in range(256):\n"
        "  try: fcntl.ioctl(n, 0x5412, b'x')\n  except OSError: pass\n  else: return None\nraise OSError",
        "raised",
    ),
    "maps the kernel's view of others": ("open('/proc/1/mem', 'rb')", "raised"),
    "lists the root folder": (
        "os.listdir('/')"
        if landlock.version()
        else "raise OSError('not refused where there is no Landlock')",
        "raised",
    ),
    "speaks to the kernel as a 32-bit program": (
        machine_code("b814000000cd80c3"),  # mov eax, 20 (getpid); int 0x80; ret
        "died",
    ),
    "speaks to the kernel by x32's numbers": (
        machine_code("b8270000400f05c3"),  # mov eax, 0x40000027 (x32's getpid); syscall; ret
        "died",
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

if not landlock.version():
    del CALLS["lists the root folder"]


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


def test_each_runs_on_a_core_of_its_own(worker):
    """However many threads one starts, they share its core, and its neighbour has another."""
    look = "import os, threading\ndef cores(): return sorted(os.sched_getaffinity(0))\n" + (
        "def of_threads():\n  found = set()\n"
        "  def note(): found.update(os.sched_getaffinity(0))\n"
        "  all = [threading.Thread(target=note) for _ in range(20)]\n"
        "  for one in all: one.start()\n"
        "  for one in all: one.join()\n"
        "  return sorted(found)"
    )
    servers = [worker.clone() for _ in os.sched_getaffinity(0)]
    try:
        with contextlib.ExitStack() as stack:
            players = [stack.enter_context(play(server, look)) for server in servers]
            cores = [player.call("cores") for player in players]
            assert all(len(core) == 1 for core in cores), cores
            assert len({core[0] for core in cores}) == len(servers), "each has its own"
            assert [player.call("of_threads") for player in players] == cores
            with play(worker, look) as late:
                assert len(late.call("cores")) == 1, "with no core left it shares one"
        with play(servers[0], look) as again:
            assert len(again.call("cores")) == 1, "and they are given back"
    finally:
        for server in servers:
            server.close()


def test_owns_nothing_on_this_machine(worker):
    """When root grades, the process is not root to the kernel: what root owns is not its own."""
    look = "import os\ndef who(paths): return [os.getuid()] + [os.stat(path).st_uid for path in paths]"
    with play(worker, look) as player:
        me, *owners = player.call("who", ["/usr", "/course"])
        assert me != 0
        assert not outer.guest() or me not in owners


def test_honest_code_finds_what_it_needs(worker):
    """What the list of system calls, Landlock and the limits must let through."""
    cells = [
        "import asyncio, concurrent.futures, mmap, os, pathlib, shutil, sqlite3, tempfile, threading, time\n"
        "import matplotlib.pyplot as plt, numpy, torch",
        "torch.set_num_threads(2)\nmodel = torch.nn.Conv2d(3, 8, 3)\n"
        "model(torch.randn(8, 3, 64, 64)).sum().backward()",
        "torch.save(model.state_dict(), '/tmp/model.pt')\nmodel.load_state_dict(torch.load('/tmp/model.pt'))",
        "fig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()\nfig.savefig('figure.png')",
        "with concurrent.futures.ThreadPoolExecutor() as pool: list(pool.map(abs, range(100)))",
        "await asyncio.sleep(0)\nasync def one(): return 1\n"
        "await asyncio.gather(one(), asyncio.to_thread(abs, -1))",
        "folder = pathlib.Path(tempfile.mkdtemp())\n(folder / 'a').write_text('a')\n"
        "shutil.copytree(folder, 'copy')\nshutil.copy2(folder / 'a', 'b')\nos.rename('b', 'copy/b')\n"
        "shutil.move('copy/b', folder / 'c')\nos.symlink('copy', 'link')\nshutil.rmtree(folder)",
        "base = sqlite3.connect('/tmp/base.db')\nbase.execute('create table t (a)')\nbase.commit()",
        "from sklearn.cluster import KMeans\nKMeans(2, n_init=1).fit(numpy.random.randn(50, 2))",
        "from gensim.models import Word2Vec\nWord2Vec([['a', 'b']] * 100, min_count=1, workers=2)",
        "from torch.utils.data import DataLoader\nlist(DataLoader(torch.zeros(10, 2), batch_size=5))",
        "list(os.environ), os.getpid(), os.cpu_count(), time.process_time(), os.path.exists('/etc/passwd')",
    ]
    with play(worker, *cells) as player:
        player.start()
        assert [(run.fault, cell) for run, cell in zip(player.runs, cells, strict=True) if run.fault] == []


def test_an_error_shows_after_too_much_was_printed(worker):
    noisy = "for _ in range(100): print('x' * 1000)\nraise ValueError('the reason')"
    with play(worker, noisy) as player:
        player.start()
        *_, error = player.runs[0].outputs
        assert error["ename"] == "ValueError" and "the reason" in error["evalue"]
        assert "raise ValueError" in "".join(error["traceback"])


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
