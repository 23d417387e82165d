"""Do the suites catch every wrong answer and pass every right one? ``make audit-suites``

For each assignment:

- every right answer of its sample class must get all points, over 30 seeds, and the reference solution over
  150: what goes wrong once in a hundred gradings goes wrong in every class;
- every named wrong one must lose exactly its points, over 10 seeds, with a message that names the mistake,
  as the student checks it and as it is graded;
- every mutant of the reference solution must lose points, unless ``equivalent_mutants.py`` says why it
  changes nothing;
- 50 repeated gradings must give the same verdicts;
- how far right answers stay inside the tolerance, and wrong ones outside, is measured, and so is how long
  the slowest check and the whole notebook take.

Prints a table and writes ``benchmarks/results/suites.json``. The exit code is 1 when something was missed.
An assignment's entry has the fingerprint of what it was measured on, so that one can see whether that has
changed since.
"""

import argparse
import ast
import hashlib
import json
import multiprocessing
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import nbclient
import nbformat
import torch
from graded_here import ASSIGNMENTS, Assignment, faults
from mutants import Mutant, mutants
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from autograder import measure, release
from autograder.course import REPOSITORY
from autograder.sample_class import load_module
from autograder.submission import runs

RESULTS = REPOSITORY / "benchmarks" / "results" / "suites.json"
EXECUTED = REPOSITORY / "_build" / "executed"
SEEDS = range(1000, 1030)
REFERENCE_SEEDS = [range(first, first + 30) for first in range(2000, 2150, 30)]
WRONG_SEEDS = range(1000, 1010)
REPEATS = 50
MUTANT_SECONDS = 30
MEMORY = 8 * 2**30
SHARED = ("expect.py", "measure.py", "player.py", "reading.py", "session.py", "suite.py", "wire.py")


def main() -> int:
    """The command line. Returns 1 when an answer or a mutant was judged wrongly."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="ASSIGNMENT", help="without it: all")
    parser.add_argument(
        "--reference",
        action="store_true",
        help="ask the reference solution only, and keep what else is known",
    )
    options = parser.parse_args()
    names = options.names or list(ASSIGNMENTS)
    if unknown := [name for name in names if name not in ASSIGNMENTS]:
        parser.error(f"there is no assignment {', '.join(unknown)}; there are: {', '.join(ASSIGNMENTS)}")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)
    torch.set_num_threads(1)
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    missed = []
    for name in names:
        release.release(ASSIGNMENTS[name].course, name)
        known = results.get(name, {})
        if options.reference and known.get("fingerprint") != fingerprint(ASSIGNMENTS[name]):
            parser.error(f"{name} has changed since it was audited: leave out --reference")
        examine = audit_reference if options.reference else audit
        found, problems = examine(ASSIGNMENTS[name], console)
        results[name] = known | found
        missed += [f"{name}: {problem}" for problem in problems]
        ordered = {name: results[name] for name in ASSIGNMENTS if name in results}
        RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    console.print(table({name: results[name] for name in names}))
    for problem in missed:
        console.print("✗", problem, soft_wrap=True, markup=False)  # a changed line may hold brackets
    return 1 if missed else 0


def audit(assignment: Assignment, console: Console) -> tuple[dict, list[str]]:
    """One assignment's entry of the results file, and in words what was judged wrongly."""
    started, audited = time.monotonic(), fingerprint(assignment)
    seconds = notebook_seconds(assignment)  # first, while nothing else runs
    changes = list(mutants(assignment))
    listed = load_module(assignment.course, assignment.name, "equivalent_mutants")
    equivalent = listed.EQUIVALENT if listed else {}
    jobs = [
        (judge_again, None),
        *((judge_reference, seeds) for seeds in REFERENCE_SEEDS),
        *((judge_right, id) for id in assignment.right),
        *((judge_wrong, id) for id in assignment.named),
        *((judge_mutant, change) for change in changes),
    ]
    found = ask(assignment, jobs, console)
    right, wrong, mutated, reference = (
        found.get(judge, []) for judge in (judge_right, judge_wrong, judge_mutant, judge_reference)
    )
    survived = sorted({one["name"] for one in mutated if not one["killed"]})
    problems = [one["problem"] for results in found.values() for one in results if one["problem"]]
    problems += [f"not noticed: {name}" for name in survived if name not in equivalent]
    problems += [
        f"listed as equivalent, but noticed: {name}" for name in sorted(set(equivalent) - set(survived))
    ]
    distances = [one["distances"] for one in (*right, *wrong)]
    entry = {
        "wrong_total": len(wrong),
        "wrong_caught": sum(one["caught"] for one in wrong),
        "wrong_named": sum(one["named"] for one in wrong),
        "right_total": len(right),
        "right_full": sum(one["full"] for one in right),
        "mutants_total": len(mutated),
        "mutants_killed": sum(one["killed"] for one in mutated),
        "mutants_equivalent": sum(not one["killed"] and one["name"] in equivalent for one in mutated),
        "seeds": len(SEEDS),
        **about_reference(reference),
        "wrong_seeds": len(WRONG_SEEDS),
        "tolerance": measure.TOLERANCE,
        "largest_difference_passed": max(one[0] for one in distances),
        "smallest_difference_failed": min(one[1] for one in distances),
        "repeats": REPEATS,
        "repeats_the_same": all(one["same"] for one in found[judge_again]),
        "slowest_check_seconds": round(slowest_check(assignment), 2),
        "notebook_seconds": round(seconds, 1),
        "seconds": round(time.monotonic() - started),
        "fingerprint": audited,
    }
    return entry, problems


