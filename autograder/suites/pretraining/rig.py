"""Course code that runs beside the student's: files, streams, gensim models, and reports of what they hold.

It decides nothing. Whatever it returns could be forged, so the suite compares it with its own computation
(``judge.py``). What a model holds leaves this process as words and arrays: the trusted side never unpickles
anything. A function here whose work depends on the student's code answers ``{"error": "..."}`` when that
work fails.
"""

import functools
import itertools
import os
import shutil
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import gensim.corpora.wikicorpus  # noqa: F401
import numpy as np
from gensim.models import FastText, KeyedVectors, Word2Vec
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import SVC

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
# There is no constant of it here: this file runs beside the student's code, which may read every value in it.

KINDS = {"word2vec": Word2Vec, "fasttext": FastText}
DENSE = "this matrix is sparse: it does not fit into memory as a dense one"
own_folders = set()
rooms = []


def reports_errors(function: Callable) -> Callable:
    """Turn an exception, which the student's object may cause, into ``{"error": "Type: message"}``."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}

    return wrapper


def warm() -> None:
    """Done once, before any student's process is forked: what is slow the first time."""
    features = TfidfVectorizer().fit_transform(["one two", "two three"])
    SVC().fit(features, [0, 1]).predict(features)


# Files.


def make_folder() -> str:
    """The path of a new empty folder."""
    own_folders.add(folder := tempfile.mkdtemp(prefix="pretraining-"))
    return folder


@reports_errors
def files_in(folder: str) -> list[str]:
    """The names of the files in a folder and the folders in it."""
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


@reports_errors
def move_folder(folder: str) -> str:
    """Copy what is in a folder to a new one, remove the old one, give the new path."""
    new = make_folder()
    shutil.copytree(folder, new, dirs_exist_ok=True)
    remove_folder(folder)
    return new


@reports_errors
def remove_folder(folder: str) -> None:
    """Remove a folder that was made here."""
    if folder in own_folders:
        shutil.rmtree(folder, ignore_errors=True)


def enter_room() -> None:
    """Make a new folder that holds the current and the temporary folder until it is left.

    So a file that is written beside the right folder is found, and none that another program writes.
    """
    room = tempfile.mkdtemp(prefix="pretraining-room-")
    rooms.append((room, Path.cwd(), tempfile.tempdir))
    for name in ("current", "temporary"):
        Path(room, name).mkdir()
    os.chdir(Path(room, "current"))
    tempfile.tempdir = str(Path(room, "temporary"))


@reports_errors
def leave_room() -> None:
    """Go back to where one was before the last room was entered, and remove it."""
    room, current, tempfile.tempdir = rooms.pop()
    os.chdir(current)
    shutil.rmtree(room, ignore_errors=True)


@reports_errors
def files_beside() -> list[str]:
    """The names of the files in the last room that are in none of the folders made here."""
    files = [path for path in Path(rooms[-1][0]).rglob("*") if path.is_file()]
    return sorted(path.name for path in files if own_folders.isdisjoint(map(str, path.parents)))


@reports_errors
def write_file(folder: str, name: str, content: np.ndarray) -> str:
    """Write bytes (uint8) to a file in the folder, give its path."""
    path = Path(folder) / name
    path.write_bytes(np.asarray(content, dtype=np.uint8).tobytes())
    return str(path)


# Streams.


class Library:
    """Streams like those of ``stream_articles``: ``library(path)`` gives the articles of that path, anew.

    ``damage``: after how many articles reading fails, as a damaged file would make it; None: never.
    """

    def __init__(self, articles: dict[str, list], damage: int | None) -> None:
        self.articles, self.damage = articles, damage

    def __call__(self, path: str) -> Iterator[tuple[str, list[str]]]:
        for number, (title, tokens) in enumerate(self.articles[str(path)]):
            if number == self.damage:
                raise EOFError("the dump is damaged here")
            yield title, list(tokens)


def make_library(articles: dict[str, list], damage: int | None = None) -> Library:
    """See :class:`Library`."""
    return Library(articles, damage)


def replace_articles(library: Library, path: str, articles: list) -> None:
    """From now on the library gives these articles for this path."""
    library.articles[path] = articles


@reports_errors
def take(items: object, count: int) -> list:
    """The first ``count`` items of something one can loop over."""
    return list(itertools.islice(iter(items), count))


@reports_errors
def passes(items: object, count: int) -> list[list]:
    """What each of ``count`` loops over it gives, one after the other."""
    return [list(items) for _ in range(count)]


