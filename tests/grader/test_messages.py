"""What a person meets when something is wrong: a sentence with what, where and how to mend it, the right exit
code, and nothing lost."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kills import GRADE
from tiny_course import FIXTURE, make_course

from autograder import gradebook, sample_class
from autograder.__main__ import main
from autograder.course import REPOSITORY
from autograder.faults import InfrastructureFault
from autograder.files import write_atomically
from autograder.ledger import Ledger
from autograder.sample_class import Variant, write

WRONG = {"double-solution": "def double(values): return values"}


@pytest.fixture(scope="module")
def quiet_class(tmp_path_factory):
    """Two students, graded, with their feedback."""
    course = make_course(tmp_path_factory.mktemp("messages"))
    assert main(["release"], course) == 0
    write(course, "tiny", Variant("s001", "right"))
    write(course, "tiny", Variant("s002", "wrong", cells=WRONG))
    assert main(["grade"], course) == 0 and main(["feedback"], course) == 0
    return course


@pytest.fixture
def course(quiet_class, tmp_path, capsys):
    """A copy in another place: a course may be moved."""
    shutil.copytree(quiet_class.root.parent, tmp_path, dirs_exist_ok=True, symlinks=True)
    moved = make_course(tmp_path)
    assert main(["grade"], moved) == 0 and "2 unchanged" in capsys.readouterr().out
    return moved


@pytest.mark.parametrize("number", ["0", "-3", "many", ""])
def test_a_number_of_workers_that_is_none(course, number, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["grade", "--workers", number], course)
    assert "--workers: a number from 1 on is needed" in capsys.readouterr().err


def test_without_a_gradebook(course, capsys):
    (course.root / "gradebook.db").unlink()
    for command in (["grade"], ["regrade"], ["feedback"], ["export"]):
        assert main(command, course) == 1
        told = capsys.readouterr().err
        assert "gradebook.db" in told and "Run: python -m autograder" in told
    assert not (course.root / "gradebook.db").exists(), "an empty one would hide that it is lost"
    assert main(["release"], course) == 0 and main(["grade"], course) == 0
    with Ledger(course.ledger) as ledger:
        assert ledger.verify() == 2, "the verdicts were in the ledger"
    assert sum(score[1] or 0 for score in gradebook.scores(course, "tiny", "s001")) == 5


def test_a_gradebook_that_is_none(course, capsys):
    (course.root / "gradebook.db").write_text("rubbish")
    for command in ("grade", "feedback", "export"):
        assert main([command], course) == 1
        assert "gradebook.db cannot be read: " in capsys.readouterr().err


def test_a_gradebook_that_refuses_stops_nobody_else(course, capsys):
    with closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        database.execute(
            "create trigger full before insert on student when new.id = 's003' "
            "begin select raise(abort, 'no room'); end"
        )
    write(course, "tiny", Variant("s003", "right"))
    write(course, "tiny", Variant("s004", "right"))
    assert main(["grade", "--workers", "1"], course) == 1
    told = capsys.readouterr().out
    assert "s003: nbgrader's gradebook did not take the verdict" in told and "1 graded, 2 unchanged" in told
    with closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        database.execute("drop trigger full")
    assert main(["grade"], course) == 0
    with Ledger(course.ledger) as ledger:
        assert ledger.verify() == 4


def test_a_student_who_was_removed_stops_nobody_else(course, capsys):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        book.remove_student("s001")
    shutil.rmtree(course.root / "feedback")
    assert main(["feedback"], course) == 1
    told = capsys.readouterr().out
    assert "s001: the gradebook has no grades of this submission. Run: python -m autograder grade" in told
    assert "1 feedback pages written, 1 not written" in told
    assert main(["grade"], course) == 0 and main(["feedback"], course) == 0


def test_what_nbgrader_says_is_one_line(course, capsys):
    shutil.rmtree(course.root / "feedback")
    gradebook.autograded(course, "tiny", "s001").chmod(0o644)
    gradebook.autograded(course, "tiny", "s001").write_text("{}")
    assert main(["feedback"], course) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "not written  s001" in line]
    assert "nbgrader could not write it: " in line and "Traceback" not in line


@pytest.mark.parametrize("text", ["not json", "{}", "[]", '{"tasks": {"double": {}}}'])
def test_a_verdict_that_is_none(course, text, capsys):
    with closing(sqlite3.connect(course.ledger)) as database:
        database.execute("drop trigger no_change")
        database.execute("update verdicts set verdict = ? where student = 's002'", (text,))
        database.commit()
    for command in (["grade"], ["receipt", "tiny", "s001"]):
        assert main(command, course) == 1
        assert "not what the grader w" in (told := capsys.readouterr().err) and "put back a copy" in told


def test_a_disk_that_is_full_is_told_as_such(course):
    with Ledger(course.ledger) as ledger:
        ledger._database.execute("pragma max_page_count = 1")
        with pytest.raises(InfrastructureFault, match="database or disk is full"):
            ledger.add("tiny", "s003", "x" * 10**6, {})
        ledger._database.execute("pragma max_page_count = 100000")
        ledger.add("tiny", "s003", "x" * 10**6, {})
        assert ledger.verify() == 3


def test_a_folder_that_cannot_be_written_to(course, capsys):
    (course.root / "grading.lock").unlink()
    (course.root / "grading.lock").mkdir()
    assert main(["grade"], course) == 1
    assert f"Is a directory: '{course.root / 'grading.lock'}'" in capsys.readouterr().err


def test_a_full_disk_is_told_with_the_file(tmp_path):
    target, before = tmp_path / "grades.csv", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # Python leaves out the signal
    try:
        with pytest.raises(OSError, match=str(target)):
            write_atomically(target, b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_cannot_be_read(course, capsys):
    (course.root / "secret_seed").unlink()
    (course.root / "secret_seed").mkdir()
    assert main(["grade"], course) == 1
    told = capsys.readouterr().err
    assert str(course.root / "secret_seed") in told and "remove it to have a new one made" in told


def test_what_lies_in_the_wrong_place_is_told(course, capsys):
    submitted = course.root / "submitted"
    for path in ("dora/Tiny/tiny.ipynb", "emil/tiny.ipynb", "loose.ipynb", ".hidden", "s001/.git/x"):
        (submitted / path).parent.mkdir(parents=True, exist_ok=True)
        (submitted / path).write_text("x")
    (submitted / "zoe\x1b[2J").write_text("x")
    assert main(["grade"], course) == 0
    told = capsys.readouterr().out
    noted = [line.split("'")[1] for line in told.splitlines() if line.startswith("note")]
    assert noted == [str(submitted / name) for name in ("dora/Tiny", "emil/tiny.ipynb", "loose.ipynb")] + [
        str(submitted / "zoe") + "\\x1b[2J"
    ]
    assert "\x1b" not in told and "submitted/<student>/<assignment>/<assignment>.ipynb" in told


def test_a_fault_of_the_suite_is_not_the_students(course, tmp_path, capsys):
    broken = replace(course, suites=tmp_path / "suites")
    shutil.copytree(FIXTURE / "suites", broken.suites)
    path = broken.suites / "tiny" / "test_double.py"
    path.write_text(path.read_text() + "\n\n@pytest.mark.points(0)\ndef test_x(student):\n    {}['x']\n")
    line = len(path.read_text().splitlines())
    assert main(["regrade", "--diff", "--student", "s001"], broken) == 1
    told = capsys.readouterr().out
    assert "the suite is at fault, not the student: " in told and f"(test_double.py, line {line})" in told


def test_a_new_attempt_is_not_said_to_have_another_secret(course, capsys):
    write(course, "tiny", Variant("s001", "again", cells=WRONG))
    assert main(["grade"], course) == 0
    capsys.readouterr()
    assert main(["receipt", "tiny", "s001"], course) == 0
    table = capsys.readouterr().out.split("submission ")[0]
    assert "handed" in table and "secret" not in table and "UTC" in table
    (course.root / "secret_seed").unlink()
    assert main(["grade", "--student", "s001"], course) == 0
    capsys.readouterr()
    assert main(["receipt", "tiny", "s001"], course) == 0
    assert "secret" in capsys.readouterr().out.split("submission ")[0]


def test_a_timestamp_that_came_later(course, capsys):
    """The notebook is the same, so its verdict holds; ``--again`` has nbgrader look at the rest."""
    course.submitted("tiny", "s001").with_name("timestamp.txt").write_text("2030-01-02 10:00:00 UTC")
    assert main(["grade", "--again"], course) == 0
    assert "2 graded, 0 unchanged" in capsys.readouterr().out
    assert main(["export"], course) == 0
    assert '"2030-01-02 10:00:00","s001"' in (course.root / "grades.csv").read_text()
    with Ledger(course.ledger) as ledger:
        assert ledger.verify() == 2


def test_answers_that_wait_for_a_person_are_counted(course, capsys):
    assert main(["export"], course) == 0
    assert "tiny: 2 wait for a person" in capsys.readouterr().out
    with closing(sqlite3.connect(course.root / "gradebook.db")) as database:
        database.execute("update grade set needs_manual_grade = 0")
        database.commit()
    assert main(["export"], course) == 0
    assert "wait for" not in capsys.readouterr().out


def test_the_sample_class_writes_over_no_student(course, monkeypatch, capsys):
    monkeypatch.setattr(sample_class, "load_variants", lambda *_: [Variant("s002", ""), Variant("s003", "")])
    before = course.submitted("tiny", "s002").read_bytes()
    assert main(["sample-class"], course) == 1
    told = capsys.readouterr().err
    assert str(course.submitted("tiny", "s002").parent) in told and "nothing was written" in told
    assert course.submitted("tiny", "s002").read_bytes() == before
    assert not course.submitted("tiny", "s003").exists()
    shutil.rmtree(course.submitted("tiny", "s002").parent)
    assert main(["sample-class"], course) == 0
    for variants in ([Variant("s002", "", cells=WRONG)], [Variant("s002", "")]):  # its own may change
        monkeypatch.setattr(sample_class, "load_variants", lambda *_, found=variants: found)
        assert main(["sample-class"], course) == 0
    course.submitted("tiny", "s002").with_name("timestamp.txt").write_text("2030-01-02 10:00:00 UTC")
    assert main(["sample-class"], course) == 1


def test_ctrl_c_is_no_traceback(tmp_path):
    """The signal goes to the whole group, as from a terminal; the next run does the rest."""
    course = make_course(tmp_path)
    assert main(["release"], course) == 0
    for number in range(6):
        write(course, "tiny", Variant(f"s{number}", "", cells={"double-solution": "while True: pass"}))
    process = subprocess.Popen(
        [sys.executable, "-c", GRADE, str(Path(__file__).parent), str(course.root.parent)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    process.stdout.readline()  # the sandbox is starting
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == "Stopped. What is done is kept; the same command goes on from there.\n"
