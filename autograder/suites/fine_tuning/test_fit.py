"""Fine-tune with warm-up, decay and early stopping, and keep the best weights."""

import math

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.reading import sound
from autograder.suites.fine_tuning import judge, reading
from autograder.suites.fine_tuning.pages import EXERCISE, FINE_TUNING, RATES

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "fit"


def fitted(student, training):
    """What ``fit`` returned, and the rig's report of what happened, read and checked for its form."""
    parts = student.rig("make_training", training.state, training.passes, training.scores, training.rates)
    if not isinstance(parts, list) or len(parts) != 5:
        raise reading.garbled("The objects for the training", parts)
    model, optimizer, loader, validate, log = parts
    epochs, patience, warmup = training.epochs, training.patience, training.warmup
    result = student.call(FUNCTION, model, optimizer, loader, validate, epochs, patience, warmup)
    report = sound(student.rig("read_training", log, model), "reading the log of the training", EXERCISE)
    names = ("rates", "modes", "steps", "states")
    if not isinstance(report, dict) or not all(isinstance(report.get(name), list) for name in names):
        raise reading.garbled("The log of the training", report)
    rates, steps = report["rates"], report["steps"]
    plain = (
        all(isinstance(row, list) and len(row) == 2 for row in rates)
        and all(isinstance(rate, float) and math.isfinite(rate) for row in rates for rate in row)
        and all(isinstance(mode, bool) for mode in report["modes"])
        and all(type(step) is int for step in steps)
        and len(steps) == len(report["states"])
    )
    if not plain:
        raise reading.garbled("The log of the training", report)
    states = [*report["states"], report.get("final")]
    report["states"] = [reading.tensors(state, training.state, "reading the model") for state in states]
    if not rates:
        raise Mistake(
            "No step was taken",
            expected="one step of the optimiser for each batch",
            came="`optimizer.step()` was never called",
            why="Only a step changes the weights.",
            tries="For each batch: `zero_grad`, scores, loss, `backward`, `step`.",
            page=EXERCISE,
        )
    if not steps:
        raise Mistake(
            "`validate` was never called",
            expected="`validate(model)` once at the end of each epoch",
            came="no call",
            why="Without a held-out score one cannot tell learning from learning by heart.",
            tries="Call `validate(model)` after the loop over the batches, inside the loop over the epochs.",
            page=EXERCISE,
        )
    return result, report


def once_an_epoch(report):
    """Between two validations there are steps."""
    if len(set(report["steps"])) < len(report["steps"]):
        raise Mistake(
            "`validate` was called more than once in an epoch",
            expected="one call of `validate(model)` at the end of each epoch",
            came="two calls without a step between them",
            why="To validate costs time, and a second call may give another score than the one that decides.",
            tries="`score = validate(model)`, and use `score` wherever you need it.",
            page=EXERCISE,
        )


def flat(state):
    return torch.cat([tensor.double().flatten() for tensor in state.values()])


