"""Right answers in every style get all points; each mistake costs its own points and is named."""

import pytest
import torch
from graded_here import COURSE, NAME, TASKS, faults, namespace_of, notebook_of, verdicts
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from autograder.course import REPOSITORY
from autograder.sample_class import load_variants
from autograder.suites.freezing import pages

VARIANTS = {variant.id: variant for variant in load_variants(COURSE, NAME)}
RIGHT = [name for name, variant in VARIANTS.items() if variant.title.startswith("right")]
# What the message must say of each wrong variant of the sample class: the misconception, by its name.
NAMED = {
    "s005": "Frozen parameters were left in the optimiser",
    "s006": "BatchNorm is still moving",
    "s007": "The head was not replaced",
    "s008": "The whole model was trained",
    "s009": "computed in training mode",
    "s010": "`zero_grad` was forgotten",
    "s011": "the mean of the batches' means",
    "s012": "wrong in_features",
    "s013": "Dropout in the head is off",
    "s014": "You froze the head too",
    "s015": "still attached to the backbone's graph",
    "s016": "Only a part of the backbone is frozen",
    "s017": "returns nothing (None)",
    "s018": "is not written yet",
    "s019": "is not written yet",
    "s020": "raised an exception",
}


def test_every_wrong_variant_that_runs_has_its_name_here():
    runs_here = {name for name, variant in VARIANTS.items() if name not in RIGHT and variant.raw is None}
    stopped = {"s021", "s022", "s023"}  # these end or loop: only the sandbox can run them
    assert runs_here - stopped - {"s024", "s026", "s027"} == set(NAMED)


@pytest.mark.parametrize("name", RIGHT)
def test_right_in_every_style(name):
    found = verdicts(namespace_of(notebook_of(VARIANTS[name])))
    assert faults(found) == []


@pytest.mark.parametrize("full", [False, True], ids=["as the student checks it", "as it is graded"])
@pytest.mark.parametrize("name", NAMED)
def test_a_mistake_costs_its_points_and_is_named(name, full):
    variant = VARIANTS[name]
    found = verdicts(namespace_of(notebook_of(variant)), full=full)
    assert {task: found[task].points for task in TASKS} == {t: variant.expected.get(t, 0) for t in TASKS}
    assert any(NAMED[name] in message["what"] for message in faults(found)), faults(found)


# Further answers, each a change to the reference solution: the task, the function, its points, the words.


def freeze_a_copy(model):
    import copy

    other = copy.deepcopy(model)
    other.backbone.requires_grad_(False)
    return other


def write_out_features(model, classes):
    if isinstance(model.head, nn.Linear):
        model.head.out_features = classes
    return model


def replace_only_other_sizes(model, classes):
    old = model.head if isinstance(model.head, nn.Linear) else model.head[-1]
    if old.out_features != classes:
        model.head = nn.Linear(model.backbone.feature_dim, classes)
    return model


def two_layer_head(model, classes):
    model.head = nn.Sequential(nn.Linear(model.backbone.feature_dim, 7), nn.ReLU(), nn.Linear(7, classes))
    return model


def softmax_in_the_head(model, classes):
    model.head = nn.Sequential(nn.Linear(model.backbone.feature_dim, classes), nn.Softmax(dim=1))
    return model


def frozen_new_head(model, classes):
    model.head = nn.Linear(model.backbone.feature_dim, classes).requires_grad_(False)
    return model


def new_backbone_too(model, classes):
    model.head = nn.Linear(model.backbone.feature_dim, classes)
    for module in model.backbone.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return model


def head_by_name(model, lr):
    return torch.optim.SGD(model.head.parameters(), lr=lr)


def fixed_learning_rate(model, lr):
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)


def copies_of_parameters(model, lr):
    return torch.optim.SGD([p.detach().clone() for p in model.parameters() if p.requires_grad], lr=lr)


def only_batchnorm(model):
    model.train()
    for module in model.backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    return model


def no_momentum(model):
    model.train()
    for module in model.backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0
    return model


def backbone_only(model):
    model.backbone.eval()
    return model


def epoch(
    *,
    mode=lambda model: (model.train(), model.backbone.eval()),
    loss=F.cross_entropy,
    result=None,
    first_only=False,
    batches=list,
):
    """A training loop in which one thing is not as it should be. ``result`` of (losses, sizes)."""

    def train_one_epoch(model, loader, optimizer):
        mode(model)
        losses, sizes = [], []
        for images, labels in batches(loader):
            optimizer.zero_grad()
            value = loss(model(images), labels)
            value.backward()
            optimizer.step()
            losses.append(value.item())
            sizes.append(len(labels))
            if first_only:
                break
        if result is not None:
            return result(losses, sizes)
        return sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes)

    return train_one_epoch


def summed(scores, labels):
    return F.cross_entropy(scores, labels, reduction="sum")


def softmax_twice(scores, labels):
    return F.cross_entropy(scores.softmax(dim=1), labels)


def never_steps(model, loader, optimizer):
    total = [F.cross_entropy(model(images), labels).item() * len(labels) for images, labels in loader]
    return sum(total) / len(loader.dataset)


def collect(*, mode="eval", part="backbone", change=lambda features: features):
    """A loop over the loader in which one thing is not as it should be."""

    def precompute_features(model, loader):
        getattr(model, mode)()
        module = model.backbone if part == "backbone" else model
        with torch.no_grad():
            pairs = [(change(module(images)), labels) for images, labels in loader]
        return torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])

    return precompute_features


def two_passes(model, loader):
    model.eval()
    with torch.no_grad():
        features = torch.cat([model.backbone(images) for images, _ in loader])
    return features, torch.cat([labels for _, labels in loader])


