"""What the doctor says: each row can be wrong, says what to do then, and fits the terminal."""

import dataclasses
import io
import os
import platform
import shutil
from collections import namedtuple

import pytest
from rich.console import Console
from tiny_course import make_course

from autograder import doctor, limits
from autograder.faults import InfrastructureFault
from autograder.sandbox import landlock, outer, probe, server


@pytest.fixture
def own(tmp_path):
    """A course with a folder, a seed, a gradebook and a released notebook, all as they should be."""
    course = make_course(tmp_path)
    course.released("tiny").parent.mkdir(parents=True)
    course.released("tiny").write_text("{}")
    course.root.chmod(0o700)
    seed = course.root / "secret_seed"
    seed.write_text("0" * 64)
    seed.chmod(0o600)
    return course


@pytest.fixture
def no_sandbox(monkeypatch):
    """Leave out what takes seconds."""
    monkeypatch.setattr(doctor, "_sandbox", lambda course: iter(()))


def row(course, what):
    (found,) = [row for row in doctor.look(course) if row.what == what]
    return found


def told(rows, width=80):
    console = Console(file=io.StringIO(), width=width)
    well = doctor.show(rows, console)
    return well, console.file.getvalue()


def fake_bubblewrap(folder, monkeypatch, version="0.8.0", ends="echo 'bwrap: No permissions' >&2; exit 1"):
    script = folder / "bwrap"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "bubblewrap {version}" && exit\n{ends}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_all_is_well(own):
    rows = doctor.look(own)
    assert [row for row in rows if not row.holds] == []
    assert {row.group for row in rows} == {doctor.NEEDED, doctor.TRIED, doctor.GOOD}
    well, text = told(rows)
    assert well and "It can." in text and "NO" not in text
    assert sum(row.what.startswith("sandbox: ") for row in rows) == len(probe.PROBES) - (not outer.guest())


def test_python(own, no_sandbox, monkeypatch):
    monkeypatch.setattr(doctor, "PYTHON", (4, 0))
    assert not row(own, "Python").holds and "4.0 or newer" in row(own, "Python").told


@pytest.mark.parametrize(("release", "holds"), [("5.3.18-generic", False), ("5.10.0", True), ("10.0", True)])
def test_kernel(own, no_sandbox, monkeypatch, release, holds):
    monkeypatch.setattr(platform, "release", lambda: release)
    assert row(own, "the kernel").holds == holds


@pytest.mark.parametrize(("version", "holds"), [("0.4.1", False), ("0.5.0", True), ("0.11.0", True)])
def test_bubblewrap(own, no_sandbox, monkeypatch, tmp_path, version, holds):
    fake_bubblewrap(tmp_path, monkeypatch, version)
    assert row(own, "bubblewrap").holds == holds


def test_namespaces(own, no_sandbox, monkeypatch, tmp_path):
    fake_bubblewrap(tmp_path, monkeypatch)
    settings = tmp_path / "sys"
    for name, value in (
        ("kernel/unprivileged_userns_clone", 0),
        ("kernel/apparmor_restrict_unprivileged_userns", 1),
        ("user/max_user_namespaces", 0),
    ):
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(f"{value}\n")
    monkeypatch.setattr(doctor, "PROC_SYS", settings)
    found = row(own, "namespaces")
    assert not found.holds and "bwrap: No permissions" in found.told
    for mend in (
        "kernel.unprivileged_userns_clone=1",
        "kernel.apparmor_restrict_unprivileged_userns=0",
        "user.max_user_namespaces=10000",
    ):
        assert f"sudo sysctl -w {mend}" in found.told
    shutil.rmtree(settings)
    assert "--privileged" in row(own, "namespaces").told, "no setting forbids it: it is the container"
    assert not row(own, "seccomp").holds, "and the same kernel says nothing of filters"


def test_disk(own, no_sandbox, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, doctor.DISK - 1))
    assert not row(own, "disk").holds