@pytest.mark.points(1)
def test_steps(student):
    """in training mode, each batch leads to one step by the gradient of its mean cross-entropy"""
    for number in range(4 if student.full else 1):
        training = judge.make_training(
            student.seed,
            f"fit/steps {number}",
            [0.2, 0.1, 0.3],  # training goes on from the weights of an epoch that was no new best
            patience=3,
            warmup=number % 3,
            sizes=[(3, 3, 2), (4, 1)][number % 2],
        )
        _, report = fitted(student, training)
        batches = [batch for epoch in training.passes for batch in epoch]
        words = {
            "why": "The optimiser only sees gradients. If they are not those of the batch's mean loss, the "
            "network "
            "learns something else, without any error.",
            "page": EXERCISE,
        }
        if report["steps"][0] != training.batches:
            raise Mistake(
                "`validate` was called before the first epoch"
                if report["steps"][0] == 0
                else "The number of steps of an epoch is not the number of its batches",
                expected=f"{training.batches} steps in the first epoch",
                came=f"{report['steps'][0]} steps before the first validation",
                tries="Take one step for every batch of `loader`, the smaller last one too, and validate "
                "after the "
                "loop over the batches.",
                **words,
            )
        if not all(report["modes"]) or not report["modes"]:
            raise Mistake(
                "The model trains in evaluation mode after the first validation: its dropout is off",
                expected="`model.train()` at the start of every epoch",
                came="the model was in evaluation mode in a training step",
                why="`validate` switches to evaluation mode. Nobody switches back but you.",
                tries="Put `model.train()` inside the loop over the epochs, before the loop over the "
                "batches.",
                page=FINE_TUNING,
            )
        ends = [step - 1 for step in report["steps"] if 0 < step <= len(report["rates"])]
        came = torch.stack([flat(state) for state in report["states"][: len(ends)]])

        rates = report["rates"]

        def after(ends=ends, training=training, batches=batches, rates=rates, **options):
            trace = judge.run_sgd(training, batches, rates, **options)
            return torch.stack([flat(trace[min(end, len(trace) - 1)][0]) for end in ends])

        if measure.close(came, after()):
            continue
        first, second = training.batches, 2 * training.batches  # where the first two epochs end
        back = judge.run_sgd(training, batches[:first] + batches[second:], rates[:first] + rates[second:])
        known = [
            (
                after(cleared=first),
                "`zero_grad` is called once an epoch: the gradients of its batches are added up",
                "Call `optimizer.zero_grad()` once for every batch, before `loss.backward()`.",
            ),
            (
                after(batches=training.passes[0] * training.epochs),
                "Every epoch repeats the batches of the first: a loader that shuffles would do so once only",
                "Loop over `loader` itself in every epoch, not over a list that was made of it before.",
            ),
            (
                torch.cat([after()[:2], flat(back[-1][0])[None]]),
                "After an epoch that is no new best the best weights are put back before training goes on",
                "Call `load_state_dict` once, after the last epoch: a worse epoch may be on the way to a "
                "better one.",
            ),
            (
                after(longest=1.0),
                "The gradients are clipped to length 1, which the task does not ask for",
                "Leave out `clip_grad_norm_`: after `backward` comes `step`.",
            ),
            (
                after(cleared=len(batches)),
                "`zero_grad` was forgotten: the gradients of earlier batches are added to those of the next "
                "ones",
                "Call `optimizer.zero_grad()` once for every batch, before `loss.backward()`.",
            ),
            (
                after(total=True),
                "The loss of a batch is the sum over its texts, not the mean",
                "Use `F.cross_entropy` as it is: it gives the mean over the batch.",
            ),
            (
                after(softmax_twice=True),
                "Softmax is applied twice: cross-entropy was given probabilities instead of scores",
                "Give `F.cross_entropy` the model's scores (logits) as they come.",
            ),
            (
                flat(training.state).expand_as(came),
                "The weights have not moved at all: no gradient was computed",
                "Each batch needs `loss.backward()` and then `optimizer.step()`.",
            ),
        ]
        what, tries = next(
            ((what, tries) for value, what, tries in known if measure.close(came, value)),
            (
                "After an epoch the weights are not where its steps should lead",
                "For each batch: `zero_grad`, scores, `F.cross_entropy`, `backward`, `step`, in this order.",
            ),
        )
        raise Mistake(
            what,
            expected="for each batch one step against the gradient of its mean cross-entropy, at the rate of "
            "that step",
            came="weights that this does not lead to",
            tries=tries,
            **words,
        )


