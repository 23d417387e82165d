"""A very small BERT, pretrained on masked words, on next passages, on both, on nothing; four targets.

Writes ``results/bert_inside.json``; see ``study.py`` for how it is run. A pretrained network is kept in
``_build/experiments/``, under the fingerprint of the ledger.
"""

import sys
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from study import ROOT, Outcome, Study, Way, ledger_of, run_study

from transfer_learning.assets import manifest
from transfer_learning.datasets import load_newsgroups, load_sentiment, load_word_order
from transfer_learning.evaluation import mean_interval
from transfer_learning.pretraining import (
    OBJECTIVES,
    SmallBert,
    describe,
    judge,
    passages_of,
    plain_words,
    pretrain,
    train_wordpiece,
)

NEWSGROUPS = (
    "alt.atheism",
    "comp.graphics",
    "comp.os.ms-windows.misc",
    "comp.sys.ibm.pc.hardware",
    "comp.sys.mac.hardware",
    "comp.windows.x",
    "misc.forsale",
    "rec.autos",
    "rec.motorcycles",
    "rec.sport.baseball",
    "rec.sport.hockey",
    "sci.crypt",
    "sci.electronics",
    "sci.med",
    "sci.space",
    "soc.religion.christian",
    "talk.politics.guns",
    "talk.politics.mideast",
    "talk.politics.misc",
    "talk.religion.misc",
)
TOPICS = ("comp.graphics", "rec.autos", "sci.med", "talk.politics.guns")
MIDDLE = slice(40, 80)
STEPS, BATCH, VOCABULARY, WIDTH = 400, 64, 4000, 64
LEVEL = "500"
SIZES = {"train": 1000, "validation": 250, "test": 500}
CASES = ("products", "films", "topic", "word_order")


@cache
def corpus():
    """The tokeniser, the passages to learn from, and those kept back: newsgroup posts without labels."""
    posts = load_newsgroups(NEWSGROUPS)
    texts = posts.part("train").texts
    path = store() / "wordpiece.json"
    if path.exists():
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(path))
    else:
        tokenizer = train_wordpiece(texts, VOCABULARY)
        tokenizer.save(str(path))
    return (
        tokenizer,
        passages_of(texts, tokenizer),
        passages_of(posts.part("validation").texts, tokenizer),
    )


def store() -> Path:
    """The folder of what was pretrained by exactly this code on exactly these data."""
    folder = ledger_of(study_of({})).path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def pretrained(objective: str, seed: int) -> tuple[SmallBert, dict]:
    """The network of one objective and seed, and how it answers its own tasks; measured once."""
    tokenizer, passages, kept_back = corpus()
    model = SmallBert(tokenizer.get_vocab_size(), width=WIDTH, seed=seed).eval()
    if objective == "none":
        return model, {}
    path = store() / f"{objective}-{seed}.pt"
    if path.exists():
        kept = torch.load(path, weights_only=True)
        model.load_state_dict(kept["weights"])
        return model, kept["facts"]
    start = time.process_time()
    history = pretrain(model, passages, objective, steps=STEPS, batch_size=BATCH, seed=seed)
    facts = {
        "objective": objective,
        "seed": seed,
        "cpu_seconds": time.process_time() - start,
        "first_loss": {task: history[0][task] for task in ("mlm", "nsp")},
        "last_loss": {task: float(np.mean([h[task] for h in history[-20:]])) for task in ("mlm", "nsp")},
        "right": judge(model, kept_back),
    }
    partial = path.with_suffix(".partial")
    torch.save({"weights": model.state_dict(), "facts": facts}, partial)
    partial.replace(path)
    return model, facts


@cache
def target(case: str) -> dict[str, tuple[list[str], np.ndarray, list[str]]]:
    """Texts, labels and groups of each split of one target, drawn once and for all."""
    if case == "topic":
        samples = load_newsgroups(TOPICS)
        rows = [row for row, text in enumerate(samples.texts) if len(text.split()) >= MIDDLE.stop]
        samples = samples.subset(rows)
        texts = [" ".join(text.split()[MIDDLE]) for text in samples.texts]
        groups = [f"post {row}" for row in range(len(texts))]
    else:
        samples = load_word_order() if case == "word_order" else load_sentiment(case)
        texts, groups = list(samples.texts), list(samples.groups)
    parts = {}
    for split, size in SIZES.items():
        rows = np.array([row for row, of in enumerate(samples.splits) if of == split])
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:size])
        parts[split] = ([texts[i] for i in rows], samples.labels.numpy()[rows], [groups[i] for i in rows])
    return parts


@cache
def features(objective: str, seed: int, case: str, split: str) -> dict[str, np.ndarray]:
    """What one network makes of the texts of one target."""
    model, _ = pretrained(objective, seed)
    found = describe(model, target(case)[split][0], corpus()[0])
    return {name: of.numpy() for name, of in found.items()}


