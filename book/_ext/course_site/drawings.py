"""Our own drawings: an SVG written into the page, so that it follows the page's colours and language.

``{drawing} name`` reads ``drawings/name.svg``. Its title, description and labels go through the translation
catalogue like prose; labels of class ``math`` stay as they are.
"""

from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

SVG = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", SVG)


class DrawingError(ValueError):
    """A drawing that cannot be shown to everyone; the message says what is missing."""


def messages(svg: ElementTree.Element) -> list[ElementTree.Element]:
    """The elements whose text a person reads: title, description, labels."""
    found = [element for tag in ("title", "desc") for element in svg.findall(f"{{{SVG}}}{tag}")]
    labels = [label for label in svg.iter(f"{{{SVG}}}text") if "math" not in label.get("class", "").split()]
    return found + labels


def read(path: Path) -> ElementTree.Element:
    """An SVG file with a title and a description.

    Raises:
        DrawingError: the file is missing, broken, or has no title or description.
    """
    if not path.is_file():
        raise DrawingError(f"there is no drawing {path}")
    try:
        svg = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    except ElementTree.ParseError as error:
        raise DrawingError(f"{path} is not well-formed: {error}") from None
    for tag in ("title", "desc"):
        if not (svg.findtext(f"{{{SVG}}}{tag}") or "").strip():
            raise DrawingError(f"{path} needs a <{tag}>: it is what a screen reader says")
    return svg


class Drawing(nodes.General, nodes.Element, addnodes.translatable):
    """The SVG in the document tree; ``texts`` maps each original text to the one shown."""

    def preserve_original_messages(self) -> None:
        self.setdefault("texts", {text: text for text in self["originals"]})

    def extract_original_messages(self) -> list[str]:
        return list(self["originals"])

    def apply_translated_message(self, original_message: str, translated_message: str) -> None:
        self["texts"][original_message] = translated_message


class DrawingDirective(SphinxDirective):
    """``{drawing} name`` with a caption as its content: a numbered figure."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir) / "drawings" / f"{self.arguments[0]}.svg"
        try:
            svg = read(path)
        except DrawingError as error:
            raise self.error(str(error)) from None
        self.env.note_dependency(str(path))
        originals = list(dict.fromkeys(" ".join((e.text or "").split()) for e in messages(svg)))
        drawing = Drawing(path=str(path), name=self.arguments[0], originals=originals)
        figure = nodes.figure("", drawing, classes=["drawing"])
        self.set_source_info(figure)
        self.set_source_info(drawing)
        body = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, body)
        if len(body) != 1 or not isinstance(body[0], nodes.paragraph):
            raise self.error("a drawing needs a caption of one paragraph")
        caption = nodes.caption(body[0].rawsource, "", *body[0].children)
        caption.source, caption.line = body[0].source, body[0].line
        figure += caption
        self.add_name(figure)
        return [figure]


def _visit_html(self: HTML5Translator, node: Drawing) -> None:
    svg = read(Path(node["path"]))
    texts = node.get("texts", {})
    for element in messages(svg):
        original = " ".join((element.text or "").split())
        element.text = texts.get(original, original)
    name = node["name"]
    for tag in ("title", "desc"):
        svg.find(f"{{{SVG}}}{tag}").set("id", f"{name}-{tag}")
    svg.set("role", "img")
    svg.set("aria-labelledby", f"{name}-title")
    svg.set("aria-describedby", f"{name}-desc")
    self.body.append(ElementTree.tostring(svg, encoding="unicode"))
    raise nodes.SkipNode


def _skip(self: nodes.NodeVisitor, node: Drawing) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_node(Drawing, html=(_visit_html, None), gettext=(_skip, None), text=(_skip, None))
    app.add_directive("drawing", DrawingDirective)
