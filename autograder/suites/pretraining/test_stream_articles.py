"""Stream the articles of a dump: all of them, nothing else, and not more of the file than needed."""

import pytest
from gensim.corpora.wikicorpus import filter_wiki, tokenize

from autograder.expect import Mistake, describe
from autograder.player import StudentFault
from autograder.reading import listed, measured, sound
from autograder.suites.pretraining import judge, reading, scratch
from autograder.suites.pretraining.pages import EXERCISE, PRETRAINING

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "stream_articles"
MORE = 100  # as many items as no dump here has pages


def stream(student, folder, content, count=MORE):
    """The first ``count`` pairs that the function yields for a dump with this content."""
    path = student.rig("write_file", folder, "dump.xml.bz2", content)
    articles = student.keep(FUNCTION, path)
    reading.returned(articles, FUNCTION, "a generator of (title, tokens)")
    return student.rig("take", articles, count)


def pairs_of(report):
    return reading.listed_items(
        report,
        "going through the articles",
        "pairs (title, tokens): a str and a list of str",
        reading.is_pair,
    )


@pytest.mark.points(1)
def test_which_pages(student):
    """every article of the main namespace comes, in the dump's order, and no other page"""
    for number in range(4 if student.full else 1):
        pages = judge.make_pages(student.seed, f"stream/pages {number}", articles=5 + number)
        with scratch.folder(student) as folder:
            pairs = pairs_of(stream(student, folder, judge.dump_of(pages)))
        wanted = [page.title for page in pages if page.wanted]
        came = [title for title, _ in pairs]
        if came == wanted:
            continue
        what, tries = what_is_wrong(pages, pairs)
        extra = [title for title in came if title not in wanted]
        missing = [title for title in wanted if title not in came]
        words = [f"not wanted: {listed(extra)}"] if extra else []
        words += [f"missing: {listed(missing)}"] if missing else []
        raise Mistake(
            what,
            expected="each page of namespace 0 that is neither a redirect nor empty, once, in the file's "
            "order",
            came=measured(student, "; ".join(words) or "the right titles in another order", "other pages"),
            why="A page that is no article teaches the model the language of discussions and templates; one "
            "that is missing teaches it nothing.",
            tries=tries,
            page=PRETRAINING,
        )


def what_is_wrong(pages, pairs):
    """The mistake in words, and what to try."""
    came = [title for title, _ in pairs]
    extra = [page for page in pages if page.title in came and not page.wanted]
    missing = [page for page in pages if page.wanted and page.title not in came]
    others = [page for page in extra if page.namespace]
    if others:
        empty = all(not tokens for title, tokens in pairs if title in {page.title for page in others})
        if empty:
            return (
                "Pages of other namespaces still come, as articles without words",
                "`extract_pages` with `filter_namespaces` empties their text, and yields them all the same: "
                "leave out what is empty.",
            )
        return (
            "Pages of other namespaces are kept: discussions, templates, users",
            'Give `extract_pages` the namespaces that you want: `filter_namespaces=("0",)`, a string in a '
            "tuple.",
        )
    redirects = [page for page in extra if page.redirect]
    if redirects and len(redirects) == sum(page.redirect for page in pages):
        return (
            "Redirects are kept: pages that only send a reader elsewhere",
            "Leave out a text that starts with `#REDIRECT`.",
        )
    if redirects:
        return (
            "Some redirects are kept: `#REDIRECT` may be written in capital or small letters",
            "Compare with `text.lower()`.",
        )
    if extra:
        return "An empty page is kept as an article", "Leave out a page whose text is empty."
    if not pairs:
        return (
            "No article came at all",
            'Namespaces are strings: `("0",)`, with its comma. `("0")` is a string, and `(0,)` holds a '
            "number.",
        )
    if any(":" in page.title for page in missing):
        return (
            "An article was dropped because of the colon in its title",
            "Go by the namespace, `filter_namespaces`, not by the title.",
        )
    if missing and not any(page.tokens for page in missing):
        return (
            "A page whose text is markup only was left out, as if it were empty",
            "Ask whether the *text* is empty. An article may have no tokens: it comes with an empty list.",
        )
    if missing and all(page.text.startswith(judge.SHOWN) for page in missing):
        return (
            "Redirects are looked for without the markup: an article that only shows #REDIRECT was dropped",
            "Look at the text as it comes from `extract_pages`, before `filter_wiki`.",
        )
    if missing and all("#redirect" in page.text.lower() for page in missing):
        return (
            "An article that mentions #REDIRECT was taken for a redirect",
            "A redirect *starts* with it: `startswith`, not `in`.",
        )
    if missing:
        return "Articles are missing", "Go through all pages that `extract_pages` yields."
    return "The articles are not in the dump's order", "Yield each article when its page comes."


