"""The two notebooks: students are given nothing away, and the instructor's works from end to end."""

import nbclient
import nbformat
import pytest
from graded_here import ASSIGNMENTS, COURSE

from autograder import release
from autograder.sample_class import load_variants

NAMES = pytest.mark.parametrize("name", ASSIGNMENTS)


def path_of(name):
    return COURSE.exercises / name / f"{name}.ipynb"


@pytest.fixture
def student_notebook(assignment):
    return nbformat.read(path_of(assignment.name), as_version=4)


@pytest.fixture(scope="module")
def executed():
    """The instructor's notebook of an assignment, executed once from end to end."""
    found = {}

    def run(name):
        if name not in found:
            notebook = release.load_source(COURSE, name)
            found[name] = execute(notebook, name)
        return found[name]

    return run


def execute(notebook, name, **options):
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": path_of(name).parent}},
        **options,
    )
    return client.execute()


def printed(cell):
    return "".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "") + output.get("evalue", "")
        for output in cell.outputs
    )


def check_cells(notebook):
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"
    }


def test_the_student_notebook_is_what_the_source_gives(assignment):
    assert release.drift(COURSE, assignment.name) is None


def test_no_line_of_the_solution_is_in_what_students_get(assignment):
    lines = release.solution_lines(COURSE.source_text(assignment.name).read_text(encoding="utf-8"))
    assert len(lines) > 20
    for path in path_of(assignment.name).parent.rglob("*"):
        text = path.read_text(encoding="utf-8").replace('\\"', '"')
        assert [line for line in lines if line in text] == [], path


def test_points_of_the_suite_are_those_of_the_cells(assignment, student_notebook):
    in_cells = {name: cell.metadata.nbgrader.points for name, cell in check_cells(student_notebook).items()}
    found = assignment.verdicts(assignment.reference())
    assert in_cells == {name: verdict.max_points for name, verdict in found.items()}
    assert sorted(in_cells) == assignment.tasks


@NAMES
def test_the_instructor_notebook_runs_and_every_check_passes(executed, name):
    notebook = executed(name)
    for task, cell in check_cells(notebook).items():
        assert "FAILED" not in printed(cell) and f"{task}: " in printed(cell)
    pictures = sum("image/png" in o.get("data", {}) for c in notebook.cells for o in c.get("outputs", []))
    assert pictures >= 1
    warned = [
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr" and "Warning" in output.text
    ]
    assert warned == []


def test_a_head_on_precomputed_features_learns_what_it_learns_on_the_frozen_network(executed):
    texts = [printed(cell) for cell in executed("freezing").cells if cell.cell_type == "code"]
    [curves] = [text for text in texts if "The two curves differ by at most" in text]
    assert float(curves.split("at most ")[1].split()[0].rstrip(".")) < 1e-3


def test_the_student_notebook_runs_and_says_what_is_to_be_written(assignment, student_notebook):
    notebook = nbformat.from_dict(student_notebook)
    notebook.cells = [c for c in notebook.cells if "demo" not in c.metadata.get("tags", [])]
    execute(notebook, assignment.name, allow_errors=True)
    for task, cell in check_cells(notebook).items():
        assert f"`{task}` is not written yet" in printed(cell)
        assert "Traceback" not in printed(cell)


def test_the_sample_class_has_every_kind_of_answer(assignment):
    variants = assignment.variants.values()
    assert len(assignment.variants) == len(load_variants(COURSE, assignment.name))
    assert len(assignment.right) >= 5
    assert len(assignment.wrong) >= 8
    assert all(variant.reason for variant in variants)
    assert all(set(variant.expected) <= set(assignment.tasks) for variant in variants)
    answered = {cell for id in assignment.wrong for cell in assignment.variants[id].cells}
    assert {f"{task}-solution" for task in assignment.tasks} <= answered
