"""nbgrader's gradebook: put verdicts into it, and ask whether they are there.

nbgrader itself does the writing. Only the questions that are asked on every run, "is anything new?", are put
to the database directly, because importing nbgrader takes longer than answering them.
"""

import contextlib
import hashlib
import sqlite3
import tempfile
import warnings
from pathlib import Path

from autograder.course import Course
from autograder.faults import InfrastructureFault
from autograder.files import read_regular, read_state, write_state
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


def scores(course: Course, assignment: str, student: str) -> list[tuple]:
    """Every cell's scores and comments as the gradebook holds them; empty when it has no such submission."""
    path = course.root / "gradebook.db"
    if not path.is_file():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(SCORES, (assignment, student)).fetchall()


def autograded(course: Course, assignment: str, student: str) -> Path:
    """The graded notebook, as nbgrader writes it."""
    return course.root / "autograded" / student / assignment / f"{assignment}.ipynb"


def holds(course: Course, verdict: Verdict) -> bool:
    """Whether the gradebook and the graded notebook are those of this verdict."""
    if not autograded(course, verdict.assignment, verdict.student).is_file():
        return False
    state = read_state(_recorded(course, verdict))
    if state != _mark(course, verdict):
        return False
    held = {
        row[0]: row[1] for row in scores(course, verdict.assignment, verdict.student) if row[1] is not None
    }
    if verdict.refusal is not None:
        return bool(held) and not any(held.values())
    return all(held.get(name) == task.points for name, task in verdict.tasks.items())


def record(course: Course, api, verdict: Verdict) -> None:
    """Have nbgrader autograde the submission: our plug-in gives it the verdict that is on file.

    nbgrader gets the mended notebook in a folder of its own, so that nothing else of a submission reaches it.

    Raises:
        InfrastructureFault: nbgrader did not take it.
    """
    import nbformat
    from nbgrader.utils import temp_attrs

    from autograder import submission

    assignment, student = verdict.assignment, verdict.student
    with tempfile.TemporaryDirectory(dir=course.root, prefix="staging-") as staging:
        folder = Path(staging) / student / assignment
        folder.mkdir(parents=True)
        handed_in = submission.load(course, assignment, student)
        (folder / f"{assignment}.ipynb").write_text(nbformat.writes(handed_in.notebook), encoding="utf-8")
        _copy_timestamp(course, verdict, folder)
        with temp_attrs(api.coursedir, submitted_directory=Path(staging).name), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader's own use of its database library is not ours to mend
            result = api.autograde(assignment, student, force=True, create=True)
    if not result["success"]:
        raise InfrastructureFault(
            f"nbgrader did not take the verdict: {result.get('log') or result['error']}"
        )
    write_state(_recorded(course, verdict), _mark(course, verdict))


def _recorded(course, verdict):
    return course.root / "state" / "recorded" / verdict.assignment / verdict.student


def _mark(course, verdict):
    return hashlib.sha256(course.verdict(verdict.assignment, verdict.student).read_bytes()).hexdigest()


def _copy_timestamp(course, verdict, folder):
    """nbgrader reads from this file when a submission was handed in; a file it cannot read would stop it."""
    from nbgrader.utils import parse_utc

    path = course.submitted(verdict.assignment, verdict.student).with_name("timestamp.txt")
    try:
        text = read_regular(path, 200).decode().strip()
        parse_utc(text)
    except (OSError, ValueError, OverflowError):
        return
    (folder / "timestamp.txt").write_text(text, encoding="utf-8")


def graded_students(course: Course, assignment: str) -> list[str]:
    """The students whose graded notebook is there, sorted."""
    return sorted(
        path.parent.parent.name
        for path in (course.root / "autograded").glob(f"*/{assignment}/{assignment}.ipynb")
    )
