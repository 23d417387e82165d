"""A class, graded: files of every kind in, verdicts, gradebook, feedback and grades.csv out."""

import csv
import dataclasses
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import nbformat
import pytest
from bs4 import BeautifulSoup
from rich.console import Console
from tiny_course import FIXTURE, make_course

from autograder import classroom, feedback, gradebook, grading, handed_in, limits, receipt
from autograder.__main__ import main
from autograder.course import REPOSITORY
from autograder.faults import InfrastructureFault
from autograder.ledger import Ledger
from autograder.sample_class import Variant, notebook_bytes, write

LOOP = "def double(values):\n    while True: pass"
VARIANTS = [
    Variant("s001", "right", {"double": 3, "make_layer": 2}),
    Variant("s002", "untouched", base="blank"),
    Variant(
        "s003",
        "wrong",
        {"double": 1, "make_layer": 2},
        cells={"double-solution": "def double(v): return v * 3"},
    ),
    Variant("s004", "a function that loops for ever", {"make_layer": 2}, cells={"double-solution": LOOP}),
    Variant("s005", "a cell that loops", {"make_layer": 2}, cells={"double-solution": "while True: pass"}),
    Variant(
        "s006",
        "a cell that ends the process",
        {"make_layer": 2},
        cells={"double-solution": "import os; os._exit(0)"},
    ),
    Variant("s007", "a cell that raises", {"make_layer": 2}, cells={"double-solution": "1 / 0"}),
    Variant("s008", "missing cells", {"make_layer": 2}, drop=["double", "double-solution"]),
    Variant(
        "s009",
        "changed checks",
        {"double": 3, "make_layer": 2},
        cells={"double": "pass", "setup": "import torch"},
    ),
    Variant("s010", "not a notebook", raw=b"\xff\x00garbage"),
    Variant("s011", "another file's name", filename="tiny (1).ipynb"),
    Variant("s012", "JSON, no notebook", raw=b'{"cells": 3}'),
    Variant("s013", "deep JSON", raw=b"[" * 100_000),
    Variant("s014", "empty file", raw=b""),
    Variant("s015", "says NaN", raw=b'{"nbformat": NaN, "cells": []}'),
    Variant("s016", "huge file", raw=b" " * (limits.SUBMISSION.notebook + 1)),
]
REFUSED = ["s010", "s011", "s012", "s013", "s014", "s015", "s016", "t001", "t002", "t003", "t004", "t005"]
MAX = 7.0