@reports_errors
def other_than_lists(items: object) -> list[str]:
    """The types of those items of a loop that are no lists, each name once."""
    return sorted({type(item).__name__ for item in items if not isinstance(item, list)})


@reports_errors
def two_at_once(items: object) -> list[list]:
    """What each of two loops gives, when the second runs while the first is at its second item."""
    first = iter(items)
    begin = list(itertools.islice(first, 1))
    second = list(iter(items))
    return [begin + list(first), second]


class Corpus:
    """Sentences that one can loop over again and again, and nothing else: no length, no index."""

    def __init__(self, sentences: list[list[str]]) -> None:
        self._sentences = sentences

    def __iter__(self) -> Iterator[list[str]]:
        return (list(sentence) for sentence in self._sentences)


def make_corpus(sentences: list[list[str]]) -> Corpus:
    """See :class:`Corpus`."""
    return Corpus(sentences)


# Models.


def train(sentences: list[list[str]], kind: str, settings: dict) -> Word2Vec:
    """A gensim model with these settings, trained on these sentences. ``settings`` has no ``bucket`` for
    word2vec."""
    return KINDS[kind](sentences, workers=1, **settings)


@reports_errors
def train_further(model: object, sentences: list[list[str]], epochs: int) -> None:
    """Go on training the model, with the vocabulary it has.

    gensim trains in threads of its own and waits for ever for one that died, of a missing part of the model
    for example. So it is left behind when one does.
    """
    died = []
    training = threading.Thread(
        target=model.train,
        args=(sentences,),
        kwargs={"total_examples": len(sentences), "epochs": epochs},
        daemon=True,
    )
    usual, threading.excepthook = threading.excepthook, lambda thread: died.append(thread.exc_value)
    try:
        training.start()
        while training.is_alive() and not died:
            training.join(timeout=0.02)
    finally:
        threading.excepthook = usual
    if died:
        raise died[0]


@reports_errors
def describe_model(model: object) -> dict:
    """``kind`` (the type's name), ``vocabulary`` (words, in the model's order) and ``workers``."""
    return {
        "kind": type(model).__name__,
        "vocabulary": list(model.wv.index_to_key),
        "workers": int(model.workers),
    }


@reports_errors
def look_up(model: object, words: list[str]) -> np.ndarray:
    """The vectors of these words, float32 ``(len(words), size)``: of a model, or of vectors without one."""
    vectors = getattr(model, "wv", model)
    return np.stack([vectors[word] for word in words]).astype(np.float32)


@reports_errors
def make_vectors(words: list[str], matrix: np.ndarray) -> KeyedVectors:
    """Keyed vectors: row ``i`` of ``matrix`` belongs to word ``i``."""
    vectors = KeyedVectors(matrix.shape[1])
    vectors.add_vectors(words, matrix)
    return vectors


def vectors_of(model: Word2Vec) -> KeyedVectors:
    """The vectors of a model that was trained here."""
    return model.wv


# Features and the baseline.


class DenseError(Exception):
    """Raised in place of making a large sparse matrix dense."""


class Sparse(sparse.csr_matrix):
    """A matrix that behaves as one that is too large to be dense."""

    def toarray(self, *args, **kwargs):
        raise DenseError(DENSE)

    def todense(self, *args, **kwargs):
        raise DenseError(DENSE)


def make_sparse(
    data: np.ndarray, columns: np.ndarray, starts: np.ndarray, shape: list[int], large: bool
) -> sparse.csr_matrix:
    """A sparse matrix from its parts; a ``large`` one refuses to become dense."""
    return (Sparse if large else sparse.csr_matrix)((data, columns, starts), shape=tuple(shape))


@reports_errors
def numbers_of(features: sparse.csr_matrix) -> np.ndarray:
    """The numbers of a sparse matrix that are not zero."""
    return features.data[features.data != 0]


def watch_memory() -> None:
    """From now on Python and NumPy say how much memory they take."""
    tracemalloc.start()


def memory_used() -> int:
    """The most bytes that were taken at once since :func:`watch_memory`; stop watching."""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


class Rule:
    """A rule for gamma that gives always the same number, and keeps the features it was given."""

    def __init__(self, gamma: float) -> None:
        self.gamma, self.seen = gamma, []

    def __call__(self, features: object) -> float:
        self.seen.append(features)
        return self.gamma


def make_rule(gamma: float) -> Rule:
    """See :class:`Rule`."""
    return Rule(gamma)


@reports_errors
def seen_by(rule: Rule) -> list[np.ndarray]:
    """The features that a rule was given, as dense arrays."""
    return [sparse.csr_matrix(features).toarray() for features in rule.seen]
