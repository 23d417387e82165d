"""What the studies on fine-tuning share: short texts with labels, as numbers of tokens, and how a run trains.

It is not about which ways are compared. Texts are short so that a study of a hundred trainings takes minutes.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from sklearn.metrics import matthews_corrcoef
from study import Outcome
from torch import Tensor, nn

from transfer_learning.datasets import load_sentiment, load_word_order
from transfer_learning.datasets.samples import Samples
from transfer_learning.models import Classifier, TextEncoder, load_text_encoder
from transfer_learning.training import TrainingConfig, train

MAX_TOKENS = 24
SIZES = {"train": 1000, "validation": 250, "test": 400}
BATCH = 8
LOADERS = {"sentiment": lambda: load_sentiment("products"), "word_order": load_word_order}


@cache
def encoder() -> TextEncoder:
    """The pretrained encoder; what is trained is always a copy."""
    return load_text_encoder()


@cache
def short_texts(case: str) -> dict[str, Samples]:
    """Texts of at most ``MAX_TOKENS`` tokens, some of each split, drawn once and for all."""
    samples = LOADERS[case]()
    lengths = [len(numbers) for numbers in encoder().tokenizer(list(samples.texts))["input_ids"]]
    short = samples.subset([row for row, length in enumerate(lengths) if length <= MAX_TOKENS])
    parts = {}
    for split, size in SIZES.items():
        part = short.part(split)
        parts[split] = part.subset(np.sort(np.random.default_rng(0).permutation(len(part))[:size]))
    return parts


@cache
def numbers_of(case: str, split: str) -> Tensor:
    """The texts of one split as numbers of tokens."""
    return encoder().tokens(short_texts(case)[split].texts)


def drawn(case: str, level: str, seed: int) -> np.ndarray:
    """The training texts of one run; fewer labels are the first of more."""
    return np.random.default_rng(seed).permutation(len(short_texts(case)["train"]))[: int(level)]


def labels_of(case: str, split: str) -> Tensor:
    """The labels of one split."""
    return short_texts(case)[split].labels


def new_head(feature_dim: int, seed: int) -> nn.Linear:
    """A linear head for two classes, its weights drawn from ``seed``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(feature_dim, 2)


def trained(
    backbone: nn.Module, case: str, setting: dict, level: str, seed: int, draw: int | None = None
) -> Classifier:
    """``backbone`` with a new head, trained on the texts that ``draw`` (without it: ``seed``) draws."""
    rows = drawn(case, level, seed if draw is None else draw)
    config = TrainingConfig(
        fused=True,
        steps=setting["epochs"] * (int(level) // BATCH),
        batch_size=BATCH,
        learning_rate=setting["learning_rate"],
        warm_up=setting.get("warm_up", 0.1),
        evaluate_every=10**9,
    )
    model = Classifier(backbone, new_head(backbone.feature_dim, seed))
    return train(model, numbers_of(case, "train")[rows], labels_of(case, "train")[rows], config, seed=seed)


@torch.no_grad()
def answers(model: nn.Module, numbers: Tensor, batch_size: int = 50) -> np.ndarray:
    """The class that ``model`` says for each text. Texts of like length go together, to pad less."""
    order = (numbers != 0).sum(dim=1).argsort()
    said = torch.empty(len(numbers), dtype=torch.long)
    for rows in order.split(batch_size):
        said[rows] = model(numbers[rows]).argmax(dim=1)
    return said.numpy()


@cache
@torch.no_grad()
def frozen_features(case: str, split: str) -> tuple[np.ndarray, ...]:
    """The mean over a text's tokens after the embeddings and after each layer: one array each."""
    network, numbers = encoder().network.eval(), numbers_of(case, split)
    found = []
    for rows in torch.arange(len(numbers)).split(50):
        mask = (numbers[rows] != 0).long()
        states = network(numbers[rows], attention_mask=mask, output_hidden_states=True).hidden_states
        weight = mask[..., None] / mask.sum(dim=1)[:, None, None]
        found.append(torch.stack([(state * weight).sum(dim=1) for state in states]))
    return tuple(torch.cat(found, dim=1).numpy())


def outcome(case: str, predict: Callable[[str], np.ndarray], **facts: float) -> Outcome:
    """A run whose answers on a split are ``predict(split)``; its test notes Matthews' correlation, too."""

    def test() -> list[float]:
        truth, said = labels_of(case, "test").numpy(), predict("test")
        facts["mcc"] = float(matthews_corrcoef(truth, said))
        return (truth == said).astype(float).tolist()

    return Outcome(
        float((labels_of(case, "validation").numpy() == predict("validation")).mean()), test, facts
    )


def about() -> dict:
    """Sizes of the data, for a results file."""
    sizes = {case: {split: len(part) for split, part in short_texts(case).items()} for case in LOADERS}
    first = {case: float(short_texts(case)["test"].labels.float().mean()) for case in LOADERS}
    return {
        "max_tokens": MAX_TOKENS,
        "batch_size": BATCH,
        "sizes": sizes,
        "largest_class": {case: max(share, 1 - share) for case, share in first.items()},
    }
