"""The study of fine-tuning: whole, tuned with one budget, and its spread is what its runs say."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import fine_tuning_bert as experiment
import short_texts

from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    return load_results("fine_tuning_bert")


def test_the_results_are_of_the_whole_study(results: dict) -> None:
    assert not results["quick"] and len(results["seeds"]) >= 5
    assert not set(results["seeds"]) & set(results["tuning_seeds"])
    runs = Counter((run["case"], run["way"], run["level"]) for run in results["runs"])
    assert set(runs.values()) == {len(results["seeds"])}
    assert {way["settings"] for way in results["ways"].values()} == {5}
    assert {name: list(way.settings) for name, way in experiment.WAYS.items()}["fine_tuned"] == list(
        experiment.INGREDIENTS.values()
    )
    assert all(len(row["scores"]) == len(experiment.SPREAD_SEEDS) for row in results["spread"].values())


def test_the_summary_is_what_the_runs_say(results: dict) -> None:
    for case, ways in results["summary"].items():
        for way, levels in ways.items():
            for level, score in levels.items():
                found = [
                    run["score"]
                    for run in results["runs"]
                    if (run["case"], run["way"], run["level"]) == (case, way, level)
                ]
                assert score["mean"] == pytest.approx(np.mean(found), abs=2e-4)
                assert (score["lowest"], score["highest"]) == (min(found), max(found))
    for case, ways in experiment.correlations(results).items():
        for way, levels in ways.items():
            for level, interval in levels.items():
                assert results["correlations"][case][way][level] == pytest.approx(interval, abs=2e-4)
    assert experiment.ingredients(results) == results["ingredients"]


def test_the_spread_is_what_its_scores_say(results: dict) -> None:
    for row in results["spread"].values():
        runs = [
            {"score": score, "mcc": mcc, "validation": validation}
            for score, mcc, validation in zip(row["scores"], row["mccs"], row["validations"], strict=True)
        ]
        for key, value in experiment.spread_of(runs).items():
            assert row[key] == pytest.approx(value, abs=2e-4), key


def test_fewer_labels_lie_within_more_and_the_seed_draws_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(short_texts, "short_texts", lambda case: {"train": range(500)})
    few, many = short_texts.drawn("sentiment", "100", 3), short_texts.drawn("sentiment", "300", 3)
    assert few.tolist() == many[:100].tolist()
    assert few.tolist() != short_texts.drawn("sentiment", "100", 4).tolist()


def test_answers_come_in_the_order_of_the_texts() -> None:
    class Longest(torch.nn.Module):
        def forward(self, numbers: torch.Tensor) -> torch.Tensor:
            long = ((numbers != 0).sum(dim=1) > 2).float()
            return torch.stack([1 - long, long], dim=1)

    numbers = torch.tensor([[1, 2, 3, 4], [1, 2, 0, 0], [1, 2, 3, 0], [1, 0, 0, 0]])
    assert short_texts.answers(Longest(), numbers, batch_size=2).tolist() == [1, 0, 1, 0]
