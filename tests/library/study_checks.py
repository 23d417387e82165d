"""What must hold of the results file of every study of texts."""

from collections import Counter

import numpy as np
import pytest

from transfer_learning.results import load_results


def check_results(name: str, study) -> dict:
    """The file is of the whole study as it is in the script, and its means are those of its own runs."""
    results = load_results(name)
    assert not results["quick"], f"results/{name}.json is of a quick run: measure with `make experiments`"
    assert results["seeds"] == list(study.seeds) and len(results["seeds"]) >= 10
    assert not set(results["seeds"]) & set(results["tuning_seeds"])
    runs = Counter((run["case"], run["way"], run["level"]) for run in results["runs"])
    assert runs == dict.fromkeys(study.cells(), len(results["seeds"]))
    assert {way: of["settings"] for way, of in results["ways"].items()} == {
        name: len(way.settings) for name, way in study.ways.items()
    }
    assert len({of["settings"] for of in results["ways"].values()}) == 1, "one budget for all"
    for case, way, level in study.cells():
        scores = [
            run["score"]
            for run in results["runs"]
            if (run["case"], run["way"], run["level"]) == (case, way, level)
        ]
        assert np.mean(scores) == pytest.approx(results["summary"][case][way][level]["mean"], abs=2e-4)
        tried = [
            row for row in results["tuning"] if (row["case"], row["way"], row["level"]) == (case, way, level)
        ]
        chosen = next(row for row in tried if row["setting"] == results["chosen"][case][way][level])
        assert chosen["validation"] == max(row["validation"] for row in tried)
    return results
