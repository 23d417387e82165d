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
# # Representations: general for whom?
#
# *75 to 90 minutes. 20 points from checks, 6 points from your two written answers.*
#
# Pretraining is said to give a *general* representation: one set of numbers that serves many tasks. In this notebook
# you take the word seriously. What exactly can be read out of a representation? What came in with the training text
# that nobody asked for? And if a sensitive attribute is simply left out, is it gone?
#
# **Afterwards you can**
#
# 1. measure with a *linear probe* what can be read out of frozen features, and with a *control task* how much of that
#    is only memory;
# 2. compare two layers that have no axes in common;
# 3. measure an association between sets of words, and say how surprising it is;
# 4. report how a model's decisions and errors differ between groups of people;
# 5. show that removing an attribute does not remove what the other columns say about it;
# 6. say what each of these numbers does *not* show.
#
# **You need** numpy (means along an axis, boolean masks) and a first acquaintance with scikit-learn: `fit`, `score`.

# %% [markdown]
# ## How this notebook works
#
# There are seven tasks. Each has a cell with unfinished functions. Write your code in place of
# `raise NotImplementedError()`, run the cell, then run the check cell below it. When something is wrong, a check says
# what was expected, what came, why it matters and what to try.
#
# | task | functions | points |
# |---|---|---|
# | 1 | `probe_accuracy` | 3 |
# | 2 | `control_labels`, `selectivity` | 3 |
# | 3 | `cka` | 2 |
# | 4 | `association`, `weat_effect` | 3 |
# | 5 | `permutation_p` | 3 |
# | 6 | `selection_gap`, `error_gaps` | 3 |
# | 7 | `without`, `recover_protected` | 3 |
# | 8 | a written answer on generality, read by your teacher | 3 |
# | 9 | a written answer on fairness, read by your teacher | 3 |
#
# *How it is graded.* The same checks run again on what you hand in, with other random numbers and more of them. So keep
# the functions' names and arguments, and write what the text asks for, not what one check happens to show. Leave what
# you are given as it is, unless the text says that it changes. You may add cells. The tasks count one by one: no task
# needs another one's function. Everything is a numpy array of `float64` or of whole numbers unless the text says
# otherwise. Cells marked *demo* are for you and are not run when your work is graded.

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

_ = assets(["fetch", "glove-6b-50d", "loan-applications"])

# %% nbgrader={"grade": false, "grade_id": "set-up", "locked": true, "schema_version": 3, "solution": false}
import itertools
import math

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autograder import checks

check = checks("representations")

# %% [markdown]
# ## Part one: what is in a representation?
#
# A pretrained text encoder turns a sentence into a row of numbers. Nobody said what each number means. But you can ask
# a question of the whole row: *is this sentence negative? is it long? is it from a newspaper?* Take sentences whose
# answer you know, keep the encoder **frozen**, and train the simplest possible classifier on the numbers. If it answers
# well for sentences it has never seen, the answer can be read out of the representation. Such a classifier is a
# **probe**.
#
# The probe must be weak on purpose. A strong one could work the answer out by itself, and you would credit the
# representation with the probe's own work. So a probe is usually linear.

# %% [markdown]
# ## Task 1: a linear probe
#
# **Why.** This is the measuring instrument of the whole first part. Its usual defect raises no error: the test rows
# lend the probe something, be it labels, means or deviations, and every layer looks a little better than it is.
#
# **What.** Write `probe_accuracy(train_features, train_labels, test_features, test_labels)`:
#
# 1. *Standardise* each column with its mean and its standard deviation **in the training rows** (`StandardScaler` as it
#    is). The test rows are shifted and scaled by the same two numbers. A column that is constant in the training rows
#    has deviation 0: only its mean is subtracted.
# 2. Fit scikit-learn's `LogisticRegression(max_iter=1000)`, other settings as they are, **on the training rows**.
# 3. Return its accuracy on the test rows: the share it gets right, a `float` from 0 to 1.
#
# There are two classes or more. The same call gives the same number each time.
#
# **Example.**
#
# ```python
# numbers = np.arange(12.0)[:, None]
# print(probe_accuracy(numbers, numbers[:, 0] > 5, numbers + 0.25, numbers[:, 0] > 4))
# ```
#
# prints `0.9166666666666666`: eleven of twelve. The probe has learnt where the training labels change; one test label
# says otherwise.


# %% nbgrader={"grade": false, "grade_id": "probe_accuracy-solution", "locked": false, "schema_version": 3, "solution": true}
def probe_accuracy(train_features, train_labels, test_features, test_labels):
    """How well a property can be read out of features by a linear probe.

    Args:
        train_features: ``(n, d)``.
        train_labels: ``(n,)``, the classes.
        test_features: ``(m, d)``.
        test_labels: ``(m,)``.

    Returns:
        The accuracy on the test rows of a logistic regression that was fitted on the
        standardised training rows, a float.
    """
    ### BEGIN SOLUTION
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(train_features, train_labels)
    return probe.score(test_features, test_labels)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "probe_accuracy", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("probe_accuracy")

# %% [markdown]
# ## Task 2: could the probe have remembered it?
#
# **Why.** A probe for a property of *words* (noun or verb?) meets the same words again and again. If `river` was a noun
# in training, the probe may have learnt `river`, not *noun*. How much of its accuracy is memory? Hewitt and Liang (2019)
# answer with a **control task**: give each word a label by throwing dice. There is nothing to understand in it. Whoever
# does well has remembered words. What is left of the real accuracy after the control is taken off is the **selectivity**.
#
# The dice are thrown once for each **type** (a word of the dictionary), not for each **token** (an occurrence in the text).
# `the` has the same control label wherever it stands. With a new label for each token, nobody could learn anything, and
# every probe would look selective.
#
# **What.** Two functions.
#
# `control_labels(words, classes, seed)` gives one label for each entry of the list `words`, whole numbers from 0 to
# `classes - 1`, as an array `(len(words),)`:
#
# * two entries that are the same string have the same label;
# * each type's label is drawn at random, all classes equally likely, whatever the other types have (so the classes are
#   about equally frequent, not exactly);
# * the labels depend on the arguments alone: the same call gives the same labels, another seed gives others. (The order
#   of a `set` changes from one start of Python to the next: use `sorted(set(words))`.)
#
# `selectivity(probe, train_features, test_features, task, control)` calls
# `probe(train_features, train_labels, test_features, test_labels)`, a function like yours of task 1, which gives an
# accuracy. `task` and `control` are pairs `(train_labels, test_labels)`. Return the accuracy on the task minus the
# accuracy on the control task, a float. It may be negative.
#
# **Example.**
#
# ```python
# print(control_labels(["the", "cat", "saw", "the", "dog"], classes=3, seed=0))
# ```
#
# prints five numbers, each 0, 1 or 2. The first and the fourth are equal.


