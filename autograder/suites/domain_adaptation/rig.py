"""Course code that runs beside the student's: builds classifiers and networks there, and reports raw tensors.

It decides nothing. Whatever it returns could be forged, so the suite compares the tensors with its own
computation (``judge.py``). A function here whose work depends on the student's code answers ``{"error":
"..."}`` when that work fails.
"""

import functools
from collections.abc import Callable

import numpy
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
# There is no constant of it here: this file runs beside the student's code, which may read every value in it.


class NearestRow:
    """A classifier in the form of scikit-learn's that answers with the label of the nearest row it was given.

    It knows its training rows by heart: its error on them is 0. Rows of domain 1 count as farther away than
    they are, so that it matters which domain was called 1.
    """

    def fit(self, features, domains):
        self.features = numpy.array(features, dtype=float)
        self.domains = numpy.array(domains).reshape(-1)
        if self.features.ndim != 2 or len(self.features) != len(self.domains):
            raise ValueError("fit wants features (n, d) and one domain a row (n,)")
        return self

    def predict(self, features):
        features = numpy.asarray(features, dtype=float)
        squares = ((features[:, None, :] - self.features[None, :, :]) ** 2).sum(axis=2)
        return self.domains[(squares * numpy.where(self.domains == 1, 2.0, 1.0)).argmin(axis=1)]


class Network(nn.Module):
    """Backbone, label head and domain head, as the notebook's DomainNetwork, one layer each."""

    def __init__(self, inputs: int, d: int, classes: int) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(inputs, d), nn.Tanh())
        self.head = nn.Linear(d, classes)
        self.domain_head = nn.Sequential(nn.Linear(d, 1), nn.Flatten(0))


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
    model = Network(2, 2, 2)
    SGD(model.parameters(), lr=0.1)
    with torch.no_grad():
        scores = model.domain_head(model.backbone(torch.zeros(2, 2)))
        F.binary_cross_entropy_with_logits(scores, scores)
    numpy.linalg.eigh(numpy.eye(2))


def nearest_row() -> NearestRow:
    """A new classifier."""
    return NearestRow()


def make_network(sizes: list[int], state: dict[str, Tensor]) -> Network:
    """The network with ``sizes`` (inputs, features, classes), holding ``state``."""
    model = Network(*sizes)
    model.load_state_dict(state)
    return model


def make_sgd(model: Network, lr: float) -> SGD:
    """Plain SGD on all parameters."""
    return SGD(model.parameters(), lr=lr)


def make_reverse(strength: float) -> Callable:
    """A layer that reverses gradients, with its strength inside."""

    def layer(features):
        passed = features.clone()
        if passed.requires_grad:
            passed.register_hook(lambda gradient: gradient * -strength)
        return passed

    return layer


def leave_gradients(model: Network, gradients: dict[str, Tensor]) -> None:
    """Give every parameter a gradient, as if it were left from an earlier step."""
    for name, parameter in model.named_parameters():
        parameter.grad = gradients[name].clone()


@reports_errors
def state(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter of ``model``, by name, copied."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


@reports_errors
def loss_gradient(function: Callable, scores: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """The gradient of ``function(scores, labels, weights)`` with respect to ``scores``."""
    scores = scores.clone().requires_grad_()
    function(scores, labels, weights).backward()
    return scores.grad


@reports_errors
def gradient_through(
    function: Callable, x: Tensor, strength: float, there: Tensor, beside: Tensor, later: float
) -> Tensor:
    """The gradient at ``x`` of a loss that uses ``function(x, strength)`` and, beside it, ``x`` itself.

    The loss is half the sum of ``there * function(x, strength)**2``, plus the sum of ``beside * x``.
    Before its way back the function is called once more, on another tensor, with the strength ``later``.
    """
    x = x.clone().requires_grad_()
    result = function(x, strength)
    function(x.detach().clone().requires_grad_(), later)
    ((there * result**2).sum() / 2 + (beside * x).sum()).backward()
    return x.grad
