"""Features of texts: the mean of their words' vectors."""

import numpy as np
import pytest

from autograder.expect import Mistake
from autograder.reading import measured, returned_tensor
from autograder.suites.pretraining import judge
from autograder.suites.pretraining.pages import EXERCISE, POOLING, UNKNOWN_WORD

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "document_features"
SIZE = 6
FASTTEXT = {"vector_size": SIZE, "window": 3, "min_count": 2, "epochs": 6, "seed": 2, "bucket": 300}


def make_table(seed, label, words):
    """A vector for each of these words, float32, of quite different lengths."""
    chance = np.random.default_rng(judge.draw(seed, label).initial_seed())
    lengths = chance.uniform(0.5, 3, size=(len(words), 1))
    return dict(
        zip(words, (chance.normal(size=(len(words), SIZE)) * lengths).astype(np.float32), strict=True)
    )


def make_texts(chance, known, unknown, count, always=()):
    """Texts in which some known words come three times and some words are unknown; ``always``: in each."""
    texts = []
    for _ in range(count):
        words = chance.sample(known, 5)
        words += [words[0]] * 2 + chance.sample(unknown, 2) + list(always)
        chance.shuffle(words)
        texts.append("  ".join(words[:3]) + "\n" + " ".join(words[3:]))
    return texts


def features_of(student, texts, vectors):
    came = student.call(FUNCTION, texts, vectors)
    shape = (len(texts), SIZE)
    return np.asarray(
        returned_tensor(came, FUNCTION, "an array with a row for each text", EXERCISE, shape=shape)
    )


def split_everywhere(text):
    """The letters of a text, as words."""
    return " ".join(letter for letter in text if not letter.isspace())


def alone(text):
    """The words of a text that have a space or an end on either side."""
    return " ".join(part for part in text.split(" ") if "\n" not in part)


def wrongs(texts, table, whole):
    """Where known mistakes lead: features, and the words. ``whole(text)`` is the vector of a whole text."""
    right = judge.mean_features(texts, table, SIZE)
    words = [[word for word in text.split() if word in table] for text in texts]
    counts = np.array([[len(known)] for known in words])
    yield (
        right * counts,
        "The vectors are added up, not averaged: a longer text has larger features",
        "Divide by the number of words: `np.mean(..., axis=0)`.",
    )
    yield (
        right * counts / np.array([[len(text.split()) or 1] for text in texts]),
        "Unknown words count in the number one divides by, as if their vectors were zeros",
        "Divide by the number of the words that are in `vectors`.",
    )
    yield (
        judge.mean_features([" ".join(sorted(set(text.split()))) for text in texts], table, SIZE),
        "Each different word counts once: repeated words are lost, as in a set",
        "Take the words as `text.split()` gives them, with repetitions.",
    )
    unit = {word: vector / np.linalg.norm(vector) for word, vector in table.items()}
    yield (
        judge.mean_features(texts, unit, SIZE),
        "Each vector was scaled to length 1 before the mean: `get_mean_vector` does that unless told "
        "otherwise",
        "Use `pre_normalize=False`, or take the mean yourself.",
    )
    for lowered in (
        [text.lower() for text in texts],
        [" ".join(word if word in table else word.lower() for word in text.split()) for text in texts],
    ):
        yield (
            judge.mean_features(lowered, table, SIZE),
            "Words were put into small letters before they were looked up: `Sun` is another word than `sun`",
            "Look up the words as `text.split()` gives them.",
        )
    # `split(" ")` leaves two words as one where a line ends.
    yield (
        judge.mean_features([alone(text) for text in texts], table, SIZE),
        "The texts were split at spaces only: words at the end of a line were lost",
        "`text.split()` without an argument splits at white space of every kind.",
    )
    norms = np.linalg.norm(right, axis=1, keepdims=True)
    yield (
        right / np.where(norms == 0, 1, norms),
        "The means were scaled to length 1",
        "Return the means as they are.",
    )
    if whole is not None:
        yield (
            np.stack([whole(text) for text in texts]),
            "The whole text was looked up as ONE word: an unknown one, made of n-grams",
            "Split the text first: `for word in text.split()`.",
        )
        yield (
            np.stack([np.mean([whole(letter) for letter in text], axis=0) for text in texts]),
            "Letters were looked up instead of words: a loop over a string gives its letters",
            "`for word in text.split()`, not `for word in text`.",
        )
        seen = {word: vector for word, vector in table.items() if word in whole.known}
        yield (
            judge.mean_features(texts, seen, SIZE),
            "Words that fastText has not seen in training were left out, though it has vectors for them",
            "Ask `word in vectors`, which is true of every word for fastText, not `key_to_index`.",
        )


