"""How transferable are features? Layer by layer, after Yosinski et al. (2014), on handwritten digits.

    python experiments/transferable_features.py            the whole study, about six minutes
    python experiments/transferable_features.py --quick    every step once, to see that it runs
    python experiments/transferable_features.py --check    some runs again: are they where they were?

The first n layers of a trained network are carried over, the others start at random, and the whole or the
rest is trained on the target. Layers come from another network (the transfer), or from one that was trained
on the target itself (the control: nothing but the cut can do harm). The levels of this study are n.

A seed draws the target's labelled digits, all first weights and the order of the batches.
"""

import copy
import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import torch
from study import Outcome, Study, Way, run_study
from torch import Tensor, nn

from transfer_learning.assets import manifest
from transfer_learning.datasets import Digits, load_digit_images
from transfer_learning.models import Classifier, digit_classifier
from transfer_learning.training import TrainingConfig, train

LIBRARY = Path(__file__).resolve().parent.parent / "transfer_learning"
LAYERS = len(digit_classifier().backbone.layers)
SETTINGS = [{"learning_rate": rate} for rate in (3e-3, 1e-2, 3e-2)]
STEPS, BATCH = 150, 32


@dataclass(frozen=True)
class Set:
    """Digits to learn.

    Attributes:
        domain: ``"mnist"`` or ``"uci"``.
        classes: the digits that occur; they are numbered from 0.
        n: labelled training digits; ``None``: all there are.
    """

    domain: str
    classes: tuple[int, ...] = tuple(range(10))
    n: int | None = None


CASES = {  # the source, the target
    "other_task": (Set("mnist", (0, 1, 2, 3, 4)), Set("mnist", (5, 6, 7, 8, 9))),
    "other_domain": (Set("uci"), Set("mnist", n=100)),
}


@cache
def part(of: Set, split: str) -> Digits:
    """All digits of a split that belong to the set."""
    digits = load_digit_images(of.domain).part(split)
    return digits.subset([at for at, label in enumerate(digits.labels.tolist()) if label in of.classes])


def training(of: Set, seed: int) -> tuple[Tensor, Tensor]:
    """The labelled digits: images, and labels counted from 0. As many of each class as possible."""
    digits = part(of, "train")
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(seed))
    if of.n is not None:
        each = of.n // len(of.classes)
        order = torch.cat([order[digits.labels[order] == label][:each] for label in of.classes])
    return digits.images[order], digits.labels[order] - min(of.classes)


@lru_cache(maxsize=64)
def base(of: Set, seed: int) -> Classifier:
    """A network that learned a set from scratch, to take layers from."""
    torch.set_num_threads(1)  # a second thread makes so small a network slower
    images, labels = training(of, seed)
    config = TrainingConfig(steps=STEPS, batch_size=BATCH, learning_rate=3e-3)
    return train(
        digit_classifier(len(of.classes), seed=1000 + seed), images, labels, config, seed=1000 + seed
    )


def with_layers(taken: Classifier, n: int, classes: int, seed: int) -> Classifier:
    """A network at random but for its first ``n`` layers, which are copies of those of ``taken``."""
    model = digit_classifier(classes, seed=seed)
    for at in range(n):
        model.backbone.layers[at] = copy.deepcopy(taken.backbone.layers[at])
    return model.eval()


def fit_statistics(layers: nn.Module, images: Tensor) -> None:
    """Running statistics of BatchNorm from these images, so that random layers are not off scale."""
    for layer in layers.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None
    with torch.no_grad():
        layers.train()(images)
    layers.eval()


