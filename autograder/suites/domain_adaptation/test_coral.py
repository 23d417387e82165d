"""Move the source features to the mean and the covariance of the target."""

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.reading import measured
from autograder.suites.domain_adaptation import judge, reading
from autograder.suites.domain_adaptation.pages import ADAPTATION, EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "coral"
FORMULA = "(source − mean_S) · C_S^(−1/2) · C_T^(1/2) + mean_T"
NO_EPS = (
    "The covariance was not regularised: `eps` times the identity is missing",
    "With fewer rows than features there are directions without any spread. Whitening divides by that: by "
    "zero, or by "
    "rounding errors.",
    "Add `eps * np.eye(d)` to both covariance matrices before you take the powers.",
)
WORDS = {
    "means only": (
        "Only the means were matched; the covariance is still that of the source",
        "A cloud that is stretched in another direction stays so, and the border between the classes does "
        "not fit.",
        "Between the two means: whiten with C_S^(-1/2), then recolour with C_T^(1/2).",
    ),
    "diagonal": (
        "Only the variances were matched, feature by feature: the covariances are left out (a diagonal "
        "matrix)",
        "Features that rise together in the target still do not do so in the adapted source.",
        "Use the whole covariance matrix, `np.cov(..., rowvar=False)`, and a matrix power on its "
        "eigenvalues.",
    ),
    "roles": (
        "The roles are swapped: it whitens with the TARGET and recolours with the SOURCE",
        "The source then moves away from the target, by as much as it should move towards it.",
        "Whitening takes away the source's own covariance: C_S^(-1/2) first. Recolouring gives it the "
        "target's.",
    ),
    "whitened only": (
        "The source was whitened but not recoloured",
        "Its covariance is now the identity, not that of the target.",
        "Multiply by C_T^(1/2) after whitening.",
    ),
    "coloured only": (
        "The source was recoloured without being whitened first",
        "It keeps its own covariance and gets the target's on top.",
        "Multiply by C_S^(-1/2) first.",
    ),
    "order": (
        "The order is turned around: recoloured first, then whitened",
        "Matrices do not commute. Whitening must meet the covariance that it is made for, the source's own.",
        "Rows stand on the left: (source - mean) @ whiten @ recolour.",
    ),
    "no roots": (
        "The roots are missing: C_S^(-1) and C_T were used instead of C_S^(-1/2) and C_T^(1/2)",
        "A covariance is a square: multiplying rows by A turns it into A C A. So A must be a root.",
        "The exponents are -1/2 and 1/2.",
    ),
    "root missing": (
        "One of the two roots is missing",
        "A covariance is a square: multiplying rows by A turns it into A C A. So A must be a root.",
        "The exponents are -1/2 and 1/2.",
    ),
    "not inverted": (
        "The source's covariance was applied once more instead of being taken away: the exponent is not "
        "negative",
        "Whitening divides by the spread; this multiplies by it.",
        "Whiten with the exponent -1/2.",
    ),
    "divided by n": (
        "The covariance is divided by n, not by n − 1",
        "With few rows the difference is large, and it is not the same for both domains.",
        "`np.cov(rows, rowvar=False)` divides by n - 1; leave `ddof` and `bias` alone.",
    ),
    "Cholesky": (
        "The roots are Cholesky factors, not symmetric roots: the covariance is right, the rows are turned",
        "Many matrices have the square C. The symmetric one moves the rows as little as possible; a "
        "Cholesky factor turns "
        "the cloud, and with it the classes.",
        "Take the power on the eigenvalues: vectors · diag(values ** a) · vectors transposed.",
    ),
    "another eps": (
        "`eps` is not used: a fixed number stands in its place",
        "How much to regularise depends on the data: it is the caller's choice.",
        "Add `eps * np.eye(d)`.",
    ),
    "eps for the source only": (
        "`eps` was added to the source's covariance only",
        "Then the two no longer cancel out where source and target are alike.",
        "Add the same `eps * np.eye(d)` to both.",
    ),
}


def draw_case(student, label, sizes, d, eps):
    """Two clouds, with every known mistake clear of what is right."""
    for attempt in range(1000):
        source, target = judge.draw_clouds(student.seed, f"{label} {attempt}", sizes, d)
        if eps < 1e-3 and min(judge.narrowest(source), judge.narrowest(target)) < 0.1:
            continue
        right = judge.coral_centred(source, target, eps)
        wrong = [
            value
            for name, value in judge.wrong_corals(source, target, eps)
            if eps > 1e-3 or name != "eps for the source only"  # a tiny eps is as good as none
        ]
        if right.abs().max() < 30 and judge.clear(right, *wrong):
            return source, target
    raise AssertionError("no clear case")


