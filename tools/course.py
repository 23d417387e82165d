"""Take every step from a ready environment to a built site and a graded class.

    .venv/bin/python tools/course.py

`make course` runs this after it has made the environment. The last thing it prints is a table of what
happened and where to look. A step with nothing to do takes seconds. A step that fails stops the rest, and
its own words are the last thing above the table.
"""

import csv
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
CLASS = BUILD / "course"


def count(folder: Path, pattern: str, noun: str) -> str:
    """How many files there are, as a person would say it."""
    number = sum(1 for _ in folder.glob(pattern))
    return f"{number} {noun}" + ("" if number == 1 else "s")


def pages() -> str:
    japanese = sum(1 for _ in (BUILD / "html" / "ja").rglob("*.html"))
    english = sum(1 for _ in (BUILD / "html").rglob("*.html")) - japanese
    return f"{english} pages in English, {japanese} in Japanese"


def grades() -> str:
    with (CLASS / "grades.csv").open(encoding="utf-8", newline="") as file:
        return f"{len(list(csv.DictReader(file)))} rows"


@dataclass(frozen=True)
class Step:
    """One step: what it is called, the module or script it runs, what to say of it, where its result is."""

    title: str
    command: list[str]
    outcome: Callable[[], str]
    look: Path


STEPS = [
    Step(
        "Data and models",
        ["-m", "transfer_learning.assets", "fetch"],
        lambda: "verified against the manifest",
        BUILD / "assets",
    ),
    Step(
        "Release",
        ["-m", "autograder", "release"],
        lambda: count(ROOT / "exercises", "*/*.ipynb", "notebook"),
        ROOT / "exercises",
    ),
    Step("Site", ["tools/build_site.py"], pages, BUILD / "html" / "index.html"),
    Step(
        "Sample class",
        ["-m", "autograder", "sample-class"],
        lambda: count(CLASS / "submitted", "*", "student"),
        CLASS / "submitted",
    ),
    Step(
        "Grades",
        ["-m", "autograder", "grade"],
        lambda: count(CLASS / "autograded", "*/*/*.ipynb", "graded notebook"),
        CLASS / "gradebook.db",
    ),
    Step(
        "Feedback",
        ["-m", "autograder", "feedback"],
        lambda: count(CLASS / "feedback", "*/*/*.html", "page"),
        CLASS / "feedback",
    ),
    Step("Export", ["-m", "autograder", "export"], grades, CLASS / "grades.csv"),
]


def main() -> int:
    console = Console()
    table = Table(title="The course", title_justify="left")
    for heading in ("step", "what happened", "seconds", "where to look"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left", overflow="fold")

    failed = None
    begin = time.monotonic()
    for number, step in enumerate(STEPS, start=1):
        console.rule(f"{number}/{len(STEPS)}  {step.title}", align="left")
        start = time.monotonic()
        status = subprocess.run([sys.executable, *step.command], cwd=ROOT, check=False).returncode
        seconds = f"{time.monotonic() - start:.1f}"
        look = str(step.look.relative_to(ROOT))
        if status != 0:
            table.add_row(step.title, f"[red]failed (exit code {status})[/red]", seconds, "its words above")
            failed = step
            break
        table.add_row(step.title, step.outcome(), seconds, look)

    console.print()
    console.print(table)
    if failed:
        again = " ".join(["python", *failed.command])
        console.print(f"Stopped at [bold]{failed.title}[/bold]. To run this step alone: .venv/bin/{again}")
        return 1
    console.print(f"All done in {time.monotonic() - begin:.0f} s. Read the site: [bold]make serve[/bold]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
