"""The sample class of `embeddings`: right answers in several styles, each typical mistake, and what else comes in.

Each variant says what it must get for each task, and why. `tests/course` compares that with the graded class.
"""

from autograder.sample_class import Variant, one_mistake

FULL = {
    "mean_vector": 3,
    "subword_vector": 3,
    "weighted_mean": 4,
    "classify": 3,
    "label_subsets": 3,
    "tuned_baseline": 3,
}

NGRAMS = """
def ngrams(word, shortest, longest):
    marked = "<" + word + ">"
    found = []
    for length in range(shortest, longest + 1):
        for start in range(len(marked) - length + 1):
            found.append(marked[start : start + length])
    return found
"""

SUBWORD = """
def subword_vector(word, vectors, shortest, longest):
    known = [vectors[piece] for piece in ngrams(word, shortest, longest) if piece in vectors]
    return np.mean(known, axis=0) if known else np.zeros(vectors.vector_size)
"""

IDF = """
def idf(documents):
    count = {}
    for document in documents:
        for word in set(document):
            count[word] = count.get(word, 0) + 1
    return {word: float(np.log((1 + len(documents)) / (1 + df)) + 1) for word, df in count.items()}
"""

WEIGHTED = """
def weighted_mean(tokens, vectors, weights, default):
    total, weight_sum = np.zeros(vectors.vector_size), 0.0
    for word in tokens:
        if word in vectors:
            total += weights.get(word, default) * vectors[word]
            weight_sum += weights.get(word, default)
    return total / weight_sum if weight_sum > 0 else total
"""

FOLDS = """
def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
    losses = []
    for c in strengths:
        found = []
        for fold in np.unique(folds):
            inside = [text for text, number in zip(train_texts, folds) if number != fold]
            outside = [text for text, number in zip(train_texts, folds) if number == fold]
            vectorizer = TfidfVectorizer()
            model = LogisticRegression(C=c, max_iter=1000)
            model.fit(vectorizer.fit_transform(inside), train_labels[folds != fold])
            chances = model.predict_proba(vectorizer.transform(outside))
            own = chances[np.arange(len(outside)), train_labels[folds == fold]]
            found.append(-np.log(own).mean())
        losses.append(float(np.mean(found)))
    best = strengths[int(np.argmin(losses))]
    vectorizer = TfidfVectorizer()
    model = LogisticRegression(C=best, max_iter=1000)
    model.fit(vectorizer.fit_transform(train_texts), train_labels)
    return losses, best, model.predict_proba(vectorizer.transform(test_texts))
"""


def changed(source: str, *pairs: tuple[str, str]) -> str:
    """The source with each first text replaced by the second; the first must be there."""
    for old, new in pairs:
        if old not in source:
            raise ValueError(f"not in the source: {old}")
        source = source.replace(old, new)
    return source


wrong = one_mistake(FULL)

