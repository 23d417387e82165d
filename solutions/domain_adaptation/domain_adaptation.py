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
# # Domain adaptation: the same question, other data
#
# *75 to 90 minutes. 20 points from checks, 3 points from your written answer.*
#
# You have product reviews with labels: positive or negative. You need the same answer for tweets, and nobody has
# labelled a tweet. The question is the same, the texts are not. In this notebook you measure how different two sets of
# data are, you adapt to the new one in three ways without a single new label, and you find out when adapting does harm.
#
# **Afterwards you can**
#
# 1. measure the shift between two domains with a classifier and its *held-out* error;
# 2. weight source examples by how much they look like the target;
# 3. move the source features to the mean and covariance of the target (CORAL);
# 4. train a network whose features hide the domain (DANN), with a gradient that is reversed;
# 5. say from repeated runs whether adapting helped, hurt, or whether you cannot tell.
#
# **You need** NumPy, a first acquaintance with PyTorch (a tensor, an `nn.Module`, a loss, an optimiser) and scikit-learn
# (`fit`, `predict`), and the ideas of a mean, a covariance and a conditional probability. What else is needed, such as
# Student's t, is said where it is used.

# %% [markdown]
# ## How this notebook works
#
# There are seven tasks. Each has a cell with an unfinished function. Write your code in place of
# `raise NotImplementedError()`, run the cell, then run the check cell below it. A check takes a second or a few. When
# something is wrong, it says what was expected, what came, why it matters and what to try.
#
# | task | function | points |
# |---|---|---|
# | 1 | `proxy_a_distance(source, target, classifier)` | 3 |
# | 2 | `instance_weights(p_target, n_source, n_target, largest)` | 2 |
# | 3 | `weighted_loss(scores, labels, weights)` | 2 |
# | 4 | `coral(source, target, eps)` | 3 |
# | 5 | `reverse_gradient(x, strength)` and `strength_at(progress)` | 3 |
# | 6 | `dann_step(model, optimizer, source, labels, target, reverse)` | 4 |
# | 7 | `negative_transfer(adapted, baseline)` | 3 |
# | 8 | a written answer, read by your teacher | 3 |
#
# *How it is graded.* The same checks run again on what you hand in, with other random numbers and more of them. So keep
# the functions' names and arguments, and write what the text asks for, not what one check happens to show. Leave what
# you are given as it is, unless the text says that it changes. You may add cells. The tasks count one by one: none
# needs the function of another. Cells marked *demo* are for you and are not run when your work is graded.

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

_ = assets(["fetch", "hutto-sentiment", "mnist-5k"])

# %% nbgrader={"grade": false, "grade_id": "set-up", "locked": true, "schema_version": 3, "solution": false}
import math

import numpy as np
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from autograder import checks

check = checks("domain_adaptation")


def own(name):
    """Your function of this name. The checks ask for it when they need to send a gradient through it."""
    return globals()[name]


# %% [markdown]
# ## The idea
#
# Run the next cell to see the picture. It needs no reading.

# %% tags=["demo"]
import matplotlib.pyplot as plt

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#5B6570"


def draw_the_idea():
    random = np.random.default_rng(0)
    noise = random.normal(size=(4, 40, 2))
    figure, places = plt.subplots(1, 2, figsize=(9, 3.2), sharex=True, sharey=True)
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    for moved, place in zip((False, True), places, strict=True):
        for label, mark in enumerate("ox"):
            centre = np.array([4 * label - 2, 0])
            source = noise[label] + centre
            target = (noise[2 + label] + centre) @ turn * 0.8 + [1.5, 3.5]
            if moved:
                source = source @ turn * 0.8 + [1.5, 3.5]
            place.scatter(*source.T, marker=mark, s=22, c=BLUE, label="source, labelled")
            place.scatter(*target.T, marker=mark, s=22, c=ORANGE, label="target, no labels")
        place.set(xticks=[], yticks=[])
    places[0].set_title("before: two domains")
    places[1].set_title("after: the source moved to the target")
    handles, names = places[0].get_legend_handles_labels()
    places[0].legend(handles[:2], names[:2], loc="upper left", fontsize=8)
    figure.patch.set_facecolor("white")
    plt.tight_layout()
    plt.show()


draw_the_idea()

# %% [markdown]
# A **domain** is what the inputs are and how often each occurs. Product reviews are one domain, tweets are another. The
# **task**, "is this positive or negative?", is the same for both. When the domains differ, we speak of a **domain
# shift**. A classifier that was trained on the **source** domain then meets inputs that it has not seen the like of, and
# is wrong more often.
#
# **Domain adaptation** makes up for the shift. What you may use:
#
# | | features | labels |
# |---|---|---|
# | source | yes | yes |
# | target, for adapting | yes | **no**: nobody has written them |
# | target, for the final score | once, at the very end | once, at the very end |
#
# The picture shows the hope: one moves the source onto the target, and the border between the classes fits again. It
# also shows the catch. Nothing tells us that the right class was moved to the right place. We shall see both.

# %% [markdown]
# ### Small data to try things on
#
# Real texts and pictures come at the end. Until then a **domain** is an array with one row an example and one column a
# feature. Here the target is shifted and stretched.

# %%
random = np.random.default_rng(0)
source = random.normal(size=(60, 2))
target = random.normal(size=(40, 2)) * [2.0, 0.5] + [1.5, 0.0]
print("source", source.shape, "means", source.mean(axis=0).round(2))
print("target", target.shape, "means", target.mean(axis=0).round(2))

