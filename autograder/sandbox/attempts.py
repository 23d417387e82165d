"""What the probes try inside the sandbox. The text is a probing submission's first cell; nothing imports it.

Each function gives None when it was held off, else a few words that say what got through.
"""

import ctypes
import errno
import mmap
import os
import resource
import socket
import struct
import threading
import time
from pathlib import Path

from autograder import wire

REFUSALS = (errno.EPERM, errno.ENOSYS)


def refused(action, *arguments):
    """None when the action is refused, else what it gave."""
    try:
        return repr(action(*arguments))[:200]
    except (OSError, MemoryError, ValueError):  # ValueError: how setrlimit refuses
        return None


def network():
    families = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_PACKET)
    for family in families:
        found = refused(socket.socket, family, socket.SOCK_DGRAM)
        if found:
            return found
    return refused(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM)


def visible(paths):
    return ", ".join(path for path in paths if os.path.lexists(path)) or None


def written(folders):
    return ", ".join(folder for folder in folders if refused(open, f"{folder}/probe", "wb")) or None


def beyond_the_list():
    return refused(os.listdir, "/") or refused(open, "/dev/full", "rb")


def fork():
    number = os.fork()
    if number == 0:
        os._exit(0)  # else there would be two who answer
    return number


def processes():
    return refused(fork) or refused(os.posix_spawn, "/usr/bin/env", ["env"], {})


def other_processes():
    found = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    if os.getpid() != 1:
        found.append(f"it is process {os.getpid()}")
    return ", ".join(found) or None


def signals():
    if not os.getpgid(0) == os.getsid(0) == os.getpid():
        return "it shares a process group"
    found = [number for number in range(2, 300) if refused(os.kill, number, 0)]
    return f"a signal to {found}" if found else refused(os.kill, -1, 0)


def privileges():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) == 0:
        return "a user namespace"
    if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0:
        return "a mount"
    return refused(os.mkfifo, "/tmp/probe-fifo") or refused(os.mknod, "/tmp/probe-device", 0o20600, 0x103)


def calls(numbers):
    """The system calls of these numbers that reach the kernel. Their arguments make no sense to it."""
    libc = ctypes.CDLL(None, use_errno=True)
    senseless = [ctypes.c_long(-1)] * 6
    found = []
    for name, number in numbers.items():
        if libc.syscall(ctypes.c_long(number), *senseless) >= 0 or ctypes.get_errno() not in REFUSALS:
            found.append(name)
    return ", ".join(found) or None


def owned(paths):
    return ", ".join(path for path in paths if Path(path).stat().st_uid == os.getuid()) or None


def environment():
    return dict(os.environ)


def descriptors():
    found = [number for number in range(3, 256) if refused(os.fstat, number)]
    return f"open descriptors: {found}" if len(found) > 1 else None


def memory(most):
    return refused(mmap.mmap, -1, most) or refused(mmap.mmap, -1, most, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def file_size(most):
    path = Path("/tmp/probe")
    with path.open("wb") as file:
        found = refused(os.pwrite, file.fileno(), b"x", most)
    path.unlink()
    return found and f"a file of {most + 1} bytes"


def scratch(most, piece, folders):
    """Fill the scratch folders in turn."""
    paths = [Path(folders[number % len(folders)], f"fill{number}") for number in range(most // piece + 2)]
    total = 0
    try:
        for path in paths:
            with path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, piece)
            total += piece
    except OSError as error:
        return None if error.errno == errno.ENOSPC else repr(error)
    finally:
        for path in paths:
            path.unlink(missing_ok=True)
    return f"{total} bytes in files"


def files(most, folders):
    """Make as many files as can be made."""
    for number in range(most + 1):
        try:
            os.close(os.open(f"{folders[number % len(folders)]}/{number}", os.O_CREAT | os.O_WRONLY))
        except OSError as error:
            made = number
            found = None if error.errno == errno.ENOSPC else repr(error)
            break
    else:
        made, found = most + 1, f"{most + 1} files"
    for number in range(made):
        Path(folders[number % len(folders)], str(number)).unlink()
    return found


def open_files(most):
    kept = []
    try:
        for _ in range(most + 1):
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        return None if error.errno == errno.EMFILE else repr(error)
    finally:
        for number in kept:
            os.close(number)
    return f"{most + 1} open files"


def threads(least, most):
    """Start as many threads as can be started. Honest code needs a few."""
    end = threading.Event()
    started = []
    before = threading.stack_size(64 * 1024)
    try:
        for _ in range(most + 1):
            one = threading.Thread(target=end.wait, daemon=True)
            one.start()
            started.append(one)
    except RuntimeError:
        pass
    finally:
        threading.stack_size(before)
        end.set()
        for one in started:
            one.join()
    if len(started) > most:
        return f"{len(started)} threads"
    return f"no more than {len(started)} threads: honest code needs some" if len(started) < least else None


def kernel_limits(expected):
    """Compare the limits that the kernel keeps for this process, and try to raise them."""
    found = []
    for name, most in expected.items():
        what = getattr(resource, name)
        if resource.getrlimit(what) != (most, most):
            found.append(f"{name} is {resource.getrlimit(what)}")
        if refused(resource.setrlimit, what, (most + 1, most + 1)):
            found.append(f"{name} can be raised")
    return ", ".join(found) or None


def cores():
    held = os.sched_getaffinity(0)
    if len(held) != 1:
        return f"it runs on {len(held)} cores"
    if refused(os.sched_setaffinity, 0, held):
        return "it chooses its core"
    if refused(os.sched_setscheduler, 0, os.SCHED_BATCH, os.sched_param(0)):
        return "it chooses how it is scheduled"
    return refused(os.nice, -1) and "it takes precedence"


def nap(seconds):
    time.sleep(seconds)
    return f"it went on for {seconds} s"


def forge(value):
    """Make the next reply say this, whatever the rules for replies are: the header as JSON text."""
    header = value.encode()
    wire.encode = lambda *_: struct.pack(">I", len(header)) + header


def pad(length):
    """As ``forge``, with a header of this length."""
    forge('{"value":{"dict":{"ok":1}},"tensors":[]}'.ljust(length))


def flood(length):
    """Announce a message of this length on the channel, and end what was said before."""
    for number in range(3, 256):
        refused(os.write, number, struct.pack(">Q", length))
