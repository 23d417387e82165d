# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Embeddings: from vectors of words to features of texts
#
# *75 to 90 minutes. 19 points from checks, 3 points from your written answer.*
#
# Somebody has trained vectors on billions of words. You have a handful of labelled texts. This notebook takes you from the
# one to the other: from vectors of words to one vector for a text, from there to a classifier, and from one accuracy to an
# honest curve. The curve has a rival that knows nothing but your labels, and that is tuned with as much care as the rest.
# Will transfer win?
#
# **Afterwards you can**
#
# 1. make one vector of a text by mean pooling, and say what happens to **out-of-vocabulary** words;
# 2. build a vector for a word that nobody has seen, from its character n-grams, as fastText does;
# 3. let rare words count more, with weights that need no label;
# 4. train a classifier on **frozen** features so that nothing leaks from the texts it is tried on;
# 5. draw a **label efficiency** curve over several seeds, against a **baseline** that deserves the name.
#
# **You need** Python, NumPy, and a first acquaintance with scikit-learn: `fit`, `transform`, `predict_proba`.

# %% [markdown]
# ## How this notebook works
#
# There are six tasks. Each has a cell with unfinished code. Write yours in place of `raise NotImplementedError()`, run
# the cell, then run the check cell below it. A check takes about a second. When something is wrong, it says what was
# expected, what came, why it matters and what to try.
#
# | task | what you write | points |
# |---|---|---|
# | 1 | `mean_vector(tokens, vectors)` | 3 |
# | 2 | `ngrams(word, ...)` and `subword_vector(word, ...)` | 3 |
# | 3 | `idf(documents)` and `weighted_mean(tokens, ...)` | 4 |
# | 4 | `classify(train_features, ...)` | 3 |
# | 5 | `label_subsets(labels, sizes, seed)` | 3 |
# | 6 | `tuned_baseline(train_texts, ...)` | 3 |
# | 7 | a written answer, read by your teacher | 3 |
#
# *How it is graded.* The same checks run again on what you hand in, with other random inputs and more of them. So keep
# the names and the arguments, and write what the text asks for, not what one check happens to show. Leave what you are
# given as it is, unless the text says that it changes. You may add cells. The tasks count one by one: no task needs
# your answer to another. Cells marked *demo* are for you and are not run when your work is graded.

# %% tags=["demo"]
# Installs the course where it is missing, on Colab for example, and fetches the data of this notebook, once.
import importlib.util
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("autograder") is None:
    wheels = sorted(Path().glob("transfer_learning_course-*.whl"))
    if not wheels:
        raise FileNotFoundError(
            "Put the file of the bundle that ends in .whl beside this notebook (on Colab: among the "
            "session's files). Then run this cell again."
        )
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", str(wheels[-1])], check=True
    )
    importlib.invalidate_caches()

from transfer_learning.assets.__main__ import main as assets

_ = assets(["fetch", "newsgroups", "glove-6b-50d"])

# %% nbgrader={"grade": false, "grade_id": "set-up", "locked": true, "schema_version": 3, "solution": false}
import numpy as np
from gensim.models import KeyedVectors
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_val_score  # noqa: F401
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autograder import checks

check = checks("embeddings")

# %% [markdown]
# ## The idea
#
# An **embedding** is a vector that stands for a word (or a sentence, or a photo), such that similar things are near each
# other. GloVe, word2vec and fastText learn one vector for each word from large amounts of text that nobody labelled. That is
# the **source**. Your **target** is a few labelled texts.
#
# ```text
#   "the orbit of the moon"  ->  tokens  ->  a vector for each  ->  pooling  ->  ONE vector  ->  scaler, classifier
#                                            (frozen)               (task 1-3)                   (learn from labels)
# ```
#
# A text has many words and a classifier wants one row of numbers. Making one vector of many is called **pooling**. The
# vectors themselves stay as they are, **frozen**: this is *feature extraction*. Only the last box learns.
#
# Here are four words with vectors of two numbers, to try things on.

# %%
small_vectors = KeyedVectors(2)
small_vectors.add_vectors(
    ["sun", "moon", "faith", "god"],
    np.array([[1.0, 0.0], [0.0, 4.0], [-2.0, 1.0], [-3.0, 0.0]], dtype=np.float32),
)
print("moon" in small_vectors, "pluto" in small_vectors, small_vectors["moon"])

