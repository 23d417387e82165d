"""The ledger: every verdict ever found, in one SQLite file that only grows.

One transaction adds one verdict. Nothing in it is changed or removed: the database itself refuses. Each line
names the line before it by its mark, so that a line changed behind the grader's back is found
(:meth:`Ledger.verify`). A second table says which verdicts are in nbgrader's gradebook.

This file knows nothing of what a verdict says.
"""

import contextlib
import datetime
import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.faults import InfrastructureFault

SCHEMA = """
create table if not exists verdicts (
    number integer primary key, assignment text not null, student text not null,
    verdict text not null, outputs blob not null, found text not null, mark text not null unique
);
create index if not exists by_student on verdicts (assignment, student, number);
create table if not exists recorded (number integer primary key references verdicts (number));
create trigger if not exists no_change before update on verdicts
    begin select raise(abort, 'the ledger only grows'); end;
create trigger if not exists no_loss before delete on verdicts
    begin select raise(abort, 'the ledger only grows'); end;
create trigger if not exists no_unrecording before delete on recorded
    begin select raise(abort, 'the ledger only grows'); end;
"""
COLUMNS = "verdicts.number, assignment, student, verdict, found, mark, recorded.number is not null"
FIRST = "0" * 64
DAMAGED = (
    "If it is damaged, put back a copy, or move it away: grading starts anew, and the grades that are in "
    "gradebook.db stay."
)
VERSION = 1


@dataclass(frozen=True)
class Line:
    """One verdict in the ledger.

    Attributes:
        number: the line's place, from 1.
        verdict: the verdict's text, JSON.
        found: when, in UTC.
        mark: SHA-256 of the line before it, this verdict, and what the cells showed.
        recorded: whether it was put into the gradebook.
    """

    number: int
    assignment: str
    student: str
    verdict: str
    found: str
    mark: str
    recorded: bool


class Ledger:
    """The ledger in this file, created when it is not there. A context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
            self._database = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._database.execute("pragma synchronous = full")
            (version,) = self._database.execute("pragma user_version").fetchone()
            if version not in (0, VERSION):
                raise sqlite3.DatabaseError("a newer version of the grader wrote it")
            if version == 0:
                self._database.execute("pragma journal_mode = wal")
                self._database.executescript(
                    f"begin immediate; {SCHEMA} pragma user_version = {VERSION}; commit;"
                )
        except (OSError, sqlite3.Error) as error:
            raise self._fault(error) from error

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def add(self, assignment: str, student: str, verdict: str, outputs: dict) -> Line:
        """Add a verdict, in one transaction: after this it is there, whatever happens next."""
        packed = zlib.compress(json.dumps(outputs, sort_keys=True).encode(), 1)
        found = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        with self._transaction():
            last = self._database.execute("select mark from verdicts order by number desc limit 1").fetchone()
            mark = _mark(last[0] if last else FIRST, assignment, student, verdict, packed)
            number = self._database.execute(
                "insert into verdicts (assignment, student, verdict, outputs, found, mark) "
                "values (?, ?, ?, ?, ?, ?)",
                (assignment, student, verdict, packed, found, mark),
            ).lastrowid
        return Line(number, assignment, student, verdict, found, mark, False)

    def set_recorded(self, line: Line) -> None:
        """Say that this verdict is in the gradebook."""
        with self._transaction():
            self._database.execute("insert or ignore into recorded values (?)", (line.number,))

    def last(self, assignment: str, student: str) -> Line | None:
        """The newest verdict on a submission."""
        lines = self._lines(
            "assignment = ? and student = ? order by verdicts.number desc limit 1", assignment, student
        )
        return lines[0] if lines else None

    def last_of_all(self, assignment: str) -> dict[str, Line]:
        """The newest verdict on each student's submission."""
        newest = "verdicts.number in (select max(number) from verdicts where assignment = ? group by student)"
        return {line.student: line for line in self._lines(newest, assignment)}

    def history(self, assignment: str, student: str) -> list[Line]:
        """Every verdict on a submission, the oldest first."""
        return self._lines("assignment = ? and student = ? order by verdicts.number", assignment, student)

    def outputs(self, line: Line) -> dict:
        """What the submission's cells showed, as it was given to :meth:`add`."""
        with self._told():
            row = self._database.execute("select outputs from verdicts where number = ?", (line.number,))
            return json.loads(zlib.decompress(row.fetchone()[0]))

    def verify(self) -> int:
        """Follow the marks from the first line to the last; how many lines there are.

        Raises:
            InfrastructureFault: a line is not what it was when it was written.
        """
        with self._told():
            before, count = FIRST, 0
            for number, assignment, student, verdict, outputs, mark in self._database.execute(
                "select number, assignment, student, verdict, outputs, mark from verdicts order by number"
            ):
                count += 1
                if number != count or mark != _mark(before, assignment, student, verdict, outputs):
                    raise InfrastructureFault(
                        f"line {count} of the ledger {self.path}, on '{assignment}' of {student}, is not "
                        f"what the grader wrote there. {DAMAGED}"
                    )
                before = mark
            return count

    def _lines(self, where, *values):
        with self._told():
            rows = self._database.execute(
                f"select {COLUMNS} from verdicts left join recorded on recorded.number = verdicts.number "
                f"where {where}",
                values,
            ).fetchall()
        return [Line(*row[:6], bool(row[6])) for row in rows]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told():
            self._database.execute("begin immediate")
            try:
                yield
                self._database.execute("commit")
            except BaseException:
                if self._database.in_transaction:  # a full disk ends it, and the reason must not be lost
                    self._database.execute("rollback")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, zlib.error) as error:
            raise self._fault(error) from error

    def _fault(self, error):
        why = str(error).split("\n")[0][:200]
        return InfrastructureFault(
            f"the ledger of verdicts, {self.path}, cannot be used: {why}. Is the disk full, or the file "
            f"damaged? {DAMAGED}"
        )


def _mark(before, assignment, student, verdict, outputs):
    parts = [before.encode(), assignment.encode(), student.encode(), verdict.encode(), outputs]
    mark = hashlib.sha256()
    for part in parts:
        mark.update(len(part).to_bytes(8, "big") + part)
    return mark.hexdigest()
