"""What is right, computed on the trusted side from formulas, in float64 and without the student's model.

This file is not about what is wrong, nor how to say it. It knows the small network as formulas (convolution,
normalisation, mean; softmax regression for the head), so it shares no code with a solution.

Margins. ``autograder/measure.py`` has the tolerance. ``tools/audit_suites.py`` measures how far from it right
and wrong answers stay; a test fails when either comes within a factor of ten of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from autograder.expect import same_bits
from autograder.measure import close, draw

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

SIZE = 8
PIXELS = 3 * SIZE * SIZE
WIDTH = 8
MOMENTUM = 0.1  # of every BatchNorm layer: the weight of a batch in the running averages
LARGEST = 1_000_000
"""Numbers in a head, at most: what came may be of any size, and in float64 eight times as large."""


def _blocks(*rows: tuple[str, str, int]) -> list[tuple[str, str, int]]:
    return [
        (f"backbone.layers.{convolution}", f"backbone.layers.{norm}", stride)
        for convolution, norm, stride in rows
    ]


BLOCKS = {
    "small": _blocks(("0", "1", 1), ("3", "4", 2)),
    "noisy": _blocks(("0", "1", 1), ("3", "4", 2)),
    "nested": _blocks(("0.0", "0.1", 1), ("1.0", "1.1", 2), ("2.0", "2.1", 1)),
    "mixed": [
        ("backbone.heads", "backbone.group_norm", 1),
        ("backbone.block.convolution", "backbone.block.norm", 2),
    ],
}
"""Names of convolution and BatchNorm, and the stride, of each block, by the kind of the model.

In "mixed" the first norm is a GroupNorm of ``GROUPS`` groups, and what holds a convolution has a parameter of
its own, the ``shift`` of the convolution's input.
"""
GROUPS = 2


@dataclass(frozen=True)
class Case:
    """One model and one set of images: what the rig needs to build it, and its features by formula.

    ``images`` ``(n, 3, 8, 8)`` float32, ``labels`` ``(n,)`` int64.
    """

    spec: dict
    state: dict[str, Tensor]
    images: Tensor
    labels: Tensor

    @property
    def backbone_names(self) -> list[str]:
        """Names of the backbone's parameters and buffers."""
        return [name for name in self.state if name.startswith("backbone.")]

    @property
    def backbone_parameters(self) -> list[str]:
        return [name for name in self.backbone_names if not is_statistic(name)]

    @property
    def statistics(self) -> list[str]:
        """Names of the BatchNorm buffers."""
        return [name for name in self.backbone_names if is_statistic(name)]

    @property
    def layers(self) -> list[list[str]]:
        """Names of the parameters of each layer of the backbone, from the images up."""
        found: dict[str, list[str]] = {}
        for name in self.backbone_parameters:
            found.setdefault(name.rsplit(".", 1)[0], []).append(name)
        return list(found.values())

    @property
    def head_names(self) -> list[str]:
        return [name for name in self.state if name.startswith("head.")]

    @property
    def parameters(self) -> list[str]:
        """Names of all parameters, also of one that is neither the backbone's nor the head's."""
        return [name for name in self.state if not is_statistic(name)]

    @property
    def head(self) -> tuple[Tensor, Tensor]:
        return linear_of(self.state)

    def features(self, statistics: str | tuple[str, ...] = "stored", images: Tensor | None = None) -> Tensor:
        """The backbone's features ``(n, feature_dim)``, float64.

        ``statistics``: "stored" or "batch", for all BatchNorm layers or for each.
        """
        images = (self.images if images is None else images).double()
        if self.spec["kind"] == "plain":
            weight, bias = (self.state[f"backbone.linear.{name}"].double() for name in ("weight", "bias"))
            return torch.tanh(images.flatten(1) @ weight.T + bias)
        return pooled(self.before_relu(statistics, images)[-1])

    def before_relu(
        self, statistics: str | tuple[str, ...] = "stored", images: Tensor | None = None
    ) -> list[Tensor]:
        """What each block of the backbone hands to its ReLU, as in :meth:`features`."""
        blocks = BLOCKS[self.spec["kind"]]
        used = [statistics] * len(blocks) if isinstance(statistics, str) else statistics
        images = (self.images if images is None else images).double()
        found = []
        for (convolution, norm, stride), statistics in zip(blocks, used, strict=True):
            if (shift := shift_before(convolution)) in self.state:
                images = images + self.state[shift].double()
            found.append(self._normalise(self._convolve(images, convolution, stride), norm, statistics))
            images = found[-1].clamp(min=0)
        return found

    def after_pass(self, batch_size: int) -> "Case":
        """The case as one pass over its images in training mode leaves it: with other statistics."""
        state = dict(self.state)
        for images in self.images.double().split(batch_size):
            for convolution, norm, stride in BLOCKS[self.spec["kind"]]:
                images = self._convolve(images, convolution, stride)
                for part, new in (("mean", images.mean(dim=(0, 2, 3))), ("var", images.var(dim=(0, 2, 3)))):
                    name = f"{norm}.running_{part}"
                    state[name] = (1 - MOMENTUM) * state[name].double() + MOMENTUM * new
                images = self._normalise(images, norm, "batch").clamp(min=0)
        return Case(self.spec, state, self.images, self.labels)

    def _convolve(self, maps: Tensor, name: str, stride: int) -> Tensor:
        return F.conv2d(maps, self.state[f"{name}.weight"].double(), stride=stride, padding=1)

    def _normalise(self, maps: Tensor, name: str, statistics: str) -> Tensor:
        if f"{name}.running_mean" not in self.state:
            scale, shift = (self.state[f"{name}.{part}"].double() for part in ("weight", "bias"))
            return F.group_norm(maps, GROUPS, scale, shift)
        if statistics == "stored":
            mean, variance = (
                self.state[f"{name}.{part}"].double() for part in ("running_mean", "running_var")
            )
        else:
            mean, variance = maps.mean(dim=(0, 2, 3)), maps.var(dim=(0, 2, 3), unbiased=False)
        scale, shift = (self.state[f"{name}.{part}"].double()[:, None, None] for part in ("weight", "bias"))
        return (maps - mean[:, None, None]) / (variance[:, None, None] + 1e-5).sqrt() * scale + shift


