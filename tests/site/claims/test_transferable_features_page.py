"""What the page on transferable features says in words is what the results file says in numbers."""

import pytest

from transfer_learning.results import load_results

CASES = ("other_task", "other_domain")
LAYERS = ("1", "2", "3", "4")


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("transferable_features")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_control_stays_within_about_a_point_of_from_scratch(results: dict, case: str) -> None:
    for layers in LAYERS:
        assert abs(results["minus"]["own_frozen_minus_scratch"][case][layers]["mean"]) < 0.015


@pytest.mark.parametrize("case", CASES)
def test_the_first_two_layers_are_general_and_the_last_two_are_not(results: dict, case: str) -> None:
    lost = results["minus"]["other_frozen_minus_own_frozen"][case]
    assert lost["1"]["mean"] > -0.02 and lost["2"]["mean"] > -0.04
    assert lost["3"]["verdict"] == lost["4"]["verdict"] == "worse"
    assert lost["4"]["mean"] < lost["3"]["mean"] < min(lost["1"]["mean"], lost["2"]["mean"])


@pytest.mark.parametrize("case", CASES)
def test_four_frozen_layers_of_the_source_do_harm(results: dict, case: str) -> None:
    assert results["minus"]["other_frozen_minus_scratch"][case]["4"]["verdict"] == "worse"


@pytest.mark.parametrize("case", CASES)
def test_one_or_two_random_layers_are_not_far_behind_and_four_are(results: dict, case: str) -> None:
    ahead = results["minus"]["other_frozen_minus_random_frozen"][case]
    assert max(ahead["1"]["mean"], ahead["2"]["mean"]) < 0.05
    summary = results["summary"][case]
    assert summary["own_frozen"]["4"]["mean"] - summary["random_frozen"]["4"]["mean"] > 0.15


@pytest.mark.parametrize("case", CASES)
def test_fine_tuning_mends_most_of_the_harm_and_brings_little_gain(results: dict, case: str) -> None:
    tuned, frozen = (results["minus"][f"other_{way}_minus_scratch"][case] for way in ("tuned", "frozen"))
    assert max(tuned[layers]["mean"] for layers in LAYERS) < 0.02
    assert tuned["4"]["mean"] > 0.5 * frozen["4"]["mean"], "most of the harm is mended"
    assert results["minus"]["other_tuned_minus_other_frozen"][case]["4"]["verdict"] == "better"


def test_random_frozen_layers_fall_furthest(results: dict) -> None:
    for case in CASES:
        ends = {way: levels["4"]["mean"] for way, levels in results["summary"][case].items()}
        assert min(ends, key=ends.get) == "random_frozen"


def test_with_few_labels_the_lines_lie_further_apart(results: dict) -> None:
    spread = {}
    for case in CASES:
        means = [level["mean"] for levels in results["summary"][case].values() for level in levels.values()]
        spread[case] = max(means) - min(means)
    assert spread["other_domain"] > spread["other_task"]


def test_fine_tuned_layers_and_from_scratch_stay_near_each_other_with_another_task(results: dict) -> None:
    for layers in LAYERS:
        found = results["minus"]["other_tuned_minus_scratch"]["other_task"][layers]
        assert abs(found["mean"]) < 0.02


def test_of_the_fine_tuned_cells_only_three_layers_from_another_domain_are_better(results: dict) -> None:
    found = results["minus"]["other_tuned_minus_scratch"]
    better = [(case, n) for case in CASES for n in LAYERS if found[case][n]["verdict"] == "better"]
    assert better == [("other_domain", "3")]
