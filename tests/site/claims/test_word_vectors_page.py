"""What the page on word vectors says in words is what the results file says in numbers."""

import pytest

from transfer_learning.results import load_results

CASES = ("topics", "films")


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("word_vectors")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


def verdicts(results: dict, case: str, pair: str) -> dict[str, str]:
    return {level: of["verdict"] for level, of in results["paired"][case][pair].items()}


@pytest.mark.parametrize("case", CASES)
def test_with_few_labels_glove_is_ahead(results: dict, case: str) -> None:
    assert verdicts(results, case, "tfidf_minus_glove")["20"] == "worse"


def test_with_many_labels_tfidf_is_ahead_on_topics_and_has_caught_up_on_mood(results: dict) -> None:
    assert verdicts(results, "topics", "tfidf_minus_glove")["1800"] == "better"
    assert verdicts(results, "films", "tfidf_minus_glove")["1800"] == "undecided"


def test_the_lead_of_glove_on_topics_shrinks(results: dict) -> None:
    leads = [-of["mean"] for of in results["paired"]["topics"]["tfidf_minus_glove"].values()]
    assert leads == sorted(leads, reverse=True)


def test_tfidf_chose_the_largest_strength_with_20_posts(results: dict) -> None:
    largest = max(row["setting"]["C"] for row in results["tuning"])
    assert results["chosen"]["topics"]["tfidf"]["20"]["C"] == largest


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("own", ["wiki_word2vec", "own_word2vec"])
def test_glove_is_ahead_of_our_own_vectors_at_every_number_of_labels(
    results: dict, case: str, own: str
) -> None:
    assert set(verdicts(results, case, f"{own}_minus_glove").values()) == {"worse"}


@pytest.mark.parametrize("case", CASES)
def test_a_small_source_wins_at_no_number_of_labels(results: dict, case: str) -> None:
    assert set(verdicts(results, case, "tfidf_minus_wiki_word2vec").values()) == {"better"}
    found = verdicts(results, case, "tfidf_minus_own_word2vec")
    assert found["20"] == "undecided" and found["200"] == found["1800"] == "better"


def test_the_order_of_the_sources(results: dict) -> None:
    assert verdicts(results, "topics", "wiki_word2vec_minus_own_word2vec")["20"] == "worse"
    assert verdicts(results, "topics", "own_word2vec_minus_glove")["20"] == "worse"
    mood = verdicts(results, "films", "wiki_word2vec_minus_own_word2vec")
    assert mood["20"] == "undecided" and mood["200"] == mood["1800"] == "worse"
    corpora = results["corpora"]
    assert corpora["films"]["tokens"] / corpora["wikipedia"]["tokens"] == pytest.approx(0.25, abs=0.03)


def test_mood_stays_hard_and_tfidf_is_the_best_of_them(results: dict) -> None:
    means = {way: of["1800"]["mean"] for way, of in results["summary"]["films"].items()}
    assert max(means, key=means.get) == "tfidf" and means["tfidf"] < 0.8


@pytest.mark.parametrize("case", CASES)
def test_glove_knows_nearly_every_word_and_our_own_vectors_most(results: dict, case: str) -> None:
    coverage = results["coverage"]
    assert coverage["glove"][case]["known"] > 0.95
    for own in ("wiki_word2vec", "own_word2vec"):
        assert 0.5 < coverage[own][case]["known"] < coverage["glove"][case]["known"]
        assert coverage[own][case]["words"] < coverage["glove"][case]["words"] / 10
