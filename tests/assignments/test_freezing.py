"""Further answers to `freezing`: more mistakes, more optimisers, and marks that are not given twice."""

import copy

import numpy
import pytest
import torch
from graded_here import ASSIGNMENTS, faults
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from autograder import measure
from autograder.suites.freezing import judge

FREEZING = ASSIGNMENTS["freezing"]
SEEDS = range(1000, 1030)


@pytest.fixture
def right():
    """The reference solution's functions by name; a test may replace one."""
    return FREEZING.reference()


# Further answers, each a change to the reference solution: the task, the function, its points, the words.


def freeze_a_copy(model):
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
    return torch.optim.SGD(learning(model.head), lr=lr)


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
    return loss_of_all(model, loader)


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


def drift(
    *,
    start=False,
    passes=lambda loader: loader,
    end=False,
    looks=list,
    result=lambda before, after: ((after - before).norm() / before.norm()).item(),
    part=lambda model: copy.deepcopy(model).backbone,
):
    """A measurement in which one thing is not as it should be. ``start`` and ``end`` are modes."""

    def feature_drift(model, loader, training):
        module = part(model)

        def look(mode):
            module.train(mode)
            return torch.cat([module(images) for images, _ in looks(loader)])

        with torch.no_grad():
            before = look(start)
            module.train(training)
            for images, _ in passes(loader):
                module(images)
            return result(before, look(end))

    return feature_drift


def drift_by_steps(model, loader, training):
    number = drift()(model, loader, training)
    with torch.no_grad():
        model.head.weight.mul_(0.9)
    return number


def owners(model):
    return [module for module in model.backbone.modules() if list(module.parameters(recurse=False))]


def unfreeze(choose):
    """All frozen, then those that ``choose`` takes of the layers (modules) may learn."""

    def unfreeze_top(model, layers):
        model.backbone.requires_grad_(False)
        for module in choose(owners(model), layers):
            module.requires_grad_(True)
        return model

    return unfreeze_top


def unfreeze_a_copy(model, layers):
    return unfreeze(lambda found, layers: found[len(found) - layers :])(copy.deepcopy(model), layers)


def unfreeze_as_attribute(model, layers):
    for module in owners(model)[len(owners(model)) - layers :]:
        module.requires_grad = True
    return model


def unfreeze_and_draw_anew(model, layers):
    model = unfreeze(lambda found, layers: found[len(found) - layers :])(model, layers)
    model.head.reset_parameters()
    return model


def unfreeze_and_train(model, layers):
    model = unfreeze(lambda found, layers: found[len(found) - layers :])(model, layers)
    for module in owners(model)[len(owners(model)) - layers :]:
        module.train()
    return model


def replace_and_thaw(model, classes):
    model.head = nn.Linear(model.backbone.feature_dim, classes)
    return model.requires_grad_(True)


def mode_and_thaw(model):
    model.backbone.eval()
    model.head.train()
    return model.requires_grad_(True)


def frozen_features(model, loader):
    model.backbone.requires_grad_(False)
    return collect()(model, loader)


def frozen_drift(model, loader, training):
    model.backbone.requires_grad_(False)
    return drift()(model, loader, training)


def large_batches(loader):
    return [batch for batch in loader if len(batch[1]) == loader.batch_size]


def loss_of_all(model, loader):
    with torch.no_grad():
        pairs = [(F.cross_entropy(model(images), labels).item(), len(labels)) for images, labels in loader]
    return sum(loss * size for loss, size in pairs) / sum(size for _, size in pairs)


def loss_after_the_epoch(model, loader, optimizer):
    epoch()(model, loader, optimizer)
    return loss_of_all(model, loader)


def loss_before_the_epoch(model, loader, optimizer):
    result = loss_of_all(model.eval(), loader)
    epoch()(model, loader, optimizer)
    return result


def freeze_where(choose):
    """Every parameter is frozen that ``choose`` takes, by its name and the module that owns it."""

    def freeze_backbone(model):
        for path, module in model.named_modules():
            for name, parameter in module.named_parameters(prefix=path, recurse=False):
                if choose(name, module):
                    parameter.requires_grad = False
        return model

    return freeze_backbone


def freeze_children(model):
    for child in model.backbone.children():
        child.requires_grad_(False)
    return model