# %% nbgrader={"grade": false, "grade_id": "selectivity-solution", "locked": false, "schema_version": 3, "solution": true}
def control_labels(words, classes, seed):
    """A random label for each type, the same for all its tokens.

    Args:
        words: a list of strings, the tokens.
        classes: how many classes there are, an int.
        seed: an int; it decides what is drawn.

    Returns:
        Whole numbers from 0 to ``classes - 1``, shape ``(len(words),)``.
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    label_of = {word: rng.integers(classes) for word in sorted(set(words))}
    return np.array([label_of[word] for word in words])
    ### END SOLUTION canary-solution-9d02f6a8


def selectivity(probe, train_features, test_features, task, control):
    """What is left of a probe's accuracy when that on a control task is taken off.

    Args:
        probe: ``probe(train_features, train_labels, test_features, test_labels)`` gives an
            accuracy.
        train_features: ``(n, d)``.
        test_features: ``(m, d)``.
        task: a pair of labels ``(n,)`` and ``(m,)``: the real task.
        control: a pair of labels ``(n,)`` and ``(m,)``: the control task.

    Returns:
        Accuracy on the task minus accuracy on the control task, a float.
    """
    ### BEGIN SOLUTION
    on_task = probe(train_features, task[0], test_features, task[1])
    on_control = probe(train_features, control[0], test_features, control[1])
    return on_task - on_control
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "selectivity", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("selectivity")

# %% [markdown]
# ## Task 3: how alike are two layers?
#
# **Why.** You cannot subtract one layer from another: number 7 of layer 2 has nothing to do with number 7 of layer 5, and
# two models may not even have equally many. But both layers saw the *same sentences*. So ask whether they arrange these
# in the same pattern: are sentences that are neighbours in one also neighbours in the other? **Linear CKA** (Kornblith et
# al. 2019) is one number for that, from 0 to 1.
#
# **What.** `cka(a, b)` gets two representations of the same $n$ samples, $A$ of shape $(n, p)$ and $B$ of shape $(n, q)$.
# Row $i$ of both belongs to sample $i$. First subtract from each **column** its mean, in both. Then return, as a float,
#
# $$\frac{\lVert B^\top A \rVert^2}{\lVert A^\top A \rVert \; \lVert B^\top B \rVert}$$
#
# where $\lVert \cdot \rVert$ is the root of the sum of the squared entries (`np.linalg.norm` of a matrix). Only the
# numerator is squared. After centring, neither matrix is all zeros.
#
# **Example.** Turned by 90 degrees, moved and made ten times as large, a cloud of points is still the same pattern:
#
# ```python
# a = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]])
# turned = 10 * a @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + 100
# print(round(cka(a, turned), 6), round(cka(a, a[:, :1]), 3))
# ```
#
# prints `1.0 0.176`.


# %% nbgrader={"grade": false, "grade_id": "cka-solution", "locked": false, "schema_version": 3, "solution": true}
def cka(a, b):
    """Linear CKA: how alike two representations of the same samples are.

    Args:
        a: ``(n, p)``.
        b: ``(n, q)``.

    Returns:
        A float from 0 to 1. Moving, turning or stretching the whole of ``a`` or ``b`` does
        not change it.
    """
    ### BEGIN SOLUTION
    a = a - a.mean(axis=0)
    b = b - b.mean(axis=0)
    shared = np.linalg.norm(b.T @ a) ** 2
    return shared / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "cka", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("cka")

# %% [markdown]
# ## Part two: what came along with the text?
#
# Word vectors learn from which words stand near which. `flower` stands near `lovely` more often than `wasp` does, and the
# vectors know. That is harmless. But the same mechanism takes in whatever people wrote about *people*. Caliskan, Bryson
# and Narayanan (2017) made a test for it, the **Word Embedding Association Test** (WEAT). It borrows the form of a
# psychological test: two sets of *target words* X and Y (flowers, insects) and two sets of *attribute words* A and B
# (pleasant, unpleasant).
#
# What the test measures is the **text**: how words were used together. It says nothing about whether what was written is
# true, and nothing about any person.

# %% [markdown]
# ## Task 4: association and effect size
#
# **Why.** One number for "X leans more towards A than Y does", which can be compared between word lists and between
# models. It can be compared only if everybody computes the same formula.
#
# **What.** Two functions.
#
# `association(vectors, a, b)`: for each row $w$ of `vectors`, how much more similar it is to the words of A than to those of B,
#
# $$s(w) = \text{mean over } a \in A \text{ of } \cos(w, a) \;-\; \text{mean over } b \in B \text{ of } \cos(w, b).$$
#
# The cosine is the dot product of the two vectors after each was divided by its length. Take the mean **of the cosines**,
# not the cosine with a mean vector. A and B may have different numbers of words. No vector is zero. Return an array, one
# score for each row.
#
# `weat_effect(scores_x, scores_y)`: with the scores of the words of X and of Y,
#
# $$d = \frac{\text{mean of } s \text{ over } X \;-\; \text{mean of } s \text{ over } Y}{\text{standard deviation of } s \text{ over all words of } X \text{ and } Y \text{ together}}$$
#
# The standard deviation is the one with $n - 1$ in its denominator (`ddof=1`), $n$ being the number of all words. X and Y may have
# different numbers of words here. Return a float: positive when X leans more towards A.
#
# **Example.**
#
# ```python
# a, b = np.array([[2.0, 0.0]]), np.array([[0.0, 3.0], [0.0, 5.0]])
# print(association(np.array([[5.0, 0.0], [1.0, 1.0], [0.0, 0.1]]), a, b))
# print(round(weat_effect(np.array([0.3, 0.5]), np.array([0.1, 0.1])), 3))
# ```
#
# prints `[ 1.  0. -1.]` and `1.567`.


# %% nbgrader={"grade": false, "grade_id": "weat_effect-solution", "locked": false, "schema_version": 3, "solution": true}
def association(vectors, a, b):
    """How much more similar each vector is to the words of A than to those of B.

    Args:
        vectors: ``(n, d)``.
        a: ``(k, d)``, the attribute words A.
        b: ``(m, d)``, the attribute words B.

    Returns:
        The mean cosine with A minus the mean cosine with B, shape ``(n,)``.
    """
    ### BEGIN SOLUTION
    vectors, a, b = (
        rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (vectors, a, b)
    )
    return (vectors @ a.T).mean(axis=1) - (vectors @ b.T).mean(axis=1)
    ### END SOLUTION canary-solution-9d02f6a8


def weat_effect(scores_x, scores_y):
    """The effect size of the Word Embedding Association Test.

    Args:
        scores_x: ``(n,)``, the association scores of the words of X.
        scores_y: ``(m,)``, those of the words of Y.

    Returns:
        The difference of their means in units of the standard deviation of all scores
        together (``ddof=1``), a float.
    """
    ### BEGIN SOLUTION
    everyone = np.concatenate([scores_x, scores_y])
    return (scores_x.mean() - scores_y.mean()) / everyone.std(ddof=1)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "weat_effect", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("weat_effect")

# %% [markdown]
# ## Task 5: could it be chance?
#
# **Why.** Split any words into two halves, and one half leans a little more to A. A **permutation test** asks how often a
# *random* split leans as much as the one you saw. It needs no bell curve, only counting.
#
# **What.** `permutation_p(scores_x, scores_y, rounds, seed)`, where X and Y have the same number of words, $m$. Put the $2m$ scores
# together. A *partition* chooses $m$ of them as the new X; the others are the new Y. Its *difference* is the mean of
# the new X minus the mean of the new Y.
#
# * If there are at most `rounds` partitions (`math.comb(2 * m, m) <= rounds`), go through **all** of them. Return the share
#   whose difference is at least as large as the observed one. The observed partition is one of them.
# * Otherwise draw `rounds` random partitions, each equally likely, every score used once. Return
#   $(1 + \text{hits}) / (1 + \text{rounds})$: `hits` counts the random partitions whose difference is at least as large as the observed
#   one, and the 1 stands for the observed partition itself. The seed decides what is drawn: the same call gives the same
#   p, another seed nearly the same.
#
# "At least as large" means at least the observed difference minus `1e-9`, because sums in another order differ in the last
# digit. The test is *one-sided*: partitions that lean the other way do not count, so leave out any `abs`. And p is never 0.
# Why permute the scores and not the words? A word's score does not depend on whether the word is in X or in Y, so the
# scores need not be computed again. (The standard deviation in $d$ is that of all words. It is the same for each
# partition, so $d$ would give the same p.)
#
# **Example.**
#
# ```python
# x, y = np.array([3.0, 4.0]), np.array([1.0, 2.0])
# print(permutation_p(x, y, rounds=100, seed=0), permutation_p(y, x, rounds=100, seed=0))
# ```
#
# prints `0.16666666666666666 1.0`. There are six partitions. One of them, the observed one, has so large a difference. After
# the exchange, all six do.


# %% nbgrader={"grade": false, "grade_id": "permutation_p-solution", "locked": false, "schema_version": 3, "solution": true}
def permutation_p(scores_x, scores_y, rounds, seed):
    """How often a random equal-size partition leans towards A as much as the observed one.

    Args:
        scores_x: ``(m,)``, the association scores of the words of X.
        scores_y: ``(m,)``, those of the words of Y.
        rounds: an int. Up to so many partitions are gone through; of more, so many are drawn.
        seed: an int; it decides what is drawn.

    Returns:
        The one-sided p-value, a float above 0 and at most 1.
    """
    ### BEGIN SOLUTION
    pooled = np.concatenate([scores_x, scores_y])
    half = len(scores_x)

    def is_hit(order):
        difference = pooled[order[:half]].mean() - pooled[order[half:]].mean()
        return difference >= scores_x.mean() - scores_y.mean() - 1e-9

    if math.comb(len(pooled), half) <= rounds:
        everyone = set(range(len(pooled)))
        choices = itertools.combinations(range(len(pooled)), half)
        hits = [is_hit([*chosen, *everyone.difference(chosen)]) for chosen in choices]
        return np.mean(hits)
    rng = np.random.default_rng(seed)
    hits = [is_hit(rng.permutation(len(pooled))) for _ in range(rounds)]
    return (1 + sum(hits)) / (1 + rounds)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "permutation_p", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("permutation_p")

# %% [markdown]
# ## Part three: leave it out, and it is gone?
#
# In November 2019 customers of the Apple Card said that women were given lower credit limits than men. The bank answered
# that gender was not among the inputs. The original page of this course stopped there, at an allegation and a denial.
# The story has an end. The New York State Department of Financial Services looked at the data of about 400,000 applicants
# and reported in March 2021: it found **no violation of fair-lending law**. It did criticise how little customers were
# told about the decisions. An allegation is not a finding.
#
# The bank's *argument*, however, deserves a closer look, whoever uses it: *"the attribute is not an input"*. Other inputs
# may say the same thing in other words. They are called **proxies**. The police of Durham, England, used the postcode to
# predict reoffending; a postcode says a good deal about income. You will now measure two things: whether decisions differ
# between groups, and how well a removed attribute can be guessed from what stayed.

# %% [markdown]
# ## Task 6: gaps between groups
#
# **Why.** "The model is 90 % accurate" is a mean over people. It may be 95 % for some and 70 % for others, and errors are
# of two kinds that hurt different people: who is refused though they would have paid, and who is granted what they cannot pay.
#
# **What.** `labels` and `predictions` are 0 or 1 (1: granted), `groups` holds whole numbers, one for each person; all of
# shape `(n,)`. There are two or more groups, with any numbers as names. A **gap** is the largest rate among the groups
# **minus** the smallest: never negative, and the same in whichever order the groups come.
#
# `selection_gap(predictions, groups)`: the gap in the *selection rate*, the share of a group's members who are predicted
# 1. (A gap of 0 is called *demographic parity*.) Return a float.
#
# `error_gaps(labels, predictions, groups)` returns a dictionary of two floats:
#
# * `"false_positive"`: the gap in the share, **among the group's members with label 0**, who are predicted 1;
# * `"false_negative"`: the gap in the share, **among the group's members with label 1**, who are predicted 0. (A gap of 0 is
#   called *equal opportunity*.)
#
# Every group has members with label 0 and with label 1.
#
# **Example.**
#
# ```python
# labels      = np.array([1, 1, 0, 0, 1, 1, 0, 0, 0])
# predictions = np.array([1, 1, 1, 0, 1, 0, 0, 0, 0])
# groups      = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
# print(selection_gap(predictions, groups))
# print(error_gaps(labels, predictions, groups))
# ```
#
# prints 0.55 (3 of 4 in group 0 minus 1 of 5 in group 1), and a dictionary with 0.5 for both kinds of error.


# %% nbgrader={"grade": false, "grade_id": "error_gaps-solution", "locked": false, "schema_version": 3, "solution": true}
def selection_gap(predictions, groups):
    """The largest selection rate of a group minus the smallest.

    Args:
        predictions: ``(n,)``, 0 or 1.
        groups: ``(n,)``, whole numbers; each is the name of a group.

    Returns:
        A float from 0 to 1.
    """
    ### BEGIN SOLUTION
    rates = [predictions[groups == group].mean() for group in np.unique(groups)]
    return max(rates) - min(rates)
    ### END SOLUTION canary-solution-9d02f6a8


def error_gaps(labels, predictions, groups):
    """The gaps between groups in both kinds of error.

    Args:
        labels: ``(n,)``, 0 or 1.
        predictions: ``(n,)``, 0 or 1.
        groups: ``(n,)``, whole numbers; each is the name of a group.

    Returns:
        ``{"false_positive": gap, "false_negative": gap}``, two floats from 0 to 1.
    """
    ### BEGIN SOLUTION
    gaps = {}
    for name, label in (("false_positive", 0), ("false_negative", 1)):
        members = labels == label
        wrong = predictions[members] != label
        gaps[name] = selection_gap(wrong, groups[members])
    return gaps
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "error_gaps", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("error_gaps")

# %% [markdown]
# ## Task 7: take it out, and guess it back
#
# **Why.** A model without the attribute as an input is sometimes called *blind*. If the other columns give the attribute
# back, a model can treat the groups differently without ever seeing them.
#
# **What.** Two functions.
#
# `without(features, names, protected)`: `names` is a list of strings, one for each column of `features`, and `protected` is one
# of them, once. Return a pair: the features without that column, and the list of names without that name. The other
# columns stay as they are, in their order. Columns come in any order, and other names may *contain* the protected one
# (`minority_area`): these stay. The list `names` that was passed in is not changed: the caller may need it again.
#
# `recover_protected(train_features, train_groups, test_features, test_groups)`: fit the probe of task 1 (standardised with
# the training rows, `LogisticRegression(max_iter=1000)`) on the training rows, so that it predicts the group, 0 or 1. Return the **area
# under the ROC curve** of its *scores* for the test rows, a float. It is the chance that a random member of group 1 gets a
# higher score than a random member of group 0. Guessing gives 0.5, whatever the sizes of the groups. It may come out below 0.5; return it as it is.
# `roc_auc_score(test_groups, scores)` computes it; the scores are the probe's `decision_function` (the probabilities of
# group 1 give the same), not its predictions.
#
# **Example.**
#
# ```python
# table = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
# print(without(table, ["income", "group", "years"], "group"))
# ```
#
# prints a pair: the first and the third column, and `['income', 'years']`.


# %% nbgrader={"grade": false, "grade_id": "recover_protected-solution", "locked": false, "schema_version": 3, "solution": true}
def without(features, names, protected):
    """The table without its protected column.

    Args:
        features: ``(n, d)``.
        names: a list of ``d`` strings, the names of the columns.
        protected: the name of the column that is to go.

    Returns:
        features: ``(n, d - 1)``.
        names: the names of these columns, a list.
    """
    ### BEGIN SOLUTION
    column = names.index(protected)
    return np.delete(features, column, axis=1), names[:column] + names[column + 1 :]
    ### END SOLUTION canary-solution-9d02f6a8


def recover_protected(train_features, train_groups, test_features, test_groups):
    """How well a linear probe guesses the group from the features.

    Args:
        train_features: ``(n, d)``.
        train_groups: ``(n,)``, 0 or 1.
        test_features: ``(m, d)``.
        test_groups: ``(m,)``, 0 or 1.

    Returns:
        The area under the ROC curve on the test rows, a float: 0.5 is guessing.
    """
    ### BEGIN SOLUTION
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(train_features, train_groups)
    return roc_auc_score(test_groups, probe.decision_function(test_features))
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "recover_protected", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("recover_protected")

# %% [markdown]
# ## Put it together: the layers of a real encoder
#
# *Demo: the cells of this section use your functions and are not graded.*
#
# MiniLM is a small BERT: an embedding layer and six more on top of it, 384 numbers for each piece of a word. The texts are
# rated sentences from product reviews and from newspaper editorials. The probes learn on texts of the training part and
# are scored on the validation part.

# %% tags=["demo"]
import matplotlib.pyplot as plt
import torch

from transfer_learning.datasets import load_sentiment
from transfer_learning.models import load_text_encoder

rng = np.random.default_rng(0)


def draw_texts(split, how_many):
    """Short texts of one split, equally many of both domains: texts, sentiment, domain."""
    texts, sentiment, domain = [], [], []
    for number, name in enumerate(("products", "newspaper")):
        part = load_sentiment(name).part(split)
        short = [i for i, text in enumerate(part.texts) if 4 <= len(text.split()) <= 30]
        for i in rng.permutation(short)[: how_many // 2]:
            texts.append(part.texts[i])
            sentiment.append(int(part.labels[i]))
            domain.append(number)
    return texts, np.array(sentiment), np.array(domain)


encoder = load_text_encoder()


def hidden_states(texts):
    """Per layer the mean vector of each text ``(7, n, 384)``, and each token: vector, word piece, text."""
    pooled, vectors, pieces, owners = [], [], [], []
    for start in range(0, len(texts), 32):
        batch = encoder.tokenizer(
            texts[start : start + 32], padding=True, truncation=True, return_tensors="pt"
        )
        with torch.no_grad():
            layers = torch.stack(
                encoder.network(**batch, output_hidden_states=True).hidden_states
            )
        mask = batch["attention_mask"].bool()
        weights = mask[None, :, :, None]
        pooled.append((layers * weights).sum(dim=2) / weights.sum(dim=2))
        inside = mask & (batch["input_ids"] > 103)  # no [CLS], [SEP], padding
        vectors.append(layers[:, inside])
        pieces += encoder.tokenizer.convert_ids_to_tokens(batch["input_ids"][inside])
        owners += (inside.nonzero()[:, 0] + start).tolist()
    return (
        torch.cat(pooled, dim=1).double().numpy(),
        torch.cat(vectors, dim=1).double().numpy(),
        np.array(pieces),
        np.array(owners),
    )


train_texts, train_sentiment, train_domain = draw_texts("train", 600)
test_texts, test_sentiment, test_domain = draw_texts("validation", 300)
train_pooled, train_tokens, train_pieces, train_owners = hidden_states(train_texts)
test_pooled, test_tokens, test_pieces, test_owners = hidden_states(test_texts)
print(f"{len(train_texts)} texts to learn from, {len(test_texts)} to score; ", end="")
print(f"{len(train_pieces)} and {len(test_pieces)} tokens")

# %% [markdown]
# Four questions to the mean vector of a text. Two are about words (*is there a negation? which domain?*), one is about form
# (*is it longer than the median?*), one about meaning (*is it negative or positive?*). The grey line is what one gets for
# always naming the more frequent class. The bars are 95 % intervals for the texts that were drawn.

# %% tags=["demo"]
NEGATIONS = {"no", "not", "never", "nothing", "none", "nor", "neither", "nobody", "cannot"}


def has_negation(text):
    words = text.lower().replace("’", "'").split()
    return any(word.strip(".,!?;:\"'()") in NEGATIONS or "n't" in word for word in words)


median = np.median([len(text.split()) for text in train_texts])
questions = {
    "domain": (train_domain, test_domain),
    "sentiment": (train_sentiment, test_sentiment),
    "negation": tuple(
        np.array([has_negation(text) for text in texts])
        for texts in (train_texts, test_texts)
    ),
    "long text": tuple(
        np.array([len(text.split()) > median for text in texts])
        for texts in (train_texts, test_texts)
    ),
}

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#6b7280"
layers = range(len(train_pooled))
figure, axes = plt.subplots(1, 4, figsize=(11, 3.3), sharey=True, layout="constrained")
for place, (name, (train_labels, test_labels)) in zip(axes, questions.items(), strict=True):
    found = np.array(
        [
            probe_accuracy(
                train_pooled[layer], train_labels, test_pooled[layer], test_labels
            )
            for layer in layers
        ]
    )
    spread = 1.96 * np.sqrt(found * (1 - found) / len(test_labels))
    place.errorbar(layers, found, spread, color=BLUE, marker="o", capsize=3, label="probe")
    usual = np.bincount(train_labels.astype(int)).argmax()
    place.axhline(np.mean(test_labels == usual), color=GREY, ls="--", label="most frequent")
    place.set(title=name, xlabel="layer", ylim=(0.4, 1.02), xticks=list(layers))
axes[0].set_ylabel("accuracy on unseen texts")
figure.legend(*axes[0].get_legend_handles_labels(), ncols=2, loc="outside lower center")
figure.patch.set_facecolor("white")
plt.show()

# %% [markdown]
# Look for a layer that is best at everything, intervals included. What single words give away can be read from the first
# layer on. What the whole text says has to be computed first. And what the encoder's last training had no use for may fade
# towards the top. "General" is a statement about a *list of tasks*, and about where one reads.
#
# Now the same for single tokens, with the control task. The question to a token: *is the text that you stand in positive?*
# The word alone says a little (`awful`); the rest must have come from its neighbours. The control: a random label for
# each word piece. Validation tokens whose word piece was never seen in training are left out: nobody could know their
# control label.

# %% tags=["demo"]
known = np.isin(test_pieces, train_pieces)
chosen_train = np.sort(rng.permutation(len(train_pieces))[:2500])
known &= np.isin(test_pieces, train_pieces[chosen_train])
chosen_test = np.flatnonzero(known)[:1500]

pieces = [*train_pieces[chosen_train], *test_pieces[chosen_test]]
control = control_labels(pieces, classes=2, seed=0)
control = control[: len(chosen_train)], control[len(chosen_train) :]
task = train_sentiment[train_owners[chosen_train]], test_sentiment[test_owners[chosen_test]]

on_task, on_control, selective = [], [], []
for layer in layers:
    accuracies = []

    def remembering(*arguments, kept=accuracies):
        kept.append(probe_accuracy(*arguments))
        return kept[-1]

    train_rows, test_rows = (
        train_tokens[layer][chosen_train],
        test_tokens[layer][chosen_test],
    )
    selective.append(selectivity(remembering, train_rows, test_rows, task, control))
    on_task.append(accuracies[0])
    on_control.append(accuracies[1])

similar = [[cka(one, two) for two in test_pooled] for one in test_pooled]

figure, (lines, map_) = plt.subplots(
    1, 2, figsize=(10, 3.8), layout="constrained", width_ratios=(3, 2)
)
lines.plot(layers, on_task, color=BLUE, marker="o", label="sentiment of the text")
lines.plot(
    layers, on_control, color=ORANGE, marker="s", ls="--", label="control: the word itself"
)
lines.fill_between(
    layers, on_control, on_task, color=GREY, alpha=0.2, label="distance: selectivity"
)
lines.axhline(
    np.bincount(task[1]).max() / len(task[1]), color=GREY, ls=":", label="most frequent"
)
lines.set(xlabel="layer", ylabel="accuracy on unseen texts", title="Probing single tokens")
lines.legend(fontsize=9)
picture = map_.imshow(similar, vmin=0, vmax=1, cmap="viridis", origin="lower")
map_.set(title="Linear CKA between layers", xlabel="layer", ylabel="layer")
figure.colorbar(picture, label="linear CKA")
figure.patch.set_facecolor("white")
plt.show()
print("selectivity by layer:", *(f"{value:+.2f}" for value in selective))

# %% [markdown]
# Read it with care.
#
# * A high accuracy says that the property **can be read out**. It does not say that the model **uses** it. For that one has
#   to change the representation and see whether the outcome changes.
# * A low accuracy says that a *linear* probe, with this many examples, does not find it.
# * Where the orange line is above the blue one, the selectivity is negative: this probe finds it easier to remember word
#   pieces than to find the sentiment. A good score on a task about *words* would prove little there.
# * What looks like a loss may be a gain. As the word itself fades, its surroundings come in.

# %% [markdown]
# ## Put it together: associations in word vectors
#
# *Demo.* GloVe was trained on an English encyclopedia and on news. The word lists are those of Caliskan et al. (2017). They
# report $d$ = 1.50 for flowers and insects and 1.53 for musical instruments and weapons, in vectors that were trained on far
# more text, and 1.41 for first names that are more frequent among White or among Black Americans. The last list below
# puts first names beside words of career and family.

# %% tags=["demo"]
from transfer_learning.models import load_word_vectors

LISTS = {
    "flowers": "aster clover hyacinth marigold poppy azalea crocus iris orchid rose bluebell daffodil lilac "
    "pansy tulip buttercup daisy lily peony violet carnation gladiola magnolia petunia zinnia",
    "insects": "ant caterpillar flea locust spider bedbug centipede fly maggot tarantula bee cockroach gnat "
    "mosquito termite beetle cricket hornet moth wasp blackfly dragonfly horsefly roach weevil",
    "instruments": "bagpipe cello guitar lute trombone banjo clarinet harmonica mandolin trumpet bassoon drum "
    "harp oboe tuba bell fiddle harpsichord piano viola bongo flute horn saxophone violin",
    "weapons": "arrow club gun missile spear axe dagger harpoon pistol sword blade dynamite hatchet rifle tank "
    "bomb firearm knife shotgun teargas cannon grenade mace slingshot whip",
    "men's names": "john paul mike kevin steve greg jeff bill",
    "women's names": "amy joan lisa sarah diana kate ann donna",
    "pleasant": "caress freedom health love peace cheer friend heaven loyal pleasure diamond gentle honest lucky "
    "rainbow diploma gift honor miracle sunrise family happy laughter paradise vacation",
    "unpleasant": "abuse crash filth murder sickness accident death grief poison stink assault disaster hatred "
    "pollute tragedy divorce jail poverty ugly cancer kill rotten vomit agony prison",
    "career": "executive management professional corporation salary office business career",
    "family": "home parents children family cousins marriage wedding relatives",
}
TESTS = [
    ("flowers", "insects", "pleasant", "unpleasant"),
    ("instruments", "weapons", "pleasant", "unpleasant"),
    ("men's names", "women's names", "career", "family"),
]

word_vectors = load_word_vectors(limit=200_000)


def rows_of(*names):
    """The vectors of word lists; of two target lists equally many words, for equal-size partitions."""
    lists = [
        [word for word in LISTS[name].split() if word in word_vectors] for name in names
    ]
    size = min(map(len, lists))
    return [
        np.array([word_vectors[word] for word in words[:size]], dtype=float)
        for words in lists
    ]


figure, axes = plt.subplots(1, 3, figsize=(11, 3.5), sharey=True, layout="constrained")
for place, (x, y, a, b) in zip(axes, TESTS, strict=True):
    x_rows, y_rows = rows_of(x, y)
    [a_rows], [b_rows] = rows_of(a), rows_of(b)
    scores_x, scores_y = (
        association(x_rows, a_rows, b_rows),
        association(y_rows, a_rows, b_rows),
    )
    effect = weat_effect(scores_x, scores_y)
    p = permutation_p(scores_x, scores_y, rounds=20_000, seed=0)
    pooled, half = np.concatenate([scores_x, scores_y]), len(scores_x)
    shuffled = [rng.permutation(pooled) for _ in range(3000)]
    chance = [weat_effect(order[:half], order[half:]) for order in shuffled]
    place.hist(chance, bins=40, color=GREY, label="random partitions")
    place.axvline(effect, color=ORANGE, lw=2.5, label="observed")
    place.set(title=f"{x} / {y}\n{a} / {b}", xlabel="effect size d", xlim=(-2, 2))
    print(f"{x}, {y}: {half} words each, d = {effect:.2f}, p = {p:.2g}")
axes[0].set_ylabel("random partitions")
figure.legend(
    *axes[0].get_legend_handles_labels(), ncols=2, fontsize=9, loc="outside lower center"
)
figure.patch.set_facecolor("white")
plt.show()

# %% [markdown]
# The smallest p that `rounds` random partitions can give is 1 / (1 + `rounds`). The eight names on each side have few enough
# partitions to go through all of them, so that p is exact.
#
# What you see is how these words were *written about*. A name does not make anybody more suited to an office. But a system
# that sorts applications with these vectors starts with that lean, on the day it is installed, before it has seen one
# applicant. And the test is no certificate either: the effect depends on the lists, and vectors with d near 0 on one list
# may lean on another.

# %% [markdown]
# ## Put it together: real mortgage applications
#
# *Demo.* Each row is a real application for a mortgage. The label is what the lender **decided**, 1 for approved; nobody knows
# from this table who would have repaid. A "false negative" is therefore someone whom the lender approved and the model
# refuses. The group is 1 for an applicant recorded as belonging to a minority.
#
# Two models are trained: one with the group among its columns, one without. Both approve as large a share of the
# validation part as the lenders did there. The test part decides nothing; it is only looked at, at the end.

# %% tags=["demo"]
from transfer_learning.datasets import load_loans

loans = load_loans()
names = list(loans.feature_names)
table = np.asarray(loans.features, dtype=float)
loan_labels, loan_groups = np.asarray(loans.labels), np.asarray(loans.groups)
if "minority" not in names:
    table, names = np.column_stack([table, loan_groups]), [*names, "minority"]
blind_table, blind_names = without(table, names, "minority")
where = {
    split: np.array(loans.splits) == split for split in ("train", "validation", "test")
}
print(
    f"{len(table)} applications, {len(names)} columns; shares of group 1 and of approvals:"
)
for group in (0, 1):
    mine = loan_groups == group
    print(
        f"  group {group}: {mine.mean():.2f} of all, {loan_labels[mine].mean():.2f} approved"
    )


def scores_of(rows):
    """A model's scores for the test part, shifted so that 0 is the threshold."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(rows[where["train"]], loan_labels[where["train"]])
    scores = model.decision_function(rows)
    approved = loan_labels[where["validation"]].mean()
    return scores[where["test"]] - np.quantile(scores[where["validation"]], 1 - approved)


