"""The sample class of `fine_tuning`: right answers in several styles, each typical mistake, and what else comes in.

Each variant says what it must get for each task, and why. `tests/course` compares that with the graded class.
"""

from autograder.sample_class import Variant, one_mistake

FULL = {
    "pad_batch": 2,
    "TextClassifier": 3,
    "parameter_groups": 3,
    "unfreeze_top": 2,
    "fit": 4,
    "forgetting": 2,
    "LoRALinear": 4,
}


wrong = one_mistake(FULL)

RIGHT = [
    Variant(
        id="s001",
        title="right",
        expected=FULL,
        reason="This is the reference solution.",
    ),
    Variant(
        id="s002",
        title="right, with plain loops",
        cells={
            "pad_batch-solution": """
def pad_batch(sequences, pad_id):
    longest = 0
    for sequence in sequences:
        if len(sequence) > longest:
            longest = len(sequence)
    rows, masks = [], []
    for sequence in sequences:
        row, mask = [], []
        for place in range(longest):
            if place < len(sequence):
                row.append(sequence[place])
                mask.append(1)
            else:
                row.append(pad_id)
                mask.append(0)
        rows.append(row)
        masks.append(mask)
    return torch.tensor(rows), torch.tensor(masks)
""",
            "TextClassifier-solution": """
class TextClassifier(nn.Module):
    def __init__(self, encoder, classes):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, classes)

    def forward(self, input_ids, attention_mask):
        vectors = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        means = []
        for text in range(len(input_ids)):
            own = [vectors[text, i] for i in range(input_ids.shape[1]) if attention_mask[text, i] == 1]
            means.append(sum(own) / len(own))
        return self.head(torch.stack(means))
""",
            "parameter_groups-solution": """
def parameter_groups(model, head_lr, decay):
    groups = [{"params": list(model.head.parameters()), "lr": head_lr}]
    lr = head_lr
    for number in range(len(model.encoder.encoder.layer) - 1, -1, -1):
        lr = lr * decay
        groups.append({"params": list(model.encoder.encoder.layer[number].parameters()), "lr": lr})
    groups.append({"params": list(model.encoder.embeddings.parameters()), "lr": lr * decay})
    return groups
""",
            "unfreeze_top-solution": """
def unfreeze_top(model, layers):
    for parameter in model.encoder.parameters():
        parameter.requires_grad = False
    for parameter in model.head.parameters():
        parameter.requires_grad = True
    count = len(model.encoder.encoder.layer)
    for number in range(count - layers, count):
        for parameter in model.encoder.encoder.layer[number].parameters():
            parameter.requires_grad = True
    return model
""",
            "fit-solution": """
def fit(model, optimizer, loader, validate, epochs, patience, warmup_steps):
    full = []
    for group in optimizer.param_groups:
        full.append(group["lr"])
    total = epochs * len(loader)
    taken = 0
    scores = []
    best, best_weights, bad = None, None, 0
    for epoch in range(epochs):
        model.train()
        for input_ids, attention_mask, labels in loader:
            if taken < warmup_steps:
                factor = taken / warmup_steps
            else:
                factor = (total - taken) / (total - warmup_steps)
            for i in range(len(full)):
                optimizer.param_groups[i]["lr"] = full[i] * factor
            optimizer.zero_grad()
            loss = F.cross_entropy(model(input_ids, attention_mask), labels)
            loss.backward()
            optimizer.step()
            taken = taken + 1
        score = validate(model)
        scores.append(score)
        if best is None or score > best:
            best = score
            bad = 0
            best_weights = {}
            for name, tensor in model.state_dict().items():
                best_weights[name] = tensor.clone()
        else:
            bad = bad + 1
            if bad == patience:
                break
    model.load_state_dict(best_weights)
    return scores
""",
            "forgetting-solution": """
def source_accuracy(vectors, groups):
    right = 0
    for i in range(len(vectors)):
        best, nearest = -2.0, None
        for j in range(len(vectors)):
            if i != j:
                cosine = float(vectors[i] @ vectors[j] / (vectors[i].norm() * vectors[j].norm()))
                if cosine > best:
                    best, nearest = cosine, j
        if groups[i] == groups[nearest]:
            right += 1
    return right / len(vectors)

def forgetting(before, after, groups):
    return source_accuracy(before, groups) - source_accuracy(after, groups)
""",
            "LoRALinear-solution": """
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        self.base.weight.requires_grad = False
        if self.base.bias is not None:
            self.base.bias.requires_grad = False
        self.rank = rank
        self.alpha = alpha
        self.A = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + self.alpha / self.rank * (x @ self.A.T @ self.B.T)

    def merge(self):
        merged = nn.Linear(
            self.base.in_features, self.base.out_features, bias=self.base.bias is not None
        )
        with torch.no_grad():
            merged.weight.copy_(self.base.weight + self.alpha / self.rank * self.B @ self.A)
            if self.base.bias is not None:
                merged.bias.copy_(self.base.bias)
        return merged
""",
        },
        expected=FULL,
        reason="Every task does what is asked, step by step, in loops.",
    ),
    Variant(
        id="s003",
        title="right, in short idioms",
        cells={
            "pad_batch-solution": """
from torch.nn.utils.rnn import pad_sequence

def pad_batch(sequences, pad_id):
    texts = [torch.tensor(sequence) for sequence in sequences]
    ids = pad_sequence(texts, batch_first=True, padding_value=pad_id)
    return ids, pad_sequence([torch.ones_like(text) for text in texts], batch_first=True)
""",
            "TextClassifier-solution": """
class TextClassifier(nn.Module):
    def __init__(self, encoder, classes):
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(encoder.config.hidden_size, classes)

    def forward(self, input_ids, attention_mask):
        vectors = self.encoder(input_ids, attention_mask)[0]
        weights = attention_mask / attention_mask.sum(dim=1, keepdim=True)
        return self.head(torch.einsum("bld,bl->bd", vectors, weights))
""",
            "parameter_groups-solution": """
def parameter_groups(model, head_lr, decay):
    encoder = model.encoder
    parts = [model.head, *encoder.encoder.layer[::-1], encoder.embeddings]
    return [dict(params=[*part.parameters()], lr=head_lr * decay**i) for i, part in enumerate(parts)]
""",
            "unfreeze_top-solution": """
def unfreeze_top(model, layers):
    model.requires_grad_(False)
    for part in [model.head, *list(model.encoder.encoder.layer)[::-1][:layers]]:
        part.requires_grad_()
    return model
""",
            "fit-solution": """
from transformers import get_linear_schedule_with_warmup

def fit(model, optimizer, loader, validate, epochs, patience, warmup_steps):
    schedule = get_linear_schedule_with_warmup(optimizer, warmup_steps, epochs * len(loader))
    scores, best = [], -1
    while len(scores) < epochs and len(scores) - 1 - best < max(patience, 1):
        model.train()
        for *inputs, labels in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(*inputs), labels).backward()
            optimizer.step()
            schedule.step()
        scores += [validate(model)]
        if scores[-1] > max(scores[:-1], default=float("-inf")):
            best, weights = len(scores) - 1, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    return scores
""",
            "forgetting-solution": """
def forgetting(before, after, groups):
    def accuracy(vectors):
        near = F.cosine_similarity(vectors[:, None], vectors[None], dim=-1) - 3 * torch.eye(len(vectors))
        return (groups[near.argmax(1)] == groups).double().mean()

    return float(accuracy(before) - accuracy(after))
""",
            "LoRALinear-solution": """
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base, self.scaling = base.requires_grad_(False), alpha / rank
        self.A = nn.Parameter(torch.randn(rank, base.in_features) * 0.02)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    @property
    def weight(self):
        return self.base.weight + self.scaling * self.B @ self.A

    def forward(self, x):
        return F.linear(x, self.weight, self.base.bias)

    def merge(self):
        merged = copy.deepcopy(self.base)
        merged.weight = nn.Parameter(self.weight.detach())
        return merged
""",
        },
        expected=FULL,
        reason="The same in fewer words: PyTorch's own padding, transformers' schedule, LoRA as one weight.",
    ),
    Variant(
        id="s004",
        title="right, with other tools: numpy, scikit-learn, LambdaLR, weights kept as bytes",
        cells={
            "pad_batch-solution": """
import numpy as np

def pad_batch(sequences, pad_id):
    lengths = np.array([len(sequence) for sequence in sequences])
    mask = np.arange(lengths.max())[None, :] < lengths[:, None]
    ids = np.full(mask.shape, pad_id, dtype=np.int64)
    ids[mask] = np.concatenate(sequences)
    return torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))
""",
            "TextClassifier-solution": """
class TextClassifier(nn.Module):
    def __init__(self, encoder, classes):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, classes)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids, attention_mask):
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        padding = (attention_mask == 0).unsqueeze(-1)
        vectors = output.last_hidden_state.masked_fill(padding, float("nan"))
        return self.head(vectors.nanmean(dim=1))
""",
            "parameter_groups-solution": """
import re

def parameter_groups(model, head_lr, decay):
    top = len(model.encoder.encoder.layer)
    groups = []
    for name, parameter in model.named_parameters():
        layer = re.match(r"encoder\\.encoder\\.layer\\.(\\d+)\\.", name)
        if layer:
            depth = top - int(layer[1])
        else:
            depth = 0 if name.startswith("head.") else top + 1
        groups.append({"params": parameter, "lr": head_lr * decay**depth})
    return groups
""",
            "unfreeze_top-solution": """
def unfreeze_top(model, layers):
    top = len(model.encoder.encoder.layer)
    learning = tuple(f"encoder.encoder.layer.{top - 1 - i}." for i in range(layers)) + ("head.",)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(learning)
    return model
""",
            "fit-solution": """
import io
from torch.optim.lr_scheduler import LambdaLR

def fit(model, optimizer, loader, validate, epochs, patience, warmup_steps):
    total = epochs * len(loader)

    def factor(taken):
        if taken < warmup_steps:
            return taken / warmup_steps
        return (total - taken) / (total - warmup_steps)

    scheduler = LambdaLR(optimizer, factor)
    scores, waited, kept = [], 0, io.BytesIO()
    for epoch in range(epochs):
        model.train()
        for input_ids, attention_mask, labels in loader:
            model.zero_grad(set_to_none=False)
            scores_of_texts = model(input_ids, attention_mask)
            loss = -scores_of_texts.log_softmax(dim=1)[torch.arange(len(labels)), labels].mean()
            loss.backward()
            optimizer.step()
            scheduler.step()
        score = validate(model)
        if not scores or score > max(scores):
            waited, kept = 0, io.BytesIO()
            torch.save(model.state_dict(), kept)
        else:
            waited += 1
        scores.append(score)
        if waited >= patience:
            break
    kept.seek(0)
    model.load_state_dict(torch.load(kept, weights_only=True))
    return scores
""",
            "forgetting-solution": """
import numpy as np
from sklearn.neighbors import NearestNeighbors

def forgetting(before, after, groups):
    names = groups.numpy()
    shares = []
    for vectors in (before.numpy(), after.numpy()):
        search = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(vectors)
        nearest = search.kneighbors(return_distance=False)[:, 0]
        shares.append(np.mean(names[nearest] == names))
    return shares[0] - shares[1]
""",
            "LoRALinear-solution": """
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        for parameter in base.parameters():
            parameter.requires_grad_(False)
        self.alpha, self.rank = alpha, rank
        self.A = nn.Parameter(torch.empty(rank, base.in_features))
        nn.init.kaiming_uniform_(self.A, a=5**0.5)
        self.B = nn.Parameter(torch.empty(base.out_features, rank))
        nn.init.zeros_(self.B)

    def forward(self, x):
        thin = torch.einsum("...i,ri->...r", x, self.A)
        return torch.add(self.base(x), torch.einsum("...r,or->...o", thin, self.B), alpha=self.alpha / self.rank)

    @torch.no_grad()
    def merge(self):
        linear = nn.Linear(*reversed(self.base.weight.shape), bias=False)
        linear.weight.copy_(self.base.weight).addmm_(self.B, self.A, alpha=self.alpha / self.rank)
        if self.base.bias is not None:
            linear.bias = nn.Parameter(self.base.bias.clone())
        return linear
""",
        },
        expected=FULL,
        reason="Unusual means, the behaviour that was asked for.",
    ),
    Variant(
        id="s005",
        title="right, with helpers, a parent class and a generator of weights",
        cells={
            "pad_batch-solution": """
from itertools import zip_longest

def columns(sequences, fill):
    return [list(column) for column in zip_longest(*sequences, fillvalue=fill)]

def pad_batch(sequences, pad_id):
    ones = ([1] * len(sequence) for sequence in sequences)
    return torch.tensor(columns(sequences, pad_id)).T, torch.tensor(columns(ones, 0)).T
""",
            "TextClassifier-solution": """
class Pooled(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def features(self, input_ids, attention_mask):
        hidden = self.encoder(input_ids, attention_mask=attention_mask).last_hidden_state
        lengths = attention_mask.sum(1, keepdim=True)
        return torch.bmm(attention_mask[:, None, :].float(), hidden)[:, 0] / lengths

class TextClassifier(Pooled):
    def __init__(self, encoder, classes):
        super().__init__(encoder)
        self.head = nn.Linear(in_features=encoder.config.hidden_size, out_features=classes)

    def forward(self, input_ids, attention_mask):
        return self.head(self.features(input_ids, attention_mask))
""",
            "parameter_groups-solution": """
def parameter_groups(model, head_lr, decay):
    by_rate = {head_lr: list(model.head.parameters())}
    parts = [model.encoder.embeddings] + [layer for layer in model.encoder.encoder.layer]
    for distance, part in enumerate(parts[::-1], start=1):
        by_rate.setdefault(head_lr * decay**distance, []).extend(part.parameters())
    return [{"params": parameters, "lr": rate, "weight_decay": 0.0} for rate, parameters in by_rate.items()]
""",
            "unfreeze_top-solution": """
def unfreeze_top(model, layers):
    blocks = list(model.encoder.encoder.layer)
    for depth, part in enumerate([model.head] + blocks[::-1] + [model.encoder.embeddings]):
        part.requires_grad_(depth <= layers)
    return model
""",
            "fit-solution": """
class Best:
    def __init__(self, patience):
        self.patience, self.scores, self.epoch = patience, [], None

    def add(self, score, model):
        self.scores.append(score)
        if self.epoch is None or score > self.scores[self.epoch]:
            self.epoch = len(self.scores) - 1
            self.model = copy.deepcopy(model.state_dict())
        return len(self.scores) - 1 - self.epoch >= self.patience

def train_epoch(model, optimizer, loader, set_rate):
    model.train()
    for input_ids, attention_mask, labels in loader:
        set_rate()
        loss = nn.CrossEntropyLoss()(model(input_ids, attention_mask), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

def fit(model, optimizer, loader, validate, epochs, patience, warmup_steps):
    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])
    total = epochs * len(loader)
    factors = iter(
        [i / warmup_steps for i in range(warmup_steps)]
        + [(total - i) / (total - warmup_steps) for i in range(warmup_steps, total)]
    )

    def set_rate():
        factor = next(factors)
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor

    best = Best(patience)
    for _ in range(epochs):
        train_epoch(model, optimizer, loader, set_rate)
        if best.add(validate(model), model):
            break
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.copy_(best.model[name])
    return tuple(best.scores) and best.scores
""",
            "forgetting-solution": """
def nearest(vectors):
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    return torch.topk(unit @ unit.T, k=2).indices[:, 1]

def forgetting(before, after, groups):
    hits = [(groups == groups[nearest(vectors)]).sum().item() for vectors in (before, after)]
    return (hits[0] - hits[1]) / len(groups)
""",
            "LoRALinear-solution": """
class Adapter(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base
        self.base.requires_grad_(False)

class LoRALinear(Adapter):
    def __init__(self, base, rank, alpha):
        super().__init__(base)
        outputs, inputs = base.weight.shape
        self.A = nn.Parameter(torch.rand(rank, inputs) - 0.5)
        self.B = nn.Parameter(base.weight.new_zeros(outputs, rank))
        self.register_buffer("scaling", torch.tensor(alpha / rank))

    def change(self):
        return self.scaling * torch.matmul(self.B, self.A)

    def forward(self, x):
        return self.base(x) + F.linear(x, self.change())

    def merge(self):
        linear = nn.Linear(self.base.in_features, self.base.out_features, self.base.bias is not None)
        state = self.base.state_dict()
        linear.load_state_dict({**state, "weight": state["weight"] + self.change().detach()})
        return linear
""",
        },
        expected=FULL,
        reason="Helpers and parent classes count as the student's own; groups may be many or few.",
    ),
]

