"""The rated texts: four domains, a fixed split in which nothing is on both sides."""

import hashlib
from collections import defaultdict

import pytest
import torch

from transfer_learning.assets import AssetError
from transfer_learning.datasets import DOMAINS, Reviews, load_sentiment
from transfer_learning.datasets.sentiment import words_of

SIZES = {"products": 3592, "films": 10566, "newspaper": 4884, "tweets": 4042}
SPLITS = {
    "products": "dbc2b5422bfe4a08",
    "films": "0f09507dce3d8831",
    "newspaper": "ba72395b0105d81e",
    "tweets": "b1269406792e8159",
}


@pytest.fixture(scope="module", params=DOMAINS)
def reviews(request: pytest.FixtureRequest) -> Reviews:
    return load_sentiment(request.param)


def test_the_texts_are_rated(reviews: Reviews) -> None:
    n = len(reviews)
    assert n == SIZES[reviews.domain]
    assert reviews.class_names == ("negative", "positive")
    assert reviews.ratings.shape == reviews.labels.shape == (n,)
    assert (reviews.ratings.dtype, reviews.labels.dtype) == (torch.float32, torch.int64)
    assert reviews.ratings.abs().min() > 0 and reviews.ratings.abs().max() <= 4
    assert torch.equal(reviews.labels == 1, reviews.ratings > 0)
    assert all(text and text == text.strip() for text in reviews.texts)


def test_the_ratings_are_those_of_the_texts() -> None:
    films = load_sentiment("films")
    rating = dict(zip(films.texts, films.ratings.tolist(), strict=True))
    assert rating["Effective but too tepid biopic"] == pytest.approx(-0.6)


def test_the_split_is_the_published_one(reviews: Reviews) -> None:
    text = "".join(f"{text}\t{split}\n" for text, split in zip(reviews.texts, reviews.splits, strict=True))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == SPLITS[reviews.domain]


def test_every_split_has_its_share_and_both_classes(reviews: Reviews) -> None:
    for split, share in {"train": 0.5, "validation": 0.2, "test": 0.3}.items():
        counts = reviews.counts()[split]
        assert abs(sum(counts.values()) / len(reviews) - share) < 0.01
        assert min(counts.values()) > 0.25 * sum(counts.values())


def test_no_review_and_no_words_straddle_a_split(reviews: Reviews) -> None:
    splits = defaultdict(set)
    for text, group, split in zip(reviews.texts, reviews.groups, reviews.splits, strict=True):
        splits["group", group].add(split)
        splits["words", words_of(text)].add(split)
    assert all(len(found) == 1 for found in splits.values())


def test_sentences_of_a_product_review_are_one_group() -> None:
    products = load_sentiment("products")
    assert len(set(products.groups)) == 299


def test_a_part_and_a_subset_keep_everything_together(reviews: Reviews) -> None:
    test = reviews.part("test")
    assert set(test.splits) == {"test"} and len(test) == sum(reviews.counts()["test"].values())
    last = reviews.subset([len(reviews) - 1, 0])
    assert last.texts == (reviews.texts[-1], reviews.texts[0])
    assert last.ratings.tolist() == [reviews.ratings[-1], reviews.ratings[0]]
    assert (last.domain, last.class_names) == (reviews.domain, reviews.class_names)
    with pytest.raises(ValueError, match="there is no split 'exam'; there are: test, train, validation"):
        reviews.part("exam")


def test_words_of() -> None:
    assert words_of("  Yay!! Another GOOD one... ") == "yay another good one"
    assert words_of(" :-) ") == ":-)"


def test_a_domain_that_is_none() -> None:
    with pytest.raises(ValueError, match="domain='amazon' is not known; there are: products, films"):
        load_sentiment("amazon")


def test_without_the_asset(empty_store) -> None:
    with pytest.raises(AssetError, match="assets fetch hutto-sentiment"):
        load_sentiment("films")