# %% [markdown]
# ## Task 1: the mean of the words
#
# **Why.** The course that this one follows made its features with `model.wv[whole_text]`. It looks up the whole article as
# *one* word. GloVe would raise a `KeyError`. But that course used fastText, which has an answer to every string: it took
# each article for a single, very long, unknown word, and nobody noticed. No error is not the same as no mistake.
#
# **What.** `tokens` is a list of words, a text that was split already. `vectors` behaves as in the cell above:
# `word in vectors`, `vectors[word]`, `vectors.vector_size`. Return the **mean** of the words' vectors.
#
# * Every occurrence counts. A word that comes three times counts three times.
# * A word for which `word in vectors` is `False` is *out-of-vocabulary*. It is left out: it neither adds to the sum, nor
#   counts in the number one divides by.
# * When no word is left, or there was none to begin with, return zeros. The mean of nothing is `nan`, and a single `nan`
#   makes every later step fail.
# * The vectors are taken as they are. (gensim's `get_mean_vector` scales each one to length 1 unless it is told not to.)
#
# Return a NumPy array of shape `(vectors.vector_size,)`.
#
# **Example.** `mean_vector(["sun", "moon", "sun", "pluto", "moon"], small_vectors)` is `[0.5, 2.0]`, and
# `mean_vector(["pluto"], small_vectors)` is `[0.0, 0.0]`.


# %% nbgrader={"grade": false, "grade_id": "mean_vector-solution", "locked": false, "schema_version": 3, "solution": true}
def mean_vector(tokens, vectors):
    """The mean of the vectors of a text's words.

    Args:
        tokens: a list of str.
        vectors: gensim's vectors: ``word in vectors``, ``vectors[word]``, ``vectors.vector_size``.

    Returns:
        An array of floats ``(vectors.vector_size,)``. Words that are not in ``vectors`` are left
        out; without any other it is all zeros.
    """
    ### BEGIN SOLUTION
    known = [vectors[word] for word in tokens if word in vectors]
    return np.mean(known, axis=0) if known else np.zeros(vectors.vector_size)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "mean_vector", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("mean_vector")

# %% [markdown]
# ## Task 2: a vector for a word that nobody has seen
#
# **Why.** Every text has names, misspelt words and new coinages. fastText has a vector for each of them, because it
# also learns vectors of *pieces* of words. A word it has never seen is the mean of its pieces: `moonbase` shares pieces
# with `moon` and with `base`.
#
# **What.** Write two functions.
#
# `ngrams(word, shortest, longest)`
#
# * First mark the word: put `<` before it and `>` behind it. So the piece `<un`, a beginning, is another than the `un` in
#   `sunny`.
# * A *character n-gram* is a piece of `n` neighbouring characters of the marked word. Return all of them, for every `n` from
#   `shortest` to `longest`, **both included**, as a list of `str`.
# * In any order. A piece that occurs twice is in the list twice. Only whole pieces count: a word that is too short for
#   some `n` has none of that length.
#
# `subword_vector(word, vectors, shortest, longest)`
#
# * `vectors` now holds vectors of n-grams. Return the mean of the vectors of the word's n-grams, every occurrence counted.
# * As in task 1, n-grams without a vector are left out, and when none is left the result is zeros.
#
# (fastText does not keep a table of all n-grams. It has a fixed number of rows and computes from the n-gram which of
# them is its own, so that two n-grams may share a row.)
#
# **Example.** `ngrams("moon", 3, 4)` is, in some order, `["<mo", "moo", "oon", "on>", "<moo", "moon", "oon>"]`, and
# `ngrams("a", 3, 4)` is `["<a>"]`.


# %% nbgrader={"grade": false, "grade_id": "subword_vector-solution", "locked": false, "schema_version": 3, "solution": true}
def ngrams(word, shortest, longest):
    """The character n-grams of a word with boundary marks.

    Args:
        word: a str.
        shortest, longest: the lengths, both included; at least 1.

    Returns:
        A list of str, in any order; what occurs twice is in it twice.
    """
    ### BEGIN SOLUTION
    marked = f"<{word}>"
    return [
        marked[start : start + length]
        for length in range(shortest, longest + 1)
        for start in range(len(marked) - length + 1)
    ]
    ### END SOLUTION canary-solution-9d02f6a8


def subword_vector(word, vectors, shortest, longest):
    """The mean of the vectors of a word's n-grams.

    Args:
        word: a str.
        vectors: vectors of n-grams: ``piece in vectors``, ``vectors[piece]``, ``vectors.vector_size``.
        shortest, longest: as in ``ngrams``.

    Returns:
        An array of floats ``(vectors.vector_size,)``. N-grams that are not in ``vectors`` are left
        out; without any other it is all zeros.
    """
    ### BEGIN SOLUTION
    known = [
        vectors[piece] for piece in ngrams(word, shortest, longest) if piece in vectors
    ]
    return np.mean(known, axis=0) if known else np.zeros(vectors.vector_size)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "subword_vector", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("subword_vector")

