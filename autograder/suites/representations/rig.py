"""Course code that runs beside the student's: a probe that the judge can follow.

It decides nothing. Whatever it returns could be forged: the suite compares what the student's function makes
of it with a computation of its own.
"""

import zlib
from collections import UserList
from collections.abc import Callable

import numpy as np

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
# There is no constant of it here: this file runs beside the student's code, which may read every value in it.


def warm() -> None:
    """Done once, before any student's process is forked: what is slow the first time."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, labels = np.array([[0.0], [1.0], [2.0]]), np.array([0, 1, 1])
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    roc_auc_score(labels, fitted.decision_function(rows))


class Names(UserList):
    """Does what a list does, but stays here between two calls: one can see whether the first changed it."""


class Word(str):
    """A string whose hash depends on ``start``, as that of every string does on the start of Python."""

    start = 0

    def __hash__(self) -> int:
        return zlib.crc32(f"{self.start} {self}".encode())


def make_words(words: list[str], start: int) -> Names:
    """The words as another start of Python sees them: a set of them has another order."""
    found = [Word(word) for word in words]
    for word in found:
        word.start = start
    return Names(found)


def make_names(names: list[str]) -> Names:
    return Names(names)


def names_now(names: Names) -> list[str]:
    """The names as a plain list, which crosses as a value."""
    return list(names)


def make_probe() -> Callable:
    """A probe by nearest neighbour: the accuracy of giving each test row the label of its nearest row."""

    def probe(train_features, train_labels, test_features, test_labels):
        train, test = np.asarray(train_features), np.asarray(test_features)
        nearest = ((test[:, None] - train[None]) ** 2).sum(axis=2).argmin(axis=1)
        return float(np.mean(np.asarray(train_labels)[nearest] == np.asarray(test_labels)))

    return probe
