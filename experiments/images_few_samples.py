"""Images with few samples: does a network pretrained on ImageNet help when there are fewer than a hundred
photos?

    python experiments/images_few_samples.py            the whole experiment, about half an hour on two cores
    python experiments/images_few_samples.py --quick    every step once, about a minute; to see that it runs
    python experiments/images_few_samples.py --check    one run of every way again, is it as expected?

Five ways to learn four classes, each at 2, 5, 10 and all training photos a class, each over five seeds. A
seed draws the training photos, the first weights and the order of the batches; every way gets the same photos
at the same seed.

Every way has six settings to choose from. The choice is made on the validation photos, with all training
photos, and so is the step at which training stops. The test photos are used once a run, at its end.

Writes results/images_few_samples.json (with --quick: _build/results/). A run that was finished before is not
measured again, unless the code or the data it depends on changed.
"""

import argparse
import copy
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from ledger import Ledger
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from study import expected, show_check
from summary import score_table, summarise
from torch import Tensor, nn
from torch.nn import functional as F

from transfer_learning.assets import locate, manifest
from transfer_learning.datasets import Photos, load_photos
from transfer_learning.datasets.photos import embedded_table
from transfer_learning.evaluation import accuracy, balanced_accuracy
from transfer_learning.features import extract_features
from transfer_learning.models import Classifier, CompactBackbone, load_image_backbone
from transfer_learning.results import RESULTS, environment, load_results, save_results
from transfer_learning.training import TrainingConfig, train

NAME = "images_few_samples"
ROOT = Path(__file__).resolve().parent.parent
LEVELS = {"2": 2, "5": 5, "10": 10, "all": None}  # training photos a class
SEEDS = [0, 1, 2, 3, 4]
TUNING_SEEDS = [100, 101]
SIZE = 128  # 224 pixels, the size the network was pretrained at, would take three times as long
THREADS = 2


@dataclass(frozen=True)
class Method:
    """One way to learn.

    Attributes:
        title: for tables and figures.
        run: ``(setting, train photos, validation photos, seed) -> Outcome``.
        settings: what tuning may choose from; as many for every method.
    """

    title: str
    run: Callable[[dict, Photos, Photos, int], "Outcome"]
    settings: list[dict]


@dataclass
class Outcome:
    """What a training run leaves: a way to predict, and how it did on the validation photos on its way."""

    predict: Callable[[Photos], np.ndarray]
    steps: list[int] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    validation_balanced: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    best: int = 0  # which of the evaluations was the best


def train_and_watch(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    config: TrainingConfig,
    *,
    seed: int,
    prepare: Callable | None,
    validation_inputs: Tensor,
    validation_labels: Tensor,
) -> Outcome:
    """Train ``model``, and go back to the step that did best on the validation photos."""
    outcome = Outcome(predict=lambda photos: None)
    weights = {}

    def evaluate(model: nn.Module, step: int) -> None:
        with torch.no_grad():
            logits = model(validation_inputs)
        predictions = logits.argmax(dim=1).numpy()
        outcome.steps.append(step)
        outcome.validation_accuracy.append(accuracy(validation_labels.numpy(), predictions))
        outcome.validation_balanced.append(balanced_accuracy(validation_labels.numpy(), predictions))
        outcome.validation_loss.append(F.cross_entropy(logits, validation_labels).item())
        rank = [
            (b, -loss) for b, loss in zip(outcome.validation_balanced, outcome.validation_loss, strict=True)
        ]
        if rank[-1] == max(rank):
            outcome.best = len(rank) - 1
            weights.update(copy.deepcopy(model.state_dict()))

    train(model, inputs, labels, config, seed=seed, prepare=prepare, evaluate=evaluate)
    model.load_state_dict(weights)
    return outcome


# --- the ways to learn --------------------------------------------------------------------------------------


def run_network(make_backbone: Callable[[int], nn.Module]) -> Callable:
    """Train a whole network, backbone and head, on the photos themselves."""

    def run(setting: dict, photos: Photos, validation: Photos, seed: int) -> Outcome:
        backbone = make_backbone(seed)
        model = Classifier(backbone, new_head(backbone.feature_dim, len(photos.class_names), seed))
        outcome = train_and_watch(
            model,
            photos.images,
            photos.labels,
            TrainingConfig(**setting),
            seed=seed,
            prepare=lambda images, generator: backbone.preprocess(augmented(images, generator)),
            validation_inputs=backbone.preprocess(validation.images),
            validation_labels=validation.labels,
        )

        def predict(test: Photos) -> np.ndarray:
            with torch.no_grad():
                return model(backbone.preprocess(test.images)).argmax(dim=1).numpy()

        outcome.predict = predict
        return outcome

    return run


