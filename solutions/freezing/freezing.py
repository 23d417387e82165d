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
# # Freezing: keep the backbone, train a new head
#
# *About 90 minutes. 20 points from checks, 3 points from your written answer.*
#
# A network that was trained on a million photos already knows what edges, fur and petals look like. You have about
# 80 photos and a different question. In this notebook you keep what the network knows and train only the small part
# that answers your question.
#
# **Afterwards you can**
#
# 1. say which numbers of a network are *parameters* and which are *buffers*, and what keeps each of them still;
# 2. freeze a backbone and give the model a new head;
# 3. build an optimiser that holds only what should learn;
# 4. train for one epoch and report an honest mean loss;
# 5. replace the frozen network by features that are computed once, and show that only the waiting changes;
# 6. measure how far training mode moves a backbone in which every parameter is frozen;
# 7. let the top layers of a backbone learn again, and no other.
#
# **You need** Python, and a first acquaintance with PyTorch: a tensor, an `nn.Module`, a loss.

# %% [markdown]
# ## How this notebook works
#
# There are eight short tasks in code. Each has a cell with an unfinished function. Write your code in place of
# `raise NotImplementedError()`, run the cell, then run the check cell below it. The first check takes a few
# seconds, the others less than one. When something is wrong, a check says what was expected, what came, why it matters
# and what to try.
#
# | task | function | points |
# |---|---|---|
# | 1 | `freeze_backbone(model)` | 2 |
# | 2 | `replace_head(model, classes)` | 2 |
# | 3 | `make_optimizer(model, lr)` | 2 |
# | 4 | `set_train_mode(model)` | 3 |
# | 5 | `train_one_epoch(model, loader, optimizer)` | 3 |
# | 6 | `precompute_features(model, loader)` | 3 |
# | 7 | `feature_drift(model, loader, training)` | 3 |
# | 8 | `unfreeze_top(model, layers)` | 2 |
# | 9 | a written answer, read by your teacher | 3 |
#
# *How it is graded.* The same checks run again on what you hand in, with other random numbers and more of them. They
# call your functions and look at what happens to the numbers in the network. So keep the functions' names and
# arguments, and write what the text asks for, not what one check happens to show. Leave what you are given as it is,
# unless the text says that it changes. You may add cells. The tasks count one by one. Only task 5 uses another task's
# function, that of task 4: a mistake there is marked once, but task 5 cannot run without it. Cells marked *demo* are
# for you and are not run when your work is graded.

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

_ = assets(["fetch", "tuxpaint-stamps-default"])

# %% nbgrader={"grade": false, "grade_id": "set-up", "locked": true, "schema_version": 3, "solution": false}
import copy
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from autograder import checks
from transfer_learning.models import Classifier, small_classifier

check = checks("freezing")

# %% [markdown]
# ## The idea
#
# Run the next cell to see the picture. It needs no reading.

# %% tags=["demo"]
import matplotlib.pyplot as plt


def draw_the_idea():
    figure, axes = plt.subplots(figsize=(9, 2.3))
    axes.set(xlim=(0, 18), ylim=(0, 4.4))
    axes.axis("off")
    parts = [
        (0.1, 3.2, "photos\n3 x 128 x 128", "#eeeeee"),
        (4.3, 4.6, "backbone\nfrozen: gives the same\nfeatures every time", "#bcd7ee"),
        (9.9, 3.2, "features\n1280 numbers", "#eeeeee"),
        (14.1, 3.8, "head\nlearns: 4 scores", "#ffd8a8"),
    ]
    for left, width, text, colour in parts:
        axes.add_patch(
            plt.Rectangle((left, 1.9), width, 2.2, facecolor=colour, edgecolor="#444444")
        )
        axes.text(left + width / 2, 3.0, text, ha="center", va="center", color="black")
    for start, end in ((3.3, 4.3), (8.9, 9.9), (13.1, 14.1)):
        axes.annotate(
            "",
            (end, 3.0),
            (start, 3.0),
            arrowprops={"arrowstyle": "->", "color": "#444444"},
        )
    gradient = {"arrowstyle": "->", "color": "#b35900", "lw": 2}
    axes.annotate("", (13.6, 1.1), (17.9, 1.1), arrowprops=gradient)
    axes.plot([13.5, 13.5], [0.7, 1.5], color="#b35900", lw=3)
    axes.text(15.8, 0.3, "gradients stop here", ha="center", color="#b35900")
    figure.patch.set_facecolor("white")
    plt.show()


draw_the_idea()

