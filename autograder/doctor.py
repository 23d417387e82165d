"""Can this machine grade? Every probe with its finding, and how to mend what fails."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from autograder.course import Course
from autograder.faults import InfrastructureFault


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    holds: bool
    told: str


def look(course: Course) -> list[Row]:
    """Try everything that grading needs."""
    rows = [Row("Python", sys.version_info >= (3, 11), sys.version.split()[0])]
    bubblewrap = shutil.which("bwrap")
    told = "missing. On Debian and Ubuntu: sudo apt-get install bubblewrap"
    if bubblewrap:
        told = subprocess.run(
            [bubblewrap, "--version"], capture_output=True, text=True, check=False
        ).stdout.strip()
    rows.append(Row("bubblewrap", bubblewrap is not None, told))
    rows += _sandbox(course)
    assignments = course.assignments()
    for name in assignments:
        released = course.released(name).is_file()
        told = (
            str(course.released(name)) if released else f"not yet. Run: python -m autograder release {name}"
        )
        rows.append(Row(f"'{name}' is released", released, told))
    return rows


def _sandbox(course):
    try:
        from autograder.sandbox import probe
        from autograder.sandbox.player import Worker
    except ImportError as error:
        return [Row("the sandbox's packages", False, f"{error}. Run: make course")]
    begun = time.monotonic()
    try:
        with Worker(course) as worker:
            rows = [Row("the sandbox starts", True, f"in {time.monotonic() - begun:.1f} s")]
            for finding in probe.run(course, worker):
                rows.append(Row(f"sandbox: {finding.name}", not finding.problem, finding.problem or "holds"))
    except InfrastructureFault as fault:
        return [Row("the sandbox starts", False, str(fault))]
    return rows


def show(rows: list[Row], console: Console) -> bool:
    """Print the table; whether all is well."""
    table = Table(title="Can this machine grade?", title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("finding", overflow="fold")
    for row in rows:
        table.add_row(row.what, "[green]yes[/green]" if row.holds else "[red]NO[/red]", row.told)
    console.print(table)
    well = all(row.holds for row in rows)
    console.print("It can." if well else "Not yet: mend what says NO.")
    return well
