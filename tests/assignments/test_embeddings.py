"""Further answers to `embeddings`: more mistakes, and what the judge's own ways rest on."""

import numpy as np
import pytest
import torch
from gensim.models.fasttext import ft_ngram_hashes
from graded_here import ASSIGNMENTS, faults
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autograder.suites.embeddings import judge

EMBEDDINGS = ASSIGNMENTS["embeddings"]
SEEDS = range(1000, 1012)


@pytest.fixture
def right():
    """The reference solution's functions by name; a test may replace one."""
    return EMBEDDINGS.reference()


# What the judge rests on.


def test_n_grams_and_their_rows_are_those_of_fasttext():
    for seed in SEEDS:
        for word in judge.draw_words(seed, "fasttext", 5):
            rows = [judge.bucket_of(piece, 60) for piece in judge.ngrams(word, 3, 5)]
            assert sorted(rows) == sorted(ft_ngram_hashes(word, 3, 5, 60))


def test_weights_and_rows_are_those_of_scikit_learn():
    for seed in SEEDS[:4]:
        texts = judge.make_texts(seed, "sklearn", "clean")
        vectorizer = TfidfVectorizer().fit(texts.train)
        weights = judge.inverse_document_frequencies([text.split() for text in texts.train])
        assert list(weights) == vectorizer.get_feature_names_out().tolist()
        assert np.allclose(list(weights.values()), vectorizer.idf_)
        assert np.allclose(judge.tfidf(texts.test, texts.train), vectorizer.transform(texts.test).toarray())


def test_the_exact_optimum_is_that_of_scikit_learn():
    for seed in SEEDS[:4]:
        for classes in (2, 3, 4):
            samples = judge.make_samples(seed, f"optimum {classes}", classes)
            standard = [judge.standardise(rows, samples.train) for rows in (samples.train, samples.new)]
            exact = judge.probabilities(standard[0], samples.labels, standard[1], 0.05)
            classifier = LogisticRegression(C=0.05, tol=1e-10, solver="newton-cg", max_iter=1000)
            model = make_pipeline(StandardScaler(), classifier).fit(samples.train, samples.labels)
            assert np.allclose(model.predict_proba(samples.new), exact, atol=1e-6)


def test_one_c_is_clearly_the_best():
    for seed in SEEDS:
        for kind, best in (("clean", 2.0), ("noisy", 0.05)):
            texts = judge.make_texts(seed, "best", kind)
            losses = judge.losses(texts)
            assert texts.strengths[int(losses.argmin())] == best
            first, second, *_ = losses.sort().values
            assert second - first > 0.004
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=best, max_iter=1000))
    found = cross_val_score(
        model, texts.train, texts.labels, cv=PredefinedSplit(texts.folds.numpy()), scoring="neg_log_loss"
    )
    assert -found.mean() == pytest.approx(float(losses.min()), abs=1e-3)


# Further mistakes: the task, the function, its points, the words.


def known(tokens, vectors):
    return [vectors[word] for word in tokens if word in vectors] or [np.zeros(vectors.vector_size)]


def only_seen(tokens, vectors):
    return np.mean([vectors[w] for w in tokens if w in vectors.key_to_index] or known([], vectors), axis=0)


def unit_mean(tokens, vectors):
    mean = np.mean(known(tokens, vectors), axis=0)
    return mean / (np.linalg.norm(mean) or 1)


def cut(word, shortest, longest, marks="<>", last=0):
    marked = marks[:1] + word + marks[1:]
    return [
        marked[start : start + length]
        for length in range(shortest, longest + 1)
        for start in range(len(marked) - length + 1 - last)
    ]


def subword(change):
    def subword_vector(word, vectors, shortest, longest):
        rows = [vectors[piece] for piece in cut(word, shortest, longest) if piece in vectors]
        return change(word, rows, vectors)

    return subword_vector


def weights_by(formula):
    def idf(documents):
        words = {word for document in documents for word in document}
        return {
            word: float(formula(len(documents), sum(word in document for document in documents)))
            for word in words
        }

    return idf


