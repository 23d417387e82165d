"""Adapt a frozen linear layer by two small matrices."""

import pytest
import torch

from autograder import measure
from autograder.expect import Mistake, describe
from autograder.reading import measured, sound, tensor_of
from autograder.suites.fine_tuning import judge, reading
from autograder.suites.fine_tuning.pages import EXERCISE, FINE_TUNING

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

CLASS = "LoRALinear"


def sizes(student):
    """(inputs, outputs, rank, alpha, whether there is a bias). A square product may be turned unseen."""
    yield 6, 5, 2, 6.0, True
    yield 5, 5, 4, 10.0, False
    if student.full:
        yield 4, 9, 1, 3.0, True
        yield 8, 3, 3, 12.0, False
        yield 7, 7, 2, 5.0, True


def built(student, label, shape):
    """Weight and bias of the base layer, the base layer, the student's layer on it, and what it holds."""
    inputs, outputs, rank, alpha, has_bias = shape
    generator = measure.draw(student.seed, label)
    weight = torch.randn(outputs, inputs, generator=generator) * inputs**-0.5
    bias = torch.randn(outputs, generator=generator) if has_bias else None
    base = student.rig("make_linear", weight, bias)
    layer = reading.made(student, CLASS, base, rank, alpha)
    return (weight, bias), base, layer, held(student.rig("read_lora", layer, base), shape, weight, bias)


def held(report, shape, weight, bias):
    """``A``, ``B``, ``learning`` and ``base`` from a report of the rig."""
    inputs, outputs, rank, *_ = shape
    sound(report, "reading `A`, `B` and the base layer", EXERCISE)
    if not isinstance(report, dict):
        raise reading.garbled("The layer", report)
    wanted = {"A": (rank, inputs), "B": (outputs, rank)}
    for name, size in wanted.items():
        came = report.get(name)
        if not isinstance(came, torch.Tensor) or tuple(came.shape) != size or came.dtype != torch.float32:
            raise Mistake(
                f"`{name}` has the wrong form",
                expected=f"a parameter of shape {size}, float32, for {inputs} inputs, {outputs} outputs and "
                f"rank {rank}",
                came=describe(came),
                why="`B @ A` has to have the shape of the base layer's weight, (outputs, inputs).",
                tries="`A` is (rank, inputs) and `B` is (outputs, rank), both `nn.Parameter`.",
                page=EXERCISE,
            )
    learning = report.get("learning")
    if not isinstance(learning, list) or not all(isinstance(name, str) for name in learning):
        raise reading.garbled("The layer", learning)
    like = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return {**report, "base": reading.tensors(report.get("base"), like, "reading the base layer")}


def plain(inputs, weight, bias):
    outputs = inputs.double() @ weight.double().T
    return outputs if bias is None else outputs + bias.double()


def draw_inputs(student, label, inputs, rows=4):
    return torch.randn(rows, inputs, generator=measure.draw(student.seed, f"{label}/inputs"))


def draw_pair(student, label, inputs, outputs, rank):
    generator = measure.draw(student.seed, f"{label}/pair")
    a, b = (torch.randn(size, generator=generator) for size in ((rank, inputs), (outputs, rank)))
    return a / 2, b / 2  # so that the rounding of the largest product is far below the tolerance