model_scores = {"with the group": scores_of(table), "without it": scores_of(blind_table)}
labels, groups = loan_labels[where["test"]], loan_groups[where["test"]]


def gaps(scores, rows):
    """Selection, false negative and false positive gap on some rows of the test part."""
    decisions = (scores[rows] > 0).astype(int)
    errors = error_gaps(labels[rows], decisions, groups[rows])
    return (
        selection_gap(decisions, groups[rows]),
        errors["false_negative"],
        errors["false_positive"],
    )


everyone = np.arange(len(labels))
resampled = [rng.choice(everyone, len(everyone)) for _ in range(500)]
recovered = {
    name: recover_protected(
        blind_table[where["train"]][:, columns],
        loan_groups[where["train"]],
        blind_table[where["test"]][:, columns],
        groups,
    )
    for name, columns in {
        "all together": slice(None),
        **{name: [index] for index, name in enumerate(blind_names)},
    }.items()
}
best = sorted(recovered.items(), key=lambda pair: pair[1])[-8:]

# %% tags=["demo"]
figure, (bars, proxies) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
for number, (name, scores) in enumerate(model_scores.items()):
    found = np.array(gaps(scores, everyone))
    low, high = np.quantile(
        [gaps(scores, rows) for rows in resampled], (0.025, 0.975), axis=0
    )
    places = np.arange(3) + 0.36 * number
    spread = np.clip([found - low, high - found], 0, None)
    bars.bar(places, found, 0.34, color=(BLUE, ORANGE)[number], label=name)
    bars.errorbar(places, found, spread, fmt="none", color="black", capsize=4)
    print(f"{name}: accuracy {np.mean((scores > 0) == labels):.3f}, gaps {found.round(3)}")
