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
# # Fine-tuning: let a pretrained BERT learn your question
#
# *60 to 90 minutes. 20 points from checks, 3 points from your written answer.*
#
# A frozen network gives you what it already knows. Sometimes that is not what you ask. BERT has read a great deal and
# can tell what a text is about; you want to know whether its writer is happy. In this notebook you let the pretrained
# network itself change, a little and with care, so that it learns your question and forgets as little as possible.
#
# **Afterwards you can**
#
# 1. put texts of different length into one batch, and keep the padding out of everything;
# 2. build a classifier from a pretrained encoder;
# 3. let the lower layers learn more slowly than the upper ones, or not at all;
# 4. train with warm-up, decay and early stopping, and keep the best weights;
# 5. measure what the network forgot;
# 6. adapt a layer with a few new numbers instead of changing it (LoRA).
#
# **You need** Python, PyTorch's training loop, and the notebook on freezing, or what it teaches: backbone, head,
# `requires_grad`.

# %% [markdown]
# ## How this notebook works
#
# There are seven tasks. Each has a cell with an unfinished function or class. Write your code in place of
# `raise NotImplementedError()`, run the cell, then run the check cell below it. When something is wrong, a check says
# what was expected, what came, why it matters and what to try.
#
# | task | function or class | points |
# |---|---|---|
# | 1 | `pad_batch(sequences, pad_id)` | 2 |
# | 2 | `TextClassifier(encoder, classes)` | 3 |
# | 3 | `parameter_groups(model, head_lr, decay)` | 3 |
# | 4 | `unfreeze_top(model, layers)` | 2 |
# | 5 | `fit(model, optimizer, loader, validate, epochs, patience, warmup_steps)` | 4 |
# | 6 | `forgetting(before, after, groups)` | 2 |
# | 7 | `LoRALinear(base, rank, alpha)` | 4 |
# | 8 | a written answer, read by your teacher | 3 |
#
# *How it is graded.* The same checks run again on what you hand in, with other random numbers and more of them. Keep
# the names and arguments, and write what the text asks for, not what one check happens to show. Leave what you are
# given as it is, unless the text says that it changes. You may add cells. The tasks count one by one: no check needs
# the answer to another task. Cells marked *demo* are for you and are not run when your work is graded.

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

_ = assets(["fetch", "hutto-sentiment"])

# %% nbgrader={"grade": false, "grade_id": "set-up", "locked": true, "schema_version": 3, "solution": false}
import copy
import time

import torch
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from autograder import checks

check = checks("fine_tuning")

# %% [markdown]
# ## The idea
#
# Run the next cell to see the picture. It needs no reading.

# %% tags=["demo"]
import matplotlib.pyplot as plt


def draw_the_idea():
    figure, axes = plt.subplots(figsize=(8, 3.1))
    figure.patch.set_facecolor("white")
    axes.set(xlim=(0, 16), ylim=(-0.5, 6.2))
    axes.axis("off")
    parts = [
        ("head: new", 1.0, "#ffd8a8"),
        ("layer 2: close to the old question", 0.55, "#dbe9f6"),
        ("layer 1", 0.3, "#cfe2f3"),
        ("layer 0", 0.17, "#bcd7ee"),
        ("embeddings: knows words", 0.09, "#a9cbe8"),
    ]
    for place, (text, rate, colour) in enumerate(parts):
        bottom = 4.6 - 1.1 * place
        axes.add_patch(
            plt.Rectangle((0.2, bottom), 7.2, 0.9, facecolor=colour, edgecolor="#444444")
        )
        axes.text(3.8, bottom + 0.45, text, ha="center", va="center", color="black")
        axes.barh(bottom + 0.45, 6 * rate, left=8.4, height=0.5, color="#b35900")
    axes.text(8.4, 5.75, "size of a step (learning rate)", color="#b35900")
    plt.show()


draw_the_idea()

# %% [markdown]
# **Fine-tuning** means: the pretrained network goes on learning, on your task. Nothing is frozen for ever. That has two
# dangers. You have few labels, and millions of numbers can learn a few texts by heart. And each step that serves the new
# task may destroy something that the network knew: **catastrophic forgetting**.
#
# Both dangers have one remedy, small steps in the right places:
#
# * the head is new and takes full steps; the lower a layer, the smaller its steps (tasks 3 and 4);
# * the first steps are tiny, because a random head sends random gradients down; the last ones are tiny too (task 5);
# * training ends when a held-out score stops rising (task 5);
# * or no old number moves at all, and only a few new ones learn (task 7).
#
# ### What an encoder is
#
# The **encoder** is our backbone. Here it is a BERT. A *tokeniser* cuts a text into *tokens*, words or pieces of words,
# and gives each its number. The encoder turns each token into a vector. Its parts, from the input up:
#
# | part | where it is | what it does |
# |---|---|---|
# | embeddings | `encoder.embeddings` | looks up a vector for each token and each place |
# | layers, 0 is the lowest | `encoder.encoder.layer[0]`, `[1]`, ... | each lets every token look at the others (*attention*) and changes its vector |
#
# `encoder(input_ids=..., attention_mask=...)` gives an object; its `.last_hidden_state` holds the vectors that come out of
# the last layer, shape `(texts, places, hidden)`. The number `hidden` is in `encoder.config.hidden_size`.
#
# The real encoder comes at the end. Until then we use one with 16 numbers for each token, built in the same way. Run the
# cell.