@pytest.mark.points(1)
def test_starts_as_the_base_layer(student):
    """at the start the layer gives what the base layer gives: A is random, B is zero"""
    for number, shape in enumerate(sizes(student)):
        label = f"lora/start {number}"
        (weight, bias), _, layer, numbers = built(student, label, shape)
        a, b = numbers["A"], numbers["B"]
        inputs = draw_inputs(student, label, shape[0])
        came = tensor_of(student.rig("apply", layer, [inputs]), (4, shape[1]), "applying the layer", EXERCISE)
        words = {
            "expected": "`A` random, `B` full of zeros, and so the very output of the base layer",
            "why": "Training should start from what the pretrained network knows. A random start would spoil "
            "it "
            "before the first step; two zero matrices would never move.",
            "page": FINE_TUNING,
        }
        if bool(b.any()):
            raise Mistake(
                "`A` is zero and `B` is random: the roles are swapped"
                if not a.any()
                else "`B` does not start from zero, so that the output differs from the base layer's at the "
                "start",
                came="numbers other than zero in `B`",
                tries="`self.B = nn.Parameter(torch.zeros(outputs, rank))`.",
                **words,
            )
        if not bool(a.any()):
            raise Mistake(
                "`A` is zero too: then no gradient reaches `A` or `B`, and nothing ever learns",
                came="two matrices of zeros",
                tries="Draw `A` at random, for example `torch.randn(rank, inputs) / inputs**0.5`.",
                **words,
            )
        if not bool(torch.isfinite(a).all()) or len(a.unique()) <= 1:
            raise Mistake(
                "`A` is not random: its numbers are all the same or not finite",
                came="a constant `A`",
                tries="Draw `A` at random, for example `torch.randn(rank, inputs) / inputs**0.5`.",
                **words,
            )
        if not measure.close(came, plain(inputs, weight, bias)):
            raise Mistake(
                "At the start the output is not that of the base layer",
                came="another output, although `B` is zero",
                tries="`forward` is the base layer's output plus the low-rank part, which is zero at first.",
                **words,
            )


def judge_gradient(student, label, layer, inputs, numbers):
    """The gradient reaches the layer's inputs by both ways, through the base layer and the low-rank part."""
    weight, a, b, scale = numbers
    weight, low = weight.double(), scale * b.double() @ a.double()
    pull = draw_inputs(student, f"{label}/pull", len(weight))
    came = student.rig("gradient_of_inputs", layer, inputs, pull)
    came = tensor_of(came, tuple(inputs.shape), "computing the gradient of the inputs", EXERCISE)
    if measure.close(came, pull.double() @ (weight + low)):
        return
    if measure.close(came, pull.double() @ low):
        what = "No gradient passes through the base layer to what lies below it"
    elif measure.close(came, pull.double() @ weight):
        what = "No gradient passes through the low-rank part to what lies below it"
    else:
        what = "The gradient of the inputs is not that of the output"
    raise Mistake(
        what,
        expected="the gradient of base(inputs) + alpha / rank * (inputs through A, then B)",
        came="another gradient of the inputs",
        why="A frozen layer does not learn, but layers below it do: their gradients come through it.",
        tries="No `torch.no_grad()` and no `detach()` in `forward`: `requires_grad_(False)` freezes the base "
        "layer.",
        page=FINE_TUNING,
    )


@pytest.mark.points(1)
def test_output(student):
    """the output is the base layer's, plus alpha / rank times the low-rank part"""
    for number, shape in enumerate(sizes(student)):
        label = f"lora/output {number}"
        inputs_size, outputs_size, rank, alpha, _ = shape
        (weight, bias), _, layer, _ = built(student, label, shape)
        inputs = draw_inputs(student, label, inputs_size)
        a, b = draw_pair(student, label, inputs_size, outputs_size, rank)
        sound(student.rig("set_lora", layer, a, b), "writing numbers into `A` and `B`", EXERCISE)
        came = student.rig("apply", layer, [inputs])
        came = tensor_of(came, (4, outputs_size), "applying the layer", EXERCISE)
        base, low = plain(inputs, weight, bias), inputs.double() @ a.double().T @ b.double().T
        if measure.close(came, base + alpha / rank * low):
            judge_gradient(student, label, layer, inputs, (weight, a, b, alpha / rank))
            continue
        known = [
            (
                base + low,
                "The scaling alpha / rank was forgotten",
                "Multiply the low-rank part by `alpha / rank`.",
            ),
            (
                base + rank / alpha * low,
                "The scaling is upside down: rank / alpha",
                "Multiply the low-rank part by `alpha / rank`.",
            ),
            (base + alpha * low, "The scaling is alpha alone, not alpha / rank", "Divide by `rank`."),
            (
                base + alpha // rank * low,
                "The scaling is rounded down: `alpha // rank` drops the fraction",
                "Divide with one `/`.",
            ),
            (base, "The low-rank part is not added at all", "Add `inputs @ A.T @ B.T`, scaled."),
            (alpha / rank * low, "The base layer's output is missing", "Begin with `self.base(inputs)`."),
            (
                alpha / rank * (base + low),
                "The base layer's output is scaled too",
                "Only the low-rank part is scaled.",
            ),
        ]
        if inputs_size == outputs_size:
            turned = inputs.double() @ b.double() @ a.double()
            known.append(
                (
                    base + alpha / rank * turned,
                    "The product is transposed: the inputs meet `B` first",
                    "`inputs @ A.T @ B.T`: first down to `rank` numbers, then up to the outputs.",
                )
            )
        what, tries = next(
            ((what, tries) for value, what, tries in known if measure.close(came, value)),
            (
                "The output is not that of the base layer plus the scaled low-rank part",
                "`self.base(inputs) + alpha / rank * (inputs @ self.A.T @ self.B.T)`.",
            ),
        )
        raise Mistake(
            what,
            expected=measured(
                student,
                f"values such as {(base + alpha / rank * low)[0, 0]:.4f}",
                "base(inputs) + alpha / rank * (inputs through A, then B)",
            ),
            came=measured(student, f"{came[0, 0]:.4f} in its place", "other values"),
            why="The scaling keeps the size of the change about the same when you try another rank.",
            tries=tries,
            page=EXERCISE,
        )


