"""Train with weights: the mean over rows of weight times cross-entropy."""

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import measured
from autograder.suites.domain_adaptation import judge, reading
from autograder.suites.domain_adaptation.pages import EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "weighted_loss"
WORDS = {
    "unweighted": (
        "The weights are not used: this is the plain mean of the cross-entropy",
        "Rows that look like the target then count no more than the others, and nothing is adapted.",
        'With `reduction="none"` you get one loss a row: multiply it by the row\'s weight.',
    ),
    "sum of weights": (
        "The sum was divided by the sum of the weights, not by the number of rows",
        "In a small batch the sum of the weights is large or small by chance. Divided away, a batch of "
        "important rows "
        "counts no more than one of unimportant rows.",
        "Take the mean of weight times loss: `(weights * losses).mean()` has the right denominator.",
    ),
    "sum": (
        "The loss is a sum over rows, not a mean",
        "It grows with the size of the batch, and so do the steps.",
        "Divide by the number of rows.",
    ),
    "positive": (
        "The sum was divided by the number of rows with a weight above 0, not by that of all rows",
        "A row with weight 0 is a row of the batch, too. Left out, it makes all others count more.",
        "Take the mean of weight times loss over all rows: `(weights * losses).mean()`.",
    ),
    "scores": (
        "The weights were multiplied into the scores, not into the losses",
        "That makes the model's answers sharper or flatter. It does not make a row count more.",
        'Compute each row\'s cross-entropy first (`reduction="none"`), then multiply.',
    ),
    "squared": (
        "The weights were applied twice",
        "A row with weight 3 then counts nine times.",
        "Multiply each row's loss by its weight once.",
    ),
    "means apart": (
        "The mean loss was multiplied by the mean weight: rows and weights are not matched",
        "The mean weight is one number; which row has which weight is lost.",
        'Use `reduction="none"`, multiply row by row, and take the mean last.',
    ),
    "classes": (
        "The weights were taken for weights of classes",
        "The argument `weight` of `cross_entropy` has one entry a class. Yours have one entry a row.",
        'Use `reduction="none"`, and multiply the losses by the weights yourself.',
    ),
}


def draw_case(student, label):
    generator = measure.draw(student.seed, label)
    while True:
        n = 6 + int(torch.randint(0, 4, (1,), generator=generator))
        scores = torch.randn(n, 3, generator=generator) * 1.5
        labels = torch.randint(0, 3, (n,), generator=generator)
        weights = torch.rand(n, generator=generator) * 2.5 + 0.2
        weights[-1] = 0  # counts as a row all the same
        right = torch.tensor(judge.weighted_loss(scores, labels, weights))
        wrong = [torch.tensor(value) for _, value in judge.wrong_losses(scores, labels, weights)]
        if judge.clear(right, *wrong):
            return scores, labels, weights


@pytest.mark.points(1)
def test_value(student):
    """the loss is the mean over rows of weight times cross-entropy"""
    for number in range(4 if student.full else 1):
        case = draw_case(student, f"loss/value {number}")
        came = reading.number(student.call(FUNCTION, *case), FUNCTION, "the loss", tensor=True)
        right = judge.weighted_loss(*case)
        if measure.near(came, right):
            continue
        what, why, tries = next(
            (WORDS[name] for name, value in judge.wrong_losses(*case) if measure.near(came, value)),
            (
                "The loss is not the mean over rows of weight times cross-entropy",
                "Each row should count as much as its weight says.",
                'Cross-entropy with `reduction="none"`, times the weights, then the mean.',
            ),
        )
        raise Mistake(
            what,
            expected="the mean over rows of weight times cross-entropy"
            + measured(student, f": {right:.4f}", ""),
            came=measured(student, f"{came:.4f}", "another number"),
            why=why,
            tries=tries,
            page=EXERCISE,
        )


@pytest.mark.points(1)
def test_gradient(student):
    """one can train with it: the gradient of each row is multiplied by the row's weight"""
    for number in range(3 if student.full else 1):
        scores, labels, weights = draw_case(student, f"loss/gradient {number}")
        student.call(FUNCTION, scores, labels, weights)  # says it if the function is not written yet
        function = reading.function_of(student, FUNCTION)
        report = student.rig("loss_gradient", function, scores, labels, weights)
        doing = "`backward()` on the loss that `weighted_loss` returned"
        came = reading.gradient(report, tuple(scores.shape), doing)
        right = judge.weighted_loss_gradient(scores, labels, weights)
        if measure.close(came, right):
            continue
        plain = judge.weighted_loss_gradient(scores, labels, torch.ones_like(weights))
        total = weights.double().mean()
        if measure.close(came, plain):
            what, tries = "The gradient knows nothing of the weights", WORDS["unweighted"][2]
        elif measure.close(came, right / total):
            what, tries = WORDS["sum of weights"][0], WORDS["sum of weights"][2]
        elif measure.close(came, right * len(labels) / (weights > 0).sum()):
            what, tries = WORDS["positive"][0], WORDS["positive"][2]
        elif measure.close(came, right * len(labels)):
            what, tries = WORDS["sum"][0], WORDS["sum"][2]
        else:
            what = "The gradient is not that of the mean over rows of weight times cross-entropy"
            tries = "Weights are constants; the graph leads through the cross-entropy of each row."
        raise Mistake(
            what,
            expected="for each row the gradient of its cross-entropy, times its weight, divided by the "
            "number of rows",
            came=measured(
                student, f"the largest difference is {measure.distance(came, right):.2g}", "another gradient"
            ),
            why="An optimiser sees only gradients. The weights work through them or not at all.",
            tries=tries,
            page=EXERCISE,
        )