def ask(
    assignment: Assignment, jobs: list[tuple[Callable, object]], console: Console
) -> dict[Callable, list[dict]]:
    """What each judge found, on all processors; ``jobs`` are judges and what each is asked about."""
    assignment.reference()  # imports what each job's process would import again
    found: dict[Callable, list[dict]] = {}
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with (
        multiprocessing.get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        bar = progress.add_task(assignment.name, total=len(jobs))
        todo = [(judge, assignment.name, what) for judge, what in jobs]
        for judge, result in pool.imap_unordered(work, todo, chunksize=1):
            found.setdefault(judge, []).append(result)
            progress.advance(bar)
            done = sum(map(len, found.values()))
            if not console.is_terminal and done % 50 == 0:
                console.print(f"{assignment.name}: {done} of {len(jobs)}")
    return found


def audit_reference(assignment: Assignment, console: Console) -> tuple[dict, list[str]]:
    """What the reference solution gets over many seeds, and in words what was judged wrongly."""
    found = ask(assignment, [(judge_reference, seeds) for seeds in REFERENCE_SEEDS], console)[judge_reference]
    return about_reference(found), [one["problem"] for one in found if one["problem"]]


def about_reference(found: list[dict]) -> dict:
    """The part of an entry that is about the reference solution over many seeds."""
    return {
        "reference_seeds": sum(map(len, REFERENCE_SEEDS)),
        "reference_full": all(one["full"] for one in found),
        "reference_largest_difference": max(one["distances"][0] for one in found),
    }


def work(job: tuple[Callable, str, object]) -> tuple[Callable, dict]:
    """Do one job, in a process of its own that may not take all memory."""
    judge, name, what = job
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    sys.stderr = sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115, what a mutant prints is not shown
    return judge, judge(ASSIGNMENTS[name], what)


def judge_reference(assignment: Assignment, seeds: range) -> dict:
    """Whether the reference solution gets all points with each of ``seeds``."""
    return judge_right(assignment, assignment.right[0], seeds)


def judge_right(assignment: Assignment, id: str, seeds: range = SEEDS) -> dict:
    """Whether a right answer gets all points with every seed."""
    distances, names, problem = record_distances(), assignment.functions(id), ""
    expected = assignment.variants[id].expected
    for seed, full in [(seeds[0], False), *((seed, True) for seed in seeds)]:
        found = assignment.verdicts(names, seed=seed, full=full)
        if {task: found[task].points for task in assignment.tasks} != expected:
            problem = f"right answer {id} loses points (seed {seed}): {faults(found)[0]['what']}"
            break
    return {"full": not problem, "problem": problem, "distances": sides(distances)}


def judge_wrong(assignment: Assignment, id: str) -> dict:
    """Whether a wrong answer loses exactly its points and is told why, with every seed."""
    distances, names, variant = record_distances(), assignment.functions(id), assignment.variants[id]
    changed = assignment.tasks
    if variant.base == "solution":  # what the student did not change is right: one seed is enough
        changed = [task for task in assignment.tasks if f"{task}-solution" in variant.cells]
    runs = [(SEEDS[0], False, assignment.tasks), (SEEDS[0], True, assignment.tasks)]
    runs += [(seed, True, changed) for seed in WRONG_SEEDS[1:]]
    caught = named = True
    for seed, full, tasks in runs:
        found = assignment.verdicts(names, tasks, seed, full)
        points = {task: found[task].points for task in tasks}
        caught &= points == {task: variant.expected.get(task, 0) for task in tasks}
        named &= any(variant.named in message["what"] for message in faults(found))
    problem = ""
    if not (caught and named):
        what = "its message does not name the mistake" if caught else "it does not lose exactly its points"
        problem = f"wrong answer {id} ({variant.title}): {what}"
    # A wrong answer that is full of others' gaps says nothing of this task's margin.
    counted = sides(distances) if variant.base == "solution" else (0.0, float("inf"))
    return {"caught": caught, "named": named, "problem": problem, "distances": counted}


def judge_again(assignment: Assignment, _: None) -> dict:
    """Whether grading again gives the same, for a right and a wrong answer."""
    wrong = assignment.variants[assignment.wrong[0]]
    changed = [task for task in assignment.tasks if f"{task}-solution" in wrong.cells]
    for names, tasks in (
        (assignment.reference(), assignment.tasks),
        (assignment.functions(wrong.id), changed),
    ):
        first = assignment.verdicts(names, tasks)
        if any(assignment.verdicts(names, tasks) != first for _ in range(REPEATS - 1)):
            return {"same": False, "problem": f"{REPEATS} repeated gradings differ"}
    return {"same": True, "problem": ""}


def judge_mutant(assignment: Assignment, mutant: Mutant) -> dict:
    """Whether a changed reference solution loses points. One that takes for ever does, too."""

    def stop(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(MUTANT_SECONDS)
    killed, problem = True, ""
    try:
        names = assignment.reference({f"{mutant.task}-solution": mutant.source})
        # Its own task's tests almost always notice; all others are asked only when they do not.
        others = [task for task in assignment.tasks if task != mutant.task]
        killed = any(
            not found.passed
            for tasks in ([mutant.task], others)
            for found in assignment.verdicts(names, tasks).values()
        )
    except TimeoutError:
        pass
    except Exception as error:
        killed, problem = False, f"the suite broke on a mutant of {mutant.name}: {error}"
    signal.alarm(0)
    return {"name": mutant.name, "killed": killed, "problem": problem}


def record_distances() -> list[float]:
    """From now on, all distances that a suite compares with the tolerance, in this process."""
    seen, original = [], measure.distance

    def distance(left, right):
        seen.append(original(left, right))
        return seen[-1]

    measure.distance = distance
    return seen


def sides(distances: list[float]) -> tuple[float, float]:
    """The largest distance that counts as equal, and the smallest that does not."""
    inside = [value for value in distances if value <= measure.TOLERANCE]
    outside = [value for value in distances if value > measure.TOLERANCE]
    return max(inside, default=0.0), min(outside, default=float("inf"))


def slowest_check(assignment: Assignment) -> float:
    """Seconds of the slowest check at the student's size, after everything was imported once."""
    names, times = assignment.reference(), []
    assignment.verdicts(names, full=False)
    for task in assignment.tasks:
        started = time.monotonic()
        assignment.verdicts(names, [task], full=False)
        times.append(time.monotonic() - started)
    return max(times)


def notebook_seconds(assignment: Assignment) -> float:
    """Seconds of the whole notebook with solutions, kernel's start included; it is kept to be looked at."""
    os.environ["OMP_NUM_THREADS"] = str(os.cpu_count())
    notebook = release.load_source(assignment.course, assignment.name)
    folder = assignment.course.exercises / assignment.name
    started = time.monotonic()
    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    took = time.monotonic() - started
    EXECUTED.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, EXECUTED / f"{assignment.name}.ipynb")
    return took


def fingerprint(assignment: Assignment) -> str:
    """Changes when the code that was audited does; comments, docstrings, text and demos do not count."""
    folder = assignment.course.solutions / assignment.name
    files = [folder / "sample_class.py", folder / "equivalent_mutants.py", *assignment.folder.glob("*.py")]
    files += [REPOSITORY / "autograder" / name for name in SHARED]
    sources = {file.name: file.read_text(encoding="utf-8") for file in files if file.is_file()}
    cells = filter(runs, release.load_source(assignment.course, assignment.name).cells)
    sources[assignment.name] = "\n".join(cell.source for cell in cells)
    trees = [f"{name} {meaning(source)}" for name, source in sorted(sources.items())]
    return hashlib.sha256("\n".join(trees).encode()).hexdigest()[:16]


def meaning(source: str) -> str:
    """What a file says to the machine: without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body[0].value.value = ""
    return ast.dump(tree)


def table(results: dict[str, dict]) -> Table:
    """What was measured, one row an assignment."""
    shown = Table("assignment", "wrong caught", "and named", "right full", "mutants caught", "equivalent")
    for title in ("right within", "wrong beyond", "check", "notebook"):
        shown.add_column(title, justify="right")
    for name, one in results.items():
        shown.add_row(
            name,
            f"{one['wrong_caught']} of {one['wrong_total']}",
            f"{one['wrong_named']} of {one['wrong_total']}",
            f"{one['right_full']} of {one['right_total']}",
            f"{one['mutants_killed']} of {one['mutants_total']}",
            str(one["mutants_equivalent"]),
            f"{one['largest_difference_passed']:.1g}",
            f"{one['smallest_difference_failed']:.1g}",
            f"{one['slowest_check_seconds']:.1f} s",
            f"{one['notebook_seconds']:.0f} s",
        )
    return shown


if __name__ == "__main__":
    sys.exit(main())
