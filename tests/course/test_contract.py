"""Where `make course` puts what others rely on, and that it has nothing to do the second time."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import REPOSITORY, Course
from autograder.sample_class import load_variants

COURSE = Course.here()
PLACES = ["html/index.html", "html/ja/index.html", "course/gradebook.db", "course/grades.csv"]
FOLDERS = ["course/submitted", "course/autograded", "course/feedback"]


@pytest.mark.parametrize("place", PLACES + FOLDERS)
def test_it_is_where_it_was_promised(place):
    path = REPOSITORY / "_build" / place
    assert path.exists(), f"{path} is not there; run: make test-course"


def test_the_csv_has_one_row_for_each_student_and_assignment_as_nbgraders_has():
    with (COURSE.root / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["assignment"], row["student_id"]): float(row["score"]) for row in csv.DictReader(file)}
    handed_in = {(name, v.id) for name in COURSE.assignments() for v in load_variants(COURSE, name)}
    students = {student for _, student in handed_in}
    assert sorted(rows) == sorted((name, student) for name in COURSE.assignments() for student in students)
    assert {score for key, score in rows.items() if key not in handed_in} == {0}, "nothing handed in is 0"


def test_a_second_run_changes_nothing():
    def state():
        watched = [*COURSE.root.rglob("*.ipynb"), *COURSE.root.rglob("*.json"), *COURSE.root.rglob("*.html")]
        watched += [COURSE.root / "grades.csv", REPOSITORY / "_build" / "html" / "index.html"]
        return {path: path.stat().st_mtime_ns for path in watched}

    before = state()
    script = Path(REPOSITORY) / "tools" / "course.py"
    done = subprocess.run(
        [sys.executable, script], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert state() == before
