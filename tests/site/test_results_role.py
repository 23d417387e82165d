"""Numbers in prose come from results files, are shown as meant, and a wrong reference is refused."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from course_site.results import ResultError, ResultRole, look_up, show


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    results = {
        "summary": {"frozen": {"mean": 0.9314, "low": 0.9, "high": 0.96}},
        "runs": [{"seconds": 61.25}],
    }
    made = tmp_path / "results"
    made.mkdir()
    (made / "photos.json").write_text(json.dumps(results))
    return made


def test_a_value_is_found_in_tables_and_lists(folder: Path) -> None:
    assert look_up(folder, "photos:summary.frozen.mean") == 0.9314
    assert look_up(folder, "photos:runs.0.seconds") == 61.25


@pytest.fixture
def beside(folder: Path) -> Path:
    """The results folder of the benchmarks, beside that of the experiments."""
    measured = folder.parent / "benchmarks" / "results"
    measured.mkdir(parents=True)
    (measured / "grading.json").write_text(json.dumps({"seconds": {"ours": 0.25}}))
    return measured


def test_what_the_benchmarks_measured_is_found_too(folder: Path, beside: Path) -> None:
    assert look_up(folder, "grading:seconds.ours") == 0.25
    assert look_up(folder, "photos:runs.0.seconds") == 61.25
    with pytest.raises(ResultError, match="there is: ours"):
        look_up(folder, "grading:seconds.theirs")


def test_a_file_that_both_have_is_refused(folder: Path, beside: Path) -> None:
    (beside / "photos.json").write_text("{}")
    with pytest.raises(ResultError, match="two results files"):
        look_up(folder, "photos:runs.0.seconds")


def test_a_page_is_read_again_when_a_benchmark_is(folder: Path, beside: Path) -> None:
    noted: list[str] = []
    config = SimpleNamespace(course_results=str(folder), language="en")
    env = SimpleNamespace(config=config, note_dependency=noted.append)
    role = ResultRole()
    role.rawtext, role.text = "", "grading:seconds.ours|.2f"
    role.inliner = SimpleNamespace(document=SimpleNamespace(settings=SimpleNamespace(env=env)))
    [shown], messages = role.run()
    assert shown.astext() == "0.25" and messages == []
    assert noted == [str(beside / "grading.json")]


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("nothing:summary", "experiments/nothing.py"),
        ("photos:summary.thawed.mean", "there is: frozen"),
        ("photos:runs.3.seconds", "no '3'"),
        ("summary.frozen", "file:path"),
    ],
)
def test_a_reference_that_leads_nowhere_says_what_exists(folder: Path, reference: str, says: str) -> None:
    with pytest.raises(ResultError, match=says.replace("(", r"\(")):
        look_up(folder, reference)


@pytest.mark.parametrize(
    ("value", "style", "shown"),
    [
        (0.9314, "percent", "93.1%"),
        (0.9314, ".3f", "0.931"),
        (-2.5, ".1f", "−2.5"),
        (48, "d", "48"),
        ({"mean": 0.01, "low": -0.02, "high": 0.04}, "difference", "+1.0 (−2.0 to 4.0)"),
        ({"mean": 0.9, "low": 0.85, "high": 0.95}, "interval", "85.0 to 95.0%"),
        ("undecided", "", "undecided"),
    ],
)
def test_values_are_shown_for_a_reader(value: object, style: str, shown: str) -> None:
    assert show(value, style) == shown


def test_an_interval_is_written_the_japanese_way_in_japanese() -> None:
    assert show({"low": 0.85, "high": 0.95}, "interval", language="ja") == "85.0〜95.0%"


@pytest.mark.parametrize(
    ("value", "style"), [({"mean": 1}, ".3f"), (0.5, "d"), (None, ""), ({"mean": 1}, "interval")]
)
def test_a_value_that_does_not_fit_its_style_is_refused(value: object, style: str) -> None:
    with pytest.raises(ResultError):
        show(value, style)
