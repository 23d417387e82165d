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


def test_the_second_task_was_not_learned_and_the_first_a_little(results: dict) -> None:
    for source in ("nsp", "both"):
        assert results["tasks"][source]["nsp"]["low"] < 0.5 < results["tasks"][source]["nsp"]["high"]
    assert 0.01 < results["tasks"]["mlm"]["mlm"]["low"] < results["tasks"]["mlm"]["mlm"]["high"] < 0.1


def test_no_interval_shows_that_pretraining_helped(results: dict) -> None:
    paired = results["general_paired"]
    assert {paired[f"{one}_minus_none"]["verdict"] for one in ("both", "mlm", "nsp")} == {"undecided"}
