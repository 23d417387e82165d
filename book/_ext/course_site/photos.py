"""Where the photo set cannot be had, its cells are shown but not run, and a note says what to use instead.

Cells that need the photos carry the tag ``photos``. The rest of the page stays as it is, measured results
included.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.locale import get_translation
from sphinx.util.docutils import SphinxDirective

_ = get_translation("course_site")
CELL = re.compile(
    r"^```\{code-cell\}[^\n]*\n(?P<options>---\n.*?\n---\n|(?::[^\n]*\n)*)(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
TAGGED = re.compile(r"tags:.*\bphotos\b")


def without_photos(source: str) -> str:
    """The page with each cell tagged ``photos`` shown as plain code, and the note above the first."""
    noted = False

    def plain(match: re.Match[str]) -> str:
        nonlocal noted
        if not TAGGED.search(match["options"]):
            return match[0]
        note, noted = ("" if noted else "```{photos-missing}\n```\n\n"), True
        hidden = "remove-input" in match["options"]
        return note + ("" if hidden else f"```python\n{match['code']}```")

    return CELL.sub(plain, source)


class PhotosMissing(SphinxDirective):
    """The note itself; its words are in the interface's catalogue, not in the page's."""

    def run(self) -> list[nodes.Node]:
        text = _(
            "The photo set of this page is a Debian package and is not on the machine that built it, so the "
            "cells that need it were not run. The measured results below are complete. To run the cells "
            "yourself, use the ants and bees of the PyTorch tutorial instead:"
        )
        note = nodes.note()
        note += nodes.paragraph("", text, translatable=False)
        note += nodes.literal_block("", 'photos = load_photos(source="hub")', language="python")
        return [note]


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Take the cells out before the page is parsed."""
    if not app.config.course_photos:
        source[0] = without_photos(source[0])


def setup(app: Sphinx) -> None:
    app.add_config_value("course_photos", True, "env", bool)
    app.add_directive("photos-missing", PhotosMissing)
    app.connect("source-read", read)