# %% [markdown]
# A classifier has two parts. The **backbone** turns a photo into **features**, a row of numbers that say what is in it.
# The **head** turns features into one score for each class.
#
# The backbone was trained on the source task: ImageNet, over a million photos, 1000 classes. That is *pretraining*.
# Your target task has four classes and about 80 photos. The backbone has 3.4 million numbers, and 80 photos cannot
# tell them what to be. The new head has about 5,000. So we **freeze** the backbone: it stays exactly as it was, and
# only the head learns. Used like this, the pretrained network does *feature extraction*.
#
# "Exactly as it was" is harder than it sounds, because a network holds two kinds of numbers:
#
# | kind | examples | what changes it | what keeps it still |
# |---|---|---|---|
# | **parameter** | a convolution's weight; BatchNorm's scale and shift; the head's weight and bias | a step of the optimiser | no gradient (task 1), not in the optimiser (task 3) |
# | **buffer** | BatchNorm's `running_mean` and `running_var` | every forward pass in *training mode* | *evaluation mode* (task 4) |
#
# **BatchNorm** shifts and scales its input to a standard size. In training mode it measures mean and variance on the
# batch at hand, and keeps a running average of both, its *statistics*. In evaluation mode it uses the stored statistics
# and changes nothing. **Dropout**, often a part of the head, sets random inputs to zero in training mode, so that the
# head cannot learn few photos by heart; in evaluation mode it does nothing. `module.train()` and `module.eval()` switch
# the mode of a module and of everything inside it.

# %% [markdown]
# ### A small network to try things on
#
# The pretrained network comes at the end. Until then we use a tiny one that is built the same way and takes a
# millisecond. `small_classifier` gives a `Classifier`; these are the attributes you will use:
#
# * `model.backbone`: a module, `(batch, 3, height, width)` to `(batch, feature_dim)`;
# * `model.backbone.feature_dim`: how many features it gives for one image, an `int`;
# * `model.head`: a module, `(batch, feature_dim)` to `(batch, classes)`;
# * `model(images)`: the same as `model.head(model.backbone(images))`, the scores (logits).
#
# Run the cell and find the BatchNorm layers, their parameters and their buffers.

# %%
model = small_classifier(classes=3, dropout=0.5)
images = torch.randn(4, 3, 16, 16)
print("images", tuple(images.shape))
print("features", tuple(model.backbone(images).shape))
print("scores", tuple(model(images).shape))
print("\nparameters:")
for name, parameter in model.named_parameters():
    shape = str(tuple(parameter.shape))
    print(f"  {name:28} {shape:16} requires_grad={parameter.requires_grad}")
print("\nbuffers:")
for name, buffer in model.named_buffers():
    print(f"  {name:40} {tuple(buffer.shape)}")

# %% [markdown]
# ## Task 1: freeze the backbone
#
# **Why.** While the new head is still random, its gradients are random too. If they reach the backbone, they spoil in a
# few steps what took a million photos to learn.
#
# **What.** PyTorch computes a gradient for a parameter only if its `requires_grad` is `True`. Switch it off for *every*
# parameter of the backbone, BatchNorm's scale and shift included. Leave the head as it is. Change the model that is
# passed in, not a copy, and return it. No number in the model changes. (In which mode you leave it does not matter: task 4
# sets that.)
#
# **Example.** When your function works, this cell
#
# ```python
# model = freeze_backbone(small_classifier(classes=3))
# print([name for name, parameter in model.named_parameters() if parameter.requires_grad])
# ```
#
# prints `['head.weight', 'head.bias']`.


# %% nbgrader={"grade": false, "grade_id": "freeze_backbone-solution", "locked": false, "schema_version": 3, "solution": true}
def freeze_backbone(model):
    """Switch learning off for every parameter of the backbone.

    Args:
        model: a Classifier with ``backbone`` and ``head``. It is changed in place.

    Returns:
        The same model. Only its head's parameters still require gradients.
    """
    ### BEGIN SOLUTION
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    return model
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "freeze_backbone", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("freeze_backbone")

# %% [markdown]
# ## Task 2: replace the head
#
# **Why.** The old head gives scores for the classes of the source task. For other classes they mean nothing.
#
# **What.** Put a new `nn.Linear` in the place of `model.head`: from the backbone's features to `classes` scores, with
# the fresh random weights that `nn.Linear` comes with. Whatever the old head was (a layer, or several), all of it goes,
# also when it happens to have the right number of outputs. Models differ in their number of features, so ask the
# backbone for it. The backbone stays as it is: its numbers, and which of them can learn (freezing was task 1). The new
# head must be able to learn.
#
# **Example.**
#
# ```python
# model = replace_head(small_classifier(classes=3, feature_dim=12), classes=5)
# print(model.head, model(images).shape)
# ```
#
# prints `Linear(in_features=12, out_features=5, bias=True) torch.Size([4, 5])`.


# %% nbgrader={"grade": false, "grade_id": "replace_head-solution", "locked": false, "schema_version": 3, "solution": true}
def replace_head(model, classes):
    """Give the model a new, untrained head.

    Args:
        model: a Classifier; ``model.backbone`` gives features of shape
            ``(batch, model.backbone.feature_dim)``. It is changed in place.
        classes: the number of classes of the target task, an int.

    Returns:
        The same model. Its head is one ``nn.Linear`` that maps features to scores of shape
        ``(batch, classes)``.
    """
    ### BEGIN SOLUTION
    model.head = nn.Linear(model.backbone.feature_dim, classes)
    return model
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "replace_head", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("replace_head")

