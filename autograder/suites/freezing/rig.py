"""Course code that runs beside the student's: builds models and loaders there, and reports raw tensors.

It decides nothing. Whatever it returns could be forged, so the suite compares the tensors with its own
computation (``judge.py``). A function here whose work depends on the student's code answers ``{"error":
"..."}`` when that work fails.
"""

import functools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, Optimizer
from torch.utils.data import DataLoader, Sampler, TensorDataset

from transfer_learning.models import Classifier, small_classifier

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
# There is no constant of it here: this file runs beside the student's code, which may read every value in it.


class PlainBackbone(nn.Module):
    """A backbone without BatchNorm or dropout: it gives the same features in every mode."""

    def __init__(self, pixels: int, feature_dim: int) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.linear = nn.Linear(pixels, feature_dim)

    def forward(self, images: Tensor) -> Tensor:
        return torch.tanh(self.linear(images.flatten(1)))


class ShiftedBlock(nn.Module):
    """A convolution and a BatchNorm in a module that has a parameter of its own: it shifts their input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(inputs, 1, 1))
        self.convolution = nn.Conv2d(inputs, outputs, kernel_size=3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, maps: Tensor) -> Tensor:
        return self.norm(self.convolution(maps + self.shift)).relu()


class MixedBackbone(nn.Module):
    """A backbone with a parameter of its own, with a GroupNorm, and with dropout in its own ``forward``."""

    def __init__(self, feature_dim: int) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.shift = nn.Parameter(torch.zeros(3, 1, 1))
        self.heads = nn.Conv2d(3, 8, kernel_size=3, padding=1, bias=False)
        self.group_norm = nn.GroupNorm(2, 8)
        self.block = ShiftedBlock(8, feature_dim)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.group_norm(self.heads(images + self.shift)).relu()
        return F.dropout(self.block(maps).mean(dim=(2, 3)), 0.5, self.training)


def nested_layers(feature_dim: int) -> nn.Sequential:
    """Three blocks of convolution, BatchNorm and ReLU, then dropout: layers inside layers."""
    blocks = [
        nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )
        for inputs, outputs, stride in ((3, 8, 1), (8, feature_dim, 2), (feature_dim, feature_dim, 1))
    ]
    return nn.Sequential(*blocks, nn.Dropout(0.5))


def reports_errors(function: Callable) -> Callable:
    """Turn an exception, which the student's object may cause, into ``{"error": "Type: message"}``."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}

    return wrapper


def warm() -> None:
    """Done once, before any student's process is forked: what is slow the first time.

    No backward pass here: PyTorch refuses one in a process forked from one that has had one.
    """
    model = small_classifier(2)
    SGD(model.parameters(), lr=0.1)
    with torch.no_grad():
        model(torch.zeros(2, 3, 8, 8))


def make_model(spec: dict, state: dict[str, Tensor], trainable: list[str] | None = None) -> Classifier:
    """The model that ``spec`` describes, holding ``state``, in training mode.

    ``spec`` has ``kind`` ("small", "noisy": dropout at the backbone's end, "nested": blocks of layers,
    "mixed": layers of other kinds, or "plain"), ``classes``, ``feature_dim``, ``dropout``, ``pixels``. A
    ``logit_scale`` in ``state`` becomes a parameter of the model itself. Only the parameters named in
    ``trainable`` require gradients; ``None``: all of them.
    """
    model = small_classifier(spec["classes"], feature_dim=spec["feature_dim"], dropout=spec["dropout"])
    if spec["kind"] == "noisy":
        model.backbone.layers.append(nn.Dropout(0.5))
    elif spec["kind"] == "nested":
        model.backbone.layers = nested_layers(spec["feature_dim"])
    elif spec["kind"] == "plain":
        model.backbone = PlainBackbone(spec["pixels"], spec["feature_dim"])
    elif spec["kind"] == "mixed":
        model.backbone = MixedBackbone(spec["feature_dim"])
    if "logit_scale" in state:
        model.logit_scale = nn.Parameter(torch.zeros_like(state["logit_scale"]))
    model.load_state_dict(state)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = trainable is None or name in trainable
    return model.train()


class Orders(Sampler):
    """The first order for the first pass over a loader, the last one for every pass after the others."""

    def __init__(self, orders: list[list[int]]) -> None:
        self.orders = list(orders)

    def __iter__(self) -> Iterator[int]:
        return iter(self.orders.pop(0) if len(self.orders) > 1 else self.orders[0])

    def __len__(self) -> int:
        return len(self.orders[0])


