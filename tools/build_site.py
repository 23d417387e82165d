"""Build the book: every page executed, strictly, in English and in Japanese.

    .venv/bin/python tools/build_site.py                      both languages -> _build/html/index.html
    .venv/bin/python tools/build_site.py --lang en            English only
    .venv/bin/python tools/build_site.py --update-catalogues  bring book/locale up to date with the English

The steps: extract the messages of every page (this executes the pages; outputs are kept in a cache), compare
them with the Japanese catalogues, build English, then build Japanese from the pages whose catalogue is
complete. Nothing changed since the last good build: nothing is done. The code, results or data that the pages
run on changed: the cache of outputs is dropped, because it looks at the pages alone.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
LOCALE = BOOK / "locale"
HTML = ROOT / "_build" / "html"
WORK = ROOT / "_build" / "site"
STAMP = WORK / "stamp.json"
EXECUTION_CACHE = ROOT / "_build" / ".jupyter_cache"
SHOWN = ("course", "faults", "ledger", "limits", "player", "wire")  # the grader's modules that cells import
WORDLESS = re.compile(
    r"^(\{(?!term)[\w:]+\}`[^`<]*`|`[^`]*`|\$[^$]*\$|[\d\s.,:;()±×%+*/=|–−-])*$|^[^`$]*\\[^`$]*$"
)


def fingerprint(paths: Iterable[Path], *words: str) -> str:
    """One hash over the names and contents of all files below the paths."""
    digest = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        files = (
            sorted(p for p in path.rglob("*") if p.is_file())
            if path.is_dir()
            else [path]
            if path.is_file()
            else []
        )
        for file in files:
            if "__pycache__" in file.parts or file.suffix in {".pyc", ".mo"}:
                continue
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def data_state() -> str:
    """Which assets are in place: names, sizes and times are enough, the fetcher has verified the contents."""
    folder = Path(os.environ.get("TRANSFER_LEARNING_ASSETS") or ROOT / "_build" / "assets")
    files = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []
    return hashlib.sha256(
        "\n".join(f"{p.relative_to(folder)} {p.stat().st_size}" for p in files).encode()
    ).hexdigest()


def execution_inputs() -> str:
    """What the cells of the pages run on besides their own text."""
    paths = [ROOT / "transfer_learning", ROOT / "results", ROOT / "benchmarks" / "results"]
    paths += [ROOT / "requirements.txt", *(ROOT / "autograder" / f"{name}.py" for name in SHOWN)]
    return fingerprint(paths, data_state())


def all_inputs(languages: str) -> str:
    """Everything the site is made of."""
    paths = [BOOK, ROOT / "_config.yml", ROOT / "_toc.yml", ROOT / "exercises", Path(__file__)]
    return fingerprint(paths, execution_inputs(), languages)


def pages_of(toc: dict[str, Any]) -> list[str]:
    """The page names in a ``_toc.yml``, in reading order."""

    def walk(entries: list[dict[str, Any]]) -> Iterator[str]:
        for entry in entries:
            yield entry["file"]
            yield from walk(entry.get("sections", []))

    return [toc["root"], *(page for part in toc["parts"] for page in walk(part["chapters"]))]


def toc_for(toc: dict[str, Any], pages: set[str], captions: dict[str, str]) -> dict[str, Any]:
    """The same table of contents with only these pages, and its part captions translated."""

    def keep(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = []
        for entry in entries:
            sections = keep(entry.get("sections", []))
            if entry["file"] in pages:
                kept.append({"file": entry["file"], **({"sections": sections} if sections else {})})
            else:
                kept.extend(sections)
        return kept

    parts = [
        {"caption": captions.get(part["caption"], part["caption"]), "chapters": keep(part["chapters"])}
        for part in toc["parts"]
    ]
    return {
        "format": toc["format"],
        "root": toc["root"],
        "parts": [part for part in parts if part["chapters"]],
    }


def untranslated(template: Path, catalogue: Path) -> list[str]:
    """The messages of a page (``.pot``) that its Japanese catalogue (``.po``) lacks or marks as doubtful."""
    from babel.messages.pofile import read_po

    with template.open("rb") as file:
        needed = [message.id for message in read_po(file) if message.id]
    if not catalogue.is_file():
        return needed
    with catalogue.open("rb") as file:
        done = {
            message.id for message in read_po(file) if message.id and message.string and not message.fuzzy
        }
    return [message for message in needed if message not in done]


def japanese_pages(templates: Path, pages: list[str]) -> list[str]:
    """The pages that can be offered in Japanese: nothing in their catalogue is missing or out of date."""
    ready, waiting = [], []
    for page in pages:
        missing = untranslated(templates / f"{page}.pot", LOCALE / "ja" / "LC_MESSAGES" / f"{page}.po")
        (waiting if missing else ready).append(page)
        if missing:
            print(f"  not offered in Japanese yet: {page} ({len(missing)} messages to translate)")
    return ready


def compile_catalogues(pages: list[str]) -> Path:
    """Compile the catalogues of these pages below ``_build``; a file that would not change keeps its time."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    target = WORK / "locale"
    wanted = set()
    for name in [*pages, "course_site"]:
        source = LOCALE / "ja" / "LC_MESSAGES" / f"{name}.po"
        compiled = target / "ja" / "LC_MESSAGES" / f"{name}.mo"
        wanted.add(compiled)
        with source.open("rb") as file:
            catalogue = read_po(file, locale="ja", domain=name)
        compiled.parent.mkdir(parents=True, exist_ok=True)
        fresh = compiled.with_suffix(".mo.new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        if compiled.is_file() and compiled.read_bytes() == fresh.read_bytes():
            fresh.unlink()
        else:
            fresh.replace(compiled)
    for old in set(target.rglob("*.mo")) - wanted:
        old.unlink()
    return target


def captions() -> dict[str, str]:
    """The words around the pages in Japanese: part captions, the site's title, labels given to the theme."""
    from babel.messages.pofile import read_po

    found = {}
    for name in ("index", "course_site"):
        with (LOCALE / "ja" / "LC_MESSAGES" / f"{name}.po").open("rb") as file:
            found |= {
                message.id: message.string for message in read_po(file) if message.id and message.string
            }
    return found


def photos_available() -> bool:
    """Whether the photo set is in place; where it is not, the pages say what to use instead."""
    from transfer_learning.assets import AssetError, locate

    try:
        locate("tuxpaint-stamps-default")
    except AssetError:
        return False
    return True


def configuration(
    edition: str, pages: list[str], toc: dict[str, Any], locale: Path, inputs: str
) -> dict[str, Any]:
    """The Sphinx configuration of one edition (``messages``, ``en``, ``ja``), made from _config.yml."""
    from jupyter_book.config import get_final_config

    folder = WORK / edition
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "_toc.yml").write_text(
        yaml.safe_dump(toc, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    config, _ = get_final_config(
        user_yaml=ROOT / "_config.yml",
        sourcedir=BOOK,
        cli_config={"latex_individualpages": False},
        validate=True,
        raise_on_invalid=True,
    )
    # Thebe and comments are not used, and Thebe's script breaks the "no external request, no error" rule.
    unused = {"sphinx_thebe", "sphinx_comments", "sphinx_jupyterbook_latex"}
    config["extensions"] = [name for name in config["extensions"] if name not in unused]
    config.pop("comments_config", None)
    config |= {
        "external_toc_path": str(folder / "_toc.yml"),
        "templates_path": ["_templates"],
        # The messages of a figure's alternative text are found only where the image itself is chosen.
        "nb_mime_priority_overrides": [("gettext", "image/png", 5)],
        "nb_execution_cache_path": str(EXECUTION_CACHE),
        "locale_dirs": [str(locale)],
        "gettext_auto_build": False,
        "course_locale": str(locale),
        "course_results": str(ROOT / "results"),
        "course_inputs": inputs,
        "course_outputs": str(folder / "outputs"),
        "course_photos": photos_available(),
        "course_japanese_pages": pages,
    }
    if edition == "ja":
        config |= {"language": "ja", "html_title": captions()["Transfer learning"]}
        for verb in ("Show", "Hide"):
            config[f"nb_code_prompt_{verb.lower()}"] = captions()[f"{verb} the code"]
        config["html_theme_options"] |= {
            "search_bar_text": captions()["Search"],
            "toc_title": captions()["On this page"],
        }
        # A page not translated yet is found in the English edition.
        config["intersphinx_mapping"] = {"en": ("../", str(HTML / "objects.inv"))}
    return config


def isolate_kernels() -> None:
    """Run the cells with a profile of our own: no start-up files of whoever builds, no notice on stderr."""
    profile = WORK / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(
        "c = get_config()\nc.IPKernelApp.log_level = 40\nc.IPKernelApp.matplotlib = 'inline'\n"
    )
    os.environ["IPYTHONDIR"] = str(WORK / "ipython")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


class Progress(StringIO):
    """Shows of Sphinx's many words only what takes time: which page is executed."""

    def write(self, text: str) -> int:
        if "Executing notebook" in text:
            print(f"  executing {Path(text.split(':')[0].strip()).relative_to(BOOK)}", flush=True)
        return len(text)


def run_sphinx(edition: str, builder: str, out: Path, config: dict[str, Any]) -> None:
    """One strict Sphinx run (-W -n --keep-going). Exits with what to mend when there is any warning."""
    from myst_nb.core.execute.base import ExecutionError
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    doctrees = WORK / edition / "doctrees"
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            srcdir=BOOK,
            confdir=None,
            outdir=out,
            doctreedir=doctrees,
            buildername=builder,
            confoverrides=config,
            status=Progress(),
            warning=sys.stderr,
            warningiserror=True,
            keep_going=True,
        )
        try:
            # All pages are written, changed or not, and the search index is made anew: Sphinx alone does not
            # publish a changed style sheet, and keeps words in the index that no page holds any more. Only
            # changed pages are read, and only their cells run.
            (out / "searchindex.js").unlink(missing_ok=True)
            app.build(force_all=builder == "html")
        except ExecutionError as error:
            app.statuscode = 1
            print(f"A cell of {error} raised.", file=sys.stderr)
    if app.statuscode:
        # Sphinx does not repeat a warning for a page it has already read: forget what was read.
        shutil.rmtree(doctrees, ignore_errors=True)
        sys.exit(f"The build of the {edition} edition failed: mend the warnings above, then run it again.")


@contextmanager
def step(title: str) -> Iterator[None]:
    """Says what is being done and how long it took."""
    print(title, flush=True)
    start = time.monotonic()
    yield
    print(f"  {time.monotonic() - start:.1f} s", flush=True)


def remove_old_pages(out: Path, pages: list[str]) -> None:
    """Delete pages that are no longer in the table of contents."""
    keep = {out / f"{page}.html" for page in [*pages, "search", "genindex"]}
    for page in out.rglob("*.html"):
        relative = page.relative_to(out).parts
        if (
            page not in keep
            and relative[0] not in {"_static", "_downloads", "_sources"}
            and (out.name == "ja" or relative[0] != "ja")
        ):
            page.unlink()


def without_dates(catalogue: str) -> str:
    """A catalogue with only the header fields that matter, so that a diff shows translations and no dates."""
    header, blank, messages = catalogue.partition("\n\n")
    comment = header.splitlines()[0]
    fields = ["Language: ja", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    fields += ["Content-Transfer-Encoding: 8bit", "Plural-Forms: nplurals=1; plural=0;"]
    return (
        "\n".join([comment, 'msgid ""', 'msgstr ""', *(f'"{field}\\n"' for field in fields)])
        + blank
        + messages
    )


def update_catalogues(templates: Path, pages: list[str]) -> None:
    """Bring ``book/locale/ja`` up to date: new messages are added, changed ones are marked as doubtful."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po, write_po
    from sphinx_intl.basic import update

    interface = Catalog(project="course_site")
    for file, line, message, comments, context in extract_from_dir(
        str(BOOK / "_ext"), [("**.py", "python")], keywords={"_": None}
    ):
        interface.add(message, locations=[(file, line)], auto_comments=comments, context=context)
    for label in ("Search", "On this page", "Show the code", "Hide the code"):
        interface.add(label)
    with (templates / "course_site.pot").open("wb") as file:
        write_po(file, interface, no_location=True)
    wanted = {f"{page}.pot" for page in pages} | {"course_site.pot"}
    for template in templates.rglob("*.pot"):
        if str(template.relative_to(templates)) not in wanted:
            template.unlink()
    update(str(LOCALE), str(templates), ["ja"], line_width=110, ignore_obsolete=True)
    for name in [*pages, "course_site"]:
        path = LOCALE / "ja" / "LC_MESSAGES" / f"{name}.po"
        with path.open("rb") as file:
            catalogue = read_po(file, locale="ja", domain=name)
        for message in catalogue:
            # A message without words (a number from a results file, code, a formula) is its own translation.
            wordless = message.id.startswith("\n") or WORDLESS.match(
                message.id
            )  # a formula in a block starts so
            if message.id and wordless and (message.fuzzy or not message.string):
                message.string = message.id
                message.flags.discard("fuzzy")
            message.flags -= {"python-format", "python-brace-format"}
        catalogue.header_comment = f"# Japanese catalogue of {name}"
        with path.open("wb") as file:
            write_po(file, catalogue, width=110, ignore_obsolete=True, no_location=True)
        path.write_text(without_dates(path.read_text(encoding="utf-8")), encoding="utf-8")
        missing = untranslated(templates / f"{name}.pot", path)
        print(f"  {name}: {'complete' if not missing else f'{len(missing)} messages to translate'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--lang", choices=["en"], help="English only; Japanese needs it, for pages not translated yet"
    )
    parser.add_argument(
        "--update-catalogues", action="store_true", help="update book/locale instead of building pages"
    )
    options = parser.parse_args()
    inputs = all_inputs(options.lang or "en ja")
    stamp = json.loads(STAMP.read_text()) if STAMP.is_file() else {}
    if not options.update_catalogues and stamp.get("all") == inputs and (HTML / "index.html").is_file():
        print(f"Nothing changed. The site is {HTML.relative_to(ROOT)}/index.html")
        return

    start = time.monotonic()
    STAMP.unlink(missing_ok=True)
    isolate_kernels()
    execution = execution_inputs()
    kept = WORK / "execution.txt"
    if not kept.is_file() or kept.read_text() != execution:
        shutil.rmtree(EXECUTION_CACHE, ignore_errors=True)
        WORK.mkdir(parents=True, exist_ok=True)
        kept.write_text(execution)

    reading = fingerprint([BOOK / "_ext"], execution)  # when it changes, every page is read anew
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = pages_of(toc)
    templates = WORK / "templates"
    with step("Reading and executing the pages"):
        config = configuration("messages", [], toc, WORK / "locale", reading)
        run_sphinx("messages", "gettext", templates, config)
    if options.update_catalogues:
        with step("Updating the Japanese catalogues"):
            update_catalogues(templates, pages)
        return
    ready = japanese_pages(templates, pages)
    locale = compile_catalogues(ready)
    with step("Building the English edition"):
        run_sphinx("en", "html", HTML, configuration("en", ready, toc, locale, reading))
        remove_old_pages(HTML, pages)
    if toc["root"] not in ready:
        shutil.rmtree(HTML / "ja", ignore_errors=True)
    elif not options.lang:
        with step(f"Building the Japanese edition ({len(ready)} of {len(pages)} pages)"):
            japanese_toc = toc_for(toc, set(ready), captions())
            run_sphinx(
                "ja",
                "html",
                HTML / "ja",
                configuration("ja", ready, japanese_toc, locale, fingerprint([LOCALE], reading)),
            )
            remove_old_pages(HTML / "ja", ready)
    STAMP.write_text(json.dumps({"all": inputs}))
    print(f"The site is {HTML.relative_to(ROOT)}/index.html ({time.monotonic() - start:.0f} s)")


if __name__ == "__main__":
    main()
