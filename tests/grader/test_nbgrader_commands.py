"""``nbgrader autograde``, as a command and by its API: the same scores as ``autograder grade``, and no less
safe."""

import datetime
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from tiny_course import FIXTURE, make_course

from autograder import gradebook, grading, limits, nbgrader_plugin, submission
from autograder.__main__ import main
from autograder.course import Course
from autograder.nbgrader_plugin import api
from autograder.sample_class import Variant, notebook_bytes, write

WRONG = {"double-solution": "def double(values): return values * 3"}
MUCH = limits.SUBMISSION.code // 12 - 1000
CLASS = [
    Variant("s001", "right"),
    Variant("s002", "wrong", cells=WRONG),
    Variant("s003", "untouched", base="blank"),
    Variant("s004", "missing cells", drop=["double", "make_layer-solution", "setup"]),
    Variant("s005", "changed checks", cells={"double": "3.0", "make_layer": "2.0"}),
    Variant("s006", "not a notebook", raw=b"%PDF"),
    Variant("s007", "the wrong file name", filename="Untitled.ipynb"),
    Variant("s008", "ends the process", cells={"double-solution": "import os; os._exit(0)"}),
    Variant("s009", "deep JSON", raw=b"[" * 100_000),
    Variant("s010", "prints points", cells={"double-solution": "print('3 of 3 points')\n3.0"}),
    Variant("s011", "says NaN", raw=b'{"nbformat": NaN}'),
    Variant("s013", "as much code as may be", cells={"setup": "x = 1 #" + "\U0001f600" * MUCH}),
]
CONFIG = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from tiny_course import make_course
from autograder.nbgrader_plugin import configure
c = get_config()
configure(c, make_course(Path({folder!r})))
"""
REFUSED = {"s006", "s007", "s009", "s011", "t001", "t002", "t003"}


def hand_in(course):
    """A class with damaged, refused and hostile work, and with more in the folders than a notebook."""
    for variant in CLASS:
        write(course, "tiny", variant)
    secret = course.root.parent / "secret.txt"
    secret.write_text("a secret")
    folder = course.submitted("tiny", "s001").parent
    (folder / "data.csv").write_text("1,2")
    (folder / "link.txt").symlink_to(secret)
    (folder / "folder").symlink_to(course.solutions)
    (folder / "gradebook.db").write_text("mine")
    os.mkfifo(folder / "pipe")
    stripped = nbformat.reads(notebook_bytes(course, "tiny", CLASS[0]).decode(), as_version=4)
    for cell in stripped.cells:
        cell.metadata = {}
    (folder / "Other.ipynb").write_text(nbformat.writes(stripped))
    place(course, "s012").write_text(nbformat.writes(stripped))
    place(course, "t001").mkdir()
    place(course, "t002").symlink_to(course.submitted("tiny", "s001"))
    place(course, "t003").parent.rmdir()
    place(course, "t003", make=False).parent.symlink_to(folder)
    return course


def place(course, student, make=True):
    path = course.submitted("tiny", student)
    path.parent.mkdir(parents=True, exist_ok=True) if make else path.parent.parent.mkdir(exist_ok=True)
    return path


def new_course(folder):
    course = make_course(folder)
    assert main(["release"], course) == 0
    return course


def command(course, *options, config=""):
    """Run ``nbgrader autograde tiny`` where there is nothing but a configuration file."""
    folder = course.root.parent / "elsewhere"
    folder.mkdir(exist_ok=True)
    text = CONFIG.format(tests=str(FIXTURE.parent), folder=str(course.root.parent)) + config
    (folder / "nbgrader_config.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", *(options or ["tiny"])],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def state(course):
    """All that grading finds, by student: verdict, gradebook, and what stands in the graded notebook."""
    found = {}
    for student in sorted(gradebook.held(course, "tiny")):
        verdict = grading.read(course, "tiny", student)
        notebook = nbformat.read(gradebook.autograded(course, "tiny", student), as_version=4)
        points = {name: task.points for name, task in verdict.tasks.items()}
        told = [cell.source for cell in notebook.cells if cell.id == submission.NOTE_ID]
        checks = [
            cell.outputs[0]["data"]["text/plain"] for cell in notebook.cells if submission.is_check(cell)
        ]
        scores = gradebook.scores(course, "tiny", student)
        found[student] = (verdict.refusal, verdict.notes, points, told, checks, scores)
    return found


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """The class after ``autograder grade``."""
    course = hand_in(new_course(tmp_path_factory.mktemp("ours")))
    assert main(["grade"], course) == 0
    return course


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """The same class after ``nbgrader autograde``, and what it said."""
    course = hand_in(new_course(tmp_path_factory.mktemp("theirs")))
    done = command(course)
    assert done.returncode == 0, done.stderr[-3000:]
    return course, done.stderr


def test_the_command_finds_what_autograder_grade_finds(ours, theirs):
    course, told = theirs
    expected = state(ours)
    assert len(expected) == len(CLASS) + 4
    assert {student for student, found in expected.items() if found[0]} == REFUSED
    assert {student: sum(found[2].values()) for student, found in expected.items()} == (
        dict.fromkeys(REFUSED, 0)
        | {"s001": 5, "s002": 3, "s003": 0, "s004": 3, "s005": 5, "s008": 2, "s010": 2, "s012": 5, "s013": 5}
    )
    found = state(course)
    assert found == expected
    assert "s007  refused: There is no file tiny.ipynb. In its place there is: Untitled.ipynb." in told
    assert f"{len(expected)} graded, 0 unchanged" in told


def test_the_command_takes_only_the_notebook(theirs):
    """No other file, and nothing through a link."""
    course, _ = theirs
    for student in state(course):
        folder = gradebook.autograded(course, "tiny", student).parent
        assert [path.name for path in folder.iterdir()] == ["tiny.ipynb"]
        assert "a secret" not in (folder / "tiny.ipynb").read_text(encoding="utf-8")
    assert not [path for path in course.root.iterdir() if path.name.startswith("staging")]


def test_the_api_finds_the_same(ours, tmp_path):
    course = hand_in(new_course(tmp_path))
    expected = {student: state(ours)[student] for student in ("s002", "s004", "s007", "t003")}
    book = api(course)
    for student in expected:
        result = book.autograde("tiny", student)
        assert result["success"], result
    assert state(course) == expected


def test_a_second_run_changes_nothing(theirs):
    course, _ = theirs
    kept = {path: path.read_bytes() for path in course.root.rglob("*.ipynb") if path.is_file()}
    before = state(course)
    done = command(course)
    assert done.returncode == 0 and "0 graded, 16 unchanged" in done.stderr
    assert state(course) == before
    assert {path: path.read_bytes() for path in kept} == kept


@pytest.fixture(scope="module")
def graded_three(tmp_path_factory):
    """A class of three, graded, with a person's grade and comment on s001."""
    course = new_course(tmp_path_factory.mktemp("three"))
    for variant in CLASS[:3]:
        write(course, "tiny", variant)
    assert main(["grade"], course) == 0
    with book_of(course) as book:
        grade = book.find_grade("reflection", "tiny", "tiny", "s001")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        extra = book.find_grade("double", "tiny", "tiny", "s001")
        extra.extra_credit = 0.5
        book.find_comment("reflection", "tiny", "tiny", "s001").manual_comment = "Well put."
        book.db.commit()
    return course


