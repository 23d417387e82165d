"""Numbers for the judges: random inputs from the submission's seed, and when two results count as equal.

What is right is computed on the trusted side in float64; the student computes in float32. ``TOLERANCE`` is
the largest difference between the two that still counts as equal. Every comparison of a suite goes through
:func:`distance`, so that ``tools/audit_suites.py`` can measure how far from it right and wrong
answers stay.
"""

import hashlib

import torch
from torch import Tensor

TOLERANCE = 1e-4


def draw(seed: int, label: str) -> torch.Generator:
    """A random generator of its own for ``label``, from the submission's seed."""
    digest = hashlib.sha256(f"{seed}/{label}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def distance(left: Tensor, right: Tensor) -> float:
    """The largest absolute difference; infinite when shapes differ or a value is not finite."""
    if left.shape != right.shape or left.is_complex() or right.is_complex():
        return float("inf")
    if left.numel() == 0:
        return 0.0
    difference = (left.double() - right.double()).abs().max().item()
    return difference if difference == difference else float("inf")


def close(left: Tensor, right: Tensor) -> bool:
    """Whether two tensors have one shape and differ nowhere by more than ``TOLERANCE``."""
    return distance(left, right) <= TOLERANCE


def near(left: float, right: float) -> bool:
    """As :func:`close`, for two numbers."""
    return close(torch.tensor(left, dtype=torch.float64), torch.tensor(right, dtype=torch.float64))