def sorted_by_label(model, loader):
    features, labels = collect()(model, loader)
    order = labels.argsort()
    return features[order], labels[order]


def reversed_rows(model, loader):
    features, labels = collect()(model, loader)
    return features.flip(0), labels.flip(0)


def only_features(model, loader):
    return collect()(model, loader)[0]


def last_batch(model, loader):
    model.eval()
    with torch.no_grad():
        for batch in loader:
            features, labels = model.backbone(batch[0]), batch[1]
    return features, labels


def own_loader(model, loader):
    return collect()(model, DataLoader(loader.dataset, batch_size=3, shuffle=True))


MORE = [
    ("freeze_backbone", freeze_a_copy, 1, "The whole model was trained"),
    ("freeze_backbone", lambda model: None, 0, "returns nothing"),
    ("freeze_backbone", lambda model: 3, 0, "does not return the model"),
    ("replace_head", write_out_features, 0, "The head was not replaced"),
    ("replace_head", replace_only_other_sizes, 1, "its weights are the old ones"),
    ("replace_head", two_layer_head, 0, "not one linear layer"),
    ("replace_head", softmax_in_the_head, 1, "not the new head applied to the backbone's features"),
    ("replace_head", frozen_new_head, 1, "The new head is frozen"),
    ("replace_head", new_backbone_too, 0, "changed the backbone"),
    ("make_optimizer", head_by_name, 1, "misses parameters that should learn"),
    ("make_optimizer", fixed_learning_rate, 1, "does not use the learning rate"),
    ("make_optimizer", copies_of_parameters, 0, "moves nothing"),
    ("make_optimizer", lambda model, lr: None, 0, "returns nothing"),
    ("set_train_mode", only_batchnorm, 2, "Only BatchNorm is in evaluation mode"),
    ("set_train_mode", backbone_only, 2, "Dropout in the head is off"),
    ("set_train_mode", no_momentum, 1, "normalises with the statistics of the batch"),
    ("train_one_epoch", never_steps, 1, "no step was taken"),
    (
        "train_one_epoch",
        epoch(loss=summed),
        1,
        "is the sum over",
    ),
    (
        "train_one_epoch",
        epoch(loss=softmax_twice),
        1,
        "Softmax is applied twice",
    ),
    ("train_one_epoch", epoch(first_only=True), 1, "Only the first batch was used"),
    ("train_one_epoch", epoch(batches=lambda loader: list(loader)[:-1]), 0, "smaller batch was left out"),
    ("train_one_epoch", epoch(batches=lambda loader: [*loader, *loader]), 2, "Two epochs"),
    ("train_one_epoch", epoch(result=lambda a, n: sum(a)), 2, "a sum over batches"),
    ("train_one_epoch", epoch(result=lambda a, n: a[-1]), 2, "that of the last batch only"),
    ("train_one_epoch", epoch(result=lambda a, n: None), 2, "returns nothing"),
    ("train_one_epoch", epoch(result=lambda a, n: a), 2, "does not return a number"),
    ("train_one_epoch", epoch(mode=lambda model: model.train()), 2, "BatchNorm was moving"),
    ("train_one_epoch", epoch(mode=lambda model: None), 2, "The training mode was not set"),
    ("precompute_features", collect(part="model"), 1, "the model's scores, not the backbone's features"),
    ("precompute_features", torch.inference_mode()(collect()), 2, "inference_mode"),
    ("precompute_features", collect(change=F.normalize), 1, "not those of the model's backbone"),
    ("precompute_features", two_passes, 2, "ONE pass"),
    ("precompute_features", sorted_by_label, 2, "are shuffled"),
    ("precompute_features", reversed_rows, 2, "are shuffled"),
    ("precompute_features", own_loader, 2, "are shuffled"),
    ("precompute_features", only_features, 0, "does not return a pair"),
    ("precompute_features", last_batch, 1, "are those of one batch only"),
    ("precompute_features", lambda model, loader: None, 0, "returns nothing"),
]


@pytest.mark.parametrize(("task", "function", "points", "words"), MORE, ids=[f"{m[0]}-{m[3]}" for m in MORE])
def test_further_mistakes(right, task, function, points, words):
    right[task] = function
    found = verdicts(right, [task])
    said = [f"{message['what']} {message.get('tries')}" for message in faults(found)]
    assert any(words in text for text in said), said
    assert found[task].points == points, said


def test_a_loss_as_a_tensor_is_accepted(right):
    def mean(losses, sizes):
        return torch.tensor(sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes))

    right["train_one_epoch"] = epoch(result=mean)
    assert faults(verdicts(right, ["train_one_epoch"])) == []


def test_a_mistake_in_the_mode_is_marked_once(right):
    """An epoch that relies on a wrong ``set_train_mode`` loses nothing for it."""
    names = namespace_of(notebook_of(VARIANTS["s006"]))
    found = verdicts(names, ["set_train_mode", "train_one_epoch"])
    assert (found["set_train_mode"].points, found["train_one_epoch"].points) == (1, 3)


def test_grading_again_gives_the_same():
    names = namespace_of(notebook_of(VARIANTS["s010"]))
    first = verdicts(names)
    assert all(verdicts(names) == first for _ in range(19))


@pytest.mark.parametrize("page", sorted(value for name, value in vars(pages).items() if name.isupper()))
def test_messages_name_pages_that_exist(page):
    path, _, anchor = page.partition("#")
    source = REPOSITORY / "book" / path.replace(".html", ".md")
    assert source.is_file()
    if anchor:
        term = anchor.removeprefix("term-").replace("-", " ")
        assert term in [line.strip() for line in source.read_text(encoding="utf-8").splitlines()]
