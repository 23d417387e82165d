"""What the page on general representations says in words is what its results file says in numbers."""

from itertools import pairwise

import pytest

from transfer_learning.results import load_results

LEVELS = ("50", "500")
MEANING = ("products", "films", "tweets", "domain", "topic")
MADE_FOR_NONE = ("tfidf", "glove", "random_0", "random_3", "random_6")


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("general_representation")
    assert not found["quick"] and len(found["seeds"]) >= 10
    return found


def mean(results: dict, case: str, way: str, level: str = "500") -> float:
    return results["summary"][case][way][level]["mean"]


def by_layer(results: dict, case: str) -> list[float]:
    return [mean(results, case, f"minilm_{layer}") for layer in range(7)]


def ahead(results: dict, way: str, case: str, level: str) -> bool:
    return mean(results, case, way, level) > max(mean(results, case, other, level) for other in MADE_FOR_NONE)


def test_the_last_layer_is_best_for_topic_alone(results: dict) -> None:
    assert len(results["questions"]) == 9
    for case in results["questions"]:
        *earlier, last = by_layer(results, case)
        best = max(mean(results, case, way) for way in results["ways"])
        assert (last == best) if case == "topic" else (max(earlier) > last), case
    assert results["wins"]["500"]["topic"] == "minilm_6"


def test_on_length_the_last_layer_falls_behind_random_weights(results: dict) -> None:
    length = results["summary"]["length"]
    assert length["random_6"]["500"]["low"] > length["minilm_6"]["500"]["high"]


def test_averages_do_not_know_the_order(results: dict) -> None:
    order = results["summary"]["order"]
    for way in ("tfidf", "glove", "minilm_0"):
        assert abs(order[way]["500"]["mean"] - 0.5) < 0.03
        assert order[way]["500"]["low"] < 0.5 < order[way]["500"]["high"]
    assert order["minilm_3"]["500"]["low"] > 0.5 and order["minilm_3"]["500"]["mean"] < 0.65


def test_capitals_are_guessed_by_all_that_cannot_see_them(results: dict) -> None:
    for of in results["summary"]["capitals"].values():
        assert of["500"]["low"] > 0.6


def test_layer_by_layer(results: dict) -> None:
    tweets = by_layer(results, "tweets")
    assert max(tweets) == tweets[2] and tweets[2] - 0.06 < tweets[6] < tweets[2]
    assert max(tweets) - min(tweets) < 0.06, "flat"
    topic = by_layer(results, "topic")
    assert max(topic) == topic[6]
    length = by_layer(results, "length")
    assert length[0] == max(length) and length[6] == min(length)
    drops = [before - after for before, after in pairwise(length)]
    assert max(drops) == drops[-1], "most at the end"
    number = by_layer(results, "number")
    assert max(number[:6]) - min(number[:6]) < 0.05, "about level"
    assert min(number[:6]) - number[6] > 0.05, "drops at the last"
    order = by_layer(results, "order")
    assert set(sorted(range(7), key=lambda layer: -order[layer])[:2]) == {2, 3}


def test_the_claim_stands_for_one_list_and_falls_for_another(results: dict) -> None:
    for level in LEVELS:
        assert all(ahead(results, "minilm_6", case, level) for case in MEANING)
        assert mean(results, "length", "random_6", level) > mean(results, "length", "minilm_6", level)
    assert all(ahead(results, "minilm_3", case, "500") for case in results["questions"])
    assert mean(results, "length", "random_6", "50") > mean(results, "length", "minilm_3", "50")
    assert mean(results, "number", "glove", "50") > mean(results, "number", "minilm_3", "50")


def test_the_tables_can_be_read_as_the_page_says(results: dict) -> None:
    assert results["controls"]["most_frequent"]["article"] > 0.7, "most words follow no article"
    for name, row in results["similarity"]["of"].items():
        assert row[name] == pytest.approx(1)
        assert max(row, key=row.get) == name, "the diagonal is the darkest"


def test_selectivity_needs_company_too(results: dict) -> None:
    controls = results["controls"]
    above = [
        source
        for source, of in controls["accuracy"].items()
        if of["article"]["low"] > controls["most_frequent"]["article"] + 0.005
    ]
    assert above == ["minilm_2"] and len(controls["accuracy"]) == 7
    for source, of in controls["accuracy"].items():
        assert source in above or of["article"]["mean"] < controls["most_frequent"]["article"] + 0.002
    assert all(of["article"]["low"] > 0.1 for of in controls["selectivity"].values())


def test_layer_0_knows_the_place_of_a_word_and_one_hot_and_glove_do_not(results: dict) -> None:
    right = {source: of["half"] for source, of in results["controls"]["accuracy"].items()}
    assert right["minilm_0"]["low"] > 0.2 + max(right["one-hot"]["high"], right["glove"]["high"])


@pytest.mark.parametrize("question", ["films", "order", "capitals"])
def test_where_the_best_earlier_layer_is_not_told_apart_from_the_last(results: dict, question: str) -> None:
    of = results["summary"][question]
    best = max(range(6), key=lambda layer: of[f"minilm_{layer}"]["500"]["mean"])
    assert results["paired"][question][f"minilm_{best}_minus_minilm_6"]["500"]["verdict"] == "undecided"


def test_what_layer_three_is_not_shown_to_beat_with_fifty_labels(results: dict) -> None:
    for question, other in (("length", "random_6"), ("number", "glove")):
        paired = results["paired"][question]
        either = paired.get(f"minilm_3_minus_{other}") or paired[f"{other}_minus_minilm_3"]
        assert either["50"]["verdict"] == "undecided"
