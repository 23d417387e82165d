"""Word vectors and the corpus to train others on."""

import bz2

import numpy as np
import pytest

from transfer_learning.assets import AssetError
from transfer_learning.datasets import wiki_dump
from transfer_learning.models import load_word_vectors


def test_the_most_frequent_words_come_first() -> None:
    vectors = load_word_vectors(limit=10_000)
    assert (len(vectors), vectors.vector_size) == (10_000, 50)
    assert vectors.index_to_key[:5] == ["the", ",", ".", "of", "to"]
    assert vectors["the"].dtype == np.float32
    # The first line of glove.6B.50d.txt, as published.
    assert vectors["the"][:3] == pytest.approx([0.418, 0.24968, -0.41242])


def test_near_words_mean_something_near() -> None:
    vectors = load_word_vectors(limit=50_000)
    assert {"prince", "queen"} <= {word for word, _ in vectors.most_similar("king", topn=5)}
    assert "zsombor" not in vectors


@pytest.mark.parametrize("limit", [0, -1, 2.5, "all"])
def test_a_limit_that_is_none(limit) -> None:
    with pytest.raises(ValueError, match="must be a positive whole number, or None"):
        load_word_vectors(limit=limit)


def test_without_the_vectors(empty_store) -> None:
    with pytest.raises(AssetError, match="assets fetch glove-6b-50d"):
        load_word_vectors()


def test_the_dump_is_one_of_wikipedia() -> None:
    with bz2.open(wiki_dump(), "rt", encoding="utf-8") as stream:
        beginning = stream.read(2000)
    assert "<mediawiki" in beginning and "<sitename>Wikipedia</sitename>" in beginning
