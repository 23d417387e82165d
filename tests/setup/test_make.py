"""The targets that the README and the issue trackers of other people rely on."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from autograder.course import Course

ROOT = Path(__file__).resolve().parents[2]
TARGETS = (
    "course test env assets site serve release sample-class grade feedback export doctor experiments lock"
)


@pytest.mark.parametrize("target", TARGETS.split())
def test_the_target_exists(target):
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_lists_every_target():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"\.PHONY: (.*?)\n\n", makefile, re.DOTALL).group(1).replace("\\", " ").split()
    missing = [target for target in phony if f"make {target} " not in said]
    assert not missing, f"`make help` does not list: {missing}"


def test_ci_calls_the_readmes_own_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("make course", "make test"):
        assert command in readme
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_lock_names_every_package_that_was_asked_for():
    def names(file):
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        found = (re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line) for line in lines)
        return {match.group().lower().replace("_", "-") for match in found if match}

    missing = names("requirements.in") - names("requirements.txt") - {"pip-tools"}
    assert not missing, f"run `make lock`: {missing}"


def test_the_lock_pins_every_package():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    loose = [line for line in lines if line and line[0] not in " #-" and "==" not in line]
    assert not loose


def test_clean_keeps_grades_and_data(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("assets/a", "course/gradebook.db", "html/index.html"):
        (tmp_path / "_build" / name).parent.mkdir(parents=True)
        (tmp_path / "_build" / name).touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True)
    assert sorted(path.name for path in (tmp_path / "_build").iterdir()) == ["assets", "course"]


def test_a_class_of_ones_own_is_not_that_of_make(monkeypatch, tmp_path):
    monkeypatch.setenv("TRANSFER_LEARNING_COURSE", str(tmp_path))
    assert Course.here().root == tmp_path
    monkeypatch.setenv("TRANSFER_LEARNING_COURSE", "")
    assert Course.here().root == ROOT / "_build" / "course"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (kept,) = re.findall(r"^(.*):.*\n\texport TRANSFER_LEARNING_COURSE :=$", makefile, re.MULTILINE)
    assert {"course", "sample-class", "grade", "test"} <= set(kept.split())
    assert not {"formgrader", "doctor"} & set(kept.split())
