"""Which core a submission's process runs on: one, and no other submission's. So nobody starves a neighbour.

Servers of one worker agree through locks on a file without a name, a byte for each core. The kernel lets go
of them when a server ends, however it ends.
"""

import contextlib
import fcntl
import os

from autograder.sandbox import kernel

_locks: int | None = None
_mine: int | None = None


def prepare() -> None:
    """Make the file. Done once, before any server is forked."""
    global _locks
    _locks = os.memfd_create("cores")


def take() -> int:
    """The core for this server's next process: the same while it has one, else one that nobody else has.

    With more servers than cores some must share.
    """
    global _mine
    if _mine is None:
        mine = sorted(os.sched_getaffinity(0))
        for core in mine:
            with contextlib.suppress(OSError):
                fcntl.lockf(_locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, core)
                _mine = core
                return core
        return kernel.current_core()
    return _mine


def give_back() -> None:
    """The server's process has ended."""
    global _mine
    if _mine is not None:
        fcntl.lockf(_locks, fcntl.LOCK_UN, 1, _mine)
        _mine = None
