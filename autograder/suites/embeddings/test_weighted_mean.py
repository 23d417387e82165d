"""Rare words count more: inverse document frequencies, and a mean with weights."""

import math
from collections import Counter

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.faults import StudentFault
from autograder.suites.embeddings import judge
from autograder.suites.embeddings.pages import EXERCISE, OUT_OF_VOCABULARY, POOLING
from autograder.suites.embeddings.reading import different, features_of, look_up

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "weighted_mean"
SIZE = 5


def documents_of(seed, label, repeat):
    """Lists of words: one word is in all, others in fewer. With ``repeat`` words come again in a document.

    Among them are a word in capitals, a single letter, a word that is the beginning of another, one
    that is in one document only, and two documents without any word.
    """
    words = judge.draw_words(seed, label, 14)
    words[3:6] = words[1].upper(), words[4][0], words[2][:3]
    documents = []
    for number in range(7):
        own = [words[0]] + [
            word for place, word in enumerate(words[1:], start=1) if number % (place % 5 + 2) == 0
        ]
        again = [word for word in own if repeat and words.index(word) % 2] * 2
        documents.append(judge.shuffled(seed, f"{label}/{number}", own + again))
    documents[0].append(words[0] + words[1])
    return [*documents[:2], [], [], *documents[2:]]


def weights_of(value, words):
    """A dictionary with one number for each of these words."""
    numbers = isinstance(value, dict) and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in value.values()
    )
    if numbers and sorted(value) == sorted(words):
        return torch.tensor([float(value[word]) for word in sorted(words)], dtype=torch.float64)
    came = describe(value)
    if isinstance(value, dict) and value and not numbers:
        came = "a dictionary whose values are not all numbers"
    what = "`idf` does not return one weight for each word"
    if numbers and value:
        lost = set(words) - set(value)
        if set(value) == {word.lower() for word in words}:
            what = "The words were changed to lower case: `Moon` and `moon` are two words here"
        elif set(value) == {word.lower() for word in words if len(word) > 1}:
            what = "The words were cut anew: words of one letter are lost, and capitals"
        elif lost and set(value) < set(words):
            what = "Some words are missing: `idf` has a weight for every word, however rare or short"
    letters = {letter for word in words for letter in word}
    if isinstance(value, dict) and set(value) and set(value) <= letters:
        came = "a dictionary of letters: a document was taken as a string"
    raise Mistake(
        "`idf` returns nothing (None)" if value is None else what,
        expected=f"a dictionary from each of the {len(words)} words to its weight, a float",
        came=came,
        why="`weighted_mean` looks the weight of each word up.",
        tries="Take the words as they are. Count, for each, the documents that have it. Then make the "
        "dictionary from these counts.",
        page=EXERCISE,
    )


def formulas(documents):
    """Where known mistakes lead: a function from a word to its weight, what it is."""
    count = len(documents)
    frequency = Counter(word for document in documents for word in set(document))
    occurrences = Counter(word for document in documents for word in document)
    total = sum(occurrences.values())
    yield (
        lambda word: judge.smooth(count, occurrences[word]),
        "A word counts once for each time it occurs, not once for each document",
    )
    yield (
        lambda word: judge.smooth(total, occurrences[word]),
        "Words were counted in all documents together: the formula counts documents",
    )
    filled = sum(bool(document) for document in documents)
    yield (
        lambda word: judge.smooth(filled, frequency[word]),
        "Documents without a word were not counted: n is the number of all documents",
    )
    texts = [" ".join(document) for document in documents]
    yield (
        lambda word: judge.smooth(count, sum(word in text for text in texts)),
        "A word also counts where it is only a part of another word: the documents were taken as text",
    )
    yield lambda word: judge.smooth(count, frequency[word]) - 1, "The 1 at the end of the formula is missing"
    yield lambda word: math.log(count / frequency[word]) + 1, "The formula is not smooth: 1 + n and 1 + df"
    yield (
        lambda word: math.log(count / frequency[word]),
        "The formula is not smooth, and its last 1 is missing",
    )
    yield lambda word: math.log(count / (1 + frequency[word])) + 1, "The 1 is added to df, not to n"
    yield (
        lambda word: math.log((1 + count) / (1 + frequency[word]), 10) + 1,
        "The logarithm has the base 10, not e",
    )
    yield (
        lambda word: math.log((1 + count) / (1 + frequency[word]), 2) + 1,
        "The logarithm has the base 2, not e",
    )
    yield lambda word: (1 + count) / (1 + frequency[word]), "The logarithm is missing"
    yield (
        lambda word: float(frequency[word]),
        "The weights are the counts themselves: frequent words get more",
    )
    yield (
        lambda word: math.log((1 + frequency[word]) / (1 + count)) + 1,
        "The fraction is upside down: frequent words get more",
    )