# %% [markdown]
# ## Task 1: how far apart are two domains?
#
# **Why.** Before you adapt, you want to know whether there is anything to adapt. Here is a clever ruler: *let a
# classifier guess which domain an example comes from.* If it guesses well, the domains are different. If it can only
# toss a coin, they look alike.
#
# **What.** The **proxy A-distance** turns the error of such a domain classifier into a distance: 2 (1 − 2 error). It is 2
# when the classifier never errs, and 0 when it errs every second time (Ben-David et al. 2006, 2010). Compute it so:
#
# 1. *Halves.* From each domain, rows 0, 2, 4, … are for training, and rows 1, 3, 5, … are held out.
# 2. *Train.* Call `classifier.fit(features, domains)` once, on the training rows of both domains together. `domains` is 0
#    for a source row and 1 for a target row.
# 3. *Measure.* `classifier.predict(features)` gives a 0 or a 1 for each row. Take the share of **held-out** source rows
#    that are predicted wrongly, and the share of held-out target rows that are predicted wrongly. The error is the mean
#    of these two shares: **each domain counts half**, however many rows it has. (Else a classifier that always says
#    "source" would look clever when the source is large.)
# 4. *Worse than guessing.* An error above 0.5 counts as 0.5, so the distance is never below 0.
# 5. Return the distance as a `float`.
#
# Why held out? A flexible classifier learns its training rows by heart. Its error there is near 0, even when both domains
# are one and the same.
#
# **Example.** One held-out source row in 4 is wrong, and one held-out target row in 10. The error is
# (0.25 + 0.1) / 2 = 0.175, and the distance is 2 (1 − 0.35) = 1.3. With your function:
#
# ```python
# from sklearn.neighbors import KNeighborsClassifier
#
# nearest = KNeighborsClassifier(n_neighbors=1)
# print(round(proxy_a_distance(source, target, nearest), 2))
# print(round(proxy_a_distance(source, random.normal(size=(60, 2)), nearest), 2))
# ```
#
# prints a larger number for the shifted domain than for new rows of the same one.


# %% nbgrader={"grade": false, "grade_id": "proxy_a_distance-solution", "locked": false, "schema_version": 3, "solution": true}
def proxy_a_distance(source, target, classifier):
    """The proxy A-distance between two domains.

    Args:
        source: float64 array ``(n_source, d)``, one row an example. At least two rows.
        target: float64 array ``(n_target, d)``. At least two rows.
        classifier: has ``fit(features, domains)`` and ``predict(features)``, as in
            scikit-learn. ``predict`` gives an array of 0 (source) and 1 (target).

    Returns:
        The distance, a float from 0 to 2.
    """
    ### BEGIN SOLUTION
    seen = np.concatenate([source[::2], target[::2]])
    domains = np.repeat([0, 1], [len(source[::2]), len(target[::2])])
    classifier.fit(seen, domains)
    wrong_source = np.mean(classifier.predict(source[1::2]) != 0)
    wrong_target = np.mean(classifier.predict(target[1::2]) != 1)
    error = min((wrong_source + wrong_target) / 2, 0.5)
    return float(2 * (1 - 2 * error))
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "proxy_a_distance", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("proxy_a_distance")

# %% [markdown]
# ## Task 2: weights for the source examples
#
# **Why.** Some product reviews read like tweets: short, loud, with a smiley. They tell us more about tweets than the
# others do, so they should count more in training.
#
# **What.** How much more? As often as such an example is *more frequent in the target than in the source*:
# P(x | target) / P(x | source). The domain classifier knows it. Let p be its probability that a source row is from the
# target. By Bayes' rule
#
# $$\frac{P(x \mid \text{target})}{P(x \mid \text{source})} = \frac{p}{1-p} \cdot \frac{n_\text{source}}{n_\text{target}}$$
#
# The second factor is needed because the classifier also knows which domain was larger in its training. Given twice as
# many source rows, it says "source" twice as readily, and that says nothing about x.
#
# Compute for each source row, in this order:
#
# 1. the ratio above, with p as it came;
# 2. the ratio **capped**: where it is larger than `largest`, take `largest` instead. Without a cap a few rows would have
#    nearly all the weight, and training would hang on them;
# 3. the weight: the capped ratio, divided by the **mean** of all capped ratios. So the weights have mean 1, and the loss
#    keeps its size.
#
# **Example.** With 100 source and 50 target rows, p = 0.5 gives the ratio 1 · 2 = 2, and p = 0.2 gives 0.25 · 2 = 0.5.
#
# ```python
# print(instance_weights(np.array([0.5, 0.2, 0.9]), n_source=100, n_target=50, largest=5.0).round(2))
# ```
#
# The ratios are 2, 0.5 and 18, capped 2, 0.5 and 5. Their mean is 2.5, so it prints `[0.8 0.2 2. ]`.


# %% nbgrader={"grade": false, "grade_id": "instance_weights-solution", "locked": false, "schema_version": 3, "solution": true}
def instance_weights(p_target, n_source, n_target, largest):
    """How much each source row should count when one trains for the target.

    Args:
        p_target: float64 array ``(n,)``: for each of ``n`` source rows, the domain
            classifier's probability that the row is from the target. Above 0 and below 1.
        n_source: how many source rows the domain classifier was trained on, an int. It need
            not be ``n``.
        n_target: how many target rows it was trained on, an int.
        largest: no ratio counts as more than this, a float.

    Returns:
        The weights, float64 array ``(n,)``, with mean 1.
    """
    ### BEGIN SOLUTION
    ratio = p_target / (1 - p_target) * n_source / n_target
    capped = np.minimum(ratio, largest)
    return capped / capped.mean()
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "instance_weights", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("instance_weights")

