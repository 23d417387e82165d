"""From one submission to one verdict.

A verdict holds as long as its receipt does: the submission, the suite, the release, the limits, the
environment and the seed are what they were. A fault of the grader itself is never a verdict: nothing is
written, and what was there stays.
"""

import json
from dataclasses import asdict, dataclass, field

from autograder import receipt
from autograder.course import Course
from autograder.faults import InfrastructureFault, SuiteFault
from autograder.ledger import DAMAGED, Ledger
from autograder.verdict import TaskVerdict


@dataclass
class Verdict:
    """What grading found about a submission.

    Attributes:
        receipt: what the verdict depends on, each part as a digest (receipt.py).
        refusal: why the file could not be graded at all, or None.
        notes: what was mended in the notebook.
        tasks: the verdict of each task; empty when refused.
        max_points: what the check cells are worth together.
        faults: what went wrong in which cell while the notebook ran: one sentence each.
    """

    assignment: str
    student: str
    receipt: dict[str, str]
    refusal: str | None
    notes: list[str]
    tasks: dict[str, TaskVerdict]
    max_points: float
    faults: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(task.points for task in self.tasks.values())

    def as_text(self) -> str:
        """JSON, for people and programs: equal verdicts give equal texts."""
        tasks = {
            name: {"points": task.points, "max_points": task.max_points, **asdict(task)}
            for name, task in self.tasks.items()
        }
        data = {**asdict(self), "points": self.points, "tasks": tasks}
        return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> "Verdict":
        """The verdict of which :meth:`as_text` made this.

        Raises:
            InfrastructureFault: nothing that it makes looks like this.
        """
        names = ("assignment", "student", "receipt", "refusal", "notes", "max_points", "faults")
        try:
            data = json.loads(text)
            tasks = {name: TaskVerdict.from_dict(task) for name, task in data["tasks"].items()}
            return cls(tasks=tasks, **{name: data[name] for name in names})
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            told = f"a verdict in the ledger is not what the grader writes ({error!r:.200}). {DAMAGED}"
            raise InfrastructureFault(told) from error


def read(course: Course, assignment: str, student: str) -> Verdict | None:
    """The newest verdict in the ledger, whether it still holds or not; None when there is none."""
    with Ledger(course.ledger) as ledger:
        line = ledger.last(assignment, student)
    return None if line is None else Verdict.from_text(line.verdict)


def outputs(course: Course, assignment: str, student: str) -> dict[str, list]:
    """What the cells of the newest verdict's submission showed, by cell id, as a notebook's outputs."""
    with Ledger(course.ledger) as ledger:
        line = ledger.last(assignment, student)
        return {} if line is None else ledger.outputs(line)


class Grader:
    """Finds verdicts, one after the other, in this process. A context manager: it may hold a sandbox.

    The sandbox starts with the first submission that needs one, and only if its probes hold.

    Args:
        forks: a server of processes in a sandbox that another grader has started and probed.
    """

    def __init__(self, course: Course, forks=None) -> None:
        self.course = course
        self._forks = forks
        self._own = None
        self._probed = False
        self._warm = set()

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def launch(self) -> None:
        """Begin to start the sandbox, without waiting for it."""
        if self._forks is None and self._own is None:
            from autograder.sandbox.server import Worker

            self._own = Worker(self.course, wait=False)
            self._probed = False

    def start(self, assignment: str):
        """Have a probed sandbox, warm for this assignment; gives its server of fresh processes."""
        if self._forks is not None:
            return self._forks
        self.launch()
        from autograder import suite

        if not self._probed:
            self._probe()
        if assignment not in self._warm:
            self._own.warm(suite.rig_of(self.course.suites / assignment) or "")
            suite.warm(self.course.suites / assignment)
            self._warm.add(assignment)
        return self._own

    def _probe(self):
        import torch  # while the worker imports its own

        from autograder import submission  # noqa: F401
        from autograder.sandbox import probe

        torch.set_num_threads(1)  # the suite's own sums then do not depend on how many cores there are
        try:
            self._own.ready()
            probe.demand(self.course, self._own)
        except BaseException:
            self.close()
            raise
        self._probed = True

    def close(self) -> None:
        """Let go of the sandbox, if there is one."""
        for server in (self._own, self._forks):
            if server is not None:
                server.close()
        self._own = self._forks = None
        self._warm.clear()

    def find(self, assignment: str, student: str, due: dict[str, str]) -> tuple[Verdict, dict[str, list]]:
        """Find the verdict that has this receipt; with it, what the cells showed, by cell id.

        What breaks in the sandbox is tried once more, in a fresh one.

        Raises:
            InfrastructureFault: it broke again, or the suite is wrong, or the submission has changed.
        """
        from autograder import submission

        taken = submission.load(self.course, assignment, student)
        if taken.digest != due["submission"]:
            raise InfrastructureFault("the submission changed while it was being read; grade it again")
        checks = {
            cell.metadata.nbgrader.grade_id: float(cell.metadata.nbgrader.points)
            for cell in taken.notebook.cells
            if submission.is_check(cell)
        }
        verdict = Verdict(assignment, student, due, taken.refusal, taken.notes, {}, sum(checks.values()))
        if taken.refusal is not None:
            return verdict, {}
        seed = receipt.seed(self.course, assignment, student, taken.digest)
        try:
            shown = self._run(verdict, taken.notebook, checks, seed)
        except SuiteFault:
            raise
        except InfrastructureFault:
            self.close()
            shown = self._run(verdict, taken.notebook, checks, seed)
        return verdict, shown

    def _run(self, verdict, notebook, checks, seed):
        """Run the notebook in the sandbox and the suite against it; what the cells showed, by cell id."""
        from autograder import outputs, submission, suite
        from autograder.sandbox.player import SandboxPlayer

        folder = self.course.suites / verdict.assignment
        cells = [cell for cell in notebook.cells if submission.runs(cell)]
        forks = self.start(verdict.assignment)
        try:
            with SandboxPlayer(
                forks, [cell.source for cell in cells], rig=suite.rig_of(folder), seed=seed
            ) as player:
                player.start()
                verdict.tasks = suite.run(folder, list(checks), player)
        except InfrastructureFault:
            raise
        except Exception as error:
            raise InfrastructureFault(f"the grader met something unforeseen: {error!r}") from error
        for name, points in checks.items():
            if verdict.tasks[name].max_points != points:
                raise SuiteFault(
                    f"test_{name}.py gives up to {verdict.tasks[name].max_points:g} points, "
                    f"but its check cell is worth {points:g}"
                )
        shown, verdict.faults = {}, []
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
