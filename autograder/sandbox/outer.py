"""The outer wall: a bubblewrap without network, with a read-only view of Python and what notebooks import.

Nothing of the course is inside: no solutions, no suites, no submissions, no gradebook, no seed.
"""

import os
import shutil
import site
import stat
import sys
from pathlib import Path

from autograder.course import REPOSITORY, Course
from autograder.faults import InfrastructureFault

INSIDE = Path("/course")  # where the sandbox finds the few files of this package that run inside it
HOME = Path("/home/student")
ASSETS = Path("/assets")
ENVIRONMENT_FOLDER = Path("/environment")  # a clone may lie under /tmp, where the sandbox has scratch
PACKAGE = Path(__file__).resolve().parent.parent
OWN_FILES = ("limits.py", "wire.py", "session.py")
SANDBOX_FILES = (
    *("__init__.py", "channel.py", "kernel.py", "landlock.py", "syscalls.py", "cores.py"),
    *("worker.py", "child.py", "cells.py"),
)
SYSTEM_LINKS = ("bin", "sbin", "lib", "lib64")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/sys/devices/system/cpu")
USER = 1000
NOBODY = 65533  # who a student's process is on this machine when root grades: no account has this number

ENVIRONMENT = {
    "HOME": str(HOME),
    "USER": "student",
    "LOGNAME": "student",
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONPATH": str(INSIDE),
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "IPYTHONDIR": "/tmp/ipython",
    "OMP_NUM_THREADS": "1",  # more than one hangs after a fork
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    # What scikit-learn sets when it is imported, so that it is not taken for a leak.
    "KMP_DUPLICATE_LIB_OK": "True",
    "KMP_INIT_AT_FORK": "FALSE",
    "TRANSFER_LEARNING_ASSETS": str(ASSETS),
}
KEPT = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)  # where the machine sets them, numpy is wrong or slow without


def command(course: Course, control: int) -> list[str]:
    """The command line that starts a worker; ``control`` is the number of its control socket."""
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise InfrastructureFault(
            "bubblewrap, which keeps students' code away from this machine, is not installed. "
            "On Debian and Ubuntu: sudo apt-get install bubblewrap"
        )
    line = [
        *(bubblewrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        *("--unshare-cgroup-try", "--die-with-parent", "--new-session", "--hostname", "sandbox"),
        *("--clearenv", "--cap-drop", "ALL"),
    ]
    if guest():
        _demand_readable(course)
        launch = (sys.executable, "-I", "-S", str(PACKAGE / "sandbox" / "launch.py"), str(NOBODY), str(USER))
        line = [*launch, *line]
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):  # the worker's, to make and to end guests
            line += ["--cap-add", capability]
    else:
        line += ["--unshare-user", "--uid", str(USER), "--gid", str(USER)]
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    for name, value in {**ENVIRONMENT, **kept}.items():
        line += ["--setenv", name, value]
    places = {
        *map(Path, SYSTEM_FILES),
        *_python_folders(),
        INSIDE / "autograder" / "sandbox" / "worker.py",
        HOME,
    }
    for above in sorted({above for place in places for above in place.parents[:-1]}):
        line += ["--dir", str(above)]  # what bubblewrap makes on its way to a mount is closed to the guest
    line += ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for name in SYSTEM_LINKS:
        path = Path("/") / name
        if path.is_symlink():
            line += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            line += ["--ro-bind", str(path), str(path)]
    for path in SYSTEM_FILES:
        line += ["--ro-bind-try", path, path]
    python = Path(sys.executable)
    if sys.prefix != sys.base_prefix:
        line += ["--ro-bind", sys.prefix, str(ENVIRONMENT_FOLDER)]
        python = ENVIRONMENT_FOLDER / python.relative_to(sys.prefix)
    for path in _python_folders():
        line += ["--ro-bind", str(path), str(path)]
    line += _own_files()
    if course.assets.is_dir():
        line += ["--ro-bind", str(course.assets), str(ASSETS)]
    line += ["--tmpfs", str(HOME), "--chdir", str(HOME), "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*line, str(python), "-B", "-P", "-m", "autograder.sandbox.worker", str(control)]


def guest() -> bool:
    """Whether students' processes get a user of their own: the grader is root, and this machine has one."""
    if os.geteuid() != 0:
        return False
    rows = [list(map(int, row.split())) for row in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(first <= NOBODY < first + count for first, _, count in rows)


def _demand_readable(course):
    """Raise when the sandbox's user could not read what notebooks import.

    Looks at the top folders only, where a umask or a private home shows.
    """
    tops = [
        Path(sys.prefix),
        *_python_folders(),
        REPOSITORY / "transfer_learning",
        PACKAGE / "sandbox",
        PACKAGE,
    ]
    tops += [Path(place) for place in site.getsitepackages()]
    tops += [course.assets] if course.assets.is_dir() else []
    for top in tops:
        for path in (top, *top.iterdir()):
            mode = path.stat().st_mode if path.exists() else 0o777
            if not mode & stat.S_IROTH or (stat.S_ISDIR(mode) and not mode & stat.S_IXOTH):
                raise InfrastructureFault(
                    f"students' code runs as a user of its own, who cannot read {path}. "
                    f"Let others read it (chmod -R o+rX '{top}'), or grade as an ordinary user"
                )


def _python_folders():
    """The Python under the environment, unless /usr holds it already."""
    folders = {Path(sys.base_prefix), Path(sys.base_prefix).resolve()}
    return sorted(folder for folder in folders if not folder.is_relative_to("/usr"))


def _own_files():
    line = ["--ro-bind", str(REPOSITORY / "transfer_learning"), str(INSIDE / "transfer_learning")]
    inside = INSIDE / "autograder"
    line += ["--ro-bind", str(PACKAGE / "sandbox" / "stub.py"), str(inside / "__init__.py")]
    for name in OWN_FILES:
        line += ["--ro-bind", str(PACKAGE / name), str(inside / name)]
    for name in SANDBOX_FILES:
        line += ["--ro-bind", str(PACKAGE / "sandbox" / name), str(inside / "sandbox" / name)]
    return line
