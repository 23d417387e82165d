"""The probes: they hold here, each one can fail, and then nothing is graded."""

import dataclasses
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tiny_course import FIXTURE, make_course

from autograder import grading, limits, outputs, wire
from autograder.__main__ import main
from autograder.course import REPOSITORY
from autograder.faults import InfrastructureFault
from autograder.sandbox import channel, landlock, outer, probe
from autograder.sandbox import player as player_module
from autograder.sandbox.server import Worker

# In a copy of the sandbox, what stands in weak.py runs before a process confines itself.
HOOK = """

_strong = separate


def separate():
    exec(Path(__file__).with_name("weak.py").read_text(), globals())
    return _strong()
"""
NO_FILTER = "kernel.filter_calls = lambda program: None"


def larger(name):
    return (
        "import dataclasses\n"
        f"limits.SANDBOX = dataclasses.replace(limits.SANDBOX, {name}=4 * limits.SANDBOX.{name})"
    )


# What is left out of the confinement -> the probe that must see it.
WEAKNESSES = {
    "sockets are allowed": ("_filter = syscalls.program(syscalls.ALLOWED + ' socket')", "no network"),
    "no filter: programs": (NO_FILTER, "no new processes"),
    "no filter: calls": (NO_FILTER, "no dangerous system calls"),
    "no filter: core": (NO_FILTER, "one core, and no say about it"),
    "all cores": ("os.sched_setaffinity(0, range(os.cpu_count()))", "one core, and no say about it"),
    "no Landlock": ("landlock.restrict = lambda *_: 0", "no file beyond a list (Landlock)"),
    "the worker's processes": (
        "real = kernel.unshare\nkernel.unshare = lambda flags: real(flags & ~kernel.CLONE_NEWPID)",
        "no other process to see",
    ),
    "the worker's group": ("os.setsid = lambda: None", "no other process to signal"),
    "capabilities": (f"{NO_FILTER}\nkernel.drop_capabilities = lambda: None", "no privileges"),
    "a variable": ("os.environ['OF_THIS_MACHINE'] = '1'", "nothing of this machine's environment"),
    "the worker's descriptors": ("_only = lambda link: link", "no open file but its channel"),
    "memory": (larger("memory"), "memory has a limit"),
    "file size": (larger("file_size"), "files have a limit"),
    "scratch": (larger("scratch"), "scratch space has a limit"),
    "scratch files": (larger("scratch_files"), "the number of files has a limit"),
    "open files": (larger("open_files"), "open files have a limit"),
    "threads": (larger("threads"), "threads have a limit"),
    "no threads at all": (
        "import dataclasses\nlimits.SANDBOX = dataclasses.replace(limits.SANDBOX, threads=3)",
        "threads have a limit",
    ),
    "stack": (larger("stack"), "limits of the kernel stay"),
    "processor time": (larger("submission_seconds"), "limits of the kernel stay"),
    "text": (larger("cell_text"), "a cell's output is cut"),
    "pictures": (larger("cell_pictures"), "a cell's output is cut"),
    "it answers nothing": ("serve = lambda link, problem: channel.send(link, b'')", None),
}
if outer.guest():
    WEAKNESSES["root"] = ("kernel.become = lambda user: None", None)  # the kernel itself does not let that be
if not landlock.version():
    del WEAKNESSES["no Landlock"]


def sandbox_copy(folder, monkeypatch):
    """Let workers start from a copy of the sandbox; the file whose text weakens its processes."""
    package = folder / "package"
    shutil.copytree(outer.PACKAGE, package, ignore=shutil.ignore_patterns("suites", "__pycache__"))
    weak = package / "sandbox" / "weak.py"
    weak.write_text("")
    child = package / "sandbox" / "child.py"
    child.write_text(child.read_text(encoding="utf-8") + HOOK, encoding="utf-8")
    monkeypatch.setattr(outer, "PACKAGE", package)
    monkeypatch.setattr(outer, "SANDBOX_FILES", (*outer.SANDBOX_FILES, "weak.py"))
    return weak


