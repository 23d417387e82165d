"""Further answers to `fine_tuning`: mistakes are known by name, the judge agrees with the libraries."""

import contextlib
import copy
import io
import re
import warnings

import pytest
import torch
from graded_here import ASSIGNMENTS, COURSE, faults
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torch.nn import functional as F
from transformers import get_linear_schedule_with_warmup

from autograder.suites.fine_tuning import judge, rig

FINE_TUNING = ASSIGNMENTS["fine_tuning"]
SEEDS = range(1000, 1030)


@pytest.fixture
def right():
    """The reference solution's functions by name; a test may replace one."""
    return FINE_TUNING.reference()


# What the judge rests on.


def test_the_formulas_of_bert_are_those_of_transformers():
    for seed in SEEDS:
        case = judge.make_case(seed, "bert", layers=1 + seed % 4)
        ids, mask = judge.padded(judge.make_texts(seed, "bert", [3, 7, 1, 5]))
        encoder = rig.make_encoder(case.spec, case.encoder_state).double()
        with torch.no_grad():
            came = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        kept = mask.bool()
        assert (came - case.hidden(ids, mask))[kept].abs().max() < 1e-9, seed


def test_the_parts_are_all_parameters():
    case = judge.make_case(1, "parts", layers=3)
    model = rig.make_classifier(case.spec, case.state, case.classes)
    inside = [name for names in case.parts.values() for name in names]
    assert sorted(inside) == sorted(name for name, _ in model.named_parameters())
    assert case.parts[judge.HEAD] == ["head.weight", "head.bias"]
    assert [len(names) for names in case.parts.values()] == [5, 16, 16, 16, 2]


def test_closed_form_steps_are_those_of_autograd():
    for seed in SEEDS[:10]:
        training = judge.make_training(seed, "sgd", [0.1, 0.2], patience=2, sizes=(3, 2))
        batches = [batch for epoch in training.passes for batch in epoch]
        trace = judge.run_sgd(training, batches, [training.rates] * len(batches))
        log = rig.Log()
        model = rig.BagClassifier(10, 4, 3, log).double()
        model.load_state_dict(training.state)
        low, high = training.rates
        optimizer = torch.optim.SGD(
            [
                {"params": model.embedding.parameters(), "lr": low},
                {"params": model.head.parameters(), "lr": high},
            ]
        )
        for (ids, mask, labels), (state, loss) in zip(batches, trace, strict=True):
            optimizer.zero_grad()
            found = F.cross_entropy(model(ids, mask), labels)
            found.backward()
            optimizer.step()
            assert abs(found.item() - loss) < 1e-9
            assert all(
                (state[name] - tensor).abs().max() < 1e-9 for name, tensor in model.state_dict().items()
            )


def test_the_schedule_is_that_of_transformers():
    for total, warmup in ((6, 2), (9, 0), (12, 5), (3, 1)):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        schedule = get_linear_schedule_with_warmup(optimizer, warmup, total)
        rates = []
        for _ in range(total):
            rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        assert judge.factors(total, warmup, total) == pytest.approx(rates)
        assert schedule.get_last_lr() == [0]


def test_source_accuracy_is_that_of_nearest_neighbours():
    for seed in SEEDS:
        before, after, groups = judge.make_texts_before_after(seed, "neighbours", one_length=False)
        for vectors in (before, after):
            search = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(vectors)
            nearest = search.kneighbors(return_distance=False)[:, 0]
            assert judge.neighbours(vectors).tolist() == nearest.tolist()
        assert judge.source_accuracy(before, groups) > judge.source_accuracy(after, groups)


def test_an_epoch_that_is_hard_has_the_higher_loss():
    """So that stopping by the training loss shows."""
    for seed in SEEDS:
        training = judge.make_training(
            seed, "hard", [0.0] * 6, patience=9, rates=(0.01, 0.01), hard=(0, 1, 3, 5)
        )
        batches = [batch for epoch in training.passes for batch in epoch]
        trace = judge.run_sgd(training, batches, [training.rates] * len(batches))
        losses = [
            sum(loss for _, loss in trace[start : start + training.batches]) / training.batches
            for start in range(0, len(trace), training.batches)
        ]
        assert max(losses[2], losses[4]) < min(losses[0], losses[1], losses[3], losses[5])