# %% [markdown]
# ## Task 3: rare words count more
#
# **Why.** In the mean of a post's words, `the`, `of` and `to` have most of the votes, and they say nothing about its topic.
# A word that is in every document distinguishes none of them. Its *inverse document frequency* says so:
#
# $$\operatorname{idf}(w) = \ln \frac{1 + n}{1 + \operatorname{df}(w)} + 1$$
#
# Here $n$ is the number of documents, and $\operatorname{df}(w)$ is how many of them contain $w$. (The ones make it *smooth*;
# this is scikit-learn's formula.) It needs no labels, but it is *learnt* all the same: from the training documents, and from
# no others.
#
# **What.** Write two functions.
#
# `idf(documents)`
#
# * `documents` is a list of documents, each of them a list of words. Return a dictionary from **every** word in them to
#   its idf, a float.
# * A document that has a word five times still contains it once.
#
# `weighted_mean(tokens, vectors, weights, default)`
#
# * As in task 1, but each word's vector counts with its weight: the sum of weight times vector, **divided by the sum
#   of the weights**. Every occurrence counts in both sums.
# * `weights` is a dictionary like that of `idf`. A word that is not in it has the weight `default`. (A new text has words
#   that no training document had. GloVe may well know them: that is what one hopes to get from the source.)
# * A word that is not in `vectors` is left out of both sums.
# * When the sum of the weights is 0, because no word is left or because `default` is 0, return zeros. Weights are never
#   negative.
#
# **Example.** `idf([["sun", "moon", "sun"], ["moon"]])` gives `moon` the weight 1.0 and `sun` about 1.405. With the
# vectors above, `weighted_mean(["sun", "moon", "pluto"], small_vectors, {"sun": 3.0}, 1.0)` is `[0.75, 1.0]`.


# %% nbgrader={"grade": false, "grade_id": "weighted_mean-solution", "locked": false, "schema_version": 3, "solution": true}
def idf(documents):
    """The smooth inverse document frequency of every word.

    Args:
        documents: a list of lists of str.

    Returns:
        A dictionary: word to ``log((1 + n) / (1 + df)) + 1``, a float.
    """
    ### BEGIN SOLUTION
    frequency = {}
    for document in documents:
        for word in set(document):
            frequency[word] = frequency.get(word, 0) + 1
    n = len(documents)
    return {word: float(np.log((1 + n) / (1 + df)) + 1) for word, df in frequency.items()}
    ### END SOLUTION canary-solution-9d02f6a8


def weighted_mean(tokens, vectors, weights, default):
    """The weighted mean of the vectors of a text's words.

    Args:
        tokens: a list of str.
        vectors: gensim's vectors.
        weights: a dictionary from words to weights, none of them negative.
        default: the weight of a word that is not in ``weights``.

    Returns:
        An array of floats ``(vectors.vector_size,)``. Words that are not in ``vectors`` are left
        out; when the sum of the weights is 0 it is all zeros.
    """
    ### BEGIN SOLUTION
    total, weight_sum = np.zeros(vectors.vector_size), 0.0
    for word in tokens:
        if word in vectors:
            weight = weights.get(word, default)
            total += weight * vectors[word]
            weight_sum += weight
    return total / weight_sum if weight_sum > 0 else total
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "weighted_mean", "locked": true, "points": 4, "schema_version": 3, "solution": false}
check("weighted_mean")

# %% [markdown]
# ## Task 4: a classifier on frozen features
#
# **Why.** The numbers of an embedding have quite different scales. Logistic regression pulls all its weights towards zero
# with the same force, so a feature with small numbers, which needs a large weight, is at a disadvantage. A *scaler* mends
# that: from each feature it subtracts the mean, and divides by the standard deviation.
#
# But whose mean? The scaler *learns* two numbers for each feature. If it learns them from the new texts as well, your
# result depends on texts that do not exist yet when the model is in use. This is called **leakage**. Here it looks harmless.
# It is the same habit that ruins results elsewhere.
#
# **What.** Write `classify(train_features, train_labels, new_features, strength)`.
#
# * Fit a `StandardScaler` on the training features, and on nothing else. Scale both sets of features with it.
# * Fit a `LogisticRegression` with `C=strength` and `max_iter=1000` on the scaled training features; all its other
#   settings as they come. (`C` is the strength of the *data*: the smaller it is, the harder the weights are pulled to 0.)
# * Return the probabilities for the new features: an array of shape `(new texts, classes)`. Column `k` is the probability
#   of class `k`.
#
# The labels are whole numbers 0, 1, ..., each of them present in the training set, and there may be more than two
# classes. There may be only one new text. A feature may be the same in all training rows: `StandardScaler` then divides by 1.
#
# **Example.**
#
# ```python
# rows = np.array([[0.0, 10.0], [1.0, 10.0], [5.0, 30.0], [6.0, 20.0]])
# print(classify(rows, np.array([0, 0, 1, 1]), np.array([[5.0, 25.0]]), 1.0).round(2))
# ```
#
# prints `[[0.22 0.78]]`.