@pytest.fixture
def small(graded_three, tmp_path):
    """A copy of it for one test."""
    course = make_course(tmp_path)
    shutil.copytree(graded_three.root, course.root)
    return course


def book_of(course):
    return Gradebook(f"sqlite:///{course.root / 'gradebook.db'}")


def by_hand(course, student="s001"):
    with book_of(course) as book:
        grade = book.find_grade("reflection", "tiny", "tiny", student)
        comment = book.find_comment("reflection", "tiny", "tiny", student).manual_comment
        extra = book.find_grade("double", "tiny", "tiny", student).extra_credit
        return grade.manual_score, grade.needs_manual_grade, comment, extra


def score(course, student):
    with book_of(course) as book:
        return book.find_submission("tiny", student).score


def test_what_a_person_graded_survives(small):
    """Also when the work has changed: then the person is asked to look again, as nbgrader does."""
    assert command(small, "tiny", "--force").returncode == 0
    assert by_hand(small) == (1.5, False, "Well put.", 0.5)
    write(small, "tiny", Variant("s001", "changed", cells=WRONG))
    done = command(small, "tiny", "--student", "s001")
    assert done.returncode == 0, done.stderr
    assert by_hand(small) == (1.5, True, "Well put.", 0.5)
    assert score(small, "s001") == 3 + 1.5 + 0.5


def test_a_fault_of_the_grader_stops_one_submission_only(small):
    """The others are graded; that one keeps its score and its notebook; the exit code and the log tell."""
    for student in ("s001", "s002"):
        write(small, "tiny", Variant(student, "changed", cells={"double-solution": "double = 1"}))
    write(small, "tiny", Variant("s004", "new"))
    held = gradebook.autograded(small, "tiny", "s001")
    content, scores = held.read_bytes(), gradebook.scores(small, "tiny", "s001")
    # A disk that does not give the file: the one thing that can be broken for one student and not for others.
    broken = """
import errno
from autograder import handed_in
given = handed_in.read_regular
def read_regular(path, most):
    if "s001" in path.parts:
        raise OSError(errno.EIO, "Input/output error")
    return given(path, most)
handed_in.read_regular = read_regular
"""
    done = command(small, "tiny", config=broken)
    assert done.returncode == 1
    assert "nothing was written for s001" in done.stderr and "Input/output error" in done.stderr
    assert "for s002" not in done.stderr and "for s004" not in done.stderr
    assert (held.read_bytes(), gradebook.scores(small, "tiny", "s001")) == (content, scores)
    assert score(small, "s002") == 2 and score(small, "s004") == 5


