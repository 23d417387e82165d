"""What `make course` promises of the graded sample class. `make test-course` builds it first."""

import csv

import pytest
from nbgrader.api import Gradebook

from autograder.course import Course
from autograder.sample_class import load_variants

COURSE = Course.here()
VARIANTS = [(name, variant) for name in COURSE.assignments() for variant in load_variants(COURSE, name)]
pytestmark = pytest.mark.parametrize(
    ("assignment", "variant"), VARIANTS, ids=[f"{name}-{variant.id}" for name, variant in VARIANTS]
)


@pytest.fixture(scope="module")
def rows():
    path = COURSE.root / "grades.csv"
    assert path.is_file(), f"{path} is not there; run: make test-course"
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["assignment"], row["student_id"]): row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def gradebook():
    with Gradebook(f"sqlite:///{COURSE.root / 'gradebook.db'}") as book:
        yield book


def test_the_row_of_the_csv_is_the_expected_one(rows, assignment, variant):
    row = rows[assignment, variant.id]
    assert float(row["score"]) == sum(variant.expected.values()), variant.reason


def test_the_gradebook_holds_the_expected_points_of_each_task(gradebook, assignment, variant):
    notebook = gradebook.find_submission_notebook(assignment, assignment, variant.id)
    scored = {grade.name: grade.auto_score for grade in notebook.grades if grade.auto_score is not None}
    expected = {name: variant.expected.get(name, 0) for name in scored}
    assert scored == expected, variant.reason
    assert set(variant.expected) <= set(scored), "a task that should have points has no verdict"


def test_there_is_a_feedback_page(assignment, variant):
    page = COURSE.root / "feedback" / variant.id / assignment / f"{assignment}.html"
    assert page.is_file() and "<html" in page.read_text(encoding="utf-8")