# %% [markdown]
# ## Task 3: an optimiser for what should learn
#
# **Why.** `requires_grad = False` stops *new* gradients. It does not take a parameter out of an optimiser. What an
# optimiser holds, it can move without a new gradient: by an old one that was never cleared, by momentum, or by weight
# decay, which pulls every weight towards zero.
#
# **What.** Return an optimiser that holds exactly those parameters of `model` whose `requires_grad` is `True`, wherever
# in the model they are, all with the learning rate `lr`. Do not name the head: later one often unfreezes the top of the
# backbone (*gradual unfreezing*, task 8), and the same function should then pick up that part too. Any optimiser of
# `torch.optim` is fine whose `step()` needs no argument; `torch.optim.SGD(..., momentum=0.9)` or `torch.optim.Adam` are
# good choices.
#
# **Example.**
#
# ```python
# optimizer = make_optimizer(freeze_backbone(small_classifier(classes=3)), lr=0.1)
# print([tuple(parameter.shape) for group in optimizer.param_groups for parameter in group["params"]])
# ```
#
# prints `[(3, 12), (3,)]`: the head's weight and bias.


# %% nbgrader={"grade": false, "grade_id": "make_optimizer-solution", "locked": false, "schema_version": 3, "solution": true}
def make_optimizer(model, lr):
    """An optimiser that holds what should learn and nothing else.

    Args:
        model: a Classifier. Some of its parameters may be frozen: ``requires_grad`` is False.
        lr: the learning rate, a float.

    Returns:
        An optimiser of ``torch.optim`` that holds exactly the parameters of ``model`` that
        require gradients.
    """
    ### BEGIN SOLUTION
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.Adam(learning, lr=lr)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "make_optimizer", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("make_optimizer")

# %% [markdown]
# ## Task 4: the right mode for training
#
# **Why.** The parameters of the backbone are still now. Its buffers are not. In training mode each forward pass moves
# the statistics of BatchNorm towards the new photos, although nothing "learns". The features then change from batch to
# batch, and the head learns to read features that will not come again.
#
# **What.** Put the model in the mode in which one trains a head on a frozen backbone:
#
# * the *whole backbone* in evaluation mode: BatchNorm uses its stored statistics and leaves them alone, and any dropout
#   inside the backbone is off, so an image gives the same features every time;
# * the *head* in training mode: its dropout is active.
#
# The model may come in any mode: new, or in evaluation mode because you have just measured its accuracy. Nothing but
# modes changes, `requires_grad` neither. Return the model.
#
# **Example.**
#
# ```python
# model = set_train_mode(small_classifier(classes=3, dropout=0.5).eval())
# print(model.backbone.training, model.backbone.layers[1].training, model.head.training)
# ```
#
# prints `False False True`.


# %% nbgrader={"grade": false, "grade_id": "set_train_mode-solution", "locked": false, "schema_version": 3, "solution": true}
def set_train_mode(model):
    """Set the mode for training a head on a frozen backbone.

    Args:
        model: a Classifier in any mode. It is changed in place.

    Returns:
        The same model: everything in its backbone is in evaluation mode, everything in its
        head in training mode.
    """
    ### BEGIN SOLUTION
    model.backbone.eval()
    model.head.train()
    return model
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "set_train_mode", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("set_train_mode")

# %% [markdown]
# ## Task 5: train for one epoch
#
# **Why.** This loop is the heart of every training. Its usual mistakes raise no error: the network just learns
# something else, or the curve you draw is not the one you think.
#
# **What.** One epoch is one pass through the loader.
#
# 1. Begin with your `set_train_mode(model)`.
# 2. For each batch, in the loader's order: clear the old gradients, compute the scores, compute the loss with
#    `F.cross_entropy(scores, labels)` (it takes scores as they are and gives the mean over the batch), compute the
#    gradients, take a step.
# 3. Return the mean loss **of a sample**: each image counts the same. The last batch is often smaller. A mean of the
#    batches' means would then count its images more than the others, so weight each batch's loss by its size. Count the
#    images that came: a loader may leave some of its dataset out.
#
# A sample's loss is the one computed in step 2, before that batch's step. Return an ordinary `float`: `loss.item()` gives
# the number in a tensor. A sum of tensors would keep the *graph* of every batch in memory: PyTorch's record of how a number
# was computed, which `backward()` needs.
#
# **Example.** Batches of 4 and 1 images have the mean losses 1.0 and 2.0. The mean loss of a sample is
# (4 × 1.0 + 1 × 2.0) / 5 = 1.2, not 1.5. With your function:
#
# ```python
# torch.manual_seed(0)
# loader = DataLoader(TensorDataset(torch.randn(10, 3, 16, 16), torch.arange(10) % 3), batch_size=4)
# model = freeze_backbone(small_classifier(classes=3))
# optimizer = make_optimizer(model, lr=0.01)
# print([round(train_one_epoch(model, loader, optimizer), 3) for epoch in range(3)])
# ```
#
# prints three numbers near 1.1, the logarithm of 3. That is the loss of guessing among three classes: the images are
# noise, and there is little to learn.


