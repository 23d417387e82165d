"""Posts to Usenet newsgroups: 20 Newsgroups, sorted by date, in the split that everybody uses.

The texts are lower case words without digits and punctuation, and keep the words of their headers, as the
package that ships them has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from transfer_learning.assets import locate
from transfer_learning.datasets.samples import Samples
from transfer_learning.datasets.splits import group_split

HEADER_LINES = 3
SHARES = {"train": 0.8, "validation": 0.2}


@dataclass(frozen=True)
class Posts(Samples):
    """Posts to a few newsgroups. The first three fields run in the same order.

    Attributes:
        texts: one post each, headers included.
        labels: int64, shape ``(n,)``: the newsgroup, a position in ``class_names``.
        splits: ``"train"``, ``"validation"`` or ``"test"`` for each post.
        class_names: the newsgroups, in the order they were asked for.
    """

    shared: ClassVar[tuple[str, ...]] = ("class_names",)

    texts: tuple[str, ...]
    labels: Tensor
    splits: tuple[str, ...]
    class_names: tuple[str, ...]


def load_newsgroups(classes: Sequence[str] = ("alt.atheism", "sci.space")) -> Posts:
    """The posts to some of the twenty newsgroups, offline, from the course's own assets.

    The test split is the published one: posts that were written later than the others. A fifth of the rest is
    for validation; equal posts of one class are on one side. No post is left out, so that results can be
    compared with published ones: train and validation together are the published training set.

    Args:
        classes: at least two newsgroups; the default are those of the original lecture.

    Raises:
        ValueError: a name is not one of the twenty, or there are fewer than two.
        AssetError: the posts are not there or damaged; the message says how to mend it.
    """
    folder = locate("newsgroups")
    early, late = (read(folder / f"20newsgroups-{part}.tab") for part in ("train", "test"))
    known = sorted({name for name, _ in early})
    if unknown := [name for name in classes if name not in known]:
        raise ValueError(f"there is no newsgroup '{unknown[0]}'; there are: {', '.join(known)}")
    if isinstance(classes, str) or len(set(classes)) != len(classes) or len(classes) < 2:
        raise ValueError(f"classes={classes!r} must be two or more different newsgroups")
    early, late = ([row for row in rows if row[0] in classes] for rows in (early, late))
    names, texts = zip(*early, *late, strict=True)
    groups = [f"{name}: {text}" for name, text in early]
    return Posts(
        texts=texts,
        labels=torch.tensor([list(classes).index(name) for name in names]),
        splits=(*group_split([name for name, _ in early], groups, SHARES), *["test"] * len(late)),
        class_names=tuple(classes),
    )


def read(path: Path) -> list[tuple[str, str]]:
    """The newsgroup and the text of every post in a file of Orange's tab format."""
    lines = path.read_text(encoding="utf-8").split("\n")[HEADER_LINES:]
    return [tuple(line.split("\t")) for line in lines if line]
