"""Save a model into a folder, and get all of it back."""

import pytest

from autograder.expect import Mistake, describe
from autograder.faults import StudentFault
from autograder.reading import listed, sound
from autograder.suites.pretraining import judge, reading, scratch
from autograder.suites.pretraining.pages import EXERCISE, PRETRAINING, UNKNOWN_WORD

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

SAVE, LOAD = "save_model", "load_model"
SETTINGS = {"vector_size": 8, "window": 2, "min_count": 2, "epochs": 3, "seed": 5, "bucket": 300}
# The vectors of the n-grams are so many numbers that gensim saves them in a file of their own.
LARGE = SETTINGS | {"vector_size": 24, "bucket": 440_000}
FURTHER = 2
KINDS = ("fasttext", "word2vec")


def settings_of(kind, settings=SETTINGS):
    """The settings as the rig wants them."""
    return {name: value for name, value in settings.items() if name != "bucket" or kind == "fasttext"}


def words_of(source, kind):
    return sorted(source.counts) + (source.unknown if kind == "fasttext" else [])


def load(student, folder):
    try:
        model = student.keep(LOAD, folder)
    except StudentFault as fault:
        if fault.kind != "raised" or fault.exception == "NotImplementedError":
            raise
        raise Mistake(
            "What was saved cannot be loaded: one of the files that belong together is missing"
            if ".npy" in fault.message
            else "What was saved cannot be loaded",
            expected="`load_model(folder)` gives the model that `save_model` wrote into this folder or into "
            "the "
            "one it is a copy of",
            came=f"{fault.exception}: {fault.message}",
            why="Pretraining that cannot be loaded has to be done again.",
            tries="Use the folder that was passed, and the same file name in both functions. gensim writes "
            "large arrays into further files beside it: never move one without the others.",
            page=PRETRAINING,
        ) from None
    return reading.returned(model, LOAD, "the model")


def check_vectors(student, model, source, kind, settings):
    """The loaded model's vectors are those that were saved, before the original was trained further."""
    words = words_of(source, kind)
    right = judge.vectors_of(judge.train(source, kind, settings), words)
    report = student.rig("look_up", model, words)
    error = report.get("error") if isinstance(report, dict) else None
    if kind == "fasttext" and isinstance(error, str) and error.startswith("KeyError"):
        raise Mistake(
            "The n-grams are lost: the loaded vectors know only the words that were seen in training",
            expected="the same vectors as before saving, for unknown words too",
            came=error,
            why="In the text format there is one line for each known word, and fastText's n-grams are not "
            "words. What made fastText useful is gone.",
            tries="Save the whole model with `model.save(path)`, not its vectors as text.",
            page=UNKNOWN_WORD,
        )
    came = reading.numbers_of(report, right.shape, "looking up words in the loaded model")
    if judge.same(came, right):
        return
    known = len(source.counts)
    what = "The loaded vectors are not those that were saved"
    if judge.same(came, judge.vectors_of(judge.train(source, kind, settings, further=FURTHER), words)):
        raise Mistake(
            "What was loaded is the model of this session, trained further since, not the saved one",
            expected="the vectors as they were when the model was saved",
            came="the vectors that the original has by now",
            why="Another session has no such model: it has the files and nothing else.",
            tries="Read the files in `load_model`, each time. Keep no model in a variable.",
            page=PRETRAINING,
        )
    if kind == "fasttext" and judge.same(came[:known], right[:known]):
        what = "The n-grams are lost: unknown words have other vectors than before saving"
    raise Mistake(
        what,
        expected="the same vectors as before saving",
        came="other vectors",
        why="What you measured with the model before will not be true of the one that was loaded.",
        tries="Save the whole model with `model.save(path)`, and load that.",
        page=UNKNOWN_WORD,
    )


@pytest.mark.points(1)
def test_same_vectors(student):
    """the loaded model has the same vectors, for known words and for unknown ones"""
    for number in range(2 if student.full else 1):
        for kind in KINDS:
            source = judge.make_source(student.seed, f"save/vectors {kind} {number}")
            settings = LARGE if kind == "fasttext" and number == 0 else SETTINGS
            model = student.rig("train", source.sentences, kind, settings_of(kind, settings))
            with scratch.folder(student) as folder:
                student.keep(SAVE, model, folder)
                student.rig("train_further", model, source.sentences, FURTHER)
                loaded = load(student, folder)
            check_vectors(student, loaded, source, kind, settings)


