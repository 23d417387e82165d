"""The sample class of `pretraining`: right answers in several styles, each typical mistake, and what else comes in.

Each variant says what it must get for each task, and why. `tests/course` compares that with the graded class.
"""

from autograder.sample_class import Variant, one_mistake

FULL = {
    "stream_articles": 3,
    "Sentences": 3,
    "train_vectors": 3,
    "save_model": 3,
    "document_features": 3,
    "gamma_of": 2,
    "run_baseline": 3,
}


wrong = one_mistake(FULL)

RIGHT = [
    Variant(
        id="s001",
        title="right",
        expected=FULL,
        reason="This is the reference solution.",
    ),
    Variant(
        id="s002",
        title="right, with plain loops",
        cells={
            "stream_articles-solution": """
import re

def stream_articles(path):
    file = bz2.BZ2File(path, "rb")
    for title, text, number in extract_pages(file, filter_namespaces=["0"]):
        if text == "":
            continue
        if re.match("#redirect", text, flags=re.IGNORECASE):
            continue
        tokens = []
        for token in tokenize(filter_wiki(text)):
            tokens.append(token)
        yield title, tokens
    file.close()
""",
            "Sentences-solution": """
class Sentences:
    def __init__(self, stream, path, length=10_000):
        self.stream = stream
        self.path = path
        self.length = length

    def __iter__(self):
        for title, tokens in self.stream(self.path):
            piece = []
            for token in tokens:
                piece.append(token)
                if len(piece) == self.length:
                    yield piece
                    piece = []
            if piece:
                yield piece
""",
            "train_vectors-solution": """
def train_vectors(corpus, kind, *, vector_size, window, min_count, epochs, seed, bucket):
    if kind == "word2vec":
        model = Word2Vec(vector_size=vector_size, window=window, min_count=min_count, seed=seed, workers=1)
    else:
        model = FastText(
            vector_size=vector_size, window=window, min_count=min_count, seed=seed, workers=1, bucket=bucket
        )
    model.build_vocab(corpus)
    model.train(corpus, total_examples=model.corpus_count, epochs=epochs)
    return model
""",
            "document_features-solution": """
def document_features(texts, vectors):
    rows = []
    for text in texts:
        total = np.zeros(vectors.vector_size, dtype=np.float32)
        count = 0
        for word in text.split():
            if word in vectors:
                total += vectors[word]
                count += 1
        if count > 0:
            total /= count
        rows.append(total)
    return np.array(rows)
""",
            "gamma_of-solution": """
def gamma_of(features, rule):
    rows, columns = features.shape
    total = square = 0.0
    for value in features.data:
        total += value
        square += value * value
    mean = total / (rows * columns)
    variance = square / (rows * columns) - mean * mean
    if rule == "variance":
        return 1 / (columns * variance)
    return 1 / (columns * variance ** 0.5)
""",
            "run_baseline-solution": """
def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    vectorizer = TfidfVectorizer()
    vectorizer.fit(train_texts)
    features = vectorizer.transform(train_texts)
    model = SVC(gamma=gamma_rule(features))
    model.fit(features, train_labels)
    answers = model.predict(vectorizer.transform(test_texts))
    confusion = np.zeros((2, 2), dtype=int)
    for true, answer in zip(test_labels, answers):
        confusion[true, answer] += 1
    accuracy = (confusion[0, 0] + confusion[1, 1]) / len(test_labels)
    one_class = confusion[:, 0].sum() == 0 or confusion[:, 1].sum() == 0
    return accuracy, confusion, one_class
""",
        },
        expected=FULL,
        reason="Every task does what is asked, in loops; the vocabulary is built first and trained then.",
    ),
    Variant(
        id="s003",
        title="right, in short idioms",
        cells={
            "stream_articles-solution": """
def stream_articles(path):
    pages = extract_pages(bz2.open(path), filter_namespaces=("0",))
    texts = ((title, text) for title, text, _ in pages if text)
    return (
        (title, tokenize(filter_wiki(text)))
        for title, text in texts
        if text[:9].upper() != "#REDIRECT"
    )
""",
            "Sentences-solution": """
class Sentences:
    def __init__(self, *args, **kwargs):
        self.settings = args, kwargs

    def _open(self, stream, path, length=10_000):
        return (
            tokens[i : i + length] for _, tokens in stream(path) for i in range(0, len(tokens), length)
        )

    def __iter__(self):
        args, kwargs = self.settings
        return self._open(*args, **kwargs)
""",
            "train_vectors-solution": """
def train_vectors(corpus, kind, *, bucket, **settings):
    options = {"word2vec": (Word2Vec, {}), "fasttext": (FastText, {"bucket": bucket})}
    model, more = options[kind]
    return model(sentences=corpus, workers=1, **settings, **more)
""",
            "save_model-solution": """
def save_model(model, folder):
    model.save(folder + "/m")

def load_model(folder):
    return KeyedVectors.load(folder + "/m")
""",
            "document_features-solution": """
def document_features(texts, vectors):
    def mean(words):
        return vectors.get_mean_vector(words, pre_normalize=False) if words else np.zeros(vectors.vector_size)

    return np.stack([mean([word for word in text.split() if word in vectors]) for text in texts])
""",
            "gamma_of-solution": """
def gamma_of(features, rule):
    variance = features.power(2).mean() - np.square(features.mean())
    return 1 / features.shape[1] / {"variance": variance, "deviation": np.sqrt(variance)}[rule]
""",
            "run_baseline-solution": """
def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    tfidf = TfidfVectorizer().fit(train_texts)
    train, test = map(tfidf.transform, (train_texts, test_texts))
    answers = SVC(gamma=gamma_rule(train)).fit(train, train_labels).predict(test)
    confusion = [[int(((test_labels == t) & (answers == a)).sum()) for a in (0, 1)] for t in (0, 1)]
    return np.trace(confusion) / len(answers), confusion, bool(np.ptp(answers) == 0)
""",
        },
        expected=FULL,
        reason="The same in fewer words: a generator expression is as lazy as a generator function.",
    ),
    Variant(
        id="s004",
        title="right, with other tools: XML parsed by hand, pandas-like counting, a pipeline",
        cells={
            "stream_articles-solution": """
from xml.etree.ElementTree import iterparse

def stream_articles(path):
    def value(page, name):
        found = page.find(".//{*}" + name)
        return (found.text or "") if found is not None else None

    with bz2.open(path, "rb") as dump:
        for _, element in iterparse(dump):
            if element.tag.endswith("}page"):
                text = value(element, "text")
                main = value(element, "ns") == "0"
                if main and text and not text.casefold().startswith("#redirect"):
                    yield value(element, "title"), tokenize(filter_wiki(text))
                element.clear()
""",
            "Sentences-solution": """
import itertools

class Pieces:
    def __init__(self, articles, length):
        self.articles, self.length, self.waiting = articles, length, iter(())

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            piece = list(itertools.islice(self.waiting, self.length))
            if piece:
                return piece
            self.waiting = iter(next(self.articles)[1])

class Sentences:
    def __init__(self, stream, path, length=10_000):
        self.start = lambda: Pieces(iter(stream(path)), length)

    def __iter__(self):
        return self.start()
""",
            "train_vectors-solution": """
def train_vectors(corpus, kind, *, vector_size, window, min_count, epochs, seed, bucket):
    settings = dict(
        vector_size=vector_size, window=window, min_count=min_count, epochs=epochs, seed=seed, workers=1
    )
    sentences = list(corpus)
    if kind == "fasttext":
        settings["bucket"] = bucket
    model = {"fasttext": FastText, "word2vec": Word2Vec}[kind](**settings)
    model.build_vocab(sentences)
    model.train(sentences, total_words=model.corpus_total_words, total_examples=len(sentences), epochs=epochs)
    return model
""",
            "save_model-solution": """
import os, shutil

def save_model(model, folder):
    os.makedirs(os.path.join(folder, "inside"))
    path = os.path.join(folder, "inside", type(model).__name__ + ".gensim")
    model.save(path, sep_limit=100)

def load_model(folder):
    names = os.listdir(os.path.join(folder, "inside"))
    [name] = [name for name in names if name.endswith(".gensim")]
    kind = FastText if name.startswith("FastText") else Word2Vec
    return kind.load(os.path.join(folder, "inside", name))
""",
            "document_features-solution": """
from collections import Counter

def document_features(texts, vectors):
    features = np.zeros((len(texts), vectors.vector_size), dtype="float32")
    for i, text in enumerate(texts):
        counts = Counter(filter(vectors.__contains__, text.split()))
        if counts:
            rows = np.array([vectors[word] for word in counts])
            features[i] = np.average(rows, axis=0, weights=list(counts.values()))
    return features
""",
            "gamma_of-solution": """
def gamma_of(features, rule):
    size = features.shape[0] * features.shape[1]
    mean = features.sum() / size
    zeros = size - features.nnz
    variance = (np.sum((features.data - mean) ** 2) + zeros * mean**2) / size
    return 1.0 / (features.shape[1] * (variance if rule == "variance" else variance**0.5))
""",
            "run_baseline-solution": """
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline

def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    steps = make_pipeline(CountVectorizer(), TfidfTransformer())
    features = steps.fit_transform(train_texts)
    classifier = SVC()
    classifier.gamma = gamma_rule(features)
    classifier.fit(features, train_labels)
    answers = classifier.predict(steps.transform(test_texts))
    confusion = confusion_matrix(test_labels, answers, labels=classifier.classes_)
    return accuracy_score(test_labels, answers), confusion, len(np.unique(answers)) == 1
""",
        },
        expected=FULL,
        reason="Unusual means, the behaviour that was asked for; arrays saved beside the model are kept with it.",
    ),
    Variant(
        id="s005",
        title="right, with helpers and an open file left to the garbage collector",
        cells={
            "stream_articles-solution": """
def is_article(text):
    return len(text) > 0 and text[: len("#redirect")].lower() != "#redirect"

def stream_articles(path):
    for page in extract_pages(bz2.open(path, "rb"), ("0",)):
        if is_article(page[1]):
            yield page[0], tokenize(filter_wiki(page[1]))
""",
            "Sentences-solution": """
def pieces_of(tokens, length):
    while tokens:
        yield tokens[:length]
        tokens = tokens[length:]

class Sentences(object):
    def __init__(self, stream, path, length=10000):
        self.__dict__.update(stream=stream, path=path, length=length)

    def __iter__(self):
        articles = self.stream(self.path)
        for article in articles:
            yield from pieces_of(article[1], self.length)
""",
            "save_model-solution": """
import pickle

def save_model(model, folder):
    with open(Path(folder) / "model.pickle", "wb") as file:
        pickle.dump(model, file)

def load_model(folder):
    with open(Path(folder) / "model.pickle", "rb") as file:
        return pickle.load(file)
""",
            "document_features-solution": """
def one_row(text, vectors):
    known = [word for word in text.split() if word in vectors]
    return vectors[known].mean(axis=0) if known else np.zeros(vectors.vector_size)

def document_features(texts, vectors):
    return np.array([one_row(text, vectors) for text in texts])
""",
            "gamma_of-solution": """
def gamma_of(features, rule):
    squares = features.copy()
    squares.data = squares.data**2
    spread = squares.mean() - features.mean() ** 2
    if rule == "deviation":
        spread = np.sqrt(spread)
    return np.float64(1) / (spread * features.shape[1])
""",
        },
        expected=FULL,
        reason="Helper functions, a pickle of one's own, NumPy's numbers: all of it does what was asked.",
    ),
]

