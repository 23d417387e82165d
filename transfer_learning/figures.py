"""Every figure of the course, in one style.

A figure brings its own pale background and dark ink, so it reads the same on a light and on a dark page. The
colours are Okabe and Ito's, which colour-blind readers can tell apart; lines differ in dash and marker too.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from transfer_learning.evaluation import mean_interval

PAPER, INK, GRID = "#f7f8fa", "#1f2933", "#d5dae0"
COLOURS = {
    "frozen": "#0072B2",
    "fine_tuned": "#D55E00",
    "scratch": "#009E73",
    "scratch_small": "#B5588D",
    "pixels": "#5B6570",
}
DASHES = {
    "frozen": "-",
    "fine_tuned": "--",
    "scratch": "-.",
    "scratch_small": (0, (3, 1, 1, 1)),
    "pixels": ":",
}
OTHERS = ("#0072B2", "#D55E00", "#009E73", "#B5588D", "#5B6570", "#8C6D00", "#56B4E9")
OTHER_DASHES = ("-", "--", "-.", (0, (3, 1, 1, 1)), ":", (0, (5, 1)), (0, (1, 1)))
OTHER_MARKERS = "os^DvPX"
"""For methods without a look of their own: by their place in the figure."""
MARKERS = {"frozen": "o", "fine_tuned": "s", "scratch": "^", "scratch_small": "D", "pixels": "v"}
STYLE = {
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
    "font.size": 11,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "svg.fonttype": "none",
}


def use_style() -> None:
    """Make this style the one of every figure drawn from now on."""
    plt.rcParams.update(STYLE)


def show_photos(images: Tensor, titles: Sequence[str] | None = None, *, columns: int = 8) -> Figure:
    """Photos in a grid.

    Args:
        images: uint8, shape ``(n, 3, height, width)``.
        titles: one a photo.
        columns: photos a row.
    """
    with _in_style():
        rows = max(1, -(-len(images) // columns))
        height = 1.25 + (0.22 * max(title.count("\n") + 1 for title in titles) if titles else 0)
        figure, axes = plt.subplots(rows, columns, figsize=(1.25 * columns, height * rows), squeeze=False)
        for axis in axes.flat:
            axis.axis("off")
        for index, image in enumerate(images):
            axis = axes.flat[index]
            axis.imshow(image.permute(1, 2, 0).numpy())
            if titles:
                axis.set_title(titles[index], fontsize=8)
        return figure


def misclassified(
    images: Tensor, true_names: Sequence[str], predicted_names: Sequence[str], *, columns: int = 6
) -> Figure:
    """Photos that were classified wrongly, each with what it is and what it was taken for."""
    titles = [f"{true}\ntaken for {said}" for true, said in zip(true_names, predicted_names, strict=True)]
    return show_photos(images, titles, columns=columns)


def learning_curves(
    curves: Mapping[str, tuple[Sequence[float], np.ndarray]],
    *,
    titles: Mapping[str, str] | None = None,
    xlabel: str = "training steps",
    ylabel: str = "validation accuracy",
) -> Figure:
    """A line a method: the mean over seeds, in a band of its 95% interval.

    Args:
        curves: method -> (steps, values); values of shape ``(seeds, steps)``, at least two seeds for a band.
        titles: method -> name in the legend; without it: the method itself.
        xlabel: what the steps are.
        ylabel: what the values are.
    """
    with _in_style():
        figure, axis = plt.subplots(figsize=(7, 4.2))
        for index, (method, (steps, values)) in enumerate(curves.items()):
            values = np.atleast_2d(np.asarray(values, dtype=float))
            line = _line(method, index)
            axis.plot(steps, values.mean(axis=0), label=(titles or {}).get(method, method), **line)
            if len(values) > 1:
                band = [mean_interval(column) for column in values.T]
                low, high = np.clip([(b.low, b.high) for b in band], 0, 1).T
                axis.fill_between(steps, low, high, color=line["color"], alpha=0.15, linewidth=0)
        return _finish(figure, axis, xlabel, ylabel)


def label_efficiency(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float]]],
    *,
    titles: Mapping[str, str] | None = None,
    chance: float | None = None,
    xlabel: str = "labelled training photos",
    ylabel: str = "accuracy on the test photos",
) -> Figure:
    """How good each method is with few and with many labels; bars are 95% intervals.

    Args:
        curves: method -> (labels, mean, low, high), each with one value a level.
        titles: method -> name in the legend; without it: the method itself.
        chance: accuracy of guessing, drawn as a thin line.
        xlabel: what the labels are of.
        ylabel: what the values are.
    """
    with _in_style():
        figure, axis = plt.subplots(figsize=(7, 4.4))
        for index, (method, (labels, mean, low, high)) in enumerate(curves.items()):
            shift = 1.03 ** (index - (len(curves) - 1) / 2)  # so that bars do not hide each other
            errors = np.clip([np.subtract(mean, low), np.subtract(high, mean)], 0, None)
            axis.errorbar(
                np.multiply(labels, shift),
                mean,
                yerr=errors,
                capsize=3,
                label=(titles or {}).get(method, method),
                marker=MARKERS.get(method, OTHER_MARKERS[index % len(OTHER_MARKERS)]),
                **_line(method, index),
            )
            ticks = labels
        axis.set_xscale("log")
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.minorticks_off()
        if chance is not None:
            axis.axhline(chance, color=INK, linewidth=0.8, linestyle=":")
            axis.annotate(
                "guessing", (1, chance), xycoords=("axes fraction", "data"), ha="right", va="bottom"
            )
        return _finish(figure, axis, xlabel, ylabel)


def summary_lines(
    summary: Mapping[str, Mapping[str, Mapping[str, float]]],
    ways: Sequence[str] | None = None,
    levels: Mapping[str, float] | None = None,
) -> dict[str, tuple[list, list, list, list]]:
    """What :func:`label_efficiency` draws, out of a results file's ``summary`` of one case.

    Args:
        summary: way -> level -> ``mean``, ``low``, ``high``.
        ways: which of them, in this order; without it: all.
        levels: the number that a level stands for, where its name is none.
    """
    return {
        way: (
            [(levels or {}).get(level, None) or int(level) for level in summary[way]],
            *([score[key] for score in summary[way].values()] for key in ("mean", "low", "high")),
        )
        for way in ways or summary
    }


def run_curves(runs: Sequence[Mapping], case: str, ways: Sequence[str]) -> dict[str, tuple[list, np.ndarray]]:
    """What :func:`learning_curves` draws, out of a results file's ``runs``, where levels are steps.

    Args:
        runs: each with ``case``, ``way``, ``level``, ``seed``, ``score``.
        case: which of them.
        ways: which of them, in this order.
    """
    found: dict[str, dict[int, dict[int, float]]] = {way: {} for way in ways}
    for run in runs:
        if run["case"] == case and run["way"] in found:
            found[run["way"]].setdefault(int(run["level"]), {})[run["seed"]] = run["score"]
    return {
        way: (
            sorted(of),
            np.array([[of[step][seed] for step in sorted(of)] for seed in sorted(next(iter(of.values())))]),
        )
        for way, of in found.items()
    }


def intervals(
    rows: Mapping[str, tuple[float, float, float]],
    *,
    xlabel: str,
    reference: float | None = None,
    xlim: tuple[float, float] | None = None,
) -> Figure:
    """One line a row: a mean as a dot and its 95% interval as a bar, the first row on top.

    Args:
        rows: label -> (mean, low, high).
        xlabel: what the values are.
        reference: drawn as a thin line: guessing, or no difference.
        xlim: the ends of the axis.
    """
    with _in_style():
        figure, axis = plt.subplots(figsize=(7, 0.9 + 0.42 * len(rows)))
        for place, (mean, low, high) in enumerate(rows.values()):
            axis.plot([low, high], [place, place], color=OTHERS[0], linewidth=3, solid_capstyle="round")
            axis.plot(mean, place, marker="o", color=INK, markersize=6)
        return _finish_rows(figure, axis, rows, xlabel, reference, xlim)


def spread(
    rows: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    reference: float | None = None,
    xlim: tuple[float, float] | None = None,
) -> Figure:
    """One line a row: every single value as a mark, their mean as a tick, the first row on top.

    Args:
        rows: label -> values, of one seed each.
        xlabel: what the values are.
        reference: drawn as a thin line: guessing, or no difference.
        xlim: the ends of the axis.
    """
    with _in_style():
        figure, axis = plt.subplots(figsize=(7, 1.1 + 0.6 * len(rows)))
        for place, values in enumerate(rows.values()):
            # Equal values stand above each other.
            order = np.argsort(values, kind="stable")
            shift = 0.16 * ((np.arange(len(values)) % 3) - 1)
            axis.plot(
                np.asarray(values)[order],
                place + shift,
                OTHER_MARKERS[place % len(OTHER_MARKERS)],
                color=OTHERS[place % len(OTHERS)],
                alpha=0.8,
            )
            axis.plot(np.mean(values), place, marker="|", color=INK, markersize=26, markeredgewidth=2)
        return _finish_rows(figure, axis, rows, xlabel, reference, xlim)


def heatmap(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    xlabel: str = "",
    ylabel: str = "",
    style: str = ".2f",
    limits: tuple[float, float] | None = None,
) -> Figure:
    """A table of numbers, each shaded by its value; darker is larger.

    Args:
        values: shape ``(rows, columns)``; not-a-number stays empty.
        rows: their names.
        columns: their names.
        xlabel: what the columns are.
        ylabel: what the rows are.
        style: how a number is written.
        limits: the values of the palest and the darkest shade; without it: the smallest and largest value.
    """
    with _in_style():
        values = np.asarray(values, dtype=float)
        low, high = limits or (np.nanmin(values), np.nanmax(values))
        figure, axis = plt.subplots(figsize=(1.6 + 1.05 * len(columns), 1.2 + 0.6 * len(rows)))
        axis.imshow(values, cmap="Blues", vmin=low, vmax=high, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                colour = "white" if value - low > 0.55 * (high - low) else INK
                axis.text(column, row, format(value, style), ha="center", va="center", color=colour)
        axis.set_xticks(range(len(columns)), columns, rotation=30, ha="right")
        axis.set_yticks(range(len(rows)), rows)
        axis.set(xlabel=xlabel, ylabel=ylabel)
        axis.grid(False)
        return figure


def confusion(matrix: np.ndarray, class_names: Sequence[str], *, title: str = "") -> Figure:
    """A confusion matrix: row = what it is, column = what it was taken for, shaded by share of the row."""
    with _in_style():
        matrix = np.asarray(matrix)
        share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        figure, axis = plt.subplots(figsize=(4.8, 4.2))
        axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(matrix):
            colour = "white" if share[row, column] > 0.5 else INK
            axis.text(column, row, str(count), ha="center", va="center", color=colour)
        names = [name.replace(" or ", " or\n") for name in class_names]
        axis.set_xticks(range(len(names)), names, rotation=30, ha="right")
        axis.set_yticks(range(len(names)), names)
        axis.set(xlabel="taken for", ylabel="is", title=title)
        axis.grid(False)
        return figure


@contextmanager
def _in_style() -> Iterator[None]:
    """Draw in the course's style, then put back the settings it changed, and only those.

    ``plt.rc_context`` puts back all of them. A notebook's backend, which loads with the first figure,
    switches ``interactive`` on; were that undone, no later figure of the notebook would show.
    """
    before = {name: plt.rcParams[name] for name in STYLE}
    plt.rcParams.update(STYLE)
    try:
        yield
    finally:
        plt.rcParams.update(before)


def _line(method: str, index: int = 0) -> dict:
    colour = COLOURS.get(method, OTHERS[index % len(OTHERS)])
    dash = DASHES.get(method, OTHER_DASHES[index % len(OTHER_DASHES)])
    return {"color": colour, "linestyle": dash, "linewidth": 2}


def _finish(figure: Figure, axis: Axes, xlabel: str, ylabel: str) -> Figure:
    axis.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 1.02))
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=9)
    return figure


def _finish_rows(
    figure: Figure,
    axis: Axes,
    rows: Mapping[str, object],
    xlabel: str,
    reference: float | None,
    xlim: tuple[float, float] | None,
) -> Figure:
    axis.set_yticks(range(len(rows)), list(rows))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    if reference is not None:
        axis.axvline(reference, color=INK, linewidth=0.8, linestyle=":")
    axis.set(xlabel=xlabel, xlim=xlim)
    return figure