@pytest.mark.parametrize(("rank", "alpha", "bias"), [(2, 6.0, True), (4, 2.0, False), (1, 3.0, True)])
def test_lora_is_that_of_peft(right, rank, alpha, bias):
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(rank)
    network = nn.Sequential(nn.Linear(6, 5, bias=bias), nn.ReLU(), nn.Linear(5, 2))
    settings = LoraConfig(r=rank, lora_alpha=alpha, target_modules=["0"], init_lora_weights=False)
    own = right["LoRALinear"](copy.deepcopy(network[0]), rank, alpha)
    with warnings.catch_warnings(action="ignore"):
        theirs = get_peft_model(network, settings).base_model.model[0]
    with torch.no_grad():
        own.A.copy_(theirs.lora_A["default"].weight)
        own.B.copy_(theirs.lora_B["default"].weight)
    x = torch.randn(4, 6)
    assert (own(x) - own.base(x)).abs().max() > 1e-2
    assert torch.allclose(own(x), theirs(x), atol=1e-5)
    theirs.merge()
    assert torch.allclose(own.merge().weight, theirs.base_layer.weight, atol=1e-5)
    assert torch.allclose(own.merge()(x), theirs(x), atol=1e-5)


# Further answers, each a change to the reference solution: the task, the function, its points, the words.


def padding(*, width=max, ids=lambda ids: ids, mask=lambda mask: mask, result=lambda ids, mask: (ids, mask)):
    """``pad_batch``, in which one thing is not as it should be."""

    def pad_batch(sequences, pad_id):
        length = width(map(len, sequences))
        rows = [(s + [pad_id] * length)[:length] for s in sequences]
        ones = [([1] * len(s) + [0] * length)[:length] for s in sequences]
        return result(ids(torch.tensor(rows)), mask(torch.tensor(ones)))

    return pad_batch


def classifier(
    forward,
    *,
    bias=True,
    keep=lambda encoder: encoder,
    classes=lambda classes: classes,
    width=lambda config: config.hidden_size,
):
    """``TextClassifier`` with this ``forward(model, vectors, mask, ids)``."""

    class TextClassifier(nn.Module):
        def __init__(self, encoder, number):
            super().__init__()
            self.encoder = keep(encoder)
            self.head = nn.Linear(width(encoder.config), classes(number), bias=bias)

        def forward(self, input_ids, attention_mask):
            return forward(self, input_ids, attention_mask)

    return TextClassifier


def vectors_of(model, ids, mask):
    return model.encoder(input_ids=ids, attention_mask=mask).last_hidden_state


def mean(vectors, mask):
    return (vectors * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1)[:, None]


def plain(model, ids, mask):
    return model.head(mean(vectors_of(model, ids, mask), mask))


def no_mask_at_all(model, ids, mask):
    return model.head(vectors_of(model, ids, torch.ones_like(mask)).mean(dim=1))


def row_length(model, ids, mask):
    return model.head((vectors_of(model, ids, mask) * mask[:, :, None]).sum(dim=1) / mask.shape[1])


def in_evaluation_mode(model, ids, mask):
    model.encoder.eval()
    return plain(model, ids, mask)


def padding_alone(model, ids, mask):
    none = (mask == 0).sum(dim=1).clamp(min=1)[:, None]
    other = (vectors_of(model, ids, mask) * (1 - mask)[:, :, None]).sum(dim=1) / none
    return model.head(
        torch.where((mask == 0).any(dim=1)[:, None], other, mean(vectors_of(model, ids, mask), mask))
    )


def same_for_all(model, ids, mask):
    return model.head(torch.ones(len(ids), model.head.in_features))


def detached(model, ids, mask):
    return model.head(mean(vectors_of(model, ids, mask), mask).detach())


def last_token(model, ids, mask):
    rows = torch.arange(len(ids))
    return model.head(vectors_of(model, ids, mask)[rows, mask.sum(dim=1) - 1])


def highest(model, ids, mask):
    return model.head(vectors_of(model, ids, mask).masked_fill(mask[:, :, None] == 0, -1e9).max(dim=1).values)


def added_up(model, ids, mask):
    return model.head((vectors_of(model, ids, mask) * mask[:, :, None]).sum(dim=1))


def groups(change):
    """``parameter_groups`` from ``change(parts, head_lr, decay)``; ``parts`` from the head down."""

    def parameter_groups(model, head_lr, decay):
        parts = [model.head, *reversed(model.encoder.encoder.layer), model.encoder.embeddings]
        return change([list(part.parameters()) for part in parts], head_lr, decay)

    return parameter_groups


