"""The built pages: links lead somewhere, nothing is asked of any other host, everyone can read them."""

import copy
import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import leak_gate
import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
FIRST_PAGES = ["index", "background/definition", "applications/images-few-samples", "discussion/index"]
FIRST_PAGES += ["exercises/index", "exercises/freezing", "reference/notation", "reference/glossary"]
FIRST_PAGES += ["teaching/safe-grading", "teaching/inside-the-grader"]


def pages(site: Path) -> list[Path]:
    """Every page a reader can reach, in both languages."""
    kept = {"_static", "_sources", "_downloads"}
    return sorted(p for p in site.rglob("*.html") if not kept & set(p.relative_to(site).parts))


@cache
def soup(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(page: Path) -> set[str]:
    return {str(tag["id"]) for tag in soup(page).find_all(id=True)} | {
        str(tag["name"]) for tag in soup(page).find_all("a", attrs={"name": True})
    }


def test_every_internal_link_leads_to_a_page_and_a_place_on_it(site: Path) -> None:
    broken = []
    for page in pages(site):
        for tag in soup(page).find_all(href=True) + soup(page).find_all(src=True):
            address = str(tag.get("href") or tag.get("src"))
            if urlparse(address).scheme or (address.startswith("#") and len(address) == 1):
                continue
            path, fragment = urldefrag(address)
            target = (page.parent / unquote(urlparse(path).path)).resolve() if path else page
            if not target.is_file():
                broken.append(f"{page.relative_to(site)}: {address}")
            elif fragment and target.suffix == ".html" and unquote(fragment) not in anchors(target):
                broken.append(f"{page.relative_to(site)}: {address} (no such place)")
    assert not broken, "\n".join(broken)


def test_no_page_style_or_script_asks_another_host(site: Path) -> None:
    asked = []
    for page in pages(site):
        for tag in soup(page).find_all(["script", "link", "img", "iframe", "source", "video", "audio"]):
            address = str(tag.get("src") or tag.get("href") or "")
            if urlparse(address).netloc:
                asked.append(f"{page.relative_to(site)}: {address}")
    for style in site.rglob("*.css"):
        for address in re.findall(
            r"(?:url\(|@import )\s*['\"]?(https?:)?//([^'\")]+)", style.read_text(encoding="utf-8")
        ):
            asked.append(f"{style.relative_to(site)}: {address}")
    assert not asked, "\n".join(asked)


def test_every_image_says_what_it_shows_and_how_large_it_is(site: Path) -> None:
    for page in pages(site):
        for image in soup(page).select("article img"):
            assert image.get("alt", "").strip(), f"{page}: {image} has no alternative text"
            assert image.get("width") and image.get("height"), (
                f"{page}: {image} has no size, so the page will jump"
            )


def test_every_page_has_a_language_a_title_a_description_and_one_heading(site: Path) -> None:
    descriptions = {}
    for page in pages(site):
        html = soup(page)
        assert html.html["lang"] == ("ja" if page.relative_to(site).parts[0] == "ja" else "en")
        assert html.title and html.title.get_text(strip=True)
        if page.stem in {"search", "genindex"}:
            continue
        description = html.find("meta", attrs={"name": "description"})
        assert description and description["content"].strip(), page
        assert descriptions.setdefault(description["content"], page) == page, (
            "two pages have the same description"
        )
        assert len(html.select("article h1")) == 1, page


@pytest.mark.parametrize("name", FIRST_PAGES)
def test_the_first_pages_are_offered_in_both_languages_and_lead_to_each_other(site: Path, name: str) -> None:
    english, japanese = site / f"{name}.html", site / "ja" / f"{name}.html"
    assert japanese.is_file(), (
        f"{name} is not offered in Japanese: run `make catalogues` and translate what it lists"
    )
    for page, other in ((english, japanese), (japanese, english)):
        switch = soup(page).select_one("a.language-switch")
        assert switch is not None
        assert (page.parent / switch["href"]).resolve() == other.resolve()
        assert switch["lang"] == ("ja" if page == english else "en")


def test_a_page_without_a_japanese_edition_offers_no_switch(site: Path) -> None:
    for page in pages(site):
        switch = soup(page).select_one("a.language-switch")
        if switch is not None:
            assert (page.parent / switch["href"]).is_file(), page


def test_japanese_pages_are_japanese(site: Path) -> None:
    for page in pages(site / "ja"):
        if page.stem in {"search", "genindex", "bibliography"}:
            continue
        text = soup(page).select_one("article").get_text()
        assert len(re.findall(r"[぀-ヿ一-鿿]", text)) > len(re.findall(r"[A-Za-z]", text)) / 4, page
        for english in ("Question 1", "Right", "Not quite", "the code", "Exercise 1", "Way to learn"):
            assert english not in text, f"{page}: {english}"


def test_no_markup_is_left_in_what_is_read(site: Path) -> None:
    for page in pages(site):
        prose = copy.copy(soup(page))
        for code in prose.select("pre, code"):
            code.decompose()
        text = " ".join(article.get_text() for article in prose.select("article"))
        found = re.search(r".{0,20}(\*\*|\{\w+\}`|\]\().{0,20}", text)
        assert not found or "code" in page.name, f"{page}: {found[0]}"


def test_every_part_of_the_table_of_contents_is_there(site: Path) -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    captions = [
        caption.get_text(strip=True)
        for caption in soup(site / "index.html").select(".bd-sidebar-primary .caption-text")
    ]
    assert captions == [part["caption"] for part in toc["parts"]]
    assert [c.lower() for c in captions] == [
        "background",
        "applications",
        "discussion",
        "exercises",
        "teaching",
        "reference",
    ]


def test_the_notebook_to_download_is_the_released_one(site: Path) -> None:
    released = ROOT / "exercises" / "freezing" / "freezing.ipynb"
    links = soup(site / "exercises" / "freezing.html").select("a.download")
    downloads = [site / "exercises" / link["href"] for link in links]
    offered = [download.resolve().read_bytes() for download in downloads]
    assert released.read_bytes() in offered, "the site is older than the notebook: run `make site`"


def test_the_tasks_on_the_page_are_those_of_the_notebook(site: Path) -> None:
    notebook = json.loads((ROOT / "exercises" / "freezing" / "freezing.ipynb").read_text(encoding="utf-8"))
    metadata = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    points = {grade["grade_id"]: grade["points"] for grade in metadata if grade.get("grade")}
    rows = [
        row.find_all("td")
        for row in soup(site / "exercises" / "freezing.html").select("article table tbody tr")
    ]
    shown = {row[1].get_text().partition("(")[0]: int(row[2].get_text()) for row in rows}
    shown["reflection"] = shown.pop("a written answer")
    assert shown == points


def test_pages_are_light(site: Path) -> None:
    """All that the landing page loads, before compression; the bare theme loads 1.5 MB of icons alone."""
    page = site / "index.html"
    files = {page}
    for tag in soup(page).find_all(["script", "link", "img"]):
        address = str(tag.get("src") or (tag.get("href") if "stylesheet" in tag.get("rel", []) else "") or "")
        if address and not urlparse(address).scheme:
            files.add((page.parent / urlparse(address).path).resolve())
    weight = sum(file.stat().st_size for file in files)
    assert weight < 1_000_000, f"{weight:,} bytes: {sorted((f.stat().st_size, f.name) for f in files)[-5:]}"
    assert not any("fontawesome" in file.name for file in files)


def test_no_line_of_an_answer_is_in_the_site(site: Path) -> None:
    names = [name for name, _ in leak_gate.texts(site)]
    assert any(name.endswith("searchindex.js") for name in names)
    assert any(name.endswith(".ipynb") for name in names), "the notebooks to download"
    assert list(leak_gate.leaks(site, leak_gate.fingerprints())) == []
