"""Train for one epoch, and report the mean loss of a sample."""

import itertools

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe, same_bits
from autograder.player import StudentFault
from autograder.reading import measured, tensor_of
from autograder.suites.freezing import judge, reading
from autograder.suites.freezing.pages import EXERCISE, FROZEN

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "train_one_epoch"
SGD = {"lr": 0.4, "momentum": 0.9, "weight_decay": 0.01}
GENTLE = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}  # for a whole network
UNSEEN = 4  # images of a dataset that its loader does not give


def set_up(student, case, batch_size, *, lr, momentum=0.0, weight_decay=0.0, orders=None):
    """The model with a frozen backbone, a loader in order, and an SGD optimiser for the head.

    ``orders``: which samples the loader gives in each pass, if not all in order.
    """
    model = student.rig("make_model", case.spec, case.state, trainable=case.head_names)
    loader = student.rig("make_loader", case.images, case.labels, batch_size, orders=orders)
    return model, loader, student.rig("make_sgd", model, lr=lr, momentum=momentum, weight_decay=weight_decay)


def mistakes(batches, case, stale):
    """Where known mistakes lead: the head's weights, and the words. ``stale``: the gradients before."""
    head = case.head

    def trained(batches=batches, **options):
        return judge.train_head(batches, *head, **SGD, **options)[:2]

    yield (
        head,
        "The head has not learnt at all: no step was taken",
        "Each batch needs `loss.backward()` and then `optimizer.step()`.",
    )
    for kept in (None, stale):  # cleared once before the loop, or never
        yield (
            trained(zero_grad=False, kept=kept),
            "`zero_grad` was forgotten: the gradients of earlier batches are added to those of the next ones",
            "Call `optimizer.zero_grad()` once for every batch, before `loss.backward()`.",
        )
    yield (
        trained(kept=stale),
        "The first step used an old gradient too, one from before the epoch: gradients were cleared only "
        "after each step",
        "Call `optimizer.zero_grad()` before `loss.backward()`, in each batch.",
    )
    yield (
        trained(reduction="sum"),
        "The loss of a batch is the sum over its samples, not the mean",
        "Use `cross_entropy` as it is: it gives the mean over the batch. With the sum, steps grow with the "
        "batch.",
    )
    yield (
        trained(softmax_twice=True),
        "Softmax is applied twice: cross-entropy was given probabilities instead of scores",
        "Give `cross_entropy` the model's scores (logits) as they come.",
    )
    yield (
        trained(batches[:-1]),
        "The last, smaller batch was left out",
        "Let the `for` loop run through the whole loader.",
    )
    yield (
        trained(batches[:1]),
        "Only the first batch was used",
        "Look at the indentation: the `return` belongs after the `for` loop, not inside it.",
    )
    yield (
        trained(batches[-1:]),
        "Only the last batch led to a step",
        "Look at the indentation: `backward()` and `step()` belong inside the `for` loop.",
    )
    yield (
        trained(batches * 2),
        "Two epochs were trained instead of one",
        "Go through the loader once.",
    )


@pytest.mark.points(1)
def test_weights_after_an_epoch(student):
    """after one epoch the head's weights are where SGD leads, batch by batch"""
    for number in range(4 if student.full else 1):
        case = judge.make_case(student.seed, f"epoch/weights {number}", kind="plain", samples=11 + number)
        batch_size = 4
        model, loader, optimizer = set_up(student, case, batch_size, **SGD)
        stale = leave_gradients(student, case, model)
        student.call(FUNCTION, model, loader, optimizer)
        after = reading.state_of(student.rig("state", model), like=case.state)
        batches = judge.split(case.features(), case.labels, batch_size)
        weight, bias, _ = judge.train_head(batches, *case.head, **SGD)
        came = judge.linear_of(after)
        if measure.close(came[0], weight) and measure.close(came[1], bias):
            continue
        what = "After one epoch the head's weights are not where SGD leads"
        tries = "For each batch: `zero_grad`, scores, `cross_entropy`, `backward`, `step`, in this order."
        for (wrong_weight, wrong_bias), known, mend in mistakes(batches, case, stale):
            if measure.close(came[0], wrong_weight) and measure.close(came[1], wrong_bias):
                what, tries = known, mend
                break
        raise Mistake(
            what,
            expected=f"one SGD step for each of the {len(batches)} batches, with the mean cross-entropy of "
            "that batch",
            came="weights that this does not lead to",
            why="The optimiser only sees gradients. If they are not those of the batch's mean loss, the "
            "network learns "
            "something else, often without any error.",
            tries=tries,
            page=EXERCISE,
        )
    unfrozen_parts_learn(student)


