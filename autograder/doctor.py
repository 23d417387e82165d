"""Can this machine grade, and is it safe? What grading needs, what is good to have, and how to mend the rest.

Every row is looked at afresh. Nothing is changed, but for a sandbox that is started and ended.
"""

import os
import platform
import pwd
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder import limits
from autograder.course import Course
from autograder.faults import InfrastructureFault

NEEDED, TRIED, GOOD = "Needed", "The sandbox, tried out", "Good to have"
PROC_SYS = Path("/proc/sys")
PYTHON = (3, 11)
KERNEL = (5, 4)
"""The first Linux that a process can be held by a handle in, and that is still cared for."""
BUBBLEWRAP = (0, 5, 0)
"""The first that can clear the environment."""
DISK = 500 * limits.MEGABYTE
WORKER = 600 * limits.MEGABYTE
"""What the grader and the warm worker hold."""
SWITCHES = {
    "kernel.unprivileged_userns_clone": (lambda value: value == 0, "1"),
    "kernel.apparmor_restrict_unprivileged_userns": (lambda value: value != 0, "0"),
    "user.max_user_namespaces": (lambda value: value < 100, "10000"),
}
"""Settings of the kernel that may forbid namespaces: when they do, and the value that does not."""


@dataclass(frozen=True)
class Row:
    """One line: what was looked at, whether it is as it should be, and what was found or is to be done."""

    what: str
    holds: bool
    told: str
    group: str = NEEDED


def look(course: Course) -> list[Row]:
    """Look at everything, and try the sandbox."""
    rows = [_python(), _kernel(), _bubblewrap(), _namespaces(), _seccomp()]
    rows += [_disk(course), *_folder(course), *_databases(course), *_released(course)]
    rows += [_landlock(), _user(), _workers(), *_private(course)]
    return rows + list(_sandbox(course))


def _python():
    holds = sys.version_info >= PYTHON
    more = "" if holds else f": {'.'.join(map(str, PYTHON))} or newer is needed"
    return Row("Python", holds, platform.python_version() + more)


def _kernel():
    numbers = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
    told = f"{platform.system()} {platform.release()} on {platform.machine()}"
    holds = sys.platform == "linux" and numbers >= KERNEL
    return Row("the kernel", holds, told if holds else f"{told}: Linux {KERNEL[0]}.{KERNEL[1]} is needed")


def _bubblewrap():
    path = shutil.which("bwrap")
    if path is None:
        told = "missing. On Debian and Ubuntu: sudo apt-get install bubblewrap"
        return Row("bubblewrap", False, told)
    told = _said([path, "--version"])[1]
    numbers = tuple(map(int, re.findall(r"\d+", told)))
    if numbers < BUBBLEWRAP:
        return Row("bubblewrap", False, f"{told}: {'.'.join(map(str, BUBBLEWRAP))} or newer is needed")
    return Row("bubblewrap", True, told)


def _namespaces():
    """Whether a namespace can be made, by making one; if not, which setting may be why."""
    from autograder.sandbox.outer import guest

    path = shutil.which("bwrap")
    if path is None:
        return Row("namespaces", False, "cannot be tried without bubblewrap")
    user = [] if guest() else ["--unshare-user"]
    made, told = _said(
        [path, "--unshare-pid", "--unshare-ipc", "--unshare-net", *user, "--ro-bind", "/", "/", "true"]
    )
    if made:
        return Row("namespaces", True, "this user can make them")
    mend = [f"sudo sysctl -w {name}={value}" for name, value in _forbidding()]
    mend = mend or ["in a container: run it with --privileged, or grade on the machine itself"]
    return Row("namespaces", False, f"{told or 'refused'}. Try: {'; '.join(mend)}")


def _forbidding() -> Iterator[tuple[str, str]]:
    """The settings that are as they should not be, with the value they should have."""
    for name, (forbids, value) in SWITCHES.items():
        try:
            found = int(PROC_SYS.joinpath(*name.split(".")).read_text())
        except (OSError, ValueError):  # this kernel has no such setting
            continue
        if forbids(found):
            yield name, value


def _seccomp():
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, RuntimeError) as error:
        told = f"{error}. Run: make course; on Debian and Ubuntu: sudo apt-get install libseccomp2"
        return Row("seccomp", False, told)
    try:
        actions = (PROC_SYS / "kernel/seccomp/actions_avail").read_text().split()
    except OSError:
        actions = []
    if "kill_process" not in actions:
        return Row("seccomp", False, "this kernel has no filters of system calls (CONFIG_SECCOMP_FILTER)")
    return Row("seccomp", True, "this kernel filters system calls")


def _disk(course):
    free = shutil.disk_usage(_nearest(course.root)).free
    told = f"{_size(free)} free for {course.root}"
    return Row("disk", free >= DISK, told if free >= DISK else f"{told}: {_size(DISK)} are needed")


def _folder(course):
    root, seed = course.root, course.root / "secret_seed"
    if not root.is_dir():
        yield Row("the course's folder", True, f"{root} is not there yet; it is made when it is needed")
        return
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        yield Row("the course's folder", False, f"{root} cannot be written by this user, who is to grade")
    elif root.stat().st_mode & stat.S_IWOTH:
        yield Row("the course's folder", False, f"others can change it. Run: chmod o-w '{root}'")
    else:
        yield Row("the course's folder", True, str(root))
    if not seed.exists():
        yield Row("the secret seed", True, "not there yet; it is made when it is needed")
    elif seed.stat().st_mode & 0o077:
        told = (
            f"others can read it, and so foresee all inputs. Run: chmod 600 '{seed}'. "
            "If somebody may have read it, remove it: all is graded anew, with another"
        )
        yield Row("the secret seed", False, told)
    elif not os.access(seed, os.R_OK):
        yield Row("the secret seed", False, f"this user cannot read {seed}, which belongs to another")
    else:
        yield Row("the secret seed", True, "readable by its owner alone")