# %% [markdown]
# ## Task 3: train with weights
#
# **Why.** A weight does nothing until the loss knows it.
#
# **What.** Each row has its own cross-entropy. Multiply it by the row's weight, and take the mean **over rows**: add up,
# and divide by the number of rows. Do not divide by the sum of the weights. In a small batch that sum is large or small by
# chance, and it is the very thing that should make a batch count more or less.
#
# Two things to look out for. `F.cross_entropy` gives the mean over rows; `reduction="none"` gives one number a row. And its
# argument `weight` is something else: one weight a *class*.
#
# Return a tensor without dimensions. One must be able to call `backward()` on it, so do not make a plain number of it.
#
# **Example.**
#
# ```python
# scores = torch.zeros(2, 2)  # both classes equally likely: each row's loss is log 2 = 0.693
# print(weighted_loss(scores, torch.tensor([0, 1]), torch.tensor([3.0, 1.0])))
# ```
#
# prints `tensor(1.3863)`: (3 · 0.693 + 1 · 0.693) / 2.


# %% nbgrader={"grade": false, "grade_id": "weighted_loss-solution", "locked": false, "schema_version": 3, "solution": true}
def weighted_loss(scores, labels, weights):
    """The mean over rows of weight times cross-entropy.

    Args:
        scores: float32 ``(n, classes)``, the model's scores (logits).
        labels: int64 ``(n,)``.
        weights: float32 ``(n,)``, one a row. They are constants.

    Returns:
        The loss, a tensor without dimensions, with a graph to ``scores``.
    """
    ### BEGIN SOLUTION
    losses = F.cross_entropy(scores, labels, reduction="none")
    return (weights * losses).mean()
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "weighted_loss", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("weighted_loss")

# %% [markdown]
# ## Task 4: CORAL, the source moved onto the target
#
# **Why.** Weights choose among source rows. They do not help when *no* source row looks like the target. Then one can
# move the rows: shift and stretch the cloud of source features until it lies like that of the target. A classifier
# trained on the moved rows, with their own labels, fits the target better. This is **CORAL**, correlation alignment
# (Sun et al. 2016).
#
# **What.** A cloud has a mean and a covariance matrix. First remove those of the source ("whiten"), then put on those of
# the target ("recolour"). Rows are examples, so matrices stand on the right:
#
# $$\text{adapted} = (\text{source} - \text{mean}_S)\; C_S^{-1/2}\; C_T^{1/2} + \text{mean}_T$$
#
# * mean_S and mean_T are the means of the columns of `source` and of `target`.
# * C_S is the covariance matrix of the source (`d` × `d`, sums divided by n − 1, as `np.cov` does it), plus `eps` times the
#   identity matrix. C_T is the same for the target, with the same `eps`.
# * Without `eps` it breaks. With fewer rows than features, a covariance matrix has directions of no spread at all, and one
#   cannot divide by that.
# * A power of a symmetric matrix is taken on its eigenvalues. With `values, vectors = np.linalg.eigh(C)`, the matrix
#   $C^{a}$ is vectors · diag(values$^a$) · vectors$^\top$. It is not the power of each entry.
#
# The source is adapted, **not** the target. No label is used at all.
#
# **Example.**
#
# ```python
# adapted = coral(source, target, eps=0.001)
# print(adapted.shape, adapted.mean(axis=0).round(2), target.mean(axis=0).round(2))
# print(np.cov(adapted, rowvar=False).round(2), np.cov(target, rowvar=False).round(2), sep="\n")
# ```
#
# prints `(60, 2)`, twice the same means, and nearly the same covariances.


# %% nbgrader={"grade": false, "grade_id": "coral-solution", "locked": false, "schema_version": 3, "solution": true}
def coral(source, target, eps):
    """The source features, moved to the mean and covariance of the target.

    Args:
        source: float64 array ``(n_source, d)``, ``d`` at least 2.
        target: float64 array ``(n_target, d)``. Either may have fewer rows than features, but at
            least two.
        eps: is added to the diagonal of both covariance matrices; a float above 0.

    Returns:
        The adapted source features, float64 array ``(n_source, d)``, in the same order.
    """

    ### BEGIN SOLUTION
    def power(matrix, exponent):
        values, vectors = np.linalg.eigh(matrix)
        return vectors * values**exponent @ vectors.T

    ridge = eps * np.eye(source.shape[1])
    whiten = power(np.cov(source, rowvar=False) + ridge, -0.5)
    recolour = power(np.cov(target, rowvar=False) + ridge, 0.5)
    return (source - source.mean(axis=0)) @ whiten @ recolour + target.mean(axis=0)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "coral", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("coral")

