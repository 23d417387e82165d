"""Make a notebook agree with the released one in all that a student may not change, and say what was done.

Each released cell with a name is looked for in what was handed in: by nbgrader's mark, by the cell's own id,
by its text, by the function it should define, by its place. No points hang on finding it: every code cell
runs. But a blank cell that is put back must not undo an answer that stands elsewhere.
"""

import copy
import itertools
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from autograder.handed_in import Refused
from autograder.notebook_file import Cell
from autograder.release import CELL_ID

# What a cell gives a name to, at the left margin. A pattern, because Python's own parser is not to be trusted
# with text that may want to crash it.
BINDS = re.compile(
    r"^(?:async[ \t]++)?(?:def|class)[ \t]++(\w++)|^(\w++)[ \t]*+(?::[^=\n]*+)?=(?!=)", re.MULTILINE
)
ADDS = re.compile(r"[ \t]*+(?:async[ \t]|def[ \t]|class[ \t]|import[ \t]|from[ \t]|\w++[ \t]*+=(?!=))")
SHELL = re.compile(r"[ \t]*+[%!]")


@dataclass
class _State:
    """How far the mending is.

    Attributes:
        cells: what was handed in. Cells that were taken out are None.
        order: the released cells.
        originals: those of them that have a name.
        found: where each name's cell is among ``cells``.
        plain: where each released cell without a name is, by its place in ``order``.
        beside: the locked cells below which a new cell holds what was added to them.
    """

    cells: list[Cell | None]
    order: list[NotebookNode]
    originals: dict[str, NotebookNode]
    found: dict[str, int] = field(default_factory=dict)
    plain: dict[int, int] = field(default_factory=dict)
    beside: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def free(self) -> list[int]:
        """The places of the cells that are nobody's yet."""
        taken = {*self.found.values(), *self.plain.values()}
        return [place for place, cell in enumerate(self.cells) if cell is not None and place not in taken]

    def untouched(self, name: str, place: int) -> bool:
        """Whether a cell holds what was released under this name."""
        return _same(self.cells[place].source, self.originals[name].source)