# %% nbgrader={"grade": false, "grade_id": "classify-solution", "locked": false, "schema_version": 3, "solution": true}
def classify(train_features, train_labels, new_features, strength):
    """Scaler and logistic regression, learnt from the training rows.

    Args:
        train_features: float array ``(n, size)``.
        train_labels: int array ``(n,)``: 0, 1, ..., classes - 1.
        new_features: float array ``(m, size)``.
        strength: the C of the logistic regression.

    Returns:
        Probabilities ``(m, classes)``: column k is that of class k.
    """
    ### BEGIN SOLUTION
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    return model.fit(train_features, train_labels).predict_proba(new_features)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "classify", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("classify")

# %% [markdown]
# ## Task 5: which labels?
#
# **Why.** What a pretrained model saves is labels. So one does not ask "how good is it?" but "how good is it *with 20, with
# 40, with 80 labels?*" That is a **label efficiency** curve. Which 20? If chance alone decides, then a subset
# may hold two texts of one class, and the curve shows that accident. Three rules make it readable:
#
# * **stratified**: each class has its share, as in the whole;
# * **nested**: the 40 contain the 20. Then, from one point to the next, only the number of labels changes;
# * **seeded**: the same seed gives the same subsets, another seed gives others. One curve is an accident; several show how
#   much of one.
#
# **What.** Write `label_subsets(labels, sizes, seed)`.
#
# * `labels` is an int array of two or three classes, `sizes` a list of whole numbers in rising order, none larger than
#   `len(labels)`. `seed` is a whole number.
# * Return a list with an array of whole numbers, the indices, for each size. An index is a place in `labels`; none is
#   in a subset twice. The order within a subset does not matter.
# * *Stratified*, exactly: of a subset of size $s$, a class with the share $p$ of all labels has $s \cdot p$ members, **rounded up
#   or down**.
# * Every place in `labels` can be chosen. Draw with `rng = np.random.default_rng(seed)` (or any generator that you seed).
#
# *How can all of that be true at once?* Make **one** order of all places, in which the classes are mixed evenly from the
# beginning, and take the first `size` of it. To mix evenly: shuffle each class by itself, and give its $i$-th member
# ($i$ = 0, 1, ...) the mark $(i + 0.5) / n$, where $n$ is the size of that class. Then sort all places by their marks.
#
# **Example.** `label_subsets(np.array([0, 0, 0, 0, 1, 1]), [3, 6], seed=0)` gives two arrays. The first has two places
# from 0 to 3 and one of 4 and 5. The second has all six.


# %% nbgrader={"grade": false, "grade_id": "label_subsets-solution", "locked": false, "schema_version": 3, "solution": true}
def label_subsets(labels, sizes, seed):
    """Nested, stratified subsets of the labels, drawn from a seed.

    Args:
        labels: int array ``(n,)``.
        sizes: a list of int in rising order, none larger than n.
        seed: an int.

    Returns:
        A list: for each size an array of as many different places in ``labels``.
    """
    ### BEGIN SOLUTION
    chance = np.random.default_rng(seed)
    marks = np.empty(len(labels))
    for kind in np.unique(labels):
        places = chance.permutation(np.flatnonzero(labels == kind))
        marks[places] = (np.arange(len(places)) + 0.5) / len(places)
    order = np.argsort(marks)
    return [order[:size] for size in sizes]
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "label_subsets", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("label_subsets")