RIGHT = [
    Variant(
        id="s001", title="right", expected=FULL, reason="This is the reference solution."
    ),
    Variant(
        id="s002",
        title="right, with plain loops",
        cells={
            "mean_vector-solution": """
def mean_vector(tokens, vectors):
    total = np.zeros(vectors.vector_size)
    count = 0
    for word in tokens:
        if word in vectors:
            total = total + vectors[word]
            count += 1
    if count == 0:
        return total
    return total / count
""",
            "subword_vector-solution": NGRAMS
            + """
def subword_vector(word, vectors, shortest, longest):
    total = np.zeros(vectors.vector_size)
    count = 0
    for piece in ngrams(word, shortest, longest):
        if piece in vectors:
            total += vectors[piece]
            count += 1
    return total / max(count, 1)
""",
            "weighted_mean-solution": IDF + WEIGHTED,
            "classify-solution": """
def classify(train_features, train_labels, new_features, strength):
    scaler = StandardScaler()
    scaler.fit(train_features)
    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit(scaler.transform(train_features), train_labels)
    return model.predict_proba(scaler.transform(new_features))
""",
            "label_subsets-solution": """
def label_subsets(labels, sizes, seed):
    rng = np.random.default_rng(seed)
    waiting = {}
    for kind in sorted(set(labels.tolist())):
        places = [place for place in range(len(labels)) if labels[place] == kind]
        rng.shuffle(places)
        waiting[kind] = places
    marked = []
    for places in waiting.values():
        for rank, place in enumerate(places):
            marked.append(((rank + 0.5) / len(places), place))
    marked.sort()
    order = [place for _, place in marked]
    subsets = []
    for size in sizes:
        subsets.append(np.array(order[:size]))
    return subsets
""",
            "tuned_baseline-solution": FOLDS,
        },
        expected=FULL,
        reason="Every task does what is asked, in loops; the folds are gone through by hand.",
    ),
    Variant(
        id="s003",
        title="right, in short idioms",
        cells={
            "mean_vector-solution": """
def mean_vector(tokens, vectors):
    return np.mean([vectors[t] for t in tokens if t in vectors] or [np.zeros(vectors.vector_size)], axis=0)
""",
            "subword_vector-solution": """
def ngrams(word, shortest, longest):
    return [
        "".join(piece)
        for n in range(shortest, longest + 1)
        for piece in zip(*(f"<{word}>"[i:] for i in range(n)))
    ]

def subword_vector(word, vectors, shortest, longest):
    rows = [vectors[p] for p in ngrams(word, shortest, longest) if p in vectors]
    return sum(rows, np.zeros(vectors.vector_size)) / (len(rows) or 1)
""",
            "weighted_mean-solution": """
from collections import Counter
from math import log

def idf(documents):
    df = Counter(word for document in documents for word in set(document))
    return {word: log((1 + len(documents)) / (1 + n)) + 1 for word, n in df.items()}

def weighted_mean(tokens, vectors, weights, default):
    known = [word for word in tokens if word in vectors]
    share = np.array([weights.get(word, default) for word in known])
    if share.sum() == 0:
        return np.zeros(vectors.vector_size)
    return np.average([vectors[word] for word in known], axis=0, weights=share)
""",
            "classify-solution": """
def classify(train_features, train_labels, new_features, strength):
    mean, std = train_features.mean(0), train_features.std(0)
    std = np.where(std > 0, std, 1)
    model = LogisticRegression(C=strength, max_iter=1000).fit((train_features - mean) / std, train_labels)
    return model.predict_proba((new_features - mean) / std)
""",
            "label_subsets-solution": """
def label_subsets(labels, sizes, seed):
    rng, n = np.random.default_rng(seed), len(labels)
    shuffled = rng.permutation(n)
    rank = np.array([(labels[shuffled[:i]] == labels[p]).sum() for i, p in enumerate(shuffled)])
    order = shuffled[np.argsort((rank + 0.5) / np.bincount(labels)[labels[shuffled]])]
    return [sorted(order[:size].tolist()) for size in sizes]
""",
            "tuned_baseline-solution": """
def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
    def model(c):
        return make_pipeline(TfidfVectorizer(), LogisticRegression(C=c, max_iter=1000))

    cv, scoring = PredefinedSplit(folds), "neg_log_loss"
    losses = [
        -cross_val_score(model(c), train_texts, train_labels, cv=cv, scoring=scoring).mean() for c in strengths
    ]
    best = min(zip(losses, strengths))[1]
    return losses, best, model(best).fit(train_texts, train_labels).predict_proba(test_texts)
""",
        },
        expected=FULL,
        reason="The same in fewer words: zip of shifted words, np.average, cross_val_score.",
    ),
    Variant(
        id="s004",
        title="right, with other tools: gensim's own n-grams and means, scikit-learn's idf, other solvers",
        cells={
            "mean_vector-solution": """
def mean_vector(tokens, vectors):
    known = [word for word in tokens if word in vectors]
    if not known:
        return np.zeros(vectors.vector_size)
    return vectors.get_mean_vector(known, pre_normalize=False)
""",
            "subword_vector-solution": """
import re

def ngrams(word, shortest, longest):
    return [
        match.group(1)
        for n in range(shortest, longest + 1)
        for match in re.finditer(f"(?=(.{{{n}}}))", "<" + word + ">")
    ]

def subword_vector(word, vectors, shortest, longest):
    found = [piece for piece in ngrams(word, shortest, longest) if piece in vectors.key_to_index]
    if not found:
        return np.zeros(vectors.vector_size)
    return vectors.vectors[[vectors.key_to_index[piece] for piece in found]].mean(axis=0)
""",
            "weighted_mean-solution": """
def idf(documents):
    vectorizer = TfidfVectorizer(analyzer=lambda document: document).fit(documents)
    return dict(zip(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_.tolist()))

def weighted_mean(tokens, vectors, weights, default):
    known = [word for word in tokens if word in vectors]
    share = [weights[word] if word in weights else default for word in known]
    if sum(share) == 0:
        return np.zeros(vectors.vector_size)
    return np.asarray(share) @ np.stack([vectors[word] for word in known]) / sum(share)
""",
            "classify-solution": """
def classify(train_features, train_labels, new_features, strength):
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=strength, solver="newton-cg", tol=1e-8, max_iter=1000)
    )
    return model.fit(train_features, train_labels).predict_proba(new_features)
""",
            "label_subsets-solution": """
import random

def label_subsets(labels, sizes, seed):
    chance = random.Random(seed)
    kinds = np.unique(labels)
    waiting = {k: chance.sample(np.flatnonzero(labels == k).tolist(), int((labels == k).sum())) for k in kinds}
    ends = {k: len(places) for k, places in waiting.items()}
    order = []
    for _ in range(len(labels)):
        # whose next member is due first
        k = min(
            (k for k in kinds if waiting[k]), key=lambda k: (ends[k] - len(waiting[k]) + 0.5) / ends[k]
        )
        order.append(waiting[k].pop())
    return [order[:size] for size in sizes]
""",
            "tuned_baseline-solution": """
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_predict

def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
    losses = []
    for c in strengths:
        model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=c, solver="liblinear", max_iter=1000))
        model[-1].set_params(solver="newton-cholesky")
        chances = cross_val_predict(
            model, train_texts, train_labels, cv=PredefinedSplit(folds), method="predict_proba"
        )
        losses.append(log_loss(train_labels, chances))
    best = strengths[np.argmin(losses)]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=best, max_iter=1000))
    return np.array(losses), best, model.fit(train_texts, train_labels).predict_proba(test_texts)
""",
        },
        expected=FULL,
        reason="Regular expressions, gensim's and scikit-learn's own tools, a Newton solver, `random`.",
    ),
    Variant(
        id="s005",
        title="right, in PyTorch and SciPy, with a class of its own",
        cells={
            "mean_vector-solution": """
import torch

def mean_vector(tokens, vectors):
    rows = [torch.from_numpy(np.array(vectors[word])) for word in tokens if word in vectors]
    return torch.stack(rows).double().mean(dim=0) if rows else torch.zeros(vectors.vector_size)
""",
            "subword_vector-solution": """
import torch

class Word(str):
    def pieces(self, n):
        letters = ["<", *self, ">"]
        while len(letters) >= n:
            yield "".join(letters[:n])
            letters.pop(0)

def ngrams(word, shortest, longest):
    return sum((list(Word(word).pieces(n)) for n in range(shortest, longest + 1)), [])

def subword_vector(word, vectors, shortest, longest):
    return mean_vector(ngrams(word, shortest, longest), vectors)
""",
            "weighted_mean-solution": """
import torch

def idf(documents):
    words = sorted({word for document in documents for word in document})
    has = torch.tensor([[word in document for word in words] for document in documents]).double()
    weights = torch.log((1 + len(documents)) / (1 + has.sum(dim=0))) + 1
    return dict(zip(words, weights.tolist()))

def weighted_mean(tokens, vectors, weights, default):
    known = [word for word in tokens if word in vectors]
    share = torch.tensor([weights.get(word, default) for word in known], dtype=torch.float64)
    if not share.any():
        return torch.zeros(vectors.vector_size)
    rows = torch.from_numpy(np.array([vectors[word] for word in known])).double()
    return (share[:, None] * rows).sum(0) / share.sum()
""",
            "classify-solution": """
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

def classify(train_features, train_labels, new_features, strength):
    scaler = StandardScaler().fit(train_features)
    rows, new = scaler.transform(train_features), scaler.transform(new_features)
    classes = int(train_labels.max()) + 1
    width = rows.shape[1]
    # Two classes share one row of weights in scikit-learn: half of the pull on two rows.
    force = 2.0 if classes == 2 else 1.0
    target = np.eye(classes)[train_labels]

    def loss(flat):
        weights = flat.reshape(classes, width + 1)
        scores = rows @ weights[:, :-1].T + weights[:, -1]
        value = -strength * (target * log_softmax(scores, axis=1)).sum()
        value += force * (weights[:, :-1] ** 2).sum() / 2
        slope = strength * (softmax(scores, axis=1) - target)
        return value, np.hstack([slope.T @ rows + force * weights[:, :-1], slope.sum(0)[:, None]]).ravel()

    found = minimize(
        loss,
        np.zeros(classes * (width + 1)),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": 1e-9, "ftol": 1e-15, "maxiter": 5000},
    )
    weights = found.x.reshape(classes, width + 1)
    return softmax(new @ weights[:, :-1].T + weights[:, -1], axis=1)
""",
            "label_subsets-solution": """
import torch

def label_subsets(labels, sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    marks = torch.empty(len(labels), dtype=torch.float64)
    for kind in set(labels.tolist()):
        places = torch.from_numpy(labels == kind).nonzero().squeeze(1)
        places = places[torch.randperm(len(places), generator=generator)]
        marks[places] = torch.linspace(0.5, len(places) - 0.5, len(places), dtype=torch.float64) / len(places)
    return [marks.topk(size, largest=False).indices for size in sizes]
""",
            "tuned_baseline-solution": """
from sklearn.base import BaseEstimator, ClassifierMixin, clone

class Model(ClassifierMixin, BaseEstimator):
    def __init__(self, C=1.0):
        self.C = C

    def fit(self, texts, labels):
        self.classes_ = np.unique(labels)
        self.vectorizer_ = TfidfVectorizer().fit(texts)
        rows = self.vectorizer_.transform(texts)
        self.head_ = LogisticRegression(C=self.C, max_iter=1000).fit(rows, labels)
        return self

    def predict_proba(self, texts):
        return self.head_.predict_proba(self.vectorizer_.transform(texts))

def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
    search = GridSearchCV(Model(), {"C": strengths}, cv=PredefinedSplit(folds), scoring="neg_log_loss", refit=False)
    search.fit(train_texts, train_labels)
    losses = [-float(score) for score in search.cv_results_["mean_test_score"]]
    final = clone(Model(C=search.best_params_["C"])).fit(train_texts, train_labels)
    return losses, search.best_params_["C"], torch.from_numpy(final.predict_proba(test_texts))
""",
        },
        expected=FULL,
        reason="Tensors count as arrays, and an optimum is one, whichever optimiser finds it.",
    ),
]

