"""What is mended in a notebook that was handed in, what is refused, and what the student is told."""

import copy
import errno
import json
import os
import subprocess
import sys
from random import Random

import nbformat
import pytest
from tiny_course import make_course

from autograder import handed_in, limits, release, submission
from autograder.course import REPOSITORY
from autograder.faults import InfrastructureFault
from autograder.sample_class import Variant, notebook_bytes

ORDER = ["setup", "double-solution", "double", "make_layer-solution", "make_layer", "reflection"]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course whose assignment is released, and nothing handed in."""
    course = make_course(tmp_path_factory.mktemp("submission"))
    release.release(course, "tiny")
    return course


def right(course):
    """The right notebook, as JSON."""
    notebook = json.loads(notebook_bytes(course, "tiny", Variant("s001", "right")))
    for each in notebook["cells"]:
        each["source"] = "".join(each["source"])
    return notebook


@pytest.fixture
def hand_in_bytes(released):
    """Hand in these bytes; the submission as it would be graded."""

    def load(content):
        path = released.submitted("tiny", "s001")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        taken = submission.load(released, "tiny", "s001")
        nbformat.validate(taken.notebook)
        nbformat.validate(submission.with_note(taken))
        assert taken.digest == handed_in.digest(released, "tiny", "s001")
        return taken

    return load


@pytest.fixture
def hand_in(released, hand_in_bytes):
    """Hand in the right notebook, changed by a function; the submission as it would be graded."""

    def load(change=lambda notebook: None):
        notebook = right(released)
        changed = change(notebook)
        return hand_in_bytes(json.dumps(notebook if changed is None else changed).encode())

    return load


def cell(notebook, name):
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def source(taken, name):
    return cell(taken.notebook, name).source


def copied(notebook, name, text=None):
    """A copy of a cell as Jupyter makes it: the same metadata, another id."""
    made = copy.deepcopy(cell(notebook, name))
    made["id"] = f"copy-{len(notebook['cells'])}"
    if text is not None:
        made["source"] = text
    return made


def place(notebook, name):
    return notebook["cells"].index(cell(notebook, name))


def code(text, **words):
    made = {"cell_type": "code", "id": "new", "metadata": {}, "outputs": [], "execution_count": None}
    return {**made, "source": text, **words}


def text(words):
    return {"cell_type": "markdown", "id": "new", "metadata": {}, "source": words}


def running(taken):
    """What runs at grading, in order."""
    return [c.source for c in taken.notebook.cells if submission.runs(c)]


def results(taken):
    """What the names of the tiny task are bound to after all cells have run: how a student's own run ends."""
    names = {}
    for each in running(taken):
        if "checks(" not in each:
            exec(each, names)
    return names["double"](2)


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
    assert "100.0" not in running(taken)


EDITS = {
    "points": 1e9,
    "grade": False,
    "locked": False,
    "solution": True,
    "task": True,
    "schema_version": 1,
    "cell_type": "markdown",
    "checksum": "0" * 32,
    "points_of_others": -5,
}


@pytest.mark.parametrize("key", EDITS)
@pytest.mark.parametrize("name", ORDER)
def test_edited_metadata_is_ignored(hand_in, released, name, key):
    """Every mark of a named cell but its name is the released one."""

    def change(notebook):
        cell(notebook, name)["metadata"]["nbgrader"][key] = EDITS[key]
        cell(notebook, name)["metadata"].update(
            editable=True, deletable=True, slideshow={}, format="text/html"
        )
        notebook["metadata"] = {"kernelspec": {"name": "bash"}, "celltoolbar": "x", "nbgrader": {"points": 9}}

    taken = hand_in(change)
    original = nbformat.read(released.released("tiny"), as_version=4)
    assert taken.notes == []
    assert taken.notebook.metadata == original.metadata
    for each in ORDER:
        assert cell(taken.notebook, each).metadata == cell(original, each).metadata


def test_marks_that_are_swapped_give_nothing(hand_in, released):
    """Two checks that take each other's name are each the released check of that name."""

    def change(notebook):
        one, other = (cell(notebook, name)["metadata"]["nbgrader"] for name in ("double", "make_layer"))
        one["grade_id"], other["grade_id"] = "make_layer", "double"

    taken = hand_in(change)
    original = nbformat.read(released.released("tiny"), as_version=4)
    for name in ("double", "make_layer"):
        assert cell(taken.notebook, name) == cell(original, name)
    assert len(taken.notes) == 2


