"""A throw-away course with planted secrets, an honest neighbour and an attacker's submission in it."""

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

import measure
from corpus.build import honest
from corpus.model import ASSIGNMENT, FULL, Attack, HandedIn, Place, Twin

HERE = Path(__file__).resolve().parent
NEIGHBOUR = "z-neighbour"  # comes after every attacker, in any order of names
VETERAN = "v-graded-before"
VARIABLE = "GRADER_TOKEN"
KINDS = ("neighbour", "gradebook", "solution", "suite", "seed", "environment", "home")


@dataclass(frozen=True)
class Arena:
    """Where a class is graded.

    Attributes:
        root: holds ``course/``, ``home/``, ``drop/`` and, for our grader, ``solutions/`` and ``suites/``.
        secrets: the planted secrets by kind.
        answers: the right answers by the name of their cell.
        port: where the listener is.
        log: what has reached the listener.
    """

    root: Path
    secrets: dict[str, str]
    answers: dict[str, str]
    port: int = 9
    log: Path | None = None

    @property
    def course(self) -> Path:
        return self.root / "course"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def drop(self) -> Path:
        return self.root / "drop"

    @property
    def database(self) -> Path:
        return self.course / "gradebook.db"

    def place(self, student: str, pages: tuple[str, ...] = ()) -> Place:
        """What an attacker of this name knows."""
        released = self.course / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        return Place(
            course=self.course,
            solutions=self.root / "solutions",
            suites=self.root / "suites" / ASSIGNMENT,
            home=self.home,
            drop=self.drop,
            port=self.port,
            student=student,
            neighbour=NEIGHBOUR,
            mark="pwned" + "".join(char for char in self.secrets["seed"][-12:]),
            released=released.read_bytes(),
            answers=self.answers,
            pages=pages,
        )

    def copy(self, root: Path) -> "Arena":
        """The same course in another folder."""
        shutil.copytree(self.root, root, symlinks=True)
        return replace(self, root=root)

    def page_of(self, student: str) -> str:
        """The text of a student's feedback page."""
        path = self.course / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"
        return measure.plain(path.read_bytes()) if path.is_file() else ""

    def heard(self) -> str:
        """What has reached the listener."""
        return self.log.read_text("utf-8", "replace") if self.log and self.log.is_file() else ""


def new_secrets() -> dict[str, str]:
    """A secret of each kind; none stands in any file of the repository."""
    return {kind: f"canary-{kind}-{token_hex(12)}" for kind in KINDS}


def plant(root: Path, secrets: dict[str, str]) -> None:
    """Make home and drop, with the secrets that are not in the course."""
    home = root / "home"
    (home / ".ssh").mkdir(parents=True)
    (root / "drop").mkdir(mode=0o777)
    (home / ".ssh" / "id_ed25519").write_text(f"PRIVATE KEY {secrets['home']}\n")
    (home / ".netrc").write_text(f"machine example.org login teacher password {secrets['home']}\n")
    (home / ".bash_history").write_text(f"export TOKEN={secrets['home']}\n")


def plant_in_gradebook(arena: Arena) -> None:
    """A student of another course section, whose name is a secret."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{arena.database}") as book:
        book.update_or_create_student("b-somebody", last_name=arena.secrets["gradebook"])


def enrol(arena: Arena, student: str, names: tuple[str, str]) -> None:
    """Put a student into the roster under names of the student's own choice."""
    from nbgrader.api import Gradebook

    first, last = (name.replace("MARK", arena.place(student).mark) for name in names)
    with Gradebook(f"sqlite:///{arena.database}") as book:
        book.update_or_create_student(student, first_name=first, last_name=last)


def hand_in(arena: Arena, student: str, what: HandedIn) -> None:
    """Write a submission's folder, whatever its student is called."""
    folder = arena.course / "submitted" / student / ASSIGNMENT
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if what.notebook is not None:
        (folder / f"{ASSIGNMENT}.ipynb").write_bytes(what.notebook)
    for name, content in what.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if what.arrange is not None:
        what.arrange(folder)


def hand_in_case(arena: Arena, case: Attack | Twin, pages: tuple[str, ...] = ()) -> None:
    """Hand in an attack or a twin."""
    if isinstance(case, Attack) and case.names and not pages:
        enrol(arena, case.student_id, case.names)
    hand_in(arena, case.student_id, case.build(arena.place(case.student_id, pages)))


