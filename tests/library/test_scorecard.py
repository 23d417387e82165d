"""The three benefits, each judged by its paired interval over seeds."""

import numpy as np
import pytest

from transfer_learning.scorecard import scorecard

STEPS = [0, 10, 20, 30, 40]
NOISE = np.random.default_rng(0).normal(0, 0.01, (10, 5))


def card(transfer, baseline):
    return scorecard(STEPS, np.array(transfer) + NOISE, np.array(baseline) + NOISE[::-1])


def test_each_benefit_is_found_alone():
    baseline = [0.1, 0.2, 0.3, 0.4, 0.5]
    start = card([0.3, 0.4, 0.45, 0.5, 0.5], baseline)
    assert [start[key]["verdict"] for key in ("start", "slope", "asymptote")] == [
        "better",
        "undecided",
        "undecided",
    ]
    assert start["start"]["mean"] == pytest.approx(0.2, abs=0.02)
    slope = card([0.1, 0.4, 0.45, 0.5, 0.5], baseline)
    assert (slope["start"]["verdict"], slope["slope"]["verdict"], slope["early"]) == (
        "undecided",
        "better",
        10,
    )
    assert card([0.1, 0.2, 0.3, 0.5, 0.8], baseline)["asymptote"]["verdict"] == "better"


def test_negative_transfer_is_on_the_card():
    found = card([0.1, 0.1, 0.1, 0.1, 0.2], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert found["slope"]["verdict"] == found["asymptote"]["verdict"] == "worse"
    assert found["catches_up_at"] is None


def test_seeds_that_all_agree_are_no_evidence():
    one = np.array([[0.5, 0.9], [0.6, 0.9]])
    found = scorecard([10, 20], one, np.array([[0.4, 0.8], [0.1, 0.8]]))
    assert found["asymptote"]["low"] == pytest.approx(found["asymptote"]["high"], abs=1e-12)
    assert found["asymptote"]["verdict"] == "undecided"


def test_where_it_catches_up():
    assert card([0.1, 0.6, 0.7, 0.8, 0.8], [0.1, 0.2, 0.3, 0.4, 0.5])["catches_up_at"] == 10


@pytest.mark.parametrize(
    ("transfer", "baseline", "says"),
    [
        (np.zeros((3, 5)), np.zeros((2, 5)), "both need the shape"),
        (np.zeros((3, 4)), np.zeros((3, 4)), "both need the shape"),
        (np.zeros((1, 5)), np.zeros((1, 5)), "at least two seeds"),
    ],
)
def test_curves_that_do_not_fit_are_refused(transfer, baseline, says):
    with pytest.raises(ValueError, match=says):
        scorecard(STEPS, transfer, baseline)
