"""Short texts in English and in Japanese, with the same labels in both: for transfer across languages.

``load_emoji_names``: what emoji are called, and what kind of thing each shows; real, short, many.
``load_review_pairs``: review sentences that were written for this course in both languages; few, a test only.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from transfer_learning.assets import locate
from transfer_learning.datasets.samples import Samples
from transfer_learning.datasets.splits import group_split

LANGUAGES = ("en", "ja")
KINDS = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
)
PEOPLE = re.compile(r"\b(wo)?m[ae]n\b|\b(person|people|boy|girl|boys|girls|male|female|s)\b|[’'.,:-]|\d+")
PAIRS = Path(__file__).with_name("parallel_reviews.json")


@dataclass(frozen=True)
class BilingualTexts(Samples):
    """Texts in one of two languages. The same position is the same thing in the other language.

    Attributes:
        texts: one short text each.
        labels: int64, shape ``(n,)``, positions in ``class_names``.
        groups: things that are alike; no group is in two splits, in either language.
        splits: ``"train"``, ``"validation"`` or ``"test"`` for each text.
        class_names: the classes.
        language: ``"en"`` or ``"ja"``.
    """

    shared: ClassVar[tuple[str, ...]] = ("class_names", "language")

    texts: tuple[str, ...]
    labels: Tensor
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    class_names: tuple[str, ...]
    language: str


def load_emoji_names(language: str) -> BilingualTexts:
    """Names of emoji, offline, and which of eight kinds each is. Flags and skin tones are left out.

    Names that differ only in who is shown (man, woman, person) or in a number are one group.

    Raises:
        AssetError: the names are not there or damaged; the message says how to mend it.
    """
    check(language)
    names = json.loads((locate("emoji-names") / "emoji.json").read_text(encoding="utf-8"))
    japanese = json.loads((locate("emoji-names") / "emoji_ja.json").read_text(encoding="utf-8"))
    listed = json.loads((locate("emoji-kinds") / "emoji.json").read_text(encoding="utf-8"))
    rows, seen = [], set()
    for one in sorted(listed, key=lambda row: row["sort_order"]):
        sign = "".join(chr(int(code, 16)) for code in one["unified"].split("-"))
        if one["category"] not in KINDS or sign not in names or sign not in japanese:
            continue
        pair = readable(names[sign]["en"]), readable(japanese[sign])
        if not seen & {*pair}:  # a name that stands for two signs counts once
            rows.append((*pair, KINDS.index(one["category"])))
            seen |= {*pair}
    groups = [f"{KINDS[label]}: {' '.join(PEOPLE.sub(' ', name.lower()).split())}" for name, _, label in rows]
    return BilingualTexts(
        texts=tuple(row[LANGUAGES.index(language)] for row in rows),
        labels=torch.tensor([label for *_, label in rows]),
        groups=tuple(groups),
        splits=tuple(group_split([KINDS[label] for *_, label in rows], groups)),
        class_names=KINDS,
        language=language,
    )


def load_review_pairs(language: str) -> BilingualTexts:
    """Eighty review sentences, written for this course in English and in Japanese; all of them test.

    They are no sample of real reviews. The pair is the group.
    """
    check(language)
    pairs = json.loads(PAIRS.read_text(encoding="utf-8"))["pairs"]
    return BilingualTexts(
        texts=tuple(pair[language] for pair in pairs),
        labels=torch.tensor([pair["label"] for pair in pairs]),
        groups=tuple(f"pair {number}" for number in range(len(pairs))),
        splits=("test",) * len(pairs),
        class_names=("negative", "positive"),
        language=language,
    )


def readable(name: str) -> str:
    """``":grinning_face:"`` -> ``"grinning face"``."""
    return name.strip(":").replace("_", " ")


def check(language: str) -> None:
    """One of the two languages, or an error that names them."""
    if language not in LANGUAGES:
        raise ValueError(f"language='{language}' is not known; there are: {', '.join(LANGUAGES)}")