def pooled(maps: Tensor) -> Tensor:
    """Features ``(n, d)``: ReLU, then the mean over positions."""
    return maps.clamp(min=0).mean(dim=(2, 3))


def shift_before(convolution: str) -> str:
    """The name of the parameter, of what holds this convolution, that is added to the convolution's input."""
    return f"{convolution.rpartition('.')[0]}.shift"


def is_statistic(name: str) -> bool:
    """Whether ``name`` is a BatchNorm buffer, not a parameter."""
    return name.rsplit(".", 1)[-1] in {"running_mean", "running_var", "num_batches_tracked"}


def make_case(
    seed: int,
    label: str,
    *,
    kind: str = "small",
    samples: int = 12,
    classes: int = 3,
    feature_dim: int = 12,
    dropout: float = 0.0,
) -> Case:
    """A case drawn from ``seed`` and ``label``, its statistics far from their starting values."""
    generator = draw(seed, label)

    def normal(*shape: int, scale: float = 1.0, mean: float = 0.0) -> Tensor:
        return torch.randn(*shape, generator=generator) * scale + mean

    def positive(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator) + 0.5

    state: dict[str, Tensor] = {}
    if kind == "plain":
        state["backbone.linear.weight"] = normal(feature_dim, PIXELS, scale=PIXELS**-0.5)
        state["backbone.linear.bias"] = normal(feature_dim, scale=0.2)
    else:
        inputs, outputs = 3, WIDTH
        for convolution, norm, _ in BLOCKS[kind]:
            if kind == "mixed":
                state[shift_before(convolution)] = normal(inputs, 1, 1)
            state[f"{convolution}.weight"] = normal(outputs, inputs, 3, 3, scale=(9 * inputs) ** -0.5)
            state[f"{norm}.weight"] = positive(outputs)
            state[f"{norm}.bias"] = normal(outputs, scale=0.2, mean=0.3)
            if norm != "backbone.group_norm":
                state[f"{norm}.running_mean"] = normal(outputs, scale=0.2)
                state[f"{norm}.running_var"] = positive(outputs)
                state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
            inputs, outputs = outputs, feature_dim
    head = "head.1" if dropout > 0 else "head"
    state[f"{head}.weight"] = normal(classes, feature_dim, scale=feature_dim**-0.5)
    state[f"{head}.bias"] = normal(classes, scale=0.2)
    return Case(
        spec={
            "kind": kind,
            "classes": classes,
            "feature_dim": feature_dim,
            "dropout": dropout,
            "pixels": PIXELS,
        },
        state=state,
        images=normal(samples, 3, SIZE, SIZE, scale=1.5, mean=0.5),
        labels=torch.randint(0, classes, (samples,), generator=generator),
    )