bars.set_xticks(np.arange(3) + 0.18, ["selection", "false negative", "false positive"])
bars.set(
    ylabel="gap between the groups", title="The gap with and without the attribute", ylim=0
)
bars.legend()
proxies.hlines(
    [name for name, _ in best], 0.5, [area for _, area in best], color=GREEN, lw=2
)
proxies.plot([area for _, area in best], [name for name, _ in best], "o", color=GREEN)
proxies.axvline(0.5, color=GREY, ls="--")
proxies.set(xlim=(0.4, 1), xlabel="area under the curve (0.5: guessing)")
proxies.set_title("The removed attribute, guessed from")
figure.patch.set_facecolor("white")
plt.show()

# %% [markdown]
# A gap is the distance between the largest and the smallest rate, so resampling can only make it look larger than zero: an
# interval that begins near 0 is no sign of a gap. False positives are counted among the few whom lenders refused, so the
# last pair of bars is very uncertain. Compare the pairs with their intervals before you say that leaving the attribute out
# helped, or did not.
#
# Before you write a headline:
#
# * These are **observations**. The groups may differ in income, debts or credit history for reasons that lie outside this
#   table, some of them unjust. A gap in decisions is not, by itself, proof that anyone was discriminated against. And
#   the absence of a gap would not prove the opposite.
# * The model imitates past decisions. If these were unfair, a faithful model is too, and no test on these labels will
#   show it.
# * Whatever the bars say of leaving the column out, it also takes away what one needs to *check*: without the attribute,
#   nobody can compute these gaps.
#
# Could one choose thresholds so that **all** gaps vanish? Move the threshold of group 1 alone and watch the three signed
# differences. A dot marks where a curve first reaches zero or crosses it.