def odd_files(course):
    """What no notebook program writes: a folder, links, a pipe and nothing at the place of the notebook."""
    places = {name: course.submitted("tiny", name) for name in ("t001", "t002", "t003", "t004", "t005")}
    for path in places.values():
        path.parent.mkdir(parents=True)
    places["t001"].mkdir()
    places["t002"].symlink_to(course.released("tiny"))
    os.mkfifo(places["t003"])
    shutil.rmtree(places["t004"].parent)
    places["t004"].parent.symlink_to(course.submitted("tiny", "s001").parent)
    (places["t001"].parent / "link").symlink_to("/etc/shadow")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class after one ``grade``, ``feedback`` and ``export``, with short limits."""
    course = make_course(tmp_path_factory.mktemp("class"))
    quick = dataclasses.replace(limits.SANDBOX, cell_seconds=3.0, call_seconds=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "SANDBOX", quick)
        assert main(["release"], course) == 0
        for variant in VARIANTS:
            write(course, "tiny", variant)
        odd_files(course)
        assert main(["grade"], course) == 0
        assert main(["feedback"], course) == 0
        assert main(["export"], course) == 0
        yield course


def rows(course):
    with (course.root / "grades.csv").open(encoding="utf-8") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_each_gets_what_is_expected(graded):
    expected = {variant.id: sum(variant.expected.values()) for variant in VARIANTS} | dict.fromkeys(
        REFUSED, 0.0
    )
    found = rows(graded)
    # A reference answer's reflection is read by a person; no auto score, so no points yet.
    assert {student: float(row["score"]) for student, row in found.items()} == expected
    assert list(found) == sorted(found) and all(float(row["max_score"]) == MAX for row in found.values())
    for variant in VARIANTS:
        verdict = grading.read(graded, "tiny", variant.id)
        points = {name: task.points for name, task in verdict.tasks.items() if task.points}
        assert points == dict(variant.expected), variant.title


def test_gradebook_holds_the_same(graded):
    for student, row in rows(graded).items():
        auto = [score[1] or 0 for score in gradebook.scores(graded, "tiny", student)]
        assert sum(auto) == float(row["score"])
        in_book = gradebook.held(graded, "tiny").get(student, {})
        assert gradebook.holds(graded, grading.read(graded, "tiny", student), in_book)


@pytest.mark.parametrize("student", REFUSED)
def test_refused_ones_say_why_everywhere(graded, student):
    verdict = grading.read(graded, "tiny", student)
    assert verdict.refusal and verdict.points == 0
    page = feedback.feedback_page(graded, "tiny", student).read_text(encoding="utf-8")
    assert (
        "This submission could not be graded" in page and "could not be graded; the note at the top" in page
    )
    assert "root:" not in page


def test_refusals_are_precise(graded):
    told = {student: grading.read(graded, "tiny", student).refusal for student in REFUSED}
    assert told["s011"] == "There is no file tiny.ipynb. In its place there is: tiny (1).ipynb."
    assert "is not JSON" in told["s010"] and "not JSON" in told["s013"] and "not JSON" in told["s015"]
    assert "it is not a file" in told["t001"] and "link is not followed" in told["t002"]
    assert "it is not a file" in told["t003"] and "not a folder" in told["t004"]
    assert f"larger than {limits.SUBMISSION.notebook} bytes" in told["s016"]
    assert told["t005"] == "There is no file tiny.ipynb. The folder is empty."


def test_feedback_shows_reports_and_outputs(graded):
    def page(student):
        return feedback.feedback_page(graded, "tiny", student).read_text(encoding="utf-8")

    assert "double: 3 of 3 points" in page("s001")
    assert "double(values) has the wrong values" in page("s003").lower()
    assert "did not finish" in page("s004") and "did not finish" in page("s005")
    assert "ended its process" in page("s006") and "ZeroDivisionError" in page("s007")
    assert "was missing. It was put back" in page("s008") and "had been changed. It was put back" in page(
        "s009"
    )
    assert "a demo cell does not run" in page("s001") and "RuntimeError</span>: a demo cell" not in page(
        "s001"
    )


ACTIVE = """<script>alert(1)</script><img src=x onerror=alert(2)><iframe src=//x></iframe>
<svg onload=alert(3)></svg> [link](javascript:alert(4)) <a href=" javascript:alert(5)">a</a>
<a href="data:text/html,x">b</a> $\\href{javascript:alert(6)}{x}$ <style>* {}</style><form action=//x>

**bold** and `a < b`

> quoted $a < b$
"""
SHOWN = """
from IPython.display import HTML, Javascript, Markdown, display
display(HTML("<script>alert(7)</script>"), Javascript("alert(8)"), Markdown("<script>alert(9)</script>"))
display({"image/svg+xml": "<svg onload=alert(10)>", "text/latex": "$x$", "image/png": "<script>"}, raw=True)
print("<script>alert(11)</script>")
raise ValueError("<script>alert(12)</script>")
"""


def scripted(course, student):
    """Hand in a notebook full of scripts."""
    variant = Variant(student, "scripts", cells={"reflection": ACTIVE, "double-solution": SHOWN})
    notebook = nbformat.reads(notebook_bytes(course, "tiny", variant).decode(), as_version=4)
    notebook.cells += [nbformat.v4.new_markdown_cell(ACTIVE), nbformat.v4.new_raw_cell(ACTIVE)]
    path = course.submitted("tiny", student)
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def test_no_script_of_a_student_gets_on_a_page(graded):
    scripted(graded, "x001")
    try:
        assert main(["grade", "--student", "x001"], graded) == 0 and main(["feedback"], graded) == 0
        page = feedback.feedback_page(graded, "tiny", "x001").read_text(encoding="utf-8")
        soup = BeautifulSoup(page, "html.parser")
        assert not [script for script in soup.find_all("script") if "alert" in script.text]
        assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
        assert not soup.find_all(["iframe", "form", "svg", "object", "embed"])
        links = [tag.get("href", "") + tag.get("src", "") for tag in soup.find_all(["a", "img"])]
        assert not [link for link in links if "script" in link or link.startswith("data:text")]
        assert "\\href" not in soup.get_text()
        assert soup.find("strong", string="bold") and "a < b" in soup.get_text()
        assert soup.find("blockquote") and "<script>alert(11)</script>" in soup.get_text()
    finally:
        shutil.rmtree(graded.root / "submitted" / "x001")
        forget(graded, "x001")


def forget(course, student):
    """Leave no trace of a student that one test alone needs."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        book.remove_student(student)
    for path in (course.root / "autograded" / student, course.root / "feedback" / student):
        shutil.rmtree(path)
    assert main(["export"], course) == 0


