"""Two editions of each page, and the link between them.

English is the source, at the root of the site; Japanese is under ``ja/``. ``course_japanese_pages`` names the pages
whose catalogue is complete: only those are built in Japanese, and only those offer the switch.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def other_edition(pagename: str, language: str) -> str:
    """Relative address of the same page in the other language; works over HTTP and from a folder alike."""
    up = "../" * pagename.count("/")
    return f"{up}ja/{pagename}.html" if language == "en" else f"{up}../{pagename}.html"


def add_switch(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give the templates the address of the other edition, when there is one."""
    both = pagename in set(app.config.course_japanese_pages) | {"search", "genindex"}
    context["other_edition"] = other_edition(pagename, app.config.language) if both else None


def setup(app: Sphinx) -> None:
    app.add_config_value("course_japanese_pages", [], "html", list)
    app.connect("html-page-context", add_switch)
