"""What the page on images says in words is what the results file says in numbers.

The numbers on the page are looked up when it is built; the sentences around them are not. If a new
measurement turns one of them wrong, a test here fails and names the sentence.
"""

import pytest

from transfer_learning.results import load_results

PRETRAINED = ("frozen", "fine_tuned")
FROM_NOTHING = ("scratch", "scratch_small", "pixels")


@pytest.fixture(scope="module")
def results() -> dict:
    found = load_results("images_few_samples")
    assert not found["quick"], "results/ holds a quick run: measure with `make experiments`"
    return found


def mean(results: dict, method: str, level: str) -> float:
    return results["summary"][method][level]["accuracy"]["mean"]


@pytest.mark.parametrize("ours", PRETRAINED)
@pytest.mark.parametrize("other", FROM_NOTHING)
def test_the_pretrained_ways_are_ahead_at_every_number_of_labels(
    results: dict, ours: str, other: str
) -> None:
    for level in results["levels"]:
        assert results["paired"][f"{ours}_minus_{other}"][level]["verdict"] == "better"


def test_frozen_with_eight_photos_beats_the_best_from_nothing_with_ten_times_as_many(results: dict) -> None:
    assert mean(results, "frozen", "2") > max(mean(results, method, "all") for method in FROM_NOTHING)
    assert results["data"]["train"] > 10 * results["summary"]["frozen"]["2"]["labels"]


def curve(results: dict, method: str) -> list[float]:
    rows = results["curves"][method]["validation_accuracy"]
    return [sum(column) / len(column) for column in zip(*rows, strict=True)]


def test_no_higher_start_but_a_higher_slope(results: dict) -> None:
    largest = max(results["data"]["counts"]["validation"].values()) / results["data"]["validation"]
    others = max(max(curve(results, method)) for method in ("scratch", "scratch_small"))
    for method in PRETRAINED:
        values = curve(results, method)
        assert values[0] < largest + 0.1, "before the first step every way guesses"
        early = [v for step, v in zip(results["curves"][method]["steps"], values, strict=True) if step <= 10]
        assert max(early) > others, "within ten steps higher than the others after hundreds"


def test_a_higher_asymptote_probably(results: dict) -> None:
    photo = 1 / results["data"]["validation"]
    ends = {method: curve(results, method)[-1] for method in results["curves"]}
    for method in PRETRAINED:
        assert ends[method] - ends["scratch"] > 5 * photo, "the lead over the same network is large"
        assert 0 < ends[method] - ends["scratch_small"] < 5 * photo, "over the small one a few photos"
    small = results["summary"]["scratch_small"]["all"]
    assert small["validation_accuracy"] > small["accuracy"]["mean"] + 0.05, "stopped where it looked best"


def test_the_intervals_of_the_ten_times_overlap(results: dict) -> None:
    frozen = results["summary"]["frozen"]["2"]["accuracy"]
    others = [results["summary"][method]["all"]["accuracy"] for method in FROM_NOTHING]
    assert frozen["low"] < min(other["high"] for other in others)


def test_the_large_network_from_scratch_is_not_shown_to_beat_the_pixels(results: dict) -> None:
    verdicts = {score["verdict"] for score in results["paired"]["scratch_minus_pixels"].values()}
    assert verdicts == {"undecided"}
    seconds = {method: results["summary"][method]["all"]["cpu_seconds"] for method in FROM_NOTHING}
    assert seconds["scratch"] > 1000 * seconds["pixels"]


def test_both_networks_from_scratch_chose_the_end_of_what_was_on_offer(results: dict) -> None:
    for method in results["methods"].values():
        assert len(method["tuning"]) == 6, "each way has six settings to choose from"
    for name in ("scratch", "scratch_small"):
        method = results["methods"][name]
        for what in ("learning_rate", "steps"):
            assert method["chosen"][what] == max(row["setting"][what] for row in method["tuning"])


def test_frozen_and_fine_tuned_cannot_be_told_apart_somewhere(results: dict) -> None:
    verdicts = {score["verdict"] for score in results["paired"]["frozen_minus_fine_tuned"].values()}
    assert "undecided" in verdicts


def test_frozen_is_far_cheaper_than_fine_tuning(results: dict) -> None:
    seconds = {method: results["summary"][method]["all"]["cpu_seconds"] for method in PRETRAINED}
    assert 3 * seconds["frozen"] < seconds["fine_tuned"]


def test_the_controls_say_what_the_page_says(results: dict) -> None:
    mammal = results["data"]["counts"]["test"]["mammal"] / results["data"]["test"]
    assert mammal == max(results["data"]["counts"]["test"].values()) / results["data"]["test"]
    file_size = results["controls"]["file_size"]["accuracy"]
    assert file_size > mammal + 0.1, "well above always saying mammal"
    assert mean(results, "pixels", "all") <= file_size, "the pixels do no better"
    assert results["controls"]["reduced"]["accuracy"] > 0.75 * mean(results, "frozen", "all"), (
        "most of the score"
    )


def test_the_mistakes_the_page_talks_about_were_made(results: dict) -> None:
    names = " ".join(row["name"] for row in results["misclassified"]["frozen"])
    assert "lettuce" in names and "garlic" in names
    birds = {row["predicted"] for row in results["misclassified"]["frozen"] if row["label"] == "bird"}
    assert birds == {"mammal"}
    mammals, _, *others = results["confusion"]["frozen"]["all"][results["data"]["class_names"].index("bird")]
    assert mammals > 5 * sum(others), "the birds were nearly always taken for mammals"
    train = results["data"]["counts"]["train"]
    assert train["mammal"] == max(train.values()), "mammals have the most training photos"


def test_one_test_photo_is_about_two_percentage_points(results: dict) -> None:
    assert 1.5 < 100 / results["data"]["test"] < 2.5
