"""The attack corpus through our grader and through plain nbgrader, side by side: ``make attacks``.

Ours grades the whole corpus as one class, beside an honest neighbour. Only when something befell that class
(a touched file, a hurt neighbour) are parts of it graded again, to tell whose doing it was. Plain
nbgrader gets every case in a container of its own, because there attacks work.

What plain nbgrader did is kept in ``_build/attacks-stock.jsonl``, because it takes twenty minutes and does
not depend on our grader: a run goes on where an earlier one stopped, until the corpus or nbgrader changes.

A full run writes ``results/attacks.json``. The exit code is 1 when an attack gains anything from our grader,
or an honest twin loses a point there.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "attacks"))

import arena as arenas  # noqa: E402
import ours  # noqa: E402
import stock  # noqa: E402
from corpus import ATTACKS, TWINS  # noqa: E402
from corpus.model import FULL, Attack, Twin  # noqa: E402
from measure import Outcome  # noqa: E402

RESULTS = HERE / "results" / "attacks.json"
KEPT = HERE.parent / "_build" / "attacks-stock.jsonl"
OUR_SECONDS = 1800.0
"""For the whole corpus as one class, which needs a few minutes."""
ALONE_SECONDS = 300.0
AT_ONCE = 2
PACKAGES = ("nbgrader", "nbconvert", "ipykernel", "torch", "numpy", "pyseccomp")
COLUMNS = ("secrets", "touched", "hurt", "pages")

Case = Attack | Twin
Outcomes = dict[str, Outcome]


def main(arguments: list[str] | None = None) -> int:
    """Run the corpus; 0 when no attack gained anything from our grader and no twin lost a point there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="ID", help="only this attack or twin, by its id")
    parser.add_argument("--ours", action="store_true", help="leave plain nbgrader out")
    parser.add_argument("--stock", action="store_true", help="only plain nbgrader, into what is kept of it")
    parser.add_argument("--fresh", action="store_true", help="forget what is kept of plain nbgrader")
    options = parser.parse_args(arguments)
    cases: list[Case] = [*ATTACKS, *TWINS]
    if options.only:
        wanted = set(options.only)
        cases = [case for case in cases if wanted & {case.id, case.student_id}]
        unknown = wanted - {name for case in cases for name in (case.id, case.student_id)}
        if unknown:
            print(f"There is no attack or twin {', '.join(sorted(unknown))}.", file=sys.stderr)
            return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    console = Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        mine = {} if options.stock else run_ours(Path(folder) / "ours", cases, console)
        if options.fresh:
            KEPT.unlink(missing_ok=True)
        plain = {} if options.ours else run_stock(Path(folder) / "stock", cases, console)
    if options.stock:
        return 0
    console.print(table(cases, mine, plain))
    report = summary(cases, mine, plain)
    for line in totals_in_words(report["totals"]):
        console.print(line)
    if not options.only and not options.ours:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(f"Written to {RESULTS}")
    wrong = {
        case.student_id: told for case in cases if (told := ours.complaints(case, mine[case.student_id]))
    }
    for student, told in wrong.items():
        console.print(f"[red]our grader[/red]  {escape(repr(student))}: {escape('; '.join(told))}")
    return 1 if wrong else 0


def run_ours(root: Path, cases: list[Case], console: Console) -> Outcomes:
    """Our grader's outcome of each case, by student id."""
    console.print(f"Our grader: {len(cases)} submissions and an honest neighbour as one class ...")
    root.mkdir()
    template = _apart(ours.prepare, root / "template", seconds=ALONE_SECONDS)
    if isinstance(template, str):
        raise SystemExit(f"Our grader could not be prepared: {template}")
    own, whole = _our_class(template, root / "class", cases, OUR_SECONDS)
    console.print(f"Our grader: {len(cases)} submissions in {whole.seconds:.0f} s")
    if not whole.gains({}):
        return own
    if len(cases) == 1:
        return {student: outcome.with_class(whole) for student, outcome in own.items()}
    console.print(f"Something befell the class: {escape('; '.join(whole.gains({})))}")
    console.print("Parts of it are graded again, to tell whose doing it was.")
    culprits = {}
    for number, half in enumerate((cases[::2], cases[1::2])):
        culprits |= _culprits(template, root / f"half-{number}", half, console)
    if not culprits:
        console.print("It did not come again with parts of the class, so it counts against all of them.")
        return {student: outcome.with_class(whole) for student, outcome in own.items()}
    return {**own, **culprits}


