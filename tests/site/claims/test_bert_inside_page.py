"""What the page on BERT from the inside says in words is what its results file says in numbers."""

import pytest

from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("bert_inside")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


def test_masked_words_cannot_be_guessed(results: dict) -> None:
    assert results["corpus"]["vocabulary"] > 1000


def test_one_pretraining_fits_into_a_few_minutes(results: dict) -> None:
    assert results["pretraining_cpu_seconds"] < 180
    assert results["about"]["pairs"] == results["about"]["steps"] * results["about"]["batch_size"]
