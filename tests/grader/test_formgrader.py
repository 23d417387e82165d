"""nbgrader's own web pages, served by a real Jupyter server on loopback: they list, show and grade through
us."""

import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest
from nbgrader.api import Gradebook
from rich.console import Console
from tiny_course import FIXTURE, make_course

from autograder import classroom, gradebook, grading
from autograder.__main__ import main
from autograder.sample_class import Variant, write

WRONG = {"double-solution": "def double(values): return values * 3"}
DIES = {"double-solution": "import os; os._exit(0)"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url, data=None):
    with urllib.request.urlopen(url, data=data, timeout=60) as reply:
        return reply.read().decode()


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory):
    """A graded class of two, some that wait, and the address of a server that shows them."""
    folder = tmp_path_factory.mktemp("formgrader")
    course = make_course(folder)
    assert main(["release"], course) == 0
    write(course, "tiny", Variant("s001", "right"))
    write(course, "tiny", Variant("s002", "not a notebook", raw=b"garbage"))
    assert main(["grade"], course) == 0
    write(course, "tiny", Variant("s003", "wrong", cells=WRONG))
    write(course, "tiny", Variant("s004", "the wrong file name", filename="tiny (1).ipynb"))
    write(course, "tiny", Variant("s005", "missing cells, ends its process", cells=DIES, drop=["double"]))
    (course.submitted("tiny", "s005").parent / "link").symlink_to("/etc/hostname")
    write(course, "tiny", Variant("s*", "no id"))
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
    assert sorted(rows) == ["s*", "s001", "s002", "s003", "s004", "s005"]
    assert (rows["s001"]["autograded"], rows["s001"]["score"], rows["s001"]["max_score"]) == (True, 5, 7)
    assert (rows["s002"]["autograded"], rows["s002"]["score"]) == (True, 0)
    assert rows["s003"]["autograded"] is False
    (assignment,) = json.loads(fetch(f"{address}/api/assignments"))
    assert (assignment["name"], assignment["num_submissions"], assignment["max_score"]) == ("tiny", 6, 7)


def test_shows_a_submission_with_its_report(formgrader):
    _, address = formgrader
    (notebook,) = json.loads(fetch(f"{address}/api/submitted_notebooks/tiny/tiny"))[:1]
    page = fetch(f"{address}/submissions/{notebook['id']}/")
    assert "of 3 points" in page


def autograde(address, student):
    return json.loads(fetch(f"{address}/api/submission/tiny/{quote(student)}/autograde", data=b""))


def test_autograde_button_grades_with_the_sandbox(formgrader):
    course, address = formgrader
    reply = autograde(address, "s003")
    assert reply["success"], reply
    assert submissions(address)["s003"]["score"] == 3
    assert grading.read(course, "tiny", "s003").tasks["double"].points == 1
    assert gradebook.autograded(course, "tiny", "s003").is_file()


def test_autograde_button_refuses_as_the_command_does(formgrader):
    course, address = formgrader
    reply = autograde(address, "s004")
    assert reply["success"], reply
    row = submissions(address)["s004"]
    assert (row["autograded"], row["score"], row["needs_manual_grade"]) == (True, 0, False)
    refusal = grading.read(course, "tiny", "s004").refusal
    assert refusal == "There is no file tiny.ipynb. In its place there is: tiny (1).ipynb."
    (notebook,) = [
        row
        for row in json.loads(fetch(f"{address}/api/submitted_notebooks/tiny/tiny"))
        if row["student"] == "s004"
    ]
    assert refusal in fetch(f"{address}/submissions/{notebook['id']}/")


def test_autograde_button_on_damaged_and_hostile_work(formgrader):
    course, address = formgrader
    reply = autograde(address, "s005")
    assert reply["success"], reply
    assert submissions(address)["s005"]["score"] == 2
    assert grading.read(course, "tiny", "s005").notes == [
        "The cell `double` was missing. It was put back as it was released."
    ]
    folder = gradebook.autograded(course, "tiny", "s005").parent
    assert [path.name for path in folder.iterdir()] == ["tiny.ipynb"]


def test_autograde_button_on_a_folder_that_is_no_id(formgrader):
    """It is refused by name, and its name means nobody else."""
    course, address = formgrader
    before = gradebook.held(course, "tiny")
    reply = autograde(address, "s*")
    assert not reply["success"] and "cannot be a student's id" in reply["log"]
    assert gradebook.held(course, "tiny") == before


def test_what_a_person_graded_survives_the_button(formgrader):
    course, address = formgrader
    url = f"sqlite:///{course.root / 'gradebook.db'}"
    with Gradebook(url) as book:
        grade = book.find_grade("reflection", "tiny", "tiny", "s001")
        grade.manual_score, grade.needs_manual_grade = 2, False
        book.find_comment("reflection", "tiny", "tiny", "s001").manual_comment = "Well put."
        book.db.commit()
    assert autograde(address, "s001")["success"]
    row = submissions(address)["s001"]
    assert (row["score"], row["needs_manual_grade"]) == (7, False)
    with Gradebook(url) as book:
        assert book.find_comment("reflection", "tiny", "tiny", "s001").manual_comment == "Well put."


def test_the_command_agrees_with_the_button(formgrader):
    """What the buttons wrote is what ``autograder grade`` would write: nothing is left for it to do."""
    course, address = formgrader
    scores = {student: row["score"] for student, row in submissions(address).items() if student != "s*"}
    told = io.StringIO()
    students = ["s001", "s002", "s003", "s004", "s005"]
    summary = classroom.grade(course, "tiny", Console(file=told), students)
    assert (summary.graded, summary.unchanged) == (0, 5), told.getvalue()
    assert {student: submissions(address)[student]["score"] for student in scores} == scores