def check_idf(student, documents):
    right = judge.inverse_document_frequencies(documents)
    words = sorted(right)
    came = weights_of(student.call("idf", documents), words)
    wanted = torch.tensor([right[word] for word in words], dtype=torch.float64)
    if measure.close(came, wanted):
        return
    what = "The weights are not those of the formula"
    for weight_of, name in formulas(documents):
        if measure.close(came, torch.tensor([weight_of(word) for word in words], dtype=torch.float64)):
            what = name
            break
    raise Mistake(
        what,
        expected="log((1 + n) / (1 + df)) + 1: n documents, df of them have the word",
        came=different(student, f"the largest difference is {measure.distance(came, wanted):.2g}"),
        why="A word that is in every document says little about any one of them.",
        tries="Compute the example of the task by hand. `set(document)` has each word of a document once.",
        page=EXERCISE,
    )


@pytest.mark.points(1)
def test_idf(student):
    """`idf`: the formula, for every word of the documents"""
    for number in range(3 if student.full else 1):
        check_idf(student, documents_of(student.seed, f"idf/{number}", repeat=False)[: 9 - number])


@pytest.mark.points(1)
def test_idf_of_repeated_words(student):
    """`idf`: a word that comes again in a document has still only one document more"""
    for number in range(3 if student.full else 1):
        check_idf(student, documents_of(student.seed, f"idf/repeated {number}", repeat=True)[: 9 - number])


def mistakes(tokens, table, weights, default):
    """Where known mistakes lead: a vector, what it is, what to try."""
    divide = "Divide by the sum of the weights of the words that have a vector."

    def weight_of(word):
        return weights.get(word, default)

    total, _ = judge.weighted_sum(tokens, table, SIZE, weight_of)
    known = [word for word in tokens if word in table]
    yield total, "The weighted vectors are added up, not averaged", divide
    yield (
        total / len(known),
        "The weighted sum is divided by the number of words, not by their weights",
        divide,
    )
    yield total / len(tokens), "The weighted sum is divided by the number of all words", divide
    everything = sum(weight_of(word) for word in tokens)
    yield total / everything, "The weights of words without a vector count in the sum one divides by", divide
    yield (
        total / sum(weights.values()),
        "The sum is divided by the weights of all words that there are",
        divide,
    )
    yield judge.mean(tokens, table, SIZE), "The weights were not used", "Multiply each vector by its weight."
    yield (
        judge.mean(sorted(set(tokens)), table, SIZE, weight_of),
        "Each different word counts once: repeated words are lost, as in a set",
        "Go through the tokens as they come.",
    )
    yield (
        judge.mean(tokens, {word: table[word] for word in table if word in weights}, SIZE, weight_of),
        "Words without a weight are left out: the argument `default` was not used",
        "`weights.get(word, default)`.",
    )
    yield (
        judge.mean(tokens, table, SIZE, lambda word: weights.get(word, 1.0)),
        "Words without a weight get 1 instead of `default`",
        "`weights.get(word, default)`.",
    )
    yield (
        judge.mean(tokens, table, SIZE, lambda word: weights.get(word) or default),
        "A weight of 0 was replaced by the default",
        "`weights.get(word, default)`: `or` takes 0 for no weight at all.",
    )
    yield (
        judge.mean([word.lower() for word in tokens], table, SIZE, weight_of),
        "The words were changed to lower case",
        "Look up each token as it is.",
    )
    yield (
        judge.mean(tokens, table, SIZE, lambda word: 1 / weight_of(word))
        if all(weight_of(word) for word in known)
        else total * math.inf,
        "The vectors are divided by their weights: rare words count less",
        "Multiply.",
    )


