"""Each branch of the decision guide rests on a measurement; here it is looked up again."""

import re
from pathlib import Path

import pytest

from transfer_learning.results import load_results, lookup

PAGE = Path(__file__).resolve().parents[3] / "book" / "discussion" / "choose.md"
ROW = re.compile(r"^\| .+ \| .+ \| .+ \| (.+) \| .+ \|$", re.MULTILINE)


def test_every_row_of_the_guide_links_the_page_that_measured_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    cells = [cell for cell in ROW.findall(text) if cell not in ("Measured on", "---")]
    assert len(cells) >= 5
    for cell in cells:
        page = re.fullmatch(r"\{doc\}`/(.+)`", cell)
        assert page and (PAGE.parents[1] / f"{page[1]}.md").is_file(), cell


def test_the_baseline_costs_less_than_a_thousandth_and_is_not_shown_to_be_worse() -> None:
    images = load_results("images_few_samples")
    seconds = {way: images["summary"][way]["all"]["cpu_seconds"] for way in ("scratch", "pixels")}
    assert seconds["scratch"] / seconds["pixels"] > 1000
    assert images["paired"]["scratch_minus_pixels"]["all"]["verdict"] == "undecided"


def test_few_labels_frozen() -> None:
    images = load_results("images_few_samples")
    frozen, scratch = images["summary"]["frozen"]["2"], images["summary"]["scratch"]["all"]
    assert frozen["accuracy"]["mean"] > scratch["accuracy"]["mean"]
    assert images["paired"]["frozen_minus_fine_tuned"]["all"]["verdict"] == "undecided"


def test_frozen_is_far_ahead_of_scratch_and_of_pixels() -> None:
    paired = load_results("images_few_samples")["paired"]
    for other in ("scratch", "pixels"):
        for level, found in paired[f"frozen_minus_{other}"].items():
            assert found["verdict"] == "better" and found["mean"] > 0.2, (other, level)


def test_no_labels_shared_features() -> None:
    found = load_results("cross_language")["summary"]
    english, japanese = (found[case]["multilingual"]["800"]["mean"] for case in ("names_ja", "names_ja_ja"))
    assert 0 < japanese - english < 0.15, "somewhat less than with target labels"
    most = load_results("cross_language")["most_frequent"]["names_ja"]
    assert found["names_ja"]["words"]["800"]["high"] < most, "less than the most frequent kind"


def test_few_labelled_texts() -> None:
    found = load_results("label_efficiency")
    for case, by_way in found["paired"].items():
        behind = by_way["tfidf_minus_minilm"]
        assert all(of["verdict"] == "worse" for of in behind.values()), case
        leads = [-behind[level]["mean"] for level in found["levels"]]
        assert leads == sorted(leads, reverse=True), "a lead that shrinks with more labels"


def test_a_question_of_form() -> None:
    length = load_results("general_representation")["summary"]["length"]
    assert length["minilm_0"]["500"]["low"] > length["minilm_6"]["500"]["high"], "the last layer may lose"


def test_the_gap_stays() -> None:
    assert lookup(load_results("bias_audit"), "loans.selection.without.all.low") > 0.05


@pytest.mark.parametrize(
    "name", ["images_few_samples", "cross_language", "label_efficiency", "general_representation"]
)
def test_the_results_are_of_whole_studies(name: str) -> None:
    assert not load_results(name)["quick"]
