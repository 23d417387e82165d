"""The explorer: a table without a script; with one, a chart whose marks tell the numbers of the file."""

import ast
import json
import mimetypes
import re
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from pathlib import Path
from urllib.parse import urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from course_site.explorer import STATIC, mirrored, positions
from one_page import build_page
from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).resolve().parents[2]
CONF = """
import sys
sys.path[:0] = {paths!r}
extensions = ["myst_parser", "explorer_alone"]
html_theme = "basic"
html_sidebars = {{"**": []}}
numfig = True
locale_dirs = ["locale"]
gettext_uuid = gettext_location = False
"""
ALONE = """
from course_site import explorer, results

def setup(app):
    app.add_message_catalog("course_site", {locale!r})
    results.setup(app)
    explorer.setup(app)
"""


def score(mean: float, **more: str) -> dict:
    return {"mean": mean, "low": mean - 0.02, "high": mean + 0.03, **more}


def row(*means: float) -> dict:
    return dict(zip(("50", "500", "all"), map(score, means), strict=True))


BEHIND = {level: score(-0.1, verdict="worse") for level in ("50", "500")} | {
    "all": score(0.0, verdict="undecided")
}
RESULTS = {
    "summary": {
        "reviews": {"plain": row(0.5, 0.6, 0.8), "frozen": row(0.6, 0.7, 0.8), "odd": row(0.4, 0.5, 0.6)},
        "alone": {"plain": {"50": score(0.5)}},
    },
    "paired": {"reviews": {"plain_minus_frozen": BEHIND}},
}
BODY = """
{numref}`tab-reviews` has the numbers.

```{explorer} study:reviews
:caption: Share that is right. The columns are numbers of labels.
:first: Way to learn
:name: tab-reviews
- plain: plain *text*
- frozen: frozen encoder
- odd: odd one
```
"""
OPENED = "http://explorer.test/"
# Scripts only from files of the site. Sphinx writes styles into tables; eval is how this test asks the page.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self'"
)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Builds one page and gives the folder it is in; warnings fail."""
    folder = tmp_path_factory.mktemp("explorer")
    (folder / "results").mkdir()
    (folder / "results" / "study.json").write_text(json.dumps(RESULTS))
    compiled = folder / "locale" / "ja" / "LC_MESSAGES"
    compiled.mkdir(parents=True)
    interface = ROOT / "book" / "locale" / "ja" / "LC_MESSAGES" / "course_site.po"
    (folder / "index.po").write_text('msgid "frozen encoder"\nmsgstr "凍結"\n', encoding="utf-8")
    for source, name in ((interface, "course_site"), (folder / "index.po", "index")):
        with source.open("rb") as file, (compiled / f"{name}.mo").open("wb") as target:
            write_mo(target, read_po(file))
    (folder / "explorer_alone.py").write_text(ALONE.format(locale=str(folder / "locale")))
    paths = [str(folder), str(ROOT / "book" / "_ext"), str(ROOT)]
    (folder / "conf.py").write_text(CONF.format(paths=paths))

    return partial(build_page, folder)


@pytest.fixture(scope="session")
def english(build: Callable[..., Path]) -> Path:
    return build(BODY)


@pytest.fixture(scope="session")
def japanese(build: Callable[..., Path]) -> Path:
    return build(BODY, "ja")


def held(folder: Path) -> dict:
    """What the page hands to the script."""
    html = (folder / "index.html").read_text(encoding="utf-8")
    return json.loads(unescape(re.search(r'data-explorer="([^"]*)"', html)[1]))


def cells(folder: Path) -> list[str]:
    html = (folder / "index.html").read_text(encoding="utf-8")
    return [re.sub("<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", html, re.DOTALL)]


def test_the_table_is_that_of_the_results(english: Path) -> None:
    assert cells(english)[:8] == [
        *("Way to learn", "50", "500", "all"),
        *("plain text", "50.0% (48.0 to 53.0%)", "60.0% (58.0 to 63.0%)", "80.0% (78.0 to 83.0%)"),
    ]
    html = (english / "index.html").read_text(encoding="utf-8")
    assert re.search(r'href="#tab-reviews"[^>]*><span[^>]*>Table 1<', html)
    assert 'aria-label="Share that is right"' in html, "the chart has no columns to speak of"


def test_only_a_page_with_an_explorer_loads_its_script(build, english: Path) -> None:
    assert "explorer.js" in (english / "index.html").read_text(encoding="utf-8")
    html = (build("Words.", "fr") / "index.html").read_text(encoding="utf-8")
    assert "explorer.js" not in html and "explorer.css" not in html


def test_the_words_are_japanese_on_a_japanese_page(japanese: Path) -> None:
    data = held(japanese)
    assert data["names"] == ["plain text", "凍結", "odd one"] and data["levels"][-1] == "すべて"
    assert data["words"] | {"axis": "ラベルの数", "worse": "劣る"} == data["words"]
    assert data["pairs"][1][0][0][3] == "−10.0 (−12.0〜−7.0)"
    html = (japanese / "index.html").read_text(encoding="utf-8")
    assert "比較の基準" in html and "グラフのもとになった数値" in html
    english = r"Compare|nothing|Show or hide|Point at|numbers behind|interval|better|undecided|points"
    assert not re.search(english, " ".join(data["words"].values()))
    assert not re.search(rf">({english})", html)


def test_every_word_of_the_interface_is_in_the_catalogue() -> None:
    with (ROOT / "book" / "_ext" / "course_site" / "explorer.py").open("rb") as file:
        needed = {message for _line, message, *_more in extract("python", file, {"_": None})}
    with (ROOT / "book/locale/ja/LC_MESSAGES/course_site.po").open("rb") as file:
        known = {message.id for message in read_po(file) if message.string}
    assert len(needed) == 11 and needed <= known


def test_a_translator_gets_labels_and_caption_and_no_number(build) -> None:
    catalogue = (build(BODY, builder="gettext") / "index.pot").read_text(encoding="utf-8")
    found = set(re.findall(r'msgid "(.+)"', catalogue))
    assert {"plain *text*", "frozen encoder", "odd one", "Way to learn"} <= found
    assert not [message for message in found if "%" in message or "50" in message]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("```{explorer} nothing:reviews\n- plain: p\n```", "nothing.json is missing"),
        ("```{explorer} study\n- plain: p\n```", "names no file"),
        ("```{explorer} study:tweets\n- plain: p\n```", "there is: reviews"),
        ("```{explorer} study:reviews\n- thawed: t\n```", "thawed"),
        ("```{explorer} study:reviews\n```", "list the rows"),
        ("```{explorer} study:reviews\n:levels: 7\n- plain: p\n```", "no level 7"),
        ("```{explorer} study:reviews\n:order: odd\n- plain: p\n```", "order lacks plain"),
        ("```{explorer} study:reviews\n:axis: miles\n- plain: p\n```", "miles"),
    ],
)
def test_an_explorer_that_cannot_be_filled_fails_the_build(build, body: str, says: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(says)):
        build(body, "de")


def test_a_case_without_differences_offers_no_comparison(build) -> None:
    html = (build("```{explorer} study:alone\n- plain: p\n```", "it") / "index.html").read_text()
    assert "explorer-chart" in html and "<select" not in html


def test_levels_are_spaced_by_their_size_and_all_comes_last() -> None:
    assert positions(["10", "100", "1000"]) == [0, 0.5, 1]
    assert positions(["10", "100", "all"]) == [0, 0.5, 1]
    assert positions(["0", "10", "40"]) == [0, 0.25, 1], "nought has no logarithm"
    assert positions(["red", "green"]) == [0, 1] and positions(["50"]) == [0.5]


def test_a_mirrored_difference_swaps_its_ends_and_its_verdict() -> None:
    of = {"mean": -0.1, "low": -0.3, "high": -0.05, "verdict": "worse"}
    assert mirrored(of) == {"mean": 0.1, "low": 0.05, "high": 0.3, "verdict": "better"}
    assert mirrored(mirrored(of)) == of
    assert mirrored(of | {"verdict": "undecided"})["verdict"] == "undecided"


def test_ways_look_as_in_the_figures(english: Path) -> None:
    source = ast.parse((ROOT / "transfer_learning" / "figures.py").read_text(encoding="utf-8"))
    found = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in source.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").startswith("OTHER")
    }
    style = (STATIC / "explorer.css").read_text(encoding="utf-8")
    looks = re.findall(
        r'^\.explorer \[data-look="\d"\] \{ --tone: (#\w+); --dash: ([^;]+);', style, re.MULTILINE
    )
    assert tuple(tone for tone, _dash in looks) == found["OTHERS"]
    assert [dash == "none" for _tone, dash in looks] == [dash == "-" for dash in found["OTHER_DASHES"]]
    assert len({dash for _tone, dash in looks}) == len(looks), "colour alone tells two ways apart"
    script = (STATIC / "explorer.js").read_text(encoding="utf-8")
    assert f"in the same order: {' '.join(found['OTHER_MARKERS'])}" in script


def served(page: Page, folder: Path) -> Page:
    """The built page, under a strict policy of what may run."""

    def answer(route: Route) -> None:
        path = folder / (urlparse(route.request.url).path.lstrip("/") or "index.html")
        kind = mimetypes.guess_type(path.name)[0]
        headers = {"content-security-policy": POLICY, "content-type": f"{kind}; charset=utf-8"}
        route.fulfill(body=path.read_bytes() if path.is_file() else b"", headers=headers)

    page.route("**/*", answer)
    page.goto(OPENED)
    return page


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; any error fails the test. It moves nothing, so that a test need not wait."""
    context = browser.new_context(viewport={"width": 900, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type in {"error", "warning"} else None)
    yield page
    context.close()
    assert not faults, faults


@pytest.fixture
def shown(page: Page, english: Path) -> Page:
    return served(page, english)


def test_the_chart_is_drawn_and_the_table_folded(shown: Page) -> None:
    assert shown.locator(".explorer-series").count() == 3
    assert shown.locator(".explorer-point:visible").count() == 9
    assert not shown.locator("table").is_visible()
    shown.locator("summary").click()
    assert shown.locator("table").is_visible()
    assert not Axe().run(shown, context=".explorer").response["violations"]


def test_a_link_to_the_table_opens_it(shown: Page) -> None:
    shown.locator("a[href='#tab-reviews']").first.click()
    shown.wait_for_selector("table", state="visible")


def test_a_button_hides_a_way_and_brings_it_back(shown: Page) -> None:
    button = shown.get_by_role("button", name="odd one")
    assert button.get_attribute("aria-pressed") == "true"
    button.focus()
    shown.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "false"
    assert not shown.locator(".explorer-series").nth(2).is_visible()
    assert shown.locator(".explorer-series").nth(1).is_visible()
    shown.keyboard.press("Enter")
    assert shown.locator(".explorer-series").nth(2).is_visible()


def test_the_keyboard_reaches_every_number(shown: Page) -> None:
    shown.locator("select").focus()
    shown.keyboard.press("Tab")
    said = shown.locator(".explorer-readout")
    assert said.locator(".explorer-who").inner_text() == "plain text"
    assert said.locator(".explorer-what").inner_text() == "50.0% (48.0 to 53.0%)"
    for key, who, what in (
        ("ArrowUp", "frozen encoder", "60.0% (58.0 to 63.0%)"),
        ("ArrowRight", "frozen encoder", "70.0% (68.0 to 73.0%)"),
        ("End", "frozen encoder", "80.0% (78.0 to 83.0%)"),
        ("Home", "frozen encoder", "60.0% (58.0 to 63.0%)"),
        ("ArrowLeft", "frozen encoder", "60.0% (58.0 to 63.0%)"),
        ("ArrowDown", "plain text", "50.0% (48.0 to 53.0%)"),
        ("ArrowDown", "odd one", "40.0% (38.0 to 43.0%)"),
    ):
        shown.keyboard.press(key)
        assert (said.locator(".explorer-who").inner_text(), said.locator(".explorer-what").inner_text()) == (
            who,
            what,
        ), key
    named = shown.evaluate("document.activeElement.getAttribute('aria-label')")
    assert named == "odd one, Number of labels: 50, 40.0% (38.0 to 43.0%)"
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.tagName") == "SUMMARY", "the marks are one stop"


def test_the_mouse_reads_the_nearest_mark(shown: Page) -> None:
    box = shown.locator(".explorer-series").nth(0).locator(".explorer-marker").nth(2).bounding_box()
    shown.mouse.move(box["x"] + 3, box["y"] + 3)
    assert "80.0% (78.0 to 83.0%)" in shown.locator(".explorer-readout").inner_text()
    shown.mouse.move(1, 1)
    assert "arrow keys" in shown.locator(".explorer-readout").inner_text()


def test_a_tap_reads_a_mark_and_its_numbers_stay(browser: Browser, english: Path) -> None:
    context = browser.new_context(has_touch=True, viewport={"width": 360, "height": 900})
    page = served(context.new_page(), english)
    page.locator(".explorer-series").nth(1).locator(".explorer-marker").nth(1).tap(force=True)
    page.wait_for_timeout(100)
    assert "70.0% (68.0 to 73.0%)" in page.locator(".explorer-readout").inner_text()
    context.close()


@pytest.mark.parametrize(
    ("base", "way", "at", "says"),
    [
        ("frozen encoder", 0, 0, ["plain text − frozen encoder", "−10.0 (−12.0 to −7.0) points", "worse"]),
        ("plain text", 1, 0, ["frozen encoder − plain text", "+10.0 (7.0 to 12.0) points", "better"]),
        ("plain text", 1, 2, ["frozen encoder − plain text", "+0.0 (−3.0 to 2.0) points", "undecided"]),
    ],
)
def test_a_comparison_shows_the_paired_difference(
    shown: Page, base: str, way: int, at: int, says: list[str]
) -> None:
    shown.get_by_label("Compare with").select_option(label=base)
    series = shown.locator(".explorer-series").nth(way)
    series.locator(".explorer-point").nth(at).focus()
    said = shown.locator(".explorer-readout")
    assert [said.locator(f".explorer-{part}").inner_text() for part in ("who", "what", "verdict")] == says
    assert not shown.locator(".explorer-series").nth(2).locator(".explorer-point:visible").count(), "no pair"
    zero = shown.locator(".explorer-series.is-base .explorer-line").bounding_box()
    mark = series.locator(".explorer-marker").nth(at).bounding_box()
    middle = mark["y"] + mark["height"] / 2
    above = {"better": middle < zero["y"] - 5, "worse": middle > zero["y"] + 5}
    assert above.get(says[2], abs(middle - zero["y"]) < 3)


def test_only_ways_with_a_pair_can_be_compared_with(shown: Page) -> None:
    options = shown.locator("option").all_inner_texts()
    assert options == ["nothing", "plain text", "frozen encoder"]


def test_a_narrow_page_needs_no_sideways_scrolling(page: Page, japanese: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    served(page, japanese)
    assert page.locator(".explorer-point:visible").count() == 9
    fits = "(part) => part.scrollWidth <= part.clientWidth && part.clientWidth <= 360"
    assert page.locator(".explorer").evaluate(fits)


def test_nothing_jumps_when_the_chart_comes(page: Page, english: Path) -> None:
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => {"
        " window.shift += entry.value })).observe({type: 'layout-shift', buffered: true})"
    )
    served(page, english)
    page.wait_for_timeout(300)
    assert page.evaluate("window.shift") < 0.02


def test_without_a_script_the_table_stands_open(browser: Browser, english: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = served(context.new_page(), english)
    page.wait_for_selector("table", state="visible")
    assert "50.0% (48.0 to 53.0%)" in page.locator("table").inner_text()
    page.wait_for_selector(".explorer-ways", state="hidden")
    context.close()


def test_the_table_comes_back_where_the_script_does_not(browser: Browser, english: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    served(page, english)
    page.route("**/explorer.js*", lambda route: route.abort())
    page.reload()
    assert not page.locator("table").is_visible(), "its room is kept for the chart"
    page.wait_for_function("getComputedStyle(document.querySelector('table')).visibility === 'visible'")
    assert not page.locator(".explorer-ways").is_visible()
    context.close()


def test_paper_gets_the_table(shown: Page) -> None:
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert shown.locator("table").is_visible()
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not shown.locator("table").is_visible()
