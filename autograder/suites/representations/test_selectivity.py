"""Control labels, one for each word type, and what is left of an accuracy when the control is taken off."""

import itertools

import pytest
import torch

from autograder.expect import Mistake, describe
from autograder.player import StudentFault
from autograder.reading import returned_tensor
from autograder.suites.representations import judge
from autograder.suites.representations.pages import EXERCISE
from autograder.suites.representations.reading import compare_all, number_of

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

CONTROL = "control_labels"
SIGMAS = 6
"""How far a count may be from what chance gives. A right answer is further once in 500 million counts."""


SPELLINGS = {
    "a capital letter": str.capitalize,
    "a blank": lambda word: f" {word}",
    "a full stop": lambda word: f"{word}.",
}
"""In what alone two types may differ, and how one is made of the other."""


def make_words(dice, types, tokens):
    """``tokens`` words of ``types`` different ones, each at least twice, in mixed order.

    ``types`` is a multiple of four: three of four types are spellings of the fourth.
    """
    stems = [f"w{index}{'aeiou'[index % 5] * (index % 3)}" for index in range(types // 4)]
    stock = [word for stem in stems for word in (stem, *(spell(stem) for spell in SPELLINGS.values()))]
    chosen = [*range(types), *range(types), *dice.integers(types, tokens - 2 * types).tolist()]
    return [stock[chosen[place]] for place in dice.order(tokens)]


def labels_of(student, words, classes, seed, given=None):
    """The labels as a list of ints, one a word, or a :class:`Mistake`. ``given``: passed for the words."""
    came = student.call(CONTROL, words if given is None else given, classes, seed)
    types = len(set(words))
    if isinstance(came, list) and came and all(type(label) is int for label in came):
        came = torch.tensor(came)
    if hasattr(came, "shape") and tuple(came.shape) == (types,) and types != len(words):
        raise Mistake(
            f"`{CONTROL}` gives one label for each word type, but the words themselves need one each",
            expected=f"one label for each of the {len(words)} words",
            came=describe(came),
            why="The probe has one row for each word of a text, and so it needs as many labels.",
            tries="Look each word up in your dictionary of types: `[label_of[word] for word in words]`.",
            page=EXERCISE,
        )
    tensor = returned_tensor(
        came, CONTROL, "one whole number for each word", EXERCISE, shape=(len(words),), integers=True
    )
    if not bool(((tensor >= 0) & (tensor < classes)).all()):
        raise Mistake(
            "Some control labels are outside 0 ... classes - 1",
            expected=f"whole numbers from 0 to {classes - 1}",
            came=f"labels from {int(tensor.min())} to {int(tensor.max())}",
            why="The control task must have the same classes as the real one, or chance differs between "
            "them.",
            tries="`rng.integers(classes)` gives 0 ... classes - 1.",
            page=EXERCISE,
        )
    return tensor.tolist()


@pytest.mark.points(1)
def test_one_label_a_type(student):
    """the same word has the same control label wherever it occurs"""
    for number in range(3 if student.full else 1):
        dice = judge.Dice(judge.draw(student.seed, f"control/type {number}"))
        words = make_words(dice, 12 + 8 * number, 90 + 20 * number)
        found = labels_of(student, words, 2 + number, 5 + number)
        label_of = {}
        split = {
            word
            for word, label in zip(words, found, strict=True)
            if label_of.setdefault(word, label) != label
        }
        if not split:
            continue
        raise Mistake(
            "The control label is drawn for each occurrence (token), not once for each word (type)",
            expected="every occurrence of a word has the same label",
            came=f"{len(split)} of {len(label_of)} words have more than one label",
            why="A label that changes with every occurrence cannot be learnt by anyone, so every probe would "
            "score at chance and look selective. The control must be learnable: by remembering words.",
            tries="Draw a label for each word in `sorted(set(words))`, keep them in a dictionary, look each "
            "word up.",
            page=EXERCISE,
        )


@pytest.mark.points(1)
def test_random_by_seed(student):
    """the labels are random, all classes about equally often, and the seed alone decides"""
    types, tokens = 600, 1300
    for number in range(2 if student.full else 1):
        dice = judge.Dice(judge.draw(student.seed, f"control/random {number}"))
        words, classes = make_words(dice, types, tokens), 3 + number
        seeds = [11 + number, 12, 2024, 7]
        runs = [labels_of(student, words, classes, seed) for seed in [seeds[0], *seeds]]
        if runs[0] != runs[1]:
            raise Mistake(
                "The same seed gives other control labels the second time",
                expected="the same words, classes and seed give the same labels",
                came="other labels in the second call",
                why="Nobody could repeat your experiment.",
                tries="Make one generator from the seed in the function, `np.random.default_rng(seed)`, "
                "and draw "
                "from it only.",
                page=EXERCISE,
            )
        if all(run == runs[1] for run in runs[2:]):
            raise Mistake(
                "The seed is not used: every seed gives the same control labels",
                expected="other seeds give other labels",
                came="the same labels for four seeds",
                why="One control task may be easy or hard by luck. Several, from several seeds, show how "
                "much "
                "luck there is.",
                tries="Give the seed to the generator: `np.random.default_rng(seed)`.",
                page=EXERCISE,
            )
        same_after_a_start(student, words, classes, seeds[0])
        for run in runs[1:]:
            balanced(words, run, classes)
        if all(exactly_balanced(words, run, classes) for run in runs[1:]):
            raise Mistake(
                "The classes were dealt out in equal numbers: the labels of the types are not independent",
                expected="each type's label is drawn by itself, so the classes are about equally frequent",
                came="exactly as many types in each class, for every seed",
                why="Dice have no memory. Where the classes must come out equal, the last labels follow from "
                "the others.",
                tries="Draw each type's label with `rng.integers(classes)`; do not deal out or shuffle a "
                "ready-made list.",
                page=EXERCISE,
            )


def same_after_a_start(student, words, classes, seed):
    """The labels are the same when the words have other hashes, as after another start of Python.

    The words are objects that do what a list of strings does. An answer that cannot use them is not judged
    here.
    """
    try:
        first, second = (
            labels_of(student, words, classes, seed, student.rig("make_words", words, start))
            for start in (1, 2)
        )
    except StudentFault as fault:
        if fault.kind != "raised":
            raise
        return
    if first != second:
        raise Mistake(
            "The labels depend on the order of a `set` or on `hash`, which another start of Python changes",
            expected="the same words, classes and seed give the same labels, tomorrow too",
            came="other labels when the strings have other hashes",
            why="Python gives a string another hash each time it starts. Whoever runs your notebook again "
            "gets another control task.",
            tries="Go through `sorted(set(words))`, not through `set(words)`.",
            page=EXERCISE,
        )


def exactly_balanced(words, run, classes):
    """Whether no class has more types than another. Chance does that about once in 700 runs or less."""
    labels = list(dict(zip(words, run, strict=True)).values())
    counts = [labels.count(label) for label in range(classes)]
    return max(counts) - min(counts) <= 1


def balanced(words, run, classes):
    """Nothing when the types' labels look drawn: equal shares, and neighbours equal as often as by chance."""
    label_of = dict(zip(words, run, strict=True))
    spread = SIGMAS * (len(label_of) / classes * (1 - 1 / classes)) ** 0.5
    mean = len(label_of) / classes
    for label in range(classes):
        count = list(label_of.values()).count(label)
        if abs(count - mean) > spread:
            raise Mistake(
                "The classes of the control labels are not about equally frequent",
                expected=f"each of the {classes} classes for about {mean:.0f} of {len(label_of)} words",
                came=f"one class has {count}",
                why="With one frequent class, a probe scores well on the control by always naming it.",
                tries="Draw each word's label with equal chances: `rng.integers(classes)`.",
                page=EXERCISE,
            )
    told_apart(label_of, spread, mean)
    for order in (list(label_of), sorted(label_of)):
        labels = [label_of[word] for word in order]
        equal = sum(one == two for one, two in itertools.pairwise(labels))
        if abs(equal - mean) > spread:
            raise Mistake(
                "The control labels follow the order of the words instead of chance",
                expected=f"about {mean:.0f} neighbouring words with the same label",
                came=f"{equal} of them",
                why="A label with a pattern can be learnt without remembering words. Then it controls "
                "nothing.",
                tries="Draw each word's label from the generator, whatever the words before it had.",
                page=EXERCISE,
            )


def told_apart(label_of, spread, mean):
    """Nothing when two spellings of a word are equal as often as by chance."""
    for difference, spell in SPELLINGS.items():
        pairs = [(word, spell(word)) for word in label_of if spell(word) != word and spell(word) in label_of]
        equal = sum(label_of[one] == label_of[two] for one, two in pairs)
        share = len(pairs) / len(label_of)
        if equal > mean * share + spread * share**0.5:
            raise Mistake(
                f"Two strings that differ in {difference} are taken for one word",
                expected=f"about {mean * share:.0f} of {len(pairs)} such pairs have the same label",
                came=f"{equal} of them",
                why="Only two entries that are the same string are one type. `Polish` and `polish` are two, "
                "and each has dice of its own.",
                tries="Take each word as it is, without `lower` or `strip`: `sorted(set(words))`.",
                page=EXERCISE,
            )


@pytest.mark.points(1)
def test_selectivity(student):
    """selectivity is the accuracy on the task minus the accuracy on the control task"""
    function = "selectivity"

    def case(number):
        below = number % 2 == 1  # the task goes worse than the control: the difference is negative

        def make(dice, number=number, below=below):
            train, test = dice.normal(16, 3), dice.normal(20, 3)
            direction = dice.normal(3)
            task = [(rows @ direction > 0).astype(int) for rows in (train, test)]
            control = [dice.integers(2, len(rows)) for rows in (train, test)]
            if below:
                task, control = control, task
            found = {
                (fitted, scored): judge.nearest_accuracy(train, one[0], test, two[1])
                for fitted, one in (("task", task), ("control", control))
                for scored, two in (("task", task), ("control", control))
            }
            right = found["task", "task"] - found["control", "control"]
            if (right < 0) != below:
                return None
            others = [-right, 0.0, *known_numbers(found), found["task", "task"] - found["task", "control"]]
            if number and found["control", "control"]:  # a remainder, which often is the difference
                others.append(found["task", "task"] % found["control", "control"])
            return (train, test, task, control, found) if judge.apart(right, others) else None

        train, test, task, control, found = judge.search(student.seed, f"selectivity {number}", make)
        right = found["task", "task"] - found["control", "control"]
        probe = student.rig("make_probe")
        came = student.call(function, probe, train, test, task, control)
        own, random = known_numbers(found)[:2]
        return (
            number_of(
                came, function, "accuracy on the task minus accuracy on the control, a float", EXERCISE
            ),
            right,
            [
                *lost_sign(right),
                (
                    -right,
                    "The sign of the selectivity is swapped: control minus task",
                    "Subtract the accuracy on the control task from that on the real one.",
                ),
                (
                    own,
                    "The selectivity is the accuracy on the task alone",
                    "Subtract the accuracy on the control.",
                ),
                (
                    random,
                    "The selectivity is the accuracy on the control task alone",
                    "Subtract it from the task's.",
                ),
                (
                    found["task", "task"] - found["task", "control"],
                    "The control's test labels were given to a probe that learnt the real task",
                    "Call `probe` twice: once with both parts of `task`, once with both parts of `control`.",
                ),
                (
                    found["task", "task"] - found["control", "task"],
                    "The probe learnt the control task and was scored on the real one",
                    "Call `probe` twice: once with both parts of `task`, once with both parts of `control`.",
                ),
                (known_numbers(found)[2], "The selectivity is a ratio, not a difference", "Subtract."),
            ],
        )

    compare_all(
        student,
        (case(number) for number in range(4 if student.full else 2)),
        otherwise=(
            "The selectivity is not the difference of the two accuracies",
            "`probe(train_features, train labels, test_features, test labels)`, for the task and for the "
            "control; subtract.",
        ),
        expected="accuracy on the task minus accuracy on the control task",
        why="High selectivity says: the property is in the representation. Near zero says: a probe this "
        "strong could have remembered the words.",
        page=EXERCISE,
    )


def lost_sign(right):
    """A negative difference made zero or positive; a positive one stays."""
    mend = "The selectivity may be negative: return the difference as it is."
    yield max(0.0, right), "A negative selectivity was cut off at 0", mend
    yield abs(right), "The sign of a negative selectivity was lost", mend


def known_numbers(found):
    """The task alone, the control alone, their ratio, the control learnt and the task scored."""
    own, random = found["task", "task"], found["control", "control"]
    return own, random, own / random if random else -9.0, own - found["control", "task"]
