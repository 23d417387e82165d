"""Further answers to `representations`: the judge beside scikit-learn, more right answers, more mistakes."""

import hashlib
import itertools
import math

import numpy as np
import pytest
from graded_here import COURSE, Assignment, faults
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autograder.expect import Mistake
from autograder.suites.representations import judge, reading

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


def labels_by(spell=lambda word: word, types=lambda words: sorted(set(words))):
    """Labels of words that are changed first, or whose types come in another order."""

    def control_labels(words, classes, seed):
        words = [spell(word) for word in words]
        rng = np.random.default_rng(seed)
        label_of = {word: rng.integers(classes) for word in types(words)}
        return np.array([label_of[word] for word in words])

    return control_labels


def by_hash(words, classes, seed):
    return np.array([hash((word, seed)) % classes for word in words])


def counted_by_place(predictions, groups):
    counts = np.bincount(groups)
    rates = np.bincount(groups, weights=predictions)[counts > 0] / counts[counts > 0]
    return rates.max() - rates.min()


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
    if math.comb(2 * len(x), len(x)) <= rounds:
        return float(np.mean(judge.Partitions.of(x, y).sums >= x.sum() - 1e-9))
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 1], (rounds, len(x)))
    return (1 + (signs @ (x - y) >= (x - y).sum() - 1e-9).sum()) / (1 + rounds)


def first_word_kept(x, y, rounds, seed):
    if math.comb(2 * len(x), len(x)) <= rounds:
        return judge.Partitions.of(x, y).half()
    return always_drawn(x, y, rounds, seed)


def one_round_too_few(x, y, rounds, seed):
    if math.comb(2 * len(x), len(x)) <= rounds:
        return float(np.mean(judge.Partitions.of(x, y).sums >= x.sum() - 1e-9))
    return always_drawn(x, y, rounds - 1, seed) * rounds / (rounds + 1)


def one_seed(x, y, rounds, seed):
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


# Right answers that no student of the class gave: the task, and the functions.


def by_gradient(train_features, train_labels, test_features, test_labels):
    """The probe with another solver, on labels that were turned into words."""
    scaler = StandardScaler().fit(train_features)
    model = LogisticRegression(
        max_iter=1000, solver="newton-cholesky" if max(train_labels) < 2 else "newton-cg"
    )
    model.fit(scaler.transform(train_features), [f"class {label}" for label in train_labels])
    given = model.predict(scaler.transform(test_features))
    return sum(one == f"class {two}" for one, two in zip(given, test_labels, strict=True)) / len(given)


def by_digest(words, classes, seed):
    """No generator at all: a digest of seed and word is as good as dice."""
    digests = [hashlib.sha256(f"{seed} {word}".encode()).digest() for word in words]
    return np.array([int.from_bytes(digest[:8], "big") % classes for digest in digests], dtype=np.int32)


def control_first(probe, train_features, test_features, task, control):
    """The two probes in the other order, with arguments by position."""
    found = [probe(train_features, pair[0], test_features, pair[1]) for pair in (control, task)]
    return np.float32(np.diff(found))


def by_singular_values(a, b):
    """CKA from the singular value decompositions of both."""
    (u, s, _), (v, t, _) = (np.linalg.svd(columns(rows), full_matrices=False) for rows in (a, b))
    shared = ((s[:, None] * (u.T @ v) * t[None]) ** 2).sum()
    return shared / ((s**4).sum() * (t**4).sum()) ** 0.5


def by_einsum(vectors, a, b):
    means = [np.einsum("nd,kd->nk", unit(vectors), unit(rows)).mean(1) for rows in (a, b)]
    return [float(one - two) for one, two in zip(*means, strict=True)]


def by_z_scores(scores_x, scores_y):
    everyone = stats.zscore(np.concatenate([scores_x, scores_y]), ddof=1)
    return everyone[: len(scores_x)].mean() - everyone[len(scores_x) :].mean()


def by_scipy(scores_x, scores_y, rounds, seed):
    """scipy's test; its own p counts the observed partition as the text does."""
    found = stats.permutation_test(
        (scores_x, scores_y),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        permutation_type="independent",
        alternative="greater",
        vectorized=True,
        n_resamples=rounds,
        rng=np.random.default_rng(seed),
    )
    return found.pvalue


