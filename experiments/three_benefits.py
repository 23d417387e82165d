"""Three benefits of transfer, and negative transfer: from MNIST to the digits of UCI.

    python experiments/three_benefits.py            the whole study, about five minutes
    python experiments/three_benefits.py --quick    every step once, to see that it runs
    python experiments/three_benefits.py --check    some runs again: do they fall where the results file says?

Seven ways to start one small network, each trained for 200 steps on 10, 50 or 300 labelled digits. A seed
draws these digits, the first weights, the order of the batches and a source model of its own. The levels of
this study are steps of one training run: its test accuracy is noted on the way, and nothing is chosen by it.
The learning rate is chosen by the validation accuracy at the last step.
"""

import copy
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

import torch
from study import Outcome, Study, Way, run_study
from torch import Tensor, nn

from transfer_learning.assets import manifest
from transfer_learning.datasets import Digits, load_digit_images
from transfer_learning.models import Classifier, digit_classifier
from transfer_learning.training import TrainingConfig, train

LABELS = {"10_labels": 10, "50_labels": 50, "300_labels": 300}
STEPS = (0, 10, 20, 40, 60, 80, 100, 150, 200)
SETTINGS = [{"learning_rate": rate} for rate in (1e-3, 3e-3, 1e-2, 3e-2)]
HEAD_SETTINGS = [{"learning_rate": rate} for rate in (3e-3, 1e-2, 3e-2, 1e-1)]  # a head alone takes more
SOURCE = TrainingConfig(steps=200, batch_size=64, learning_rate=3e-3)
LIBRARY = Path(__file__).resolve().parent.parent / "transfer_learning"


@cache
def digits(domain: str, split: str) -> Digits:
    """One split of one domain."""
    return load_digit_images(domain).part(split)


def draw(digits: Digits, n: int, seed: int) -> Digits:
    """``n`` digits, as many of each class as possible; fewer lie within more at the same seed."""
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(seed))
    by_class = [order[digits.labels[order] == label] for label in range(len(digits.class_names))]
    each, rest = divmod(n, len(by_class))
    return digits.subset(torch.cat([of[: each + (at < rest)] for at, of in enumerate(by_class)]))


# --- the sources --------------------------------------------------------------------------------------------


def honest(images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """The source as it is."""
    return images, labels


def moved_labels(images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Every digit is called by the name of the next one."""
    return images, (labels + 1) % 10


def random_labels(images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """The labels in random order: there is nothing to learn but the samples by heart."""
    return images, labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]


def shuffled_pixels(images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """The pixels in one random order, the same for every image: no stroke is left."""
    order = torch.randperm(64, generator=torch.Generator().manual_seed(seed))
    return images.flatten(1)[:, order].reshape(images.shape), labels


@lru_cache(maxsize=8)
def source_model(change: Callable, seed: int) -> Classifier:
    """A network trained on MNIST, whose images or labels were changed."""
    source = digits("mnist", "train")
    images, labels = change(source.images, source.labels, seed)
    return train(digit_classifier(seed=1000 + seed), images, labels, SOURCE, seed=seed)


# --- the ways to start --------------------------------------------------------------------------------------


def start(change: Callable | None, head: str, seed: int) -> Classifier:
    """The network before its first step on the target.

    Args:
        change: what was done to the source; ``None``: from scratch.
        head: ``"old"``: carried over; ``"new"``: random.
        seed: of first weights, and of the source model.
    """
    model = digit_classifier(seed=seed)
    if change is not None:
        carried = copy.deepcopy(source_model(change, seed))
        model = Classifier(carried.backbone, carried.head if head == "old" else model.head)
    return model


@lru_cache(maxsize=2 * len(SETTINGS))
def curve(
    change: Callable | None, head: str, frozen: bool, rate: float, labels: int, seed: int
) -> dict[int, nn.Module]:
    """Step -> the network as it was then, of one training run."""
    torch.set_num_threads(1)  # a second thread makes so small a network slower
    target = draw(digits("uci", "train"), labels, seed)
    model, found = start(change, head, seed), {}
    if frozen:
        freeze(model.backbone)

    def evaluate(model: nn.Module, step: int) -> None:
        if step in STEPS:
            found[step] = copy.deepcopy(model)

    config = TrainingConfig(
        steps=STEPS[-1], learning_rate=rate, still_statistics=frozen, evaluate_every=STEPS[1]
    )
    train(model, target.images, target.labels, config, seed=seed, evaluate=evaluate)
    return found


def freeze(backbone: nn.Module) -> None:
    """No weight of it learns; its running statistics are kept still by the training."""
    for parameter in backbone.parameters():
        parameter.requires_grad = False


def right(model: nn.Module, of: Digits) -> list[float]:
    """For each digit whether it was classified rightly."""
    with torch.no_grad():
        return (model(of.images).argmax(dim=1) == of.labels).float().tolist()


def way(title: str, change: Callable | None, *, head: str = "new", frozen: bool = False) -> Way:
    """One way to start. Its setting is chosen by the end of a run, so a curve has one setting."""

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        found = curve(change, head, frozen, setting["learning_rate"], LABELS[case], seed)
        end = right(found[STEPS[-1]], digits("uci", "validation"))
        return Outcome(sum(end) / len(end), lambda: right(found[int(level)], digits("uci", "test")))

    return Way(title, run, HEAD_SETTINGS if frozen else SETTINGS)


WAYS = {
    "whole": way("MNIST, backbone and head", honest, head="old"),
    "backbone": way("MNIST, new head", honest),
    "frozen": way("MNIST, frozen, new head", honest, frozen=True),
    "moved_labels": way("moved labels, backbone and head", moved_labels, head="old"),
    "random_labels": way("random labels, new head", random_labels),
    "shuffled_pixels": way("shuffled pixels, new head", shuffled_pixels),
    "scratch": way("from scratch", None),
}


def study() -> Study:
    test = digits("uci", "test")
    return Study(
        name="three_benefits",
        ways=WAYS,
        cases={case: [str(at) for at in range(len(test))] for case in LABELS},
        levels=[str(step) for step in STEPS],
        sources=[
            LIBRARY / name
            for name in ("training.py", "models/digits.py", "datasets/digits.py", "scorecard.py")
        ],
        facts=[manifest()[name].sha256 for name in ("mnist-5k", "uci-digits")],
        scorecards={name: (name, "scratch") for name in WAYS if name != "scratch"},
        about={
            "labels": LABELS,
            "test": len(test),
            "source": len(digits("mnist", "train")),
            "parameters": sum(parameter.numel() for parameter in digit_classifier().parameters()),
            "seconds": "of a whole run at its first step, near zero at the others: they are one run",
        },
    )


if __name__ == "__main__":
    sys.exit(run_study(study()))
