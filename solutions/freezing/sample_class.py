"""The sample class of `freezing`: right answers in several styles, each typical mistake, and what else gets handed in.

Each variant says what it must get for each task, and why. `tests/course` compares that with the graded class.
"""

from autograder.sample_class import Variant, one_mistake

FULL = {
    "freeze_backbone": 2,
    "replace_head": 2,
    "make_optimizer": 2,
    "set_train_mode": 3,
    "train_one_epoch": 3,
    "precompute_features": 3,
    "feature_drift": 3,
    "unfreeze_top": 2,
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
        title="right, with loops over names",
        cells={
            "freeze_backbone-solution": """
def freeze_backbone(model):
    for name, parameter in model.named_parameters():
        if name.startswith("backbone."):
            parameter.requires_grad = False
    return model
""",
            "replace_head-solution": """
def replace_head(model, classes):
    size = model.backbone.feature_dim
    new = torch.nn.Linear(in_features=size, out_features=classes)
    setattr(model, "head", new)
    return model
""",
            "make_optimizer-solution": """
def make_optimizer(model, lr):
    chosen = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            chosen.append(parameter)
    return torch.optim.SGD(chosen, lr)
""",
            "set_train_mode-solution": """
def set_train_mode(model):
    model.train()
    for module in model.backbone.modules():
        module.training = False
    return model
""",
            "precompute_features-solution": """
def precompute_features(model, loader):
    model.backbone.eval()
    all_features = None
    all_labels = None
    for images, labels in loader:
        found = model.backbone(images).detach()
        if all_features is None:
            all_features, all_labels = found, labels
        else:
            all_features = torch.cat([all_features, found])
            all_labels = torch.cat([all_labels, labels])
    return all_features, all_labels
""",
            "feature_drift-solution": """
def feature_drift(model, loader, training):
    kept = {}
    for name, tensor in model.state_dict().items():
        kept[name] = tensor.clone()
    with torch.no_grad():
        model.eval()
        before = []
        for images, labels in loader:
            before.append(model.backbone(images))
        if training:
            model.train()
        for images, labels in loader:
            model(images)
        model.eval()
        change = size = 0.0
        for old, (images, labels) in zip(before, loader):
            new = model.backbone(images)
            change += float(((new - old) ** 2).sum())
            size += float((old**2).sum())
    model.load_state_dict(kept)
    return (change / size) ** 0.5
""",
            "unfreeze_top-solution": """
def unfreeze_top(model, layers):
    left = layers
    for module in reversed(list(model.backbone.modules())):
        own = list(module.parameters(recurse=False))
        if not own:
            continue
        for parameter in own:
            parameter.requires_grad = left > 0
        left -= 1
    return model
""",
        },
        expected=FULL,
        reason="Every task does what is asked, in plain loops and with SGD without momentum.",
    ),
    Variant(
        id="s003",
        title="right, in short idioms and with Adam",
        cells={
            "freeze_backbone-solution": """
def freeze_backbone(model):
    model.backbone.requires_grad_(False)
    return model
""",
            "make_optimizer-solution": """
def make_optimizer(model, lr):
    return torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=lr)
""",
            "set_train_mode-solution": """
def set_train_mode(model):
    model.train().backbone.eval()
    return model
""",
            "train_one_epoch-solution": """
def train_one_epoch(model, loader, optimizer):
    set_train_mode(model)

    def step(images, labels):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item() * images.shape[0], images.shape[0]

    sums, sizes = zip(*(step(*batch) for batch in loader))
    return sum(sums) / sum(sizes)
""",
            "precompute_features-solution": """
@torch.no_grad()
def precompute_features(model, loader):
    model.eval()
    pairs = [(model.backbone(images), labels) for images, labels in loader]
    features, labels = map(torch.cat, zip(*pairs))
    return features, labels
""",
            "feature_drift-solution": """
@torch.no_grad()
def feature_drift(model, loader, training):
    model = copy.deepcopy(model)
    before, _ = precompute_features(model, loader)
    model.train(training)
    any(model(images) is None for images, _ in loader)
    after, _ = precompute_features(model, loader)
    return float(torch.dist(before, after) / before.norm())
""",
            "unfreeze_top-solution": """
def unfreeze_top(model, layers):
    model.backbone.requires_grad_(False)
    owners = [m for m in model.backbone.modules() if any(True for _ in m.parameters(recurse=False))]
    for module in owners[len(owners) - layers:]:
        module.requires_grad_(True)
    return model
""",
        },
        expected=FULL,
        reason="The same behaviour in fewer words; any optimiser of torch.optim is accepted.",
    ),
    Variant(
        id="s004",
        title="right, with parameter groups, losses without reduction, numpy in between",
        cells={
            "make_optimizer-solution": """
def make_optimizer(model, lr):
    decay = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    no_decay = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": no_decay, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr)
""",
            "train_one_epoch-solution": """
def train_one_epoch(model, loader, optimizer):
    model = set_train_mode(model)
    criterion = nn.CrossEntropyLoss(reduction="none")
    losses = []
    for images, labels in loader:
        each = criterion(model(images), labels)
        optimizer.zero_grad()
        each.mean().backward()
        optimizer.step()
        losses.append(each.detach())
    return float(torch.cat(losses).mean())
""",
            "precompute_features-solution": """
import numpy as np

def precompute_features(model, loader):
    was_training = model.training
    model.eval()
    rows, targets = [], []
    with torch.no_grad():
        for images, labels in loader:
            rows.append(model.backbone(images).numpy())
            targets.extend(labels.tolist())
    model.train(was_training)
    return torch.from_numpy(np.concatenate(rows)), torch.tensor(targets)
""",
            "feature_drift-solution": """
import numpy as np

def feature_drift(model, loader, training):
    backbone = model.backbone
    kept = [buffer.clone() for buffer in backbone.buffers()]
    snapshots = []
    for mode in (False, training, False):
        backbone.train(mode)
        rows = [backbone(images).detach().numpy() for images, _ in loader]
        snapshots.append(np.concatenate(rows))
    for buffer, old in zip(backbone.buffers(), kept):
        buffer.copy_(old)
    first, _, last = snapshots
    return float(np.linalg.norm(last - first) / np.linalg.norm(first))
""",
            "unfreeze_top-solution": """
def unfreeze_top(model, layers):
    named = list(model.backbone.named_parameters())
    order = list(dict.fromkeys(name.rpartition(".")[0] for name, _ in named))
    learning = set(order[::-1][:layers])
    for name, parameter in named:
        parameter.requires_grad_(name.rpartition(".")[0] in learning)
    return model
""",
        },
        expected=FULL,
        reason="Unusual means, the behaviour that was asked for.",
    ),
    Variant(
        id="s028",
        title="right, with classes",
        cells={
            "train_one_epoch-solution": """
class Mean:
    def __init__(self):
        self.total, self.count = 0.0, 0

    def add(self, value, times):
        self.total += value * times
        self.count += times

    def __float__(self):
        return self.total / self.count


def train_one_epoch(model, loader, optimizer):
    set_train_mode(model)
    mean = Mean()
    for images, labels in loader:
        loss = F.cross_entropy(model(images), labels)
        model.zero_grad()
        loss.backward()
        optimizer.step()
        mean.add(loss.item(), len(images))
    return float(mean)
""",
            "feature_drift-solution": """
class Untouched:
    def __init__(self, module):
        self.module, self.state = module, copy.deepcopy(module.state_dict())

    def __enter__(self):
        return self.module

    def __exit__(self, *error):
        self.module.load_state_dict(self.state)


def feature_drift(model, loader, training):
    def look(backbone):
        backbone.eval()
        return torch.cat([backbone(images) for images, _ in loader])

    with Untouched(model.backbone) as backbone, torch.no_grad():
        before = look(backbone)
        backbone.train(training)
        for images, _ in loader:
            backbone(images)
        change = look(backbone) - before
        return change.norm().item() / before.norm().item()
""",
            "unfreeze_top-solution": """
class Layers:
    def __init__(self, backbone):
        self.layers = []
        self.collect(backbone)

    def collect(self, module):
        own = list(module.parameters(recurse=False))
        if own:
            self.layers.append(own)
        for child in module.children():
            self.collect(child)

    def learn(self, count):
        still = len(self.layers) - count
        for place, parameters in enumerate(self.layers):
            for parameter in parameters:
                parameter.requires_grad = place not in range(still)


def unfreeze_top(model, layers):
    Layers(model.backbone).learn(layers)
    return model
""",
        },
        expected=FULL,
        reason="A running mean, a context manager and a walk through the layers, each as a class.",
    ),
]