def check_mean(student, tokens, own, weights, default, unknown):
    table = own.table()
    vectors = student.rig("make_vectors", own.words, own.matrix)
    value = look_up(student, FUNCTION, tokens, unknown, vectors, weights, default)
    came = features_of(value, FUNCTION, "one vector", (SIZE,))
    right = judge.mean(tokens, table, SIZE, lambda word: weights.get(word, default))
    if measure.close(came, right):
        return
    what, tries, page = (
        "The vector is not the weighted mean",
        "Add up weight times vector, add up the weights, divide the one by the other.",
        POOLING,
    )
    if not bool(right.any()):
        what, page = "Without any weight, the result is not zeros", OUT_OF_VOCABULARY
        tries = "Start with zeros, and divide only when the sum of the weights is not 0."
    else:
        for wrong, name, mend in mistakes(tokens, table, weights, default):
            if measure.close(came, wrong):
                what, tries = name, mend
                break
    raise Mistake(
        what,
        expected="the sum of weight times vector, divided by the sum of the weights",
        came=different(student, f"the largest difference is {measure.distance(came, right):.2g}"),
        why="With the right divisor, a text's length and its choice of rare words do not stretch its vector.",
        tries=tries,
        page=page,
    )


def prepared(student, label):
    """Words with vectors, words without, and a weight for each: clearly different ones."""
    words = judge.draw_words(student.seed, label, 14)
    own = judge.draw_vectors(student.seed, label, words[:10], SIZE)
    numbers = torch.rand(14, generator=measure.draw(student.seed, f"{label}/weights"), dtype=torch.float64)
    order = judge.shuffled(student.seed, f"{label}/places", range(14))
    return words, own, dict(zip(words, ((numbers + torch.tensor(order)) / 2 + 0.3).tolist(), strict=True))


@pytest.mark.points(1)
def test_weighted_mean(student):
    """`weighted_mean`: every word with its weight, divided by the sum of the weights"""
    for number in range(3 if student.full else 1):
        words, own, weights = prepared(student, f"weighted/{number}")
        tokens = judge.shuffled(
            student.seed, f"weighted/order {number}", words[3:9] + words[4:6] + words[4:5]
        )
        check_mean(student, tokens, own, weights, 0.7, [])
        tiny = {word: weight / 1000 for word, weight in weights.items()}
        check_mean(student, tokens, own, tiny, 0.7, [])


def check_weights_kept(student, tokens, own, weights):
    """The dictionary that was passed in is as it was. What the call returns has been judged before.

    It is an object that does what a dictionary does. An answer that accepts nothing but a real dictionary is
    not judged here.
    """
    vectors = student.rig("make_vectors", own.words, own.matrix)
    given = student.rig("make_weights", weights)
    try:
        student.keep(FUNCTION, tokens, vectors, given, 9.5)
    except StudentFault as fault:
        if fault.kind != "raised":
            raise
    now = student.rig("weights_now", given)
    if now == weights:
        return
    raise Mistake(
        "The dictionary of weights that was passed in was changed",
        expected=f"the caller's dictionary still has {len(weights)} words after the call",
        came=describe(now),
        why="The next call may have another default: it would find the old one among the weights.",
        tries="`weights.get(word, default)` looks up and stores nothing; `setdefault` stores.",
        page=EXERCISE,
    )


@pytest.mark.points(1)
def test_words_without_weight_or_vector(student):
    """`weighted_mean`: words without a weight get the default; without a vector, they are left out"""
    for number in range(3 if student.full else 1):
        words, own, weights = prepared(student, f"odd/{number}")
        own.words[2] = words[2] = words[3].capitalize()
        weights[words[2]], weights[words[4]] = 1.7, 0.0
        few = {word: weight for word, weight in weights.items() if word not in words[5:8]}
        tokens = judge.shuffled(student.seed, f"odd/order {number}", words[2:13] + words[6:7])
        check_mean(student, tokens, own, few, 9.5, words[10:])
        check_mean(student, tokens, own, few, 0.0, words[10:])
        check_mean(student, words[5:7] + words[11:12], own, few, 0.0, words[10:])
        check_mean(student, words[10:], own, few, 9.5, words[10:])
        check_mean(student, [], own, few, 9.5, [])
        check_weights_kept(student, tokens, own, few)
