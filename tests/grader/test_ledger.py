"""The ledger only grows, survives whatever ends its writer, and says so when it was tampered with."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from autograder.faults import InfrastructureFault
from autograder.ledger import Ledger


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.db") as opened:
        yield opened


def test_what_was_added_is_there(ledger):
    first = ledger.add("a", "s1", '{"points": 1}', {"cell": [{"text": "x"}]})
    second = ledger.add("a", "s1", '{"points": 2}', {})
    other = ledger.add("a", "s2", '{"points": 3}', {})
    assert ledger.last("a", "s1") == second and ledger.last("b", "s1") is None
    assert ledger.last_of_all("a") == {"s1": second, "s2": other} and ledger.last_of_all("b") == {}
    assert ledger.history("a", "s1") == [first, second]
    assert ledger.outputs(first) == {"cell": [{"text": "x"}]} and ledger.outputs(second) == {}
    assert ledger.verify() == 3


def test_recorded_is_remembered(ledger):
    line = ledger.add("a", "s1", "{}", {})
    assert not line.recorded
    ledger.set_recorded(line)
    ledger.set_recorded(line)
    assert ledger.last("a", "s1").recorded


@pytest.mark.parametrize(
    "change", ["update verdicts set verdict = 'x'", "delete from verdicts", "delete from recorded"]
)
def test_nothing_can_be_changed_or_removed(ledger, change):
    ledger.set_recorded(ledger.add("a", "s1", "{}", {}))
    with sqlite3.connect(ledger.path) as database, pytest.raises(sqlite3.IntegrityError, match="only grows"):
        database.execute(change)


@pytest.mark.parametrize(
    "change",
    [
        """update verdicts set verdict = '{"points": 15}' where number = 1""",
        "update verdicts set student = 's9' where number = 2",
        "update verdicts set outputs = x'00' where number = 2",
        "delete from verdicts where number = 1",
    ],
)
def test_a_change_past_the_guards_is_found(ledger, change):
    for number in range(3):
        ledger.add("a", f"s{number}", '{"points": 0}', {})
    assert ledger.verify() == 3
    with sqlite3.connect(ledger.path) as database:
        for guard in ("no_change", "no_loss"):
            database.execute(f"drop trigger {guard}")
        database.execute(change)
    with pytest.raises(InfrastructureFault, match="is not what the grader wrote there"):
        ledger.verify()


def test_it_is_the_owners_alone(ledger):
    assert ledger.path.stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_told_and_kept(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database, but somebody's file" * 100)
    with pytest.raises(InfrastructureFault, match="move it away: grading starts anew"):
        Ledger(path)
    assert path.read_bytes().startswith(b"not a database")


def test_a_newer_one_is_left_alone(ledger):
    with sqlite3.connect(ledger.path) as database:
        database.execute("pragma user_version = 99")
    with pytest.raises(InfrastructureFault, match="newer version"):
        Ledger(ledger.path)


WRITE = """
import sys
from pathlib import Path
from autograder.ledger import Ledger
with Ledger(Path(sys.argv[1])) as ledger:
    while True:
        ledger.add("a", "s1", "{}", {"cell": ["x" * 100_000]})
        print("added", flush=True)
"""


def test_a_killed_writer_leaves_whole_lines(tmp_path):
    """What was said to be added is there; the line that was being written is there whole or not at all."""
    path = tmp_path / "ledger.db"
    told = 0
    for pause in (0.0, 0.01, 0.02, 0.03):
        writer = subprocess.Popen([sys.executable, "-c", WRITE, path], stdout=subprocess.PIPE, text=True)
        writer.stdout.readline()
        time.sleep(pause)
        os.kill(writer.pid, signal.SIGKILL)
        told += 1 + writer.communicate()[0].count("added")
        with Ledger(path) as ledger:
            assert told <= ledger.verify() <= told + 4
