"""Word vectors as features: trained on little text of one's own, or on billions of words by somebody else.

Two target tasks: which of four newsgroups does a post come from (its topic), and is a sentence of a film
review positive or negative (its mood)? The features of a text are the mean of its words' vectors: word2vec
trained on a small Wikipedia dump, or on the target's own training texts (without their labels), and GloVe.
TF-IDF is the baseline. On top of each: logistic regression, tuned among seven strengths.
"""

import sys
from functools import cache

import numpy as np
from gensim.corpora.wikicorpus import WikiCorpus
from gensim.models import KeyedVectors, Word2Vec
from study import ROOT, Study, run_study
from text_ways import (
    SPLITS,
    Target,
    frozen_way,
    hash_of,
    kept,
    library,
    mean_vectors,
    tfidf_way,
    tokens_of,
)

from transfer_learning.datasets import load_newsgroups, load_sentiment, wiki_dump
from transfer_learning.datasets.samples import Samples
from transfer_learning.models import load_word_vectors

TOPICS = ("comp.graphics", "rec.sport.hockey", "sci.med", "talk.politics.mideast")
CASES = ("topics", "films")
LEVELS = ["20", "200", "1800"]
PRETRAINING = {"vector_size": 50, "window": 5, "min_count": 5, "epochs": 10}
PRETRAININGS = 3
"""Vectors are trained so many times; seed ``s`` of the study uses training ``s`` modulo this."""
FACTS = [
    *hash_of("newsgroups", "hutto-sentiment", "wikipedia-sample", "glove-6b-50d"),
    str(PRETRAINING),
]


@cache
def samples(case: str) -> Samples:
    return load_newsgroups(TOPICS) if case == "topics" else load_sentiment(case)


@cache
def target(case: str) -> Target:
    return Target.of(samples(case))


@cache
def words(case: str) -> dict[str, list[list[str]]]:
    """split -> the words of each text."""
    return {split: [tokens_of(text) for text in target(case).texts[split]] for split in SPLITS}


@cache
def articles() -> list[list[str]]:
    return list(WikiCorpus(str(wiki_dump()), dictionary={}, processes=1).get_texts())


def pieces(texts: list[list[str]], length: int = 10_000) -> list[list[str]]:
    """Texts cut so that gensim, which drops what follows the 10,000th word of a text, reads all of them."""
    return [text[start : start + length] for text in texts for start in range(0, len(text), length)]


@cache
def vectors(kind: str, case: str, seed: int) -> KeyedVectors:
    """``wiki_word2vec`` and ``glove`` are the same for every case; ``own_word2vec`` is not."""
    if kind == "glove":
        return load_word_vectors()
    texts = words(case)["train"] if kind == "own_word2vec" else pieces(articles())
    return Word2Vec(texts, seed=seed, workers=1, **PRETRAINING).wv


@cache
def features(kind: str, case: str, seed: int) -> dict[str, np.ndarray]:
    """split -> the mean vectors of a case's texts."""
    texts = [text for split in SPLITS for text in words(case)[split]]

    def make():
        found = vectors(kind, case if kind == "own_word2vec" else "", seed)
        return mean_vectors(texts, found)

    rows = kept(f"words-{kind}-{case}-{seed}", [*FACTS, *map(" ".join, texts)], make)
    ends = np.cumsum([len(words(case)[split]) for split in SPLITS])
    return dict(zip(SPLITS, np.split(rows, ends[:-1]), strict=True))


def study() -> Study:
    targets = {case: target(case) for case in CASES}

    def way(title: str, kind: str):
        def found(case: str, seed: int) -> dict[str, np.ndarray]:
            return features(kind, case, 0 if kind == "glove" else seed % PRETRAININGS)

        return frozen_way(title, targets, found)

    films = samples("films").part("test")
    return Study(
        name="word_vectors",
        ways={
            "tfidf": tfidf_way(targets),
            "wiki_word2vec": way("word2vec, small Wikipedia", "wiki_word2vec"),
            "own_word2vec": way("word2vec, the target's own texts", "own_word2vec"),
            "glove": way("GloVe", "glove"),
        },
        cases={"topics": list(target("topics").texts["test"]), "films": list(films.groups)},
        levels=LEVELS,
        sources=[
            ROOT / "experiments" / "text_ways.py",
            *library("datasets/newsgroups", "datasets/sentiment", "datasets/splits", "models/words"),
        ],
        facts=FACTS,
        scorecards={"glove": ("glove", "tfidf"), "wiki_word2vec": ("wiki_word2vec", "tfidf")},
        about={
            "counts": {case: samples(case).counts() for case in CASES},
            "test": {case: len(target(case).texts["test"]) for case in CASES},
            "pretraining": PRETRAINING,
            "pretrainings": PRETRAININGS,
        },
    )


def coverage(results: dict | None = None) -> dict:
    """How much text there was, how many words have a vector, and what share of the target's words has one."""
    found = {}
    for kind in ("wiki_word2vec", "own_word2vec", "glove"):
        found[kind] = {}
        for case in CASES:
            known = vectors(kind, case if kind == "own_word2vec" else "", 0)
            test = [word for text in words(case)["test"] for word in text]
            found[kind][case] = {
                "words": len(known),
                "known": sum(word in known.key_to_index for word in test) / len(test),
            }
    return {
        "corpora": {
            "wikipedia": {"articles": len(articles()), "tokens": sum(map(len, articles()))},
            **{
                case: {"texts": len(words(case)["train"]), "tokens": sum(map(len, words(case)["train"]))}
                for case in CASES
            },
        },
        "coverage": found,
    }


if __name__ == "__main__":
    sys.exit(run_study(study(), extra=coverage))