def by_masks(labels, predictions, groups):
    """Both gaps from one table of counts, and one entry more than was asked for."""
    names, index = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), 2, 2))
    np.add.at(counts, (index, labels, predictions), 1)
    rates = counts / counts.sum(axis=2, keepdims=True)
    gaps = np.ptp(np.stack([rates[:, 0, 1], rates[:, 1, 0]]), axis=1)
    return {"false_negative": gaps[1], "false_positive": gaps[0], "groups": len(names)}


def by_ranks(train_features, train_groups, test_features, test_groups):
    """The area from the statistic of Mann and Whitney."""
    scaler = StandardScaler().fit(train_features)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(train_features), train_groups)
    scores = model.predict_log_proba(scaler.transform(test_features))[:, 1]
    ones, zeros = scores[test_groups == 1], scores[test_groups == 0]
    return stats.mannwhitneyu(ones, zeros).statistic / (len(ones) * len(zeros))


def by_names(features, names, protected):
    """Column by column."""
    kept = [(name, column) for name, column in zip(names, features.T, strict=True) if name != protected]
    return np.stack([column for _, column in kept], axis=1), [name for name, _ in kept]


MORE_RIGHT = [
    ("probe_accuracy", {"probe_accuracy": by_gradient}),
    ("selectivity", {"control_labels": by_digest, "selectivity": control_first}),
    ("cka", {"cka": by_singular_values}),
    ("weat_effect", {"association": by_einsum, "weat_effect": by_z_scores}),
    ("permutation_p", {"permutation_p": by_scipy}),
    ("error_gaps", {"error_gaps": by_masks}),
    ("recover_protected", {"without": by_names, "recover_protected": by_ranks}),
]


@pytest.mark.parametrize(("task", "functions"), MORE_RIGHT, ids=[case[0] for case in MORE_RIGHT])
@pytest.mark.parametrize("seed", range(1000, 1005))
def test_further_right_answers(right, task, functions, seed):
    assert faults(SUITE.verdicts({**right, **functions}, [task], seed=seed)) == []


# Mistakes.


def probe_of(scale="train", fitted="train", result=lambda share: share):
    """The probe with another part scaled by, or fitted on."""

    def probe_accuracy(train_features, train_labels, test_features, test_labels):
        both = np.concatenate([train_features, test_features])
        scaler = StandardScaler().fit({"train": train_features, "all": both}[scale])
        rows, labels = {
            "train": (train_features, train_labels),
            "test": (test_features, test_labels),
            "all": (both, np.concatenate([train_labels, test_labels])),
        }[fitted]
        model = LogisticRegression(max_iter=1000).fit(scaler.transform(rows), labels)
        return result(model.score(scaler.transform(test_features), test_labels))

    return probe_accuracy


def made_of(formula):
    """A selectivity that makes something else of the two accuracies."""

    def selectivity(probe, train_features, test_features, task, control):
        pairs = (task, control)
        return formula(*(probe(train_features, pair[0], test_features, pair[1]) for pair in pairs))

    return selectivity


def one_side_centred(a, b):
    return cka_of(lambda rows: rows)(columns(a), b)


def by_sizes(a, b):
    a, b = columns(a), columns(b)
    return np.linalg.norm(b.T @ a) ** 2 / (np.linalg.norm(a) * np.linalg.norm(b)) ** 2


def recalls(train_features, train_labels, test_features, test_labels):
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    given = probe.fit(train_features, train_labels).predict(test_features)
    return balanced_accuracy_score(test_labels, given)


def scaled_apart(train_features, train_groups, test_features, test_groups):
    train, test = (StandardScaler().fit_transform(rows) for rows in (train_features, test_features))
    model = LogisticRegression(max_iter=1000).fit(train, train_groups)
    return roc_auc_score(test_groups, model.decision_function(test))


def half_unit(vectors, a, b):
    return (unit(vectors) @ a.T).mean(axis=1) - (unit(vectors) @ b.T).mean(axis=1)


def only_a(vectors, a, b):
    return (unit(vectors) @ unit(a).T).mean(axis=1)