# %% nbgrader={"grade": false, "grade_id": "train_one_epoch-solution", "locked": false, "schema_version": 3, "solution": true}
def train_one_epoch(model, loader, optimizer):
    """Train for one pass through the loader.

    Args:
        model: a Classifier in any mode; ``set_train_mode`` sets the right one.
        loader: a DataLoader of batches ``(images, labels)``: images float32
            ``(batch, 3, height, width)``, labels int64 ``(batch,)``. The last batch may be
            smaller.
        optimizer: takes one step for each batch.

    Returns:
        The mean cross-entropy of a sample over the epoch, a float.
    """
    ### BEGIN SOLUTION
    model = set_train_mode(model)
    loss_sum, samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        samples += len(labels)
    return loss_sum / samples
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "train_one_epoch", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("train_one_epoch")

# %% [markdown]
# ## Task 6: compute the features once
#
# **Why.** A frozen backbone gives the same features for the same image in every epoch. It is also nearly all of the
# work. So compute the features once, keep them, and train the head on them: the same result, in a fraction of the time.
#
# **What.** Go through the loader once. For each batch apply `model.backbone` (not the head) **in evaluation mode** and
# **without a graph**, and collect features and labels of that batch together. Join them at the end with `torch.cat`.
#
# * Row `i` of the features and entry `i` of the labels belong to the `i`-th image that the loader gave. A loader that
#   shuffles has another order on every pass, so one pass must give both.
# * Every image counts, also those of a smaller last batch.
# * The model may come in any mode, and its backbone need not be frozen. Afterwards its parameters and buffers are what
#   they were, and what could learn still can. (In which mode you leave it does not matter: `train_one_epoch` sets its own.)
# * The features are plain numbers, cut off from the backbone: one can train a head on them for many epochs, and no
#   gradient reaches the backbone. Use `torch.no_grad()`. (`torch.inference_mode()` goes further: a tensor that
#   was made under it cannot be trained on.)
#
# **Example.**
#
# ```python
# loader = DataLoader(TensorDataset(torch.randn(10, 3, 16, 16), torch.arange(10)), batch_size=4)
# features, labels = precompute_features(small_classifier(classes=3), loader)
# print(features.shape, features.dtype, features.requires_grad, labels)
# ```
#
# prints `torch.Size([10, 12]) torch.float32 False tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])`.


# %% nbgrader={"grade": false, "grade_id": "precompute_features-solution", "locked": false, "schema_version": 3, "solution": true}
def precompute_features(model, loader):
    """The backbone's features of every image in the loader.

    Args:
        model: a Classifier in any mode. Its parameters and buffers are left as they are.
        loader: a DataLoader of batches ``(images, labels)``, ``n`` images in all.

    Returns:
        features: float32 ``(n, model.backbone.feature_dim)``, without a graph, in the
            loader's order.
        labels: int64 ``(n,)``, in the same order.
    """
    ### BEGIN SOLUTION
    model.eval()
    features, labels = [], []
    with torch.no_grad():
        for batch_images, batch_labels in loader:
            features.append(model.backbone(batch_images))
            labels.append(batch_labels)
    return torch.cat(features), torch.cat(labels)
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "precompute_features", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("precompute_features")

# %% [markdown]
# ## Task 7: measure what training mode does
#
# **Why.** In 2019 a reader asked the makers of PyTorch's tutorials whether BatchNorm must be put in evaluation mode when
# the backbone is frozen (issue 449 of `pytorch/tutorials`). The question was closed without an answer. You can settle it
# by measuring: if nothing moves in training mode, the mode does not matter.
#
# **What.** Measure how far one pass over the loader moves the backbone's features.
#
# 1. *Before:* compute the features of every image in evaluation mode.
# 2. *The pass:* put the backbone in training mode if `training` is `True`, in evaluation mode if it is `False`
#    (`module.train(training)` does both). Send each batch through it once, in the loader's order.
# 3. *After:* compute the features of every image in evaluation mode once more.
# 4. Return the *drift*, an ordinary `float`: the norm of (after - before) divided by the norm of before.
#
# The norm of a tensor is the root of the sum of its squares, here over all images and all features together, not batch by
# batch: `tensor.norm()`. A drift of 0 means that every feature is what it was. A drift of 1 means that the features
# changed by as much as they are large.
#
# * There is no loss, no gradient and no step: use `torch.no_grad()`. What moves, moves by forward passes alone.
# * The loader does not shuffle. Every pass over it gives the same batches in the same order.
# * The model may come in any mode, with any part frozen. Afterwards all its parameters and buffers are bit for bit what
#   they were. Beware: `model.state_dict()` gives the tensors themselves, and they move along with the model.
#   `copy.deepcopy(...)` makes a copy that stays. What could learn still can. In which mode you leave the model does not
#   matter.
# * Write it without your `precompute_features`, or be sure of that first: a mistake there would count here too.
#
# **Example.**
#
# ```python
# torch.manual_seed(0)
# loader = DataLoader(TensorDataset(torch.randn(10, 3, 16, 16), torch.arange(10)), batch_size=4)
# model = freeze_backbone(small_classifier(classes=3))
# print([feature_drift(model, loader, training) > 0 for training in (False, True, False, True)])
# ```
#
# prints `[False, True, False, True]`.