def freeze_and_thaw_the_head(model):
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    return model


def unfreeze_and_thaw_the_head(model, layers):
    model = unfreeze(lambda found, layers: found[len(found) - layers :])(model, layers)
    model.head.requires_grad_(True)
    return model


def unfreeze_among(is_layer):
    """All frozen, then the last of those modules may learn that ``is_layer`` takes for layers."""

    def unfreeze_top(model, layers):
        model.backbone.requires_grad_(False)
        found = [module for module in model.backbone.modules() if is_layer(module)]
        for module in found[max(len(found) - layers, 0) :]:
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad = True
        return model

    return unfreeze_top


def learning(module):
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def groups_with(*, backbone_lr=lambda lr: lr, frozen=False):
    """An optimiser with a group for what learns in the backbone, and perhaps one for all that is frozen."""

    def make_optimizer(model, lr):
        inside = learning(model.backbone)
        others = [part for part in learning(model) if all(part is not other for other in inside)]
        groups = [{"params": others}]
        if inside:
            groups.append({"params": inside, "lr": backbone_lr(lr)})
        if frozen:
            still = [parameter for parameter in model.parameters() if not parameter.requires_grad]
            groups.append({"params": still, "lr": 0.0})
        return torch.optim.SGD(groups, lr=lr, momentum=0.9)

    return make_optimizer


def all_of_the_head(model, lr):
    frozen_too = [part for part in model.head.parameters() if not part.requires_grad]
    return torch.optim.Adam([*learning(model), *frozen_too], lr=lr)


def head_and_backbone(model, lr):
    return torch.optim.Adam([*learning(model.backbone), *learning(model.head)], lr=lr)


def eval_of_the_children(model):
    model.train()
    for child in model.backbone.children():
        child.eval()
    return model


def epoch_of(
    *,
    before=lambda model, loader: None,
    clear=lambda model, optimizer: optimizer.zero_grad(),
    clear_after=lambda model, optimizer: None,
    features=lambda model, images: model.backbone(images),
    number=lambda loss: loss.item(),
    divide=lambda seen, loader: seen,
):
    """A training loop in which one step is done in another way."""

    def train_one_epoch(model, loader, optimizer):
        before(model, loader)
        model.train()
        model.backbone.eval()
        total, seen = 0.0, 0
        for images, labels in loader:
            clear(model, optimizer)
            loss = F.cross_entropy(model.head(features(model, images)), labels)
            loss.backward()
            optimizer.step()
            clear_after(model, optimizer)
            total, seen = total + number(loss) * len(labels), seen + len(labels)
        return total / divide(seen, loader)

    return train_one_epoch


def never(model, optimizer):
    return None


def gradients_off(model, loader):
    torch.set_grad_enabled(False)
    model.eval()
    pairs = [(model.backbone(images), labels) for images, labels in loader]
    return torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])


def kept_on_the_model(model, loader):
    if not hasattr(model, "kept"):
        model.kept = collect()(model, loader)
    return model.kept


def in_the_datasets_order(model, loader):
    return collect()(model, DataLoader(loader.dataset, batch_size=3))


def is_known_kind(module):
    return isinstance(module, nn.Conv2d | nn.BatchNorm2d | nn.Linear)


def is_leaf(module):
    return not list(module.children())