def at_rates(parts, rates):
    return [{"params": part, "lr": rate} for part, rate in zip(parts, rates, strict=True)]


def right_rates(parts, lr, decay):
    return [lr * decay**depth for depth in range(len(parts))]


def as_first_layer(parts, lr, decay):
    rates = right_rates(parts, lr, decay)
    return at_rates(parts, [*rates[:-1], rates[-2]])


def top_at_full_rate(parts, lr, decay):
    return at_rates(parts, [lr, *right_rates(parts[1:], lr, decay)])


def twice(parts, lr, decay):
    return [*at_rates(parts, right_rates(parts, lr, decay)), {"params": parts[0], "lr": lr}]


def biases_faster(parts, lr, decay):
    return [
        {"params": [parameter], "lr": rate * (2 if parameter.dim() == 1 else 1)}
        for part, rate in zip(parts, right_rates(parts, lr, decay), strict=True)
        for parameter in part
    ]


def unfreezing_all(parts, lr, decay):
    for part in parts:
        for parameter in part:
            parameter.requires_grad = True
    return at_rates(parts, right_rates(parts, lr, decay))


def copies(parts, lr, decay):
    parts = [[nn.Parameter(parameter.detach().clone()) for parameter in part] for part in parts]
    return at_rates(parts, right_rates(parts, lr, decay))


def with_decay_of_weights(parts, lr, decay):
    return [group | {"weight_decay": 0.5} for group in at_rates(parts, right_rates(parts, lr, decay))]


def subtracted(parts, lr, decay):
    return at_rates(parts, [lr - depth * decay / 9 for depth in range(len(parts))])


def unfreezing(*, encoder=lambda model, blocks, layers: None, head=True):
    """``unfreeze_top`` that freezes everything first, then lets learn what ``encoder`` says."""

    def unfreeze_top(model, layers):
        model.requires_grad_(False)
        model.head.requires_grad_(head)
        blocks = list(model.encoder.encoder.layer)
        for part in encoder(model, blocks, layers) or []:
            part.requires_grad_(True)
        return model

    return unfreeze_top


def top(model, blocks, layers):
    return blocks[len(blocks) - layers :]


def one_too_many(model, blocks, layers):
    return blocks[max(len(blocks) - layers - 1, 0) :]


def one_too_few(model, blocks, layers):
    return blocks[len(blocks) - layers + 1 :]


def embeddings_too(model, blocks, layers):
    return [model.encoder.embeddings, *top(model, blocks, layers)]


def every_layer(model, blocks, layers):
    return blocks


def only_switches_on(model, layers):
    model.head.requires_grad_(True)
    model.encoder.embeddings.requires_grad_(False)
    for layer in top(model, list(model.encoder.encoder.layer), layers):
        layer.requires_grad_(True)
    return model


def unfreezes_a_copy(model, layers):
    return unfreezing(encoder=top)(copy.deepcopy(model), layers)


def unfreezes_and_forgets_to_return(model, layers):
    unfreezing(encoder=top)(model, layers)


def fitting(
    *,
    factor=None,
    loss=F.cross_entropy,
    improves=lambda score, best, scores: best is None or score > best,
    stop=lambda bad, patience: bad >= patience,
    final=lambda best, weights, model: weights,
    result=lambda scores: scores,
    before_step=lambda model: None,
    clear=lambda optimizer, batch: optimizer.zero_grad(),
    before=lambda loader: loader,
    ask=lambda validate, model: validate(model),
    worse=lambda model, weights: None,
    skip=lambda loader: loader,
    reset=lambda bad: 0,
    first_group=False,
):
    """``fit``, in which one thing is not as it should be."""
    factor = factor or (
        lambda taken, warmup, total, batches: (
            taken / warmup if taken < warmup else (total - taken) / (total - warmup)
        )
    )

    def fit(model, optimizer, loader, validate, epochs, patience, warmup_steps):
        full = [group["lr"] for group in optimizer.param_groups]
        total, taken, scores, best, bad = epochs * len(loader), 0, [], None, 0
        start = copy.deepcopy(model.state_dict())
        loader = before(loader)
        for _ in range(epochs):
            model.train()
            for batch, (ids, mask, labels) in enumerate(skip(loader)):
                now = factor(taken, warmup_steps, total, len(loader))
                for group, rate in zip(optimizer.param_groups, full, strict=True):
                    group["lr"] = (full[0] if first_group else rate) * now
                clear(optimizer, batch)
                loss(model(ids, mask), labels).backward()
                before_step(model)
                optimizer.step()
                taken += 1
            scores.append(ask(validate, model))
            if improves(scores[-1], best, scores):
                best, bad, weights = scores[-1], reset(bad), copy.deepcopy(model.state_dict())
            else:
                bad += 1
                worse(model, weights)
                if stop(bad, patience):
                    break
        model.load_state_dict(final(start, weights, model))
        return result(scores)

    return fit