# %% nbgrader={"grade": false, "grade_id": "feature_drift-solution", "locked": false, "schema_version": 3, "solution": true}
def feature_drift(model, loader, training):
    """How far one pass over the loader moves the backbone's features.

    Args:
        model: a Classifier in any mode. Its parameters and buffers are left as they are.
        loader: a DataLoader of batches ``(images, labels)`` that does not shuffle.
        training: whether the pass is made in training mode, a bool. The features before
            and after it are computed in evaluation mode.

    Returns:
        The norm of the change of the features, divided by their norm before, a float.
    """
    ### BEGIN SOLUTION
    backbone = copy.deepcopy(model.backbone)  # its statistics may move, the model's stay

    def pass_through(mode):
        backbone.train(mode)
        with torch.no_grad():
            return torch.cat([backbone(images) for images, labels in loader])

    before = pass_through(False)
    pass_through(training)
    return ((pass_through(False) - before).norm() / before.norm()).item()
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "feature_drift", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("feature_drift")

# %% [markdown]
# ## Task 8: unfreeze the top
#
# **Why.** The first layers of a backbone see edges and colours, which every task needs. The last ones are nearest to the
# source task. Once the head has learnt, one often lets the last layers learn too, a few at a time, from the top down:
# *gradual unfreezing*.
#
# **What.** A *layer* here is a module that has parameters of its own, such as a convolution or a BatchNorm. A ReLU has
# none and does not count. An `nn.Sequential` only holds other modules and does not count either.
#
# * `model.backbone.modules()` goes through all modules, also through those inside others, in the order in which an image
#   passes them. `module.parameters(recurse=False)` gives a module's own parameters.
# * Afterwards every parameter of the last `layers` layers of the backbone requires gradients, and no other parameter of
#   the backbone does, **whatever was frozen before**. So `unfreeze_top(model, 1)` after `unfreeze_top(model, 3)` freezes
#   two layers again.
# * `layers` is an `int` from 0, which leaves the whole backbone frozen, to the number of layers, which lets all of it
#   learn. (The slice `[-0:]` is not empty: it is the whole list.)
# * The head keeps learning, as it did. No number in the model changes. Change the model that is passed in, not a copy, and
#   return it.
#
# The small network has four layers: convolution, BatchNorm, convolution, BatchNorm. Other models have more, of other
# kinds, and may have layers inside layers.
#
# *And the modes?* They stay as in task 4: the whole backbone in evaluation mode, the unfrozen layers too. Evaluation mode
# stops no gradient. The scale and shift of an unfrozen BatchNorm learn, its statistics stay: a batch of few photos would
# give poor ones.
#
# **Example.**
#
# ```python
# model = unfreeze_top(freeze_backbone(small_classifier(classes=3)), layers=2)
# print([name for name, parameter in model.named_parameters() if parameter.requires_grad])
# ```
#
# prints `['backbone.layers.3.weight', 'backbone.layers.4.weight', 'backbone.layers.4.bias', 'head.weight', 'head.bias']`.


# %% nbgrader={"grade": false, "grade_id": "unfreeze_top-solution", "locked": false, "schema_version": 3, "solution": true}
def unfreeze_top(model, layers):
    """Let the last layers of the backbone learn, and keep all below them frozen.

    Args:
        model: a Classifier; any part of its backbone may be frozen. It is changed in place.
        layers: how many layers learn, counted from the head down: modules of the backbone
            that have parameters of their own. An int from 0 to the number of such layers.

    Returns:
        The same model. Of its backbone exactly the parameters of the last ``layers`` layers
        require gradients.
    """
    ### BEGIN SOLUTION
    owned = [list(module.parameters(recurse=False)) for module in model.backbone.modules()]
    owned = [parameters for parameters in owned if parameters]
    for index, parameters in enumerate(owned):
        for parameter in parameters:
            parameter.requires_grad = index >= len(owned) - layers
    return model
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "unfreeze_top", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("unfreeze_top")