def _databases(course):
    for what, path in (("the gradebook", course.root / "gradebook.db"), ("the ledger", course.ledger)):
        if not path.exists():
            yield Row(what, True, "not there yet; it is made when it is needed")
            continue
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
                (found,) = database.execute("pragma quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found.splitlines()[-1])
            yield Row(what, True, f"readable, {_size(path.stat().st_size)}")
        except sqlite3.Error as error:
            yield Row(what, False, f"{path} cannot be read: {error}. Put back a copy of it")


def _released(course):
    for name in course.assignments():
        path = course.released(name)
        told = str(path) if path.is_file() else f"not yet. Run: python -m autograder release {name}"
        yield Row(f"'{name}' is released", path.is_file(), told)


def _landlock():
    from autograder.sandbox import landlock

    abi = landlock.version()
    if not abi:
        told = (
            "this kernel has none, and the other layers stand without it. "
            "Linux has it from 5.13 on; it may have to be named at boot (lsm=landlock,...)"
        )
        return Row("Landlock", False, told, GOOD)
    more = [words for first, words in ((4, "TCP"), (6, "signals")) if abi >= first]
    return Row("Landlock", True, f"ABI {abi}: holds {', '.join(['files', *more])}", GOOD)


def _user():
    from autograder.sandbox import outer

    if outer.guest():
        told = f"root; students' code runs as user {outer.NOBODY}, to whom nothing on this machine belongs"
        return Row("you are", True, told, GOOD)
    if os.geteuid() == 0:
        told = f"root without a user {outer.NOBODY} (see /proc/self/uid_map): grade as an ordinary user"
        return Row("you are", False, told, GOOD)
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = f"number {os.geteuid()}"
    told = f"the user {name}; students' code runs with your number, and sees none of your files"
    return Row("you are", True, told, GOOD)


def _workers():
    """How many submissions at once: one a core, and memory for each at its limit."""
    cores = len(os.sched_getaffinity(0))
    memory = _memory()
    each = limits.SANDBOX.memory + limits.SANDBOX.scratch
    most = max(0, (memory - WORKER) // each)
    told = f"{cores} cores, {_size(memory)} of memory left: "
    if most < cores:
        told += f"{_size(each * cores + WORKER)} are used if {cores} submissions take all they may. "
        told += f"Grade with {max(most, 1)} at a time" if most else "Close other programs first"
        return Row("cores and memory", False, told, GOOD)
    return Row("cores and memory", True, f"{told}{cores} submissions at a time", GOOD)


def _memory():
    """Bytes that can be had now: of the machine, or of the container when it has less."""
    rows = Path("/proc/meminfo").read_text().splitlines()
    found = [int(row.split()[1]) * 1024 for row in rows if row.startswith("MemAvailable:")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            found.append(int(Path("/sys/fs/cgroup", name).read_text()))
        except (OSError, ValueError):  # no such control group, or "max"
            continue
    return min(found)


def _private(course):
    if course.root.is_dir():
        open_to_all = course.root.stat().st_mode & stat.S_IXOTH
        told = f"others on this machine can read submissions and grades. Run: chmod o-rwx '{course.root}'"
        yield Row("the course is private", not open_to_all, told if open_to_all else "to its owner", GOOD)


def _sandbox(course):
    try:
        from autograder.sandbox import probe
        from autograder.sandbox.server import Worker
    except (ImportError, RuntimeError) as error:
        yield Row("the sandbox's packages", False, f"{error}. Run: make course", TRIED)
        return
    begun = time.monotonic()
    try:
        with Worker(course) as worker:
            yield Row("the sandbox starts", True, f"in {time.monotonic() - begun:.1f} s", TRIED)
            for finding in probe.run(course, worker):
                yield Row(f"sandbox: {finding.name}", not finding.problem, finding.told, TRIED)
    except InfrastructureFault as fault:
        yield Row("the sandbox starts", False, str(fault), TRIED)


def _said(command):
    """Whether a command ended well, and its last words."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    words = (done.stdout + done.stderr).strip().splitlines()
    return done.returncode == 0, words[-1] if words else ""


def _nearest(path):
    """The folder, or the nearest above it that is there."""
    return next(folder for folder in (path.resolve(), *path.resolve().parents) if folder.is_dir())


def _size(number):
    for unit, most in (("GB", 1024**3), ("MB", 1024**2)):
        if number >= most:
            return f"{number / most:.1f} {unit}"
    return f"{number / 1024:.0f} kB"


def show(rows: list[Row], console: Console) -> bool:
    """Print the rows by group; whether all that is needed is there."""
    console.print("[bold]Can this machine grade?[/bold]")
    for group in (NEEDED, TRIED, GOOD):
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2)
        table.add_column(overflow="fold")
        for row in rows:
            if row.group == group:
                mark = "[green]ok[/green]" if row.holds else "[red]NO[/red]"
                if group == GOOD and not row.holds:
                    mark = "[yellow]no[/yellow]"
                what = escape(row.what.removeprefix("sandbox: "))
                table.add_row(mark, f"[bold]{what}[/bold]: {escape(row.told)}")
        console.print(f"\n[bold]{group}[/bold]")
        console.print(table)
    well = all(row.holds for row in rows if row.group != GOOD)
    console.print("\nIt can." if well else "\nNot yet: mend what says NO.")
    return well