def classified(case: str, model, inputs: dict, seed: int) -> Outcome:
    """Fit ``model`` on the labels that ``seed`` draws; ``inputs`` holds what it takes of each split."""
    parts = target(case)
    rows = np.random.default_rng(seed).permutation(len(parts["train"][1]))[: int(LEVEL)]
    model.fit([inputs["train"][row] for row in rows], parts["train"][1][rows])
    validation = float((model.predict(inputs["validation"]) == parts["validation"][1]).mean())
    return Outcome(validation, lambda: (model.predict(inputs["test"]) == parts["test"][1]).tolist())


def run_small_bert(objective: str):
    """The run of a frozen small BERT with logistic regression on its features.

    While tuning, a network of the first seed is used, with labels that no measured run draws.
    """

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        network = seed if seed in SEEDS else SEEDS[0]
        inputs = {split: features(objective, network, case, split)[setting["pooling"]] for split in SIZES}
        model = make_pipeline(StandardScaler(), LogisticRegression(C=setting["C"], max_iter=3000))
        return classified(case, model, inputs, seed)

    return run


def run_tfidf(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """Logistic regression on TF-IDF: what the words alone give, without any network."""
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, setting["words"]), sublinear_tf=True, token_pattern=r"\b[a-z]+\b"),
        LogisticRegression(C=setting["C"], max_iter=3000),
    )
    texts = {split: [" ".join(plain_words(text)) for text in target(case)[split][0]] for split in SIZES}
    return classified(case, model, texts, seed)


SEEDS = tuple(range(5))
PROBES = [{"pooling": pooling, "C": strength} for pooling in ("mean", "[CLS]") for strength in (0.003, 0.1)]
TITLES = {
    "both": "both tasks",
    "mlm": "masked words only",
    "nsp": "next passage only",
    "none": "no pretraining",
}
WAYS = {name: Way(title, run_small_bert(name), PROBES) for name, title in TITLES.items()} | {
    "tfidf": Way(
        "TF-IDF, no network",
        run_tfidf,
        [{"words": words, "C": strength} for words in (1, 2) for strength in (1, 10)],
    )
}


def study_of(cases: dict) -> Study:
    """The study, on targets whose test groups are given."""
    library = ROOT / "transfer_learning"
    files = ["pretraining.py", "training.py", "datasets/newsgroups.py", "datasets/sentiment.py"]
    files += ["datasets/word_order.py", "datasets/splits.py"]
    return Study(
        name="bert_inside",
        ways=WAYS,
        cases=cases,
        levels=(LEVEL,),
        seeds=SEEDS,
        tuning_seeds=(100, 101),
        sources=[library / name for name in files],
        facts=[manifest()[name].sha256 for name in ("newsgroups", "hutto-sentiment")],
        about={
            "steps": STEPS,
            "batch_size": BATCH,
            "width": WIDTH,
            "layers": 2,
            "labels": int(LEVEL),
            "test": SIZES["test"],
            "pairs": STEPS * BATCH,
            "tokenizers": version("tokenizers"),
        },
    )


def general(results: dict) -> dict:
    """Over all targets: the mean score of each way and the paired differences; and the tasks themselves."""
    tokenizer, passages, _ = corpus()
    scores = {
        way: np.array(
            [
                [run["score"] for run in results["runs"] if (run["way"], run["case"]) == (way, case)]
                for case in results["summary"]
            ]
        ).mean(axis=0)
        for way in WAYS
    }
    facts = {
        objective: [pretrained(objective, seed)[1] for seed in results["seeds"]] for objective in OBJECTIVES
    }
    seconds = [of["cpu_seconds"] for runs in facts.values() for of in runs]
    return {
        "corpus": {
            "passages": len(passages.numbers),
            "documents": len(set(passages.documents.tolist())),
            "vocabulary": tokenizer.get_vocab_size(),
            "parameters": sum(p.numel() for p in pretrained("none", 0)[0].parameters()),
        },
        "general": {way: vars(mean_interval(of)) for way, of in scores.items()},
        "general_paired": {
            f"{one}_minus_{other}": judged(scores[one] - scores[other])
            for one, other in (
                ("both", "mlm"),
                ("both", "nsp"),
                ("both", "none"),
                ("mlm", "none"),
                ("nsp", "none"),
                ("both", "tfidf"),
            )
        },
        "tasks": {
            objective: {
                task: vars(mean_interval([of["right"][task] for of in runs])) for task in ("mlm", "nsp")
            }
            for objective, runs in facts.items()
        },
        "pretraining_cpu_seconds": float(np.median(seconds)),
        "pretraining": facts,
    }


def judged(differences: np.ndarray) -> dict:
    """A mean difference over seeds with its interval and a verdict."""
    interval = mean_interval(differences)
    return vars(interval) | {"verdict": interval.verdict}


if __name__ == "__main__":
    sys.exit(run_study(study_of({case: target(case)["test"][2] for case in CASES}), general))