# %% [markdown]
# ## Task 5: a gradient that is reversed
#
# **Why.** CORAL takes the features as they are. A network can *learn* features from which nobody can tell the domain. Put
# a domain classifier on top of the features, and let two sides play against each other: the domain classifier learns to
# tell the domains apart, and the backbone learns to make that impossible. Such training is called *adversarial* (DANN:
# Ganin et al. 2016).
#
# One trick makes it a single training loop. Between backbone and domain classifier sits a layer that does nothing on the
# way forward. On the way back it turns the gradient around. The domain classifier goes downhill in its loss. The backbone,
# behind the layer, goes uphill in the very same loss.
#
# **What.** Two functions.
#
# `reverse_gradient(x, strength)` returns a tensor with the values of `x`. When gradients are computed, the gradient g that
# arrives at the result goes on to `x` as **−strength · g**. Only what goes through this result is reversed: `x` may also
# be used elsewhere (the label classifier does so), and the gradient from there must stay as it is. `strength` is a plain
# number, 0 or more.
#
# PyTorch lets you say what a step does on the way back. This one doubles the gradient. Yours looks alike: write such a
# class above the function or inside it, or find another way.
#
# ```python
# class DoubleGradient(torch.autograd.Function):
#     @staticmethod
#     def forward(ctx, x):
#         return x.view_as(x)
#
#     @staticmethod
#     def backward(ctx, gradient):
#         # It returns one gradient for each argument that forward has after ctx.
#         return 2 * gradient
#
#
# y = DoubleGradient.apply(x)
# ```
#
# A class above the function needs the strength as a second argument of `forward`. Then keep it there for the way back
# (`ctx.strength = strength`), and let `backward` return a second result for it: `None`, since a plain number has no
# gradient. A class inside the function sees `strength` anyway.
#
# `strength_at(progress)` says how strong the reversal is at a moment of training. At the start the domain classifier knows
# nothing yet, and its reversed gradient is noise. So the strength grows, from 0 towards 1: 2 / (1 + exp(−10 · progress)) − 1,
# where `progress` goes from 0 (start) to 1 (end). Return a `float`.
#
# **Example.**
#
# ```python
# x = torch.tensor([1.0, 2.0], requires_grad=True)
# y = reverse_gradient(x, 0.5)
# (3 * y).sum().backward()
# print(y.detach(), x.grad)
# print(strength_at(0.0), round(strength_at(0.5), 4))
# ```
#
# prints `tensor([1., 2.]) tensor([-1.5000, -1.5000])` and `0.0 0.9866`.


# %% nbgrader={"grade": false, "grade_id": "reverse_gradient-solution", "locked": false, "schema_version": 3, "solution": true}
def reverse_gradient(x, strength):
    """The values of ``x``; on the way back, the gradient times minus ``strength``.

    Args:
        x: a float32 tensor of any shape.
        strength: a plain number, 0 or more.

    Returns:
        A tensor of the shape of ``x``.
    """

    ### BEGIN SOLUTION
    class ReverseGradient(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view_as(x)

        @staticmethod
        def backward(ctx, gradient):
            return -strength * gradient

    return ReverseGradient.apply(x)
    ### END SOLUTION canary-solution-9d02f6a8


def strength_at(progress):
    """The strength of the reversal when a share ``progress`` (0 to 1) of the training is done.

    Returns:
        A float: 0 at the start, near 1 at the end.
    """
    ### BEGIN SOLUTION
    return 2 / (1 + math.exp(-10 * progress)) - 1
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "reverse_gradient", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("reverse_gradient")

# %% [markdown]
# ## Task 6: one step of adversarial training
#
# **Why.** Now the parts come together: a backbone, a **label head** that answers the question, and a **domain head** that
# asks where an example comes from.
#
# ```text
#                      +--> model.head --------------------> label loss   (source rows only)
# inputs -> backbone --|
#                      +--> reverse --> model.domain_head --> domain loss  (source and target rows)
# ```

# %% nbgrader={"grade": false, "grade_id": "domain-network", "locked": true, "schema_version": 3, "solution": false}


class DomainNetwork(nn.Module):
    """A backbone with two heads.

    * ``model.backbone(inputs)``: features ``(n, d)``;
    * ``model.head(features)``: scores ``(n, classes)``, one a class;
    * ``model.domain_head(features)``: scores ``(n,)``. A high score says "target", a low one
      "source".
    """

    def __init__(self, backbone, d, classes, hidden=16):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(d, classes)
        self.domain_head = nn.Sequential(
            nn.Linear(d, hidden), nn.ReLU(), nn.Linear(hidden, 1), nn.Flatten(0)
        )


# %% [markdown]
# **What.** Write one step of training on a batch of source rows with labels and a batch of target rows without.
#
# 1. Compute the features of both batches with `model.backbone`.
# 2. *Label loss*: `F.cross_entropy` of the label head's scores, for the source rows. There are no labels for the others.
# 3. *Domain loss*: send the features of **both** batches through `reverse`, then through the domain head. `reverse(features)`
#    is a finished layer like that of task 5, with its strength already inside. Compare the scores with 0 for each source
#    row and 1 for each target row, with `F.binary_cross_entropy_with_logits(scores, wanted)`: it gives the mean over rows,
#    and `wanted` are floats. Take the mean of source rows and the mean of target rows, and then the mean of these two:
#    **each domain counts half**, however large its batch is.
# 4. The loss is the sum: label loss + domain loss. No further factor and no minus: `reverse` turns the gradient around.
# 5. Clear the old gradients, call `backward()` once, take one step of the optimiser, which holds all parameters.
# 6. Return the label loss and the domain loss as two plain floats, computed before the step.
#
# **Example.** With a new network, both losses are not far from log 2 = 0.69, the loss of guessing between two:
#
# ```python
# torch.manual_seed(0)
# model = DomainNetwork(nn.Sequential(nn.Linear(5, 8), nn.Tanh()), d=8, classes=2)
# optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
# labels = torch.tensor([0, 1, 0, 1, 0, 1])
# print(dann_step(model, optimizer, torch.randn(6, 5), labels, torch.randn(4, 5), lambda x: x))
# ```
#
# Here `lambda x: x` stands for a layer that reverses nothing: enough to see the function run.


# %% nbgrader={"grade": false, "grade_id": "dann_step-solution", "locked": false, "schema_version": 3, "solution": true}
def dann_step(model, optimizer, source, labels, target, reverse):
    """One step of adversarial training.

    Args:
        model: a network with ``backbone``, ``head`` and ``domain_head`` as in DomainNetwork. It
            is changed in place.
        optimizer: holds all parameters of ``model``.
        source: float32, a batch of ``n_source`` inputs.
        labels: int64 ``(n_source,)``.
        target: float32, a batch of ``n_target`` inputs. Their labels are unknown.
        reverse: a function; ``reverse(features)`` has the same values and reverses the gradient.

    Returns:
        (label loss, domain loss), two floats, from before the step.
    """
    ### BEGIN SOLUTION
    source_features, target_features = model.backbone(source), model.backbone(target)
    label_loss = F.cross_entropy(model.head(source_features), labels)
    source_scores = model.domain_head(reverse(source_features))
    target_scores = model.domain_head(reverse(target_features))
    source_loss = F.binary_cross_entropy_with_logits(
        source_scores, torch.zeros_like(source_scores)
    )
    target_loss = F.binary_cross_entropy_with_logits(
        target_scores, torch.ones_like(target_scores)
    )
    domain_loss = (source_loss + target_loss) / 2
    optimizer.zero_grad()
    (label_loss + domain_loss).backward()
    optimizer.step()
    return label_loss.item(), domain_loss.item()
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "dann_step", "locked": true, "points": 4, "schema_version": 3, "solution": false}
check("dann_step")