# %% [markdown]
# ## Put it together: real photos, a real pretrained network
#
# *Demo: the cells of this section use your functions and are not graded.*
#
# The photos show mammals, birds, flowers, and fruit or vegetables. The network is EfficientNet-Lite0, trained on
# ImageNet. If the photos are not on your machine yet, run `!python -m transfer_learning.assets fetch` in a cell; where
# that cannot get them, `load_photos(source="hub")` takes the ants and bees of the PyTorch tutorial instead.

# %% tags=["demo"]
from transfer_learning.datasets import load_photos
from transfer_learning.models import load_image_backbone

photos = load_photos(size=128)
train, validation = photos.part("train"), photos.part("validation")
print(f"{len(train)} photos to train on, {len(validation)} to validate")

figure, axes = plt.subplots(1, 8, figsize=(11, 1.9))
for place, index in zip(axes, torch.linspace(0, len(train) - 1, 8).long(), strict=True):
    place.imshow(train.images[index].permute(1, 2, 0))
    place.set_title(photos.class_names[train.labels[index]], fontsize=8)
    place.axis("off")
plt.show()

# %% [markdown]
# First the **frozen network**: every epoch sends every photo through the backbone. Then the **precomputed features**: the
# backbone runs once, and the head is trained on what it gave. A `Classifier` whose backbone is `nn.Identity()` is just
# a head, so that your `train_one_epoch` trains it unchanged. Both heads start from the same random weights and see the
# photos in the same order.

# %% tags=["demo"]
EPOCHS = 10
LR = 0.002


def loader_of(inputs, labels):
    """Batches of 16, shuffled in the same way for everyone who calls this."""
    order = torch.Generator().manual_seed(0)
    return DataLoader(
        TensorDataset(inputs, labels), batch_size=16, shuffle=True, generator=order
    )


def train_epochs(model, loader):
    """The loss of each epoch, and the seconds they took."""
    optimizer = make_optimizer(model, LR)
    start = time.perf_counter()
    losses = [train_one_epoch(model, loader, optimizer) for epoch in range(EPOCHS)]
    return losses, time.perf_counter() - start


backbone = load_image_backbone()
inputs = backbone.preprocess(train.images)
network = freeze_backbone(
    replace_head(Classifier(backbone, nn.Identity()), len(photos.class_names))
)
first_head = copy.deepcopy(network.head)

# The frozen network.
network_losses, network_seconds = train_epochs(network, loader_of(inputs, train.labels))

# The same from features that are computed once.
start = time.perf_counter()
features, labels = precompute_features(
    network, DataLoader(TensorDataset(inputs, train.labels), batch_size=16)
)
features_seconds = time.perf_counter() - start
head_only = Classifier(nn.Identity(), first_head)
head_losses, head_seconds = train_epochs(head_only, loader_of(features, labels))

# %% tags=["demo"]
figure, (curves, bars) = plt.subplots(
    1, 2, figsize=(10, 3.2), width_ratios=(3, 2), layout="constrained"
)
epochs = range(1, EPOCHS + 1)
curves.plot(
    epochs, network_losses, color="#0072b2", lw=6, alpha=0.45, label="frozen network"
)
curves.plot(
    epochs, head_losses, color="#d55e00", lw=2, ls="--", label="precomputed features"
)
curves.set(
    xlabel="epoch", ylabel="mean training loss of a photo", ylim=0, title="The same curve"
)
curves.legend()
names = ["precomputed\nfeatures", "frozen\nnetwork"]
bars.barh(
    names, [features_seconds, network_seconds], color="#0072b2", label="with the backbone"
)
bars.barh(
    names,
    [head_seconds, 0],
    left=[features_seconds, 0],
    color="#d55e00",
    label="head alone",
)
bars.set(xlabel=f"seconds for {EPOCHS} epochs", title="Not the same time")
bars.legend()
plt.show()

furthest = max(abs(a - b) for a, b in zip(network_losses, head_losses, strict=True))
print(f"The two curves differ by at most {furthest:.1e}.")
print(f"Frozen network: {network_seconds:.1f} s.")
print(f"Features once, then the head: {features_seconds + head_seconds:.1f} s.")

# %% [markdown]
# And is the head any good? The validation photos have not been used so far.

# %% tags=["demo"]
held_out = DataLoader(
    TensorDataset(backbone.preprocess(validation.images), validation.labels), batch_size=16
)
validation_features, validation_labels = precompute_features(network, held_out)
with torch.no_grad():
    answers = {
        "frozen network": network.head.eval()(validation_features).argmax(dim=1),
        "precomputed features": head_only.head.eval()(validation_features).argmax(dim=1),
    }
for method, answer in answers.items():
    right = (answer == validation_labels).sum()
    print(f"{method:22} {right} of {len(answer)} validation photos right")

