"""What the tests of the site share: the built pages, the browser, and the two places their code lives in."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
FLAGS += ["--disable-component-update", "--disable-sync"]
sys.path[:0] = [str(ROOT / "book" / "_ext"), str(ROOT / "tools")]


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site; a test that needs it fails plainly where it is missing."""
    if not (HTML / "index.html").is_file() or not (HTML / "ja" / "index.html").is_file():
        pytest.fail(f"there is no site in {HTML}: build it with `make site`", pytrace=False)
    return HTML


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail(
            "there is no Chromium: install the packages of apt.txt (chromium, fonts-noto-cjk)", pytrace=False
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
