"""What is right, computed on the trusted side from formulas, in float64 and with none of the libraries that a
solution uses: no gensim, no scikit-learn.

This file is not about what is wrong, nor how to say it.

Margins. ``autograder/measure.py`` has the tolerance. A solver of logistic regression stops a little before
the optimum: at scikit-learn's settings its probabilities and losses differ from the exact ones by a few times
1e-4 on these inputs. So these are compared after division by ``SOLVER``. The inputs are made such that the
misconceptions that the messages name lead much further away.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log

import torch
from torch import Tensor

from autograder import measure
from autograder.measure import draw

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

LETTERS = "abcdefghijklmnopqrstuvwxyz"
STOP_WORDS = ("because", "never")
SOLVER = {"features": 40.0, "texts": 40.0}
"""Two probabilities or losses count as equal when they differ by at most ``measure.TOLERANCE`` times this.
New features lie further out than texts, so that a solver's early stop shows more."""


@dataclass(frozen=True)
class Vectors:
    """Words and their vectors: ``matrix`` ``(words, size)``, float32."""

    words: list[str]
    matrix: Tensor

    @property
    def size(self) -> int:
        return self.matrix.shape[1]

    def table(self) -> dict[str, Tensor]:
        """Each word's vector, float64."""
        return dict(zip(self.words, self.matrix.double(), strict=True))


def draw_words(seed: int, label: str, count: int, shortest: int = 4, longest: int = 7) -> list[str]:
    """``count`` different made-up words of these lengths."""
    generator = draw(seed, f"words/{label}")
    words: dict[str, None] = {}
    while len(words) < count:
        length = int(torch.randint(shortest, longest + 1, (), generator=generator))
        letters = torch.randint(0, len(LETTERS), (length,), generator=generator).tolist()
        words["".join(LETTERS[letter] for letter in letters)] = None
    return list(words)


def draw_vectors(seed: int, label: str, words: list[str], size: int) -> Vectors:
    """Vectors of clearly different lengths for these words."""
    generator = draw(seed, f"vectors/{label}")
    matrix = torch.randn(len(words), size, generator=generator)
    return Vectors(words, matrix * (torch.rand(len(words), 1, generator=generator) * 2 + 0.5))


def pick(seed: int, label: str, words: Sequence[str], count: int) -> list[str]:
    """``count`` of these words in random order, some more than once."""
    generator = draw(seed, f"pick/{label}")
    return [words[index] for index in torch.randint(0, len(words), (count,), generator=generator).tolist()]


def shuffled(seed: int, label: str, items: Sequence) -> list:
    """The items in random order."""
    return [items[index] for index in torch.randperm(len(items), generator=draw(seed, label)).tolist()]


def weighted_sum(
    tokens: Sequence[str], table: dict[str, Tensor], size: int, weight_of: Callable[[str], float]
) -> tuple[Tensor, float]:
    """The sum of weight times vector over the tokens that have a vector, and the sum of the weights."""
    counts = Counter(token for token in tokens if token in table)
    total = torch.zeros(size, dtype=torch.float64)
    for word, count in counts.items():
        total = total + count * weight_of(word) * table[word]
    return total, sum(count * weight_of(word) for word, count in counts.items())


def mean(
    tokens: Sequence[str],
    table: dict[str, Tensor],
    size: int,
    weight_of: Callable[[str], float] = lambda word: 1.0,
) -> Tensor:
    """The weighted mean of the tokens' vectors, ``(size,)``; zeros when no token has one."""
    total, weights = weighted_sum(tokens, table, size, weight_of)
    return total / weights if weights else total


def ngrams(word: str, shortest: int, longest: int, marks: tuple[str, str] = ("<", ">")) -> list[str]:
    """Every character n-gram of the marked word; what occurs twice is in the list twice."""
    marked = word.join(marks)
    return [
        found for size in range(shortest, longest + 1) for found in re.findall(f"(?=(.{{{size}}}))", marked)
    ]


def bucket_of(ngram: str, buckets: int) -> int:
    """The row of an n-gram in a fastText table: the FNV-1a hash of its bytes."""
    value = 2166136261
    for byte in ngram.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value % buckets


def inverse_document_frequencies(documents: Sequence[Sequence[str]]) -> dict[str, float]:
    """The smooth formula, for every word of these documents."""
    frequencies = Counter(word for document in documents for word in set(document))
    return {word: smooth(len(documents), frequencies[word]) for word in sorted(frequencies)}


def smooth(documents: int, frequency: int) -> float:
    return 1.0 + log(1 + documents) - log(1 + frequency)


def standardise(features: Tensor, like: Tensor) -> Tensor:
    """``features`` with the mean and the (population) standard deviation of ``like``; 0 counts as 1."""
    deviation = like.std(dim=0, unbiased=False)
    return (features - like.mean(dim=0)) / torch.where(deviation == 0, 1.0, deviation)


