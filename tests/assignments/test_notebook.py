"""The two notebooks: students are given nothing away, and the instructor's works from end to end."""

import nbclient
import nbformat
import pytest
from graded_here import COURSE, FOLDER, NAME, TASKS, reference, verdicts

from autograder import release, suite
from autograder.sample_class import Variant, load_variants

STUDENT = COURSE.exercises / NAME / f"{NAME}.ipynb"


@pytest.fixture(scope="module")
def student_notebook():
    return nbformat.read(STUDENT, as_version=4)


def execute(notebook, **options):
    client = nbclient.NotebookClient(
        notebook,
        timeout=180,
        kernel_name="python3",
        resources={"metadata": {"path": STUDENT.parent}},
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


def test_the_student_notebook_is_what_the_source_gives():
    assert release.drift(COURSE, NAME) is None


def test_no_line_of_the_solution_is_in_what_students_get():
    lines = release.solution_lines(COURSE.source_text(NAME).read_text(encoding="utf-8"))
    assert len(lines) > 20
    for path in STUDENT.parent.rglob("*"):
        text = path.read_text(encoding="utf-8").replace('\\"', '"')
        assert [line for line in lines if line in text] == [], path


def test_points_of_the_suite_are_those_of_the_cells(student_notebook):
    in_cells = {name: cell.metadata.nbgrader.points for name, cell in check_cells(student_notebook).items()}
    in_suite = {name: verdict.max_points for name, verdict in verdicts(reference()).items()}
    assert in_cells == in_suite
    assert set(in_cells) == set(suite.tasks_of(FOLDER))


def test_the_instructor_notebook_runs_and_every_check_passes():
    notebook = release.load_source(COURSE, NAME)
    [long] = [cell for cell in notebook.cells if "EPOCHS = 10" in cell.source]
    long.source = long.source.replace("EPOCHS = 10", "EPOCHS = 2")
    execute(notebook)
    for task, cell in check_cells(notebook).items():
        assert "FAILED" not in printed(cell) and f"{task}: " in printed(cell)
    texts = [printed(cell) for cell in notebook.cells if cell.cell_type == "code"]
    [curves] = [text for text in texts if "The two curves differ by at most" in text]
    assert float(curves.split("at most ")[1].split()[0].rstrip(".")) < 1e-3
    pictures = sum("image/png" in o.get("data", {}) for c in notebook.cells for o in c.get("outputs", []))
    assert pictures >= 3


def test_the_student_notebook_runs_and_says_what_is_to_be_written(student_notebook):
    notebook = nbformat.from_dict(student_notebook)
    notebook.cells = [c for c in notebook.cells if "demo" not in c.metadata.get("tags", [])]
    execute(notebook, allow_errors=True)
    for task, cell in check_cells(notebook).items():
        assert f"`{task}` is not written yet" in printed(cell)
        assert "Traceback" not in printed(cell)


def test_the_sample_class_has_every_kind_of_submission():
    variants = load_variants(COURSE, NAME)
    assert len(variants) >= 16
    assert len({variant.id for variant in variants}) == len(variants)
    assert sum(variant.title.startswith("right") for variant in variants) >= 4
    assert all(variant.reason and isinstance(variant, Variant) for variant in variants)
    assert all(set(variant.expected) <= set(TASKS) for variant in variants)
