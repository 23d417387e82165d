"""What the page "Why start from scratch again?" says in words is what the results files say in numbers."""

import pytest

from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def photos() -> dict:
    return load_results("images_few_samples")["summary"]


def test_frozen_with_few_photos_gets_further_on_average_than_scratch_with_all(photos: dict) -> None:
    few = photos["frozen"]["2"]["accuracy"]
    for way in ("scratch", "scratch_small", "pixels"):
        others = photos[way]["all"]["accuracy"]
        assert few["mean"] > others["mean"]
        assert few["low"] < others["high"], "the intervals overlap"


def test_frozen_is_cheapest_by_far(photos: dict) -> None:
    seconds = {way: photos[way]["all"]["cpu_seconds"] for way in ("frozen", "fine_tuned", "scratch")}
    assert 3 * seconds["frozen"] < min(seconds["fine_tuned"], seconds["scratch"])


def test_a_network_that_knows_other_digits_is_ahead_before_and_after_twenty_steps() -> None:
    summary = load_results("three_benefits")["summary"]["50_labels"]
    assert summary["whole"]["20"]["low"] > summary["scratch"]["20"]["high"]
    assert summary["whole"]["0"]["low"] > 0.2 > summary["scratch"]["0"]["high"]