def mend(cells: list[Cell], released: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """The notebook as it will be graded, and what was mended.

    Raises:
        Refused: nothing of the released notebook is in it.
    """
    named = {cell.metadata.nbgrader.grade_id: cell for cell in released.cells if "nbgrader" in cell.metadata}
    state = _State(list(cells), released.cells, named)
    lost = _by_marks(state)
    _keep_additions(state)
    _plain_cells(state)
    _by_function(state, lost)
    _by_place(state, lost)
    if not state.found and not state.plain:
        raise Refused(
            "No cell of the assignment is in this notebook: it seems to be another one.",
            "Hand in the notebook of this assignment.",
        )
    if lost:
        marks = "all cells" if {*lost} == {*named} else _list(name for name in named if name in lost)
        how = "The cells were found by their text, id, name or place."
        state.notes.insert(0, f"The marks of {marks} were lost. {how}")
    _answers_below(state)
    notebook = _build(state, released)
    _put_back_missing(notebook, state)
    for position, cell in enumerate(notebook.cells):
        name = _name(cell) or ""
        cell.id = name if CELL_ID.fullmatch(name) else f"cell-{position:04d}"
    return notebook, state.notes


def _by_marks(state):
    """Find cells by nbgrader's marks, by their ids and by their released text; which had lost their mark."""
    claims = {name: [] for name in state.originals}
    lost = []
    for place, cell in enumerate(state.cells):
        if cell.grade_id in claims:
            claims[cell.grade_id].append(place)
    marked = {name for name, places in claims.items() if places}
    by_text = {}
    for place, cell in enumerate(state.cells):
        if cell.grade_id in claims:
            continue
        if cell.mark in claims and cell.mark not in marked:
            claims[cell.mark].append(place)
            lost.append(cell.mark)
        else:
            by_text.setdefault(_plain(cell.source), place)
    for name, places in claims.items():
        place = by_text.pop(_plain(state.originals[name].source), None) if not places else None
        if place is not None:
            places.append(place)
            lost.append(name)
    for name, places in claims.items():
        if len(places) == 1:
            state.found[name] = places[0]
        elif places:
            state.found[name] = _one_of(state, name, places)
    return lost


def _one_of(state, name, places):
    """Which of several cells with one mark counts: copies, or the pieces of a cell that was split."""
    untouched = [place for place in places if state.untouched(name, place)]
    touched = [place for place in places if place not in untouched]
    locked = bool(state.originals[name].metadata.nbgrader.get("locked"))
    counts = untouched[0] if untouched and (locked or not touched) else touched[-1]
    for place in untouched:
        if place != counts:
            state.cells[place] = None
    told = f"The cell `{name}` was there more than once."
    if locked:
        state.notes.append(f"{told} It counts once, as it was released.")
        return counts
    if not touched:
        state.notes.append(f"{told} All were as released, so one was kept.")
        return counts
    if len(touched) == 1:
        state.notes.append(f"{told} The one that was worked on counts.")
        return counts
    pieces = _pieces(state, touched)
    if pieces:
        first, *rest = pieces
        state.cells[first].source = "\n".join(state.cells[place].source for place in pieces)
        for place in rest:
            state.cells[place] = None
        state.notes.append(f"The cell `{name}` had been split. Its pieces were put together again.")
        return first
    wanted = _bound(state.originals[name].source)
    defining = [place for place in touched if wanted and wanted <= _bound(state.cells[place].source)]
    counts = (defining or touched)[-1]
    last = "The last one" if counts == touched[-1] else f"The last one that defines {_list(sorted(wanted))}"
    state.notes.append(f"{told} {last} counts.")
    return counts


def _pieces(state, places):
    """The places, when their cells are the pieces of one cell that was split; else nothing.

    Pieces of code are put together only where they cannot stand alone. Otherwise they run one after the
    other as they are, and a mistake in one does not reach the others.
    """
    between = [state.cells[place] for place in range(places[0], places[-1] + 1)]
    cells = [state.cells[place] for place in places]
    if len([cell for cell in between if cell is not None]) != len(cells):
        return []
    if cells[0].kind == "code":
        cut = all(_goes_on(before.source, after.source) for before, after in itertools.pairwise(cells))
        return places if cut else []
    for before, after in itertools.pairwise(cells):
        words = set(before.source.split()), set(after.source.split())
        if 2 * len(words[0] & words[1]) > min(len(words[0]), len(words[1])):
            return []  # two versions of one text
    return places


def _goes_on(before, after):
    """Whether code goes on in the next piece: it starts indented, as the last line of this one lets it."""
    lines = [line for line in before.split("\n") if line.strip()]
    indent = _indent(after.lstrip("\n"))
    if not lines or not indent:
        return False
    last = lines[-1].rstrip()
    is_open = last.endswith((":", ",", "(", "[", "{", "\\")) or before.count('"""') % 2 == 1
    return is_open or (indent in map(_indent, lines) and len(indent) <= len(_indent(last)))


def _indent(line):
    return line[: len(line) - len(line.lstrip(" \t"))]


def _keep_additions(state):
    """Put what was added to a locked cell into a cell of its own below it: an import, or even an answer."""
    names = {place: name for name, place in state.found.items()}
    cells = []
    for place, cell in enumerate(state.cells):
        cells.append(cell)
        name = names.get(place)
        if name is None:
            continue
        state.found[name] = len(cells) - 1
        added = _added(cell, state.originals[name])
        if added:
            cells.append(Cell("code", added))
            state.beside.add(name)
    state.cells = cells


def _plain_cells(state):
    """Find the released cells that have no name, and give them back the tags that keep them from running."""
    by_text, by_mark = {}, {}
    for place in reversed(state.free()):
        cell = state.cells[place]
        by_text[_plain(cell.source)] = place
        if cell.mark is not None:
            by_mark[cell.mark, cell.kind, _first_line(cell.source)] = place
    for position, original in enumerate(state.order):
        if "nbgrader" in original.metadata:
            continue
        likely = by_mark.get((original.id, original.cell_type, _first_line(original.source)))
        place = by_text.get(_plain(original.source), likely)
        if place is not None and place not in state.plain.values():
            state.plain[position] = place
            state.cells[place].tags = list(original.metadata.get("tags", []))


def _by_function(state, lost):
    """Find answers in code by the functions that they should define, wherever these are defined."""
    bound = {
        place: _bound(state.cells[place].source)
        for place in state.free()
        if state.cells[place].kind == "code"
    }
    for name, original in state.originals.items():
        wanted = _bound(original.source)
        if original.cell_type != "code" or original.metadata.nbgrader.get("locked") or not wanted:
            continue
        places = [place for place in state.free() if wanted <= bound.get(place, set())]
        blank = [place for place in places if state.untouched(name, place)]
        answers = [place for place in places if place not in blank]
        found = state.found.get(name)
        if found is None and places:
            lost.append(name)
            state.found[name] = (answers or blank)[-1]
        elif found is not None and answers and state.untouched(name, found):
            state.found[name] = answers[-1]
            state.cells[found] = None
            functions = _list(sorted(wanted))
            state.notes.append(
                f"The cell `{name}` was as released, but another cell defines {functions}. That one counts."
            )
        for place in blank:
            if place != state.found[name]:
                state.cells[place] = None
                state.notes.append(f"A copy of `{name}` as it was released was left out.")


def _by_place(state, lost):
    """Find answers that nothing else marks by the released cells that stand around them."""
    for name, original in state.originals.items():
        if name in state.found or original.metadata.nbgrader.get("locked"):
            continue
        position = next(index for index, cell in enumerate(state.order) if _name(cell) == name)
        before, after = _known(state, position - 1), _known(state, position + 1)
        if before is None and after is None:
            continue
        first = -1 if before is None else before
        last = len(state.cells) if after is None else after
        inside = [
            place
            for place in state.free()
            if first < place < last
            and state.cells[place].kind == original.cell_type
            and state.cells[place].source.strip()
        ]
        if not inside or (original.cell_type == "code" and len(inside) > 1):
            continue
        state.found[name] = inside[0]
        _take(state, inside[0], inside[1:])
        lost.append(name)


def _known(state, position):
    """Where a released cell is among those handed in, if it was found there."""
    if not 0 <= position < len(state.order):
        return None
    name = _name(state.order[position])
    return state.plain.get(position) if name is None else state.found.get(name)


def _take(state, place, others):
    """Put the texts of other cells below that of one, and take them out."""
    texts = [state.cells[each].source for each in (place, *others)]
    state.cells[place].source = "\n\n".join(text for text in texts if text.strip())
    for other in others:
        state.cells[other] = None


def _answers_below(state):
    """A text for a person to grade: nbgrader gives a blank one no points, though the answer may be below."""
    for name, place in state.found.items():
        meta, kind = state.originals[name].metadata.nbgrader, state.originals[name].cell_type
        if kind != "markdown" or not meta.get("solution") or not state.untouched(name, place):
            continue
        below, free = [], set(state.free())
        for other in range(place + 1, len(state.cells)):
            if state.cells[other] is None:
                continue
            if other not in free or state.cells[other].kind != "markdown":
                break
            below.append(other)
        if any(state.cells[other].source.strip() for other in below):
            state.cells[place].source = ""
            _take(state, place, below)
            state.notes.append(
                f"The answer to `{name}` stood in a cell below. It was taken into its own cell."
            )


def _build(state, released):
    """The notebook: named cells with what belongs to them, all others with text and tags only."""
    names = {place: name for name, place in state.found.items()}
    made = []
    for place, cell in enumerate(state.cells):
        if cell is None:
            continue
        if place not in names:
            made.append(_new(cell))
            continue
        made.append(_restored(state, names[place], cell))
    notebook = nbformat.v4.new_notebook(cells=made, metadata=copy.deepcopy(released.metadata))
    notebook.nbformat, notebook.nbformat_minor = released.nbformat, released.nbformat_minor
    return notebook


def _new(cell):
    makers = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    made = makers.get(cell.kind, nbformat.v4.new_raw_cell)(cell.source)
    if cell.kind == "raw":  # else it goes into nbgrader's pages as it is
        made.metadata.raw_mimetype = "text/plain"
    if cell.tags:
        made.metadata.tags = cell.tags
    return made


def _restored(state, name, cell):
    """The released cell; if it is an answer's, with the answer in it."""
    original = state.originals[name]
    restored = copy.deepcopy(original)
    same = _same(cell.source, original.source)
    words = {"code": "code", "markdown": "text", "raw": "raw text"}
    if not original.metadata.nbgrader.get("locked"):
        if not same:
            restored.source = cell.source
        if cell.kind != original.cell_type:
            was, now = words[cell.kind], words[original.cell_type]
            state.notes.append(f"The cell `{name}` had been turned into {was}. It is {now} again.")
    elif not same or cell.kind != original.cell_type:
        told = f"The locked cell `{name}` had been changed. It was put back."
        if name in state.beside:
            told += " What was added to it runs in a cell of its own below."
        state.notes.append(told)
    return restored


def _added(cell, original):
    """The text of a changed locked cell of code, if there are imports or definitions in it that are new."""
    locked = original.metadata.nbgrader.get("locked")
    if not locked or cell.kind != "code" or original.cell_type != "code":
        return ""
    known = {line.strip() for line in original.source.splitlines()}
    new = [line for line in cell.source.splitlines() if line.strip() not in known]
    if not any(ADDS.match(line) for line in new):
        return ""
    return "\n".join(line for line in cell.source.splitlines() if not SHELL.match(line))


def _put_back_missing(notebook, state):
    """Insert each missing cell after the one that came before it when it was released."""
    before = None
    for name, original in state.originals.items():
        if name not in state.found:
            state.notes.append(f"The cell `{name}` was missing. It was put back as it was released.")
            names = [_name(cell) for cell in notebook.cells]
            index = 0 if before is None else names.index(before) + 1
            notebook.cells.insert(index, copy.deepcopy(original))
        before = name


def _name(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _bound(source):
    return {found[1] or found[2] for found in BINDS.finditer(source)}


def _plain(source):
    """A text without what editors change by themselves: spaces at the ends of lines and of the text."""
    return "\n".join(line.rstrip() for line in source.strip("\n").split("\n")).strip()


def _first_line(source):
    return source.lstrip().split("\n", 1)[0].rstrip()


def _same(source, other):
    return _plain(source) == _plain(other)


def _list(names):
    return ", ".join(f"`{name}`" for name in names)
