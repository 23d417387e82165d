"""What is right, computed on the trusted side from formulas, in float64 and without the student's model.

This file is not about what is wrong, nor how to say it. It knows BERT as formulas (attention, GELU, layer
normalisation), the small text classifier of ``fit`` as softmax regression on mean word vectors, and LoRA as
two matrices, so it shares no code with a solution.

Margins. ``autograder/measure.py`` has the tolerance. ``tools/audit_suites.py`` measures over 30
seeds how far from it right and wrong answers stay.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from autograder.expect import same_bits
from autograder.measure import draw

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

WORDS, HIDDEN, HEADS, INNER, POSITIONS = 24, 16, 2, 32, 12  # HIDDEN is that of the notebook's encoder
EMBEDDINGS, HEAD = "the embeddings", "the head"


@dataclass(frozen=True)
class Case:
    """A text classifier: the settings of its encoder, and all its tensors by name, float32."""

    spec: dict
    state: dict[str, Tensor]
    classes: int

    @property
    def layers(self) -> int:
        return self.spec["num_hidden_layers"]

    @property
    def width(self) -> int:
        return self.spec["hidden_size"]

    @property
    def encoder_state(self) -> dict[str, Tensor]:
        return {n.removeprefix("encoder."): t for n, t in self.state.items() if n.startswith("encoder.")}

    @property
    def parts(self) -> dict[str, list[str]]:
        """Names of the parameters by part, from the input up: embeddings, layers, head."""
        parts: dict[str, list[str]] = {EMBEDDINGS: []}
        parts |= {layer_name(number): [] for number in range(self.layers)}
        parts[HEAD] = []
        for name in self.state:
            words = name.split(".")
            if words[0] == "head":
                parts[HEAD].append(name)
            elif words[1] == "embeddings":
                parts[EMBEDDINGS].append(name)
            else:
                parts[layer_name(int(words[3]))].append(name)
        return parts

    def hidden(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The encoder's last hidden state ``(batch, length, width)``, float64."""
        state = {name: tensor.double() for name, tensor in self.encoder_state.items()}
        length = input_ids.shape[1]
        hidden = state["embeddings.word_embeddings.weight"][input_ids]
        hidden = hidden + state["embeddings.position_embeddings.weight"][:length]
        hidden = hidden + state["embeddings.token_type_embeddings.weight"][0]
        hidden = normalised(hidden, state, "embeddings.LayerNorm")
        unseen = (attention_mask == 0)[:, None, None, :]
        for number in range(self.layers):
            layer = f"encoder.layer.{number}"
            query, key, value = (
                linear(hidden, state, f"{layer}.attention.self.{part}")
                .unflatten(2, (HEADS, self.width // HEADS))
                .transpose(1, 2)
                for part in ("query", "key", "value")
            )
            attention = query @ key.transpose(2, 3) / math.sqrt(self.width // HEADS)
            attention = attention.masked_fill(unseen, -1e30).softmax(dim=-1)
            context = (attention @ value).transpose(1, 2).flatten(2)
            context = linear(context, state, f"{layer}.attention.output.dense")
            hidden = normalised(hidden + context, state, f"{layer}.attention.output.LayerNorm")
            inner = linear(hidden, state, f"{layer}.intermediate.dense")
            inner = inner * 0.5 * (1 + torch.erf(inner / math.sqrt(2)))
            inner = linear(inner, state, f"{layer}.output.dense")
            hidden = normalised(hidden + inner, state, f"{layer}.output.LayerNorm")
        return hidden


def layer_name(number: int) -> str:
    return f"layer {number}"


def linear(inputs: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    return inputs @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def normalised(inputs: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    centred = inputs - inputs.mean(dim=-1, keepdim=True)
    size = (centred.square().mean(dim=-1, keepdim=True) + 1e-12).sqrt()
    return centred / size * state[f"{name}.weight"] + state[f"{name}.bias"]


def make_case(seed: int, label: str, *, layers: int = 2, classes: int = 3, width: int = HIDDEN) -> Case:
    """A classifier drawn from ``seed`` and ``label``. ``width``: of the encoder's vectors."""
    generator = draw(seed, label)

    def normal(*shape: int, scale: float = 1.0, mean: float = 0.0) -> Tensor:
        return torch.randn(*shape, generator=generator) * scale + mean

    state: dict[str, Tensor] = {}

    def add_linear(name: str, inputs: int, outputs: int) -> None:
        state[f"{name}.weight"] = normal(outputs, inputs, scale=inputs**-0.5)
        state[f"{name}.bias"] = normal(outputs, scale=0.3)

    def add_norm(name: str) -> None:
        state[f"{name}.weight"] = torch.rand(width, generator=generator) + 0.5
        state[f"{name}.bias"] = normal(width, scale=0.3)

    for name, rows in (("word", WORDS), ("position", POSITIONS), ("token_type", 2)):
        state[f"encoder.embeddings.{name}_embeddings.weight"] = normal(rows, width)
    add_norm("encoder.embeddings.LayerNorm")
    for number in range(layers):
        layer = f"encoder.encoder.layer.{number}"
        for part in ("query", "key", "value"):
            add_linear(f"{layer}.attention.self.{part}", width, width)
        add_linear(f"{layer}.attention.output.dense", width, width)
        add_norm(f"{layer}.attention.output.LayerNorm")
        add_linear(f"{layer}.intermediate.dense", width, INNER)
        add_linear(f"{layer}.output.dense", INNER, width)
        add_norm(f"{layer}.output.LayerNorm")
    add_linear("head", width, classes)
    spec = {
        "vocab_size": WORDS,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS,
    }
    return Case(spec, state, classes)


def make_texts(seed: int, label: str, lengths: Sequence[int], words: int = WORDS) -> list[list[int]]:
    """Token ids of texts of these lengths. Number 0 is left to the padding."""
    generator = draw(seed, label)
    return [torch.randint(1, words, (length,), generator=generator).tolist() for length in lengths]


def padded(texts: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[Tensor, Tensor]:
    """Token ids and mask of texts, padded at the end, int64."""
    longest = max(map(len, texts))
    ids = [list(text) + [pad_id] * (longest - len(text)) for text in texts]
    mask = [[1] * len(text) + [0] * (longest - len(text)) for text in texts]
    return torch.tensor(ids), torch.tensor(mask)


def mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """The mean over the positions where ``mask`` is 1; that of all where it is nowhere."""
    counted = mask.double()
    counted = torch.where(counted.sum(dim=1, keepdim=True) > 0, counted, torch.ones_like(counted))
    return (hidden * counted[:, :, None]).sum(dim=1) / counted.sum(dim=1, keepdim=True)


def moved(before: dict[str, Tensor], after: dict[str, Tensor], names: Sequence[str]) -> list[str]:
    """Those of ``names`` whose tensor is not bit-identical in ``after``."""
    return [name for name in names if not same_bits(before[name], after[name])]


def draw_gradients(seed: int, label: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A gradient for every parameter, each entry between 1 and 2 in size."""
    generator = draw(seed, label)
    gradients = {}
    for name, tensor in state.items():
        sizes = torch.rand(tensor.shape, generator=generator) + 1
        gradients[name] = sizes * (torch.randint(0, 2, tensor.shape, generator=generator) * 2 - 1)
    return gradients


# fit: the small text classifier, and the rules of the schedule and of stopping early.


@dataclass(frozen=True)
class Training:
    """One ``fit``: tensors of the start, batches of each epoch, and validation's scores.

    ``passes``: for each epoch its batches ``[input_ids, attention_mask, labels]``.
    """

    state: dict[str, Tensor]
    passes: list
    scores: list[float]
    rates: list[float]
    patience: int
    warmup: int

    @property
    def epochs(self) -> int:
        return len(self.passes)

    @property
    def batches(self) -> int:
        return len(self.passes[0])


def make_training(
    seed: int,
    label: str,
    scores: Sequence[float],
    *,
    patience: int,
    warmup: int = 0,
    sizes: Sequence[int] = (3, 3, 2),
    rates: Sequence[float] = (2.0, 0.7),
    hard: Sequence[int] = (),
) -> Training:
    """A training of ``len(scores)`` epochs. In the epochs in ``hard`` each label is the least likely one at
    the start, in the others the likeliest, so that the training loss of an epoch is known beforehand."""
    generator = draw(seed, label)
    words, width, classes = 10, 4, 3
    state = {
        "embedding.weight": torch.randn(words, width, generator=generator),
        "head.weight": torch.randn(classes, width, generator=generator) * 1.5,
        "head.bias": torch.randn(classes, generator=generator) * 0.3,
    }
    passes = []
    for epoch in range(len(scores)):
        batches = []
        for number, size in enumerate(sizes):
            lengths = torch.randint(1, 5, (size,), generator=generator).tolist()
            texts = make_texts(seed, f"{label}/{epoch}/{number}", lengths, words)
            ids, mask = padded(texts)
            likely = class_scores({n: t.double() for n, t in state.items()}, ids, mask)
            if hard:
                labels = likely.argmin(dim=1) if epoch in hard else likely.argmax(dim=1)
            else:
                labels = torch.randint(0, classes, (size,), generator=generator)
            batches.append([ids, mask, labels])
        passes.append(batches)
    return Training(state, passes, list(scores), list(rates), patience, warmup)


def class_scores(state: dict[str, Tensor], ids: Tensor, mask: Tensor) -> Tensor:
    pooled = mean(state["embedding.weight"][ids], mask)
    return pooled @ state["head.weight"].T + state["head.bias"]


def run_sgd(
    training: Training,
    batches: Sequence,
    rates: Sequence[Sequence[float]],
    *,
    cleared: int = 1,
    longest: float = math.inf,
    total: bool = False,
    softmax_twice: bool = False,
) -> list[tuple[dict[str, Tensor], float]]:
    """The state after each step and the loss before it, by closed-form gradients.

    ``rates``: of the word vectors and the head, for each step. The others describe known mistakes: after how
    many steps the gradients are ``cleared``, and the ``longest`` gradient, longer ones are clipped.
    """
    state = {name: tensor.double() for name, tensor in training.state.items()}
    kept: dict[str, Tensor] = {}
    trace = []
    for number, ((ids, mask, labels), (low, high)) in enumerate(zip(batches, rates, strict=False)):
        pooled = mean(state["embedding.weight"][ids], mask)
        scores = pooled @ state["head.weight"].T + state["head.bias"]
        rows = torch.arange(len(labels))
        inner = scores.softmax(dim=1) if softmax_twice else scores
        loss = -inner.log_softmax(dim=1)[rows, labels].mean().item()
        error = inner.softmax(dim=1)
        error[rows, labels] -= 1
        if softmax_twice:
            error = inner * (error - (inner * error).sum(dim=1, keepdim=True))
        error = error if total else error / len(labels)
        to_words = (error @ state["head.weight"] / mask.sum(dim=1, keepdim=True))[:, None, :] * mask[
            :, :, None
        ]
        words = torch.zeros_like(state["embedding.weight"])
        words.index_add_(0, ids.flatten(), to_words.flatten(0, 1).to(words.dtype))
        gradients = {
            "embedding.weight": words,
            "head.weight": error.T @ pooled,
            "head.bias": error.sum(dim=0),
        }
        if number % cleared:
            gradients = {name: kept[name] + gradient for name, gradient in gradients.items()}
        size = math.sqrt(sum(gradient.square().sum().item() for gradient in gradients.values()))
        kept = gradients = {
            name: gradient * min(1, longest / (size + 1e-6)) for name, gradient in gradients.items()
        }
        state = {
            name: tensor - (low if name.startswith("embedding") else high) * gradients[name]
            for name, tensor in state.items()
        }
        trace.append((state, loss))
    return trace


def factors(steps: int, warmup: int, total: int) -> list[float]:
    """The factor of each of the first ``steps`` steps: linear warm-up, then linear decay."""
    return [
        taken / warmup if taken < warmup else (total - taken) / (total - warmup) for taken in range(steps)
    ]


def epochs_until_stop(scores: Sequence[float], patience: int) -> tuple[int, int]:
    """How many epochs are trained, and which one (from 0) is the best, by the rule of the task."""
    best = 0
    for epoch in range(len(scores)):
        if scores[epoch] > scores[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch + 1, best
    return len(scores), best


# forgetting: how often a text's nearest neighbour is of its own group.


def neighbours(vectors: Tensor, measure: str = "cosine", among: Tensor | None = None) -> Tensor:
    """The index of each row's nearest other row, or of the nearest one ``among`` other vectors.

    ``measure``: "cosine", or a known mistake: "distance", "dot", "columns" (of length 1, instead of rows) or
    "centred" (rows, by their mean).
    """
    vectors = vectors.double()
    among = vectors if among is None else among.double()

    def prepared(rows: Tensor) -> Tensor:
        if measure == "centred":
            rows = rows - rows.mean(dim=1, keepdim=True)
        if measure in ("cosine", "centred"):
            return F.normalize(rows, dim=1)
        return F.normalize(rows, dim=0) if measure == "columns" else rows

    rows, columns = prepared(vectors), prepared(among)
    near = -torch.cdist(rows, columns) if measure == "distance" else rows @ columns.T
    return near.fill_diagonal_(-math.inf).argmax(dim=1)


def source_accuracy(
    vectors: Tensor,
    groups: Tensor,
    *,
    by_group: bool = False,
    measure: str = "cosine",
    among: Tensor | None = None,
) -> float:
    """The share of rows with a neighbour of their own group; ``by_group``: the mean of the groups' shares."""
    own = (groups[neighbours(vectors, measure, among)] == groups).double()
    if by_group:
        return torch.stack([own[groups == group].mean() for group in groups.unique()]).mean().item()
    return own.mean().item()


def lost_accuracy(before: Tensor, after: Tensor, groups: Tensor, *, looked_up: bool = False, **how) -> float:
    """Accuracy before minus after; ``looked_up``: a known mistake, the rows after look among those before."""
    afterwards = source_accuracy(after, groups, among=before if looked_up else None, **how)
    return source_accuracy(before, groups, **how) - afterwards


MEASURES = ("distance", "dot", "columns", "centred")  # known mistakes


def nearest_cosines(vectors: Tensor) -> Tensor:
    """The cosines of each row with its two nearest other rows."""
    vectors = F.normalize(vectors.double(), dim=1)
    return (vectors @ vectors.T).fill_diagonal_(-2).topk(2, dim=1).values


def gap(vectors: Tensor) -> float:
    """How far apart, at least, the two nearest neighbours of a row are, in cosine."""
    first, second = nearest_cosines(vectors).unbind(dim=1)
    return (first - second).min().item()


def make_texts_before_after(
    seed: int, label: str, *, one_length: bool, groups: int = 4, each: int = 4
) -> tuple[Tensor, Tensor, Tensor]:
    """Vectors before and after, and groups: groups that were near each other, and are less so afterwards.

    Groups have different sizes, ``each`` on average. Rows have length 1, or lengths between 1/4 and 4. Each
    row has a neighbour of positive cosine, and none has two that are equally near. Each known mistake leads
    to another result than the right one and than the other mistakes, except that rows of length 1 are as near
    by distance and by dot product.
    """
    generator = draw(seed, label)
    while True:
        places = torch.arange(groups)
        number = places.repeat_interleave(each - 1 + places % 3)
        centres = torch.randn(groups, 6, generator=generator)
        vectors = []
        for noise in (0.8, 2.0):
            rows = centres[number] + noise * torch.randn(len(number), 6, generator=generator)
            rows = F.normalize(rows, dim=1)
            if not one_length:
                rows = rows * 4 ** (2 * torch.rand(len(number), 1, generator=generator) - 1)
            vectors.append(rows)
        order = torch.randperm(len(number), generator=generator)
        before, after, number = vectors[0][order], vectors[1][order], number[order]
        lonely = min(nearest_cosines(rows).max(dim=1).values.min() for rows in vectors) < 0.02
        if lonely or min(gap(before), gap(after)) < 1e-3:
            continue
        lost, accuracy = lost_accuracy(before, after, number), source_accuracy(before, number)
        if lost <= 0.1 or accuracy == 1:
            continue
        results = [lost, 0.0, round(lost, 2), lost_accuracy(before, after, number, by_group=True)]
        results.append(lost_accuracy(before, after, number, looked_up=True))
        results += [accuracy, accuracy - lost, lost / accuracy]
        measures = MEASURES[2:] if one_length else MEASURES
        results += [lost_accuracy(before, after, number, measure=measure) for measure in measures]
        gaps = [abs(one - other) for one, other in itertools.combinations(results, 2)]
        if min(gaps) > 2e-3:
            return before, after, number


def make_texts_apart(seed: int, label: str) -> tuple[Tensor, Tensor, Tensor]:
    """As :func:`make_texts_before_after`, but the cosine of any two texts is negative, before and after.

    So a text that may be its own neighbour with a cosine of 0 always is.
    """
    generator = draw(seed, label)
    corners = torch.eye(6) - 1 / 6  # of a simplex: any two have the cosine -1/5
    while True:
        before, after = (
            F.normalize(corners + 0.05 * torch.randn(6, 6, generator=generator), dim=1) for _ in range(2)
        )
        groups = torch.tensor([0, 0, 0, 1, 1, 1])[torch.randperm(6, generator=generator)]
        near = [nearest_cosines(vectors).max() for vectors in (before, after)]
        if max(near) > -0.02 or min(gap(before), gap(after)) < 1e-3:
            continue
        accuracies = [source_accuracy(vectors, groups) for vectors in (before, after)]
        if accuracies[0] - accuracies[1] > 0.1 and accuracies[1] > 0.1:
            return before, after, groups
