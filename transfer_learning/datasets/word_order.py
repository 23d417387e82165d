"""Is this sentence in order? Real sentences, half of them with two neighbouring words swapped.

A stand-in for judgements of acceptability, made from texts of the sentiment data. It is no set of judgements:
nobody was asked, a swap makes one kind of mistake only, and now and then the sentence is fine afterwards.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from transfer_learning.datasets.samples import Samples
from transfer_learning.datasets.sentiment import load_sentiment

WORD = re.compile(r"[A-Za-z]+")
FEWEST = 5


@dataclass(frozen=True)
class Sentences(Samples):
    """Sentences, whole or with a swap. The first five fields run in the same order.

    Attributes:
        texts: what a model sees.
        originals: the same as they were written.
        labels: int64, shape ``(n,)``: 1 where the text is as it was written, 0 where two words were swapped.
        groups: texts of one group come from one review or article; no group is in two splits.
        splits: ``"train"``, ``"validation"`` or ``"test"`` for each text, as in the sentiment data.
        class_names: ``("swapped", "as written")``.
    """

    shared: ClassVar[tuple[str, ...]] = ("class_names",)

    texts: tuple[str, ...]
    originals: tuple[str, ...]
    labels: Tensor
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    class_names: tuple[str, ...]


def load_word_order(domain: str = "newspaper") -> Sentences:
    """The texts of one sentiment domain; a hash of each decides whether, and where, two words are swapped.

    A text occurs once, in one of the two forms. It is left out when it has fewer than five words, or no two
    neighbours that :func:`swappable` allows.

    Args:
        domain: see :func:`~transfer_learning.datasets.load_sentiment`.

    Raises:
        AssetError: the texts are not there or damaged; the message says how to mend it.
    """
    reviews = load_sentiment(domain)
    rows = [row for row, text in enumerate(reviews.texts) if swappable(text)]
    originals = tuple(reviews.texts[row] for row in rows)
    kept = [_hash(text) % 2 == 1 for text in originals]
    return Sentences(
        texts=tuple(text if whole else swapped(text) for text, whole in zip(originals, kept, strict=True)),
        originals=originals,
        labels=torch.tensor(kept).long(),
        groups=tuple(reviews.groups[row] for row in rows),
        splits=tuple(reviews.splits[row] for row in rows),
        class_names=("swapped", "as written"),
    )


def swappable(text: str) -> list[int]:
    """The places whose word may change places with the next one.

    Both are letters alone, so that no comma moves with them, and differ. The first word stays, and so does
    the last: a capital or a full stop in the wrong place would give the swap away.
    """
    words = text.split()
    if len(words) < FEWEST:
        return []
    return [
        place
        for place in range(1, len(words) - 2)
        if WORD.fullmatch(words[place])
        and WORD.fullmatch(words[place + 1])
        and words[place].lower() != words[place + 1].lower()
    ]


def swapped(text: str) -> str:
    """``text`` with two neighbouring words in each other's place. The same text gives the same swap."""
    words, places = text.split(), swappable(text)
    place = places[_hash(text) // 2 % len(places)]
    words[place], words[place + 1] = words[place + 1], words[place]
    return " ".join(words)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