def softmax_first(scores, labels):
    return F.cross_entropy(scores.softmax(dim=1), labels)


def summed(scores, labels):
    return F.cross_entropy(scores, labels, reduction="sum")


def all_but_the_last(loader):
    return list(loader)[:-1]


def rising(taken, warmup):
    return min(1.0, taken / warmup) if warmup else 1.0


def jumping(taken, warmup, total, batches):
    return taken / warmup if taken < warmup else (total - taken) / total


def never_zero(taken, warmup, total, batches):
    return taken / warmup if taken < warmup else 1 - (taken - warmup) / total


def plus_one(taken, warmup, total, batches):
    return (taken + 1) / warmup if taken < warmup else (total - taken) / (total - warmup)


def ahead(taken, warmup, total, batches):
    taken += 1
    return taken / warmup if taken < warmup else (total - taken) / (total - warmup)


def behind(taken, warmup, total, batches):
    return ahead(taken - 2, warmup, total, batches) if taken else 1.0


def each_epoch_again(taken, warmup, total, batches):
    taken %= batches
    return taken / warmup if taken < warmup else (total - taken) / (total - warmup)


def no_warmup(taken, warmup, total, batches):
    return (total - taken) / total


def length_one(vectors):
    return F.normalize(vectors, dim=1)


def share_of_all(own, groups):
    return own.mean().item()


def mean_of_groups(own, groups):
    return torch.stack([own[groups == group].mean() for group in groups.unique()]).mean().item()


def difference(first, second, n):
    return first - second


def losing(by=difference, own=-2.0, prepared=length_one, share=share_of_all, among=None):
    """``forgetting`` from ``by(accuracy before, accuracy after, number of texts)``, or otherwise measured."""

    def forgetting(before, after, groups):
        found = []
        for vectors in (before, after):
            others = vectors if among is None else among(before, after)
            near = prepared(vectors) @ prepared(others).T
            near.fill_diagonal_(own)
            found.append(share((groups[near.argmax(dim=1)] == groups).double(), groups))
        return by(*found, len(groups))

    return forgetting


def by_distance(before, after, groups):
    found = []
    for vectors in (before, after):
        far = torch.cdist(vectors, vectors)
        far.fill_diagonal_(torch.inf)
        found.append((groups[far.argmin(dim=1)] == groups).double().mean().item())
    return found[0] - found[1]


def lora(
    *,
    a=torch.randn,
    b=torch.zeros,
    forward=None,
    merge=None,
    freeze=True,
    make=nn.Parameter,
    extra=False,
    keep=lambda base: base,
):
    """``LoRALinear``, in which one thing is not as it should be."""
    forward = forward or (lambda layer, x: layer.base(x) + layer.scale * (x @ layer.A.T @ layer.B.T))
    merge = merge or (lambda layer: merged(layer, layer.scale * layer.B @ layer.A))

    class LoRALinear(nn.Module):
        def __init__(self, base, rank, alpha):
            super().__init__()
            self.base = keep(base).requires_grad_(not freeze)
            self.A, self.B = make(a(rank, base.in_features)), make(b(base.out_features, rank))
            self.alpha, self.rank, self.scale = alpha, rank, alpha / rank
            if extra:
                self.gate = nn.Parameter(torch.ones(1))

        def forward(self, x):
            return forward(self, x)

        def merge(self):
            return merge(self)

    return LoRALinear


def merged(layer, change):
    found = copy.deepcopy(layer.base)
    with torch.no_grad():
        found.weight += change
    return found


def sharing_the_bias(layer):
    found = merged(layer, layer.scale * layer.B @ layer.A)
    found.bias = layer.base.bias
    return found


