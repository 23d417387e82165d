"""nbgrader's own web pages, served by a real Jupyter server on loopback: they list, show and grade through
us."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from tiny_course import FIXTURE, make_course

from autograder import gradebook, grading
from autograder.__main__ import main
from autograder.sample_class import Variant, write

WRONG = {"double-solution": "def double(values): return values * 3"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url, data=None):
    with urllib.request.urlopen(url, data=data, timeout=60) as reply:
        return reply.read().decode()


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory):
    """A graded class of two and one that waits, and the address of a server that shows it."""
    folder = tmp_path_factory.mktemp("formgrader")
    course = make_course(folder)
    assert main(["release"], course) == 0
    write(course, "tiny", Variant("s001", "right"))
    write(course, "tiny", Variant("s002", "not a notebook", raw=b"garbage"))
    assert main(["grade"], course) == 0
    write(course, "tiny", Variant("s003", "wrong", cells=WRONG))
    (folder / "nbgrader_config.py").write_text(
        f"""
import sys
sys.path.insert(0, {str(FIXTURE.parent)!r})
from pathlib import Path
from tiny_course import make_course
from autograder.nbgrader_plugin import configure
configure(get_config(), make_course(Path({str(folder)!r})))
"""
    )
    port = free_port()
    options = {
        "ip": "127.0.0.1",
        "port": port,
        "port_retries": 0,
        "open_browser": False,
        "root_dir": str(folder),
        "allow_root": True,
        "disable_check_xsrf": True,
    }
    command = [sys.executable, "-m", "jupyter_server", "--IdentityProvider.token=", "--ServerApp.password="]
    command += [f"--ServerApp.{name}={value}" for name, value in options.items()]
    private = {
        name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env={**os.environ, **private}, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/formgrader"
    try:
        for _ in range(200):
            assert server.poll() is None, (folder / "log").read_text()
            try:
                fetch(address)
                break
            except urllib.error.URLError:
                time.sleep(0.2)
        yield course, address
    finally:
        server.terminate()
        server.wait(timeout=20)


def submissions(address):
    return {row["student"]: row for row in json.loads(fetch(f"{address}/api/submissions/tiny"))}


def test_lists_submissions_with_their_scores(formgrader):
    _, address = formgrader
    rows = submissions(address)
    assert list(rows) == ["s001", "s002", "s003"]
    assert (rows["s001"]["autograded"], rows["s001"]["score"], rows["s001"]["max_score"]) == (True, 5, 7)
    assert (rows["s002"]["autograded"], rows["s002"]["score"]) == (True, 0)
    assert rows["s003"]["autograded"] is False
    (assignment,) = json.loads(fetch(f"{address}/api/assignments"))
    assert (assignment["name"], assignment["num_submissions"], assignment["max_score"]) == ("tiny", 3, 7)


def test_shows_a_submission_with_its_report(formgrader):
    _, address = formgrader
    (notebook,) = json.loads(fetch(f"{address}/api/submitted_notebooks/tiny/tiny"))[:1]
    page = fetch(f"{address}/submissions/{notebook['id']}/")
    assert "of 3 points" in page


def test_autograde_button_grades_with_the_sandbox(formgrader):
    course, address = formgrader
    reply = json.loads(fetch(f"{address}/api/submission/tiny/s003/autograde", data=b""))
    assert reply["success"], reply
    assert submissions(address)["s003"]["score"] == 3
    assert grading.read(course, "tiny", "s003").tasks["double"].points == 1
    assert gradebook.autograded(course, "tiny", "s003").is_file()
