"""Several processes find the same verdicts as one; one that dies takes down its own submission at most."""

import dataclasses
import multiprocessing
import os
import signal
import threading

import pytest
from rich.console import Console
from tiny_course import make_course

from autograder import classroom, gradebook, grading, limits, pool, receipt
from autograder.__main__ import main
from autograder.faults import InfrastructureFault
from autograder.ledger import Ledger
from autograder.sample_class import Variant, write

threading_count = threading.active_count
WRONG = {"double-solution": "def double(values): return values * 3"}
STUDENTS = {f"s{number:03d}": WRONG if number % 3 == 0 else {} for number in range(8)}


@pytest.fixture
def handed_in(tmp_path, monkeypatch):
    """A class that nobody has graded yet."""
    monkeypatch.setattr(
        limits, "SANDBOX", dataclasses.replace(limits.SANDBOX, cell_seconds=3.0, call_seconds=1.0)
    )
    # Other tests of this run may have left a browser's idle threads behind.
    monkeypatch.setattr(pool.threading, "active_count", lambda: 1)
    course = make_course(tmp_path)
    assert main(["release"], course) == 0
    for student, cells in STUDENTS.items():
        write(course, "tiny", Variant(student, "", cells=cells))
    return course


def texts(course):
    with Ledger(course.ledger) as ledger:
        return {student: line.verdict for student, line in ledger.last_of_all("tiny").items()}


def points(course):
    return {student: sum(scores.values()) for student, scores in gradebook.held(course, "tiny").items()}


EXPECTED = {student: 3 if cells else 5 for student, cells in STUDENTS.items()}


def test_two_workers_find_what_one_finds(handed_in):
    done = classroom.grade(handed_in, "tiny", Console(quiet=True), workers=2)
    assert (done.graded, done.faults) == (len(STUDENTS), {}) and points(handed_in) == EXPECTED
    both = texts(handed_in)
    changes, again = classroom.regrade(handed_in, "tiny", Console(quiet=True), workers=1)
    assert (changes, again.unchanged) == ([], len(STUDENTS)) and texts(handed_in) == both
    assert not multiprocessing.active_children()


def die_at(victim):
    """A suite run that ends its own process, the grader's, for one student."""
    run, tests = grading.Grader.find, os.getpid()

    def find(self, assignment, student, due):
        if student == victim:
            assert os.getpid() != tests, "the pool has processes of its own"
            os.kill(os.getpid(), signal.SIGKILL)
        return run(self, assignment, student, due)

    return find


def test_a_process_that_dies_is_one_fault(handed_in, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(grading.Grader, "find", die_at("s004"))
        done = classroom.grade(handed_in, "tiny", Console(quiet=True), workers=2)
    assert list(done.faults) == ["s004"] and "process died" in done.faults["s004"]
    assert points(handed_in) == {student: p for student, p in EXPECTED.items() if student != "s004"}
    done = classroom.grade(handed_in, "tiny", Console(quiet=True), workers=2)
    assert (done.graded, done.faults) == (1, {}) and points(handed_in) == EXPECTED


def test_a_sandbox_that_breaks_is_tried_once_more(handed_in, monkeypatch):
    """Its worker is killed under the first submission: a fresh one grades it."""
    run, broken = grading.Grader._run, []

    def once(self, *given):
        if not broken:
            broken.append(self.start("tiny"))
            broken[0]._process.kill()
        return run(self, *given)

    monkeypatch.setattr(grading.Grader, "_run", once)
    done = classroom.grade(handed_in, "tiny", Console(quiet=True), ["s001", "s002"], workers=1)
    assert (done.graded, done.faults) == (2, {}) and len(broken) == 1


def test_a_suite_that_is_broken_is_told_for_each_and_nothing_is_written(handed_in):
    classroom.grade(handed_in, "tiny", Console(quiet=True), ["s001"])
    before, held = texts(handed_in), points(handed_in)
    folder = handed_in.root.parent / "broken"
    (folder / "tiny").mkdir(parents=True)
    for path in (handed_in.suites / "tiny").glob("*.py"):
        text = path.read_text(encoding="utf-8").replace("expect.close(", "expect.nothing(")
        (folder / "tiny" / path.name).write_text(text, encoding="utf-8")
    other = dataclasses.replace(handed_in, suites=folder)
    done = classroom.grade(other, "tiny", Console(quiet=True), workers=2)
    assert sorted(done.faults) == sorted(STUDENTS) and done.graded == 0
    assert all("AttributeError" in fault for fault in done.faults.values())
    assert (texts(handed_in), points(handed_in)) == (before, held)


def test_with_other_threads_this_process_does_the_work(handed_in, monkeypatch):
    """As on formgrader's server: a fork there might hang."""
    monkeypatch.setattr(pool.threading, "active_count", threading_count)
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    try:
        with pool.Pool(handed_in, "tiny", 2) as started:
            started.start()
            assert started.workers == 1
            due = {"s001": receipt.of(handed_in, "tiny", "s001")}
            assert [found.verdict.points for found in started.find(due)] == [5]
    finally:
        go.set()
        thread.join()


def test_only_one_grading_at_a_time(handed_in, monkeypatch):
    monkeypatch.setattr(classroom, "LOCK_SECONDS", 0.3)
    with classroom._alone(handed_in), pytest.raises(InfrastructureFault, match="is being graded already"):
        classroom.grade(handed_in, "tiny", Console(quiet=True))


def test_a_submission_that_changes_meanwhile_is_not_recorded(handed_in, monkeypatch):
    """Between its verdict and the gradebook: the new file gets a verdict of its own the next time."""
    add = Ledger.add

    def hand_in_again(self, assignment, student, *given):
        write(handed_in, "tiny", Variant(student, "", cells=WRONG))
        return add(self, assignment, student, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "add", hand_in_again)
        done = classroom.grade(handed_in, "tiny", Console(quiet=True), ["s001"])
    assert "changed after it was graded" in done.faults["s001"] and points(handed_in) == {}
    classroom.grade(handed_in, "tiny", Console(quiet=True), ["s001"])
    assert points(handed_in) == {"s001": 3}
