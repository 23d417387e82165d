"""What pages cost was measured for the book as it is, and nothing is over its budget. `make bench-pages`"""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import pages as benchmark

MEASURED = json.loads(benchmark.RESULTS.read_text(encoding="utf-8"))


def test_every_page_with_code_was_measured() -> None:
    assert set(MEASURED["pages"]) == set(benchmark.pages_with_code()), "measure again with `make bench-pages`"


@pytest.mark.parametrize("page", MEASURED["pages"])
def test_a_page_stays_inside_its_budget(page: str) -> None:
    assert MEASURED["budget"] == benchmark.BUDGET
    found = MEASURED["pages"][page]
    assert not {what: found[what] for what, most in benchmark.BUDGET.items() if found[what] > most}


def test_the_builds_stay_inside_their_budgets() -> None:
    assert MEASURED["build"]["cold"] <= benchmark.COLD_SECONDS
    assert MEASURED["build"]["edit"] <= benchmark.EDIT_SECONDS
    assert MEASURED["build"]["unchanged"] < MEASURED["build"]["edit"] < MEASURED["build"]["both"]
