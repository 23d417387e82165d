"""Sentences with a swap: one form of each, one swap, and nothing that gives it away."""

from collections import Counter

import pytest

from transfer_learning.datasets import Sentences, load_sentiment, load_word_order
from transfer_learning.datasets.word_order import swappable, swapped


@pytest.fixture(scope="module")
def sentences() -> Sentences:
    return load_word_order()


def test_a_swap_changes_two_neighbours_and_nothing_else(sentences: Sentences) -> None:
    for text, original, label in zip(
        sentences.texts, sentences.originals, sentences.labels.tolist(), strict=True
    ):
        if label:
            assert text == original
            continue
        now, before = text.split(), original.split()
        [first, second] = [i for i, (a, b) in enumerate(zip(now, before, strict=True)) if a != b]
        assert second == first + 1 and now[first] == before[second] and now[second] == before[first]
        assert first > 0 and second < len(now) - 1


def test_half_are_swapped_in_every_split_and_no_group_straddles(sentences: Sentences) -> None:
    for counts in sentences.counts().values():
        assert 0.45 < counts["swapped"] / sum(counts.values()) < 0.55
    assert max(Counter(sentences.originals).values()) == 1
    place = {}
    for group, split in zip(sentences.groups, sentences.splits, strict=True):
        assert place.setdefault(group, split) == split


def test_the_split_is_that_of_the_sentiment_data(sentences: Sentences) -> None:
    reviews = load_sentiment("newspaper")
    of = dict(zip(reviews.texts, reviews.splits, strict=True))
    assert all(of[text] == split for text, split in zip(sentences.originals, sentences.splits, strict=True))


def test_commas_ends_and_equal_words_are_left_alone() -> None:
    assert swappable("We saw, then we left it.") == [2, 3]
    assert swappable("It was very very good.") == [1]
    assert swappable("Too short for it") == []
    assert swapped("We came too late today.") in (
        "We too came late today.",
        "We came late too today.",
    )
    assert swapped("We came too late today.") == swapped("We came too late today.")