# %% [markdown]
# ## Task 6: a baseline that deserves the name
#
# **Why.** A new method is compared with a **baseline**. The easiest way to look good is to take a bad one: yesterday's
# classifier, with the settings it happens to have. So tune it. But tune it on what? Never on the test texts: whoever tries
# ten settings on them and reports the best has let them into the training. **Cross-validation** stays inside the training
# texts: it holds one part, a *fold*, out, trains on the others, measures on the fold, and does that for each fold.
#
# The trap: TF-IDF learns, too. It learns *which words there are* and how rare they are. If it was fitted once on all training
# texts, then it knows the held-out fold already. It belongs **inside**: fitted anew for each fold. In scikit-learn that is
# what a pipeline does by itself.
#
# **What.** Write `tuned_baseline(train_texts, train_labels, folds, test_texts, strengths)`.
#
# 1. The model: `TfidfVectorizer()` and then `LogisticRegression(C=..., max_iter=1000)`, all other settings as they
#    come. No scaler: TF-IDF rows have length 1 already.
# 2. `folds` is an int array: `folds[i]` is the fold of training text `i`. All folds have equally many texts. For each C in
#    `strengths`, and for each fold: train the whole model, vectoriser and classifier, on the texts of the *other* folds, and
#    compute the **log loss** on the fold. The C's loss is the mean over the folds.
# 3. The best C is the one with the smallest loss. Train the whole model once more with it, on *all* training texts.
# 4. Return three things: `(losses, best, probabilities)`.
#    * `losses`: one for each of `strengths`, in that order (it need not be rising).
#    * `best`: the chosen C.
#    * `probabilities` for the test texts, shape `(test texts, 2)`.
#
# The log loss is $-\ln p$, averaged over texts, where $p$ is the probability that the model gave to the right class. It is
# small when the model is right and sure of it, and large when it is wrong and sure of it. An accuracy on a fold of ten texts can
# only take eleven values, so it often cannot tell two settings apart. `PredefinedSplit(folds)` is a `cv` that goes
# through the folds, and the `scoring` named `"neg_log_loss"` is *minus* the log loss.
#
# **Example.**
#
# ```python
# texts = ["moon orbit", "god faith", "orbit rocket", "faith belief", "rocket moon", "belief god"]
# labels, folds = np.array([1, 0, 1, 0, 1, 0]), np.array([0, 0, 1, 1, 2, 2])
# print(tuned_baseline(texts, labels, folds, ["moon"], [0.1, 10.0]))
# ```
#
# gives losses of about 0.67 and 0.20, the best C 10.0, and a probability of about 0.82 for class 1.


# %% nbgrader={"grade": false, "grade_id": "tuned_baseline-solution", "locked": false, "schema_version": 3, "solution": true}
def tuned_baseline(train_texts, train_labels, folds, test_texts, strengths):
    """TF-IDF and logistic regression, its C chosen by cross-validation inside the training texts.

    Args:
        train_texts, test_texts: lists of str.
        train_labels: int array of 0s and 1s.
        folds: int array, the fold of each training text; all folds are of one size.
        strengths: a list of float, the values of C to try.

    Returns:
        losses: for each C its log loss on held-out folds, averaged over the folds.
        best: the C with the smallest loss.
        probabilities: ``(test texts, 2)``, from a model with that C and all training texts.
    """
    ### BEGIN SOLUTION
    search = GridSearchCV(
        make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)),
        {"logisticregression__C": strengths},
        cv=PredefinedSplit(folds),
        scoring="neg_log_loss",
    )
    search.fit(train_texts, train_labels)
    losses = -search.cv_results_["mean_test_score"]
    best = search.best_params_["logisticregression__C"]
    return losses, best, search.predict_proba(test_texts)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "tuned_baseline", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("tuned_baseline")

# %% [markdown]
# ## Put it together: words that GloVe does not know
#
# *Demo: the cells of this section and the next use your functions and are not graded. All together they take about a
# minute.*
#
# The vectors are GloVe's, trained on Wikipedia and newswire. The texts are posts to two newsgroups of 1993: is a post
# about atheism or about space? Every post is cut to its first 60 words, for every method, so that all see the same.
#
# If the data are not on your machine yet, run `!python -m transfer_learning.assets fetch` in a cell.

# %% tags=["demo"]
import time
from collections import Counter

import matplotlib.pyplot as plt
import torch

from transfer_learning.datasets import load_newsgroups
from transfer_learning.evaluation import balanced_accuracy, mean_interval
from transfer_learning.models import load_text_encoder, load_word_vectors

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#555555"

glove = load_word_vectors(limit=100_000)
posts = load_newsgroups(classes=("alt.atheism", "sci.space"))


def some_of(split, count):
    """The first 60 words and the labels of ``count`` posts of a split, drawn at random."""
    part = posts.part(split)
    chosen = np.random.default_rng(0).permutation(len(part.texts))[:count]
    texts = [part.texts[index].split()[:60] for index in chosen]
    return texts, np.asarray(part.labels)[chosen]


