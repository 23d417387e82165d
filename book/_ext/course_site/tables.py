"""Tables of measured numbers, straight from a results file: nothing is typed, and nothing is left out.

``{results-table} file:summary.case`` shows a row a way to learn and a column a level, each cell a mean with
its 95% interval. ``{paired-table} file:paired.case`` shows paired differences with their verdicts. The body
lists the rows in their order, ``- key: label``; the labels are translated like prose::

    ```{results-table} label_efficiency:summary.products
    :caption: Share of the test reviews that were classified rightly.
    :first: Way to learn
    :name: tab-products
    - tfidf: TF-IDF, logistic regression
    - frozen: frozen encoder, new head
    ```

``{scorecard} file:scorecards.case.name`` shows the three benefits, each with its verdict.
``{fields-table} file:path`` shows a row for every entry and a column for each field that the body lists,
``- field|format: title``. ``{results-index}`` has a row for every results file.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.locale import get_translation
from sphinx.util.docutils import SphinxDirective

from course_site.results import ResultError, look_up, place_of, show
from transfer_learning.results import load_results

_ = get_translation("course_site")
BENEFITS = {"start": _("Higher start"), "slope": _("Higher slope"), "asymptote": _("Higher asymptote")}


class MeasuredTable(SphinxDirective, ABC):
    """What tables of one results file have in common: a reference as the argument, a caption, a name."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {
        "caption": directives.unchanged_required,
        "name": directives.unchanged,
        "first": directives.unchanged,
        "levels": directives.unchanged,
        "style": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        folder, reference = Path(self.config.course_results), self.reference()
        try:
            header, rows = self.contents(look_up(folder, reference))
        except (ResultError, KeyError, TypeError) as error:
            raise self.error(f"{self.name} {reference}: {error}") from None
        name = reference.partition(":")[0]
        self.env.note_dependency(str(place_of(folder, name) / f"{name}.json"))
        table = table_of(header, rows)
        if caption := self.options.get("caption"):
            title = nodes.title(caption, "", *self.inline(caption))
            title.source, title.line = self.get_source_info()
            table.insert(0, title)
        self.add_name(table)
        return [table]

    def reference(self) -> str:
        """Where the numbers are."""
        return self.arguments[0].strip()

    @abstractmethod
    def contents(self, found: dict) -> tuple[list, list[list]]:
        """The cells of the header, and of each row: text to show as it is, or nodes."""

    def rows(self) -> list[tuple[str, nodes.Node]]:
        """What the body lists: each row's key, and its label as a translatable paragraph."""
        return [(key, self.paragraph(label, number)) for number, key, label in self.listed()]

    def listed(self) -> list[tuple[int, str, str]]:
        """What the body lists: each row's line, key and label."""
        found = []
        for number, line in enumerate(self.content):
            if not line.strip():
                continue
            key, colon, label = line.strip().removeprefix("- ").partition(":")
            if not (line.startswith("- ") and colon and label.strip()):
                raise ResultError(f"expected a row such as '- key: label', got {line!r}")
            found.append((number, key.strip(), label.strip()))
        if not found:
            raise ResultError("list the rows below it, as '- key: label'")
        return found

    def first(self) -> list[nodes.Node] | str:
        """The title of the first column."""
        words = self.options.get("first", "").strip()
        return self.paragraph(words, 0) if words else ""

    def chosen_levels(self, rows: list[dict]) -> list[str]:
        """The columns: those of the option, or every level that a row has."""
        there = list(dict.fromkeys(level for row in rows for level in row))
        if "levels" not in self.options:
            return there
        levels = [level.strip() for level in self.options["levels"].split(",")]
        if unknown := [level for level in levels if level not in there]:
            raise ResultError(f"no level {', '.join(unknown)} (there is: {', '.join(there)})")
        return levels

    def paragraph(self, text: str, line: int) -> nodes.Node:
        holder = nodes.container()
        content = StringList([text], source=self.get_source_info()[0])
        self.state.nested_parse(content, self.content_offset + line, holder)
        return holder[0]

    def inline(self, text: str) -> list[nodes.Node]:
        return self.paragraph(text, 0).children

    def number(self, value: Any, style: str) -> str:
        return show(value, style, language=self.config.language)