# %%
def tiny_encoder(layers=3):
    """A small BERT with random weights, without the part called pooler, which we do not use."""
    config = BertConfig(
        vocab_size=30,
        hidden_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=20,
    )
    return BertModel(config, add_pooling_layer=False).eval()


encoder = tiny_encoder()
two_texts = torch.tensor([[5, 9, 2, 4], [7, 3, 8, 6]])
hidden = encoder(
    input_ids=two_texts, attention_mask=torch.ones_like(two_texts)
).last_hidden_state
print("2 texts of 4 tokens:", tuple(two_texts.shape), "->", tuple(hidden.shape))
print("layers:", len(encoder.encoder.layer), "| hidden size:", encoder.config.hidden_size)

# %% [markdown]
# ## Task 1: put texts into one batch
#
# **Why.** A tensor is a rectangle, and texts have different lengths. So short texts are filled up with a number that
# means nothing: the *padding*. The network cannot guess which tokens are real. A **mask** tells it.
#
# **What.** `sequences` is a list of texts, each a list of token numbers (at least one text, at least one token in each).
# Return a pair of tensors, both int64, both of shape `(number of texts, length of the longest)`:
#
# * `input_ids`: each row holds the tokens of one text from column 0 on, then `pad_id` up to its end;
# * `attention_mask`: 1 where the row holds a token of the text, 0 after its end.
#
# A text may hold the number `pad_id` itself: some tokenisers have no padding of their own and use the number of a real
# token. So the mask goes by each text's length.
#
# **Example.**
#
# ```python
# pad_batch([[5, 9, 2], [7]], pad_id=0)
# ```
#
# gives `tensor([[5, 9, 2], [7, 0, 0]])` and `tensor([[1, 1, 1], [1, 0, 0]])`.


# %% nbgrader={"grade": false, "grade_id": "pad_batch-solution", "locked": false, "schema_version": 3, "solution": true}
def pad_batch(sequences, pad_id):
    """One batch of texts of different length.

    Args:
        sequences: a list of lists of token numbers, none of them empty.
        pad_id: the number that fills up short texts, an int.

    Returns:
        input_ids: int64 ``(texts, longest)``, each text from column 0 on, then ``pad_id``.
        attention_mask: int64 ``(texts, longest)``, 1 for a token of the text, 0 after its end.
    """
    ### BEGIN SOLUTION
    longest = max(len(sequence) for sequence in sequences)
    input_ids = torch.full((len(sequences), longest), pad_id)
    attention_mask = torch.zeros_like(input_ids)
    for row, sequence in enumerate(sequences):
        input_ids[row, : len(sequence)] = torch.tensor(sequence)
        attention_mask[row, : len(sequence)] = 1
    return input_ids, attention_mask
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "pad_batch", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("pad_batch")

# %% [markdown]
# ## Task 2: a classifier on top of the encoder
#
# **Why.** The encoder gives a vector for each token. You want scores for a whole text. So the vectors of a text are made
# into one (*pooling*), and a new head turns that into scores. Here we take the **mean** over the text's tokens: every
# word has its say. Padding must stay out of it twice. The encoder must not let tokens look at padding, and the mean must
# not count it.
#
# **What.** Write the class `TextClassifier`, an `nn.Module`.
#
# * `TextClassifier(encoder, classes)` keeps the very encoder it is given as `self.encoder`, and has a new
#   `nn.Linear` as `self.head`, from `encoder.config.hidden_size` features to `classes` scores. Nothing is frozen.
# * `model(input_ids, attention_mask)` takes a batch as task 1 makes it. It applies the encoder *with the mask*, takes
#   for each text the mean of its tokens' vectors, those where the mask is 1, and returns what the head makes of it:
#   float32 `(texts, classes)`, raw scores (logits) without a softmax. Each text has at least one token. It leaves modes
#   alone: in training the encoder's dropout is on.
#
# **Example.** The mean of the vectors `[1, 1]`, `[3, 5]` and a padding vector `[9, 9]`, with the mask `[1, 1, 0]`, is
# `[2, 3]`. And
#
# ```python
# model = TextClassifier(tiny_encoder(), classes=2)
# print(model(torch.tensor([[5, 9, 2], [7, 0, 0]]), torch.tensor([[1, 1, 1], [1, 0, 0]])).shape)
# ```
#
# prints `torch.Size([2, 2])`.