def schedules(steps, warmup, total, batches, rates):
    """Where known mistakes lead: the rates of each step, and the words."""
    start = torch.tensor(rates, dtype=torch.float64)
    taken = torch.arange(steps, dtype=torch.float64)
    right = torch.tensor(judge.factors(steps, warmup, total), dtype=torch.float64)

    def of(factors):
        return factors[:, None] * start

    falling = (total - taken) / total
    yield (
        (right[:, None] * start[:1]).expand(-1, len(start)),
        "All groups get one learning rate",
        "Remember the rate of each group before the first step.",
    )
    yield of(torch.ones(steps)), "The learning rate never changes", "Set `group['lr']` before every step."
    yield (
        of(falling),
        "There is no warm-up: the training starts at the full rate",
        "While `taken < warmup_steps`, the factor is `taken / warmup_steps`.",
    )
    yield (
        of(torch.where(taken < warmup, 1.0, right)),
        "There is no warm-up: the training starts at the full rate",
        "While `taken < warmup_steps`, the factor is `taken / warmup_steps`.",
    )
    if warmup:
        rising = (taken / warmup).clamp(max=1)
        yield (
            of(rising),
            "There is no decay: after the warm-up the rate stays full",
            "After the warm-up the factor falls to 0.",
        )
        yield (
            of(torch.where(taken < warmup, taken / warmup, falling)),
            "The decay begins at the first step instead of the end of the warm-up, so that the rate jumps",
            "Divide by `total_steps - warmup_steps`.",
        )
        yield (
            of(torch.where(taken < warmup, taken / warmup, 1 - (taken - warmup) / total)),
            "The decay never reaches 0: it is spread over all steps instead of those after the warm-up",
            "Divide by `total_steps - warmup_steps`.",
        )
        yield (
            of(torch.where(taken < warmup, (taken + 1) / warmup, right)),
            "The warm-up starts too high: the first step should have the factor 0",
            "Count the steps that are already taken: 0 before the first one.",
        )
    yield (
        of(torch.tensor(judge.factors(steps + 1, warmup, total)[1:], dtype=torch.float64)),
        "The schedule is one step ahead",
        "Set the rate before the step, by the number of steps already taken. With a scheduler of PyTorch, "
        "call "
        "`scheduler.step()` after `optimizer.step()`.",
    )
    yield (
        of(torch.cat([torch.ones(1), right[:-1]])),
        "The schedule is one step behind: the first step is taken at the full rate",
        "Set the rate before `optimizer.step()`, not after it.",
    )
    yield (
        of(right.cumprod(0)),
        "The factor is multiplied onto a rate that was reduced before",
        "Remember each group's full rate at the start, and set `group['lr'] = full * factor`.",
    )
    yield (
        of(
            torch.tensor(
                [judge.factors(total, warmup, total)[step // batches] for step in range(steps)]
            ).double()
        ),
        "The schedule goes by epochs instead of steps",
        "Count the steps of all epochs: one more after each batch.",
    )
    yield (
        of(
            torch.tensor(
                [judge.factors(total, warmup, total)[step % batches] for step in range(steps)]
            ).double()
        ),
        "The count of the steps starts again in every epoch",
        "Set the count to 0 once, before the loop over the epochs.",
    )
    if warmup < batches:
        one = judge.factors(batches, warmup, batches)
        yield (
            of(torch.tensor([one[step % batches] for step in range(steps)]).double()),
            "The schedule covers one epoch and starts again in the next",
            "`total_steps = epochs * len(loader)`, and the count starts once.",
        )


@pytest.mark.points(1)
def test_schedule(student):
    """the learning rates of all groups rise linearly, then fall linearly towards 0"""
    settings = [(3, 2, (2, 2, 1)), (2, 0, (2, 1)), (4, 5, (1, 2, 1)), (2, 1, (3, 3, 3, 2)), (3, 7, (2, 2, 2))]
    for number, (epochs, warmup, sizes) in enumerate(settings[: 5 if student.full else 2]):
        scores = [float(epoch) for epoch in range(epochs)]
        rates = [0.7, 1.9] if number % 2 else [1.7, 0.4]
        training = judge.make_training(
            student.seed,
            f"fit/schedule {number}",
            scores,
            patience=2,
            warmup=warmup,
            sizes=sizes,
            rates=rates,
        )
        _, report = fitted(student, training)
        came = torch.tensor(report["rates"], dtype=torch.float64)
        steps, total = len(came), epochs * len(sizes)
        if steps > total:
            raise Mistake(
                "More steps were taken than the epochs have batches",
                expected=f"at most {total} steps",
                came=f"{steps} steps",
                why="The schedule ends after the last epoch; a further step would have a rate below 0.",
                tries="One pass through the loader is one epoch.",
                page=EXERCISE,
            )
        factors = torch.tensor(judge.factors(steps, warmup, total), dtype=torch.float64)
        if measure.close(came, factors[:, None] * torch.tensor(rates, dtype=torch.float64)):
            continue
        what, tries = next(
            (
                (what, tries)
                for value, what, tries in schedules(steps, warmup, total, len(sizes), rates)
                if measure.close(came, value)
            ),
            (
                "The learning rates are not those of linear warm-up and linear decay",
                "Print the rate of each step for 2 epochs of 3 batches, and compare with the table of the "
                "task.",
            ),
        )
        shown = ", ".join(f"{factor:.2f}" for factor in factors[:8])
        raise Mistake(
            what,
            expected=f"with {warmup} steps of warm-up in {total} steps, each group's rate times {shown}"
            + (", ..." if steps > 8 else ""),
            came="times "
            + ", ".join(f"{row[0] / rates[0]:.2f}" for row in came[:8].tolist())
            + " in the first group",
            why="At the start the head is random, and its large gradients would spoil the encoder. At the "
            "end small "
            "steps let the weights settle.",
            tries=tries,
            page=RATES,
        )


def stops(scores, patience, losses):
    """After how many epochs known mistakes stop, by name."""

    def run(better, wait, values=scores, reset=True):
        best, bad = None, 0
        for epoch, value in enumerate(values):
            if best is None or better(value, best):
                best, bad = value, 0 if reset else bad
            else:
                bad += 1
                if bad >= wait:
                    return epoch + 1
        return len(values)

    def against_previous():
        bad = 0
        for epoch in range(1, len(scores)):
            bad = 0 if scores[epoch] > scores[epoch - 1] else bad + 1
            if bad >= patience:
                return epoch + 1
        return len(scores)

    def from_zero():
        best, bad = 0.0, 0
        for epoch, value in enumerate(scores):
            best, bad = (value, 0) if value > best else (best, bad + 1)
            if bad >= patience:
                return epoch + 1
        return len(scores)

    def clearly_higher(value, best):
        return value > best + NOTICEABLE

    higher = float.__gt__
    yield len(scores), "It never stops early: all epochs are trained"
    yield run(higher, patience + 1), "Patience is off by one: it stops an epoch too late"
    yield run(higher, patience - 1), "Patience is off by one: it stops an epoch too early"
    yield run(float.__ge__, patience), "An equal score counts as an improvement"
    yield (
        run(higher, patience, reset=False),
        "The count of bad epochs is not set back to 0 after an improvement",
    )
    yield (
        run(float.__lt__, patience, values=losses),
        "It stops by the training loss, not by the validation score",
    )
    yield run(float.__lt__, patience), "The lowest score counts as the best, but higher is better"
    yield against_previous(), "A score is compared with the one before it, not with the best so far"
    yield run(clearly_higher, patience), SMALL_GAIN
    yield from_zero(), "The best score starts from 0, so that negative scores never count as an improvement"


SCORES = [
    ([0.5, 0.6, 0.55, 0.6, 0.58, 0.9, 0.95], 3),
    ([-0.9, -0.7, -0.8, -0.6, -0.65, -0.62, -0.5, -0.4], 2),
    ([0.4, 0.7, 0.6, 0.70002, 0.68, 0.6, 0.65, 0.5, 0.9], 3),  # the fourth is the best, if only just
    ([0.3, 0.2, 0.5], 1),
    ([0.1, 0.3, 0.2, 0.4, 0.3, 0.5, 0.4, 0.6], 2),
    ([0.5, 0.4, 0.3, 0.6, 0.5], 4),
    ([0.2, 0.8, 0.5, 0.8, 0.7], 4),  # two best ones: the first counts
]
NOTICEABLE = 1e-3  # a smaller improvement is one too
SMALL_GAIN = "A score that is only a little higher is not taken as a new best"
HARD = (0, 1, 3, 5)  # epochs with a high training loss


def training_of(student, number, label):
    scores, patience = SCORES[number]
    return judge.make_training(
        student.seed, f"fit/{label} {number}", scores, patience=patience, rates=(0.01, 0.01), hard=HARD
    )


@pytest.mark.points(1)
def test_stops_when_patience_is_used_up(student):
    """training ends after as many epochs without a new best as patience says, and the scores come back"""
    found = []
    for number in range(len(SCORES) if student.full else 4):
        training = training_of(student, number, "stop")
        result, report = fitted(student, training)
        once_an_epoch(report)
        right, _ = judge.epochs_until_stop(training.scores, training.patience)
        trace = judge.run_sgd(
            training, [batch for epoch in training.passes for batch in epoch], [training.rates] * 999
        )
        losses = [
            sum(loss for _, loss in trace[start : start + training.batches])
            for start in range(0, len(trace), training.batches)
        ]
        names = stops(training.scores, training.patience, losses)
        found.append((training, result, len(report["steps"]), right, list(names)))
    wrong = [case for case in found if case[2] != case[3]]
    if wrong:
        training, _, came, right, names = wrong[0]
        what = next(
            (
                name
                for place, (_, name) in enumerate(names)
                if all(case[2] == case[4][place][0] for case in found)
            ),
            "It stops too late" if came > right else "It stops too early",
        )
        raise Mistake(
            what,
            expected=f"with the scores {', '.join(f'{s:g}' for s in training.scores)} and patience "
            f"{training.patience}: {right} epochs",
            came=f"{came} epochs",
            why="Past its best a model learns the training texts by heart. But one bad epoch can be chance, "
            "so one "
            "waits a little.",
            tries="Remember the best score and its epoch. Stop when `patience` epochs have passed since "
            "then.",
            page=EXERCISE,
        )
    for training, result, _, right, _ in found:
        scores = result
        if isinstance(scores, torch.Tensor) or type(scores).__module__ == "numpy":
            scores = scores.tolist() if scores.dtype != torch.complex64 else None
        if isinstance(scores, list) and scores == training.scores[:right]:
            continue
        exact = training.scores[:right]
        rounded = any(scores == [round(score, digits) for score in exact] for digits in range(5))
        raise Mistake(
            "The scores are returned rounded"
            if rounded
            else f"`{FUNCTION}` does not return the validation scores",
            expected="a list with the score of each epoch that was trained, in order",
            came=describe(result),
            why="This list is the learning curve.",
            tries="Append what `validate(model)` gives to a list, as it is, and return the list at the end.",
            page=EXERCISE,
        )


@pytest.mark.points(1)
def test_best_weights_come_back(student):
    """at the end the model holds the weights of the epoch with the best validation score"""
    for number in range(len(SCORES)) if student.full else (0, 2, 6):
        scores, patience = SCORES[number]
        training = judge.make_training(
            student.seed, f"fit/best {number}", scores, patience=patience, hard=HARD
        )
        _, report = fitted(student, training)
        once_an_epoch(report)
        *states, final = [flat(state) for state in report["states"]]
        seen = training.scores[: len(states)]
        best = seen.index(max(seen))
        if len(states) > best and measure.close(final, states[best]):
            continue
        ties = [epoch for epoch, score in enumerate(seen) if score == max(seen) and epoch != best]
        tries = (
            "At each new best: `best = copy.deepcopy(model.state_dict())`. At the end: "
            "`model.load_state_dict(best)`."
        )
        if measure.close(final, states[-1]):
            what = "The model ends with its last weights, not with the best"
            tries += " Without the copy, `best` names the very tensors that training goes on changing."
        elif any(measure.close(final, states[epoch]) for epoch in ties):
            what = "Of two equal scores the later one won: an equal score is no improvement"
        elif any(
            measure.close(final, states[epoch])
            for epoch, score in enumerate(seen)
            if max(seen) - NOTICEABLE < score < max(seen)
        ):
            what = SMALL_GAIN
            tries = "Compare with `>` alone: no least improvement, and nothing rounded."
        elif measure.close(final, states[seen.index(min(seen))]):
            what = "The model ends with the weights of the lowest score, but higher is better"
        elif measure.close(final, flat(training.state)):
            what = "The model ends with the weights that it started from"
        elif any(measure.close(final, state) for state in states):
            what = "The model ends with the weights of another epoch than the best"
        else:
            what = "The model ends with weights that it had at no validation"
        raise Mistake(
            what,
            expected=f"with the scores {', '.join(f'{s:g}' for s in seen)}: the weights after epoch "
            f"{best + 1}",
            came="other weights",
            why="The last epochs before the stop were the bad ones: that is why it stopped.",
            tries=tries,
            page=EXERCISE,
        )