WRONG = [
    wrong(
        "s005",
        "frozen parameters left in the optimiser",
        "make_optimizer",
        0,
        """
def make_optimizer(model, lr):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=0.01)
""",
        "An old gradient, momentum or weight decay moves the frozen parameters that the optimiser holds.",
        "Frozen parameters were left in the optimiser",
    ),
    wrong(
        "s006",
        "BatchNorm still moving",
        "set_train_mode",
        1,
        """
def set_train_mode(model):
    model.train()
    return model
""",
        "In training mode each forward pass moves the statistics; only the head's mode is right.",
        "BatchNorm is still moving",
    ),
    wrong(
        "s007",
        "head not replaced",
        "replace_head",
        0,
        """
def replace_head(model, classes):
    head = nn.Linear(model.backbone.feature_dim, classes)
    return model
""",
        "The new layer is made and then forgotten: the model still has its old head.",
        "The head was not replaced",
    ),
    wrong(
        "s008",
        "whole model trained",
        "freeze_backbone",
        0,
        """
def freeze_backbone(model):
    model.backbone.requires_grad = False
    return model
""",
        "The attribute is set on the module, not on its parameters, so that nothing is frozen.",
        "The whole model was trained",
    ),
    wrong(
        "s009",
        "features computed in training mode",
        "precompute_features",
        0,
        """
def precompute_features(model, loader):
    model.train()
    features, labels = [], []
    with torch.no_grad():
        for images, targets in loader:
            features.append(model.backbone(images))
            labels.append(targets)
    return torch.cat(features), torch.cat(labels)
""",
        "The features depend on the batch, the statistics move, and a head trained on them is another one.",
        "computed in training mode",
    ),
    wrong(
        "s010",
        "zero_grad forgotten",
        "train_one_epoch",
        2,
        """
def train_one_epoch(model, loader, optimizer):
    model = set_train_mode(model)
    loss_sum, samples = 0.0, 0
    for images, labels in loader:
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        samples += len(labels)
    return loss_sum / samples
""",
        "Gradients of earlier batches add up, so the weights are wrong; the mean of the losses and the mode are right.",
        "`zero_grad` was forgotten",
    ),
    wrong(
        "s011",
        "mean of the batches' means",
        "train_one_epoch",
        2,
        """
def train_one_epoch(model, loader, optimizer):
    model = set_train_mode(model)
    losses = []
    for images, labels in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)
""",
        "Training is right; the smaller last batch counts too much in the mean.",
        "the mean of the batches' means",
    ),
    wrong(
        "s012",
        "wrong in_features",
        "replace_head",
        0,
        """
def replace_head(model, classes):
    model.head = nn.Linear(1280, classes)
    return model
""",
        "1280 is the size of one backbone; the head does not fit any other.",
        "wrong in_features",
    ),
    wrong(
        "s013",
        "dropout off: everything in evaluation mode",
        "set_train_mode",
        1,
        """
def set_train_mode(model):
    model.eval()
    return model
""",
        "The statistics stay, but the head's dropout is off.",
        "Dropout in the head is off",
    ),
    wrong(
        "s014",
        "head frozen too",
        "freeze_backbone",
        1,
        """
def freeze_backbone(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model
""",
        "The backbone stays, but nothing is left that can learn.",
        "You froze the head too",
    ),
    wrong(
        "s015",
        "features still attached to the graph",
        "precompute_features",
        2,
        """
def precompute_features(model, loader):
    model.eval()
    features, labels = [], []
    for images, targets in loader:
        features.append(model.backbone(images))
        labels.append(targets)
    return torch.cat(features), torch.cat(labels)
""",
        "The numbers are right; the graph of the backbone hangs on to them.",
        "still attached to the backbone's graph",
    ),
    wrong(
        "s016",
        "freezes by names that hold 'weight'",
        "freeze_backbone",
        0,
        """
def freeze_backbone(model):
    for name, parameter in model.backbone.named_parameters():
        if name.endswith("weight"):
            parameter.requires_grad = False
    return model
""",
        "BatchNorm's shifts are called bias and still learn, so the head learns on features that move.",
        "Only a part of the backbone is frozen",
    ),
    wrong(
        "s017",
        "returns nothing",
        "replace_head",
        1,
        """
def replace_head(model, classes):
    model.head = nn.Linear(model.backbone.feature_dim, classes)
""",
        "The head is new and the backbone as it was, but the statement asks for the model to be returned.",
        "returns nothing (None)",
    ),
    wrong(
        "s029",
        "statistics put back from a state_dict that was not copied",
        "feature_drift",
        2,
        """
def feature_drift(model, loader, training):
    backbone = model.backbone
    kept = backbone.state_dict()
    backbone.eval()
    with torch.no_grad():
        before = torch.cat([backbone(images) for images, _ in loader])
        backbone.train(training)
        for images, _ in loader:
            backbone(images)
        backbone.eval()
        after = torch.cat([backbone(images) for images, _ in loader])
    backbone.load_state_dict(kept)
    return ((after - before).norm() / before.norm()).item()
""",
        "A state_dict holds the tensors themselves: what is put back is what has moved. The number is right.",
        "The measurement left its trace",
    ),
    wrong(
        "s030",
        "the pass made in evaluation mode",
        "feature_drift",
        0,
        """
def feature_drift(model, loader, training):
    model.eval()
    with torch.no_grad():
        before = torch.cat([model.backbone(images) for images, _ in loader])
        for images, _ in loader:
            model.backbone(images)
        after = torch.cat([model.backbone(images) for images, _ in loader])
    return ((after - before).norm() / before.norm()).item()
""",
        "The drift is zero whatever the argument says, because nothing was ever in training mode.",
        "no pass in training mode",
    ),
    wrong(
        "s031",
        "features measured in training mode",
        "feature_drift",
        0,
        """
def feature_drift(model, loader, training):
    backbone = copy.deepcopy(model.backbone)
    with torch.no_grad():
        before = torch.cat([backbone(images) for images, _ in loader])
        backbone.train(training)
        for images, _ in loader:
            backbone(images)
        after = torch.cat([backbone(images) for images, _ in loader])
    return ((after - before).norm() / before.norm()).item()
""",
        "In training mode BatchNorm uses the batch's own statistics, so the moved ones never show.",
        "the features were computed in training mode",
    ),
    wrong(
        "s032",
        "evaluation mode forgotten after the pass",
        "feature_drift",
        2,
        """
def feature_drift(model, loader, training):
    backbone = copy.deepcopy(model.backbone)

    def features():
        backbone.eval()
        with torch.no_grad():
            return torch.cat([backbone(images) for images, _ in loader])

    before = features()
    backbone.train(training)
    with torch.no_grad():
        for images, _ in loader:
            backbone(images)
        after = torch.cat([backbone(images) for images, _ in loader])
    return ((after - before).norm() / before.norm()).item()
""",
        "The mode of the pass stays on; the features after it depend on their batch.",
        "The features after the pass were computed in training mode",
    ),
    wrong(
        "s033",
        "an absolute change",
        "feature_drift",
        2,
        """
def feature_drift(model, loader, training):
    backbone = copy.deepcopy(model.backbone)

    def features():
        backbone.eval()
        with torch.no_grad():
            return torch.cat([backbone(images) for images, _ in loader])

    before = features()
    backbone.train(training)
    with torch.no_grad():
        for images, _ in loader:
            backbone(images)
    after = features()
    return (after - before).norm().item()
""",
        "The norm of the change is not divided by the norm before.",
        "was not divided by the features",
    ),
    wrong(
        "s034",
        "training mode whatever the argument says",
        "feature_drift",
        2,
        """
def feature_drift(model, loader, training):
    backbone = copy.deepcopy(model.backbone)

    def features():
        backbone.eval()
        with torch.no_grad():
            return torch.cat([backbone(images) for images, _ in loader])

    before = features()
    backbone.train()
    with torch.no_grad():
        for images, _ in loader:
            backbone(images)
    after = features()
    return ((after - before).norm() / before.norm()).item()
""",
        "The argument is not used: there is a drift in evaluation mode too.",
        "the argument does not decide the mode",
    ),
    wrong(
        "s035",
        "drift of the scores",
        "feature_drift",
        2,
        """
def feature_drift(model, loader, training):
    network = copy.deepcopy(model)

    def features():
        network.eval()
        with torch.no_grad():
            return torch.cat([network(images) for images, _ in loader])

    before = features()
    network.train(training)
    with torch.no_grad():
        for images, _ in loader:
            network(images)
    after = features()
    return ((after - before).norm() / before.norm()).item()
""",
        "The whole model is applied, so that the drift is that of its scores.",
        "drift is that of the model's scores",
    ),
    wrong(
        "s036",
        "the first layers unfrozen",
        "unfreeze_top",
        0,
        """
def unfreeze_top(model, layers):
    owners = [m for m in model.backbone.modules() if list(m.parameters(recurse=False))]
    for index, module in enumerate(owners):
        module.requires_grad_(index < layers)
    return model
""",
        "The list starts at the images; its first entries are the bottom, not the top.",
        "The first layers were unfrozen",
    ),
    wrong(
        "s037",
        "ReLU counted as a layer",
        "unfreeze_top",
        0,
        """
def unfreeze_top(model, layers):
    model.backbone.requires_grad_(False)
    every = [m for m in model.backbone.modules() if not list(m.children())]
    for module in every[len(every) - layers:]:
        module.requires_grad_(True)
    return model
""",
        "A ReLU has no parameters, so too little is unfrozen, and nothing for one layer.",
        "ReLU was counted as a layer",
    ),
    wrong(
        "s038",
        "the slice [-0:]",
        "unfreeze_top",
        1,
        """
def unfreeze_top(model, layers):
    model.backbone.requires_grad_(False)
    owners = [m for m in model.backbone.modules() if list(m.parameters(recurse=False))]
    for module in owners[-layers:]:
        module.requires_grad_(True)
    return model
""",
        "With layers=0 the slice is the whole list.",
        "the slice `[-0:]` is the whole list",
    ),
    wrong(
        "s039",
        "frozen again by nobody",
        "unfreeze_top",
        1,
        """
def unfreeze_top(model, layers):
    owners = [m for m in model.backbone.modules() if list(m.parameters(recurse=False))]
    for module in owners[len(owners) - layers:]:
        module.requires_grad_(True)
    return model
""",
        "It only switches on: what was unfrozen before stays so.",
        "What was unfrozen before is still unfrozen",
    ),
    wrong(
        "s040",
        "head frozen while unfreezing",
        "unfreeze_top",
        0,
        """
def unfreeze_top(model, layers):
    model.requires_grad_(False)
    owners = [m for m in model.backbone.modules() if list(m.parameters(recurse=False))]
    for module in owners[len(owners) - layers:]:
        module.requires_grad_(True)
    return model
""",
        "The whole model is frozen first, the head with it.",
        "You froze the head too",
    ),
    wrong(
        "s041",
        "BatchNorm left frozen in the top",
        "unfreeze_top",
        0,
        """
def unfreeze_top(model, layers):
    model.backbone.requires_grad_(False)
    owners = [m for m in model.backbone.modules() if list(m.parameters(recurse=False))]
    for module in owners[len(owners) - layers:]:
        if not isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(True)
    return model
""",
        "Scale and shift are parameters of their layer; only the statistics are a matter of mode.",
        "scale and shift were left frozen",
    ),
    wrong(
        "s042",
        "the whole backbone unfrozen",
        "unfreeze_top",
        0,
        """
def unfreeze_top(model, layers):
    for module in list(model.modules())[-layers:]:
        for parameter in model.backbone.parameters():
            parameter.requires_grad = True
    return model
""",
        "The inner loop goes through the whole backbone each time.",
        "The whole backbone learns",
    ),
    wrong(
        "s043",
        "blocks counted instead of layers",
        "unfreeze_top",
        1,
        """
def unfreeze_top(model, layers):
    model.backbone.requires_grad_(False)
    blocks = [m for m in model.backbone.layers if list(m.parameters())]
    for block in blocks[len(blocks) - layers:]:
        block.requires_grad_(True)
    return model
""",
        "Right where nothing is nested; an inner Sequential counts as one layer.",
        "Blocks were counted instead of layers",
    ),
    wrong(
        "s044",
        "parameters counted instead of layers",
        "unfreeze_top",
        0,
        """
def unfreeze_top(model, layers):
    every = list(model.backbone.parameters())
    for index, parameter in enumerate(every):
        parameter.requires_grad = index >= len(every) - layers
    return model
""",
        "A BatchNorm layer has two parameters: with one layer, only its shift learns.",
        "Parameters were counted instead of layers",
    ),
    wrong(
        "s045",
        "the loss after the step",
        "train_one_epoch",
        2,
        """
def train_one_epoch(model, loader, optimizer):
    model = set_train_mode(model)
    loss_sum, samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        loss = F.cross_entropy(model(images), labels)
        loss_sum += loss.item() * len(labels)
        samples += len(labels)
    return loss_sum / samples
""",
        "Training is right; each batch's loss is computed again when the network has already learnt from it.",
        "loss was computed after its step",
    ),
    wrong(
        "s046",
        "only the last layer of the head replaced",
        "replace_head",
        1,
        """
def replace_head(model, classes):
    new = nn.Linear(model.backbone.feature_dim, classes)
    if isinstance(model.head, nn.Sequential):
        model.head[-1] = new
    else:
        model.head = new
    return model
""",
        "The dropout of the old head stays in front of the new layer.",
        "a part of the old head",
    ),
    wrong(
        "s047",
        "the backbone frozen along with the new head",
        "replace_head",
        1,
        """
def replace_head(model, classes):
    model.backbone.requires_grad_(False)
    model.head = nn.Linear(model.backbone.feature_dim, classes)
    return model
""",
        "The head is right; what of the backbone can learn was not this function's to decide.",
        "Replacing the head froze the backbone",
    ),
    wrong(
        "s048",
        "the mean of the batches' drifts",
        "feature_drift",
        2,
        """
def feature_drift(model, loader, training):
    backbone = copy.deepcopy(model.backbone)
    with torch.no_grad():
        backbone.eval()
        before = [backbone(images) for images, _ in loader]
        backbone.train(training)
        for images, _ in loader:
            backbone(images)
        backbone.eval()
        after = [backbone(images) for images, _ in loader]
    drifts = [((new - old).norm() / old.norm()).item() for old, new in zip(before, after)]
    return sum(drifts) / len(drifts)
""",
        "The mode is right and no trace is left; a mean of ratios is not the ratio of the two norms.",
        "a mean of the batches' drifts",
    ),
    wrong(
        "s049",
        "the mode set and the backbone frozen",
        "set_train_mode",
        2,
        """
def set_train_mode(model):
    model.train()
    model.backbone.eval().requires_grad_(False)
    return model
""",
        "The modes are right; but every epoch would freeze again what was unfrozen before.",
        "Setting the mode froze the backbone",
    ),
]