# %% nbgrader={"grade": false, "grade_id": "TextClassifier-solution", "locked": false, "schema_version": 3, "solution": true}
class TextClassifier(nn.Module):
    """A pretrained encoder, the mean over a text's tokens, and a new head.

    Args:
        encoder: a BertModel. ``encoder.config.hidden_size`` is the size of its vectors.
        classes: how many scores a text gets, an int.

    Attributes:
        encoder: the encoder that was given.
        head: ``nn.Linear``, from the encoder's features to the scores.
    """

    def __init__(self, encoder, classes):
        super().__init__()
        ### BEGIN SOLUTION
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, classes)
        ### END SOLUTION canary-solution-9d02f6a8

    def forward(self, input_ids, attention_mask):
        """Scores (logits) ``(texts, classes)``. Both arguments are int64 ``(texts, places)``."""
        ### BEGIN SOLUTION
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        mask = attention_mask[:, :, None]
        pooled = (output.last_hidden_state * mask).sum(dim=1) / mask.sum(dim=1)
        return self.head(pooled)
        ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "TextClassifier", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("TextClassifier")

# %% [markdown]
# ## Task 3: each part at its own pace
#
# **Why.** The lowest part knows words, which are the same in every task. The top layer knows what the old task asked.
# The head knows nothing yet. One learning rate for all is too large for the one or too small for the other.
# *Discriminative learning rates* give each part its own: the deeper, the smaller.
#
# **What.** An optimiser of PyTorch takes a list of groups: `torch.optim.AdamW([{"params": [...], "lr": 0.01}, ...])`.
# Return such a list for a model with `model.encoder` (a BertModel with its embeddings and at least one layer, and nothing
# else) and `model.head`:
#
# | part | learning rate |
# |---|---|
# | the head | `head_lr` |
# | the last layer | `head_lr * decay` |
# | the layer below it | `head_lr * decay ** 2` |
# | ... and so on, for each layer ... | |
# | the embeddings | `decay` times the rate of layer 0 |
#
# Every parameter of the model is in exactly one group, also one that is frozen at the moment: an optimiser leaves a
# parameter without a gradient alone, and later it may be unfrozen. Each group has the keys `params` and `lr`. How many
# groups there are, and in which order, is up to you. The model does not change.
#
# **Example.** With two layers,
#
# ```python
# model = TextClassifier(tiny_encoder(layers=2), classes=2)
# for group in parameter_groups(model, head_lr=1.0, decay=0.5):
#     print(group["lr"], len(list(group["params"])))
# ```
#
# prints `1.0 2`, `0.5 16`, `0.25 16` and `0.125 5` if there is one group for each part, from the top.


# %% nbgrader={"grade": false, "grade_id": "parameter_groups-solution", "locked": false, "schema_version": 3, "solution": true}
def parameter_groups(model, head_lr, decay):
    """Groups for an optimiser: the deeper a part lies, the smaller its learning rate.

    Args:
        model: has ``encoder``, a BertModel, and ``head``. It is left as it is.
        head_lr: the learning rate of the head, a float.
        decay: the rate of a part divided by that of the part above it, a float below 1.

    Returns:
        A list of dictionaries with ``params`` and ``lr``. Every parameter is in exactly one.
    """
    ### BEGIN SOLUTION
    parts = [model.encoder.embeddings, *model.encoder.encoder.layer, model.head]
    return [
        {"params": list(part.parameters()), "lr": head_lr * decay**depth}
        for depth, part in enumerate(reversed(parts))
    ]
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "parameter_groups", "locked": true, "points": 3, "schema_version": 3, "solution": false}
check("parameter_groups")

# %% [markdown]
# ## Task 4: unfreeze from the top
#
# **Why.** One can also let the layers learn one after another. First only the head, until its gradients make sense; then
# the top layer too; then the next. This is *gradual unfreezing*. It also saves time: nothing below the lowest layer that
# learns needs a gradient.
#
# **What.** Set `requires_grad` such that exactly these learn: the head, and the last `layers` layers of the encoder. The
# embeddings and all other layers are frozen. `layers` goes from 0 (the head alone) to the number of layers (everything but
# the embeddings). The model may come in any state, for example with everything frozen or everything learning; afterwards
# only `layers` counts. Change the model that is passed in, and return it. No number in it changes.
#
# **Example.** With `layers=1` of 3, the head and `model.encoder.encoder.layer[2]` learn.
#
# ```python
# model = unfreeze_top(TextClassifier(tiny_encoder(layers=3), classes=2), layers=1)
# print(sum(parameter.requires_grad for parameter in model.parameters()))
# ```
#
# prints `18`: 16 parameters of the layer and 2 of the head.


# %% nbgrader={"grade": false, "grade_id": "unfreeze_top-solution", "locked": false, "schema_version": 3, "solution": true}
def unfreeze_top(model, layers):
    """Let the head and the top layers learn, and freeze the rest.

    Args:
        model: has ``encoder``, a BertModel, and ``head``, in any state. It is changed in place.
        layers: how many of the encoder's layers learn, counted from the top, an int.

    Returns:
        The same model.
    """
    ### BEGIN SOLUTION
    model.encoder.requires_grad_(False)
    blocks = model.encoder.encoder.layer
    blocks[len(blocks) - layers :].requires_grad_(True)
    model.head.requires_grad_(True)
    return model
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "unfreeze_top", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("unfreeze_top")

