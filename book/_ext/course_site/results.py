"""Measured numbers in prose: the role ``{result}`file:path.to.value|format``` reads them from ``results/file.json``.

A number is never typed by hand. An unknown file, key or format is a warning, so a strict build fails.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from transfer_learning.results import load_results, lookup

logger = logging.getLogger(__name__)


class ResultError(ValueError):
    """A reference to a result that cannot be resolved; the message says what exists."""


def look_up(folder: Path, reference: str) -> Any:
    """The value at ``file:path.to.value`` in the results folder.

    Raises:
        ResultError: the file or one step of the path does not exist.
    """
    name, colon, key = reference.partition(":")
    if not colon:
        raise ResultError(f"{reference!r} names no file: write file:path.to.value")
    try:
        return lookup(load_results(name, folder), key)
    except FileNotFoundError as error:
        raise ResultError(str(error)) from None
    except KeyError as error:
        raise ResultError(f"{reference!r}: {error.args[0]}") from None


def show(value: Any, style: str) -> str:
    """A value as a reader sees it.

    ``style`` is ``percent`` (0.931 -> 93.1%), ``points`` (0.021 -> 2.1), ``minutes`` (seconds), ``MB`` (bytes),
    ``interval`` or ``interval-percent`` (a pair), or any Python format such as ``.3f`` or ``,``.

    Raises:
        ResultError: the value does not fit the style, or it is a table.
    """
    if isinstance(value, dict) or value is None:
        raise ResultError(f"the result is {type(value).__name__}, not a single value")
    try:
        if style.startswith("interval"):
            low, high = value
            scale, digits = (100, 1) if style == "interval-percent" else (1, 3)
            return f"{_minus(low * scale, digits)} to {_minus(high * scale, digits)}"
        if style == "percent":
            return f"{100 * value:.1f}%"
        if style == "points":
            return _minus(100 * value, 1)
        if style == "minutes":
            return f"{value / 60:.1f}"
        if style == "MB":
            return f"{value / 1e6:.0f}"
        return format(value, style).replace("-", "\N{MINUS SIGN}" if isinstance(value, float) else "-")
    except (TypeError, ValueError) as error:
        raise ResultError(f"cannot show {value!r} as {style!r}: {error}") from None


def _minus(number: float, digits: int) -> str:
    return f"{number:.{digits}f}".replace("-", "\N{MINUS SIGN}")


class ResultRole(SphinxRole):
    """The role itself."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        reference, _, style = self.text.partition("|")
        folder = Path(self.config.course_results)
        try:
            text = show(look_up(folder, reference.strip()), style.strip())
        except ResultError as error:
            logger.warning("result: %s", error, location=self.get_location())
            return [nodes.problematic(self.rawtext, self.rawtext)], []
        self.env.note_dependency(str(folder / f"{reference.partition(':')[0].strip()}.json"))
        return [nodes.inline(self.rawtext, text, classes=["measured"])], []


def setup(app: Sphinx) -> None:
    app.add_config_value("course_results", "", "env", str)
    app.add_role("result", ResultRole())
