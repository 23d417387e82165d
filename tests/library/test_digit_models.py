"""The network for digits: its shapes, its layers, its seed."""

import torch

from transfer_learning.models import DigitBackbone, digit_classifier


def test_layers_lead_from_an_image_to_the_features():
    backbone = DigitBackbone().eval()
    at = torch.zeros(2, 1, 8, 8)
    for layer in backbone.layers:
        at = layer(at)
    assert at.shape == (2, backbone.feature_dim)
    assert torch.equal(at, backbone(torch.zeros(2, 1, 8, 8)))
    assert len(backbone.layers) == 4


def test_the_seed_draws_the_weights_and_leaves_the_global_state():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, same, other = digit_classifier(seed=1), digit_classifier(seed=1), digit_classifier(5, seed=2)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(one.backbone.layers[0][0].weight, same.backbone.layers[0][0].weight)
    assert not torch.equal(one.backbone.layers[0][0].weight, other.backbone.layers[0][0].weight)
    assert other.eval()(torch.zeros(2, 1, 8, 8)).shape == (2, 5)
