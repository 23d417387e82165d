"""The audit's tools do what they say, and its results file is of the whole audit."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import bias_audit

from transfer_learning.results import load_results


def test_an_effect_that_is_there_is_found_and_none_where_there_is_none() -> None:
    rng = np.random.default_rng(0)
    pleasant = np.hstack([rng.normal(0.5, 0.1, (10, 6)), rng.normal(0.1, 0.1, (10, 6))])
    neutral = rng.normal(0.3, 0.1, (10, 12))
    found = bias_audit.effect(pleasant, neutral, 6, rounds=500)
    assert found["mean"] > 1.5 and found["low"] > 1 and found["p"] < 0.01
    nothing = bias_audit.effect(neutral, rng.normal(0.3, 0.1, (10, 12)), 6, rounds=500)
    assert nothing["p"] > 0.05 and nothing["low"] < 0 < nothing["high"]


def test_few_words_are_partitioned_in_every_way() -> None:
    found = bias_audit.partitions(np.array([3.0, 4.0]), np.array([1.0, 2.0]), rounds=100)
    assert found["exact"] and found["partitions"] == 6
    assert found["p"] == found["p_low"] == found["p_high"] == pytest.approx(1 / 6)


def test_many_words_are_partitioned_at_random_with_an_interval_of_p() -> None:
    rng = np.random.default_rng(1)
    found = bias_audit.partitions(rng.normal(0, 1, 20), rng.normal(0, 1, 20), rounds=400)
    assert not found["exact"] and found["partitions"] == 400
    assert 0 < found["p_low"] < found["p"] < found["p_high"] < 1


def test_the_area_counts_pairs_and_halves_ties() -> None:
    truth = np.array([0, 0, 1, 1])
    assert bias_audit.area(np.array([1.0, 2.0, 3.0, 4.0]), truth) == 1
    assert bias_audit.area(np.array([1.0, 1.0, 1.0, 1.0]), truth) == 0.5
    scores = np.array([[1.0, 3.0, 2.0, 4.0]])
    interval = bias_audit.auc_interval(scores, truth)
    assert interval.mean == pytest.approx(bias_audit.area(scores[0], truth)) == 0.75
    assert interval.low <= interval.mean <= interval.high


def test_gaps_are_to_the_harm_of_group_1() -> None:
    group = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    truth = np.array([1, 1, 0, 0, 1, 1, 0, 0])
    decisions = np.array([[1, 1, 1, 0, 1, 0, 0, 0]] * 3)
    found = bias_audit.gaps(decisions, truth, group)
    assert found["selection"].mean == pytest.approx(0.5)
    assert found["refused"].mean == pytest.approx(0.5) and found["granted"].mean == pytest.approx(0.5)


def test_as_many_are_approved_as_the_lenders_did() -> None:
    truth = np.array([1] * 80 + [0] * 20)
    scores = np.random.default_rng(0).normal(0, 1, 100)
    assert bias_audit.decide(scores, scores, truth).sum() == 80


def test_the_three_rules_of_the_simulation() -> None:
    records, visits = np.array([[12.0, 8.0]]), np.array([[40.0, 20.0]])
    assert bias_audit.chance_of_first("most", records, visits) == [1]
    assert bias_audit.chance_of_first("proportion", records, visits) == [0.6]
    assert bias_audit.chance_of_first("rate", records, visits) == pytest.approx([0.3 / 0.7])
    shares = bias_audit.simulate("rate", 20, np.random.default_rng(0))
    assert set(shares) == set(bias_audit.DAYS) and shares[3000].std() < shares[30].std()


def test_the_results_file_is_of_the_whole_audit() -> None:
    found = load_results("bias_audit")
    assert not found["quick"] and found["seeds"] == list(bias_audit.SEEDS)
    assert set(found["weat"]) == set(bias_audit.TESTS)
    assert set(found["loans"]["selection"]["without"]) == set(bias_audit.LEVELS)
    for test, (first, second) in found["weat_scores"].items():
        scores = [np.array(list(of.values())) for of in (first, second)]
        assert bias_audit.standardised(*scores) == pytest.approx(
            found["weat"][test]["GloVe"]["mean"], abs=2e-3
        )
    removal = found["loans"]["removal"]
    for what in ("group", "decision"):
        for step, row in zip(removal["steps"], removal["values"][what], strict=True):
            assert np.mean(row) == pytest.approx(removal[what][str(step)]["mean"], abs=1e-3)
