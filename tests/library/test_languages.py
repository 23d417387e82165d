"""Texts in two languages, and the encoder that reads both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hub_server import make_bert, serve

from transfer_learning.assets import AssetError
from transfer_learning.datasets import load_emoji_names, load_review_pairs
from transfer_learning.datasets.languages import LANGUAGES, readable
from transfer_learning.models import load_multilingual_encoder

LOAD = """
from transfer_learning.models import load_multilingual_encoder
print(list(load_multilingual_encoder("hub")(["a cat", "the dogs"]).shape))
"""


@pytest.mark.parametrize("load", [load_emoji_names, load_review_pairs])
def test_the_same_place_is_the_same_thing_in_both_languages(load) -> None:
    english, japanese = (load(language) for language in LANGUAGES)
    assert len(english) == len(japanese) == len(set(english.texts))
    assert torch.equal(english.labels, japanese.labels)
    assert english.groups == japanese.groups and english.splits == japanese.splits
    assert len(set(english.texts) & set(japanese.texts)) < 10, "a sign such as OK is called the same"


def test_no_group_straddles_a_split() -> None:
    names = load_emoji_names("en")
    split_of = {}
    for group, split in zip(names.groups, names.splits, strict=True):
        assert split_of.setdefault(group, split) == split
    running = {
        names.groups[i] for i, text in enumerate(names.texts) if text in ("man running", "woman running")
    }
    assert len(running) == 1


def test_the_names_are_those_of_the_measurements() -> None:
    names = load_emoji_names("ja")
    assert (len(names), len(names.part("test"))) == (1629, 487)
    assert names.texts[names.groups.index("Food & Drink: amphora")] == "壺"
    assert not any("肌" in text for text in names.texts), "skin tones are left out"


def test_the_pairs_are_a_balanced_test_and_nothing_else() -> None:
    pairs = load_review_pairs("en")
    assert set(pairs.splits) == {"test"} and len(pairs) == 80
    assert pairs.labels.sum() == 40


def test_the_file_of_pairs_says_what_they_are() -> None:
    path = Path(__file__).resolve().parents[2] / "transfer_learning" / "datasets" / "parallel_reviews.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    assert "written for this course" in said["about"] and said["licence"] == "CC-BY-4.0"


def test_a_language_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="there are: en, ja"):
        load_emoji_names("fr")


def test_a_name_becomes_readable() -> None:
    assert readable(":grinning_face:") == "grinning face"


def test_the_encoder_puts_translations_near_each_other() -> None:
    encoder = load_multilingual_encoder()
    vectors = encoder(["The soup was cold.", "スープは冷めていました。", "電車は時間どおりに来ました。"])
    assert vectors.shape == (3, encoder.feature_dim) == (3, 512) and vectors.dtype == torch.float32
    assert vectors.norm(dim=1) == pytest.approx(torch.ones(3), abs=1e-3)
    same, other = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
    assert same > other + 0.2
    assert encoder([]).shape == (0, 512)


def test_without_the_encoder(empty_store) -> None:
    with pytest.raises(AssetError, match="assets fetch use-multilingual"):
        load_multilingual_encoder()


def test_an_unknown_source() -> None:
    with pytest.raises(ValueError, match="source='embedded' or source='hub'"):
        load_multilingual_encoder("elsewhere")


def test_a_multilingual_checkpoint_loads_from_the_hub(tmp_path: Path) -> None:
    make_bert(tmp_path / "hub" / "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2")
    with serve(tmp_path / "hub") as url:
        environment = {
            "HF_HOME": str(tmp_path),
            "HF_HUB_OFFLINE": "0",
            "HF_ENDPOINT": url,
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", LOAD],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.strip() == "[2, 16]"