def test_an_answer_named_like_a_check_is_no_check(hand_in):
    def change(notebook):
        meta = cell(notebook, "double-solution")["metadata"]["nbgrader"]
        meta.update(grade_id="double", grade=True, points=50)

    taken = hand_in(change)
    assert source(taken, "double") == 'check("double")'
    assert results(taken) == 4


def test_what_was_added_to_a_locked_cell_still_runs(hand_in):
    def change(notebook):
        setup = cell(notebook, "setup")
        setup["source"] = "%pip install x\n" + setup["source"] + "\nfrom math import pi"

    taken = hand_in(change)
    assert taken.notes == [
        "The locked cell `setup` had been changed. It was put back. "
        "What was added to it runs in a cell of its own below."
    ]
    first, second = running(taken)[:2]
    assert "pi" not in first and "from math import pi" in second and "%pip" not in second


@pytest.mark.parametrize("line", ["%pip install x", "# a comment", 'check("double")', "!ls"])
def test_a_changed_locked_cell_without_definitions_leaves_nothing(hand_in, line):
    def change(notebook):
        cell(notebook, "setup")["source"] += "\n" + line

    taken = hand_in(change)
    assert taken.notes == ["The locked cell `setup` had been changed. It was put back."]
    assert len(running(taken)) == 3


def test_other_line_ends_and_spaces_are_no_change(hand_in, released):
    def change(notebook):
        for each in notebook["cells"]:
            each["source"] = each["source"].replace("\n", "  \r\n") + "\n"

    taken = hand_in(change)
    assert taken.notes == []
    assert source(taken, "setup") == cell(nbformat.read(released.released("tiny"), 4), "setup").source


def test_a_check_that_became_text_is_a_check_again(hand_in):
    def change(notebook):
        check = cell(notebook, "double")
        check.update(cell_type="markdown", source="3 of 3 points")
        check.pop("outputs")
        check.pop("execution_count")

    taken = hand_in(change)
    assert submission.is_check(cell(taken.notebook, "double")) and len(taken.notes) == 1


def test_an_answer_that_became_text_is_code_again(hand_in):
    def change(notebook):
        answer = cell(notebook, "double-solution")
        answer["cell_type"] = "markdown"
        del answer["outputs"], answer["execution_count"]
        cell(notebook, "reflection").update(cell_type="code", outputs=[], execution_count=None)

    taken = hand_in(change)
    assert taken.notes == [
        "The cell `double-solution` had been turned into text. It is code again.",
        "The cell `reflection` had been turned into code. It is text again.",
    ]
    assert results(taken) == 4