def test_pages_hold_nothing_hidden(graded):
    """Neither a submission's seed nor the suite's source."""
    suites = [path.read_text(encoding="utf-8") for path in graded.suites.rglob("*.py")]
    hidden = {line.strip() for text in suites for line in text.splitlines() if "student." in line}
    assert len(hidden) > 5
    for student in ("s003", "s004", "s007"):
        page = feedback.feedback_page(graded, "tiny", student).read_text(encoding="utf-8")
        text = BeautifulSoup(page, "html.parser").get_text()
        assert str(seed_of(graded, student)) not in page
        assert not [line for line in hidden if line in text]
        assert str(graded.root) not in page and str(FIXTURE) not in page


def test_second_run_does_nothing_and_is_quick(graded):
    before = {
        path: path.stat().st_mtime_ns
        for path in graded.root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    begun = time.monotonic()
    summary = classroom.grade(graded, "tiny", Console(quiet=True))
    seconds = time.monotonic() - begun
    assert (summary.graded, summary.unchanged, summary.faults) == (0, len(VARIANTS) + 5, {})
    assert main(["feedback"], graded) == 0 and main(["export"], graded) == 0
    after = {
        path: path.stat().st_mtime_ns
        for path in graded.root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    assert after == before
    assert seconds < 1


def last(course, student):
    with Ledger(course.ledger) as ledger:
        return ledger.last("tiny", student)


def seed_of(course, student):
    return receipt.seed(course, "tiny", student, handed_in.digest(course, "tiny", student))


def test_grading_again_gives_the_same_verdicts_byte_for_byte(graded):
    students = ["s001", "s003", "s004", "s007", "s010"]
    before = {student: last(graded, student) for student in students}
    with grading.Grader(graded) as grader:
        for student, line in before.items():
            verdict, _ = grader.find("tiny", student, receipt.of(graded, "tiny", student))
            assert verdict.as_text() == line.verdict
    changes, summary = classroom.regrade(graded, "tiny", Console(quiet=True), students)
    assert (changes, summary.unchanged, summary.faults) == ([], len(students), {})
    assert {student: last(graded, student) for student in students} == before, "the same line, not another"


def test_manual_grade_survives_a_regrade(graded):
    from nbgrader.api import Gradebook

    url = f"sqlite:///{graded.root / 'gradebook.db'}"
    with Gradebook(url) as book:
        grade = book.find_grade("reflection", "tiny", "tiny", "s001")
        grade.manual_score = 1.5
        grade.needs_manual_grade = False
        book.find_comment("reflection", "tiny", "tiny", "s001").manual_comment = "Well put."
        book.db.commit()
    assert main(["feedback"], graded) == 0 and main(["export"], graded) == 0
    assert float(rows(graded)["s001"]["score"]) == 6.5
    assert "Well put." in feedback.feedback_page(graded, "tiny", "s001").read_text(encoding="utf-8")
    (gradebook.autograded(graded, "tiny", "s001")).unlink()  # as if the gradebook had been written by half
    assert main(["grade"], graded) == 0 and main(["export"], graded) == 0
    assert float(rows(graded)["s001"]["score"]) == 6.5
    with Gradebook(url) as book:
        grade = book.find_grade("reflection", "tiny", "tiny", "s001")
        assert not grade.needs_manual_grade, "the same answer need not be looked at again"
    content = graded.submitted("tiny", "s001").read_bytes()
    try:
        hand_in_changed(graded, "s001")
        assert main(["grade", "--student", "s001"], graded) == 0
        with Gradebook(url) as book:
            grade = book.find_grade("reflection", "tiny", "tiny", "s001")
            assert grade.needs_manual_grade and grade.manual_score == 1.5, "another answer: kept, and told"
    finally:
        graded.submitted("tiny", "s001").write_bytes(content)
        assert main(["grade"], graded) == 0


def hand_in_changed(course, student):
    path = course.submitted("tiny", student)
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("x = 1"))
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def test_regrade_tells_what_changed_and_why(graded, capsys):
    """A suite that was mended: --diff tells and writes nothing; without it, the grades follow."""
    mended = graded.root.parent / "mended"
    shutil.copytree(graded.suites, mended)
    suite = mended / "tiny" / "test_double.py"
    text = suite.read_text(encoding="utf-8")
    assert text.count("inputs * 2") == 1
    suite.write_text(text.replace("inputs * 2", "inputs * 3"), encoding="utf-8")
    other = dataclasses.replace(graded, suites=mended)
    held = {path: path.read_bytes() for path in (graded.root / "gradebook.db", graded.ledger)}
    who = ["--student", "s001", "--student", "s003", "--student", "s010"]
    try:
        assert main(["regrade", "--diff", *who], other) == 0
        told = capsys.readouterr().out
        assert "s001: 5 -> 3 points" in told and "s003: 3 -> 5 points" in told
        assert "because of the suite" in told and "double 1 -> 3 (" in told and "now passes)" in told
        assert "2 grades would change, 1 more verdicts in their words only" in told
        assert {path: path.read_bytes() for path in held} == held
        assert main(["regrade", *who], other) == 0
        assert "2 grades changed" in capsys.readouterr().out
        found = {name: gradebook.held(graded, "tiny")[name]["double"] for name in ("s001", "s003")}
        assert found == {"s001": 1, "s003": 3}
    finally:
        assert main(["grade"], graded) == 0
    capsys.readouterr()
    assert main(["receipt", "tiny", "s003"], graded) == 0
    told = capsys.readouterr().out
    assert "the suite" in told and "are as they were written" in told
    assert main(["receipt", "tiny", "nobody"], graded) == 1


def test_fault_of_the_grader_writes_nothing(graded, monkeypatch, capsys):
    """A broken suite and a missing sandbox: exit code 1, a clear sentence, and every earlier result as it
    was."""
    content = graded.submitted("tiny", "s003").read_bytes()
    held = {
        path: path.read_bytes()
        for path in (
            graded.ledger,
            gradebook.autograded(graded, "tiny", "s003"),
            graded.root / "gradebook.db",
        )
    }
    hand_in_changed(graded, "s003")
    try:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", "/nowhere")
            assert main(["grade"], graded) == 1
            assert "apt-get install bubblewrap" in capsys.readouterr().err
        assert {path: path.read_bytes() for path in held} == held
        broken = graded.root.parent / "suites"
        shutil.copytree(graded.suites, broken)
        suite = broken / "tiny" / "test_double.py"
        suite.write_text(
            suite.read_text(encoding="utf-8").replace("expect.close(", "assert expect.nothing("),
            encoding="utf-8",
        )
        assert main(["grade", "--student", "s003"], dataclasses.replace(graded, suites=broken)) == 1
        assert (
            "s003: the suite is at fault, not the student: test_double.py::test_values raised AttributeError"
            in capsys.readouterr().out.replace("\n", " ")
        )
        assert {path: path.read_bytes() for path in held} == held
        from autograder.nbgrader_plugin import api

        told = api(dataclasses.replace(graded, suites=broken)).autograde("tiny", "s003", force=True)
        assert not told["success"] and "nothing was written" in told["error"]
        assert {path: path.read_bytes() for path in held} == held
    finally:
        graded.submitted("tiny", "s003").write_bytes(content)


def test_points_that_do_not_add_up_are_a_fault(graded):
    broken = graded.root.parent / "points"
    shutil.copytree(graded.suites, broken)
    suite = broken / "tiny" / "test_double.py"
    suite.write_text(suite.read_text(encoding="utf-8").replace("points(2)", "points(5)"), encoding="utf-8")
    with (
        grading.Grader(dataclasses.replace(graded, suites=broken)) as grader,
        pytest.raises(InfrastructureFault, match="worth 3"),
    ):
        grader.find("tiny", "s001", receipt.of(grader.course, "tiny", "s001"))


def test_secret_seed(graded):
    path = graded.root / "secret_seed"
    assert path.stat().st_mode & 0o777 == 0o600
    seeds = {receipt.seed(graded, "tiny", f"s{number:03d}", "digest") for number in range(100)}
    assert len(seeds) == 100 and all(0 <= seed < 2**receipt.SEED_BITS for seed in seeds)
    first, again, other = (receipt.seed(graded, "tiny", "s001", mark) for mark in ("a", "a", "b"))
    assert first == again != other, "the same file meets the same inputs, another file others"


def test_a_name_that_is_no_id_is_told(graded, capsys):
    folder = graded.root / "submitted" / "=cmd,x" / "tiny"
    folder.mkdir(parents=True)
    try:
        assert main(["grade"], graded) == 1
        assert "cannot be a student's id" in capsys.readouterr().out.replace("\n", " ")
    finally:
        shutil.rmtree(folder.parent)


def test_nbgraders_own_command_grades_with_the_sandbox(graded, tmp_path):
    """``nbgrader autograde`` with nothing but a configuration file like the repository's."""
    config = f"""
import sys
sys.path.insert(0, {str(FIXTURE.parent)!r})
from pathlib import Path
from tiny_course import make_course
from autograder.nbgrader_plugin import configure
configure(get_config(), make_course(Path({str(graded.root.parent)!r})))
"""
    (tmp_path / "nbgrader_config.py").write_text(config)
    command = [sys.executable, "-m", "nbgrader", "autograde", "tiny", "--student", "s003", "--force"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    auto = {name: score for name, score, *_ in gradebook.scores(graded, "tiny", "s003") if score is not None}
    assert auto == {"double": 1, "make_layer": 2}


def test_repository_configuration():
    from traitlets.config.loader import PyFileConfigLoader

    root = REPOSITORY
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    assert config.CourseDirectory.root == str(root / "_build" / "course")
    assert config.Autograde.exporter_class.__name__ == "VerdictExporter"


def test_verdict_is_for_people_and_programs(graded):
    data = json.loads(last(graded, "s003").verdict)
    assert data["points"] == 3 and data["max_points"] == 5 and data["tasks"]["double"]["points"] == 1
    assert data["tasks"]["double"]["tests"][0]["message"]["page"] == "background/definition.html"
    assert set(data["receipt"]) == set(receipt.PARTS)


def test_released_first(tmp_path, capsys):
    course = make_course(tmp_path)
    assert main(["grade"], course) == 1
    assert "python -m autograder release tiny" in capsys.readouterr().err


def test_doctor(graded, capsys):
    assert main(["doctor"], graded) == 0
    assert "It can." in capsys.readouterr().out


def test_doctor_without_bubblewrap(graded, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["doctor"], graded) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "sudo apt-get install bubblewrap" in told and "Not yet: mend what says NO." in told


def test_database_query_fits_nbgraders_schema(graded):
    with sqlite3.connect(graded.root / "gradebook.db") as database:
        assert (
            database.execute("select count(*) from submitted_assignment").fetchone()[0] == len(VARIANTS) + 5
        )
    assert len(gradebook.scores(graded, "tiny", "s001")) == 6  # 3 grades, 3 comments
