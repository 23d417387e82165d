"""The graded notebook: a mended submission with its verdict in it, as nbgrader and its pages read it."""

from nbformat import NotebookNode

from autograder import report, submission
from autograder.faults import InfrastructureFault
from autograder.grading import Verdict


def fill(notebook: NotebookNode, verdict: Verdict, shown: dict[str, list]) -> None:
    """Give every check cell its report and points, and every other code cell what it showed.

    A check cell without an output would get full points from nbgrader, so every one gets its number here.
    """
    for cell in notebook.cells:
        if submission.is_check(cell):
            cell.outputs = [_result(verdict, cell)]
        elif cell.cell_type == "code":
            cell.outputs = [NotebookNode(output) for output in shown.get(cell.id, [])]


def _result(verdict, cell):
    """A check cell's output. The points are its plain text: that is what nbgrader reads."""
    name = cell.metadata.nbgrader.grade_id
    if verdict.refusal is not None:
        points, told = 0.0, report.refusal_html(name, float(cell.metadata.nbgrader.points))
    elif name in verdict.tasks:
        points, told = verdict.tasks[name].points, report.as_html(verdict.tasks[name])
    else:
        raise InfrastructureFault(f"the verdict on {verdict.student} says nothing of the task '{name}'")
    return NotebookNode(
        output_type="execute_result",
        execution_count=None,
        data={"text/plain": repr(float(points)), "text/html": told},
        metadata={},
    )
