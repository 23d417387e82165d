"""Further answers to `pretraining`: more mistakes, and what the judge's own ways rest on."""

import bz2
import io
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from gensim.corpora.wikicorpus import extract_pages, filter_wiki, tokenize
from gensim.models import FastText, KeyedVectors, Word2Vec
from graded_here import ASSIGNMENTS, faults
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import confusion_matrix
from sklearn.svm import SVC

from autograder.suites.pretraining import judge
from autograder.suites.pretraining.judge import GOOD, HUGE, TINY

PRETRAINING = ASSIGNMENTS["pretraining"]
SEEDS = range(1000, 1030)


@pytest.fixture
def right():
    """The reference solution's functions by name; a test may replace one."""
    return PRETRAINING.reference()


# What the judge rests on.


def test_the_words_of_a_dump_are_what_gensim_reads():
    for seed in SEEDS:
        pages = judge.make_pages(seed, "words", articles=6)
        dump = bz2.BZ2File(io.BytesIO(judge.dump_of(pages).tobytes()))
        came = [(title, tokenize(filter_wiki(text))) for title, text, _ in extract_pages(dump)]
        kept = [pair for page, pair in zip(pages, came, strict=True) if page.wanted]
        assert kept == judge.articles_of(pages), seed
        assert len({page.title for page in pages}) == len(pages), seed


def test_a_damaged_dump_is_damaged():
    pages = [page for page in judge.make_pages(1, "damaged") if page.wanted]
    stream = extract_pages(bz2.BZ2File(io.BytesIO(judge.damaged_dump_of(pages).tobytes())))
    assert len(list(itertools.islice(stream, len(pages)))) == len(pages)
    with pytest.raises(EOFError):
        list(stream)


PROGRAM = """
from autograder.suites.pretraining import judge
from autograder.suites.pretraining.judge import GOOD, TINY
source = judge.make_source(7, "processes")
settings = {"vector_size": 6, "window": 2, "min_count": 2, "epochs": 3, "seed": 4, "bucket": 200}
for kind in ("word2vec", "fasttext"):
    print(judge.vectors_of(judge.train(source, kind, settings), sorted(source.counts)).tobytes().hex())
"""


def test_training_is_the_same_in_every_process():
    found = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"PYTHONHASHSEED": str(number)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for number in range(3)
    ]
    assert len(found[0]) > 1000
    assert found[0] == found[1] == found[2]


def test_gamma_is_that_of_scikit_learn():
    for seed in SEEDS:
        matrix = judge.make_matrix(seed, "sklearn", 9, 6)
        features = sparse.csr_matrix((matrix.data, matrix.columns, matrix.starts), shape=matrix.shape)
        labels = np.arange(9) % 2
        gamma = 1 / (6 * judge.spreads(matrix)["variance"])
        assert SVC(gamma="scale").fit(features, labels)._gamma == pytest.approx(gamma)
        assert judge.spreads(matrix)["deviation"] == pytest.approx(features.toarray().std())


def test_answers_follow_from_how_the_texts_are_made():
    margins = []
    for seed in SEEDS:
        for sizes in ((8, 6), (6, 8), (6, 7), (6, 6), (5, 6), (4, 9)):
            train, test = judge.make_posts(seed, f"margins {sizes}", train=sizes, test=(6, 6))
            vectorizer = TfidfVectorizer()
            features = vectorizer.fit_transform(train.texts)
            assert np.allclose(features.toarray(), judge.tfidf(train.texts, train.texts))
            assert np.allclose(
                vectorizer.transform(test.texts).toarray(), judge.tfidf(train.texts, test.texts)
            )
            for gamma in (GOOD, TINY, HUGE):
                if gamma != GOOD and sizes[0] == sizes[1]:
                    continue
                answers = test.meant if gamma == GOOD else np.full_like(test.meant, np.argmax(sizes))
                scores = (
                    SVC(gamma=gamma)
                    .fit(features, train.labels)
                    .decision_function(vectorizer.transform(test.texts))
                )
                margins.append((scores * (2 * answers - 1)).min())
    assert min(margins) > 0.1


