"""From a submission to a verdict, and from there into nbgrader's gradebook.

A verdict is a file. It holds as long as the submission, the suite, the release, the limits, the environment
and the course's secret are what they were; then nothing runs again. A fault of the grader itself is never a
verdict: nothing is written, and what was there stays.
"""

import hashlib
import hmac
import json
import os
import platform
import secrets
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

from autograder import handed_in, limits
from autograder.course import REPOSITORY, Course
from autograder.faults import InfrastructureFault, SuiteFault
from autograder.files import write_atomically
from autograder.verdict import TaskVerdict

SEED_BITS = 48
PACKAGES = ("torch", "numpy", "scikit-learn", "transformers", "ipython", "matplotlib", "pytest", "nbformat")


@dataclass
class Verdict:
    """What grading found about a submission.

    Attributes:
        key: what the verdict depends on, each part as a digest.
        refusal: why the file could not be graded at all, or None.
        notes: what was mended in the notebook.
        tasks: the verdict of each task; empty when refused.
        max_points: what the check cells are worth together.
        faults: what went wrong in which cell while the notebook ran: one sentence each.
    """

    assignment: str
    student: str
    key: dict[str, str]
    refusal: str | None
    notes: list[str]
    tasks: dict[str, TaskVerdict]
    max_points: float
    faults: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(task.points for task in self.tasks.values())

    def as_dict(self) -> dict:
        tasks = {
            name: {"points": task.points, "max_points": task.max_points, **asdict(task)}
            for name, task in self.tasks.items()
        }
        return {**asdict(self), "points": self.points, "tasks": tasks}

    @classmethod
    def from_dict(cls, data: dict) -> "Verdict":
        names = ("assignment", "student", "key", "refusal", "notes", "max_points", "faults")
        tasks = {name: TaskVerdict.from_dict(task) for name, task in data["tasks"].items()}
        return cls(tasks=tasks, **{name: data[name] for name in names})


def secret(course: Course) -> bytes:
    """The course's secret, which makes each submission's seed. Created once, readable by its owner only."""
    path = course.root / "secret_seed"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        content = path.read_bytes()
    else:
        content = secrets.token_hex(32).encode()
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    if len(content) < 32:
        raise InfrastructureFault(
            f"{path} is too short to be the course's secret. Remove it to have a new one made."
        )
    return content


def seed_of(course: Course, assignment: str, student: str) -> int:
    """The seed of a submission's inputs: the same each time, unknown to the student."""
    mark = hmac.digest(secret(course), f"{assignment}\0{student}".encode(), "sha256")
    return int.from_bytes(mark, "big") >> (256 - SEED_BITS)


def key_of(course: Course, assignment: str, student: str) -> dict[str, str]:
    """What a verdict on this submission depends on."""
    return {"submission": handed_in.digest(course, assignment, student), **class_key(course, assignment)}


def class_key(course: Course, assignment: str) -> dict[str, str]:
    """The part of the key that all submissions of an assignment share."""
    released = course.released(assignment)
    if not released.is_file():
        raise InfrastructureFault(
            f"'{assignment}' is not released yet. Run: python -m autograder release {assignment}"
        )
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    environment = [platform.python_version(), platform.machine(), *packages]
    return {
        "suite": _digest_of(course.suites / assignment),
        "release": hashlib.sha256(released.read_bytes()).hexdigest(),
        "limits": _digest(json.dumps(limits.as_dict(), sort_keys=True)),
        "environment": _digest("\n".join(environment)),
        "grader": _digest_of(Path(__file__).parent, leave_out="suites"),
        "library": _digest_of(REPOSITORY / "transfer_learning"),
        "secret": _digest(secret(course).hex()),
    }


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_of(folder, leave_out=None):
    mark = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        if name.parts[0] != leave_out:
            mark.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return mark.hexdigest()


