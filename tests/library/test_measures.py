"""Scores, intervals and results files."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from transfer_learning.evaluation import (
    accuracy,
    balanced_accuracy,
    bootstrap_interval,
    confusion_matrix,
    mean_interval,
)
from transfer_learning.results import environment, load_results, lookup, save_results

LABELS = np.array([0, 0, 0, 0, 1, 1, 2])
PREDICTIONS = np.array([0, 0, 0, 1, 1, 0, 0])


def test_scores() -> None:
    assert accuracy(LABELS, PREDICTIONS) == pytest.approx(4 / 7)
    assert balanced_accuracy(LABELS, PREDICTIONS) == pytest.approx(
        balanced_accuracy_score(LABELS, PREDICTIONS)
    )
    assert confusion_matrix(LABELS, PREDICTIONS, 3).tolist() == [[3, 1, 0], [1, 1, 0], [1, 0, 0]]


def test_the_t_interval_is_the_textbooks() -> None:
    interval = mean_interval([1, 2, 3, 4, 5])
    assert interval.mean == 3
    assert interval.high - 3 == pytest.approx(2.776 * np.sqrt(2.5 / 5), abs=1e-3)
    with pytest.raises(ValueError, match="at least two values; got 1"):
        mean_interval([1.0])


def test_the_bootstrap_interval_covers_the_truth() -> None:
    """Groups of two alike samples, true accuracy 0.8: about 95 of 100 intervals contain it."""
    random = np.random.default_rng(0)
    groups = [str(i // 2) for i in range(100)]
    covered = 0
    for trial in range(100):
        right = np.repeat(random.random(50) < 0.8, 2).astype(float)
        interval = bootstrap_interval(np.stack([right] * 3), groups, draws=400, seed=trial)
        covered += interval.low <= 0.8 <= interval.high
    assert 88 <= covered <= 100


def test_groups_make_the_interval_wider() -> None:
    scores = np.tile(np.repeat([1.0, 0.0, 1.0, 1.0], 10), (3, 1))
    alone = bootstrap_interval(scores, [str(i) for i in range(40)])
    grouped = bootstrap_interval(scores, [str(i // 10) for i in range(40)])
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)
    assert alone == bootstrap_interval(scores, [str(i) for i in range(40)])


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    results = {
        "summary": {"frozen": {"all": {"mean": 0.123456, "n": 5}}},
        "runs": [{"p": [1, 2]}],
        "tiny": 3e-7,
    }
    path = save_results("claim", results, tmp_path)
    back = load_results("claim", tmp_path)
    assert back == {**results, "summary": {"frozen": {"all": {"mean": 0.1235, "n": 5}}}}
    assert json.loads(path.read_text()) == back
    assert [file.name for file in tmp_path.iterdir()] == ["claim.json"]


def test_lookup_finds_and_says_what_is_there_instead() -> None:
    results = {"summary": {"frozen": {"all": {"mean": 0.5}}}, "seeds": [3, 4]}
    assert lookup(results, "summary.frozen.all.mean") == 0.5
    assert lookup(results, "seeds.1") == 4
    with pytest.raises(KeyError, match=r"no 'thawed' at 'summary' \(there is: frozen\)"):
        lookup(results, "summary.thawed.all")
    with pytest.raises(KeyError, match="no '7' at 'seeds'"):
        lookup(results, "seeds.7")


def test_a_missing_results_file_names_the_experiment(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"python experiments/claim\.py"):
        load_results("claim", tmp_path)


def test_the_environment_is_noted() -> None:
    noted = environment()
    assert noted["packages"]["torch"].startswith("2.")
    assert 50 < noted["peak_memory_mb"] < 100_000
