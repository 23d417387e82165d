"""Frozen features: run the backbone once, keep what it says, train only on that."""

import torch
from torch import Tensor, nn


@torch.no_grad()
def extract_features(backbone: nn.Module, images: Tensor, *, batch_size: int = 32) -> Tensor:
    """What the backbone makes of each photo, in the order given.

    Args:
        backbone: has ``preprocess`` (see :func:`~transfer_learning.models.load_image_backbone`).
        images: uint8, shape ``(n, 3, height, width)``, RGB from 0 to 255.
        batch_size: photos at a time; changes memory and speed, not the result.

    Returns:
        Features, float32, shape ``(n, backbone.feature_dim)``. The backbone runs in eval mode, so its
        BatchNorm statistics stay as they are; afterwards it is back in the mode it was in.
    """
    was_training = backbone.training
    backbone.eval()
    features = [backbone(backbone.preprocess(batch)) for batch in images.split(batch_size)]
    backbone.train(was_training)
    return torch.cat(features)
