"""The training loop, to be read from top to bottom.

It is not about which weights learn (freeze a parameter and it is left out), nor about devices, mixed
precision or checkpoints: the data sets here are small enough for a laptop's CPU.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class TrainingConfig:
    """How to train.

    Attributes:
        steps: updates of the weights.
        batch_size: samples an update sees; all of them when there are fewer.
        learning_rate: of AdamW at its highest, after the warm-up; then it falls to zero along a cosine.
        backbone_learning_rate: another one for ``model.backbone``; ``None``: the same.
        warm_up: the share of the steps in which the learning rate rises; 0: it is at its highest at once.
        weight_decay: of AdamW.
        fused: one fused update of all weights: faster for a large model, and other last digits. What was
            measured without it stays as it was measured.
        still_statistics: leave BatchNorm's running statistics as they are, and use them.
        evaluate_every: steps between two evaluations.
    """

    steps: int = 100
    batch_size: int = 16
    learning_rate: float = 1e-3
    backbone_learning_rate: float | None = None
    warm_up: float = 0.1
    weight_decay: float = 1e-2
    fused: bool = False
    still_statistics: bool = False
    evaluate_every: int = 10


def train(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    config: TrainingConfig,
    *,
    seed: int,
    prepare: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    evaluate: Callable[[nn.Module, int], None] | None = None,
) -> nn.Module:
    """Train ``model`` in place to give ``inputs`` the classes ``labels``; it is left in eval mode.

    Args:
        model: gives logits of shape ``(batch, classes)``. Only parameters with ``requires_grad`` learn.
        inputs: shape ``(n, ...)``: photos, or features.
        labels: int64, shape ``(n,)``.
        seed: of the order of samples, of ``prepare`` and of dropout. The global random state is left as it
            was.
        prepare: makes of a batch of ``inputs`` what the model takes (preprocessing, augmentation).
        evaluate: called with the model in eval mode and the number of steps done, before the first step and
            then every ``config.evaluate_every`` steps.
    """
    optimizer = torch.optim.AdamW(
        parameter_groups(model, config), weight_decay=config.weight_decay, fused=config.fused
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: warm_up_then_cosine(step, config.steps, config.warm_up)
    )
    generator = torch.Generator().manual_seed(seed)
    batches = endless_batches(len(labels), config.batch_size, generator)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for step in range(config.steps + 1):
            if evaluate is not None and step % config.evaluate_every == 0:
                model.eval()
                evaluate(model, step)
            if step == config.steps:
                break
            model.train()
            if config.still_statistics:
                keep_statistics_still(model)
            chosen = next(batches)
            batch = inputs[chosen] if prepare is None else prepare(inputs[chosen], generator)
            loss = F.cross_entropy(model(batch), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def parameter_groups(model: nn.Module, config: TrainingConfig) -> list[dict]:
    """The parameters that learn, each with its learning rate: backbone and head may differ."""
    of_backbone = set(model.backbone.parameters()) if hasattr(model, "backbone") else set()
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    backbone_rate = config.backbone_learning_rate or config.learning_rate
    groups = [
        {"params": [p for p in learning if p not in of_backbone], "lr": config.learning_rate},
        {"params": [p for p in learning if p in of_backbone], "lr": backbone_rate},
    ]
    return [group for group in groups if group["params"]]


def warm_up_then_cosine(step: int, steps: int, warm_up: float = 0.1) -> float:
    """The share of the highest learning rate at ``step``: a line up for ``warm_up``, then a cosine down."""
    warm = max(1, int(warm_up * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def endless_batches(samples: int, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Indices of one batch after another; each pass over the samples is in a new order.

    A last batch that would be short is left out, so that BatchNorm never sees a single photo.
    """
    size = min(batch_size, samples)
    while True:
        order = torch.randperm(samples, generator=generator)
        for start in range(0, samples - size + 1, size):
            yield order[start : start + size]


def keep_statistics_still(model: nn.Module) -> None:
    """Put every BatchNorm layer in eval mode: it uses its running statistics and leaves them alone."""
    for layer in model.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eval()
