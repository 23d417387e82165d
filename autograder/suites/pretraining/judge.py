"""What is right, computed on the trusted side: dumps of known words, trained models, means, gammas, TF-IDF.

This file is not about what is wrong, nor how to say it. A dump is built from words, so what its articles must
give is known before any markup is written; means, gammas and TF-IDF are formulas in float64. Only training
has no formula: a model of gensim's, trained here with one worker and the same seed, has the same vectors to
the last bit, whatever Python's hash seed is (``tests/assignments/test_pretraining.py`` trains it in three
processes).

Margins. ``autograder/measure.py`` has the tolerance. ``tools/audit_suites.py`` measures over 30
seeds how far right and wrong answers stay from it. No test here compares a score with a threshold.
"""

import bz2
import random
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
import torch
from gensim.models import FastText, Word2Vec

from autograder.measure import close, draw

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

Articles = list[tuple[str, list[str]]]


def dice(seed: int, label: str) -> random.Random:
    """A source of random choices of its own for ``label``, from the submission's seed."""
    return random.Random(draw(seed, label).initial_seed())


def make_words(chance: random.Random, count: int, shortest: int = 4, longest: int = 8) -> list[str]:
    """Different words of small letters, sorted by chance."""
    found: dict[str, None] = {}
    while len(found) < count:
        letters = chance.choices(string.ascii_lowercase, k=chance.randint(shortest, longest))
        found.setdefault("".join(letters))
    return list(found)


def same(left: object, right: np.ndarray) -> bool:
    """Whether two arrays of numbers have one shape and differ nowhere by more than the tolerance."""
    return close(torch.as_tensor(np.asarray(left)), torch.as_tensor(np.asarray(right)))


# A dump.


SHOWN = "<code>#redirect</code>"
"""An article may begin with this. What is left of it without the markup is how a redirect begins."""


@dataclass(frozen=True)
class Page:
    """One page of a dump. ``text`` is wiki markup, ``tokens`` are the words that it must give."""

    title: str
    namespace: int
    text: str
    tokens: tuple[str, ...] = ()
    redirect: bool = False

    @property
    def wanted(self) -> bool:
        """Whether it is an article: in the main namespace, no redirect, not empty."""
        return self.namespace == 0 and not self.redirect and bool(self.text)


NAMESPACES = {
    2: "User",
    4: "Wikipedia",
    6: "File",
    8: "MediaWiki",
    10: "Template",
    12: "Help",
    14: "Category",
    100: "Portal",
    118: "Draft",
    710: "TimedText",
    828: "Module",
}
"""Those of Wikipedia beside the main one. Each has one for discussions, whose number is one larger."""
TALK = {1: "Talk"} | {number + 1: f"{name} talk" for number, name in NAMESPACES.items()}


def make_pages(seed: int, label: str, articles: int = 5) -> list[Page]:
    """Pages of every kind, in an order of chance. Articles after the fourth are plain."""
    chance = dice(seed, label)
    words = make_words(chance, 60)

    def some(least: int = 2, most: int = 6) -> list[str]:
        return [chance.choice(words) for _ in range(chance.randint(least, most))]

    def title() -> str:
        return " ".join(make_words(chance, 2, 5, 9)).capitalize()

    pages = []
    for number in range(articles):
        text, tokens = _article(chance, some)
        name = title()
        if number == 3:  # a colon does not make a namespace
            name = name.replace(" ", ": ")
        # An article about redirects is no redirect: not with the word in a later line, nor in the first one,
        # nor when it is the first word that a reader sees.
        if number == 0:
            text, tokens = f"{text}\n#REDIRECT {words[0]}", [*tokens, "redirect", words[0]]
        if number == 1:
            text, tokens = f"{words[1]} #REDIRECT {text}", [words[1], "redirect", *tokens]
        if number == 2:
            text, tokens = f"{SHOWN} {text}", ["redirect", *tokens]
        pages.append(Page(name, 0, text, tuple(tokens)))
    for mark in ("#REDIRECT", "#redirect", "#Redirect"):
        pages.append(Page(title(), 0, f"{mark} [[{title()}]]", redirect=True))
    for namespace, prefix in (NAMESPACES | TALK).items():
        pages.append(Page(f"{prefix}:{title()}", namespace, " ".join(some())))
    pages.append(Page(title(), 0, ""))
    pages.append(Page(title(), 0, "{{" + " ".join(some()) + "}}"))  # not empty, though no word is left
    chance.shuffle(pages)
    return pages


