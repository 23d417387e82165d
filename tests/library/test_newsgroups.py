"""The newsgroup posts: the published training and test set, and a validation part of its own."""

import hashlib

import pytest
import torch

from transfer_learning.assets import AssetError
from transfer_learning.datasets import load_newsgroups

RELIGION = ("soc.religion.christian", "talk.religion.misc", "alt.atheism")


def test_the_default_is_the_original_experiment() -> None:
    posts = load_newsgroups()
    assert posts.class_names == ("alt.atheism", "sci.space")
    counts = posts.counts()
    assert counts["test"] == {"alt.atheism": 319, "sci.space": 394}
    assert {name: counts["train"][name] + counts["validation"][name] for name in posts.class_names} == {
        "alt.atheism": 480,
        "sci.space": 593,
    }
    assert posts.labels.dtype == torch.int64 and posts.labels.shape == (len(posts),)


def test_the_split_is_the_published_one() -> None:
    posts = load_newsgroups()
    text = "".join(f"{text}\t{split}\n" for text, split in zip(posts.texts, posts.splits, strict=True))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "5f2d04797da9e2f2"


def test_labels_follow_the_order_of_the_classes() -> None:
    one, other = load_newsgroups(RELIGION), load_newsgroups(RELIGION[::-1])
    assert one.texts == other.texts and torch.equal(one.labels, 2 - other.labels)


def test_equal_posts_of_a_class_are_on_one_side() -> None:
    posts = load_newsgroups(("misc.forsale", "rec.motorcycles"))
    splits: dict = {}
    for text, label, split in zip(posts.texts, posts.labels.tolist(), posts.splits, strict=True):
        if split != "test":
            splits.setdefault((label, text), set()).add(split)
    assert len(splits) < len(posts.part("train")) + len(posts.part("validation")), "there are equal posts"
    assert all(len(found) == 1 for found in splits.values())


@pytest.mark.parametrize(
    "classes, says",
    [
        (("alt.atheism", "sci.spcae"), "there is no newsgroup 'sci.spcae'; there are: alt.atheism, comp"),
        (("sci.space",), "two or more different newsgroups"),
        (("sci.space", "sci.space"), "two or more different newsgroups"),
    ],
)
def test_classes_that_are_none(classes, says) -> None:
    with pytest.raises(ValueError, match=says):
        load_newsgroups(classes)


def test_without_the_asset(empty_store) -> None:
    with pytest.raises(AssetError, match="assets fetch newsgroups"):
        load_newsgroups()
