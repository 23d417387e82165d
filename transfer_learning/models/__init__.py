"""Models in two parts, a backbone and a head, and the loaders that fill them."""

from transfer_learning.models.classifier import Classifier
from transfer_learning.models.compact import CompactBackbone
from transfer_learning.models.image import load_image_backbone, load_source_classifier
from transfer_learning.models.small import SmallBackbone, small_classifier
from transfer_learning.models.text import TextEncoder, load_text_encoder
from transfer_learning.models.words import load_word_vectors

__all__ = [
    "Classifier",
    "CompactBackbone",
    "SmallBackbone",
    "TextEncoder",
    "load_image_backbone",
    "load_source_classifier",
    "load_text_encoder",
    "load_word_vectors",
    "small_classifier",
]
