"""The mortgage applications: no column that holds the decision or the group, nothing unknown."""

import hashlib

import pytest
import torch

from transfer_learning.assets import AssetError
from transfer_learning.datasets import load_loans


def test_the_table() -> None:
    loans = load_loans()
    n = len(loans)
    assert (n, loans.class_names) == (1784, ("refused", "approved"))
    assert loans.features.shape == (n, len(loans.feature_names)) and loans.features.dtype == torch.float32
    assert loans.features.isfinite().all()
    assert loans.labels.unique().tolist() == loans.groups.unique().tolist() == [0, 1]


def test_no_column_is_the_decision_or_the_group() -> None:
    loans = load_loans()
    for column in loans.features.T:
        for secret in (loans.labels, loans.groups):
            assert abs(torch.corrcoef(torch.stack([column, secret.float()]))[0, 1]) < 0.7


def test_the_split_is_the_published_one() -> None:
    loans = load_loans()
    text = " ".join(loans.splits).encode() + loans.features.numpy().tobytes()
    assert hashlib.sha256(text).hexdigest()[:16] == "6b2915cc73cf87f6"


def test_decisions_and_groups_have_their_share_of_every_split() -> None:
    loans = load_loans()
    for split in ("train", "validation", "test"):
        part = loans.part(split)
        assert abs(part.labels.float().mean() - loans.labels.float().mean()) < 0.01
        assert abs(part.groups.float().mean() - loans.groups.float().mean()) < 0.01


def test_without_the_asset(empty_store) -> None:
    with pytest.raises(AssetError, match="assets fetch loan-applications"):
        load_loans()