def test_a_sandbox_that_does_not_start_loses_nothing(small):
    held = {path: path.read_bytes() for path in [*small.root.rglob("autograded/**/*.ipynb"), small.ledger]}
    write(small, "tiny", Variant("s001", "changed", cells=WRONG))
    done = command(small, "tiny", "--force", config="import os; os.environ['PATH'] = '/nowhere'\n")
    assert done.returncode == 1 and "apt-get install bubblewrap" in done.stderr
    assert len(held) == 4 and {path: path.read_bytes() for path in held} == held


def test_a_folder_that_is_no_id(small):
    """It is named, the others are graded, and a run for another student does not care."""
    for name in ("s*", "=cmd", "-x"):
        shutil.copytree(small.root / "submitted" / "s001", small.root / "submitted" / name)
    write(small, "tiny", Variant("s004", "new"))
    done = command(small)
    assert done.returncode == 1 and "cannot be a student's id" in done.stderr
    assert "for s?" in done.stderr and "for ?cmd" in done.stderr and "for s004" not in done.stderr
    assert score(small, "s004") == 5
    assert command(small, "tiny", "--student", "s004").returncode == 0
    write(small, "tiny", Variant("s005", "new"))
    result = api(small).autograde("tiny", "s*")
    assert not result["success"] and "cannot be a student's id" in result["error"]
    assert "s005" not in gradebook.held(small, "tiny"), "a name is not a pattern for others"


def test_students_are_selected_as_nbgrader_does(small):
    for student in ("s001", "s002", "s003"):
        write(small, "tiny", Variant(student, "changed", cells={"make_layer-solution": "1"}))
    exclude = "c.CourseDirectory.student_id_exclude = 's003'\n"
    done = command(small, "tiny", "--student", "s00[23]", config=exclude)
    assert done.returncode == 0 and "1 graded, 0 unchanged" in done.stderr
    assert (score(small, "s002"), score(small, "s003")) == (3, 0)
    assert score(small, "s001") == 5 + 1.5 + 0.5
    assert command(small, "--assignment", "tiny", "--student=s001").returncode == 0
    assert score(small, "s001") == 3 + 1.5 + 0.5


