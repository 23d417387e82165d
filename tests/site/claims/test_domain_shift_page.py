"""What the page on domain shift says in words is what the results file says in numbers."""

import pytest

from transfer_learning.datasets import DOMAINS
from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("domain_shift")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


def mean(results: dict, form: str, source: str, target: str) -> float:
    return results["matrix"][form][source][target]["mean"]


def test_with_tfidf_home_is_the_best_place_for_every_target(results: dict) -> None:
    for target in DOMAINS:
        column = {source: mean(results, "tfidf", source, target) for source in DOMAINS}
        assert max(column, key=column.get) == target or column[target] > max(column.values()) - 0.002


def test_the_newspaper_is_low_for_everybody(results: dict) -> None:
    for form in ("tfidf", "minilm"):
        best = {t: max(mean(results, form, source, t) for source in DOMAINS) for t in DOMAINS}
        assert min(best, key=best.get) == "newspaper"


def test_every_number_of_minilm_is_higher_than_that_of_tfidf(results: dict) -> None:
    for source in DOMAINS:
        for target in DOMAINS:
            assert mean(results, "minilm", source, target) > mean(results, "tfidf", source, target)


def test_minilm_loses_less_from_films_to_products_and_some_cells_are_undecided(results: dict) -> None:
    lost = {form: results["lost"][form]["films"]["products"]["mean"] for form in ("tfidf", "minilm")}
    assert lost["minilm"] < lost["tfidf"]
    verdicts = {cell["verdict"] for row in results["lost"]["minilm"].values() for cell in row.values()}
    assert "undecided" in verdicts


def test_distances_are_nearly_equal_and_losses_are_not(results: dict) -> None:
    distance = [d["mean"] for row in results["distance"]["tfidf"].values() for d in row.values()]
    lost = [cell["mean"] for row in results["lost"]["tfidf"].values() for cell in row.values()]
    assert max(distance) - min(distance) < 0.4
    for form in ("tfidf", "minilm"):
        of = [cell["mean"] for row in results["distance"][form].values() for cell in row.values()]
        assert min(of) > 1.5 and max(of) < 2
    assert max(lost) - min(lost) > 0.08
    both_ways = [results["lost"]["tfidf"]["tweets"]["newspaper"]["mean"]]
    both_ways.append(results["lost"]["tfidf"]["newspaper"]["tweets"]["mean"])
    assert abs(both_ways[0] - both_ways[1]) > 0.05
    for found in results["together"].values():
        assert abs(found["rank_correlation"]) < 0.85, "a warning, not a forecast"


def test_adapting_without_labels_is_a_bet(results: dict) -> None:
    found = results["counts"]["text"]
    cells = [found[f"{way}_minus_source_only"]["0"] for way in ("coral", "weighted")]
    assert sum(cell["worse"] for cell in cells) > 0
    assert any(cell["better"] < 12 for cell in cells)


def test_from_films_to_products_the_order_turns_between_20_and_500_labels(results: dict) -> None:
    few = results["summary"]["films_to_products"]
    assert few["tfidf_target_only"]["20"]["mean"] < 0.57, "worth little"
    assert few["tfidf_source_only"]["20"]["mean"] > few["tfidf_target_only"]["20"]["mean"]
    assert few["tfidf_both"]["20"]["mean"] >= few["tfidf_source_only"]["20"]["mean"] - 0.02
    assert few["tfidf_target_only"]["500"]["mean"] > few["tfidf_source_only"]["500"]["mean"]


def test_the_more_target_labels_the_less_the_source_is_needed(results: dict) -> None:
    found = results["counts"]["text"]["both_minus_target_only"]
    assert found["500"]["better"] < found["20"]["better"]


def test_the_shift_of_the_digits_is_not_the_same_in_both_directions(results: dict) -> None:
    network, pixels = results["matrix"]["network"], results["matrix"]["pixels"]
    assert network["mnist"]["uci"]["low"] > network["uci"]["mnist"]["high"]
    for source, target in (("mnist", "uci"), ("uci", "mnist")):
        assert pixels[source][target]["mean"] < network[source][target]["mean"]
        lost = results["lost"]["network"][source][target]["mean"]
        assert results["image_adapted"]["statistics"][source][target]["mean"] < lost / 2, "a small part"


def test_minilm_loses_more_from_products_to_the_newspaper_for_it_knew_more(results: dict) -> None:
    lost = {form: results["lost"][form]["products"]["newspaper"]["mean"] for form in ("tfidf", "minilm")}
    assert lost["minilm"] > lost["tfidf"]
    assert mean(results, "minilm", "newspaper", "newspaper") > mean(
        results, "tfidf", "newspaper", "newspaper"
    )


def test_coral_was_the_better_bet(results: dict) -> None:
    found = results["counts"]["text"]
    coral, weighted = (found[f"{way}_minus_source_only"]["0"] for way in ("coral", "weighted"))
    assert coral["better"] > weighted["better"] and coral["worse"] < weighted["worse"]


def test_what_adapting_brings_to_the_digits(results: dict) -> None:
    assert abs(results["matrix"]["pixels"]["uci"]["mnist"]["mean"] - 0.1) < 0.02, "no better than guessing"
    assert results["image_adapted"]["statistics"]["uci"]["mnist"]["verdict"] == "undecided"
    pairs = results["pairs"]["image"]
    coral = pairs["coral_minus_source_only"]["0"]
    assert coral["uci"]["mnist"]["verdict"] == "better" and coral["mnist"]["uci"]["verdict"] != "better"
    assert coral["uci"]["mnist"]["mean"] < results["lost"]["pixels"]["uci"]["mnist"]["mean"] / 2
    weighted = pairs["weighted_minus_source_only"]["0"]
    assert "better" not in {cell["verdict"] for row in weighted.values() for cell in row.values()}


def test_negative_transfer_was_measured(results: dict) -> None:
    found = results["counts"]["text"]
    assert found["both_minus_target_only"]["500"]["worse"] > 0
    assert found["weighted_minus_source_only"]["0"]["worse"] > 0
    for labels in ("20", "500"):
        assert results["counts"]["image"]["both_minus_target_only"][labels]["worse"] == 2


def test_even_a_few_target_labels_added_to_the_source_often_help(results: dict) -> None:
    found = results["counts"]["text"]["both_minus_source_only"]["20"]
    assert found["better"] > 6 and found["worse"] == 0