@pytest.mark.points(1)
def test_only_a_and_b_learn(student):
    """training moves A and B, and leaves the base layer as it was"""
    for number, shape in enumerate(sizes(student)):
        label = f"lora/learn {number}"
        (weight, bias), base, layer, before = built(student, label, shape)
        inputs = draw_inputs(student, label, shape[0], rows=8)
        targets = draw_inputs(student, f"{label}/targets", shape[1], rows=8)
        report = student.rig("train_lora", layer, base, inputs, targets, 3)
        after = held(sound(report, "training the layer", EXERCISE), shape, weight, bias)
        moved = judge.moved(before["base"], after["base"], list(before["base"]))
        words = {
            "expected": "training moves `A` and `B`; the base layer is bit for bit what it was",
            "why": "That is the point of LoRA: a few numbers to train and to store for each task, on one "
            "shared "
            "network that never changes.",
            "page": FINE_TUNING,
        }
        if moved:
            bias_only = moved == ["bias"]
            raise Mistake(
                "The base layer's bias is still learning"
                if bias_only
                else "The base layer's weight is still learning",
                came=f"training moved the base layer's {' and '.join(moved)}",
                tries="`requires_grad_(False)` on the whole base layer switches off its weight and its bias.",
                **words,
            )
        still = [name for name in ("A", "B") if not judge.moved(before, after, [name])]
        if still:
            raise Mistake(
                f"{' and '.join(f'`{name}`' for name in still)} did not learn",
                came="no movement in three training steps",
                tries="Make both an `nn.Parameter`, and use both in `forward`, without `detach` or "
                "`no_grad`.",
                **words,
            )
        given = [name for name in after["learning"] if name in ("base.weight", "base.bias")]
        if given:
            raise Mistake(
                "The base layer that was given is not frozen: the layer holds a copy of it, or froze nothing",
                came=f"these require gradients: {', '.join(sorted(set(given)))}",
                tries="Keep the very layer as `self.base`, and call `requires_grad_(False)` on it.",
                **words,
            )
        others = [name for name in after["learning"] if name not in ("A", "B")]
        if others:
            raise Mistake(
                "The layer holds more parameters that learn than `A` and `B`",
                came=f"these require gradients: {', '.join(others[:3])}",
                tries="Freeze everything of the base layer. Keep nothing else as a parameter.",
                **words,
            )


