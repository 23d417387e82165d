"""What the tests of the site share: the built pages, and the two places their code lives in."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
sys.path[:0] = [str(ROOT / "book" / "_ext"), str(ROOT / "tools")]


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site; a test that needs it fails plainly where it is missing."""
    if not (HTML / "index.html").is_file() or not (HTML / "ja" / "index.html").is_file():
        pytest.fail(f"there is no site in {HTML}: build it with `make site`", pytrace=False)
    return HTML
