"""Models in two parts, a backbone and a head, and the loaders that fill them."""

from transfer_learning.models.classifier import Classifier
from transfer_learning.models.small import SmallBackbone, small_classifier

__all__ = ["Classifier", "SmallBackbone", "small_classifier"]