# Further mistakes: the task, the function, its points, the words.


def streaming(*, namespaces=("0",), keep=lambda text: text and not text.lower().startswith("#redirect")):
    def stream_articles(path):
        with bz2.open(path) as dump:
            for title, text, _ in extract_pages(dump, filter_namespaces=namespaces):
                if keep(text):
                    yield title, tokenize(filter_wiki(text))

    return stream_articles


def tokens_as(change):
    def stream_articles(path):
        with bz2.open(path) as dump:
            for title, text, _ in extract_pages(dump, filter_namespaces=("0",)):
                if text and not text.lower().startswith("#redirect"):
                    yield title, change(text)

    return stream_articles


def looking_ahead(path):
    last = None
    for article in streaming()(path):
        if last is not None:
            yield last
        last = article
    yield last


def titles_only(path):
    return (title for title, _ in streaming()(path))


def sentences(pieces):
    """A class whose loops give ``pieces(articles, length)``."""

    class Sentences:
        def __init__(self, stream, path, length=10_000):
            self.stream, self.path, self.length = stream, path, length

        def __iter__(self):
            return iter(pieces(self.stream(self.path), self.length))

    return Sentences


def across(articles, length):
    waiting = []
    for _, tokens in articles:
        waiting += tokens
        while len(waiting) >= length:
            yield waiting[:length]
            waiting = waiting[length:]
    if waiting:
        yield waiting


def cut(tokens, length):
    return [tokens[start : start + length] for start in range(0, len(tokens), length)]


def first_piece(articles, length):
    return (tokens[:length] for _, tokens in articles if tokens)


def full_pieces(articles, length):
    return (piece for _, tokens in articles for piece in cut(tokens, length) if len(piece) == length)


def with_empty(articles, length):
    return (piece for _, tokens in articles for piece in cut(tokens, length) or [[]])


def with_titles(articles, length):
    return ((title, piece) for title, tokens in articles for piece in cut(tokens, length))


def as_tuples(articles, length):
    return (tuple(piece) for _, tokens in articles for piece in cut(tokens, length))


