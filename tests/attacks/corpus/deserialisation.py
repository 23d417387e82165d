"""Row 20: things that run code when somebody reads them."""

# ruff: noqa: E501 (lines of attacks, in strings)

import io
import pickle
import struct

from corpus.build import but, cells
from corpus.model import Attack, HandedIn, Place

FEATURES = "precompute_features"

EVIL = """
class Evil:
    def act(self, *a):
        try: (DROP / ME).write_text("unpickled")
        except OSError: pass
        return (print, ("unpickled",))
    __reduce__ = __reduce_ex__ = __getstate__ = __copy__ = act
    def __deepcopy__(self, memo): self.act(); return self
"""


class Opener:
    """A pickle of this writes a file where it is read."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return exec, (f"open({self.path!r}, 'w').write('unpickled')",)


def pickled_files(place: Place) -> HandedIn:
    """Pickles under the names that graders and libraries look for."""
    import numpy

    evil = Opener(place.drop / place.student)
    data = pickle.dumps(evil)
    array = io.BytesIO()
    numpy.save(array, numpy.array([evil], dtype=object), allow_pickle=True)
    files = dict.fromkeys(
        (
            "results.pkl",
            "model.pt",
            "pytorch_model.bin",
            "model.joblib",
            "vectors.kv",
            ".OTTER_LOG",
            "state.pickle",
        ),
        data,
    )
    files |= {"features.npy": array.getvalue(), "__pycache__/conftest.cpython-311.pyc": data}
    return cells("pass", files=files)(place)


ATTACKS = [
    Attack(
        "reduce",
        20,
        "returns objects that run code when they are pickled, copied or shown",
        cells(
            EVIL,
            own={
                FEATURES: f"def {FEATURES}(model, loader):\n    return Evil(), Evil()\n",
                "train_one_epoch": "def train_one_epoch(model, loader, optimizer):\n    return Evil()\n",
                "replace_head": "def replace_head(model, classes):\n    model.head = Evil()\n    return model\n",
            },
            right=but(FEATURES, "train_one_epoch", "replace_head"),
        ),
        honest=but(FEATURES, "train_one_epoch", "replace_head"),
    ),
    Attack("pickled-files", 20, "hands in pickles under the names that loaders look for", pickled_files),
    Attack(
        "object-array",
        20,
        "returns arrays of objects",
        cells(
            EVIL,
            "import numpy",
            own={
                FEATURES: f"def {FEATURES}(model, loader):\n"
                "    array = numpy.empty((11, 12), dtype=object)\n"
                "    array[:] = Evil()\n"
                "    return array, numpy.array([Evil()] * 11, dtype=object)\n"
            },
            right=but(FEATURES),
        ),
        honest=but(FEATURES),
    ),
    Attack(
        "odd-arrays",
        20,
        "returns structured, huge, overlapping, quantised and complex arrays",
        cells(
            "import numpy, torch\n"
            "count = [0]\n"
            "odd = [lambda: numpy.zeros(3, dtype=[('a', 'i4'), ('b', 'O')]),\n"
            "       lambda: torch.zeros(1).expand(10 ** 12), lambda: torch.empty((0, 2 ** 40)),\n"
            "       lambda: torch.eye(3).to_sparse(), lambda: torch.zeros(3, dtype=torch.complex128),\n"
            "       lambda: torch.empty(3, device='meta'), lambda: numpy.array(['x' * 1000])]\n",
            own={
                FEATURES: f"def {FEATURES}(model, loader):\n"
                "    count[0] += 1\n"
                "    return odd[count[0] % 7](), odd[(count[0] + 1) % 7]()\n"
            },
            right=but(FEATURES),
        ),
        honest=but(FEATURES),
    ),
    Attack(
        "forged-wire",
        20,
        "makes its own process encode impossible shapes, types and offsets",
        cells(
            "import sys, json\n"
            "count = [0]\n"
            "bodies = [json.dumps({'value': {'tensor': 0}, 'tensors': [t]}).encode() for t in (\n"
            "    {'dtype': 'float32', 'shape': [2 ** 62, 2 ** 62], 'bytes': 8},\n"
            "    {'dtype': 'object', 'shape': [1], 'bytes': 8},\n"
            "    {'dtype': '__reduce__', 'shape': [-1], 'bytes': -8},\n"
            "    {'dtype': 'float32', 'shape': ['1e9'], 'bytes': 1e300})]\n"
            + f"bodies += [{struct.pack('>I', 2**32 - 1)!r}, b'', b'\\x80\\x04]', b'[' * 100000]\n"
            "def forge_wire():\n"
            "    wire = sys.modules.get('autograder.wire')\n"
            "    if wire is None: return\n"
            "    def encode(*a, **k):\n"
            "        count[0] += 1\n"
            "        body = bodies[count[0] % len(bodies)]\n"
            "        return len(body).to_bytes(4, 'big') + body + b'\\0' * 8\n"
            "    wire.encode = encode\n",
            own={FEATURES: f"def {FEATURES}(model, loader):\n    forge_wire()\n    return None\n"},
            right=but(FEATURES),
        ),
        # The tests run in one process until a call breaks it: what comes after a forged reply starts afresh.
        honest=but(FEATURES),
    ),
    Attack(
        "remote-code",
        20,
        "a model folder with code of its own, loaded with trust_remote_code",
        cells(
            "try:\n"
            "    from transformers import AutoModel\n"
            "    AutoModel.from_pretrained('.', trust_remote_code=True)\n"
            "except BaseException as error: print(type(error).__name__)\n",
            files={
                "config.json": b'{"model_type": "evil", "auto_map": {"AutoConfig": "modeling_evil.C", '
                b'"AutoModel": "modeling_evil.M"}}',
                "modeling_evil.py": b"import os\nclass C: pass\nclass M: pass\n",
            },
        ),
    ),
]