# %% tags=["demo"]
scores = model_scores["without it"]
shifts = np.linspace(-1, 6, 141)


def differences(shift):
    """Group 1 minus group 0, when a score of group 1 needs ``-shift`` to be approved."""
    decisions = scores + shift * (groups == 1) > 0
    pairs = [groups >= 0, labels == 1, labels == 0]
    rates = [
        [decisions[part & (groups == group)].mean() for group in (0, 1)] for part in pairs
    ]
    return [rates[0][1] - rates[0][0], rates[1][0] - rates[1][1], rates[2][1] - rates[2][0]]


curves = np.array([differences(shift) for shift in shifts])
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
for column, (name, colour, dash) in enumerate(
    [
        ("selection", BLUE, "-"),
        ("false negatives", ORANGE, "--"),
        ("false positives", GREEN, "-."),
    ]
):
    curve = curves[:, column]
    axis.plot(shifts, curve, color=colour, ls=dash, lw=2, label=name)
    crossed = np.flatnonzero(curve * curve[0] <= 0)[:1]
    axis.plot(shifts[crossed], np.zeros(len(crossed)), "o", ms=9, color=colour)
axis.axhline(0, color=GREY, lw=1)
axis.axvline(0, color=GREY, lw=1, ls=":")
axis.set(
    xlabel="how much easier it is made for group 1", ylabel="group 1 minus group 0 (rates)"
)
axis.set_title("Each criterion asks for another threshold")
axis.legend()
figure.patch.set_facecolor("white")
plt.show()

