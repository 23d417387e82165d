"""Rows 23 to 25: notebooks in a shape that they should not have."""

import copy
import json

from corpus.build import (
    WRONG,
    but,
    code_cell,
    dump,
    find,
    insert,
    markdown_cell,
    name_of,
    notebook,
    raw,
    reshaped,
    without_ids,
)
from corpus.model import FULL, Attack, HandedIn, Place


def check_cells(content):
    """The locked cells whose points the grader gives."""
    return [cell for cell in content["cells"] if name_of(cell) in FULL]


def delete_checks(content, place):
    content["cells"] = [cell for cell in content["cells"] if name_of(cell) not in FULL]


def delete_set_up(content, place):
    content["cells"].remove(find(content, "set-up"))
    content["cells"].insert(0, code_cell("def check(task): return None"))


def double_checks(content, place):
    """A second check cell of each name, which does nothing, at the end."""
    for cell in check_cells(content):
        twin = copy.deepcopy(cell)
        twin["source"] = "pass"
        content["cells"].append(twin)


def double_answers(content, place):
    """The wrong answer under the answer's name, and a right check of another task's name."""
    for task in FULL:
        twin = copy.deepcopy(find(content, f"{task}-solution"))
        twin["metadata"]["nbgrader"] |= {"grade_id": task, "grade": True, "points": 100, "solution": False}
        twin["source"] = "3.0"
        content["cells"].append(twin)


def reorder(content, place):
    """Check cells first, in the place of the set-up."""
    checks = check_cells(content)
    rest = [cell for cell in content["cells"] if cell not in checks]
    content["cells"] = checks[::-1] + rest


def raise_points(content, place):
    for cell in check_cells(content):
        cell["metadata"]["nbgrader"] |= {"points": 1000, "locked": False, "schema_version": 3}
        cell["source"] = "1000.0"
        cell["metadata"]["nbgrader"]["extra_credit"] = 50


def swap_names(content, place):
    """The right answer's check stands under every name."""
    for cell in check_cells(content):
        if name_of(cell) != "freeze_backbone":
            cell["source"] = find(content, "freeze_backbone")["source"]
    names = [name_of(cell) for cell in check_cells(content)]
    for cell, name in zip(check_cells(content), names[1:] + names[:1], strict=True):
        cell["metadata"]["nbgrader"]["grade_id"] = name


def unlock(content, place):
    for cell in check_cells(content):
        cell["metadata"]["nbgrader"]["locked"] = False
        cell["source"] = "pass"
    find(content, "set-up")["source"] += "\ncheck = lambda task: None\n"


def change_kind(content, place):
    for cell in check_cells(content):
        cell["cell_type"] = "markdown"
        cell.pop("outputs", None)
        cell.pop("execution_count", None)


def answers_become_checks(content, place):
    """Each answer says of itself that it is graded and worth a lot."""
    for task in FULL:
        cell = find(content, f"{task}-solution")
        cell["metadata"]["nbgrader"] |= {"grade": True, "points": 50, "solution": True, "task": True}


def own_graded_cell(content, place):
    cell = code_cell("100.0")
    cell["metadata"] = {
        "nbgrader": {
            "grade": True,
            "grade_id": "bonus",
            "locked": True,
            "points": 100,
            "schema_version": 3,
            "solution": False,
        }
    }
    content["cells"].append(cell)


def strip_metadata(content, place):
    for cell in content["cells"]:
        cell["metadata"] = {}


def tag_as_demo(content, place):
    """Check cells and answers say that they need not run."""
    for cell in content["cells"]:
        cell["metadata"]["tags"] = ["demo", "skip-execution", "raises-exception", "remove_cell"]


def allow_errors(content, place):
    content["metadata"]["execution"] = {"allow_errors": True, "timeout": 1}
    for cell in check_cells(content):
        cell["metadata"] |= {"tags": ["raises-exception"], "deletable": True, "editable": True}


def prebaked(content, place):
    """Every check cell already shows full points, in each form that a grader writes."""
    for cell in check_cells(content):
        points = repr(float(FULL[name_of(cell)]))
        report = "<div class='autograder'><b>All tests passed: full points</b></div>"
        cell["outputs"] = [
            {
                "output_type": "execute_result",
                "execution_count": 1,
                "metadata": {},
                "data": {"text/plain": points, "text/html": report},
            },
            {"output_type": "stream", "name": "stdout", "text": points},
        ]
        cell["execution_count"] = 1


