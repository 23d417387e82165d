"""Fixed splits in which no group straddles. This file knows nothing of photos or texts."""

import hashlib
from collections import Counter
from collections.abc import Sequence

FRACTIONS = {"train": 0.5, "validation": 0.2, "test": 0.3}


def group_split(
    labels: Sequence[str], groups: Sequence[str], fractions: dict[str, float] | None = None, seed: int = 0
) -> list[str]:
    """A part's name for every sample, so that a group is whole in one part and each class has its share of
    each part.

    Class by class, the largest groups first, each group goes to the part that lacks most samples. Groups of
    one size are taken in the order of a hash, so the result depends on nothing but the arguments.

    Args:
        labels: one class a sample.
        groups: one group a sample: samples that are too alike to be on both sides of a split.
        fractions: part name -> share of the samples; they sum to 1.
        seed: another seed gives another split.

    Raises:
        ValueError: a group holds samples of two classes.
    """
    fractions = fractions or FRACTIONS
    part_of = {}
    for label in dict.fromkeys(labels):
        sizes = Counter(group for of, group in zip(labels, groups, strict=True) if of == label)
        if shared := sorted(sizes.keys() & part_of.keys()):
            raise ValueError(f"the groups {shared} hold samples of more than one class")
        lacking = {part: share * sizes.total() for part, share in fractions.items()}
        for group in sorted(sizes, key=lambda group: (-sizes[group], _hash(seed, group))):
            part = max(lacking, key=lacking.get)
            part_of[group] = part
            lacking[part] -= sizes[group]
    return [part_of[group] for group in groups]


def _hash(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()
