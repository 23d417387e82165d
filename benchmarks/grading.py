"""How long does grading take? Stock nbgrader, a tuned one, this grader and the floor, in one run.

    make bench-grading

Everybody grades the same honest submissions of the freezing assignment: four right answers of the sample
class, each handed in many times. Demo cells are taken out of all of them, because stock nbgrader would run
those for many seconds and our grader does not: the comparison is about grading alone. Everybody must give
every submission full points, or there is no result.

- ``stock``: ``nbgrader autograde`` as it comes. The check cells run the course's own checks in the student's
  kernel, at their small size.
- ``tuned``: the same with one thread a kernel, no wait for its shutdown, and two processes with half of the
  class each.
- ``ours_1_worker``, ``ours_2_workers``: as ``python -m autograder grade``, at full size, in the sandbox, up
  to the last score in the gradebook.
- ``floor``: the students' cells and functions alone, and the course's code that they are called through, with
  the very arguments of the full-size suite, in one process that has everything imported. No isolation, no
  verdict.

``seconds_per_submission`` leaves out what each does once, before its first submission; ``start_seconds`` has
that, and ``seconds_per_submission_with_start`` is the whole wall time divided by the class. Ours and the
floor run three times; the median counts.

Writes ``benchmarks/results/grading.json`` and ``grading.svg``.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import nbformat
from rich.console import Console

from autograder import classroom, gradebook, grading, release, submission
from autograder.course import REPOSITORY, Course
from autograder.sample_class import load_variants, notebook_bytes

ASSIGNMENT = "freezing"
CLASS = 40
SCALING = (10, 40, 160)
REPEATS = 3
RESULTS = Path(__file__).parent / "results"
TITLES = {
    "stock": "nbgrader as it comes",
    "tuned": "nbgrader, tuned, 2 processes",
    "ours_1_worker": "this grader, 1 worker",
    "ours_2_workers": "this grader, 2 workers",
    "floor": "the students' functions alone",
}
PACKAGES = ("nbgrader", "nbclient", "ipykernel", "torch", "transformers", "scikit-learn", "pytest")


def make_class(folder: Path, size: int) -> Course:
    """A course with so many honest submissions, not graded yet."""
    course = dataclasses.replace(Course.here(), root=folder / "course", exercises=folder / "exercises")
    release.release(course, ASSIGNMENT)
    right = [
        variant
        for variant in load_variants(course, ASSIGNMENT)
        if variant.raw is None and not variant.drop and _points(variant) == _full(course)
    ]
    variants = right[:4]  # four styles; another one stops in a cell on purpose
    for number in range(size):
        notebook = nbformat.reads(
            notebook_bytes(course, ASSIGNMENT, variants[number % len(variants)]).decode(), as_version=4
        )
        notebook.cells = [cell for cell in notebook.cells if "demo" not in cell.metadata.get("tags", [])]
        notebook.cells.append(nbformat.v4.new_code_cell(f"# submission {number}"))
        half = "ab"[number % 2]
        path = course.submitted(ASSIGNMENT, f"{half}{number:03d}")
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
    return course


def _points(variant):
    return sum(variant.expected.values())


def _full(course):
    notebook = nbformat.read(course.released(ASSIGNMENT), as_version=4)
    return sum(cell.metadata.nbgrader.points for cell in notebook.cells if submission.is_check(cell))


def demand_full_points(course: Course, size: int) -> None:
    """Every submission has full points in the gradebook; a measurement of anything else is none."""
    scores = gradebook.held(course, ASSIGNMENT)
    checks = {
        cell.metadata.nbgrader.grade_id
        for cell in nbformat.read(course.released(ASSIGNMENT), as_version=4).cells
        if submission.is_check(cell)
    }
    sums = [sum(score for name, score in found.items() if name in checks) for found in scores.values()]
    if sums != [_full(course)] * size:
        raise SystemExit(f"not everybody got full points, so this measures nothing: {sums}")


def nbgrader(size: int, tuned: bool) -> dict[str, float]:
    """Grade with ``nbgrader autograde``; seconds in all, and until the first submission."""
    with tempfile.TemporaryDirectory() as folder:
        course = make_class(Path(folder), size)
        groups = [["--student", half + "*"] for half in "ab"] if tuned else [[]]
        roots = [course.root]
        for number in range(1, len(groups)):
            roots.append(course.root.with_name(f"course-{number}"))
            shutil.copytree(course.root, roots[-1])
        options = ["--Execute.shutdown_kernel=immediate"] if tuned else []
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
        if tuned:
            environment["OMP_NUM_THREADS"] = "1"
        begun = time.monotonic()
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT, *options, *group],
                cwd=root,
                env=environment,
                stderr=subprocess.PIPE,
                text=True,
            )
            for root, group in zip(roots, groups, strict=True)
        ]
        first = None
        for line in running[0].stderr:
            if first is None and "Sanitizing" in line:
                first = time.monotonic() - begun
        for process in running:
            process.communicate()
        seconds = time.monotonic() - begun
        for root, group in zip(roots, groups, strict=True):
            share = size if not group else (size + ("a" in group[1])) // 2
            demand_full_points(dataclasses.replace(course, root=root), share)
    return {"seconds": seconds, "start": first}


def ours(size: int, workers: int) -> dict[str, float]:
    """Grade with this grader, in a fresh process; seconds in all, and until the sandbox was ready."""
    with tempfile.TemporaryDirectory() as folder:
        course = make_class(Path(folder), size)
        begun = time.monotonic()
        said = _fresh("--ours", folder, str(workers))
        seconds = time.monotonic() - begun
        demand_full_points(course, size)
    # The start is everything but the grading: this process's imports too.
    return {"seconds": seconds, "start": seconds - said["grading"]}


def floor(size: int) -> dict[str, float]:
    """The students' cells and functions alone, in a fresh process with everything imported."""
    with tempfile.TemporaryDirectory() as folder:
        make_class(Path(folder), size)
        return _fresh("--floor", folder)


