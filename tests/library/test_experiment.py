"""The experiment's results file says what its own runs say, and its machinery is fair."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
sys.path.insert(0, str(EXPERIMENTS))

import images_few_samples as experiment  # noqa: E402
import ledger  # noqa: E402
import summary  # noqa: E402

from transfer_learning.datasets import Photos  # noqa: E402
from transfer_learning.results import _rounded, load_results  # noqa: E402


@pytest.fixture(scope="module")
def results() -> dict:
    return load_results("images_few_samples")


def test_the_results_are_of_the_whole_experiment(results: dict) -> None:
    assert not results["quick"]
    assert len(results["seeds"]) >= 5
    runs = Counter((run["method"], run["level"]) for run in results["runs"])
    assert runs == {
        (m, level): len(results["seeds"]) for m in experiment.METHODS for level in experiment.LEVELS
    }
    assert not set(results["seeds"]) & set(results["tuning_seeds"])


def test_the_summary_is_what_the_runs_say(results: dict, photos: Photos) -> None:
    again = _rounded(summary.summarise(results["runs"], photos.part("test")))
    for part in ("paired", "confusion", "misclassified", "curves"):
        assert again[part] == results[part], part
    for method, levels in again["summary"].items():
        for level, scores in levels.items():
            assert scores["accuracy"] == pytest.approx(
                results["summary"][method][level]["accuracy"], abs=1e-3
            )


def test_the_chosen_setting_did_best_on_validation(results: dict) -> None:
    for name, method in results["methods"].items():
        assert len(method["tuning"]) == 6, name
        best = max(row["validation_balanced_accuracy"] for row in method["tuning"])
        chosen = next(row for row in method["tuning"] if row["setting"] == method["chosen"])
        assert chosen["validation_balanced_accuracy"] == best


def test_the_settings_are_those_of_the_script(results: dict) -> None:
    for name, method in experiment.METHODS.items():
        assert [row["setting"] for row in results["methods"][name]["tuning"]] == method.settings


def test_training_photos_are_balanced_nested_and_seeded(photos: Photos) -> None:
    def names(a_class: int | None, seed: int) -> set[str]:
        return set(experiment.training_photos(photos, a_class, seed).names)

    two = experiment.training_photos(photos, 2, 0)
    assert Counter(two.labels.tolist()) == {0: 2, 1: 2, 2: 2, 3: 2}
    assert set(two.splits) == {"train"}
    assert names(2, 0) < names(5, 0) < names(10, 0) < names(None, 0)
    assert names(5, 0) != names(5, 1)


def test_a_frozen_run_can_be_measured_again(results: dict, photos: Photos) -> None:
    """The committed predictions come out again (a rounding in the last digit may turn one photo)."""
    chosen = results["methods"]["frozen"]["chosen"]
    run = experiment.measure("frozen", chosen, "all", 0, photos, with_test=True)
    noted = next(r for r in results["runs"] if (r["method"], r["level"], r["seed"]) == ("frozen", "all", 0))
    assert np.mean(np.array(run["predictions"]) != np.array(noted["predictions"])) <= 2 / 48


def test_augmentation_keeps_the_photo(photos: Photos) -> None:
    images = photos.images[:4]
    moved = experiment.augmented(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    assert moved.dtype == torch.uint8
    assert not torch.equal(moved, images)
    assert torch.allclose(moved.float().mean(), images.float().mean(), atol=12)


def test_the_ledger_measures_once_and_forgets_when_the_code_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "FOLDER", tmp_path / "ledger")
    source = tmp_path / "code.py"
    source.write_text('"""Says a."""\nx = 1  # one\n')
    calls = []

    def run() -> dict:
        book = ledger.Ledger("test", [source], ["facts"])
        return book.run({"seed": 1}, lambda: calls.append(1) or {"score": len(calls)})

    assert run() == run() == {"score": 1}
    source.write_text('"""Says b."""\n\nx   =   1  # uno\n')  # prose and layout only
    assert run() == {"score": 1}
    source.write_text("x = 2\n")
    assert run() == {"score": 2}