train_tokens, train_labels = some_of("train", 150)
test_tokens, test_labels = some_of("test", 200)
counts = Counter(word for tokens in train_tokens for word in tokens)
unknown = [word for word, _ in counts.most_common() if word not in glove]
share = sum(counts[word] for word in unknown) / counts.total()
print(f"{len(counts)} different words; {len(unknown)} of them, {share:.1%} of all tokens,")
print("have no vector. The most frequent:", ", ".join(unknown[:15]))

# %% [markdown]
# Can pieces help? We have no fastText model here, so we make vectors of n-grams by a simple recipe: the vector of an n-gram is
# the mean of the vectors of the frequent words that contain it. (First the mean of all words is subtracted. All word vectors
# share a large part, and it would drown the rest.) Then your `subword_vector` makes words of pieces. Which words of GloVe are
# nearest to some that nobody gave a vector to?

# %% tags=["demo"]
frequent = glove.index_to_key[:30_000]
units = glove.vectors[:30_000] - glove.vectors[:30_000].mean(axis=0)
units /= np.linalg.norm(units, axis=1, keepdims=True)
sums, number = {}, Counter()
for word, unit in zip(frequent, units, strict=True):
    for piece in set(ngrams(word, 3, 5)):
        sums[piece] = sums.get(piece, 0) + unit
        number[piece] += 1
piece_vectors = KeyedVectors(glove.vector_size)
piece_vectors.add_vectors(
    list(sums), np.stack([total / number[piece] for piece, total in sums.items()])
)
for word in (
    "moonbase",
    "theists",
    "spacelab",
    "astronomicaly",
    "religous",
    "bmd",
    "zzxqj",
):
    vector = subword_vector(word, piece_vectors, 3, 5)
    found = [frequent[index] for index in np.argsort(-units @ vector)[:6]]
    known = "in GloVe, too" if word in glove else "not in GloVe"
    print(
        f"{word:>14} ({known}):",
        ", ".join(found) if vector.any() else "no piece of it is known",
    )

# %% [markdown]
# Pieces carry what a word is made of: its stem, its prefix, its ending. They help with a compound, and often with a misspelt
# word. Of an acronym they know only the letters, and those say nothing about its meaning. The list of neighbours does not
# tell you which case you have. An answer is no proof of understanding.

# %% [markdown]
# ## Put it together: who needs how many labels?
#
# *Demo.* Four ways to the same task:
#
# * **mean of GloVe**: your `mean_vector` and `classify`;
# * **IDF-weighted GloVe**: your `idf`, learnt from the training posts, `weighted_mean` and `classify`;
# * **MiniLM**, frozen: a small BERT that was trained further to make vectors of whole sentences; then your `classify`;
# * **TF-IDF**, tuned: your `tuned_baseline`. It knows nothing but the labelled posts.
#
# First the features. They need no labels, so each post is embedded once; MiniLM takes the longest.

# %% tags=["demo"]
start = time.perf_counter()
weights = idf(train_tokens)
rarest = max(weights.values())
encoder = load_text_encoder().requires_grad_(False)
encoder.max_tokens = 88


def encode(tokens):
    """MiniLM's vectors, 20 posts at a time."""
    texts = [" ".join(words) for words in tokens]
    batches = [texts[begin : begin + 20] for begin in range(0, len(texts), 20)]
    return torch.cat([encoder(batch) for batch in batches]).numpy()


features = {
    "mean of GloVe": [
        np.stack([mean_vector(words, glove) for words in tokens])
        for tokens in (train_tokens, test_tokens)
    ],
    "IDF-weighted GloVe": [
        np.stack([weighted_mean(words, glove, weights, rarest) for words in tokens])
        for tokens in (train_tokens, test_tokens)
    ],
    "MiniLM, frozen": [encode(train_tokens), encode(test_tokens)],
}
print(
    f"embedded {len(train_tokens) + len(test_tokens)} posts in {time.perf_counter() - start:.0f} s"
)

# %% [markdown]
# Now the curves. To be fair, *every* method chooses its C in the same way: three values, three folds, log loss, inside the
# labels it was given. The test posts decide nothing.

# %% tags=["demo"]
SIZES, SEEDS = [12, 24, 48, 96, 144], range(6)
train_texts = [" ".join(words) for words in train_tokens]
test_texts = [" ".join(words) for words in test_tokens]


def folds_of(labels):
    """Three folds; the members of each class take turns."""
    order = np.argsort(labels, kind="stable")
    folds = np.empty(len(labels), dtype=int)
    folds[order] = np.arange(len(labels)) % 3
    return folds