def _culprits(template, root, cases, console):
    """The outcomes of those cases that, alone beside a neighbour, do something to their class."""
    own, whole = _our_class(template, root, cases, OUR_SECONDS if len(cases) > 1 else ALONE_SECONDS)
    console.print(f"Our grader: {len(cases)} of them: {escape('; '.join(whole.gains({})) or 'nothing')}")
    if not whole.gains({}):
        return {}
    if len(cases) == 1:
        return {student: outcome.with_class(whole) for student, outcome in own.items()}
    found = {}
    for number, half in enumerate((cases[::2], cases[1::2])):
        found |= _culprits(template, root.with_name(f"{root.name}-{number}"), half, console)
    return found


def _our_class(template, root, cases, seconds):
    """A class in a process of its own, with a time limit, beside a listener."""
    log = root.with_suffix(".log")
    listener, port = arenas.start_listener(log)
    try:
        arena = replace(template.copy(root), port=port, log=log)
        found = _apart(_class_with_orphans, arena, cases, seconds=seconds)
    finally:
        listener.kill()
        listener.wait()
    if isinstance(found, str):
        nothing = {case.student_id: Outcome(verdict="no verdict") for case in cases}
        return nothing, Outcome(hurt=[f"the grader ended: {found}"], seconds=seconds)
    return found


def _class_with_orphans(arena, cases):
    ours.adopt_orphans()
    return ours.run_class(arena, cases)


def _apart(function, *arguments, seconds):
    """Call a function in a forked process: its result, or in words why there is none."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sending, function, arguments))
    process.start()
    sending.close()
    try:
        if not receiving.poll(seconds):
            return f"it did not come to an end in {seconds:g} s"
        return receiving.recv()
    except EOFError:
        process.join(5)
        return f"its process died (exit code {process.exitcode})"
    finally:
        process.kill()
        process.join()
        receiving.close()


def _send(sending, function, arguments):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        result = function(*arguments)
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    sending.send(result)


def run_stock(root: Path, cases: list[Case], console: Console) -> Outcomes:
    """Plain nbgrader's outcome of each case, each in a container of its own beside an honest neighbour."""
    key = _stock_key()
    kept = _kept(key)
    found = {case.student_id: kept[case.student_id] for case in cases if case.student_id in kept}
    due = [case for case in cases if case.student_id not in found]
    console.print(f"Plain nbgrader: {len(found)} submissions are known, {len(due)} to grade")
    if not due:
        return found
    root.mkdir()
    template = stock.prepare(root)
    with progress(console, "plain nbgrader", len(due)) as advance, ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = {pool.submit(stock.run_one, template, case): case for case in due}
        try:
            for future in as_completed(waiting):
                case, outcome = waiting[future], future.result()
                found[case.student_id] = outcome
                _keep(key, case.student_id, outcome)
                advance(line("plain nbgrader", case, outcome))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return found


def _stock_key():
    """What plain nbgrader's outcomes depend on."""
    mark = hashlib.sha256(json.dumps(_versions(), sort_keys=True).encode())
    folders = (Path(stock.__file__).parent, HERE.parent / "solutions", HERE.parent / "transfer_learning")
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        if not path.name.startswith("test_") and path.name != "ours.py":
            mark.update(path.name.encode() + path.read_bytes())
    return mark.hexdigest()


def _kept(key):
    """The outcomes of earlier runs with this key; a line that was cut off is left out."""
    found = {}
    for text in KEPT.read_text("utf-8").splitlines() if KEPT.is_file() else []:
        with suppress(ValueError, KeyError, TypeError):
            entry = json.loads(text)
            if entry["key"] == key:
                found[entry["student"]] = Outcome(**entry["outcome"])
    return found


def _keep(key, student, outcome):
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"key": key, "student": student, "outcome": outcome.as_dict()}) + "\n")


@contextmanager
def progress(console: Console, title: str, total: int) -> Iterator:
    """A bar, and a line for each result."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)

        def advance(words: str) -> None:
            bar.console.print(words)
            bar.advance(task)

        yield advance


def line(grader: str, case: Case, outcome: Outcome) -> str:
    """One result in rich's markup."""
    told = outcome.gains(case.honest if isinstance(case, Attack) else FULL)
    lost = f"lost {points_lost(outcome):g} points" if isinstance(case, Twin) and points_lost(outcome) else ""
    colour = "red" if told or lost else "green"
    words = "; ".join([*([lost] if lost else []), *told]) or "nothing"
    start = f"{grader}  row {case.row:2}  {escape(repr(case.student_id))}: "
    return f"{start}[{colour}]{escape(words[:300])}[/{colour}]"


def points_lost(outcome: Outcome) -> float:
    """What a twin lost: it should have all points."""
    return sum(points - (outcome.points or {}).get(task, 0.0) for task, points in FULL.items())


