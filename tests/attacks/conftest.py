"""One class of all attacks and all twins, graded once for the whole run."""

import dataclasses
from dataclasses import replace

import arena as arenas
import ours
import pytest
from corpus import ATTACKS, TWINS

from autograder import limits


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A released course with planted secrets, in which one student has been graded."""
    root = tmp_path_factory.mktemp("arena") / "template"
    root.mkdir()
    return ours.prepare(root)


@pytest.fixture(scope="session")
def graded(template, tmp_path_factory):
    """What each student of the class got out of it, and what befell the class. Times are short here."""
    arena = template.copy(tmp_path_factory.mktemp("class") / "arena")
    log = tmp_path_factory.mktemp("listener") / "log"
    quick = dataclasses.replace(limits.SANDBOX, cell_seconds=4.0, call_seconds=3.0)
    listener, port = arenas.start_listener(log)
    ours.adopt_orphans()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "SANDBOX", quick)
        try:
            return ours.run_class(replace(arena, port=port, log=log), [*ATTACKS, *TWINS])
        finally:
            listener.kill()
            listener.wait()
