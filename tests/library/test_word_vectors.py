"""The study word_vectors: its results file is of the whole study and agrees with itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import word_vectors as experiment
from study_checks import check_results


def test_results_are_of_the_whole_study() -> None:
    results = check_results("word_vectors", experiment.study())
    for case in experiment.CASES:
        assert results["about"]["test"][case] == len(experiment.target(case).texts["test"])


def test_no_word_of_a_long_text_is_lost() -> None:
    cut = experiment.pieces([list("abcde"), [], list("fg")], length=2)
    assert cut == [["a", "b"], ["c", "d"], ["e"], ["f", "g"]]


def test_both_tasks_have_enough_training_texts_for_every_level() -> None:
    for case in experiment.CASES:
        assert len(experiment.target(case).texts["train"]) >= max(map(int, experiment.LEVELS))
