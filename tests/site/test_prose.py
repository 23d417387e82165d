"""Prose and numbers: a measured number is never typed by hand, in either language, nor is a claim."""

import re
from pathlib import Path

import pytest
import yaml
from babel.messages.pofile import read_po
from build_site import pages_of

BOOK = Path(__file__).resolve().parents[2] / "book"
TOC = yaml.safe_load((BOOK.parent / "_toc.yml").read_text(encoding="utf-8"))
# Exercises and reference pages state rules and facts: points, sizes, versions.
MEASURED = [page for page in pages_of(TOC) if page.partition("/")[0] not in ("exercises", "reference")]
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
CODE = re.compile(r"^```\{code-cell\}.*?^```$|^```python.*?^```$", re.DOTALL | re.MULTILINE)
ROLE = re.compile(r"\{[\w:]+\}`[^`]*`")
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?\s?(?:%|percentage points?\b)|(?<![\w.])\d*\.\d+\b")
RESULT = re.compile(r"\{result\}`[^`]*`")
# Facts of another kind: definitions and conventions, not results.
FACTS = {"95%", "95 %"}


def typed_numbers(text: str) -> list[str]:
    """Numbers that look like results (decimals, percentages) in paragraphs that cite nobody for them."""
    text = CODE.sub("", FRONT_MATTER.sub("", text))
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        if "{cite:" not in paragraph:
            found += [number for number in NUMBER.findall(ROLE.sub("", paragraph)) if number not in FACTS]
    return found


@pytest.mark.parametrize("page", MEASURED)
def test_no_result_is_typed_into_a_measured_page(page: str) -> None:
    found = typed_numbers((BOOK / f"{page}.md").read_text(encoding="utf-8"))
    assert not found, (
        f"{page}.md: write {{result}}`file:key|format` instead of {found}, or cite where they come from"
    )


def test_the_search_for_typed_results_finds_them() -> None:
    assert typed_numbers("Frozen reaches 0.93, others 46% or 2.5 percentage points less.") == [
        "0.93",
        "46%",
        "2.5 percentage points",
    ]
    assert typed_numbers("It reports 0.9477 {cite:p}`someone`, with a 95% interval.") == []
    assert typed_numbers("Over {result}`file:key|percent` in 3 steps, version 2.") == []


@pytest.mark.parametrize("page", MEASURED)
def test_translations_keep_every_measured_number_and_add_none(page: str) -> None:
    with (BOOK / "locale" / "ja" / "LC_MESSAGES" / f"{page}.po").open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if not message.id or not message.string:
            continue
        assert sorted(RESULT.findall(message.string)) == sorted(RESULT.findall(message.id)), message.id
        extra = set(NUMBER.findall(ROLE.sub("", message.string))) - set(
            NUMBER.findall(ROLE.sub("", message.id))
        )
        assert not {number for number in extra if number.strip() not in FACTS}, (
            f"{extra} only in: {message.string}"
        )


def test_terms_of_the_vocabulary_are_defined() -> None:
    glossary = (BOOK / "reference" / "glossary.md").read_text(encoding="utf-8")
    for term in (
        "backbone",
        "frozen",
        "fine-tuning",
        "negative transfer",
        "label efficiency",
        "domain shift",
        "held-out",
    ):
        assert f"\n{term}\n" in glossary
