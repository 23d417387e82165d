"""The process of one submission: confines itself, then answers the grader's messages.

Each message starts with a ticket, which its reply repeats, and a byte that says what it is:

    b"R"  the rig's source text        -> wire value: None, or what went wrong
    b"C"  the source of a cell         -> wire value: {"outputs": [...], "fault": None or {...}}
    b"S"  a request for the session    -> its reply (session.py)
"""

import contextlib
import os
import resource
import socket
from pathlib import Path

import pyseccomp

from autograder import limits, wire
from autograder.sandbox import cells, channel, kernel
from autograder.sandbox.channel import TICKET
from autograder.session import Session

# What no submission needs: new processes, sockets, namespaces, memory beyond the limits, others' memory.
FORBIDDEN = """
    fork vfork execve execveat clone3
    unshare setns mount umount2 move_mount open_tree fsopen fsmount pivot_root chroot
    ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd open_by_handle_at
    socket memfd_create memfd_secret shmget msgget semget mq_open
    add_key request_key keyctl bpf perf_event_open userfaultfd
    io_uring_setup io_uring_enter io_uring_register
    kexec_load init_module finit_module delete_module
    fanotify_init inotify_init inotify_init1 personality acct swapon reboot quotactl syslog
"""
SCRATCH = ("/tmp", "/home/student", "/dev/shm")


def prepare() -> None:
    """Done once, in the worker, before any fork: what is slow and the same for all."""
    cells.Cells.shell()


def separate() -> str | None:
    """Give this process's children namespaces of their own; a sentence when the kernel does not let us."""
    identity = os.getuid(), os.getgid()
    try:
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
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    kernel.mount(None, "/", kernel.MS_REC | kernel.MS_PRIVATE)
    for folder in SCRATCH:
        options = f"size={caps.scratch},nr_inodes={caps.scratch_files},mode=0700"
        kernel.mount("tmpfs", folder, kernel.MS_NOSUID | kernel.MS_NODEV, options)
    kernel.mount("tmpfs", "/proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_RDONLY, "size=4096")
    os.chdir("/home/student")
    os.umask(0o077)
    kernel.drop_capabilities()
    for what, most in (
        (resource.RLIMIT_AS, held + caps.memory),
        (resource.RLIMIT_FSIZE, caps.file_size),
        (resource.RLIMIT_NOFILE, caps.open_files),
        (resource.RLIMIT_NPROC, caps.threads),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(caps.submission_seconds) + 1),
    ):
        resource.setrlimit(what, (most, most))
    _forbid()
    return link


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


def _forbid():
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in FORBIDDEN.split():
        # clone3 hides its flags from a filter; "not there" makes the C library use clone, which does not.
        refusal = pyseccomp.ERRNO(38 if name == "clone3" else 1)
        with contextlib.suppress(ValueError):  # a name that this machine's kernel headers do not know
            rules.add_rule(refusal, name)
    new_process = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, kernel.CLONE_THREAD, 0)
    rules.add_rule(pyseccomp.ERRNO(1), "clone", new_process)
    rules.load()
