"""What the last audit of the suites found still holds: it was measured on what is here now."""

import json

import pytest
from audit_suites import RESULTS, fingerprint
from graded_here import ASSIGNMENTS
from mutants import mutants


@pytest.fixture
def audited(assignment) -> dict:
    return json.loads(RESULTS.read_text(encoding="utf-8"))[assignment.name]


def test_the_audit_is_of_the_present_suite(assignment, audited):
    again = f"make audit-suites ARGUMENTS={assignment.name}"
    assert audited["fingerprint"] == fingerprint(assignment), f"measure it again: {again}"
    assert audited["seeds"] >= 30 and audited["repeats"] >= 50
    assert audited["wrong_total"] == len(assignment.named) and audited["right_total"] == len(assignment.right)


def test_every_wrong_answer_was_caught_and_named_and_every_right_one_got_all(audited):
    assert audited["wrong_caught"] == audited["wrong_named"] == audited["wrong_total"] >= 8
    assert audited["right_full"] == audited["right_total"] >= 5
    assert audited["reference_full"] is True and audited["reference_seeds"] >= 150
    assert audited["repeats_the_same"] is True


def test_every_mutant_was_caught_or_is_listed_with_a_reason(assignment, audited):
    assert audited["mutants_killed"] + audited["mutants_equivalent"] == audited["mutants_total"]
    assert audited["mutants_equivalent"] <= audited["mutants_total"] / 10
    assert audited["mutants_total"] == len(list(mutants(assignment)))


def test_the_margins_are_wide(audited):
    assert audited["largest_difference_passed"] < audited["tolerance"] / 10
    # Over five times as many seeds the most extreme one lies further out.
    assert audited["reference_largest_difference"] < audited["tolerance"] / 5
    assert audited["smallest_difference_failed"] > audited["tolerance"] * 10


def test_checks_and_notebooks_take_what_was_promised(audited):
    assert audited["slowest_check_seconds"] < 5
    assert audited["notebook_seconds"] < 180


def test_nothing_else_was_audited():
    assert list(json.loads(RESULTS.read_text(encoding="utf-8"))) == list(ASSIGNMENTS)
