"""The study of the three benefits: its results are whole, and its helpers do what they say."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import three_benefits as experiment

from transfer_learning.results import _rounded, load_results
from transfer_learning.scorecard import scorecard


@pytest.fixture(scope="module")
def results() -> dict:
    return load_results("three_benefits")


def test_the_results_are_of_the_whole_study(results: dict) -> None:
    assert not results["quick"] and len(results["seeds"]) >= 10
    assert not set(results["seeds"]) & set(results["tuning_seeds"])
    runs = Counter((run["case"], run["way"], run["level"]) for run in results["runs"])
    steps = [str(step) for step in experiment.STEPS]
    assert runs == {
        (case, way, step): len(results["seeds"])
        for case in experiment.LABELS
        for way in experiment.WAYS
        for step in steps
    }


def test_means_and_scorecards_are_what_the_runs_say(results: dict) -> None:
    scores = {(r["case"], r["way"], r["level"], r["seed"]): r["score"] for r in results["runs"]}
    steps = results["levels"]
    for case, cards in results["scorecards"].items():
        for way, card in cards.items():
            curves = [
                np.array([[scores[case, of, step, seed] for step in steps] for seed in results["seeds"]])
                for of in (way, "scratch")
            ]
            assert results["summary"][case][way][steps[-1]]["mean"] == pytest.approx(
                curves[0][:, -1].mean(), abs=2e-4
            )
            again = _rounded(scorecard(steps, *curves))
            for benefit in ("start", "slope", "asymptote"):
                assert again[benefit]["mean"] == pytest.approx(card[benefit]["mean"], abs=5e-4)
                assert again[benefit]["verdict"] == card[benefit]["verdict"]


def test_one_curve_has_one_setting_and_every_way_the_same_number_of_them(results: dict) -> None:
    for ways in results["chosen"].values():
        for by_step in ways.values():
            assert len({str(setting) for setting in by_step.values()}) == 1
    assert {way["settings"] for way in results["ways"].values()} == {len(experiment.SETTINGS)}


def test_drawn_digits_are_balanced_nested_and_seeded() -> None:
    uci = experiment.digits("uci", "train")
    ten, fifty = experiment.draw(uci, 10, 0), experiment.draw(uci, 50, 0)
    assert Counter(ten.labels.tolist()) == dict.fromkeys(range(10), 1)
    assert Counter(fifty.labels.tolist()) == dict.fromkeys(range(10), 5)
    held = {image.numpy().tobytes() for image in fifty.images}
    assert {image.numpy().tobytes() for image in ten.images} <= held
    assert not torch.equal(ten.images, experiment.draw(uci, 10, 1).images)


def test_spoilt_sources_are_spoilt_in_one_way_only() -> None:
    source = experiment.digits("mnist", "train")
    images, labels = experiment.moved_labels(source.images, source.labels, 0)
    assert images is source.images and torch.equal(labels, (source.labels + 1) % 10)
    images, labels = experiment.random_labels(source.images, source.labels, 0)
    assert images is source.images and torch.equal(labels.sort()[0], source.labels.sort()[0])
    assert (labels == source.labels).float().mean() < 0.2
    images, labels = experiment.shuffled_pixels(source.images, source.labels, 0)
    assert labels is source.labels and images.shape == source.images.shape
    assert torch.equal(images.flatten(1).sort()[0], source.images.flatten(1).sort()[0])


def test_what_is_carried_over(monkeypatch: pytest.MonkeyPatch) -> None:
    source = experiment.digit_classifier(seed=5)
    monkeypatch.setattr(experiment, "source_model", lambda change, seed: source)

    def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
        return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))

    whole = experiment.start(experiment.honest, "old", 0)
    backbone = experiment.start(experiment.honest, "new", 0)
    scratch = experiment.start(None, "new", 0)
    assert same(whole.backbone, source.backbone) and same(whole.head, source.head)
    assert same(backbone.backbone, source.backbone) and same(backbone.head, scratch.head)
    assert not same(scratch.backbone, source.backbone)
    assert whole.backbone is not source.backbone, "training must not change the source model"
