"""From seconds to watt-hours: the formula, and a results file that agrees with what it was computed from."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import costs

from transfer_learning.results import load_results


def test_an_hour_of_one_core() -> None:
    assert costs.watt_hours(3600, 3600, 0, 10) == pytest.approx(10 * costs.OVERHEAD)
    with_memory = costs.watt_hours(3600, 3600, 2, 10)
    assert with_memory == pytest.approx((10 + 2 * costs.MEMORY_WATTS) * costs.OVERHEAD)


def test_the_results_file_is_what_the_other_files_give() -> None:
    found, again = load_results("costs"), costs.costs()
    for name, run in again["measured"].items():
        assert found["measured"][name]["cpu_seconds"] == pytest.approx(run["cpu_seconds"], abs=1e-3)
        for power, energy in run["watt_hours"].items():
            assert found["measured"][name]["watt_hours"][power] == pytest.approx(energy, rel=2e-3, abs=5e-5)
    assert found["ratio"] == pytest.approx(again["ratio"], rel=1e-3)
    for name, of in again["pretraining"].items():
        assert found["pretraining"][name]["million_uses"] == pytest.approx(of["million_uses"], rel=1e-3)
