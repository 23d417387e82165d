"""What the last audit of the suites found still holds: it was measured on what is here now."""

import json

import pytest
from audit_suites import RESULTS, fingerprint
from graded_here import ASSIGNMENTS, Assignment
from mutants import Mutant, changed_line, mutants


@pytest.fixture
def audited(assignment) -> dict:
    return json.loads(RESULTS.read_text(encoding="utf-8"))[assignment.name]


def test_the_audit_is_of_the_present_suite(assignment, audited):
    again = f"make audit-suites ARGUMENTS={assignment.name}"
    assert audited["fingerprint"] == fingerprint(assignment), f"measure it again: {again}"
    assert audited["seeds"] >= 30 and audited["repeats"] >= 50


def test_every_wrong_answer_was_caught_and_named_and_every_right_one_got_all(audited):
    assert audited["wrong_caught"] == audited["wrong_named"] == audited["wrong_total"] >= 8
    assert audited["right_full"] == audited["right_total"] >= 5
    assert audited["repeats_the_same"] is True


def test_every_mutant_was_caught_or_is_listed_with_a_reason(assignment, audited):
    assert audited["mutants_killed"] + audited["mutants_equivalent"] == audited["mutants_total"]
    assert audited["mutants_equivalent"] <= audited["mutants_total"] / 10
    assert audited["mutants_total"] == len(list(mutants(assignment)))


def test_the_margins_are_wide(audited):
    assert audited["largest_difference_passed"] < audited["tolerance"] / 10
    assert audited["smallest_difference_failed"] > audited["tolerance"] * 10


def test_checks_and_notebooks_take_what_was_promised(audited):
    assert audited["slowest_check_seconds"] < 5
    assert audited["notebook_seconds"] < 180


def test_nothing_else_was_audited():
    assert list(json.loads(RESULTS.read_text(encoding="utf-8"))) == list(ASSIGNMENTS)


class Tiny(Assignment):
    """An assignment with one solution cell, for the mutants alone."""

    def __init__(self, source: str) -> None:
        self.source = source

    def solutions(self) -> dict[str, str]:
        return {"total-solution": self.source}


def test_mutants_change_one_line_each_and_are_python():
    source = "def total(values):\n    found = 0\n    for value in values:\n        found += value + 1\n"
    source += "    return found"
    found = list(mutants(Tiny(source)))
    assert Mutant("total", source.replace("value + 1", "value - 1") + "\n", "found += value - 1") in found
    assert "total: for value in []:" in {mutant.name for mutant in found}
    assert len({mutant.source for mutant in found}) == len(found)
    assert all(mutant.source.strip() != source for mutant in found)


def test_the_line_that_went_names_a_mutant_without_it():
    assert changed_line("@once\ndef f():\n    pass\n", "def f():\n    pass\n") == "@once"
    assert changed_line("@once\ndef f():\n    pass\n", "\ndef f():\n    pass\n") == "@once"
    assert changed_line("a\nb\n", "a\nc\n") == "c"
