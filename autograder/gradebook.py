"""nbgrader's gradebook: put verdicts into it, and ask whether they are there.

A verdict goes in as one transaction, written by nbgrader's own classes. Only the questions that are asked on
every run, "is anything new?", are put to the database directly: importing nbgrader takes longer than the
answer.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from autograder.course import Course
from autograder.faults import SHORT, InfrastructureFault, printable
from autograder.files import read_regular, write_atomically
from autograder.grading import Verdict

SCORES = """
select base_cell.name, grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade,
       comment.auto_comment, comment.manual_comment
from submitted_assignment
join assignment on assignment.id = submitted_assignment.assignment_id
join submitted_notebook on submitted_notebook.assignment_id = submitted_assignment.id
join base_cell on base_cell.notebook_id = submitted_notebook.notebook_id
left join grade on grade.notebook_id = submitted_notebook.id and grade.cell_id = base_cell.id
left join comment on comment.notebook_id = submitted_notebook.id and comment.cell_id = base_cell.id
where assignment.name = ? and submitted_assignment.student_id = ?
order by base_cell.name, base_cell.type
"""

WAITING = """
select assignment.name, count(distinct submitted_assignment.id)
from submitted_assignment
join assignment on assignment.id = submitted_assignment.assignment_id
join submitted_notebook on submitted_notebook.assignment_id = submitted_assignment.id
join grade on grade.notebook_id = submitted_notebook.id
where grade.needs_manual_grade
group by assignment.name order by assignment.name
"""

HELD = """
select submitted_assignment.student_id, base_cell.name, grade.auto_score
from submitted_assignment
join assignment on assignment.id = submitted_assignment.assignment_id
join submitted_notebook on submitted_notebook.assignment_id = submitted_assignment.id
join grade on grade.notebook_id = submitted_notebook.id
join base_cell on base_cell.id = grade.cell_id
where assignment.name = ? and grade.auto_score is not null
"""


def scores(course: Course, assignment: str, student: str) -> list[tuple]:
    """Every cell's scores and comments as the gradebook holds them; empty when it has no such submission."""
    return _ask(course, SCORES, assignment, student)


def held(course: Course, assignment: str) -> dict[str, dict[str, float]]:
    """Every student's automatic scores by cell, as the gradebook holds them."""
    found: dict[str, dict[str, float]] = {}
    for student, name, score in _ask(course, HELD, assignment):
        found.setdefault(student, {})[name] = score
    return found


def demand(course: Course, assignment: str) -> None:
    """Raise :class:`InfrastructureFault` unless the gradebook has the assignment, which grades go into."""
    path = course.root / "gradebook.db"
    if not _ask(course, "select 1 from assignment where name = ?", assignment):
        raise InfrastructureFault(
            f"{path} {'does not have' if path.is_file() else 'is not there, so it does not have'} "
            f"'{assignment}'. If you have a copy of it, put it back: points given by hand are nowhere else. "
            f"Without one, make it anew. Run: python -m autograder release {assignment}"
        )


def waiting(course: Course) -> dict[str, int]:
    """How many submissions of each assignment a person has still to look at; those with none left out."""
    return dict(_ask(course, WAITING))


def _ask(course, question, *values):
    path = course.root / "gradebook.db"
    if not path.is_file():
        return []
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(question, values).fetchall()
    except sqlite3.Error as error:
        raise InfrastructureFault(f"nbgrader's gradebook {path} cannot be read: {error}") from error


def autograded(course: Course, assignment: str, student: str) -> Path:
    """The graded notebook, as nbgrader writes it."""
    return course.root / "autograded" / student / assignment / f"{assignment}.ipynb"


def holds(course: Course, verdict: Verdict, scores: dict[str, float]) -> bool:
    """Whether the graded notebook is there and these scores, from :func:`held`, are those of the verdict."""
    if not scores or not autograded(course, verdict.assignment, verdict.student).is_file():
        return False
    if verdict.refusal is not None:
        return not any(scores.values())
    return all(scores.get(name) == task.points for name, task in verdict.tasks.items())