WRONG = [
    wrong(
        "s006",
        "reads the whole dump into a list first",
        "stream_articles",
        2,
        """
def stream_articles(path):
    with bz2.open(path) as dump:
        pages = list(extract_pages(dump, filter_namespaces=("0",)))
    return [
        (title, tokenize(filter_wiki(text)))
        for title, text, _ in pages
        if text and not text.lower().startswith("#redirect")
    ]
""",
        "The articles are right, and they come only after the last byte was read.",
        "The whole file is read before the first article comes",
    ),
    wrong(
        "s007",
        "redirects kept",
        "stream_articles",
        2,
        """
def stream_articles(path):
    with bz2.open(path) as dump:
        for title, text, _ in extract_pages(dump, filter_namespaces=("0",)):
            if text:
                yield title, tokenize(filter_wiki(text))
""",
        "A redirect has a title and a line of markup; it is no article.",
        "Redirects are kept",
    ),
    wrong(
        "s008",
        "other namespaces come as empty articles",
        "stream_articles",
        2,
        """
def stream_articles(path):
    with bz2.open(path) as dump:
        for title, text, _ in extract_pages(dump, filter_namespaces=("0",)):
            if not text.lower().startswith("#redirect"):
                yield title, tokenize(filter_wiki(text))
""",
        "extract_pages empties pages of other namespaces, and yields them all the same.",
        "Pages of other namespaces still come",
    ),
    wrong(
        "s009",
        "talk and template pages kept",
        "stream_articles",
        2,
        """
def stream_articles(path):
    with bz2.open(path) as dump:
        for title, text, _ in extract_pages(dump):
            if text and not text.lower().startswith("#redirect"):
                yield title, tokenize(filter_wiki(text))
""",
        "Without a filter the discussions and templates come, too.",
        "Pages of other namespaces are kept",
    ),
    wrong(
        "s010",
        "markup left in the text",
        "stream_articles",
        2,
        """
def stream_articles(path):
    with bz2.open(path) as dump:
        for title, text, _ in extract_pages(dump, filter_namespaces=("0",)):
            if text and not text.lower().startswith("#redirect"):
                yield title, tokenize(text)
""",
        "The right articles, with the words of their templates, footnotes and comments.",
        "Wiki markup is left in the text",
    ),
    wrong(
        "s011",
        "namespace told by the colon in the title; #REDIRECT anywhere",
        "stream_articles",
        2,
        """
def stream_articles(path):
    with bz2.open(path) as dump:
        for title, text, _ in extract_pages(dump):
            if ":" not in title and text and "#redirect" not in text.lower():
                yield title, tokenize(filter_wiki(text))
""",
        "An article with a colon in its title is lost, and one that is about redirects.",
        "because of the colon in its title",
    ),
    wrong(
        "s012",
        "the stream is made in the constructor",
        "Sentences",
        2,
        """
class Sentences:
    def __init__(self, stream, path, length=10_000):
        self.articles = stream(path)
        self.length = length

    def __iter__(self):
        for _, tokens in self.articles:
            for start in range(0, len(tokens), self.length):
                yield tokens[start : start + self.length]
""",
        "The first loop exhausts the generator, so that training sees nothing.",
        "the stream is exhausted after the first",
    ),
    wrong(
        "s013",
        "everything in a list",
        "Sentences",
        2,
        """
class Sentences:
    def __init__(self, stream, path, length=10_000):
        self.pieces = []
        for _, tokens in stream(path):
            for start in range(0, len(tokens), length):
                self.pieces.append(tokens[start : start + length])

    def __iter__(self):
        return iter(self.pieces)
""",
        "It can be read again and again, because all of it is in memory.",
        "All articles are read before the first piece comes",
    ),
    wrong(
        "s014",
        "articles are not cut",
        "Sentences",
        2,
        """
class Sentences:
    def __init__(self, stream, path, length=10_000):
        self.stream, self.path = stream, path

    def __iter__(self):
        for _, tokens in self.stream(self.path):
            yield tokens
""",
        "gensim drops what lies behind the 10,000th token.",
        "Articles are not cut",
    ),
    wrong(
        "s015",
        "the object remembers where it is",
        "Sentences",
        2,
        """
class Sentences:
    def __init__(self, stream, path, length=10_000):
        self.stream, self.path, self.length = stream, path, length

    def __iter__(self):
        self.articles = self.stream(self.path)
        self.rest = []
        return self

    def __next__(self):
        while not self.rest:
            self.rest = next(self.articles)[1]
        piece, self.rest = self.rest[: self.length], self.rest[self.length :]
        return piece
""",
        "One loop after the other works; two at once share the position.",
        "Two loops at once share one position",
    ),
    wrong(
        "s016",
        "min_count ignored",
        "train_vectors",
        2,
        """
def train_vectors(corpus, kind, *, vector_size, window, min_count, epochs, seed, bucket):
    settings = dict(vector_size=vector_size, window=window, epochs=epochs, seed=seed, workers=1)
    if kind == "fasttext":
        return FastText(corpus, bucket=bucket, **settings)
    return Word2Vec(corpus, **settings)
""",
        "gensim's own min_count, 5, decides about the vocabulary.",
        "`min_count` was ignored",
    ),
    wrong(
        "s017",
        "trained by the constructor and then again",
        "train_vectors",
        1,
        """
def train_vectors(corpus, kind, *, vector_size, window, min_count, epochs, seed, bucket):
    settings = dict(
        vector_size=vector_size, window=window, min_count=min_count, epochs=epochs, seed=seed, workers=1
    )
    if kind == "fasttext":
        model = FastText(corpus, bucket=bucket, **settings)
    else:
        model = Word2Vec(corpus, **settings)
    model.train(corpus, total_examples=model.corpus_count, epochs=epochs)
    return model
""",
        "Twice as many epochs as asked for; the vocabulary is right.",
        "The model was trained twice",
    ),
    wrong(
        "s018",
        "one epoch too many",
        "train_vectors",
        1,
        """
def train_vectors(corpus, kind, *, vector_size, window, min_count, epochs, seed, bucket):
    settings = dict(
        vector_size=vector_size, window=window, min_count=min_count, epochs=epochs + 1, seed=seed, workers=1
    )
    if kind == "fasttext":
        return FastText(corpus, bucket=bucket, **settings)
    return Word2Vec(corpus, **settings)
""",
        "The number of epochs is not the one that was asked for.",
        "epochs instead of",
    ),
    wrong(
        "s019",
        "vocabulary built, nothing trained; several threads",
        "train_vectors",
        0,
        """
def train_vectors(corpus, kind, *, vector_size, window, min_count, epochs, seed, bucket):
    settings = dict(vector_size=vector_size, window=window, min_count=min_count, epochs=epochs, seed=seed)
    model = FastText(bucket=bucket, **settings) if kind == "fasttext" else Word2Vec(**settings)
    model.build_vocab(corpus)
    return model
""",
        "The vectors are the random ones of the start, and gensim's own three threads would train them.",
        "nothing was trained",
    ),
    wrong(
        "s020",
        "always word2vec",
        "train_vectors",
        1,
        """
def train_vectors(corpus, kind, *, vector_size, window, min_count, epochs, seed, bucket):
    return Word2Vec(
        corpus, vector_size=vector_size, window=window, min_count=min_count, epochs=epochs, seed=seed, workers=1
    )
""",
        "fastText was asked for, which knows unseen words.",
        "The model has no vectors for words that it has not seen",
    ),
    wrong(
        "s021",
        "saves the text format only",
        "save_model",
        1,
        """
def save_model(model, folder):
    model.wv.save_word2vec_format(folder + "/vectors.txt")

def load_model(folder):
    return KeyedVectors.load_word2vec_format(folder + "/vectors.txt")
""",
        "A line for each known word: fastText's n-grams are lost, and training cannot go on.",
        "The n-grams are lost",
    ),
    wrong(
        "s022",
        "saves the vectors without the model",
        "save_model",
        2,
        """
def save_model(model, folder):
    model.wv.save(folder + "/vectors")

def load_model(folder):
    return KeyedVectors.load(folder + "/vectors")
""",
        "All vectors are there, those of n-grams too; the output weights are not.",
        "Only the vectors came back, not the model",
    ),
    wrong(
        "s023",
        "a fixed file name outside the folder",
        "save_model",
        2,
        """
def save_model(model, folder):
    model.save(str(Path(tempfile.gettempdir(), "pretraining-vectors.model")))

def load_model(folder):
    return Word2Vec.load(str(Path(tempfile.gettempdir(), "pretraining-vectors.model")))
""",
        "It works for one model on one machine.",
        "Nothing was saved into the folder",
    ),
    wrong(
        "s024",
        "the whole text as one word",
        "document_features",
        1,
        """
def document_features(texts, vectors):
    return np.stack([vectors[text] if text in vectors else np.zeros(vectors.vector_size) for text in texts])
""",
        "What the original course did: fastText answers for any string; word2vec knows a text of one word only.",
        "The whole text was looked up as ONE word",
    ),
    wrong(
        "s025",
        "sum instead of mean",
        "document_features",
        1,
        """
def document_features(texts, vectors):
    features = np.zeros((len(texts), vectors.vector_size))
    for row, text in enumerate(texts):
        for word in text.split():
            if word in vectors:
                features[row] += vectors[word]
    return features
""",
        "The features grow with the text; only the texts of one word and those without any are right.",
        "added up, not averaged",
    ),
    wrong(
        "s026",
        "gensim's mean of scaled vectors",
        "document_features",
        0,
        """
def document_features(texts, vectors):
    return np.stack(
        [vectors.get_mean_vector(text.split()) if text.split() else np.zeros(vectors.vector_size) for text in texts]
    )
""",
        "get_mean_vector scales every vector to length 1 first, even the vector of a single word.",
        "Each vector was scaled to length 1",
    ),
    wrong(
        "s027",
        "the mean of nothing",
        "document_features",
        2,
        """
import warnings

def document_features(texts, vectors):
    features = np.zeros((len(texts), vectors.vector_size))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row, text in enumerate(texts):
            features[row] = np.mean([vectors[word] for word in text.split() if word in vectors], axis=0)
    return features
""",
        "A text without known words gets NaN, which no classifier takes.",
        "A text without a known word does not get zeros",
    ),
    wrong(
        "s028",
        "the standard deviation for both rules",
        "gamma_of",
        0,
        """
def gamma_of(features, rule):
    variance = features.multiply(features).mean() - features.mean() ** 2
    return 1 / (features.shape[1] * np.sqrt(variance))
""",
        "The old rule of scikit-learn, also when today's is asked for.",
        "The standard deviation was used where the variance is asked for",
    ),
    wrong(
        "s029",
        "the zeros forgotten",
        "gamma_of",
        0,
        """
def gamma_of(features, rule):
    spread = features.data.var() if rule == "variance" else features.data.std()
    return 1 / (features.shape[1] * spread)
""",
        "`features.data` holds only the numbers that are not zero.",
        "The zeros of the matrix were forgotten",
    ),
    wrong(
        "s030",
        "made dense",
        "gamma_of",
        1,
        """
def gamma_of(features, rule):
    dense = features.toarray()
    return 1 / (features.shape[1] * (dense.var() if rule == "variance" else dense.std()))
""",
        "Right numbers, and a matrix that would not fit into memory.",
        "The sparse matrix was made dense",
    ),
    wrong(
        "s031",
        "confusion transposed",
        "run_baseline",
        2,
        """
def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    vectorizer = TfidfVectorizer()
    features = vectorizer.fit_transform(train_texts)
    answers = SVC(gamma=gamma_rule(features)).fit(features, train_labels).predict(vectorizer.transform(test_texts))
    confusion = confusion_matrix(answers, test_labels, labels=[0, 1])
    return (answers == test_labels).mean(), confusion, len(set(answers)) == 1
""",
        "scikit-learn takes the true labels first.",
        "The confusion matrix is transposed",
    ),
    wrong(
        "s032",
        "vectorizer fitted on the test texts, too",
        "run_baseline",
        2,
        """
def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    vectorizer = TfidfVectorizer().fit(train_texts + test_texts)
    features = vectorizer.transform(train_texts)
    answers = SVC(gamma=gamma_rule(features)).fit(features, train_labels).predict(vectorizer.transform(test_texts))
    confusion = confusion_matrix(test_labels, answers, labels=[0, 1])
    return (answers == test_labels).mean(), confusion, len(set(answers)) == 1
""",
        "Words and their weights were learnt from texts that are not known yet.",
        "The vectorizer was fitted on the test texts, too",
    ),
    wrong(
        "s033",
        "gamma of today's library instead of the rule's",
        "run_baseline",
        1,
        """
def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    vectorizer = TfidfVectorizer()
    features = vectorizer.fit_transform(train_texts)
    gamma = gamma_rule(features)
    answers = SVC(gamma="scale").fit(features, train_labels).predict(vectorizer.transform(test_texts))
    confusion = confusion_matrix(test_labels, answers, labels=[0, 1])
    return (answers == test_labels).mean(), confusion, len(set(answers)) == 1
""",
        "The rule is called, and what it says is not used.",
        "The gamma of the rule was not used",
    ),
    wrong(
        "s034",
        "one_class from the labels",
        "run_baseline",
        2,
        """
def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    vectorizer = TfidfVectorizer()
    features = vectorizer.fit_transform(train_texts)
    answers = SVC(gamma=gamma_rule(features)).fit(features, train_labels).predict(vectorizer.transform(test_texts))
    confusion = confusion_matrix(test_labels, answers, labels=[0, 1])
    return (answers == test_labels).mean(), confusion, len(set(test_labels)) == 1
""",
        "It says what the test set is like, not what the classifier does.",
        "`one_class`",
    ),
    wrong(
        "s037",
        "an article without tokens left out",
        "stream_articles",
        2,
        """
def stream_articles(path):
    with bz2.open(path) as dump:
        for title, text, _ in extract_pages(dump, filter_namespaces=("0",)):
            if text and not text.lower().startswith("#redirect"):
                tokens = tokenize(filter_wiki(text))
                if tokens:
                    yield title, tokens
""",
        "A text of markup only is not empty: it is its tokens that are.",
        "A page whose text is markup only was left out",
    ),
    wrong(
        "s038",
        "words put into small letters",
        "document_features",
        2,
        """
def document_features(texts, vectors):
    features = np.zeros((len(texts), vectors.vector_size))
    for row, text in enumerate(texts):
        known = [vectors[word] for word in text.lower().split() if word in vectors]
        if known:
            features[row] = np.mean(known, axis=0)
    return features
""",
        "Words that are known in capital letters are lost, and others are found that were not there.",
        "Words were put into small letters",
    ),
    wrong(
        "s039",
        "one_class from one column",
        "run_baseline",
        2,
        """
def run_baseline(train_texts, train_labels, test_texts, test_labels, gamma_rule):
    vectorizer = TfidfVectorizer()
    features = vectorizer.fit_transform(train_texts)
    answers = SVC(gamma=gamma_rule(features)).fit(features, train_labels).predict(vectorizer.transform(test_texts))
    confusion = confusion_matrix(test_labels, answers, labels=[0, 1])
    return (answers == test_labels).mean(), confusion, bool(confusion[:, 0].sum() == 0)
""",
        "The bell is deaf to a classifier that always says 0.",
        "`one_class` looks at one class only",
    ),
]

