"""Does the sandbox hold? Asked of fresh processes after each start, before any student's code runs.

Each probe tries, inside, what must not work: ``attempts.py`` is what they try. Grading is refused when one of
them gets through. A limit of time is tried with a much shorter one; what proves the clock proves it for any.
"""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder import limits
from autograder.course import Course
from autograder.faults import InfrastructureFault, StudentFault
from autograder.sandbox import landlock, outer, syscalls
from autograder.sandbox.player import MOST, SandboxPlayer
from autograder.sandbox.server import Forks, Worker

ATTEMPTS = Path(__file__).with_name("attempts.py")
SHORT, LONG = 0.05, 1.0  # a limit of time, and what it must cut
FEW_THREADS = 16
SCRATCH = ["/tmp", "/home/student", "/dev/shm"]
FORBIDDEN_CALLS = """
    ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd kcmp setns mount_setattr open_tree fsopen
    bpf perf_event_open userfaultfd io_uring_setup keyctl add_key request_key seccomp landlock_create_ruleset
    memfd_create memfd_secret shmget msgget semget mq_open sendmsg recvmsg sendmmsg open_by_handle_at
    name_to_handle_at mknodat fanotify_init inotify_init1 modify_ldt vmsplice splice tee clone3 quotactl
    swapon init_module kexec_load reboot syslog acct chroot pivot_root iopl rt_sigqueueinfo remap_file_pages
"""
LOUD = f"""
import base64, sys
from IPython.display import display
dot = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
print("x\\n" * {limits.SANDBOX.cell_text})
print("x\\n" * {limits.SANDBOX.cell_text}, file=sys.stderr)
for _ in range({limits.SANDBOX.cell_pictures + 10}): display({{"image/png": dot}}, raw=True)
"""

KERNEL = "the kernel does not hold this limit here: use a newer kernel, or another container"
NAMESPACES = "see what the doctor says about namespaces; in a container, run it with --privileged"
FILTER = "the kernel, or the container, must let seccomp filters through (CONFIG_SECCOMP_FILTER)"
VIEW = "keep the course, and what it must hide, outside of Python's and the assets' folders"
OURS = "this is a fault of the grader itself: do not grade with it, and report it"


@dataclass(frozen=True)
class Finding:
    """What one probe found.

    Attributes:
        name: what must hold.
        tried: how it was tried.
        problem: what got through; None when the sandbox holds.
        mend: what to do about a problem.
        note: what a person should know although the sandbox holds, or None.
    """

    name: str
    tried: str
    problem: str | None
    mend: str
    note: str | None = None

    @property
    def told(self) -> str:
        """One sentence for a person."""
        if self.problem:
            return f"{self.problem}. What to do: {self.mend}"
        return self.note or f"tried {self.tried}"


@dataclass(frozen=True)
class _Probe:
    name: str
    tried: str
    mend: str
    ask: Callable[["_Bench"], str | None]
    note: Callable[[], str | None] = lambda: None
    applies: Callable[[], bool] = lambda: True


class _Hasty(SandboxPlayer):
    """A player whose limits of time can be cut short."""

    hurry: float | None = None

    def _timed(self, message, seconds, name, rig=False):
        return super()._timed(message, min(seconds, self.hurry or seconds), name, rig)

    def have_left(self, seconds):
        self._seconds_left = seconds


