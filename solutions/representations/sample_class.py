"""The sample class of ``representations``: right answers in several styles, and each mistake that is known.

Each variant says what its student must get for each task, and why. ``tests/course`` compares that with the
graded class. A cell with two functions keeps the right version of the one that the mistake is not about.
"""

from autograder.sample_class import Variant, one_mistake

FULL = {
    "probe_accuracy": 3,
    "selectivity": 3,
    "cka": 2,
    "weat_effect": 3,
    "permutation_p": 3,
    "error_gaps": 3,
    "recover_protected": 3,
}

CONTROL = """
def control_labels(words, classes, seed):
    rng = np.random.default_rng(seed)
    label_of = {}
    for word in words:
        if word not in label_of:
            label_of[word] = int(rng.integers(classes))
    return np.array([label_of[word] for word in words])
"""
SELECTIVITY = """
def selectivity(probe, train_features, test_features, task, control):
    first = probe(train_features, task[0], test_features, task[1])
    return first - probe(train_features, control[0], test_features, control[1])
"""
ASSOCIATION = """
def association(vectors, a, b):
    def cosine(w, v):
        return w @ v / (np.linalg.norm(w) * np.linalg.norm(v))
    return np.array(
        [np.mean([cosine(w, v) for v in a]) - np.mean([cosine(w, v) for v in b]) for w in vectors]
    )
"""
EFFECT = """
def weat_effect(scores_x, scores_y):
    scores = [*scores_x, *scores_y]
    return (np.mean(scores_x) - np.mean(scores_y)) / np.std(scores, ddof=1)
"""
SELECTION = """
def selection_gap(predictions, groups):
    rates = []
    for group in set(groups.tolist()):
        mine = groups == group
        rates.append(predictions[mine].sum() / mine.sum())
    return max(rates) - min(rates)
"""
ERRORS = """
def error_gaps(labels, predictions, groups):
    false_positive, false_negative = [], []
    for group in np.unique(groups):
        mine = groups == group
        negative, positive = mine & (labels == 0), mine & (labels == 1)
        false_positive.append((predictions[negative] == 1).mean())
        false_negative.append((predictions[positive] == 0).mean())
    return {
        "false_positive": max(false_positive) - min(false_positive),
        "false_negative": max(false_negative) - min(false_negative),
    }
"""
WITHOUT = """
def without(features, names, protected):
    keep = [i for i, name in enumerate(names) if name != protected]
    return features[:, keep], [names[i] for i in keep]
"""
RECOVER = """
def recover_protected(train_features, train_groups, test_features, test_groups):
    scaler = StandardScaler().fit(train_features)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(train_features), train_groups)
    return roc_auc_score(test_groups, model.predict_proba(scaler.transform(test_features))[:, 1])
"""
PERMUTATION = """
def permutation_p(scores_x, scores_y, rounds, seed):
    pooled = np.concatenate([scores_x, scores_y])
    m = len(scores_x)
    observed = scores_x.mean() - scores_y.mean()
    if math.comb(2 * m, m) <= rounds:
        hits = total = 0
        for chosen in itertools.combinations(range(2 * m), m):
            mask = np.zeros(2 * m, dtype=bool)
            mask[list(chosen)] = True
            total += 1
            hits += pooled[mask].mean() - pooled[~mask].mean() >= observed - 1e-9
        return hits / total
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(rounds):
        mixed = rng.permutation(pooled)
        hits += mixed[:m].mean() - mixed[m:].mean() >= observed - 1e-9
    return (1 + hits) / (1 + rounds)
"""


wrong = one_mistake(FULL)


def but(source: str, *changes: str) -> str:
    """The source with pieces replaced: old, new, old, new ..."""
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in source, old
        source = source.replace(old, new)
    return source


PROBE = """
def probe_accuracy(train_features, train_labels, test_features, test_labels):
    scaler = StandardScaler().fit(train_features)
    model = LogisticRegression(max_iter=1000).fit(scaler.transform(train_features), train_labels)
    return float(model.score(scaler.transform(test_features), test_labels))
"""
CKA = """
def cka(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return np.linalg.norm(b.T @ a) ** 2 / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)
"""