ONCE = "The cell `double-solution` was there more than once. "
TWICE = "def double(values):\n    return 2 * values"
COPIES = {
    "an older try above": (["def double(values): return 0", TWICE], "The last one counts."),
    "a blank copy below": ([TWICE, None], "The one that was worked on counts."),
    "a blank copy above": ([None, TWICE], "The one that was worked on counts."),
    "a copy that became a scratch pad": ([TWICE, "double(3)"], "The last one that defines `double` counts."),
    "a copy that is no Python": (
        [TWICE.replace("2 *", "2*"), "double("],
        "The last one that defines `double`",
    ),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_of_an_answer(hand_in, released, name):
    """nbgrader #1083. The cells run in the order of the notebook, as when the student runs them all."""
    texts, told = COPIES[name]
    blank = cell(nbformat.read(released.released("tiny"), 4), "double-solution").source

    def change(notebook):
        answer = cell(notebook, "double-solution")
        copies = [copied(notebook, "double-solution", blank if each is None else each) for each in texts]
        at = notebook["cells"].index(answer)
        notebook["cells"][at : at + 1] = [copies[0], text("between"), copies[1]]

    taken = hand_in(change)
    assert len(taken.notes) == 1 and taken.notes[0].startswith(ONCE + told)
    assert source(taken, "double-solution").replace(" ", "").endswith("return2*values")
    assert not any("NotImplementedError" in each for each in running(taken))
    assert len({c.id for c in taken.notebook.cells}) == len(taken.notebook.cells)
    assert names(taken) == ORDER


def test_the_order_of_copies_cannot_be_gamed(hand_in):
    """What counts as the answer is what runs: a right copy that a later one replaces gives nothing."""

    def change(notebook):
        notebook["cells"].append(copied(notebook, "double-solution", "def double(values): return 0"))

    taken = hand_in(change)
    assert source(taken, "double-solution") == "def double(values): return 0"
    assert results(taken) == 0


def test_blank_copies_only(hand_in, released):
    blank = cell(nbformat.read(released.released("tiny"), 4), "double-solution").source

    def change(notebook):
        cell(notebook, "double-solution")["source"] = blank
        notebook["cells"].append(copied(notebook, "double-solution"))

    taken = hand_in(change)
    assert taken.notes == [ONCE + "All were as released, so one was kept."]
    assert names(taken) == ORDER


def test_copies_of_a_check_and_of_the_set_up(hand_in):
    def change(notebook):
        notebook["cells"].append(copied(notebook, "double"))
        notebook["cells"].insert(0, copied(notebook, "setup", "extra = 1"))

    taken = hand_in(change)
    assert taken.notes == [
        "The cell `setup` was there more than once. It counts once, as it was released.",
        "The cell `double` was there more than once. It counts once, as it was released.",
    ]
    assert names(taken) == ORDER and running(taken)[0] == "extra = 1"
    assert sum("check(" in c.source and "checks(" not in c.source for c in taken.notebook.cells) == 2


@pytest.mark.parametrize("piece", ["    return values + values", "\n\treturn values + values"])
def test_a_function_split_in_two(hand_in, piece):
    """JupyterLab gives both pieces the metadata of the cell."""

    def change(notebook):
        answer = cell(notebook, "double-solution")
        at = notebook["cells"].index(answer)
        indent = piece.strip("\n")[0]
        pieces = [f"def double(values):\n{indent * (4 if indent == ' ' else 1)}values = values", piece]
        notebook["cells"][at : at + 1] = [copied(notebook, "double-solution", each) for each in pieces]

    taken = hand_in(change)
    assert taken.notes == ["The cell `double-solution` had been split. Its pieces were put together again."]
    assert results(taken) == 4


CUTS = {
    "after the first line": "def double(values):|    return 2 * values",
    "in the docstring": 'def double(values):\n    """Twice|    the values."""\n    return 2 * values',
    "in a call": "def double(values):\n    return sum([values,|        values])",
    "in a block": "def double(values):\n    if True:|        values = 2 * values\n    return values",
    "after a block": "def double(values):\n    if True:\n        values = 2 * values|    return values",
}


@pytest.mark.parametrize("name", CUTS)
def test_where_a_function_may_be_cut(hand_in, name):
    def change(notebook):
        at = place(notebook, "double-solution")
        pieces = [copied(notebook, "double-solution", each) for each in CUTS[name].split("|")]
        notebook["cells"][at : at + 1] = pieces

    taken = hand_in(change)
    assert taken.notes == ["The cell `double-solution` had been split. Its pieces were put together again."]
    assert results(taken) == 4


@pytest.mark.parametrize("scratch", ["        return 3", "double(", "  x = 1", "\treturn 3"])
def test_a_fragment_in_a_copy_does_not_reach_the_answer(hand_in, scratch):
    """It would be no Python, put together with the answer."""

    def change(notebook):
        at = place(notebook, "double-solution")
        notebook["cells"][at : at + 1] = [
            copied(notebook, "double-solution", each) for each in (TWICE, scratch)
        ]

    taken = hand_in(change)
    assert taken.notes == [ONCE + "The last one that defines `double` counts."]
    assert source(taken, "double-solution") == TWICE


def test_an_answer_split_into_whole_cells_runs_as_it_is(hand_in):
    def change(notebook):
        answer = cell(notebook, "double-solution")
        at = notebook["cells"].index(answer)
        pieces = ["def helper(values): return values + values", "def double(values): return helper(values)"]
        notebook["cells"][at : at + 1] = [copied(notebook, "double-solution", each) for each in pieces]

    taken = hand_in(change)
    assert source(taken, "double-solution").startswith("def double") and results(taken) == 4


def test_a_text_split_in_two(hand_in):
    def change(notebook):
        pieces = ["What did you learn?", "That adding a value to itself doubles it."]
        notebook["cells"][-1:] = [copied(notebook, "reflection", each) for each in pieces]

    taken = hand_in(change)
    assert taken.notes == ["The cell `reflection` had been split. Its pieces were put together again."]
    assert source(taken, "reflection") == "What did you learn?\nThat adding a value to itself doubles it."


def test_two_versions_of_a_text(hand_in):
    def change(notebook):
        words = "That adding a value to itself doubles it."
        versions = [words, words + " Always."]
        notebook["cells"][-1:] = [copied(notebook, "reflection", each) for each in versions]

    taken = hand_in(change)
    assert taken.notes == ["The cell `reflection` was there more than once. The last one counts."]
    assert source(taken, "reflection").endswith("Always.")


def test_a_text_below_its_cell(hand_in, released):
    """nbgrader gives a blank text no points at once, and no person sees it."""
    blank = cell(nbformat.read(released.released("tiny"), 4), "reflection").source

    def change(notebook):
        cell(notebook, "reflection")["source"] = blank
        notebook["cells"] += [text("That doubling"), text("is adding."), code("1"), text("Bye.")]

    taken = hand_in(change)
    assert taken.notes == [
        "The answer to `reflection` stood in a cell below. It was taken into its own cell."
    ]
    assert source(taken, "reflection") == "That doubling\n\nis adding."
    assert [c.source for c in taken.notebook.cells][-2:] == ["1", "Bye."]


@pytest.mark.parametrize("where", ["above", "below"])
def test_an_answer_in_a_new_cell(hand_in, released, where):
    """The blank cell would undo it, were it to run after the answer."""
    blank = cell(nbformat.read(released.released("tiny"), 4), "double-solution").source

    def change(notebook):
        cell(notebook, "double-solution")["source"] = blank
        at = place(notebook, "double-solution") + (where == "below")
        notebook["cells"].insert(at, code(TWICE, metadata={"tags": ["demo"]}))

    taken = hand_in(change)
    assert taken.notes == [
        "The cell `double-solution` was as released, but another cell defines `double`. That one counts."
    ]
    assert results(taken) == 4 and names(taken) == ORDER


@pytest.mark.parametrize("where", ["double", "setup"])
def test_an_answer_written_into_a_locked_cell(hand_in, released, where):
    blank = cell(nbformat.read(released.released("tiny"), 4), "double-solution").source

    def change(notebook):
        cell(notebook, "double-solution")["source"] = blank
        cell(notebook, where)["source"] += "\n" + TWICE.replace("return", "# mine\n    return")

    taken = hand_in(change)
    assert len(taken.notes) == 2 and names(taken).count("double-solution") == 1
    assert "# mine" in source(taken, "double-solution")
    assert not any("NotImplementedError" in each for each in running(taken))


def test_blank_copies_without_marks_do_not_undo_an_answer(hand_in, released):
    blank = cell(nbformat.read(released.released("tiny"), 4), "double-solution").source

    def change(notebook):
        notebook["cells"] += [code(blank), code(blank)]

    taken = hand_in(change)
    assert taken.notes == ["A copy of `double-solution` as it was released was left out."] * 2
    assert results(taken) == 4


def test_an_answer_in_a_new_cell_whose_own_was_deleted(hand_in):
    def change(notebook):
        notebook["cells"].remove(cell(notebook, "make_layer-solution"))
        notebook["cells"].insert(
            1, code("def make_layer(inputs, outputs): return torch.nn.Linear(inputs, outputs)")
        )

    taken = hand_in(change)
    assert taken.notes == [
        "The marks of `make_layer-solution` were lost. The cells were found by their text, id, name or place."
    ]
    assert not any("NotImplementedError" in each for each in running(taken))


def test_all_metadata_is_lost_but_ids_are_there(hand_in):
    """Colab keeps a cell's id in its metadata."""

    def change(notebook):
        notebook["nbformat_minor"] = 0
        for each in notebook["cells"]:
            each["metadata"] = {"id": each.pop("id")}

    taken = hand_in(change)
    assert taken.notes == [
        "The marks of all cells were lost. The cells were found by their text, id, name or place."
    ]
    assert names(taken) == ORDER and results(taken) == 4


def test_all_metadata_and_ids_are_lost(hand_in):
    def change(notebook):
        notebook["nbformat_minor"] = 4
        for each in notebook["cells"]:
            each["metadata"] = {}
            del each["id"]

    taken = hand_in(change)
    assert len(taken.notes) == 1 and taken.notes[0].startswith("The marks of all cells were lost.")
    assert names(taken) == ORDER and results(taken) == 4
    assert source(taken, "reflection").startswith("What did you learn?")
    assert not any("a demo cell does not run" in each for each in running(taken)), "it has its tag back"


def test_a_released_cell_keeps_its_demo_tag(hand_in):
    def change(notebook):
        demo = next(each for each in notebook["cells"] if each["metadata"].get("tags") == ["demo"])
        demo["metadata"] = {}
        demo["source"] += "\nprint(1)"

    assert not any("demo cell" in each for each in running(hand_in(change)))


def test_homoglyphs_and_bidi_in_names(hand_in):
    """They are no names of ours: the cells are found as any cell without a mark is."""

    def change(notebook):
        cell(notebook, "double")["metadata"]["nbgrader"]["grade_id"] = "d\u043euble"
        cell(notebook, "setup")["metadata"]["nbgrader"]["grade_id"] = "\u202eputes"
        cell(notebook, "reflection")["metadata"]["nbgrader"]["grade_id"] = "reflection\0"
        for each in notebook["cells"]:
            each["id"] = f"x{notebook['cells'].index(each)}"

    taken = hand_in(change)
    assert names(taken) == ORDER and results(taken) == 4
    assert taken.notes == [
        "The marks of `setup`, `double`, `reflection` were lost. "
        "The cells were found by their text, id, name or place."
    ]


def test_missing_cells_come_back_in_their_places(hand_in):
    def change(notebook):
        notebook["cells"] = [cell(notebook, "double"), cell(notebook, "reflection")]

    taken = hand_in(change)
    missing = ["setup", "double-solution", "make_layer-solution", "make_layer"]
    assert names(taken) == ORDER
    assert taken.notes == [
        f"The cell `{name}` was missing. It was put back as it was released." for name in missing
    ]
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
        {"nbformat": True, "cells": []},
        {"nbformat": -1, "cells": []},
        {"nbformat": 3, "worksheets": 3},
        {"nbformat": 3, "worksheets": [3, {"cells": 3}]},
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]},
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": "x", "metadata": 3, "id": []}]},
        {
            "nbformat": 4,
            "cells": [{"cell_type": "code", "source": "x", "metadata": {"nbgrader": {"grade_id": {}}}}],
        },
        {"nbformat": 4, "cells": []},
    ],
)
def test_a_broken_structure_never_breaks_the_grader(hand_in, notebook):
    taken = hand_in(lambda _: notebook)
    assert taken.refusal and names(taken) == ORDER and taken.advice