def even_pieces(articles, length):
    for _, tokens in articles:
        number = -(-len(tokens) // length)
        yield from cut(tokens, -(-len(tokens) // max(number, 1)) or 1)


def no_rest(articles, length):
    """The last piece is lost where a full one comes before it."""
    for _, tokens in articles:
        pieces = cut(tokens, length)
        yield from (piece for piece in pieces if len(piece) == length or piece is pieces[0])


def used_again(articles, length):
    piece = []
    for _, tokens in articles:
        for part in cut(tokens, length):
            piece += part
            yield piece
            piece.clear()


def one_late(articles, length):
    last = []
    for _, tokens in articles:
        yield from cut(last, length)
        last = tokens
    yield from cut(last, length)


class KeepsThePieces:
    """Reads the stream in the first loop, and gives what it has kept in all others."""

    def __init__(self, stream, path, length=10_000):
        self.stream, self.path, self.length, self.kept = stream, path, length, None

    def __iter__(self):
        if self.kept is None:
            kept = []
            for _, tokens in self.stream(self.path):
                for piece in cut(tokens, self.length):
                    kept.append(piece)
                    yield piece
            self.kept = kept
        else:
            yield from self.kept


class KeepsTheIterator:
    """Two loops do not share it: each `for` holds the iterator that it began with."""

    def __init__(self, stream, path, length=10_000):
        self.stream, self.path, self.length = stream, path, length

    def __iter__(self):
        self.articles = iter(self.stream(self.path))
        for _, tokens in self.articles:
            yield from cut(tokens, self.length)


class SharesTheIterator(KeepsTheIterator):
    """Asks the object for the next article each time, so that a second loop takes it away from the first."""

    def __iter__(self):
        self.articles = iter(self.stream(self.path))
        while (article := next(self.articles, None)) is not None:
            yield from cut(article[1], self.length)


def training(**changes):
    def train_vectors(corpus, kind, **settings):
        settings |= {name: value for name, value in changes.items() if name != "bucket"}
        bucket = changes.get("bucket", settings.pop("bucket"))
        settings.pop("bucket", None)
        if kind == "fasttext":
            return FastText(corpus, workers=settings.pop("workers", 1), bucket=bucket, **settings)
        return Word2Vec(corpus, workers=settings.pop("workers", 1), **settings)

    return train_vectors


def off_by_one(corpus, kind, *, min_count, **settings):
    return training()(corpus, kind, min_count=min_count + 1, **settings)


def letters(corpus, kind, **settings):
    return training()([" ".join(tokens) for tokens in corpus], kind, **settings)


def only_vectors(corpus, kind, **settings):
    return training()(corpus, kind, **settings).wv


def featuring(row):
    def document_features(texts, vectors):
        return np.stack([row(text, vectors) for text in texts])

    return document_features


def known(text, vectors):
    return [vectors[word] for word in text.split() if word in vectors] or [np.zeros(vectors.vector_size)]


def seen_only(text, vectors):
    rows = [vectors[word] for word in text.split() if word in vectors.key_to_index]
    return np.mean(rows, axis=0) if rows else np.zeros(vectors.vector_size)


def each_once(text, vectors):
    rows = [vectors[word] for word in sorted(set(text.split())) if word in vectors]
    return np.mean(rows, axis=0) if rows else np.zeros(vectors.vector_size)


def all_words_count(text, vectors):
    rows = [vectors[word] for word in text.split() if word in vectors]
    return np.sum(rows, axis=0) / len(text.split()) if rows else np.zeros(vectors.vector_size)


def unit_means(text, vectors):
    mean = np.mean(known(text, vectors), axis=0)
    return mean / (np.linalg.norm(mean) or 1)


def lowered_if_unknown(texts, vectors):
    words = [[word if word in vectors else word.lower() for word in text.split()] for text in texts]
    return featuring(lambda text, table: np.mean(known(text, table), axis=0))(map(" ".join, words), vectors)


def letters_of(text, vectors):
    rows = [vectors[letter] for letter in text if letter in vectors]
    return np.mean(rows, axis=0) if rows else np.zeros(vectors.vector_size)


def split_at_spaces(text, vectors):
    rows = [vectors[word] for word in text.split(" ") if word in vectors]
    return np.mean(rows, axis=0) if rows else np.zeros(vectors.vector_size)


def known_rows_first(texts, vectors):
    rows = [np.mean(known(text, vectors), axis=0) for text in texts]
    return np.stack(sorted(rows, key=lambda row: not row.any()))


def gamma(formula):
    return lambda features, rule: float(
        formula(features, (lambda value: value) if rule == "variance" else np.sqrt)
    )


def variance(features):
    return features.multiply(features).mean() - features.mean() ** 2


def within_columns(features):
    squares, means = features.multiply(features).mean(axis=0), features.mean(axis=0)
    return (np.asarray(squares) - np.asarray(means) ** 2).mean()


def squared_in_place(features, rule):
    mean = features.mean()
    features.data **= 2
    spread = features.mean() - mean**2
    return float(1 / (features.shape[1] * (spread if rule == "variance" else np.sqrt(spread))))


def baseline(*, result=None, gamma_from="train", fit="train", answer="test", words=None, svc=None):
    """``words`` and ``svc``: further settings of the vectorizer and of the classifier."""

    def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
        vectorizer = TfidfVectorizer(**words or {}).fit(train_texts if fit == "train" else test_texts)
        features, test = vectorizer.transform(train_texts), vectorizer.transform(test_texts)
        chosen = gamma_rule(features if gamma_from == "train" else test)
        classifier = SVC(gamma=chosen, **svc or {}).fit(features, train_labels)
        labels = test_labels if answer == "test" else train_labels
        answers = classifier.predict(test if answer == "test" else features)
        confusion = confusion_matrix(labels, answers, labels=[0, 1])
        found = float((answers == labels).mean()), confusion, len(set(answers)) == 1
        return result(*found, labels, answers) if result else found

    return run_baseline


def rings_at_a_share(accuracy, confusion, one_class, labels, answers):
    share = labels.mean()
    return accuracy, confusion, bool(np.isclose([share, 1 - share], accuracy).any())


def no_rule(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    return baseline()(train_texts, train_labels, test_texts, test_labels, lambda features: 1.0)


MORE = [
    ("stream_articles", streaming(namespaces=(0,)), 0, "No article came at all"),
    (
        "stream_articles",
        streaming(keep=lambda text: text and not text.startswith("#REDIRECT")),
        2,
        "Some redirects are kept",
    ),
    (
        "stream_articles",
        streaming(keep=lambda text: text and "#redirect" not in text.lower()),
        2,
        "mentions #REDIRECT was taken for a redirect",
    ),
    ("stream_articles", tokens_as(filter_wiki), 2, "comes as one text, not as a list of words"),
    ("stream_articles", tokens_as(lambda text: filter_wiki(text).split()), 2, "split at spaces"),
    (
        "stream_articles",
        tokens_as(lambda text: tokenize(filter_wiki(text), lower=False)),
        2,
        "not in small letters",
    ),
    (
        "stream_articles",
        streaming(keep=lambda text: text and "#redirect" not in text.lower().splitlines()[0]),
        2,
        "mentions #REDIRECT was taken for a redirect",
    ),
    (
        "stream_articles",
        streaming(keep=lambda text: text and not filter_wiki(text).lower().startswith("#redirect")),
        2,
        "looked for without the markup",
    ),
    *(
        ("stream_articles", streaming(namespaces=("0", number)), 2, "Pages of other namespaces are kept")
        for number in ("4", "6", "100", "101")
    ),
    ("stream_articles", looking_ahead, 2, "An article is held back"),
    ("stream_articles", titles_only, 0, "has the wrong form"),
    ("stream_articles", lambda path: None, 0, "returns nothing"),
    ("stream_articles", lambda path: iter(list(streaming()(path))), 2, "The whole file is read"),
    ("Sentences", sentences(across), 2, "run over the end of an article"),
    ("Sentences", sentences(first_piece), 2, "Only the first piece"),
    ("Sentences", sentences(full_pieces), 1, "The last, shorter piece"),
    ("Sentences", sentences(with_empty), 2, "An empty piece"),
    ("Sentences", sentences(with_titles), 0, "has the wrong form"),
    ("Sentences", sentences(as_tuples), 2, "A piece is not a list"),
    ("Sentences", sentences(even_pieces), 2, "Articles are cut at other places"),
    ("Sentences", sentences(no_rest), 2, "The last, shorter piece"),
    ("Sentences", sentences(used_again), 0, "one list is yielded, cleared and used again"),
    ("Sentences", sentences(one_late), 2, "come one article late"),
    ("Sentences", KeepsThePieces, 2, "`stream(path)` is not called anew"),
    ("Sentences", SharesTheIterator, 2, "Two loops at once share one position"),
    ("stream_articles", streaming(keep=lambda text: filter_wiki(text).strip()), 2, "Redirects are kept"),
    ("document_features", lowered_if_unknown, 2, "Words were put into small letters"),
    ("run_baseline", baseline(result=lambda a, c, *_: (a, c, bool(c[:, 1].sum() == 0))), 2, "one class only"),
    ("train_vectors", training(window=5), 1, "`window` was ignored"),
    ("train_vectors", training(epochs=5), 1, "`epochs` was ignored"),
    ("train_vectors", training(seed=1), 1, "`seed` was ignored"),
    ("train_vectors", training(sg=1), 1, "skip-gram"),
    ("train_vectors", training(bucket=2_000_000), 2, "`bucket` was ignored"),
    ("train_vectors", training(vector_size=5), 0, "`vector_size` was ignored"),
    ("train_vectors", training(min_count=1), 2, "`min_count` was ignored: every word"),
    ("train_vectors", training(workers=3), 2, "several threads"),
    ("train_vectors", off_by_one, 2, "`min_count` is off by one"),
    ("train_vectors", letters, 0, "trained on letters"),
    ("train_vectors", only_vectors, 2, "be used"),
    ("train_vectors", lambda corpus, kind, **settings: None, 0, "returns nothing"),
    ("document_features", featuring(seen_only), 2, "Words that fastText has not seen in training"),
    ("document_features", featuring(split_at_spaces), 1, "split at spaces only"),
    ("document_features", featuring(each_once), 1, "Each different word counts once"),
    ("document_features", featuring(all_words_count), 2, "Unknown words count in the number"),
    ("document_features", featuring(unit_means), 0, "The means were scaled to length 1"),
    ("document_features", featuring(letters_of), 0, "Letters were looked up instead of words"),
    ("document_features", known_rows_first, 2, "Row i does not belong to text i"),
    ("document_features", lambda texts, vectors: None, 0, "returns nothing"),
    ("gamma_of", gamma(lambda x, root: 1 / (x.shape[0] * root(variance(x)))), 0, "number of rows"),
    ("gamma_of", gamma(lambda x, root: 1 / root(variance(x))), 0, "number of features is missing"),
    ("gamma_of", gamma(lambda x, root: x.shape[1] * root(variance(x))), 0, "1 / gamma"),
    (
        "gamma_of",
        gamma(lambda x, root: 1 / (x.shape[1] * root(x.multiply(x).mean()))),
        0,
        "The square of the mean was not subtracted",
    ),
    ("gamma_of", lambda features, rule: None, 0, "should be a number"),
    (
        "gamma_of",
        gamma(lambda x, root: 1 / (x.shape[1] * root(within_columns(x)))),
        0,
        "taken within each column",
    ),
    (
        "gamma_of",
        gamma(lambda x, root: 1 / (x.shape[1] * root((x @ np.eye(x.shape[1])).var()))),
        1,
        "The sparse matrix was made dense",
    ),
    ("gamma_of", squared_in_place, 0, "The matrix that was passed was changed"),
    *(
        ("run_baseline", baseline(words=words), 2, f"`{next(iter(words))}=")
        for words in (
            {"stop_words": "english"},
            {"lowercase": False},
            {"sublinear_tf": True},
            {"token_pattern": r"\w+"},
            {"ngram_range": (1, 2)},
            {"min_df": 2},
        )
    ),
    ("run_baseline", baseline(svc={"C": 10}), 1, "Another setting of `SVC` was changed"),
    ("run_baseline", baseline(svc={"class_weight": "balanced"}), 1, "Another setting of `SVC`"),
    ("run_baseline", baseline(result=rings_at_a_share), 2, "looks at the accuracy"),
    ("run_baseline", no_rule, 0, "never called"),
    ("run_baseline", baseline(gamma_from="test"), 2, "was given the features of the test texts"),
    ("run_baseline", baseline(answer="train"), 1, "that of the training texts"),
    ("run_baseline", baseline(result=lambda a, c, o, *_: (a * 100, c, o)), 2, "in percent"),
    ("run_baseline", baseline(result=lambda a, c, o, *_: (1 - a, c, o)), 2, "share of wrong answers"),
    ("run_baseline", baseline(result=lambda a, c, o, *_: (a, c / c.sum(), o)), 2, "shares, not counts"),
    (
        "run_baseline",
        baseline(result=lambda a, c, o, labels, answers: (a, confusion_matrix(labels, answers), o)),
        2,
        "leaves out a class",
    ),
    ("run_baseline", baseline(result=lambda a, c, o, *_: (a, c)), 0, "does not return three things"),
    ("run_baseline", baseline(result=lambda a, c, o, *_: None), 0, "returns nothing"),
    ("run_baseline", baseline(result=lambda a, c, o, *_: (a, c, a < 0.6)), 2, "`one_class`"),
]


@pytest.mark.parametrize(
    ("task", "function", "points", "words"), MORE, ids=[f"{case[0]}-{case[3]}" for case in MORE]
)
@pytest.mark.filterwarnings("ignore")
def test_further_mistakes(right, task, function, points, words):
    right[task] = function
    found = PRETRAINING.verdicts(right, [task])
    said = [message["what"] for message in faults(found)]
    assert any(words in what for what in said), said
    assert found[task].points == points, said


def save_and_load(save, load):
    return {"save_model": save, "load_model": load}


FURTHER_SAVING = [
    (
        save_and_load(lambda model, folder: None, lambda folder: None),
        0,
        ["returns nothing", "Nothing was saved into the folder"],
    ),
    (
        save_and_load(
            lambda model, folder: model.save(f"{folder}/a"), lambda folder: Word2Vec.load(f"{folder}/b")
        ),
        0,
        ["What was saved cannot be loaded"],
    ),
    (
        save_and_load(
            lambda model, folder: model.save(f"{folder}/a"),
            lambda folder: Word2Vec([["one", "two"]] * 9, vector_size=8, min_count=1),
        ),
        0,
        ["be used"],
    ),
]


def saves_also_to(place):
    def save(model, folder):
        model.save(f"{folder}/a")
        model.wv.save(str(Path(place(), "copy.kv")))

    return save_and_load(save, lambda folder: Word2Vec.load(f"{folder}/a"))


def vectors_in_a_new_model(folder):
    """gensim's own thread dies in training it, and the call would wait for ever."""
    vectors = KeyedVectors.load(f"{folder}/a")
    model = Word2Vec(vector_size=vectors.vector_size)
    model.wv = vectors
    return model


FURTHER_SAVING += [
    (
        save_and_load(lambda model, folder: model.wv.save(f"{folder}/a"), vectors_in_a_new_model),
        2,
        ["Only the vectors came back, not the model"],
    )
]
loaded_before = {}


def saves_and_remembers(model, folder):
    loaded_before[folder] = model
    model.save(f"{folder}/a")


def leaves_large_arrays_behind(model, folder):
    with tempfile.TemporaryDirectory() as other:
        model.save(f"{other}/a")
        shutil.copy(f"{other}/a", folder)


FURTHER_SAVING += [
    (
        save_and_load(
            saves_and_remembers,
            lambda folder: loaded_before.get(folder) or Word2Vec.load(f"{folder}/a"),
        ),
        2,
        ["the model of this session, trained further since"],
    ),
    (
        save_and_load(leaves_large_arrays_behind, lambda folder: Word2Vec.load(f"{folder}/a")),
        2,
        ["one of the files that belong together is missing"],
    ),
]
FURTHER_SAVING += [
    (saves_also_to(place), 2, ["Something was also written outside the folder"])
    for place in (Path.cwd, tempfile.gettempdir)
]


@pytest.mark.parametrize(("functions", "points", "words"), FURTHER_SAVING)
def test_further_mistakes_in_saving(right, functions, points, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write beside the folder they are given
    right |= functions
    before = Path.cwd(), tempfile.gettempdir()
    for full in (False, True):
        found = PRETRAINING.verdicts(right, ["save_model"], full=full)
        said = [message["what"] for message in faults(found)]
        assert all(any(word in what for what in said) for word in words), said
        assert found["save_model"].points == points, said
    assert (Path.cwd(), tempfile.gettempdir()) == before


# What looks like a mistake, and does what was asked.


FINE = [
    ("Sentences", KeepsTheIterator),
    (
        "stream_articles",
        streaming(keep=lambda text: text and not text.strip().lower().startswith("#redirect")),
    ),
    ("train_vectors", lambda corpus, kind, **settings: training()(list(corpus), kind, **settings)),
]


@pytest.mark.parametrize(("task", "function"), FINE, ids=[task for task, _ in FINE])
def test_right_although_it_looks_wrong(right, task, function):
    right[task] = function
    for full in (False, True):
        assert faults(PRETRAINING.verdicts(right, [task], full=full)) == []


def test_no_folder_is_left_behind(right, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert faults(PRETRAINING.verdicts(right)) == []
    right["load_model"] = lambda folder: 1 / 0
    assert faults(PRETRAINING.verdicts(right))
    assert list(tmp_path.iterdir()) == []


def test_the_settings_of_the_example_are_found_out_by_the_students_check(right):
    right["train_vectors"] = training(window=2, vector_size=8)
    said = [message["what"] for message in faults(PRETRAINING.verdicts(right, ["train_vectors"], full=False))]
    assert any("`vector_size` was ignored" in what for what in said), said
