"""Say, before anything long starts, what this machine lacks for a goal, and how to mend it.

    python3 tools/preflight.py GOAL             GOAL is site, course or test

Prints nothing and exits 0 when all is well. Standard library only, and any Python 3, since it runs first.
"""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import system_packages

ROOT = system_packages.ROOT

OLDEST, NEWEST = (3, 11), (3, 13)  # the lock was made and tested with 3.11
GIGABYTE = 1024**3
SPACE_FRESH = 10 * GIGABYTE  # environment 2.5 (8 where torch comes with CUDA), assets, browser
SPACE_INSTALLED = 1 * GIGABYTE


def python_problem(version):
    """What is wrong with this Python, or None."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    found = ".".join(str(part) for part in version[:3])
    return (
        f"This is Python {found}; the course needs Python 3.11 (3.12 and 3.13 are let through). "
        "Install it and name it: make PYTHON=python3.11 ..."
    )


def space_problem(free, installed):
    """What is wrong with the free space (bytes), or None."""
    needed = SPACE_INSTALLED if installed else SPACE_FRESH
    if free >= needed:
        return None
    return (
        f"Only {free / GIGABYTE:.1f} GB are free in {ROOT}; setting up needs {needed / GIGABYTE:.0f} GB. "
        "Free some space, or clone the repository onto a larger disk."
    )


def tools_problem(goal, missing, apt, privilege):
    """What is wrong with the system packages that the goal cannot do without, or None."""
    if not missing:
        return None
    names = " ".join(missing)
    if not apt:
        return (
            f"'make {goal}' needs {names}, and there is no apt here to install it with. Install it another "
            "way, or only build and read the site, which does without: make site"
        )
    if privilege is None:
        return f"'make {goal}' needs {names}. Install with:  {system_packages.command_line(missing)}"
    return None


def problems(goal):
    """Every problem of this machine for the goal, as sentences."""
    installed = (ROOT / ".venv" / "installed").exists()
    missing = system_packages.missing(system_packages.needed_groups(goal))
    found = [
        python_problem(sys.version_info),
        space_problem(shutil.disk_usage(str(ROOT)).free, installed),
        tools_problem(goal, missing, system_packages.has_apt(), system_packages.privilege()),
    ]
    return [problem for problem in found if problem]


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in system_packages.NEEDED:
        print(__doc__, file=sys.stderr)
        return 2
    found = problems(arguments[0])
    for problem in found:
        print("Cannot start: " + problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
