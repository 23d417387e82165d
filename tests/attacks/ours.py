"""Our grader in the arena, through its public commands: release, grade, feedback, export."""

import contextlib
import ctypes
import io
import os
import shutil
import subprocess
import time
from pathlib import Path

import arena as arenas
import psutil
from arena import Arena, Watch
from corpus.model import ASSIGNMENT, FULL, Attack, Twin
from measure import Outcome

BECOME_SUBREAPER = 36
HOME_VARIABLES = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME")


def course_of(arena: Arena):
    """The arena's course, as our grader sees it."""
    from autograder.course import Course

    root = arena.root
    return Course(arena.course, root / "solutions", root / "suites", root / "exercises", root / "assets")


def prepare(root: Path) -> Arena:
    """A released course with all secrets planted, in which one student has been graded before."""
    from autograder.course import Course
    from autograder.sample_class import _solutions

    secrets = arenas.new_secrets()
    arenas.plant(root, secrets)
    here = Course.here()
    for name in ("exercises", "assets", "course"):
        (root / name).mkdir()
    shutil.copytree(here.solutions / ASSIGNMENT, root / "solutions" / ASSIGNMENT)
    shutil.copytree(
        here.suites / ASSIGNMENT, root / "suites" / ASSIGNMENT, ignore=shutil.ignore_patterns("__py*")
    )
    for path in (root / "suites" / ASSIGNMENT).glob("*.py"):
        if path.name != "rig.py":  # that one is sent into the sandbox, as it says of itself
            path.write_text(path.read_text("utf-8") + f"\nSECRET = '{secrets['suite']}'\n", "utf-8")
    source = root / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.py"
    text = source.read_text("utf-8")
    source.write_text(
        text.replace("    ### END SOLUTION", f"    # {secrets['solution']}\n    ### END SOLUTION"), "utf-8"
    )
    (root / "course" / "secret_seed").write_text(f"{secrets['seed']} {os.urandom(16).hex()}")
    (root / "course" / "secret_seed").chmod(0o600)
    answers = {
        name: source.replace(f"# {secrets['solution']}", "")
        for name, source in _solutions(here, ASSIGNMENT).items()
    }
    arena = Arena(root, secrets, answers)
    with _surroundings(arena):
        _command(arena, "release", ASSIGNMENT)
        arenas.plant_in_gradebook(arena)
        arenas.hand_in_veteran(arena)
        code, printed = _command(arena, "grade", ASSIGNMENT)
        for command in (["feedback", ASSIGNMENT], ["export"]):
            _command(arena, *command)
    if code:
        raise RuntimeError(f"an honest submission could not be graded: {printed}")
    return arena


def outputs_of(arena: Arena) -> frozenset[str]:
    """What in ``course/`` grading writes: what an honest submission made it write."""
    kept = {"source", "release", "submitted", "secret_seed"}
    return frozenset({path.name for path in arena.course.iterdir()} - kept | {"grades.csv", "feedback"})


def run_class(arena: Arena, cases: list[Attack | Twin]) -> tuple[dict[str, Outcome], Outcome]:
    """Grade a class: what each of its students got out of it, by student id, and what befell the class.

    Files, neighbours, the table of grades and the console belong to the class: they do not say whose
    doing it was.
    """
    from autograder import grading

    begun = time.monotonic()
    outputs = outputs_of(arena)
    with _surroundings(arena), subprocess.Popen(["sleep", "3600"]) as bystander:
        try:
            for case in cases:
                arenas.hand_in_case(arena, case)
            arenas.hand_in_neighbour(arena)
            watch = Watch.start(arena, outputs)
            printed, broken = _grade(arena, cases, watch)
            left = _left_over(bystander.pid)
            if bystander.poll() is not None:
                broken.append("another process was ended")
        finally:
            bystander.kill()
        found = {}
        for case in cases:
            verdict = grading.read(course_of(arena), ASSIGNMENT, case.student_id)
            told = "" if verdict is None else repr(verdict)
            found[case.student_id] = watch.own(case.student_id, told)
            found[case.student_id].verdict = _words(verdict, case.student_id, printed)
    whole = watch.whole(printed)
    whole.hurt += broken + left
    whole.seconds = round(time.monotonic() - begun, 1)
    return found, whole