def run_frozen(setting: dict, photos: Photos, validation: Photos, seed: int) -> Outcome:
    """Train a new head on the frozen backbone's features: those of each photo and of its mirror image."""
    backbone = load_image_backbone()
    views = torch.stack(
        [extract_features(backbone, photos.images), extract_features(backbone, photos.images.flip(3))], dim=1
    )
    head = new_head(backbone.feature_dim, len(photos.class_names), seed)

    def one_view_each(batch: Tensor, generator: torch.Generator) -> Tensor:
        return batch[torch.arange(len(batch)), torch.randint(2, (len(batch),), generator=generator)]

    outcome = train_and_watch(
        head,
        views,
        photos.labels,
        TrainingConfig(**setting),
        seed=seed,
        prepare=one_view_each,
        validation_inputs=extract_features(backbone, validation.images),
        validation_labels=validation.labels,
    )

    def predict(test: Photos) -> np.ndarray:
        with torch.no_grad():
            return head(extract_features(backbone, test.images)).argmax(dim=1).numpy()

    outcome.predict = predict
    return outcome


def run_pixels(setting: dict, photos: Photos, validation: Photos, seed: int) -> Outcome:
    """Logistic regression on a thumbnail's pixels, with mirror images: nothing is pretrained."""

    def pixels(images: Tensor) -> np.ndarray:
        return F.adaptive_avg_pool2d(images.float() / 255, setting["thumbnail"]).flatten(1).numpy()

    inputs = np.concatenate([pixels(photos.images), pixels(photos.images.flip(3))])
    labels = np.tile(photos.labels.numpy(), 2)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=setting["C"], max_iter=2000)).fit(
        inputs, labels
    )
    predictions = model.predict(pixels(validation.images))
    truth = validation.labels.numpy()
    return Outcome(
        predict=lambda test: model.predict(pixels(test.images)),
        steps=[0],
        validation_accuracy=[accuracy(truth, predictions)],
        validation_balanced=[balanced_accuracy(truth, predictions)],
        validation_loss=[0.0],
    )


def new_head(feature_dim: int, classes: int, seed: int) -> nn.Linear:
    """A linear head whose first weights come from ``seed``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Linear(feature_dim, classes)


def augmented(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each photo mirrored or not, and moved by up to a tenth of its size; white comes in at the edge."""
    most = images.shape[-1] // 10
    padded = F.pad(images, (most, most, most, most), value=255)
    moved = []
    for image in padded:
        down, right = torch.randint(2 * most + 1, (2,), generator=generator).tolist()
        image = image[:, down : down + images.shape[-2], right : right + images.shape[-1]]
        moved.append(image.flip(2) if torch.rand((), generator=generator) < 0.5 else image)
    return torch.stack(moved)


METHODS = {
    "frozen": Method(
        "pretrained, frozen, new head",
        run_frozen,
        [
            {"learning_rate": rate, "steps": steps, "weight_decay": 0.01}
            for rate in (1e-3, 3e-3, 1e-2)
            for steps in (100, 300)
        ],
    ),
    "fine_tuned": Method(
        "pretrained, fine-tuned",
        run_network(lambda seed: load_image_backbone()),
        [
            {"learning_rate": 3e-3, "backbone_learning_rate": rate, "steps": 100, "still_statistics": still}
            for rate in (1e-4, 3e-4, 1e-3)
            for still in (True, False)
        ],
    ),
    "scratch": Method(
        "same network from scratch",
        run_network(lambda seed: load_image_backbone(weights="random", seed=seed)),
        [{"learning_rate": rate, "steps": steps} for rate in (3e-4, 1e-3, 3e-3) for steps in (100, 200)],
    ),
    "scratch_small": Method(
        "small network from scratch",
        run_network(lambda seed: CompactBackbone(seed=seed)),
        [{"learning_rate": rate, "steps": steps} for rate in (3e-4, 1e-3, 3e-3) for steps in (100, 300)],
    ),
    "pixels": Method(
        "logistic regression on pixels",
        run_pixels,
        [{"thumbnail": thumbnail, "C": strength} for thumbnail in (8, 16, 32) for strength in (1e-3, 1e-1)],
    ),
}


