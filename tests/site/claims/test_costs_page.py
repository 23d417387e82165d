"""What the page on costs says in words is what its results file says in numbers."""

import pytest

from transfer_learning.results import load_results


@pytest.fixture(scope="module")
def results() -> dict:
    return load_results("costs")


def test_the_order_of_the_figure(results: dict) -> None:
    order = ["pixels", "frozen", "scratch_small", "fine_tuned", "scratch"]
    spent = [results["measured"][f"images_{name}"]["milliwatt_hours"]["mean"] for name in order]
    assert spent == sorted(spent)
    assert spent[0] < spent[1] / 10, "far to the left"


def test_the_ratios_hardly_depend_on_the_assumed_watts(results: dict) -> None:
    for name in ("scratch", "fine_tuned"):
        ratios = [
            results["measured"][f"images_{name}"]["watt_hours"][power]
            / results["measured"]["images_frozen"]["watt_hours"][power]
            for power in ("low", "mean", "high")
        ]
        assert max(ratios) / min(ratios) < 1.05


def test_nearly_all_the_energy_is_the_processors(results: dict) -> None:
    for run in results["measured"].values():
        watts = results["constants"]
        processor = run["cpu_seconds"] * watts["core_watts"]["mean"] * watts["overhead"] / 3600
        assert processor > 0.9 * run["watt_hours"]["mean"]


def test_a_frozen_run_is_a_matter_of_milliwatt_hours(results: dict) -> None:
    frozen = results["measured"]["images_frozen"]["milliwatt_hours"]
    assert frozen["low"] > 1 and frozen["high"] < 50, "a kettle of 2,000 W uses 55 in a tenth of a second"


def test_scratch_was_also_worse() -> None:
    paired = load_results("images_few_samples")["paired"]["frozen_minus_scratch"]["all"]
    assert paired["verdict"] == "better"


def test_about_twelve_runs_for_tuning() -> None:
    images = load_results("images_few_samples")
    for method in images["methods"].values():
        assert len(method["tuning"]) * len(images["tuning_seeds"]) == 12