def ask(student, source, target, eps):
    """The adapted rows, ``(n_source, d)`` float64."""
    came = student.call(FUNCTION, source.numpy(), target.numpy(), eps)
    if type(came).__module__ == "numpy":
        came = torch.from_numpy(came)
    if isinstance(came, torch.Tensor) and came.shape == target.shape and len(source) != len(target):
        raise Mistake(
            "The target was adapted instead of the source",
            expected=f"one row for each source row: shape {tuple(source.shape)}",
            came=describe(came) + ": as many rows as the target",
            why="The labels belong to the source rows. A classifier trained on them where they were is "
            "then asked about "
            "target rows where those are: only moved source rows help it.",
            tries="Centre and multiply `source`. The target gives only its mean and its covariance.",
            page=ADAPTATION,
        )
    fits = isinstance(came, torch.Tensor) and came.shape == source.shape and came.is_floating_point()
    if fits and not bool(torch.isfinite(came).all()):
        what, why, tries = NO_EPS
        if min(len(source), len(target)) > source.shape[1]:
            what = "The result is not finite: NaN or infinity"
            why = "A root was taken of a negative number, or something was divided by zero."
            tries = "The power of a matrix is not the power of each entry: use its eigenvalues."
        raise Mistake(
            what,
            expected="finite numbers",
            came="NaN or infinity in some places",
            why=why,
            tries=tries,
            page=EXERCISE,
        )
    return reading.finite(came, FUNCTION, "the adapted source rows", tuple(source.shape))


def judge_shape_of_cloud(student, source, target, eps):
    """The rows without their mean are those of CORAL."""
    came = ask(student, source, target, eps)
    came = came - came.mean(dim=0)
    right = judge.coral_centred(source, target, eps)
    if measure.close(came, right):
        return
    known = [(WORDS[name], value) for name, value in judge.wrong_corals(source, target, eps)]
    known.append((NO_EPS, judge.coral_without_eps(source, target)))
    what, why, tries = next(
        (words for words, value in known if measure.close(came, value)),
        (
            "The rows are not whitened with the source's and recoloured with the target's covariance",
            "Only then does the cloud of the source lie like that of the target.",
            "Check each part for the small example: after whitening, `np.cov` of the rows is nearly the "
            "identity.",
        ),
    )
    if came.abs().max() > 1e3 * right.abs().max():
        what, why, tries = NO_EPS
    raise Mistake(
        what,
        expected=FORMULA + ", with `eps` on the diagonal of both covariance matrices",
        came=measured(
            student,
            f"the largest difference is {measure.distance(came, right):.2g}",
            "rows that this does not lead to",
        ),
        why=why,
        tries=tries,
        page=EXERCISE,
    )


@pytest.mark.points(1)
def test_mean(student):
    """the adapted source has the mean of the target"""
    for number in range(3 if student.full else 1):
        source, target = judge.draw_clouds(student.seed, f"coral/mean {number}", (15, 22 + number), 3)
        came = ask(student, source, target, 0.05).mean(dim=0)
        right, own = target.mean(dim=0), source.mean(dim=0)
        if measure.close(came, right):
            continue
        root = judge.power(judge.covariance(target) + 0.05 * torch.eye(3), 0.5)
        whiten = judge.power(judge.covariance(source) + 0.05 * torch.eye(3), -0.5)
        what = "The mean of the adapted source is not that of the target"
        tries = "Take the source's mean off first, and add the target's mean at the end."
        if measure.close(came, own):
            what = "The adapted source still has the source's own mean"
            tries = "At the end add the mean of the target, not that of the source."
        elif measure.close(came, torch.zeros_like(came)):
            what = "The adapted source has mean 0: the target's mean was not added"
            tries = "At the end add `target.mean(axis=0)`."
        elif measure.close(came, own @ whiten @ root + right) or measure.close(came, own @ whiten @ root):
            what = "The source was not centred before it was whitened"
            tries = "Take off `source.mean(axis=0)` before the first product."
        elif measure.close(came, (right @ root)) or measure.close(came, right @ whiten @ root):
            what = "The target's mean was added too early: before the last product"
            tries = "Add `target.mean(axis=0)` after whitening and recolouring."
        raise Mistake(
            what,
            expected="the mean of each column is that of the target"
            + measured(student, f": {[round(x, 3) for x in right.tolist()]}", ""),
            came=measured(student, str([round(x, 3) for x in came.tolist()]), "other means"),
            why="A cloud of the right form in the wrong place does not meet the target.",
            tries=tries,
            page=EXERCISE,
        )


@pytest.mark.points(1)
def test_covariance(student):
    """the cloud of the source is whitened and recoloured, about its mean"""
    for number in range(4 if student.full else 1):
        eps = 1e-9
        sizes = ((12, 19), (23, 14))[number % 2]
        source, target = draw_case(student, f"coral/covariance {number}", sizes, 3, eps)
        judge_shape_of_cloud(student, source, target, eps)


@pytest.mark.points(1)
def test_few_rows(student):
    """it works with fewer rows than features, thanks to `eps`"""
    for number in range(4 if student.full else 1):
        eps = 0.2 + 0.1 * number
        sizes = ((5, 7), (7, 6), (14, 5), (6, 15))[number]
        source, target = draw_case(student, f"coral/few rows {number}", sizes, 8, eps)
        judge_shape_of_cloud(student, source, target, eps)
