"""What a suite's test says when an answer is wrong, and comparisons that say it well.

    came = student.call("scale", inputs)
    expect.close(came, inputs * 2, "scale(inputs)", why="...", tries="...")

A suite raises :class:`Mistake` itself where it can name the misconception; these are for the plain cases.
"""

from collections.abc import Iterable
from typing import Any

import torch

from autograder.player import Handle


class Mistake(AssertionError):
    """A wrong answer, in words for the person who wrote it.

    Args:
        what: what is wrong, named as the misconception: one sentence.
        expected: what was expected.
        came: what came instead.
        why: why it matters.
        tries: what to try.
        page: where the book explains it, relative to the site, for example
            ``background/definition.html#frozen``.
    """

    def __init__(
        self,
        what: str,
        *,
        expected: str | None = None,
        came: str | None = None,
        why: str | None = None,
        tries: str | None = None,
        page: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.came = came
        self.why = why
        self.tries = tries
        self.page = page


def describe(value: Any) -> str:
    """A value in a few words: its kind, shape and dtype, never its contents when they are long."""
    if value is None:
        return "None (does the function return its result?)"
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}, {str(value.dtype).removeprefix('torch.')}"
    if type(value).__module__ == "numpy":
        return f"an array of shape {value.shape}, {value.dtype}"
    if isinstance(value, Handle):
        return f"an object of type {value.type_name}"
    if isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    if isinstance(value, list):
        return f"a list or tuple of {len(value)} items"
    return f"a dictionary of {len(value)} items"


def tensor(
    value: Any, what: str, *, shape: tuple | None = None, dtype: torch.dtype | None = None, **words
) -> torch.Tensor:
    """The value, if it is a tensor (of this shape and dtype); else a :class:`Mistake`.

    Args:
        value: what came.
        what: what it is, for the message: ``"the features"``.
        shape: sizes, with None where any size will do.
        dtype: the dtype it must have.
        words: ``why``, ``tries`` and ``page`` of the :class:`Mistake`.
    """
    wanted = "a tensor"
    if shape is not None:
        wanted += f" of shape ({', '.join('any' if size is None else str(size) for size in shape)})"
    if dtype is not None:
        wanted += f", {str(dtype).removeprefix('torch.')}"
    if not isinstance(value, torch.Tensor):
        raise Mistake(f"{what} should be a tensor", expected=wanted, came=describe(value), **words)
    if shape is not None:
        fits = len(shape) == value.dim() and all(
            size is None or size == actual for size, actual in zip(shape, value.shape, strict=True)
        )
        if not fits:
            raise Mistake(f"{what} has the wrong shape", expected=wanted, came=describe(value), **words)
    if dtype is not None and value.dtype != dtype:
        raise Mistake(f"{what} has the wrong dtype", expected=wanted, came=describe(value), **words)
    return value


def number(value: Any, what: str, **words) -> float:
    """The value as a float, if it is a number or a tensor with a single one; else a :class:`Mistake`."""
    if isinstance(value, torch.Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise Mistake(f"{what} should be a number", expected="a number", came=describe(value), **words)


def close(
    came: Any, expected: torch.Tensor, what: str, *, rtol: float = 1e-5, atol: float = 1e-6, **words
) -> torch.Tensor:
    """The tensor that came, if it has the expected shape and values within ``atol + rtol * |expected|``."""
    value = tensor(came, what, shape=tuple(expected.shape), **words).to(expected.dtype)
    if not bool(torch.isfinite(value).all()) and bool(torch.isfinite(expected).all()):
        raise Mistake(f"{what} is not finite", expected="finite numbers", came="NaN or infinity", **words)
    if not torch.allclose(value, expected, rtol=rtol, atol=atol, equal_nan=True):
        gap = (value.double() - expected.double()).abs().max().item()
        raise Mistake(
            f"{what} has the wrong values",
            expected=f"values within {atol:g} + {rtol:g} * |value|",
            came=f"the largest difference is {gap:.3g}",
            **words,
        )
    return value


def same_bits(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two tensors have the same dtype, shape and bytes. A NaN equals itself, 0.0 is not -0.0."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    if first.numel() == 0:
        return True

    def raw(tensor):
        return tensor.detach().contiguous().reshape(-1).view(torch.uint8)

    return torch.equal(raw(first), raw(second))


def mapping(value: Any, what: str, names: Iterable[str], **words) -> dict[str, Any]:
    """The value, if it is a dictionary that has these names; else a :class:`Mistake`.

    For what a rig call gave: hostile code may have answered in the rig's place, and a suite that trips over
    it gives no verdict at all.
    """
    missing = sorted(set(names) - set(value)) if isinstance(value, dict) else sorted(names)
    if missing:
        wanted = f"values named {', '.join(sorted(names))}"
        raise Mistake(f"{what} cannot be read", expected=wanted, came=describe(value), **words)
    return value
