"""Is any line of a solution, or of what only graders should see, in what others get?

Looks through the student notebooks, the bundle (and the wheel in it) and the built site, in both languages:
pages, their sources, downloads and the search index. Fingerprints are the lines of every solution and mark
scheme, and of every right answer of the sample classes, that are long enough to give something away and that
are not in the open text of an exercise or of the library. Spaces do not count.

The exit code is 1 when something leaks.
"""

import html
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from graded_here import ASSIGNMENTS, COURSE

from autograder import release

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
BUNDLE = ROOT / "_build" / "student-bundle.zip"
SHORTEST = 32
"""Letters of a line, spaces left out: a shorter one may be part of any text."""
TAG = re.compile(r"<[^<>]*>")
SPACE = re.compile(r"\s+")
BINARY = {".png", ".jpg", ".svg", ".woff", ".woff2", ".ttf", ".eot", ".ico", ".pkl", ".inv", ".npy", ".gz"}


def main() -> int:
    """The command line. Returns 1 when something leaks."""
    places = [ROOT / "exercises", SITE, BUNDLE]
    missing = [place for place in places if not place.exists()]
    if missing:
        print(f"Not built yet: {', '.join(map(str, missing))}. Run: make site student-bundle")
        return 1
    known = fingerprints()
    found = [leak for place in places for leak in leaks(place, known)]
    for leak in found:
        print(f"✗ {leak}")
    print(f"{len(known)} fingerprints; {len(found)} leaks in {', '.join(place.name for place in places)}")
    return 1 if found else 0


def fingerprints() -> dict[str, str]:
    """What must not go out, without spaces -> the assignment it belongs to."""
    known: dict[str, str] = {}
    for name, assignment in ASSIGNMENTS.items():
        source = COURSE.source_text(name).read_text(encoding="utf-8")
        lines = list(release.solution_lines(source))
        for id in assignment.right:
            cells = assignment.variants[id].cells.values()
            lines += [line for cell in cells for line in cell.splitlines()]
        known |= {squeezed(line): name for line in lines}
    public = squeezed("\n".join(open_texts()))
    return {mark: name for mark, name in known.items() if len(mark) >= SHORTEST and mark not in public}


def open_texts() -> Iterator[str]:
    """What everybody may read: exercises outside their solutions, pages and the library."""
    for name in ASSIGNMENTS:
        inside = False
        for line in COURSE.source_text(name).read_text(encoding="utf-8").splitlines():
            if mark := release.REGION.search(line):
                inside = mark.group(1) == "BEGIN"
            elif not inside:
                yield line.removeprefix("# ")
    for folder, suffix in (("book", "md"), ("transfer_learning", "py")):
        for path in (ROOT / folder).rglob(f"*.{suffix}"):
            yield path.read_text(encoding="utf-8")


def leaks(place: Path, known: dict[str, str]) -> Iterator[str]:
    """A sentence for each fingerprint in each file of a folder or an archive."""
    for name, content in texts(place):
        squeezed_content = squeezed(content)
        for mark, assignment in known.items():
            if mark in squeezed_content:
                yield f"{name} holds a line of {assignment}'s answers: {mark}"


def texts(place: Path) -> Iterator[tuple[str, str]]:
    """The name and the text of every file in a folder, an archive, and the archives inside it."""
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.is_file():
                yield from opened(path.relative_to(place.parent).as_posix(), path.read_bytes())
    else:
        yield from opened(place.name, place.read_bytes())


def opened(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """What a reader sees of one file: an archive's files, a notebook's cells, a page without its tags."""
    suffix = Path(name).suffix
    if suffix in (".zip", ".whl"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inner in archive.namelist():
                yield from opened(f"{name}/{inner}", archive.read(inner))
    elif suffix not in BINARY:
        text = content.decode("utf-8", errors="replace")
        yield name, text
        if suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            yield name, "\n".join("".join(cell["source"]) for cell in cells)
        if suffix == ".html":
            yield name, html.unescape(TAG.sub("", text))


def squeezed(text: str) -> str:
    """A text without white space."""
    return SPACE.sub("", text)


if __name__ == "__main__":
    sys.exit(main())