def weighted(*, divide=None, weight=None):
    def weighted_mean(tokens, vectors, weights, default):
        own = [word for word in tokens if word in vectors]
        share = [weight(weights, word, default) if weight else weights.get(word, default) for word in own]
        total = sum((s * vectors[w] for s, w in zip(share, own, strict=True)), np.zeros(vectors.vector_size))
        return total / ((divide(tokens, weights, default) if divide else sum(share)) or 1)

    return weighted_mean


def classify_by(result=lambda model, new: model.predict_proba(new), scale=True):
    def classify(train_features, train_labels, new_features, strength):
        classifier = LogisticRegression(C=strength, max_iter=1000)
        model = make_pipeline(*([StandardScaler()] if scale else []), classifier)
        return result(model.fit(train_features, train_labels), new_features)

    return classify


def order_of(labels, seed):
    chance, marks = np.random.default_rng(seed), np.empty(len(labels))
    for kind in np.unique(labels):
        places = chance.permutation(np.flatnonzero(labels == kind))
        marks[places] = (np.arange(len(places)) + 0.5) / len(places)
    return np.argsort(marks)


def balanced(labels, sizes, seed):
    order, waiting = order_of(labels, seed), {}
    for place in order.tolist():
        waiting.setdefault(int(labels[place]), []).append(place)
    turns = [(rank, place) for places in waiting.values() for rank, place in enumerate(places)]
    return [[place for _, place in sorted(turns)[:size]] for size in sizes]


def unseeded(labels, sizes, seed):
    order = order_of(labels, np.random.SeedSequence().entropy % 2**32)
    return [order[:size] for size in sizes]


def never_the_last(labels, sizes, seed):
    order = order_of(labels, seed)
    if sizes[-1] < len(labels):
        fixed = np.flatnonzero(labels == labels[-1])[-1]
        swap = np.flatnonzero(labels[order] == labels[fixed])[-1]
        place = np.flatnonzero(order == fixed)[0]
        order[[place, swap]] = order[[swap, place]]
    return [order[:size] for size in sizes]


def baseline(
    *, losses=lambda found: found, best=lambda value, place: value, scoring="neg_log_loss", say=None
):
    def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
        def model(c):
            return make_pipeline(TfidfVectorizer(), LogisticRegression(C=c, max_iter=1000))

        cv = PredefinedSplit(folds)
        found = np.array(
            [
                -cross_val_score(model(c), train_texts, train_labels, cv=cv, scoring=scoring).mean()
                for c in strengths
            ]
        )
        place = int(found.argmin())
        final = model(strengths[place]).fit(train_texts, train_labels)
        said = say(final, test_texts) if say else final.predict_proba(test_texts)
        return losses(found), best(strengths[place], place), said

    return tuned_baseline


def own_c(train_texts, train_labels, folds, test_texts, strengths):
    found, best, _ = baseline()(train_texts, train_labels, folds, test_texts, strengths)
    final = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(train_texts, train_labels)
    return found, best, final.predict_proba(test_texts)


def mean_of(words, vectors):
    return np.mean(known(words, vectors), axis=0)


def until_unknown(tokens, vectors):
    unknown = [place for place, word in enumerate(tokens) if word not in vectors]
    return mean_of(tokens[: min(unknown, default=None)], vectors)


def kept_by_word():
    answers = {}
    return lambda word, vectors, s, t: answers.setdefault(word, mean_of(cut(word, s, t), vectors))


def smooth(documents, has=lambda word, document: word in document, count=len):
    words = {word for document in documents for word in document}
    frequency = {word: sum(has(word, document) for document in documents) for word in words}
    return {word: float(np.log((1 + count(documents)) / (1 + df)) + 1) for word, df in frequency.items()}


def marked(shift=0.5, shuffle=lambda places, seed: np.random.default_rng(seed).permutation(places)):
    def label_subsets(labels, sizes, seed):
        marks = np.empty(len(labels))
        for kind in np.unique(labels):
            places = shuffle(np.flatnonzero(labels == kind), seed)
            marks[places] = (np.arange(len(places)) + shift) / len(places)
        return [np.argsort(marks, kind="stable")[:size] for size in sizes]

    return label_subsets


