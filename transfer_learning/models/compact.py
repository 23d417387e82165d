"""A small convolutional network sized for a hundred photos: for those with no pretrained model."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CompactBackbone(nn.Module):
    """Four blocks of convolution, BatchNorm, ReLU and pooling: 0.2 million parameters, 128 features.

    Its weights are drawn from ``seed``; the global random state is left as it was.
    """

    feature_dim = 128

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__()
        widths = (3, 32, 64, 128, self.feature_dim)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            blocks = [
                nn.Sequential(
                    nn.Conv2d(into, out, kernel_size=3, padding=1, bias=False),
                    nn.BatchNorm2d(out),
                    nn.ReLU(),
                    nn.MaxPool2d(2),
                )
                for into, out in pairwise(widths)
            ]
        self.blocks = nn.Sequential(*blocks)

    def preprocess(self, images: Tensor) -> Tensor:
        """Photos of 0 to 255 as float32 near -1 to 1, reduced to 64 pixels a side."""
        return F.adaptive_avg_pool2d((images.float() - 127) / 128, 64)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.blocks(inputs).mean(dim=(2, 3))