class _Bench:
    """One process in which most probes try their luck, and the worker for those that need their own."""

    def __init__(self, course, worker, player):
        self.course = course
        self.worker = worker
        self.player = player

    def call(self, function, *arguments):
        return self.player.call(function, *arguments)

    def environment(self):
        """What of this machine's environment is there too."""
        known = {*outer.ENVIRONMENT, *outer.KEPT}
        found = self.call("environment")
        return _listed(
            sorted(name for name in found if os.environ.get(name) == found[name] and name not in known)
        )

    def landlock(self):
        return self.call("beyond_the_list") if landlock.version() else None

    def owned(self):
        return self.call("owned", ["/usr", str(outer.INSIDE)])

    def outputs(self):
        shown = self.player.runs[1].outputs
        pictures = sum("image/png" in output.get("data", ()) for output in shown)
        text = sum(len(output.get("text", "")) for output in shown)
        if not 0 < text <= limits.SANDBOX.cell_text:
            return f"{text} characters were kept"
        if not 0 < pictures <= limits.SANDBOX.cell_pictures:
            return f"{pictures} pictures were kept"
        return None

    def forged(self):
        """Replies that break the rules of the wire."""
        caps = limits.WIRE
        table = [{"dtype": "uint8", "shape": [caps.tensors + 1]}]
        forgeries = {
            "a tensor": {"value": {"tensor": 0}, "tensors": table},
            "nesting": {"value": _nested(caps.depth + 1), "tensors": []},
            "a number of parts": {"value": [0] * (caps.nodes + 1), "tensors": []},
            "an integer": {"value": 2**caps.integer_bits, "tensors": []},
        }
        found = [
            what
            for what, message in forgeries.items()
            if not _is_bad(
                self.player, "forge", json.dumps({**message, "value": {"dict": {"ok": message["value"]}}})
            )
        ]
        if not _is_bad(self.player, "pad", caps.header + 1):
            found.append("a header")
        return f"beyond the limit: {_listed(found)}" if found else None

    def flooded(self):
        return None if _is_bad(self.player, "flood", MOST + 1) else "it was waited for"

    def call_time(self):
        self.player.start()  # a probe before may have ended the process; its cells have their usual time
        self.player.hurry = SHORT
        try:
            return self.call("nap", LONG)
        except StudentFault as fault:
            return None if fault.kind == "timeout" else str(fault)
        finally:
            self.player.hurry = None

    def cell_time(self):
        with _Hasty(self.worker, [f"import time\ntime.sleep({LONG})"], rig=None, seed=0) as player:
            player.hurry = SHORT
            player.start()
            return _unless_cut(player.runs[0])

    def all_time(self):
        """One cell uses up all time; the next must not begin."""
        with _Hasty(self.worker, [f"import time\ntime.sleep({LONG})", "1"], rig=None, seed=0) as player:
            player.have_left(SHORT)
            player.start()
            return _unless_cut(player.runs[0]) or _unless_cut(player.runs[1])


def _unless_cut(run):
    if run.fault is None:
        return "a cell ended in its own time"
    return None if run.fault.kind == "timeout" else str(run.fault)


def _is_bad(player, function, argument):
    """Whether the grader took this call's reply for what it is."""
    try:
        player.call(function, argument)
    except StudentFault as fault:
        return fault.kind == "bad_value"
    return False


