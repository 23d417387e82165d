"""A classifier on frozen features: scaling and logistic regression, both learnt from the training rows."""

import pytest
import torch

from autograder.expect import Mistake
from autograder.reading import returned_tensor
from autograder.suites.embeddings import judge
from autograder.suites.embeddings.pages import EXERCISE, HELD_OUT
from autograder.suites.embeddings.reading import different, features_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "classify"
WHAT = "probabilities: a row for each new text, a column for each class"


def probabilities_of(value, shape):
    """What came, as float64; hard answers are told apart from another form."""
    hard = isinstance(value, torch.Tensor) or type(value).__module__ == "numpy"
    if hard and tuple(value.shape) == shape[:1]:
        found = returned_tensor(value, FUNCTION, WHAT, EXERCISE)
        scores = bool(found.is_floating_point()) and bool((found.double() != found.double().round()).any())
        raise Mistake(
            "Scores or the probability of one class came, not a probability for each class"
            if scores
            else "Answers came, not probabilities",
            expected=f"{WHAT}, shape {shape}",
            came=f"one number for each new text, shape {tuple(found.shape)}",
            why="A probability says how sure the classifier is. An answer hides that.",
            tries="`predict_proba`, not `predict` or `decision_function`.",
            page=EXERCISE,
        )
    return features_of(value, FUNCTION, WHAT, shape)


def models(samples, strength):
    """Where known mistakes lead: probabilities, what it is, what to try. ``samples``: one call each."""

    def learnt(change):
        found = [
            judge.probabilities(change(one.train, one), one.labels, change(one.new, one), strength)
            for one in samples
        ]
        return torch.cat(found)

    own = "Fit the scaler on the training features. Transform both with that one scaler."
    yield learnt(lambda rows, one: rows), "The features were not scaled", "Put a `StandardScaler` before it."
    yield (
        learnt(lambda rows, one: judge.standardise(rows, torch.cat([one.train, one.new]))),
        "The scaler was fitted on the new texts, too",
        own,
    )
    yield (
        learnt(lambda rows, one: judge.standardise(rows, rows)),
        "The new features were scaled by their own mean and deviation, not by those of the training features",
        own,
    )
    yield (
        learnt(lambda rows, one: judge.standardise(rows, rows) if rows is one.train else rows),
        "The new features were not scaled",
        own,
    )
    yield (
        learnt(lambda rows, one: shrink(judge.standardise(rows, one.train), len(one.train))),
        "The deviation was divided by n - 1: `StandardScaler` divides by n",
        "Take a `StandardScaler`, or `rows.std(axis=0)` without `ddof=1`.",
    )
    right = learnt(lambda rows, one: judge.standardise(rows, one.train))
    yield right.flip(1), "The columns are in the wrong order", "Column k is the probability of class k."


def shrink(rows, count):
    """Rows divided by the deviation of a population, as if it had been that of a sample."""
    return rows * ((count - 1) / count) ** 0.5


def ask(student, samples, strength):
    """The probabilities of one call after the other, below each other."""
    found = []
    for one in samples:
        shape = (len(one.new), int(one.labels.max()) + 1)
        value = student.call(FUNCTION, one.train.numpy(), one.labels.numpy(), one.new.numpy(), strength)
        found.append(probabilities_of(value, shape))
    return torch.cat(found)


def check(student, samples, strength):
    came = ask(student, samples, strength)
    found = [
        judge.probabilities(
            judge.standardise(one.train, one.train),
            one.labels,
            judge.standardise(one.new, one.train),
            strength,
        )
        for one in samples
    ]
    right = torch.cat(found)
    if judge.same(came, right, "features"):
        return
    what, tries, page = (
        "The probabilities are not those of the classifier that was asked for",
        "`make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))`.",
        EXERCISE,
    )
    if torch.equal(came, came.round()):
        what, tries = "Answers came, not probabilities", "`predict_proba`, not `predict`."
    else:
        for wrong, name, mend in models(samples, strength):
            if judge.same(came, wrong, "features"):
                what, tries, page = name, mend, HELD_OUT
                break
        else:
            if judge.same(came, ask(student, samples, strength * 20), "features"):
                what = "`strength` was not used: another one gives the same probabilities"
                tries = "`LogisticRegression(C=strength, ...)`."
            elif judge.same(ask(student, samples, 1 / strength), right, "features"):
                what = "C is 1 / strength: the smaller C is, the harder the weights are pulled to 0"
                tries = "`LogisticRegression(C=strength, ...)`."
    raise Mistake(
        what,
        expected=f"scaling and logistic regression learnt from the training rows, C = {strength:g}",
        came=different(student, f"the largest difference is {(came - right).abs().max():.2g}"),
        why="New texts come one by one, later. What a model has learnt must not depend on them.",
        tries=tries,
        page=page,
    )


@pytest.mark.points(1)
def test_two_classes(student):
    """probabilities of two classes, with the scaler and the classifier of the training rows"""
    for number, strength in enumerate((0.03, 0.06) if student.full else (0.05,)):
        check(student, [judge.make_samples(student.seed, f"two/{number}", 2)], strength)


@pytest.mark.points(1)
def test_more_classes(student):
    """probabilities of three or four classes, in the order of the class numbers"""
    for number, classes in enumerate((3, 4) if student.full else (3,)):
        check(student, [judge.make_samples(student.seed, f"more/{number}", classes)], 0.04)


@pytest.mark.points(1)
def test_one_new_text_and_a_constant_feature(student):
    """a single new text, and a feature that is the same in every training row"""
    for number in range(2 if student.full else 1):
        drawn = judge.make_samples(student.seed, f"one/{number}", 2, count=8, new=10)
        train = torch.cat([drawn.train, torch.full((len(drawn.train), 1), 2.0, dtype=torch.float64)], dim=1)
        new = torch.cat([drawn.new, torch.full((len(drawn.new), 1), 2.0, dtype=torch.float64)], dim=1)
        check(student, [judge.Samples(train, drawn.labels, row[None]) for row in new], 0.05)
