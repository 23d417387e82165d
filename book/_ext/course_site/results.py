"""Measured numbers in prose: ``{result}`file:path.to.value|format``` reads them from ``results/file.json``.

That is what an experiment wrote. What was measured of the grader is in ``benchmarks/results/file.json``. A
number is never typed by hand. An unknown file, key or format is a warning, so a strict build fails.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import get_translation
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from transfer_learning.results import load_results, lookup

_ = get_translation("course_site")
WORDS = {"better": _("better"), "worse": _("worse"), "undecided": _("undecided"), "all": _("all")}
logger = logging.getLogger(__name__)


class ResultError(Exception):
    """A reference to a result that cannot be resolved; the message says what exists."""


def place_of(folder: Path, name: str) -> Path:
    """Which folder holds the results file ``name``: the results folder, or that of the benchmarks beside it.

    Raises:
        ResultError: both hold one, so nobody could tell which number is meant.
    """
    measured = folder.parent / "benchmarks" / "results"
    found = [place for place in (folder, measured) if (place / f"{name}.json").is_file()]
    if len(found) > 1:
        raise ResultError(
            f"there are two results files {name}.json, in {folder} and in {measured}: rename one"
        )
    return found[0] if found else folder


def look_up(folder: Path, reference: str) -> Any:
    """The value at ``file:path.to.value`` in the results folder, or in that of the benchmarks beside it.

    Raises:
        ResultError: the file or one step of the path does not exist, or the file exists twice.
    """
    name, colon, key = reference.partition(":")
    if not colon:
        raise ResultError(f"{reference!r} names no file: write file:path.to.value")
    try:
        return lookup(load_results(name, place_of(folder, name)), key)
    except FileNotFoundError as error:
        raise ResultError(str(error)) from None
    except KeyError as error:
        raise ResultError(f"{reference!r}: {error.args[0]}") from None


def show(value: Any, style: str, *, language: str = "en") -> str:
    """A value as a reader sees it.

    ``style`` is ``percent`` (0.931 -> 93.1%), ``interval`` (a table with ``low`` and ``high``, in percent),
    ``difference`` (a table with ``mean``, ``low`` and ``high``, in percentage points), or any Python format
    such as ``.3f`` or ``,``. A value that is a word, such as a verdict, is shown in the page's language.

    Raises:
        ResultError: the value does not fit the style.
    """
    between = "〜" if language == "ja" else " to "
    try:
        if style == "interval":
            return typographic(f"{100 * value['low']:.1f}{between}{100 * value['high']:.1f}%")
        if style == "difference":
            mean, low, high = (100 * value[key] for key in ("mean", "low", "high"))
            return typographic(f"{mean:+.1f} ({low:.1f}{between}{high:.1f})")
        if isinstance(value, dict | list) or value is None:
            raise ResultError(f"the result is a {type(value).__name__}, not a single value")
        if isinstance(value, str):
            return str(WORDS.get(value, value))
        return typographic(f"{100 * value:.1f}%" if style == "percent" else format(value, style))
    except (TypeError, ValueError, KeyError) as error:
        raise ResultError(f"cannot show {value!r} as {style!r}: {error}") from None


def typographic(number: str) -> str:
    """A number with a minus sign instead of a hyphen."""
    return number.replace("-", "\N{MINUS SIGN}")


class ResultRole(SphinxRole):
    """The role itself."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        reference, _, style = self.text.partition("|")
        folder = Path(self.config.course_results)
        try:
            text = show(look_up(folder, reference.strip()), style.strip(), language=self.config.language)
        except ResultError as error:
            logger.warning("result: %s", error, location=self.get_location())
            return [nodes.problematic(self.rawtext, self.rawtext)], []
        name = reference.partition(":")[0].strip()
        self.env.note_dependency(str(place_of(folder, name) / f"{name}.json"))
        return [nodes.inline(self.rawtext, text, classes=["measured"])], []


def setup(app: Sphinx) -> None:
    app.add_config_value("course_results", "", "env", str)
    app.add_role("result", ResultRole())
