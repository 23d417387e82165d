"""Right answers in every style get all points; each mistake costs its own points and is named."""

import importlib

import pytest
from graded_here import ASSIGNMENTS, faults

from autograder import measure
from autograder.course import REPOSITORY

RIGHT = [(name, id) for name, assignment in ASSIGNMENTS.items() for id in assignment.right]
NAMED = [(name, id) for name, assignment in ASSIGNMENTS.items() for id in assignment.named]
SIZES = pytest.mark.parametrize("full", [False, True], ids=["as the student checks it", "as it is graded"])


@SIZES
@pytest.mark.parametrize(("name", "id"), RIGHT)
def test_right_in_every_style(distances, name, id, full):
    assignment = ASSIGNMENTS[name]
    found = assignment.verdicts(assignment.functions(id), full=full)
    assert faults(found) == []
    assert {task: found[task].points for task in assignment.tasks} == assignment.variants[id].expected
    assert_clear(distances)


@SIZES
@pytest.mark.parametrize(("name", "id"), NAMED)
def test_a_mistake_costs_its_points_and_is_named(distances, name, id, full):
    assignment, variant = ASSIGNMENTS[name], ASSIGNMENTS[name].variants[id]
    tasks = assignment.tasks
    if variant.base == "solution":  # what the student did not change is right, as other tests show
        tasks = [task for task in tasks if f"{task}-solution" in variant.cells]
    found = assignment.verdicts(assignment.functions(id), tasks, full=full)
    points = {task: found[task].points for task in tasks}
    assert points == {task: variant.expected.get(task, 0) for task in tasks}, faults(found)
    assert any(variant.named in message["what"] for message in faults(found)), faults(found)
    for message in faults(found):
        assert_says_all(message)
    if variant.base == "solution":  # one that is full of others' gaps says nothing of this task's margin
        assert_clear(distances)


def assert_clear(distances):
    """No right answer fails by chance and no wrong one passes: both are far from the tolerance."""
    inside = [value for value in distances if value <= measure.TOLERANCE]
    outside = [value for value in distances if value > measure.TOLERANCE]
    assert max(inside, default=0) < measure.TOLERANCE / 10
    assert min(outside, default=1) > measure.TOLERANCE * 10


def assert_says_all(message):
    """A message of the suite has all parts; one about what is missing or raised says where."""
    if "is not written yet" not in message["what"] and "raised an exception" not in message["what"]:
        assert all(message.get(part) for part in ("expected", "came", "why", "tries", "page")), message


def test_grading_again_gives_the_same(assignment):
    for names in (assignment.reference(), assignment.functions(assignment.wrong[0])):
        first = assignment.verdicts(names)
        assert all(assignment.verdicts(names) == first for _ in range(4))


def test_messages_name_pages_that_exist(assignment):
    pages = importlib.import_module(f"autograder.suites.{assignment.name}.pages")
    named = [value for name, value in vars(pages).items() if name.isupper() and name != "CANARY"]
    assert named
    for page in named:
        path, _, anchor = page.partition("#")
        source = REPOSITORY / "book" / path.replace(".html", ".md")
        assert source.is_file(), page
        if anchor:
            term = anchor.removeprefix("term-").replace("-", " ")
            lines = source.read_text(encoding="utf-8").splitlines()
            assert term in [line.strip().replace("-", " ") for line in lines], page
