"""Course code that runs beside the student's: builds small models there, and reports raw tensors.

It decides nothing. Whatever it returns could be forged, so the suite compares the tensors with its own
computation (``judge.py``). A function here whose work depends on the student's code answers ``{"error":
"..."}`` when that work fails.
"""

import functools
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, AdamW, Optimizer
from transformers import BertConfig, BertModel

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
# There is no constant of it here: this file runs beside the student's code, which may read every value in it.


class MeanClassifier(nn.Module):
    """A BERT encoder, the mean over the tokens, a linear head."""

    def __init__(self, encoder: BertModel, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.head = nn.Linear(width, classes)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self.head(mean_of_tokens(hidden, attention_mask))


class Log:
    """What happened while a ``fit`` ran."""

    def __init__(self) -> None:
        self.rates: list[list[float]] = []
        self.modes: list[bool] = []
        self.steps: list[int] = []
        self.states: list[dict[str, Tensor]] = []


class BagClassifier(nn.Module):
    """Word vectors, their mean, a linear head: the smallest text classifier. It logs its mode."""

    def __init__(self, words: int, width: int, classes: int, log: Log) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.head = nn.Linear(width, classes)
        self.log = log

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        self.log.modes.append(self.training)
        return self.head(mean_of_tokens(self.embedding(input_ids), attention_mask))


class LoggingSGD(SGD):
    """SGD that logs the learning rates of each step."""

    log: Log

    def step(self, closure=None):
        self.log.rates.append([float(group["lr"]) for group in self.param_groups])
        return super().step(closure)


class Epochs:
    """A loader with batches of its own for each pass; after the last, the last ones again."""

    def __init__(self, passes: list) -> None:
        self.passes = passes
        self.begun = 0

    def __len__(self) -> int:
        return len(self.passes[0])

    def __iter__(self):
        batches = self.passes[min(self.begun, len(self.passes) - 1)]
        self.begun += 1
        return iter([tuple(batch) for batch in batches])


def mean_of_tokens(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1)


def reports_errors(function: Callable) -> Callable:
    """Turn an exception, which the student's object may cause, into ``{"error": "Type: message"}``."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}

    return wrapper


def copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def warm() -> None:
    """Done once, before any student's process is forked: what is slow the first time.

    No backward pass here: PyTorch refuses one in a process forked from one that has had one.
    """
    config = BertConfig(
        vocab_size=4, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4
    )
    model = MeanClassifier(BertModel(config, add_pooling_layer=False), 2)
    SGD(model.parameters(), lr=0.1)
    with torch.no_grad():
        model(torch.zeros(1, 2, dtype=torch.int64), torch.ones(1, 2, dtype=torch.int64))


def make_encoder(spec: dict, state: dict[str, Tensor], dropout: float = 0.0) -> BertModel:
    """The encoder that ``spec`` (the settings of a ``BertConfig``) describes, without pooler."""
    config = BertConfig(**spec, hidden_dropout_prob=dropout, attention_probs_dropout_prob=0.0)
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.load_state_dict(state)
    return encoder.eval()


def make_classifier(
    spec: dict, state: dict[str, Tensor], classes: int, trainable: list[str] | None = None
) -> MeanClassifier:
    """A whole classifier holding ``state``. Only the parameters named in ``trainable`` require gradients;
    ``None``: all of them."""
    inside = {name.removeprefix("encoder."): value for name, value in state.items() if name[:5] != "head."}
    model = MeanClassifier(make_encoder(spec, inside), classes)
    model.load_state_dict(state)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = trainable is None or name in trainable
    return model


@reports_errors
def state(module: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer of ``module``, by name, copied."""
    return copied(module)


@reports_errors
def apply(module: nn.Module, inputs: list[Tensor]) -> Tensor:
    """The module's output for these inputs."""
    with torch.no_grad():
        return module(*inputs)


@reports_errors
def apply_twice(module: nn.Module, inputs: list[Tensor]) -> Tensor:
    """Two outputs for the same inputs in training mode, stacked: dropout makes them differ."""
    module.train()
    with torch.no_grad():
        return torch.stack([module(*inputs), module(*inputs)])


@reports_errors
def learning(module: nn.Module) -> list[str]:
    """The names of the parameters that require gradients."""
    return [name for name, parameter in module.named_parameters() if parameter.requires_grad]


@reports_errors
def train_step(model: nn.Module, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> dict:
    """One step with an optimiser that holds ALL parameters, and the state afterwards.

    Only a parameter that gets a gradient can move, and weight decay moves every one that does.
    """
    model.zero_grad(set_to_none=True)
    scores = model(input_ids, attention_mask)
    loss = F.cross_entropy(scores, labels)
    if loss.requires_grad:
        loss.backward()
        SGD(model.parameters(), lr=0.5, weight_decay=0.1).step()
    return copied(model)


@reports_errors
def steps_of_groups(model: nn.Module, groups: object, gradients: dict[str, Tensor]) -> list[dict]:
    """For each group: one SGD step of that group alone, from the same start.

    Returns:
        ``names`` of the parameters in the group, and ``after``, the state after its step. A group without a
        learning rate of its own has one of zero. A weight decay that is written out as AdamW's own is none.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    start, reports = copied(model), []
    usual = AdamW(model.parameters()).defaults["weight_decay"]
    for group in groups:
        if isinstance(group, dict) and group.get("weight_decay") == usual:
            group = group | {"weight_decay": 0.0}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a parameter twice in one group: the suite says so
            optimizer = SGD([group], lr=0.0)
        for name, parameter in model.named_parameters():
            parameter.grad = gradients[name].clone()
        optimizer.step()
        held = [names.get(id(parameter), "?") for parameter in optimizer.param_groups[0]["params"]]
        reports.append({"names": held, "after": copied(model)})
        model.load_state_dict(start)
    return reports


def make_training(
    state: dict[str, Tensor], passes: list, scores: list[float], rates: list[float]
) -> tuple[nn.Module, Optimizer, Epochs, Callable, Log]:
    """Model, optimiser, loader, validate and log for one ``fit``.

    ``validate`` gives one of ``scores`` after the other. ``rates``: of the word vectors and of the head.
    """
    log = Log()
    words, width = state["embedding.weight"].shape
    model = BagClassifier(words, width, len(state["head.bias"]), log)
    model.load_state_dict(state)
    groups = [
        {"params": list(part.parameters()), "lr": rate}
        for part, rate in zip((model.embedding, model.head), rates, strict=True)
    ]
    optimizer = LoggingSGD(groups)
    optimizer.log = log

    def validate(judged):
        judged.eval()
        log.states.append(copied(model))
        log.steps.append(len(log.rates))
        return scores[min(len(log.states), len(scores)) - 1]

    return model, optimizer, Epochs(passes), validate, log


@reports_errors
def read_training(log: Log, model: nn.Module) -> dict:
    """The log, and the state of the model now.

    Returns:
        ``rates`` of each step and group, ``modes`` of each forward pass, ``steps`` taken before each
        validation, ``states`` at each validation, ``final``.
    """
    steps = [int(step) for step in log.steps]
    parts = {"rates": log.rates, "modes": log.modes, "steps": steps, "states": log.states}
    return {**parts, "final": copied(model)}


def make_linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """The linear layer of this weight and bias."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer


@reports_errors
def read_lora(layer: nn.Module, base: nn.Linear) -> dict:
    """``A``, ``B``, ``learning`` (the names that require gradients, the given layer's included) and the
    state of ``base``, the layer that went in, now."""
    learning = [name for name, parameter in layer.named_parameters() if parameter.requires_grad]
    learning += [f"base.{name}" for name, parameter in base.named_parameters() if parameter.requires_grad]
    tensors = {"A": layer.A.detach().clone(), "B": layer.B.detach().clone()}
    return {**tensors, "learning": learning, "base": copied(base)}


@reports_errors
def set_lora(layer: nn.Module, a: Tensor, b: Tensor) -> bool:
    """Write these numbers into ``A`` and ``B``."""
    with torch.no_grad():
        layer.A.copy_(a)
        layer.B.copy_(b)
    return True


@reports_errors
def gradient_of_inputs(layer: nn.Module, inputs: Tensor, pull: Tensor) -> Tensor:
    """The gradient of ``(layer(inputs) * pull).sum()`` with respect to ``inputs``."""
    inputs = inputs.clone().requires_grad_()
    (layer(inputs) * pull).sum().backward()
    return torch.zeros_like(inputs) if inputs.grad is None else inputs.grad


@reports_errors
def train_lora(layer: nn.Module, base: nn.Linear, inputs: Tensor, targets: Tensor, steps: int) -> dict:
    """Train towards ``targets`` with SGD on ALL parameters; ``A``, ``B`` and ``base`` afterwards."""
    optimizer = SGD(list({id(p): p for m in (layer, base) for p in m.parameters()}.values()), lr=0.5)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((layer(inputs) - targets) ** 2).mean()
        if loss.requires_grad:
            loss.backward()
        optimizer.step()
    return read_lora(layer, base)


@reports_errors
def merge_lora(layer: nn.Module, base: nn.Linear) -> dict:
    """``merged``: the state of what ``merge`` returns. ``kind``: its type's name. ``lora``: the layer now.
    ``later``: the layer after every number of the merged one was changed."""
    merged = layer.merge()
    kind = type(merged).__name__
    if merged is None or not isinstance(merged, nn.Module):
        return {"merged": {}, "kind": kind, "lora": read_lora(layer, base)}
    report = {"merged": copied(merged), "kind": kind, "lora": read_lora(layer, base)}
    with torch.no_grad():  # what is done to the merged layer later must not reach the base layer
        for tensor in merged.state_dict().values():
            tensor.add_(1.0)
    return {**report, "later": read_lora(layer, base)}
