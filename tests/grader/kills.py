"""Kill the grader at random moments, again and again: the class must end with the grades of a quiet run.

    python tests/grader/kills.py [KILLS]

Each round is a fresh class of the tiny assignment. Gradings of it are killed with SIGKILL at random moments
until one comes to its end; then gradebook, ledger and graded notebooks are compared with those of a run that
nobody disturbed. A cell that was graded by hand in between must keep its points. ``make kills`` does this 100
times and writes ``benchmarks/results/kills.json``.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder import gradebook, release
from autograder.course import REPOSITORY, Course
from autograder.ledger import Ledger
from autograder.sample_class import Variant, write

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
from tiny_course import make_course

SIZE = 24
ANSWERS = [
    {},
    {"double-solution": "def double(values): return values * 3"},
    {"double-solution": "1 / 0"},
    {"make_layer-solution": "import os; os._exit(0)"},
]
GRADE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tiny_course import make_course
from autograder.__main__ import main
sys.exit(main(["grade", "--workers", "2"], make_course(Path(sys.argv[2]))))
"""
MARK = "KILLED_GRADER_OF"
MANUAL = 1.5


def hand_in(folder: Path) -> Course:
    """A class that is not graded yet, with the same secret seed each time."""
    course = make_course(folder)
    course.root.mkdir(parents=True)
    (course.root / "secret_seed").write_text("0" * 64)
    release.release(course, "tiny")
    for number in range(SIZE):
        write(course, "tiny", Variant(f"s{number:03d}", "", cells=ANSWERS[number % len(ANSWERS)]))
    return course


def start(course: Course) -> subprocess.Popen:
    """A grading of the class, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", GRADE, str(Path(__file__).parent), str(course.root.parent)],
        cwd=REPOSITORY,
        env={**os.environ, MARK: str(course.root), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_over(course: Course) -> list[int]:
    """The processes that a grading of this course has started and that are still there."""
    mark, found = f"{MARK}={course.root}\0".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found.append(int(folder.name))
        except OSError:  # it has just ended
            continue
    return found


def grade_by_hand(course: Course) -> None:
    """A person gives the first student's reflection its points, once it is in the gradebook."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        try:
            grade = book.find_grade("reflection", "tiny", "tiny", "s000")
        except MissingEntry:
            return
        grade.manual_score = MANUAL
        book.db.commit()


def state(course: Course) -> dict:
    """What a class ended with: scores, verdicts, graded notebooks, and the line of each verdict."""
    with Ledger(course.ledger) as ledger:
        lines = ledger.last_of_all("tiny")
        count = ledger.verify()
    return {
        "scores": {
            student: [row[:2] for row in gradebook.scores(course, "tiny", student)] for student in lines
        },
        "verdicts": {student: line.verdict for student, line in lines.items()},
        "notebooks": {
            student: gradebook.autograded(course, "tiny", student).read_text(encoding="utf-8")
            for student in lines
        },
        "lines": count,
        "manual": [row[2] for row in gradebook.scores(course, "tiny", "s000") if row[2] is not None],
    }


def run(kills: int, seed: int = 1, tell=print) -> dict:
    """Kill so many gradings; what was found. Raises AssertionError as soon as something is not as it was."""
    random_moment = random.Random(seed)
    report = {"kills": 0, "rounds": 0, "killed_before_the_first_verdict": 0, "submissions": SIZE}
    with tempfile.TemporaryDirectory() as folder:
        quiet = hand_in(Path(folder) / "quiet")
        begun = time.monotonic()
        process = start(quiet)
        assert process.wait() == 0, process.stderr.read()
        longest = time.monotonic() - begun
        expected = state(quiet)
        assert expected["lines"] == SIZE and expected["manual"] == []
        while report["kills"] < kills:
            report["rounds"] += 1
            course = hand_in(Path(folder) / f"round{report['rounds']}")
            ended = False
            while not ended:
                process = start(course)
                try:
                    # Most moments while verdicts are found and written, some while the sandbox starts.
                    earliest = 0.0 if random_moment.random() < 0.2 else 0.4
                    moment = longest * random_moment.uniform(earliest, 1)
                    wait = moment if report["kills"] < kills else None
                    ended = process.wait(wait) == 0
                    assert ended, process.stderr.read()
                except subprocess.TimeoutExpired:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                    report["kills"] += 1
                    with Ledger(course.ledger) as ledger:
                        known = len(ledger.last_of_all("tiny"))
                        assert ledger.verify() == known, "a verdict was found twice"
                    report["killed_before_the_first_verdict"] += not known
                    tell(f"kill {report['kills']}: {known} of {SIZE} verdicts are in the ledger")
                    until = time.monotonic() + 10
                    while left := left_over(course):
                        assert time.monotonic() < until, f"processes outlive the grader: {left}"
                        time.sleep(0.02)
                    grade_by_hand(course)
                process.stderr.close()
            found = state(course)
            manual = found.pop("manual")
            assert manual in ([], [MANUAL]), "points that a person gave were changed"
            assert found == {name: part for name, part in expected.items() if name != "manual"}
            tell(f"round {report['rounds']}: the same grades, each verdict found once")
            shutil.rmtree(course.root.parent)
    return report


if __name__ == "__main__":
    done = run(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    target = REPOSITORY / "benchmarks" / "results" / "kills.json"
    target.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
    print(f"{done['kills']} kills, {done['rounds']} classes: every one ended as the undisturbed run")
