"""The warm worker: imports what notebooks import, once, then forks a child for each submission.

It runs inside the outer sandbox and never runs a student's code itself. Its control socket carries one JSON
object per packet:

    {"op": "fork"} with a socket for the child   -> {"child": number}
    {"op": "end", "child": number}               -> {"status": exit status, 128 + signal when it was killed}
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys

from autograder.sandbox import child as child_process

WARM = (
    "numpy",
    "torch",
    "sklearn.linear_model",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "transformers",
    "transfer_learning",
    "transfer_learning.models",
    "autograder",
)


def main(control: socket.socket) -> None:
    """Serve the grader until it is gone."""
    for name in WARM:
        importlib.import_module(name)
    sys.modules["torch"].set_num_threads(1)
    child_process.prepare()
    gc.freeze()
    children = {}
    count = 0
    control.send(json.dumps({"ready": True}).encode())
    while True:
        packet, handles, _, _ = socket.recv_fds(control, 4096, 1)
        if not packet:
            return
        asked = json.loads(packet)
        if asked["op"] == "fork":
            count += 1
            children[count] = _fork(control, handles[0])
            answer = {"child": count}
        else:
            answer = {"status": _end(*children.pop(asked["child"]))}
        control.send(json.dumps(answer).encode())


def _fork(control, handle):
    """Start a child on this socket: the number of its warden, and a handle that can kill it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    warden = os.fork()
    if warden == 0:
        control.close()
        ours.close()
        _be_warden(theirs, socket.socket(fileno=handle))
    theirs.close()
    os.close(handle)
    _, handles, _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    return warden, handles[0] if handles else None


def _be_warden(worker, channel):
    """Make the namespaces, fork the child into them as its first process, hand out a grip on it, and wait."""
    status = 1
    try:
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


def _end(warden, grip):
    """Kill a child and all it started; the status with which it ended."""
    if grip is not None:
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            signal.pidfd_send_signal(grip, signal.SIGKILL)
        os.close(grip)
    _, status = os.waitpid(warden, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