def without_bias(layer):
    found = nn.Linear(layer.base.in_features, layer.base.out_features, bias=False)
    found.weight = nn.Parameter((layer.base.weight + layer.scale * layer.B @ layer.A).detach())
    return found


def always_with_bias(layer):
    found = nn.Linear(layer.base.in_features, layer.base.out_features)
    with torch.no_grad():
        found.weight.copy_(layer.base.weight + layer.scale * layer.B @ layer.A)
        found.bias.copy_(torch.zeros_like(found.bias) if layer.base.bias is None else layer.base.bias)
    return found


def only_the_change(layer):
    return merged(layer, layer.scale * layer.B @ layer.A - layer.base.weight)


def scaled_base(layer, x):
    return layer.scale * (layer.base(x) + x @ layer.A.T @ layer.B.T)


def change_alone(layer, x):
    return layer.scale * (x @ layer.A.T @ layer.B.T)


def by_alpha(layer, x):
    return layer.base(x) + layer.alpha * (x @ layer.A.T @ layer.B.T)


def rounded_down(layer, x):
    return layer.base(x) + layer.alpha // layer.rank * (x @ layer.A.T @ layer.B.T)


def base_without_gradient(layer, x):
    with torch.no_grad():
        outputs = layer.base(x)
    return outputs + layer.scale * (x @ layer.A.T @ layer.B.T)


def change_without_gradient(layer, x):
    return layer.base(x) + layer.scale * (x.detach() @ layer.A.T @ layer.B.T)


def outputs_of_unit_vectors(layer):
    found = copy.deepcopy(layer.base)
    with torch.no_grad():
        found.weight.copy_(layer(torch.eye(layer.base.in_features)).T)
    return found


def upside_down(layer, x):
    return layer.base(x) + layer.rank / layer.alpha * (x @ layer.A.T @ layer.B.T)


def detached_a(layer, x):
    return layer.base(x) + layer.scale * (x @ layer.A.detach().T @ layer.B.T)


def small(*shape):
    return torch.randn(*shape) * 0.1


