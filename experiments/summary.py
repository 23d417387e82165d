"""From runs to what a page says: means with intervals, paired differences, curves, misclassified photos."""

from collections import Counter
from dataclasses import asdict

import numpy as np
from rich.table import Table

from transfer_learning.datasets import Photos
from transfer_learning.evaluation import bootstrap_interval, confusion_matrix, mean_interval
from transfer_learning.training import TrainingConfig

BATCH = TrainingConfig().batch_size


def summarise(runs: list[dict], test: Photos) -> dict:
    """The summary of ``runs`` (of every method, level and seed) on the photos ``test``."""
    methods = list(dict.fromkeys(run["method"] for run in runs))
    levels = list(dict.fromkeys(run["level"] for run in runs))
    cells = {
        method: {
            level: [run for run in runs if run["method"] == method and run["level"] == level]
            for level in levels
        }
        for method in methods
    }
    return {
        "summary": {
            method: {level: summary(cells[method][level], test) for level in levels} for method in methods
        },
        "paired": {
            f"{one}_minus_{other}": {
                level: paired(cells[one][level], cells[other][level], test) for level in levels
            }
            for index, one in enumerate(methods)
            for other in methods[index + 1 :]
        },
        "curves": {
            method: curve(cells[method]["all"])
            for method in methods
            if len(cells[method]["all"][0]["steps"]) > 1
        },
        "confusion": {
            method: {level: confusion(cells[method][level], test).tolist() for level in levels}
            for method in methods
        },
        "misclassified": {method: misclassified(cells[method]["all"], test) for method in methods},
    }


def right(runs: list[dict], test: Photos) -> np.ndarray:
    """1 where a run classified a test photo rightly; shape ``(runs, photos)``."""
    return (np.array([run["predictions"] for run in runs]) == test.labels.numpy()).astype(float)


def summary(runs: list[dict], test: Photos) -> dict:
    """One method at one level: scores with intervals, and what a run costs."""
    over_seeds = mean_interval([run["accuracy"] for run in runs])
    return {
        "labels": runs[0]["labels"],
        "accuracy": asdict(bootstrap_interval(right(runs, test), test.groups))
        | {"seed_low": over_seeds.low, "seed_high": over_seeds.high},
        "balanced_accuracy": asdict(mean_interval([run["balanced_accuracy"] for run in runs])),
        "validation_accuracy": float(np.mean([run["validation_accuracy"] for run in runs])),
        "wrong": float(np.mean((1 - right(runs, test)).sum(axis=1))),
        "best_step": float(np.mean([run["best_step"] for run in runs])),
        "seconds": float(np.median([run["seconds"] for run in runs])),
        "cpu_seconds": float(np.median([run["cpu_seconds"] for run in runs])),
    }


def paired(ones: list[dict], others: list[dict], test: Photos) -> dict:
    """How much more often the first method is right than the second, seed by seed and photo by photo."""
    difference = right(ones, test) - right(others, test)
    interval = bootstrap_interval(difference, test.groups)
    return asdict(interval) | {"photos": interval.mean * len(test), "verdict": interval.verdict}


def curve(runs: list[dict]) -> dict:
    """Validation accuracy as training goes on: one row a seed."""
    steps = runs[0]["steps"]
    return {
        "steps": steps,
        "epochs": [step * BATCH / runs[0]["labels"] for step in steps],
        "validation_accuracy": [run["validation_curve"] for run in runs],
    }


def confusion(runs: list[dict], test: Photos) -> np.ndarray:
    """Row = true class, column = predicted class; all seeds added up."""
    return sum(
        confusion_matrix(test.labels.numpy(), np.array(run["predictions"]), len(test.class_names))
        for run in runs
    )


def misclassified(runs: list[dict], test: Photos) -> list[dict]:
    """The photos that some seed got wrong, those that most seeds got wrong first."""
    wrong = []
    for index, name in enumerate(test.names):
        label = int(test.labels[index])
        guesses = [run["predictions"][index] for run in runs if run["predictions"][index] != label]
        if guesses:
            most_common = Counter(guesses).most_common(1)[0][0]
            wrong.append(
                {
                    "name": name,
                    "label": test.class_names[label],
                    "predicted": test.class_names[most_common],
                    "seeds_wrong": len(guesses),
                }
            )
    return sorted(wrong, key=lambda row: -row["seeds_wrong"])


def score_table(results: dict) -> Table:
    """Mean accuracy and its interval, a row a method and a column a level; fits 80 characters."""

    def short(value: float) -> str:
        return f"{value:.2f}".removeprefix("0")

    table = Table("accuracy", *(f"{level} a class" for level in results["levels"]), box=None)
    for name, by_level in results["summary"].items():
        scores = [by_level[level]["accuracy"] for level in results["levels"]]
        table.add_row(name, *(f"{short(s['mean'])} ({short(s['low'])}-{short(s['high'])})" for s in scores))
    return table