class LevelsTable(MeasuredTable):
    """A row for each key that the body lists, a column a level."""

    def contents(self, found: dict) -> tuple[list, list[list]]:
        rows = self.rows()
        levels = self.chosen_levels([found[key] for key, _label in rows])
        return [self.first(), *(self.number(level, "") for level in levels)], [
            [label, *(self.cell(found[key][level]) if level in found[key] else "–" for level in levels)]
            for key, label in rows
        ]

    @abstractmethod
    def cell(self, of: dict) -> str:
        """What stands at one level of one row."""


class ResultsTable(LevelsTable):
    """A mean with its interval in each cell."""

    def cell(self, of: dict) -> str:
        style = self.options.get("style", "percent")
        if style == "percent":
            return f"{self.number(of['mean'], 'percent')} ({self.number(of, 'interval')})"
        mean, low, high = (self.number(of[key], style) for key in ("mean", "low", "high"))
        return f"{mean} ({low}{'〜' if self.config.language == 'ja' else ' to '}{high})"


class PairedTable(LevelsTable):
    """A difference in points and its verdict in each cell."""

    def cell(self, of: dict) -> str:
        return f"{self.number(of, 'difference')}: {self.number(of['verdict'], '')}"


class Scorecard(MeasuredTable):
    """The three benefits with their differences and verdicts."""

    def contents(self, found: dict) -> tuple[list, list[list]]:
        header = [str(_("Benefit")), str(_("Difference in points")), str(_("Verdict"))]
        rows = [
            [str(title), self.number(found[key], "difference"), self.number(found[key]["verdict"], "")]
            for key, title in BENEFITS.items()
        ]
        return header, rows


class FieldsTable(MeasuredTable):
    """A row for each entry of a part of a results file, a column for each field that the body lists."""

    def contents(self, found: dict) -> tuple[list, list[list]]:
        columns = [(*key.partition("|")[::2], title) for key, title in self.rows()]
        rows = [
            [literal(name), *(self.number(one[field], style) for field, style, _title in columns)]
            for name, one in found.items()
        ]
        return [self.first(), *(title for *_key, title in columns)], rows


class ResultsIndex(SphinxDirective):
    """Every results file: how it was measured, and how long that took."""

    def run(self) -> list[nodes.Node]:
        folder = Path(self.config.course_results)
        titles = _("Study"), _("Seeds"), _("Runs"), _("Minutes"), _("Memory (MB)"), _("PyTorch")
        rows = []
        for path in sorted(folder.glob("*.json")):
            found = load_results(path.stem, folder)
            seconds = sum(run["seconds"] for run in found["runs"])
            made = found["environment"]
            numbers = len(found["seeds"]), len(found["runs"]), f"{seconds / 60:.1f}"
            cells = *numbers, made["peak_memory_mb"], made["packages"]["torch"]
            rows.append([literal(path.stem), *map(str, cells)])
            self.env.note_dependency(str(path))
        return [table_of([str(title) for title in titles], rows)]


def literal(text: str) -> nodes.paragraph:
    """A name as code; no message to translate."""
    return nodes.paragraph("", "", nodes.literal(text, text), translatable=False)


def table_of(header: list[str | nodes.Node], rows: list[list[str | nodes.Node]]) -> nodes.table:
    """A table node."""
    table = nodes.table(classes=["measured-table"])
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=1) for _column in header]
    group += (head := nodes.thead())
    head += row_of(header)
    group += (body := nodes.tbody())
    body += [row_of(row) for row in rows]
    table += group
    return table


def row_of(cells: list[str | nodes.Node]) -> nodes.row:
    """A table's row; text that stands for a number is no message to translate."""
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += nodes.paragraph("", cell, translatable=False) if isinstance(cell, str) else cell
        row += entry
    return row


def setup(app: Sphinx) -> None:
    app.add_directive("results-table", ResultsTable)
    app.add_directive("paired-table", PairedTable)
    app.add_directive("scorecard", Scorecard)
    app.add_directive("fields-table", FieldsTable)
    app.add_directive("results-index", ResultsIndex)