WRONG = [
    wrong(
        "s006",
        "the whole text as one word",
        "mean_vector",
        1,
        """
def mean_vector(tokens, vectors):
    text = " ".join(tokens)
    return vectors[text] if tokens and text in vectors else np.zeros(vectors.vector_size)
""",
        "What the original course did: zeros from GloVe, nonsense from fastText. Zeros are right for no known word.",
        "The whole document was looked up as one word",
    ),
    wrong(
        "s007",
        "unknown words are looked up",
        "mean_vector",
        1,
        """
def mean_vector(tokens, vectors):
    if not tokens:
        return np.zeros(vectors.vector_size)
    return np.mean([vectors[word] for word in tokens], axis=0)
""",
        "A KeyError at the first unknown word; fastText's vectors know every word.",
        "An out-of-vocabulary word was looked up",
    ),
    wrong(
        "s008",
        "unknown words as zeros",
        "mean_vector",
        2,
        """
def mean_vector(tokens, vectors):
    zeros = np.zeros(vectors.vector_size)
    return np.mean([vectors[word] if word in vectors else zeros for word in tokens] or [zeros], axis=0)
""",
        "Unknown words pull the mean towards zero.",
        "Words without a vector count in the number",
    ),
    wrong(
        "s009",
        "sum instead of mean",
        "mean_vector",
        1,
        """
def mean_vector(tokens, vectors):
    return sum((vectors[word] for word in tokens if word in vectors), np.zeros(vectors.vector_size))
""",
        "Long texts get large features.",
        "added up, not averaged",
    ),
    wrong(
        "s010",
        "gensim's mean of scaled vectors",
        "mean_vector",
        1,
        """
def mean_vector(tokens, vectors):
    known = [word for word in tokens if word in vectors]
    return vectors.get_mean_vector(known) if known else np.zeros(vectors.vector_size)
""",
        "get_mean_vector scales every vector to length 1 unless told otherwise.",
        "Each vector was scaled to length 1",
    ),
    wrong(
        "s011",
        "the mean of nothing",
        "mean_vector",
        2,
        """
import warnings

def mean_vector(tokens, vectors):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = np.array([vectors[word] for word in tokens if word in vectors])
        return rows.reshape(-1, vectors.vector_size).mean(axis=0)
""",
        "A text without known words gets NaN.",
        "A text without a known word does not get zeros",
    ),
    wrong(
        "s012",
        "no boundary marks",
        "subword_vector",
        0,
        changed(NGRAMS, ('"<" + word + ">"', "word")) + SUBWORD,
        "Without marks a prefix is the same as a middle; every vector is another.",
        "The marks < and > are missing",
    ),
    wrong(
        "s013",
        "the longest n-grams forgotten",
        "subword_vector",
        0,
        changed(NGRAMS, ("longest + 1", "longest")) + SUBWORD,
        "A range stops before its second number.",
        "The longest n-grams are missing",
    ),
    wrong(
        "s014",
        "slices run over the end",
        "subword_vector",
        0,
        changed(NGRAMS, ("len(marked) - length + 1", "len(marked)")) + SUBWORD,
        "Cut-off pieces are in the list, and a piece that is cut to another's length counts twice.",
        "There are pieces cut off at the end",
    ),
    wrong(
        "s015",
        "n-grams as a set",
        "subword_vector",
        1,
        changed(NGRAMS, ("return found", "return sorted(set(found))")) + SUBWORD,
        "A piece that occurs twice counts once; words without such pieces are right.",
        "An n-gram that occurs twice is there only once",
    ),
    wrong(
        "s016",
        "idf from occurrences",
        "weighted_mean",
        3,
        changed(IDF, ("in set(document)", "in document")) + WEIGHTED,
        "A word that one document repeats looks frequent.",
        "A word counts once for each time it occurs",
    ),
    wrong(
        "s017",
        "idf not smooth",
        "weighted_mean",
        2,
        changed(IDF, ("(1 + len(documents)) / (1 + df)) + 1", "len(documents) / df)"))
        + WEIGHTED,
        "The textbook formula instead of the one that was asked for.",
        "The formula is not smooth",
    ),
    wrong(
        "s018",
        "divided by the number of words",
        "weighted_mean",
        2,
        IDF
        + changed(
            WEIGHTED, ("weight_sum += weights.get(word, default)", "weight_sum += 1")
        ),
        "A weighted sum needs the sum of its weights below it.",
        "divided by the number of words, not by their weights",
    ),
    wrong(
        "s019",
        "words without a weight left out",
        "weighted_mean",
        3,
        IDF
        + changed(
            WEIGHTED, ("if word in vectors:", "if word in vectors and word in weights:")
        ),
        "Words that GloVe knows and the training texts do not are what one hopes to gain.",
        "Words without a weight are left out",
    ),
    wrong(
        "s020",
        "no scaling",
        "classify",
        0,
        """
def classify(train_features, train_labels, new_features, strength):
    model = LogisticRegression(C=strength, max_iter=1000).fit(train_features, train_labels)
    return model.predict_proba(new_features)
""",
        "Features with small numbers are at a disadvantage.",
        "The features were not scaled",
    ),
    wrong(
        "s021",
        "the scaler learns from the new texts, too",
        "classify",
        0,
        """
def classify(train_features, train_labels, new_features, strength):
    scaler = StandardScaler().fit(np.concatenate([train_features, new_features]))
    model = LogisticRegression(C=strength, max_iter=1000).fit(scaler.transform(train_features), train_labels)
    return model.predict_proba(scaler.transform(new_features))
""",
        "Leakage: the model depends on texts that do not exist yet.",
        "The scaler was fitted on the new texts, too",
    ),
    wrong(
        "s022",
        "the new texts scaled by themselves",
        "classify",
        0,
        """
def classify(train_features, train_labels, new_features, strength):
    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit(StandardScaler().fit_transform(train_features), train_labels)
    return model.predict_proba(StandardScaler().fit_transform(new_features))
""",
        "fit_transform on the new texts: a single one becomes all zeros.",
        "scaled by their own mean and deviation",
    ),
    wrong(
        "s023",
        "answers instead of probabilities",
        "classify",
        0,
        """
def classify(train_features, train_labels, new_features, strength):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    return model.fit(train_features, train_labels).predict(new_features)
""",
        "`predict` hides how sure the model is.",
        "Answers came, not probabilities",
    ),
    wrong(
        "s024",
        "strength ignored",
        "classify",
        0,
        """
def classify(train_features, train_labels, new_features, strength):
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(train_features, train_labels).predict_proba(new_features)
""",
        "The classifier has scikit-learn's own C.",
        "`strength` was not used",
    ),
    wrong(
        "s025",
        "random, not stratified",
        "label_subsets",
        2,
        """
def label_subsets(labels, sizes, seed):
    order = np.random.default_rng(seed).permutation(len(labels))
    return [order[:size] for size in sizes]
""",
        "Nested and seeded, but small subsets lean to one class by chance.",
        "The subsets are not stratified",
    ),
    wrong(
        "s026",
        "each size drawn anew",
        "label_subsets",
        2,
        """
def label_subsets(labels, sizes, seed):
    rng = np.random.default_rng(seed)
    subsets = []
    for size in sizes:
        marks = np.empty(len(labels))
        for kind in np.unique(labels):
            places = rng.permutation(np.flatnonzero(labels == kind))
            marks[places] = (np.arange(len(places)) + 0.5) / len(places)
        subsets.append(np.argsort(marks)[:size])
    return subsets
""",
        "Every subset is stratified, and holds other labels than the smaller one.",
        "The subsets are not nested",
    ),
    wrong(
        "s027",
        "a fixed seed",
        "label_subsets",
        2,
        """
def label_subsets(labels, sizes, seed):
    rng = np.random.default_rng(0)
    marks = np.empty(len(labels))
    for kind in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == kind))
        marks[places] = (np.arange(len(places)) + 0.5) / len(places)
    return [np.argsort(marks)[:size] for size in sizes]
""",
        "All curves are drawn from the same labels, and their interval has no width.",
        "every seed gives the same subset",
    ),
    wrong(
        "s028",
        "drawn with replacement",
        "label_subsets",
        0,
        """
def label_subsets(labels, sizes, seed):
    rng = np.random.default_rng(seed)
    return [rng.choice(len(labels), size) for size in sizes]
""",
        "The same label is paid for twice, and nothing is nested.",
        "A subset holds the same index twice",
    ),
    wrong(
        "s029",
        "the vectoriser outside the folds",
        "tuned_baseline",
        2,
        """
def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
    vectorizer = TfidfVectorizer()
    rows = vectorizer.fit_transform(train_texts)
    search = GridSearchCV(
        LogisticRegression(max_iter=1000), {"C": strengths}, cv=PredefinedSplit(folds), scoring="neg_log_loss"
    )
    search.fit(rows, train_labels)
    chances = search.predict_proba(vectorizer.transform(test_texts))
    return -search.cv_results_["mean_test_score"], search.best_params_["C"], chances
""",
        "The held-out fold has told which words there are; the choice of C survives here.",
        "The vectoriser was fitted on all training texts, the held-out fold among them",
    ),
    wrong(
        "s030",
        "C chosen on the training texts",
        "tuned_baseline",
        1,
        """
from sklearn.metrics import log_loss

def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
    losses = []
    for c in strengths:
        model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=c, max_iter=1000))
        losses.append(log_loss(train_labels, model.fit(train_texts, train_labels).predict_proba(train_texts)))
    best = strengths[int(np.argmin(losses))]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=best, max_iter=1000))
    return losses, best, model.fit(train_texts, train_labels).predict_proba(test_texts)
""",
        "What knows its texts by heart always wins; where the largest C is right, so are the probabilities.",
        "The largest C was chosen, as the loss on the training texts would have it",
    ),
    wrong(
        "s031",
        "the model of the last fold",
        "tuned_baseline",
        2,
        changed(
            FOLDS,
            ("max_iter=1000", "max_iter=1000, tol=1e-6"),
            (
                "model.fit(vectorizer.fit_transform(train_texts), train_labels)",
                "model.fit(vectorizer.fit_transform(inside), train_labels[folds != fold])",
            ),
        ),
        "A third of the labels is thrown away.",
        "The final model has learnt from some of the folds only",
    ),
    wrong(
        "s032",
        "the largest score mistaken for the smallest loss",
        "tuned_baseline",
        1,
        changed(FOLDS, ("np.argmin(losses)", "np.argmax(losses)")),
        "The losses are right, and the worst C is taken.",
        "The C with the largest loss was chosen",
    ),
    wrong(
        "s033",
        "the vectoriser sees the test texts",
        "tuned_baseline",
        1,
        changed(
            FOLDS,
            ("max_iter=1000", "max_iter=1000, tol=1e-6"),
            (
                "vectorizer.fit_transform(inside)",
                "vectorizer.fit(train_texts + test_texts).transform(inside)",
            ),
            (
                "vectorizer.fit_transform(train_texts)",
                "vectorizer.fit(train_texts + test_texts).transform(train_texts)",
            ),
        ),
        "Words and weights are learnt from texts that are not known yet.",
        "The vectoriser was fitted on the test texts, too",
    ),
]

OTHER = [
    Variant(
        id="s034",
        title="partly done",
        base="blank",
        cells={
            "mean_vector-solution": """
def mean_vector(tokens, vectors):
    known = [vectors[word] for word in tokens if word in vectors]
    return np.mean(known, axis=0) if known else np.zeros(vectors.vector_size)
""",
            "weighted_mean-solution": IDF
            + """
def weighted_mean(tokens, vectors, weights, default):
    raise NotImplementedError()
""",
            "reflection": "1. I would compare it with the mean of the words' vectors.",
        },
        expected={"mean_vector": 3, "weighted_mean": 2},
        reason="One task is right, one is half done, four are not begun, and one written answer awaits its reader.",
        named="is not written yet",
    ),
    Variant(
        id="s035",
        title="a cell that crashes",
        cells={
            "classify-solution": """
def classify(train_features, train_labels, new_features, strength):
    return LogisticRegression(strength=strength).fit(train_features, train_labels)

classify(None, None, None, 1.0)
"""
        },
        expected={**FULL, "classify": 0},
        reason="An argument that does not exist raises in the cell and in the function; the other tasks are right.",
        named="raised an exception",
    ),
]

VARIANTS = [*RIGHT, *WRONG, *OTHER]
