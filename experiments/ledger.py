"""A notebook of finished runs: an experiment goes on where it stopped, and measures nothing twice."""

import ast
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "_build" / "experiments"


class Ledger:
    """Results of runs, kept in a file that is good only for the code and data it was measured with.

    Args:
        name: of the experiment.
        depends_on: source files whose change makes every earlier run void.
        facts: whatever else the runs depend on (the data's sha256, versions).
    """

    def __init__(self, name: str, depends_on: list[Path], facts: list[str]) -> None:
        content = "\n".join([meaning(path) for path in depends_on] + facts)
        fingerprint = hashlib.sha256(content.encode()).hexdigest()[:12]
        self.path = FOLDER / f"{name}-{fingerprint}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.runs = {}
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.runs[json.dumps(entry["key"], sort_keys=True)] = entry["result"]

    def run(self, key: dict, measure: Callable[[], dict]) -> dict:
        """The result noted for ``key``, or else what ``measure()`` gives, which is then noted."""
        name = json.dumps(key, sort_keys=True)
        if name not in self.runs:
            result = measure()
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "result": result}) + "\n")
            self.runs[name] = result
        return self.runs[name]


def meaning(path: Path) -> str:
    """What a file says to the machine: Python without comments, docstrings and layout; others as they are."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body[0].value.value = ""
    return ast.dump(tree)
