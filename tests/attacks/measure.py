"""What a submission gained: points, secrets, files, neighbours, pages. The same for every grader.

Nothing here knows a grader: it looks at a gradebook of nbgrader, at folders, pages and tables.
"""

import base64
import csv
import hashlib
import html
import io
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

from bs4 import BeautifulSoup
from corpus.model import FULL

REACHED = re.compile(r"REACHED:([^\n<\\\"]{1,60})")
SCORES = """
select student.id, base_cell.name, grade.auto_score, grade.manual_score
from submitted_assignment
join student on student.id = submitted_assignment.student_id
join submitted_notebook on submitted_notebook.assignment_id = submitted_assignment.id
join grade on grade.notebook_id = submitted_notebook.id
join base_cell on base_cell.id = grade.cell_id
"""
# What Python, Jupyter and matplotlib write into a home folder by themselves.
OWN_TRACES = (
    "home/.cache/*",
    "home/.jupyter/migrated",
    "home/.ipython/README",
    "home/.ipython/profile_default/history.sqlite*",
    "home/.ipython/profile_default/startup/README",
    *(f"home/.ipython/profile_default/{name}/*" for name in ("db", "log", "pid", "security")),
    "home/.local/share/jupyter/nbsignatures.db*",
    "home/.local/share/jupyter/notebook_secret",
    "home/.local/share/jupyter/runtime/*",
)
HARMLESS = {"alt", "title", "id", "class", "name", "aria-label"}
FORMULA_STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"


@dataclass
class Outcome:
    """What happened to one submission.

    Attributes:
        points: by task, as the gradebook counts them; None when it has no such submission.
        verdict: in a few words.
        secrets: kinds of planted secrets that came out.
        reached: what worked that should not: the network, a program, another process.
        touched: files that were changed, made or removed.
        hurt: what happened to neighbours, to the grader and to other processes.
        pages: active content in pages, formulas in tables.
        seconds: how long its class took.
    """

    points: dict[str, float] | None = None
    verdict: str = ""
    secrets: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    hurt: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def with_class(self, whole: "Outcome") -> "Outcome":
        """This outcome and that of its class, when it alone can have caused both."""
        both = {
            name: sorted({*getattr(self, name), *getattr(whole, name)})
            for name in ("secrets", "reached", "touched", "hurt", "pages")
        }
        return replace(self, **both, seconds=whole.seconds)

    def gained(self, honest: Mapping[str, float]) -> float:
        """Points above what the answers are worth, task by task."""
        return sum(max(0.0, got - honest.get(task, 0.0)) for task, got in (self.points or {}).items())

    def gains(self, honest: Mapping[str, float]) -> list[str]:
        """Everything an attack got out of it, in words; empty when it got nothing."""
        points = self.gained(honest)
        told = [f"{points:g} points"] if points else []
        told += [f"secret: {what}" for what in self.secrets] + [f"reached: {what}" for what in self.reached]
        told += [f"touched: {what}" for what in self.touched] + [f"hurt: {what}" for what in self.hurt]
        return told + [f"page: {what}" for what in self.pages]

    def as_dict(self) -> dict:
        return asdict(self)


def scores(database: Path) -> dict[str, dict[str, float]]:
    """Points by student and task; a manual grade counts before an automatic one. Written answers only when
    they have points."""
    if not database.is_file():
        return {}
    found: dict[str, dict[str, float]] = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as book:
        for student, cell, auto, manual in book.execute(SCORES):
            points = manual if manual is not None else auto
            if cell in FULL or points:
                found.setdefault(student, {})[cell] = points or 0.0
    return found


def schema(database: Path) -> list[str]:
    """Names of the gradebook's tables, triggers and views."""
    if not database.is_file():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as book:
        return sorted(f"{kind} {name}" for kind, name in book.execute("select type, name from sqlite_master"))


