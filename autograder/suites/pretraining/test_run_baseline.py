"""Run the baseline again: features, answers, and what the confusion matrix tells."""

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.reading import measured
from autograder.suites.pretraining import judge
from autograder.suites.pretraining.judge import GOOD, HUGE, TINY
from autograder.suites.pretraining.pages import BASELINE, EXERCISE, HELD_OUT

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "run_baseline"
# Settings of `TfidfVectorizer` that one may have met elsewhere.
CHANGED = (
    {"stop_words": "english"},
    {"lowercase": False},
    {"sublinear_tf": True},
    {"token_pattern": r"(?u)\b\w+\b"},
    {"ngram_range": (1, 2)},
    {"min_df": 2},
    {"norm": None},
    {"use_idf": False},
)


def run(student, train, test, gamma):
    """``(accuracy, confusion, one_class)``, none of them looked at, and the rule that was given."""
    rule = student.rig("make_rule", gamma)
    came = student.call(FUNCTION, train.texts, train.labels, test.texts, test.labels, rule)
    if isinstance(came, list) and len(came) == 3:
        return came, rule
    raise Mistake(
        f"`{FUNCTION}` returns nothing (None)"
        if came is None
        else f"`{FUNCTION}` does not return three things",
        expected="(accuracy, confusion, one_class)",
        came=describe(came),
        why="The accuracy alone does not show how a classifier fails.",
        tries="Return the accuracy, the confusion matrix and whether there is one class, in this order.",
        page=EXERCISE,
    )


def dense(texts, settings):
    return TfidfVectorizer(**settings).fit_transform(texts).toarray()


def confusion_of(value):
    """The confusion matrix as int64 ``(2, 2)``."""
    if isinstance(value, torch.Tensor) and value.dtype is not torch.bfloat16:
        value = value.numpy()
    if isinstance(value, list):
        rows = [row if isinstance(row, list) else [] for row in value]
        whole = all(type(entry) is int and abs(entry) < 2**31 for row in rows for entry in row)
        value = np.array(rows) if whole and [len(row) for row in rows] == [2, 2] else value
    if isinstance(value, np.ndarray) and value.shape == (2, 2) and value.dtype.kind in "iu":
        return value.astype(np.int64)
    what = "The confusion matrix does not have the form that was asked for"
    tries = "`confusion_matrix(test_labels, answers, labels=[0, 1])`."
    if isinstance(value, np.ndarray) and value.shape == (1, 1):
        what = "The confusion matrix leaves out a class that no test text has and no answer is"
    elif isinstance(value, np.ndarray) and value.shape == (2, 2) and value.dtype.kind == "f":
        what = "The confusion matrix holds shares, not counts"
        tries = "Leave `normalize` out: counts say how many texts there were."
    raise Mistake(
        what,
        expected="counts: an array of ints of shape (2, 2)",
        came=describe(value),
        why="Row = true class, column = answer, always both classes: only then one can compare two of them.",
        tries=tries,
        page=EXERCISE,
    )


@pytest.mark.points(1)
def test_features_for_the_rule(student):
    """the rule for gamma is given the TF-IDF features of the training texts, and these alone"""
    for number in range(3 if student.full else 1):
        train, test = judge.make_posts(
            student.seed, f"baseline/features {number}", train=(5 + number, 4), test=(3, 3)
        )
        _, rule = run(student, train, test, GOOD)
        right = judge.tfidf(train.texts, train.texts)
        came = student.rig("seen_by", rule)
        arrays = came if isinstance(came, list) else []
        arrays = [array for array in arrays if isinstance(array, np.ndarray) and array.dtype.kind == "f"]
        if any(judge.same(array, right) for array in arrays):
            continue
        both = train.texts + test.texts
        what, page = "The rule for gamma was not given the TF-IDF features of the training texts", BASELINE
        tries = "`features = TfidfVectorizer().fit_transform(train_texts)`, then `gamma_rule(features)`."
        if not arrays:
            what = "The rule for gamma was never called"
        elif any(
            judge.same(array, judge.tfidf(both, texts)) for texts in (both, train.texts) for array in arrays
        ):
            what = "The vectorizer was fitted on the test texts, too"
            page, tries = HELD_OUT, "Fit it on the training texts; the test texts are only transformed."
        elif any(judge.same(array, judge.tfidf(train.texts, test.texts)) for array in arrays):
            what = "The rule for gamma was given the features of the test texts"
            page = HELD_OUT
        elif any(judge.same(array, judge.tfidf(test.texts, test.texts)) for array in arrays):
            what, page = "The vectorizer was fitted on the test texts", HELD_OUT
        for setting in CHANGED:
            if judge.same(arrays[0] if arrays else [], dense(train.texts, setting)):
                [(name, value)] = setting.items()
                what = f"A setting of `TfidfVectorizer` was changed, as with `{name}={value!r}`"
                tries = "`TfidfVectorizer()`, all its settings as they come."
        raise Mistake(
            what,
            expected=f"features of shape {right.shape}: a row for each training text, a column for each of "
            "their "
            "words",
            came=f"features of shape {arrays[0].shape}" if arrays else "no features",
            why="Which words there are, and how rare they are, is learnt, too. What is learnt from test "
            "texts "
            "makes the test easier than real use will be.",
            tries=tries,
            page=page,
        )