def _nested(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


def _listed(found):
    return ", ".join(found) or None


def _no_landlock():
    return None if landlock.version() else "this kernel has no Landlock: the other layers stand without it"


def _kernel_limits():
    caps = limits.SandboxLimits()  # as the sandbox reads them, from the same file
    return {
        "RLIMIT_STACK": caps.stack,
        "RLIMIT_FSIZE": caps.file_size,
        "RLIMIT_NOFILE": caps.open_files,
        "RLIMIT_NPROC": caps.threads,
        "RLIMIT_CPU": int(caps.submission_seconds) + 1,
        "RLIMIT_SIGPENDING": caps.waiting_signals,
        **dict.fromkeys(("RLIMIT_CORE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE"), 0),
        **dict.fromkeys(("RLIMIT_NICE", "RLIMIT_RTPRIO"), 0),
    }


def _forbidden_calls():
    numbers = {name: syscalls.number(name) for name in FORBIDDEN_CALLS.split()}
    return {name: number for name, number in numbers.items() if number >= 0}


def _secret(course):
    hidden = [course.root, course.solutions, course.suites, course.exercises, Path.home() / ".ssh"]
    return [*(str(path.resolve()) for path in hidden), "/etc/shadow", "/etc/passwd"]


def _read_only(course):
    folders = ["/", "/usr", "/course", "/course/autograder", "/dev", "/etc", str(Path(os.__file__).parent)]
    return [*folders, "/proc", *([str(outer.ASSETS)] if course.assets.is_dir() else [])]


PIECE = limits.SANDBOX.file_size // 2
PROBES = (
    _Probe("no network", "sockets of five families", FILTER, lambda bench: bench.call("network")),
    _Probe(
        "nothing of the course to see",
        "the folders of the course, SSH keys, accounts",
        VIEW,
        lambda bench: bench.call("visible", _secret(bench.course)),
    ),
    _Probe(
        "nothing to write but scratch",
        "a file in each other folder",
        NAMESPACES,
        lambda bench: bench.call("written", _read_only(bench.course)),
    ),
    _Probe(
        "no file beyond a list (Landlock)",
        "the root folder, a device file",
        KERNEL,
        _Bench.landlock,
        _no_landlock,
    ),
    _Probe("no new processes", "fork, a program", FILTER, lambda bench: bench.call("processes")),
    _Probe(
        "no other process to see",
        "/proc, and its own number",
        NAMESPACES,
        lambda bench: bench.call("other_processes"),
    ),
    _Probe(
        "no other process to signal",
        "its group, 300 numbers, all at once",
        NAMESPACES,
        lambda bench: bench.call("signals"),
    ),
    _Probe(
        "no privileges",
        "to make a namespace, a mount, a device",
        NAMESPACES,
        lambda bench: bench.call("privileges"),
    ),
    _Probe(
        "no dangerous system calls",
        f"{len(FORBIDDEN_CALLS.split())} that are not on the list",
        FILTER,
        lambda bench: bench.call("calls", _forbidden_calls()),
    ),
    _Probe(
        "nothing on this machine is its own",
        "the owner of what it sees",
        NAMESPACES,
        _Bench.owned,
        applies=outer.guest,
    ),
    _Probe("nothing of this machine's environment", "each variable", OURS, _Bench.environment),
    _Probe(
        "no open file but its channel", "256 numbers of files", OURS, lambda bench: bench.call("descriptors")
    ),
    _Probe(
        "memory has a limit",
        "a mapping larger than it",
        KERNEL,
        lambda bench: bench.call("memory", limits.SANDBOX.memory + limits.MEGABYTE),
    ),
    _Probe(
        "files have a limit",
        "a byte beyond it",
        KERNEL,
        lambda bench: bench.call("file_size", limits.SANDBOX.file_size),
    ),
    _Probe(
        "scratch space has a limit",
        "to fill all scratch folders",
        KERNEL,
        lambda bench: bench.call("scratch", limits.SANDBOX.scratch, PIECE, SCRATCH),
    ),
    _Probe(
        "the number of files has a limit",
        f"{limits.SANDBOX.scratch_files + 1} empty ones",
        KERNEL,
        lambda bench: bench.call("files", limits.SANDBOX.scratch_files, SCRATCH),
    ),
    _Probe(
        "open files have a limit",
        "one more",
        KERNEL,
        lambda bench: bench.call("open_files", limits.SANDBOX.open_files),
    ),
    _Probe(
        "threads have a limit",
        "one more",
        "the kernel does not hold it here (before 5.14 it counts all that its user runs): use a newer one",
        lambda bench: bench.call("threads", FEW_THREADS, limits.SANDBOX.threads),
    ),
    _Probe(
        "limits of the kernel stay",
        "to raise each: processor time, stack, queues",
        KERNEL,
        lambda bench: bench.call("kernel_limits", _kernel_limits()),
    ),
    _Probe(
        "one core, and no say about it",
        "to take another, and precedence",
        KERNEL,
        lambda bench: bench.call("cores"),
    ),
    _Probe("a cell's output is cut", "too much text, too many pictures", OURS, _Bench.outputs),
    _Probe("replies have limits", "a header, tensor, integer, nesting beyond", OURS, _Bench.forged),
    _Probe("a reply's length has a limit", "to announce a longer one", OURS, _Bench.flooded),
    _Probe(
        "a call's time has a limit", f"a call of {LONG:g} s with {SHORT:g} s to go", OURS, _Bench.call_time
    ),
    _Probe(
        "a cell's time has a limit", f"a cell of {LONG:g} s with {SHORT:g} s to go", OURS, _Bench.cell_time
    ),
    _Probe("a submission's time has a limit", f"two cells with {SHORT:g} s to go", OURS, _Bench.all_time),
)


def run(course: Course, worker: Forks) -> list[Finding]:
    """Try everything in fresh processes of this worker.

    Raises :class:`InfrastructureFault` when there are none.
    """
    findings = []
    with _Hasty(worker, [ATTEMPTS.read_text(encoding="utf-8"), LOUD], rig=None, seed=0) as player:
        player.start()
        bench = _Bench(course, worker, player)
        for probe in PROBES:
            if not probe.applies():
                continue
            try:
                problem = probe.ask(bench)
            except StudentFault as fault:
                problem = f"the probe did not get through: {fault}"
            findings.append(Finding(probe.name, probe.tried, problem, probe.mend, probe.note()))
    return findings


def demand(course: Course, worker: Forks) -> None:
    """Raise :class:`InfrastructureFault` unless every probe is held off. Notes are logged as warnings."""
    findings = run(course, worker)
    problems = [finding for finding in findings if finding.problem]
    if problems:
        told = "; ".join(f"{finding.name}: {finding.told}" for finding in problems)
        raise InfrastructureFault(f"the sandbox does not hold, so nothing is graded. {told}")
    for finding in findings:
        if finding.note:
            logging.getLogger(__name__).warning("%s: %s", finding.name, finding.note)


def start(course: Course) -> Worker:
    """A worker whose sandbox was seen to hold."""
    worker = Worker(course)
    try:
        demand(course, worker)
    except BaseException:
        worker.close()
        raise
    return worker
