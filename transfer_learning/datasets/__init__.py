"""The course's data sets, each with a fixed split."""

from transfer_learning.datasets.photos import Photos, load_photos
from transfer_learning.datasets.sentiment import DOMAINS, Reviews, load_sentiment
from transfer_learning.datasets.splits import group_split

__all__ = ["DOMAINS", "Photos", "Reviews", "group_split", "load_photos", "load_sentiment"]