# %% [markdown]
# ## Task 5: train, and know when to stop
#
# **Why.** At the start the head is random, so the gradients that it sends down are random too. Tiny first steps, the
# *warm-up*, keep the damage small. Later the steps shrink again, so that the weights come to rest. And with few labels the
# network soon learns the training texts by heart: its score on held-out texts stops rising. *Early stopping* watches that
# score and goes back to the best weights. It looks at validation texts only, never at the test.
#
# **What.** Write the training loop.
#
# 1. Each group of `optimizer` comes with its full learning rate in `group["lr"]`. Before every step set each group's rate
#    to its own full rate times the factor of that step. Let `taken` be the number of steps taken so far, over all epochs,
#    and `total_steps = epochs * len(loader)`:
#
#    | when | factor |
#    |---|---|
#    | `taken < warmup_steps` | `taken / warmup_steps` |
#    | from then on | `(total_steps - taken) / (total_steps - warmup_steps)` |
#
#    So the first step has the factor 0 when there is a warm-up, and after the last step of the last epoch the factor would
#    be 0 again. `warmup_steps` is smaller than `total_steps`, and 0 means no warm-up. (It is the schedule of
#    `transformers.get_linear_schedule_with_warmup`, which you may use.)
# 2. At the start of each epoch put the model into training mode, with its method `train()`.
# 3. For each batch `(input_ids, attention_mask, labels)` of `loader`, in its order: clear the old gradients, compute
#    `F.cross_entropy(model(input_ids, attention_mask), labels)`, compute the gradients, take one step. Go through the loader
#    once an epoch.
# 4. At the end of each epoch call `validate(model)` once. It gives a float, and **higher is better**. It may be negative,
#    for example a loss with a minus. It leaves the model in evaluation mode.
# 5. A score is a *new best* if it is greater than all scores before it; an equal one is not. The first score always is. Stop
#    as soon as `patience` epochs in a row (at least 1) have brought no new best, or after `epochs` epochs.
# 6. Put the weights of the best epoch back into the model, and return the list of all scores, one for each epoch that was
#    trained.
#
# A trap: `model.state_dict()` does not copy. It holds the very tensors that the next step changes.
#
# **Example.** Three epochs of two batches, `warmup_steps=2`: the factors are 0, 0.5, 1, 0.75, 0.5, 0.25. With
# `patience=2` and the scores 0.6, 0.7, 0.65, 0.7 training stops after the fourth epoch, with the weights of the second.


# %% nbgrader={"grade": false, "grade_id": "fit-solution", "locked": false, "schema_version": 3, "solution": true}
def fit(model, optimizer, loader, validate, epochs, patience, warmup_steps):
    """Train with warm-up, decay and early stopping.

    Args:
        model: gives scores for ``model(input_ids, attention_mask)``. It is changed in place.
        optimizer: an optimiser of torch.optim with the full learning rate in each group.
        loader: gives batches ``(input_ids, attention_mask, labels)``; ``len(loader)`` is their
            number.
        validate: ``validate(model)`` gives the held-out score, a float; higher is better.
        epochs: how many epochs there are at most, an int.
        patience: after how many epochs in a row without a new best to stop, an int.
        warmup_steps: for how many steps the learning rate rises, an int.

    Returns:
        The validation scores, a list of floats. The model holds the weights of the best epoch.
    """
    ### BEGIN SOLUTION
    full_rates = [group["lr"] for group in optimizer.param_groups]
    steps = len(loader) * epochs
    taken = 0
    scores = []
    for _ in range(epochs):
        model.train()
        for input_ids, attention_mask, labels in loader:
            if taken < warmup_steps:
                factor = taken / warmup_steps
            else:
                factor = (steps - taken) / (steps - warmup_steps)
            for group, full_rate in zip(optimizer.param_groups, full_rates, strict=True):
                group["lr"] = full_rate * factor
            optimizer.zero_grad()
            F.cross_entropy(model(input_ids, attention_mask), labels).backward()
            optimizer.step()
            taken += 1
        scores.append(validate(model))
        best_epoch = scores.index(max(scores))  # of equal ones the first
        if best_epoch == len(scores) - 1:
            best_weights = copy.deepcopy(model.state_dict())
        elif len(scores) - 1 - best_epoch == patience:
            break
    model.load_state_dict(best_weights)
    return scores
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "fit", "locked": true, "points": 4, "schema_version": 3, "solution": false}
check("fit")

