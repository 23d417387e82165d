"""What the page on the three benefits says in words is what the results file says in numbers."""

import re
from pathlib import Path

import pytest
from latex2mathml.converter import convert

from transfer_learning.results import load_results

LAST = "200"


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("three_benefits")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    assert found["levels"][-1] == LAST
    return found


def card(results: dict, way: str, labels: int = 50) -> dict:
    return results["scorecards"][f"{labels}_labels"][way]


def end(results: dict, way: str, labels: int) -> dict:
    return results["paired"][f"{labels}_labels"][f"{way}_minus_scratch"][LAST]


def test_the_old_head_has_a_much_higher_start_and_is_still_ahead_at_the_early_step(results: dict) -> None:
    found = card(results, "whole")
    assert found["start"]["verdict"] == "better" and found["start"]["low"] > 0.2
    early = str(found["early"])
    assert results["paired"]["50_labels"]["whole_minus_scratch"][early]["verdict"] == "better"
    assert found["slope"]["verdict"] == "worse", "the quiz and the text explain why this is no harm"


def test_a_new_head_starts_like_guessing(results: dict) -> None:
    for labels in (10, 50, 300):
        for way in ("backbone", "frozen", "random_labels", "shuffled_pixels", "scratch"):
            assert abs(results["summary"][f"{labels}_labels"][way]["0"]["mean"] - 0.1) < 0.06


def test_with_fifty_labels_scratch_is_near_its_end_within_some_fifty_steps(results: dict) -> None:
    scratch = results["summary"]["50_labels"]["scratch"]
    assert scratch["60"]["mean"] > scratch[LAST]["mean"] - 0.05


def test_a_good_backbone_below_a_new_head_rises_faster_and_gains_next_to_nothing_in_the_end(
    results: dict,
) -> None:
    found = card(results, "backbone")
    assert (found["start"]["verdict"], found["slope"]["verdict"]) == ("undecided", "better")
    assert found["asymptote"]["verdict"] == "undecided"
    early = results["summary"]["50_labels"]
    assert found["early"] == "20" and early["backbone"]["20"]["mean"] > early["scratch"]["20"]["mean"] + 0.1
    for labels in (50, 300):
        assert abs(end(results, "backbone", labels)["mean"]) < 0.02
    assert end(results, "backbone", 10)["verdict"] == "undecided"
    assert end(results, "backbone", 300)["verdict"] == "better", "and small"


def test_frozen_loses_at_every_number_of_labels_though_it_learns_from_more(results: dict) -> None:
    for labels in (10, 50, 300):
        found = end(results, "frozen", labels)
        assert found["verdict"] == "worse" and found["mean"] < -0.08, "the harm stays large"
    ends = [results["summary"][f"{labels}_labels"]["frozen"][LAST] for labels in (10, 50, 300)]
    assert ends[0]["high"] < ends[1]["low"] and ends[1]["high"] < ends[2]["low"]


def test_with_the_old_head_the_gain_at_the_end_shrinks_as_labels_grow(results: dict) -> None:
    gains = [end(results, "whole", labels)["mean"] for labels in (10, 50, 300)]
    assert gains[0] > gains[1] > gains[2]
    assert end(results, "whole", 10)["verdict"] == "better"


def test_moved_labels_start_below_guessing_rise_past_scratch_and_end_lower(results: dict) -> None:
    found = card(results, "moved_labels")
    assert (found["start"]["verdict"], found["slope"]["verdict"]) == ("worse", "better")
    summary = results["summary"]["50_labels"]
    assert summary["moved_labels"]["0"]["high"] < 0.08
    assert results["paired"]["50_labels"]["moved_labels_minus_scratch"][found["early"]]["verdict"] == "better"
    ends = [end(results, "moved_labels", labels)["mean"] for labels in (10, 50, 300)]
    assert ends[0] < ends[1] < ends[2], "unlearning a wrong head takes labels"
    assert end(results, "moved_labels", 10)["verdict"] == "worse" and abs(ends[2]) < 0.01


def test_random_labels_slow_down_and_shuffled_pixels_speed_up(results: dict) -> None:
    slopes = {way: card(results, way)["slope"]["verdict"] for way in ("random_labels", "shuffled_pixels")}
    assert slopes == {"random_labels": "worse", "shuffled_pixels": "better"}
    early = results["paired"]["50_labels"]["random_labels_minus_scratch"][
        card(results, "random_labels")["early"]
    ]
    assert early["verdict"] == "worse" and early["mean"] < -0.1


def test_useless_sources_do_harm_with_few_labels_and_none_with_many(results: dict) -> None:
    for way in ("random_labels", "shuffled_pixels"):
        assert end(results, way, 10)["verdict"] == "worse"
        assert abs(end(results, way, 300)["mean"]) < 0.01


def test_the_alternative_texts_of_the_figures(results: dict) -> None:
    ends = {
        labels: [results["summary"][f"{labels}_labels"][way][LAST]["mean"] for way in ("whole", "scratch")]
        for labels in (10, 300)
    }
    assert ends[10][0] - ends[10][1] > 2 * (ends[300][0] - ends[300][1])
    with_ten = [
        results["summary"]["10_labels"][way][LAST]["mean"] for way in ("backbone", "frozen", "scratch")
    ]
    assert ends[10][0] > max(with_ten) + 0.05
    with_many = [
        results["summary"]["300_labels"][way][LAST]["mean"] for way in ("whole", "backbone", "scratch")
    ]
    assert max(with_many) - min(with_many) < 0.02
    assert results["summary"]["300_labels"]["frozen"][LAST]["mean"] < min(with_many) - 0.05
    with_fifty = results["summary"]["50_labels"]
    assert with_fifty["whole"]["0"]["mean"] > 0.4


def test_the_asymptote_of_the_old_head_is_a_narrow_verdict_with_fifty_labels(results: dict) -> None:
    assert card(results, "whole")["asymptote"]["verdict"] == "better"
    assert end(results, "whole", 50)["verdict"] == "undecided"


def test_the_three_differences_stand_in_rows_of_their_own() -> None:
    page = Path(__file__).resolve().parents[3] / "book" / "background" / "three-benefits.md"
    formula = re.search(r"^\$\$\n(.+?)^\$\$ \(eq-benefits\)", page.read_text(encoding="utf-8"), re.M | re.S)
    assert formula
    shown = convert(formula[1], display="block")
    assert shown.count("<mtr>") == 3 and "<mi>&" not in shown
