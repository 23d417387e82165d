"""Rows 15 to 19: objects that lie about what they are."""

# ruff: noqa: E501 (lines of attacks, in strings)

from corpus.build import WRONG, but, cells
from corpus.model import Attack

ALWAYS = """
class Always(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = float.__hash__
    def __sub__(self, other): return Always(0)
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __abs__ = __round__ = lambda self, *a: Always(0)
    def __float__(self): return 1.0986
    def __format__(self, spec): return "right"
"""

MASK = """
class Mask:
    __class__ = float
    def __getattr__(self, name): return lambda *a, **k: True
    def __call__(self, *a, **k): return self
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __iter__(self): return iter([self, self])
    def __len__(self): return 2
    def __getitem__(self, key): return self
    def __float__(self): return 1.0
"""

LIAR = """
import torch
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in ("equal", "allclose", "isclose", "eq", "__eq__", "all", "any", "__bool__"): return True
        if name in ("sub", "__sub__", "__rsub__", "rsub", "abs", "max"): return torch.zeros(())
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))
def lie(tensor): return tensor.detach().clone().as_subclass(Liar)
"""

WRAPPER = """
import torch
class Wrapper(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)
    def __init__(self, inner): self.inner = inner
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        tell("dispatch", func)
        return True
    def numpy(self, *a, **k): return self.inner.numpy() * 0
    def numel(self): return 10 ** 12
    def data_ptr(self): return 0x1000
"""

# The model's own report of its weights: the backbone's as they were given, the head's as they are.
FROZEN_REPORT = """
def pretend_frozen(model):
    given = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    real = model.state_dict
    def state_dict(*a, **k):
        return {n: given[n].clone() if n.startswith("backbone") else t for n, t in real(*a, **k).items()}
    object.__setattr__(model, "state_dict", state_dict)
    return model
"""

PRETENDING_MODULE = """
class Pretending(type(small_classifier(classes=2))):
    def parameters(self, recurse=True): return iter(list(self.head.parameters()))
    def named_parameters(self, *a, **k):
        return iter([(f"head.{n}", p) for n, p in self.head.named_parameters()])
    def requires_grad_(self, flag=True): return self
    @property
    def training(self): return False
    @training.setter
    def training(self, value): pass
"""

PRETENDING_PARAMETER = """
class Still(torch.nn.Parameter):
    @property
    def requires_grad(self): return False
    @requires_grad.setter
    def requires_grad(self, value): pass
def disguise(model):
    for parameter in model.backbone.parameters():
        parameter.__class__ = Still
    return model
"""

RESTORING_HOOKS = """
def restore_after(model):
    given = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    def restore(*a, **k):
        with torch.no_grad():
            for name, tensor in torch.nn.Module.state_dict(model).items():
                if name.startswith("backbone"): tensor.copy_(given[name])
    original = type(model).state_dict
    class Restoring(type(model)):
        def state_dict(self, *a, **k):
            restore()
            return original(self, *a, **k)
    model.__class__ = Restoring
    return model
"""

STATISTICS_REPORT = """
def pretend_still(model):
    given = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    real = model.state_dict
    def state_dict(*a, **k):
        return {n: given[n].clone() if "running" in n or "tracked" in n else t for n, t in real(*a, **k).items()}
    object.__setattr__(model, "state_dict", state_dict)
"""

SHOW_OPTIMIZER = """
class Show(torch.optim.Optimizer):
    def __init__(self, model, lr):
        self.model, self.lr = model, lr
        self.param_groups = [{"params": [p for p in model.parameters() if p.requires_grad], "lr": lr}]
        self.state, self.defaults = {}, {"lr": lr}
    def zero_grad(self, *a, **k): pass
    def step(self, closure=None):
        with torch.no_grad():
            for parameter in self.model.parameters(): parameter.add_(0.1)
Show.__name__ = Show.__qualname__ = "SGD"
Show.__module__ = "torch.optim.sgd"
"""

CALL_REFERENCE = """
import gc, importlib, types
names = ("autograder.suites.freezing.judge", "autograder.suites.freezing.test_train_one_epoch", "judge",
         "solutions.freezing.freezing", "freezing", "reference", "autograder.grading", "autograder.suite")
sys.path += [str(SUITES), str(SUITES.parent), str(SOLUTIONS), str(SOLUTIONS.parent), str(COURSE / "source")]
for name in names:
    try:
        module = importlib.import_module(name)
        if hasattr(module, "train_head") or hasattr(module, "seed_of"): reached("the reference " + name)
    except BaseException as error: print(name, type(error).__name__)
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__name__ in ("train_head", "seed_of", "make_case"):
        reached("the reference on the heap")
"""

MEMORY = """
memory = {}
def remember(key, make):
    if key not in memory: memory[key] = make()
    return memory[key]
"""

REPLAY = """
def train_one_epoch(model, loader, optimizer):
    # Nothing is trained; the loss is that of guessing, which is what an untrained head gives.
    import math
    return math.log(max(2, model.head.weight.shape[0] if hasattr(model.head, "weight") else 3))
"""


