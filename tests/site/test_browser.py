"""The built pages in a real browser: no error, by keyboard, in both languages, light and dark."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [chapter for part in TOC["parts"] for chapter in part["chapters"]]
PAGES = [entry["file"] for chapter in CHAPTERS for entry in (chapter, *chapter.get("sections", []))]
PAGES += ["index", "search"]
BOTH = [f"{folder}{page}" for folder in ("", "ja/") for page in PAGES]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that does not write a line for every request."""

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The site served on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh page that fails the test on any error, failed request or request to another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on(
        "console",
        lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    # Leaving a page before its icon has come is not a fault.
    page.on(
        "requestfailed",
        lambda request: (
            None if request.failure == "net::ERR_ABORTED" else faults.append(f"failed: {request.url}")
        ),
    )
    page.on(
        "response",
        lambda answer: faults.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None,
    )
    page.on(
        "request",
        lambda r: None if r.url.startswith((address, "data:", "blob:")) else faults.append(f"asks {r.url}"),
    )
    yield page
    context.close()
    assert not faults, faults


@pytest.mark.parametrize("name", BOTH)
def test_a_page_loads_without_error_and_is_accessible(page: Page, address: str, name: str) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{address}/{name}.html")
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        found = Axe().run(page, options={"preload": False})  # it would look for @import in the wrong place
        problems = [
            f"{v['id']}: {v['help']}: {[n['target'] for n in v['nodes']][:4]}"
            for v in found.response["violations"]
        ]
        assert not problems, f"{scheme}: " + "\n".join(problems)


@pytest.mark.parametrize("name", BOTH)
def test_a_narrow_screen_needs_no_sideways_scrolling(page: Page, address: str, name: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", ["index", "background/definition", "applications/images-few-samples"])
def test_nothing_jumps_while_a_page_loads(page: Page, address: str, name: str) -> None:
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => {"
        " if (!entry.hadRecentInput) window.shift += entry.value }))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(f"{address}/{name}.html")
    page.mouse.wheel(0, 6000)
    page.wait_for_timeout(300)
    assert page.evaluate("window.shift") < 0.05


@pytest.mark.parametrize("name", ["index", "background/definition", "exercises/freezing"])
def test_the_language_switch_stays_on_the_page_and_its_place(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/{name}.html")
    page.click("a.language-switch")
    assert page.url == f"{address}/ja/{name}.html"
    assert page.get_attribute("html", "lang") == "ja"
    page.click("a.language-switch")
    assert page.url == f"{address}/{name}.html"


def test_the_site_works_from_a_folder_without_a_server(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto((site / "background" / "definition.html").as_uri())
    page.click("a.language-switch")
    assert page.url == (site / "ja" / "background" / "definition.html").as_uri()
    page.close()
    assert not failed


def test_the_quiz_works_by_keyboard_and_keeps_one_answer_open(page: Page, address: str) -> None:
    page.goto(f"{address}/background/definition.html")
    first, second = page.locator(".quiz").first.locator("summary").all()[:2]
    first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".quiz").first.locator("details[open] .quiz-answer").inner_text()
    second.focus()
    page.keyboard.press("Space")
    assert page.locator(".quiz").first.locator("details[open]").count() == 1


def test_every_choice_of_every_quiz_has_an_explanation(page: Page, address: str) -> None:
    for name in ("background/definition", "applications/images-few-samples"):
        page.goto(f"{address}/{name}.html")
        assert page.locator(".quiz").count() >= 4
        for answer in page.locator(".quiz-answer").all():
            assert len(answer.locator("p").all()) >= 2


@pytest.mark.parametrize(
    ("folder", "query", "finds"),
    [
        ("", "negative transfer", "background/definition"),
        ("", "frozen", "reference/glossary"),
        ("ja/", "転移学習", "background/definition"),
        ("ja/", "自然言語処理", "discussion/index"),
        ("ja/", "負の転移", "reference/glossary"),
        ("ja/", "破滅的忘却", "reference/glossary"),
        ("ja/", "学習済みモデル", "reference/glossary"),
    ],
)
def test_the_search_finds(page: Page, address: str, folder: str, query: str, finds: str) -> None:
    page.goto(f"{address}/{folder}search.html?q={query}")
    # Results come one after the other: the wait is for the one that must be among them.
    found = page.wait_for_selector(f"#search-results li a[href*='{finds}']")
    assert found.inner_text().strip()


def test_the_colours_can_be_switched_and_are_kept(page: Page, address: str) -> None:
    page.goto(f"{address}/index.html")
    shown = []
    for _ in range(3):
        page.click("button.theme-switch-button")
        shown.append(page.evaluate("document.documentElement.dataset.mode"))
    assert sorted(shown) == ["auto", "dark", "light"]
    page.evaluate("localStorage.setItem('mode', 'dark')")
    page.goto(f"{address}/background/definition.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
