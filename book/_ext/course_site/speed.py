"""What Sphinx and its extensions would do again and again, done once: an edit of a page shows in seconds."""

from functools import cache

from pybtex import plugin
from sphinx.application import Sphinx


def setup(app: Sphinx) -> None:
    # For each citation, pybtex looks through every installed package for its plug-ins.
    plugin._load_entry_point = cache(plugin._load_entry_point)
    # Which pages the Japanese edition leaves out changes with every edit of an English page. Sphinx would
    # read all the others again for it, but what is on them does not depend on it.
    option = app.config._options["exclude_patterns"]
    app.config._options["exclude_patterns"] = type(option)(option.default, "", option.valid_types)