CLASSIFIER = """
class TextClassifier(nn.Module):
    def __init__(self, encoder, classes):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, classes)

    def forward(self, input_ids, attention_mask):
"""

FIT = """
def fit(model, optimizer, loader, validate, epochs, patience, warmup_steps):
    full = [group["lr"] for group in optimizer.param_groups]
    total = epochs * len(loader)
    taken, scores, best, bad = 0, [], None, 0
    for epoch in range(epochs):
        model.train()
        for input_ids, attention_mask, labels in loader:
            rising = taken < warmup_steps
            factor = taken / warmup_steps if rising else (total - taken) / (total - warmup_steps)
            for group, rate in zip(optimizer.param_groups, full):
                group["lr"] = rate * factor
            optimizer.zero_grad()
            F.cross_entropy(model(input_ids, attention_mask), labels).backward()
            optimizer.step()
            taken += 1
        scores.append(validate(model))
        if best is None or scores[-1] > best:
            best, bad, weights = scores[-1], 0, copy.deepcopy(model.state_dict())
        else:
            bad += 1
            if bad >= patience:
                break
    model.load_state_dict(weights)
    return scores
"""

LORA = """
class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base = base
        base.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.A.T @ self.B.T)

    def merge(self):
        merged = copy.deepcopy(self.base)
        with torch.no_grad():
            merged.weight += self.scale * self.B @ self.A
        return merged
"""