RIGHT = [
    Variant(
        id="s001",
        title="right",
        expected=FULL,
        reason="This is the reference solution.",
    ),
    Variant(
        id="s002",
        title="right, in plain loops",
        cells={
            "probe_accuracy-solution": PROBE,
            "selectivity-solution": CONTROL + SELECTIVITY,
            "cka-solution": CKA,
            "weat_effect-solution": ASSOCIATION + EFFECT,
            "permutation_p-solution": PERMUTATION,
            "error_gaps-solution": SELECTION + ERRORS,
            "recover_protected-solution": WITHOUT + RECOVER,
        },
        expected=FULL,
        reason="Every task does what is asked, one step at a time.",
    ),
    Variant(
        id="s003",
        title="right, with the scaling by hand and inner products between rows",
        cells={
            "probe_accuracy-solution": """
def probe_accuracy(train_features, train_labels, test_features, test_labels):
    mean, deviation = train_features.mean(axis=0), train_features.std(axis=0)
    deviation[deviation == 0] = 1
    train, test = ((rows - mean) / deviation for rows in (train_features, test_features))
    model = LogisticRegression(max_iter=1000, solver="newton-cg").fit(train, train_labels)
    return np.mean(model.predict(test) == test_labels)
""",
            "selectivity-solution": """
def control_labels(words, classes, seed):
    types, index = np.unique(words, return_inverse=True)
    return np.random.RandomState(seed).randint(0, classes, size=len(types))[index]

def selectivity(probe, train_features, test_features, task, control):
    def accuracy(labels):
        return probe(train_features, labels[0], test_features, labels[1])
    return accuracy(task) - accuracy(control)
""",
            "cka-solution": """
def cka(a, b):
    n = len(a)
    center = np.eye(n) - np.ones((n, n)) / n
    k, l = center @ a @ a.T @ center, center @ b @ b.T @ center
    return (k * l).sum() / np.sqrt((k * k).sum() * (l * l).sum())
""",
            "weat_effect-solution": """
from sklearn.metrics.pairwise import cosine_similarity

def association(vectors, a, b):
    return cosine_similarity(vectors, a).mean(axis=1) - cosine_similarity(vectors, b).mean(axis=1)

def weat_effect(scores_x, scores_y):
    import statistics
    difference = statistics.fmean(scores_x) - statistics.fmean(scores_y)
    return difference / statistics.stdev([*scores_x.tolist(), *scores_y.tolist()])
""",
            "permutation_p-solution": """
def permutation_p(scores_x, scores_y, rounds, seed):
    pooled, m = np.concatenate([scores_x, scores_y]), len(scores_x)
    if math.comb(2 * m, m) <= rounds:
        sums = np.array([sum(chosen) for chosen in itertools.combinations(pooled.tolist(), m)])
        return float(np.mean(sums >= scores_x.sum() - 1e-9))
    rng = np.random.default_rng(seed)
    mixed = rng.permuted(np.tile(pooled, (rounds, 1)), axis=1)
    hits = (mixed[:, :m].sum(axis=1) >= scores_x.sum() - 1e-9).sum()
    return float((1 + hits) / (1 + rounds))
""",
            "recover_protected-solution": """
def without(features, names, protected):
    column = list(names).index(protected)
    kept = np.ones(len(names), dtype=bool)
    kept[column] = False
    return features[:, kept], [name for name in names if name != protected]

def recover_protected(train_features, train_groups, test_features, test_groups):
    mean, deviation = train_features.mean(axis=0), train_features.std(axis=0)
    model = LogisticRegression(max_iter=1000).fit((train_features - mean) / deviation, train_groups)
    scores = (test_features - mean) / deviation @ model.coef_[0]
    ones, zeros = scores[test_groups == 1], scores[test_groups == 0]
    return float((ones[:, None] > zeros[None, :]).mean())
""",
        },
        expected=FULL,
        reason="Other formulas for the same numbers; sums of X order the partitions as differences of means do.",
    ),
    Variant(
        id="s004",
        title="right, with torch, random, lists and a class",
        cells={
            "selectivity-solution": """
import random

def control_labels(words, classes, seed):
    dice = random.Random(seed)
    label_of = {word: dice.randrange(classes) for word in sorted(set(words))}
    return [label_of[word] for word in words]
"""
            + SELECTIVITY,
            "cka-solution": """
import torch

class Centred:
    def __init__(self, rows):
        self.rows = torch.as_tensor(rows) - torch.as_tensor(rows).mean(dim=0)

    def shared_with(self, other):
        return torch.linalg.matrix_norm(other.rows.T @ self.rows)

def cka(a, b):
    a, b = Centred(a), Centred(b)
    return (a.shared_with(b) ** 2 / (a.shared_with(a) * b.shared_with(b))).item()
""",
            "weat_effect-solution": """
import torch
from torch.nn import functional as F

def association(vectors, a, b):
    vectors, a, b = (F.normalize(torch.as_tensor(rows), dim=1) for rows in (vectors, a, b))
    return (vectors @ a.T).mean(dim=1) - (vectors @ b.T).mean(dim=1)

def weat_effect(scores_x, scores_y):
    x, y = torch.as_tensor(scores_x), torch.as_tensor(scores_y)
    return (x.mean() - y.mean()) / torch.cat([x, y]).std()
""",
            "permutation_p-solution": """
import random

def permutation_p(scores_x, scores_y, rounds, seed):
    pooled, m = [*scores_x.tolist(), *scores_y.tolist()], len(scores_x)
    target = math.fsum(pooled[:m]) - 1e-9
    if math.comb(2 * m, m) <= rounds:
        found = [math.fsum(chosen) >= target for chosen in itertools.combinations(pooled, m)]
    else:
        dice = random.Random(seed)
        found = [True] + [math.fsum(dice.sample(pooled, m)) >= target for _ in range(rounds)]
    return sum(found) / len(found)
""",
            "error_gaps-solution": """
def gap(hits, groups):
    shares = {}
    for hit, group in zip(hits, groups):
        shares.setdefault(int(group), []).append(bool(hit))
    means = [sum(share) / len(share) for share in shares.values()]
    return max(means) - min(means)

def selection_gap(predictions, groups):
    return gap(predictions == 1, groups)

def error_gaps(labels, predictions, groups):
    return {
        name: gap(predictions[labels == label] != label, groups[labels == label])
        for label, name in enumerate(["false_positive", "false_negative"])
    }
""",
        },
        expected=FULL,
        reason="Unusual means, the numbers that were asked for.",
    ),
    Variant(
        id="s005",
        title="right, with confusion matrices and pandas-like tables of rates",
        cells={
            "error_gaps-solution": """
from sklearn.metrics import confusion_matrix

def selection_gap(predictions, groups):
    names, index = np.unique(groups, return_inverse=True)
    rates = np.bincount(index, weights=predictions) / np.bincount(index)
    return float(np.ptp(rates))

def error_gaps(labels, predictions, groups):
    rates = []
    for group in np.unique(groups):
        (tn, fp), (fn, tp) = confusion_matrix(labels[groups == group], predictions[groups == group])
        rates.append((fp / (fp + tn), fn / (fn + tp)))
    first, second = np.ptp(np.array(rates), axis=0)
    return {"false_positive": first, "false_negative": second}
""",
            "recover_protected-solution": """
def without(features, names, protected):
    names = list(names)
    column = names.index(protected)
    names.pop(column)
    return np.hstack([features[:, :column], features[:, column + 1 :]]), tuple(names)
"""
            + RECOVER,
        },
        expected=FULL,
        reason="The rates come from confusion matrices.",
    ),
]