class Writer:
    """Writes verdicts into the gradebook, one transaction each. A context manager.

    Scores, comments and penalties are set by nbgrader's own preprocessors, with its own configuration. They
    commit after every cell; here, all they do for a submission becomes one transaction.
    """

    def __init__(self, course: Course, config: Any = None) -> None:
        from nbgrader.api import Gradebook
        from nbgrader.preprocessors import AssignLatePenalties, LimitOutput, SaveAutoGrades

        from autograder.nbgrader_plugin import api

        self.course = course
        self._book = Gradebook(f"sqlite:///{course.root / 'gradebook.db'}")
        config = api(course).config if config is None else config
        self._limit, self._save, self._late = (
            kind(config=config) for kind in (LimitOutput, SaveAutoGrades, AssignLatePenalties)
        )

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_) -> None:
        self._book.close()

    def record(self, verdict: Verdict, shown: dict[str, list], again: bool = False) -> str | None:
        """Write the graded notebook, and put its scores into the gradebook.

        Args:
            shown: what the cells showed, by cell id.
            again: whether the same submission was recorded before. Then a cell that was graded by hand, and
                whose automatic score stays, need not be looked at again.

        Returns:
            a remark for the person who grades, if there is one.

        Raises:
            InfrastructureFault: it could not be written. The gradebook is as it was.
        """
        import nbformat
        from nbgrader.api import InvalidEntry, MissingEntry

        from autograder import graded, submission

        assignment, student = verdict.assignment, verdict.student
        taken = submission.load(self.course, assignment, student)
        if taken.digest != verdict.receipt["submission"]:
            raise InfrastructureFault("the submission changed after it was graded; grade it again")
        notebook = submission.with_note(taken)
        graded.fill(notebook, verdict, shown)
        named = {"assignment": assignment, "student": student, "notebook": assignment, "db_url": ""}
        target = autograded(self.course, assignment, student)
        handed_in, remark = _timestamp(self.course, assignment, student)
        try:
            with self._transaction():
                when = {} if handed_in is None else {"timestamp": handed_in}
                with self._book.db.no_autoflush:  # nbgrader reads the database while it adds to it
                    self._book.update_or_create_student(student)
                    found = self._book.update_or_create_submission(assignment, student, **when)
                seen = _looked_at(found) if again else {}
                for step in (self._limit, self._save, self._late):
                    notebook, _ = step.preprocess(notebook, {"nbgrader": named})
                for grade in _grades(found):
                    if seen.get(grade.cell_id, ()) == (grade.auto_score,):
                        grade.needs_manual_grade = False
                if handed_in is not None:
                    write_atomically(target.with_name("timestamp.txt"), handed_in.encode(), mode=0o444)
                write_atomically(target, nbformat.writes(notebook).encode(), mode=0o444)
        except (InvalidEntry, MissingEntry, OSError) as error:
            raise InfrastructureFault(f"nbgrader's gradebook did not take the verdict: {error}") from error
        return remark

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """What nbgrader's classes do in here to its gradebook happens at once, or not at all."""
        from nbgrader.preprocessors import latesubmissions, saveautogrades
        from sqlalchemy.exc import SQLAlchemyError

        book = _Borrowed(self._book)
        try:
            with (
                mock.patch.object(saveautogrades, "Gradebook", lambda _: book),
                mock.patch.object(latesubmissions, "Gradebook", lambda _: book),
                mock.patch.object(self._book.db, "commit", self._book.db.flush),
            ):
                yield
            self._book.db.commit()
        except SQLAlchemyError as error:
            raise InfrastructureFault(f"nbgrader's gradebook did not take the verdict: {error}") from error
        finally:
            self._book.db.rollback()  # nothing, after a commit
            self._book.db.expunge_all()


class _Borrowed:
    """A gradebook for a preprocessor that opens and closes one of its own."""

    def __init__(self, book):
        self._book = book

    def __getattr__(self, name):
        return getattr(self._book, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def _grades(found):
    return [grade for notebook in found.notebooks for grade in notebook.grades]


def _looked_at(found):
    """The automatic scores of the cells that a person has graded, by cell, each alone in a tuple."""
    return {
        grade.cell_id: (grade.auto_score,)
        for grade in _grades(found)
        if grade.manual_score is not None and not grade.needs_manual_grade
    }


def _timestamp(course, assignment, student):
    """When it was handed in, as nbgrader's file beside it says, or None; and a remark, or None."""
    from nbgrader.utils import parse_utc

    path = course.submitted(assignment, student).with_name("timestamp.txt")
    try:
        text = read_regular(path, 200).decode().strip()
        parse_utc(text)
    except FileNotFoundError:
        return None, None
    except Exception as error:  # the parser of dates raises more than ValueError, and names what it read
        why = printable(str(error)[:SHORT])
        return None, f"its timestamp.txt does not say when it was handed in, so it counts as in time ({why})"
    return text, None


def graded_students(course: Course, assignment: str) -> list[str]:
    """The students whose graded notebook is there, sorted."""
    return sorted(
        path.parent.parent.name
        for path in (course.root / "autograded").glob(f"*/{assignment}/{assignment}.ipynb")
    )
