"""The study of parameter-efficient transfer: whole, one budget, and only what should learn is stored."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load, save
from transformers import BertConfig, BertModel

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "experiments"))

import parameter_efficient as experiment

from transfer_learning.results import _rounded, load_results


@pytest.fixture(scope="module")
def results() -> dict:
    return load_results("parameter_efficient")


def tiny() -> BertModel:
    return BertModel(
        BertConfig(
            vocab_size=20,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=12,
        )
    )


def test_the_results_are_of_the_whole_study(results: dict) -> None:
    assert not results["quick"] and len(results["seeds"]) >= 5
    runs = Counter(run["way"] for run in results["runs"])
    assert runs == dict.fromkeys(experiment.WAYS, len(results["seeds"]))
    assert {way["settings"] for way in results["ways"].values()} == {3}


def test_the_summary_is_what_the_runs_say(results: dict) -> None:
    for way, levels in results["summary"][experiment.CASE].items():
        found = [run["score"] for run in results["runs"] if run["way"] == way]
        assert levels["100"]["mean"] == pytest.approx(np.mean(found), abs=2e-4)


def test_costs_are_those_of_the_runs(results: dict) -> None:
    for way, cost in results["costs"].items():
        runs = [run for run in results["runs"] if run["way"] == way]
        assert {run["parameters"] for run in runs} == {cost["parameters"]}
        assert cost["seconds"] == _rounded(float(np.median([run["training_cpu_seconds"] for run in runs])))
        assert cost["bytes"] > 4 * cost["parameters"]


@pytest.mark.parametrize(("way", "mark"), [("lora", "lora_"), ("adapters", "dense.1.")])
def test_only_the_new_numbers_learn_and_are_stored(way: str, mark: str) -> None:
    network = tiny()
    old = sum(p.numel() for p in network.parameters())
    experiment.PREPARE[way](network, 0)
    found = experiment.stored(network)
    learning = [name for name, p in network.named_parameters() if p.requires_grad]
    assert learning and all(mark in name for name in learning)
    assert found["parameters"] < old / 4
    assert 4 * found["parameters"] <= found["bytes"] < 4 * old
    tensors = {name: p.detach().contiguous() for name, p in network.named_parameters() if p.requires_grad}
    assert set(load(save(tensors))) == set(learning)


def test_full_fine_tuning_stores_nearly_all() -> None:
    network = experiment.everything(tiny(), 0)
    assert all(p.requires_grad for name, p in network.named_parameters() if "pooler" not in name)
