"""Models in two parts, a backbone and a head, and the loaders that fill them."""

from transfer_learning.models.adapters import Adapter, add_adapters
from transfer_learning.models.classifier import Classifier
from transfer_learning.models.compact import CompactBackbone
from transfer_learning.models.digits import DigitBackbone, digit_classifier
from transfer_learning.models.image import load_image_backbone, load_source_classifier
from transfer_learning.models.multilingual import MultilingualEncoder, load_multilingual_encoder
from transfer_learning.models.small import SmallBackbone, small_classifier
from transfer_learning.models.text import TextEncoder, TokenBackbone, load_text_encoder
from transfer_learning.models.words import load_word_vectors

__all__ = [
    "Adapter",
    "Classifier",
    "CompactBackbone",
    "DigitBackbone",
    "MultilingualEncoder",
    "SmallBackbone",
    "TextEncoder",
    "TokenBackbone",
    "add_adapters",
    "digit_classifier",
    "load_image_backbone",
    "load_multilingual_encoder",
    "load_source_classifier",
    "load_text_encoder",
    "load_word_vectors",
    "small_classifier",
]