# %% [markdown]
# ## Task 7: did it help, or did it hurt?
#
# **Why.** Adapting can do harm: **negative transfer**. And a score is a bit of luck: another random seed draws other
# training examples and gives another score. One run, or a better mean alone, proves nothing.
#
# **What.** Two methods were each run with the same seeds. `adapted[i]` and `baseline[i]` are the scores (higher is better)
# of seed i. Both saw the same examples, so a seed that is hard for one is hard for the other. Compare **in pairs**:
#
# 1. the differences `adapted[i] - baseline[i]`;
# 2. their mean m, and their standard deviation s with n − 1 in the denominator (`ddof=1`);
# 3. the 95% t interval of the mean: m − t · s / √n to m + t · s / √n, with n the number of seeds and t the 0.975 quantile
#    of Student's t with n − 1 degrees of freedom: `stats.t.ppf(0.975, n - 1)`. With few seeds it is much larger than 1.96.
# 4. The verdict is `"positive"` if the *whole* interval is above 0, `"negative"` if the whole interval is below 0, and
#    `"undecided"` otherwise. A bound that is exactly 0 is neither above nor below. When all differences are equal, s is
#    0 and both bounds are m (`stats.t.interval` gives NaN there). The verdict follows from the bounds as always.
#
# Return three things: the verdict, the lower and the upper bound.
#
# **Example.**
#
# ```python
# print(negative_transfer([0.70, 0.61, 0.80], [0.72, 0.64, 0.81]))
# ```
#
# The differences are −0.02, −0.03 and −0.01. Their mean is −0.02, s is 0.01 and t is 4.303, so the interval is
# −0.0448 to 0.0048: `undecided`. Worse three times, and with three seeds still no proof.


# %% nbgrader={"grade": false, "grade_id": "negative_transfer-solution", "locked": false, "schema_version": 3, "solution": true}
def negative_transfer(adapted, baseline):
    """Say from paired scores whether adapting helped or hurt.

    Args:
        adapted: a list of n floats, n at least 2: the scores with adaptation, one a seed.
        baseline: a list of n floats: the scores without, for the same seeds in the same order.

    Returns:
        (verdict, low, high): ``"positive"``, ``"negative"`` or ``"undecided"``, and the bounds of
        the 95% t interval of the mean difference, floats.
    """
    ### BEGIN SOLUTION
    differences = np.asarray(adapted) - np.asarray(baseline)
    mean, n = differences.mean(), len(differences)
    half = stats.t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    low, high = mean - half, mean + half
    if low > 0:
        return "positive", low, high
    if high < 0:
        return "negative", low, high
    return "undecided", low, high
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "negative_transfer", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("negative_transfer")

# %% [markdown]
# ## Put it together: four kinds of texts
#
# *Demo: the cells of this section use your functions and are not graded.*
#
# The texts are sentences of product reviews, film reviews and newspaper editorials, and tweets. Each is rated as negative
# or positive (Hutto & Gilbert 2014). A frozen MiniLM turns each text into 384 features, once. That takes a quarter of a
# minute.

# %% tags=["demo"]
import time

from transfer_learning.datasets import load_sentiment
from transfer_learning.models import load_text_encoder

DOMAINS = ("products", "films", "newspaper", "tweets")
SIZES = {"train": 400, "validation": 100, "test": 300}


