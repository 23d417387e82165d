"""How values cross between the grader and the process of a student's code: a JSON header, then raw tensor
bytes.

Values are None, bool, int, float, str, list (a tuple becomes one), dict with str keys, torch tensors and
numpy arrays; wide unsigned integers become int64. Anything else is an opaque object that stays where it is
and crosses as a number. Nothing here can run code: there is no pickle, and whatever arrives is checked
against this grammar and the limits before it is used.

    message  = length of header (4 bytes, big-endian) header tensors
    header   = JSON {"value": node, "tensors": [{"dtype": str, "shape": [int, ...]}, ...]}
    node     = null | bool | int | float | str | [node, ...]
             | {"dict": {str: node}} | {"tensor": index} | {"array": index} | {"object": [number, type name]}

Tensor bytes follow each other in the order of the table, C-contiguous and little-endian.

This file is not about sockets, processes or time limits.
"""

import json
import struct
from collections.abc import Callable
from math import prod
from typing import Any

import numpy
import torch

from autograder import limits

DTYPES = {
    "bool": torch.bool,
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
WIDENED = {"uint16": torch.uint16, "uint32": torch.uint32, "uint64": torch.uint64}
"""Whole numbers that PyTorch can hardly compute with: they cross as int64, when they fit."""
TYPE_NAME_LENGTH = 80


class WireError(ValueError):
    """What was to be sent, or what arrived, is not a value or is over a limit. The message says which."""


def encode(
    value: Any, name_object: Callable[[Any], tuple[int, str]], caps: limits.WireLimits = limits.WIRE
) -> bytes:
    """The bytes of a value.

    ``name_object`` gives the number and the type name under which an object that is not a value stays behind;
    it may raise :class:`WireError` to refuse it.
    """
    writer = _Writer(name_object, caps)
    node = writer.node(value, 0)
    header = json.dumps({"value": node, "tensors": writer.table}, separators=(",", ":")).encode()
    if len(header) > caps.header:
        raise WireError(
            f"the value is too large: its text part has {len(header)} bytes, {caps.header} are allowed"
        )
    return b"".join([struct.pack(">I", len(header)), header, *writer.chunks])


def decode(
    message: bytes, find_object: Callable[[int, str], Any], caps: limits.WireLimits = limits.WIRE
) -> Any:
    """The value in these bytes, whoever made them. ``find_object`` gives what stands for a numbered object.

    Raises :class:`WireError` for anything outside the grammar or over a limit.
    """
    if len(message) < 4:
        raise WireError("the message is cut short")
    (length,) = struct.unpack(">I", message[:4])
    if length > caps.header or 4 + length > len(message):
        raise WireError("the message's header is cut short or too long")
    try:
        header = json.loads(message[4 : 4 + length].decode())
    except (ValueError, RecursionError) as error:
        raise WireError("the message's header is not JSON") from error
    if not isinstance(header, dict) or header.keys() != {"value", "tensors"}:
        raise WireError("the message's header has other parts than 'value' and 'tensors'")
    tensors = _read_tensors(header["tensors"], memoryview(message)[4 + length :], caps)
    return _Reader(tensors, find_object, caps).value(header["value"], 0)


class _Writer:
    def __init__(self, name_object, caps):
        self.name_object = name_object
        self.caps = caps
        self.table = []
        self.chunks = []
        self.bytes = 0
        self.count = 0

    def node(self, value, depth):
        self.count += 1
        if self.count > self.caps.nodes:
            raise WireError(f"the value has more than {self.caps.nodes} parts")
        if depth > self.caps.depth:
            raise WireError(
                f"the value is nested more than {self.caps.depth} levels deep, or contains itself"
            )
        if isinstance(value, torch.Tensor):
            return self.tensor(value, "tensor", value)
        if isinstance(value, numpy.ndarray):
            return self.array(value)
        if isinstance(value, numpy.generic):
            value = value.item()
        # The base classes' own methods make a plain value out of an instance of a subclass.
        if value is None:
            return None
        if isinstance(value, bool):
            return bool(value)
        if isinstance(value, int):
            value = int.__int__(value)
            if value.bit_length() > self.caps.integer_bits:
                raise WireError(f"an integer has more than {self.caps.integer_bits} bits")
            return value
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, str):
            return _text(str.__str__(value))
        if isinstance(value, list | tuple):
            return [self.node(item, depth + 1) for item in value]
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {
                "dict": {_text(str.__str__(key)): self.node(item, depth + 1) for key, item in value.items()}
            }
        return self.object(value)

    def object(self, value):
        number, type_name = self.name_object(value)
        return {"object": [int(number), str(type_name)[:TYPE_NAME_LENGTH]]}

    def tensor(self, tensor, kind, original):
        tensor = _plain(tensor)
        if tensor is None:
            return self.object(original)
        self.bytes += tensor.numel() * tensor.element_size()
        if self.bytes > self.caps.tensors:
            raise WireError(f"the tensors are too large: more than {self.caps.tensors} bytes together")
        flat = tensor.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
        self.table.append({"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape)})
        self.chunks.append(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
        return {kind: len(self.table) - 1}

    def array(self, array):
        plain = numpy.array(array, copy=False, subok=False)
        if plain.dtype.name not in DTYPES and plain.dtype.name not in WIDENED:
            return self.object(array)
        if plain.nbytes > self.caps.tensors:
            raise WireError(f"an array is too large: more than {self.caps.tensors} bytes")
        native = numpy.array(plain, dtype=plain.dtype.newbyteorder("="), order="C")
        return self.tensor(torch.from_numpy(native), "array", array)


def _plain(tensor):
    """The data of a tensor, of whatever subclass, as a plain tensor outside any graph; None for one without
    plain data, such as a sparse one."""
    with torch._C.DisableTorchFunctionSubclass():
        if (
            tensor.dtype in WIDENED.values()
            and tensor.layout == torch.strided
            and tensor.device.type != "meta"
        ):
            wide = torch.Tensor.to(tensor, torch.int64)
            # From 2**63 on a number has no place in int64: it would come out negative.
            return None if bool((wide < 0).any()) else wide.detach().as_subclass(torch.Tensor)
        if tensor.dtype not in NAMES or tensor.layout != torch.strided or tensor.device.type == "meta":
            return None
        return torch.Tensor.detach(tensor).as_subclass(torch.Tensor)


def _read_tensors(table, data, caps):
    if not isinstance(table, list) or len(table) > caps.nodes:
        raise WireError("the message's tensor table is not a list")
    if len(data) > caps.tensors:
        raise WireError("the message's tensors are too large")
    tensors = []
    start = 0
    for row in table:
        if not isinstance(row, dict) or row.keys() != {"dtype", "shape"}:
            raise WireError("a row of the message's tensor table is not a dtype and a shape")
        dtype, shape = row["dtype"], row["shape"]
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise WireError("the message names an unknown dtype")
        if not isinstance(shape, list) or len(shape) > caps.depth:
            raise WireError("a shape in the message is not a short list")
        if not all(type(size) is int and 0 <= size <= caps.tensors for size in shape):
            raise WireError("a shape in the message is not made of sizes")
        end = start + prod(shape) * DTYPES[dtype].itemsize
        if end > len(data):
            raise WireError("the message's tensors are cut short")
        try:
            tensors.append(_tensor(data[start:end], DTYPES[dtype], shape))
        except RuntimeError as error:  # sizes whose strides overflow, for a tensor without elements
            raise WireError("a shape in the message is not that of a tensor") from error
        start = end
    if start != len(data):
        raise WireError("bytes are left over after the message's tensors")
    return tensors


def _tensor(data, dtype, shape):
    if not len(data):
        return torch.empty(shape, dtype=dtype)
    own = bytearray(data)
    if dtype is torch.bool:  # any byte may arrive; only 0 and 1 are booleans
        return (torch.frombuffer(own, dtype=torch.uint8) != 0).reshape(shape)
    return torch.frombuffer(own, dtype=dtype).reshape(shape)


def _text(text):
    """A text that can be written to a file: JSON can spell half a surrogate pair, UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


class _Reader:
    def __init__(self, tensors, find_object, caps):
        self.tensors = tensors
        self.find_object = find_object
        self.caps = caps
        self.count = 0

    def value(self, node, depth):
        self.count += 1
        if self.count > self.caps.nodes or depth > self.caps.depth:
            raise WireError("the message is nested too deep or has too many parts")
        if node is None or isinstance(node, bool | float):
            return node
        if isinstance(node, str):
            return _text(node)
        if isinstance(node, int):
            if node.bit_length() > self.caps.integer_bits:
                raise WireError("an integer in the message is too large")
            return node
        if isinstance(node, list):
            return [self.value(item, depth + 1) for item in node]
        if len(node) != 1:
            raise WireError("the message holds an unknown node")
        ((kind, content),) = node.items()
        if kind == "dict" and isinstance(content, dict):
            return {_text(key): self.value(item, depth + 1) for key, item in content.items()}
        if kind in ("tensor", "array") and type(content) is int and 0 <= content < len(self.tensors):
            tensor = self.tensors[content]
            if kind == "tensor":
                return tensor
            if tensor.dtype is not torch.bfloat16:
                return tensor.numpy()
        if kind == "object" and isinstance(content, list) and len(content) == 2:
            number, type_name = content
            if type(number) is int and 0 <= number < 2**31 and isinstance(type_name, str):
                return self.find_object(number, _text(type_name[:TYPE_NAME_LENGTH]))
        raise WireError("the message holds an unknown node")
