"""Short texts with a sentiment, in four domains, each with a fixed split: the data set of VADER.

Products (sentences of Amazon reviews), films (of Rotten Tomatoes reviews), a newspaper (of New York Times
editorials) and tweets. At least twenty people rated each text from -4 to 4; the mean is its rating (Hutto &
Gilbert 2014).
"""

import re
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from transfer_learning.assets import locate
from transfer_learning.datasets.samples import Samples
from transfer_learning.datasets.splits import group_split

FILES = {
    "products": "amazonReviewSnippets_GroundTruth.txt",
    "films": "movieReviewSnippets_GroundTruth.txt",
    "newspaper": "nytEditorialSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
}
DOMAINS = tuple(FILES)
CLASSES = ("negative", "positive")


@dataclass(frozen=True)
class Reviews(Samples):
    """Rated texts of one domain. The first five fields run in the same order.

    Attributes:
        texts: one or a few sentences each.
        ratings: float32, shape ``(n,)``, the mean of the raters, from -4 to 4, never 0.
        labels: int64, shape ``(n,)``: 0 where the rating is negative, 1 where it is positive.
        groups: texts of one group come from one review or article; no group is in two splits.
        splits: ``"train"``, ``"validation"`` or ``"test"`` for each text.
        class_names: ``("negative", "positive")``.
        domain: one of ``DOMAINS``.
    """

    shared: ClassVar[tuple[str, ...]] = ("class_names", "domain")

    texts: tuple[str, ...]
    ratings: Tensor
    labels: Tensor
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    class_names: tuple[str, ...]
    domain: str


def load_sentiment(domain: str) -> Reviews:
    """The rated texts of one domain, offline, from the course's own assets.

    A text whose raters cancel out (rating 0) is left out, and so is one that came before with the same words,
    whatever its case and punctuation: it could be on both sides of the split.

    Args:
        domain: ``"products"``, ``"films"``, ``"newspaper"`` or ``"tweets"``.

    Raises:
        AssetError: the texts are not there or damaged; the message says how to mend it.
    """
    if domain not in FILES:
        raise ValueError(f"domain='{domain}' is not known; there are: {', '.join(DOMAINS)}")
    rows = {}  # by their words: the first of equal ones stays
    content = (locate("hutto-sentiment") / FILES[domain]).read_text(encoding="utf-8")
    for line in content.splitlines():
        name, rating, text = line.split("\t")
        if float(rating) != 0:
            rows.setdefault(words_of(text), (name.split("_")[0], float(rating), text.strip()))
    groups, found, texts = zip(*rows.values(), strict=True)
    ratings = torch.tensor(found)
    return Reviews(
        texts=texts,
        ratings=ratings,
        labels=(ratings > 0).long(),
        groups=groups,
        # A review holds sentences of both classes, so the split looks at groups alone.
        splits=tuple(group_split([domain] * len(groups), groups)),
        class_names=CLASSES,
        domain=domain,
    )


def words_of(text: str) -> str:
    """A text's words alone, in lower case; the text itself when it has none (``":-)"``)."""
    return " ".join(re.findall(r"\w+", text.lower())) or text.strip()
