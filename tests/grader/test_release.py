"""From the text source to the student notebook."""

import json
import shutil
from dataclasses import replace

import nbformat
import pytest
from tiny_course import FIXTURE, make_course

from autograder import release
from autograder.__main__ import main
from autograder.sample_class import Variant, notebook_bytes, write


@pytest.fixture
def own(tmp_path):
    """A course whose sources a test may change."""
    course = make_course(tmp_path)
    solutions = tmp_path / "solutions"
    shutil.copytree(course.solutions, solutions)
    return replace(course, solutions=solutions)


def change(course, old, new):
    path = course.source_text("tiny")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_release_is_the_same_on_every_run(tmp_path):
    first, second = make_course(tmp_path / "a"), make_course(tmp_path / "b")
    one, two = release.release(first, "tiny"), release.release(second, "tiny")
    assert one.notebook.read_bytes() == two.notebook.read_bytes()
    assert one.changed and not release.release(first, "tiny").changed
    notebook = nbformat.read(one.notebook, as_version=4)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "raise NotImplementedError()" in text and "YOUR ANSWER HERE" in text
    for line in release.solution_lines(first.source_text("tiny").read_text(encoding="utf-8")):
        assert line not in text
    ids = [cell.id for cell in notebook.cells]
    assert "double-solution" in ids and "cell-000" in ids


def test_drift_is_told_with_its_mend(own, capsys):
    assert main(["release"], own) == 0
    assert main(["release", "--check"], own) == 0
    change(own, "# A tiny assignment", "# A small assignment")
    assert main(["release", "--check"], own) == 1
    assert "python -m autograder release tiny" in capsys.readouterr().err
    assert main(["release"], own) == 0
    assert main(["release", "--check"], own) == 0
    (own.exercises / "tiny" / "tiny.ipynb").unlink()
    assert main(["release", "--check"], own) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# Write `double`", "# Answer: return values + values\n# Write `double`", "a line of the solution"),
        ('"grade_id": "double", "locked"', '"grade_id": "triple", "locked"', "no suite file"),
        ("    ### BEGIN SOLUTION\n    return values", "    return values", "END SOLUTION"),
    ],
)
def test_a_bad_source_is_not_released(own, old, new, words, capsys):
    change(own, old, new)
    assert main(["release"], own) == 1
    assert words in capsys.readouterr().err
    assert not (own.exercises / "tiny" / "tiny.ipynb").exists()


def test_unknown_assignment(own, capsys):
    assert main(["release", "huge"], own) == 2
    assert "There is: tiny" in capsys.readouterr().err


def test_sample_submissions(own):
    release.release(own, "tiny")
    blank = json.loads(notebook_bytes(own, "tiny", Variant("s1", "", base="blank")))
    assert blank["cells"] == json.loads(own.released("tiny").read_bytes())["cells"]
    cells = {"double-solution": "def double(values): return values"}
    changed = notebook_bytes(own, "tiny", Variant("s2", "", cells=cells, drop=["make_layer"])).decode()
    assert "def double(values): return values" in changed and "nn.Linear" in changed
    assert "BEGIN SOLUTION" not in changed and 'check(\\"make_layer\\")' not in changed
    assert write(own, "tiny", Variant("s3", "", raw=b"x")) and not write(
        own, "tiny", Variant("s3", "", raw=b"x")
    )
    assert own.submitted("tiny", "s3").read_bytes() == b"x"
    with pytest.raises(release.ReleaseError, match="no cell has the grade_id 'nothing'"):
        notebook_bytes(own, "tiny", Variant("s4", "", cells={"nothing": ""}))


def test_fixture_has_all_parts():
    assert sorted(path.name for path in (FIXTURE / "suites" / "tiny").glob("*.py")) == [
        "rig.py",
        "test_double.py",
        "test_make_layer.py",
    ]
