"""What runs beside the student's code: it calls their functions and the rig's, and keeps what is not a value.

The same class answers on the student's own machine (in their notebook's process) and inside the sandbox. It
takes a request as bytes and gives a reply as bytes, so that both roads treat every value alike. Nothing it
says can be trusted by the grader: the student's code shares its process.

    request = {"op": "call" | "keep" | "rig", "name": str, "args": [...], "kwargs": {...}}
    reply   = {"ok": value} | {"fault": {"kind", "exception", "message", "line", "where": all str}}
"""

import contextlib
import linecache
import random
import re
import types
import zlib
from collections.abc import Iterator
from typing import Any

import numpy
import torch

from autograder import wire

MESSAGE_LENGTH = 2000
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


class Session:
    """One student's namespace, the rig, and the objects that stay here.

    Args:
        namespace: where the student's functions are looked up, for example a notebook's globals.
        rig: the source text of the assignment's ``rig.py``, or None.
    """

    def __init__(self, namespace: dict[str, Any], rig: str | None) -> None:
        self.namespace = namespace
        self.objects: list[Any] = []
        self.rig = types.ModuleType("rig")
        if rig is not None:
            exec(compile(rig, "rig.py", "exec"), self.rig.__dict__)

    def answer(self, request: bytes) -> bytes:
        """Do what a request asks. Whatever goes wrong becomes a fault in the reply."""
        try:
            asked = wire.decode(request, self._find)
            reply = self._do(asked["op"], asked["name"], asked["args"], asked["kwargs"])
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reply = {"fault": self._fault(error)}
        try:
            return wire.encode(reply, self._store)
        except wire.WireError as error:
            fault = {"kind": "bad_value", "exception": "", "message": str(error), "line": "", "where": ""}
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            fault = dict(self._fault(error), kind="bad_value")
        return wire.encode({"fault": fault}, self._store)

    def _do(self, op, name, args, kwargs):
        function = getattr(self.rig, name) if op == "rig" else self.namespace.get(name)
        if not callable(function):
            return {"fault": {"kind": "missing", "exception": "", "message": "", "line": "", "where": ""}}
        with fixed_randomness(f"{op} {name}"):
            result = function(*args, **kwargs)
        if op == "keep":
            self.objects.append(result)
            return {"ok": {"number": len(self.objects) - 1, "type": type(result).__name__}}
        return {"ok": result}

    def _find(self, number, type_name):
        return self.objects[number]

    def _store(self, value):
        self.objects.append(value)
        return len(self.objects) - 1, type(value).__name__

    def _fault(self, error):
        return describe_error(error, self.namespace)


def describe_error(error: BaseException, namespace: dict[str, Any]) -> dict[str, str]:
    """An exception as a fault: type, message, and the last line of the student's own code it came through."""
    try:
        message = str(error)
    except BaseException:
        message = "(its message cannot be shown)"
    message = ADDRESS.sub("0x...", message)[:MESSAGE_LENGTH]
    kind = "memory" if _is_memory(error, message) else "raised"
    line, where = _own_line(error, namespace)
    return {
        "kind": kind,
        "exception": type(error).__name__[:100],
        "message": message,
        "line": line,
        "where": where,
    }


def _is_memory(error, message):
    return isinstance(error, MemoryError) or "DefaultCPUAllocator: can't allocate memory" in message


def _own_line(error, namespace):
    line = where = ""
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals is namespace:
            code, number = step.tb_frame.f_code, step.tb_lineno
            line = linecache.getline(code.co_filename, number).strip()[:200]
            in_function = code.co_name != "<module>"
            where = (
                f"line {number - code.co_firstlineno + 1} of {code.co_name}"
                if in_function
                else f"line {number}"
            )
        step = step.tb_next
    return line, where


@contextlib.contextmanager
def fixed_randomness(name: str) -> Iterator[None]:
    """Every call starts from the same random state, whatever ran before; then the caller's own is back."""
    seed = zlib.crc32(name.encode())
    before = torch.random.get_rng_state(), numpy.random.get_state(), random.getstate()
    torch.random.default_generator.manual_seed(seed)
    numpy.random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        torch.random.set_rng_state(before[0])
        numpy.random.set_state(before[1])
        random.setstate(before[2])