def read(course: Course, assignment: str, student: str) -> Verdict | None:
    """The verdict on file, whether it still holds or not; None when there is none that can be read."""
    try:
        return Verdict.from_dict(json.loads(course.verdict(assignment, student).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def holding(course: Course, assignment: str, student: str, key: dict[str, str]) -> Verdict | None:
    """The verdict on file, if it was found under this key and what its cells showed is there too."""
    found = read(course, assignment, student)
    if found is None or found.key != key or not _outputs_path(course, assignment, student).is_file():
        return None
    return found


def outputs(course: Course, assignment: str, student: str) -> dict[str, list]:
    """What the submission's cells showed, by cell id, as a notebook's outputs."""
    return json.loads(_outputs_path(course, assignment, student).read_text(encoding="utf-8"))


def _outputs_path(course, assignment, student):
    return course.verdict(assignment, student).with_suffix(".outputs.json")


class Grader:
    """Grades submissions of a course, one after the other. A context manager: it may hold a sandbox.

    The sandbox starts with the first submission that needs one, and only if its probes hold.
    """

    def __init__(self, course: Course) -> None:
        self.course = course
        self._worker = None

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def start(self) -> None:
        """Start the sandbox now, if it is not there yet, and probe it."""
        import torch

        from autograder.sandbox import probe

        torch.set_num_threads(1)  # the suite's own sums then do not depend on how many cores there are
        if self._worker is None:
            self._worker = probe.start(self.course)

    def close(self) -> None:
        """End the sandbox, if there is one."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def grade(self, assignment: str, student: str) -> Verdict:
        """The verdict on a submission, from its file or found anew and written there.

        Raises:
            InfrastructureFault: no verdict could be found. Nothing was written.
        """
        key = key_of(self.course, assignment, student)
        found = holding(self.course, assignment, student, key)
        if found is not None:
            return found
        from autograder import submission

        taken = submission.load(self.course, assignment, student)
        if taken.digest != key["submission"]:
            raise InfrastructureFault("the submission changed while it was being read; grade it again")
        verdict = Verdict(assignment, student, key, taken.refusal, taken.notes, {}, 0.0)
        checks = {
            cell.metadata.nbgrader.grade_id: float(cell.metadata.nbgrader.points)
            for cell in taken.notebook.cells
            if submission.is_check(cell)
        }
        verdict.max_points = sum(checks.values())
        shown = {}
        if taken.refusal is None:
            shown = self._run(verdict, taken.notebook, checks)
        path = self.course.verdict(assignment, student)
        write_atomically(_outputs_path(self.course, assignment, student), json.dumps(shown).encode())
        write_atomically(path, (json.dumps(verdict.as_dict(), indent=1, ensure_ascii=False) + "\n").encode())
        return verdict

    def _run(self, verdict, notebook, checks):
        """Run the notebook in the sandbox and the suite against it; what the cells showed, by cell id."""
        from autograder import outputs, submission, suite
        from autograder.sandbox.player import SandboxPlayer

        folder = self.course.suites / verdict.assignment
        cells = [cell for cell in notebook.cells if submission.runs(cell)]
        seed = seed_of(self.course, verdict.assignment, verdict.student)
        self.start()
        try:
            with SandboxPlayer(
                self._worker, [cell.source for cell in cells], rig=suite.rig_of(folder), seed=seed
            ) as player:
                player.start()
                verdict.tasks = suite.run(folder, list(checks), player)
        except InfrastructureFault as fault:
            if not isinstance(fault, SuiteFault):
                self.close()  # the next submission gets a fresh sandbox
            raise
        except Exception as error:
            self.close()
            raise InfrastructureFault(f"the grader met something unforeseen: {error!r}") from error
        for name, points in checks.items():
            if verdict.tasks[name].max_points != points:
                raise SuiteFault(
                    f"test_{name}.py gives up to {verdict.tasks[name].max_points:g} points, "
                    f"but its check cell is worth {points:g}"
                )
        shown = {}
        for cell, run in zip(cells, player.runs, strict=True):
            shown[cell.id] = list(run.outputs)
            if run.fault is not None:
                verdict.faults.append(f"{_place(cell, notebook)}: {_told(run.fault)}")
                if run.fault.kind != "raised" or not shown[cell.id]:
                    shown[cell.id].append(outputs.error("Stopped", _told(run.fault)))
        return shown


def _place(cell, notebook):
    name = cell.metadata.get("nbgrader", {}).get("grade_id")
    return f"cell `{name}`" if name else f"cell {notebook.cells.index(cell) + 1}"


def _told(fault):
    words = {
        "raised": f"raised {fault.exception}: {fault.message}",
        "timeout": f"did not finish ({fault.message}), and was left out",
        "died": f"ended its process ({fault.message}), and was left out",
    }
    told = words.get(fault.kind, f"gave something that cannot be read ({fault.message}), and was left out")
    return " ".join(told.split())[:500]