@pytest.mark.points(1)
def test_accuracy_and_confusion(student):
    """accuracy and confusion matrix are those of the answers, for a good gamma and for a useless one"""
    cases = [(GOOD, (8, 6), (6, 4), 2), (TINY, (4, 9), (5, 3), 1)]
    if student.full:
        cases += [(GOOD, (6, 8), (7, 5), 3), (TINY, (9, 5), (3, 6), 1), (TINY, (3, 8), (0, 5), 0)]
    for number, (gamma, sizes, tests, mislabelled) in enumerate(cases):
        train, test = judge.make_posts(
            student.seed, f"baseline/answers {number}", train=sizes, test=tests, mislabelled=mislabelled
        )
        (accuracy, confusion, _), _ = run(student, train, test, gamma)
        answers = test.meant if gamma == GOOD else np.full_like(test.meant, np.argmax(sizes))
        right = judge.confusion(test.labels, answers)
        confusion = confusion_of(confusion)
        share = float(np.trace(right)) / len(test.texts)
        if not np.array_equal(confusion, right):
            what, tries = (
                "The confusion matrix is not that of the answers",
                "Row = true class, column = answer.",
            )
            if np.array_equal(confusion, right.T):
                what = "The confusion matrix is transposed: its rows are the answers"
                tries = "`confusion_matrix` takes the true labels first, then the answers."
            elif confusion.sum() == len(train.texts):
                what = "The confusion matrix is that of the training texts"
                tries = "Let the classifier answer for the test texts, which it has not seen."
            elif gamma == TINY and np.array_equal(confusion, judge.confusion(test.labels, test.meant)):
                what = "The gamma of the rule was not used: the classifier has another one"
                tries = "`SVC(gamma=gamma_rule(features))`."
                (_, other, _), _ = run(student, train, test, HUGE)
                if np.array_equal(confusion_of(other), right):  # so the gamma is used
                    what = (
                        "Another setting of `SVC` was changed than gamma, `C` or `class_weight` for example"
                    )
                    tries = "`SVC(gamma=gamma_rule(features))` and nothing else."
            raise Mistake(
                what,
                expected=measured(student, str(right.tolist()), "counts: row = true class, column = answer"),
                came=measured(student, str(confusion.tolist()), "other counts"),
                why="Whoever reads it the wrong way round takes a classifier that always says 'space' for "
                "one "
                "that is asked about space only.",
                tries=tries,
                page=BASELINE,
            )
        if isinstance(accuracy, bool) or not isinstance(accuracy, int | float):
            raise Mistake(
                "The accuracy is not a number",
                expected="a float from 0 to 1",
                came=describe(accuracy),
                why="It is compared with other accuracies.",
                tries="`float((answers == test_labels).mean())`.",
                page=EXERCISE,
            )
        if not measure.near(float(accuracy), share):
            what = "The accuracy is not the share of right answers"
            if measure.near(float(accuracy), share * 100):
                what = "The accuracy is in percent"
            elif measure.near(float(accuracy), 1 - share):
                what = "The accuracy is the share of wrong answers"
            raise Mistake(
                what,
                expected=measured(
                    student, f"{share:.4f}", "the sum of the confusion matrix's diagonal, divided by all"
                ),
                came=measured(student, f"{accuracy:.4f}", "another number"),
                why="Two numbers of one experiment that contradict each other: one of them is believed.",
                tries="`(answers == test_labels).mean()`, over the test texts.",
                page=BASELINE,
            )


@pytest.mark.points(1)
def test_one_class(student):
    """`one_class` says whether every test text got the same answer"""
    # With a useless gamma and right labels of one class: every answer is right, and still it is one answer.
    # With a good gamma and labels of one class: the answers are of two.
    cases = [(TINY, (4, 8), (5, 4), 0), (GOOD, (6, 7), (4, 5), 0), (GOOD, (6, 6), (3, 3), 3)]
    # With the third good one the accuracy is the share of a class, and the answers are of two.
    cases += [(TINY, (8, 4), (4, 6), 4), (GOOD, (6, 7), (4, 5), 2)]
    if student.full:
        cases += [(GOOD, (5, 6), (4, 0), 0), (TINY, (3, 7), (0, 4), 0)]
    found = []
    for number, (gamma, sizes, tests, mislabelled) in enumerate(cases):
        train, test = judge.make_posts(
            student.seed, f"baseline/one {number}", train=sizes, test=tests, mislabelled=mislabelled
        )
        (_, _, came), _ = run(student, train, test, gamma)
        if isinstance(came, torch.Tensor | np.ndarray) and came.size in (1, torch.Size([])):
            came = came.item()
        if not isinstance(came, bool):
            raise Mistake(
                "`one_class` is not True or False",
                expected="a bool",
                came=describe(came),
                why="It is the alarm bell of a baseline. It rings or it does not.",
                tries="`len(set(answers)) == 1`.",
                page=EXERCISE,
            )
        answers = [int(np.argmax(sizes))] if gamma == TINY else sorted(set(test.meant.tolist()))
        found.append((came, answers, test))
    for came, answers, test in found:
        right = len(answers) == 1
        if came == right:
            continue
        what = "`one_class` does not ring although every test text got the same answer"
        if any(all(said == (others == [only]) for said, others, _ in found) for only in (0, 1)):
            what = "`one_class` looks at one class only: it does not ring when every answer is the other one"
        if came:
            what = "`one_class` rings although there are two different answers"
            if len(set(test.labels)) == 1:
                what = "`one_class` looks at the labels, not at the answers"
            elif (test.meant == test.labels).sum() in np.bincount(test.labels):
                what = "`one_class` looks at the accuracy, not at the answers: it is the share of a class"
        raise Mistake(
            what,
            expected=f"{right}: the answers are of {'one class' if right else 'two classes'}",
            came=str(came),
            why="A classifier that always says the same has learnt nothing, however good its accuracy looks.",
            tries="Look at the answers alone: how many different ones are there? In the confusion matrix: is "
            "either column zero?",
            page=BASELINE,
        )