def hand_in_neighbour(arena: Arena) -> None:
    """An honest submission with a secret in it."""
    text = f"My notes, not for others: {arena.secrets['neighbour']}"
    hand_in(arena, NEIGHBOUR, honest(texts=[text])(arena.place(NEIGHBOUR)))


def hand_in_veteran(arena: Arena) -> None:
    """An honest submission without a secret, to be graded before the class."""
    hand_in(arena, VETERAN, honest()(arena.place(VETERAN)))


def start_listener(log: Path, port: int = 0) -> tuple[subprocess.Popen, int]:
    """The process of a listener, and its port."""
    command = [sys.executable, str(HERE / "listener.py"), str(log), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


@dataclass
class Watch:
    """The state of an arena before a class is graded; :meth:`own` and :meth:`whole` compare."""

    arena: Arena
    outputs: frozenset[str]
    files: dict[str, str]
    veteran: dict[str, float]
    schema: list[str]
    heard: int

    @classmethod
    def start(cls, arena: Arena, outputs: frozenset[str]) -> "Watch":
        """Look at everything now; ``outputs``: what in ``course/`` grading is meant to write."""
        return cls(
            arena,
            outputs,
            cls._files(arena, outputs),
            measure.scores(arena.database).get(VETERAN, {}),
            measure.schema(arena.database),
            len(arena.heard()),
        )

    @staticmethod
    def _files(arena, outputs):
        found = measure.digests(arena.root, [f"course/{name}" for name in outputs])
        course = arena.course
        for folder in (course / "autograded" / VETERAN, course / "feedback" / VETERAN):
            found |= {f"{folder.parent.name}/{VETERAN}/{k}": v for k, v in measure.digests(folder).items()}
        return found

    def changed(self) -> list[str]:
        """Files that grading was not meant to touch, and the gradebook's structure and old grades."""
        found = measure.changes(self.files, self._files(self.arena, self.outputs))
        found = [name for name in found if not name.startswith(f"feedback/{VETERAN}")]  # written again
        if measure.schema(self.arena.database) != self.schema:
            found.append("the gradebook's tables and triggers")
        if self.veteran and measure.scores(self.arena.database).get(VETERAN) != self.veteran:
            found.append("an old grade")
        return found

    def came_out(self, student: str, more: str = "") -> list[str]:
        """The text of everything that goes back to a student."""
        course = self.arena.course
        texts = [more]
        for folder in (course / "feedback" / student, course / "autograded" / student):
            texts += map(measure.plain, measure.files_of(folder))
        return texts

    def hurt_neighbours(self) -> list[str]:
        """Whether the neighbour got what an honest student deserves."""
        got = measure.scores(self.arena.database).get(NEIGHBOUR)
        if got is None:
            return ["the neighbour was not graded"]
        changed = sum(got.values()) - sum(FULL.values())
        return [f"the neighbour's points changed by {changed:+g}"] if changed else []

    def own(self, student: str, more: str = "") -> measure.Outcome:
        """What one student got out of it; ``more`` is further text that goes back, such as the verdict."""
        texts = self.came_out(student, more)
        pages = self.arena.course / "feedback" / student
        return measure.Outcome(
            points=measure.scores(self.arena.database).get(student),
            secrets=measure.leaked(texts, self.arena.secrets),
            reached=measure.reached(texts),
            pages=measure.active_pages(pages, self.arena.place(student).mark),
        )

    def whole(self, printed: str) -> measure.Outcome:
        """What befell the class; ``printed`` is what the grader wrote to its console."""
        table = self.arena.course / "grades.csv"
        landed = [*map(measure.plain, measure.files_of(self.arena.drop)), self.arena.heard()[self.heard :]]
        return measure.Outcome(
            secrets=measure.leaked(landed, self.arena.secrets),
            reached=measure.reached(landed) + (["the listener"] if landed[-1] else []),
            touched=self.changed(),
            hurt=self.hurt_neighbours(),
            pages=(measure.formulas(table.read_bytes().decode()) if table.is_file() else [])
            + measure.terminal(printed),
        )