def test_folder_that_others_can_change(own, no_sandbox):
    own.root.chmod(0o707)
    assert not row(own, "the course's folder").holds and "chmod o-w" in row(own, "the course's folder").told
    own.root.chmod(0o705)
    assert row(own, "the course's folder").holds
    private = row(own, "the course is private")
    assert not private.holds and private.group == doctor.GOOD and "chmod o-rwx" in private.told
    assert told(doctor.look(own))[0], "good to have is not needed"


def test_seed_that_others_can_read(own, no_sandbox):
    (own.root / "secret_seed").chmod(0o640)
    assert not row(own, "the secret seed").holds and "chmod 600" in row(own, "the secret seed").told
    assert not told(doctor.look(own))[0]
    (own.root / "secret_seed").unlink()
    assert row(own, "the secret seed").holds, "it will be made"


@pytest.mark.parametrize(("what", "name"), [("the gradebook", "gradebook.db"), ("the ledger", "ledger.db")])
def test_database(own, no_sandbox, what, name):
    assert row(own, what).holds
    (own.root / name).write_bytes(b"no database at all" * 1000)
    assert not row(own, what).holds and "cannot be read" in row(own, what).told


def test_released(own, no_sandbox):
    own.released("tiny").unlink()
    assert "python -m autograder release tiny" in row(own, "'tiny' is released").told
    assert not told(doctor.look(own))[0]


def test_no_landlock(own, no_sandbox, monkeypatch):
    monkeypatch.setattr(landlock, "version", lambda: 0)
    found = row(own, "Landlock")
    assert not found.holds and "5.13" in found.told
    assert told(doctor.look(own))[0]


def test_who_grades(own, no_sandbox, monkeypatch):
    monkeypatch.setattr(outer, "guest", lambda: True)
    assert "nothing on this machine belongs" in row(own, "you are").told
    monkeypatch.setattr(outer, "guest", lambda: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not row(own, "you are").holds
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert row(own, "you are").holds and "number 54321" in row(own, "you are").told


def test_little_memory(own, no_sandbox, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3})
    each = limits.SANDBOX.memory + limits.SANDBOX.scratch
    for most, words in ((0, "Close other programs"), (3, "Grade with 3 at a time"), (4, "4 submissions")):
        monkeypatch.setattr(doctor, "_memory", lambda most=most: doctor.WORKER + most * each)
        found = row(own, "cores and memory")
        assert found.holds == (most == 4) and words in found.told


def test_failed_probe_is_told_with_what_to_do(own, monkeypatch):
    finding = probe.Finding("no network", "sockets", "<socket fd=3>", "let seccomp filters through")
    worker = dataclasses.make_dataclass("Worker", [])
    worker.__enter__ = worker.__exit__ = lambda *_: None
    monkeypatch.setattr(server, "Worker", lambda course: worker())
    monkeypatch.setattr(probe, "run", lambda course, worker: [finding])
    well, text = told(doctor.look(own))
    assert not well and "NO no network: <socket fd=3>. What to do: let seccomp" in text
    assert "Not yet: mend what says NO." in text


def test_sandbox_that_does_not_start(own, monkeypatch):
    def refuse(self, course, wait=True):
        raise InfrastructureFault(server.NAMESPACE_HELP)

    monkeypatch.setattr(server.Worker, "__init__", refuse)
    well, text = told(doctor.look(own))
    assert not well and "sysctl -w kernel.unprivileged_userns_clone=1" in " ".join(text.split())


@pytest.mark.parametrize("width", [80, 120])
def test_fits_the_terminal(own, no_sandbox, width):
    odd = doctor.Row("a name [with] brackets", False, "/a/[very]/" + "xyzzy" * 60, doctor.GOOD)
    _, text = told([*doctor.look(own), odd], width)
    assert max(map(len, text.splitlines())) <= width
    together = "".join(text.split())
    assert "[with]brackets:/a/[very]/" in together and together.count("xyzzy") == 60
