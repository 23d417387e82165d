"""Take the protected attribute out, and see how well the remaining features give it back."""

import numpy as np
import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.player import StudentFault
from autograder.reading import returned_tensor
from autograder.suites.representations import judge
from autograder.suites.representations.pages import DISCUSSION, EXERCISE, HELD_OUT
from autograder.suites.representations.reading import compare_all, number_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

WITHOUT = "without"
RECOVER = "recover_protected"
NAMES = ("income", "minority_share", "loan", "minority", "minority_area", "years")


@pytest.mark.points(1)
def test_without(student):
    """the protected column and its name are gone, whatever the order of the columns"""
    for number in range(5 if student.full else 2):
        dice = judge.Dice(judge.draw(student.seed, f"without {number}"))
        names = [NAMES[index] for index in dice.order(len(NAMES))]
        # The column is never the last one or the first one by luck alone.
        names.remove("minority")
        place = (2, 0, 5, 3, 1)[number]
        names.insert(place, "minority")
        features = dice.normal(7, len(names))
        came = student.call(WITHOUT, features, names, "minority")
        if not isinstance(came, list) or len(came) != 2:
            raise Mistake(
                f"`{WITHOUT}` returns nothing (None)"
                if came is None
                else f"`{WITHOUT}` does not return a pair: features, names",
                expected="(features, names) without the protected column",
                came=describe(came),
                why="Features without names cannot be checked by anyone.",
                tries="`return` both, separated by a comma.",
                page=EXERCISE,
            )
        check_columns(came[0], features, place)
        left = came[1].tolist() if hasattr(came[1], "tolist") else came[1]
        wanted = names[:place] + names[place + 1 :]
        if left != wanted:
            raise Mistake(
                "The names do not belong to the remaining columns",
                expected="the names of the remaining columns, in their order",
                came=describe(came[1]),
                why="Names that are one off put every later result on the wrong column.",
                tries="Take out of the names what you took out of the columns, and nothing else. Other "
                "names may "
                "contain the protected one.",
                page=EXERCISE,
            )
        check_names_kept(student, features, names)


def check_names_kept(student, features, names):
    """The list that was passed in is as it was. What the call returns has been judged before.

    The names are an object that does what a list does. An answer that accepts nothing but a real list is
    not judged here.
    """
    given = student.rig("make_names", names)
    try:
        student.keep(WITHOUT, features, given, "minority")
    except StudentFault as fault:
        if fault.kind != "raised":
            raise
    now = student.rig("names_now", given)
    if now == names:
        return
    raise Mistake(
        "The list of names that was passed in was changed",
        expected=f"the caller's list still has {len(names)} names after the call",
        came=f"it has {len(now)}" if isinstance(now, list) else describe(now),
        why="The caller still has the whole table. Its names no longer belong to its columns, and a second "
        "call does not find the protected one.",
        tries="`names.remove`, `names.pop` and `del` change the list itself. Build a new one: "
        "`[name for name in names if name != protected]`.",
        page=EXERCISE,
    )


def check_columns(came, features, place):
    rows, columns = features.shape
    right = torch.from_numpy(np.concatenate([features[:, :place], features[:, place + 1 :]], axis=1))
    width = came.shape[1] if hasattr(came, "shape") and len(came.shape) == 2 else None
    if width == columns:
        raise Mistake(
            "The protected column is still among the features",
            expected=f"{columns - 1} columns",
            came=describe(came),
            why="A column that is only renamed, or filled with another number, is not removed: whoever "
            "reads the "
            "table by place finds it.",
            tries="`np.delete(features, column, axis=1)` gives the table without that column.",
            page=DISCUSSION,
        )
    if width is not None and width < columns - 1:
        raise Mistake(
            "More than the protected column was removed",
            expected=f"{columns - 1} columns",
            came=describe(came),
            why="A column whose name only contains the protected one, such as `minority_area`, is "
            "another column.",
            tries="Compare whole names: `names.index(protected)`.",
            page=EXERCISE,
        )
    came = returned_tensor(came, WITHOUT, "the remaining features", EXERCISE, shape=(rows, columns - 1))
    if measure.close(came, right):
        return
    kept = any(measure.close(column, torch.from_numpy(features[:, place])) for column in came.T)
    raise Mistake(
        "The wrong column was removed: the protected one is still there"
        if kept
        else "The remaining columns changed",
        expected="every column but the protected one, unchanged and in order",
        came="another column is missing" if kept else "other numbers in some column",
        why="Tables get new columns and new orders. A column is found by its name, never by its place.",
        tries="Ask the names for the place: `names.index(protected)`.",
        page=EXERCISE,
    )


