"""Train word2vec and fastText: the settings that were asked for, and vectors that come from them."""

import pytest

from autograder.expect import Mistake
from autograder.reading import listed, measured, sound
from autograder.suites.pretraining import judge, reading
from autograder.suites.pretraining.pages import EMBEDDING, EXERCISE, PRETRAINING, UNKNOWN_WORD

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "train_vectors"
# Where every common word is frequent enough for gensim's own min_count, and none of the settings is gensim's.
# The first, which the student's own check takes, has none of the notebook's example either.
SETTINGS = (
    {"vector_size": 7, "window": 3, "min_count": 4, "epochs": 7, "seed": 5, "bucket": 300},
    {"vector_size": 6, "window": 2, "min_count": 2, "epochs": 4, "seed": 11, "bucket": 500},
)
KINDS = {"word2vec": "Word2Vec", "fasttext": "FastText"}


def trained(student, source, kind, settings):
    """The student's model, still over there, and what the rig says of it."""
    corpus = student.rig("make_corpus", source.sentences)
    model = student.keep(FUNCTION, corpus, kind, **settings)
    return reading.returned(model, FUNCTION, "the trained model")


@pytest.mark.points(1)
def test_model_and_vocabulary(student):
    """the model is of the kind that was asked for, and knows the words that are frequent enough"""
    for number in range(3 if student.full else 1):
        source = judge.make_source(student.seed, f"train/vocabulary {number}", rare=True)
        for kind, name in KINDS.items():
            settings = SETTINGS[0] | {"min_count": 2 + number, "epochs": 2}
            model = trained(student, source, kind, settings)
            doing = "looking at the trained model"
            report = sound(student.rig("describe_model", model), doing, EXERCISE)
            report = report if isinstance(report, dict) else {}
            vocabulary = reading.listed_items(
                report.get("vocabulary"), doing, "a list of words", lambda word: isinstance(word, str)
            )
            check_kind(report.get("kind"), name, kind, report.get("workers"))
            wanted = {word for word, count in source.counts.items() if count >= settings["min_count"]}
            if sorted(vocabulary) != sorted(wanted):
                check_vocabulary(student, set(vocabulary), wanted, source, settings["min_count"])
            vectors = student.rig("look_up", model, sorted(wanted))
            shape = getattr(vectors, "shape", None)
            if shape is not None and len(shape) == 2 and shape[1] != settings["vector_size"]:
                raise Mistake(
                    "`vector_size` was ignored: the vectors have another size",
                    expected=f"{settings['vector_size']} numbers for each word",
                    came=f"{shape[1]} numbers",
                    why="The size decides about memory and time, and what the vectors can hold.",
                    tries="Give `vector_size=vector_size` to gensim.",
                    page=EMBEDDING,
                )
            reading.numbers_of(
                vectors, (len(wanted), settings["vector_size"]), "looking up the words' vectors"
            )


def check_kind(came, name, kind, workers):
    if came != name:
        lost = came in ("KeyedVectors", "FastTextKeyedVectors")
        raise Mistake(
            "Only the vectors are returned, not the model"
            if lost
            else f'The model is not the one that `kind="{kind}"` asks for',
            expected=f"a `{name}`",
            came=came if isinstance(came, str) else "something else",
            why="Only the whole model can be trained further, and only fastText knows unseen words.",
            tries='`FastText` for `"fasttext"`, `Word2Vec` for `"word2vec"`; return the model itself.',
            page=PRETRAINING,
        )
    if workers != 1:
        raise Mistake(
            "The model was trained with several threads: the same seed will not give the same vectors",
            expected="`workers=1`",
            came=f"workers={workers}" if isinstance(workers, int) else "another number of workers",
            why="Threads learn the sentences in an order that is another one in each run.",
            tries="Give `workers=1` to gensim.",
            page=EXERCISE,
        )


def check_vocabulary(student, came, wanted, source, least):
    """Say what is wrong with a vocabulary that is not the wanted one."""

    def at_least(count):
        return {word for word, number in source.counts.items() if number >= count}

    what, tries = "The model does not know the words that occur often enough", "Give the corpus as it is."
    if came == at_least(5):
        what, tries = (
            "`min_count` was ignored: gensim's own, 5, was used",
            "Give `min_count=min_count` to gensim.",
        )
    elif came == at_least(1):
        what, tries = (
            "`min_count` was ignored: every word has a vector",
            "Give `min_count=min_count` to gensim.",
        )
    elif came in (at_least(least + 1), at_least(least - 1)):
        what = "`min_count` is off by one"
        tries = "A word that occurs exactly `min_count` times has a vector."
    elif came and all(len(word) == 1 for word in came):
        what, tries = (
            "The model was trained on letters: it was given texts where lists of words are needed",
            "A sentence is a list of tokens. Do not join them.",
        )
    extra, missing = sorted(came - wanted), sorted(wanted - came)
    words = [f"too many: {listed(extra)}"] if extra else []
    words += [f"missing: {listed(missing)}"] if missing else []
    raise Mistake(
        what,
        expected=f"the words that occur at least {least} times",
        came=measured(student, "; ".join(words) or "words twice", "other words"),
        why="A word that was seen once has a vector that is mostly chance. A word that is left out has none.",
        tries=tries,
        page=EMBEDDING,
    )