def leave_gradients(student, case, model):
    """Old gradients in the model's head, as an earlier ``backward()`` leaves them; gives weight and bias."""
    generator = measure.draw(student.seed, "epoch/old gradients")
    stale = {name: torch.randn(case.state[name].shape, generator=generator) for name in case.head_names}
    student.rig("leave_gradients", model, stale)
    return judge.linear_of(stale)


def unfrozen_parts_learn(student):
    """What learns is the optimiser's affair: an unfrozen backbone is trained along with the head."""
    case = judge.make_case(student.seed, "epoch/unfrozen", kind="plain", samples=11)
    model = student.rig("make_model", case.spec, case.state)
    loader = student.rig("make_loader", case.images, case.labels, 4)
    optimizer = student.rig("make_sgd", model, **GENTLE)
    student.call(FUNCTION, model, loader, optimizer)
    after = reading.state_of(student.rig("state", model), like=case.state)
    right = judge.train_plain(case, 4, **GENTLE)
    if all(measure.close(after[name], right[name]) for name in case.parameters):
        return
    if own_set_train_mode_freezes(student, case):
        return  # Marked with set_train_mode, see below.
    still = not judge.moved(case.state, after, case.backbone_parameters)
    raise Mistake(
        "The epoch does not train the unfrozen backbone: only the head learns"
        if still
        else "With an unfrozen backbone the weights are not where SGD leads after the epoch",
        expected="all that the optimiser holds learns: here the backbone's parameters, too",
        came="no parameter of the backbone moved" if still else "weights that this does not lead to",
        why="After task 8 the top of the backbone is to learn with the head. An epoch that trains another "
        "part than the optimiser holds gives no error.",
        tries="Compute the scores as `model(images)`, without `no_grad()`, and leave `requires_grad` alone."
        if still
        else "Clear the gradients of all that the optimiser holds: `optimizer.zero_grad()`, not those of the "
        "head alone.",
        page=EXERCISE,
    )


def own_set_train_mode_freezes(student, case):
    """Whether the student's own ``set_train_mode`` switches learning off, or does not work."""
    model = student.rig("make_model", case.spec, case.state)
    try:
        student.call("set_train_mode", model)
    except StudentFault:
        return True
    return reading.moved_in_training(student, model, case) != case.backbone_parameters


