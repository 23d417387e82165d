"""A network for the 8 × 8 digits, cut into layers that can be carried over one by one."""

import torch
from torch import Tensor, nn

from transfer_learning.models.classifier import Classifier


class DigitBackbone(nn.Module):
    """Four layers for images of shape ``(batch, 1, 8, 8)``: three convolutions and a linear layer.

    ``layers`` holds them in order, the first one nearest to the image; each ends in a ReLU.
    """

    feature_dim = 64

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _convolution(1, 16),
            _convolution(16, 32, pool=True),
            _convolution(32, 32, pool=True),
            nn.Sequential(nn.Flatten(), nn.Linear(32 * 2 * 2, self.feature_dim), nn.ReLU()),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


def digit_classifier(classes: int = 10, *, seed: int = 0) -> Classifier:
    """A :class:`Classifier` on a :class:`DigitBackbone`, its weights drawn from ``seed``.

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone = DigitBackbone()
        return Classifier(backbone, nn.Linear(backbone.feature_dim, classes))


def _convolution(into: int, out: int, *, pool: bool = False) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU, and where asked a pooling that halves the image."""
    parts = [nn.Conv2d(into, out, kernel_size=3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*parts, *([nn.MaxPool2d(2)] if pool else []))
