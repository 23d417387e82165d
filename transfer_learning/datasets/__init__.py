"""The course's data sets, each with a fixed split."""

from transfer_learning.datasets.photos import Photos, load_photos
from transfer_learning.datasets.splits import group_split

__all__ = ["Photos", "group_split", "load_photos"]
