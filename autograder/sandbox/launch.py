"""Run a program as root of a namespace in which one unprivileged user id of this machine exists besides root.

    python launch.py USER-OUTSIDE USER-INSIDE PROGRAM [ARGUMENT ...]

Used when the grader runs as root, so that students' processes can be somebody else: somebody who owns nothing
on this machine, and whom the kernel holds to a number of threads, which it does not do with root. It imports
nothing of the grader: it runs outside the sandbox, before it.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def main(outside: str, inside: str, *command: str) -> None:
    """Never returns. The exit code is 1 when the kernel does not let us, with a sentence that says so."""
    libc = ctypes.CDLL(None, use_errno=True)
    myself = os.getpid()
    come, call = os.pipe()
    helper = os.fork()
    if helper == 0:
        os.close(call)
        there = os.read(come, 1)  # only a process outside the namespace may say who is in it
        os._exit(_tell(myself, f"0 0 1\n{inside} {outside} 1\n") if there else 0)
    if libc.unshare(CLONE_NEWUSER) != 0:
        sys.exit(f"bwrap: No permissions to create a namespace: {os.strerror(ctypes.get_errno())}")
    os.write(call, b"1")
    if os.waitpid(helper, 0)[1] != 0:
        sys.exit("the sandbox's user could not be given a number of its own")
    os.execv(command[0], command)


def _tell(process, users):
    try:
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{process}/{name}").write_text(users, encoding="ascii")
    except OSError as error:
        print(f"the user ids of the sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
