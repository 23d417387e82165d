"""What the page on fine-tuning BERT says in words is what its results file says in numbers."""

import pytest

from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("fine_tuning_bert")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


def test_the_frozen_encoder_costs_a_fraction(results: dict) -> None:
    seconds = {way: of["100"]["cpu_seconds"] for way, of in results["summary"]["sentiment"].items()}
    assert 10 * seconds["frozen"] < seconds["fine_tuned"]


def test_same_texts_give_different_scores(results: dict) -> None:
    scores = results["spread"]["sentiment"]["scores"]
    assert len(scores) == 10 and len(set(scores)) > 1


def test_a_hundred_texts_are_twelve_steps_an_epoch(results: dict) -> None:
    assert 100 // results["about"]["batch_size"] == 12


def test_on_word_order_fine_tuning_and_the_frozen_encoder_are_not_told_apart(results: dict) -> None:
    assert results["paired"]["word_order"]["fine_tuned_minus_frozen"]["300"]["verdict"] == "undecided"


def test_against_tf_idf_fine_tuning_is_better_on_both_questions(results: dict) -> None:
    for case in ("sentiment", "word_order"):
        assert results["paired"][case]["fine_tuned_minus_tfidf"]["300"]["verdict"] == "better"
