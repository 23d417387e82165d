"""A student's Markdown and code as HTML that cannot hurt, for feedback pages and for formgrader.

Text keeps its formatting, formulas become MathML, pictures that are in the text show. Everything else goes:
no script, no style, nothing that a page would load from elsewhere (that would tell a stranger who reads it
and when), no name or class that the page's own scripts and styles look for. A page that shows this also has a
content security policy, which holds if something gets through.

formgrader's page runs with the rights of the person who grades, so it loads nothing from elsewhere either.
:func:`configure` gives it a template with a policy in place of nbgrader's own.
"""

import base64
import functools
import hashlib
import html
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import bleach
import pygments
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from traitlets.config import Config

from autograder import formulas
from autograder.outputs import png, visible

TEMPLATES = Path(__file__).parent / "templates"

LENGTH = 20_000
"""A longer text of a student is shown as it is written: formatting it could take very long."""
ELEMENTS = 20_000
"""So is one that would become more elements: unclosed tags come back in every paragraph that follows."""
PICTURE = "data:image/png;base64,"
TAGS = """
    a abbr b blockquote br caption code dd del details div dl dt em figcaption figure h2 h3 h4 h5 h6 hr i
    img kbd li ol p pre s small span strong sub summary sup table tbody td tfoot th thead tr u ul
"""
HIGHLIGHTS = {"highlight", *STANDARD_TYPES.values()} - {""}
SIZE = re.compile(r"\d{1,4}%?")
ALIGNED = re.compile(r"text-align: ?(left|right|center);?")


def configure(c: Config) -> None:
    """Have nbgrader show and hand out students' work through us: formgrader, feedback and the export.

    The classes go in by name, because loading them takes long and few commands need them.
    """
    c.GenerateFeedback.exporter_class = "autograder.feedback_exporter.FeedbackExporter"
    c.GenerateFeedback.preprocessors = ["autograder.feedback_exporter.Grades"]
    c.ExportApp.plugin_class = "autograder.grades_table.SafeCsv"
    c.HTMLExporter.filters = {
        "markdown2html": markdown,
        "highlight_code": code,
        "report": report,
        "visible": visible,
        "policy_hash": policy_hash,
    }
    # formgrader sets the template's name and folder after it has read this; the file's name stays.
    c.HTMLExporter.template_file = "formgrade.html.j2"
    c.HTMLExporter.extra_template_paths = [str(TEMPLATES)]


def policy_hash(content: str) -> str:
    """How a content security policy names a script or a style that is written in the page itself."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def code(source: str, metadata: dict | None = None) -> str:
    """Code in colours, as HTML."""
    shown = visible(source)
    if len(shown) > LENGTH:
        return f'<div class="highlight"><pre>{html.escape(shown)}</pre></div>'
    return pygments.highlight(shown, get_lexer_by_name("ipython3"), HtmlFormatter())


def report(source: str) -> str:
    """The HTML of :mod:`autograder.report`, without its styles: what a check's output may hold."""
    return bleach.clean(
        source,
        tags={"div", "span", "strong", "em", "code", "a"},
        attributes={"*": ["class", "role", "aria-label"], "a": ["class", "href"]},
        protocols={"http", "https"},
    )


def markdown(source: str) -> str:
    """The HTML of a Markdown text."""
    shown = visible(source)
    if len(shown) > LENGTH:
        return f"<pre>{html.escape(shown)}</pre>"
    renderer = _Renderer()
    try:
        formatted = MarkdownWithMath(renderer=renderer).render(shown)
    except Exception:  # whatever an odd text makes the formatter do, RecursionError included
        return f"<pre>{html.escape(shown)}</pre>"
    cleaner = Cleaner(
        tags=TAGS.split(),
        attributes=_keeps,
        protocols=("http", "https", "mailto", "data"),
        css_sanitizer=CSSSanitizer(allowed_css_properties=("text-align",)),
        filters=[functools.partial(_Finish, renderer=renderer)],
    )
    cleaner.parser.tree.elementClass = _Counted(cleaner.parser.tree.elementClass)
    try:
        return cleaner.clean(formatted)
    except _TooMany:
        return f"<pre>{html.escape(shown)}</pre>"


class _TooMany(Exception):
    """A text became more elements than anybody writes."""


class _Counted:
    """Makes elements like the class it is given, up to a number."""

    def __init__(self, kind):
        self.kind = kind
        self.left = ELEMENTS

    def __call__(self, *words):
        self.left -= 1
        if self.left < 0:
            raise _TooMany
        return self.kind(*words)


