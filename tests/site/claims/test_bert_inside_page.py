"""What the page on BERT from the inside says in words is what its results file says in numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from transfer_learning.datasets import load_sentiment, load_word_order
from transfer_learning.datasets.samples import Samples
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
    for case in results["paired"].values():
        assert {case[f"{one}_minus_none"]["500"]["verdict"] for one in ("both", "mlm", "nsp")} == {
            "undecided"
        }


@pytest.mark.parametrize(
    ("case", "load"), [("products", lambda: load_sentiment("products")), ("word_order", load_word_order)]
)
def test_the_most_frequent_answer_is_right_more_often_than_any_network(
    results: dict, case: str, load: Callable[[], Samples]
) -> None:
    samples = load()
    rows = np.array([row for row, split in enumerate(samples.splits) if split == "test"])
    rows = np.random.default_rng(0).permutation(rows)[: results["about"]["test"]]  # as the experiment draws
    most_frequent = np.bincount(samples.labels.numpy()[rows]).max() / len(rows)
    for source in ("both", "mlm", "nsp", "none"):
        assert results["summary"][case][source]["500"]["mean"] < most_frequent


def test_four_targets_with_as_many_labels_each(results: dict) -> None:
    assert len(results["summary"]) == 4
    labels = {level for case in results["summary"].values() for of in case.values() for level in of}
    assert labels == {str(results["about"]["labels"])}