def chosen_by(choose):
    """The best C by what ``choose`` makes of the losses."""

    def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
        found, _, said = baseline()(train_texts, train_labels, folds, test_texts, strengths)
        return found, choose(found, strengths), said

    return tuned_baseline


def no_stop_words(train_texts, train_labels, folds, test_texts, strengths):
    def cut(texts):
        stop = TfidfVectorizer(stop_words="english").get_stop_words()
        return [" ".join(word for word in text.split() if word not in stop) for text in texts]

    return baseline()(cut(train_texts), train_labels, folds, cut(test_texts), strengths)


def by_accuracy(train_texts, train_labels, folds, test_texts, strengths):
    found, _, said = baseline()(train_texts, train_labels, folds, test_texts, strengths)
    shares = baseline(scoring="accuracy")(train_texts, train_labels, folds, test_texts, strengths)
    return found, shares[1], said


MORE = [
    ("mean_vector", "mean_vector", lambda tokens, vectors: None, 0, "returns nothing"),
    ("mean_vector", "mean_vector", only_seen, 2, "Words that fastText has not seen in training"),
    ("mean_vector", "mean_vector", unit_mean, 1, "The mean was scaled to length 1"),
    (
        "mean_vector",
        "mean_vector",
        lambda tokens, vectors: np.mean(known(sorted(set(tokens)), vectors), axis=0),
        1,
        "Each different word counts once",
    ),
    (
        "mean_vector",
        "mean_vector",
        lambda tokens, vectors: np.max(known(tokens, vectors), axis=0),
        1,
        "The largest of each number",
    ),
    (
        "mean_vector",
        "mean_vector",
        lambda tokens, vectors: vectors[" ".join(tokens)],
        0,
        "looked up as one word",
    ),
    ("subword_vector", "ngrams", lambda *_: None, 0, "returns nothing"),
    ("subword_vector", "ngrams", lambda w, s, t: cut(w, s, t, last=1), 0, "the last n-gram of each length"),
    ("subword_vector", "ngrams", lambda w, s, t: cut(w, s, s), 0, "Only n-grams of the shortest length"),
    ("subword_vector", "ngrams", lambda w, s, t: cut(w, t, t), 0, "Only n-grams of the longest length"),
    ("subword_vector", "ngrams", lambda w, s, t: cut(w, 1, t), 0, "too short are there"),
    ("subword_vector", "ngrams", lambda w, s, t: cut("<" + w, s, t, ""), 0, "The mark > at the end"),
    ("subword_vector", "ngrams", lambda w, s, t: cut(w + ">", s, t, ""), 0, "The mark < at the start"),
    (
        "subword_vector",
        "subword_vector",
        subword(lambda word, rows, vectors: sum(rows, np.zeros(vectors.vector_size))),
        2,
        "added up, not averaged",
    ),
    (
        "subword_vector",
        "subword_vector",
        subword(lambda word, rows, vectors: np.mean(rows or [np.ones(vectors.vector_size)], axis=0)),
        2,
        "A word without a known n-gram",
    ),
    (
        "subword_vector",
        "subword_vector",
        lambda word, vectors, s, t: vectors[word] if word in vectors else np.zeros(vectors.vector_size),
        2,
        "The word itself was looked up",
    ),
    ("weighted_mean", "idf", lambda documents: None, 2, "returns nothing"),
    ("weighted_mean", "idf", weights_by(lambda n, df: np.log((1 + n) / (1 + df))), 2, "The 1 at the end"),
    ("weighted_mean", "idf", weights_by(lambda n, df: np.log10((1 + n) / (1 + df)) + 1), 2, "base 10"),
    ("weighted_mean", "idf", weights_by(lambda n, df: np.log(n / (1 + df)) + 1), 2, "added to df, not to n"),
    ("weighted_mean", "idf", weights_by(lambda n, df: (1 + n) / (1 + df)), 2, "logarithm is missing"),
    ("weighted_mean", "idf", weights_by(lambda n, df: df), 2, "the counts themselves"),
    (
        "weighted_mean",
        "weighted_mean",
        weighted(divide=lambda tokens, weights, default: 1),
        2,
        "added up, not averaged",
    ),
    (
        "weighted_mean",
        "weighted_mean",
        weighted(divide=lambda t, weights, d: sum(weights.get(word, d) for word in t)),
        3,
        "weights of words without a vector",
    ),
    (
        "weighted_mean",
        "weighted_mean",
        weighted(weight=lambda weights, word, d: weights.get(word, 1.0)),
        3,
        "1 instead of `default`",
    ),
    (
        "weighted_mean",
        "weighted_mean",
        weighted(weight=lambda weights, word, d: 1.0),
        2,
        "The weights were not used",
    ),
    ("classify", "classify", lambda *_: None, 0, "returns nothing"),
    (
        "classify",
        "classify",
        classify_by(lambda model, new: model.predict_proba(new)[:, ::-1].copy()),
        0,
        "wrong order",
    ),
    (
        "classify",
        "classify",
        classify_by(lambda model, new: model.predict_proba(new).round()),
        0,
        "Answers came",
    ),
    (
        "classify",
        "classify",
        classify_by(lambda model, new: model.predict_proba(new)[:, 1]),
        0,
        "the probability of one class",
    ),
    (
        "classify",
        "classify",
        classify_by(lambda model, new: model[-1].predict_proba(new)),
        0,
        "The new features were not scaled",
    ),
    ("label_subsets", "label_subsets", lambda *_: None, 0, "returns nothing"),
    ("label_subsets", "label_subsets", balanced, 2, "balanced, not stratified"),
    ("label_subsets", "label_subsets", unseeded, 2, "The same seed does not give the same"),
    ("label_subsets", "label_subsets", never_the_last, 2, "Some labels are never chosen"),
    (
        "label_subsets",
        "label_subsets",
        lambda labels, sizes, seed: [order_of(labels, seed)[: size - 1] for size in sizes],
        0,
        "does not have the size",
    ),
    (
        "label_subsets",
        "label_subsets",
        lambda labels, sizes, seed: [labels[order_of(labels, seed)[:size]] for size in sizes],
        0,
        "the same index twice",
    ),
    ("tuned_baseline", "tuned_baseline", lambda *_: None, 0, "returns nothing"),
    ("tuned_baseline", "tuned_baseline", baseline(losses=lambda found: -found), 2, "wrong sign"),
    (
        "tuned_baseline",
        "tuned_baseline",
        baseline(losses=lambda found: found * 3),
        2,
        "added up, not averaged",
    ),
    (
        "tuned_baseline",
        "tuned_baseline",
        baseline(losses=lambda found: np.sort(found)[[2, 0, 1]][::-1].copy()),
        2,
        "The losses are",
    ),
    (
        "tuned_baseline",
        "tuned_baseline",
        baseline(best=lambda value, place: place),
        2,
        "one of the values of C",
    ),
    (
        "tuned_baseline",
        "tuned_baseline",
        baseline(say=lambda model, texts: model.predict_proba(texts).round()),
        2,
        "Answers came",
    ),
    ("tuned_baseline", "tuned_baseline", own_c, 2, "scikit-learn's own C"),
    (
        "mean_vector",
        "mean_vector",
        lambda t, v: mean_of([w.lower() for w in t], v),
        2,
        "changed to lower case",
    ),
    (
        "mean_vector",
        "mean_vector",
        lambda t, v: mean_of([word for word in t if word in v and v[word].any()], v),
        2,
        "all zeros was left out",
    ),
    ("mean_vector", "mean_vector", until_unknown, 2, "stops at the first unknown word"),
    ("subword_vector", "ngrams", lambda w, s, t: cut(w.lower(), s, t), 1, "changed to lower case"),
    ("subword_vector", "subword_vector", lambda w, v, s, t: mean_of(cut(w, 3, 5), v), 2, "other lengths"),
    (
        "subword_vector",
        "subword_vector",
        lambda w, v, s, t: v[w] if w in v else mean_of(cut(w, s, t), v),
        2,
        "The word itself was looked up, not",
    ),
    (
        "subword_vector",
        "subword_vector",
        lambda w, v, s, t: mean_of(cut(f"<{w}>", s, t), v),
        2,
        "marked twice",
    ),
    ("subword_vector", "subword_vector", kept_by_word(), 2, "earlier call came again"),
    ("weighted_mean", "idf", lambda d: smooth([[w.lower() for w in one] for one in d]), 2, "to lower case"),
    ("weighted_mean", "idf", lambda d: smooth([[w for w in one if w[1:]] for one in d]), 2, "are missing"),
    ("weighted_mean", "idf", lambda d: smooth(d, count=lambda n: sum(map(bool, n))), 2, "without a word"),
    ("weighted_mean", "idf", lambda d: smooth(d, lambda w, one: w in " ".join(one)), 2, "part of another"),
    (
        "weighted_mean",
        "weighted_mean",
        weighted(weight=lambda weights, word, d: weights.get(word) or d),
        3,
        "A weight of 0",
    ),
    (
        "weighted_mean",
        "weighted_mean",
        weighted(weight=lambda weights, word, d: weights.setdefault(word, d)),
        3,
        "that was passed in was changed",
    ),
    ("label_subsets", "label_subsets", marked(0), 2, "The marks are i / n"),
    ("label_subsets", "label_subsets", marked(1), 2, "The marks are (i + 1) / n"),
    ("label_subsets", "label_subsets", marked(shuffle=np.roll), 2, "only shifted, not shuffled"),
    ("tuned_baseline", "tuned_baseline", by_accuracy, 2, "only nearly the smallest"),
    (
        "tuned_baseline",
        "tuned_baseline",
        chosen_by(lambda found, c: c[int(found.round(2).argmin())]),
        2,
        "only nearly the smallest",
    ),
    (
        "tuned_baseline",
        "tuned_baseline",
        chosen_by(
            lambda found, cs: min(c for c, loss in zip(cs, found, strict=True) if loss < found.min() * 1.01)
        ),
        2,
        "only nearly the smallest",
    ),
    ("tuned_baseline", "tuned_baseline", no_stop_words, 1, "Stop words were left out"),
]


