"""A vector for a word that nobody has seen: its character n-grams, and the mean of their vectors."""

from collections import Counter

import pytest

from autograder import measure
from autograder.expect import Mistake
from autograder.suites.embeddings import judge
from autograder.suites.embeddings.pages import EMBEDDING, OUT_OF_VOCABULARY
from autograder.suites.embeddings.reading import different, features_of, look_up, texts_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "subword_vector"
SIZE = 5
LENGTHS = [(first, last) for first in range(2, 7) for last in range(first, 7)]
"""Lengths of n-grams that have vectors in ``test_vector``."""


def pieces(word, shortest, longest):
    """The n-grams of a word, as a table of how often each comes."""
    return Counter(judge.ngrams(word, shortest, longest))


def cut_at_the_end(word, shortest, longest):
    """What slices give that run over the end of the word."""
    marked = f"<{word}>"
    return Counter(
        marked[start : start + size] for size in range(shortest, longest + 1) for start in range(len(marked))
    )


def mistakes(word, shortest, longest):
    """Where known mistakes lead: n-grams, what they are, what to try."""
    marks = "Put < before the word and > behind it, then cut: `marked = '<' + word + '>'`."
    ends = "`range(shortest, longest + 1)`: a range stops before its second number."
    yield Counter(judge.ngrams(word, shortest, longest, ("", ""))), "The marks < and > are missing", marks
    yield (
        Counter(judge.ngrams(word, shortest, longest, ("<", ""))),
        "The mark > at the end is missing, or the last n-gram of each length",
        marks,
    )
    yield (
        Counter(judge.ngrams(word, shortest, longest, ("", ">"))),
        "The mark < at the start is missing",
        marks,
    )
    yield (
        pieces(word.lower(), shortest, longest),
        "The word was changed to lower case",
        "Cut the word as it is.",
    )
    yield pieces(word, shortest, longest - 1), "The longest n-grams are missing", ends
    yield pieces(word, shortest + 1, longest), "The shortest n-grams are missing", ends
    yield pieces(word, shortest, shortest), "Only n-grams of the shortest length are there", ends
    yield pieces(word, longest, longest), "Only n-grams of the longest length are there", ends
    yield pieces(word, 1, longest), "N-grams that are too short are there, too", "Begin with `shortest`."
    yield (
        cut_at_the_end(word, shortest, longest),
        "There are pieces cut off at the end of the word",
        "A slice that runs over the end is shorter than asked for. Stop at `len(marked) - length`.",
    )
    yield (
        Counter(set(pieces(word, shortest, longest))),
        "An n-gram that occurs twice is there only once",
        "Use a list, not a set.",
    )


def check_ngrams(student, word, shortest, longest):
    came = Counter(texts_of(student.call("ngrams", word, shortest, longest), "ngrams", "n-grams"))
    right = pieces(word, shortest, longest)
    if came == right:
        return
    what = "The n-grams are not those of the marked word"
    tries = "For each length from `shortest` to `longest`, take the piece at every start."
    for wrong, name, mend in mistakes(word, shortest, longest):
        if came == wrong:
            what, tries = name, mend
            break
    raise Mistake(
        what,
        expected=f"ngrams({word!r}, {shortest}, {longest}): {right.total()} n-grams of '<{word}>'",
        came=f"{came.total()} n-grams, "
        + (f"among them {next(iter(+(came - right)))!r}" if came - right else "some are missing"),
        why="The marks tell the start and the end of a word from its middle: the n-gram '<un' is a prefix.",
        tries=tries,
        page=EMBEDDING,
    )


@pytest.mark.points(1)
def test_ngrams(student):
    """`ngrams`: every piece of the marked word with a length from shortest to longest"""
    for number, (shortest, longest) in enumerate(
        [(3, 4), (2, 5), (4, 6), (3, 3)][: 4 if student.full else 2]
    ):
        for word in judge.draw_words(student.seed, f"ngrams/{number}", 3, 6, 8):
            if max(pieces(word, shortest, longest).values()) == 1:
                check_ngrams(student, word, shortest, longest)


@pytest.mark.points(1)
def test_ngrams_of_odd_words(student):
    """`ngrams`: short words, repeated pieces, capitals and letters with accents"""
    for number in range(2 if student.full else 1):
        a, b, c = judge.draw_words(student.seed, f"odd/{number}", 3, 2, 3)
        cases = [(a * 3, 2, 4), (b[0], 4, 6), (c[:2], 3, 6), (b[:2], 3, 4), (f"É{a.upper()}ß", 3, 4)]
        for word, shortest, longest in cases:
            check_ngrams(student, word, shortest, longest)


