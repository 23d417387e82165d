"""No right answer fails by chance, and no wrong one passes: both are far from the tolerance."""

import pytest
import torch
from graded_here import COURSE, FOLDER, NAME, RIG, faults, namespace_of, notebook_of, verdicts

from autograder import suite
from autograder.player import DirectPlayer
from autograder.sample_class import load_variants
from autograder.suites.freezing import judge

SEEDS = range(1000, 1030)
VARIANTS = {variant.id: variant for variant in load_variants(COURSE, NAME)}
RIGHT = [name for name, variant in VARIANTS.items() if variant.title.startswith("right")]
# Wrong answers whose numbers are compared, with the task that they get wrong.
WRONG = {
    "s008": "freeze_backbone",
    "s009": "precompute_features",
    "s010": "train_one_epoch",
    "s011": "train_one_epoch",
    "s016": "freeze_backbone",
}
OPTIMISERS = {
    "SGD": {},
    "SGD with momentum": {"momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
    **{name: {} for name in ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta")},
    **{name: {} for name in ("RMSprop", "ASGD", "Rprop", "Adafactor")},
}


@pytest.fixture
def distances(monkeypatch):
    """Every distance that the suite compares with its tolerance."""
    seen, original = [], judge.distance

    def distance(left, right):
        seen.append(original(left, right))
        return seen[-1]

    monkeypatch.setattr(judge, "distance", distance)
    return seen


def assert_clear(distances):
    assert distances
    right = [value for value in distances if value <= judge.TOLERANCE]
    wrong = [value for value in distances if value > judge.TOLERANCE]
    assert max(right, default=0) < judge.TOLERANCE / 10
    assert min(wrong, default=1) > judge.TOLERANCE * 10


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_are_far_inside_the_tolerance(distances, name):
    names = namespace_of(notebook_of(VARIANTS[name]))
    for seed in SEEDS:
        assert faults(verdicts(names, seed=seed)) == [], seed
    assert_clear(distances)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers_are_far_outside(distances, name):
    names, task = namespace_of(notebook_of(VARIANTS[name])), WRONG[name]
    for seed in SEEDS:
        assert verdicts(names, [task], seed=seed)[task].points == VARIANTS[name].expected[task], seed
    assert_clear(distances)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_first_step_follows_the_learning_rate_and_the_gradient(right, name):
    def make_optimizer(model, lr):
        learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
        return getattr(torch.optim, name.split()[0])(learning, lr=lr, **OPTIMISERS[name])

    right["make_optimizer"] = make_optimizer
    for seed in SEEDS:
        player = DirectPlayer(right, RIG, seed=seed, full=True)
        case = judge.make_case(seed, "margin")
        generator = judge.draw(seed, "gradients")
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
    found = suite.run(FOLDER, ["make_optimizer"], DirectPlayer(right, RIG, full=True))
    assert faults(found) == []
