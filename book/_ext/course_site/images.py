"""Each image has an alternative text, else the build fails, and its size, so that the page does not jump."""

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import imagesize
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
IMG = re.compile(r"<img\b[^>]*>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


def require_alt(app: Sphinx, doctree: nodes.document) -> None:
    """Warn about every image without an alternative text; a strict build then fails."""
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            logger.warning(
                "image %r has no alternative text: say what it shows with :alt:", image["uri"], location=image
            )


def with_size(tag: str, width: int, height: int) -> str:
    """The ``<img>`` tag with its size in pixels and lazy loading, unless the author gave a size."""
    known = dict(ATTRIBUTE.findall(tag))
    if "width" in known or "height" in known:
        return tag
    style = f'style="{known["style"]}"' if "style" in known else ""
    tag = tag.replace(style, f'style="{known["style"]}; height: auto"') if style else tag
    return tag.replace("<img", f'<img width="{width}" height="{height}" loading="lazy"', 1)


def add_sizes(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Write the size of every local raster image into the page."""
    if "body" not in context or app.builder.format != "html":
        return
    sources = {Path(name).name: app.srcdir / source for source, name in app.builder.images.items()}

    def sized(match: re.Match[str]) -> str:
        tag = match[0]
        name = Path(unquote(html.unescape(dict(ATTRIBUTE.findall(tag)).get("src", "")))).name
        for path in (sources.get(name), Path(app.outdir) / "_images" / name):
            if path and path.is_file():
                width, height = imagesize.get(path)
                return with_size(tag, width, height) if width > 0 else tag
        return tag

    context["body"] = IMG.sub(sized, context["body"])


def place_outputs(app: Sphinx) -> None:
    """Keep the images that cells draw out of the published folder (MyST-NB puts them beside it)."""
    app.env.mystnb_config = app.env.mystnb_config.copy(output_folder=app.config.course_outputs)


def setup(app: Sphinx) -> None:
    app.add_config_value("course_outputs", "", "", str)
    app.connect("builder-inited", place_outputs, priority=900)
    app.connect("doctree-read", require_alt)
    app.connect("html-page-context", add_sizes, priority=900)
