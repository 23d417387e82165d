"""The build script: what it calls unchanged, complete, or wordless, and how strict it is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import build_site
import pytest
from jupyter_cache import get_cache

from transfer_learning.assets import locate, manifest

TOC = {
    "format": "jb-book",
    "root": "index",
    "parts": [
        {"caption": "One", "chapters": [{"file": "a", "sections": [{"file": "a/b"}]}, {"file": "c"}]},
        {"caption": "Two", "chapters": [{"file": "d"}]},
    ],
}


def test_pages_come_in_reading_order() -> None:
    assert build_site.pages_of(TOC) == ["index", "a", "a/b", "c", "d"]


def test_the_japanese_table_of_contents_holds_only_what_is_translated() -> None:
    toc = build_site.toc_for(TOC, {"index", "a/b", "c"}, {"One": "一"})
    assert toc["parts"] == [{"caption": "一", "chapters": [{"file": "a/b"}, {"file": "c"}]}]


def test_a_page_is_complete_only_when_every_message_is_translated_and_none_doubtful(tmp_path: Path) -> None:
    template = tmp_path / "page.pot"
    template.write_text("\n".join(f'msgid "{text}"\nmsgstr ""\n' for text in ("", "One", "Two", "Three")))
    catalogue = tmp_path / "page.po"
    catalogue.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "One"\nmsgstr "一"\n\n'
        '#, fuzzy\nmsgid "Two"\nmsgstr "二"\n\nmsgid "Three"\nmsgstr ""\n'
    )
    assert build_site.untranslated(template, catalogue) == ["Two", "Three"]
    assert build_site.untranslated(template, tmp_path / "missing.po") == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("message", "wordless"),
    [
        ("{result}`a:b.c|percent`", True),
        ("{doc}`page`, {doc}`other`", True),
        ("$D_S$", True),
        ("`code()`", True),
        ("2", True),
        ("{term}`head`", False),
        ("{doc}`a title <page>`", False),
        ("A word.", False),
    ],
)
def test_messages_without_words_need_no_translator(message: str, wordless: bool) -> None:
    assert bool(build_site.WORDLESS.match(message)) is wordless


def test_the_fingerprint_sees_contents_and_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    (tmp_path / "a").write_text("1")
    before = build_site.fingerprint([tmp_path])
    (tmp_path / "a").write_text("2")
    assert build_site.fingerprint([tmp_path]) != before
    (tmp_path / "a").write_text("1")
    assert build_site.fingerprint([tmp_path]) == before
    (tmp_path / "a").rename(tmp_path / "b")
    assert build_site.fingerprint([tmp_path]) != before


PAGE = "---\nmyst:\n  html_meta:\n    description: A page.\n---\n\n# A page\n\n{body}\n"
CELL = (
    "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n  display_name: Python 3\n"
    + PAGE.removeprefix("---\n")
)
WRONG = {
    "result": (PAGE.format(body="{result}`none:summary.mean|.3f`"), "experiments/none.py"),
    "reference": (PAGE.format(body="See {doc}`nowhere`."), "nowhere"),
    "alt": (PAGE.format(body="```{image} picture.png\n```"), "no alternative text"),
    "description": ("# A page\n\nText.\n", "no description"),
    "quiz": (PAGE.format(body="```{quiz} What?\n- [ ] This.\n```"), "at least two choices"),
    "formula": (PAGE.format(body=r"$\unheardof$"), "does not know"),
    "environment": (
        PAGE.format(body="$$\n\\begin{aligned}a &= b \\\\ c &= d\\end{aligned}\n$$"),
        "does not know",
    ),
    "cell": (CELL.format(body="```{code-cell}\nraise ValueError('broken cell')\n```"), "ExecutionError"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_strict_build_refuses_a_page_with_a_fault(fault: str, tmp_path: Path) -> None:
    page, says = WRONG[fault]
    (tmp_path / "index.md").write_text(page)
    (tmp_path / "picture.png").write_bytes(
        bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000")
    )
    (tmp_path / "conf.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(build_site.BOOK / '_ext')!r})\n"
        "extensions = ['myst_nb', 'course_site']\n"
        "nb_execution_mode = 'force'\nnb_execution_raise_on_error = True\nnb_execution_show_tb = True\n"
        "myst_enable_extensions = ['dollarmath']\nhtml_math_renderer = 'mathml'\n"
        f"course_results = {str(tmp_path)!r}\n"
    )
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "-n",
        "--keep-going",
        "-b",
        "html",
        tmp_path,
        tmp_path / "out",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert says in done.stderr + done.stdout


def run_in_copy(folder: Path, *command: str | Path) -> None:
    """Run Python in the copy of the repository in this folder, with its own folder of assets."""
    done = subprocess.run(
        [sys.executable, *command],
        env=os.environ
        | {
            "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'tools'}",
            "TRANSFER_LEARNING_ASSETS": str(folder / "assets"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def build_a_copy(folder: Path) -> None:
    run_in_copy(folder, folder / "tools" / "build_site.py")


KEEP_OUTPUTS = """
import build_site
build_site.WORK.mkdir(parents=True)
(build_site.WORK / "execution.txt").write_text(build_site.execution_inputs())
"""


def take_outputs(folder: Path) -> None:
    """Take over the outputs of the pages that do not look at photos: they are the same without the set."""
    kept = folder / "_build" / build_site.EXECUTION_CACHE.name
    shutil.copytree(build_site.EXECUTION_CACHE, kept)
    cache = get_cache(kept)
    for record in cache.list_cache_records():
        if "photo" in Path(record.uri).read_text(encoding="utf-8"):
            cache.remove_cache(record.pk)
    run_in_copy(folder, "-c", KEEP_OUTPUTS)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, built without the photo set, which only Debian has; pip gets the others."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("autograder", "benchmarks", "book", "exercises", "results", "tools", "transfer_learning"):
        shutil.copytree(build_site.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_config.yml", "_toc.yml", "requirements.txt", "pyproject.toml"):
        shutil.copy(build_site.ROOT / name, folder / name)
    for asset in manifest().values():
        if asset.kind in ("pip-sdist", "pip-wheel"):
            shutil.copytree(locate(asset.name), folder / "assets" / asset.name)
    take_outputs(folder)
    build_a_copy(folder)
    return folder


def test_without_the_photo_set_the_site_still_builds_and_names_the_other(copy: Path) -> None:
    for page, note in (("", "not on the machine that built it"), ("ja/", "環境にはありませんでした")):
        html = (copy / "_build" / "html" / f"{page}applications/images-few-samples.html").read_text(
            encoding="utf-8"
        )
        assert note in html and "hub" in html
        assert 'id="fig-label-efficiency"' in html, "the measured results are shown all the same"


def test_a_changed_translation_is_published_and_the_search_index_forgets_what_is_gone(copy: Path) -> None:
    """The splitter of Japanese queries takes every word of the index for one that some page holds."""
    page, index = (
        copy / "_build" / "html" / "ja" / name for name in ("discussion/index.html", "searchindex.js")
    )
    before = index.read_bytes()
    catalogue = copy / "book" / "locale" / "ja" / "LC_MESSAGES" / "discussion" / "index.po"
    words = catalogue.read_text(encoding="utf-8")
    catalogue.write_text(words.replace("データ", "データ xyzzy "), encoding="utf-8")
    build_a_copy(copy)
    assert "xyzzy" in page.read_text(encoding="utf-8") and b"xyzz" in index.read_bytes()
    catalogue.write_text(words, encoding="utf-8")
    build_a_copy(copy)
    assert index.read_bytes() == before


def test_a_changed_style_sheet_and_a_changed_extension_are_published(copy: Path) -> None:
    style, module = (
        copy / "book" / "_static" / "course.css",
        copy / "book" / "_ext" / "course_site" / "quiz.py",
    )
    page = copy / "_build" / "html" / "background" / "definition.html"
    code = module.read_text(encoding="utf-8")
    assert "quiz-choice" in code and "quiz-changed" not in page.read_text(encoding="utf-8")
    style.write_text(style.read_text(encoding="utf-8") + "/* changed */\n", encoding="utf-8")
    build_a_copy(copy)
    for edition in ("", "ja/"):
        assert (
            copy / "_build" / "html" / edition / "_static" / "course.css"
        ).read_bytes() == style.read_bytes()
    module.write_text(code.replace("quiz-choice", "quiz-choice quiz-changed"), encoding="utf-8")
    build_a_copy(copy)
    assert "quiz-changed" in page.read_text(encoding="utf-8")
