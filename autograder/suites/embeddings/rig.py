"""Course code that runs beside the student's: word vectors as gensim's own objects.

It decides nothing and reports nothing: the suite judges what the student's functions return, by its own
computation (``judge.py``).
"""

from collections import UserDict

import numpy as np
from gensim.models import KeyedVectors
from gensim.models.fasttext import FastTextKeyedVectors
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
# There is no constant of it here: this file runs beside the student's code, which may read every value in it.


def warm() -> None:
    """Done once, before any student's process is forked: what is slow the first time."""
    texts, labels = ["aa bb", "cc dd", "aa cc", "bb dd"], [0, 1, 0, 1]
    search = GridSearchCV(
        make_pipeline(TfidfVectorizer(), LogisticRegression()),
        {"logisticregression__C": [1.0, 2.0]},
        cv=2,
    )
    search.fit(texts, labels).predict_proba(texts)
    rows = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 3.0]])
    make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, [0, 1, 2]).predict_proba(rows)
    make_vectors(["aa"], np.ones((1, 2), dtype=np.float32))


def make_vectors(words: list[str], matrix: np.ndarray) -> KeyedVectors:
    """Word vectors as word2vec and GloVe have them: a fixed list of words."""
    vectors = KeyedVectors(matrix.shape[1])
    vectors.add_vectors(words, np.asarray(matrix, dtype=np.float32))
    return vectors


def make_weights(weights: dict[str, float]) -> UserDict:
    """Weights that stay here from one call to the next: a plain dictionary would cross anew each time."""
    return UserDict(weights)


def weights_now(weights: UserDict) -> dict[str, float]:
    """The weights as a plain dictionary, which crosses as a value."""
    return dict(weights)


def make_subword_vectors(
    words: list[str], matrix: np.ndarray, buckets: np.ndarray, shortest: int, longest: int
) -> FastTextKeyedVectors:
    """Word vectors as fastText has them: any string has one, from its n-grams' rows in ``buckets``."""
    vectors = FastTextKeyedVectors(matrix.shape[1], min_n=shortest, max_n=longest, bucket=len(buckets))
    vectors.add_vectors(words, np.asarray(matrix, dtype=np.float32))
    vectors.vectors_ngrams = np.asarray(buckets, dtype=np.float32)
    return vectors
