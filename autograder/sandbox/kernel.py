"""The few calls to the Linux kernel that Python 3.11 has no function for."""

import ctypes
import os
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_THREAD = 0x00010000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 4, 22, 38
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def call(what: str, number: int, *arguments: int | bytes | None) -> int:
    """A system call by its number, for those that the C library has no name for.

    Raises :class:`OSError`, with ``what`` in its message, when the kernel refuses.
    """
    wide = [ctypes.c_long(given) if isinstance(given, int) else given for given in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *wide), what)


def unshare(flags: int) -> None:
    """Give this process namespaces of its own."""
    _checked(_libc.unshare(flags), "unshare")


def mount(kind: str | None, target: str, flags: int = 0, options: str = "") -> None:
    """Mount a file system of this kind, or change a mount when ``kind`` is None."""
    name = None if kind is None else kind.encode()
    result = _libc.mount(name, target.encode(), name, ctypes.c_ulong(flags), options.encode())
    _checked(result, f"mount {kind} on {target}")


def bind(source: str, target: str) -> None:
    """Make a folder appear at a second place."""
    result = _libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(MS_BIND), None)
    _checked(result, f"bind {source} to {target}")


def become(user: int) -> None:
    """Be this user and its group, and in no other group, for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _checked(_libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")  # else its /proc/self would be root's


def drop_capabilities() -> None:
    """Give up every capability, for good."""
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")
    _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def filter_calls(program: bytes) -> None:
    """Let this BPF program decide about every later system call of this process, for good."""
    shape = _Program(len(program) // 8, program)
    result = _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(shape), 0, 0)
    _checked(result, "seccomp")


def current_core() -> int:
    """The core that this process runs on just now."""
    return _libc.sched_getcpu()
