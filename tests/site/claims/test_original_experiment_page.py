"""What the page on the original experiment says in words is what the results file says in numbers."""

import pytest

from transfer_learning.results import load_results

LEVELS = ["10", "50", "100", "500", "all"]


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("original_experiment")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


def verdicts(results: dict, pair: str) -> dict[str, str]:
    return {level: of["verdict"] for level, of in results["paired"]["posts"][pair].items()}


def test_the_baseline_of_the_original_comes_out_and_every_other_beats_its_transfer(results: dict) -> None:
    baseline = results["audit"]["baseline"]
    assert baseline["old_gamma"]["confusion"] == [[0, 319], [0, 394]]
    assert all(of["accuracy"] > 0.9 for name, of in baseline.items() if name != "old_gamma")


def test_a_larger_c_alone_mends_the_baseline(results: dict) -> None:
    baseline = results["audit"]["baseline"]
    assert baseline["old_gamma_c100"]["accuracy"] > baseline["todays_gamma"]["accuracy"] - 0.02


def test_the_old_gamma_is_over_a_hundred_times_smaller_and_calls_all_posts_alike(results: dict) -> None:
    assert results["audit"]["times_smaller"] > 100
    assert results["audit"]["least_kernel"] > 0.98


def test_with_few_labels_good_transfer_wins_by_far(results: dict) -> None:
    found = results["paired"]["posts"]["tfidf_minus_minilm"]
    assert found["10"]["mean"] < -0.1 and found["50"]["mean"] < -0.04
    assert found["10"]["verdict"] == found["50"]["verdict"] == "worse"


def test_with_all_labels_the_simple_model_has_caught_up(results: dict) -> None:
    assert verdicts(results, "tfidf_minus_minilm")["all"] == "undecided"


def test_glove_is_ahead_at_10_labels_and_behind_from_500_on(results: dict) -> None:
    found = verdicts(results, "tfidf_minus_glove_mean")
    assert found["10"] == "worse" and found["500"] == found["all"] == "better"
    assert "better" not in (found["50"], found["100"])


def test_the_original_way_loses_at_every_number_of_labels(results: dict) -> None:
    assert set(verdicts(results, "tfidf_minus_one_word").values()) == {"better"}


def test_trained_pieces_beat_untrained_ones_and_from_50_on_the_mean_of_words(results: dict) -> None:
    found = verdicts(results, "one_word_minus_one_word_untrained")
    assert found["all"] == "better" and found["10"] == "undecided"
    found = verdicts(results, "one_word_minus_own_mean")
    assert {found[level] for level in LEVELS[1:]} == {"better"}


def test_the_same_mean_does_far_better_with_the_vectors_of_glove(results: dict) -> None:
    glove, own = (results["summary"]["posts"][way] for way in ("glove_mean", "own_mean"))
    assert all(glove[level]["low"] > own[level]["high"] + 0.05 for level in LEVELS)


def test_the_weak_spot_is_where_the_page_says(results: dict) -> None:
    largest = max(row["setting"]["C"] for row in results["tuning"])
    chosen = {
        way: {level: of["C"] for level, of in levels.items()}
        for way, levels in results["chosen"]["posts"].items()
    }
    assert chosen["tfidf"]["10"] == chosen["tfidf"]["50"] == largest
    for way in ("one_word", "own_mean"):
        assert sum(strength == largest for strength in chosen[way].values()) >= 2


def test_the_start_is_the_largest_benefit(results: dict) -> None:
    card = results["scorecards"]["posts"]["minilm"]
    assert card["start"]["verdict"] == "better" and card["slope"]["verdict"] == "worse"
    assert card["start"]["mean"] > card["asymptote"]["mean"]
    assert card["asymptote"]["verdict"] == "undecided"


def test_the_control_is_well_above_guessing_without_any_training(results: dict) -> None:
    guess = results["audit"]["larger_class"] / results["about"]["test"]
    assert results["audit"]["transfer"]["one_word_untrained"]["today"]["lowest"] > guess + 0.08


def test_untuned_trained_vectors_are_behind_the_control_by_todays_rule(results: dict) -> None:
    transfer = results["audit"]["transfer"]
    assert transfer["one_word"]["today"]["highest"] < transfer["one_word_untrained"]["today"]["lowest"]


def test_by_the_old_rule_the_control_is_stuck_at_the_larger_class(results: dict) -> None:
    guess = results["audit"]["larger_class"] / results["about"]["test"]
    for of in results["audit"]["transfer"]["one_word_untrained"]["old"].values():
        assert of == pytest.approx(guess, abs=5e-5)
