"""The book's Sphinx extension: measured numbers, drawings, quizzes, two languages, mends of the theme."""

from importlib import import_module
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.locale import get_translation

CATALOGUE = "course_site"
PARTS = (
    "drawings",
    "explorer",
    "images",
    "japanese",
    "languages",
    "mathml",
    "photos",
    "quiz",
    "results",
    "speed",
    "tables",
    "theme",
)
translate = get_translation(CATALOGUE)


def setup(app: Sphinx) -> dict[str, object]:
    """Register every part; each module is one idea and can be read alone."""
    app.add_config_value("course_locale", "", "env", str)
    app.add_config_value("course_inputs", "", "env", str)
    if app.config.course_locale:
        app.add_message_catalog(CATALOGUE, str(Path(app.config.course_locale)))
    for part in PARTS:
        import_module(f"course_site.{part}").setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
