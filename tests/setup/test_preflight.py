"""What the first command says on a machine that is not ready."""

import os
import subprocess
import sys
from pathlib import Path

import preflight
import pytest
import system_packages

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("version", [(3, 9, 2), (3, 10, 13), (3, 15, 0), (2, 7, 18)])
def test_a_wrong_python_is_named_with_its_mend(version):
    problem = preflight.python_problem(version)
    assert ".".join(map(str, version)) in problem
    assert "make PYTHON=" in problem


def test_the_python_of_the_lock_is_right():
    assert preflight.python_problem((3, 11, 2)) is None


def test_a_python_without_venv_needs_debians_package(monkeypatch):
    monkeypatch.setattr(system_packages, "has_venv", lambda: False)
    assert "venv" in system_packages.needed_groups("site")
    monkeypatch.setattr(system_packages, "has_venv", lambda: True)
    assert "venv" not in system_packages.needed_groups("site")


def test_too_little_space_says_how_much_there_is_and_is_needed():
    problem = preflight.space_problem(2 * preflight.GIGABYTE, installed=False)
    assert "2.0 GB" in problem and "10 GB" in problem
    assert preflight.space_problem(2 * preflight.GIGABYTE, installed=True) is None


def test_without_apt_the_site_is_offered():
    problem = preflight.tools_problem("course", ["bubblewrap"], apt=False, privilege=None)
    assert "bubblewrap" in problem and "make site" in problem


def test_without_root_the_one_line_is_printed():
    problem = preflight.tools_problem("course", ["bubblewrap"], apt=True, privilege=None)
    assert "sudo apt-get install -y --no-install-recommends bubblewrap" in problem


def test_with_root_a_missing_package_is_no_problem():
    assert preflight.tools_problem("course", ["bubblewrap"], apt=True, privilege=[]) is None


def test_every_goal_names_groups_that_the_list_has():
    groups = system_packages.read_groups()
    for goal in system_packages.NEEDED:
        for group in system_packages.NEEDED[goal] + system_packages.WANTED[goal]:
            assert groups[group], f"{goal} needs the group [{group}] of apt.txt"


def test_a_tool_installed_another_way_is_not_missing(monkeypatch):
    groups = {"grade": {"bubblewrap": "bwrap"}, "test": {"fonts-noto-cjk": None}}
    monkeypatch.setattr(system_packages, "has_apt", lambda: False)
    monkeypatch.setattr(system_packages.shutil, "which", lambda command: "/usr/bin/" + command)
    assert system_packages.missing(["grade", "test"], groups) == []
    monkeypatch.setattr(system_packages.shutil, "which", lambda command: None)
    assert system_packages.missing(["grade", "test"], groups) == ["bubblewrap"]


def test_a_package_before_any_group_is_refused(tmp_path):
    bad = tmp_path / "apt.txt"
    bad.write_text("# note\nbubblewrap\n")
    with pytest.raises(ValueError, match="line 2"):
        system_packages.read_groups(bad)


def test_an_ordinary_user_without_the_packages_gets_one_sentence(tmp_path):
    """The real script, on a machine whose tools are stand-ins: dpkg knows nothing, and there is no sudo."""
    for name, body in {"dpkg-query": "exit 1", "apt-get": "exit 100", "id": "echo 1000"}.items():
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\n{body}\n")
        tool.chmod(0o755)
    code = (
        "import os, sys; os.geteuid = lambda: 1000; "
        f"sys.path.insert(0, {str(ROOT / 'tools')!r}); import preflight; sys.exit(preflight.main(['course']))"
    )
    environment = dict(os.environ, PATH=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("Cannot start:") == 1
    assert "apt-get install -y --no-install-recommends bubblewrap" in done.stderr