# %% [markdown]
# ## The question of 2019, answered by measurement
#
# *Demo: these cells use your functions and are not graded.*
#
# All parameters of the real backbone are frozen. First your `feature_drift`: what does one pass over the training photos
# do? Then a head is trained for a few epochs, once with BatchNorm in evaluation mode (your `set_train_mode`), once with
# BatchNorm in training mode. Several seeds draw the head's first weights and the order of the photos. After each epoch
# your `precompute_features` gives the validation photos' features, and how far they have moved since the start. The
# photos are smaller than above, to save time.
#
# Guess before you run it: will the features move? Will the head be worse for it?

# %% tags=["demo"]
from transfer_learning.evaluation import bootstrap_interval

SEEDS = 3
SHORT = 6  # epochs
small = load_photos(size=96)
learn, held_out = small.part("train"), small.part("validation")
learn_inputs = backbone.preprocess(learn.images)
held_out_loader = DataLoader(
    TensorDataset(backbone.preprocess(held_out.images), held_out.labels), batch_size=16
)
in_order = DataLoader(TensorDataset(learn_inputs, learn.labels), batch_size=16)
own_set_train_mode = set_train_mode


def batchnorm_in_training_mode(model):
    """Your mode, but with every BatchNorm of the backbone in training mode."""
    model = own_set_train_mode(model)
    for module in model.backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()
    return model


def train_with(mode, seed):
    """Which validation photos are right at the end, and the drift after each epoch."""
    global set_train_mode
    torch.manual_seed(seed)
    network = Classifier(copy.deepcopy(backbone), nn.Identity())
    network = freeze_backbone(replace_head(network, len(small.class_names)))
    optimizer = make_optimizer(network, LR)
    order = torch.Generator().manual_seed(seed)
    loader = DataLoader(in_order.dataset, batch_size=16, shuffle=True, generator=order)
    first, labels = precompute_features(network, held_out_loader)
    drifts = [0.0]
    set_train_mode = mode  # the one that your train_one_epoch calls
    try:
        for _ in range(SHORT):
            train_one_epoch(network, loader, optimizer)
            now, labels = precompute_features(network, held_out_loader)
            drifts.append(((now - first).norm() / first.norm()).item())
    finally:
        set_train_mode = own_set_train_mode
    with torch.no_grad():
        right = network.head.eval()(now).argmax(dim=1) == labels
    return right.double().numpy(), drifts


MODES = {
    "evaluation mode": own_set_train_mode,
    "training mode": batchnorm_in_training_mode,
}
one_pass = [feature_drift(network, in_order, training) for training in (False, True)]
runs = {
    name: [train_with(mode, seed) for seed in range(SEEDS)] for name, mode in MODES.items()
}
rights = {name: [right for right, drifts in found] for name, found in runs.items()}
accuracies = {
    name: bootstrap_interval(right, held_out.groups) for name, right in rights.items()
}

