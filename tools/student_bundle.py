"""The zip that students get: all notebooks, and the course's library and checks as one wheel.

    make student-bundle   ->  _build/student-bundle.zip

The wheel holds ``transfer_learning`` and what a check needs of ``autograder``: no solution, no grading, no
class. The suites are in it, because a check runs them; at grading their numbers come from secret seeds.
"""

import calendar
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = ROOT / "_build" / "student-bundle.zip"
FOLDER = "transfer-learning"
CHECK_MODULES = ["__init__", "check", "course", "expect", "faults", "limits", "measure", "player", "reading"]
CHECK_MODULES += ["report", "session", "suite", "verdict", "wire"]
CANARY = re.compile(r"^.*canary-.*\n", re.MULTILINE | re.IGNORECASE)
EPOCH = (2020, 1, 1, 0, 0, 0)  # files carry no time, so that the same course gives the same zip


def main() -> None:
    """Build the bundle and say where it is."""
    path = build()
    print(f"{path}  ({path.stat().st_size / 1e6:.1f} MB)")


def build(target: Path = BUNDLE) -> Path:
    """Write the zip, whole or not at all. Returns its path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        wheel = build_wheel(Path(work))
        partial = Path(work) / "bundle.zip"
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for notebook in sorted((ROOT / "exercises").glob("*/*.ipynb")):
                add(archive, notebook.name, notebook.read_bytes())
            add(archive, wheel.name, wheel.read_bytes())
            for path in (ROOT / "exercises" / "README.md", ROOT / "LICENSE", ROOT / "LICENSE-CONTENT"):
                add(archive, path.name, path.read_bytes())
        partial.replace(target)
    return target


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put a file into the bundle's folder."""
    entry = zipfile.ZipInfo(f"{FOLDER}/{name}", EPOCH)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    archive.writestr(entry, content)


def build_wheel(work: Path) -> Path:
    """The wheel of the library and the checks, built from copies in ``work``. Returns its path."""
    tree = work / "package"
    copy(ROOT / "transfer_learning", tree / "transfer_learning")
    copy(ROOT / "autograder" / "suites", tree / "autograder" / "suites")
    for module in CHECK_MODULES:
        shutil.copy(ROOT / "autograder" / f"{module}.py", tree / "autograder")
    for file in (tree / "autograder").rglob("*.py"):
        file.write_text(CANARY.sub("", file.read_text(encoding="utf-8")), encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (tree / "pyproject.toml").write_text(
        PYPROJECT.format(
            name=project["name"],
            version=project["version"],
            python=project["requires-python"],
            dependencies="\n".join(f'    "{one}",' for one in project["dependencies"]),
        )
    )
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    fixed = {"SOURCE_DATE_EPOCH": str(calendar.timegm(EPOCH))}
    subprocess.run([*command, "--wheel-dir", str(work), str(tree)], check=True, env=os.environ | fixed)
    [wheel] = work.glob("*.whl")
    return wheel


def copy(source: Path, target: Path) -> None:
    """A folder of Python without what running it left behind."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "{version}"
description = "Transfer learning: the library and the checks of the exercises."
requires-python = "{python}"
license = "Apache-2.0"
dependencies = [
{dependencies}
]

[tool.setuptools.packages.find]
include = ["transfer_learning*", "autograder*"]

[tool.setuptools.package-data]
transfer_learning = ["**/*.toml", "**/*.json"]
"autograder.suites" = ["*/*.py"]
"""


if __name__ == "__main__":
    main()