def linear_of(state: dict[str, Tensor]) -> tuple[Tensor, Tensor] | None:
    """Weight ``(classes, features)`` and bias ``(classes,)`` of the head in ``state``, float64.

    ``None`` when the head does not hold exactly one linear layer. A head without bias has a bias of zeros.
    """
    tensors = [tensor for name, tensor in state.items() if name.startswith("head.")]
    if any(tensor.is_complex() or tensor.numel() > LARGEST for tensor in tensors) or len(tensors) > 2:
        return None
    tensors = [tensor.double() for tensor in tensors]
    weights = [tensor for tensor in tensors if tensor.dim() == 2]
    biases = [tensor for tensor in tensors if tensor.dim() == 1]
    if len(weights) != 1 or len(biases) > 1 or not weights[0].numel():
        return None
    if biases and len(biases[0]) != len(weights[0]):
        return None
    return weights[0], biases[0] if biases else torch.zeros(len(weights[0]), dtype=torch.float64)


def logits(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return features @ weight.T + bias


def train_head(
    batches: Iterable[tuple[Tensor, Tensor]],
    weight: Tensor,
    bias: Tensor,
    *,
    lr: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    kept: tuple[Tensor, Tensor] | None = None,
    zero_grad: bool = True,
    reduction: str = "mean",
    softmax_twice: bool = False,
) -> tuple[Tensor, Tensor, list[float]]:
    """Softmax regression by its closed-form gradient and SGD with momentum.

    ``batches``: ``(features (n, d) float64, labels (n,))``. The last four arguments describe known mistakes.
    ``kept``: gradients from before, to which those of the first batch are added.

    Returns:
        The new weight and bias, and the mean loss of each batch before its step.
    """
    parameters = [weight.clone(), bias.clone()]
    velocity: list[Tensor | None] = [None, None]
    zeros = torch.zeros_like(weight), torch.zeros_like(bias)
    kept = zeros if kept is None else kept
    losses = []
    for features, labels in batches:
        scores = logits(features, *parameters)
        if softmax_twice:
            scores = scores.softmax(dim=1)
        log_probabilities = scores.log_softmax(dim=1)
        losses.append(-log_probabilities[torch.arange(len(labels)), labels].mean().item())
        error = log_probabilities.exp()
        error[torch.arange(len(labels)), labels] -= 1
        if softmax_twice:  # back through the first softmax: p * (e - sum(p * e))
            error = scores * (error - (scores * error).sum(dim=1, keepdim=True))
        if reduction == "mean":
            error = error / len(labels)
        gradients = [old + new for old, new in zip(kept, (error.T @ features, error.sum(dim=0)), strict=True)]
        kept = zeros if zero_grad else gradients
        for index, gradient in enumerate(gradients):
            gradient = gradient + weight_decay * parameters[index]
            previous = velocity[index]
            velocity[index] = gradient if previous is None else momentum * previous + gradient
            parameters[index] = parameters[index] - lr * velocity[index]
    return parameters[0], parameters[1], losses


class Descent:
    """SGD with momentum on tensors with names, as ``torch.optim.SGD`` does it."""

    def __init__(self, moving: dict[str, Tensor], lr: float, momentum: float, weight_decay: float) -> None:
        self.moving = {name: tensor.double() for name, tensor in moving.items()}
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.velocity: dict[str, Tensor] = {}

    # Gradients may be off: judge and student share a process when students check their own work.
    @torch.enable_grad()
    def step(self, loss_of: Callable[[dict[str, Tensor]], Tensor]) -> None:
        """One step down the loss, which ``loss_of`` computes from the tensors by name."""
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in self.moving.items()}
        gradients = torch.autograd.grad(loss_of(leaves), list(leaves.values()))
        for (name, tensor), gradient in zip(self.moving.items(), gradients, strict=True):
            gradient = gradient + self.weight_decay * tensor
            before = self.velocity.get(name)
            self.velocity[name] = gradient if before is None else self.momentum * before + gradient
            self.moving[name] = tensor - self.lr * self.velocity[name]


