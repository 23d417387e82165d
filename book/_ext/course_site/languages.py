"""Two editions of each page, and the link between them.

English is the source, at the root of the site; Japanese is under ``ja/``. ``course_japanese_pages`` names
the pages whose catalogue is complete: only those are built in Japanese, and only those offer the switch.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.intersphinx import InventoryAdapter
from sphinx.locale import init as init_locale
from sphinx.transforms import SphinxTransform
from sphinx.util import docname_join


def other_edition(pagename: str, language: str) -> str:
    """Relative address of the same page in the other language; works over HTTP and from a folder alike."""
    up = "../" * pagename.count("/")
    return f"{up}ja/{pagename}.html" if language == "en" else f"{up}../{pagename}.html"


def add_switch(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the templates the address of the other edition, when there is one."""
    both = pagename in set(app.config.course_japanese_pages) | {"search", "genindex"}
    context["other_edition"] = other_edition(pagename, app.config.language) if both else None


class GiveSources(SphinxTransform):
    """Say where the cells of a table with a caption come from: Sphinx translates no text without it."""

    default_priority = 5  # before Sphinx collects and translates the messages

    def apply(self, **kwargs: Any) -> None:
        for table in self.document.findall(nodes.table):
            for text in table.findall(nodes.TextElement):
                if not text.source:
                    text.source, text.line = self.document["source"], table.line


def translate_description(app: Sphinx, doctree: nodes.document) -> None:
    """Translate the page's description: MyST adds it to the page after Sphinx has translated the rest."""
    folders = [str(Path(app.srcdir) / folder) for folder in app.config.locale_dirs]
    catalogue, found = init_locale(folders, app.config.language, app.env.docname)
    for meta in doctree.findall(nodes.meta) if found else ():
        meta["content"] = catalogue.gettext(meta["content"])


def belong_to_the_page(app: Sphinx, doctree: nodes.document) -> None:
    """Make every node belong to its page. Sphinx parses each translation as a page of its own, and its nodes
    would carry that, with all that is known of the book, into the stored page: four megabytes instead of one
    tenth of one, read again for every reference.
    """
    for node in doctree.findall():
        node.document = doctree


def english_page(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.reference | None:
    """In the Japanese edition, lead a link to a page that is not translated yet to the English one."""
    if app.config.language != "ja" or node.get("reftype") != "doc":
        return None
    docname = docname_join(node["refdoc"], node["reftarget"])
    known = InventoryAdapter(env).main_inventory.get("std:doc", {})
    if docname not in known:
        return None
    title = known[docname][3]
    address = "../" * node["refdoc"].count("/") + known[docname][2]
    link = nodes.reference("", "", internal=False, refuri=address, classes=["english"])
    link += contnode if node.get("refexplicit") else nodes.inline("", title)
    return link


def setup(app: Sphinx) -> None:
    app.add_config_value("course_japanese_pages", [], "html", list)
    app.add_transform(GiveSources)
    app.connect("doctree-read", translate_description)
    app.connect("doctree-read", belong_to_the_page)
    app.connect("html-page-context", add_switch)
    app.connect("missing-reference", english_page)
