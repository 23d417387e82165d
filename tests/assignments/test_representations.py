"""Further answers to `representations`: the judge beside scikit-learn, and mistakes beyond the class."""

import numpy as np
import pytest
from graded_here import Assignment, faults
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from autograder.suites.representations import judge

SUITE = Assignment("representations")


@pytest.fixture
def right():
    return SUITE.reference()


@pytest.mark.parametrize("classes", [2, 3])
def test_newton_finds_the_weights_of_scikit_learn(classes):
    dice = judge.Dice(judge.draw(5, f"newton {classes}"))
    rows, labels = dice.normal(60, 4), dice.integers(classes, 60)
    model = LogisticRegression(tol=1e-9, max_iter=10_000).fit(rows, labels)
    scores = judge.fit(rows, labels)(rows)
    logits = scores - scores[:, :1]
    theirs = model.decision_function(rows)
    if classes == 2:
        assert np.allclose(logits[:, 1], theirs, atol=1e-4)
    else:
        assert np.allclose(logits, theirs - theirs[:, :1], atol=1e-4)


def test_area_is_that_of_scikit_learn():
    dice = judge.Dice(judge.draw(5, "area"))
    scores, groups = np.round(dice.normal(50, 2), 1), dice.integers(2, 50)
    assert judge.area(scores, groups) == pytest.approx(roc_auc_score(groups, scores[:, 1] - scores[:, 0]))


def test_a_case_that_cannot_be_drawn_is_a_fault_of_the_suite():
    with pytest.raises(RuntimeError, match="no case"):
        judge.search(1, "never", lambda dice: None)


def constant(value):
    return lambda *args, **kwargs: value


def scored_on_train(train_features, train_labels, test_features, test_labels):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(
        train_features, train_labels
    )
    return probe.score(train_features, train_labels)


def one_a_type(words, classes, seed):
    return np.random.default_rng(seed).integers(classes, size=len(set(words)))


def from_one(words, classes, seed):
    rng = np.random.default_rng(seed)
    label_of = {word: rng.integers(1, classes + 1) for word in sorted(set(words))}
    return np.array([label_of[word] for word in words])


def mostly_zero(words, classes, seed):
    rng = np.random.default_rng(seed)
    label_of = {word: rng.integers(classes) * rng.integers(2) for word in sorted(set(words))}
    return np.array([label_of[word] for word in words])


def unseeded(words, classes, seed):
    rng = np.random.default_rng()
    label_of = {word: rng.integers(classes) for word in sorted(set(words))}
    return np.array([label_of[word] for word in words])


def one_probe(probe, train_features, test_features, task, control):
    on_task = probe(train_features, task[0], test_features, task[1])
    return on_task - probe(train_features, task[0], test_features, control[1])


def cka_of(change, formula=lambda shared, one, two: shared**2 / (one * two)):
    def cka(a, b):
        a, b = change(a), change(b)
        return formula(*(np.linalg.norm(pair) for pair in (b.T @ a, a.T @ a, b.T @ b)))

    return cka


def columns(rows):
    return rows - rows.mean(axis=0)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def to_the_centre(vectors, a, b):
    return unit(vectors) @ unit(a.mean(axis=0)[None])[0] - unit(vectors) @ unit(b.mean(axis=0)[None])[0]


def cosines(reduce):
    def association(vectors, a, b):
        return reduce(unit(vectors) @ unit(a).T, axis=1) - reduce(unit(vectors) @ unit(b).T, axis=1)

    return association


def cohen(x, y):
    inside = ((len(x) - 1) * x.var(ddof=1) + (len(y) - 1) * y.var(ddof=1)) / (len(x) + len(y) - 2)
    return (x.mean() - y.mean()) / inside**0.5


def always_drawn(x, y, rounds, seed):
    rng, pooled = np.random.default_rng(seed), np.concatenate([x, y])
    found = [rng.permutation(pooled)[: len(x)].sum() >= x.sum() - 1e-9 for _ in range(rounds)]
    return (1 + sum(found)) / (1 + rounds)


