"""The study label_efficiency: its results file is of the whole study and agrees with itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import label_efficiency as experiment
import numpy as np
import pytest
from study_checks import check_results


@pytest.fixture(scope="module")
def results() -> dict:
    return check_results("label_efficiency", experiment.study())


def test_the_larger_class_is_as_large_as_the_file_says(results: dict) -> None:
    for case in experiment.CASES:
        share = np.bincount(experiment.target(case).labels["test"]).max() / len(
            experiment.target(case).labels["test"]
        )
        assert results["about"]["larger_class"][case] == pytest.approx(share, abs=1e-4)


def test_sentences_of_one_review_are_drawn_together() -> None:
    groups = experiment.study().cases["products"]
    assert len(set(groups)) < len(groups) / 2
    train = set(experiment.reviews("products").part("train").groups)
    assert not train & set(groups)