@pytest.mark.points(1)
def test_mean_loss_of_a_sample(student):
    """the returned number is the mean loss over samples, also when the last batch is smaller"""
    for number in range(4 if student.full else 1):
        case = judge.make_case(student.seed, f"epoch/loss {number}", kind="plain", samples=9 + UNSEEN)
        # A learning rate of zero: the loss is judged whether or not the steps are right. The last batch, of
        # one sample, is the sample with the largest loss, so that a mean over batches is far from the mean
        # over samples. The dataset has more samples than the loader gives, as with `drop_last` or a sampler.
        batch_size = 4
        features = case.features()
        log_probabilities = judge.logits(features, *case.head).log_softmax(dim=1)
        order = -log_probabilities[torch.arange(len(case.labels)), case.labels]
        order = order.argsort()
        given = order[UNSEEN:]
        model, loader, optimizer = set_up(student, case, batch_size, lr=0.0, orders=[given.tolist()])
        features, labels = features[given], case.labels[given]
        came = student.call(FUNCTION, model, loader, optimizer)
        if came is None:
            raise Mistake(
                f"`{FUNCTION}` returns nothing (None)",
                expected="the mean loss of a sample, a float",
                came="None",
                why="Without the loss you cannot draw a learning curve, nor see that training works.",
                tries="Add up the losses in the loop, and `return` their mean after it.",
                page=EXERCISE,
            )
        if isinstance(came, torch.Tensor) and came.dim() == 0 and not came.is_complex():
            raise Mistake(
                f"`{FUNCTION}` returns a tensor, not an ordinary float",
                expected="the mean loss of a sample, one float",
                came=describe(came),
                why="A sum of tensors keeps the graph of every batch in memory.",
                tries="Turn each batch's loss into a number with `.item()` before you add it up.",
                page=EXERCISE,
            )
        if isinstance(came, bool) or not isinstance(came, int | float):
            raise Mistake(
                f"`{FUNCTION}` does not return a number",
                expected="the mean loss of a sample, one float",
                came=describe(came),
                why="One number an epoch is what a learning curve is drawn from.",
                tries="Turn each batch's loss into a number with `.item()`, add up, divide after the loop.",
                page=EXERCISE,
            )
        losses = judge.train_head(judge.split(features, labels, batch_size), *case.head, lr=0.0)[2]
        sizes = [len(part) for part in labels.split(batch_size)]
        total = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
        right = total / sum(sizes)
        if measure.near(came, right):
            continue
        known = {
            sum(losses) / len(losses): (
                "The loss is the mean of the batches' means, not the mean over samples",
                "Weight each batch's mean loss with the number of its samples: `loss.item() * len(labels)`, "
                "and divide "
                "by the number of all samples.",
            ),
            sum(losses): (
                "The loss is a sum over batches, not a mean",
                "Weight each batch's loss with the number of its samples, then divide by the number of all "
                "samples.",
            ),
            total: ("The loss is a sum over samples, not a mean", "Divide by the number of all samples."),
            losses[-1]: (
                "The loss is that of the last batch only",
                "Add up the losses in the loop; a plain `loss` after the loop is the last one.",
            ),
            losses[0]: (
                "The loss is that of the first batch only",
                "The `return` belongs after the `for` loop.",
            ),
            sum(losses) / sum(sizes): (
                "The batches' mean losses are added up and divided by the number of samples",
                "Multiply each batch's mean loss by its size first: then the sum is one over samples.",
            ),
            (total - losses[-1] * sizes[-1]) / sum(sizes[:-1]): (
                "The loss of the last, smaller batch is missing",
                "Add up the losses of all batches: let the `for` loop run through the whole loader.",
            ),
            total / len(case.labels): (
                "The sum was divided by the size of the dataset, but the loader does not give all of it",
                "Count the samples as they come: add `len(labels)` for each batch. With `drop_last` or a "
                "sampler a loader leaves some out.",
            ),
            total / sizes[0] / len(sizes): (
                "The sum is divided by batches x batch size, but the last batch is smaller",
                "Count the samples as they come: add `len(labels)` for each batch.",
            ),
        }
        what, tries = next(
            (words for value, words in known.items() if measure.near(came, value)),
            (
                "The returned loss is not the mean loss of a sample",
                "Sum of `loss.item() * len(labels)` over the batches, divided by the number of samples.",
            ),
        )
        raise Mistake(
            what,
            expected=measured(student, f"{right:.4f}", "the mean over all samples")
            + f" for batches of {', '.join(map(str, sizes))} samples",
            came=measured(student, f"{came:.4f}", "another number"),
            why="Each photo should count the same. In a mean of means, the photos of a small last batch "
            "count more.",
            tries=tries,
            page=EXERCISE,
        )
    for number in range(2 if student.full else 1):
        loss_before_each_step(student, number)