def known(results):
    right = results["right"]
    leaks = "Standardise with the training rows and fit on them; the test rows come in last, to be scored."
    yield (
        results["hard"],
        "The area was computed from predictions of 0 and 1 instead of from scores",
        "Give `roc_auc_score` the classifier's `decision_function`, or the probability of group 1.",
    )
    yield (
        max(right, 1 - right),
        "An area below 0.5 was turned round into one above it",
        "Return the area as it is: below 0.5 says that the order learnt is the wrong one for these rows.",
    )
    yield (
        1 - right,
        "The area is turned round: the scores are those of group 0",
        "Use the probability of group 1, the second column of `predict_proba`.",
    )
    yield (
        results["on train"],
        "The area is that of the training rows: nothing was held out",
        "Score `test_features` and compare with `test_groups`.",
    )
    for name in ("fitted on all", "scaled and fitted on all", "fitted on test"):
        yield results[name], "The classifier was fitted on the test rows too", leaks
    yield (
        results["scaled on all"],
        "The scaler was fitted on all rows: the test rows took part in the means and deviations",
        leaks,
    )
    yield (
        results["scaled apart"],
        "The test rows were standardised with their own means and deviations",
        leaks,
    )
    yield (
        results["unscaled"],
        "The features were not standardised",
        "Put a `StandardScaler` before the `LogisticRegression`.",
    )
    yield (
        results["accuracy"],
        "The result is an accuracy, not the area under the curve",
        "`roc_auc_score(test_groups, scores)`. With a small group, an accuracy is high for saying 'group "
        "0' always.",
    )


@pytest.mark.points(1)
def test_area_on_held_out_rows(student):
    """how well the features give the group back: area under the curve on the test rows"""
    must = ("fitted on all", "scaled and fitted on all")
    above = [
        judge.area_case(student.seed, f"recover/area {number}", must, columns=3 + number % 2)
        for number in range(4 if student.full else 1)
    ]
    below = [
        judge.area_case(student.seed, f"recover/below {number}", must, below=True)
        for number in range(2 if student.full else 1)
    ]
    check_areas(student, above + below)


@pytest.mark.points(1)
def test_area_with_scaled_columns(student):
    """columns of very different sizes are standardised with the training rows alone"""
    # The area does not change when all scores are moved alike: only what turns their order is told apart.
    must = ("unscaled", "scaled apart", "scaled on all")
    check_areas(
        student,
        [
            judge.area_case(student.seed, f"recover/scaled {number}", must, shifted=True)
            for number in range(3 if student.full else 1)
        ],
    )


def check_areas(student, cases):
    def answers():
        for parts, results in cases:
            came = student.call(RECOVER, *parts.arguments)
            came = number_of(came, RECOVER, "the area under the curve, one float", EXERCISE)
            yield came, results["right"], known(results)

    compare_all(
        student,
        answers(),
        otherwise=(
            "The number is not the area under the curve of the classifier which the text describes",
            "Standardise on the training rows, fit `LogisticRegression(max_iter=1000)` to the groups, "
            "score the "
            "test rows, `roc_auc_score`.",
        ),
        expected="the area under the curve on the test rows",
        why="0.5 says that the features know nothing of the group, 1 that they give it away completely. "
        "It is the same "
        "for small and large groups.",
        page=HELD_OUT,
    )