# %% [markdown]
# Where a curve meets the grey line, that gap is gone. If all three met it at one place, one threshold would satisfy
# everybody. In general they do not, and this is no defect of the model: when the groups have different rates of label 1,
# a prediction with errors cannot have equal selection rates, equal error rates of both kinds and equal meaning of a score
# all at once (Kleinberg et al. 2017; Chouldechova 2017).
#
# That was the dispute over COMPAS, a score for the risk of reoffending. Among those who did *not* reoffend, 44.8 % of Black
# and 23.5 % of white defendants had been labelled high-risk. Among those who did, 28.0 % and 47.7 % had been labelled
# low-risk (Dressel and Farid 2018). Its makers answered with another criterion: the same score should mean the same risk.
# Both cannot hold when the groups are rearrested at different rates, and a rearrest is itself a decision of the police. Which
# criterion counts is a choice. It needs a reason, and someone who answers for it.

# %% [markdown]
# ## Task 8: general for which tasks?
#
# Answer in the next cell, in five to ten sentences. Your teacher reads it (3 points).
#
# *BERT was pretrained on two tasks at once, so that its representation would be more general.* **What does "general" mean, so
# that one could test it?** State a claim of the form "representation R is general for ...", say which measurement of this
# notebook (or which other) would support it and **which result would refute it**. Use one thing that you saw in the figures
# of the layers. Then say one thing that such a measurement cannot show.

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflection_generality", "locked": false, "points": 3, "schema_version": 3, "solution": true}
# ### BEGIN SOLUTION
# **Rubric** (for teachers; half points are possible). One point for each of:
#
# 1. *A claim that can fail:* generality is stated relative to a set of tasks, domains or languages and to a way of reading
#    (linear probe, number of labels), not as a property by itself.
# 2. *A measurement and a refutation:* probes for tasks that were not chosen beforehand to suit the model, held-out texts,
#    against a baseline or a control task; and a result that would make the author give up the claim. The figures are used.
# 3. *A limit:* "can be read out" is not "is used"; a linear probe misses what is there in another form; a list of tasks is
#    chosen by someone; languages and groups that were absent from pretraining; a single set of texts or seed.
#
# **Sample answers**
#
# *0 points.* "A general representation is one that is good for everything, because it was trained on much data with two
# tasks. The figures show that the model works well, so BERT is general." (No claim that could fail, no measurement, no
# limit.)
#
# *1 point.* "General means that the same vectors help with several tasks, for example sentiment and topic, for English
# reviews and editorials. I would train a classifier on them and look at the accuracy. It was high for the domain, so the
# vectors are general." (A relative claim; the measurement has no baseline and nothing could refute it; no limit.)
#
# *2 points.* "I claim: the layer-6 vectors of MiniLM are general for yes/no questions about short English texts, in the
# sense that a linear probe on 600 texts beats the most frequent class on each of ten such questions, which someone else
# writes. If it does not for three or more of them, I give the claim up. In the figure, different questions are best
# answered at different layers, so 'general' would have to name the layer, too." (Claim, measurement, refutation and figure;
# no limit.)
#
# *3 points.* The same, and: "Even if the claim holds, I know only that a probe *can* read these answers out. Whether the
# encoder uses them for anything would need an intervention, for instance removing the direction and seeing what breaks.
# And the ten questions are about English: for a language that was absent from pretraining nothing has been shown."
# ### END SOLUTION canary-solution-9d02f6a8