WRONG = [
    wrong(
        "s006",
        "probe fitted on the test rows too",
        "probe_accuracy",
        0,
        """
def probe_accuracy(train_features, train_labels, test_features, test_labels):
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(
        np.concatenate([train_features, test_features]), np.concatenate([train_labels, test_labels])
    )
    return probe.score(test_features, test_labels)
""",
        "The probe has seen the answers that it is scored on.",
        "The probe was fitted on the test rows too",
    ),
    wrong(
        "s007",
        "scaler fitted on all rows",
        "probe_accuracy",
        2,
        but(
            PROBE,
            ".fit(train_features)",
            ".fit(np.concatenate([train_features, test_features]))",
        ),
        "The test rows take part in the means and deviations; where both parts are alike it does not show.",
        "The scaler was fitted on all rows",
    ),
    wrong(
        "s008",
        "features not standardised",
        "probe_accuracy",
        2,
        """
def probe_accuracy(train_features, train_labels, test_features, test_labels):
    probe = LogisticRegression(max_iter=10000).fit(train_features, train_labels)
    return probe.score(test_features, test_labels)
""",
        "The penalty keeps columns of small numbers from counting; columns of one size are judged right.",
        "The features were not standardised",
    ),
    wrong(
        "s009",
        "deviation of zero divided by",
        "probe_accuracy",
        2,
        """
def probe_accuracy(train_features, train_labels, test_features, test_labels):
    mean, deviation = train_features.mean(axis=0), train_features.std(axis=0)
    with np.errstate(all="ignore"):
        train, test = (train_features - mean) / deviation, (test_features - mean) / deviation
    return LogisticRegression(max_iter=1000).fit(train, train_labels).score(test, test_labels)
""",
        "A constant column becomes NaN, and scikit-learn refuses it.",
        "raised an exception",
    ),
    wrong(
        "s010",
        "test part standardised with its own numbers",
        "probe_accuracy",
        2,
        but(
            PROBE,
            "scaler.transform(test_features)",
            "StandardScaler().fit_transform(test_features)",
        ),
        "What is far from the training rows is moved to where they were.",
        "with their own means and deviations",
    ),
    wrong(
        "s011",
        "control label for each token",
        "selectivity",
        2,
        """
def control_labels(words, classes, seed):
    return np.random.default_rng(seed).integers(0, classes, size=len(words))
"""
        + SELECTIVITY,
        "Nobody can learn a label that changes with each occurrence; the rest is right.",
        "for each occurrence (token), not once for each word (type)",
    ),
    wrong(
        "s012",
        "selectivity with its sign swapped",
        "selectivity",
        2,
        CONTROL
        + """
def selectivity(probe, train_features, test_features, task, control):
    on_task = probe(train_features, task[0], test_features, task[1])
    on_control = probe(train_features, control[0], test_features, control[1])
    return on_control - on_task
""",
        "Control minus task; the labels are right.",
        "The sign of the selectivity is swapped",
    ),
    wrong(
        "s013",
        "seed forgotten",
        "selectivity",
        2,
        but(CONTROL, "default_rng(seed)", "default_rng(0)") + SELECTIVITY,
        "Each control task is the same one.",
        "The seed is not used",
    ),
    wrong(
        "s014",
        "labels in turn, not at random",
        "selectivity",
        2,
        """
def control_labels(words, classes, seed):
    types = sorted(set(words))
    return np.array([(types.index(word) + seed) % classes for word in words])
"""
        + SELECTIVITY,
        "The labels follow the alphabet.",
        "follow the order of the words instead of chance",
    ),
    wrong(
        "s015",
        "CKA without centring",
        "cka",
        1,
        """
def cka(a, b):
    return np.linalg.norm(b.T @ a) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
""",
        "Columns with mean zero are judged right, others not.",
        "The representations were not centred",
    ),
    wrong(
        "s016",
        "CKA without normalisation",
        "cka",
        0,
        """
def cka(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return np.linalg.norm(b.T @ a) ** 2
""",
        "The number grows with the size of the numbers.",
        "The result is not normalised",
    ),
    wrong(
        "s017",
        "dot product instead of cosine",
        "weat_effect",
        2,
        """
def association(vectors, a, b):
    return (vectors @ a.T).mean(axis=1) - (vectors @ b.T).mean(axis=1)
"""
        + EFFECT,
        "Right for vectors of length one only.",
        "The dot product was used instead of cosine similarity",
    ),
    wrong(
        "s018",
        "Euclidean distance instead of cosine",
        "weat_effect",
        1,
        """
def association(vectors, a, b):
    def distance(rows):
        return np.linalg.norm(vectors[:, None] - rows[None], axis=2).mean(axis=1)
    return distance(a) - distance(b)
"""
        + EFFECT,
        "Far is not near: another number, and the opposite sign.",
        "The Euclidean distance was used",
    ),
    wrong(
        "s019",
        "standard deviation of X alone",
        "weat_effect",
        2,
        ASSOCIATION
        + """
def weat_effect(scores_x, scores_y):
    return (scores_x.mean() - scores_y.mean()) / scores_x.std(ddof=1)
""",
        "The spread must be that of all words.",
        "is that of X alone, not of X and Y together",
    ),
    wrong(
        "s020",
        "effect with its sign swapped",
        "weat_effect",
        2,
        ASSOCIATION
        + but(
            EFFECT,
            "np.mean(scores_x) - np.mean(scores_y)",
            "np.mean(scores_y) - np.mean(scores_x)",
        ),
        "Y minus X.",
        "The sign of the effect is swapped",
    ),
    wrong(
        "s021",
        "numpy's standard deviation as it is",
        "weat_effect",
        2,
        ASSOCIATION + but(EFFECT, ", ddof=1", ""),
        "numpy divides by n, the text asks for n - 1.",
        "divides by n instead of n - 1",
    ),
    wrong(
        "s022",
        "observed partition not counted",
        "permutation_p",
        2,
        but(PERMUTATION, "(1 + hits) / (1 + rounds)", "hits / rounds"),
        "p can be 0 where partitions are drawn; the other two tests are passed.",
        "The observed partition is not counted",
    ),
    wrong(
        "s023",
        "two-sided",
        "permutation_p",
        0,
        but(
            PERMUTATION,
            "hits += pooled[mask].mean() - pooled[~mask].mean() >= observed - 1e-9",
            "hits += abs(pooled[mask].mean() - pooled[~mask].mean()) >= abs(observed) - 1e-9",
            "hits += mixed[:m].mean() - mixed[m:].mean() >= observed - 1e-9",
            "hits += abs(mixed[:m].mean() - mixed[m:].mean()) >= abs(observed) - 1e-9",
        ),
        "Effects in the other direction are counted.",
        "two-sided",
    ),
    wrong(
        "s024",
        "strictly larger only",
        "permutation_p",
        0,
        but(PERMUTATION, ">= observed - 1e-9", "> observed + 1e-9"),
        "Ties, the observed partition among them, are left out.",
        "> instead of >=",
    ),
    wrong(
        "s025",
        "drawn with replacement",
        "permutation_p",
        2,
        but(PERMUTATION, "rng.permutation(pooled)", "rng.choice(pooled, 2 * m)"),
        "That is a bootstrap: a word may be on both sides or on none. Only the comparison with all partitions shows it.",
        "not partitions into two sets of equal size",
    ),
    wrong(
        "s026",
        "gap as a ratio",
        "error_gaps",
        2,
        but(SELECTION, "max(rates) - min(rates)", "min(rates) / max(rates)") + ERRORS,
        "A ratio is another measure; the error rates do not use it.",
        "The gap is a ratio of rates",
    ),
    wrong(
        "s027",
        "absolute value lost, and carried on",
        "error_gaps",
        2,
        """
def selection_gap(predictions, groups):
    names = np.unique(groups)
    return predictions[groups == names[0]].mean() - predictions[groups == names[-1]].mean()

def error_gaps(labels, predictions, groups):
    return {
        "false_positive": selection_gap(predictions[labels == 0], groups[labels == 0]),
        "false_negative": selection_gap(1 - predictions[labels == 1], groups[labels == 1]),
    }
""",
        "The sign depends on the group's name. The mistake is carried on into the error gaps and marked once.",
        "The absolute value of the gap was lost",
    ),
    wrong(
        "s028",
        "errors divided by everyone",
        "error_gaps",
        1,
        SELECTION
        + but(
            ERRORS,
            "(predictions[negative] == 1).mean()",
            "(predictions[negative] == 1).sum() / mine.sum()",
            "(predictions[positive] == 0).mean()",
            "(predictions[positive] == 0).sum() / mine.sum()",
        ),
        "A rate among the negatives is asked for, not among all.",
        "divided by everyone instead of by the group's",
    ),
    wrong(
        "s029",
        "false positives and false negatives swapped",
        "error_gaps",
        1,
        SELECTION
        + but(
            ERRORS,
            "labels == 0",
            "labels == 2",
            "labels == 1",
            "labels == 0",
            "== 2",
            "== 1",
        )
        .replace("predictions[negative] == 1", "predictions[negative] == X")
        .replace("predictions[positive] == 0", "predictions[positive] == 1")
        .replace("X", "0"),
        "Each name has the number of the other one.",
        "False positives and false negatives are swapped",
    ),
    wrong(
        "s030",
        "last column removed, wherever the attribute is",
        "recover_protected",
        2,
        """
def without(features, names, protected):
    return features[:, :-1], names[:-1]
"""
        + RECOVER,
        "The attribute is found by its place, and the place has changed.",
        "The wrong column was removed",
    ),
    wrong(
        "s031",
        "attribute only renamed",
        "recover_protected",
        2,
        """
def without(features, names, protected):
    return features, [name if name != protected else "removed" for name in names]
"""
        + RECOVER,
        "The column is still there.",
        "The protected column is still among the features",
    ),
    wrong(
        "s032",
        "every column whose name holds the attribute's",
        "recover_protected",
        2,
        but(WITHOUT, "name != protected", "protected not in name") + RECOVER,
        "The share of a minority in an area is another column.",
        "More than the protected column was removed",
    ),
    wrong(
        "s033",
        "area of hard predictions",
        "recover_protected",
        1,
        WITHOUT
        + but(
            RECOVER,
            "model.predict_proba(scaler.transform(test_features))[:, 1]",
            "model.predict(scaler.transform(test_features))",
        ),
        "The order of the scores is lost.",
        "from predictions of 0 and 1 instead of from scores",
    ),
    wrong(
        "s034",
        "nothing held out",
        "recover_protected",
        1,
        WITHOUT
        + but(
            RECOVER,
            "roc_auc_score(test_groups, model.predict_proba(scaler.transform(test_features))[:, 1])",
            "roc_auc_score(train_groups, model.predict_proba(scaler.transform(train_features))[:, 1])",
        ),
        "The classifier is scored on the rows that it has learnt.",
        "The area is that of the training rows",
    ),
    wrong(
        "s038",
        "classes dealt out in equal numbers",
        "selectivity",
        2,
        """
def control_labels(words, classes, seed):
    types = sorted(set(words))
    order = np.random.default_rng(seed).permutation(len(types))
    label_of = {word: int(place) % classes for word, place in zip(types, order)}
    return np.array([label_of[word] for word in words])
"""
        + SELECTIVITY,
        "The types are shuffled, but the classes come out equal: what one type has depends on the others.",
        "dealt out in equal numbers",
    ),
    wrong(
        "s039",
        "negative selectivity cut off at 0",
        "selectivity",
        2,
        CONTROL
        + but(
            SELECTIVITY,
            "return first - probe(train_features, control[0], test_features, control[1])",
            "return max(0.0, first - probe(train_features, control[0], test_features, control[1]))",
        ),
        "The text says that it may be negative.",
        "A negative selectivity was cut off at 0",
    ),
    wrong(
        "s040",
        "absolute value of the selectivity",
        "selectivity",
        2,
        CONTROL
        + but(
            SELECTIVITY,
            "return first - probe(train_features, control[0], test_features, control[1])",
            "return abs(first - probe(train_features, control[0], test_features, control[1]))",
        ),
        "A probe that does worse on the task than on the control looks selective.",
        "The sign of a negative selectivity was lost",
    ),
    wrong(
        "s041",
        "equal to the last digit",
        "permutation_p",
        2,
        but(PERMUTATION, ">= observed - 1e-9", ">= observed"),
        "Partitions with the same difference are lost where sums differ in the last digit.",
        "The 1e-9 is missing",
    ),
    wrong(
        "s042",
        "first and last group only, and carried on",
        "error_gaps",
        2,
        """
def selection_gap(predictions, groups):
    names = np.unique(groups)
    return abs(predictions[groups == names[0]].mean() - predictions[groups == names[-1]].mean())

def error_gaps(labels, predictions, groups):
    return {
        "false_positive": selection_gap(predictions[labels == 0], groups[labels == 0]),
        "false_negative": selection_gap(1 - predictions[labels == 1], groups[labels == 1]),
    }
""",
        "With three groups the largest or smallest rate may be in the middle. The mistake is marked once.",
        "Only the first and the last group were compared",
    ),
    wrong(
        "s043",
        "groups taken to be 0 and 1",
        "error_gaps",
        2,
        """
def selection_gap(predictions, groups):
    rates = [predictions[groups == group].mean() for group in (0, 1)]
    return max(rates) - min(rates)
"""
        + ERRORS,
        "Other groups are left out; the error rates ask for all of them.",
        "Only two groups (0 and 1",
    ),
    wrong(
        "s044",
        "neighbouring groups only",
        "error_gaps",
        2,
        """
def selection_gap(predictions, groups):
    rates = [predictions[groups == group].mean() for group in np.unique(groups)]
    return max(abs(one - two) for one, two in itertools.pairwise(rates))
"""
        + ERRORS,
        "The largest and the smallest rate need not be neighbours.",
        "Only neighbouring groups were compared",
    ),
    wrong(
        "s045",
        "area below a half turned round",
        "recover_protected",
        2,
        WITHOUT
        + """
def recover_protected(train_features, train_groups, test_features, test_groups):
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    area = roc_auc_score(test_groups, probe.fit(train_features, train_groups).decision_function(test_features))
    return max(area, 1 - area)
""",
        "Guessing would look better than it is.",
        "An area below 0.5 was turned round",
    ),
    wrong(
        "s046",
        "list of names changed",
        "recover_protected",
        2,
        """
def without(features, names, protected):
    column = names.index(protected)
    names.remove(protected)
    return np.delete(features, column, axis=1), names
"""
        + RECOVER,
        "What is returned is right, but the caller's list has lost a name.",
        "The list of names that was passed in was changed",
    ),
]

OTHER = [
    Variant(
        id="s035",
        title="partly done",
        base="blank",
        cells={
            "probe_accuracy-solution": PROBE,
            "cka-solution": CKA,
            "reflection_generality": "General means that a linear probe finds many answers, for English texts.",
        },
        expected={"probe_accuracy": 3, "cka": 2},
        reason="Two tasks are right, five are not begun, and one written answer awaits its reader.",
        named="is not written yet",
    ),
    Variant(
        id="s036",
        title="untouched",
        base="blank",
        expected={},
        reason="Nothing was written.",
        named="is not written yet",
    ),
    Variant(
        id="s037",
        title="a cell that crashes",
        cells={
            "cka-solution": """
def cka(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return np.linalg.frobenius(b.T @ a) ** 2 / np.linalg.norm(a.T @ a) / np.linalg.norm(b.T @ b)

print(cka(np.eye(3), np.ones((3, 2))))
"""
        },
        expected={**FULL, "cka": 0},
        reason="A name that does not exist raises in the cell and in the function; the other tasks are right.",
        named="raised an exception",
    ),
]

VARIANTS = [*RIGHT, *WRONG, *OTHER]
