"""Tables out of results files: every number is looked up, labels are translated, a wrong row is refused."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from one_page import build_page

CONF = """
import sys
sys.path[:0] = {paths!r}
extensions = ["myst_parser", "tables_alone"]
myst_enable_extensions = ["colon_fence"]
locale_dirs = ["locale"]
gettext_uuid = gettext_location = False
"""
ALONE = """
from course_site import results, tables

def setup(app):
    results.setup(app)
    tables.setup(app)
"""
SCORE = {"mean": 0.5, "low": 0.4, "high": 0.6}
BETTER = {"mean": 0.1, "low": 0.05, "high": 0.15, "verdict": "better"}
RESULTS = {
    "summary": {"reviews": {"frozen": {"50": SCORE, "all": SCORE | {"mean": 0.9}}, "plain": {"50": SCORE}}},
    "paired": {"reviews": {"frozen_minus_plain": {"50": BETTER}}},
    "scorecards": {"reviews": {"benefits": dict.fromkeys(("start", "slope", "asymptote"), BETTER)}},
    "seeds": [0, 1],
    "runs": [{"seconds": 60}, {"seconds": 30}],
    "environment": {"peak_memory_mb": 512, "packages": {"torch": "2.0"}},
}


@pytest.fixture
def build(tmp_path: Path):
    """Builds one page and gives its HTML; ``language`` and a builder may be chosen."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "study.json").write_text(json.dumps(RESULTS))
    (tmp_path / "tables_alone.py").write_text(ALONE)
    root = Path(__file__).resolve().parents[2]
    paths = [str(tmp_path), str(root / "book" / "_ext"), str(root)]
    (tmp_path / "conf.py").write_text(CONF.format(paths=paths))

    def run(body: str, language: str = "en", builder: str = "html") -> str:
        out = build_page(tmp_path, body, language, builder)
        return (out / ("index.html" if builder == "html" else "index.pot")).read_text(encoding="utf-8")

    return run


def cells(html: str) -> list[str]:
    return [re.sub("<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", html, re.DOTALL)]


RESULTS_TABLE = """
```{results-table} study:summary.reviews
:caption: Share that is right.
:first: Way to learn
- frozen: frozen *encoder*
- plain: plain
```
"""


def test_a_row_a_way_and_a_column_a_level(build) -> None:
    html = build(RESULTS_TABLE)
    assert cells(html) == [
        *("Way to learn", "50", "all"),
        *("frozen encoder", "50.0% (40.0 to 60.0%)", "90.0% (40.0 to 60.0%)"),
        *("plain", "50.0% (40.0 to 60.0%)", "–"),
    ]
    assert "Share that is right." in html and "<em>encoder</em>" in html


def test_differences_come_with_their_verdicts(build) -> None:
    table = "```{paired-table} study:paired.reviews\n:levels: 50\n- frozen_minus_plain: frozen − plain\n```"
    assert cells(build(table))[-1] == "+10.0 (5.0 to 15.0): better"


def test_the_scorecard_names_the_three_benefits(build) -> None:
    found = cells(build("```{scorecard} study:scorecards.reviews.benefits\n```"))
    assert found[3::3] == ["Higher start", "Higher slope", "Higher asymptote"]
    assert found[-1] == "better"


def test_an_index_of_the_results_files(build) -> None:
    assert cells(build("```{results-index}\n```"))[6:] == ["study", "2", "2", "1.5", "512", "2.0"]


def test_fields_of_each_entry(build) -> None:
    table = "```{fields-table} study:summary.reviews.frozen\n:first: Level\n- mean|.2f: Mean\n```"
    assert cells(build(table)) == ["Level", "Mean", "50", "0.50", "all", "0.90"]


def test_labels_are_messages_and_numbers_are_not(build, tmp_path: Path) -> None:
    catalogue = build(RESULTS_TABLE, builder="gettext")
    found = set(re.findall(r'msgid "(.+)"', catalogue))
    assert found == {"Title", "Share that is right.", "Way to learn", "frozen *encoder*", "plain"}
    compiled = tmp_path / "locale" / "ja" / "LC_MESSAGES" / "index.mo"
    compiled.parent.mkdir(parents=True)
    translated = 'msgid "plain"\nmsgstr "そのまま"\n\nmsgid "Share that is right."\nmsgstr "正解の割合"\n'
    (tmp_path / "ja.po").write_text(translated)
    with (tmp_path / "ja.po").open("rb") as source, compiled.open("wb") as target:
        write_mo(target, read_po(source))
    html = build(RESULTS_TABLE, language="ja")
    assert "そのまま" in cells(html) and "正解の割合" in html and "50.0% (40.0〜60.0%)" in cells(html)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("```{results-table} study:summary.reviews\n- thawed: thawed\n```", "thawed"),
        ("```{results-table} study:summary.nothing\n- frozen: f\n```", "there is: reviews"),
        ("```{results-table} study:summary.reviews\nfrozen\n```", "expected a row such as"),
        ("```{results-table} study:summary.reviews\n```", "list the rows"),
        ("```{results-table} study:summary.reviews\n:levels: 7\n- frozen: f\n```", "no level 7"),
    ],
)
def test_a_table_that_cannot_be_filled_fails_the_build(build, body: str, says: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(says)):
        build(body)