def _article(chance: random.Random, some) -> tuple[str, list[str]]:
    """Wiki markup with every kind of mark once, and the words that are left without it."""

    def shown(markup: str, words: list[str]) -> tuple[str, list[str]]:
        return markup.format(" ".join(words)), words

    def hidden(markup: str) -> tuple[str, list[str]]:
        return markup.format(" ".join(some())), []

    linked = some(1, 2)
    pieces = [
        shown("'''{}'''", some()),
        shown("[[{}]]", linked),
        shown("[[" + " ".join(some(1, 2)) + "|{}]]", some()),
        shown("{}&nbsp;.", some()),
        hidden("{{{{infobox|name={}}}}}"),
        hidden("<ref>{}</ref>"),
        hidden("<!-- {} -->"),
        ("1987", []),
        ("a", []),
        ("x" * 16, []),
    ]
    capital = some()
    pieces.append((" ".join(capital).title(), capital))
    chance.shuffle(pieces)
    heading = some(1, 2)
    middle = (f"\n== {' '.join(heading).capitalize()} ==\n", heading)
    pieces = [shown("{}", some()), *pieces[:6], middle, *pieces[6:], shown("{}.", some())]
    return " ".join(text for text, _ in pieces), [word for _, words in pieces for word in words]


HEAD = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" version="0.10" xml:lang="en">\n'
    "  <siteinfo><sitename>Wikipedia</sitename></siteinfo>\n"
)


def xml_of(pages: Sequence[Page]) -> str:
    """The pages as a dump spells them."""
    parts = []
    for number, page in enumerate(pages, start=1):
        redirect = '    <redirect title="Elsewhere" />\n' if page.redirect else ""
        parts.append(
            f"  <page>\n    <title>{escape(page.title)}</title>\n    <ns>{page.namespace}</ns>\n"
            f"    <id>{number}</id>\n{redirect}    <revision>\n      <id>{number + 1000}</id>\n"
            f'      <text xml:space="preserve">{escape(page.text)}</text>\n    </revision>\n  </page>\n'
        )
    return "".join(parts)


def dump_of(pages: Sequence[Page]) -> np.ndarray:
    """The bytes of a whole dump, uint8."""
    return _bytes(bz2.compress(f"{HEAD}{xml_of(pages)}</mediawiki>\n".encode()))


