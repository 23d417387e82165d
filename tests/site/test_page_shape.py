"""Every page that teaches has the parts that a reader learns to expect, in the order they come in."""

import re
from pathlib import Path

import pytest
import yaml
from build_site import pages_of

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
TEACHING = [
    page
    for page in pages_of(TOC)
    if page.partition("/")[0] in ("background", "applications", "discussion") and page != "discussion/index"
]
PARTS = (
    "After this page you can",
    "What to remember",
    "{quiz}",
    "{doc}`/exercises/",
    "## Further reading",
)


@pytest.mark.parametrize("page", TEACHING)
def test_a_page_that_teaches_has_all_its_parts(page: str) -> None:
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    assert not [part for part in PARTS if part not in text]
    assert text.index(PARTS[0]) < text.index(PARTS[1]) < text.index(PARTS[-1])
    assert len(re.findall(r"^`{3,}\{quiz\}", text, re.MULTILINE)) >= 4
    reading = text[text.index(PARTS[-1]) :]
    assert reading.count("{cite:") >= 2, "further reading cites nobody"


@pytest.mark.parametrize("page", TEACHING)
def test_a_picture_comes_before_the_first_formula_on_a_line_of_its_own(page: str) -> None:
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    formula = re.search(r"^\$\$|^```\{math\}", text, re.MULTILINE)
    picture = re.search(r"^```\{drawing\}|^  figure:|\{figure\}", text, re.MULTILINE)
    assert picture, "no picture at all"
    assert formula is None or picture.start() < formula.start()


def test_every_page_of_the_book_is_in_its_table_of_contents() -> None:
    written = {
        path.relative_to(ROOT / "book").with_suffix("").as_posix()
        for path in (ROOT / "book").rglob("*.md")
        if "_templates" not in path.parts
    }
    assert written == set(pages_of(TOC))
