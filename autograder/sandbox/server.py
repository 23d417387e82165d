"""The grader's end of the sandbox: starts the warm worker, and asks it for fresh confined processes.

What goes wrong here is always an :class:`InfrastructureFault`: no student's code runs in the worker itself.
This file imports no torch, so that the worker can start while the grader is still importing its own.
"""

import contextlib
import json
import os
import socket
import subprocess
import tempfile

from autograder import limits
from autograder.course import Course
from autograder.faults import InfrastructureFault
from autograder.sandbox import channel, outer

NAMESPACE_HELP = (
    "This machine does not let bubblewrap make namespaces. As an administrator try one of: "
    "sysctl -w kernel.unprivileged_userns_clone=1; "
    "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; in a container: run it with --privileged."
)


class Forks:
    """Fresh confined processes for one grader, which uses one at a time: the end of a control socket."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def fork(self) -> tuple[int, socket.socket]:
        """A fresh confined process: its number, and the socket to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            number = self._ask({"op": "fork"}, theirs.fileno())["child"]
        try:
            problem = channel.receive(ours, 10_000, limits.SANDBOX.fork_seconds).decode()
        except (channel.Closed, channel.Garbled, TimeoutError) as error:
            raise InfrastructureFault("a fresh process in the sandbox did not come up") from error
        if problem:
            raise InfrastructureFault(problem)
        return number, ours

    def end(self, number: int) -> int:
        """End a process; its exit status, 128 + signal when a signal ended it."""
        return self._ask({"op": "end", "child": number})["status"]

    def discard(self, number: int) -> None:
        """End a process without waiting until it is gone."""
        self._send({"op": "discard", "child": number})

    def warm(self, rig: str) -> None:
        """Run the ``warm`` function of a rig once, for all processes that are forked from now on."""
        with tempfile.TemporaryFile() as file:
            file.write(rig.encode())
            file.seek(0)
            problem = self._ask({"op": "warm"}, file.fileno(), limits.SANDBOX.start_seconds)["problem"]
        if problem is not None:
            raise InfrastructureFault(f"the rig cannot be loaded in the sandbox: {problem}")

    def clone(self) -> "Forks":
        """Another server, for another grader: a fork of this one, as warm as it is."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._ask({"op": "clone"}, theirs.fileno())
        return Forks(ours)

    def close(self) -> None:
        """Let go of the server: it ends, and its processes with it."""
        self._control.close()

    def _ask(self, asked, handle=None, seconds=None):
        self._send(asked, handle)
        return self._receive(limits.SANDBOX.fork_seconds if seconds is None else seconds)

    def _send(self, asked, handle=None):
        try:
            socket.send_fds(self._control, [json.dumps(asked).encode()], [] if handle is None else [handle])
        except OSError as error:
            raise self._broken() from error

    def _receive(self, seconds):
        self._control.settimeout(seconds)
        try:
            packet = self._control.recv(4096)
        except TimeoutError as error:
            raise InfrastructureFault(f"the sandbox's worker did not answer within {seconds:g} s") from error
        except OSError:
            packet = b""
        if not packet:
            raise self._broken()
        return json.loads(packet)

    def _broken(self):
        return InfrastructureFault("the sandbox's worker ended")


class Worker(Forks):
    """The warm worker inside the outer sandbox. A context manager.

    Args:
        course: what the sandbox may see of it is in ``outer.py``.
        wait: whether to wait here until the worker is warm; else call :meth:`ready` later.
    """

    def __init__(self, course: Course, wait: bool = True) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in close)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(ours)
        with theirs:
            self._process = subprocess.Popen(
                outer.command(course, theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
            )
        if wait:
            self.ready()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def ready(self) -> None:
        """Wait until the worker has imported all that notebooks import."""
        try:
            self._receive(limits.SANDBOX.start_seconds)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the worker and all in it."""
        super().close()
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _broken(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        size = os.fstat(self._errors.fileno()).st_size
        said = os.pread(self._errors.fileno(), size, 0).decode(errors="replace").strip()
        if "bwrap:" in said and any(word in said for word in ("namespace", "uid map", "not permitted")):
            return InfrastructureFault(f"{NAMESPACE_HELP} (It said: {said.splitlines()[-1]})")
        return InfrastructureFault(f"the sandbox's worker ended: {said[-2000:] or 'it said nothing'}")