def tuned_classify(rows, labels, new_rows, strengths=(0.001, 0.01, 0.1)):
    """``classify`` with the C that has the smallest log loss on held-out folds."""
    folds, losses = folds_of(labels), []
    for strength in strengths:
        chances = np.empty(len(labels))
        for fold in range(3):
            own = folds == fold
            found = classify(rows[~own], labels[~own], rows[own], strength)
            chances[own] = found[np.arange(own.sum()), labels[own]]
        losses.append(-np.log(chances).mean())
    return classify(rows, labels, new_rows, strengths[int(np.argmin(losses))])


start = time.perf_counter()
scores = {name: np.zeros((len(SEEDS), len(SIZES))) for name in [*features, "TF-IDF, tuned"]}
for seed in SEEDS:
    for place, chosen in enumerate(label_subsets(train_labels, SIZES, seed)):
        labels = train_labels[chosen]
        said = {
            name: tuned_classify(rows[chosen], labels, test_rows)
            for name, (rows, test_rows) in features.items()
        }
        chosen_texts = [train_texts[index] for index in chosen]
        said["TF-IDF, tuned"] = tuned_baseline(
            chosen_texts, labels, folds_of(labels), test_texts, [1.0, 10.0, 100.0]
        )[2]
        for name, chances in said.items():
            scores[name][seed, place] = balanced_accuracy(
                test_labels, chances.argmax(axis=1)
            )
print(
    f"{len(SEEDS) * len(SIZES) * len(scores)} tuned classifiers in {time.perf_counter() - start:.0f} s"
)

# %% tags=["demo"]
LOOKS = {
    "mean of GloVe": (BLUE, "o", "-"),
    "IDF-weighted GloVe": (GREEN, "s", "--"),
    "MiniLM, frozen": (ORANGE, "D", "-"),
    "TF-IDF, tuned": (GREY, "^", ":"),
}
figure, axis = plt.subplots(figsize=(8, 4.2), layout="constrained")
for shift, (name, (colour, marker, line)) in enumerate(LOOKS.items()):
    found = [mean_interval(list(column)) for column in scores[name].T]
    means = np.array([interval.mean for interval in found])
    errors = [
        means - [interval.low for interval in found],
        [interval.high for interval in found] - means,
    ]
    places = np.array(SIZES) * 1.03 ** (shift - 1.5)
    axis.errorbar(
        places, means, errors, color=colour, marker=marker, ls=line, capsize=3, label=name
    )
    print(
        f"{name:>20}:",
        "  ".join(f"{size}: {mean:.3f}" for size, mean in zip(SIZES, means, strict=True)),
    )
axis.axhline(0.5, color="#999999", lw=1)
axis.annotate("guessing", (SIZES[0], 0.505), ha="left", fontsize=9, color="#555555")
axis.set_xscale("log")
axis.set_xticks(SIZES, SIZES)
axis.minorticks_off()
axis.set(
    xlabel="labelled posts",
    ylabel="balanced accuracy on test posts",
    title="Atheism or space? What a label is worth",
)
axis.legend(loc="lower right")
figure.patch.set_facecolor("white")
plt.show()

# %% [markdown]
# The bars are 95% intervals over the draws of the labels. The differences between methods matter more than the curves' heights,
# so look at them seed by seed: at each seed all methods had the very same labels.

# %% tags=["demo"]
figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
for shift, name in enumerate(features):
    colour, marker, line = LOOKS[name]
    found = [
        mean_interval(list(column)) for column in (scores[name] - scores["TF-IDF, tuned"]).T
    ]
    means = np.array([interval.mean for interval in found])
    errors = [
        means - [interval.low for interval in found],
        [interval.high for interval in found] - means,
    ]
    places = np.array(SIZES) * 1.03 ** (shift - 1)
    axis.errorbar(
        places, means, errors, color=colour, marker=marker, ls=line, capsize=3, label=name
    )
    verdict = [
        "ahead" if interval.low > 0 else "behind" if interval.high < 0 else "not told apart"
        for interval in found
    ]
    print(
        f"{name:>20} and TF-IDF:",
        "; ".join(f"{size}: {word}" for size, word in zip(SIZES, verdict, strict=True)),
    )
axis.axhline(0, color=GREY, ls=":")
axis.set_xscale("log")
axis.set_xticks(SIZES, SIZES)
axis.minorticks_off()
axis.set(
    xlabel="labelled posts",
    ylabel="difference in balanced accuracy",
    title="Ahead of the tuned baseline (above 0) or behind it",
)
axis.legend(loc="best", fontsize=9)
figure.patch.set_facecolor("white")
plt.show()

