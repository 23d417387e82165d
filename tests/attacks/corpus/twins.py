"""Honest submissions that look like attacks: each must get full marks."""

# ruff: noqa: E501 (lines of attacks, in strings)

import json

from corpus.build import answer, code_cell, dump, find, honest, markdown_cell, notebook
from corpus.model import FULL, HandedIn, Place, Twin

FREEZE = """
def freeze_backbone(model):
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    return model
"""


def bom(content: dict) -> bytes:
    """As some editors on Windows save it."""
    return b"\xef\xbb\xbf" + dump(content).replace(b"\n", b"\r\n")


def compact(content: dict) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def run_before(content: dict) -> None:
    """Handed in with the outputs of the student's own run, green and red."""
    for number, cell in enumerate(cell for cell in content["cells"] if cell["cell_type"] == "code"):
        cell["execution_count"] = number + 1
        cell["outputs"] = [
            {"output_type": "stream", "name": "stderr", "text": "UserWarning: old\n"},
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"text/html": "<b>passed</b>", "text/plain": "x"},
            },
        ]


def cloud_metadata(content: dict) -> None:
    """As a hosted notebook service leaves it."""
    content["metadata"] = {
        "colab": {"provenance": [], "toc_visible": True},
        "accelerator": "GPU",
        "kernelspec": {"name": "python3", "display_name": "Python 3.13 (my env)"},
        "language_info": {"name": "python", "version": "3.13.1"},
    }
    for number, cell in enumerate(content["cells"]):
        cell["metadata"] |= {"id": f"k{number}", "executionInfo": {"elapsed": 5}, "collapsed": False}


def moved(content: dict) -> None:
    """Extra cells moved about, demo cells deleted, a check cell run twice by copying its text."""
    content["cells"] = [cell for cell in content["cells"] if "demo" not in cell["metadata"].get("tags", [])]
    place = content["cells"].index(find(content, "freeze_backbone"))
    content["cells"].insert(place, code_cell("model = freeze_backbone(small_classifier(classes=3))"))
    content["cells"].append(
        code_cell("for name, p in model.named_parameters(): print(name, p.requires_grad)")
    )


def pasted_picture(content: dict) -> None:
    """As Jupyter stores a picture from the clipboard."""
    cell = markdown_cell("My sketch: ![image.png](attachment:image.png)")
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
    cell["attachments"] = {"image.png": {"image/png": pixel}}
    content["cells"].append(cell)


def copied_cell(content: dict) -> None:
    """Copied and pasted an answer's cell, with its metadata."""
    cell = find(content, "replace_head-solution")
    content["cells"].insert(content["cells"].index(cell), json.loads(json.dumps(cell)))


def with_ids(place: Place) -> HandedIn:
    """The newer format, saved by an editor that gives every cell an id of its own."""
    content = notebook(place)
    for number, cell in enumerate(content["cells"]):
        cell["id"] = f"{number:08x}"
    answer(content, place, {}, FULL)
    return HandedIn(dump(content))