@pytest.fixture(scope="module")
def weak(course, tmp_path_factory):
    """A worker, and the file whose text weakens the processes that it makes."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        text = sandbox_copy(tmp_path_factory.mktemp("weak"), monkeypatch)
        worker = Worker(course)
    with worker:
        yield worker, text


def problems(course, worker):
    return {finding.name: finding.problem for finding in probe.run(course, worker) if finding.problem}


def test_all_hold(course, worker):
    findings = probe.run(course, worker)
    assert not [finding for finding in findings if finding.problem]
    assert len({finding.name for finding in findings}) == len(findings) >= 25
    assert all(finding.told and finding.tried and finding.mend for finding in findings)


def test_all_hold_in_the_copy(course, weak):
    """So what the others of these tests see is the weakness, not the copy."""
    worker, text = weak
    text.write_text("")
    assert problems(course, worker) == {}


@pytest.mark.parametrize("name", WEAKNESSES)
def test_weakness_is_seen(course, weak, monkeypatch, name):
    worker, text = weak
    source, seen = WEAKNESSES[name]
    monkeypatch.setenv("OF_THIS_MACHINE", "1")
    text.write_text(source)
    if seen is not None:
        found = problems(course, worker)
        assert seen in found, found
    with pytest.raises(InfrastructureFault):
        probe.demand(course, worker)


def test_what_failed_is_told_with_what_to_do(course, weak):
    worker, text = weak
    text.write_text(larger("threads"))
    with pytest.raises(InfrastructureFault, match=r"nothing is graded.*threads.*257.*What to do: ") as caught:
        probe.demand(course, worker)
    assert "no network" not in str(caught.value)


def test_outer_wall(tmp_path, course, monkeypatch):
    """A file of accounts is visible, a folder can be written, root is nobody else: the probes see it."""
    strong = outer.command

    def command(*arguments):
        line = strong(*arguments)
        at = len(line) - 1 - line[::-1].index("--remount-ro")
        line[at : at + 2] = ["--ro-bind", "/etc/passwd", "/etc/passwd", "--chmod", "0777", "/"]
        if outer.guest():
            at = line.index("--cap-add")
            line[at:at] = ["--cap-add", "CAP_SETFCAP"]
        return line

    weaknesses = ["landlock.restrict = lambda *_: 0", "kernel.become = lambda user: None"]
    sandbox_copy(tmp_path, monkeypatch).write_text("\n".join(weaknesses))
    monkeypatch.setattr(outer, "command", command)
    with Worker(course) as worker:
        found = problems(course, worker)
    assert found["nothing of the course to see"] == "/etc/passwd"
    assert found["nothing to write but scratch"].startswith("/")
    assert not outer.guest() or "/usr" in found["nothing on this machine is its own"]


@pytest.mark.parametrize("cap", ["depth", "nodes", "integer_bits", "header"])
def test_lenient_wire_is_seen(course, worker, monkeypatch, cap):
    strict = wire.decode
    lenient = dataclasses.replace(limits.WIRE, **{cap: 2 * getattr(limits.WIRE, cap)})
    monkeypatch.setattr(wire, "decode", lambda message, find: strict(message, find, lenient))
    assert problems(course, worker).keys() == {"replies have limits"}


def test_kept_text_is_seen(course, worker, monkeypatch):
    monkeypatch.setattr(outputs, "checked", lambda shown: [outputs.stream("x" * 100)] * 1000)
    assert problems(course, worker).keys() == {"a cell's output is cut"}


def test_endless_message_is_seen(course, worker, monkeypatch):
    monkeypatch.setattr(limits, "SANDBOX", dataclasses.replace(limits.SANDBOX, call_seconds=1.0))
    monkeypatch.setattr(player_module, "MOST", 1 << 62)
    assert problems(course, worker).keys() == {"a reply's length has a limit"}


def test_clock_that_stands_is_seen(course, worker, monkeypatch):
    strict = channel.receive

    def receive(link, most, seconds=None):
        return strict(link, most, None if seconds is not None and seconds <= probe.SHORT else seconds)

    monkeypatch.setattr(channel, "receive", receive)
    assert problems(course, worker).keys() == {
        "a call's time has a limit",
        "a cell's time has a limit",
        "a submission's time has a limit",
    }


def test_without_landlock_it_is_noted(course, worker, monkeypatch, caplog):
    monkeypatch.setattr(landlock, "version", lambda: 0)
    probe.demand(course, worker)
    assert "no Landlock" in caplog.text


def test_nothing_is_graded_in_a_weak_sandbox(tmp_path, monkeypatch, capsys):
    course = make_course(tmp_path)
    assert main(["release"], course) == 0
    folder = course.root / "submitted" / "s001" / "tiny"
    folder.mkdir(parents=True)
    shutil.copy(course.released("tiny"), folder)
    sandbox_copy(tmp_path, monkeypatch).write_text(larger("scratch"))
    assert main(["grade"], course) == 1
    assert "scratch space has a limit" in capsys.readouterr().err
    monkeypatch.undo()
    assert grading.read(course, "tiny", "s001") is None
    assert main(["grade"], course) == 0, "and the same class is graded where the sandbox holds"
    assert grading.read(course, "tiny", "s001") is not None


AS_SOMEBODY = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from tiny_course import make_course
from autograder.sandbox import probe
course = make_course(Path({folder!r}))
with probe.start(course) as worker:
    for finding in probe.run(course, worker):
        print(finding.name, "|", finding.problem)
"""


def as_somebody():
    """A command line that runs another as an ordinary user, for whom this Python can be read."""
    line = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"]
    python = Path(sys.base_prefix).resolve()
    closed = [folder for folder in reversed(python.parents) if not folder.stat().st_mode & stat.S_IXOTH]
    if closed:  # a Python in root's own folder: what lies around it is left out
        view = ["bwrap", "--dev-bind", "/", "/", "--cap-add", "ALL", "--tmpfs", str(closed[0])]
        for above in reversed(python.parents):
            view += ["--dir", str(above)] if above.is_relative_to(closed[0]) else []
        line = [*view, "--chmod", "0755", str(closed[0]), "--ro-bind", str(python), str(python), *line]
    return line


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests of this file run as an ordinary user already")
def test_holds_for_an_ordinary_user():
    """The same probes, with the grader as an ordinary user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        source = AS_SOMEBODY.format(paths=[str(FIXTURE.parent), str(REPOSITORY)], folder=folder)
        done = subprocess.run(
            [*as_somebody(), sys.executable, "-B", "-c", source],
            env={"PATH": os.environ["PATH"], "HOME": folder},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(probe.PROBES) - 1, "all but the one about root's guest"
    assert all(line.endswith("| None") for line in lines), lines


@pytest.mark.skipif(not outer.guest(), reason="only where root grades does the code run as somebody else")
def test_environment_that_others_cannot_read_is_told(course, tmp_path, monkeypatch):
    secret = tmp_path / "assets"
    secret.mkdir()
    (secret / "weights.bin").touch(mode=0o600)
    with pytest.raises(InfrastructureFault, match=r"cannot read .*weights\.bin.*chmod"):
        outer.command(dataclasses.replace(course, assets=secret), 3)
