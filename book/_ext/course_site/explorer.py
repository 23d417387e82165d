"""A chart of measured numbers to play with, over the table that holds them.

``{explorer} file:case`` takes the body and the options of ``{results-table}`` and shows the same table, of
``file:summary.case``. Where scripts run, ``static/explorer.js`` folds the table away and draws it. Ways can
be hidden, marks tell their exact numbers, and a way can be compared with the others, by the paired
differences in ``file:paired.case``, where more is better. Every text a reader sees is made here::

    ```{explorer} label_efficiency:products
    :caption: Balanced accuracy on the test sentences.
    :first: Features of a text
    - tfidf: TF-IDF
    - minilm: MiniLM, frozen
    ```

``:axis: steps`` says that levels are training steps, not numbers of labels. ``:order:`` lists the keys as a
figure nearby draws them, where that is another order than the table's: each way then looks the same in both.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import get_translation
from sphinx.writers.html5 import HTML5Translator

from course_site.results import WORDS, ResultError, look_up
from course_site.tables import ResultsTable

_ = get_translation("course_site")
STATIC = Path(__file__).parent / "static"
AXES = {"labels": _("Number of labels"), "steps": _("Training steps")}
OPPOSITE = {"better": "worse", "worse": "better"}
LOOKS = 7
"""How many ways can be told apart: the colours, dashes and markers of ``transfer_learning/figures.py``."""
SENTENCE = re.compile(r"(?<=[.。])\s*(?=\S)")


def positions(levels: Sequence[str]) -> list[float]:
    """Where each level lies between 0 and 1.

    Numbers that span a factor of ten or more are spaced by their logarithm; a level that is no number, such
    as ``all``, comes one mean gap after the one before it.
    """
    numbers = [float(level) for level in levels if level.replace(".", "", 1).isdigit()]
    log = bool(numbers) and min(numbers) > 0 and max(numbers) >= 10 * min(numbers)
    scaled = [math.log10(number) if log else number for number in numbers]
    gap = (max(scaled) - min(scaled)) / (len(scaled) - 1) if len(scaled) > 1 else 1.0
    found: list[float] = []
    for level in levels:
        number = level.replace(".", "", 1).isdigit()
        found.append(scaled.pop(0) if number else found[-1] + gap if found else 0.0)
    low, high = min(found), max(found)
    return [round((at - low) / (high - low), 4) if high > low else 0.5 for at in found]


def mirrored(difference: dict[str, Any]) -> dict[str, Any]:
    """The difference of b and a, from that of a and b."""
    return {
        "mean": 0 - difference["mean"],  # and not -x, which makes a minus zero
        "low": 0 - difference["high"],
        "high": 0 - difference["low"],
        "verdict": OPPOSITE.get(difference["verdict"], difference["verdict"]),
    }


def differences(paired: dict[str, dict], way: str, base: str) -> dict[str, dict] | None:
    """The differences of ``way`` and ``base`` at each level, whichever comes first in the file."""
    if found := paired.get(f"{way}_minus_{base}"):
        return found
    other = paired.get(f"{base}_minus_{way}")
    return {level: mirrored(of) for level, of in other.items()} if other else None


class explorer(nodes.General, nodes.Element):
    """A table, and in ``data`` what the script draws."""


class Explorer(ResultsTable):
    """``{explorer}`` with ``file:case`` as its argument."""

    option_spec: ClassVar = ResultsTable.option_spec | {
        "axis": lambda axis: directives.choice(axis, tuple(AXES)),
        "order": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        tables = super().run()
        return [explorer("", *tables, data=self.data)]

    def reference(self) -> str:
        name, colon, case = self.arguments[0].strip().partition(":")
        return f"{name}:summary.{case}" if colon else name

    def contents(self, found: dict) -> tuple[list, list[list]]:
        table = super().contents(found)
        keys = [key for _number, key, _label in self.listed()]
        levels = self.chosen_levels([found[key] for key in keys])
        paired = self.paired()
        self.data = {
            "looks": self.looks(keys),
            "levels": [self.number(level, "") for level in levels],
            "at": positions(levels),
            "open": len(levels) > 1 and levels[-1] == "all",
            "percent": self.options.get("style", "percent") == "percent",
            "means": [self.points(found[key], levels, self.cell) for key in keys],
            # By the way compared with, then by the way.
            "pairs": [
                [self.points(differences(paired, way, base), levels, self.difference) for way in keys]
                for base in keys
            ],
            "words": {
                "axis": str(AXES[self.options.get("axis", "labels")]),
                "mean": str(_("Mean with 95% interval")),
                "difference": str(_("Difference in points: above zero is better")),
                "points": str(_("points")),
                **{verdict: str(WORDS[verdict]) for verdict in ("better", "worse", "undecided")},
            },
        }
        return table

    def paired(self) -> dict[str, dict]:
        """The paired differences of the case; not every study has them."""
        name, _colon, case = self.arguments[0].strip().partition(":")
        try:
            return look_up(Path(self.config.course_results), f"{name}:paired.{case}")
        except ResultError:
            return {}

    def looks(self, keys: list[str]) -> list[int]:
        """Which colour, dash and marker each way has."""
        order = [key.strip() for key in self.options.get("order", "").split(",") if key.strip()] or keys
        if missing := [key for key in keys if key not in order]:
            raise ResultError(f"the option order lacks {', '.join(missing)}")
        return [order.index(key) % LOOKS for key in keys]

    @staticmethod
    def points(row: dict | None, levels: list[str], text: Callable[[dict], str]) -> list[list | None] | None:
        """At each level: mean, ends of the interval, the text of them, and a verdict where there is one."""

        def point(of: dict) -> list:
            verdict = [of["verdict"]] if "verdict" in of else []
            return [of["mean"], of["low"], of["high"], text(of), *verdict]

        return row and [point(row[level]) if level in row else None for level in levels]

    def difference(self, of: dict) -> str:
        return self.number(of, "difference")


def _visit(self: HTML5Translator, node: explorer) -> None:
    """What the script brings to life stands here already, so that nothing jumps when it does."""
    table, data = node[0], node["data"]
    caption = table.next_node(nodes.title)
    # Later sentences of a caption speak of the table's columns.
    title = SENTENCE.split(caption.astext())[0].rstrip(".。") if caption else str(_("Chart"))
    names = [row[0].astext() for row in table.next_node(nodes.tbody)]
    held = escape(json.dumps(data | {"names": names}, ensure_ascii=False, separators=(",", ":")))
    buttons = "".join(
        f'<button type="button" class="explorer-way" aria-pressed="true">{escape(name)}</button>'
        for name in names
    )
    choices = "".join(
        f'<option value="{base}">{escape(name)}</option>'
        for base, name in enumerate(names)
        if any(data["pairs"][base])
    )
    compare, nothing, ways = _("Compare with"), _("nothing"), _("Show or hide")
    hint = _("Point at a mark, tap it, or go there with the arrow keys.")
    numbers = _("The numbers behind the chart")
    select = (
        f'<label class="explorer-compare"><span>{compare}</span>'
        f'<select autocomplete="off"><option value="-1">{nothing}</option>{choices}</select></label>'
    )
    self.body.append(
        f'<div class="explorer" role="group" aria-label="{escape(title)}" data-explorer="{held}">'
        f'<div class="explorer-stage"><p class="explorer-title">{escape(title)}</p>'
        f'<div class="explorer-ways" role="group" aria-label="{ways}">{buttons}</div>'
        f'{select if choices else ""}<div class="explorer-chart"></div>'
        f'<p class="explorer-readout">{hint}</p></div>'
        f'<details class="explorer-numbers" open><summary>{numbers}</summary>'
    )


def _depart(self: HTML5Translator, node: explorer) -> None:
    self.body.append("</details></div>\n")


def _pass(self: nodes.NodeVisitor, node: nodes.Element) -> None:
    """Builders that only read the text need no chart."""


def serve_files(app: Sphinx, config: Config) -> None:
    config.html_static_path.append(str(STATIC))


def load_files(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Only a page with an explorer loads the script and its styles."""
    if doctree and doctree.next_node(explorer):
        app.add_css_file("explorer.css")
        app.add_js_file("explorer.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    app.add_node(explorer, html=(_visit, _depart), gettext=(_pass, _pass), text=(_pass, _pass))
    app.add_directive("explorer", Explorer)
    app.connect("config-inited", serve_files)
    app.connect("html-page-context", load_files)