@pytest.mark.points(1)
def test_train_further(student):
    """one can go on training the loaded model, with the result that the original would give"""
    for number in range(2 if student.full else 1):
        for kind in KINDS:
            source = judge.make_source(student.seed, f"save/further {kind} {number}")
            model = student.rig("train", source.sentences, kind, settings_of(kind))
            with scratch.folder(student) as folder:
                student.keep(SAVE, model, folder)
                loaded = load(student, folder)
            report = student.rig("train_further", loaded, source.sentences, FURTHER)
            error = report.get("error") if isinstance(report, dict) else None
            only_vectors = loaded.type_name in ("KeyedVectors", "FastTextKeyedVectors")
            if isinstance(error, str) and (only_vectors or "syn1neg" in error):
                raise Mistake(
                    "Only the vectors came back, not the model: training cannot go on",
                    expected="the whole model, a `Word2Vec` or a `FastText`",
                    came=f"`{loaded.type_name}`: {error}",
                    why="Going on with the training, on the target's own text for example, needs the output "
                    "weights (`syn1neg`) and the word counts. They are parts of the model, not of "
                    "`model.wv`.",
                    tries="Save and load the model itself: `model.save(path)`, not `model.wv.save(path)`. "
                    "A new model that is given old vectors has none of the rest.",
                    page=PRETRAINING,
                )
            sound(report, "going on with the training", EXERCISE)
            words = sorted(source.counts)
            right = judge.vectors_of(judge.train(source, kind, SETTINGS, further=FURTHER), words)
            came = reading.numbers_of(
                student.rig("look_up", loaded, words), right.shape, "looking up words after further training"
            )
            if judge.same(came, right):
                continue
            raise Mistake(
                "Further training of the loaded model does not lead where it leads with the original",
                expected="the same vectors as if the model had never been saved",
                came="other vectors",
                why="Something that training needs was lost: output weights, word counts, or the state of "
                "the "
                "random numbers.",
                tries="Save and load the model itself: `model.save(path)` keeps all of it.",
                page=PRETRAINING,
            )


@pytest.mark.points(1)
def test_inside_the_folder(student):
    """everything is in the folder: two models do not get in each other's way, and a folder can be moved"""
    for kind in KINDS if student.full else KINDS[:1]:
        sources = [judge.make_source(student.seed, f"save/folder {kind} {number}") for number in range(2)]
        with (
            scratch.room(student),
            scratch.folder(student) as first,
            scratch.folder(student) as second,
        ):
            for folder, source in zip((first, second), sources, strict=True):
                model = student.rig("train", source.sentences, kind, settings_of(kind))
                student.keep(SAVE, model, folder)
                check_files(student.rig("files_in", folder))
                check_beside(student.rig("files_beside"))
            moved = student.rig("move_folder", first)
            try:
                models = [load(student, folder) for folder in (moved, second)]
            finally:
                student.rig("remove_folder", moved)
        for model, source in zip(models, sources, strict=True):
            words = sorted(source.counts)
            right = judge.vectors_of(judge.train(source, kind, SETTINGS), words)
            came = reading.numbers_of(
                student.rig("look_up", model, words), right.shape, "looking up words in the loaded model"
            )
            if judge.same(came, right):
                continue
            raise Mistake(
                "The model that was loaded is not the one that was saved into this folder",
                expected="each folder's own model",
                came="other vectors",
                why="Two models, of two languages perhaps, must not overwrite each other.",
                tries="Make every path from `folder`, in both functions.",
                page=EXERCISE,
            )


def check_files(report):
    sound(report, "looking into the folder", EXERCISE)
    if isinstance(report, list) and report:
        return
    raise Mistake(
        "Nothing was saved into the folder: the model went somewhere else, or nowhere",
        expected="at least one file in the folder that was passed",
        came="an empty folder" if report == [] else describe(report),
        why="Who copies the folder to another machine copies no model. And a fixed file name is overwritten "
        "by "
        "the next model.",
        tries="Make the path from `folder`: `model.save(str(Path(folder, ...)))`.",
        page=EXERCISE,
    )


def check_beside(report):
    sound(report, "looking beside the folder", EXERCISE)
    if report == []:
        return
    names = isinstance(report, list) and all(isinstance(name, str) for name in report)
    raise Mistake(
        "Something was also written outside the folder",
        expected="files in the folder that was passed, and nowhere else",
        came=f"beside it: {listed(report)}" if names else describe(report),
        why="What lies elsewhere is not copied with the folder, fills the disk, and may overwrite another "
        "model's file.",
        tries="Make every path from `folder`. If you need a file for a moment, remove it.",
        page=EXERCISE,
    )
