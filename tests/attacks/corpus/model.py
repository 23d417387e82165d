"""What an attack is, what an honest twin is, and what an attacker is assumed to know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ASSIGNMENT = "freezing"
FULL = {
    "freeze_backbone": 2,
    "replace_head": 2,
    "make_optimizer": 2,
    "set_train_mode": 3,
    "train_one_epoch": 3,
    "precompute_features": 3,
}


@dataclass(frozen=True)
class Place:
    """Where an attack is handed in. The attacker knows every path and port, but no secret.

    Attributes:
        course: nbgrader's course root.
        solutions: the folder with the instructor's source.
        suites: the folder with the assignment's tests, where the grader has such a folder.
        home: the home folder of the person who grades.
        drop: a folder outside the course where nothing may ever arrive.
        port: a listener on loopback; the abstract Unix socket ``arena-<port>`` is another.
        student: the attacker's id.
        neighbour: an honest student of the same class.
        mark: a word that shows, in a page, that content of the attack became active.
        released: the bytes of the released notebook.
        answers: a right answer to each task, by the name of its cell.
        pages: the texts of the feedback pages that came back when it was handed in before.
    """

    course: Path
    solutions: Path
    suites: Path
    home: Path
    drop: Path
    port: int
    student: str
    neighbour: str
    mark: str
    released: bytes
    answers: Mapping[str, str]
    pages: tuple[str, ...] = ()


@dataclass(frozen=True)
class HandedIn:
    """A submission folder: the notebook's bytes, other files by name, and what bytes cannot say.

    ``arrange`` gets the folder and may put links, pipes or anything else into it.
    """

    notebook: bytes | None
    files: Mapping[str, bytes] = field(default_factory=dict)
    arrange: Callable[[Path], None] | None = None


Build = Callable[[Place], HandedIn]


@dataclass(frozen=True)
class Attack:
    """A submission that tries something.

    Attributes:
        id: its name; the student is ``a-<id>``.
        row: the row of the catalogue (README.md).
        title: what it tries, in a few words.
        build: makes the submission.
        honest: what its answers are worth without the trick: points by task, others zero.
        expected: what our grader must give when that differs; a refused notebook, for example, gets nothing.
        refused: whether our grader must refuse the file, with a reason; None when it may mend it instead.
        graded: False when our grader must not take it for a submission at all.
        student: an odd student id, in place of ``a-<id>``.
        names: first and last name in the roster.
        rounds: how often it is handed in; each time it sees the feedback of the time before.
    """

    id: str
    row: int
    title: str
    build: Build
    honest: Mapping[str, float] = field(default_factory=dict)
    expected: Mapping[str, float] | None = None
    refused: bool | None = False
    graded: bool = True
    student: str | None = None
    names: tuple[str, str] | None = None
    rounds: int = 1

    @property
    def student_id(self) -> str:
        return self.student if self.student is not None else f"a-{self.id}"

    @property
    def due(self) -> Mapping[str, float]:
        """The points that our grader must give."""
        return self.honest if self.expected is None else self.expected


@dataclass(frozen=True)
class Twin:
    """An honest submission that looks like an attack of this row. It must get full marks."""

    id: str
    row: int
    title: str
    build: Build

    @property
    def student_id(self) -> str:
        return f"t-{self.id}"