def changed(source: str, *pairs: tuple[str, str]) -> str:
    """``source`` with each first text of a pair, which it must hold, replaced by the second."""
    for old, new in pairs:
        assert old in source, old
        source = source.replace(old, new)
    return source


WRONG = [
    wrong(
        "s006",
        "padding on the left",
        "pad_batch",
        0,
        """
def pad_batch(sequences, pad_id):
    longest = max(map(len, sequences))
    ids = [[pad_id] * (longest - len(s)) + s for s in sequences]
    mask = [[0] * (longest - len(s)) + [1] * len(s) for s in sequences]
    return torch.tensor(ids), torch.tensor(mask)
""",
        "As generating models are fed: BERT counts its places from the left.",
        "The padding stands before the text",
    ),
    wrong(
        "s007",
        "mask from the number of the padding",
        "pad_batch",
        1,
        """
def pad_batch(sequences, pad_id):
    longest = max(map(len, sequences))
    ids = torch.tensor([s + [pad_id] * (longest - len(s)) for s in sequences])
    return ids, (ids != pad_id).long()
""",
        "A real token that has the padding's number is hidden.",
        "The mask goes by the number `pad_id`",
    ),
    wrong(
        "s008",
        "always filled up with 0",
        "pad_batch",
        1,
        """
def pad_batch(sequences, pad_id):
    ids = torch.zeros(len(sequences), max(map(len, sequences)), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for i, s in enumerate(sequences):
        ids[i, : len(s)] = torch.tensor(s)
        mask[i, : len(s)] = 1
    return ids, mask
""",
        "The argument `pad_id` is not used.",
        "not filled up with `pad_id`",
    ),
    wrong(
        "s009",
        "inverted mask",
        "pad_batch",
        1,
        """
def pad_batch(sequences, pad_id):
    longest = max(map(len, sequences))
    ids = torch.tensor([s + [pad_id] * (longest - len(s)) for s in sequences])
    mask = torch.tensor([[0] * len(s) + [1] * (longest - len(s)) for s in sequences])
    return ids, mask
""",
        "Here 1 says 'padding', as in PyTorch's key_padding_mask.",
        "The mask is inverted",
    ),
    wrong(
        "s010",
        "the first token's vector",
        "TextClassifier",
        2,
        CLASSIFIER
        + """
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return self.head(output.last_hidden_state[:, 0])
""",
        "BERT's usual pooling, but here the mean is asked for.",
        "[CLS]",
    ),
    wrong(
        "s011",
        "padding in the mean",
        "TextClassifier",
        2,
        CLASSIFIER
        + """
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return self.head(output.last_hidden_state.mean(dim=1))
""",
        "Without padding it is right; in a batch the vectors at the padding are counted.",
        "Padding is counted in the mean",
    ),
    wrong(
        "s012",
        "encoder without the mask",
        "TextClassifier",
        2,
        CLASSIFIER
        + """
        vectors = self.encoder(input_ids).last_hidden_state
        mask = attention_mask[:, :, None]
        return self.head((vectors * mask).sum(1) / mask.sum(1))
""",
        "The mean is masked, but the tokens have looked at the padding before.",
        "The encoder does not get the mask",
    ),
    wrong(
        "s013",
        "encoder inside no_grad",
        "TextClassifier",
        2,
        CLASSIFIER
        + """
        with torch.no_grad():
            vectors = self.encoder(input_ids, attention_mask).last_hidden_state
        mask = attention_mask[:, :, None]
        return self.head((vectors * mask).sum(1) / mask.sum(1))
""",
        "Feature extraction under the name of fine-tuning.",
        "The encoder cannot learn",
    ),
    wrong(
        "s014",
        "softmax in the model",
        "TextClassifier",
        2,
        CLASSIFIER
        + """
        vectors = self.encoder(input_ids, attention_mask).last_hidden_state
        mask = attention_mask[:, :, None]
        return self.head((vectors * mask).sum(1) / mask.sum(1)).softmax(dim=1)
""",
        "Cross-entropy would apply it once more.",
        "There is a softmax in the model",
    ),
    wrong(
        "s015",
        "one rate for the encoder",
        "parameter_groups",
        2,
        """
def parameter_groups(model, head_lr, decay):
    return [
        {"params": list(model.head.parameters()), "lr": head_lr},
        {"params": list(model.encoder.parameters()), "lr": head_lr * decay},
    ]
""",
        "Two rates instead of one for each layer: head and top layer are right.",
        "one learning rate for the whole encoder",
    ),
    wrong(
        "s016",
        "rates in the wrong direction",
        "parameter_groups",
        1,
        """
def parameter_groups(model, head_lr, decay):
    parts = [model.encoder.embeddings, *model.encoder.encoder.layer, model.head]
    return [
        {"params": list(part.parameters()), "lr": head_lr * decay**i} for i, part in enumerate(parts)
    ]
""",
        "Counted from the input: the embeddings learn fastest, the head slowest.",
        "wrong direction",
    ),
    wrong(
        "s017",
        "embeddings forgotten",
        "parameter_groups",
        2,
        """
def parameter_groups(model, head_lr, decay):
    parts = [model.head, *reversed(model.encoder.encoder.layer)]
    return [
        {"params": list(part.parameters()), "lr": head_lr * decay**i} for i, part in enumerate(parts)
    ]
""",
        "The layers have their rates; the embeddings can never learn.",
        "missing from the groups: the embeddings",
    ),
    wrong(
        "s018",
        "what is frozen now is left out",
        "parameter_groups",
        2,
        """
def parameter_groups(model, head_lr, decay):
    parts = [model.head, *reversed(model.encoder.encoder.layer), model.encoder.embeddings]
    groups = []
    for i, part in enumerate(parts):
        learning = [parameter for parameter in part.parameters() if parameter.requires_grad]
        if learning:
            groups.append({"params": learning, "lr": head_lr * decay**i})
    return groups
""",
        "Right while everything learns; what is unfrozen later is in no group.",
        "missing from the groups",
    ),
    wrong(
        "s019",
        "the head's rate is decayed",
        "parameter_groups",
        2,
        """
def parameter_groups(model, head_lr, decay):
    parts = [model.head, *reversed(model.encoder.encoder.layer), model.encoder.embeddings]
    lr, groups = head_lr, []
    for part in parts:
        lr = lr * decay
        groups.append({"params": list(part.parameters()), "lr": lr})
    return groups
""",
        "The rate is reduced before the first part instead of after it.",
        "The head's rate is decayed too",
    ),
    wrong(
        "s020",
        "a slice from minus zero",
        "unfreeze_top",
        1,
        """
def unfreeze_top(model, layers):
    model.encoder.requires_grad_(False)
    model.head.requires_grad_(True)
    for layer in model.encoder.encoder.layer[-layers:]:
        layer.requires_grad_(True)
    return model
""",
        "With layers=0 the slice is the whole list.",
        "[-0:]",
    ),
    wrong(
        "s021",
        "the bottom layers",
        "unfreeze_top",
        1,
        """
def unfreeze_top(model, layers):
    model.encoder.requires_grad_(False)
    model.head.requires_grad_(True)
    for layer in model.encoder.encoder.layer[:layers]:
        layer.requires_grad_(True)
    return model
""",
        "Layer 0 is the lowest. With none or all of them there is no difference.",
        "The bottom layers were unfrozen",
    ),
    wrong(
        "s022",
        "the rest is not frozen",
        "unfreeze_top",
        0,
        """
def unfreeze_top(model, layers):
    blocks = model.encoder.encoder.layer
    for layer in blocks[len(blocks) - layers :]:
        layer.requires_grad_(True)
    model.head.requires_grad_(True)
    return model
""",
        "It takes for granted that everything was frozen before.",
        "nothing was frozen",
    ),
    wrong(
        "s023",
        "best weights without a copy",
        "fit",
        3,
        changed(FIT, ("copy.deepcopy(model.state_dict())", "model.state_dict()")),
        "state_dict holds the very tensors that the next step changes.",
        "ends with its last weights",
    ),
    wrong(
        "s024",
        "training mode only once",
        "fit",
        3,
        changed(
            FIT,
            ("        model.train()\n", ""),
            ("    for epoch in", "    model.train()\n    for epoch in"),
        ),
        "After the first validation the model stays in evaluation mode.",
        "trains in evaluation mode",
    ),
    wrong(
        "s025",
        "gradients add up",
        "fit",
        3,
        changed(FIT, ("            optimizer.zero_grad()\n", "")),
        "Without zero_grad each step goes along the sum of all gradients so far.",
        "`zero_grad` was forgotten",
    ),
    wrong(
        "s026",
        "constant learning rate",
        "fit",
        3,
        changed(FIT, ("rate * factor", "rate")),
        "No warm-up and no decay.",
        "The learning rate never changes",
    ),
    wrong(
        "s027",
        "schedule by epochs",
        "fit",
        3,
        changed(
            FIT,
            ("            taken += 1\n", ""),
            ("        scores.append", "        taken += 1\n        scores.append"),
        ),
        "The count goes up once an epoch.",
        "by epochs instead of steps",
    ),
    wrong(
        "s028",
        "factors multiplied on",
        "fit",
        3,
        changed(FIT, ('group["lr"] = rate * factor', 'group["lr"] *= factor')),
        "Each factor is applied to a rate that was reduced before.",
        "multiplied onto a rate that was reduced before",
    ),
    wrong(
        "s029",
        "an epoch too late",
        "fit",
        3,
        changed(FIT, ("bad >= patience", "bad > patience")),
        "It waits for one bad epoch more than patience says.",
        "stops an epoch too late",
    ),
    wrong(
        "s030",
        "lower is better",
        "fit",
        2,
        changed(FIT, ("scores[-1] > best", "scores[-1] < best")),
        "Written for a loss; the scores here are better when higher.",
        "The lowest score counts as the best",
    ),
    wrong(
        "s031",
        "equal counts as better",
        "fit",
        2,
        changed(FIT, ("scores[-1] > best", "scores[-1] >= best")),
        "An equal score sets the waiting back, and its weights replace the earlier ones.",
        "An equal score counts as an improvement",
    ),
    wrong(
        "s032",
        "the best score instead of all",
        "fit",
        3,
        changed(FIT, ("    return scores\n", "    return best\n")),
        "The learning curve is lost.",
        "does not return the validation scores",
    ),
    wrong(
        "s033",
        "dot product instead of cosine",
        "forgetting",
        1,
        """
def forgetting(before, after, groups):
    found = []
    for vectors in (before, after):
        near = vectors @ vectors.T
        near.fill_diagonal_(-torch.inf)
        found.append((groups[near.argmax(dim=1)] == groups).float().mean().item())
    return found[0] - found[1]
""",
        "Right for vectors of length 1; otherwise long vectors are everyone's neighbour.",
        "The neighbours go by the dot product",
    ),
    wrong(
        "s034",
        "each text is its own neighbour",
        "forgetting",
        0,
        """
def forgetting(before, after, groups):
    found = []
    for vectors in (before, after):
        vectors = F.normalize(vectors, dim=1)
        found.append((groups[(vectors @ vectors.T).argmax(dim=1)] == groups).float().mean().item())
    return found[0] - found[1]
""",
        "The diagonal is the largest: both accuracies are 1.",
        "each text is its own nearest neighbour",
    ),
    wrong(
        "s035",
        "the sign turned round",
        "forgetting",
        0,
        """
def forgetting(before, after, groups):
    found = []
    for vectors in (after, before):
        vectors = F.normalize(vectors, dim=1)
        near = vectors @ vectors.T
        near.fill_diagonal_(-torch.inf)
        found.append((groups[near.argmax(dim=1)] == groups).float().mean().item())
    return found[0] - found[1]
""",
        "After minus before: what is forgotten comes out negative.",
        "The sign is turned round",
    ),
    wrong(
        "s036",
        "scaling forgotten",
        "LoRALinear",
        2,
        changed(LORA, ("self.scale * ", "")),
        "alpha / rank is missing in the output and in the merged weight.",
        "The scaling alpha / rank was forgotten",
    ),
    wrong(
        "s037",
        "two zero matrices",
        "LoRALinear",
        2,
        changed(
            LORA,
            ("torch.randn(rank, base.in_features)", "torch.zeros(rank, base.in_features)"),
        ),
        "Each one's gradient is a multiple of the other: nothing ever learns.",
        "`A` is zero too",
    ),
    wrong(
        "s038",
        "roles swapped at the start",
        "LoRALinear",
        3,
        changed(
            LORA,
            ("torch.randn(rank, base.in_features)", "torch.zeros(rank, base.in_features)"),
            (
                "torch.zeros(base.out_features, rank)",
                "torch.randn(base.out_features, rank)",
            ),
        ),
        "The product is zero all the same, but the task says which one is random.",
        "the roles are swapped",
    ),
    wrong(
        "s039",
        "base layer learns on",
        "LoRALinear",
        3,
        changed(LORA, ("        base.requires_grad_(False)\n", "")),
        "Nothing was frozen, so it is fine-tuning with a detour.",
        "weight is still learning",
    ),
    wrong(
        "s040",
        "bias learns on",
        "LoRALinear",
        3,
        changed(LORA, ("base.requires_grad_(False)", "base.weight.requires_grad = False")),
        "The bias was forgotten.",
        "bias is still learning",
    ),
    wrong(
        "s041",
        "merged in place",
        "LoRALinear",
        3,
        changed(LORA, ("copy.deepcopy(self.base)", "self.base")),
        "After it the layer counts the change twice.",
        "`merge` changes the layer itself",
    ),
    wrong(
        "s042",
        "merged without the bias",
        "LoRALinear",
        3,
        changed(
            LORA,
            (
                "copy.deepcopy(self.base)",
                "nn.Linear(self.base.in_features, self.base.out_features)",
            ),
            ("merged.weight += self", "merged.weight[:] = self.base.weight + self"),
        ),
        "The new layer has a random bias of its own.",
        "bias",
    ),
]