def mimic_note(content, place):
    """A first cell that looks as if the grader had written it."""
    content["cells"].insert(0, markdown_cell("**A note from the grader**\n\n- 15 of 15 points.\n"))
    cell = code_cell("")
    cell["outputs"] = [
        {
            "output_type": "execute_result",
            "execution_count": 1,
            "metadata": {},
            "data": {"text/plain": "15.0"},
        }
    ]
    content["cells"].append(cell)


def prebaked_answers(content, place):
    for task in FULL:
        cell = find(content, f"{task}-solution")
        cell["outputs"] = [
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"text/html": "<b>3 of 3</b>", "text/plain": "3.0"},
            }
        ]


def deep(content: bytes) -> bytes:
    """Metadata nested ten thousand levels deep."""
    bomb = b'{"x":' * 10_000 + b"1" + b"}" * 10_000
    return content.replace(b'"metadata": {', b'"metadata": {"deep": ' + bomb + b",", 1)


def huge_integer(content: bytes) -> bytes:
    return content.replace(b'"metadata": {', b'"metadata": {"n": ' + b"9" * 200_000 + b",", 1)


def not_a_number(content: bytes) -> bytes:
    return content.replace(b'"metadata": {', b'"metadata": {"n": NaN, "m": Infinity,', 1)


def double_keys(content: bytes) -> bytes:
    """Each object names its metadata twice: one reader takes the first, another the last."""
    return content.replace(
        b'"metadata": {',
        b'"metadata": {"nbgrader": {"grade": true, "points": 99}, "nbgrader": 0}, "metadata": {',
    )


def surrogates(content: bytes) -> bytes:
    return content.replace(b'"source": "', b'"source": "# \\ud800 \\u0000 \\udfff\\n', 3)


def wrong_types(content, place):
    """Numbers, null and lists where text belongs."""
    content["cells"] += [
        {"cell_type": "code", "metadata": None, "source": None, "outputs": 5, "execution_count": "x"},
        {"cell_type": ["code"], "metadata": {}, "source": [["x"], 1]},
        "a cell",
        None,
    ]


def many_cells(content, place):
    content["cells"] += [code_cell("1") for _ in range(1500)]


def large_source(content, place):
    content["cells"].append(markdown_cell("x" * 25_000_000))


def odd_names(content, place):
    """Look-alikes of the graded names: homoglyphs, direction marks, zero-width space, NUL."""
    for cell in check_cells(content):
        twin = copy.deepcopy(cell)
        name = name_of(cell)
        twin["metadata"]["nbgrader"]["grade_id"] = name.replace("e", "\u0435")
        twin["source"] = "100.0"
        other = copy.deepcopy(twin)
        other["metadata"]["nbgrader"]["grade_id"] = f"\u202e{name}\u200b\u0000"
        content["cells"] += [twin, other]


def homoglyph_code(content, place):
    """Bidirectional marks hide a return in what looks like a comment."""
    find(content, "freeze_backbone-solution")["source"] = (
        "def freeze_backbone(model):\n    '''Freeze \u202e all \u2066''' ;return model\n"
    )
    insert(
        content, [code_cell("frееzе_backbone = lambda model: model\nassert '\u0000'.isprintable() is False")]
    )


def other_format(content: bytes) -> bytes:
    """A notebook of format 3, whose cells are in worksheets, with a check that does nothing."""
    old = json.loads(content)
    sheets = []
    for cell in old["cells"]:
        new = {"cell_type": cell["cell_type"], "metadata": cell["metadata"], "source": cell["source"]}
        if cell["cell_type"] == "code":
            source = "pass" if name_of(cell) in FULL else cell["source"]
            new = {
                "cell_type": "code",
                "metadata": cell["metadata"],
                "input": source,
                "outputs": [],
                "language": "python",
                "collapsed": False,
            }
        sheets.append(new)
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "x"}, "worksheets": [{"cells": sheets}]}
    ).encode()


def future_format(content: bytes) -> bytes:
    return content.replace(b'"nbformat": 4', b'"nbformat": 99')