def effect_of(divide=lambda both: both.std(ddof=1), reduce=np.mean):
    def weat_effect(x, y):
        return (reduce(x) - reduce(y)) / divide(np.concatenate([x, y]))

    return weat_effect


def t_statistic(x, y):
    return stats.ttest_ind(x, y, equal_var=False).statistic


def permutation_of(hit=lambda sums, own: sums >= own - 1e-9, share=None, drawn=None):
    """The test with another comparison, another share of all, or another share of the drawn ones."""
    share = share or (lambda hits, count: hits / count)
    drawn = drawn or (lambda hits, rounds: (1 + hits) / (1 + rounds))

    def permutation_p(x, y, rounds, seed):
        pooled, m = np.concatenate([x, y]), len(x)
        if math.comb(2 * m, m) <= rounds:
            sums = np.array([sum(chosen) for chosen in itertools.combinations(pooled.tolist(), m)])
            return float(share(hit(sums, x.sum()).sum(), len(sums)))
        rng = np.random.default_rng(seed)
        sums = rng.permuted(np.tile(pooled, (rounds, 1)), axis=1)[:, :m].sum(axis=1)
        return float(drawn(hit(sums, x.sum()).sum(), rounds))

    return permutation_p


def errors_of(false_positive, false_negative):
    """The two gaps, each from a function of the masks (label is 1, predicted 1) to the rate of one group."""

    def error_gaps(labels, predictions, groups):
        def gap(rate):
            parts = [groups == group for group in np.unique(groups)]
            rates = [rate(labels[part] == 1, predictions[part] == 1) for part in parts]
            return max(rates) - min(rates)

        return {"false_positive": gap(false_positive), "false_negative": gap(false_negative)}

    return error_gaps


def of_predicted():
    return errors_of(lambda y, p: (~y & p).sum() / p.sum(), lambda y, p: (y & ~p).sum() / (~p).sum())


def the_larger(labels, predictions, groups):
    gaps = by_masks(labels, predictions, groups)
    return dict.fromkeys(gaps, max(gaps["false_positive"], gaps["false_negative"]))


def of_any_kind():
    return errors_of(lambda y, p: (y != p).mean(), lambda y, p: (y != p).mean())


def recover(measure=None, by="train", fitted="train", turned=False):
    """The area, with another part scaled by or fitted on, or another number of the scores."""

    def recover_protected(train_features, train_groups, test_features, test_groups):
        both = np.concatenate([train_features, test_features])
        scaler = StandardScaler().fit(both if by == "all" else train_features)
        if by == "none":
            scaler = StandardScaler(with_mean=False, with_std=False).fit(train_features)
        rows = both if fitted == "all" else train_features
        groups = np.concatenate([train_groups, test_groups]) if fitted == "all" else train_groups
        model = LogisticRegression(max_iter=10_000).fit(scaler.transform(rows), groups)
        if measure is not None:
            return measure(model, scaler.transform(test_features), test_groups)
        return roc_auc_score(test_groups, model.predict_proba(scaler.transform(test_features))[:, 1 - turned])

    return recover_protected