def learn(source: Set | None, target: Set, setting: dict, n: int, seed: int, *, frozen: bool):
    """Train on the target after ``n`` layers were carried over; gives a function from images to scores.

    Args:
        source: where layers come from; ``None``: they stay random.
        target: what is learned.
        setting: the learning rate.
        n: how many layers.
        seed: of samples, first weights and order.
        frozen: the carried layers do not change, nor do their statistics.
    """
    torch.set_num_threads(1)
    images, labels = training(target, seed)
    model = digit_classifier(len(target.classes), seed=seed)
    if source is not None:
        model = with_layers(base(source, seed), n, len(target.classes), seed)
    config = TrainingConfig(steps=STEPS, batch_size=BATCH, **setting)
    if not frozen:
        return train(model, images, labels, config, seed=seed)
    lower, upper = model.backbone.layers[:n], nn.Sequential(*model.backbone.layers[n:], model.head)
    if source is None:
        fit_statistics(lower, images)
    with torch.no_grad():
        features = lower.eval()(images)
    train(upper, features, labels, config, seed=seed)
    return nn.Sequential(lower, upper).eval()


def right(model: nn.Module, target: Set, split: str) -> list[float]:
    """For each digit whether it was classified rightly."""
    of = part(target, split)
    with torch.no_grad():
        return (model(of.images).argmax(dim=1) == of.labels - min(target.classes)).float().tolist()


@lru_cache(maxsize=16)
def from_scratch(target: Set, rate: float, seed: int) -> nn.Module:
    """The network that nothing is carried over to: the same at every level."""
    return learn(None, target, {"learning_rate": rate}, 0, seed, frozen=False)


def way(title: str, layers: str, *, frozen: bool = False) -> Way:
    """One way: ``layers`` come from ``"other"``, from ``"own"``, from ``"random"``; or from ``"scratch"``."""

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        source, target = CASES[case]
        if layers == "scratch":
            model = from_scratch(target, setting["learning_rate"], seed)
        else:
            taken = {"other": source, "own": target, "random": None}[layers]
            model = learn(taken, target, setting, int(level), seed, frozen=frozen)
        found = right(model, target, "validation")
        return Outcome(sum(found) / len(found), lambda: right(model, target, "test"))

    return Way(title, run, SETTINGS)


WAYS = {
    "other_tuned": way("from the source, fine-tuned", "other"),
    "other_frozen": way("from the source, frozen", "other", frozen=True),
    "own_tuned": way("from itself, fine-tuned", "own"),
    "own_frozen": way("from itself, frozen", "own", frozen=True),
    "random_frozen": way("random, frozen", "random", frozen=True),
    "scratch": way("from scratch", "scratch"),
}


def study() -> Study:
    return Study(
        name="transferable_features",
        ways=WAYS,
        cases={
            case: [str(at) for at in range(len(part(target, "test")))] for case, (_, target) in CASES.items()
        },
        levels=[str(n) for n in range(1, LAYERS + 1)],
        sources=[LIBRARY / name for name in ("training.py", "models/digits.py", "datasets/digits.py")],
        facts=[manifest()[name].sha256 for name in ("mnist-5k", "uci-digits")],
        about={
            "labels": {
                case: {"source": len(training(source, 0)[1]), "target": len(training(target, 0)[1])}
                for case, (source, target) in CASES.items()
            },
            "test": {case: len(part(target, "test")) for case, (_, target) in CASES.items()},
            "steps": STEPS,
        },
    )


COMPARED = (
    ("own_frozen", "scratch"),
    ("own_tuned", "scratch"),
    ("other_frozen", "own_frozen"),
    ("other_frozen", "scratch"),
    ("other_tuned", "scratch"),
    ("other_tuned", "other_frozen"),
    ("other_frozen", "random_frozen"),
)


def extra(results: dict) -> dict:
    """The comparisons that the page makes, each the right way round: ``one_minus_other``, case, layers."""
    found: dict = {}
    for one, other in COMPARED:
        for case, paired in results["paired"].items():
            by_level = paired.get(f"{one}_minus_{other}") or {
                level: turned(cell) for level, cell in paired[f"{other}_minus_{one}"].items()
            }
            found.setdefault(f"{one}_minus_{other}", {})[case] = by_level
    return {"minus": found}


def turned(cell: dict) -> dict:
    """The same difference, the other way round."""
    verdict = {"better": "worse", "worse": "better"}.get(cell["verdict"], "undecided")
    return cell | {"mean": -cell["mean"], "low": -cell["high"], "high": -cell["low"], "verdict": verdict}


if __name__ == "__main__":
    sys.exit(run_study(study(), extra))