def source_as_lists(content: dict) -> None:
    """As Jupyter itself saves it."""
    for cell in content["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)


TWINS = [
    Twin(
        "prints",
        8,
        "prints a lot, scores and summaries among it",
        honest(
            start=[
                "for number in range(5000): print('step', number, 'loss', 1 / (number + 1))\nprint('score: 15/15')"
            ],
            own={"freeze_backbone": FREEZE.replace("    return", "    print('frozen!' * 2000)\n    return")},
        ),
    ),
    Twin(
        "warns",
        8,
        "warns and logs on stderr, in cells and in functions",
        honest(
            start=[
                "import logging, sys, warnings\nlogging.basicConfig(level='DEBUG')\nlogging.warning('careful')\nwarnings.warn('old')"
            ],
            own={
                "freeze_backbone": FREEZE.replace(
                    "    return", "    warnings.warn('frozen'); print('done', file=sys.stderr)\n    return"
                )
            },
        ),
    ),
    Twin(
        "module-subclass",
        17,
        "a head that is a subclass of Linear, and a model that is wrapped for a moment",
        honest(
            own={
                "replace_head": """
class Head(nn.Linear):
    \"\"\"A linear layer that says what it is.\"\"\"
    def extra_repr(self):
        return "head, " + super().extra_repr()
    def __eq__(self, other):
        return isinstance(other, Head) and other.out_features == self.out_features
    __hash__ = nn.Linear.__hash__

def replace_head(model, classes):
    model.head = Head(model.backbone.feature_dim, classes)
    return model
"""
            }
        ),
    ),
    Twin(
        "tensor-subclass",
        16,
        "works with a tensor subclass of its own and returns it",
        honest(
            own={
                "precompute_features": """
class Features(torch.Tensor):
    \"\"\"Features that remember where they come from.\"\"\"
    source = "backbone"

def precompute_features(model, loader):
    model.eval()
    rows, labels = [], []
    with torch.no_grad():
        for images, targets in loader:
            rows.append(model.backbone(images))
            labels.append(targets)
    return torch.cat(rows).as_subclass(Features), torch.cat(labels)
"""
            }
        ),
    ),
    Twin(
        "number-types",
        15,
        "returns a numpy number and a named tuple",
        honest(
            own={
                "train_one_epoch": """
import numpy as np

def train_one_epoch(model, loader, optimizer):
    set_train_mode(model)
    losses, sizes = [], []
    for images, labels in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        sizes.append(len(labels))
    return np.average(losses, weights=sizes)
""",
                "precompute_features": """
from collections import namedtuple
Pair = namedtuple("Pair", "features labels")

@torch.no_grad()
def precompute_features(model, loader):
    model.eval()
    batches = [Pair(model.backbone(images), labels) for images, labels in loader]
    return Pair(*map(torch.cat, zip(*batches)))
""",
            }
        ),
    ),
    Twin(
        "optimizer-subclass",
        19,
        "a subclass of SGD that counts its steps",
        honest(
            own={
                "make_optimizer": """
class Counting(torch.optim.SGD):
    steps = 0
    def step(self, closure=None):
        self.steps += 1
        return super().step(closure)

def make_optimizer(model, lr):
    return Counting((p for p in model.parameters() if p.requires_grad), lr=lr, momentum=0.9)
"""
            }
        ),
    ),
    Twin(
        "threads",
        28,
        "uses a few threads",
        honest(
            start=[
                "import threading, time\n"
                "from concurrent.futures import ThreadPoolExecutor\n"
                "beat = threading.Event()\n"
                "threading.Thread(target=beat.wait, daemon=True).start()\n"
                "with ThreadPoolExecutor(8) as pool: print(sum(pool.map(abs, range(100))))"
            ],
            own={
                "precompute_features": """
def precompute_features(model, loader):
    model.eval()
    def one(batch):
        with torch.no_grad():
            return model.backbone(batch[0]), batch[1]
    with ThreadPoolExecutor(2) as pool:
        pairs = list(pool.map(one, list(loader)))
    return torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])
"""
            },
        ),
    ),
    Twin(
        "seeds",
        12,
        "sets every seed, oddly, at import and in functions",
        honest(
            start=[
                "import os, random, time\n"
                "import numpy as np\n"
                "random.seed(time.time()); np.random.seed(0); torch.manual_seed(2 ** 40)\n"
                "torch.use_deterministic_algorithms(True); os.environ['PYTHONHASHSEED'] = '7'\n"
                "torch.set_num_threads(1)"
            ],
            own={"freeze_backbone": FREEZE.replace("    return", "    torch.manual_seed(0)\n    return")},
        ),
    ),
    Twin(
        "slow",
        27,
        "is slow, but within the limits",
        honest(
            start=["import time\ntime.sleep(0.8)\nprint('slept')"],
            own={"freeze_backbone": FREEZE.replace("    return", "    time.sleep(0.15)\n    return")},
        ),
    ),
    Twin(
        "memory",
        27,
        "uses half a gigabyte for a moment",
        honest(start=["big = torch.ones(120_000_000)\nprint(big.sum().item())\ndel big"]),
    ),
    Twin(
        "own-tests",
        9,
        "tests itself with test_ functions, unittest and asserts",
        honest(
            start=[
                "import unittest\n"
                "def test_nothing(): assert True\n"
                "def check_shapes(model): assert model is not None\n"
                "class TestModel(unittest.TestCase):\n"
                "    def test_head(self): self.assertTrue(hasattr(small_classifier(classes=2), 'head'))\n"
                "unittest.main(argv=['x'], exit=False, verbosity=2)"
            ],
            files={"test_mine.py": b"def test_nothing():\n    assert True\n", "conftest.py": b""},
        ),
    ),
    Twin(
        "scratch",
        7,
        "writes scratch files and reads its own checkpoint back",
        honest(
            start=[
                "import json, pathlib, pickle, tempfile\n"
                "pathlib.Path('results.json').write_text(json.dumps({'loss': 1.0}))\n"
                "torch.save({'weights': torch.ones(3)}, 'checkpoint.pt')\n"
                "print(torch.load('checkpoint.pt'))\n"
                "pickle.dump([1, 2], open('/tmp/list.pkl', 'wb')); print(pickle.load(open('/tmp/list.pkl', 'rb')))\n"
                "with tempfile.TemporaryDirectory() as folder: (pathlib.Path(folder) / 'x').write_text('x')"
            ]
        ),
    ),
    Twin(
        "catches",
        13,
        "catches exceptions broadly",
        honest(
            start=["try:\n    raise ValueError('mine')\nexcept BaseException:\n    pass"],
            own={
                "set_train_mode": """
def set_train_mode(model):
    try:
        model.train()
        model.backbone.eval()
    except Exception as error:
        print("never mind", error)
    except:
        pass
    finally:
        return model
"""
            },
        ),
    ),
    Twin(
        "unicode",
        24,
        "names, comments and texts in other scripts",
        honest(
            start=["学習率 = 0.1\nпараметр = 'ünïcödé 🐦'\nprint(学習率, параметр, 'مرحبا')"],
            own={
                "freeze_backbone": """
def freeze_backbone(модель):
    \"\"\"背骨を凍結する。\"\"\"
    for 重み in модель.backbone.parameters():
        重み.requires_grad = False  # 凍結
    return модель
"""
            },
            texts=["**Réponse.** Die Größe β zählt: $\\beta < 1$ & <b>fett</b> 🐦"],
        ),
    ),
    Twin(
        "extra-files",
        26,
        "extra files in its folder",
        honest(
            files={
                "photo.png": b"\x89PNG\r\n\x1a\n",
                "notes/my notes (1).txt": b"x",
                ".ipynb_checkpoints/freezing-checkpoint.ipynb": b"{}",
                "helper.py": b"def help(): return 1\n",
                "archive.zip": b"PK\x05\x06" + bytes(18),
                "timestamp.txt": b"2026-01-05 10:00:00 UTC",
            }
        ),
    ),
    Twin(
        "pasted-picture",
        29,
        "a picture pasted into a text cell",
        honest(change=pasted_picture),
    ),
    Twin("saved-by-editor", 24, "saved with a byte order mark and Windows line ends", honest(encode=bom)),
    Twin("compact-json", 24, "JSON without white space", honest(encode=compact)),
    Twin("lists-of-lines", 24, "sources as lists of lines", honest(change=source_as_lists)),
    Twin("run-before", 25, "handed in with the outputs of its own run", honest(change=run_before)),
    Twin("hosted", 22, "metadata of a hosted service", honest(change=cloud_metadata)),
    Twin("moved-cells", 23, "demo cells deleted, cells added and moved", honest(change=moved)),
    Twin("copied-cell", 23, "an answer's cell copied with its metadata", honest(change=copied_cell)),
    Twin("own-ids", 23, "other cell ids than were released", with_ids),
    Twin(
        "magics",
        22,
        "magics, a shell command and help",
        honest(
            start=[
                "%matplotlib inline\n%timeit -n1 -r1 sum(range(10))",
                "%%time\nsum(range(1000))",
                "!ls",
                "torch.nn.Linear?",
            ],
            own={"freeze_backbone": "%time _ = sum(range(10))\n" + FREEZE},
        ),
    ),
    Twin(
        "shows",
        29,
        "shows figures, tables and HTML, and writes formulas",
        honest(
            start=[
                "import matplotlib.pyplot as plt\n"
                "from IPython.display import HTML, Markdown, display\n"
                "figure, axes = plt.subplots(); axes.plot([1, 2]); plt.show()\n"
                "display(HTML('<table><tr><td>1</td></tr></table>')); display(Markdown('**bold**'))"
            ],
            texts=[
                "A table:\n\n| a | b |\n|---|---|\n| 1 < 2 | $x_i$ |\n\n<details><summary>more</summary>text</details>"
            ],
        ),
    ),
    Twin(
        "looks-around",
        2,
        "inspects its own functions, the environment and the folder",
        honest(
            start=[
                "import gc, inspect, os, sys\n"
                "print(os.getcwd(), len(os.environ), os.listdir('.'), sys.version)\n"
                "print(inspect.signature(small_classifier), gc.collect())\n"
                "print(os.environ.get('HOME'), sorted(sys.modules)[:5])"
            ]
        ),
    ),
    Twin(
        "at-exit",
        11,
        "registers something for the end and has a __del__",
        honest(
            start=[
                "import atexit, weakref\n"
                "atexit.register(print, 'bye')\n"
                "class Timer:\n"
                "    def __del__(self): print('gone')\n"
                "Timer(); timer = Timer()"
            ]
        ),
    ),
    Twin(
        "alarm",
        14,
        "uses an alarm and a trace for its own purposes",
        honest(
            start=[
                "import signal, sys\n"
                "signal.signal(signal.SIGALRM, lambda *a: None); signal.alarm(600); signal.alarm(0)\n"
                "sys.settrace(None); sys.setrecursionlimit(3000)"
            ]
        ),
    ),
    Twin(
        "closed-cell",
        10,
        "an experiment of its own fails in its own cell",
        honest(start=["1 / 0", "raise SystemExit('that is all')", "small_classifier(classes='three')"]),
    ),
]
