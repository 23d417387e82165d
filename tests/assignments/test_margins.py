"""No right answer fails by chance and no wrong one passes: both are far from the tolerance.

A few seeds here; ``make audit-suites`` takes thirty.
"""

import pytest
from graded_here import ASSIGNMENTS, faults

from autograder import measure

SEEDS = range(2000, 2003)
RIGHT = [(name, id) for name, assignment in ASSIGNMENTS.items() for id in assignment.right]
WRONG = [(name, id) for name, assignment in ASSIGNMENTS.items() for id in assignment.wrong]


@pytest.mark.parametrize(("name", "id"), RIGHT)
def test_right_answers_are_far_inside_the_tolerance(distances, name, id):
    assignment = ASSIGNMENTS[name]
    names = assignment.functions(id)
    for seed in SEEDS:
        assert faults(assignment.verdicts(names, seed=seed)) == [], seed
    assert_clear(distances)


@pytest.mark.parametrize(("name", "id"), WRONG)
def test_wrong_answers_are_far_outside(distances, name, id):
    assignment, variant = ASSIGNMENTS[name], ASSIGNMENTS[name].variants[id]
    names = assignment.functions(id)
    touched = [task for task in assignment.tasks if f"{task}-solution" in variant.cells]
    for seed in SEEDS:
        found = assignment.verdicts(names, touched, seed=seed)
        assert {task: found[task].points for task in touched} == {
            task: variant.expected.get(task, 0) for task in touched
        }, seed
    assert_clear(distances)


def assert_clear(distances):
    inside = [value for value in distances if value <= measure.TOLERANCE]
    outside = [value for value in distances if value > measure.TOLERANCE]
    assert max(inside, default=0) < measure.TOLERANCE / 10
    assert min(outside, default=1) > measure.TOLERANCE * 10
