"""The study of BERT's two tasks: whole, and what it says in general is what its runs say."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import bert_inside as experiment

from transfer_learning.datasets import load_newsgroups
from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    return load_results("bert_inside")


def test_the_results_are_of_the_whole_study(results: dict) -> None:
    assert not results["quick"] and len(results["seeds"]) >= 5
    assert set(results["summary"]) == set(experiment.CASES)
    runs = Counter((run["case"], run["way"]) for run in results["runs"])
    assert set(runs.values()) == {len(results["seeds"])}
    assert {way["settings"] for way in results["ways"].values()} == {4}
    for objective in experiment.OBJECTIVES:
        assert [of["seed"] for of in results["pretraining"][objective]] == results["seeds"]


def test_general_is_the_mean_over_targets(results: dict) -> None:
    for way, found in results["general"].items():
        scores = [run["score"] for run in results["runs"] if run["way"] == way]
        assert found["mean"] == pytest.approx(np.mean(scores), abs=2e-4)
        assert found["low"] < found["mean"] < found["high"]
    for name, found in results["general_paired"].items():
        one, other = name.split("_minus_")
        assert found["mean"] == pytest.approx(
            results["general"][one]["mean"] - results["general"][other]["mean"], abs=3e-4
        )


def test_a_verdict_needs_an_interval_without_zero() -> None:
    assert experiment.judged(np.array([0.1, 0.12, 0.11]))["verdict"] == "better"
    assert experiment.judged(np.array([-0.1, -0.12, -0.11]))["verdict"] == "worse"
    assert experiment.judged(np.array([-0.1, 0.12, 0.01]))["verdict"] == "undecided"


def test_all_newsgroups_are_read_and_the_topics_are_among_them() -> None:
    assert len(set(experiment.NEWSGROUPS)) == 20 and set(experiment.TOPICS) < set(experiment.NEWSGROUPS)
    assert len(load_newsgroups(experiment.TOPICS).class_names) == len(experiment.TOPICS)
