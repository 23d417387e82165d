"""Digits from two sources: one format, fixed splits, the images of the published sets."""

import gzip
import hashlib

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from transfer_learning.assets import AssetError, locate
from transfer_learning.datasets import DIGIT_DOMAINS, Digits, load_digit_images

SIZES = {"mnist": 5000, "uci": 1797}
FINGERPRINTS = {"mnist": "2d188ef8694090a6", "uci": "418a8d7eb61eb50a"}


@pytest.fixture(scope="module", params=DIGIT_DOMAINS)
def digits(request: pytest.FixtureRequest) -> Digits:
    return load_digit_images(request.param)


def test_the_format(digits: Digits) -> None:
    n = SIZES[digits.domain]
    assert digits.images.shape == (n, 1, 8, 8) and digits.images.dtype == torch.float32
    assert digits.images.min() == 0 and 0.9 < digits.images.max() <= 1
    assert digits.labels.shape == (n,) and digits.labels.unique().tolist() == list(range(10))
    assert digits.class_names == tuple("0123456789")


def test_images_and_splits_are_the_published_ones(digits: Digits) -> None:
    text = " ".join(digits.splits).encode() + digits.images.numpy().tobytes()
    assert hashlib.sha256(text).hexdigest()[:16] == FINGERPRINTS[digits.domain]


def test_each_class_has_its_share_of_every_split(digits: Digits) -> None:
    for split, share in {"train": 0.5, "validation": 0.2, "test": 0.3}.items():
        for digit, count in digits.counts()[split].items():
            assert abs(count / int((digits.labels == int(digit)).sum()) - share) < 0.02


def test_no_image_straddles_a_split(digits: Digits) -> None:
    splits: dict = {}
    for image, split in zip(digits.images, digits.splits, strict=True):
        splits.setdefault(image.numpy().tobytes(), set()).add(split)
    assert all(len(found) == 1 for found in splits.values())


def test_uci_is_what_scikit_learn_has() -> None:
    original = torch.from_numpy(load_digits().images).float()[:, None] / 16
    assert torch.equal(load_digit_images("uci").images, original)


def test_a_pixel_of_mnist_is_the_mean_of_its_block() -> None:
    with gzip.open(locate("mnist-5k") / "mnist_5k.csv.gz") as stream:
        first = np.loadtxt(stream, delimiter=",", max_rows=1)[:-1].reshape(28, 28)
    small = load_digit_images("mnist").images[0, 0]
    for row, column in [(2, 3), (4, 4), (5, 3)]:  # a margin of two pixels comes before the first block
        block = first[4 * row - 2 : 4 * row + 2, 4 * column - 2 : 4 * column + 2]
        assert small[row, column].item() == pytest.approx(block.mean() / 255, abs=1e-6)


def test_a_domain_that_is_none() -> None:
    with pytest.raises(ValueError, match="domain='usps' is not known; there are: mnist, uci"):
        load_digit_images("usps")


def test_without_the_asset(empty_store) -> None:
    with pytest.raises(AssetError, match="assets fetch mnist-5k"):
        load_digit_images("mnist")
