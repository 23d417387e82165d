"""Weight source rows by how much more frequent they are in the target."""

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import measured
from autograder.suites.domain_adaptation import judge, reading
from autograder.suites.domain_adaptation.pages import ADAPTATION, EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "instance_weights"
WORDS = {
    "inverted": (
        "The weights are inverted: rows that are typical of the SOURCE get the large weights",
        "The target is what you train for. With the fraction upside down, training turns away from it.",
        "p is the probability of the target: the odds are p / (1 - p).",
    ),
    "not normalised": (
        "The weights are not normalised: their mean is not 1",
        "The loss grows or shrinks with the mean weight, as if the learning rate had been changed.",
        "Divide the capped ratios by their mean.",
    ),
    "sum one": (
        "The weights have sum 1, not mean 1",
        "With n rows every weight is n times too small, and so is the loss.",
        "Divide by the mean, not by the sum.",
    ),
    "largest one": (
        "The weights are divided by the largest one, not by their mean",
        "Then a single row decides how large the loss is.",
        "Divide the capped ratios by their mean.",
    ),
    "no sizes": (
        "The sizes of the two domains are missing: the factor n_source / n_target",
        "The classifier says 'source' more readily when it was trained on more source rows. Without the "
        "factor all "
        "ratios are off, and the cap bites in the wrong place.",
        "Multiply the odds by n_source / n_target before you apply the cap.",
    ),
    "sizes inverted": (
        "The factor of the sizes is upside down: n_target / n_source",
        "More source rows make the classifier say 'source' too often; the factor must make up for it, not "
        "add to it.",
        "Multiply by n_source / n_target.",
    ),
    "no cap": (
        "The cap is missing: ratios above `largest` were not cut",
        "A few rows get nearly all the weight, and the training hangs on them.",
        "`np.minimum(ratio, largest)`, before you divide by the mean.",
    ),
    "cap after": (
        "The cap comes too late: it was applied after dividing by the mean",
        "`largest` is about ratios. After the division it means something else for every set of rows.",
        "First the ratio, then the cap, then the division by the mean.",
    ),
    "cap of 5": (
        "The cap is always 5, not `largest`",
        "5 is the cap of the example. Another shift needs another one.",
        "`np.minimum(ratio, largest)`",
    ),
    "whole numbers": (
        "The factor of the sizes is a whole number: n_source was divided by n_target without a remainder",
        "90 source and 40 target rows give the factor 2.25. With 2 the ratios are off, and the cap bites in "
        "the wrong place.",
        "`n_source / n_target`, with one stroke: `//` rounds down.",
    ),
    "p clipped": (
        "Small or large probabilities were changed before the ratio was taken",
        "p is above 0 and below 1 here. A row that the target hardly ever has should count for hardly "
        "anything; the cap looks after the other end.",
        "Use p as it comes; only ratios above `largest` are cut.",
    ),
    "cap as floor": (
        "The cap works as a floor: ratios below `largest` were raised",
        "Now all rows weigh at least that much, and the large ones stay as they were.",
        "Take the smaller of the two: `np.minimum`.",
    ),
    "probability": (
        "The probability itself is used as the weight, not the ratio",
        "p is at most 1. The ratio of the two densities is p / (1 - p) times the sizes, and may be any "
        "positive number.",
        "Begin with p / (1 - p).",
    ),
}


ABOUT_THE_CAP = ("no sizes", "sizes inverted", "whole numbers", "no cap", "cap after", "cap of 5")
SIZES = ((90, 40), (40, 90), (30, 70))


def draw_case(student, label, number, capped):
    """Probabilities, sizes and a cap, with every known mistake clear of what is right."""
    generator = measure.draw(student.seed, f"{label} {number}")
    n_source, n_target = SIZES[number % 3]
    while True:
        n = 7 + int(torch.randint(0, 4, (1,), generator=generator))
        # Mostly small ratios: a cap bites both before and after the division, and no two mistakes agree.
        odds = torch.rand(n, generator=generator).double() * 0.75 + 0.1
        ratio = 0.45 * odds / (1 - odds)
        ratio[-2] = 6 + 3 * torch.rand(1, generator=generator).item()  # a cap of 5, as in the example, bites
        p_target = ratio * n_target / (n_source + ratio * n_target)
        p_target[-1] = 0.002 + 0.003 * torch.rand(1, generator=generator).item()  # rare, and allowed
        ratio = judge.ratios(p_target, n_source, n_target)
        # Without a cap in reach, the factor of the sizes falls out of the weights, and so do mistakes in it.
        largest = ratio.sort().values[n - 3 : n - 1].mean().item() if capped else 1e6
        case = (p_target, n_source, n_target, largest)
        wrong = [value for name, value in judge.wrong_weights(*case) if capped or name not in ABOUT_THE_CAP]
        right = judge.instance_weights(*case)
        if judge.clear(right, *wrong) and (not capped or told_apart(case)):
            return case, right


def told_apart(case):
    """Whether the mistakes with the sizes and with the cap lead to different weights."""
    found = [(name, value) for name, value in judge.wrong_weights(*case) if name in ABOUT_THE_CAP]
    return all(
        name == other or judge.clear(value, weights)
        for index, (name, value) in enumerate(found)
        for other, weights in found[:index]
    )


def judge_case(student, case, right):
    p_target, n_source, n_target, largest = case
    came = student.call(FUNCTION, p_target.numpy(), n_source, n_target, largest)
    came = reading.finite(came, FUNCTION, "the weights, one a row", (len(p_target),))
    if measure.close(came, right):
        return
    what, why, tries = next(
        (WORDS[name] for name, value in judge.wrong_weights(*case) if measure.close(came, value)),
        (
            "The weights are not the capped ratios divided by their mean",
            "Each row should count as often as it is more frequent in the target than in the source.",
            "p / (1 - p), times n_source / n_target, cut at `largest`, divided by the mean.",
        ),
    )
    raise Mistake(
        what,
        expected="p / (1 − p) · n_source / n_target, at most `largest`, divided by the mean; "
        + measured(student, f"the first weight is {right[0]:.4f}", "all weights are compared"),
        came=measured(
            student,
            f"the first weight is {came[0]:.4f}, the mean of all {came.mean():.4f}",
            "other weights",
        ),
        why=why,
        tries=tries,
        page=EXERCISE if what != WORDS["inverted"][0] else ADAPTATION,
    )


@pytest.mark.points(1)
def test_ratio_and_mean(student):
    """the weights are the ratios of target to source, with mean 1"""
    for number in range(4 if student.full else 1):
        judge_case(student, *draw_case(student, "weights/ratio", number, capped=False))


@pytest.mark.points(1)
def test_sizes_and_cap(student):
    """the sizes of the domains are made up for, and large ratios are capped before the division"""
    for number in range(4 if student.full else 1):
        judge_case(student, *draw_case(student, "weights/cap", number, capped=True))