def loss_before_each_step(student, number):
    """With steps that move the head, each batch's loss is the one that its own step was computed from.

    Only where the steps are right: wrong ones are marked by the first test, and lead to other losses.
    """
    case = judge.make_case(student.seed, f"epoch/when {number}", kind="plain", samples=11)
    # A second pass over the loader would give the samples in another order.
    orders = [list(range(11)), list(range(11))[::-1]]
    model, loader, optimizer = set_up(student, case, 4, **SGD, orders=orders)
    came = student.call(FUNCTION, model, loader, optimizer)
    head = judge.linear_of(reading.state_of(student.rig("state", model), like=case.state))
    for order in orders:
        batches = judge.split(case.features()[order], case.labels[order], 4)
        *last, losses = judge.train_head(batches, *case.head, **SGD)
        if all(measure.close(left, right) for left, right in zip(head, last, strict=True)):
            break
    else:
        return
    if isinstance(came, torch.Tensor) and came.numel() == 1:
        came = came.item()
    heads = [judge.train_head(batches[:count], *case.head, **SGD)[:2] for count in range(len(batches) + 1)]

    def mean(losses):
        weighted = [loss * len(labels) for loss, (_, labels) in zip(losses, batches, strict=True)]
        return sum(weighted) / len(case.labels)

    def loss_of(batch, head):
        return judge.train_head([batch], *head, lr=0.0)[2][0]

    right = mean(losses)
    if isinstance(came, int | float) and measure.near(came, right):
        if order is orders[0]:
            return
        raise Mistake(
            "The loader was gone through twice: the training was its second pass",
            expected="one pass: the steps of the loader's first pass, in its order",
            came="the steps of a second pass, which had another order",
            why="A pass reads every photo from the disk and augments it anew. One that only counts costs as "
            "much time as the other.",
            tries="Count the samples in the loop that trains, and divide after it.",
            page=EXERCISE,
        )
    what, tries = (
        "Once the head learns, the returned loss is not the mean of the losses that were learnt from",
        "Add up `loss.item() * len(labels)` of the very `loss` on which you call `backward()`.",
    )
    known = {
        mean(map(loss_of, batches, heads[1:])): (
            "Each batch's loss was computed after its step, not before it",
            "Compute the loss once for each batch, before `optimizer.step()`, and add up that one.",
        ),
        mean([loss_of(batch, heads[-1]) for batch in batches]): (
            "The losses were computed after the epoch, not before each step",
            "Add up the losses inside the loop, as they come: no second pass over the loader.",
        ),
        mean([loss_of(batch, heads[0]) for batch in batches]): (
            "The losses were computed before the epoch, not before each step",
            "Add up the losses inside the loop, as they come: no second pass over the loader.",
        ),
    }
    for value, words in known.items():
        if isinstance(came, int | float) and measure.near(came, value):
            what, tries = words
            break
    raise Mistake(
        what,
        expected=measured(student, f"{right:.4f}", "the mean over all samples")
        + ", where each batch's loss is the one before its step",
        came=measured(student, f"{came:.4f}", "another number")
        if isinstance(came, int | float)
        else describe(came),
        why="After a step on a batch the network knows that batch already: its loss looks better than the "
        "network is.",
        tries=tries,
        page=EXERCISE,
    )


