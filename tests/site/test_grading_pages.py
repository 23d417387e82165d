"""What the page on safe grading shows of the limits is what `limits.py` says, in both languages."""

from dataclasses import asdict
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from autograder import limits


def shown(page: Path) -> dict[str, str]:
    """The tables of limits on the page: value by name."""
    rows = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("article table tbody tr")
    cells = [[cell.get_text().strip() for cell in row.find_all("td")] for row in rows]
    known = {name for group in limits.as_dict().values() for name in group}
    return {row[0]: row[1] for row in cells if row[0] in known}


@pytest.mark.parametrize("edition", ["", "ja"])
def test_every_limit_is_on_the_page_with_its_value(site: Path, edition: str) -> None:
    found = shown(site / edition / "teaching" / "safe-grading.html")
    for group in (limits.SANDBOX, limits.WIRE, limits.SUBMISSION):
        for name, value in asdict(group).items():
            number, _, unit = found[name].replace(",", "").partition(" ")
            assert float(number) * {"": 1, "s": 1, "MB": 2**20, "GB": 2**30}[unit] == value, name