def test_damaged_cells_are_left_out(hand_in):
    def change(notebook):
        notebook["cells"][1:1] = [3, {"cell_type": "code"}, {"cell_type": "code", "source": {"a": 1}}]
        notebook["cells"].append({"cell_type": "code", "metadata": None, "source": "extra = 1"})

    taken = hand_in(change)
    assert taken.refusal is None and names(taken) == ORDER and running(taken)[-1] == "extra = 1"
    assert taken.notes == [
        "Cell 2 of the file is damaged. It was left out.",
        "The text of cell 3 of the file is damaged. The cell was left out.",
        "The text of cell 4 of the file is damaged. The cell was left out.",
    ]


def test_another_notebook(hand_in):
    taken = hand_in(
        lambda _: json.loads(
            nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
        )
    )
    assert taken.refusal == "No cell of the assignment is in this notebook: it seems to be another one."
    assert taken.advice == "Hand in the notebook of this assignment."


def test_format_3(hand_in):
    def change(notebook):
        cells = [{"cell_type": "heading", "level": 2, "source": "Hello", "metadata": {}}]
        for each in notebook["cells"]:
            each["input" if each["cell_type"] == "code" else "source"] = each.pop("source")
            cells.append(each)
        return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}

    taken = hand_in(change)
    assert taken.notes == ["The notebook was of format 3, from before 2015. It was read as such."]
    assert names(taken) == ORDER and results(taken) == 4 and taken.notebook.cells[0].source == "## Hello"


