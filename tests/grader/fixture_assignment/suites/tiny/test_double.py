"""Doubling gives twice the values"""

import pytest
import torch

from autograder import expect


def values(student, size):
    return torch.randn(size, generator=torch.Generator().manual_seed(student.seed))


@pytest.mark.points(2)
def test_values(student):
    """the values are doubled"""
    inputs = values(student, 1000 if student.full else 5)
    expect.close(
        student.call("double", inputs), inputs * 2, "double(values)", page="background/definition.html"
    )


@pytest.mark.points(1)
def test_empty(student):
    """no values give no values"""
    expect.tensor(student.call("double", torch.empty(0)), "double of nothing", shape=(0,))
