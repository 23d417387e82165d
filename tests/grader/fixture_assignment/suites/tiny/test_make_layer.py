"""The layer has the right shape and works"""

import pytest
import torch

from autograder import expect


@pytest.mark.points(1)
def test_shape(student):
    """the weights have the right shape"""
    weights = student.rig("weights_of", student.call("make_layer", 3, 2))
    expect.tensor(weights.get("weight"), "the weight", shape=(2, 3))


@pytest.mark.points(1)
def test_output(student):
    """the layer computes what its weights say"""
    layer = student.call("make_layer", 3, 2)
    weights = student.rig("weights_of", layer)
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(student.seed))
    wanted = inputs @ weights["weight"].T + weights["bias"]
    expect.close(student.rig("apply", layer, inputs), wanted, "the layer's output", rtol=1e-4, atol=1e-5)