# %% tags=["demo"]
figure, (scores, curves) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
for place, (name, colour, marker) in enumerate(
    (("evaluation mode", "#0072b2", "o"), ("training mode", "#d55e00", "s"))
):
    interval = accuracies[name]
    scores.plot(
        [place + 0.12 * (seed - SEEDS // 2) / SEEDS for seed in range(SEEDS)],
        [right.mean() for right in rights[name]],
        marker,
        color=colour,
        alpha=0.4,
    )
    scores.errorbar(
        place + 0.25,
        interval.mean,
        yerr=[[interval.mean - interval.low], [interval.high - interval.mean]],
        fmt=marker,
        color=colour,
        capsize=5,
    )
    for number, (_, drifts) in enumerate(runs[name]):
        curves.plot(
            drifts, color=colour, marker=marker, label=name if number == 0 else None
        )
scores.set(
    xlim=(-0.5, 1.6),
    ylim=(0, 1),
    xticks=(0, 1),
    xticklabels=MODES,
    ylabel="validation accuracy",
    title=f"The head: {SEEDS} seeds, mean and 95% interval",
)
curves.set(xlabel="epoch", ylabel="drift of the validation features", title="The backbone")
curves.set_ylim(bottom=-0.02)
curves.legend(title="BatchNorm in")
plt.show()

# %% tags=["demo"]
still, moving = one_pass
print("Drift of the training photos' features by one pass, no parameter moved:")
print(f"  evaluation mode {still:.3f}, training mode {moving:.3f}")
for name, interval in accuracies.items():
    drift = sum(drifts[-1] for right, drifts in runs[name]) / SEEDS
    print(
        f"BatchNorm in {name}: drift {drift:.0%} after {SHORT} epochs, validation accuracy "
        f"{interval.mean:.2f} (95% interval {interval.low:.2f} to {interval.high:.2f})"
    )
pairs = [
    first - second
    for first, second in zip(
        rights["evaluation mode"], rights["training mode"], strict=True
    )
]
gain = bootstrap_interval(pairs, held_out.groups)
print(
    f"Evaluation mode gains {gain.mean:+.2f}, photo by photo (95% interval {gain.low:+.2f} to {gain.high:+.2f})."
)
print()
if still == 0 < moving:
    print("Frozen parameters do not keep the backbone still. Evaluation mode does.")
else:
    print("The drift is not what the two modes should give: look at task 7 again.")
if gain.low > 0:
    print("And it matters here: the head is better on a backbone that is still.")
elif gain.high < 0:
    print("On these photos the head is better when the statistics follow them.")
else:
    print(
        f"Whether the head is better for it, {len(held_out)} photos and {SEEDS} seeds cannot say: "
        "the interval holds zero."
    )

# %% [markdown]
# So there are two answers, and they are not the same. *Does the backbone move?* Of that the measurement leaves no doubt.
# *Is the head worse for it?* That depends on the photos, and a small validation set can leave it open. New statistics
# can even help, when the photos look unlike those of the source task. But features that were computed once are no longer
# those of the network, and an image's score in training depends on its neighbours in the batch. So keep the backbone in
# evaluation mode, unless you have measured that moving it helps.
#
# Last, a look at `unfreeze_top` on the real network. Its layers lie in blocks inside blocks; your function finds them.

# %% tags=["demo"]
for layers in (0, 2, 8):
    unfreeze_top(network, layers)
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    numbers = sum(parameter.numel() for parameter in learning)
    print(
        f"{layers} layers of the backbone unfrozen: {numbers:,} numbers learn, the head's too"
    )

# %% [markdown]
# ## Task 9: in your own words
#
# Answer in the next cell, two to four sentences for each question. Your teacher reads it (1 point each).
#
# 1. A classmate set `requires_grad = False` for the whole backbone and trained with `model.train()`. After training, the
#    same photo gives other features than before. Which numbers changed, how, and what would have prevented it?
# 2. You want to *augment* the photos: in every epoch each one is flipped and cropped at random. Can you still train on
#    features that were computed once? What do you gain and what do you lose?
# 3. When would you not leave the backbone frozen? Name one situation in which you would unfreeze the top of it, and one
#    thing in the code of this notebook that must then change, beside the call of `unfreeze_top`.

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflection", "locked": false, "points": 3, "schema_version": 3, "solution": true}
# ### BEGIN SOLUTION
# **Rubric** (for teachers; 1 point for each question, half points are possible)
#
# 1. *The statistics of BatchNorm (`running_mean`, `running_var`).* They are buffers, updated by every forward pass in
#    training mode, with no gradient involved. Prevented by the backbone's evaluation mode, set after `model.train()`.
#    Half a point for "BatchNorm" without how, or without what prevents it.
# 2. *Not as it is:* each epoch's input is another image, so its features are others too; features computed once are those
#    of one version. One gains time, and loses the variety that augmentation brings, which guards against learning few
#    photos by heart. Also right: compute features for several augmented versions of each photo. Half a point for
#    "no" without a reason.
# 3. *A situation:* the target photos differ much from ImageNet (X-rays, drawings, satellite images), or there are many
#    labelled photos, or the frozen score has stopped improving. *A change:* build the optimiser anew (or add the part to
#    it), for it holds what it was given; a smaller learning rate for the backbone; precomputed features are no longer
#    valid, at most those below the unfrozen part. Half a point for only one of the two.
# ### END SOLUTION canary-solution-9d02f6a8

# %% [markdown]
# ## What to remember
#
# * A backbone is frozen when nothing in it moves: neither its parameters nor its buffers.
# * Frozen parameters do not keep BatchNorm's statistics still. Evaluation mode does, and you have measured it.
# * `requires_grad = False` stops gradients. The optimiser must not hold the parameter either.
# * `eval()` is about modes, `no_grad()` is about graphs, `requires_grad` is about parameters. None replaces another.
# * A mean loss is a mean over samples.
# * A frozen backbone gives the same features every time, so compute them once, unless the input changes.
# * Unfreeze from the top, a few layers at a time, and make the optimiser anew.
#
# ## Going further
#
# * *Train with the top unfrozen.* Call `unfreeze_top` on the real network after its head has learnt, make the optimiser
#   anew with a ten times smaller learning rate, and go on training. Does the validation score move? Try five seeds, and
#   compare photo by photo as above, before you believe it.
# * *Let BatchNorm move on purpose.* Change the photos so that they look unlike ImageNet: make them dark, or swap their
#   colours. Measure the drift and the scores of both modes again. New statistics as a remedy are the simplest kind of
#   domain adaptation.
# * *Batches.* How does the drift of one pass depend on the batch size, and on BatchNorm's `momentum`?
# * *Another head.* On precomputed features an epoch costs nearly nothing. Fit `sklearn.linear_model.LogisticRegression`
#   on them: what does it do that your head does not?
# * Yosinski et al., *How transferable are features in deep neural networks?* (2014), freeze networks layer by layer and
#   measure what is lost.