def damaged_dump_of(pages: Sequence[Page]) -> np.ndarray:
    """The bytes of a dump that has two compressed streams, as Wikipedia's own have many; the second is cut.

    The first holds all of ``pages``, and of one page more a beginning that is longer than what is read at a
    time. So no page comes after ``pages`` that one could wait for.
    """
    whole = f"{HEAD}{xml_of([*pages, Page('Long', 0, 'filler ' * 40_000)])}</mediawiki>\n"
    begin = whole.rindex("</text>")
    first, second = (bz2.compress(part.encode()) for part in (whole[:begin], whole[begin:]))
    return _bytes(first + second[: len(second) // 2])


def articles_of(pages: Sequence[Page]) -> Articles:
    """What a dump of these pages must give."""
    return [(page.title, list(page.tokens)) for page in pages if page.wanted]


def _bytes(content: bytes) -> np.ndarray:
    return np.frombuffer(content, dtype=np.uint8).copy()


# Sentences.


def cut(articles: Articles, length: int) -> list[list[str]]:
    """Each article's tokens in pieces of at most ``length``; no piece has tokens of two articles."""
    pieces = []
    for _, tokens in articles:
        begin = 0
        while begin < len(tokens):
            pieces.append(tokens[begin : begin + length])
            begin += length
    return pieces


def make_articles(seed: int, label: str, sizes: Sequence[int]) -> Articles:
    """Articles with as many tokens as ``sizes`` says, no token twice."""
    words = iter(make_words(dice(seed, label), sum(sizes) + len(sizes)))
    return [(next(words).capitalize(), [next(words) for _ in range(size)]) for size in sizes]


# Training.


@dataclass(frozen=True)
class Source:
    """A small corpus: the sentences, how often each word is in them, and words that are not."""

    sentences: list[list[str]]
    counts: dict[str, int]
    unknown: list[str]


def make_source(seed: int, label: str, *, rare: bool = False, sentences: int = 150) -> Source:
    """Sentences of 24 words, each at least six times; with ``rare``, others once, twice, ... five times."""
    chance = dice(seed, label)
    words = make_words(chance, 44)
    common, few, unknown = words[:24], words[24:39], words[39:]
    tokens = common * 6 + chance.choices(common, k=sentences * 10 - len(common) * 6)
    if rare:
        tokens += [word for number, word in enumerate(few) for _ in range(number % 5 + 1)]
    chance.shuffle(tokens)
    length = len(tokens) // sentences
    made = [tokens[begin : begin + length] for begin in range(0, len(tokens), length)]
    # An unknown word that shares n-grams with known ones, so that its vector is not that of noise alone.
    return Source(made, dict(Counter(tokens)), [common[0] + common[1], common[2][:3] + common[3], *unknown])


SETTINGS = ("vector_size", "window", "min_count", "epochs", "seed")


def train(source: Source, kind: str, settings: dict, *, passes: int = 1, further: int = 0, **others):
    """gensim's own model, trained here: first its vocabulary, then ``epochs`` epochs, ``passes`` times.

    ``settings`` may hold ``bucket``, which word2vec has no use for. ``further``: epochs more, as one goes on
    training later.
    """
    chosen = {name: settings[name] for name in SETTINGS} | others
    if kind == "fasttext":
        chosen.setdefault("bucket", settings["bucket"])
        model = FastText(workers=1, **chosen)
    else:
        model = Word2Vec(workers=1, **chosen)
    model.build_vocab(source.sentences)
    for epochs in [model.epochs] * passes + [further] * bool(further):
        model.train(source.sentences, total_examples=len(source.sentences), epochs=epochs)
    return model


def vectors_of(model, words: Sequence[str]) -> np.ndarray:
    """The vectors of these words, ``(len(words), size)``."""
    return np.stack([model.wv[word] for word in words])


# Features.


def mean_features(texts: Sequence[str], table: dict[str, np.ndarray], size: int) -> np.ndarray:
    """Row ``i``: the mean of the vectors of those words of text ``i`` that ``table`` has; zeros if none."""
    rows = np.zeros((len(texts), size))
    for row, text in zip(rows, texts, strict=True):
        counts = Counter(word for word in text.split() if word in table)
        for word, count in counts.items():
            row += table[word].astype(np.float64) * (count / counts.total())
    return rows


# Gamma.


@dataclass(frozen=True)
class Matrix:
    """The parts of a sparse matrix in csr form."""

    data: np.ndarray
    columns: np.ndarray
    starts: np.ndarray
    shape: tuple[int, int]

    @property
    def parts(self) -> tuple:
        return self.data, self.columns, self.starts, list(self.shape)


def make_matrix(seed: int, label: str, rows: int, columns: int, filled: float = 0.3) -> Matrix:
    """Positive numbers in some places of a matrix, zeros in the others."""
    generator = draw(seed, label)
    full = torch.rand(rows, columns, generator=generator, dtype=torch.float64) + 0.5
    full[torch.rand(rows, columns, generator=generator) > filled] = 0
    full = full.numpy()
    places = [np.flatnonzero(row) for row in full]
    starts = np.concatenate([[0], np.cumsum([len(place) for place in places])])
    return Matrix(
        full[full != 0], np.concatenate(places).astype(np.int32), starts.astype(np.int32), full.shape
    )


def spreads(matrix: Matrix) -> dict[str, float]:
    """Variance and standard deviation of all numbers of the matrix, zeros included, and some that are not.

    The mean squared distance to the mean: of the nonzero numbers, and of as many zeros as there are.
    """
    total = matrix.shape[0] * matrix.shape[1]
    zeros = total - len(matrix.data)
    mean = matrix.data.sum() / total
    variance = (((matrix.data - mean) ** 2).sum() + zeros * mean**2) / total
    mean_square = (matrix.data**2).sum() / total
    column_means = np.bincount(matrix.columns, matrix.data, matrix.shape[1]) / matrix.shape[0]
    within = mean_square - (column_means**2).mean()
    return {
        "variance": variance,
        "deviation": variance**0.5,
        "variance of the nonzeros": float(matrix.data.var()),
        "deviation of the nonzeros": float(matrix.data.std()),
        "variance within the columns": within,
        "deviation within the columns": within**0.5,
        "mean square": mean_square,
        "root mean square": mean_square**0.5,
    }


# The baseline.

GOOD, TINY, HUGE = 1.0, 0.03, 1e4
"""With the first gamma a text is of the class whose words it has. With the second all texts look alike, with
the third none looks like any other: all answers are the class that most training texts have. All of it
follows from how the texts are made. The second is only so tiny that an SVC with C=10 tells them apart."""


@dataclass(frozen=True)
class Posts:
    """Texts of two classes. A text has words of its class and words that both have, some of them English.

    Small and capital letters, a repeated word and a word of one letter show how a text is taken apart.

    ``meant`` is the class that its words are of, ``labels`` what it is said to be.
    """

    texts: list[str]
    meant: np.ndarray
    labels: np.ndarray


def make_posts(seed: int, label: str, *, train: Sequence[int], test: Sequence[int], mislabelled: int = 0):
    """``(training posts, test posts)`` with so many texts of each class.

    The first ``mislabelled`` test texts that are meant as class 0 have the label 1. Test texts hold words
    that no training text has.
    """
    chance = dice(seed, label)
    words = make_words(chance, 30)
    both, new, own = words[:6], words[6:12], (words[12:21], words[21:30])

    def text(kind: int, extra: list[str]) -> str:
        chosen = chance.sample(own[kind], 6) + chance.sample(both, 2) + extra
        chosen += [chosen[0].capitalize(), "I", *chance.sample(("the", "and", "very"), 2)]
        chance.shuffle(chosen)
        return " ".join(chosen)

    found = []
    for sizes, strange in ((train, []), (test, new)):
        meant = [kind for kind in (0, 1) for _ in range(sizes[kind])]
        chance.shuffle(meant)
        texts = [text(kind, chance.sample(strange, min(1, len(strange)))) for kind in meant]
        labels = np.array(meant)
        if strange:
            labels[np.flatnonzero(labels == 0)[:mislabelled]] = 1
        found.append(Posts(texts, np.array(meant), labels))
    return tuple(found)


def words_of(text: str) -> list[str]:
    """The words of a text of :class:`Posts` as scikit-learn finds them: in small letters, two at least."""
    return [word for word in text.lower().split() if len(word) > 1]


def tfidf(fitted: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """TF-IDF as scikit-learn defines it, rows of length one: words and weights from ``fitted``."""
    words = sorted({word for text in fitted for word in words_of(text)})
    place = {word: number for number, word in enumerate(words)}
    frequency = Counter(word for text in fitted for word in set(words_of(text)))
    weight = np.log([(1 + len(fitted)) / (1 + frequency[word]) for word in words]) + 1
    rows = np.zeros((len(texts), len(words)))
    for row, text in zip(rows, texts, strict=True):
        for word in words_of(text):
            if word in place:
                row[place[word]] += weight[place[word]]
        row /= np.sqrt((row**2).sum()) or 1
    return rows


def confusion(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Counts ``(2, 2)``: row = true class, column = answer."""
    return np.array(
        [[int(((labels == true) & (answers == said)).sum()) for said in (0, 1)] for true in (0, 1)]
    )