class _Renderer(IPythonRenderer):
    """Markdown's elements as HTML, with a mark in place of each formula."""

    def __init__(self):
        super().__init__(escape=False, exclude_anchor_links=True)
        self.formulas = []
        self.mark = secrets.token_hex(16)  # nobody can write it into a text

    def heading(self, text, level, **attrs):
        return f"<h{min(level + 1, 6)}>{text}</h{min(level + 1, 6)}>\n"

    def block_code(self, code, info=None):
        return super().block_code(code, None if (info or "").lower().startswith("mermaid") else info)

    def image(self, text, url, title=None):
        return f'<img alt="{html.escape(text)}" src="{html.escape(url)}">'

    def inline_math(self, body):
        return self._formula(f"${body}$", body, False)

    def block_math(self, body):
        return self._formula(f"$${body}$$", body, True)

    def latex_environment(self, name, body):
        whole = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self._formula(whole, whole, True)

    def multiline_math(self, text):
        inner = text[2:-2] if text[:2] in ("$$", "\\[") else text
        return self._formula(text, inner, True)

    def _formula(self, source, latex, block):
        self.formulas.append((source, latex, block))
        return f"{self.mark}x{len(self.formulas) - 1}x"


class _Finish(Filter):
    """Puts formulas in their place, and words in place of pictures that are not shown."""

    def __init__(self, source, renderer):
        super().__init__(source)
        self.renderer = renderer
        self.mark = re.compile(f"{renderer.mark}x(\\d+)x")

    def __iter__(self):
        for token in super().__iter__():
            if token["type"] in ("Characters", "SpaceCharacters"):
                yield from self._text(token)
                continue
            attributes = token.get("data")
            if isinstance(attributes, dict):
                for name, value in attributes.items():
                    attributes[name] = self.mark.sub(self._source, value)
                if token["name"] == "img":
                    yield from _picture(token)
                    continue
                _aligned(attributes)
                if (None, "href") in attributes:
                    attributes[None, "rel"] = "noopener noreferrer nofollow"
            yield token

    def _source(self, found):
        return self.renderer.formulas[int(found[1])][0]

    def _text(self, token):
        pieces = self.mark.split(token["data"])
        for index, piece in enumerate(pieces):
            if index % 2 == 0:
                yield from _characters(piece)
                continue
            source, latex, block = self.renderer.formulas[int(piece)]
            drawn = formulas.tree(latex, block)
            yield from _element(drawn) if drawn is not None else _wrapped("code", source)


def _characters(text):
    if text:
        yield {"type": "Characters", "data": text}


def _wrapped(name, text):
    yield {"type": "StartTag", "namespace": None, "name": name, "data": {}}
    yield from _characters(text)
    yield {"type": "EndTag", "namespace": None, "name": name}


def _element(element):
    attributes = {(None, name): value for name, value in element.attrib.items()}
    yield {"type": "StartTag", "namespace": None, "name": element.tag, "data": attributes}
    yield from _characters(element.text)
    for child in element:
        yield from _element(child)
    yield {"type": "EndTag", "namespace": None, "name": element.tag}


def _picture(token):
    address = token["data"].get((None, "src"), "")
    words = token["data"].get((None, "alt"), "").strip()
    shown = png(address.removeprefix(PICTURE)) if address.startswith(PICTURE) else None
    if shown is None:
        yield from _wrapped("em", f"(picture not shown here: {words or 'without a description'})")
        return
    token["data"][None, "src"] = PICTURE + shown
    token["data"][None, "alt"] = words or "a picture without a description"
    token["data"][None, "loading"] = "lazy"
    yield token


def _aligned(attributes):
    """A table's alignment without a style, which the policy would not apply."""
    found = ALIGNED.fullmatch(attributes.pop((None, "style"), ""))
    if found:
        attributes[None, "align"] = found[1]


def _keeps(tag, name, value):
    if name == "href":
        try:
            return tag == "a" and urlsplit(value.strip()).scheme.lower() in ("http", "https", "mailto")
        except ValueError:
            return False
    if name == "class":
        return tag in ("div", "span", "pre", "code") and set(value.split()) <= HIGHLIGHTS
    if name in ("width", "height"):
        return tag == "img" and SIZE.fullmatch(value) is not None
    if name in ("colspan", "rowspan"):
        return tag in ("td", "th") and value.isdecimal() and len(value) < 3
    if name == "style":
        return tag in ("td", "th")
    return name in ("src", "alt") if tag == "img" else name == "title"