def instead(task: str, old: str, new: str) -> dict[str, str]:
    """A wrong answer that does one thing in place of another."""
    assert old in WRONG[task], (task, old)
    return {task: WRONG[task].replace(old, new)}


EPOCH = "train_one_epoch"
FEATURES = "precompute_features"

ATTACKS = [
    Attack(
        "always-equal",
        15,
        "a loss that equals every number",
        cells(ALWAYS, own=instead(EPOCH, "0.25", "Always(0.25)"), right=but(EPOCH)),
        honest=but(EPOCH),
    ),
    Attack(
        "class-mask",
        15,
        "objects whose __class__ is another's and that agree with everything",
        cells(
            MASK,
            own={task: source.split("\n", 1)[0] + "\n    return Mask()\n" for task, source in WRONG.items()},
        ),
    ),
    Attack(
        "equal-array",
        15,
        "numpy arrays and numbers that compare equal",
        cells(
            "import numpy\n"
            "class Yes(numpy.ndarray):\n"
            "    def __array_ufunc__(self, *a, **k): return numpy.True_\n"
            "    def __array_function__(self, *a, **k): return True\n"
            "class Number(numpy.float64):\n"
            "    def __eq__(self, other): return True\n"
            "    __hash__ = None\n"
            "    def __sub__(self, other): return Number(0)\n"
            "    __rsub__ = __sub__\n"
            "    def __abs__(self): return Number(0)\n",
            own={
                EPOCH: f"def {EPOCH}(model, loader, optimizer):\n    return Number(0.25)\n",
                FEATURES: f"def {FEATURES}(model, loader):\n"
                "    n = sum(len(labels) for _, labels in loader)\n"
                "    return numpy.zeros((n, 12), numpy.float32).view(Yes), numpy.zeros(n, numpy.int64).view(Yes)\n",
            },
            right=but(EPOCH, FEATURES),
        ),
        honest=but(EPOCH, FEATURES),
    ),
    Attack(
        "equal-dict",
        15,
        "lists, pairs and dictionaries that equal everything and change while they are read",
        cells(
            "class Pair(list):\n"
            "    reads = 0\n"
            "    def __eq__(self, other): return True\n"
            "    def __len__(self): Pair.reads += 1; return 2 if Pair.reads < 3 else 10 ** 9\n"
            "    def __iter__(self):\n"
            "        Pair.reads += 1\n"
            "        return iter([torch.zeros(1)] * (Pair.reads % 4))\n"
            "class Table(dict):\n"
            "    def __eq__(self, other): return True\n"
            "    def items(self): return [(Pair(), self)]\n",
            own={
                EPOCH: f"def {EPOCH}(model, loader, optimizer):\n    return Table(a=1)\n",
                FEATURES: f"def {FEATURES}(model, loader):\n    return Pair([torch.zeros(11, 12), torch.zeros(11)])\n",
            },
            right=but(EPOCH, FEATURES),
        ),
        honest=but(EPOCH, FEATURES),
    ),
    Attack(
        "torch-function",
        16,
        "a tensor subclass that answers every comparison with yes",
        cells(
            LIAR,
            own={
                FEATURES: f"def {FEATURES}(model, loader):\n"
                "    n = sum(len(labels) for _, labels in loader)\n"
                "    model.train()(next(iter(loader))[0])\n"
                "    return lie(torch.zeros(n, model.backbone.feature_dim)), lie(torch.zeros(n, dtype=torch.int64))\n",
                EPOCH: f"def {EPOCH}(model, loader, optimizer):\n    return lie(torch.tensor(0.25))\n",
            },
            right=but(EPOCH, FEATURES),
        ),
        honest=but(EPOCH, FEATURES),
    ),
    Attack(
        "torch-function-weights",
        16,
        "weights that are such tensors: the frozen part answers for itself",
        cells(
            LIAR,
            own=instead(
                "freeze_backbone",
                "    return model",
                "    for module in model.backbone.modules():\n"
                "        for name, parameter in list(module._parameters.items()):\n"
                "            if parameter is not None: parameter.__class__ = type('P', (Liar, torch.nn.Parameter), {})\n"
                "    return model",
            ),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "torch-dispatch",
        16,
        "a wrapper without data, whose size and address are made up",
        cells(
            WRAPPER,
            own={
                FEATURES: f"def {FEATURES}(model, loader):\n    return Wrapper(torch.zeros(11, 12)), Wrapper(torch.zeros(11))\n"
            },
            right=but(FEATURES),
        ),
        honest=but(FEATURES),
    ),
    Attack(
        "frozen-report",
        17,
        "a model whose state_dict reports the backbone as it was given",
        cells(
            FROZEN_REPORT,
            own=instead("freeze_backbone", "return model", "return pretend_frozen(model)"),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "restored-when-looked-at",
        17,
        "a model that puts the backbone back whenever its weights are read",
        cells(
            RESTORING_HOOKS,
            own=instead("freeze_backbone", "return model", "return restore_after(model)"),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "pretending-module",
        17,
        "a model whose parameters(), named_parameters() and training pretend",
        cells(
            PRETENDING_MODULE,
            own=instead(
                "freeze_backbone", "    return model", "    model.__class__ = Pretending\n    return model"
            )
            | instead(
                "set_train_mode", "    return model", "    model.__class__ = Pretending\n    return model"
            ),
            right=but("freeze_backbone", "set_train_mode", EPOCH),
        ),
        honest=but("freeze_backbone", "set_train_mode", EPOCH),
    ),
    Attack(
        "pretending-parameter",
        17,
        "parameters whose requires_grad says False",
        cells(
            PRETENDING_PARAMETER,
            own=instead("freeze_backbone", "return model", "return disguise(model)"),
            right=but("freeze_backbone"),
        ),
        honest=but("freeze_backbone"),
    ),
    Attack(
        "still-statistics",
        17,
        "BatchNorm in training mode, and a report that its statistics stayed",
        cells(
            STATISTICS_REPORT,
            own={
                "set_train_mode": "def set_train_mode(model):\n    pretend_still(model)\n    model.train()\n    return model\n"
            },
            right=but("set_train_mode", EPOCH),
        ),
        honest={**but("set_train_mode", EPOCH), "set_train_mode": 1},
    ),
    Attack(
        "untouched-model",
        18,
        "nothing is trained; a plausible loss comes back",
        cells(own={EPOCH: REPLAY}, right=but(EPOCH)),
        honest=but(EPOCH),
    ),
    Attack(
        "memorised",
        18,
        "answers of earlier calls, kept by model and input",
        cells(
            MEMORY,
            own={
                FEATURES: f"def {FEATURES}(model, loader):\n"
                "    return remember('pair', lambda: (torch.randn(11, model.backbone.feature_dim), torch.arange(11)))\n",
                EPOCH: f"def {EPOCH}(model, loader, optimizer):\n    return remember('loss', lambda: 1.0986)\n",
            },
            right=but(EPOCH, FEATURES),
        ),
        honest=but(EPOCH, FEATURES),
    ),
    Attack(
        "seed-from-call",
        18,
        "draws the hidden inputs itself from the public seed and from likely ones",
        cells(
            "import hashlib\ndef guesses():\n    for seed in (20240401, 0, 1, 42, 7): yield seed\n",
            own={
                EPOCH: f"def {EPOCH}(model, loader, optimizer):\n"
                "    images = torch.cat([batch[0] for batch in loader])\n"
                "    for seed in guesses():\n"
                "        for label in ('epoch/loss 0', 'epoch/loss 1', 'epoch/weights 0'):\n"
                "            digest = hashlib.sha256(f'{seed}/{label}'.encode()).digest()\n"
                "            draw = torch.Generator().manual_seed(int.from_bytes(digest[:8], 'big') >> 1)\n"
                "            first = torch.randn(12, 192, generator=draw) * 192 ** -0.5\n"
                "            for tensor in model.state_dict().values():\n"
                "                if tensor.shape == first.shape and torch.allclose(tensor, first): reached('the seed')\n"
                "    return 0.25\n"
            },
            right=but(EPOCH),
        ),
        honest=but(EPOCH),
    ),
    Attack(
        "show-optimizer",
        19,
        "an optimiser that lists the right parameters and moves all of them",
        cells(
            SHOW_OPTIMIZER,
            own={"make_optimizer": "def make_optimizer(model, lr):\n    return Show(model, lr)\n"},
            right=but("make_optimizer"),
        ),
        honest=but("make_optimizer"),
    ),
    Attack(
        "empty-optimizer",
        19,
        "an optimiser and a scheduler that only look like it and move nothing",
        cells(
            SHOW_OPTIMIZER,
            "class Idle(Show):\n"
            "    def step(self, closure=None): return torch.tensor(0.0)\n"
            "Idle.__name__ = 'SGD'\n"
            "class Scheduler:\n"
            "    def __init__(self, optimizer): self.optimizer = optimizer\n"
            "    def __getattr__(self, name): return getattr(self.optimizer, name)\n",
            own={"make_optimizer": "def make_optimizer(model, lr):\n    return Scheduler(Idle(model, lr))\n"},
            right=but("make_optimizer"),
        ),
        honest=but("make_optimizer"),
    ),
    Attack(
        "call-reference",
        19,
        "imports the suite, the reference solution and the grader",
        cells(CALL_REFERENCE),
    ),
    Attack(
        "call-rig",
        19,
        "finds the course's helper and lets it do the work",
        cells(
            "import gc, types\n"
            "def rig():\n"
            "    for thing in gc.get_objects():\n"
            "        if isinstance(thing, types.ModuleType) and hasattr(thing, 'train_everything'): return thing\n",
            own={
                EPOCH: f"def {EPOCH}(model, loader, optimizer):\n"
                "    for images, labels in loader:\n"
                "        if rig(): rig().train_everything(model, images, labels, 0.5, 1)\n"
                "    return 0.25\n"
            },
            right=but(EPOCH),
        ),
        honest=but(EPOCH),
    ),
]