def compare(student, texts, table, came, whole=None):
    right = judge.mean_features(texts, table, SIZE)
    if judge.same(came, right):
        return
    what, tries = (
        "The features are not the means of the words' vectors",
        "For each text: split it, look up each word that is in `vectors`, take the mean.",
    )
    if not came.any():
        what = "Every text got zeros: no word was found, as when a whole text is looked up as ONE word"
        tries = "Split the text first: `for word in text.split()`."
    for wrong, known, mend in wrongs(texts, table, whole):
        if judge.same(came, wrong):
            what, tries = known, mend
            break
    raise Mistake(
        what,
        expected="for each text the mean of the vectors of its words, every occurrence once",
        came=measured(
            student, f"the largest difference is {np.abs(came - right).max():.2g}", "other numbers"
        ),
        why="The classifier should see which words a text has, not how long it is or how it is spelt.",
        tries=tries,
        page=POOLING,
    )


@pytest.mark.points(1)
def test_mean_of_known_words(student):
    """each row is the mean over the known words; unknown ones are left out"""
    for number in range(4 if student.full else 1):
        chance = judge.dice(student.seed, f"features/known {number}")
        words = judge.make_words(chance, 20)
        # Capital letters matter: one word is known with them only, another one without them only.
        capital, small = words[14].capitalize(), words[0]
        table = make_table(student.seed, f"features/table {number}", [*words[:14], capital])
        always = [capital, small.capitalize()]
        texts = make_texts(chance, words[:14], words[15:], 5 + number, always)
        vectors = student.rig("make_vectors", list(table), np.stack(list(table.values())))
        compare(student, texts, table, features_of(student, texts, vectors))


class Whole:
    """Looks up a text as one word in fastText's vectors. ``known``: the words that it has seen."""

    def __init__(self, vectors):
        self.vectors, self.known = vectors, set(vectors.key_to_index)

    def __call__(self, text):
        return self.vectors[text]


@pytest.mark.points(1)
def test_fasttext_knows_every_word(student):
    """with fastText's vectors, unseen words count through their n-grams, and a text is not one word"""
    for number in range(3 if student.full else 1):
        source = judge.make_source(student.seed, f"features/fasttext {number}")
        chance = judge.dice(student.seed, f"features/texts {number}")
        texts = make_texts(chance, sorted(source.counts), source.unknown, 5 + number)
        model = student.rig("train", source.sentences, "fasttext", FASTTEXT)
        came = features_of(student, texts, student.rig("vectors_of", model))
        whole = Whole(judge.train(source, "fasttext", FASTTEXT).wv)
        table = {word: whole(word) for word in [*source.counts, *source.unknown]}
        compare(student, texts, table, came, whole)


@pytest.mark.points(1)
def test_no_known_word(student):
    """a text without any known word gets zeros, and the rows stay in order"""
    for number in range(2 if student.full else 1):
        chance = judge.dice(student.seed, f"features/none {number}")
        words = judge.make_words(chance, 8)
        table = make_table(student.seed, f"features/none table {number}", words[:4])
        texts = [words[0], " ".join(words[5:7]), words[1], "", words[2]]
        vectors = student.rig("make_vectors", list(table), np.stack(list(table.values())))
        came = features_of(student, texts, vectors)
        right = judge.mean_features(texts, table, SIZE)
        if not judge.same(came, right) and judge.same(np.sort(came, axis=0), np.sort(right, axis=0)):
            raise Mistake(
                "Row i does not belong to text i",
                expected="a text of one word has the vector of that word",
                came="the right numbers, in other rows",
                why="The labels are matched with the rows by their place.",
                tries="Fill row `i` from text `i`, also when there is a text without known words before it.",
                page=EXERCISE,
            )
        empty = came[[1, 3]]
        if not np.isfinite(empty).all() or np.abs(empty).max() > 0:
            raise Mistake(
                "A text without a known word does not get zeros",
                expected="a row of zeros",
                came="NaN: the mean of nothing" if np.isnan(empty).any() else "other numbers",
                why="One such row is enough: the classifier refuses features that are not numbers.",
                tries="Start with `np.zeros`, and fill a row only when there is something to take the mean "
                "of.",
                page=UNKNOWN_WORD,
            )
        compare(student, texts, table, came)
