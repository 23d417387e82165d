"""The layer has the right shape and works"""

import pytest
import torch

from autograder import expect


def weights_of(student, layer, inputs, outputs):
    weights = expect.mapping(student.rig("weights_of", layer), "the layer", ["weight", "bias"])
    expect.tensor(weights["weight"], "the weight", shape=(outputs, inputs), dtype=torch.float32)
    expect.tensor(weights["bias"], "the bias", shape=(outputs,), dtype=torch.float32)
    return weights


@pytest.mark.points(1)
def test_shape(student):
    """the weights have the right shape"""
    weights_of(student, student.call("make_layer", 3, 2), 3, 2)


@pytest.mark.points(1)
def test_output(student):
    """the layer computes what its weights say"""
    layer = student.call("make_layer", 3, 2)
    weights = weights_of(student, layer, 3, 2)
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(student.seed))
    wanted = inputs @ weights["weight"].T + weights["bias"]
    expect.close(student.rig("apply", layer, inputs), wanted, "the layer's output", rtol=1e-4, atol=1e-5)
