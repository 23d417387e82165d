"""A few labelled photos, with a fixed split: the data of "images with few samples".

``source="embedded"``: 164 photos of the Debian package ``tuxpaint-stamps-default``, cut out on white, in four
classes. ``source="hub"``: the ants and bees of the PyTorch transfer-learning tutorial, downloaded once.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from transfer_learning.assets import AssetError, locate

TABLE = Path(__file__).with_name("photos.json")


@dataclass(frozen=True)
class Photos:
    """Photos in memory. All fields run in the same order.

    Attributes:
        images: uint8, shape ``(n, 3, size, size)``, RGB, 0 to 255.
        labels: int64, shape ``(n,)``, an index into ``class_names``.
        class_names: the classes.
        names: each photo's file name without folder and ending.
        groups: photos of one group show the same subject or close look-alikes; no group is in two splits.
        splits: ``"train"``, ``"validation"`` or ``"test"`` for each photo.
        source: ``"embedded"`` or ``"hub"``.
    """

    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.names)

    def subset(self, indices: Sequence[int] | Tensor) -> "Photos":
        """The photos at ``indices``, in that order."""
        chosen = torch.as_tensor(indices, dtype=torch.long)
        pick = {
            field: tuple(getattr(self, field)[i] for i in chosen) for field in ("names", "groups", "splits")
        }
        return replace(self, images=self.images[chosen], labels=self.labels[chosen], **pick)

    def part(self, split: str) -> "Photos":
        """The photos of one split: ``"train"``, ``"validation"`` or ``"test"``."""
        if split not in self.splits:
            raise ValueError(f"there is no split '{split}'; there are: {', '.join(sorted(set(self.splits)))}")
        return self.subset([i for i, of in enumerate(self.splits) if of == split])

    def counts(self) -> dict[str, dict[str, int]]:
        """How many photos each split has of each class."""
        found = Counter(zip(self.splits, self.labels.tolist(), strict=True))
        return {
            split: {name: found[split, index] for index, name in enumerate(self.class_names)}
            for split in ("train", "validation", "test")
        }


def load_photos(source: str = "embedded", *, size: int = 128, **hub) -> Photos:
    """The photos, each made square on white and resized to ``size`` pixels.

    Args:
        source: ``"embedded"`` (offline, from the course's own assets) or ``"hub"`` (ants and bees; downloads
            47 MB once).
        size: height and width in pixels.
        **hub: for ``source="hub"`` only, passed to
            :func:`~transfer_learning.datasets.hub_photos.fetch_ants_bees` (``url``, ``sha256``).

    Raises:
        AssetError: the photos are not there or damaged; the message says how to mend it.
    """
    if source == "hub":
        from transfer_learning.datasets.hub_photos import ants_bees_table, fetch_ants_bees

        folder = fetch_ants_bees(**hub)
        rows = ants_bees_table(folder)
    elif source == "embedded":
        if hub:
            raise TypeError(f"{', '.join(hub)}: only source='hub' takes this")
        folder = locate("tuxpaint-stamps-default")
        rows = embedded_table()
    else:
        raise ValueError(f"source='{source}' is not known; say source='embedded' or source='hub'")

    class_names = tuple(dict.fromkeys(row["label"] for row in rows))
    return Photos(
        images=torch.stack([read_photo(folder / row["file"], size) for row in rows]),
        labels=torch.tensor([class_names.index(row["label"]) for row in rows]),
        class_names=class_names,
        names=tuple(Path(row["file"]).stem for row in rows),
        groups=tuple(row["group"] for row in rows),
        splits=tuple(row["split"] for row in rows),
        source=source,
    )


def embedded_table() -> list[dict[str, str]]:
    """The embedded photos in order: ``file`` (path inside the asset), ``label``, ``group``, ``split``."""
    return json.loads(TABLE.read_text(encoding="utf-8"))["photos"]


def read_photo(path: Path, size: int) -> Tensor:
    """One photo: transparency put on white, padded with white to a square, resized.

    Returns uint8, shape ``(3, size, size)``.

    Raises:
        AssetError: the file is not an image that can be read.
    """
    try:
        with Image.open(path) as opened:
            photo = opened.convert("RGBA")
    except OSError as error:
        raise AssetError(f"{path} is not a photo that can be read: {error}") from error
    side = max(photo.size)
    square = Image.new("RGBA", (side, side), "white")
    square.alpha_composite(photo, ((side - photo.width) // 2, (side - photo.height) // 2))
    resized = square.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1).contiguous()
