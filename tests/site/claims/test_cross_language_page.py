"""What the page on transfer across languages says in words is what its results file says in numbers."""

import pytest

from transfer_learning.results import load_results

LEVELS = ("40", "200", "800")


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("cross_language")
    assert not found["quick"] and len(found["seeds"]) >= 10
    return found


def score(results: dict, case: str, way: str, level: str = "800") -> dict:
    return results["summary"][case][way][level]


def test_the_multilingual_encoder_is_far_above_guessing_in_both_tasks(results: dict) -> None:
    for case in ("names_ja", "reviews_ja"):
        assert score(results, case, "multilingual")["low"] > results["most_frequent"][case] + 0.1


def test_counts_carry_nothing_across_at_any_number_of_labels(results: dict) -> None:
    for way in ("words", "characters"):
        for level in LEVELS:
            names = score(results, "names_ja", way, level)
            assert names["high"] < results["most_frequent"]["names_ja"], "below the most frequent kind"
            assert score(results, "reviews_ja", way, level)["mean"] == pytest.approx(0.5, abs=0.01)
        few, more = (score(results, "names_ja", way, level)["mean"] for level in ("40", "800"))
        assert more < few + 0.02, "more labels do not help"
    for level in LEVELS:
        better = results["paired"]["names_ja"]["words_minus_characters"][level]
        assert better["high"] > 0, "characters fare no better"
    assert results["characters_seen"]["names_ja"] < 0.1


def test_an_english_encoder_barely_carries_anything(results: dict) -> None:
    for level in LEVELS:
        names = score(results, "names_ja", "english", level)["mean"]
        assert abs(names - results["most_frequent"]["names_ja"]) < 0.07, "near the most frequent kind"
        ahead = results["paired"]["names_ja"]["english_minus_words"][level]
        assert ahead["low"] > 0 and ahead["mean"] < 0.15, "a little ahead of counts of words"
        reviews = score(results, "reviews_ja", "english", level)
        assert reviews["low"] < 0.5 < reviews["high"], "cannot be told from guessing"


def test_the_price_of_the_border(results: dict) -> None:
    for level in ("40", "200"):
        few = [score(results, case, "multilingual", level)["mean"] for case in ("names_ja", "names_ja_ja")]
        assert abs(few[0] - few[1]) < 0.04, "with few labels it hardly matters"
    gap = [score(results, case, "multilingual")["mean"] for case in ("names_ja", "names_ja_ja")]
    assert 0.01 < gap[1] - gap[0] < 0.15, "with all, Japanese labels are somewhat better"
    english = score(results, "names_ja", "multilingual")
    assert english["low"] > score(results, "names_ja_ja", "characters")["high"], "worth more than characters"


def test_the_japanese_pairs_come_out_as_well_and_both_intervals_are_wide(results: dict) -> None:
    english, japanese = (score(results, case, "multilingual") for case in ("reviews_en", "reviews_ja"))
    assert english["low"] < japanese["mean"] < english["high"], "about as well"
    assert japanese["low"] < english["mean"] < japanese["high"]
    for one in (english, japanese):
        assert one["high"] - one["low"] > 0.1


def test_in_english_neither_encoder_wins_everywhere(results: dict) -> None:
    names = results["paired"]["names_en"]["multilingual_minus_english"]
    assert names["200"]["verdict"] == "better" and names["800"]["verdict"] == "undecided"
    reviews = results["paired"]["reviews_en"]["multilingual_minus_english"]
    assert all(reviews[level]["mean"] < 0 for level in LEVELS)
    assert [level for level in LEVELS if reviews[level]["high"] < 0] == ["200"]


def test_a_sentence_is_nearest_to_its_own_translation(results: dict) -> None:
    nearest = results["translation_is_nearest"]
    assert nearest["reviews"]["multilingual"] > 0.9
    assert nearest["reviews"]["english"] < 0.3
    assert nearest["names"]["multilingual"] < nearest["reviews"]["multilingual"]


def test_the_tests_are_as_large_as_the_page_says(results: dict) -> None:
    assert results["about"]["test"]["reviews_ja"] == 80


def test_no_character_of_the_japanese_reviews_was_seen_so_every_answer_is_the_same(results: dict) -> None:
    """The first quiz says so of words, which are made of characters."""
    assert results["characters_seen"]["reviews_ja"] == 0
    counted = [run for run in results["runs"] if run["case"] == "reviews_ja" and run["way"] == "words"]
    assert counted and {run["score"] for run in counted} == {0.5}
