"""The value protocol: what goes through, and what hostile bytes do."""

import contextlib
import json
import random
import struct

import numpy
import pytest
import torch

from autograder import limits, wire
from autograder.expect import same_bits


def refuse(*_):
    raise wire.WireError("an object")


def through(value):
    return wire.decode(wire.encode(value, refuse), refuse)


def message(header, tensors=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">I", len(header)) + header + tensors


@pytest.mark.parametrize(
    "value", [None, True, 0, -(2**63), 1.5, "ß日本", [], [1, [2.0]], {"a": {"b": []}, "": None}]
)
def test_plain_values(value):
    came = through(value)
    assert came == value and type(came) is type(value)


@pytest.mark.parametrize("name", wire.DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_tensors(name, shape):
    tensor = torch.testing.make_tensor(shape, dtype=wire.DTYPES[name], device="cpu")
    came = through([tensor, tensor])[1]
    assert type(came) is torch.Tensor and same_bits(came, tensor)


def test_tensors_that_are_not_contiguous():
    tensor = torch.arange(6.0).reshape(2, 3).T
    assert same_bits(through(tensor), tensor.contiguous())
    complex_tensor = torch.tensor([1 + 2j]).conj()
    assert through(complex_tensor).item() == 1 - 2j


@pytest.mark.parametrize("dtype", ["float64", "int32", ">f4", "bool", "complex64"])
def test_arrays(dtype):
    array = numpy.arange(6).reshape(2, 3).astype(dtype)
    came = through(array)
    assert isinstance(came, numpy.ndarray) and (came == array).all() and came.shape == array.shape


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
def test_wide_unsigned_integers_become_int64(dtype):
    array = numpy.arange(6).reshape(2, 3).astype(dtype)
    for came in (torch.from_numpy(through(array)), through(torch.from_numpy(array))):
        assert came.dtype is torch.int64 and came.tolist() == array.tolist()
    with pytest.raises(wire.WireError):
        through(numpy.array([2**63], dtype=numpy.uint64))


def test_tuples_and_numpy_scalars():
    assert through((1, numpy.float64(2.5), numpy.int64(3), numpy.bool_(True))) == [1, 2.5, 3, True]


def test_objects_cross_as_numbers():
    kept = []

    def store(value):
        kept.append(value)
        return len(kept) - 1, type(value).__name__

    thing = object()
    data = wire.encode({"a": [thing, numpy.array([thing])], "b": {1: 2}}, store)
    assert wire.decode(data, lambda number, name: (number, name)) == {
        "a": [(0, "object"), (1, "ndarray")],
        "b": (2, "dict"),
    }
    assert kept[0] is thing


def test_data_is_a_copy():
    tensor = torch.zeros(2)
    came = through(tensor)
    came += 1
    assert tensor.sum() == 0


ROW = {"dtype": "float32", "shape": [2]}
HOSTILE = {
    "nothing": b"",
    "too short": b"\0\0",
    "header cut": struct.pack(">I", 100) + b"{}",
    "header huge": struct.pack(">I", 2**32 - 1) + b"x" * 100,
    "not text": message(b"\xff\xfe"),
    "not JSON": message(b"{"),
    "not an object": message([]),
    "other parts": message({"value": 1, "tensors": [], "more": 1}),
    "deep nesting": message(b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b', "tensors": []}'),
    "deeper than allowed": message({"value": json.loads("[" * 40 + "]" * 40), "tensors": []}),
    "huge integer": message(b'{"value": ' + b"9" * 5000 + b', "tensors": []}'),
    "large integer": message({"value": 2**70, "tensors": []}),
    "many parts": message({"value": [0] * 200_000, "tensors": []}),
    "unknown node": message({"value": {"pickle": "x"}, "tensors": []}),
    "two kinds": message({"value": {"dict": {}, "tensor": 0}, "tensors": []}),
    "empty node": message({"value": {}, "tensors": []}),
    "tensor missing": message({"value": {"tensor": 0}, "tensors": []}),
    "tensor negative": message({"value": {"tensor": -1}, "tensors": [ROW]}, bytes(8)),
    "tensor true": message({"value": {"tensor": True}, "tensors": [ROW, ROW]}, bytes(16)),
    "bytes missing": message({"value": {"tensor": 0}, "tensors": [ROW]}, bytes(7)),
    "bytes left": message({"value": 1, "tensors": [ROW]}, bytes(9)),
    "unknown dtype": message({"value": 1, "tensors": [{"dtype": "object", "shape": [1]}]}, bytes(8)),
    "dtype is a list": message({"value": 1, "tensors": [{"dtype": [], "shape": [1]}]}),
    "negative size": message({"value": 1, "tensors": [{"dtype": "int8", "shape": [-1]}]}),
    "huge size": message({"value": 1, "tensors": [{"dtype": "int8", "shape": [2**62, 0]}]}),
    "huge product": message({"value": 1, "tensors": [{"dtype": "int8", "shape": [2**26] * 30}]}),
    "strides overflow": message({"value": 1, "tensors": [{"dtype": "int8", "shape": [2**26] * 30 + [0]}]}),
    "true size": message({"value": 1, "tensors": [{"dtype": "int8", "shape": [True]}]}, bytes(1)),
    "many dimensions": message({"value": 1, "tensors": [{"dtype": "int8", "shape": [1] * 100}]}, bytes(1)),
    "table is text": message({"value": 1, "tensors": "ab"}),
    "object number is text": message({"value": {"object": ["1", "x"]}, "tensors": []}),
    "array of bfloat16": message(
        {"value": {"array": 0}, "tensors": [{"dtype": "bfloat16", "shape": [1]}]}, bytes(2)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused(name):
    with pytest.raises(wire.WireError):
        wire.decode(HOSTILE[name], lambda number, type_name: number)


def test_half_a_surrogate_pair_can_still_be_written():
    value = wire.decode(message(b'{"value": {"dict": {"a\\ud800": "\\udfff"}}, "tensors": []}'), refuse)
    assert value == {"a?": "?"} and through("\ud800") == "?"


def test_any_byte_makes_a_boolean():
    data = message({"value": {"tensor": 0}, "tensors": [{"dtype": "bool", "shape": [3]}]}, b"\x00\x01\xff")
    assert wire.decode(data, refuse).tolist() == [False, True, True]


def test_random_damage_gives_a_value_or_a_refusal():
    good = wire.encode({"a": [1, 2.5, "x", torch.ones(3)], "b": numpy.arange(3)}, refuse)
    dice = random.Random(0)
    for _ in range(3000):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        with contextlib.suppress(wire.WireError):
            wire.decode(bytes(bad), lambda number, type_name: number)


def test_what_is_too_large_is_not_sent():
    small = limits.WireLimits(header=100, tensors=100)
    for value in (
        "x" * 200,
        torch.zeros(26),
        [torch.zeros(20), torch.zeros(20)],
        numpy.zeros(20),
        torch.zeros(1).expand(10**12),
    ):
        with pytest.raises(wire.WireError, match="too large"):
            wire.encode(value, refuse, small)
