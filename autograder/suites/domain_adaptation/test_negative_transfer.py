"""Say from paired scores whether adapting helped, hurt, or whether one cannot tell."""

import math

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.reading import measured
from autograder.suites.domain_adaptation import judge, reading
from autograder.suites.domain_adaptation.pages import EXERCISE, NEGATIVE_TRANSFER

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "negative_transfer"
# Numbers of seeds, and how much the gain differs between seeds. The more seeds, the more it must differ,
# or two of the known mistakes lead to nearly the same interval. The student's own check takes the first two.
SEEDS = {5: 0.25, 12: 0.6, 8: 0.25, 3: 0.25, 9: 0.25}
VERDICTS = ("positive", "negative", "undecided")
WORDS = {
    "turned around": (
        "The sign is turned around: baseline − adapted",
        "Then harm looks like help, and help like harm.",
        "The difference is adapted − baseline: above 0 means that adapting helped.",
    ),
    "unpaired": (
        "The scores were compared without their pairs",
        "Seeds differ much more from each other than the two methods do for one seed. Without the pairs "
        "this noise hides "
        "the difference.",
        "Take the difference for each seed first, then the mean and the standard deviation of the "
        "differences.",
    ),
    "sorted": (
        "Scores were sorted before the difference was taken: the pairs are broken",
        "Best is then compared with best, whatever the seeds were: no longer the gain of a seed.",
        "Leave both lists in their order: place i of both is the same seed.",
    ),
    "normal": (
        "The quantile is that of the normal distribution (1.96), not of Student's t",
        "The standard deviation of few differences is itself uncertain. With four seeds t is 3.18, "
        "with twelve still 2.20: an interval with 1.96 is too narrow and finds effects that are none.",
        "`stats.t.ppf(0.975, n - 1)`",
    ),
    "ddof": (
        "The standard deviation has n in its denominator, not n − 1",
        "It is too small for a few seeds, and so is the interval.",
        "`np.std(differences, ddof=1)`",
    ),
    "no root": (
        "The standard deviation is divided by n, not by √n",
        "The interval of the mean shrinks with the root of the number of seeds, no faster.",
        "`/ np.sqrt(n)`",
    ),
    "spread": (
        "This is the spread of single differences, not the interval of their mean",
        "The mean of n differences is known better than a single one, by the factor √n.",
        "Divide the standard deviation by √n.",
    ),
    "one standard error": (
        "The factor t is missing: the interval is one standard error wide on each side",
        "It then covers the truth in about two of three cases only.",
        "Multiply by `stats.t.ppf(0.975, n - 1)`.",
    ),
    "one-sided": (
        "The quantile is 0.95, which leaves 5% on EACH side",
        "A 95% interval leaves 2.5% on each side.",
        "`stats.t.ppf(0.975, n - 1)`",
    ),
    "freedom": (
        "The degrees of freedom are n, not n − 1",
        "The mean was computed from the same differences: one degree of freedom is used up.",
        "`stats.t.ppf(0.975, n - 1)`",
    ),
}


def read(came):
    """(verdict, low, high) from what came back, or a :class:`Mistake`."""
    if isinstance(came, list) and len(came) == 3 and isinstance(came[0], str):
        word, low, high = came
        if word not in VERDICTS:
            raise Mistake(
                "The verdict is not one of the three words",
                expected='"positive", "negative" or "undecided"',
                came=describe(word),
                why="A figure or a report asks for exactly these words.",
                tries="Write them in lower case and without a space.",
                page=EXERCISE,
            )
        return word, *(reading.number(bound, FUNCTION, "a bound of the interval") for bound in (low, high))
    raise Mistake(
        f"`{FUNCTION}` returns nothing (None)"
        if came is None
        else f"`{FUNCTION}` does not return three things",
        expected="(verdict, low, high)",
        came=describe(came),
        why="The verdict says what to conclude, the interval how sure one may be.",
        tries="`return verdict, low, high`, in this order.",
        page=EXERCISE,
    )


def draw_scores(student, label, n, gain, between=0.3, within=0.25):
    """Scores of n seeds: seeds differ by ``between``, the gain of one seed from ``gain`` by ``within``."""
    generator = measure.draw(student.seed, label)
    baseline = 0.65 + between * torch.randn(n, generator=generator).double()
    adapted = baseline + gain + within * torch.randn(n, generator=generator).double()
    return adapted.tolist(), baseline.tolist()


@pytest.mark.points(1)
def test_interval(student):
    """the bounds are those of the 95% t interval of the mean paired difference"""
    for n, within in list(SEEDS.items())[: None if student.full else 2]:
        for attempt in range(1000):
            scores = draw_scores(student, f"negative/interval {n} {attempt}", n, 0.05, within=within)
            right = torch.tensor(judge.interval(*scores), dtype=torch.float64)
            wrong = [torch.tensor(pair, dtype=torch.float64) for _, pair in judge.wrong_intervals(*scores)]
            if judge.clear(right, *wrong):
                break
        else:
            raise RuntimeError(f"no scores of {n} seeds tell the mistakes apart")
        _, low, high = read(student.call(FUNCTION, *scores))
        came = torch.tensor([low, high], dtype=torch.float64)
        if measure.close(came, right):
            continue
        what, why, tries = next(
            (
                WORDS[name]
                for name, pair in judge.wrong_intervals(*scores)
                if measure.close(came, torch.tensor(pair, dtype=torch.float64))
            ),
            (
                "The bounds are not those of the 95% t interval of the mean difference",
                "The verdict hangs on the bounds.",
                "m ± t · s / √n, with m and s of the differences, ddof=1, and t = stats.t.ppf(0.975, n - 1).",
            ),
        )
        if measure.close(came.flip(0), right):
            what, tries = "The bounds are in the wrong order", "Return the lower bound first."
        raise Mistake(
            what,
            expected="m − t · s / √n and m + t · s / √n"
            + measured(student, f": {right[0]:.4f} and {right[1]:.4f}", ""),
            came=measured(student, f"{low:.4f} and {high:.4f}", "other bounds"),
            why=why,
            tries=tries,
            page=EXERCISE,
        )


