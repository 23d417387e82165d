"""What does a page of the book cost? Seconds, memory and size of the output of every page with code.

    make bench-pages        (an idle machine; it takes a little longer than a build of the site from nothing)

Each page's cells run in a fresh kernel, one page after the other, and must stay inside the budget. Then a
copy of the course is built four times: from nothing; after an edit of one page's prose, first English alone
(`make preview`), then both languages; and unchanged.

Writes ``benchmarks/results/pages.json``. The exit code is 1 when something is over its budget.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbclient
import nbformat
import yaml
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "pages.json"
BUDGET = {"seconds": 40, "memory_mb": 1500, "output_kb": 2000}
COLD_SECONDS, EDIT_SECONDS = 12 * 60, 15
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
COPIED = (
    "book",
    "transfer_learning",
    "autograder",
    "results",
    "benchmarks",
    "tools",
    "exercises",
    "solutions",
)
EDITED = "book/background/definition.md"


def main() -> int:
    """Measure, write, show."""
    console = Console(highlight=False)
    found = {}
    for page in pages_with_code():
        console.print(page)
        found[page] = cost(page)
    build = build_seconds()
    over = [
        f"{page}: {one[what]} {what}, the budget is {most}"
        for page, one in found.items()
        for what, most in BUDGET.items()
        if one[what] > most
    ]
    over += [f"the cold build takes {build['cold']} s"] * (build["cold"] > COLD_SECONDS)
    over += [f"the build after an edit takes {build['edit']} s"] * (build["edit"] > EDIT_SECONDS)
    results = {"cores": os.cpu_count(), "budget": BUDGET, "pages": found, "build": build}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    table = Table("page", "seconds", "MB", "output, KB")
    for page, one in found.items():
        table.add_row(page, *(str(one[what]) for what in BUDGET))
    console.print(table, build)
    for problem in over:
        console.print(f"[red]✗[/] {problem}")
    return 1 if over else 0


def pages_with_code() -> list[str]:
    """The pages of the table of contents that have cells to run."""
    sys.path.insert(0, str(ROOT / "tools"))
    from build_site import pages_of

    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [page for page in pages_of(toc) if "{code-cell}" in source(page).read_text(encoding="utf-8")]


def source(page: str) -> Path:
    return ROOT / "book" / f"{page}.md"


def cost(page: str) -> dict:
    """Seconds with the kernel's start, its largest memory, and the size of all outputs, of one page."""
    notebook = jupytext.read(source(page), fmt="md:myst")
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    started = time.monotonic()
    nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": source(page).parent}},
    ).execute()
    seconds = time.monotonic() - started
    peak = notebook.cells.pop().outputs[0].text
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    return {
        "seconds": round(seconds, 1),
        "memory_mb": round(int(peak) / 1024),
        "output_kb": round(len(json.dumps(outputs)) / 1000),
    }


def build_seconds() -> dict:
    """Seconds of a build from nothing; of a preview (English) after an edit of one page's prose, and of both
    editions after it; and with nothing changed.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("_config.yml", "_toc.yml", "requirements.txt", "pyproject.toml"):
            shutil.copy(ROOT / name, copy / name)
        assets = os.environ.get("TRANSFER_LEARNING_ASSETS", str(ROOT / "_build" / "assets"))
        environment = os.environ | {"TRANSFER_LEARNING_ASSETS": assets, "PYTHONPATH": str(copy)}

        def build(*options: str) -> float:
            started = time.monotonic()
            command = [sys.executable, copy / "tools" / "build_site.py", *options]
            subprocess.run(command, cwd=copy, env=environment, check=True, stdout=subprocess.DEVNULL)
            return round(time.monotonic() - started, 1)

        cold = build()
        page = copy / EDITED
        page.write_text(page.read_text(encoding="utf-8") + "\nOne sentence more.\n", encoding="utf-8")
        return {"cold": cold, "edit": build("--lang", "en"), "both": build(), "unchanged": build()}


if __name__ == "__main__":
    sys.exit(main())