def files_of(folder: Path, most: int = 5_000_000) -> Iterable[bytes]:
    """The start of every regular file below a folder."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                yield file.read(most)


def plain(content: bytes) -> str:
    """The text of a file: as it is, and once more without the marks of HTML and JSON around its words."""
    text = content.decode("utf-8", "replace")
    bare = html.unescape(re.sub(r"<[^>]{0,2000}>", "", text)) if "<" in text else ""
    return text + "\n" + bare


def forms(secret: str) -> list[str]:
    """A secret as it is, backwards, in hexadecimal and in base64 at each offset."""
    data = secret.encode()
    coded = [base64.b64encode(b"x" * n + data + b"xx")[4:-8].decode() for n in range(3)]
    return [secret, secret[::-1], data.hex(), *(code for code in coded if len(code) > 12)]


def leaked(texts: Iterable[str], canaries: Mapping[str, str]) -> list[str]:
    """The kinds of secrets that stand in these texts, in any of their forms."""
    whole = "\n".join(texts)
    return sorted({kind for kind, secret in canaries.items() if any(form in whole for form in forms(secret))})


def reached(texts: Iterable[str]) -> list[str]:
    """What an attack reported to have reached."""
    return sorted({match[1].strip() for text in texts for match in REACHED.finditer(text)})


def digests(folder: Path, leave_out: Iterable[str] = ()) -> dict[str, str]:
    """Every file, link and other thing below a folder, with what stands for its content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if any(name == out or name.startswith(out + "/") for out in leave_out):
            continue
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = "other"
    return found


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What was made, changed or removed between two digests, but for the traces that Jupyter leaves."""
    told = [f"{name} removed" for name in before if name not in after]
    told += [f"{name} changed" for name in after if name in before and before[name] != after[name]]
    told += [f"{name} made" for name in after if name not in before and after[name] != "folder"]
    return sorted(line for line in told if not _own_trace(line.rsplit(" ", 1)[0]))


def _own_trace(name):
    return any(fnmatch(name, pattern) for pattern in OWN_TRACES)


def active(page: str, mark: str) -> list[str]:
    """Where an attack's mark stands in a page so that a browser would run or load it."""
    if mark not in page:
        return []
    soup = BeautifulSoup(page, "html.parser")
    rules = " ".join(
        tag.get("content", "")
        for tag in soup.find_all("meta", attrs={"http-equiv": re.compile("content-security", re.I)})
    )
    remote = "default-src 'none'" not in rules or re.search(r"img-src[^;]*(http|\*)", rules)
    found = []
    for tag in soup.find_all(True):
        if tag.name in ("script", "style", "iframe", "object", "embed") and mark in tag.get_text():
            found.append(tag.name)
        for name, value in tag.attrs.items():
            value = " ".join(value) if isinstance(value, list) else str(value)
            if mark not in value and mark not in name:
                continue
            bare = re.sub(r"[\s\x00-\x20]", "", value).lower()
            link = tag.name == "a" and name == "href" and bare.startswith(("http:", "https:", "mailto:"))
            picture = tag.name == "img" and name == "src" and not remote and bare.startswith("http")
            if mark in name or not (name in HARMLESS or link or picture):
                found.append(f"{tag.name}[{name if mark not in name else 'attribute'}]")
    return sorted(set(found))


def active_pages(folder: Path, mark: str) -> list[str]:
    """Active content in every page below a folder; a picture made of text counts as a page."""
    found = set()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.suffix in (".html", ".htm", ".svg") and path.is_file():
            found |= set(active(path.read_text("utf-8", "replace"), mark))
    return sorted(found)


def formulas(table: str) -> list[str]:
    """Cells of a table that a spreadsheet would compute, and rows that have too many or too few cells."""
    rows = list(csv.reader(io.StringIO(table, newline="")))
    found = [f"row of {len(row)} cells" for row in rows if len(row) != len(rows[0])]
    for row in rows:
        for cell in row:
            if cell.lstrip(" ")[:1] in tuple(FORMULA_STARTS) and not _is_number(cell):
                found.append(f"formula {cell[:20]!r}")
    return found


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def terminal(printed: str) -> list[str]:
    """Control characters and direction marks in what the grader printed to its console."""
    bad = {
        char
        for char in printed
        if (ord(char) < 32 and char not in "\n\t\r") or char in "\x7f\x9b\u202e\u2066"
    }
    return [f"console: {', '.join(sorted(map(repr, bad)))}"] if bad else []