def is_convolution(module):
    return isinstance(module, nn.Conv2d)


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
    ("replace_head", replace_and_thaw, 1, "let the frozen backbone learn again"),
    ("set_train_mode", mode_and_thaw, 2, "let the frozen backbone learn again"),
    ("train_one_epoch", epoch(batches=large_batches), 1, "smaller batch was left out"),
    ("train_one_epoch", epoch(batches=large_batches), 1, "loss of the last, smaller batch is missing"),
    ("train_one_epoch", loss_after_the_epoch, 2, "computed after the epoch"),
    ("train_one_epoch", loss_before_the_epoch, 2, "computed before the epoch"),
    ("precompute_features", frozen_features, 2, "Computing features froze the backbone"),
    ("feature_drift", frozen_drift, 2, "The measurement froze the backbone"),
    ("unfreeze_top", unfreeze_and_train, 1, "put layers into training mode"),
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
    ("precompute_features", collect(change=F.normalize), 1, "every row has the length 1"),
    ("precompute_features", collect(change=lambda rows: rows * 2), 1, "not those of the model's backbone"),
    ("precompute_features", collect(change=torch.squeeze), 2, "raised an exception"),
    ("precompute_features", gradients_off, 2, "Gradients stay switched off"),
    ("precompute_features", kept_on_the_model, 2, "features of an earlier call"),
    ("precompute_features", in_the_datasets_order, 2, "not in the loader's order"),
    ("freeze_backbone", freeze_where(lambda name, _: "head" not in name), 0, "Only a part of the backbone"),
    (
        "freeze_backbone",
        freeze_where(lambda name, module: name.startswith("backbone") and is_known_kind(module)),
        0,
        "Only a part of the backbone is frozen",
    ),
    ("freeze_backbone", freeze_children, 0, "it reaches every parameter"),
    ("freeze_backbone", freeze_and_thaw_the_head, 1, "The head was not left as it is"),
    ("make_optimizer", groups_with(backbone_lr=lambda lr: lr / 10), 1, "the same learning rate"),
    ("make_optimizer", groups_with(backbone_lr=lambda lr: 1e-3), 1, "The backbone and the head do not learn"),
    ("make_optimizer", groups_with(frozen=True), 1, "a group whose learning rate is zero"),
    ("make_optimizer", all_of_the_head, 1, "Frozen parameters were left in the optimiser"),
    ("make_optimizer", head_and_backbone, 1, "instead of naming its parts"),
    ("set_train_mode", eval_of_the_children, 2, "but the backbone itself is not"),
    (
        "train_one_epoch",
        epoch_of(clear=never, clear_after=lambda model, optimizer: optimizer.zero_grad()),
        2,
        "The first step used an old gradient",
    ),
    (
        "train_one_epoch",
        epoch_of(before=lambda model, _: model.zero_grad(), clear=never),
        2,
        "`zero_grad` was forgotten",
    ),
    ("train_one_epoch", epoch_of(number=lambda loss: loss), 2, "returns a tensor, not an ordinary float"),
    ("train_one_epoch", epoch_of(number=torch.detach), 2, "returns a tensor, not an ordinary float"),
    ("train_one_epoch", epoch_of(divide=lambda _, loader: len(loader.dataset)), 2, "size of the dataset"),
    ("train_one_epoch", epoch_of(before=lambda _, loader: list(loader)), 2, "gone through twice"),
    ("train_one_epoch", epoch_of(clear=lambda model, _: model.head.zero_grad()), 2, "not those of the head"),
    (
        "train_one_epoch",
        epoch_of(features=lambda model, images: model.backbone(images).detach()),
        2,
        "does not train the unfrozen backbone",
    ),
    (
        "train_one_epoch",
        epoch_of(before=lambda model, _: model.backbone.requires_grad_(False)),
        2,
        "does not train the unfrozen backbone",
    ),
    ("feature_drift", drift(result=lambda a, b: (b - a).norm() / a.norm()), 2, "not an ordinary float"),
    ("unfreeze_top", unfreeze_among(is_known_kind), 1, "Not every module with parameters of its own"),
    (
        "unfreeze_top",
        unfreeze_among(lambda module: is_leaf(module) and list(module.parameters())),
        1,
        "Not every module with parameters of its own",
    ),
    (
        "unfreeze_top",
        unfreeze_among(lambda module: getattr(module, "weight", None) is not None),
        1,
        "Not every module with parameters of its own",
    ),
    ("unfreeze_top", unfreeze_and_thaw_the_head, 1, "The head was not left as it was"),
    ("precompute_features", two_passes, 2, "ONE pass"),
    ("precompute_features", sorted_by_label, 2, "are shuffled"),
    ("precompute_features", reversed_rows, 2, "are shuffled"),
    ("precompute_features", own_loader, 2, "are shuffled"),
    ("precompute_features", only_features, 0, "does not return a pair"),
    ("precompute_features", last_batch, 1, "are those of one batch only"),
    ("precompute_features", lambda model, loader: None, 0, "returns nothing"),
    ("feature_drift", drift(start=True), 1, "features before the pass were computed in training mode"),
    ("feature_drift", drift(passes=lambda loader: [*loader, *loader]), 2, "Two passes were made"),
    ("feature_drift", drift(passes=lambda loader: list(loader)[:1]), 2, "ended after the first batch"),
    ("feature_drift", drift(looks=lambda loader: list(loader)[:1]), 2, "Some batches are missing"),
    ("feature_drift", drift(looks=lambda loader: list(loader)[:-1]), 2, "Some batches are missing"),
    ("feature_drift", drift(looks=lambda loader: list(loader)[-1:]), 2, "Some batches are missing"),
    (
        "feature_drift",
        drift(result=lambda a, b: ((b - a).norm() / b.norm()).item()),
        2,
        "divided by the features after the pass",
    ),
    (
        "feature_drift",
        drift(result=lambda a, b: ((b - a).square().sum() / a.square().sum()).item()),
        2,
        "The drift is squared",
    ),
    (
        "feature_drift",
        drift(result=lambda a, b: ((b - a).abs().mean() / a.abs().mean()).item()),
        2,
        "summed up in another way",
    ),
    ("feature_drift", drift(result=lambda a, b: 7.0), 0, "not the relative change"),
    ("feature_drift", drift(result=lambda a, b: None), 0, "returns nothing"),
    ("feature_drift", drift(result=lambda a, b: b - a), 0, "does not return a number"),
    ("feature_drift", drift(part=lambda model: model.backbone), 2, "The measurement left its trace"),
    ("feature_drift", drift_by_steps, 2, "changed the model's parameters"),
    ("feature_drift", lambda model, loader, training: 0.0, 0, "Nothing was measured"),
    ("feature_drift", lambda model, loader, training: float(training), 1, "Nothing was measured"),
    ("unfreeze_top", unfreeze(lambda found, layers: []), 0, "Nothing in the backbone was unfrozen"),
    ("unfreeze_top", unfreeze_as_attribute, 0, "Nothing in the backbone was unfrozen"),
    ("unfreeze_top", unfreeze_a_copy, 1, "Nothing in the backbone was unfrozen"),
    (
        "unfreeze_top",
        unfreeze(lambda found, layers: found[-layers or -1 :][:1]),
        0,
        "Only one layer was unfrozen",
    ),
    ("unfreeze_top", unfreeze(lambda found, layers: found[-layers - 1 :]), 0, "One layer too many"),
    (
        "unfreeze_top",
        unfreeze(lambda found, layers: found[len(found) - layers + 1 :]),
        0,
        "One layer too few",
    ),
    (
        "unfreeze_top",
        unfreeze(lambda found, layers: [*filter(is_convolution, found)][-layers:]),
        0,
        "Only convolutions were counted",
    ),
    ("unfreeze_top", unfreeze(lambda found, layers: found[-2 * layers :]), 0, "Blocks were counted"),
    ("unfreeze_top", unfreeze(lambda found, layers: found[3:]), 0, "A part of the top is still frozen"),
    ("unfreeze_top", unfreeze(lambda found, layers: found[2:]), 0, "Layers below the unfrozen top learn"),
    ("unfreeze_top", unfreeze_and_draw_anew, 0, "not to where training leads them"),
    ("unfreeze_top", lambda model, layers: None, 0, "returns nothing"),
]


