"""Markdown on nbgrader's pages, feedback and formgrader: its formatting shows, but no script in it runs.

nbgrader's templates put what a Markdown cell becomes into the page as it is. A student may have written any
HTML there, and formgrader's page runs with the rights of the person who grades. nbconvert's own switch
(``HTMLExporter.sanitize_html``) does not reach nbgrader's templates, so the filter they call is replaced.
"""

import re
from urllib.parse import urlsplit

import bleach
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters import markdown2html

TAGS = """
    a abbr b blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i
    img kbd li ol p pre s small span strong sub summary sup table tbody td tfoot th thead tr u ul
"""
ATTRIBUTES = ("class", "id", "title", "alt", "width", "height", "colspan", "rowspan", "style", "align")
STYLES = ("text-align", "color", "background-color", "font-weight", "font-style", "width")
FORMULA_COMMANDS = re.compile(r"\\(?:href|require|class|cssId|style)(?![A-Za-z])")


def markdown(source: str) -> str:
    """The HTML of a Markdown text, without anything that a browser could run."""
    # In a formula these make links and styles, past any check of the HTML. \text shows their words instead.
    plain = FORMULA_COMMANDS.sub(r"\\text", source)
    return bleach.clean(
        markdown2html(plain),
        tags=TAGS.split(),
        attributes=_keeps,
        protocols=("http", "https", "mailto", "data"),
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
    )


def _keeps(tag, name, value):
    if name in ("href", "src"):
        try:
            scheme = urlsplit(value.strip()).scheme.lower()
        except ValueError:
            return False
        if name == "href":
            return tag == "a" and scheme in ("", "http", "https", "mailto")
        return tag == "img" and (
            scheme in ("", "http", "https") or value.startswith(("data:image/png", "data:image/jpeg"))
        )
    return name in ATTRIBUTES
