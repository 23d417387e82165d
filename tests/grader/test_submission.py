"""What is mended in a notebook that was handed in, and what is refused."""

import json

import nbformat
import pytest
from tiny_course import make_course

from autograder import limits, release, submission
from autograder.sample_class import Variant, notebook_bytes

ORDER = ["setup", "double-solution", "double", "make_layer-solution", "make_layer", "reflection"]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course whose assignment is released, and nothing handed in."""
    course = make_course(tmp_path_factory.mktemp("submission"))
    release.release(course, "tiny")
    return course


@pytest.fixture
def hand_in(released):
    """Hand in the right notebook, changed by a function; the submission as it would be graded."""

    def load(change=lambda notebook: None):
        notebook = json.loads(notebook_bytes(released, "tiny", Variant("s001", "right")))
        changed = change(notebook)
        path = released.submitted("tiny", "s001")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook if changed is None else changed), encoding="utf-8")
        return submission.load(released, "tiny", "s001")

    return load


def cell(notebook, name):
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def names(taken):
    return [c.metadata.nbgrader.grade_id for c in taken.notebook.cells if "nbgrader" in c.metadata]


def test_an_honest_notebook_is_left_alone(hand_in):
    taken = hand_in()
    assert (taken.refusal, taken.notes, names(taken)) == (None, [], ORDER)
    nbformat.validate(taken.notebook)


def test_points_cannot_be_raised(hand_in, released):
    def change(notebook):
        cell(notebook, "double")["metadata"]["nbgrader"].update(points=100, locked=False)
        cell(notebook, "make_layer")["source"] = "100.0"
        result = {"output_type": "execute_result", "execution_count": 1, "metadata": {}}
        cell(notebook, "make_layer")["outputs"] = [{**result, "data": {"text/plain": "2"}}]

    taken = hand_in(change)
    original = nbformat.read(released.released("tiny"), as_version=4)
    for name in ("double", "make_layer"):
        assert cell(taken.notebook, name) == cell(original, name)
    assert taken.notes == ["The locked cell `make_layer` had been changed. It was put back."]


def test_a_check_that_became_text_is_a_check_again(hand_in):
    def change(notebook):
        check = cell(notebook, "double")
        check.update(cell_type="markdown", source="3 of 3 points")
        check.pop("outputs")
        check.pop("execution_count")

    taken = hand_in(change)
    assert submission.is_check(cell(taken.notebook, "double")) and len(taken.notes) == 1


def test_of_a_cell_that_is_there_twice_the_last_counts(hand_in):
    def change(notebook):
        first = cell(notebook, "double-solution")
        notebook["cells"].append(json.loads(json.dumps(first)) | {"source": "the last", "id": "x"})

    taken = hand_in(change)
    assert names(taken).count("double-solution") == 1
    assert cell(taken.notebook, "double-solution").source == "the last"
    assert "more than once" in taken.notes[0]
    assert len({c.id for c in taken.notebook.cells}) == len(taken.notebook.cells)


def test_missing_cells_come_back_in_their_places(hand_in):
    def change(notebook):
        notebook["cells"] = [cell(notebook, "double"), cell(notebook, "reflection")]

    taken = hand_in(change)
    assert names(taken) == ORDER and len(taken.notes) == 4
    assert "NotImplementedError" in cell(taken.notebook, "double-solution").source


def test_invented_cells_and_metadata_mean_nothing(hand_in):
    def change(notebook):
        stranger = json.loads(json.dumps(cell(notebook, "double")))
        stranger["metadata"]["nbgrader"]["grade_id"] = "bonus"
        notebook["cells"].append(stranger | {"id": "bonus"})
        notebook["cells"][0]["metadata"] = {"nbgrader": 3, "tags": 7, "collapsed": "x"}
        notebook["metadata"] = {"kernelspec": {"name": "bash", "display_name": "x"}}

    taken = hand_in(change)
    assert names(taken) == ORDER and taken.notebook.metadata.kernelspec.name == "python3"


def test_a_notebook_without_cell_ids_is_read(hand_in):
    def change(notebook):
        notebook["nbformat_minor"] = 2
        for each in notebook["cells"]:
            each.pop("id")

    assert (hand_in(change).refusal, names(hand_in(change))) == (None, ORDER)


@pytest.mark.parametrize(
    "notebook",
    [
        [],
        {},
        {"nbformat": 4},
        {"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []},
        {"nbformat": "4", "cells": []},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {}},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": [], "source": {}}]},
    ],
)
def test_a_broken_structure_never_breaks_the_grader(hand_in, notebook):
    taken = hand_in(lambda _: notebook)
    assert taken.refusal or names(taken) == ORDER
    nbformat.validate(taken.notebook)


def test_too_many_cells(hand_in):
    def change(notebook):
        notebook["cells"] += [
            {"cell_type": "markdown", "metadata": {}, "source": "", "id": f"x{number}"}
            for number in range(limits.SUBMISSION.cells)
        ]

    assert f"more than {limits.SUBMISSION.cells} cells" in hand_in(change).refusal
