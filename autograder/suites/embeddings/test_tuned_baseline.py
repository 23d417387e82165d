"""A baseline worth beating: TF-IDF and logistic regression, its C chosen inside the training texts."""

from dataclasses import replace

import pytest
import torch

from autograder.expect import Mistake, describe
from autograder.reading import returned_tensor
from autograder.suites.embeddings import judge
from autograder.suites.embeddings.pages import BASELINE, EXERCISE, HELD_OUT
from autograder.suites.embeddings.reading import different, features_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "tuned_baseline"
PIPELINE = "`make_pipeline(TfidfVectorizer(), LogisticRegression(C=c, max_iter=1000))` for each fold anew."


def run(student, texts):
    """``(losses, best, probabilities)``, none of them looked at."""
    came = student.call(
        FUNCTION, texts.train, texts.labels.numpy(), texts.folds.numpy(), texts.test, texts.strengths
    )
    if isinstance(came, list) and len(came) == 3:
        return came
    raise Mistake(
        f"`{FUNCTION}` returns nothing (None)"
        if came is None
        else f"`{FUNCTION}` does not return three things",
        expected="(losses, best, probabilities)",
        came=describe(came),
        why="A reader should see what was tried, what was chosen, and what came of it.",
        tries="`return losses, best, probabilities`, in this order.",
        page=EXERCISE,
    )


def turned(texts):
    """The same texts in other folds."""
    return replace(texts, folds=texts.folds.sort().values)


def losses_of(value, count):
    if isinstance(value, list) and all(type(item) in (int, float) for item in value):
        value = torch.tensor(value, dtype=torch.float64)
    return returned_tensor(value, FUNCTION, "losses, one for each C", EXERCISE, shape=(count,)).double()


def wrong_losses(texts):
    """Where known mistakes lead: losses, what it is, what to try."""
    right = judge.losses(texts)
    yield -right, "The losses have the wrong sign", "scikit-learn's `neg_log_loss` is minus the log loss."
    yield (
        judge.losses(texts, texts.train),
        "The vectoriser was fitted on all training texts, the held-out fold among them",
        PIPELINE,
    )
    yield (
        judge.losses(texts, texts.train + texts.test),
        "The vectoriser was fitted on the test texts, too",
        PIPELINE,
    )
    whole = [judge.answers(texts.train, texts.labels, texts.train, strength) for strength in texts.strengths]
    yield (
        torch.tensor([judge.log_loss(found, texts.labels) for found in whole], dtype=torch.float64),
        "The losses are those on the training texts themselves: nothing was held out",
        "For each fold: train on the others, measure on this one.",
    )
    order = sorted(range(len(right)), key=lambda place: texts.strengths[place])
    yield (
        right[order],
        "The losses are not in the order of `strengths`",
        "One loss for each C, in the order given.",
    )
    folds = len(set(texts.folds.tolist()))
    yield right * folds, "The losses of the folds are added up, not averaged", "Take the mean over the folds."
    yield (
        judge.losses(judge.without_stop_words(texts)),
        "Stop words were left out: the vectoriser is not `TfidfVectorizer()` as it comes",
        PIPELINE,
    )


def fold_mistakes(texts):
    """As ``wrong_losses``, where the folds were used, but not as asked. These are nearer to what is right."""
    each, folds = "For each fold: train on the others, measure on this one.", len(set(texts.folds.tolist()))
    rows = judge.fold_losses(texts)
    for fold in range(folds):
        rest = [other for other in range(folds) if other != fold]
        yield rows[:, rest].mean(dim=1), "One fold was never held out", "Go through all numbers in `folds`."
    yield rows.median(dim=1).values, "The median over the folds was taken, not the mean", "`np.mean`."
    yield (
        judge.fold_losses(texts, swapped=True).mean(dim=1),
        "The folds are the wrong way round: learnt from one, measured on the others",
        each,
    )
    ones = [
        [-said[:, 1].log().mean().item() for said, _ in judge.held_out(texts, strength)]
        for strength in texts.strengths
    ]
    yield (
        torch.tensor(ones, dtype=torch.float64).mean(dim=1),
        "The loss is that of class 1's probability, also where class 0 is right",
        "Take the probability of each text's own class: `chances[np.arange(n), labels]`.",
    )
    yield (
        trained_losses(texts),
        "The loss was measured on the folds that the model has learnt from",
        each,
    )


