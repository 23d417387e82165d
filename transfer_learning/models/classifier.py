"""A classifier in two parts. This file is not about what the parts are, nor about how they learn."""

from torch import Tensor, nn


class Classifier(nn.Module):
    """A backbone that turns an input into features, and a head that turns features into class scores.

    Args:
        backbone: maps a batch of inputs to features of shape ``(batch, backbone.feature_dim)``.
        head: maps features to scores (logits) of shape ``(batch, classes)``.
    """

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, inputs: Tensor) -> Tensor:
        """Class scores (logits), shape ``(batch, classes)``."""
        return self.head(self.backbone(inputs))
