"""The study of representations: balanced questions, control labels by word, a similarity of patterns."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import general_representation as study

from transfer_learning.results import load_results


@pytest.mark.parametrize("case", list(study.QUESTIONS))
def test_questions_are_balanced_and_no_group_straddles(case: str) -> None:
    parts = study.question(case)
    for split, (texts, labels, groups) in parts.items():
        counts = np.bincount(labels)
        assert counts.max() == counts.min() and len(texts) == len(labels) == len(groups), split
    if case != "topic":
        assert not set(parts["train"][2]) & set(parts["test"][2])


def test_two_neighbouring_words_change_places_and_nothing_else() -> None:
    text = "one two three four five six"
    changed = study.exchange(text)
    assert changed != text and sorted(changed.split()) == sorted(text.split())
    assert sum(a != b for a, b in zip(text.split(), changed.split(), strict=True)) == 2
    assert study.exchange(text) == changed


def test_control_labels_belong_to_words() -> None:
    words = [f"word {i % 200}" for i in range(1000)]
    labels = study.dice(words, seed=1)
    assert all(labels[i] == labels[i + 200] for i in range(800))
    assert 0.3 < labels[:200].mean() < 0.7
    assert (study.dice(words, seed=2) != labels).any()


def test_similarity_is_one_of_itself_turned_and_near_zero_of_noise() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(300, 20))
    turned = a @ np.linalg.qr(rng.normal(size=(20, 20)))[0] * 7
    assert study.similarity(a - a.mean(0), turned - turned.mean(0)) == pytest.approx(1, abs=0.02)
    noise = rng.normal(size=(300, 200))
    assert abs(study.similarity(a - a.mean(0), noise - noise.mean(0))) < 0.05


def test_training_rows_are_balanced_and_drawn_by_the_seed() -> None:
    rows = study.training_rows("domain", "50", 0)
    labels = study.question("domain")["train"][1][rows]
    assert len(rows) == 50 and np.bincount(labels).min() >= 12
    assert (study.training_rows("domain", "50", 1) != rows).any()


def test_the_results_file_is_of_the_whole_study() -> None:
    found = load_results("general_representation")
    assert not found["quick"] and found["seeds"] == list(range(10))
    assert set(found["summary"]) == set(study.QUESTIONS)
    assert all(set(of) == set(study.WAYS) for of in found["summary"].values())
    assert len(found["runs"]) == len(study.QUESTIONS) * len(study.WAYS) * len(study.LEVELS) * 10
    by_cell: dict = {}
    for run in found["runs"]:
        by_cell.setdefault((run["case"], run["way"], run["level"]), []).append(run["score"])
    for (case, way, level), scores in by_cell.items():
        assert np.mean(scores) == pytest.approx(found["summary"][case][way][level]["mean"], abs=1e-3)
    controls = found["controls"]
    for source, of in controls["selectivity"].items():
        for name, rest in of.items():
            expected = controls["accuracy"][source][name]["mean"] - controls["control"][source]["mean"]
            assert rest["mean"] == pytest.approx(expected, abs=1e-3)
