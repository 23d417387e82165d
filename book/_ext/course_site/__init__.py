"""The book's Sphinx extension: measured numbers, drawings, quizzes, two languages, mends of the theme."""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.locale import get_translation

from course_site import (
    drawings,
    explorer,
    images,
    japanese,
    languages,
    mathml,
    photos,
    quiz,
    results,
    speed,
    tables,
    theme,
)

CATALOGUE = "course_site"
translate = get_translation(CATALOGUE)


def setup(app: Sphinx) -> dict[str, object]:
    """Register every part; each module is one idea and can be read alone."""
    app.add_config_value("course_locale", "", "env", str)
    app.add_config_value("course_inputs", "", "env", str)
    if app.config.course_locale:
        app.add_message_catalog(CATALOGUE, str(Path(app.config.course_locale)))
    parts = (
        drawings,
        explorer,
        images,
        japanese,
        languages,
        mathml,
        photos,
        quiz,
        results,
        speed,
        tables,
        theme,
    )
    for part in parts:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