OPTIONS = {
    "a student who is not there": (["tiny", "--student", "nobody"], "no submission of 'tiny' for 'nobody'"),
    "an assignment that is not there": (["other"], "There is no suite for 'other'"),
    "a notebook that is not there": (["tiny", "--notebook", "other"], "No notebook matches 'other'"),
    "another course": (["tiny", "--course-dir", "/tmp"], "CourseDirectory.root must be"),
    "another database": (["tiny", "--db", "sqlite:////tmp/x.db"], "CourseDirectory.db_url must be"),
    "other folders": (["tiny", "--CourseDirectory.submitted_directory=x"], "submitted_directory must be"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_what_cannot_be_done_is_refused(ours, name):
    options, told = OPTIONS[name]
    before = state(ours)
    done = command(ours, *options)
    assert done.returncode == 1 and told in done.stderr and "Traceback" not in done.stderr
    assert state(ours) == before


def test_a_notebook_can_be_named(small):
    write(small, "tiny", Variant("s003", "changed"))
    assert command(small, "tiny", "--notebook", "t*", "--student", "s003").returncode == 0
    assert score(small, "s003") == 5


def test_outputs_that_were_handed_in_never_count(small):
    notebook = nbformat.reads(notebook_bytes(small, "tiny", CLASS[2]).decode(), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                nbformat.v4.new_output("execute_result", {"text/plain": "3.0"}, execution_count=1)
            ]
    path = small.submitted("tiny", "s004")
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(notebook))
    done = command(small, "tiny", "--student", "s004", "--no-execute")
    assert done.returncode == 0 and "--no-execute means nothing here" in done.stderr
    assert score(small, "s004") == 0
    cells = nbformat.read(gradebook.autograded(small, "tiny", "s004"), as_version=4).cells
    shown = [cell.outputs for cell in cells if cell.cell_type == "code" and not submission.is_check(cell)]
    assert len(shown) == 4 and "3.0" not in str(shown)


def test_students_need_not_be_made(small):
    write(small, "tiny", Variant("s004", "new"))
    done = command(small, "tiny", config="c.Autograde.create_student = False\n")
    assert done.returncode == 1 and "for s004: there is no such student in the gradebook" in done.stderr
    assert "s004" not in gradebook.held(small, "tiny")
    assert command(small).returncode == 0 and score(small, "s004") == 5


def late(course, student):
    with book_of(course) as book:
        found = book.find_submission("tiny", student)
        return found.total_seconds_late, found.late_submission_penalty


def test_late_work(small):
    """The penalty is that of the course's own nbgrader_config.py, for both commands; --force asks again."""
    (small.root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    )
    for student, when in (("s001", "2024-05-01 12:00:00 UTC"), ("s004", "2024-05-02 12:00:01.5 UTC")):
        write(small, "tiny", Variant(student, "new"))
        small.submitted("tiny", student).with_name("timestamp.txt").write_text(when)
    with book_of(small) as book:
        book.update_or_create_assignment("tiny", duedate=datetime.datetime(2024, 5, 2, 12, 0))
    assert command(small, "tiny", "--force").returncode == 0
    assert late(small, "s001") == (0, 0)
    assert late(small, "s004") == (1.5, 5)
    assert gradebook.autograded(small, "tiny", "s004").with_name("timestamp.txt").is_file()
    with book_of(small) as book:
        book.update_or_create_assignment("tiny", duedate=datetime.datetime(2024, 5, 1, 11, 0))
    assert command(small, "tiny", "--student", "s001", "--force").returncode == 0
    assert late(small, "s001") == (3600, 7)
    assert by_hand(small) == (1.5, False, "Well put.", 0.5)
    write(small, "tiny", Variant("s005", "new"))
    small.submitted("tiny", "s005").with_name("timestamp.txt").write_text("2024-05-03 12:00:00 UTC")
    assert main(["grade"], small) == 0
    assert late(small, "s005")[1] == 5


TIMESTAMPS = {
    "nonsense": lambda path: path.write_text("yesterday"),
    "empty": lambda path: path.touch(),
    "a link": lambda path: path.symlink_to("/etc/hostname"),
    "a folder": lambda path: path.mkdir(),
    "bytes": lambda path: path.write_bytes(b"\xff" * 100),
    "large": lambda path: path.write_text("2024-05-01 12:00:00 UTC" + " " * 10_000),
}


def test_a_timestamp_that_cannot_be_read_stops_nobody(small):
    for number, make in enumerate(TIMESTAMPS.values(), start=4):
        write(small, "tiny", Variant(f"s{number:03d}", "new"))
        make(small.submitted("tiny", f"s{number:03d}").with_name("timestamp.txt"))
    done = command(small)
    assert done.returncode == 0, done.stderr
    assert [score(small, f"s{number:03d}") for number in range(4, 10)] == [5] * 6
    assert done.stderr.count("does not say when it was handed in, so it counts as in time") == 6


def test_options_beside_ours_hold_for_both_commands(tmp_path, monkeypatch):
    """Those in the repository's file, and those in the course's folder, which win."""
    text = Path(nbgrader_plugin.REPOSITORY, "nbgrader_config.py").read_text(encoding="utf-8")
    own = "c = get_config()\nc.LimitOutput.max_lines = {}\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    (tmp_path / "nbgrader_config.py").write_text(text + own.format(5))
    course = make_course(tmp_path)
    monkeypatch.setattr(nbgrader_plugin, "REPOSITORY", tmp_path)
    monkeypatch.setattr(Course, "here", lambda: course)
    config = api(course).config
    assert (config.LimitOutput.max_lines, config.LateSubmissionPlugin.penalty_method) == (5, "zero")
    assert config.CourseDirectory.root == str(course.root)
    (course.root / "nbgrader_config.py").write_text("c = get_config()\nc.LimitOutput.max_lines = 7\n")
    assert api(course).config.LimitOutput.max_lines == 7


def test_an_nbgrader_that_goes_its_own_way_is_stopped(small, tmp_path):
    """Its own class, with our configuration: nothing runs, and nothing that was there is lost."""
    from nbgrader.converters import Autograde
    from nbgrader.utils import capture_log

    mark = tmp_path / "ran"
    write(small, "tiny", Variant("s001", "new", cells={"setup": f"open({str(mark)!r}, 'w')"}))
    before = state(small)
    book = api(small)
    book.coursedir.assignment_id, book.coursedir.student_id = "tiny", "s001"
    stock = Autograde(coursedir=book.coursedir, parent=book)
    stock.force = True
    result = capture_log(stock)
    assert not result["success"] and "outside the sandbox" in result["error"]
    assert state(small) == before and not mark.exists()


def test_without_our_configuration_nbgrader_is_itself(small):
    """In one process with us, another course's nbgrader is not ours to change."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    other = Config()
    other.CourseDirectory.root = str(small.root.parent / "nothing")
    Path(other.CourseDirectory.root).mkdir()
    result = NbGraderAPI(config=other).autograde("tiny", "s001")
    assert not result["success"] and "No notebooks were matched" in result["log"]