def vector_mistakes(word, table, shortest, longest, before):
    """Where known mistakes lead. ``before``: what was right for this word in the call before, or None."""
    if before is not None:
        yield (
            before,
            "The answer of an earlier call came again, although the lengths or the vectors are others",
            "Keep nothing from call to call, or all arguments with it.",
        )
    found = judge.ngrams(word, shortest, longest)
    total, _ = judge.weighted_sum(found, table, SIZE, lambda piece: 1.0)
    zeros = "Divide by the number of n-grams that have a vector."
    yield total, "The vectors of the n-grams are added up, not averaged", zeros
    yield total / len(found), "N-grams without a vector count in the number one divides by", zeros
    yield (
        judge.mean(sorted(set(found)), table, SIZE),
        "An n-gram that occurs twice counts only once",
        "Use the list of n-grams as it is.",
    )
    bare = judge.ngrams(word, shortest, longest, ("", ""))
    yield (
        judge.mean(bare, table, SIZE),
        "The n-grams are those of the word without its marks",
        "See `ngrams`.",
    )
    cut = list(cut_at_the_end(word, shortest, longest).elements())
    yield (
        judge.mean(cut, table, SIZE),
        "Pieces cut off at the end of the word are averaged, too",
        "See `ngrams`.",
    )
    short = judge.ngrams(word, shortest, longest - 1)
    yield judge.mean(short, table, SIZE), "The longest n-grams are missing", "See `ngrams`."
    twice = judge.ngrams(word, shortest, longest, ("<<", ">>"))
    yield (
        judge.mean(twice, table, SIZE),
        "The word was marked twice with < and >",
        "`ngrams` puts the marks; give it the bare word.",
    )
    if word in table:
        yield (
            table[word],
            "The word itself was looked up, not its n-grams",
            "`vectors` holds vectors of n-grams: look up those, and only those.",
        )
    yield (
        judge.mean(judge.ngrams(word.lower(), shortest, longest), table, SIZE),
        "The word was changed to lower case",
        "Cut the word as it is.",
    )
    for first, last in LENGTHS:
        yield (
            judge.mean(judge.ngrams(word, first, last), table, SIZE),
            "The n-grams have other lengths than `shortest` to `longest`",
            "`ngrams(word, shortest, longest)`: pass on the lengths that were asked for.",
        )


def vectors_for(student, label, word, asked):
    """Vectors of n-grams of all ``LENGTHS``, but for some of those ``asked`` for.

    Also of those that a wrong answer would look up: of the word in lower case, of one that is marked twice,
    and of the word itself.
    """
    bare, first = judge.ngrams(word, *asked, ("", "")), f"<{word}>"[-asked[0] :]
    spared = {*bare[:4], first, *judge.ngrams(word.lower(), *asked)}
    missing = judge.shuffled(
        student.seed, f"{label}/missing", sorted({*judge.ngrams(word, *asked)} - spared)
    )[:3]
    known = {piece for form in (word, word.lower(), f"<{word}>") for piece in judge.ngrams(form, 2, 6)}
    return judge.draw_vectors(student.seed, label, sorted({*known, word} - {*missing}), SIZE)


def check_vector(student, word, own, shortest, longest, before=None):
    """Judge the vector of a word; the right one is returned."""
    table = own.table()
    vectors = student.rig("make_vectors", own.words, own.matrix)
    value = look_up(student, FUNCTION, word, judge.ngrams(word, 2, 6), vectors, shortest, longest)
    came = features_of(value, FUNCTION, "one vector", (SIZE,))
    right = judge.mean(judge.ngrams(word, shortest, longest), table, SIZE)
    if measure.close(came, right):
        return right
    what, tries = "The vector is not the mean of the n-grams' vectors", "Look up each n-gram; take the mean."
    if not bool(right.any()):
        what = "A word without a known n-gram does not get zeros"
    elif not bool(came.any()):
        what = "The word itself was looked up, or its n-grams were not found: zeros came"
    else:
        for wrong, name, mend in vector_mistakes(word, table, shortest, longest, before):
            if measure.close(came, wrong):
                what, tries = name, mend
                break
    raise Mistake(
        what,
        expected="the mean over all n-grams that have a vector, every occurrence counted; else zeros",
        came=different(student, f"the largest difference is {measure.distance(came, right):.2g}"),
        why="The n-grams carry what the word is made of: its stem, its prefix, its ending.",
        tries=tries,
        page=OUT_OF_VOCABULARY,
    )


@pytest.mark.points(1)
def test_vector(student):
    """`subword_vector`: the mean of the n-grams that have a vector, zeros when none has"""
    for number in range(3 if student.full else 1):
        asked = (3, 4 + number % 2)
        words = judge.draw_words(student.seed, f"vector/{number}", 3, 5, 6)
        double = words[0][:3] * 2 + words[1][:2].upper()
        own = vectors_for(student, f"vector/{number}", double, asked)
        right = check_vector(student, double, own, *asked)
        check_vector(student, words[2], own, *asked)
        check_vector(student, "", own, *asked)
        right = check_vector(student, double, own, 2, 3, right)
        check_vector(student, double, judge.Vectors(own.words, own.matrix.flip(0)), 2, 3, right)