# %% [markdown]
# ## Task 6: what was forgotten?
#
# **Why.** The new task's score says nothing about what the network could do before. If you want to use the encoder for
# anything else, measure that too.
#
# Our real encoder was pretrained to put texts that belong together near each other. So that is what we ask of it, before
# and after: is the nearest neighbour of a sentence another sentence *of the same article*? No label is needed for that.
#
# **What.** `before` and `after` hold the vectors of the same texts, from the encoder before and after fine-tuning. `groups`
# says to which article each text belongs. The **source accuracy** of a set of vectors is the share of texts whose nearest
# neighbour is of their own group. The nearest neighbour of a text is the *other* text with the largest cosine: the dot
# product of the two vectors after each was brought to length 1.
#
# Return, as a float, the source accuracy before minus that after. So positive means forgotten, negative gained. No vector
# is zero, and no two neighbours are equally near.
#
# **Example.** Two articles of two sentences each:
#
# ```python
# before = torch.tensor([[1.0, 0.0], [2.0, 0.2], [0.0, 1.0], [0.1, 3.0]])
# after = torch.tensor([[1.0, 0.0], [1.0, 0.9], [0.9, 1.0], [0.0, 1.0]])
# print(forgetting(before, after, torch.tensor([0, 0, 1, 1])))
# ```
#
# prints `0.5`: before, all four neighbours are right. After, the two in the middle have become each other's neighbours;
# the outer two still find their own.


# %% nbgrader={"grade": false, "grade_id": "forgetting-solution", "locked": false, "schema_version": 3, "solution": true}
def forgetting(before, after, groups):
    """How much of the source task was lost: source accuracy before minus after.

    Args:
        before: float32 ``(texts, features)``, the texts' vectors before fine-tuning.
        after: float32 ``(texts, features)``, the same texts' vectors afterwards.
        groups: int64 ``(texts,)``, texts of one group belong together.

    Returns:
        The share of texts with a nearest neighbour of their own group, before minus after, a float.
    """
    ### BEGIN SOLUTION
    accuracies = []
    for vectors in (before, after):
        directions = F.normalize(vectors, dim=1)
        cosines = directions @ directions.T
        cosines.fill_diagonal_(-torch.inf)
        accuracies.append((groups[cosines.argmax(dim=1)] == groups).float().mean().item())
    return accuracies[0] - accuracies[1]
    ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "forgetting", "locked": true, "points": 2, "schema_version": 3, "solution": false}
check("forgetting")

# %% [markdown]
# ## Task 7: LoRA, a few new numbers instead of many old ones
#
# **Why.** Fine-tuning changes every number, so each task needs its own copy of the whole network. **LoRA** (*low-rank
# adaptation*) leaves a layer's weight `W` as it is and learns a small change beside it: the product of two thin matrices.
# For 384 inputs, 384 outputs and rank 8 that is 6,144 new numbers beside 147,456 old ones. Take them away, and the old
# network is back.
#
# **What.** Write the class `LoRALinear`, an `nn.Module` around an `nn.Linear` called `base`. `rank` is an int, `alpha` a
# float.
#
# * `self.base` is the very layer that was given. Its weight, and its bias if it has one, are frozen.
# * `self.A`, an `nn.Parameter` of shape `(rank, inputs)`, starts from random numbers that are not all the same, for example
#   `torch.randn(rank, inputs) / inputs**0.5`. `self.B`, an `nn.Parameter` of shape `(outputs, rank)`, starts from zeros. Both
#   learn, and nothing else in the layer does. (So at first the product is zero and the layer does what `base` does. If
#   both were zero, neither would ever get a gradient.)
# * `layer(x)`, for `x` of shape `(..., inputs)`, gives `base(x) + alpha / rank * (x @ A.T @ B.T)`. Gradients reach `x`
#   through both.
# * `layer.merge()` returns one plain `nn.Linear` that gives the same outputs: its weight is `W + alpha / rank * B @ A`, its
#   bias is that of `base`, or none if `base` has none. Base layer, `A` and `B` stay as they are.
#
# `nn.Linear` has its sizes in `in_features` and `out_features`, and stores its weight as `(outputs, inputs)`.
#
# **Example.**
#
# ```python
# layer = LoRALinear(nn.Linear(6, 4), rank=2, alpha=8.0)
# print([name for name, parameter in layer.named_parameters() if parameter.requires_grad])
# x = torch.randn(3, 6)
# print(torch.equal(layer(x), layer.base(x)), layer.merge())
# ```
#
# prints `['A', 'B']`, then `True Linear(in_features=6, out_features=4, bias=True)`.


