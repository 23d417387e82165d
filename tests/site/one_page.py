"""One page built by Sphinx in the process of the test, strictly, without leaving anything behind."""

from io import StringIO
from pathlib import Path

from sphinx import locale
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils


def build_page(folder: Path, body: str, language: str = "en", builder: str = "html") -> Path:
    """Build ``body`` as the page ``index`` of the folder, which has a ``conf.py`` and ``results/``.

    Returns the folder of what was built. A warning fails the test.
    """
    (folder / "index.md").write_text(f"# Title\n\n{body}\n")
    out, warnings = folder / f"{builder}-{language}", StringIO()
    # Sphinx would keep the words of one language for whoever asks next.
    before = dict(locale.translators)
    try:
        with patch_docutils(), docutils_namespace():
            app = Sphinx(
                folder,
                folder,
                out,
                folder / "doctrees" / language,
                builder,
                confoverrides={"language": language, "course_results": str(folder / "results")},
                status=None,
                warning=warnings,
                freshenv=True,
            )
            app.build()
    finally:
        locale.translators.clear()
        locale.translators.update(before)
    assert not (said := warnings.getvalue()), said
    return out
