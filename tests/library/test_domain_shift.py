"""The study of domain shift: its results are whole, and its helpers do what they say."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import domain_shift as experiment

from transfer_learning.models import digit_classifier
from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    return load_results("domain_shift")


def test_the_results_are_of_the_whole_study(results: dict) -> None:
    assert not results["quick"] and len(results["seeds"]) >= 10
    assert not set(results["seeds"]) & set(results["tuning_seeds"])
    runs = Counter((run["case"], run["way"], run["level"]) for run in results["runs"])
    assert runs == dict.fromkeys(experiment.study().cells(), len(results["seeds"]))
    assert {way["settings"] for way in results["ways"].values()} == {6}


def test_the_tables_by_source_and_target_are_what_the_runs_say(results: dict) -> None:
    scores: dict[tuple, list[float]] = {}
    for run in results["runs"]:
        scores.setdefault((run["case"], run["way"], run["level"]), []).append(run["score"])
    for form, by_source in results["matrix"].items():
        for source, by_target in by_source.items():
            for target, cell in by_target.items():
                assert cell["mean"] == pytest.approx(
                    np.mean(scores[target, f"{form}_{source}", "0"]), abs=2e-4
                )
                if source != target:
                    lost = results["lost"][form][source][target]
                    home = results["matrix"][form][target][target]["mean"]
                    assert lost["mean"] == pytest.approx(home - cell["mean"], abs=3e-4)
    for name, by_level in results["pairs"]["text"].items():
        one, other = name.split("_minus_")
        for level, table in by_level.items():
            for source, row in table.items():
                for target, cell in row.items():
                    means = [np.mean(scores[f"{source}_to_{target}", way, level]) for way in (one, other)]
                    assert cell["mean"] == pytest.approx(means[0] - means[1], abs=3e-4)
            verdicts = Counter(cell["verdict"] for row in table.values() for cell in row.values())
            assert results["counts"]["text"][name][level] == {
                verdict: verdicts[verdict] for verdict in ("better", "worse", "undecided")
            }


def test_chosen_samples_are_balanced_nested_and_of_one_split() -> None:
    reviews = experiment.samples("tweets")
    rows = experiment.chosen("tweets", "train", 3)
    assert len(set(rows)) == len(rows) == 1000
    assert {reviews.splits[at] for at in rows} == {"train"}
    for n in (20, 100, 1000):
        assert reviews.labels[list(rows[:n])].sum() == n / 2
    assert rows != experiment.chosen("tweets", "train", 4)
    digits = experiment.samples("uci").labels[list(experiment.chosen("uci", "test"))]
    assert Counter(digits.tolist()) == dict.fromkeys(range(10), 50)


def test_coral_gives_the_target_mean_and_covariance() -> None:
    random = np.random.default_rng(0)
    source = random.normal(size=(400, 3)) * [3, 1, 0.5] + 1
    target = random.normal(size=(500, 3)) @ random.normal(size=(3, 3)) - 2
    moved = experiment.coral(source, target, 1e-9)(source)
    assert np.allclose(moved.mean(axis=0), target.mean(axis=0))
    assert np.allclose(np.cov(moved.T), np.cov(target.T), atol=1e-5)


def test_new_statistics_change_the_buffers_of_a_copy_and_no_weight() -> None:
    model = digit_classifier(seed=0).eval()
    images = torch.rand(50, 1, 8, 8) + 1
    adapted = experiment.new_statistics(model, images)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), adapted.parameters(), strict=True))
    first, before = adapted.backbone.layers[0], model.backbone.layers[0]
    assert torch.allclose(first[1].running_mean, first[0](images).mean(dim=(0, 2, 3)), atol=1e-5)
    assert torch.equal(before[1].running_mean, torch.zeros(16)), "the model itself stays as it was"
    assert not adapted.training


def test_differences_can_be_asked_for_either_way_round() -> None:
    cell = {"mean": 0.1, "low": 0.05, "high": 0.2, "n": 10, "verdict": "better"}
    results = {"paired": {"films": {"a_minus_b": {"0": cell}}}}
    assert experiment.minus(results, "films", "a", "b", "0") == cell
    turned = experiment.minus(results, "films", "b", "a", "0")
    assert turned == {"mean": -0.1, "low": -0.2, "high": -0.05, "n": 10, "verdict": "worse"}


def test_domains_that_cannot_be_told_apart_are_no_distance_away(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    monkeypatch.setattr(experiment, "chosen", lambda domain, split, seed=0: tuple(range(300)))
    rows = {"one": random.normal(size=(300, 4)), "same": random.normal(size=(300, 4))}
    rows["far"] = rows["same"] + 9
    monkeypatch.setattr(experiment, "inputs", lambda form, domain, of: rows[domain])
    assert abs(experiment.proxy_a_distance("pixels", "one", "same", 0)) < 0.5
    assert experiment.proxy_a_distance("pixels", "one", "far", 0) == pytest.approx(2)