# %% nbgrader={"grade": false, "grade_id": "LoRALinear-solution", "locked": false, "schema_version": 3, "solution": true}
class LoRALinear(nn.Module):
    """A frozen linear layer, and a small change beside it that learns.

    Args:
        base: an ``nn.Linear``, with or without bias. It is frozen in place.
        rank: the size between ``A`` and ``B``, an int.
        alpha: the change is scaled by ``alpha / rank``, a float.

    Attributes:
        base: the layer that was given.
        A: parameter ``(rank, inputs)``, random at the start.
        B: parameter ``(outputs, rank)``, zero at the start.
    """

    def __init__(self, base, rank, alpha):
        super().__init__()
        ### BEGIN SOLUTION
        self.base = base.requires_grad_(False)
        self.A = nn.Linear(base.in_features, rank).weight  # a new layer's weight is random
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank
        ### END SOLUTION canary-solution-9d02f6a8

    def forward(self, x):
        """The outputs ``(..., outputs)`` for ``x`` of shape ``(..., inputs)``."""
        ### BEGIN SOLUTION
        return self.base(x) + self.scale * (x @ self.A.T @ self.B.T)
        ### END SOLUTION canary-solution-9d02f6a8

    def merge(self):
        """One new ``nn.Linear`` that gives the same outputs."""
        ### BEGIN SOLUTION
        merged = copy.deepcopy(self.base)
        merged.weight.data += self.scale * (self.B @ self.A).data
        return merged
        ### END SOLUTION canary-solution-9d02f6a8


# %% nbgrader={"grade": true, "grade_id": "LoRALinear", "locked": true, "points": 4, "schema_version": 3, "solution": false}
check("LoRALinear")

# %% [markdown]
# ## Put it together: a real BERT, real reviews
#
# *Demo: the cells of this section use your functions and are not graded.*
#
# The texts are sentences of Amazon reviews. The question: is the writer pleased or not? The encoder is MiniLM, a BERT
# of 6 layers that was pretrained to put sentences that belong together near each other. It has not been asked about moods.
#
# We label only a few sentences, to learn from, and a few more for early stopping. The test sentences come last, once for
# each model. No review is on two sides of the split. If the texts are not on your machine yet, run
# `!python -m transfer_learning.assets fetch` in a cell.

# %% tags=["demo"]
from transfer_learning.datasets import load_sentiment
from transfer_learning.evaluation import balanced_accuracy
from transfer_learning.models import load_text_encoder

reviews, news = load_sentiment("products"), load_sentiment("newspaper")
minilm = load_text_encoder()
bert, tokenizer = minilm.network, minilm.tokenizer
PAD = tokenizer.pad_token_id


def some_of(part, number, seed=0):
    """Token numbers and labels of ``number`` texts, drawn at random."""
    chosen = torch.randperm(len(part), generator=torch.Generator().manual_seed(seed))[
        :number
    ]
    texts = [part.texts[index] for index in chosen]
    tokens = tokenizer(texts, truncation=True, max_length=32)["input_ids"]
    return tokens, part.labels[chosen]


def in_batches(tokens, labels, size):
    """Batches ``(input_ids, attention_mask, labels)``, made by your ``pad_batch``."""
    return [
        (*pad_batch(tokens[start : start + size], PAD), labels[start : start + size])
        for start in range(0, len(tokens), size)
    ]


learn = in_batches(*some_of(reviews.part("train"), 160), size=16)
choose = in_batches(*some_of(reviews.part("validation"), 120), size=60)
final = in_batches(*some_of(reviews.part("test"), 500), size=50)
for row in (0, 1):
    print(tokenizer.decode(learn[0][0][row]), "->", reviews.class_names[learn[0][2][row]])

# %% [markdown]
# What could the encoder do *before*? We ask it about something else: newspaper sentences. Is the nearest neighbour of a
# sentence from the same article? That needs topics, not moods, and no label.

# %% tags=["demo"]
articles = news.part("validation")
names = list(dict.fromkeys(articles.groups))[:40]
mine = [index for index, group in enumerate(articles.groups) if group in names]
sources = torch.tensor([names.index(articles.groups[index]) for index in mine])
source_tokens = tokenizer(
    [articles.texts[index] for index in mine], truncation=True, max_length=32
)["input_ids"]


def vectors_of(encoder):
    """The mean vector of each newspaper sentence: your classifier, with a head that does nothing."""
    model = TextClassifier(encoder, 2)
    model.head = nn.Identity()
    model.eval()
    with torch.no_grad():
        return torch.cat(
            [model(ids, mask) for ids, mask, _ in in_batches(source_tokens, sources, 50)]
        )


before = vectors_of(bert)
sizes = torch.bincount(sources)
chance = (sizes * (sizes - 1)).sum() / (len(sources) * (len(sources) - 1))
print(f"{len(sources)} sentences of {len(names)} articles")
near = F.normalize(before, dim=1) @ F.normalize(before, dim=1).T - 3 * torch.eye(
    len(before)
)
source_before = (sources[near.argmax(dim=1)] == sources).double().mean().item()
print(
    f"nearest neighbour from the same article: {source_before:.2f} (by chance: {chance:.2f})"
)

