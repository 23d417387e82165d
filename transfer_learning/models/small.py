"""A small convolutional network with BatchNorm: every idea of the large ones, in a millisecond."""

import torch
from torch import Tensor, nn

from transfer_learning.models.classifier import Classifier


class SmallBackbone(nn.Module):
    """Two convolutions, each with BatchNorm and ReLU, then the mean over all pixels.

    Input ``(batch, 3, height, width)``, output ``(batch, feature_dim)``.
    """

    def __init__(self, feature_dim: int = 12, width: int = 8) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, feature_dim, kernel_size=3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(feature_dim),
            nn.ReLU(),
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).mean(dim=(2, 3))


def small_classifier(
    classes: int, *, feature_dim: int = 12, dropout: float = 0.0, seed: int = 0
) -> Classifier:
    """A :class:`Classifier` on a :class:`SmallBackbone`, its weights drawn from ``seed``.

    The head is ``Linear``, or ``Dropout`` then ``Linear`` when ``dropout`` is above zero. The global random
    state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone = SmallBackbone(feature_dim)
        linear = nn.Linear(feature_dim, classes)
    head = nn.Sequential(nn.Dropout(dropout), linear) if dropout > 0 else linear
    return Classifier(backbone, head)
