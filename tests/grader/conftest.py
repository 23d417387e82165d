"""A course with one tiny assignment, and a warm sandbox, for all tests of the grader."""

import dataclasses

import pytest
from tiny_course import make_course

from autograder import limits
from autograder.course import Course
from autograder.sandbox import probe

collect_ignore = ["fixture_assignment"]  # suites are run by the grader, not by this run


@pytest.fixture(scope="session")
def course(tmp_path_factory) -> Course:
    """A course root that sandbox tests share; nothing is graded in it."""
    return make_course(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def worker(course):
    """One warm worker for the whole run."""
    with probe.start(course) as started:
        yield started


@pytest.fixture
def quick_limits(monkeypatch):
    """Short times, so that what loops for ever does so for a second."""
    quick = dataclasses.replace(limits.SANDBOX, cell_seconds=2.0, call_seconds=1.0, submission_seconds=20.0)
    monkeypatch.setattr(limits, "SANDBOX", quick)
    return quick