@pytest.mark.points(1)
def test_tokens(student):
    """each article comes as its words: without markup, in small letters"""
    for number in range(4 if student.full else 1):
        pages = judge.make_pages(student.seed, f"stream/tokens {number}", articles=5 + number)
        with scratch.folder(student) as folder:
            tokens_of = dict(pairs_of(stream(student, folder, judge.dump_of(pages))))
        for page in pages:
            if not page.wanted or (tokens_of and page.title not in tokens_of):
                continue  # Which pages come is another test.
            came = tokens_of.get(page.title)
            if came == list(page.tokens):
                continue
            what, tries = what_is_left(page, came)
            raise Mistake(
                what,
                expected="the words that a reader of the article sees, in small letters, each 2 to 15 "
                "letters long",
                came=measured(student, shown(came), "other tokens"),
                why="The model learns a vector for every token that occurs often enough, `ref` and `infobox` "
                "among them.",
                tries=tries,
                page=EXERCISE,
            )


def what_is_left(page, came):
    """The mistake in the tokens of a page in words, and what to try."""
    mend = "`tokenize(filter_wiki(text))`: first the markup, then the words."
    if came is None:
        return "No article came at all", mend
    if isinstance(came, str):
        return "An article comes as one text, not as a list of words", mend
    if not reading.is_tokens(came):
        return "The second part of a pair is not a list of words", mend
    if came == tokenize(page.text):
        return "Wiki markup is left in the text: names of templates, footnotes, comments", mend
    if came == filter_wiki(page.text).split() or came == filter_wiki(page.text).lower().split():
        return "The text was split at spaces: full stops, numbers and single letters are left as tokens", mend
    if came == page.text.split() or came == page.text.lower().split():
        return "Wiki markup is left in the text, which was only split at spaces", mend
    if came == tokenize(filter_wiki(page.text), lower=False):
        return "The words are not in small letters", "Use `tokenize` with its own settings."
    return "The words of an article are not those that a reader sees", mend


def shown(came):
    if reading.is_tokens(came):
        return " ".join(came[:12]) + (" ..." if len(came) > 12 else "")
    return describe(came)


def until_damage(student, folder, dump, count):
    """The first articles of a damaged dump, or the error."""
    try:
        return stream(student, folder, dump, count)
    except StudentFault as fault:
        if "end-of-stream" not in fault.message:
            raise
        return {"error": f"{fault.exception}: {fault.message}"}


def damage(report):
    """What the error says, when one came to the damage."""
    error = report.get("error") if isinstance(report, dict) else None
    return error if isinstance(error, str) and "end-of-stream" in error else None


@pytest.mark.points(1)
def test_lazy(student):
    """the first articles come although the end of the file is damaged"""
    for number in range(3 if student.full else 1):
        pages = judge.make_pages(student.seed, f"stream/lazy {number}", articles=6)
        pages = [page for page in pages if page.wanted and page.tokens]
        pages = [page for page in pages if ":" not in page.title and "#" not in page.text]
        wanted = [page.title for page in pages]
        with scratch.folder(student) as folder:
            dump = judge.damaged_dump_of(pages)
            report = until_damage(student, folder, dump, len(pages))
            error = damage(report)
            held_back = error and not damage(until_damage(student, folder, dump, 1))
        if error:
            raise Mistake(
                "An article is held back: it comes only when the next one was found"
                if held_back
                else "The whole file is read before the first article comes",
                expected="each article before the damage, as soon as the file was read up to a little after "
                "it",
                came=error,
                why="What reads all of the file first needs memory for all of it. A real dump has tens of "
                "gigabytes.",
                tries="Open it with `bz2.open(path)`, give the open file to `extract_pages`, and `yield` "
                "each article in the very round of the loop that finds it. No list, no `read()`.",
                page=PRETRAINING,
            )
        sound(report, "taking the articles before the damage", EXERCISE)
        if [title for title, _ in pairs_of(report)] == wanted:
            continue
        raise Mistake(
            "The first articles of a damaged dump did not come",
            expected="the articles before the damage",
            came=describe(report),
            why="Half a download is still half an encyclopaedia; and a stream that does not begin tells "
            "nothing.",
            tries="`yield` each article inside the loop over `extract_pages`.",
            page=PRETRAINING,
        )
