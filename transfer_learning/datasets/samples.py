"""What data sets in memory have in common: samples in one order, each in one of three splits."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import ClassVar, Self

import torch
from torch import Tensor

SPLITS = ("train", "validation", "test")


class Samples:
    """Base of frozen dataclasses that hold one entry a sample in several fields, all in the same order.

    A subclass has ``labels``, ``class_names``, ``splits``, and names in ``shared`` those fields that do not
    have one entry a sample.
    """

    shared: ClassVar[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.splits)

    def subset(self, indices: Sequence[int] | Tensor) -> Self:
        """The samples at ``indices``, in that order."""
        chosen = torch.as_tensor(indices, dtype=torch.long)

        def pick(values):
            return values[chosen] if isinstance(values, Tensor) else tuple(values[i] for i in chosen)

        each = [field.name for field in fields(self) if field.name not in self.shared]
        return replace(self, **{name: pick(getattr(self, name)) for name in each})

    def part(self, split: str) -> Self:
        """The samples of one split: ``"train"``, ``"validation"`` or ``"test"``."""
        if split not in self.splits:
            raise ValueError(f"there is no split '{split}'; there are: {', '.join(sorted(set(self.splits)))}")
        return self.subset([i for i, of in enumerate(self.splits) if of == split])

    def counts(self) -> dict[str, dict[str, int]]:
        """How many samples each split has of each class."""
        found = Counter(zip(self.splits, self.labels.tolist(), strict=True))
        return {
            split: {name: found[split, index] for index, name in enumerate(self.class_names)}
            for split in SPLITS
        }