def test_odd_text(hand_in, released):
    def change(notebook):
        cell(notebook, "double-solution")["source"] += "\n# \ud800 \0 \u202e"
        cell(notebook, "reflection")["source"] = "x" * (limits.SUBMISSION.text + 1)
        cell(notebook, "reflection")["attachments"] = {"a.png": {"image/png": "x"}}

    taken = hand_in(change)
    last = len(right(released)["cells"])
    assert source(taken, "double-solution").endswith("# ?  \u202e") and results(taken) == 4
    assert len(source(taken, "reflection")) == limits.SUBMISSION.text
    assert taken.notes == [
        "There were null characters in cell 4 of the file. They were taken out.",
        f"Cell {last} of the file holds an attached picture. Only its text is kept.",
        f"Cell {last} of the file holds more than {limits.SUBMISSION.text} characters of text. "
        "The rest was left out.",
    ]


def test_notes_have_an_end(hand_in):
    taken = hand_in(lambda notebook: notebook["cells"].extend([3] * 500))
    assert len(taken.notes) == 31 and taken.notes[-1] == "And 470 more of this kind."


@pytest.mark.parametrize("sign", ["#", "\u00e9", "\U0001f600"])
def test_too_much_code(hand_in, sign):
    """Its size is that in a message to the sandbox, where a sign may take twelve bytes."""
    escaped = len(json.dumps(sign)) - 2

    def change(notebook):
        notebook["cells"].append(code("#" + sign * (limits.SUBMISSION.code // escaped)))

    taken = hand_in(change)
    assert taken.refusal == "The notebook holds more than 1 MB of code."
    assert "do not paste" in taken.advice


ENCODINGS = {
    "utf-8-sig": [],
    "utf-16": ["The file was saved as UTF-16 and not as UTF-8. It was read as such."],
    "utf-16-be": ["The file was saved as UTF-16-BE and not as UTF-8. It was read as such."],
    "utf-32": ["The file was saved as UTF-32 and not as UTF-8. It was read as such."],
    "latin-1": ["Some characters of the file could not be read. They were replaced by \ufffd."],
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(hand_in_bytes, released, encoding):
    notebook = right(released)
    cell(notebook, "double-solution")["source"] += (
        "\n# \u00e9\ufffd" if encoding != "latin-1" else "\n# \u00e9"
    )
    taken = hand_in_bytes(json.dumps(notebook, ensure_ascii=False).encode(encoding))
    assert (taken.refusal, taken.notes, names(taken)) == (None, ENCODINGS[encoding], ORDER)


def with_outputs(course, text):
    """The right notebook with this among its outputs, as JSON text."""
    notebook = right(course)
    cell(notebook, "double-solution")["outputs"] = ["HERE"]
    return json.dumps(notebook).replace('"HERE"', text).encode()


ODD_VALUES = {
    "NaN": "The file said NaN, which is not JSON. It was left out.",
    "[-Infinity]": "The file said -Infinity, which is not JSON. It was left out.",
    "1" * 100_000: "A number of more than 18 digits stood in the file. It was left out.",
    '{"a": 1, "a": 2}': "A name stood twice in one object of the file. The last one counts, as in Jupyter.",
}


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: value[:20])
def test_odd_values_are_left_out(hand_in_bytes, released, value):
    taken = hand_in_bytes(with_outputs(released, value))
    assert (taken.refusal, taken.notes, names(taken)) == (None, [ODD_VALUES[value]], ORDER)


def test_an_exponent_without_end_is_no_matter(hand_in_bytes, released):
    assert hand_in_bytes(with_outputs(released, "1e" + "9" * 100_000)).notes == []


def test_of_a_name_that_stands_twice_the_last_counts(hand_in_bytes, released):
    """As in Jupyter, so that what is graded is what the student saw."""
    notebook = json.dumps(right(released))
    twice = notebook.replace(
        '"source": "def double', '"source": "def double(v): return 0", "source": "def double'
    )
    assert twice != notebook
    assert results(hand_in_bytes(twice.encode())) == 4


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
NO_NOTEBOOKS = {
    "empty": (b"", "The file is empty"),
    "spaces": (b"\xef\xbb\xbf \n\t\n", "The file is empty"),
    "zeros": (bytes(5000), "it holds only zeros"),
    "zip": (b"PK\x03\x04" + bytes(100), "a zip archive or an office document"),
    "gzip": (b"\x1f\x8b\x08\x00", "a gzip archive"),
    "pdf": (b"%PDF-1.7", "a PDF"),
    "png": (b"\x89PNG\r\n", "a picture"),
    "login page": (b"<!DOCTYPE html><html><head><title>Log in</title>", "a web page"),
    "html export": (b"\n\n<HTML lang='en'>", "a web page"),
    "python": (b"import torch\nprint('x')\n", "is not JSON"),
    "git lfs": (LFS, "is not JSON"),
    "noise": (bytes(range(256)) * 10, "is not JSON"),
    "one bracket": (b"{", "it ends in the middle"),
    "trailing comma": (b'{"nbformat": 4, "cells": [],}', "line 1, column 29: "),
    "deep lists": (b'{"a": ' + b"[" * 100_000, "nested too deep"),
    "deep objects": (b'{"a":' * 100_000, "nested too deep"),
    "too many lists": (b"[" + b"[]," * 6_900_000 + b"[]]", "more than 2000000 values"),
    "too deep and too many": (b"[" * (20 * 1024**2), "more than 2000000 values"),
    "not an object": (b"[]", "JSON of another kind"),
    "an error of a web service": (b'{"message": "Not Found"}', "it has no nbformat number"),
    "NaN for a number": (b'{"nbformat": NaN, "cells": []}', "NaN, which is not JSON"),
    "huge format": (b'{"nbformat": ' + b"9" * 5000 + b"}", "more than 18 digits"),
    "a newer format": (b'{"nbformat": 5, "cells": []}', "of format 5, which is newer"),
    "an old format": (b'{"nbformat": 2, "worksheets": []}', "of format 2, from before 2013"),
}


@pytest.mark.parametrize("name", NO_NOTEBOOKS)
def test_no_notebook(hand_in_bytes, name):
    content, told = NO_NOTEBOOKS[name]
    taken = hand_in_bytes(content)
    assert told in taken.refusal and len(taken.refusal) < 200
    page = submission.with_note(taken).cells[0].source
    assert taken.refusal in page and f"**What to do.** {taken.advice}" in page and len(taken.advice) > 20


def test_cut_off(hand_in_bytes, released):
    content = json.dumps(right(released)).encode()
    for length in range(1, len(content) - 1, 97):
        assert "ends in the middle" in hand_in_bytes(content[:length]).refusal


def test_merge_conflict(hand_in_bytes, released):
    lines = json.dumps(right(released), indent=1).split("\n")
    lines[9:9] = ["<<<<<<< HEAD", '   "source": "a",', "=======", '   "source": "b",', ">>>>>>> main"]
    taken = hand_in_bytes("\n".join(lines).encode())
    assert taken.refusal == "The file is not JSON: line 10 is a mark of a conflict that git could not merge."
    assert taken.advice.startswith("Choose one of the two versions")


def test_a_conflict_in_a_text_is_no_conflict(hand_in):
    def change(notebook):
        cell(notebook, "reflection")["source"] = "<<<<<<< HEAD\n=======\n>>>>>>> main"

    assert hand_in(change).notes == []


def test_any_damage_ends_well(hand_in_bytes, released):
    """A thousand random damages: a refusal, or each released cell once, as released but for answers."""
    random, original = Random(7), nbformat.read(released.released("tiny"), as_version=4)
    odd = [None, 3, [], {}, "", True, 1e9, ["a", 1], {"a": 1}, "double", "setup", "\u202e", "\0"]
    cells = right(released)["cells"] + json.loads(nbformat.writes(original))["cells"]
    refused = 0
    for _ in range(1000):
        notebook = right(released)
        for _ in range(random.randrange(1, 8)):
            damage(notebook["cells"], random, odd, cells)
        content = bytearray(json.dumps(notebook).encode())
        if random.random() < 0.1:
            content[random.randrange(len(content))] = random.randrange(256)
        taken = hand_in_bytes(bytes(content))
        refused += taken.refusal is not None
        assert sorted(names(taken)) == sorted(ORDER)
        for each in ORDER:
            mended, wanted = cell(taken.notebook, each), cell(original, each)
            assert (mended.metadata, mended.cell_type) == (wanted.metadata, wanted.cell_type)
            assert mended.source == wanted.source or not wanted.metadata.nbgrader.locked
    assert 10 < refused < 500


def damage(cells, random, odd, others):
    """One of the things that happen to a notebook, and some that do not."""
    if not cells:
        return
    at = random.randrange(len(cells))
    one = cells[at]
    kind = random.randrange(10)
    if kind == 0:
        del cells[at]
    elif kind == 1:
        cells.insert(random.randrange(len(cells)), copy.deepcopy(one))
    elif kind == 2:
        random.shuffle(cells)
    elif kind == 3:
        cells.insert(at, copy.deepcopy(random.choice([*odd, *others])))
    elif isinstance(one, dict) and one:
        if kind == 4 and isinstance(one.get("source"), str):
            middle = random.randrange(len(one["source"]) + 1)
            first, second = one["source"][:middle], one["source"][middle:]
            cells[at : at + 1] = [one | {"source": first}, copy.deepcopy(one) | {"source": second}]
        elif kind == 5:
            one["metadata"] = {"nbgrader": random.choice([{"grade_id": random.choice([*ORDER, *odd])}, *odd])}
        elif kind == 6:
            one["cell_type"] = random.choice(["code", "markdown", "raw", "heading", "other", None])
        elif kind == 7:
            one["id"] = random.choice(ORDER)
        elif kind == 8:
            one["source"] = random.choice(others)["source"]
        else:
            one[random.choice(list(one))] = copy.deepcopy(random.choice(odd))


BOUND = """
import resource, sys, time
from autograder import limits, notebook_file
from autograder.handed_in import Refused
size = 20 * 1024**2
bombs = {
    "lists": b"[" + b"[]," * (size // 3 - 2) + b"[]]",
    "objects": b"[" + b'{"a":{}},' * (size // 9 - 2) + b"[]]",
    "strings": b"[" + b'"",' * (size // 3 - 2) + b"[]]",
    "escapes": b'["' + b'\\\\"' * (size // 2 - 2) + b'"]',
    "just small enough": b"[" + b'{"abc":{}},' * (limits.SUBMISSION.values // 4 - 4) + b"[]]",
    "names": b"{" + b",".join(b'"%d":1' % i for i in range(limits.SUBMISSION.values // 2 - 2)) + b"}",
    "digits": b"[" + b"1" * (size - 10) + b"]",
}
content = bombs[sys.argv[1]]
with open("/proc/self/statm") as statm:
    held = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 400 * 1024**2,) * 2)
begun = time.process_time()
try:
    notebook_file.parse(content)
except Refused as refused:
    print("refused", time.process_time() - begun)
"""


@pytest.mark.parametrize(
    "name", ["lists", "objects", "strings", "escapes", "just small enough", "names", "digits"]
)
def test_a_bomb_costs_little(name):
    """In a process of its own with little memory: it ends with a refusal, in seconds."""
    command = [sys.executable, "-c", BOUND, name]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("refused"), done.stderr[-500:]
    assert float(done.stdout.split()[1]) < 5


def test_a_file_that_the_machine_does_not_give_us_is_no_refusal(hand_in, released, monkeypatch):
    hand_in()

    def broken(path, most):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(handed_in, "read_regular", broken)
    with pytest.raises(InfrastructureFault, match="Input/output error"):
        submission.load(released, "tiny", "s001")
    assert handed_in.digest(released, "tiny", "s001").startswith("unreadable: ")


def test_where_there_is_no_file_what_to_do_is_told(released):
    path = released.submitted("tiny", "s002")
    path.parent.mkdir(parents=True)
    for name in ("tiny (1).ipynb", "a\u202eb\n<b>.txt", *(f"z{number}" for number in range(9))):
        (path.parent / name).touch()
    taken = submission.load(released, "tiny", "s002")
    assert taken.refusal == (
        "There is no file tiny.ipynb. In its place there is: a?b??b?.txt, tiny (1).ipynb, z0, z1, z2."
    )
    assert taken.advice == "Hand in your notebook as a file of the name tiny.ipynb."


def test_too_many_cells(hand_in):
    def change(notebook):
        notebook["cells"] += [
            {"cell_type": "markdown", "metadata": {}, "source": "", "id": f"x{number}"}
            for number in range(limits.SUBMISSION.cells)
        ]

    assert f"more than {limits.SUBMISSION.cells} cells" in hand_in(change).refusal