OTHER = [
    Variant(
        id="s035",
        title="partly done",
        base="blank",
        cells={
            "stream_articles-solution": """
def stream_articles(path):
    with bz2.open(path) as dump:
        for title, text, _ in extract_pages(dump, filter_namespaces=("0",)):
            if text and not text.lower().startswith("#redirect"):
                yield title, tokenize(filter_wiki(text))
""",
            "gamma_of-solution": """
def gamma_of(features, rule):
    variance = features.multiply(features).mean() - features.mean() ** 2
    return 1 / (features.shape[1] * (variance if rule == "variance" else variance**0.5))
""",
            "reflection": "1. The generator was exhausted, so nothing was learnt: the vectors are random.",
        },
        expected={"stream_articles": 3, "gamma_of": 2},
        reason="Two tasks are right, five are not begun, and one written answer awaits its reader.",
        named="is not written yet",
    ),
    Variant(
        id="s036",
        title="a cell that crashes",
        cells={
            "document_features-solution": """
def document_features(texts, vectors):
    return np.stack([vectors.mean(text.split()) for text in texts])

document_features(["sun"], None)
"""
        },
        expected={**FULL, "document_features": 0},
        reason="A method that does not exist raises in the cell and in the function; the other tasks are right.",
        named="raised an exception",
    ),
]

VARIANTS = [*RIGHT, *WRONG, *OTHER]
