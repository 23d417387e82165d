"""One vector for a text: the mean of the vectors of its words."""

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake
from autograder.suites.embeddings import judge
from autograder.suites.embeddings.pages import OUT_OF_VOCABULARY, POOLING
from autograder.suites.embeddings.reading import different, features_of, look_up, whole_document

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "mean_vector"
SIZE = 6


def tokens_of(seed, label, known, unknown):
    """Known words, one of them three times, and some that are unknown between them, in random order."""
    first, last, *chosen = known
    return [first, *judge.shuffled(seed, label, [*chosen, chosen[0], chosen[0], *unknown]), last]


def mistakes(tokens, table, size):
    """Where known mistakes lead: a vector, what it is, what to try."""
    total, count = judge.weighted_sum(tokens, table, size, lambda word: 1.0)
    units = {word: vector / vector.norm() for word, vector in table.items() if vector.any()}
    yield total, "The vectors are added up, not averaged", "Divide by the number of words that have a vector."
    yield (
        total / len(tokens),
        "Words without a vector count in the number that the sum is divided by",
        "Divide by the number of words that have a vector, not by `len(tokens)`.",
    )
    yield (
        judge.mean(sorted(set(tokens)), table, size),
        "Each different word counts once: repeated words are lost, as in a set",
        "Go through the tokens as they come, with repetitions.",
    )
    yield (
        judge.mean(tokens, units, size),
        "Each vector was scaled to length 1 before the mean",
        "gensim's `get_mean_vector` does that unless told `pre_normalize=False`.",
    )
    mean = total / count
    yield mean / mean.norm(), "The mean was scaled to length 1", "Return the mean as it is."
    yield (
        judge.mean([word.lower() for word in tokens], table, size),
        "The words were changed to lower case: `Moon` and `moon` are two words here",
        "Look up each token as it is.",
    )
    yield (
        judge.mean([word for word in tokens if word in table and table[word].any()], table, size),
        "A known word whose vector is all zeros was left out",
        "Ask `word in vectors`; a vector of zeros counts, too.",
    )
    unknown = [place for place, word in enumerate(tokens) if word not in table]
    yield (
        judge.mean(tokens[: min(unknown, default=None)], table, size),
        "The function stops at the first unknown word: all words after it are lost",
        "Skip that word only: `continue`, not `break`.",
    )
    rows = torch.stack([table[word] for word in tokens if word in table])
    yield rows.max(dim=0).values, "The largest of each number was taken, not the mean", "Take the mean."


def compare(student, came, tokens, table, others=()):
    right = judge.mean(tokens, table, SIZE)
    if measure.close(came, right):
        return
    if not bool(came.any()):
        raise whole_document("zeros, as if no word were known, although several are")
    what, tries = (
        "The vector is not the mean of the words' vectors",
        "Collect `vectors[word]` for each token that is in `vectors`, then take the mean.",
    )
    for wrong, name, mend in [*others, *mistakes(tokens, table, SIZE)]:
        if measure.close(came, wrong):
            what, tries = name, mend
            break
    raise Mistake(
        what,
        expected="the mean of the vectors of all known words, every occurrence counted",
        came=different(student, f"the largest difference is {measure.distance(came, right):.2g}"),
        why="The classifier should see which words a text has, not how long it is.",
        tries=tries,
        page=POOLING,
    )


def returned(student, tokens, unknown, vectors):
    came = look_up(student, FUNCTION, tokens, unknown, vectors)
    return features_of(came, FUNCTION, "one vector", (SIZE,))


@pytest.mark.points(1)
def test_known_words(student):
    """the mean over the words that have a vector; the others are left out"""
    for number in range(5 if student.full else 2):
        words = judge.draw_words(student.seed, f"mean/{number}", 14)
        known, unknown = words[:11], words[11:]
        own = judge.draw_vectors(student.seed, f"mean/{number}", known, SIZE)
        if number:  # after a plain text, one with words that differ in case only, and a vector of zeros
            known[number + 1] = known[number].capitalize()
            unknown[0] = known[number].upper()
            own.matrix[number + 2] = 0
        vectors = student.rig("make_vectors", own.words, own.matrix)
        tokens = tokens_of(student.seed, f"mean/order {number}", known[number : number + 6], unknown)
        compare(student, returned(student, tokens, unknown, vectors), tokens, own.table())


@pytest.mark.points(1)
def test_no_known_word(student):
    """a text without any known word gets zeros"""
    words = judge.draw_words(student.seed, "none", 9)
    own = judge.draw_vectors(student.seed, "none", words[:4], SIZE)
    vectors = student.rig("make_vectors", own.words, own.matrix)
    for tokens in (words[4:], words[5:6], []):
        value = look_up(student, FUNCTION, tokens, words[4:], vectors)
        nan = isinstance(value, torch.Tensor) or type(value).__module__ == "numpy"
        if nan and bool(torch.as_tensor(value).isnan().any()):
            raise none_known("NaN: the mean of nothing")
        came = features_of(value, FUNCTION, "one vector", (SIZE,))
        if not measure.close(came, torch.zeros(SIZE)):
            raise none_known("other numbers")


def none_known(came):
    return Mistake(
        "A text without a known word does not get zeros",
        expected="zeros, as many as a vector has numbers",
        came=came,
        why="One row of NaN is enough: the classifier refuses all of them.",
        tries="Ask whether any word is known before you take the mean; otherwise `np.zeros(...)`.",
        page=OUT_OF_VOCABULARY,
    )


@pytest.mark.points(1)
def test_vectors_of_subwords(student):
    """with fastText's vectors, which know every string, the words are looked up one by one"""
    for number in range(3 if student.full else 1):
        words = judge.draw_words(student.seed, f"subwords/{number}", 12, 5, 8)
        own = judge.draw_vectors(student.seed, f"subwords/{number}", words[:8], SIZE)
        rows = [str(row) for row in range(60)]
        buckets = judge.draw_vectors(student.seed, f"subwords/buckets {number}", rows, SIZE).matrix.double()
        vectors = student.rig("make_subword_vectors", own.words, own.matrix, buckets, 3, 5)
        table = own.table()

        def from_buckets(text, buckets=buckets):
            return torch.stack(
                [buckets[judge.bucket_of(part, 60)] for part in judge.ngrams(text, 3, 5)]
            ).mean(0)

        seen = dict(table)
        table.update((word, from_buckets(word)) for word in words[8:])
        tokens = tokens_of(student.seed, f"subwords/order {number}", words[:6], words[8:])
        came = returned(student, tokens, [], vectors)
        if any(measure.close(came, from_buckets(glue.join(tokens))) for glue in (" ", "")):
            raise whole_document("the vector that the model makes of the whole text, spelt as one word")
        known_only = (
            judge.mean(tokens, seen, SIZE),
            "Words that fastText has not seen in training were left out, though it has vectors for them",
            "Ask `word in vectors`, which is true of every word for fastText, not `key_to_index`.",
        )
        compare(student, came, tokens, table, [known_only])