def probabilities(train: Tensor, labels: Tensor, test: Tensor, strength: float) -> Tensor:
    """Probabilities ``(n_test, classes)`` of the logistic regression at its exact optimum (Newton's method).

    The optimum of ``|weights|**2 / 2 + strength * (sum of the samples' losses)``; the intercepts are free.
    Two classes have one row of weights, more have one each, as in scikit-learn. float64 throughout. The
    optimum lies in the space of the training rows, so what is outside it is left away first.
    """
    if train.shape[1] > len(train):
        basis = torch.linalg.qr(train.T).Q
        train, test = train @ basis, test @ basis
    classes = int(labels.max()) + 1
    rows = 1 if classes == 2 else classes
    ones = train.new_ones(len(train), 1)
    inputs, width = torch.cat([train, ones], dim=1), train.shape[1] + 1
    targets = torch.nn.functional.one_hot(labels, classes).double()[:, -rows:]
    # A very weak pull on the intercepts: with a row for each class, only their differences matter.
    pull = torch.cat([train.new_ones(rows, width - 1), train.new_full((rows, 1), 1e-9)], dim=1)
    weights = train.new_zeros(rows, width)

    def shares(scores):
        return scores.sigmoid() if rows == 1 else scores.softmax(dim=1)

    def loss(weights):
        scores = inputs @ weights.T
        full = torch.cat([torch.zeros_like(scores), scores], dim=1) if rows == 1 else scores
        losses = full.logsumexp(dim=1) - full[torch.arange(len(labels)), labels]
        return strength * losses.sum() + (pull * weights**2).sum() / 2

    for _ in range(100):
        found = shares(inputs @ weights.T)
        slope = strength * (found - targets).T @ inputs + pull * weights
        curve = torch.diag_embed(found) - found[:, :, None] * found[:, None, :]
        hessian = strength * torch.einsum("nij,na,nb->iajb", curve, inputs, inputs)
        hessian = hessian.reshape(rows * width, rows * width) + torch.diag(pull.reshape(-1))
        step = torch.linalg.solve(hessian, slope.reshape(-1)).reshape(rows, width)
        before, length = loss(weights), 1.0
        while length > 1e-6 and loss(weights - length * step) > before:
            length /= 2
        weights = weights - length * step
        if step.abs().max() < 1e-9:
            break
    ones = test.new_ones(len(test), 1)
    found = shares(torch.cat([test, ones], dim=1) @ weights.T)
    return torch.cat([1 - found, found], dim=1) if rows == 1 else found


def same(came: Tensor, right: Tensor, of: str) -> bool:
    """Whether both are those of one model, up to a solver's early stop. ``of``: see SOLVER."""
    return measure.close(came.double() / SOLVER[of], right.double() / SOLVER[of])


def tfidf(texts: Sequence[str], train_texts: Sequence[str]) -> Tensor:
    """Rows ``(n, words)``: count times smooth idf, learnt on ``train_texts``, each row of length 1."""
    weights = inverse_document_frequencies([text.split() for text in train_texts])
    counts = [Counter(text.split()) for text in texts]
    rows = [[count[word] * weight for word, weight in weights.items()] for count in counts]
    found = torch.tensor(rows, dtype=torch.float64)
    return found / found.norm(dim=1, keepdim=True).clamp(min=1e-300)


@dataclass(frozen=True)
class Samples:
    """Features ``(n, size)`` and labels to train on, and new features, all float64."""

    train: Tensor
    labels: Tensor
    new: Tensor


