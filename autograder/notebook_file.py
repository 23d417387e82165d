"""From the bytes of a file to plain cells: their text and what marks them, nothing else. The file may be
anything.

The grader itself reads the JSON, so what it would build is counted first: Python makes gigabytes of a few
megabytes of brackets.
"""

import json
import re
from dataclasses import dataclass, field

from autograder import limits
from autograder.handed_in import SMALLER, Refused, shown

STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?: .*)?$", re.MULTILINE)
TAG = re.compile(r"[\w.:-]{1,50}", re.ASCII)
KINDS = ("code", "markdown", "raw")
WORDS = ("true", "false", "null")
AGAIN = "Open your notebook in Jupyter, save it, and hand that file in."
OTHER_FILES = {
    b"PK\x03\x04": ("a zip archive or an office document", "Hand in the notebook that is in it, unpacked."),
    b"\x1f\x8b": ("a gzip archive", "Hand in the notebook that is in it, unpacked."),
    b"%PDF": ("a PDF", "Hand in the notebook itself, the file that ends in .ipynb, not its print."),
    b"\x89PNG": ("a picture", "Hand in the notebook itself, the file that ends in .ipynb."),
}


@dataclass
class Cell:
    """A cell as it was handed in.

    Attributes:
        kind: ``code``, ``markdown`` or ``raw``.
        source: its text; line ends are plain, and nothing in it is outside Unicode.
        grade_id: what nbgrader calls it, or None.
        mark: the cell's own id, where Jupyter or Colab put one, or None.
        tags: its tags, those that a person would write.
    """

    kind: str
    source: str
    grade_id: str | None = None
    mark: str | None = None
    tags: list[str] = field(default_factory=list)


def parse(content: bytes) -> tuple[list[Cell], list[str]]:
    """The cells of a notebook file, and what had to be mended to read it.

    Raises:
        Refused: it is no notebook, or too large to be one; the message says what it is instead.
    """
    notes = []
    raw = _json(_text(content, notes), notes)
    if not isinstance(raw, dict):
        raise Refused("The file is not a notebook: it is JSON of another kind.", AGAIN)
    found = []
    for number, item in enumerate(_raw_cells(raw, notes), start=1):
        cell = _cell(item, number, notes)
        if cell is not None:
            found.append(cell)
    if sum(len(json.dumps(cell.source)) for cell in found if cell.kind == "code") > limits.SUBMISSION.code:
        raise Refused(
            f"The notebook holds more than {limits.SUBMISSION.code // limits.MEGABYTE} MB of code.",
            "Read data from where the course puts it; do not paste it into a cell.",
        )
    return found, notes


def _text(content, notes):
    """The file's text, whatever encoding an editor gave it."""
    if not content.strip(b" \t\r\n\xef\xbb\xbf"):
        raise Refused("The file is empty, so it is not JSON and not a notebook.", AGAIN)
    if not content.strip(b"\0"):
        raise Refused("The file is not JSON: it holds only zeros. It was damaged when it was saved.", AGAIN)
    for start, (what, advice) in OTHER_FILES.items():
        if content.startswith(start):
            raise Refused(f"The file is not a notebook and not JSON: it is {what}.", advice)
    encoding = json.detect_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode(encoding, "replace")
        notes.append("Some characters of the file could not be read. They were replaced by \ufffd.")
    if not encoding.startswith("utf-8"):
        notes.append(f"The file was saved as {encoding.upper()} and not as UTF-8. It was read as such.")
    return text.removeprefix("\ufeff")


def _json(text, notes):
    """The file's JSON. Numbers that JSON does not know or that nobody writes become nothing: none is used."""
    if not _is_small(text):
        raise Refused(
            f"The file holds more than {limits.SUBMISSION.values} values.",
            SMALLER,
        )
    odd = set()

    def integer(digits):
        if len(digits) <= limits.SUBMISSION.digits:
            return int(digits)
        odd.add("A number of more than 18 digits stood in the file. It was left out.")
        return None

    def constant(name):
        odd.add(f"The file said {name}, which is not JSON. It was left out.")

    def named(pairs):
        made = dict(pairs)
        if len(made) != len(pairs):
            odd.add("A name stood twice in one object of the file. The last one counts, as in Jupyter.")
        return made

    try:
        raw = json.loads(text, parse_int=integer, parse_constant=constant, object_pairs_hook=named)
    except RecursionError:
        raise Refused("The file is not JSON of a notebook: it is nested too deep.", AGAIN) from None
    except json.JSONDecodeError as error:
        raise _not_json(text, error) from None
    if isinstance(raw, dict) and not _is_number(raw.get("nbformat")):
        raise Refused(
            " ".join(["The file is not a notebook: it has no nbformat number.", *sorted(odd)]), AGAIN
        )
    notes += sorted(odd)
    return raw