@pytest.mark.points(1)
def test_mode_while_training(student):
    """the epoch runs with the backbone in evaluation mode and the head in training mode"""
    for number in range(3 if student.full else 1):
        moves, active = modes_in_epoch(student, number)
        if not moves and active:
            continue
        if (moves, active) == modes_of_own_set_train_mode(student):
            continue  # The mistake is set_train_mode's and was marked there. Carried on, it costs nothing.
        if moves:
            raise Mistake(
                "BatchNorm was moving during the epoch: the backbone was in training mode",
                expected="after the epoch BatchNorm's statistics are bit for bit what they were",
                came="they had changed",
                why="A plain `model.train()` switches the frozen backbone to training mode too.",
                tries="Start the epoch with your `set_train_mode(model)`, and call `model.train()` nowhere "
                "after it.",
                page=FROZEN,
            )
        raise Mistake(
            "The training mode was not set: the epoch ran with dropout off, as the last evaluation left the "
            "model",
            expected="the head's dropout is active during the epoch",
            came="no feature was dropped",
            why="Between epochs one evaluates, in evaluation mode. An epoch that does not set the mode "
            "itself trains "
            "another network than you think.",
            tries="Start the function with your `set_train_mode(model)`.",
            page=FROZEN,
        )


def modes_in_epoch(student, number):
    """(statistics moved, dropout was active) in an epoch of one image, from a model in evaluation mode.

    With one image and plain SGD, the update of the head's weight is (error) x (features after dropout): the
    columns of the dropped features do not change at all. Of 64 features, each dropped with probability 1/2,
    none or all are dropped once in 2**63 runs.
    """
    case = judge.make_case(student.seed, f"epoch/mode {number}", samples=1, feature_dim=64, dropout=0.5)
    model, loader, optimizer = set_up(student, case, 1, lr=0.5)
    student.rig("set_mode", model, False)
    student.call(FUNCTION, model, loader, optimizer)
    after = reading.state_of(student.rig("state", model), like=case.state)
    changed = (judge.linear_of(after)[0] != case.head[0]).any(dim=0)
    alive = case.features()[0] > 1e-3
    if not changed.any():
        raise Mistake(
            "The head did not learn from a loader with one image",
            expected="one step for the one batch",
            came="the head's weight is what it was",
            why="An epoch goes through every batch, however few there are.",
            tries="Take a step for every batch, the last one too.",
            page=EXERCISE,
        )
    moves, active = bool(judge.moved(case.state, after, case.statistics)), not bool(changed[alive].all())
    if active and not moves and not learnt_from_features(case, judge.linear_of(after)):
        raise Mistake(
            "The head's weight changed, but not by a step on the features that dropout kept",
            expected="each change of the weight is the change of the bias times twice the feature",
            came="other changes",
            why="Only what the gradient of a loss says is learning.",
            tries="Let the optimiser change the head: `loss.backward()`, then `optimizer.step()`.",
            page=EXERCISE,
        )
    return moves, active


def learnt_from_features(case, head):
    """Whether some columns of the head's weight moved as a step on one image moves those that dropout kept.

    That is the bias's change times twice the feature, whatever the loss is, and whichever statistics each
    BatchNorm layer used. After several steps it still holds for a column that was kept in all of them.
    """
    weight, bias = (new - old for new, old in zip(head, case.head, strict=True))
    for statistics in itertools.product(("stored", "batch"), repeat=2):
        right = bias[:, None] * 2 * case.features(statistics)
        large = right.abs().amax(dim=0) > 20 * measure.TOLERANCE  # a feature near zero would tell nothing
        columns = zip(weight.T[large], right.T[large], strict=True)
        if sum(measure.close(*pair) for pair in columns) >= 4:
            return True
    return False


def modes_of_own_set_train_mode(student):
    """The same two facts for the student's own ``set_train_mode``; ``None`` if that does not work."""
    case = judge.make_case(student.seed, "epoch/own mode", samples=4, dropout=0.5)
    model = student.rig("make_model", case.spec, case.state)
    student.rig("set_mode", model, False)
    try:
        student.call("set_train_mode", model)
    except StudentFault:
        return None
    outputs = student.rig("forward", model, case.images, times=2)
    outputs = tensor_of(outputs, (2, 4, case.spec["classes"]), "applying the model", EXERCISE)
    after = reading.state_of(student.rig("state", model), like=case.state)
    moves = bool(judge.moved(case.state, after, case.statistics))
    return moves, not same_bits(outputs[0], outputs[1])