MORE = [
    ("pad_batch", padding(width=min), 0, "should be as long as the longest text"),
    ("pad_batch", padding(width=lambda lengths: 12), 0, "should be as long as the longest text"),
    ("pad_batch", padding(ids=lambda ids: ids.float()), 1, "`input_ids` has the wrong dtype"),
    ("pad_batch", padding(mask=lambda mask: mask.bool()), 1, "`attention_mask` has the wrong dtype"),
    ("pad_batch", padding(mask=torch.ones_like), 1, "1 everywhere"),
    ("pad_batch", padding(result=lambda ids, mask: ids), 0, "does not return a pair"),
    ("pad_batch", padding(result=lambda ids, mask: None), 0, "does not return a pair"),
    ("pad_batch", padding(ids=lambda ids: ids.flip(1)), 1, "are not those of the texts"),
    ("pad_batch", padding(result=lambda ids, mask: (ids.tolist(), mask.tolist())), 0, "has the wrong form"),
    ("TextClassifier", classifier(no_mask_at_all), 2, "The mask is not used at all"),
    ("TextClassifier", classifier(row_length), 2, "divided by the length of the row"),
    ("TextClassifier", classifier(padding_alone), 2, "The scores of a text change"),
    ("TextClassifier", classifier(same_for_all), 0, "Two different texts get the same scores"),
    ("TextClassifier", classifier(detached), 2, "The encoder cannot learn"),
    ("TextClassifier", classifier(plain, keep=copy.deepcopy), 2, "The encoder cannot learn"),
    ("TextClassifier", classifier(plain, bias=False), 0, "`head` is not one linear layer"),
    ("TextClassifier", classifier(plain, classes=lambda number: number + 1), 0, "`head` is not one linear"),
    ("TextClassifier", classifier(last_token), 2, "The last token's vector"),
    ("TextClassifier", classifier(highest), 2, "The maximum over the tokens"),
    ("TextClassifier", classifier(added_up), 2, "The sum over the tokens"),
    ("TextClassifier", classifier(lambda *all: plain(*all).log_softmax(dim=1)), 2, "log-softmax"),
    ("TextClassifier", classifier(lambda *all: plain(*all).relu()), 2, "ReLU after the head"),
    ("TextClassifier", classifier(lambda *all: plain(*all).argmax(dim=1)), 0, "has the wrong form"),
    (
        "TextClassifier",
        classifier(plain, width=lambda config: 16),
        2,
        "The head has a fixed number of inputs",
    ),
    ("TextClassifier", classifier(in_evaluation_mode), 2, "The encoder's dropout is off in training"),
    ("parameter_groups", groups(unfreezing_all), 2, "The model was changed"),
    ("parameter_groups", groups(as_first_layer), 2, "The embeddings learn as fast as the first layer"),
    ("parameter_groups", groups(top_at_full_rate), 2, "The top layer learns at the head's full rate"),
    ("parameter_groups", groups(twice), 2, "in the groups twice"),
    ("parameter_groups", groups(biases_faster), 1, "do not all have the same learning rate"),
    ("parameter_groups", groups(copies), 0, "The groups move nothing"),
    ("parameter_groups", groups(with_decay_of_weights), 0, "A group does more than"),
    ("parameter_groups", groups(subtracted), 1, "do not fall by the factor"),
    ("parameter_groups", groups(lambda parts, lr, decay: None), 0, "returns nothing"),
    (
        "parameter_groups",
        groups(lambda parts, lr, decay: [one for part in parts for one in part]),
        0,
        "move nothing",
    ),
    ("unfreeze_top", unfreezing(encoder=top, head=False), 0, "The head is frozen"),
    ("unfreeze_top", unfreezing(), 0, "Only the head learns"),
    ("unfreeze_top", unfreezing(encoder=one_too_many), 0, "One layer too many"),
    ("unfreeze_top", unfreezing(encoder=one_too_few), 0, "One layer too few"),
    ("unfreeze_top", unfreezing(encoder=embeddings_too), 0, "The embeddings were unfrozen too"),
    ("unfreeze_top", unfreezing(encoder=every_layer), 0, "Every layer was unfrozen"),
    ("unfreeze_top", only_switches_on, 0, "Every layer was unfrozen"),
    ("unfreeze_top", unfreezes_a_copy, 0, "A copy of the model was unfrozen"),
    ("unfreeze_top", unfreezes_and_forgets_to_return, 0, "returns nothing"),
    ("fit", fitting(loss=softmax_first), 3, "Softmax is applied twice"),
    ("fit", fitting(loss=summed), 3, "is the sum over its texts"),
    ("fit", fitting(skip=all_but_the_last), 3, "The number of steps of an epoch"),
    ("fit", fitting(first_group=True), 3, "All groups get one learning rate"),
    ("fit", fitting(factor=lambda taken, warmup, *_: rising(taken, warmup)), 3, "There is no decay"),
    ("fit", fitting(factor=jumping), 3, "The decay begins at the first step"),
    ("fit", fitting(factor=never_zero), 3, "The decay never reaches 0"),
    ("fit", fitting(factor=plus_one), 3, "The warm-up starts too high"),
    ("fit", fitting(factor=ahead), 3, "one step ahead"),
    ("fit", fitting(factor=each_epoch_again), 3, "starts again in every epoch"),
    ("fit", fitting(factor=no_warmup), 3, "There is no warm-up"),
    ("fit", fitting(stop=lambda bad, patience: bad >= patience - 1), 3, "an epoch too early"),
    ("fit", fitting(stop=lambda bad, patience: False), 3, "It never stops early"),
    ("fit", fitting(reset=lambda bad: bad), 3, "is not set back to 0"),
    (
        "fit",
        fitting(improves=lambda score, best, scores: len(scores) < 2 or score > scores[-2]),
        2,
        "A score is compared with the one before it",
    ),
    ("fit", fitting(final=lambda start, weights, model: model.state_dict()), 3, "last weights"),
    ("fit", fitting(final=lambda start, weights, model: start), 3, "the weights that it started from"),
    ("fit", fitting(result=lambda scores: None), 3, "does not return the validation scores"),
    ("fit", fitting(result=lambda scores: scores[:-1]), 3, "does not return the validation scores"),
    (
        "fit",
        fitting(clear=lambda optimizer, batch: batch or optimizer.zero_grad()),
        3,
        "`zero_grad` is called once an epoch",
    ),
    ("fit", fitting(before=list), 3, "Every epoch repeats the batches of the first"),
    (
        "fit",
        fitting(before_step=lambda model: nn.utils.clip_grad_norm_(model.parameters(), 1.0)),
        3,
        "The gradients are clipped",
    ),
    (
        "fit",
        fitting(worse=lambda model, weights: model.load_state_dict(weights)),
        3,
        "best weights are put back",
    ),
    ("fit", fitting(factor=behind), 3, "one step behind"),
    (
        "fit",
        fitting(ask=lambda validate, model: [validate(model), validate(model)][0]),
        2,
        "`validate` was called more than once",
    ),
    (
        "fit",
        fitting(improves=lambda score, best, scores: best is None or score > best + 1e-3),
        2,
        "only a little higher",
    ),
    ("fit", fitting(result=lambda scores: [round(score, 3) for score in scores]), 3, "returned rounded"),
    ("fit", lambda *all: None, 0, "No step was taken"),
    ("forgetting", losing(own=0.0), 1, "its own nearest neighbour"),
    ("forgetting", losing(lambda first, second, n: max(0.0, first - second)), 1, "cut off at 0"),
    ("forgetting", losing(lambda first, second, n: abs(first - second)), 1, "The sign is lost"),
    ("forgetting", losing(lambda first, second, n: round(first - second, 2)), 0, "The result is rounded"),
    ("forgetting", losing(share=mean_of_groups), 0, "the mean of the groups' accuracies"),
    ("forgetting", losing(among=lambda before, after: before), 0, "looked up among the vectors before"),
    (
        "forgetting",
        losing(prepared=lambda vectors: F.normalize(vectors, dim=0)),
        0,
        "The columns are brought",
    ),
    (
        "forgetting",
        losing(prepared=lambda vectors: length_one(vectors - vectors.mean(dim=1, keepdim=True))),
        0,
        "Each vector's mean is taken away",
    ),
    ("forgetting", by_distance, 1, "The neighbours go by distance"),
    ("forgetting", losing(lambda first, second, n: second), 0, "The accuracy after is returned"),
    ("forgetting", losing(lambda first, second, n: first), 0, "The accuracy before is returned"),
    ("forgetting", losing(lambda first, second, n: (first - second) * n), 0, "counted, but not divided"),
    (
        "forgetting",
        losing(lambda first, second, n: (first - second) / first),
        0,
        "is divided by the accuracy",
    ),
    ("forgetting", losing(lambda first, second, n: abs(first - second) + 1), 0, "not the accuracy that was"),
    ("forgetting", losing(lambda first, second, n: None), 0, "returns nothing"),
    ("forgetting", losing(lambda first, second, n: "much"), 0, "should be a number"),
    ("LoRALinear", lora(b=small), 3, "`B` does not start from zero"),
    ("LoRALinear", lora(a=torch.ones), 3, "`A` is not random"),
    ("LoRALinear", lora(a=lambda rank, inputs: torch.randn(inputs, rank)), 0, "`A` has the wrong form"),
    ("LoRALinear", lora(forward=by_alpha), 3, "alpha alone"),
    ("LoRALinear", lora(forward=rounded_down), 3, "rounded down"),
    ("LoRALinear", lora(forward=base_without_gradient), 3, "No gradient passes through the base layer"),
    ("LoRALinear", lora(forward=change_without_gradient), 3, "No gradient passes through the low-rank part"),
    ("LoRALinear", lora(merge=outputs_of_unit_vectors), 3, "The bias is counted in the merged weight"),
    (
        "LoRALinear",
        lora(merge=lambda layer: merged(layer, layer.alpha // layer.rank * layer.B @ layer.A)),
        3,
        "rounded down",
    ),
    ("LoRALinear", lora(forward=upside_down), 3, "upside down"),
    ("LoRALinear", lora(forward=scaled_base), 2, "The base layer's output is scaled too"),
    ("LoRALinear", lora(forward=change_alone), 2, "The base layer's output is missing"),
    ("LoRALinear", lora(forward=lambda layer, x: layer.base(x)), 2, "The low-rank part is not added"),
    ("LoRALinear", lora(forward=detached_a), 3, "`A` did not learn"),
    ("LoRALinear", lora(make=lambda numbers: numbers), 3, "`A` and `B` did not learn"),
    ("LoRALinear", lora(extra=True), 3, "more parameters that learn"),
    ("LoRALinear", lora(keep=copy.deepcopy), 3, "The base layer that was given is not frozen"),
    ("LoRALinear", lora(merge=sharing_the_bias), 3, "shares a parameter with the base layer"),
    ("LoRALinear", lora(merge=without_bias), 3, "has lost the base layer's bias"),
    ("LoRALinear", lora(merge=always_with_bias), 3, "has a bias, but the base layer has none"),
    ("LoRALinear", lora(merge=only_the_change), 3, "`merge` forgets the base layer's weight"),
    ("LoRALinear", lora(merge=lambda layer: merged(layer, layer.B @ layer.A)), 3, "was forgotten in `merge`"),
    (
        "LoRALinear",
        lora(merge=lambda layer: merged(layer, layer.alpha * layer.B @ layer.A)),
        3,
        "alpha alone",
    ),
    (
        "LoRALinear",
        lora(merge=lambda layer: merged(layer, -layer.scale * layer.B @ layer.A)),
        3,
        "subtracts",
    ),
    ("LoRALinear", lora(merge=lambda layer: merged(layer, 0)), 3, "the base layer's weight alone"),
    ("LoRALinear", lora(merge=lambda layer: layer), 3, "does not return an `nn.Linear`"),
    ("LoRALinear", lora(merge=lambda layer: None), 3, "does not return an `nn.Linear`"),
]


@pytest.mark.parametrize(
    ("task", "function", "points", "words"), MORE, ids=[f"{case[0]}-{case[3]}" for case in MORE]
)
def test_further_mistakes(right, task, function, points, words):
    right[task] = function
    found = FINE_TUNING.verdicts(right, [task])
    said = [message["what"] for message in faults(found)]
    assert any(words in what for what in said), said
    assert found[task].points == points, said


def test_a_class_that_is_not_begun_is_named(right):
    class TextClassifier(nn.Module):
        def __init__(self, encoder, classes):
            super().__init__()
            raise NotImplementedError()

    right["TextClassifier"] = TextClassifier
    said = [message["what"] for message in faults(FINE_TUNING.verdicts(right, ["TextClassifier"]))]
    assert all("`TextClassifier` is not written yet" in what for what in said), said


def test_other_right_answers(right):
    """The building blocks of the mistakes make no mistake by themselves."""
    right |= {
        "pad_batch": padding(),
        "TextClassifier": classifier(plain),
        "parameter_groups": groups(lambda parts, lr, decay: at_rates(parts, right_rates(parts, lr, decay))),
        "unfreeze_top": unfreezing(encoder=top),
        "fit": fitting(),
        "forgetting": losing(),
        "LoRALinear": lora(),
    }
    for full in (False, True):
        assert faults(FINE_TUNING.verdicts(right, full=full)) == []


@pytest.mark.parametrize("weight_decay", [0.0, 0.01], ids=["none", "AdamW's own"])
def test_a_weight_decay_that_is_a_default_may_be_written_out(right, weight_decay):
    def written_out(parts, lr, decay):
        usual = {"weight_decay": weight_decay}
        return [group | usual for group in at_rates(parts, right_rates(parts, lr, decay))]

    right["parameter_groups"] = groups(written_out)
    for full in (False, True):
        assert faults(FINE_TUNING.verdicts(right, ["parameter_groups"], full=full)) == []


def examples():
    """The examples of the notebook's text that print something, with the text after them."""
    text = COURSE.source_text("fine_tuning").read_text(encoding="utf-8")
    for cell in text.split("# %% [markdown]")[1:]:
        cell = cell.split("# %%")[0].replace("\n# ", "\n").replace("\n#\n", "\n\n")
        code = re.search(r"\*\*Example\.\*\*.*?```python\n(.*?)```(.*)", cell, re.S)
        if code:
            yield code[1], code[2]


def test_the_examples_print_what_the_text_says(right):
    found = []
    for code, text in examples():
        written = io.StringIO()
        with contextlib.redirect_stdout(written):
            exec(code, right)
        found.append((written.getvalue().strip(), text))
    assert len(found) == 6
    for written, text in found[1:]:
        assert written
        assert all(f"`{line}`" in text for line in written.splitlines()), (written, text)
    ids, mask = right["pad_batch"]([[5, 9, 2], [7]], pad_id=0)
    assert str(ids).replace("\n", "").replace("        ", " ") in found[0][1]
    assert str(mask).replace("\n", "").replace("        ", " ") in found[0][1]


def test_the_factors_of_the_example():
    assert judge.factors(6, 2, 6) == [0, 0.5, 1, 0.75, 0.5, 0.25]
    assert judge.epochs_until_stop([0.6, 0.7, 0.65, 0.7], 2) == (4, 1)