def run_one(arena: Arena, case: Attack | Twin) -> Outcome:
    """Grade a class of this case and an honest neighbour."""
    adopt_orphans()
    found, whole = run_class(arena, [case])
    return found[case.student_id].with_class(whole)


def complaints(case: Attack | Twin, outcome: Outcome) -> list[str]:
    """What is wrong with an outcome of our grader: a gain, an unexpected verdict, a twin's lost point."""
    if isinstance(case, Twin):
        lost = {task: points for task, points in FULL.items() if (outcome.points or {}).get(task) != points}
        return [f"lost points: {', '.join(lost)} ({outcome.verdict})"] * bool(lost) + outcome.gains(FULL)
    told = outcome.gains(case.honest)
    got = {task: points for task, points in (outcome.points or {}).items() if points}
    if got != {task: points for task, points in case.due.items() if points}:
        told.append(f"not the expected points: {got} ({outcome.verdict})")
    if case.refused is not None and case.refused != outcome.verdict.startswith("refused: "):
        told.append(f"refused: {not case.refused} ({outcome.verdict})")
    if case.graded == outcome.verdict.startswith("not graded"):
        told.append(f"taken for a submission: {not case.graded} ({outcome.verdict})")
    return told


def _grade(arena, cases, watch):
    """Every round of hand-in and feedback; what was printed, and what broke."""
    printed, broken = "", []
    pages: dict[str, tuple[str, ...]] = {case.id: () for case in cases}
    for number in range(max(getattr(case, "rounds", 1) for case in cases)):
        again = [case for case in cases if number and number < getattr(case, "rounds", 1)]
        for case in again:
            pages[case.id] = (*pages[case.id], arena.page_of(case.student_id))
            arenas.hand_in_case(arena, case, pages[case.id])
        if again:
            watch.files = watch._files(arena, watch.outputs)
        for command in (["grade", ASSIGNMENT], ["feedback", ASSIGNMENT], ["export"]):
            try:
                code, words = _command(arena, *command)
            except BaseException as error:
                broken.append(f"{command[0]} broke: {type(error).__name__}: {str(error)[:200]}")
                continue
            printed += words
            allowed = (0, 1) if command[0] == "grade" else (0,)  # 1: some submission was not graded
            if code not in allowed or "Nothing more was done" in words:
                broken.append(f"{command[0]} stopped: {words.strip().splitlines()[-1][:200]}")
    return printed, broken


def _command(arena, *arguments):
    """Run a command of the grader; its exit code and all it printed."""
    from autograder.__main__ import main

    words = io.StringIO()
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        code = main(list(arguments), course_of(arena))
    return code, words.getvalue()


def _words(verdict, student, printed):
    if verdict is None:
        reasons = [
            line for line in printed.splitlines() if line.startswith("not graded") and student[:10] in line
        ]
        return reasons[0][:200] if reasons else "not graded"
    if verdict.refusal is not None:
        return f"refused: {verdict.refusal}"
    return f"{verdict.points:g} of {verdict.max_points:g}"


@contextlib.contextmanager
def _surroundings(arena):
    """The grader's own environment: a secret in it, and a home with secrets."""
    before = dict(os.environ)
    for name in HOME_VARIABLES:
        os.environ.pop(name, None)
    os.environ |= {"HOME": str(arena.home), arenas.VARIABLE: arena.secrets["environment"]}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _left_over(*known):
    """Processes that grading left behind; orphans come to this process, which adopts them."""
    end = time.monotonic() + 5
    while True:
        children = psutil.Process().children(recursive=True)
        names = [_named(child) for child in children if child.pid not in known]
        names = [name for name in names if name and ("sandbox" in name or "bwrap" in name or "sleep" in name)]
        if not names or time.monotonic() > end:
            return [f"{len(names)} processes were left behind: {names[0]}"] if names else []
        time.sleep(0.2)


def _named(process):
    try:
        return " ".join(process.cmdline())[:80] if process.status() != psutil.STATUS_ZOMBIE else ""
    except psutil.NoSuchProcess:
        return ""


def adopt_orphans() -> None:
    """Make this process the parent of whatever its children leave behind."""
    ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)
