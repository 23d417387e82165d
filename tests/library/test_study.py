"""The shape of experiments: tuning never sees the test, ways are compared in pairs, a check finds drift."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import ledger
import study as studies
from study import Outcome, Study, Way

GROUPS = [str(number) for number in range(200)]


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "FOLDER", tmp_path)


@pytest.fixture
def tested():
    """The (way, setting, seed) of every look at the test samples."""
    return []


@pytest.fixture
def toy(tested):
    def way(name, right):
        def run(case, setting, level, seed):
            def test():
                tested.append((name, setting["size"], seed))
                draws = np.random.default_rng([seed, int(level)]).random(len(GROUPS))
                return draws < right(setting["size"], int(level))

            return Outcome(validation=setting["size"], test=test, facts={"parameters": setting["size"]})

        return Way(name, run, [{"size": size} for size in (1, 3, 2)])

    return Study(
        name="toy",
        ways={
            "transfer": way("transfer", lambda size, level: 0.8 + level / 1000),
            "baseline": way("baseline", lambda size, level: 0.5 + level / 1000),
        },
        cases={"reviews": GROUPS},
        levels=["10", "100"],
        seeds=range(5),
        scorecards={"benefits": ("transfer", "baseline")},
    )


def run(toy, **options):
    return studies.measure_all(toy, quick=options.get("quick", False), console=Console(quiet=True))


def test_the_best_setting_on_validation_is_chosen_and_the_test_is_touched_once_a_run(toy, tested):
    found = run(toy)
    assert found["chosen"]["reviews"]["transfer"] == {"10": {"size": 3}, "100": {"size": 3}}
    assert len(tested) == len(found["runs"]) == 2 * 2 * 5
    assert {(size, seed) for _, size, seed in tested} == {(3, seed) for seed in range(5)}
    assert all(run["parameters"] == 3 and "right" not in run for run in found["runs"])


def test_summary_differences_and_scorecard(toy):
    found = run(toy)
    score = found["summary"]["reviews"]["transfer"]["10"]
    assert score["mean"] == pytest.approx(
        np.mean([r["score"] for r in found["runs"] if r["way"] == "transfer" and r["level"] == "10"])
    )
    assert score["low"] < score["mean"] < score["high"]
    paired = found["paired"]["reviews"]["transfer_minus_baseline"]["100"]
    assert paired["verdict"] == "better" and paired["mean"] == pytest.approx(0.3, abs=0.05)
    assert found["scorecards"]["reviews"]["benefits"]["asymptote"]["verdict"] == "better"
    json.dumps(found)


def test_where_all_seeds_agree_the_scorecard_counts_the_chance_of_the_test_samples(toy):
    def right(way, level):
        wins = np.random.default_rng(0).random(len(GROUPS)) < (0.9 if way == "transfer" else 0.7)
        return wins.astype(float)

    runs = [
        {"case": "reviews", "way": way, "level": level, "seed": seed, "score": right(way, level).mean()}
        | {"right": right(way, level), "validation": 0.5, "seconds": 1.0, "cpu_seconds": 1.0}
        for way in toy.ways
        for level in toy.levels
        for seed in toy.seeds
    ]
    found = studies.summarise(toy, runs)
    card = found["scorecards"]["reviews"]["benefits"]
    assert card["asymptote"]["low"] < card["asymptote"]["mean"] < card["asymptote"]["high"]
    assert card["asymptote"] == found["paired"]["reviews"]["transfer_minus_baseline"]["100"]


def test_nothing_is_measured_twice(toy, tested):
    run(toy)
    before = len(tested)
    run(toy)
    assert len(tested) == before


def test_a_quick_run_does_every_step_once(toy):
    found = run(toy, quick=True)
    assert found["quick"] and found["seeds"] == [0, 1] and len(found["runs"]) == 2 * 2 * 2


def test_the_check_passes_on_the_same_code_and_finds_results_that_are_not_its_own(toy, monkeypatch):
    found = run(toy)
    monkeypatch.setattr(studies, "load_results", lambda name: found)
    assert studies.check(toy, Console(quiet=True)) == 0
    for one in found["runs"]:
        one["score"] -= 0.2
    assert studies.check(toy, Console(quiet=True)) == 1


def test_a_run_that_was_measured_is_always_expected_again():
    scores = [0.5] * 9 + [0.9]  # the last lies outside the prediction interval of a single run
    low, high = studies.expected(scores, 100)
    assert low < 0.5 < 0.9 < high < 0.95


def test_a_way_that_judges_other_samples_is_refused(toy):
    short = Way("short", lambda *_: Outcome(1.0, lambda: [1, 0]))
    with pytest.raises(ValueError, match="judged 2 test samples of reviews, not 200"):
        studies.measure(
            Study("toy", {"short": short}, {"reviews": GROUPS}, ["10"]),
            "reviews",
            "short",
            {},
            "10",
            0,
            test=True,
        )
