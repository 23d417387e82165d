"""Handwritten digits from two sources in one small format: the same task in two image domains.

MNIST (LeCun et al. 1998): American pupils and clerks, scanned in grey. UCI (Alpaydin & Kaynak 1998): other
people, scanned as black and white bitmaps, whose blocks of 4 × 4 pixels were counted.
"""

import gzip
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from transfer_learning.assets import locate
from transfer_learning.datasets.samples import Samples
from transfer_learning.datasets.splits import group_split

DIGIT_DOMAINS = ("mnist", "uci")


@dataclass(frozen=True)
class Digits(Samples):
    """Digits of one domain. The first three fields run in the same order.

    Attributes:
        images: float32, shape ``(n, 1, 8, 8)``, from 0 (paper) to 1 (ink).
        labels: int64, shape ``(n,)``: the digit.
        splits: ``"train"``, ``"validation"`` or ``"test"`` for each image.
        class_names: ``("0", ..., "9")``.
        domain: ``"mnist"`` or ``"uci"``.
    """

    shared: ClassVar[tuple[str, ...]] = ("class_names", "domain")

    images: Tensor
    labels: Tensor
    splits: tuple[str, ...]
    class_names: tuple[str, ...]
    domain: str


def load_digit_images(domain: str) -> Digits:
    """The digits of one domain, 8 × 8 pixels, offline, from the course's own assets.

    MNIST's images have 28 × 28 pixels; a margin of two pixels is put around each, and the mean of every block
    of 4 × 4 taken, which is what UCI's images are made by. The split is by class; equal images are on one
    side.

    Args:
        domain: ``"mnist"`` (5000 images) or ``"uci"`` (1797).

    Raises:
        ValueError: there is no such domain.
        AssetError: the images are not there or damaged; the message says how to mend it.
    """
    if domain == "mnist":
        with gzip.open(locate("mnist-5k") / "mnist_5k.csv.gz") as stream:
            rows = torch.from_numpy(np.loadtxt(stream, delimiter=",", dtype=np.float32))
        large = rows[:, :-1].reshape(-1, 1, 28, 28) / 255
        images = functional.avg_pool2d(functional.pad(large, (2, 2, 2, 2)), kernel_size=4)
    elif domain == "uci":
        with gzip.open(locate("uci-digits") / "digits.csv.gz") as stream:
            rows = torch.from_numpy(np.loadtxt(stream, delimiter=",", dtype=np.float32))
        images = rows[:, :-1].reshape(-1, 1, 8, 8) / 16
    else:
        raise ValueError(f"domain='{domain}' is not known; there are: {', '.join(DIGIT_DOMAINS)}")
    labels = rows[:, -1].long()
    names = [str(label) for label in labels.tolist()]
    equal = [f"{name} {image.numpy().tobytes().hex()}" for name, image in zip(names, images, strict=True)]
    return Digits(
        images=images,
        labels=labels,
        splits=tuple(group_split(names, equal)),
        class_names=tuple("0123456789"),
        domain=domain,
    )