# %% [markdown]
# ## Task 9: better for whom?
#
# Answer in the next cell, in five to ten sentences. Your teacher reads it (3 points).
#
# *If we had more data and more tasks, would a model simply get "better"?* Take the case of a lender who says: **"Our model
# is fair, because the protected attribute is not among its inputs. And with more data it will be fairer still."** Answer with
# (a) what your measurements of tasks 6 and 7 say about the first sentence, (b) what they do **not** prove, using the end of
# the Apple Card case, and (c) one criterion of fairness that you would ask for, with what it costs somebody. Does more
# data help? When, and when not?

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflection_fairness", "locked": false, "points": 3, "schema_version": 3, "solution": true}
# ### BEGIN SOLUTION
# **Rubric** (for teachers; half points are possible). One point for each of:
#
# 1. *Leaving out is not enough:* other columns can stand in for the attribute (the area under the curve on held-out rows
#    is above 0.5), the gaps with and without the column are compared with their intervals; without the attribute nobody can
#    check. The answer reports its own numbers honestly, also when an interval is wide.
# 2. *What is not proved:* observational data, labels that are past decisions, other reasons for a gap; the Apple Card: an
#    allegation in 2019, the finding of 2021 (no violation of fair-lending law among about 400,000 applicants; lack of
#    transparency criticised). Neither "guilty" nor "all is well" follows.
# 3. *A choice and its price, and more data:* one criterion (equal opportunity, demographic parity, calibration ...), a reason,
#    and who pays (other errors, another group, the lender); not all can hold at once when base rates differ. More data of the
#    same kind narrows the intervals but repeats what the labels hold; it helps when a group was too rare to be learnt or
#    measured.
#
# **Sample answers**
#
# *0 points.* "Computers have no prejudices, so without the attribute the model is fair, and more data makes every model
# better." (Or equally: "The bank discriminated, as everybody knows.")
#
# *1 point.* "The removed attribute could be guessed from the other columns, better than by tossing a coin, and the selection
# gap was a little smaller without it but still far from 0. So leaving it out does not make a model fair. More data would not
# change that."
# (The first item; nothing on what is not proved, no criterion.)
#
# *2 points.* The same, and: "Still, my gap is no proof of discrimination. The labels are lenders' decisions, and the groups may
# differ in debts or history. In the Apple Card case the allegation of 2019 was examined on about 400,000 applicants, and in
# 2021 the authority found no violation of the law, though it criticised the lack of explanation." (No criterion with its
# price.)
#
# *3 points.* The same, and: "I would ask for equal opportunity: who deserves a loan should have the same chance of getting it in
# each group. It costs: the threshold for one group moves, so among those who cannot pay more are approved there, and
# the selection rates need not become equal. In the last figure the three curves cross zero at different places. More
# data helps where a group is so rare that its interval is wide. It does not help if the labels themselves are unfair: then
# one learns the unfairness more exactly."
# ### END SOLUTION canary-solution-9d02f6a8

