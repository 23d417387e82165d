"""What the page on whether more is better says in words is what its results file says in numbers."""

import pytest

from transfer_learning.results import load_results

DIRECTIONS = ("MiniLM (word)", "MiniLM (sentence)")


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("bias_audit")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    assert len(found["seeds"]) >= 10
    return found


def test_the_names_in_the_first_figure_stand_as_the_page_says(results: dict) -> None:
    men, women = results["weat_scores"]["career"]
    assert len(men) == len(women) == 8
    assert min(men.values()) > max(women.values()), "the men's names to the right of all women's"


def test_glove_leans_in_all_five_tests(results: dict) -> None:
    for test, sources in results["weat"].items():
        assert sources["GloVe"]["mean"] > 0.8, test
        assert sources["GloVe"]["p_high"] < 0.01, test


def test_published_effects_are_no_smaller_as_a_whole(results: dict) -> None:
    ours = [results["weat"][test]["GloVe"]["mean"] for test in ("flowers", "instruments", "names")]
    assert sum(ours) / 3 < (1.50 + 1.53 + 1.41) / 3


def test_minilm_leans_about_flowers_and_weapons_and_nothing_is_found_about_names(results: dict) -> None:
    for source in DIRECTIONS:
        for test in ("flowers", "instruments"):
            effect = results["weat"][test][source]
            assert effect["low"] > 0
            assert abs(effect["mean"] - results["weat"][test]["GloVe"]["mean"]) < 0.3, "as strongly"
        names = results["weat"]["names"][source]
        assert names["low"] < 0 < names["high"] and names["p_low"] > 0.05


def test_the_frame_changes_the_last_row(results: dict) -> None:
    word, sentence = (results["weat"]["maths"][source] for source in DIRECTIONS)
    assert word["p_high"] < 0.05 < sentence["p_low"]


def test_the_two_ways_of_counting_can_disagree(results: dict) -> None:
    below = {test for test, of in results["weat"].items() if of["GloVe"]["low"] < 0}
    assert below == {"names", "maths"}, "p is small, and the interval reaches below zero"
    assert all(results["weat"][test]["GloVe"]["p_high"] < 0.01 for test in below)
    clear = {test for test, of in results["weat"].items() if of["MiniLM (sentence)"]["low"] > 0}
    assert clear == {"flowers", "instruments"}


def test_all_partitions_of_the_short_lists_were_gone_through(results: dict) -> None:
    career = results["weat"]["career"]["GloVe"]
    assert career["exact"] and career["partitions"] == 12870
    assert not results["weat"]["flowers"]["GloVe"]["exact"]


def test_without_the_attribute_the_gap_stays_and_is_not_smaller_than_the_lenders(
    results: dict,
) -> None:
    gaps = results["loans"]["selection"]
    assert gaps["without"]["all"]["low"] > 0.1
    assert gaps["without"]["all"]["low"] < gaps["lenders"]["all"]["high"], "the two intervals overlap"
    means = [gaps[who]["all"]["mean"] for who in ("lenders", "without", "with")]
    assert means == sorted(means), "the lenders' gap is the smallest, that with the attribute the largest"
    assert results["loans"]["with_minus_without"]["all"]["verdict"] == "better", "larger with the column"


def test_more_applications_did_not_close_the_gap(results: dict) -> None:
    loans = results["loans"]
    assert loans["auc"]["without"]["all"]["mean"] > loans["auc"]["without"]["100"]["mean"] + 0.02
    auc = loans["auc"]["without"]
    assert auc["300"]["mean"] > auc["100"]["mean"] + 0.02, "already with 300"
    assert auc["all"]["low"] < min(auc["100"]["high"], auc["300"]["high"]), "the intervals overlap"
    for way in ("with", "without"):
        few, more = (loans["selection"][way][level] for level in ("100", "all"))
        grown = more["mean"] - few["mean"]
        assert 0 < grown < few["high"] - few["low"], "larger, by less than the intervals are wide"
        assert more["low"] < few["high"]


def test_where_the_errors_fall(results: dict) -> None:
    loans = results["loans"]
    assert loans["refused"]["without"]["all"]["low"] > 0
    assert loans["granted"]["without"]["all"]["low"] > 0
    wide = loans["granted"]["without"]["all"]
    assert wide["high"] - wide["low"] > 0.25
    with_it, without = (loans["accuracy"][way]["all"]["mean"] for way in ("with", "without"))
    assert abs(with_it - without) < 0.02, "the average says nothing of this"


def test_the_group_can_be_guessed_and_from_no_single_column_well(results: dict) -> None:
    found = results["loans"]["recovered"]
    best = found["alone"][0]["mean"]
    for model in ("linear", "trees"):
        assert found[model]["low"] > 0.6 and found[model]["mean"] < 0.85
        assert found[model]["mean"] > best
    assert best < 0.7
    assert found["shuffled"]["low"] < 0.5 < found["shuffled"]["high"]


def test_group_and_decision_fall_together(results: dict) -> None:
    removal = results["loans"]["removal"]
    for what in ("group", "decision"):
        assert (
            removal[what]["28"]["low"] < 0.5 < removal[what]["28"]["high"]
            or removal[what]["28"]["mean"] < 0.6
        )
        assert removal[what]["0"]["mean"] - removal[what]["3"]["mean"] < 0.05, "high while the first go"
    guessed_no_more = [k for k in removal["group"] if removal["group"][k]["mean"] < 0.6]
    assert removal["decision"][guessed_no_more[0]]["mean"] < 0.65


def test_the_feedback_loop(results: dict) -> None:
    share = results["feedback"]["share"]
    assert all(of["mean"] > 0.99 for of in share["most"].values()), "never visits B again"
    early, late = share["proportion"]["300"], share["proportion"]["3000"]
    assert abs(late["mean"] - 12 / 20) < 0.02, "the mean stays where the past put it"
    assert late["high"] - late["low"] > 0.9 * (early["high"] - early["low"]), "the range does not close"
    assert late["high"] - late["low"] > share["proportion"]["30"]["high"] - share["proportion"]["30"]["low"]
    rate = share["rate"]
    assert abs(rate["3000"]["mean"] - 0.5) < 0.01
    assert rate["3000"]["high"] - rate["3000"]["low"] < 0.5 * (rate["30"]["high"] - rate["30"]["low"])
