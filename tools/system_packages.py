"""Install the system packages that a goal needs, or print the one line that would.

    python3 tools/system_packages.py GOAL       GOAL is site, course or test

The packages are listed in apt.txt. They are installed through apt where we are root or sudo asks for no
password. This file runs before the environment exists: standard library only, and any Python 3.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "apt.txt"

# Which groups of apt.txt a goal cannot do without, and which it can.
NEEDED = {"site": [], "course": ["grade"], "test": ["grade", "test"]}
WANTED = {"site": ["photos"], "course": ["photos"], "test": ["photos"]}


def has_venv():
    """Whether this Python can make virtual environments."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def needed_groups(goal):
    """The groups of apt.txt that the goal cannot do without on this machine."""
    return NEEDED[goal] + ([] if has_venv() else ["venv"])


def read_groups(path=LIST):
    """The packages of each group of apt.txt, as {group: {package: command or None}}."""
    groups = {}
    name = None
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        text = line.split("#")[0].strip()
        if not text:
            continue
        if text.startswith("[") and text.endswith("]"):
            name = text[1:-1]
            groups[name] = {}
        elif name is None:
            raise ValueError(f"{path}, line {number}: '{text}' stands before the first [group]")
        else:
            package, *command = text.split()
            groups[name][package] = command[0] if command else None
    return groups


def has_apt():
    """Whether Debian's package tools are here."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-query") is not None


def installed(package):
    """Whether dpkg knows the package as installed."""
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() == "installed"


def missing(group_names, groups=None):
    """The packages of these groups that are not here.

    A package whose command is on the path is here. Without apt, a package that has no command (a font, say)
    cannot be looked for, and is not counted.
    """
    groups = read_groups() if groups is None else groups
    found = []
    for group in group_names:
        for package, command in groups[group].items():
            here = command is not None and shutil.which(command) is not None
            known = installed(package) if has_apt() else command is None
            if not (here or known):
                found.append(package)
    return found


def privilege():
    """What goes before apt-get: [] for root, ["sudo", "-n"] where it asks for no password, else None."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        probe = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if probe.returncode == 0:
            return ["sudo", "-n"]
    return None


def command_line(packages):
    """The line a person would type."""
    return "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(packages)


def install(packages, prefix):
    """Install through apt; False when apt says no."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    keep = ["env", "DEBIAN_FRONTEND=noninteractive"] if prefix else []
    for arguments in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", *packages]):
        done = subprocess.run([*prefix, *keep, "apt-get", *arguments], env=environment, check=False)
        if done.returncode != 0:
            print(
                f"apt-get {arguments[0]} failed (exit code {done.returncode}); its own words are above.",
                file=sys.stderr,
            )
            return False
    return True


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in NEEDED:
        print(__doc__, file=sys.stderr)
        return 2
    goal = arguments[0]
    groups = read_groups()
    needed, wanted = missing(needed_groups(goal), groups), missing(WANTED[goal], groups)
    if not needed and not wanted:
        return 0
    if has_apt():
        prefix = privilege()
        if prefix is None:
            print(
                "System packages are missing. To install them, run:\n\n    "
                + command_line(needed + wanted)
                + "\n"
            )
        else:
            print("Installing system packages: " + " ".join(needed + wanted), flush=True)
            if install(needed + wanted, prefix):
                needed = []
    elif needed:
        print("Missing here, and there is no apt to install them with: " + " ".join(needed))
    if needed:
        print(f"'make {goal}' cannot go on without: " + " ".join(needed), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
