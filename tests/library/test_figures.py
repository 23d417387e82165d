"""Figures draw what they are given, in the course's style, and each shows in a notebook."""

import matplotlib
import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from transfer_learning import figures


@pytest.fixture(autouse=True)
def no_window() -> None:
    matplotlib.use("agg")


def test_photos_and_misclassified_photos() -> None:
    images = torch.zeros(5, 3, 8, 8, dtype=torch.uint8)
    figure = figures.misclassified(images, ["bird"] * 5, ["flower"] * 5, columns=3)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["bird\ntaken for flower"] * 5 + [""]
    assert len(figures.show_photos(images, columns=5).axes) == 5


def test_learning_curves_show_mean_and_band() -> None:
    values = np.array([[0.2, 0.6], [0.4, 0.8]])
    axis = figures.learning_curves({"frozen": ([0, 10], values)}, titles={"frozen": "kept still"}).axes[0]
    assert axis.lines[0].get_ydata().tolist() == pytest.approx([0.3, 0.7])
    assert axis.get_legend().get_texts()[0].get_text() == "kept still"
    assert len(axis.collections) == 1
    one_seed = figures.learning_curves({"frozen": ([0, 10], values[:1])}).axes[0]
    assert len(one_seed.collections) == 0


def test_curves_out_of_runs_are_in_the_order_of_steps_and_seeds() -> None:
    def run(way: str, level: str, seed: int, score: float, case: str = "few") -> dict:
        return {"case": case, "way": way, "level": level, "seed": seed, "score": score}

    runs = [run("a", "100", 1, 0.4), run("a", "20", 1, 0.3), run("a", "20", 0, 0.1), run("a", "100", 0, 0.2)]
    steps, values = figures.run_curves([*runs, run("a", "20", 0, 0.9, "many")], "few", ["a"])["a"]
    assert steps == [20, 100]
    assert values.tolist() == [[0.1, 0.2], [0.3, 0.4]]


def test_label_efficiency_shows_levels_and_guessing() -> None:
    curves = {name: ([8, 83], [0.5, 0.9], [0.4, 0.8], [0.6, 1.0]) for name in ("frozen", "scratch")}
    axis = figures.label_efficiency(curves, chance=0.25).axes[0]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["8", "83"]
    assert axis.texts[0].get_text() == "guessing"


def test_spread_shows_every_value_and_the_mean() -> None:
    axis = figures.spread({"one": [0.5, 0.7, 0.6], "two": [0.9]}, xlabel="accuracy", reference=0.5).axes[0]
    assert sorted(axis.lines[0].get_xdata()) == [0.5, 0.6, 0.7]
    assert axis.lines[1].get_xdata()[0] == pytest.approx(0.6)
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["one", "two"]


def test_confusion_shows_every_count() -> None:
    axis = figures.confusion(np.array([[3, 1], [0, 2]]), ["bird", "fruit or vegetable"]).axes[0]
    assert sorted(text.get_text() for text in axis.texts) == ["0", "1", "2", "3"]


def test_ink_reads_on_paper_and_lines_differ_without_colour() -> None:
    def luminance(colour: str) -> float:
        rgb = np.array(matplotlib.colors.to_rgb(colour))
        return float(
            np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        )

    paper = luminance(figures.PAPER) + 0.05
    assert paper / (luminance(figures.INK) + 0.05) >= 7
    for colour in figures.COLOURS.values():
        assert paper / (luminance(colour) + 0.05) >= 3
    for marks in (figures.DASHES, figures.MARKERS):
        assert marks.keys() == figures.COLOURS.keys()
        assert len(set(map(str, marks.values()))) == len(marks)


def test_style_is_local_unless_asked_for() -> None:
    before = matplotlib.rcParams["axes.facecolor"]
    figures.confusion(np.eye(2), ["a", "b"])
    assert matplotlib.rcParams["axes.facecolor"] == before


def test_a_notebook_shows_every_figure() -> None:
    cell = (
        "import numpy as np\nfrom transfer_learning import figures\nfigures.confusion(np.eye(2), ['a', 'b']);"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for _ in range(3)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    for cell in notebook.cells:
        pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        assert len(pictures) == 1