# %% [markdown]
# ### Four ways to use the same labels
#
# 1. **the head alone**: everything else is frozen (your `unfreeze_top` with 0 layers);
# 2. **large steps**: the whole network learns at the head's rate, without warm-up;
# 3. **with care**: the whole network learns, with your `parameter_groups` and warm-up;
# 4. **LoRA**: the encoder stays as it is; beside the query and value layers of its attention sit your `LoRALinear`.
#
# All four start from the same encoder, use your `fit`, and stop on the same validation sentences. Guess first: which one
# is best at moods? Which one forgets most?


# %% tags=["demo"]
class Shuffled:
    """The batches in a new order in each epoch."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter([self.batches[index] for index in torch.randperm(len(self.batches))])


def score(model, batches):
    """Balanced accuracy, in evaluation mode: no dropout."""
    model.eval()
    with torch.no_grad():
        answers = torch.cat([model(ids, mask).argmax(dim=1) for ids, mask, _ in batches])
    return balanced_accuracy(torch.cat([labels for *_, labels in batches]), answers)


def with_lora(model, rank=8, alpha=16.0):
    """Freeze the encoder, and put LoRA beside the query and value layers."""
    unfreeze_top(model, 0)
    for layer in model.encoder.encoder.layer:
        attention = layer.attention.self
        attention.query = LoRALinear(attention.query, rank, alpha)
        attention.value = LoRALinear(attention.value, rank, alpha)
    return model


def one_rate(model, lr):
    return [{"params": [p for p in model.parameters() if p.requires_grad], "lr": lr}]


EPOCHS = 5
WAYS = {  # how the model is prepared, the optimiser's groups, steps of warm-up
    "the head alone": (lambda m: unfreeze_top(m, 0), lambda m: one_rate(m, 5e-3), 0),
    "large steps": (lambda m: m, lambda m: one_rate(m, 1e-3), 0),
    "with care": (lambda m: m, lambda m: parameter_groups(m, 1e-3, 0.3), len(learn)),
    "LoRA": (with_lora, lambda m: one_rate(m, 2e-3), len(learn)),
}
found = {}
for name, (prepare, groups_of, warmup) in WAYS.items():
    torch.manual_seed(0)
    model = prepare(TextClassifier(copy.deepcopy(bert), 2))
    optimizer = torch.optim.AdamW(groups_of(model))
    start = time.perf_counter()
    curve = fit(
        model,
        optimizer,
        Shuffled(learn),
        lambda model: score(model, choose),
        epochs=EPOCHS,
        patience=2,
        warmup_steps=warmup,
    )
    seconds = time.perf_counter() - start
    found[name] = {
        "curve": curve,
        "test": score(model, final),
        "forgotten": forgetting(before, vectors_of(model.encoder), sources),
        "numbers": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }
    print(f"{name:15} {found[name]['numbers']:10,} numbers learn, {seconds:5.1f} s")

# %% tags=["demo"]
figure, (curves, plane) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
styles = zip(
    found.items(),
    ("#0072b2", "#d55e00", "#009e73", "#b5588d"),
    ("o", "s", "^", "D"),
    strict=True,
)
for (name, one), colour, marker in styles:
    epochs = range(1, len(one["curve"]) + 1)
    curves.plot(epochs, one["curve"], color=colour, marker=marker, label=name)
    plane.plot(one["forgotten"], one["test"], marker, color=colour, ms=9, label=name)
curves.set(
    xlabel="epoch",
    ylabel="balanced accuracy, validation",
    xticks=range(1, EPOCHS + 1),
    ylim=(0.4, 1),
    title="Learning the new task",
)
plane.axvline(0, color="#444444", lw=1)
plane.axhline(0.5, color="#444444", lw=1, ls=":")
plane.set(
    xlabel="forgotten: source accuracy before minus after",
    ylabel="balanced accuracy, test",
    ylim=(0.4, 1),
    title="New task against old task",
)
plane.legend(loc="upper right")
plt.show()
for name, one in found.items():
    print(
        f"{name:15} test {one['test']:.2f}, forgotten {one['forgotten']:+.2f} of {source_before:.2f}"
    )

# %% [markdown]
# The best place in the right picture is the upper left corner: good at moods, nothing forgotten. Look at three things.
#
# * *Large steps*: how much of the old ability is left? And what did they gain for it in the new task? Nothing was wrong
#   with the network, the labels or the loop. Only the steps were too large for what the network already knew.
# * *The head alone* forgets nothing at all, because nothing moves. What does it pay for that, if anything?
# * *With care* and *LoRA* both forget something. LoRA moves no old number, and yet the sentence vectors change: what it
#   learnt is added to them. The difference is that you can take LoRA off again.
#
# These are 500 test sentences, one draw of labels, one seed. Up and down, a gap of a few hundredths says little here.
# From left to right the gaps are wider: which of them would you trust?

# %% [markdown]
# ### Your LoRA against a library
#
# `peft` is the library that most people use for LoRA. We give it the same encoder, copy *its* random matrices into *your*
# layers, and compare what comes out. Then both are merged into plain layers.

# %% tags=["demo"]
import warnings

from peft import LoraConfig, get_peft_model

settings = LoraConfig(
    r=8,
    lora_alpha=16.0,
    target_modules=["query", "value"],
    init_lora_weights=False,  # random B too, so that there is a change to compare
)
with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # peft asks transformers for a name that is being renamed
    theirs = get_peft_model(copy.deepcopy(bert), settings).eval()
yours = with_lora(TextClassifier(copy.deepcopy(bert), 2)).encoder.eval()
with torch.no_grad():
    for name, module in theirs.base_model.model.named_modules():
        if hasattr(module, "lora_A"):
            own = yours.get_submodule(name)
            own.A.copy_(module.lora_A["default"].weight)
            own.B.copy_(module.lora_B["default"].weight)


def output_of(encoder):
    ids, mask, _ = learn[0]
    with torch.no_grad():
        return encoder(input_ids=ids, attention_mask=mask).last_hidden_state


def learning(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


print("numbers that learn: yours", f"{learning(yours):,}, peft's {learning(theirs):,}")
print(f"the change of the output: {(output_of(yours) - output_of(bert)).abs().max():.2f}")
print(
    f"yours and peft's differ by {(output_of(yours) - output_of(theirs)).abs().max():.1e}"
)

for layer in yours.encoder.layer:
    attention = layer.attention.self
    attention.query, attention.value = attention.query.merge(), attention.value.merge()
merged = theirs.merge_and_unload()
print(f"merged, they differ by {(output_of(yours) - output_of(merged)).abs().max():.1e}")

# %% [markdown]
# ## Task 8: in your own words
#
# Answer in the next cell, two to four sentences for each question. Your teacher reads it (1 point each).
#
# 1. A classmate's model passes the mask to the encoder, and then takes `last_hidden_state.mean(dim=1)`. He tested it on
#    texts one by one, and every score was right. In use, with batches of 64, the scores of short texts are worse. What
#    happens, why did his test not show it, and which test would have?
# 2. In the demo, *large steps* and *with care* train the same network on the same labels. Name two differences between
#    them. Which single run would you add to find out which of the two matters more?
# 3. A company wants a text classifier for each of two hundred customers, all from one encoder. Would you fine-tune it for
#    each, or use LoRA? Say what is stored and what is loaded for each customer, and name one situation in which you
#    would still fine-tune everything.

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflection", "locked": false, "points": 3, "schema_version": 3, "solution": true}
# ### BEGIN SOLUTION
# **Rubric** (for teachers; 1 point for each question, half points are possible)
#
# 1. *The mean counts the vectors at the padding.* They are not zero, and the shorter a text is beside the longest of its
#    batch, the more of its mean is padding. One text alone has no padding, so there is nothing to see. *The test:* the
#    scores of a short text alone and in a batch with a long one must be equal. Half a point without the test.
# 2. Two of: *discriminative rates* (the encoder's rates are smaller than the head's, and fall with depth); the *size* of
#    the encoder's rates as such; *warm-up*. *A run:* change one of them only, for example large steps with warm-up, or the
#    rates of "with care" without warm-up, everything else and the seeds equal. Half a point for a run that changes both.
# 3. *LoRA:* one encoder is stored and loaded once; for each customer only A, B and the head, some ten thousand numbers
#    instead of millions, which can be exchanged between two requests. *Everything:* the target is far from the source
#    (another language, another kind of text) and there are many labels; or one task only, where its last bit of
#    quality counts and storage does not. Half a point for only one of the two.
# ### END SOLUTION canary-solution-9d02f6a8

# %% [markdown]
# ## What to remember
#
# * Padding must stay out twice: out of the attention, and out of the mean. A text's score may not depend on its
#   neighbours in the batch.
# * The head is new, the embeddings are old. Let each part learn at its own rate: the deeper, the smaller.
# * Warm up, then let the rate fall. Stop by a validation score, and keep a *copy* of the best weights.
# * The score of the new task does not say what was forgotten. Measure it, on something that needs the old knowledge.
# * LoRA learns a small change beside a layer that does not move. Take it off, and the old network is back. Merge it, and
#   it costs nothing in use.
#
# ## Going further
#
# * *Gradual unfreezing.* Call `unfreeze_top(model, epoch)` at the start of each epoch, in a copy of your `fit`. Is it
#   better than *with care*, and does it forget less?
# * *Fewer labels, more labels.* Repeat the four ways with 40, 160, 640 and all training sentences, three seeds each. From
#   how many labels on is the head alone left behind?
# * *Rank.* Try ranks 1, 2, 8 and 32, with `alpha` twice the rank. How much does the rank matter?
# * *Another domain.* Score the four models on `load_sentiment("films")` or `"tweets"`, without a further label. Which way of
#   training carries over best?
# * Howard and Ruder, *Universal Language Model Fine-tuning for Text Classification* (2018), introduced discriminative
#   rates and gradual unfreezing. Hu et al., *LoRA: Low-Rank Adaptation of Large Language Models* (2021), is where task 7
#   comes from.
