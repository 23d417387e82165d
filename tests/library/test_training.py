"""The training loop: what learns, what stays, and that the same seed gives the same result."""

import pytest
import torch

from transfer_learning.models import Classifier, small_classifier
from transfer_learning.training import (
    TrainingConfig,
    endless_batches,
    parameter_groups,
    train,
    warm_up_then_cosine,
)


@pytest.fixture
def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Two classes that differ in brightness."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(24) % 2
    return torch.randn(24, 3, 8, 8, generator=generator) + labels.view(-1, 1, 1, 1), labels


def snapshot(model: Classifier) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_training_learns(data: tuple) -> None:
    model = train(small_classifier(2), *data, TrainingConfig(steps=60, learning_rate=0.02), seed=0)
    assert not model.training
    assert (model(data[0]).argmax(dim=1) == data[1]).float().mean() > 0.9


def test_only_what_requires_grad_learns(data: tuple) -> None:
    model = small_classifier(2)
    model.backbone.requires_grad_(False)
    before = snapshot(model)
    train(model, *data, TrainingConfig(steps=5, still_statistics=True), seed=0)
    after = snapshot(model)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"head.weight", "head.bias"}


def test_statistics_move_unless_told_otherwise(data: tuple) -> None:
    model = small_classifier(2)
    model.backbone.requires_grad_(False)
    before = snapshot(model)
    train(model, *data, TrainingConfig(steps=5), seed=0)
    after = snapshot(model)
    assert not torch.equal(before["backbone.layers.1.running_mean"], after["backbone.layers.1.running_mean"])


def test_the_seed_decides_everything_and_the_global_state_is_left(data: tuple) -> None:
    def run(seed: int) -> torch.Tensor:
        model = small_classifier(2, dropout=0.5)
        train(model, *data, TrainingConfig(steps=5, batch_size=8), seed=seed)
        return model.head[1].weight

    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    one, same, other = run(1), run(1), run(2)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_evaluation_comes_first_last_and_in_eval_mode(data: tuple) -> None:
    steps, modes = [], []

    def evaluate(model: torch.nn.Module, step: int) -> None:
        steps.append(step)
        modes.append(model.training)

    train(small_classifier(2), *data, TrainingConfig(steps=6, evaluate_every=3), seed=0, evaluate=evaluate)
    assert steps == [0, 3, 6]
    assert not any(modes)


def test_backbone_and_head_may_have_their_own_rates() -> None:
    model = small_classifier(2)
    groups = parameter_groups(model, TrainingConfig(learning_rate=0.1, backbone_learning_rate=0.001))
    assert [group["lr"] for group in groups] == [0.1, 0.001]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    model.backbone.requires_grad_(False)
    assert [group["lr"] for group in parameter_groups(model, TrainingConfig())] == [1e-3]


def test_a_pass_over_the_data_sees_each_sample_at_most_once() -> None:
    batches = endless_batches(10, 4, torch.Generator().manual_seed(0))
    first_pass = torch.cat([next(batches), next(batches)])
    assert len(set(first_pass.tolist())) == 8
    assert len(next(endless_batches(3, 16, torch.Generator()))) == 3


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    rates = [warm_up_then_cosine(step, 100) for step in range(101)]
    assert rates[9] == rates[10] == 1
    assert rates[0] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_warm_up_may_be_left_out_or_be_longer() -> None:
    assert warm_up_then_cosine(0, 100, 0.0) == 1
    assert warm_up_then_cosine(0, 100) == pytest.approx(0.1)
    assert warm_up_then_cosine(24, 100, 0.5) == pytest.approx(0.5)
