"""How a suite meets a student: the ``student`` fixture. Not about where the student's code runs."""

import abc
import ast
from collections.abc import Callable
from typing import Any

from autograder import wire
from autograder.faults import KINDS, StudentFault, SuiteFault

PUBLIC_SEED = 20_240_401


class Handle:
    """An object that stayed in the student's process, for later calls. Its type name is for messages only."""

    def __init__(self, owner: object, number: int, type_name: str) -> None:
        self.owner = owner
        self.number = number
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<Handle {self.number}: {self.type_name}>"


class Player(abc.ABC):
    """What ``student`` offers a test, wherever the student's code runs.

    Args:
        seed: where a suite's random inputs come from.
        full: whether this is grading, at full size, or a quick check on the student's machine.
        rig: the source text of the assignment's ``rig.py``, or None.
    """

    def __init__(self, seed: int, full: bool, rig: str | None) -> None:
        self.seed = seed
        self.full = full
        self.rig_source = rig
        self._rig_names = _functions(rig)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call the student's function. What is not a value comes back as a :class:`Handle`.

        Raises :class:`StudentFault` or :class:`~autograder.faults.InfrastructureFault`.
        """
        return self._ask("call", name, args, kwargs)

    def keep(self, name: str, *args: Any, **kwargs: Any) -> Handle:
        """As :meth:`call`, but the result stays where it is, even a value: a :class:`Handle` comes back."""
        return self._ask("keep", name, args, kwargs)

    def rig(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of ``rig.py``, which runs beside the student's code: its answer may be forged."""
        if name not in self._rig_names:
            raise SuiteFault(f"rig.py defines no function '{name}'")
        return self._ask("rig", name, args, kwargs)

    @abc.abstractmethod
    def _exchange(self, request: bytes, name: str, rig: bool) -> bytes:
        """Send a request to where the student's code runs and give back the reply."""

    def _owner(self) -> object:
        """What the handles of the student's present process belong to."""
        return self

    def _ask(self, op, name, args, kwargs):
        is_rig = op == "rig"

        def number_of(value):
            if not isinstance(value, Handle):
                raise SuiteFault(f"the suite gave '{name}' an argument that is not a value: {type(value)}")
            if value.owner is not self._owner():
                why = "an object that an earlier call had made is gone: that process ended"
                raise StudentFault("died", name, message=why, rig=is_rig)
            return value.number, value.type_name

        asked = {"op": op, "name": name, "args": list(args), "kwargs": kwargs}
        try:
            request = wire.encode(asked, number_of)
        except wire.WireError as error:
            raise SuiteFault(f"the suite gave '{name}' an argument that cannot be sent: {error}") from error
        reply_bytes = self._exchange(request, name, is_rig)
        try:
            reply = wire.decode(
                reply_bytes, lambda number, type_name: Handle(self._owner(), number, type_name)
            )
        except wire.WireError as error:
            raise StudentFault("bad_value", name, message=str(error), rig=is_rig) from None
        return self._result(op, name, reply)

    def _result(self, op, name, reply):
        is_rig = op == "rig"
        garbled = StudentFault("bad_value", name, message="the reply was garbled", rig=is_rig)
        if not isinstance(reply, dict) or len(reply) != 1:
            raise garbled
        if "ok" in reply:
            value = reply["ok"]
            if op != "keep":
                return value
            if not isinstance(value, dict) or type(value.get("number")) is not int:
                raise garbled
            if not isinstance(value.get("type"), str):
                raise garbled
            return Handle(self._owner(), value["number"], value["type"][: wire.TYPE_NAME_LENGTH])
        fault = reply.get("fault")
        texts = ("kind", "exception", "message", "line", "where")
        if not isinstance(fault, dict) or not all(isinstance(fault.get(text), str) for text in texts):
            raise garbled
        if fault["kind"] not in KINDS:
            raise garbled
        raise StudentFault(fault["kind"], name, **{text: fault[text] for text in texts[1:]}, rig=is_rig)


class DirectPlayer(Player):
    """The student's code in this very process: the student's own machine, with the public seed.

    Values still cross as bytes, so that a check here and a check at grading see the same.
    """

    def __init__(
        self, namespace: dict[str, Any], rig: str | None = None, seed: int = PUBLIC_SEED, full: bool = False
    ) -> None:
        from autograder.session import Session

        super().__init__(seed, full, rig)
        self._answer: Callable[[bytes], bytes] = Session(namespace, rig).answer

    def _exchange(self, request: bytes, name: str, rig: bool) -> bytes:
        return self._answer(request)


def _functions(source):
    """The names of the functions that a rig's source text defines."""
    body = ast.parse(source or "").body
    return {item.name for item in body if isinstance(item, ast.FunctionDef)}