# %% [markdown]
# ## What to remember
#
# * "General" needs a list: for which tasks, which texts, which people?
# * A probe shows what can be read out, not what is used. A control task shows how much of it is memory.
# * The test rows lend nothing: no label, no mean, no deviation.
# * A permutation test counts partitions, the observed one too. p is never 0.
# * An association in vectors is a fact about text, not about people. A system that uses the vectors makes it a fact about
#   people.
# * Removing a column does not remove its proxies, and need not remove the gap. It does remove the means to see it.
# * Fairness has several definitions that exclude each other. A measurement informs the choice; it does not make it.
# * An allegation is not a finding, and a gap is not yet a cause.
#
# ## Going further
#
# * *Several control tasks.* Draw ten control tasks and plot their spread. Is the difference between two layers larger?
# * *Another set of texts.* Repeat the probes on films and tweets. Train on one domain and score on another: which property
#   travels?
# * *Remove more.* Take out the strongest proxies too, one after another. When does the area under the curve reach 0.5, and
#   what is the model's accuracy by then?
# * *Debias, then test again.* Project the direction `he` minus `she` out of the GloVe vectors and run the tests again.
#   Gonen and Goldberg (2019) show what such a mending hides.
# * Hewitt and Liang, *Designing and interpreting probes with control tasks* (2019); Kornblith et al., *Similarity of neural
#   network representations revisited* (2019); Caliskan et al., *Semantics derived automatically from language corpora
#   contain human-like biases* (2017); Barocas, Hardt and Narayanan, *Fairness and machine learning* (2023).