OTHER = [
    Variant(
        id="s043",
        title="partly done",
        base="blank",
        cells={
            "pad_batch-solution": """
def pad_batch(sequences, pad_id):
    longest = max(map(len, sequences))
    ids = torch.tensor([s + [pad_id] * (longest - len(s)) for s in sequences])
    return ids, torch.tensor([[1] * len(s) + [0] * (longest - len(s)) for s in sequences])
""",
            "unfreeze_top-solution": """
def unfreeze_top(model, layers):
    model.encoder.requires_grad_(False)
    model.head.requires_grad_(True)
    for layer in list(model.encoder.encoder.layer)[::-1][:layers]:
        layer.requires_grad_(True)
    return model
""",
            "reflection": "1. The mask has to go into the encoder and into the mean.",
        },
        expected={"pad_batch": 2, "unfreeze_top": 2},
        reason="Two tasks are right, five are not begun, and one written answer awaits its reader.",
        named="is not written yet",
    ),
    Variant(
        id="s044",
        title="a cell that crashes",
        cells={
            "parameter_groups-solution": """
def parameter_groups(model, head_lr, decay):
    parts = [model.head, *model.encoder.layers[::-1], model.encoder.embeddings]
    return [
        {"params": list(part.parameters()), "lr": head_lr * decay**i} for i, part in enumerate(parts)
    ]

parameter_groups(TextClassifier(tiny_encoder(), 2), 1.0, 0.5)
"""
        },
        expected={**FULL, "parameter_groups": 0},
        reason="An attribute that does not exist raises in the cell and in the function; the other tasks are right.",
        named="raised an exception",
    ),
]

VARIANTS = [*RIGHT, *WRONG, *OTHER]
