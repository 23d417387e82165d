"""Plays a submission in processes of its own.

Whatever a process says or fails to say becomes a :class:`StudentFault`; whatever goes wrong before a
student's code has run, or with the worker, is an :class:`InfrastructureFault`.
"""

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder import limits, wire
from autograder.faults import InfrastructureFault, StudentFault
from autograder.player import Player
from autograder.sandbox import channel
from autograder.sandbox.server import Forks

MOST = limits.WIRE.header + limits.WIRE.tensors + 64
RIG_SECONDS = 30.0


@dataclass
class CellRun:
    """What a cell of the submission did: its captured outputs, and the fault when it did not get through."""

    outputs: list = field(default_factory=list)
    fault: StudentFault | None = None


class SandboxPlayer(Player):
    """A submission's code in processes of its own. A context manager.

    Args:
        worker: where the processes come from.
        cells: the source of each cell that runs, in order.
        seed, full, rig: as for :class:`Player`.

    Attributes:
        runs: what each cell did the first time it ran, once :meth:`start` has run.
    """

    def __init__(
        self, worker: Forks, cells: Sequence[str], *, rig: str | None, seed: int, full: bool = True
    ) -> None:
        super().__init__(seed, full, rig)
        self._worker = worker
        self._cells = list(cells)
        self._left_out: set[int] = set()
        self._deaths: Counter[str] = Counter()
        self._seconds_left = limits.SANDBOX.submission_seconds
        self._shown_left = limits.SANDBOX.shown
        self._child: tuple[int, socket.socket] | None = None
        self._handles_belong_to: object = object()
        self.runs: list[CellRun | None] = [None] * len(self._cells)

    def __enter__(self) -> "SandboxPlayer":
        return self

    def __exit__(self, *_) -> None:
        if self._child is not None:
            self._worker.discard(self._let_go())

    def start(self) -> None:
        """Run the cells. One that does not end, or ends its process, is left out: a fresh process goes on."""
        while self._child is None:
            self._begin()

    def _owner(self):
        return self._handles_belong_to

    def _begin(self):
        """A fresh process, and in it the cells not left out. A cell that breaks the process ends it again."""
        self._child = self._worker.fork()
        try:
            problem = wire.decode(
                self._talk(b"R" + (self.rig_source or "").encode(), RIG_SECONDS), _no_object
            )
        except (StudentFault, wire.WireError) as error:
            raise InfrastructureFault(f"the rig could not be loaded in the sandbox: {error}") from error
        if problem is not None:
            raise InfrastructureFault(f"the rig cannot be loaded in the sandbox: {problem}")
        for index, source in enumerate(self._cells):
            if index in self._left_out:
                continue
            try:
                reply = self._timed(b"C" + source.encode(), limits.SANDBOX.cell_seconds, f"cell {index + 1}")
                self.runs[index] = self.runs[index] or self._kept(_read_run(reply))
            except StudentFault as fault:
                self.runs[index] = CellRun(fault=fault)
                self._left_out.add(index)
                if self._seconds_left > 0:
                    self._end()
                    return

    def _kept(self, run):
        """The run, without its outputs when those of all cells together are too much."""
        from autograder.outputs import size, stream

        self._shown_left -= size(run.outputs)
        if self._shown_left < 0:
            run.outputs = [stream("(not kept: the notebook's outputs are too large together)\n")]
        return run

    def _exchange(self, request, name, rig):
        label = f"rig {name}" if rig else name
        if self._deaths[label] >= limits.SANDBOX.deaths_per_function:
            message = "it did not come to an end in earlier tests, so it was not called again"
            raise StudentFault("timeout", name, message=message, rig=rig)
        self.start()
        try:
            return self._timed(b"S" + request, limits.SANDBOX.call_seconds, name, rig)
        except StudentFault:
            self._deaths[label] += 1
            raise

    def _timed(self, message, seconds, name, rig=False):
        """As :meth:`_talk`, and the time counts against the submission's."""
        if self._seconds_left <= 0:
            words = (
                f"all code of this submission together took more than {limits.SANDBOX.submission_seconds:g} s"
            )
            raise StudentFault("timeout", name, message=words, rig=rig)
        begun = time.monotonic()
        try:
            return self._talk(message, min(seconds, self._seconds_left), name, rig)
        finally:
            self._seconds_left -= time.monotonic() - begun

    def _talk(self, message, seconds, name="", rig=False):
        """Send a message to the process and receive its reply. The process does not outlive a fault."""
        _, link = self._child
        ticket = os.urandom(channel.TICKET)
        try:
            channel.send(link, ticket + message, seconds)
            reply = channel.receive(link, MOST, seconds)
            if reply[: channel.TICKET] != ticket:
                raise channel.Garbled("not the reply to what was asked")
        except TimeoutError:
            self._end()
            raise StudentFault(
                "timeout", name, message=f"it was stopped after {seconds:.0f} s", rig=rig
            ) from None
        except channel.Garbled:
            self._end()
            words = "the process sent something that is not a reply"
            raise StudentFault("bad_value", name, message=words, rig=rig) from None
        except channel.Closed:
            raise StudentFault("died", name, message=_how_it_ended(self._end()), rig=rig) from None
        return reply[channel.TICKET :]

    def _end(self):
        return self._worker.end(self._let_go()) if self._child is not None else 0

    def _let_go(self):
        """Forget the process and all handles into it; its number."""
        number, link = self._child
        self._child = None
        self._handles_belong_to = object()
        link.close()
        return number


def _how_it_ended(status):
    if status > 128:
        try:
            return f"the process was ended by {signal.Signals(status - 128).name}"
        except ValueError:
            pass
    return f"the process ended itself with exit status {status}"


def _no_object(number, type_name):
    raise wire.WireError("an object came where only values can be")


def _read_run(reply):
    """What a cell did, from the bytes that the student's process sent."""
    from autograder.outputs import checked

    garbled = StudentFault(
        "bad_value", "cell", message="the process sent something that is no cell's outputs"
    )
    try:
        run = wire.decode(reply, _no_object)
    except wire.WireError:
        raise garbled from None
    if (
        not isinstance(run, dict)
        or run.keys() != {"outputs", "fault"}
        or not isinstance(run["outputs"], list)
    ):
        raise garbled
    fault = run["fault"]
    if fault is not None:
        texts = ("kind", "exception", "message", "line", "where")
        if not isinstance(fault, dict) or not all(isinstance(fault.get(text), str) for text in texts):
            raise garbled
        fault = StudentFault("raised", "cell", **{text: fault[text] for text in texts[1:]})
    return CellRun(checked(run["outputs"]), fault)