@pytest.mark.points(1)
def test_merge(student):
    """merge gives one plain linear layer with the same output, and changes nothing"""
    for number, shape in enumerate(sizes(student)):
        label = f"lora/merge {number}"
        inputs_size, outputs_size, rank, alpha, has_bias = shape
        (weight, bias), base, layer, _ = built(student, label, shape)
        a, b = draw_pair(student, label, inputs_size, outputs_size, rank)
        sound(student.rig("set_lora", layer, a, b), "writing numbers into `A` and `B`", EXERCISE)
        report = sound(student.rig("merge_lora", layer, base), "`merge()`", EXERCISE)
        if not isinstance(report, dict):
            raise reading.garbled("What `merge` returns", report)
        merged, kind = report.get("merged"), report.get("kind")
        like = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        words = {
            "expected": "an `nn.Linear` with the weight `W + alpha / rank * B @ A` and the base layer's bias",
            "why": "A merged layer costs nothing extra when the network is used. It has to give the same "
            "answers.",
            "page": EXERCISE,
        }
        if kind != "Linear":
            raise Mistake(
                "`merge` does not return an `nn.Linear`",
                came=f"an object of type {kind}" if isinstance(kind, str) else describe(kind),
                tries="Build or copy a linear layer of the base layer's size, set its weight, and return it.",
                **words,
            )
        if isinstance(merged, dict) and ("bias" in merged) != has_bias:
            raise Mistake(
                "The merged layer has lost the base layer's bias"
                if has_bias
                else "The merged layer has a bias, but the base layer has none",
                came=f"a layer {'with' if 'bias' in merged else 'without'} a bias",
                tries="Copy the whole base layer, then change its weight. Or build a new one with "
                "`bias=self.base.bias is not None`.",
                **words,
            )
        merged = reading.tensors(merged, like, "reading the merged layer")
        after = held(report.get("lora"), shape, weight, bias)
        later = held(report.get("later"), shape, weight, bias)
        if not judge.moved(like, after["base"], list(like)) and judge.moved(like, later["base"], list(like)):
            raise Mistake(
                "The merged layer shares a parameter with the base layer",
                came="the base layer changed with the merged one",
                tries="Copy the values into the new layer: `copy_`, or `copy.deepcopy(self.base)` first.",
                **words,
            )
        if judge.moved(like, after["base"], list(like)) or judge.moved({"A": a, "B": b}, after, ["A", "B"]):
            raise Mistake(
                "`merge` changes the layer itself: merged twice, the low-rank part would count twice",
                came="the base layer, `A` or `B` are not what they were",
                tries="Write into a new layer: `copy.deepcopy(self.base)`.",
                **words,
            )
        base64, product = weight.double(), b.double() @ a.double()
        if not measure.close(merged["weight"], base64 + alpha / rank * product):
            known = [
                (base64 + product, "The scaling was forgotten in `merge`"),
                (base64 + alpha * product, "The scaling in `merge` is alpha alone, not alpha / rank"),
                (base64 + rank / alpha * product, "The scaling in `merge` is upside down: rank / alpha"),
                (
                    base64 + alpha // rank * product,
                    "The scaling in `merge` is rounded down: `alpha // rank` drops the fraction",
                ),
                (base64, "`merge` gives back the base layer's weight alone"),
                (alpha / rank * product, "`merge` forgets the base layer's weight"),
                (base64 - alpha / rank * product, "`merge` subtracts the low-rank part"),
            ]
            if bias is not None:
                known.append(
                    (
                        base64 + alpha / rank * product + bias[:, None],
                        "The bias is counted in the merged weight",
                    )
                )
            if inputs_size == outputs_size:
                known.append((base64 + alpha / rank * product.T, "`merge` adds the transposed product"))
                known.append(
                    (
                        base64 + alpha / rank * a.double().T @ b.double().T,
                        "`merge` adds the transposed product",
                    )
                )
            what = next(
                (words for value, words in known if measure.close(merged["weight"], value)),
                "The merged weight is not W + alpha / rank * B @ A",
            )
            raise Mistake(
                what,
                came="another weight",
                tries="`nn.Linear` stores its weight as (outputs, inputs): the shape of `B @ A`. Multiply by "
                "the "
                "scaling that `forward` uses.",
                **words,
            )
        if bias is not None and not measure.close(merged["bias"], bias):
            raise Mistake(
                "The merged layer has lost the base layer's bias",
                came="another bias",
                tries="Copy the whole base layer, then change its weight.",
                **words,
            )