def mistakes(source, kind, settings):
    """Where known mistakes lead: a trained model, and the words."""

    def model(**options):
        return judge.train(source, kind, settings, **options)

    yield (
        model(passes=0),
        "The vectors are still the random ones of the start: nothing was trained",
        "`build_vocab` only counts the words. `train` must follow.",
    )
    yield (
        model(passes=2),
        "The model was trained twice: by the constructor, and then again by `train`",
        "A constructor that is given the corpus trains at once. Then do not call `train`.",
    )
    yield (
        model(window=5),
        "`window` was ignored: gensim's own, 5, was used",
        "Give `window=window` to gensim.",
    )
    yield (
        model(epochs=5),
        "`epochs` was ignored: gensim's own, 5, was used",
        "Give `epochs=epochs` to gensim.",
    )
    for epochs in (settings["epochs"] + 1, settings["epochs"] - 1):
        yield (
            model(epochs=epochs),
            f"The model was trained for {epochs} epochs instead of {settings['epochs']}",
            "Give gensim the number of epochs as it is.",
        )
    yield model(seed=1), "`seed` was ignored: gensim's own, 1, was used", "Give `seed=seed` to gensim."
    yield (
        model(sg=1),
        "The model was trained as skip-gram (`sg=1`)",
        "Leave all other settings as gensim has them.",
    )
    yield (
        model(min_count=5),
        "`min_count` was ignored: gensim's own, 5, was used",
        "Give `min_count=min_count` to gensim.",
    )
    if kind == "fasttext":
        yield (
            model(bucket=2_000_000),
            "`bucket` was ignored: gensim's own two million were used",
            "Give `bucket=bucket` to `FastText`.",
        )


def compare(student, kind, label):
    """The vectors of all words, and of unknown ones for fastText, against gensim's with these settings."""
    for number in range(3 if student.full else 1):
        source = judge.make_source(student.seed, f"train/{label} {number}")
        settings = SETTINGS[number % len(SETTINGS)]
        words = sorted(source.counts) + (source.unknown if kind == "fasttext" else [])
        model = trained(student, source, kind, settings)
        report = student.rig("look_up", model, words)
        error = report.get("error") if isinstance(report, dict) else None
        if kind == "fasttext" and isinstance(error, str) and error.startswith("KeyError"):
            raise Mistake(
                "The model has no vectors for words that it has not seen",
                expected="fastText: a vector for any word, from its n-grams",
                came=error,
                why="That is what fastText is for: a name or a misspelling in the target need not be lost.",
                tries='Use `FastText` when `kind` is `"fasttext"`.',
                page=UNKNOWN_WORD,
            )
        right = judge.vectors_of(judge.train(source, kind, settings), words)
        came = reading.numbers_of(report, right.shape, "looking up the words' vectors")
        if judge.same(came, right):
            continue
        what, tries = (
            "The vectors are not those that these settings lead to",
            "Give gensim all settings under their own names, `workers=1`, and nothing else.",
        )
        for wrong, known, mend in mistakes(source, kind, settings):
            if judge.same(came, judge.vectors_of(wrong, words)):
                what, tries = known, mend
                break
        raise Mistake(
            what,
            expected=", ".join(f"{name}={settings[name]}" for name in judge.SETTINGS)
            + (f", bucket={settings['bucket']}" if kind == "fasttext" else "")
            + ", everything else as gensim has it",
            came="vectors of other settings",
            why="A setting that was ignored raises no error. Others who repeat the training with the "
            "settings "
            "that you report get another model.",
            tries=tries,
            page=PRETRAINING,
        )


@pytest.mark.points(1)
def test_word2vec(student):
    """word2vec's vectors are those that the settings lead to"""
    compare(student, "word2vec", "word2vec")


@pytest.mark.points(1)
def test_fasttext(student):
    """fastText's vectors are those that the settings lead to, for unseen words too"""
    compare(student, "fasttext", "fasttext")
