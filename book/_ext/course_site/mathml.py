"""Formulas as MathML, written at build time: the reader's browser needs no script and no request for them."""

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)


def to_mathml(latex: str, *, block: bool, location: nodes.Node | None = None) -> str:
    """The MathML element for a formula. A formula with a mistake is a warning: a strict build fails."""
    try:
        formula = convert(latex, display="block" if block else "inline")
    except Exception as error:
        # The converter raises many kinds of errors for what is always the same thing: a mistake in a formula.
        logger.warning("cannot turn the formula %r into MathML: %r", latex, error, location=location)
        return ""
    if "\\" in formula or "<mi>&</mi>" in formula:  # what it does not know comes out as it went in
        logger.warning("the formula %r holds what the converter does not know", latex, location=location)
    return formula


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(f'<span class="math">{to_mathml(node.astext(), block=False, location=node)}</span>')
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(to_mathml(node.astext(), block=True, location=node))
    if node["number"]:
        self.body.append(f'<span class="eqno">({node["number"]})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