def train_plain(
    case: Case, batch_size: int, *, lr: float, momentum: float, weight_decay: float
) -> dict[str, Tensor]:
    """Where one epoch of SGD on every parameter leads a network of the kind "plain", in float64."""
    descent = Descent(case.state, lr, momentum, weight_decay)
    for images, labels in split(case.images, case.labels, batch_size):

        def loss(leaves, images=images, labels=labels):
            now = Case(case.spec, leaves, images, labels)
            return F.cross_entropy(logits(now.features(), *now.head), labels)

        descent.step(loss)
    return descent.moving


def train_network(
    case: Case,
    learning: Iterable[str],
    probe: tuple[Tensor, Tensor],
    *,
    lr: float,
    steps: int,
    momentum: float,
    weight_decay: float,
) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor], float]:
    """SGD on the parameters named in ``learning`` and on a second head, the probe, in evaluation mode.

    The loss is the mean cross-entropy of the case's own head plus that of the probe, on all images at once.

    Returns:
        Where the parameters in ``learning`` get to, by name, and where the probe does, in float64; and how
        near to zero the input of a ReLU came. Nearer than float32 can tell, the gradient is anybody's guess.
    """
    learning = list(learning)
    moving = {name: case.state[name] for name in learning} | dict(zip(("weight", "bias"), probe, strict=True))
    descent = Descent(moving, lr, momentum, weight_decay)
    nearest = float("inf")

    def loss(leaves):
        nonlocal nearest
        now = Case(case.spec, {**case.state, **leaves}, case.images, case.labels)
        maps = now.before_relu()
        nearest = min(nearest, *(one.abs().min().item() for one in maps))
        features = pooled(maps[-1])
        return sum(
            F.cross_entropy(logits(features, weight, bias), case.labels)
            for weight, bias in (now.head, (leaves["weight"], leaves["bias"]))
        )

    for _ in range(steps):
        descent.step(loss)
    moved = descent.moving
    return {name: moved[name] for name in learning}, (moved["weight"], moved["bias"]), nearest


def draw_head(seed: int, label: str, classes: int, feature_dim: int) -> tuple[Tensor, Tensor]:
    """Weight and bias, float32, of a head that no student has seen."""
    generator = draw(seed, label)
    weight = torch.randn(classes, feature_dim, generator=generator) * feature_dim**-0.5
    return weight, torch.randn(classes, generator=generator) * 0.2


def is_head(pair: object, weight: Tensor, bias: Tensor) -> bool:
    """Whether what came back is this weight and this bias."""
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(item, Tensor) for item in pair):
        return False
    return not any(item.is_complex() for item in pair) and close(pair[0], weight) and close(pair[1], bias)


def are_gradients(came: object, pair: object, weight: Tensor, bias: Tensor) -> bool:
    """Whether these are the gradients of the mean loss of a head on this pair of features and labels."""
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, Tensor) for part in pair):
        return False
    features, labels = pair
    if features.dim() != 2 or labels.dtype is not torch.int64 or labels.shape != features.shape[:1]:
        return False
    if features.is_complex() or features.shape[1] > weight.shape[1]:
        return False
    if not len(labels) or labels.min() < 0 or labels.max() >= len(bias):
        return False
    features, weight = features.double(), weight[:, : features.shape[1]].double()
    error = logits(features, weight, bias.double()).softmax(dim=1)
    error[torch.arange(len(labels)), labels] -= 1
    return is_head(came, error.T @ features / len(labels), error.mean(dim=0))


def split(features: Tensor, labels: Tensor, batch_size: int) -> list[tuple[Tensor, Tensor]]:
    """Batches in order; the last one may be smaller."""
    return list(zip(features.split(batch_size), labels.split(batch_size), strict=True))


def moved(before: dict[str, Tensor], after: dict[str, Tensor], names: Iterable[str]) -> list[str]:
    """Those of ``names`` whose tensor is not bit-identical in ``after``, or is not there any more."""
    return [name for name in names if name not in after or not same_bits(before[name], after[name])]
