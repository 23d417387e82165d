"""What the page on safe grading shows of the limits is what `limits.py` says, in both languages."""

from dataclasses import asdict
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from autograder import limits
from autograder.course import REPOSITORY
from transfer_learning.results import load_results


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


MEASURED = REPOSITORY / "benchmarks" / "results"


def test_the_ways_to_grade_come_in_the_order_that_the_figure_is_described_in() -> None:
    seconds = load_results("grading", MEASURED)["seconds_per_submission"]
    ours = sorted((seconds["ours_1_worker"], seconds["ours_2_workers"]))
    assert seconds["stock"] > seconds["tuned"] > 3 * ours[1], "nbgrader the most, this grader far fewer"
    assert ours[0] > seconds["floor"], "nobody goes below the floor"


def test_plain_nbgrader_is_said_to_let_some_attacks_work() -> None:
    totals = load_results("attacks", MEASURED)["totals"]
    assert totals["stock"]["gained_anything"] > 0
    assert totals["ours"]["gained_anything"] == 0 and totals["ours"]["twins_that_lost"] == 0, (
        "the page promises that attacks fail here and that honest twins get full marks"
    )