# %% [markdown]
# Read it with care.
#
# * Say who wins *at which number of labels*. Where an interval crosses zero, these six draws do not tell the two apart.
# * The intervals know only the chance of *which labels* were drawn. The test posts are the same few hundred every time, and
#   another such set would move all curves up or down together.
# * "Frozen embeddings" is not one thing. Compare the three embeddings with each other before you compare them with
#   TF-IDF: pooling, weights and the source they come from make more of a difference than the word *transfer*.
# * TF-IDF starts with nothing, and it learns from each label. A word that no labelled post has is no word to it. GloVe knows
#   from the start that *orbit* is like *moon*. Follow the curves to the right: does the lead grow or shrink, and why?
# * MiniLM has learnt from far more than word counts, sentence pairs from forums among it. What you see is the worth of *that*
#   source for *this* target. With another task, longer posts or more labels, the order may well be another.

# %% [markdown]
# ## Task 7: in your own words
#
# Answer in the next cell, two to four sentences for each question. Your teacher reads it (1 point each).
#
# 1. A colleague's features are `fasttext_model.wv[article]`. The code runs and the accuracy is well above chance. How would
#    you show her, by an experiment with a few lines of code, that the model takes each article for one unknown word?
# 2. A report says: "We fitted TF-IDF on all our texts, chose C by cross-validation, and tested on held-out texts." Name
#    two places where something may have leaked, and say for each in which direction the reported number is wrong, if at
#    all.
# 3. Look at your curves. For whom is the frozen MiniLM worth its price here, and for whom is the tuned TF-IDF enough? Say
#    which numbers you base it on, and one thing that these curves cannot tell.

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflection", "locked": false, "points": 3, "schema_version": 3, "solution": true}
# ### BEGIN SOLUTION
# **Rubric** (for teachers; 1 point for each question, half points are possible)
#
# 1. *Any experiment that separates words from letters.* For example: compare `wv[article]` with the mean of the vectors of the
#    article's own character n-grams (equal), and with the mean of its words' vectors (different); or change the words'
#    own vectors, `wv.vectors`, to noise, and see that the features do not move; or note that the spaces are part of
#    the n-grams. Half a point for "split the text" without a way to show it.
# 2. Two of: *the vectoriser saw the held-out folds* while C was chosen (losses too good, or a C that does not suit new words);
#    *the vectoriser saw the test texts*, if "all our texts" includes them (usually too good, often by little; without
#    labels it is leakage all the same); *near-copies* of a text, or texts of one author, on both sides. A full point needs the
#    direction. Saying that the effect may be small, or may even go the other way, is right, too.
# 3. *An answer that follows the student's own figure*: names sizes, differences and intervals, and says "not told apart" where
#    the interval crosses zero. The price counts, too: time and memory of the encoder against labels that somebody must
#    pay for. *Cannot tell*: another pair of newsgroups, other lengths of text, fine-tuning the encoder, another test set. Half
#    a point when it names a winner without the number of labels.
# ### END SOLUTION canary-solution-9d02f6a8

# %% [markdown]
# ## What to remember
#
# * A text's vector is pooled from its words' vectors. Decide what happens to unknown words, and to texts without any
#   other, before the data decide for you.
# * fastText answers to every string, also to a nonsensical one. No error is not the same as no mistake.
# * Everything that is fitted can leak: the scaler, the idf, the vectoriser, the choice of C. Fit it on training texts; inside
#   cross-validation, on the other folds.
# * Label efficiency is a curve, over several nested, stratified draws, with intervals.
# * A baseline is tuned with the same care as the method. Then believe the result, also when the baseline wins.
#
# ## Going further
#
# * *Subtract what all texts share.* Take the IDF-weighted means and remove their first principal component, computed on the
#   training posts (Arora et al., *A Simple but Tough-to-Beat Baseline for Sentence Embeddings*, 2017). Does the curve move?
# * *Use the pieces.* In `mean_vector`, give unknown words the vector of your `subword_vector` instead of leaving them out. Most
#   unknown words here are names of computers. Do you expect a gain?
# * *Be fair to TF-IDF, too.* The idf of the GloVe features came from all training posts, labelled or not. Fit
#   the vectoriser's words and weights on all of them as well, and only the classifier on the labelled ones.
# * *More of the post.* Give every method the first 300 words. Who gains most, and who cannot gain at all, because it reads
#   only 88 tokens?
# * Bojanowski et al., *Enriching Word Vectors with Subword Information* (2017), is where the n-grams of task 2 come from.