# --- the experiment -----------------------------------------------------------------------------------------


def training_photos(photos: Photos, a_class: int | None, seed: int) -> Photos:
    """``a_class`` training photos of each class, drawn by ``seed``; fewer lie within more. ``None``: all."""
    train_photos = photos.part("train")
    if a_class is None:
        return train_photos
    order = np.random.default_rng(seed).permutation(len(train_photos))
    labels = train_photos.labels.numpy()[order]
    return train_photos.subset(
        np.concatenate([order[labels == label][:a_class] for label in range(len(photos.class_names))])
    )


def measure(method: str, setting: dict, level: str, seed: int, photos: Photos, *, with_test: bool) -> dict:
    """One run: train, choose the step by the validation photos, classify the test photos once."""
    chosen = training_photos(photos, LEVELS[level], seed)
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = METHODS[method].run(setting, chosen, photos.part("validation"), seed)
    result = {
        "labels": len(chosen),
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "best_step": outcome.steps[outcome.best],
        "steps": outcome.steps,
        "validation_curve": outcome.validation_accuracy,
        "validation_accuracy": outcome.validation_accuracy[outcome.best],
        "validation_balanced_accuracy": outcome.validation_balanced[outcome.best],
        "validation_loss": outcome.validation_loss[outcome.best],
    }
    if with_test:
        test = photos.part("test")
        predictions = outcome.predict(test)
        result |= {
            "accuracy": accuracy(test.labels.numpy(), predictions),
            "balanced_accuracy": balanced_accuracy(test.labels.numpy(), predictions),
            "predictions": predictions.tolist(),
        }
    return result


def tune(method: str, settings: list[dict], seeds: list[int], run: Callable) -> tuple[dict, list[dict]]:
    """The setting that does best on the validation photos (all training photos), and how each did."""
    table = []
    for setting in settings:
        runs = [run(method, setting, "all", seed, with_test=False) for seed in seeds]
        table.append(
            {
                "setting": setting,
                "validation_balanced_accuracy": float(
                    np.mean([r["validation_balanced_accuracy"] for r in runs])
                ),
                "validation_loss": float(np.mean([r["validation_loss"] for r in runs])),
            }
        )
    best = max(table, key=lambda row: (row["validation_balanced_accuracy"], -row["validation_loss"]))
    return best["setting"], table


def shortcuts(photos: Photos, setting: dict, seeds: list[int], run: Callable) -> dict:
    """Two controls: could the classes be told apart without looking at what is shown?

    ``file_size``: logistic regression on nothing but the width and height that each photo's file has.
    ``reduced``: the frozen backbone on photos that were all reduced to 32 pixels first, so that how sharp a
    photo is says nothing of its class.
    """
    folder = locate("tuxpaint-stamps-default")
    sizes = np.array([Image.open(folder / row["file"]).size for row in embedded_table()])
    facts = np.log(np.column_stack([sizes[:, 0], sizes[:, 1], sizes[:, 0] * sizes[:, 1]]))
    truth, splits = photos.labels.numpy(), np.array(photos.splits)
    train_rows, test_rows = splits == "train", splits == "test"
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(
        facts[train_rows], truth[train_rows]
    )
    guessed = model.predict(facts[test_rows])
    small = F.interpolate(F.adaptive_avg_pool2d(photos.images.float(), 32), size=SIZE, mode="bilinear")
    reduced = replace(photos, images=small.round().clamp(0, 255).to(torch.uint8))
    runs = [
        run("frozen", setting, "all", seed, with_test=True, photos=reduced, variant="reduced")
        for seed in seeds
    ]
    return {
        "file_size": {
            "accuracy": accuracy(truth[test_rows], guessed),
            "balanced_accuracy": balanced_accuracy(truth[test_rows], guessed),
        },
        "reduced": {
            "accuracy": float(np.mean([r["accuracy"] for r in runs])),
            "balanced_accuracy": float(np.mean([r["balanced_accuracy"] for r in runs])),
        },
    }