def same_ids(place: Place) -> HandedIn:
    """All cells have the same id, and the check cells those of others."""
    content = notebook(place)
    content["nbformat_minor"] = 5
    for cell in content["cells"]:
        cell["id"] = "freeze_backbone"
        task = (name_of(cell) or "").removesuffix("-solution")
        if name_of(cell) in {f"{task}-solution" for task in FULL}:
            cell["source"] = WRONG[task]
    return HandedIn(dump(content))


def empty(place: Place) -> HandedIn:
    """No cells at all: nothing fails."""
    content = without_ids(notebook(place))
    content["cells"] = []
    return HandedIn(dump(content))


ATTACKS = [
    Attack("delete-checks", 23, "deletes every check cell", reshaped(delete_checks)),
    Attack("delete-everything", 23, "hands in a notebook without cells", empty, refused=None),
    Attack("delete-set-up", 23, "replaces the set-up by a check that does nothing", reshaped(delete_set_up)),
    Attack(
        "double-checks", 23, "adds a second check of each name that does nothing", reshaped(double_checks)
    ),
    Attack(
        "double-answers",
        23,
        "adds answers under the checks' names, worth 100 points",
        reshaped(double_answers),
    ),
    Attack("reorder", 23, "moves the checks in front of everything", reshaped(reorder)),
    Attack("raise-points", 23, "changes points and lock, and shows 1000 points", reshaped(raise_points)),
    Attack(
        "swap-names",
        23,
        "gives every check the name of another",
        reshaped(swap_names, right=["freeze_backbone"]),
        honest={"freeze_backbone": 2},
    ),
    Attack("unlock", 23, "unlocks and empties the checks", reshaped(unlock)),
    Attack("change-kind", 23, "turns the checks into text", reshaped(change_kind)),
    Attack("answers-as-checks", 23, "declares the answers to be graded", reshaped(answers_become_checks)),
    Attack(
        "own-graded-cell", 23, "adds a graded cell of its own, worth 100 points", reshaped(own_graded_cell)
    ),
    Attack("strip-metadata", 23, "removes all metadata", reshaped(strip_metadata)),
    Attack("tag-as-demo", 23, "tags every cell as one that need not run", reshaped(tag_as_demo)),
    Attack("allow-errors", 23, "says in the metadata that errors are allowed", reshaped(allow_errors)),
    Attack("same-ids", 23, "gives all cells one id", same_ids),
    Attack("json-bomb", 24, "metadata nested ten thousand levels deep", raw(deep), refused=True),
    Attack("huge-integer", 24, "an integer of 200,000 digits", raw(huge_integer), refused=True),
    Attack(
        "not-a-number",
        24,
        "NaN and Infinity in the JSON",
        raw(not_a_number, right=FULL),
        honest=FULL,
        expected={},
        refused=True,
    ),
    Attack("double-keys", 24, "objects that name their metadata twice", raw(double_keys), refused=None),
    Attack("surrogates", 24, "lone surrogates and NUL in sources", raw(surrogates)),
    Attack(
        "wrong-types",
        24,
        "cells with null, numbers and lists where text belongs",
        reshaped(wrong_types),
        refused=None,
    ),
    Attack("many-cells", 24, "1500 extra cells", reshaped(many_cells), refused=True),
    Attack("large-file", 24, "a notebook of 25 MB", reshaped(large_source), refused=True),
    Attack("odd-names", 24, "look-alikes of the graded names, worth 100 points", reshaped(odd_names)),
    Attack(
        "hidden-return",
        24,
        "direction marks that hide code",
        reshaped(homoglyph_code, right=but("freeze_backbone")),
        honest=but("freeze_backbone"),
    ),
    Attack("old-format", 24, "a notebook of format 3 with empty checks", raw(other_format)),
    Attack("future-format", 24, "a notebook of format 99", raw(future_format), refused=True),
    Attack("prebaked", 25, "check cells that already show full points", reshaped(prebaked)),
    Attack(
        "prebaked-answers",
        25,
        "answers that already show a report of full points",
        reshaped(prebaked_answers),
    ),
    Attack(
        "mimic-note", 25, "a note that looks like the grader's, and a result of 15.0", reshaped(mimic_note)
    ),
]
