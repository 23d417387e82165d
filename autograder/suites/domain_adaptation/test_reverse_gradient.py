"""Reverse a gradient on its way back, and say how strongly at which moment of training."""

import math

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake
from autograder.reading import measured
from autograder.suites.domain_adaptation import judge, reading
from autograder.suites.domain_adaptation.pages import ADAPTATION, EXERCISE

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

FUNCTION = "reverse_gradient"
STRENGTHS = (0.4, 1.7, 0.0)


def draw_input(student, label, number):
    """A tensor with no entry near zero, of another shape each time."""
    generator = measure.draw(student.seed, f"{label} {number}")
    noise = torch.randn(*((5, 3), (2, 3, 4), (6,))[number % 3], generator=generator)
    return noise + noise.sign() * 0.3, generator


@pytest.mark.points(1)
def test_forward_changes_nothing(student):
    """on the way forward the values stay what they are"""
    for number in range(3 if student.full else 1):
        x, _ = draw_input(student, "reverse/forward", number)
        strength = STRENGTHS[number]
        came = student.call(FUNCTION, x, strength)
        came = reading.finite(came, FUNCTION, "a tensor with the values of x", tuple(x.shape))
        if measure.close(came, x):
            continue
        what, tries = "The values changed on the way forward", "Return the values of `x` as they are."
        for factor, name in (
            (-1, "The forward pass is reversed too: it returns −x"),
            (-strength, "The forward pass is reversed too: it returns −strength · x"),
            (strength, "The forward pass is scaled: it returns strength · x"),
        ):
            if measure.close(came, factor * x):
                what = name
                tries = "The minus and the strength belong in `backward`. `forward` returns `x.view_as(x)`."
                break
        raise Mistake(
            what,
            expected="the values of x",
            came="other values",
            why="The domain classifier must see the features that the backbone really gives. Only the "
            "gradient that goes "
            "back is another one.",
            tries=tries,
            page=EXERCISE,
        )


@pytest.mark.points(1)
def test_gradient_is_reversed(student):
    """on the way back the gradient is multiplied by minus the strength, and no other gradient is"""
    for number in range(6 if student.full else 3):
        x, generator = draw_input(student, "reverse/backward", number)
        there, beside = (
            torch.rand(*x.shape, generator=generator) + 0.5,
            torch.randn(*x.shape, generator=generator),
        )
        strength = STRENGTHS[number % 3]
        if number % 2:  # only through the reversal; otherwise `x` is used beside it, too
            beside = torch.zeros_like(x)
        student.call(FUNCTION, x, strength)  # says it if the function is not written yet
        later = strength + 0.7  # of another call, made before the way back of this one
        function = reading.function_of(student, FUNCTION)
        report = student.rig("gradient_through", function, x, strength, there, beside, later)
        came = reading.gradient(
            report, tuple(x.shape), "`backward()` through the result of `reverse_gradient`"
        )
        arrives = (there * x).double()
        if measure.close(came, beside - strength * arrives):
            continue
        what = "The gradient at x is not minus strength times the gradient that arrived"
        tries = "`backward` receives the gradient and returns `-strength * gradient`."
        for value, name, mend in (
            (
                beside + arrives,
                "With strength 0 the gradient goes back as it came; it should vanish"
                if strength == 0
                else "The gradient is not reversed at all: it goes back as it came",
                "No case of its own for 0: `-strength * gradient` is 0 there, as it should be."
                if strength == 0
                else tries,
            ),
            (
                beside - arrives,
                # Strengths below 1 come first: who gets those right has not forgotten the strength.
                "A strength above 1 was cut to 1"
                if strength > 1
                else "The strength was forgotten: the gradient is reversed, but not multiplied by it",
                "`strength` is 0 or more, without an upper end: multiply by it as it is."
                if strength > 1
                else tries,
            ),
            (
                beside - later * arrives,
                "A later call changes the strength of an earlier one",
                "Each call needs a strength of its own: keep it in `ctx`, or make the class inside the "
                "function. On the class itself, or in a global variable, the last call's strength is left.",
            ),
            (
                beside + strength * arrives,
                "The minus was forgotten: the gradient is scaled, not reversed",
                tries,
            ),
            (
                beside,
                "The gradient is cut off instead of reversed",
                "No `.detach()` and no `.data` on the whole way: the gradient must arrive, with a minus.",
            ),
            (
                -strength * (beside + arrives),
                "ALL gradients at x are reversed, also those that do not go through the result",
                "A hook on `x` itself catches everything. The label head uses the same features, and its "
                "gradient must "
                "stay. Put the step between `x` and the result: `x.view_as(x)` makes a new tensor.",
            ),
            (
                beside + strength**2 * arrives,
                "The forward pass is reversed too: twice reversed is not reversed at all",
                "The minus and the strength belong in `backward` alone.",
            ),
            (
                beside - strength**2 * arrives,
                "The strength is applied twice",
                "Forward nothing, backward once.",
            ),
            (
                beside - arrives / strength,
                "The gradient is divided by the strength",
                "Multiply by it.",
            ),
        ):
            if measure.close(came, value):
                what, tries = name, mend
                break
        raise Mistake(
            what,
            expected="−strength · g for the gradient g that arrives, and any other gradient of x unchanged",
            came="another gradient",
            why="The backbone should go uphill in the domain loss, as strongly as was asked for, and "
            "downhill in the label "
            "loss as ever.",
            tries=tries,
            page=ADAPTATION,
        )


@pytest.mark.points(1)
def test_strength_at(student):
    """the strength grows from 0 to nearly 1 along the given curve"""
    generator = measure.draw(student.seed, "reverse/strength")
    middle = (torch.rand(6, generator=generator) * 0.25 + 0.05).tolist()
    for progress in [0.0, *middle, 1.0] if student.full else [0.0, 0.1, 0.3, 1.0]:
        came = reading.number(student.call("strength_at", progress), "strength_at", "the strength")
        right = judge.strength_at(progress)
        if measure.near(came, right):
            continue
        grown = 1 / (1 + math.exp(-10 * progress))
        known = {
            2 * grown: "The − 1 at the end is missing: the strength starts at 1, not at 0",
            grown: "The curve starts at one half: it is 1 / (1 + exp(…)), without the 2 and the − 1",
            -right: "The sign of the exponent is missing: the strength falls to −1",
            math.tanh(
                progress / 2
            ): "The factor 10 in the exponent is missing: the strength stays small to the end",
            progress: "The strength grows in a straight line",
        }
        what = next(
            (words for value, words in known.items() if measure.near(came, value)),
            "The strength is not the one of the given curve",
        )
        raise Mistake(
            what,
            expected="2 / (1 + exp(−10 · progress)) − 1"
            + measured(student, f": {right:.4f} at progress {progress:.3f}", ""),
            came=measured(student, f"{came:.4f}", "another number"),
            why="At the start the domain head knows nothing, and its gradient is noise. A strength that is "
            "not 0 there "
            "spoils the features; one that stays small hides no domain.",
            tries="Try it by hand: at 0 the exponential is 1, so 2 / 2 − 1 = 0. At 1 it is nearly 0, so "
            "nearly 1.",
            page=EXERCISE,
        )