def make_loader(
    images: Tensor,
    labels: Tensor,
    batch_size: int,
    shuffle_seed: int | None = None,
    orders: list[list[int]] | None = None,
) -> DataLoader:
    """A loader of ``(images, labels)``: in order, shuffled anew on every pass from ``shuffle_seed``, or of
    the samples in ``orders``: one list for each pass, which may leave some out."""
    if orders is not None:
        return DataLoader(TensorDataset(images, labels), batch_size=batch_size, sampler=Orders(orders))
    if shuffle_seed is None:
        return DataLoader(TensorDataset(images, labels), batch_size=batch_size)
    order = torch.Generator().manual_seed(shuffle_seed)
    return DataLoader(TensorDataset(images, labels), batch_size=batch_size, shuffle=True, generator=order)


def make_sgd(model: Classifier, lr: float, momentum: float, weight_decay: float) -> SGD:
    """Plain SGD on the parameters that require gradients."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return SGD(parameters, lr=lr, momentum=momentum, weight_decay=weight_decay)


def leave_gradients(model: nn.Module, gradients: dict[str, Tensor]) -> None:
    """Give the parameters with these names a gradient, as an earlier ``backward()`` leaves it."""
    for name, parameter in model.named_parameters():
        if name in gradients:
            parameter.grad = gradients[name].clone()


def switch_gradients_on() -> bool:
    """Switch the computation of gradients on in this process; whether it was on."""
    was_on = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    return was_on


def set_mode(model: nn.Module, training: bool) -> None:
    """``model.train()`` or ``model.eval()``."""
    model.train(training)


@reports_errors
def state(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer of ``model``, by name, copied."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


@reports_errors
def forward(model: nn.Module, images: Tensor, times: int = 1) -> Tensor:
    """Outputs ``(times, batch, classes)`` of ``times`` forward passes, in the mode the model is in."""
    with torch.no_grad():
        return torch.stack([model(images) for _ in range(times)])


def parameters_of(module: nn.Module) -> list[nn.Parameter]:
    """Every parameter that is really in a module, whatever its ``parameters()`` says."""
    inside = object.__getattribute__(module, "__dict__")
    found = [parameter for parameter in inside["_parameters"].values() if parameter is not None]
    for child in inside["_modules"].values():
        found += parameters_of(child)
    return found


# In this and `reuse_features` a student may have switched gradients off in the process.
@reports_errors
@torch.enable_grad()
def train_everything(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    lr: float,
    steps: int,
    probe: tuple[Tensor, Tensor],
) -> dict:
    """Train in evaluation mode with an optimiser that holds ALL parameters.

    Only a parameter that gets a gradient can move. A model in which nothing gets one stays as it is. Beside
    the model's own head a second one, the probe, learns from the same features: it starts from the weight and
    bias in ``probe``, and where it ends shows which features it was given.

    Returns:
        ``{"state": the model's tensors by name, "probe": (weight, bias)}``, after ``steps`` steps.
    """
    nn.Module.train(model, False)
    head = nn.Linear(probe[0].shape[1], probe[0].shape[0])
    with torch.no_grad():
        head.weight.copy_(probe[0])
        head.bias.copy_(probe[1])
    optimizer = SGD([*parameters_of(model), *parameters_of(head)], lr=lr, momentum=0.9, weight_decay=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(head(model.backbone(images)), labels)
        own = F.cross_entropy(model(images), labels)
        (loss + own if own.requires_grad else loss).backward()
        optimizer.step()
    return {"state": state(model), "probe": (head.weight.detach(), head.bias.detach())}


@reports_errors
def step_with_gradients(
    model: nn.Module, optimizer: Optimizer, gradients: dict[str, Tensor], lr: float | None = None
) -> dict[str, Tensor]:
    """Give every parameter a gradient, take one step, report the state afterwards.

    ``lr``: set this learning rate in every group before the step, as a schedule does.
    """
    leave_gradients(model, gradients)
    if lr is not None:
        for parameters in optimizer.param_groups:
            parameters["lr"] = lr
    optimizer.step()
    return state(model)


@reports_errors
@torch.enable_grad()
def reuse_features(model: Classifier, pair: tuple[Tensor, Tensor], weight: Tensor, bias: Tensor) -> dict:
    """Send gradients for two epochs through a head on ``pair``, the very (features, labels) that came back.

    Returns:
        ``reached``: whether one got into the model; ``gradients``: the head's (weight, bias); ``pair``.
    """
    features, labels = pair
    for parameter in parameters_of(model):
        parameter.grad = None
    weight, bias = weight[:, : features.shape[1]].clone().requires_grad_(), bias.requires_grad_()
    for _ in range(2):
        weight.grad = bias.grad = None
        F.cross_entropy(F.linear(features, weight, bias), labels).backward()
    reached = any(parameter.grad is not None for parameter in parameters_of(model))
    pair = (features.detach(), labels)
    return {"reached": reached, "gradients": (weight.grad, bias.grad), "pair": pair}