def _is_small(text):
    """Whether the JSON holds few enough values. Strings are only left out of the count if need be."""

    def signs(part):
        return sum(part.count(sign) for sign in "[{,:")

    if signs(text) <= limits.SUBMISSION.values:
        return True
    return (
        text.count('"') <= 2 * limits.SUBMISSION.values
        and signs(STRING.sub('""', text)) <= limits.SUBMISSION.values
    )


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _not_json(text, error):
    """Why a text that is not JSON is none, for the person who handed it in."""
    conflict = CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        return Refused(
            f"The file is not JSON: line {line} is a mark of a conflict that git could not merge.",
            "Choose one of the two versions, or take your own from before the merge. " + AGAIN,
        )
    start = text.lstrip()[:2000].lower()
    if start.startswith("<") and ("<html" in start or "<!doctype" in start):
        return Refused(
            "The file is not JSON: it is a web page, perhaps one that asked you to log in.",
            "Download the notebook again, with the browser logged in, or hand in the one that you worked on.",
        )
    if not start.startswith("{"):
        return Refused("The file is not a notebook: it is not JSON.", AGAIN)
    rest = text[error.pos :].rstrip()
    if error.msg.startswith("Unterminated") or any(word.startswith(rest) for word in WORDS):
        return Refused("The file is not JSON: it ends in the middle. It was cut off on its way.", AGAIN)
    return Refused(
        f"The file is not JSON: line {error.lineno}, column {error.colno}: {shown(error.msg)}.", AGAIN
    )


def _raw_cells(raw, notes):
    number = raw["nbformat"]
    if number > 4:
        raise Refused(f"The notebook is of format {number}, which is newer than the grader.", AGAIN)
    if number < 3:
        raise Refused(f"The notebook is of format {number}, from before 2013.", AGAIN)
    cells = raw.get("cells")
    if number == 3:
        notes.append("The notebook was of format 3, from before 2015. It was read as such.")
        sheets = raw.get("worksheets")
        sheets = [sheet for sheet in sheets if isinstance(sheet, dict)] if isinstance(sheets, list) else []
        lists = [sheet["cells"] for sheet in sheets if isinstance(sheet.get("cells"), list)]
        cells = [cell for each in lists for cell in each] if lists else None
    if not isinstance(cells, list):
        raise Refused("The file is not a notebook: it has no list of cells.", AGAIN)
    if len(cells) > limits.SUBMISSION.cells:
        raise Refused(
            f"The notebook has more than {limits.SUBMISSION.cells} cells.",
            "Take out what the tasks do not need.",
        )
    return cells


def _cell(item, number, notes):
    """A cell; None when there is nothing in it that could be one."""
    kind = item.get("cell_type") if isinstance(item, dict) else None
    if not isinstance(kind, str):
        notes.append(f"Cell {number} of the file is damaged. It was left out.")
        return None
    source = item.get("source", item.get("input") if kind == "code" else None)
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        notes.append(f"The text of cell {number} of the file is damaged. The cell was left out.")
        return None
    if kind == "heading":  # format 3
        level = item.get("level")
        source, kind = (
            "#" * (level if _is_number(level) and 1 <= level <= 6 else 1) + " " + source,
            "markdown",
        )
    metadata = item.get("metadata") if isinstance(item.get("metadata"), dict) else {}
    if item.get("attachments"):
        notes.append(f"Cell {number} of the file holds an attached picture. Only its text is kept.")
    kind = kind if kind in KINDS else "raw"
    tags = metadata.get("tags") if isinstance(metadata.get("tags"), list) else []
    named = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    return Cell(
        kind,
        _clean(source, kind, number, notes),
        _word(named.get("grade_id")),
        _word(item.get("id")) or _word(metadata.get("id")),
        list(dict.fromkeys(tag for tag in tags[:20] if isinstance(tag, str) and TAG.fullmatch(tag))),
    )


def _word(value):
    return value if isinstance(value, str) and value else None


def _clean(source, kind, number, notes):
    source = source.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in source:
        notes.append(f"There were null characters in cell {number} of the file. They were taken out.")
        source = source.replace("\0", "")
    if kind != "code" and len(source) > limits.SUBMISSION.text:
        notes.append(
            f"Cell {number} of the file holds more than {limits.SUBMISSION.text} characters of text. "
            "The rest was left out."
        )
        source = source[: limits.SUBMISSION.text]
    return source
