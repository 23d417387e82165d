"""Measure how much of the source task was forgotten."""

import pytest

from autograder import measure
from autograder.expect import Mistake, number
from autograder.reading import measured, returned_object
from autograder.suites.fine_tuning import judge
from autograder.suites.fine_tuning.pages import EXERCISE, FORGETTING

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "forgetting"


def lost(student, before, after, groups):
    """What the student's function says."""
    came = student.call(FUNCTION, before, after, groups)
    if came is None:
        returned_object(came, FUNCTION, "the accuracy that was lost", EXERCISE)
    return number(
        came,
        f"The result of `{FUNCTION}`",
        why="Two models can be compared by one number.",
        tries="Return the difference of two accuracies, as a float.",
        page=EXERCISE,
    )


def judge_lost(student, before, after, groups, *, apart=False):
    """The accuracy lost is right, or the mistake is named. ``apart``: all cosines are negative."""
    accuracies = [judge.source_accuracy(vectors, groups) for vectors in (before, after)]
    right = accuracies[0] - accuracies[1]
    came = lost(student, before, after, groups)
    if measure.near(came, right):
        return

    def by(**how):
        return judge.lost_accuracy(before, after, groups, **how)

    count = len(groups)
    own_neighbour = (
        0.0,
        "A text that stands apart is its own nearest neighbour: the diagonal is not low enough"
        if apart
        else "Nothing is ever lost: each text is its own nearest neighbour",
        "Fill the diagonal of the similarities with `-torch.inf` before you take the largest.",
    )
    cut_off = (
        0.0,
        "What was gained is cut off at 0: a gain is a negative loss",
        "Leave out the `max` or `clamp`: accuracy before minus accuracy after, and nothing else.",
    )
    known = [
        *([own_neighbour] if apart else [cut_off] if right < 0 else []),
        (
            -right,
            "The sign is turned round: what was lost should be positive"
            if right > 0
            else "The sign is lost: what was gained should be negative",
            "Accuracy before minus accuracy after.",
        ),
        (
            by(measure="distance"),
            "The neighbours go by distance, so that the lengths of the vectors count, not by cosine",
            "Bring every vector to length 1 first: `F.normalize(vectors, dim=1)`.",
        ),
        (
            by(measure="dot"),
            "The neighbours go by the dot product, so that long vectors are everyone's neighbour, not by "
            "cosine",
            "Bring every vector to length 1 first: `F.normalize(vectors, dim=1)`.",
        ),
        (
            by(measure="columns"),
            "The columns are brought to length 1, not the vectors: `dim=0` instead of `dim=1`",
            "Each row is a text's vector: `F.normalize(vectors, dim=1)`.",
        ),
        (
            by(measure="centred"),
            "Each vector's mean is taken away first: that is a correlation, not the cosine",
            "Bring every vector to length 1, and change nothing else about it.",
        ),
        (
            by(looked_up=True),
            "The neighbours after are looked up among the vectors before",
            "Look for the neighbours before among `before`, and for those after among `after`.",
        ),
        (
            by(by_group=True),
            "This is the mean of the groups' accuracies: a text of a small group counts more than others",
            "The source accuracy is a share of all texts: one mean over them, whatever their group.",
        ),
        own_neighbour,
        (
            accuracies[1],
            "The accuracy after is returned, not what was lost",
            "Accuracy before minus accuracy after.",
        ),
        (
            accuracies[0],
            "The accuracy before is returned, not what was lost",
            "Accuracy before minus accuracy after.",
        ),
        (
            right * count,
            "The texts are counted, but not divided by their number",
            "Accuracy is a share: take the mean.",
        ),
        (
            right / (accuracies[0] or 1),
            "The loss is divided by the accuracy before",
            "Accuracy before minus accuracy after, and nothing else.",
        ),
    ]
    if came == round(right, 2):
        known.insert(0, (came, "The result is rounded", "Return the difference as it is."))
    what, tries = next(
        ((what, tries) for value, what, tries in known if measure.near(came, value)),
        (
            "This is not the accuracy that was lost",
            "For each text: the other text with the largest cosine; is it of the same group? The mean over "
            "all "
            "texts, before minus after.",
        ),
    )
    raise Mistake(
        what,
        expected=measured(student, f"{right:.4f}", "accuracy before minus accuracy after")
        + f", with {count} texts in {len(groups.unique())} groups",
        came=measured(student, f"{came:.4f}", "another number"),
        why="The new task's score says nothing about what the encoder could do before. One has to measure "
        "it.",
        tries=tries,
        page=FORGETTING,
    )


@pytest.mark.points(1)
def test_vectors_of_length_one(student):
    """for vectors of length 1: the share of right nearest neighbours before, minus that after"""
    for trial in range(4 if student.full else 1):
        label = f"forgetting/unit {trial}"
        data = judge.make_texts_before_after(student.seed, label, one_length=True, groups=3 + trial)
        judge_lost(student, *data)
        judge_lost(student, data[1], data[0], data[2])  # the other way round something is gained
    for trial in range(3 if student.full else 1):
        judge_lost(student, *judge.make_texts_apart(student.seed, f"forgetting/apart {trial}"), apart=True)


@pytest.mark.points(1)
def test_vectors_of_any_length(student):
    """the length of a vector does not count, only its direction"""
    for trial in range(4 if student.full else 1):
        label = f"forgetting/any {trial}"
        before, after, groups = judge.make_texts_before_after(
            student.seed, label, one_length=False, each=4 + trial
        )
        judge_lost(student, before, after, groups * 5 + 2)
