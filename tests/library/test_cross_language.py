"""The study across languages: no Japanese label where none is allowed; a results file of the whole study."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import cross_language

from transfer_learning.results import load_results


def japanese(texts) -> bool:
    return any("\u3040" <= character <= "\u9fff" for text in texts for character in text)


@pytest.mark.parametrize("case", ["names_ja", "reviews_ja"])
def test_training_and_choosing_are_in_english_and_the_test_in_japanese(case: str) -> None:
    for split in ("train", "validation"):
        assert not japanese(cross_language.part(case, split)[0])
    assert japanese(cross_language.part(case, "test")[0])


def test_nothing_of_the_test_was_seen_in_the_other_language() -> None:
    seen = set(cross_language.part("names_ja", "train")[2]) | set(
        cross_language.part("names_ja", "validation")[2]
    )
    assert not seen & set(cross_language.part("names_ja", "test")[2])


def test_fewer_labels_lie_within_more() -> None:
    few, more = (set(cross_language.chosen_rows("names_ja", level, 3).tolist()) for level in ("40", "200"))
    assert len(few) == 40 and few < more


def test_letters_are_letters() -> None:
    assert cross_language.letters(("A b!", "あ。")) == {"a", "b", "あ"}


def test_the_results_file_is_of_the_whole_study() -> None:
    found = load_results("cross_language")
    assert not found["quick"] and found["seeds"] == list(range(10))
    study = cross_language.study()
    assert len(found["runs"]) == len(study.cells()) * 10
    for case, ways in found["summary"].items():
        for way, levels in ways.items():
            for level, score in levels.items():
                runs = [r for r in found["runs"] if (r["case"], r["way"], r["level"]) == (case, way, level)]
                assert np.mean([run["score"] for run in runs]) == pytest.approx(score["mean"], abs=1e-3)