def judge_verdict(student, adapted, baseline, undecided_why):
    low, high = judge.interval(adapted, baseline)
    right = judge.verdict(low, high)
    word, came_low, came_high = read(student.call(FUNCTION, adapted, baseline))
    if word == right:
        return
    mean = (low + high) / 2
    if {word, right} == {"positive", "negative"}:
        what = "The verdict is the wrong way round: positive and negative are mixed up"
        why = "Negative transfer means that the adapted model is WORSE than it would have been without."
        tries = (
            'Whole interval above 0, `low > 0`: "positive". Whole interval below 0, `high < 0`: "negative".'
        )
    elif right == "undecided":
        better = "better" if mean > 0 else "worse"
        what = (
            "No difference at all is called a difference: a bound of exactly 0 is neither above nor below"
            if low == high == 0
            else f"A {better} mean is taken as proof, though the interval holds 0"
        )
        why = undecided_why
        tries = 'Look at both bounds: `low > 0`, `high < 0`, and everything else is "undecided".'
    else:
        what = "The whole interval is on one side of 0, and the verdict is undecided all the same"
        why = "The seeds differ, but the gain is much the same for each of them: that is what pairs show."
        tries = "Compute the interval of the differences of each seed, and look at both bounds."
    raise Mistake(
        what,
        expected=measured(student, f'"{right}": the interval is {low:.4f} to {high:.4f}', "another verdict"),
        came=f'"{word}"' + measured(student, f", with the interval {came_low:.4f} to {came_high:.4f}", ""),
        why=why,
        tries=tries,
        page=NEGATIVE_TRANSFER,
    )


def judge_equal(student, n, gain, noise):
    """With the same gain for every seed both bounds are the gain, and it is a difference."""
    # Sixty-fourths: every difference and their mean are exact, however one computes them.
    baseline = [int(k) / 64 for k in torch.randint(20, 44, (n,), generator=noise)]
    adapted = [b + gain for b in baseline]
    word, low, high = read(student.call(FUNCTION, adapted, baseline))
    right = judge.verdict(gain, gain)
    same = torch.full((2,), gain, dtype=torch.float64)
    bounds = measure.close(torch.tensor([low, high], dtype=torch.float64), same)
    if bounds and word == right:
        return
    raise Mistake(
        "All differences are equal and not 0, and the verdict does not follow from the bounds"
        if bounds
        else "All differences are equal, and the bounds are not their mean",
        expected="s is 0, so both bounds are m" + measured(student, f': {gain:.4f}, "{right}"', ""),
        came=measured(student, f'{low:.4f} and {high:.4f}, "{word}"', "other bounds or another verdict"),
        why="A gain that is the same for every seed is as clear as a gain can be.",
        tries="No smallest s, and no verdict of its own for s = 0: look at both bounds, as always.",
        page=EXERCISE,
    )


def steady(student, label, n, gain):
    """Scores with nearly the same gain for every seed."""
    return draw_scores(student, label, n, gain, between=0.02, within=abs(gain) / 40)


@pytest.mark.points(1)
def test_which_way(student):
    """plain cases get the right word: worse, better, no difference at all"""
    for number in range(3 if student.full else 1):
        for gain in (-0.15, 0.15):
            scores = steady(student, f"negative/way {number} {gain}", 6 + number, gain)
            judge_verdict(student, *scores, "")
        same = draw_scores(student, f"negative/same {number}", 5 + number, 0.0)[1]
        judge_verdict(student, same, same, "Without any difference there is nothing to conclude.")


@pytest.mark.points(1)
def test_proof_or_not(student):
    """a better mean alone is no proof, and a steady small difference is one, however much the seeds differ"""
    for number in range(3 if student.full else 1):
        for sign in (1, -1):
            # A mean and a spread for which t's interval holds 0, but not the one with 1.96: with four
            # seeds t is 3.18. The spread around the mean is +a, -a, +a, -a, so s / √n is a / √3.
            noise = measure.draw(student.seed, f"negative/proof {number} {sign}")
            gain = sign * (0.03 + 0.03 * torch.rand(1, generator=noise).item())
            baseline = (0.65 + 0.1 * torch.randn(4, generator=noise).double()).tolist()
            spread = abs(gain) * math.sqrt(3) / 2.5
            adapted = [b + gain + spread * (-1) ** k for k, b in enumerate(baseline)]
            judge_verdict(
                student,
                adapted,
                baseline,
                "Four seeds leave so much room that a difference of this size comes about by chance.",
            )
            # A small steady gain among seeds that differ by twenty times as much.
            baseline = [0.4 + 0.1 * k + 0.02 * torch.rand(1, generator=noise).item() for k in range(6)]
            adapted = [b + gain / 3 * (1 + 0.1 * (-1) ** k) for k, b in enumerate(baseline)]
            judge_verdict(student, adapted, baseline, "")
            judge_equal(student, 2 + number, sign * (2 + number) / 64, noise)