def _fresh(*arguments):
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=_one_thread(),
    )
    return json.loads(done.stdout.splitlines()[-1])


def _one_thread():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def _course_in(folder):
    return dataclasses.replace(
        Course.here(), root=Path(folder) / "course", exercises=Path(folder) / "exercises"
    )


def grade_here(folder: str, workers: int) -> dict[str, float]:
    """What the fresh process of :func:`ours` does."""
    done = classroom.grade(_course_in(folder), ASSIGNMENT, Console(quiet=True), workers=workers)
    if done.faults:
        raise SystemExit(f"faults of the grader: {done.faults}")
    return {"grading": done.seconds}


def floor_here(folder: str) -> dict[str, float]:
    """What the fresh process of :func:`floor` does."""
    import importlib

    import torch

    from autograder import receipt, suite
    from autograder.player import DirectPlayer
    from autograder.sandbox.worker import WARM
    from autograder.session import Session

    for name in WARM:
        importlib.import_module(name)
    torch.set_num_threads(1)
    spent = Counter()

    class Timed(Session):
        def _do(self, *asked):
            begun = time.perf_counter()
            try:
                return super()._do(*asked)
            finally:
                spent["calls"] += time.perf_counter() - begun

    course = _course_in(folder)
    suites = course.suites / ASSIGNMENT
    students = course.submissions(ASSIGNMENT)
    for student in students[:2] + students:  # the first two warm up
        if student == students[0]:
            spent.clear()
        notebook = submission.load(course, ASSIGNMENT, student).notebook
        cells = [compile(cell.source, "cell", "exec") for cell in notebook.cells if submission.runs(cell)]
        begun = time.perf_counter()
        namespace = {"__name__": "__main__"}
        for cell in cells:
            exec(cell, namespace)
        spent["cells"] += time.perf_counter() - begun
        begun = time.perf_counter()
        rig = suite.rig_of(suites)
        player = DirectPlayer(namespace, rig, seed=receipt.seed(course, ASSIGNMENT, student, ""), full=True)
        player._answer = Timed(namespace, rig).answer
        found = suite.run(suites, suite.tasks_of(suites), player)
        spent["suite"] += time.perf_counter() - begun
        if not all(task.passed for task in found.values()):
            raise SystemExit(f"{student} did not get full points")
    count = len(students)
    return {
        "floor": (spent["cells"] + spent["calls"]) / count,
        "tests_in_the_same_process": (spent["cells"] + spent["suite"]) / count,
    }


def where_the_time_goes(folder: str) -> dict[str, float]:
    """Seconds a submission in each part of our grader, one worker, each part timed from outside."""
    from autograder.ledger import Ledger
    from autograder.sandbox import player as players
    from autograder.sandbox import server

    spent = Counter()

    def timed(owner, name, part):
        inner = getattr(owner, name)

        def outer(*values, **words):
            begun = time.perf_counter()
            try:
                return inner(*values, **words)
            finally:
                key = part(values) if callable(part) else part
                spent[key] += time.perf_counter() - begun

        setattr(owner, name, outer)

    kinds = {b"R": "rig", b"C": "cells", b"S": "calls of functions, and the way there and back"}
    timed(players.SandboxPlayer, "_talk", lambda values: kinds[values[1][:1]])
    timed(server.Forks, "fork", "a fresh confined process")
    timed(server.Forks, "discard", "ending it")
    timed(grading.Grader, "find", "all until the verdict")
    timed(Ledger, "add", "ledger")
    timed(gradebook.Writer, "record", "graded notebook and gradebook")
    begin = gradebook.Writer.__init__

    def after_the_start(*values):
        begin(*values)
        spent.clear()  # the probes of the start are not grading

    gradebook.Writer.__init__ = after_the_start
    done = classroom.grade(_course_in(folder), ASSIGNMENT, Console(quiet=True), workers=1)
    spent["all"] = done.seconds
    inside = ["rig", *kinds.values(), "a fresh confined process", "ending it"]
    spent["tests and judging"] = spent.pop("all until the verdict") - sum(spent[name] for name in set(inside))
    return {name: seconds / done.graded for name, seconds in spent.items()}


