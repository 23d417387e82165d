"""What the studies of texts share: nested draws, balanced scores, features kept for what they depend on."""

import sys
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import ledger
from text_ways import (
    STRENGTHS,
    Target,
    draw,
    frozen_way,
    kept,
    mean_vectors,
    tfidf_way,
    tokens_of,
    worth,
)

LABELS = np.array([0] * 30 + [1] * 70)


def test_draws_are_nested_and_every_class_has_its_share():
    small, large = draw(LABELS, "10", seed=3), draw(LABELS, "50", seed=3)
    assert set(small) < set(large) and len(set(large)) == 50
    assert sorted(np.bincount(LABELS[small])) == [3, 7]
    assert sorted(np.bincount(LABELS[large])) == [15, 35]
    assert set(draw(LABELS, "10", seed=4)) != set(small)
    assert sorted(draw(LABELS, "all", seed=3)) == list(range(100))


def test_a_rare_class_is_there_at_least_twice():
    rare = np.array([0] * 3 + [1] * 97)
    assert np.bincount(rare[draw(rare, "10", seed=0)])[0] == 2


def test_balanced_worth_makes_the_mean_a_balanced_accuracy():
    said = np.ones(100, dtype=int)
    right = (said == LABELS) * worth(LABELS, balanced=True)
    assert right.mean() == pytest.approx(0.5)
    assert worth(LABELS, balanced=False).tolist() == [1.0] * 100


def test_tokens_are_cut_as_in_the_corpus_of_glove():
    assert tokens_of("Don't, it's GREAT!") == ["do", "n't", ",", "it", "'s", "great", "!"]


def test_a_text_is_the_mean_of_its_known_words():
    vectors = KeyedVectors(2)
    vectors.add_vectors(["sun", "moon"], np.array([[1.0, 0.0], [0.0, 4.0]], dtype=np.float32))
    rows = mean_vectors([["sun", "moon", "sun", "pluto"], ["pluto"]], vectors)
    assert rows == pytest.approx(np.array([[2 / 3, 4 / 3], [0, 0]]))


def test_features_are_kept_only_for_what_they_depend_on(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "FOLDER", tmp_path)
    assert kept("x", ["one"], lambda: np.zeros(2)).tolist() == [0, 0]
    assert kept("x", ["one"], lambda: np.ones(2)).tolist() == [0, 0], "computed once"
    assert kept("x", ["two"], lambda: np.ones(2)).tolist() == [1, 1], "the data changed"


@pytest.fixture
def target():
    texts = [f"{'good fine' if label else 'bad poor'} thing {number}" for number, label in enumerate(LABELS)]
    parts = {"train": range(0, 100, 2), "validation": range(1, 100, 4), "test": range(3, 100, 4)}
    return Target(
        {split: tuple(texts[i] for i in rows) for split, rows in parts.items()},
        {split: LABELS[list(rows)] for split, rows in parts.items()},
    )


def test_both_kinds_of_way_learn_an_easy_task_and_judge_every_test_sample(target):
    rows = {split: np.eye(2)[labels] for split, labels in target.labels.items()}
    ways = [
        tfidf_way({"toy": target}, balanced=True),
        frozen_way("toy", {"toy": target}, lambda case, seed: rows, balanced=True),
    ]
    for way in ways:
        outcome = way.run("toy", {"C": 10.0}, "20", 0)
        assert outcome.validation == pytest.approx(1.0)
        assert np.mean(outcome.test()) == pytest.approx(1.0)
        assert len(outcome.test()) == len(target.labels["test"])


def test_no_setting_is_there_twice():
    assert len({setting["C"] for setting in STRENGTHS}) == len(STRENGTHS)
