"""The assignments, as released from their sources; each test gets every one of them."""

import tempfile

import pytest
import torch
from graded_here import ASSIGNMENTS, COURSE, Assignment

from autograder import release


@pytest.fixture(scope="session", autouse=True)
def released():
    """The student notebooks are made before anything reads them; one thread, as in the sandbox."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    for name in ASSIGNMENTS:
        release.release(COURSE, name)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def own_temporary_folder(tmp_path_factory):
    """As in the sandbox: one wrong answer writes to a fixed name there, and other processes run it too."""
    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("temporary"))
    yield
    tempfile.tempdir = before


@pytest.fixture(params=ASSIGNMENTS)
def assignment(request) -> Assignment:
    return ASSIGNMENTS[request.param]


@pytest.fixture
def distances(monkeypatch):
    """Every distance that a suite compares with the tolerance."""
    from autograder import measure

    seen, original = [], measure.distance

    def distance(left, right):
        seen.append(original(left, right))
        return seen[-1]

    monkeypatch.setattr(measure, "distance", distance)
    return seen