OTHER = [
    Variant(
        id="s018",
        title="partly done",
        base="blank",
        cells={
            "freeze_backbone-solution": """
def freeze_backbone(model):
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    return model
""",
            "make_optimizer-solution": """
def make_optimizer(model, lr):
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)
""",
            "reflection": "1. The running mean and variance of BatchNorm moved. `eval()` on the backbone prevents it.",
        },
        expected={"freeze_backbone": 2, "make_optimizer": 2},
        reason="Two tasks are right, six are not begun, and one written answer awaits its reader.",
        named="is not written yet",
    ),
    Variant(
        id="s019",
        title="untouched",
        base="blank",
        expected={},
        reason="Nothing was written.",
        named="is not written yet",
    ),
    Variant(
        id="s020",
        title="a cell that crashes",
        cells={
            "replace_head-solution": """
def replace_head(model, classes):
    model.head = nn.Linear(model.backbone.feature_dims, classes)
    return model

replace_head(small_classifier(classes=3), 5)
"""
        },
        expected={**FULL, "replace_head": 0},
        reason="A misspelt attribute raises in the cell and in the function; the other tasks are right.",
        named="raised an exception",
    ),
    Variant(
        id="s021",
        title="ends the process",
        cells={
            "set_train_mode-solution": """
import os

def set_train_mode(model):
    os._exit(0)
"""
        },
        expected={**FULL, "set_train_mode": 0, "train_one_epoch": 0},
        reason="The function ends its process, and the epoch calls it; the tasks that do not need it are right.",
    ),
    Variant(
        id="s022",
        title="loops for ever in a cell",
        cells={
            "precompute_features-solution": """
def precompute_features(model, loader):
    return None

while True:
    pass
"""
        },
        expected={**FULL, "precompute_features": 0},
        reason="The cell is stopped and left out; what the other cells define still counts.",
    ),
    Variant(
        id="s023",
        title="loops for ever in a function",
        cells={
            "train_one_epoch-solution": """
def train_one_epoch(model, loader, optimizer):
    while True:
        for images, labels in loader:
            model(images)
"""
        },
        expected={**FULL, "train_one_epoch": 0},
        reason="Each call is stopped at its limit; the other tasks are right.",
    ),
    Variant(
        id="s024",
        title="cells deleted",
        drop=("train_one_epoch-solution", "train_one_epoch", "precompute_features"),
        expected={**FULL, "train_one_epoch": 0},
        reason="Deleted check cells come back; the deleted answer comes back as it was released, unwritten.",
    ),
    Variant(
        id="s025",
        title="not a notebook at all",
        raw=b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
        expected={},
        reason="A PDF under the notebook's name: refused, with the reason.",
    ),
    Variant(
        id="s026",
        title="the wrong file name",
        filename="Untitled.ipynb",
        expected={},
        reason="freezing.ipynb is not among what was handed in: refused, with the reason.",
    ),
    Variant(
        id="s027",
        title="sys.exit in a cell",
        cells={
            "make_optimizer-solution": """
import sys

def make_optimizer(model, lr):
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)

sys.exit()
"""
        },
        expected=FULL,
        reason="The cell ends after it has defined a right function; each cell runs by itself.",
    ),
]

VARIANTS = [*RIGHT, *WRONG, *OTHER]