def pairs_swapped(x, y, rounds, seed):
    import math

    if math.comb(2 * len(x), len(x)) <= rounds:
        return float(np.mean(judge.Partitions.of(x, y).sums >= x.sum() - 1e-9))
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 1], (rounds, len(x)))
    return (1 + (signs @ (x - y) >= (x - y).sum() - 1e-9).sum()) / (1 + rounds)


def one_seed(x, y, rounds, seed):
    import math

    if math.comb(2 * len(x), len(x)) <= rounds:
        return float(np.mean(judge.Partitions.of(x, y).sums >= x.sum() - 1e-9))
    return always_drawn(x, y, rounds, 0)


def shares_of_everyone(predictions, groups):
    rates = [predictions[groups == group].sum() / len(groups) for group in np.unique(groups)]
    return max(rates) - min(rates)


def zeroed(features, names, protected):
    return np.where(np.array(names) == protected, 0.0, features), [n for n in names if n != protected]


def old_names(features, names, protected):
    return np.delete(features, names.index(protected), axis=1), names


MORE = [
    ("probe_accuracy", "probe_accuracy", constant(None), 0, "returns nothing"),
    ("probe_accuracy", "probe_accuracy", constant("0.5"), 0, "does not return a number"),
    ("probe_accuracy", "probe_accuracy", constant(float("nan")), 0, "not finite"),
    ("probe_accuracy", "probe_accuracy", scored_on_train, 0, "that of the training rows"),
    ("selectivity", "control_labels", one_a_type, 1, "one label for each word type"),
    ("selectivity", "control_labels", from_one, 1, "outside 0 ... classes - 1"),
    ("selectivity", "control_labels", mostly_zero, 2, "not about equally frequent"),
    ("selectivity", "control_labels", unseeded, 2, "The same seed gives other control labels"),
    ("selectivity", "control_labels", constant(None), 1, "returns nothing"),
    ("selectivity", "selectivity", one_probe, 2, "a probe that learnt the real task"),
    ("cka", "cka", cka_of(lambda rows: rows - rows.mean(axis=1, keepdims=True)), 0, "The rows were centred"),
    ("cka", "cka", cka_of(lambda rows: rows - rows.mean()), 1, "One overall mean"),
    ("cka", "cka", cka_of(columns, lambda s, a, b: s / (a * b)), 0, "was not squared"),
    ("cka", "cka", cka_of(columns, lambda s, a, b: s / (a * b) ** 0.5), 0, "square root of CKA"),
    ("weat_effect", "association", to_the_centre, 1, "the mean vector of the attribute words"),
    ("weat_effect", "association", cosines(np.sum), 1, "added up instead of averaged"),
    ("weat_effect", "association", lambda v, a, b: -cosines(np.mean)(v, a, b), 1, "sign of the association"),
    ("weat_effect", "weat_effect", cohen, 2, "Cohen's d"),
    ("permutation_p", "permutation_p", always_drawn, 2, "drawn at random although all"),
    ("permutation_p", "permutation_p", pairs_swapped, 2, "swapped within pairs"),
    ("permutation_p", "permutation_p", one_seed, 2, "The seed is not used"),
    ("error_gaps", "selection_gap", shares_of_everyone, 2, "divided by everyone"),
    ("error_gaps", "error_gaps", constant(None), 1, "returns nothing"),
    ("error_gaps", "error_gaps", constant((0.1, 0.2)), 1, "does not return a dictionary"),
    ("recover_protected", "without", zeroed, 2, "still among the features"),
    ("recover_protected", "without", old_names, 2, "names do not belong"),
    ("recover_protected", "without", constant(None), 2, "returns nothing"),
]


@pytest.mark.parametrize(
    ("task", "function", "answer", "points", "words"), MORE, ids=[f"{row[1]}-{row[4]}" for row in MORE]
)
def test_further_mistakes(right, task, function, answer, points, words):
    names = {**right, function: answer}
    found = SUITE.verdicts(names, [task])
    said = [f"{message['what']} {message.get('tries')}" for message in faults(found)]
    assert any(words in text for text in said), said
    assert found[task].points == points, said