@pytest.mark.parametrize(
    ("task", "name", "function", "points", "words"),
    MORE,
    ids=[f"{case[1]}-{case[4] or number}" for number, case in enumerate(MORE)],
)
@pytest.mark.filterwarnings("ignore")
def test_further_mistakes(right, task, name, function, points, words):
    right[name] = function
    found = EMBEDDINGS.verdicts(right, [task])
    said = [message["what"] for message in faults(found)]
    assert any(words in what for what in said), said
    assert found[task].points == points, said


def test_other_right_forms(right):
    right["classify"] = classify_by(lambda model, new: model.predict_proba(new).astype(np.float32))
    right["label_subsets"] = lambda labels, sizes, seed: tuple(
        order_of(labels, seed)[:size].tolist() for size in sizes
    )
    assert faults(EMBEDDINGS.verdicts(right, ["classify", "label_subsets"])) == []


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "uint32", "uint64"])
def test_indices_of_any_integer_dtype(right, dtype):
    right["label_subsets"] = lambda labels, sizes, seed: [
        order_of(labels, seed)[:size].astype(dtype) for size in sizes
    ]
    assert faults(EMBEDDINGS.verdicts(right, ["label_subsets"])) == []


def test_the_losses_are_logarithms_of_the_right_class():
    said = np.array([[0.8, 0.2], [0.4, 0.6], [0.9, 0.1]])
    labels = np.array([0, 1, 1])
    found = judge.log_loss(torch.from_numpy(said), torch.from_numpy(labels))
    assert found == pytest.approx(log_loss(labels, said))