@pytest.mark.parametrize("full", [False, True], ids=["as the student checks it", "as it is graded"])
@pytest.mark.parametrize(("task", "function", "points", "words"), MORE, ids=[f"{m[0]}-{m[3]}" for m in MORE])
def test_further_mistakes(right, task, function, points, words, full):
    right[task] = function
    found = FREEZING.verdicts(right, [task], full=full)
    said = [f"{message['what']} {message.get('tries')}" for message in faults(found)]
    assert any(words in text for text in said), said
    assert found[task].points == points, said


def freeze_in_evaluation_mode(model):
    model.eval().backbone.requires_grad_(False)
    return model


def detach_each_batch(model, loader):
    model.eval()
    pairs = [(model.backbone(images).detach(), labels) for images, labels in loader]
    return torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])


def join_outside_inference_mode(model, loader):
    """What `torch.cat` makes outside `inference_mode` is an ordinary tensor: a head can be trained on it."""
    model.eval()
    with torch.inference_mode():
        pairs = [(model.backbone(images), labels) for images, labels in loader]
    return torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])


def unfreeze_in_task_4s_mode(model, layers):
    model = unfreeze(lambda found, layers: found[len(found) - layers :])(model, layers)
    model.head.train()
    model.backbone.eval()
    return model


ALSO_RIGHT = [
    ("freeze_backbone", freeze_in_evaluation_mode),
    ("precompute_features", detach_each_batch),
    ("precompute_features", join_outside_inference_mode),
    ("unfreeze_top", unfreeze_in_task_4s_mode),
]