def experiment(*, quick: bool, console: Console) -> dict:
    """Everything, as the dictionary that is written to the results file."""
    torch.set_num_threads(THREADS)
    photos = load_photos(size=SIZE)
    seeds = SEEDS[:2] if quick else SEEDS
    tuning_seeds = TUNING_SEEDS[:1] if quick else TUNING_SEEDS
    levels = ["5", "all"] if quick else list(LEVELS)
    settings = {
        name: quickened(method.settings) if quick else method.settings for name, method in METHODS.items()
    }
    ledger = Ledger(
        NAME, sources(), [manifest()["tuxpaint-stamps-default"].sha256, torch.__version__, str(SIZE)]
    )

    total = sum(len(of) for of in settings.values()) * len(tuning_seeds)
    total += len(METHODS) * len(levels) * len(seeds) + len(seeds)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=total)

        def run(
            method: str,
            setting: dict,
            level: str,
            seed: int,
            *,
            with_test: bool,
            photos: Photos = photos,
            variant: str = "",
        ) -> dict:
            progress.update(task, description=f"{method} {variant}, {level} photos a class, seed {seed}")
            key = {"method": method, "setting": setting, "level": level, "seed": seed, "test": with_test}
            key |= {"variant": variant} if variant else {}
            result = ledger.run(
                key, lambda: measure(method, setting, level, seed, photos, with_test=with_test)
            )
            progress.advance(task)
            return result

        chosen, tuning, runs = {}, {}, []
        for name in METHODS:
            chosen[name], tuning[name] = tune(name, settings[name], tuning_seeds, run)
        for seed in seeds:
            for level in levels:
                for name in METHODS:
                    result = run(name, chosen[name], level, seed, with_test=True)
                    runs.append({"method": name, "level": level, "seed": seed} | result)
        controls = shortcuts(photos, chosen["frozen"], seeds, run)

    test = photos.part("test")
    return (
        {
            "experiment": NAME,
            "quick": quick,
            "data": {
                "photos": len(photos),
                "image_size": SIZE,
                "class_names": list(photos.class_names),
                "counts": photos.counts(),
                "train": len(photos.part("train")),
                "validation": len(photos.part("validation")),
                "test": len(test),
            },
            "seeds": seeds,
            "tuning_seeds": tuning_seeds,
            "levels": levels,
            "methods": {
                name: {"title": method.title, "chosen": chosen[name], "tuning": tuning[name]}
                for name, method in METHODS.items()
            },
        }
        | summarise(runs, test)
        | {
            "controls": controls,
            "environment": ledger.run({"what": "environment"}, environment),
            "runs": runs,
        }
    )


def check(console: Console) -> int:
    """One run of every way again, level and seed chosen by chance; 1 when one is not as expected."""
    torch.set_num_threads(THREADS)
    results, photos = load_results(NAME), load_photos(size=SIZE)
    draw, rows = random.Random(time.time_ns()), []
    for name, method in results["methods"].items():
        level, seed = draw.choice(results["levels"]), draw.choice(results["seeds"])
        runs = [run for run in results["runs"] if (run["method"], run["level"]) == (name, level)]
        then = next(run["accuracy"] for run in runs if run["seed"] == seed)
        again = measure(name, method["chosen"], level, seed, photos, with_test=True)["accuracy"]
        scores = [run["accuracy"] for run in runs]
        where = f"{name}, {level} a class, seed {seed}"
        rows.append((where, then, again, expected(scores, results["data"]["test"])))
    return show_check(rows, console)


def quickened(settings: list[dict]) -> list[dict]:
    """Two of ``settings``, with a few steps only."""
    return [setting | ({"steps": 20} if "steps" in setting else {}) for setting in settings[2:4]]


def sources() -> list[Path]:
    """The files that a run's outcome depends on."""
    library = ROOT / "transfer_learning"
    names = ["training.py", "features.py", "evaluation.py", "datasets/photos.py", "datasets/photos.json"]
    names += [f"models/{name}.py" for name in ("image", "compact", "classifier")]
    return [Path(__file__).resolve(), *(library / name for name in names)]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="every step once, to see that it runs")
    parser.add_argument("--check", action="store_true", help="measure a sample of the runs again")
    options = parser.parse_args()
    quick, console = options.quick, Console(highlight=False)
    if options.check:
        return check(console)
    started = time.monotonic()
    results = experiment(quick=quick, console=console)
    path = save_results(NAME, results, ROOT / "_build" / "results" if quick else RESULTS)
    console.print(score_table(results))
    console.print(f"Written: {path}  ({time.monotonic() - started:.0f} s)", soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
