"""From seconds to watt-hours: what our own runs cost, beside what pretraining is said to have cost.

Nothing is measured here. The seconds come from results files of other experiments, the constants from the
literature, and one, the power of a core, is an assumption with a range. A line in ``MEASURED`` adds a study.

    python experiments/costs.py            -> results/costs.json
    python experiments/costs.py --quick    -> _build/results/costs.json
"""

import argparse
import sys
from pathlib import Path

from transfer_learning.results import RESULTS, environment, load_results, lookup, save_results

NAME = "costs"
ROOT = Path(__file__).resolve().parent.parent

# name -> (results file, where the way's summary is)
MEASURED = {
    "images_frozen": ("images_few_samples", "summary.frozen.all"),
    "images_fine_tuned": ("images_few_samples", "summary.fine_tuned.all"),
    "images_scratch": ("images_few_samples", "summary.scratch.all"),
    "images_scratch_small": ("images_few_samples", "summary.scratch_small.all"),
    "images_pixels": ("images_few_samples", "summary.pixels.all"),
}
CORE_WATTS = {"low": 5.0, "mean": 10.0, "high": 15.0}
"""An assumption: a busy core of a server."""
MEMORY_WATTS = 0.3725
"""For each gigabyte in use: Lannelongue et al. (2021)."""
OVERHEAD = 1.67
"""Power usage effectiveness, worldwide average: Lannelongue et al. (2021)."""
GRAMS = 475.0
"""Of CO2 equivalent for each kilowatt-hour, worldwide average: Lannelongue et al. (2021)."""
PRETRAINING = {"bert_base": 1507.0, "nas": 656347.0, "gpt3": 1287000.0}
"""Kilowatt-hours: Strubell et al. (2019), the first two; Patterson et al. (2021), the third."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the same, into _build/")
    path = save_results(NAME, costs(), ROOT / "_build" / "results" if parser.parse_args().quick else RESULTS)
    print(f"Written: {path}")
    return 0


def costs() -> dict:
    """Everything, as the dictionary that is written to the results file."""
    runs = {name: run_of(*where) for name, where in MEASURED.items()}
    energy = {name: of["watt_hours"]["mean"] for name, of in runs.items()}
    return {
        "experiment": NAME,
        "quick": False,
        "seeds": [],
        "constants": {
            "core_watts": CORE_WATTS,
            "memory_watts": MEMORY_WATTS,
            "overhead": OVERHEAD,
            "grams_per_kwh": GRAMS,
        },
        "measured": runs,
        "ratio": {
            "scratch_over_frozen": energy["images_scratch"] / energy["images_frozen"],
            "fine_tuned_over_frozen": energy["images_fine_tuned"] / energy["images_frozen"],
        },
        "pretraining": {
            name: {
                "kwh": kwh,
                "kilograms": kwh * GRAMS / 1000,
                "million_frozen_runs": kwh / 1000 / energy["images_frozen"],
                "million_uses": kwh / 1000 / (energy["images_scratch"] - energy["images_frozen"]),
            }
            for name, kwh in PRETRAINING.items()
        },
        "environment": environment(),
        "runs": [],
    }


def run_of(study: str, where: str) -> dict:
    """One run of a way: its seconds, and the energy they stand for."""
    results = load_results(study)
    summary = lookup(results, where)
    memory = results["environment"]["peak_memory_mb"] / 1000
    hours = {
        power: watt_hours(summary["cpu_seconds"], summary["seconds"], memory, watts)
        for power, watts in CORE_WATTS.items()
    }
    return {
        "cpu_seconds": summary["cpu_seconds"],
        "seconds": summary["seconds"],
        "memory_gb": memory,
        "watt_hours": hours,
        "milliwatt_hours": {power: 1000 * of for power, of in hours.items()},
        "milligrams": hours["mean"] * GRAMS,
    }


def watt_hours(cpu_seconds: float, seconds: float, gigabytes: float, core_watts: float) -> float:
    """Energy of a run: busy cores and memory, and the building around them."""
    return (cpu_seconds * core_watts + seconds * gigabytes * MEMORY_WATTS) * OVERHEAD / 3600


if __name__ == "__main__":
    sys.exit(main())
