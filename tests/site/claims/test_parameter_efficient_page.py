"""What the page on parameter-efficient transfer says in words is what its results file says in numbers."""

import pytest

from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("parameter_efficient")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


@pytest.mark.parametrize("way", ["lora", "adapters"])
def test_storage_is_saved_far_more_than_time(results: dict, way: str) -> None:
    cost = results["costs"][way]
    assert cost["share"] < 0.01 and cost["smaller"] > 100
    assert cost["faster"] < 10


def test_lora_and_adapters_are_about_the_same_size(results: dict) -> None:
    lora, adapters = (results["costs"][way]["parameters"] for way in ("lora", "adapters"))
    assert 0.8 < lora / adapters < 1.25


def test_only_the_frozen_encoder_is_cheap_in_time(results: dict) -> None:
    seconds = {way: cost["seconds"] for way, cost in results["costs"].items()}
    assert 10 * seconds["frozen"] < min(seconds["lora"], seconds["adapters"])


def test_every_interval_is_several_points_wide(results: dict) -> None:
    for name in ("fine_tuned_minus_lora", "fine_tuned_minus_adapters", "lora_minus_frozen"):
        difference = results["paired"]["sentiment"][name]["100"]
        assert difference["high"] - difference["low"] > 0.03


def test_the_verdict_against_the_frozen_encoder_hangs_on_little(results: dict) -> None:
    for found in (results, load_results("fine_tuning_bert")):
        assert abs(found["paired"]["sentiment"]["fine_tuned_minus_frozen"]["100"]["low"]) < 0.005


def test_the_table_counts_the_head_and_leaves_out_an_unused_layer(results: dict) -> None:
    head, unused = 384 * 2 + 2, 384 * 384 + 384
    assert results["costs"]["lora"]["parameters"] == 12 * 8 * (384 + 384) + head
    assert results["costs"]["fine_tuned"]["parameters"] == results["encoder"]["parameters"] - unused + head