def trained_losses(texts):
    """The mean loss of each fold's model on the texts that it has learnt from."""
    found = []
    for fold in sorted(set(texts.folds.tolist())):
        inside = texts.folds != fold
        rest = [text for text, own in zip(texts.train, inside.tolist(), strict=True) if own]
        labels = texts.labels[inside]
        found.append([judge.log_loss(judge.answers(rest, labels, rest, c), labels) for c in texts.strengths])
    return torch.tensor(found, dtype=torch.float64).mean(dim=0)


@pytest.mark.points(1)
def test_losses(student):
    """the cross-validated log loss of each C, with the vectoriser learnt anew in each fold"""
    for number in range(2 if student.full else 1):
        texts = judge.make_texts(student.seed, f"losses/{number}", "clean")
        came = losses_of(run(student, texts)[0], len(texts.strengths))
        right = judge.losses(texts)
        if judge.same(came, right, "texts"):
            continue
        what, tries = "The losses are not the mean log losses of the held-out folds", PIPELINE
        for wrong, name, mend in wrong_losses(texts):
            if judge.same(came, wrong, "texts"):
                what, tries = name, mend
                break
        else:
            shares = came.abs() * len(texts.train)
            if bool((came.abs() <= 1).all()) and bool(((shares - shares.round()).abs() < 1e-9).all()):
                what, tries = "The losses are shares of right or wrong answers", '`scoring="neg_log_loss"`.'
            elif torch.equal(came, losses_of(run(student, turned(texts))[0], len(texts.strengths))):
                what = "`folds` was not used: other folds give the same losses"
                tries = "`cv=PredefinedSplit(folds)`."
            else:
                near = (one for one in fold_mistakes(texts) if judge.same(came, one[0], "texts"))
                _, what, tries = next(near, (None, what, tries))
        raise Mistake(
            what,
            expected="for each C the log loss on the held-out fold, averaged over the folds",
            came=different(student, f"the largest difference is {(came - right).abs().max():.2g}"),
            why="A fold stands for texts that nobody has seen yet. Whatever has learnt from it, be it only "
            "which words there are, makes the estimate too good.",
            tries=tries,
            page=HELD_OUT,
        )


@pytest.mark.points(1)
def test_choice(student):
    """the C with the smallest loss, whether it is the smallest or the largest of them"""
    for number, kind in enumerate(("clean", "noisy", "noisy") if student.full else ("clean", "noisy")):
        texts = (
            judge.with_a_near_choice(student.seed, f"choice/{number}")
            if kind == "clean"
            else judge.make_texts(student.seed, f"choice/{number}", kind)
        )
        best = run(student, texts)[1]
        if isinstance(best, torch.Tensor) and best.dim() == 0 and not best.is_complex():
            best = best.item()
        if isinstance(best, bool) or not isinstance(best, int | float) or best not in texts.strengths:
            raise Mistake(
                "What was chosen is not one of the values of C",
                expected="a float, one of `strengths`",
                came=describe(best),
                why="The chosen C belongs into the report: without it nobody can repeat the result.",
                tries="`strengths[int(np.argmin(losses))]`: the value, not its place.",
                page=EXERCISE,
            )
        right = judge.losses(texts)
        if best == texts.strengths[int(right.argmin())]:
            continue
        what, tries = "Another C was chosen than the one with the smallest loss", "`np.argmin(losses)`."
        if kind == "clean" and best == texts.strengths[1]:
            what = "A C was chosen whose loss is only nearly the smallest: by accuracy, or by rounded losses"
            tries = "Compare the log losses as they are: `np.argmin(losses)`, without rounding or tolerance."
        if best == texts.strengths[int(right.argmax())]:
            what = "The C with the largest loss was chosen"
            if kind == "noisy":
                what = "The largest C was chosen, as the loss on the training texts would have it"
                tries = "Choose by the losses on held-out folds, and take the smallest."
        raise Mistake(
            what,
            expected="the C whose cross-validated log loss is smallest",
            came="another one",
            why="Chosen on the texts it has learnt, a model that knows them by heart always wins.",
            tries=tries,
            page=BASELINE,
        )


