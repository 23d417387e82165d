"""The whole corpus against our grader, as one class; and that the detectors can find something."""

import re

import ours
import pytest
from arena import HERE
from corpus import ATTACKS, ROWS, TWINS


def params(cases):
    """A parameter for each case, named as its student."""
    return [
        pytest.param(
            case,
            id=case.student_id if case.student_id.isascii() and case.student_id.isprintable() else case.id,
        )
        for case in cases
    ]


@pytest.mark.parametrize("attack", params(ATTACKS))
def test_attack_gains_nothing(graded, attack):
    assert ours.complaints(attack, graded[0][attack.student_id]) == []


@pytest.mark.parametrize("twin", params(TWINS))
def test_honest_twin_gets_full_marks(graded, twin):
    assert ours.complaints(twin, graded[0][twin.student_id]) == []


def test_nobody_is_hurt(graded):
    assert graded[1].hurt == []


def test_no_file_is_touched(graded):
    assert graded[1].touched == []


def test_nothing_arrives_outside(graded):
    assert graded[1].secrets == [] and graded[1].reached == []


def test_grades_and_console_are_harmless(graded):
    assert graded[1].pages == []


def test_every_row_of_the_catalogue_has_an_attack():
    assert {attack.row for attack in ATTACKS} == set(ROWS) == {*range(1, 31)}
    text = (HERE / "README.md").read_text("utf-8")
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == set(ROWS)


def test_the_corpus_is_large_and_its_names_are_unique():
    assert len(ATTACKS) >= 60 and len(TWINS) >= 15
    names = [case.student_id for case in (*ATTACKS, *TWINS)]
    assert len(names) == len(set(names))
    assert len({attack.id for attack in ATTACKS}) == len(ATTACKS)
    assert {twin.row for twin in TWINS} <= set(ROWS)
