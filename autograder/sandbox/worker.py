"""The warm worker: imports what notebooks import, once, then forks a child for each submission.

It runs inside the outer sandbox and never runs a student's code itself. Its control socket carries one JSON
object per packet, and a handle with those that say so:

    {"op": "warm"} with a file, a rig's source   -> {"problem": null or what went wrong}
    {"op": "clone"} with a socket                -> {"cloned": true}: a fork of this server serves there
    {"op": "fork"} with a socket for the child   -> {"child": number}
    {"op": "end", "child": number}               -> {"status": exit status, 128 + signal when it was killed}
    {"op": "discard", "child": number}           no answer: as end, without waiting
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import types

from autograder.sandbox import child as child_process
from autograder.sandbox import cores

WARM = (
    "numpy",
    "torch",
    "torch._dynamo",  # the first optimiser imports it: half a second in each child, if not here
    "sklearn.feature_extraction.text",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "transformers",
    "transformers.models.bert.modeling_bert",
    "gensim.models",
    "transfer_learning",
    "transfer_learning.models",
    "autograder",
)


def main(control: socket.socket) -> None:
    """Import everything, then serve the grader until it is gone."""
    for name in WARM:
        importlib.import_module(name)
    sys.modules["torch"].set_num_threads(1)
    child_process.prepare()
    gc.freeze()
    control.send(json.dumps({"ready": True}).encode())
    Server(control).serve()


class Server:
    """Answers what comes over one control socket."""

    def __init__(self, control):
        self.control = control
        self.children = {}
        self.count = 0
        self.leaving = set()  # processes that end by themselves, to be collected

    def serve(self) -> None:
        """Until the grader has closed the socket."""
        while True:
            packet, handles, _, _ = socket.recv_fds(self.control, 4096, 1)
            if not packet:
                return
            asked = json.loads(packet)
            answer = getattr(self, "_" + asked["op"])(asked, *handles)
            if answer is not None:
                self.control.send(json.dumps(answer).encode())
            self.leaving -= {pid for pid in self.leaving if os.waitpid(pid, os.WNOHANG)[0]}

    def _warm(self, asked, handle):
        with os.fdopen(handle, encoding="utf-8") as file:
            source = file.read()
        try:
            rig = types.ModuleType("rig")
            exec(compile(source, "rig.py", "exec"), rig.__dict__)
            rig.__dict__.get("warm", lambda: None)()
        except Exception as error:
            return {"problem": repr(error)[:2000]}
        gc.collect()
        gc.freeze()
        return {"problem": None}

    def _clone(self, asked, handle):
        pid = os.fork()
        if pid == 0:
            self.control.close()
            try:
                Server(socket.socket(fileno=handle)).serve()
            finally:
                os._exit(0)
        os.close(handle)
        self.leaving.add(pid)
        return {"cloned": True}

    def _fork(self, asked, handle):
        self.count += 1
        self.children[self.count] = _fork(self.control, handle)
        return {"child": self.count}

    def _end(self, asked):
        warden, grip = self.children.pop(asked["child"])
        _kill(grip)
        _, status = os.waitpid(warden, 0)
        self._rest()
        return {"status": os.waitstatus_to_exitcode(status)}

    def _discard(self, asked):
        warden, grip = self.children.pop(asked["child"])
        _kill(grip)
        self.leaving.add(warden)
        self._rest()

    def _rest(self):
        if not self.children:
            cores.give_back()


def _fork(control, handle):
    """Start a child on this socket: the number of its warden, and a handle that can kill it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    core = cores.take()
    warden = os.fork()
    if warden == 0:
        control.close()
        ours.close()
        _be_warden(theirs, socket.socket(fileno=handle), core)
    theirs.close()
    os.close(handle)
    _, handles, _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    return warden, handles[0] if handles else None


def _be_warden(worker, channel, core):
    """Make the namespaces, fork the child into them as its first process, hand out a grip on it, and wait."""
    status = 1
    try:
        os.sched_setaffinity(0, {core})
        problem = child_process.separate()
        pid = os.fork()
        if pid == 0:
            worker.close()
            child_process.serve(channel, problem)
            os._exit(0)
        channel.close()
        grip = os.pidfd_open(pid)
        socket.send_fds(worker, [b"1"], [grip])
        worker.close()
        _, ended = os.waitpid(pid, 0)
        status = os.waitstatus_to_exitcode(ended)
        status = 128 - status if status < 0 else status
    finally:
        os._exit(status & 0xFF)


def _kill(grip):
    """Kill a child and all it started."""
    if grip is not None:
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            signal.pidfd_send_signal(grip, signal.SIGKILL)
        os.close(grip)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