def draw(result: dict, path: Path) -> None:
    """The picture of a result."""
    import matplotlib.pyplot as plt

    from transfer_learning.figures import COLOURS, use_style

    use_style()
    names = list(TITLES)[::-1]
    values = [result["seconds_per_submission"][name] for name in names]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10, 3.2), width_ratios=[3, 2], gridspec_kw={"wspace": 0.1}
    )
    colours = [COLOURS["frozen"] if "ours" in name else COLOURS["pixels"] for name in names]
    left.barh([TITLES[name] for name in names], values, color=colours)
    for place, value in enumerate(values):
        left.text(value * 1.08, place, f"{value:.2f} s" if value < 10 else f"{value:.1f} s", va="center")
    left.set_xscale("log")
    left.set_xlim(min(values) / 2, max(values) * 4)
    left.set_xlabel("seconds a submission (log scale)")
    left.grid(axis="y", visible=False)
    sizes = sorted(int(size) for size in result["scaling"])
    right.plot(sizes, [result["scaling"][str(size)] for size in sizes], "o-", color=COLOURS["frozen"])
    right.set_xscale("log")
    right.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    right.minorticks_off()
    right.set_ylim(bottom=0)
    right.set_xlabel("submissions in the class (2 workers)")
    right.set_ylabel("seconds a submission")
    figure.savefig(path)
    plt.close(figure)


def machine() -> dict:
    """What it ran on."""
    cpu = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu[0] if cpu else platform.machine(),
        "memory_gb": round(pages / 2**30, 1),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
    }


def main() -> int:
    """Measure everything, write the result and its picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", nargs=2, metavar=("FOLDER", "WORKERS"), help=argparse.SUPPRESS)
    parser.add_argument("--floor", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--where", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="a class of four, into a temporary folder")
    options = parser.parse_args()
    inner = {
        "ours": lambda: grade_here(options.ours[0], int(options.ours[1])),
        "floor": lambda: floor_here(options.floor),
        "where": lambda: where_the_time_goes(options.where),
    }
    for name, action in inner.items():
        if getattr(options, name):
            print(json.dumps(action()))
            return 0

    console = Console()
    size, scaling = (4, (2, 4)) if options.quick else (CLASS, SCALING)
    repeats = 1 if options.quick else REPEATS
    result = {
        "class": size,
        "machine": machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }
    per, start, whole = {}, {}, {}

    def note(name, runs, count=size):
        per[name] = statistics.median((run["seconds"] - run["start"]) / count for run in runs)
        start[name] = statistics.median(run["start"] for run in runs)
        whole[name] = statistics.median(run["seconds"] / count for run in runs)
        console.print(f"{TITLES[name]:<32} {per[name]:7.3f} s a submission, {start[name]:.1f} s to start")

    console.print(f"{size} honest submissions of '{ASSIGNMENT}' ({machine()['cores']} cores)")
    lone = [floor(size) for _ in range(repeats)]
    per["floor"] = statistics.median(run["floor"] for run in lone)
    console.print(f"{TITLES['floor']:<32} {per['floor']:7.3f} s a submission")
    note("ours_1_worker", [ours(size, 1) for _ in range(repeats)])
    note("ours_2_workers", [ours(size, 2) for _ in range(repeats)])
    result["scaling"] = {}
    for count in scaling:
        run = ours(count, 2)
        result["scaling"][str(count)] = (run["seconds"] - run["start"]) / count
        console.print(f"  a class of {count}: {result['scaling'][str(count)]:.3f} s a submission")
    note("tuned", [nbgrader(size, tuned=True)])
    note("stock", [nbgrader(size, tuned=False)])
    with tempfile.TemporaryDirectory() as folder:
        make_class(Path(folder), size)
        parts = _fresh("--where", folder)
    parts["tests in the students' own process, no sandbox"] = statistics.median(
        run["tests_in_the_same_process"] for run in lone
    )
    result |= {
        "seconds_per_submission": {name: per[name] for name in TITLES},
        "start_seconds": start,
        "seconds_per_submission_with_start": whole,
        "ratios": {
            "stock_to_ours_2_workers": per["stock"] / per["ours_2_workers"],
            "tuned_to_ours_2_workers": per["tuned"] / per["ours_2_workers"],
            "stock_to_ours_2_workers_with_start": whole["stock"] / whole["ours_2_workers"],
            "tuned_to_ours_2_workers_with_start": whole["tuned"] / whole["ours_2_workers"],
            "one_worker_to_two": per["ours_1_worker"] / per["ours_2_workers"],
        },
        "above_the_floor": {name: per[name] - per["floor"] for name in ("ours_1_worker", "ours_2_workers")},
        "where_the_time_goes_1_worker": parts,
    }
    console.print_json(data=result["ratios"])
    console.print_json(data=result["above_the_floor"])
    with contextlib.ExitStack() as stack:
        folder = RESULTS
        if options.quick:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "grading.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        draw(result, folder / "grading.svg")
        console.print(f"Written to {folder.relative_to(REPOSITORY) if not options.quick else folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
