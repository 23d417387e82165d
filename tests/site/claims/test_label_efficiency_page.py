"""What the page on label efficiency says in words is what the results file says in numbers."""

import pytest

from transfer_learning.results import load_results

CASES = ("products", "tweets")


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("label_efficiency")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


def verdicts(results: dict, case: str, pair: str) -> dict[str, str]:
    return {level: of["verdict"] for level, of in results["paired"][case][pair].items()}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("other", ["tfidf", "glove"])
def test_minilm_is_ahead_of_both_others_at_every_number_of_labels(
    results: dict, case: str, other: str
) -> None:
    assert set(verdicts(results, case, f"{other}_minus_minilm").values()) == {"worse"}


def test_glove_is_ahead_of_tfidf_on_tweets_up_to_1000_labels(results: dict) -> None:
    found = verdicts(results, "tweets", "tfidf_minus_glove")
    assert {found[level] for level in ("50", "100", "500", "1000")} == {"worse"}


def test_glove_is_never_ahead_on_products_and_behind_from_1000_on(results: dict) -> None:
    found = verdicts(results, "products", "tfidf_minus_glove")
    assert "worse" not in found.values()
    assert found["1000"] == found["all"] == "better"


def test_the_weak_spot_is_where_the_page_says(results: dict) -> None:
    smallest = min(row["setting"]["C"] for row in results["tuning"])
    chosen = [of["C"] for of in results["chosen"]["products"]["minilm"].values()]
    assert sum(strength == smallest for strength in chosen) > len(chosen) / 2
    tweets = results["chosen"]["tweets"]["minilm"]
    assert tweets["1000"]["C"] == tweets["all"]["C"] == smallest


@pytest.mark.parametrize("case", CASES)
def test_a_higher_start_and_a_higher_asymptote(results: dict, case: str) -> None:
    card = results["scorecards"][case]["minilm"]
    assert card["start"]["verdict"] == card["asymptote"]["verdict"] == "better"
    assert card["slope"]["verdict"] == "undecided"
    assert card["asymptote"]["low"] < card["asymptote"]["mean"], "the chance of the test texts counts"


def test_three_quarters_is_within_the_curves_for_tweets(results: dict) -> None:
    """The first exercise asks for the number of labels that each way needs for it."""
    for of in results["summary"]["tweets"].values():
        assert of["50"]["mean"] < 0.75 < of["all"]["mean"]


def test_the_order_of_the_curves_for_tweets(results: dict) -> None:
    means = {
        way: {level: of["mean"] for level, of in by.items()}
        for way, by in results["summary"]["tweets"].items()
    }
    for level in means["tfidf"]:
        assert means["minilm"][level] > means["glove"][level] > means["tfidf"][level]


@pytest.mark.parametrize("case", CASES)
def test_minilm_is_soon_where_tfidf_is_with_all_labels(results: dict, case: str) -> None:
    reached = results["scorecards"][case]["minilm"]["catches_up_at"]
    assert int(reached) <= results["about"]["sizes"][case]["train"] / 2, "a large saving"


@pytest.mark.parametrize("case", CASES)
def test_most_of_the_gain_comes_with_the_first_thousand_labels(results: dict, case: str) -> None:
    for way in ("tfidf", "minilm"):
        scores = {level: of["mean"] for level, of in results["summary"][case][way].items()}
        assert scores["1000"] - scores["50"] > scores["all"] - scores["1000"]


def test_two_thirds_of_the_tweets_are_positive(results: dict) -> None:
    assert results["about"]["larger_class"]["tweets"] == pytest.approx(2 / 3, abs=0.03)