def wrong_probabilities(texts, best):
    """Where known mistakes lead: probabilities, what it is, what to try."""
    again = "With the chosen C, fit the whole pipeline once more on all training texts."
    for fold in sorted(set(texts.folds.tolist())):
        inside = texts.folds != fold
        rest = [text for text, own in zip(texts.train, inside.tolist(), strict=True) if own]
        yield (
            judge.answers(rest, texts.labels[inside], texts.test, best),
            "The final model has learnt from some of the folds only",
            again,
        )
    for strength in texts.strengths:
        if strength != best:
            yield (
                judge.answers(texts.train, texts.labels, texts.test, strength),
                "The final model has another C than the one with the smallest loss",
                again,
            )
    if best != 1:
        yield (
            judge.answers(texts.train, texts.labels, texts.test, 1.0),
            "The final model has scikit-learn's own C, 1",
            again,
        )
    yield (
        judge.answers(texts.train, texts.labels, texts.test, best, texts.train + texts.test),
        "The vectoriser was fitted on the test texts, too",
        "Fit on the training texts; the test texts are only transformed.",
    )
    for fold in sorted(set(texts.folds.tolist())):
        rest = [text for text, own in zip(texts.train, texts.folds, strict=True) if own != fold]
        yield (
            judge.answers(texts.train, texts.labels, texts.test, best, rest),
            "The final vectoriser is the one of a fold: it has not learnt from all training texts",
            again,
        )
    bare = judge.without_stop_words(texts)
    yield (
        judge.answers(bare.train, bare.labels, bare.test, best),
        "Stop words were left out: the vectoriser is not `TfidfVectorizer()` as it comes",
        PIPELINE,
    )
    right = judge.answers(texts.train, texts.labels, texts.test, best)
    yield right.flip(1), "The columns are in the wrong order", "Column k is the probability of class k."


@pytest.mark.points(1)
def test_probabilities(student):
    """the test texts' probabilities, from a model with that C that has learnt from all training texts"""
    for number, folds in enumerate((2, 3) if student.full else (2,)):
        texts = judge.make_texts(student.seed, f"final/{number}", "clean", folds=folds)
        value = run(student, texts)[2]
        came = features_of(value, FUNCTION, "probabilities for the test texts", (len(texts.test), 2))
        best = texts.strengths[int(judge.losses(texts).argmin())]
        right = judge.answers(texts.train, texts.labels, texts.test, best)
        if judge.same(came, right, "texts"):
            continue
        what, tries, page = "The probabilities are not those of the chosen model", PIPELINE, EXERCISE
        if torch.equal(came, came.round()):
            what, tries = "Answers came, not probabilities", "`predict_proba`, not `predict`."
        for wrong, name, mend in wrong_probabilities(texts, best):
            if judge.same(came, wrong, "texts"):
                what, tries, page = name, mend, BASELINE
                break
        raise Mistake(
            what,
            expected="TF-IDF and logistic regression with the chosen C, learnt from all training texts",
            came=different(student, f"the largest difference is {(came - right).abs().max():.2g}"),
            why="Cross-validation chooses the setting. The model to be used may learn from every label.",
            tries=tries,
            page=page,
        )
