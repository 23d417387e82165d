"""The process of one submission: confines itself, then answers the grader's messages.

Each message starts with a ticket, which its reply repeats, and a byte that says what it is:

    b"R"  the rig's source text        -> wire value: None, or what went wrong
    b"C"  the source of a cell         -> wire value: {"outputs": [...], "fault": None or {...}}
    b"S"  a request for the session    -> its reply (session.py)
"""

import os
import resource
import socket
import sys
from pathlib import Path

from autograder import limits, wire
from autograder.sandbox import cells, channel, cores, kernel, landlock, syscalls
from autograder.sandbox.channel import TICKET
from autograder.session import Session

GUEST = 1000  # who a submission's process is, inside
HOME = "/home/student"
SCRATCH = ("/tmp", HOME, "/dev/shm")
READABLE = (
    *("/usr", "/lib", "/lib64", "/course", "/assets", "/proc", "/sys/devices/system/cpu"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts"),
    *("/dev/zero", "/dev/random", "/dev/urandom"),
)
NOTHING = (  # core dumps, memory that cannot be swapped, message queues, a better place in the scheduler
    resource.RLIMIT_CORE,
    resource.RLIMIT_MEMLOCK,
    resource.RLIMIT_MSGQUEUE,
    resource.RLIMIT_NICE,
    resource.RLIMIT_RTPRIO,
)
_filter = b""
_maps = ""


def prepare() -> None:
    """Done once, in the worker, before any fork: what is slow and the same for all."""
    global _filter, _maps
    cells.Cells.shell()
    cores.prepare()
    _filter = syscalls.program()
    _maps = Path("/proc/self/maps").read_text()


def separate() -> str | None:
    """Give this process's children a user and namespaces of their own.

    Returns:
        a sentence when the kernel does not let us, else None.
    """
    try:
        if os.getuid() == 0:  # the grader runs as root; a student's process is nobody on this machine
            kernel.become(GUEST)
        identity = os.getuid(), os.getgid()
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{identity[0]} {identity[0]} 1")
        _write("/proc/self/gid_map", f"{identity[1]} {identity[1]} 1")
    except OSError as error:
        return f"a submission's process cannot get namespaces of its own: {error}"
    return None


def serve(link: socket.socket, problem: str | None) -> None:
    """Confine this process and answer until the grader is gone. The first message out says how it went."""
    try:
        if problem is None:
            link = _confine(link)
    except Exception as error:
        problem = f"a submission's process cannot be confined: {error!r}"
    channel.send(link, (problem or "").encode())
    if problem is not None:
        return
    runner = cells.Cells()
    session = Session(runner.namespace, None)
    while True:
        try:
            message = channel.receive(link, limits.WIRE.header + limits.WIRE.tensors + 64)
        except channel.Closed:
            return
        ticket, kind, content = message[:TICKET], message[TICKET : TICKET + 1], message[TICKET + 1 :]
        if kind == b"R":
            problem = None
            try:
                session = Session(runner.namespace, content.decode() or None)
            except Exception as error:
                problem = repr(error)
            reply = wire.encode(problem, _no_object)
        elif kind == b"C":
            reply = wire.encode(runner.run(content.decode()), _no_object)
        else:
            reply = _answer(session, content)
        channel.send(link, ticket + reply)


def _answer(session, request):
    try:
        return session.answer(request)
    except (
        KeyboardInterrupt
    ):  # on their own machine a person pressed Ctrl-C; here the student's code raised it
        fault = {"kind": "raised", "exception": "KeyboardInterrupt", "message": "", "line": "", "where": ""}
        return wire.encode({"fault": fault}, _no_object)


def _no_object(value):
    return 0, type(value).__name__


def _write(path, text):
    Path(path).write_text(text)


def _confine(link):
    caps = limits.SANDBOX
    link = _only(link)
    os.setsid()  # a signal to "my process group" would reach the worker: groups span process namespaces
    held = [
        pages * resource.getpagesize() for pages in map(int, Path("/proc/self/statm").read_text().split())
    ]
    _write("/proc/self/oom_score_adj", "1000")  # when the machine runs out of memory, this process goes first
    _scratch(caps)
    _proc()
    os.chdir(HOME)
    os.umask(0o077)
    kernel.drop_capabilities()
    python = {sys.prefix, sys.base_prefix, os.path.realpath(sys.base_prefix)}
    landlock.restrict((*READABLE, *sorted(python)), (*SCRATCH, os.devnull))
    for what, most in _most(caps, size=held[0], data=held[5]).items():
        resource.setrlimit(what, (most, most))
    kernel.filter_calls(_filter)
    return link


def _scratch(caps):
    """One file system for all scratch folders, so that there is one bound for all that is in them."""
    kernel.mount(None, "/", kernel.MS_REC | kernel.MS_PRIVATE)
    options = f"size={caps.scratch},nr_inodes={caps.scratch_files},mode=0700"
    kernel.mount("tmpfs", HOME, kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, options)
    for number, folder in enumerate(sorted(SCRATCH, key=HOME.__eq__)):  # the one that covers the others: last
        Path(f"{HOME}/{number}").mkdir()
        kernel.bind(f"{HOME}/{number}", folder)


def _proc():
    """Hide what the kernel tells of processes. scikit-learn finds its libraries in one of the files."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("tmpfs", "/proc", flags, f"size={2 * len(_maps)}")
    Path("/proc/self").mkdir()
    _write("/proc/self/maps", _maps)
    kernel.mount(None, "/proc", flags | kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY)


def _most(caps, size, data):
    """The kernel's limits for this process, which holds so much address space and so much memory already."""
    return {
        resource.RLIMIT_AS: size + caps.memory,
        resource.RLIMIT_DATA: data + caps.memory,
        resource.RLIMIT_STACK: caps.stack,
        resource.RLIMIT_FSIZE: caps.file_size,
        resource.RLIMIT_NOFILE: caps.open_files,
        resource.RLIMIT_NPROC: caps.threads,
        resource.RLIMIT_CPU: int(caps.submission_seconds) + 1,
        resource.RLIMIT_SIGPENDING: caps.waiting_signals,
        **dict.fromkeys(NOTHING, 0),
    }


def _only(link):
    """Close every descriptor but the channel, and give prints nowhere to go but the captured streams."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    kept = link.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.set_inheritable(kept, False)
    return link