MORE = [
    ("probe_accuracy", "probe_accuracy", probe_of(fitted="test"), 0, "fitted on the test rows"),
    (
        "probe_accuracy",
        "probe_accuracy",
        probe_of(scale="all", fitted="all"),
        0,
        "fitted on the test rows too",
    ),
    ("probe_accuracy", "probe_accuracy", probe_of(result=lambda share: 100 * share), 0, "in per cent"),
    (
        "probe_accuracy",
        "probe_accuracy",
        probe_of(result=lambda share: 1 - share),
        0,
        "share of wrong answers",
    ),
    ("selectivity", "selectivity", made_of(lambda own, other: own), 2, "accuracy on the task alone"),
    ("selectivity", "selectivity", made_of(lambda own, other: other), 2, "on the control task alone"),
    ("selectivity", "selectivity", made_of(lambda own, other: own / other), 2, "a ratio, not a difference"),
    ("selectivity", "selectivity", made_of(lambda own, other: None), 2, "returns nothing"),
    ("cka", "cka", one_side_centred, 1, "Only one of the two"),
    ("cka", "cka", by_sizes, 0, "by the norms of A and B"),
    ("cka", "cka", cka_of(columns, lambda s, a, b: (s**2 / (a * b)) ** 2), 0, "the square of CKA"),
    (
        "cka",
        "cka",
        cka_of(columns, lambda s, a, b: s**2 / (a * b) ** 2),
        0,
        "in the denominator were squared",
    ),
    ("cka", "cka", cka_of(columns, lambda s, a, b: 1 - s**2 / (a * b)), 0, "one minus CKA"),
    ("weat_effect", "association", half_unit, 2, "attribute vectors were not divided"),
    ("weat_effect", "association", only_a, 1, "with B was not subtracted"),
    ("weat_effect", "association", lambda v, a, b: np.abs(cosines(np.mean)(v, a, b)), 1, "sign"),
    ("weat_effect", "weat_effect", effect_of(lambda both: both.var(ddof=1)), 2, "divided by the variance"),
    ("weat_effect", "weat_effect", effect_of(lambda both: 1.0), 2, "was not divided by"),
    ("weat_effect", "weat_effect", effect_of(reduce=np.sum), 2, "added up instead of averaged"),
    ("weat_effect", "weat_effect", t_statistic, 2, "t statistic"),
    (
        "permutation_p",
        "permutation_p",
        permutation_of(share=lambda h, n: (h + 1) / (n + 1)),
        2,
        "counted twice",
    ),
    ("permutation_p", "permutation_p", permutation_of(share=lambda h, n: (h - 1) / n), 2, "not counted"),
    ("permutation_p", "permutation_p", permutation_of(lambda s, own: s <= own + 1e-9), 0, "the other side"),
    ("permutation_p", "permutation_p", permutation_of(drawn=lambda h, n: (1 + h) / n), 2, "rounds + 1"),
    ("permutation_p", "permutation_p", constant(0.03), 0, "not the share of all partitions"),
    ("error_gaps", "error_gaps", of_predicted(), 1, "by those with that prediction"),
    ("error_gaps", "error_gaps", of_any_kind(), 1, "that of all errors"),
    ("recover_protected", "recover_protected", recover(turned=True), 1, "turned round"),
    ("recover_protected", "recover_protected", recover(fitted="all"), 1, "fitted on the test rows too"),
    ("recover_protected", "recover_protected", recover(by="all"), 2, "scaler was fitted on all rows"),
    ("recover_protected", "recover_protected", recover(by="none"), 2, "were not standardised"),
    ("recover_protected", "recover_protected", recover(lambda m, x, y: m.score(x, y)), 1, "is an accuracy"),
    ("probe_accuracy", "probe_accuracy", constant(None), 0, "returns nothing"),
    ("probe_accuracy", "probe_accuracy", constant("0.5"), 0, "does not return a number"),
    ("probe_accuracy", "probe_accuracy", constant(float("nan")), 0, "not finite"),
    ("probe_accuracy", "probe_accuracy", scored_on_train, 0, "that of the training rows"),
    ("selectivity", "control_labels", one_a_type, 1, "one label for each word type"),
    ("selectivity", "control_labels", from_one, 1, "outside 0 ... classes - 1"),
    ("selectivity", "control_labels", mostly_zero, 2, "not about equally frequent"),
    ("selectivity", "control_labels", unseeded, 2, "The same seed gives other control labels"),
    ("selectivity", "control_labels", constant(None), 1, "returns nothing"),
    ("selectivity", "control_labels", labels_by(types=set), 2, "the order of a `set`"),
    ("selectivity", "control_labels", by_hash, 2, "on `hash`"),
    ("selectivity", "control_labels", labels_by(str.lower), 2, "differ in a capital letter"),
    ("selectivity", "control_labels", labels_by(str.strip), 2, "differ in a blank"),
    ("selectivity", "control_labels", labels_by(lambda w: w.strip(".")), 2, "differ in a full stop"),
    ("selectivity", "selectivity", one_probe, 2, "a probe that learnt the real task"),
    ("cka", "cka", cka_of(lambda rows: rows - rows.mean(axis=1, keepdims=True)), 0, "The rows were centred"),
    ("cka", "cka", cka_of(lambda rows: rows - rows.mean()), 1, "One overall mean"),
    ("cka", "cka", cka_of(columns, lambda s, a, b: s / (a * b)), 0, "was not squared"),
    ("cka", "cka", cka_of(columns, lambda s, a, b: s / (a * b) ** 0.5), 0, "square root of CKA"),
    ("weat_effect", "association", to_the_centre, 1, "the mean vector of the attribute words"),
    ("weat_effect", "association", cosines(np.sum), 1, "added up instead of averaged"),
    ("weat_effect", "association", lambda v, a, b: -cosines(np.mean)(v, a, b), 1, "sign of the association"),
    ("weat_effect", "weat_effect", cohen, 2, "Cohen's d"),
    ("weat_effect", "weat_effect", lambda x, y: abs(by_z_scores(x, y)), 2, "The sign of a negative effect"),
    ("permutation_p", "permutation_p", first_word_kept, 2, "keep the first word"),
    ("permutation_p", "permutation_p", one_round_too_few, 2, "too few was drawn"),
    ("probe_accuracy", "probe_accuracy", recalls, 0, "not that of the probe which the text describes"),
    ("error_gaps", "error_gaps", the_larger, 1, "the larger one of the two gaps"),
    ("recover_protected", "recover_protected", scaled_apart, 2, "with their own means"),
    ("permutation_p", "permutation_p", always_drawn, 2, "drawn at random although all"),
    ("permutation_p", "permutation_p", pairs_swapped, 2, "swapped within pairs"),
    ("permutation_p", "permutation_p", one_seed, 2, "The seed is not used"),
    ("error_gaps", "selection_gap", shares_of_everyone, 2, "divided by everyone"),
    ("error_gaps", "selection_gap", counted_by_place, 2, "raised an exception"),
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


def test_two_constants_are_not_a_mistake_carried_on(right):
    names = {
        **right,
        "selection_gap": constant(0.3),
        "error_gaps": constant({"false_positive": 0.3, "false_negative": 0.3}),
    }
    for full in (False, True):
        assert SUITE.verdicts(names, ["error_gaps"], full=full)["error_gaps"].points == 0


def test_what_teachers_read_is_not_in_what_students_get():
    text = COURSE.released("representations").read_text(encoding="utf-8")
    assert "in your own words" in text or "Your teacher reads it" in text
    for words in (
        "Rubric",
        "Sample answers",
        "*0 points.*",
        "1 point.*",
        "2 points.*",
        "3 points.*",
        "half points are",
    ):
        assert words not in text
        assert words in COURSE.source_text("representations").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("cases", "name"),
    [
        ([(0.5, 0.9, "a")], "a"),
        ([(0.5, 0.9, "ab")], "otherwise"),  # fits both
        ([(0.5, 0.9, "ab"), (0.8, 0.8, "b")], "b"),  # a would have led elsewhere in the second case
        ([(0.5, 0.9, "a"), (0.8, 0.8, "")], "a"),  # the second case knows neither
        ([(0.5, 0.9, "b"), (0.6, 0.8, "a")], "otherwise"),  # neither fits both cases
        ([(0.5, 0.9, ""), (0.8, 0.8, "")], "otherwise"),
    ],
)
def test_a_mistake_is_named_by_all_cases_together(cases, name):
    """Each case: what came, what is right, and which of the mistakes a and b lead to what came."""

    def known(came, fitting):
        return [(came if letter in fitting else 0.1, letter, "") for letter in ("ab" if fitting else "")]

    judged = [(came, right, known(came, fitting)) for came, right, fitting in cases]
    words = {"otherwise": ("otherwise", ""), "expected": "", "why": "", "page": ""}
    player = SUITE.player({})
    with pytest.raises(Mistake) as raised:
        reading.compare_all(player, judged, **words)
    assert raised.value.what == name


def test_a_case_that_is_a_mistake_itself_counts_after_right_numbers_only():
    def cases(first):
        yield first, 0.9, []
        raise Mistake("not finite", expected="", came="", why="", tries="", page="")

    words = {"otherwise": ("otherwise", ""), "expected": "", "why": "", "page": ""}
    for first, name in ((0.9, "not finite"), (0.5, "otherwise")):
        with pytest.raises(Mistake) as raised:
            reading.compare_all(SUITE.player({}), cases(first), **words)
        assert raised.value.what == name