def table(cases: list[Case], mine: Outcomes, plain: Outcomes) -> Table:
    """Both graders side by side, by row of the catalogue."""
    made = Table(title="What attacks gain, and what honest twins lose", title_justify="left")
    made.add_column("row", justify="right")
    made.add_column("submission")
    names = ["ours"] + (["plain nbgrader"] if plain else [])
    for name in names:
        made.add_column(name)
    for case in sorted(cases, key=lambda case: (isinstance(case, Twin), case.row)):
        cells = [_cell(case, found[case.student_id]) for found in (mine, plain) if found]
        made.add_row(
            str(case.row), f"{'twin: ' if isinstance(case, Twin) else ''}{escape(case.title)}", *cells
        )
    return made


def _cell(case, outcome):
    if isinstance(case, Twin):
        lost = points_lost(outcome)
        return f"[red]loses {lost:g} points[/red]" if lost else "[green]full marks[/green]"
    told = []
    points = outcome.gained(case.honest)
    if points:
        told.append(f"{points:g} points")
    if outcome.secrets:
        told.append(f"reads {', '.join(outcome.secrets)}")
    if outcome.reached:
        told.append(f"reaches {len(outcome.reached)} things")
    if outcome.touched:
        told.append(f"touches {len(outcome.touched)} files")
    if outcome.hurt:
        told.append("; ".join(outcome.hurt))
    if outcome.pages:
        told.append(f"{len(outcome.pages)} kinds of active content")
    return f"[red]{escape('; '.join(told)[:140])}[/red]" if told else "[green]nothing[/green]"


def summary(cases: list[Case], mine: Outcomes, plain: Outcomes) -> dict:
    """Everything as the JSON file holds it."""
    graders = {"ours": mine} | ({"stock": plain} if plain else {})
    attacks = [case for case in cases if isinstance(case, Attack)]
    twins = [case for case in cases if isinstance(case, Twin)]
    return {
        "attacks": [
            {
                "id": case.id,
                "row": case.row,
                "title": case.title,
                **{name: _as_json(found[case.student_id], case) for name, found in graders.items()},
            }
            for case in attacks
        ],
        "twins": [
            {
                "id": case.id,
                "row": case.row,
                "title": case.title,
                **{
                    name: {"points_lost": points_lost(found[case.student_id])}
                    for name, found in graders.items()
                },
            }
            for case in twins
        ],
        "totals": {name: _totals(attacks, twins, found) for name, found in graders.items()},
        "versions": _versions(),
        "machine": {"cores": os.cpu_count(), "architecture": platform.machine(), "root": os.geteuid() == 0},
    }


def _as_json(outcome, case):
    return {
        "points_gained": outcome.gained(case.honest),
        "secrets_read": outcome.secrets,
        "reached": outcome.reached,
        "files_touched": outcome.touched[:20],
        "neighbours_hurt": outcome.hurt,
        "pages_hurt": outcome.pages,
        "verdict": outcome.verdict[:200],
    }


def _totals(attacks, twins, found):
    outcomes = [(case, found[case.student_id]) for case in attacks]
    lost = [points_lost(found[case.student_id]) for case in twins]
    return {
        "attacks": len(attacks),
        "gained_anything": sum(bool(outcome.gains(case.honest)) for case, outcome in outcomes),
        "gained_points": sum(outcome.gained(case.honest) > 0 for case, outcome in outcomes),
        "points_gained": sum(outcome.gained(case.honest) for case, outcome in outcomes),
        "read_secrets": sum(bool(outcome.secrets) for _, outcome in outcomes),
        "reached_something": sum(bool(outcome.reached) for _, outcome in outcomes),
        "touched_files": sum(bool(outcome.touched) for _, outcome in outcomes),
        "hurt_neighbours": sum(bool(outcome.hurt) for _, outcome in outcomes),
        "hurt_pages": sum(bool(outcome.pages) for _, outcome in outcomes),
        "twins": len(twins),
        "twins_that_lost": sum(points > 0 for points in lost),
        "points_lost": sum(lost),
    }


def totals_in_words(totals: dict) -> list[str]:
    """A line for each grader."""
    names = {"ours": "Our grader", "stock": "Plain nbgrader"}
    return [
        f"{names[grader]}: {found['gained_anything']} of {found['attacks']} attacks gained something "
        f"({found['gained_points']} points, {found['read_secrets']} secrets, {found['touched_files']} files, "
        f"{found['hurt_neighbours']} neighbours, {found['hurt_pages']} pages); "
        f"{found['twins_that_lost']} of {found['twins']} honest twins lost points"
        for grader, found in totals.items()
    ]


def _versions():
    """Of what both graders stand on."""
    done = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True)
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "bubblewrap": done.stdout.split()[-1],
        **{name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    sys.exit(main())