@pytest.mark.parametrize("full", [False, True], ids=["as the student checks it", "as it is graded"])
@pytest.mark.parametrize(("task", "function"), ALSO_RIGHT, ids=[m[1].__name__ for m in ALSO_RIGHT])
def test_further_right_answers(right, task, function, full):
    right[task] = function
    assert faults(FREEZING.verdicts(right, [task], full=full)) == []


def test_numbers_of_numpy_are_accepted(right):
    right["train_one_epoch"] = epoch(result=lambda losses, sizes: numpy.average(losses, weights=sizes))
    right["feature_drift"] = drift(
        result=lambda a, b: numpy.linalg.norm((b - a).numpy()) / numpy.linalg.norm(a.numpy())
    )
    assert faults(FREEZING.verdicts(right, ["train_one_epoch", "feature_drift"])) == []


def test_gradients_switched_off_in_the_notebook_break_no_check(right):
    """Judge and student share a process there: the judge's own training needs gradients all the same."""
    tasks = [task for task in FREEZING.tasks if task != "train_one_epoch"]  # that one needs them itself
    for task in tasks:
        with torch.no_grad():
            assert faults(FREEZING.verdicts(right, [task], full=False)) == []


def test_gradients_are_on_again_for_the_other_tasks(right):
    right["precompute_features"] = gradients_off
    found = FREEZING.verdicts(right)
    assert found["precompute_features"].points == 2
    assert len(faults(found)) == 1


def test_a_mode_that_freezes_is_marked_once(right):
    """Every epoch begins with ``set_train_mode``: what that freezes, the epoch does not train."""
    names = FREEZING.functions("s049")
    found = FREEZING.verdicts(names, ["set_train_mode", "train_one_epoch"])
    assert (found["set_train_mode"].points, found["train_one_epoch"].points) == (2, 3)


def test_a_mistake_in_the_mode_is_marked_once(right):
    """An epoch that relies on a wrong ``set_train_mode`` loses nothing for it."""
    names = FREEZING.functions("s006")
    found = FREEZING.verdicts(names, ["set_train_mode", "train_one_epoch"])
    assert (found["set_train_mode"].points, found["train_one_epoch"].points) == (1, 3)


OPTIMISERS = {
    "SGD": {},
    "SGD with momentum": {"momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
    **{name: {} for name in ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta")},
    **{name: {} for name in ("RMSprop", "ASGD", "Rprop", "Adafactor")},
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_first_step_follows_the_learning_rate_and_the_gradient(right, name):
    def make_optimizer(model, lr):
        return getattr(torch.optim, name.split()[0])(learning(model), lr=lr, **OPTIMISERS[name])

    right["make_optimizer"] = make_optimizer
    for seed in SEEDS:
        player = FREEZING.player(right, seed)
        case = judge.make_case(seed, "margin")
        generator = measure.draw(seed, "gradients")
        gradients = {}
        for part in case.backbone_parameters + case.head_names:
            noise = torch.randn(case.state[part].shape, generator=generator)
            gradients[part] = noise + noise.sign() * 0.2
        sizes = []
        for lr in (0.05, 0.15):
            model = player.rig("make_model", case.spec, case.state, trainable=case.head_names)
            optimizer = player.call("make_optimizer", model, lr)
            after = player.rig("step_with_gradients", model, optimizer, gradients)
            steps = [(after[part] - case.state[part]).flatten() for part in case.head_names]
            sizes.append(torch.cat(steps).norm())
        assert abs(sizes[1] / sizes[0] - 3) < 0.001
        slopes = torch.cat([gradients[part].flatten() for part in case.head_names])
        downhill = torch.nn.functional.cosine_similarity(torch.cat(steps), -slopes, dim=0)
        assert downhill > 0.7
    found = FREEZING.verdicts(right, ["make_optimizer"])
    assert faults(found) == []
