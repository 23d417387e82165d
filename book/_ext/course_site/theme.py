"""What the theme itself gets wrong, mended once for every page: scripts, labels, roles, descriptions.

Parts that are a template live in ``_templates``; this file holds what a template cannot reach.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)
USED_ICON = re.compile(r'class="[^"]*\bfa[srb]?\b[^"]*"|class="[^"]*\bfa-[^"]*"')
ICON_NAME = re.compile(r"\bfa-([a-z0-9-]+)\b")
NOT_ICONS = {"solid", "regular", "brands", "lg", "sm", "xs", "fw"}
TOGGLE = re.compile(
    r'(<a class="reference[^"]*" href="[^"]*">(?P<name>.*?)</a>\s*<details[^>]*>\s*<summary)(>)', re.DOTALL
)
TAG = re.compile(r"<[^>]+>")


def require_description(app: Sphinx, doctree: nodes.document) -> None:
    """Warn about a page without ``myst: html_meta: description:``; a strict build then fails."""
    if not any(meta.get("name") == "description" for meta in doctree.findall(nodes.meta)):
        logger.warning(
            "the page has no description: add 'myst: html_meta: description: ...'", location=doctree
        )


def name_toggles(html: str) -> str:
    """Give each opener in the table of contents the name of the page whose parts it shows."""
    return TOGGLE.sub(lambda m: f'{m[1]} aria-label="{TAG.sub("", m["name"]).strip()}"{m[3]}', html)


def mend_context(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Name the openers of the table of contents; let the colours follow the reader's system by default."""
    context["default_mode"] = "auto"
    if "generate_toctree_html" in context:
        generate = context["generate_toctree_html"]

        def named(*args: Any, **kwargs: Any) -> Any:
            return name_toggles(str(generate(*args, **kwargs)))

        context["generate_toctree_html"] = named


def visit_citation(self: HTML5Translator, node: nodes.citation) -> None:
    """A bibliography entry; without docutils' ``role="list"`` around entries that are not list items."""
    self.body.append(self.starttag(node, "div", CLASS="citation"))


def depart_citation(self: HTML5Translator, node: nodes.citation) -> None:
    self.body.append("</div>\n")


def icon_rules(names: set[str], script: str) -> str:
    """CSS that draws only the icons in use, with their shapes taken from the theme's Font Awesome script."""
    rules = [
        "/* Icons: Font Awesome Free, CC BY 4.0, fontawesome.com */",
        "[class*='fa-']::before { content: ''; display: inline-block; width: 1em; height: 1em; "
        "background: currentColor; mask: var(--icon) center / contain no-repeat; vertical-align: -0.125em; }",
    ]
    for name in sorted(names):
        # The script holds the regular style before the solid one: the last shape of a name is the solid one.
        shapes = re.findall(
            rf'[{{,]"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+",\[?"([^"]+)"', script
        )
        if not shapes:
            logger.warning("the theme's icon script has no icon %r", name)
            continue
        width, height, path = shapes[-1]
        svg = (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'><path d='{path}'/></svg>"
        )
        rules.append(f'.fa-{name} {{ --icon: url("data:image/svg+xml,{quote(svg, safe=" =:/")}"); }}')
    return "\n".join(rules) + "\n"


def write_icons(app: Sphinx, error: Exception | None) -> None:
    """After the build: a small stylesheet in place of the 1.5 MB script, whose copy is removed."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages = [
        page
        for page in out.rglob("*.html")
        if app.config.language == "ja" or "ja" not in page.relative_to(out).parts
    ]
    used = {
        name
        for page in pages
        for found in USED_ICON.findall(page.read_text(encoding="utf-8"))
        for name in ICON_NAME.findall(found)
    }
    scripts = out / "_static" / "scripts"
    import pydata_sphinx_theme

    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static" / "scripts"
    source = (theme / "fontawesome.js").read_text(encoding="utf-8")
    (out / "_static" / "icons.css").write_text(icon_rules(used - NOT_ICONS, source), encoding="utf-8")
    for unused in [*scripts.glob("fontawesome.js*"), *scripts.glob("*.map")]:
        unused.unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", require_description)
    app.connect("html-page-context", mend_context, priority=900)
    app.connect("build-finished", write_icons)
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
