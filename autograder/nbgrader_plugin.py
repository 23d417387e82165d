"""How the grader plugs into nbgrader's autograde step: the configuration, and what replaces Execute.

With :func:`configure` in ``nbgrader_config.py``, ``nbgrader autograde``, formgrader's button and nbgrader's
API all grade with the sandbox. nbgrader still does the rest: the gradebook, manual grades, feedback, exports.

nbgrader deletes a submission's earlier result before it starts on the new one, so all verdicts are found
before that: when the exporter is made, which is the first thing nbgrader does.
"""

import logging
import os
import sys
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from traitlets import Any
from traitlets.config import Config

from autograder import pages, report
from autograder.course import Course
from autograder.faults import InfrastructureFault


def configure(c: Config, course: Course) -> None:
    """Set nbgrader's configuration for a course."""
    _find_alembic()
    c.CourseDirectory.root = str(course.root)
    pages.configure(c)
    c.VerdictExporter.course = course
    c.Autograde.exporter_class = VerdictExporter
    c.Autograde.autograde_preprocessors = [
        ApplyVerdict,
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]


def api(course: Course):
    """nbgrader's own API, working on this course; it keeps its log to itself."""
    from nbgrader.apps import NbGraderAPI

    course.root.mkdir(parents=True, exist_ok=True)
    c = Config()
    configure(c, course)
    made = NbGraderAPI(config=c)
    made.log_level = logging.ERROR
    return made


def _find_alembic():
    """nbgrader runs ``alembic`` by name when it makes a gradebook; it may be only beside this Python."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])


class VerdictExporter(NotebookExporter):
    """Finds every submission's verdict first; then gives nbgrader the mended notebook, whatever came in."""

    course = Any(help="the course, an autograder.course.Course").tag(config=True)

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        from autograder import grading

        self.verdicts = {}
        faults = []
        with grading.Grader(self.course) as grader:
            for folder in sorted(getattr(self.parent, "assignments", {})):
                student, assignment = Path(folder).parts[-2:]
                try:
                    self.verdicts[assignment, student] = grader.grade(assignment, student)
                except InfrastructureFault as fault:
                    faults.append(f"{student}: {fault}")
        if faults:
            raise InfrastructureFault(
                "nothing was written, because of faults of the grader. " + " ".join(faults)
            )

    def from_filename(self, filename: str, resources: dict | None = None, **words: Any):
        """The notebook for nbgrader's first pass is ours; in its second pass it reads back what it wrote."""
        if not self.parent._sanitizing:
            return super().from_filename(filename, resources, **words)
        from autograder import submission

        named = resources["nbgrader"]
        handed_in = submission.load(self.course, named["assignment"], named["student"])
        return self.from_notebook_node(submission.with_note(handed_in), resources, **words)


class ApplyVerdict(NbGraderPreprocessor):
    """Writes the verdict into the notebook: check cells get report and points, other cells their outputs.

    A check cell without an output would get full points from nbgrader, so every one gets its number here, or
    an exception stops nbgrader.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Fill in the outputs of all cells."""
        from autograder import grading, submission

        assignment, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        verdict = self.parent.verdicts.get((assignment, student))
        if verdict is None:
            raise InfrastructureFault(f"there is no verdict on '{assignment}' of {student}")
        shown = grading.outputs(self.parent.course, assignment, student)
        for cell in nb.cells:
            if submission.is_check(cell):
                cell.outputs = [_result(verdict, cell)]
            elif cell.cell_type == "code":
                cell.outputs = [NotebookNode(output) for output in shown.get(cell.id, [])]
        return nb, resources


def _result(verdict, cell):
    """A check cell's output. The points are its plain text: that is what nbgrader reads."""
    name = cell.metadata.nbgrader.grade_id
    if verdict.refusal is not None:
        points, told = 0.0, report.refusal_html(name, float(cell.metadata.nbgrader.points))
    else:
        task = verdict.tasks[name]
        points, told = task.points, report.as_html(task)
    return NotebookNode(
        output_type="execute_result",
        execution_count=None,
        data={"text/plain": repr(float(points)), "text/html": told},
        metadata={},
    )
