"""The study of transferable features: its results are whole, and a cut network is what it should be."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import transferable_features as experiment

from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    return load_results("transferable_features")


def test_the_results_are_of_the_whole_study(results: dict) -> None:
    assert not results["quick"] and len(results["seeds"]) >= 10
    assert not set(results["seeds"]) & set(results["tuning_seeds"])
    runs = Counter((run["case"], run["way"], run["level"]) for run in results["runs"])
    assert runs == dict.fromkeys(experiment.study().cells(), len(results["seeds"]))


def test_comparisons_are_what_the_runs_say(results: dict) -> None:
    scores: dict[tuple, list[float]] = {}
    for run in results["runs"]:
        scores.setdefault((run["case"], run["way"], run["level"]), []).append(run["score"])
    for name, cases in results["minus"].items():
        one, other = name.split("_minus_")
        for case, levels in cases.items():
            for level, cell in levels.items():
                means = [np.mean(scores[case, way, level]) for way in (one, other)]
                assert cell["mean"] == pytest.approx(means[0] - means[1], abs=3e-4)
                assert (cell["verdict"] == "better") == (cell["low"] > 0)
                assert (cell["verdict"] == "worse") == (cell["high"] < 0)


def test_from_scratch_is_one_network_at_every_level(results: dict) -> None:
    for cases in results["summary"].values():
        assert len({cell["mean"] for cell in cases["scratch"].values()}) == 1


def test_the_two_halves_of_the_digits_share_no_class() -> None:
    source, target = experiment.CASES["other_task"]
    assert not set(source.classes) & set(target.classes)
    images, labels = experiment.training(target, 0)
    assert set(labels.tolist()) == {0, 1, 2, 3, 4} and len(images) == len(labels)
    few = experiment.training(experiment.CASES["other_domain"][1], 0)[1]
    assert Counter(few.tolist()) == dict.fromkeys(range(10), 10)


def test_only_the_layers_below_the_cut_are_carried_over() -> None:
    taken = experiment.digit_classifier(seed=5)
    model = experiment.with_layers(taken, 2, 10, seed=0)
    fresh = experiment.digit_classifier(seed=0)
    for at in range(experiment.LAYERS):
        expected = (taken if at < 2 else fresh).backbone.layers[at]
        for a, b in zip(model.backbone.layers[at].parameters(), expected.parameters(), strict=True):
            assert torch.equal(a, b)
    assert model.backbone.layers[0] is not taken.backbone.layers[0]


def test_frozen_layers_and_their_statistics_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = experiment.digit_classifier(seed=5).eval()
    monkeypatch.setattr(experiment, "base", lambda of, seed: taken)
    monkeypatch.setattr(experiment, "STEPS", 3)
    source, target = experiment.CASES["other_domain"]
    before = [value.clone() for value in taken.backbone.layers[:2].state_dict().values()]
    model = experiment.learn(source, target, {"learning_rate": 1e-2}, 2, 0, frozen=True)
    after = list(model[0].state_dict().values())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    tuned = experiment.learn(source, target, {"learning_rate": 1e-2}, 2, 0, frozen=False)
    changed = list(tuned.backbone.layers[:2].state_dict().values())
    assert not all(torch.equal(a, b) for a, b in zip(before, changed, strict=True))
    again = list(taken.backbone.layers[:2].state_dict().values())
    assert all(torch.equal(a, b) for a, b in zip(before, again, strict=True)), "the source is left alone"
