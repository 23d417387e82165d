"""A corpus that can be read again and again, in pieces that gensim reads to their end."""

import pytest

from autograder.expect import Mistake, describe
from autograder.faults import StudentFault
from autograder.reading import listed, measured, sound
from autograder.suites.pretraining import judge, reading
from autograder.suites.pretraining.pages import EXERCISE, PRETRAINING

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

CLASS = "Sentences"
PATH = "a-dump.xml.bz2"
DAMAGED = "the dump is damaged here"  # what the rig's library says


def make(student, articles, *length, damage=None):
    """An object of the student's class, over these articles."""
    return over(student, make_library(student, articles, damage), *length)


def make_library(student, articles, damage=None):
    return student.rig("make_library", {PATH: articles, "another": [["Other", ["other"]]]}, damage=damage)


def over(student, library, *length):
    """An object of the student's class, over a library of the rig's."""
    try:
        return student.keep(CLASS, library, PATH, *length)
    except StudentFault as fault:
        read(f"{fault.exception}: {fault.message}")
        raise


def read(error):
    """What an error says that comes from the constructor or from a loop, when it is one of these two."""
    if error.startswith("NotImplementedError"):
        raise Mistake(
            f"`{CLASS}` is not written yet",
            expected="a constructor that keeps what it is given, and `__iter__`, which yields the pieces",
            came="raise NotImplementedError() is still there",
            why="The other tests of this task can say more once there is something to try.",
            tries="Write both methods in the cell above, in place of that line, and run the cell.",
            page=EXERCISE,
        ) from None
    if DAMAGED in error:
        raise Mistake(
            "All articles are read before the first piece comes",
            expected="the pieces of an article before the next article is asked for",
            came=error,
            why="A list of all articles needs memory for all of them. Then streaming was for nothing.",
            tries="`yield` the pieces inside the loop over the stream. No list of everything, not in the "
            "constructor either.",
            page=PRETRAINING,
        ) from None


def looped(report):
    """The report of a loop over the object, unless it says that the loop raised an error."""
    if isinstance(report, dict) and isinstance(report.get("error"), str):
        read(report["error"])
    return sound(report, "looping over the object", EXERCISE)


def is_pass(item):
    return isinstance(item, list) and all(map(reading.is_tokens, item))


def passes_of(report, count):
    found = reading.listed_items(
        looped(report), "looping over the object", "lists of tokens: each a list of str", is_pass
    )
    if len(found) == count:
        return found
    return [*found, *[[]] * count][:count]


@pytest.mark.points(1)
def test_pieces(student):
    """each article comes in pieces of at most `length` tokens, in order, and nothing is lost"""
    cases = [(4, [9, 4, 0, 1, 8, 3])]
    if student.full:
        cases += [(3, [3, 7, 2, 0, 6]), (1, [2, 1]), (5, [5, 16, 1])]
    for number, (length, sizes) in enumerate(cases):
        articles = judge.make_articles(student.seed, f"sentences/pieces {number}", sizes)
        compare(student, articles, make(student, articles, length), length)
        check_lists(student.rig("other_than_lists", make(student, articles, length)))
    # Without a length: 10,000 tokens.
    articles = [("Long", ["word"] * 10_001), ("Short", ["end"])]
    compare(student, articles, make(student, articles), 10_000)


def compare(student, articles, corpus, length):
    [came] = passes_of(student.rig("passes", corpus, 1), 1)
    if came == judge.cut(articles, length):
        return
    what, tries = what_is_wrong(articles, came, length)
    right = judge.cut(articles, length)
    raise Mistake(
        what,
        expected=f"articles of {sizes(tokens for _, tokens in articles)} tokens, in pieces of at most "
        f"{length}: {len(right)} pieces" + measured(student, f" of {sizes(right)} tokens", ""),
        came=f"{len(came)} pieces" + measured(student, f" of {sizes(came[:9])} tokens", ""),
        why="gensim drops what lies behind the 10,000th token of a text, without a word about it. And words "
        "of "
        "two articles in one piece would be neighbours that nobody wrote.",
        tries=tries,
        page=EXERCISE,
    )


def sizes(pieces):
    return ", ".join(str(len(piece)) for piece in pieces)


def check_lists(report):
    """The pieces are lists. What crosses from the student's side does not tell them from tuples."""
    if looped(report) == []:
        return
    names = isinstance(report, list) and all(isinstance(name, str) for name in report)
    raise Mistake(
        "A piece is not a list",
        expected="pieces that are lists of tokens",
        came=f"pieces of type {listed(report)}" if names else describe(report),
        why="Whoever adds a token to a piece, or joins two of them with another list, gets an error.",
        tries="A slice of a list is a list: `yield tokens[start : start + length]`.",
        page=EXERCISE,
    )