@torch.no_grad()
def features_of(encoder, texts):
    """Features ``(n, 384)``, float64. Texts of like length share a batch, which saves time."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    features = torch.zeros(len(texts), encoder.feature_dim)
    for start in range(0, len(order), 32):
        part = order[start : start + 32]
        features[part] = encoder([texts[i] for i in part])
    return features.double().numpy()


start = time.perf_counter()
encoder = load_text_encoder()
features, labels, share = {}, {}, {}
for domain in DOMAINS:
    reviews = load_sentiment(domain)
    for split, size in SIZES.items():
        part = reviews.part(split)
        chosen = np.random.default_rng(0).permutation(len(part))[:size]
        part = part.subset(chosen)
        features[domain, split] = features_of(encoder, part.texts)
        labels[domain, split] = part.labels
        if split == "train":
            share[domain] = part.labels.double().mean().item()
            shortest = min(part.texts, key=lambda text: abs(len(text) - 60))
            print(f"{domain:10} {share[domain]:.0%} positive; for example: {shortest}")
print(f"{time.perf_counter() - start:.0f} s")

# %% [markdown]
# **The transfer matrix.** One linear head a source domain, trained with your `weighted_loss` (all weights 1, or larger for
# the rarer class, so that both classes count the same), then tested on all four domains. The one setting, the weight
# decay, is chosen on the *validation texts of the source domains*. No target label takes part in any choice.
#
# The score is the *balanced accuracy*: the mean, over the two classes, of the share that is classified rightly. Guessing
# gives 0.5.

# %% tags=["demo"]
from transfer_learning.evaluation import balanced_accuracy

# What follows is small: sharing it out among threads would take longer than doing it.
torch.set_num_threads(1)


def both_classes_alike(labels):
    """Weights with which each class has half of the total, mean 1."""
    counts = torch.bincount(labels, minlength=2).double()
    return (len(labels) / (2 * counts))[labels]


def fit_head(features, labels, weights=1.0, decay=0.02):
    """A linear head, trained until nothing moves any more."""
    inputs = torch.as_tensor(features, dtype=torch.float32)
    weights = (both_classes_alike(labels) * torch.as_tensor(weights)).float()
    head = nn.Linear(inputs.shape[1], 2)
    nn.init.zeros_(head.weight)
    optimizer = torch.optim.LBFGS(
        head.parameters(), max_iter=60, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = weighted_loss(head(inputs), labels, weights)
        loss = loss + decay * (head.weight**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return head


@torch.no_grad()
def score(head, domain, split="test"):
    inputs = torch.as_tensor(features[domain, split], dtype=torch.float32)
    return balanced_accuracy(
        labels[domain, split].numpy(), head(inputs).argmax(dim=1).numpy()
    )


def validated(decay):
    """The mean score on the validation texts of each domain, for heads of the same domain."""
    heads = {
        d: fit_head(features[d, "train"], labels[d, "train"], decay=decay) for d in DOMAINS
    }
    return np.mean([score(heads[d], d, "validation") for d in DOMAINS])


DECAY = max((0.002, 0.02, 0.2), key=validated)
matrix = np.zeros((4, 4))
for i, domain in enumerate(DOMAINS):
    head = fit_head(features[domain, "train"], labels[domain, "train"], decay=DECAY)
    matrix[i] = [score(head, other) for other in DOMAINS]

figure, place = plt.subplots(figsize=(5, 4), layout="constrained")
picture = place.imshow(matrix, cmap="viridis", vmin=0.5, vmax=matrix.max())
for i in range(4):
    for j in range(4):
        dark = matrix[i, j] < (0.5 + matrix.max()) / 2
        place.text(
            j,
            i,
            f"{matrix[i, j]:.2f}",
            ha="center",
            va="center",
            color="white" if dark else "black",
        )
place.set(
    xticks=range(4),
    yticks=range(4),
    xticklabels=DOMAINS,
    yticklabels=DOMAINS,
    xlabel="tested on (target)",
    ylabel="trained on (source)",
)
figure.colorbar(picture, label="balanced accuracy on test texts")
plt.show()
print(f"Weight decay {DECAY}, chosen on the validation texts of the source.")
drop = matrix.diagonal()[None, :] - matrix
print(
    f"Mean drop from home to away: {drop[~np.eye(4, dtype=bool)].mean():.3f} balanced accuracy."
)

# %% [markdown]
# **Does the distance foretell the drop?** The drop of a pair is how much better the target's own head is. The distance
# comes from your `proxy_a_distance`, which needs no label of either domain.

# %% tags=["demo"]
from sklearn.linear_model import LogisticRegression


def domain_classifier():
    return LogisticRegression(C=0.1, max_iter=1000)


pairs = [(s, t) for s in DOMAINS for t in DOMAINS if s != t]
distance = {
    (s, t): proxy_a_distance(
        features[s, "train"], features[t, "train"], domain_classifier()
    )
    for s, t in pairs
}
drops = [drop[DOMAINS.index(s), DOMAINS.index(t)] for s, t in pairs]
half = features["films", "train"]
same = proxy_a_distance(half[:200], half[200:], domain_classifier())

figure, place = plt.subplots(figsize=(6.5, 4), layout="constrained")
for colour, mark, domain in zip((BLUE, ORANGE, GREEN, GREY), "osD^", DOMAINS, strict=True):
    chosen = [k for k, (s, _) in enumerate(pairs) if s == domain]
    xs, ys = [distance[pairs[k]] for k in chosen], [drops[k] for k in chosen]
    place.scatter(xs, ys, color=colour, marker=mark, s=50, label=f"from {domain}")
    left = domain in ("films", "tweets")  # so that no two words lie on each other
    for k, x, y in zip(chosen, xs, ys, strict=True):
        place.annotate(
            f"to {pairs[k][1]}",
            (x, y),
            xytext=(-6 if left else 6, -3),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=8,
        )
place.set(
    xlabel="proxy A-distance (2: always told apart)",
    ylabel="drop in balanced accuracy",
    xlim=(min(distance.values()) - 0.15, 2.05),
)
place.axhline(0, color=GREY, lw=0.8)
place.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
plt.show()
rank = stats.spearmanr([distance[pair] for pair in pairs], drops).statistic
print(f"Two halves of the film reviews: distance {same:.2f}.")
print(
    f"Different domains: {min(distance.values()):.2f} to {max(distance.values()):.2f}. "
    f"Rank correlation of distance and drop: {rank:.2f} (12 pairs, not independent)."
)

# %% [markdown]
# The distance sees *any* difference, also one that has nothing to do with the question: tweets have hashtags, products
# have brand names. So it tells you that there is a shift, and it need not foretell what the shift costs. The theory
# that it comes from gives an upper bound of the target's error, no more.
#
# **Adapt, twelve times.** For each pair and each of six seeds: draw 200 labelled source texts and 200 target texts
# *without labels*, then train a head (a) as it is, (b) with your `instance_weights`, (c) after your `coral`. All three get
# the same texts. The target's test labels are used once, for the scores. The settings are the same for all pairs.

# %% tags=["demo"]
SEEDS = 6


def weights_for(source, target):
    """Instance weights from a domain classifier that is held back, so that it is not too sure."""
    rows = np.concatenate([source, target])
    domains = np.repeat([0, 1], [len(source), len(target)])
    known = LogisticRegression(C=0.001, max_iter=1000).fit(rows, domains)
    probability = known.predict_proba(source)[:, 1]
    return instance_weights(probability, len(source), len(target), 5.0)


start = time.perf_counter()
scores = {}
for s, t in pairs:
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        chosen = random.permutation(len(features[s, "train"]))[:200]
        unlabelled = features[t, "train"][random.permutation(400)[:200]]
        rows, answers = features[s, "train"][chosen], labels[s, "train"][chosen]
        heads = {
            "source only": fit_head(rows, answers, decay=DECAY),
            "weights": fit_head(rows, answers, weights_for(rows, unlabelled), decay=DECAY),
            "CORAL": fit_head(coral(rows, unlabelled, 0.1), answers, decay=DECAY),
        }
        for method, head in heads.items():
            scores.setdefault((s, t, method), []).append(score(head, t))
print(f"{time.perf_counter() - start:.0f} s")

# %% tags=["demo"]
figure, place = plt.subplots(figsize=(8, 5.5), layout="constrained")
verdicts = {"weights": [], "CORAL": []}
for row, (s, t) in enumerate(pairs):
    for method, colour, shift in (("weights", GREEN, -0.17), ("CORAL", ORANGE, 0.17)):
        verdict, low, high = negative_transfer(
            scores[s, t, method], scores[s, t, "source only"]
        )
        verdicts[method].append(verdict)
        clear = verdict != "undecided"
        place.plot([low, high], [row + shift] * 2, color=colour, lw=2)
        place.plot(
            (low + high) / 2,
            row + shift,
            "o" if method == "CORAL" else "s",
            color=colour,
            mfc=colour if clear else "white",
            label=method if row == 0 else None,
        )
place.axvline(0, color="black", lw=0.8)
place.set(
    yticks=range(len(pairs)),
    yticklabels=[
        f"{s} ({share[s]:.0%} positive) to {t} ({share[t]:.0%})" for s, t in pairs
    ],
    xlabel="gain over source only, balanced accuracy, with its 95% interval",
    title="Filled: the interval is clear of 0",
)
place.invert_yaxis()
place.legend()
plt.show()
for method, found in verdicts.items():
    print(
        f"{method:8}",
        ", ".join(
            f"{word}: {found.count(word)} of 12"
            for word in ("positive", "undecided", "negative")
        ),
    )
for method, found in verdicts.items():
    for (s, t), verdict in zip(pairs, found, strict=True):
        if verdict == "negative":
            print(f"Negative transfer: {method}, {s} to {t}.")

# %% [markdown]
# Read the figure with the shares of positive texts at its left. CORAL moves the mean of *all* source features to the mean
# of *all* target features. When the target has more positive texts than the source, a part of the difference between the
# means is the sentiment itself. Moved away, it can make the head answer wrongly. Which of the pairs does that explain, and
# which not? Without target labels you cannot see it coming: the two clouds lie on each other all the same. Weights are
# tamer. They can only choose among the source texts there are.
#
# Two cautions. The intervals know of other training texts (the seeds), not of other test texts. And of 24 intervals at
# 95%, one or so is clear of 0 by chance.

# %% [markdown]
# ## The same for pictures: digits from two sources
#
# *Demo.* MNIST digits are the source: handwriting of American pupils and clerks. The target are the digits of the UCI
# collection, written by others and scanned in another way. Both are shown in 8 × 8 pixels.

# %% tags=["demo"]
from transfer_learning.datasets import load_digit_images

mnist, uci = load_digit_images("mnist"), load_digit_images("uci")
images, unlabelled = mnist.part("train"), uci.part("train").images
validation, test = mnist.part("validation"), uci.part("test")

figure, places = plt.subplots(2, 10, figsize=(9, 2.1))
for row, (name, digits) in enumerate((("MNIST", images), ("UCI", uci.part("train")))):
    for digit in range(10):
        first = int((digits.labels == digit).nonzero()[0])
        places[row, digit].imshow(digits.images[first, 0], cmap="gray_r", vmin=0, vmax=1)
        places[row, digit].set(xticks=[], yticks=[])
    places[row, 0].set_ylabel(name)
plt.show()
gap = proxy_a_distance(
    images.images[:600].flatten(1).double().numpy(),
    unlabelled[:600].flatten(1).double().numpy(),
    domain_classifier(),
)
print(f"Proxy A-distance of the pixels: {gap:.2f}")

# %% [markdown]
# A tiny convolutional network, three ways: source only, CORAL on the pixels, and DANN with your `dann_step`,
# `reverse_gradient` and `strength_at`. With strength 0 the same loop is plain training on the source.
#
# How strong may the reversal be? That is a setting, and it is chosen without the target's labels: the largest strength
# that costs at most one point of accuracy on the **source's validation digits**.

# %% tags=["demo"]
STEPS, BATCH = 200, 64


def tiny_network():
    backbone = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(512, 64),
        nn.ReLU(),
    )
    return DomainNetwork(backbone, 64, classes=10, hidden=32)


def train_network(seed, strongest, moved=False):
    """A network trained on 600 source digits and 600 target digits without labels."""
    torch.manual_seed(seed)
    chosen = torch.randperm(len(images.images))[:600]
    inputs, answers = images.images[chosen], images.labels[chosen]
    others = unlabelled[torch.randperm(len(unlabelled))[:600]]
    if moved:
        pixels = [part.flatten(1).double().numpy() for part in (inputs, others)]
        inputs = torch.as_tensor(coral(*pixels, 0.01)).float().reshape(inputs.shape)
    model = tiny_network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(STEPS):
        strength = strongest * strength_at(step / STEPS)
        here = torch.randint(len(inputs), (BATCH,))
        there = torch.randint(len(others), (BATCH,))
        dann_step(
            model,
            optimizer,
            inputs[here],
            answers[here],
            others[there],
            lambda features, strength=strength: reverse_gradient(features, strength),
        )
    return model


@torch.no_grad()
def accuracy_on(model, digits):
    guess = model.head(model.backbone(digits.images)).argmax(dim=1)
    return (guess == digits.labels).double().mean().item()


start = time.perf_counter()
plain = accuracy_on(train_network(0, 0.0), validation)
for STRONGEST in (1.0, 0.3, 0.1):
    kept = accuracy_on(train_network(0, STRONGEST), validation)
    print(f"strength {STRONGEST}: source validation {kept:.3f} (without: {plain:.3f})")
    if kept >= plain - 0.01:
        break
METHODS = {
    "source only": {"strongest": 0.0},
    "CORAL": {"strongest": 0.0, "moved": True},
    "DANN": {"strongest": STRONGEST},
}
found = {
    name: [accuracy_on(train_network(seed, **options), test) for seed in range(1, 6)]
    for name, options in METHODS.items()
}
print(f"{time.perf_counter() - start:.0f} s")

# %% tags=["demo"]
figure, place = plt.subplots(figsize=(6, 3), layout="constrained")
for row, values in enumerate(found.values()):
    colour = (GREY, ORANGE, BLUE)[row]
    place.plot(values, [row] * len(values), "o", color=colour, alpha=0.7)
    place.plot([np.mean(values)] * 2, [row - 0.25, row + 0.25], color=colour, lw=3)
place.set(
    yticks=range(3),
    yticklabels=found,
    xlabel="accuracy on the test digits of the target",
    title="A dot: one seed. A bar: their mean",
)
place.invert_yaxis()
plt.show()
for name in ("CORAL", "DANN"):
    verdict, low, high = negative_transfer(found[name], found["source only"])
    print(f"{name:6} against source only: {low:+.3f} to {high:+.3f}, {verdict}")

# %% [markdown]
# ## Task 8: in your own words
#
# Answer in the next cell, two to four sentences for each question. Your teacher reads it (1 point each).
#
# 1. A classmate measures the proxy A-distance between two halves of the same film reviews, and gets nearly 2. What did they
#    probably do, and why does it give this number?
# 2. Look at one pair for which your demo printed negative transfer (or, if there is none, at the pair with the lowest gain).
#    What do the two domains differ in, and why can adapting make that worse? Would you have noticed without target
#    labels?
# 3. You have to release *one* method for a target without labels. How would you choose its settings, and what would you
#    ask for, if you could have 50 labelled target texts: to train with them, to choose with them, or to test with them?

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflection", "locked": false, "points": 3, "schema_version": 3, "solution": true}
# ### BEGIN SOLUTION
# **Rubric** (for teachers; 1 point for each question, half points are possible)
#
# 1. *The error was measured on rows that the domain classifier had been trained on.* With 384 features and a few hundred
#    rows it learns them by heart, so its error is near 0 and the distance near 2, although there is no shift. Held-out rows
#    give a distance near 0. Half a point for "overfitting" without the way from the error to the number.
# 2. *A difference in the share of positive texts* (or in what the classes look like) is named, with the reason: aligning the
#    means of all rows moves one class onto the other; weights favour rows that look like the target in style, not in
#    sentiment, and leave fewer effective rows. And: *no*, not without labels, since distance and source score may look
#    fine. Half a point for only one of the two parts. A pair with no negative verdict may be argued in the same way.
# 3. *Settings on source validation* (or fixed beforehand), never on the target's test labels. For the 50 labels any choice
#    with a reason counts: testing first tells whether adapting harms at all; choosing among few methods is possible, but 50
#    texts give an interval of more than ten points; training with them is often better than any adaptation. One set must
#    not serve two of these ends. Half a point when the same 50 are used to choose and to report.
# ### END SOLUTION canary-solution-9d02f6a8

# %% [markdown]
# ## What to remember
#
# * A domain classifier is a ruler for shift. Its error must come from held-out rows.
# * Weights choose among source rows, CORAL moves them, DANN learns features that hide the domain. None needs a target label.
# * A ratio of densities has three traps: which way round, the sizes of the domains, and a few enormous weights.
# * Adapting can hurt. Aligning everything also aligns what should differ.
# * Compare in pairs, over seeds, with an interval. "Undecided" is an honest answer.
#
# ## Going further
#
# * *Other sources of features.* Replace MiniLM by TF-IDF words. Which drops become larger? What does `coral` cost with
#   thousands of features?
# * *Balance first.* Draw the source texts so that both domains have the same share of positive texts (for this
#   experiment, peek at the target's labels). Does the negative transfer go away?
# * *Another interval.* Replace the t interval by a paired bootstrap over seeds. With six seeds, which one is wider?
# * Ben-David et al., *A theory of learning from different domains* (2010), prove the bound behind task 1, and name the term
#   that no adaptation can make small: the error of the best single classifier for both domains.
# * Sun et al., *Return of frustratingly easy domain adaptation* (2016), is CORAL. Ganin et al., *Domain-adversarial training
#   of neural networks* (2016), is DANN.