def make_samples(
    seed: int, label: str, classes: int, *, count: int = 24, size: int = 4, new: int = 24
) -> Samples:
    """Features of quite different scales. The new ones come from elsewhere: shifted, and more spread out."""
    generator = draw(seed, f"samples/{label}")

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    labels = torch.cat([torch.arange(count) % classes, torch.zeros(count // 4, dtype=torch.int64)])
    labels = labels[torch.randperm(len(labels), generator=generator)]
    centres, offset = normal(classes, size), normal(size)
    order = torch.randperm(size, generator=generator)
    scale = 10.0 ** torch.linspace(-1.0, 0.2, size, dtype=torch.float64)[order]
    shift = torch.where(torch.arange(size) % 2 == 0, 2.5, -2.5).double()
    own = torch.randint(0, classes, (new,), generator=generator)
    train = (centres[labels] + normal(len(labels), size) + offset) * scale
    return Samples(train, labels, (centres[own] + 2 * normal(new, size) + offset + shift) * scale)


@dataclass(frozen=True)
class Texts:
    """Texts of two classes to train and to test on, a fold for each training text, and values of C."""

    train: list[str]
    labels: Tensor
    folds: Tensor
    test: list[str]
    strengths: list[float]


def make_texts(seed: int, label: str, kind: str, *, folds: int = 3) -> Texts:
    """Texts on which one C is clearly better than the others.

    "clean": two words tell the classes, but for two texts of each; the largest C is best. "noisy": every
    second label is wrong, on words that a text with the right label has, too; the smallest C is best. Every
    text has words that no other text has, so that it matters where the vectoriser has learnt its words.
    """
    words = iter(draw_words(seed, f"{label}/{kind}", 1560, 5, 8))

    def take(count):
        return [next(words) for _ in range(count)]

    # One telling word of each class is on every list of stop words: it counts like any other.
    telling, filler = ([*take(1), STOP_WORDS[0]], [*take(1), STOP_WORDS[1]]), take(8)
    sizes = (26, 16) if kind == "clean" else (18, 18)
    rows, labels = [], []
    for own, size in enumerate(sizes):
        for number in range(size):
            pair = number // 2 if kind == "noisy" else number
            signal = pick(seed, f"{label}/signal {own} {pair}", telling[own], 3)
            rows.append(signal + pick(seed, f"{label}/filler {own} {pair}", filler, 2) + take(10))
            wrong = number % 2 if kind == "noisy" else number < 2
            labels.append(1 - own if wrong else own)
    # Folds of one size: the mean over folds is the mean over texts. Each has both classes: without one of
    # them scikit-learn has no log loss.
    fold_of = torch.tensor([number % folds for number in range(len(rows))])
    again = f"{label}/{kind}/order"
    while True:
        order = shuffled(seed, again, range(len(rows)))
        classes = torch.tensor([labels[index] for index in order])
        if all(len(set(classes[fold_of == fold].tolist())) == 2 for fold in range(folds)):
            break
        again += "/again"
    train = [" ".join(shuffled(seed, f"{label}/row {index}", rows[index])) for index in order]
    test = []
    for number in range(120):
        own = telling[number % 2]
        chosen = pick(seed, f"{label}/test {number}", filler, 2)
        test.append(" ".join(own + chosen + take(6 + number % 7)))
    # The best C is never the first, which a choice by accuracies takes when several have the same.
    strengths = [0.05, 2.0, 0.5] if kind == "clean" else [0.5, 0.05, 2.0]
    return Texts(train, classes, fold_of, test, strengths)


def log_loss(found: Tensor, labels: Tensor) -> float:
    """The mean of minus the logarithm of the right class's probability."""
    return -found[torch.arange(len(labels)), labels].log().mean().item()


def answers(texts: Sequence[str], labels: Tensor, new: Sequence[str], strength: float, fitted=None) -> Tensor:
    """Probabilities of TF-IDF and logistic regression for new texts.

    ``fitted``: the texts that the vectoriser has learnt from, when these are not the training texts.
    """
    fitted = texts if fitted is None else fitted
    return probabilities(tfidf(texts, fitted), labels, tfidf(new, fitted), strength)


def held_out(
    texts: Texts, strength: float, fitted: Sequence[str] | None = None, swapped: bool = False
) -> list[tuple[Tensor, Tensor]]:
    """For each fold the probabilities for its texts, learnt from the other folds, and its labels.

    ``swapped``: learnt from the fold, for the texts of the others.
    """
    found = []
    for fold in sorted(set(texts.folds.tolist())):
        inside = ((texts.folds == fold) != swapped).tolist()
        rest = [text for text, own in zip(texts.train, inside, strict=True) if not own]
        fold_texts = [text for text, own in zip(texts.train, inside, strict=True) if own]
        mask = torch.tensor(inside)
        said = answers(rest, texts.labels[~mask], fold_texts, strength, fitted)
        found.append((said, texts.labels[mask]))
    return found


def fold_losses(texts: Texts, fitted: Sequence[str] | None = None, swapped: bool = False) -> Tensor:
    """``(strengths, folds)``: for each C the log loss on each fold."""
    rows = [
        [log_loss(said, labels) for said, labels in held_out(texts, strength, fitted, swapped)]
        for strength in texts.strengths
    ]
    return torch.tensor(rows, dtype=torch.float64)


def losses(texts: Texts, fitted: Sequence[str] | None = None) -> Tensor:
    """The mean over the folds of their log losses, for each C."""
    return fold_losses(texts, fitted).mean(dim=1)


def without_stop_words(texts: Texts) -> Texts:
    """The same texts without the words that a list of stop words has."""
    train, test = (
        [" ".join(word for word in text.split() if word not in STOP_WORDS) for text in part]
        for part in (texts.train, texts.test)
    )
    return replace(texts, train=train, test=test)


def with_a_near_choice(seed: int, label: str) -> Texts:
    """Clean texts, and before the best C one whose loss is less than 1% larger: with two digits, the same."""
    attempt = 0
    while True:
        texts = replace(make_texts(seed, f"{label}/{attempt}", "clean"), strengths=[0.05, 1.94, 2.0, 0.5])
        _, near, best, _ = losses(texts).tolist()
        # Half a thousandth is well above what a solver's early stop changes.
        if round(near + 5e-4, 2) == round(best - 5e-4, 2):
            return texts
        attempt += 1