def what_is_wrong(articles, came, length):
    """The mistake in words, and what to try."""
    steps = "For each article: `for start in range(0, len(tokens), length)`, and a slice from each start."
    right = judge.cut(articles, length)
    everything = [("", [token for _, tokens in articles for token in tokens])]
    if came == [tokens for _, tokens in articles] or came == [tokens for _, tokens in articles if tokens]:
        return "Articles are not cut: gensim will read their first 10,000 tokens and drop the rest", steps
    if came == judge.cut(everything, length):
        return "Pieces run over the end of an article into the next one", steps
    if came == [tokens[:length] for _, tokens in articles if tokens[:length]]:
        return "Only the first piece of each article comes: the rest is lost", steps
    beginnings = [tokens[:length] for _, tokens in articles]
    for kept in ([], beginnings):
        if came == [piece for piece in right if len(piece) == length or piece in kept]:
            return "The last, shorter piece of an article is lost", steps
    if [piece for piece in came if piece] == right:
        return "An empty piece comes after an article", steps
    if not came:
        return "A loop over the object gives nothing", "Let `__iter__` be a generator: `yield` each piece."
    if not any(came):
        return (
            "The pieces are empty once the loop is over: one list is yielded, cleared and used again",
            "Begin a new list for each piece, `piece = []`: who keeps a piece keeps the list itself.",
        )
    whole = [token for _, tokens in articles for token in tokens]
    if [token for piece in came for token in piece] == whole and len(came) == len(right):
        return "Articles are cut at other places: only an article's last piece may be shorter", steps
    if sorted(map(tuple, came)) == sorted(map(tuple, right)):
        return "The pieces are not in the order of the text", steps
    return "The pieces are not those of the articles", steps


@pytest.mark.points(1)
def test_again(student):
    """the object can be read again and again, also by two loops at once"""
    for number in range(3 if student.full else 1):
        articles = judge.make_articles(student.seed, f"sentences/again {number}", [2 + number, 3, 1])
        right = [token for _, tokens in articles for token in tokens]
        came = passes_of(student.rig("passes", make(student, articles, 9), 3), 3)
        together = passes_of(student.rig("two_at_once", make(student, articles, 9)), 2)
        loops = [[token for piece in found for token in piece] for found in (*came, *together)]
        if loops == [right] * 5:
            continue
        if came[0] and not any(came[1:]):
            what = "The second loop finds nothing: the stream is exhausted after the first"
        elif loops[:3] == [right] * 3:
            what = "Two loops at once share one position: the object itself remembers where it is"
        elif came[0] == came[1] == came[2]:
            what = "Each loop gives the same, but not the tokens of the articles"
        else:
            what = "A second loop does not give what the first gave"
        raise Mistake(
            what,
            expected="the same pieces in every loop",
            came=f"loops with {', '.join(str(len(found)) for found in came)} pieces; two at once: "
            f"{', '.join(str(len(found)) for found in together)}",
            why="gensim reads the corpus once to count its words and once in every epoch. From an exhausted "
            "stream it learns nothing, and raises no error.",
            tries="Call `stream(path)` in `__iter__`, not in the constructor, and `yield` from there. "
            "`__iter__` as a generator function makes a new position for every loop.",
            page=PRETRAINING,
        )


@pytest.mark.points(1)
def test_lazy(student):
    """pieces come before the next article is read, and the constructor reads nothing"""
    for number in range(3 if student.full else 1):
        articles = judge.make_articles(student.seed, f"sentences/lazy {number}", [3, 3, 2])
        report = student.rig("take", make(student, articles, 3, damage=2), 2)
        if is_damaged(report) and not is_damaged(
            student.rig("take", make(student, articles, 3, damage=2), 1)
        ):
            raise Mistake(
                "The pieces of an article come one article late: the next one is read before",
                expected="the pieces of an article before the next article is asked for",
                came=report["error"],
                why="Two articles are in memory instead of one. And what is damaged takes the last good "
                "article with it.",
                tries="`yield` the pieces of an article in the very round of the loop that reads it.",
                page=PRETRAINING,
            )
        found = reading.listed_items(
            looped(report),
            "taking the first two pieces",
            "lists of tokens: each a list of str",
            reading.is_tokens,
        )
        if [token for piece in found for token in piece][:6] == articles[0][1] + articles[1][1]:
            check_nothing_kept(student, number)
            continue
        raise Mistake(
            "The first pieces of the stream did not come",
            expected="the pieces of the first two articles",
            came=f"{len(found)} pieces, others than these",
            why="Who asks for two pieces should get the first two.",
            tries="`yield` the pieces in the order of the stream.",
            page=EXERCISE,
        )


def is_damaged(report):
    error = report.get("error") if isinstance(report, dict) else None
    return isinstance(error, str) and DAMAGED in error


def check_nothing_kept(student, number):
    """A loop gives what the stream gives now, not what an earlier loop has kept.

    A stream that can be read once is the business of another test: then the last loop gives nothing.
    """
    old, new = (
        judge.make_articles(student.seed, f"sentences/{age} {number}", [4, 2]) for age in ("old", "new")
    )
    library = make_library(student, old)
    corpus = over(student, library, 3)
    passes_of(student.rig("passes", corpus, 2), 2)
    student.rig("replace_articles", library, PATH, new)
    [came] = passes_of(student.rig("passes", corpus, 1), 1)
    if came != judge.cut(old, 3):
        return
    raise Mistake(
        "The pieces of an earlier loop were kept and come again: `stream(path)` is not called anew",
        expected="each loop calls `stream(path)` and yields what comes from it",
        came="the articles of the first loop, though the file has others by now",
        why="What is kept of a whole dump needs memory for all of it. Then streaming was for nothing.",
        tries="Call `stream(path)` in `__iter__`, in every loop, and keep no list of pieces.",
        page=PRETRAINING,
    )
