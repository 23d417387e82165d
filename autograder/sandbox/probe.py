"""Does the sandbox hold? Asked of a fresh process after each start, before any student's code runs.

Each probe tries, inside, what must not work. Grading is refused when one of them gets through.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from autograder import limits
from autograder.course import Course
from autograder.faults import InfrastructureFault, StudentFault
from autograder.sandbox import outer
from autograder.sandbox.player import SandboxPlayer, Worker

CODE = '''
import errno, mmap, os, socket

def refused(action, *arguments):
    """None when the action is refused, else what it gave."""
    try:
        return repr(action(*arguments))[:200]
    except (OSError, MemoryError) as error:
        return None

def network(): return refused(socket.socket) or refused(socket.socket, socket.AF_UNIX)
def visible(paths): return [path for path in paths if os.path.lexists(path)]
def processes(): return refused(os.fork)
def first_process(): return None if os.getpid() == 1 else f"it is process {os.getpid()}"
def own_group(): return None if os.getpgid(0) == os.getsid(0) == os.getpid() else "it shares a process group"
def other_processes(): return ", ".join(name for name in os.listdir("/proc") if name.isdigit()) or None
def environment(): return dict(os.environ)
def privileges():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) == 0:
        return "a user namespace"
    return "a mount" if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0 else None

def memory(most):
    return refused(mmap.mmap, -1, most)

def written(folders):
    found = []
    for folder in folders:
        path = os.path.join(folder, "probe")
        try:
            with open(path, "wb"):
                found.append(folder)
        except OSError:
            pass
    return found

def file_size(most):
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("/tmp/probe", "wb") as file:
            for _ in range(most // 1000000 + 2):
                file.write(bytes(1000000))
    except OSError as error:
        return None if error.errno == errno.EFBIG else repr(error)
    finally:
        os.unlink("/tmp/probe")
    return "a larger file was written"

def descriptors():
    found = []
    for number in range(3, 256):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return None if len(found) <= 1 else f"open descriptors: {found}"
'''


@dataclass(frozen=True)
class Finding:
    """What one probe found: ``problem`` is None when the sandbox holds."""

    name: str
    problem: str | None


def run(course: Course, worker: Worker) -> list[Finding]:
    """Try everything in a fresh process of this worker."""
    caps = limits.SANDBOX
    findings = []

    def ask(name, function, *arguments, problem=lambda answer: answer):
        try:
            findings.append(Finding(name, problem(player.call(function, *arguments))))
        except StudentFault as fault:
            findings.append(Finding(name, f"the probe did not get through: {fault}"))

    with SandboxPlayer(worker, [CODE], rig=None, seed=0) as player:
        player.start()
        secrets = [str(path.resolve()) for path in _secret(course)]
        ask("no network", "network")
        ask("nothing of the course to see", "visible", secrets, problem=_listed)
        ask("nothing to write but scratch", "written", _read_only(course), problem=_listed)
        ask("no new processes", "processes")
        ask("a process namespace of its own", "first_process")
        ask("no other process to see", "other_processes")
        ask("no other process to signal", "own_group")
        ask("no privileges", "privileges")
        ask("nothing of this machine's environment", "environment", problem=_foreign)
        ask("no open file but its channel", "descriptors")
        ask("memory has a limit", "memory", caps.memory + limits.MEGABYTE)
        ask("files have a limit", "file_size", caps.file_size)
    return findings


def demand(course: Course, worker: Worker) -> None:
    """Raise :class:`InfrastructureFault` unless every probe is held off."""
    problems = [finding for finding in run(course, worker) if finding.problem]
    if problems:
        told = "; ".join(f"{finding.name}: {finding.problem}" for finding in problems)
        raise InfrastructureFault(f"the sandbox does not hold, so nothing is graded. {told}")


def start(course: Course) -> Worker:
    """A worker whose sandbox was seen to hold."""
    worker = Worker(course)
    try:
        demand(course, worker)
    except BaseException:
        worker.close()
        raise
    return worker


def _secret(course):
    return [
        course.root,
        course.solutions,
        course.suites,
        course.exercises,
        Path.home() / ".ssh",
        Path("/etc/shadow"),
    ]


def _read_only(course):
    folders = ["/", "/usr", "/course", "/course/autograder", "/dev", "/etc", str(Path(os.__file__).parent)]
    return folders + ([str(outer.ASSETS)] if course.assets.is_dir() else [])


def _listed(found):
    return ", ".join(found) if found else None


def _foreign(environment):
    known = {*outer.ENVIRONMENT, *outer.KEPT}
    return _listed(
        sorted(
            name for name, value in environment.items() if os.environ.get(name) == value and name not in known
        )
    )
