"""The detectors can find something: each is shown a grader that lets an attack through."""

import base64
import csv
import io
import sqlite3
from contextlib import closing
from dataclasses import replace

import arena as arenas
import measure
import ours
import pytest
from arena import NEIGHBOUR, VETERAN, Watch
from corpus import ATTACKS
from corpus.model import ASSIGNMENT, FULL, Attack, Twin

STUDENT = VETERAN  # whoever is in the template's gradebook stands for an attacker here
OUTPUTS = frozenset({"autograded", "feedback", "gradebook.db", "grades.csv"})


@pytest.fixture
def arena(template, tmp_path):
    return replace(template.copy(tmp_path / "arena"), log=tmp_path / "log")


@pytest.fixture
def watch(arena):
    watch = Watch.start(
        arena, OUTPUTS | {path.name for path in arena.course.iterdir()} - {"submitted", "release"}
    )
    watch.veteran = {}
    return watch


def feedback(arena, student=STUDENT):
    return arena.course / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"


def set_points(arena, **points):
    with closing(sqlite3.connect(arena.database)) as book, book:
        for task, value in points.items():
            book.execute(
                "update grade set manual_score = ? "
                "where cell_id in (select id from base_cell where name = ?)",
                (value, task),
            )


def test_an_untouched_arena_shows_nothing(watch):
    own = watch.own(STUDENT)
    assert own.points == FULL and own.gains(FULL) == []
    whole = watch.whole("graded 15 of 15\n")
    assert whole.hurt == ["the neighbour was not graded"]  # in the template there is none yet
    assert replace(whole, hurt=[]).gains(FULL) == []


def test_granted_points_are_found(watch):
    set_points(watch.arena, freeze_backbone=2, train_one_epoch=9)
    gains = watch.own(STUDENT).gains({**FULL, "freeze_backbone": 0})
    assert gains == ["8 points"]  # 2 above nothing, 6 above what the task is worth


def test_points_for_a_written_answer_are_found(watch):
    set_points(watch.arena, reflection=3)
    assert watch.own(STUDENT).gains(FULL) == ["3 points"]


@pytest.mark.parametrize("kind", arenas.KINDS)
@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda s: s[::-1],
        lambda s: s.encode().hex(),
        lambda s: base64.b64encode(b"ab" + s.encode()).decode(),
    ],
    ids=["plain", "backwards", "hex", "base64"],
)
def test_a_leaked_secret_is_found_in_the_feedback(watch, kind, form):
    path = feedback(watch.arena)
    path.write_text(path.read_text("utf-8") + f"<p>{form(watch.arena.secrets[kind])}</p>", "utf-8")
    assert watch.own(STUDENT).secrets == [kind]


def test_a_leaked_secret_is_found_between_marks_of_html_and_in_the_verdict(watch):
    secret = watch.arena.secrets["home"]
    marked = f"<span>{secret[:9]}</span><b>{secret[9:]}</b>"
    feedback(watch.arena).write_text(marked, "utf-8")
    assert watch.own(STUDENT).secrets == ["home"]
    assert "seed" in watch.own(STUDENT, f"raised {watch.arena.secrets['seed']}").secrets


def test_what_lands_or_is_sent_is_found(watch):
    (watch.arena.drop / "x").write_text(watch.arena.secrets["solution"])
    watch.arena.log.write_text(f"connected {watch.arena.secrets['environment']}\n")
    whole = watch.whole("")
    assert whole.secrets == ["environment", "solution"]
    assert "drop/x made" in whole.touched and "the listener" in whole.reached


def test_a_report_of_success_is_found(watch):
    path = feedback(watch.arena)
    path.write_text(path.read_text("utf-8") + "<pre>REACHED:a program\n</pre>", "utf-8")
    assert watch.own(STUDENT).reached == ["a program"]


@pytest.mark.parametrize(
    "name", ["course/submitted/x", "course/results.json", "home/.netrc", "solutions/new.py", "home/.bashrc"]
)
def test_a_touched_file_is_found(arena, name):
    watch = Watch.start(arena, OUTPUTS)
    with (arena.root / name).open("a") as file:
        file.write("touched")
    assert any(line.startswith(name) for line in watch.whole("").touched)


def test_a_removed_file_a_link_and_an_old_grade_are_found(arena):
    watch = Watch.start(arena, OUTPUTS)
    (arena.home / ".netrc").unlink()
    (arena.home / ".ssh" / "link").symlink_to("/etc/passwd")
    set_points(arena, freeze_backbone=0)
    with closing(sqlite3.connect(arena.database)) as book, book:
        book.execute("create trigger gift after update on grade begin select 1; end")
    touched = watch.whole("").touched
    assert {"home/.netrc removed", "home/.ssh/link made", "an old grade"} <= set(touched)
    assert "the gradebook's tables and triggers" in touched


def test_traces_of_jupyter_itself_are_none(arena):
    watch = Watch.start(arena, OUTPUTS)
    history = arena.home / ".ipython" / "profile_default" / "history.sqlite"
    history.parent.mkdir(parents=True, exist_ok=True)
    history.write_bytes(b"x")
    assert watch.whole("").touched == []
    startup = history.parent / "startup" / "00-x.py"
    startup.parent.mkdir(exist_ok=True)
    startup.write_text("x")
    assert watch.whole("").touched == ["home/.ipython/profile_default/startup/00-x.py made"]


def test_a_hurt_neighbour_is_found(arena):
    watch = Watch.start(arena, OUTPUTS)
    with closing(sqlite3.connect(arena.database)) as book, book:
        book.execute("update submitted_assignment set student_id = 'x' where student_id = ?", (NEIGHBOUR,))
    assert "the neighbour was not graded" in watch.hurt_neighbours()


def test_complaints_about_our_grader():
    attack = Attack("x", 1, "x", None, honest={"freeze_backbone": 2})
    right = measure.Outcome({"freeze_backbone": 2, "replace_head": 0}, "2 of 15")
    assert ours.complaints(attack, right) == []
    assert ours.complaints(attack, replace(right, points={**FULL})) != []
    assert ours.complaints(attack, replace(right, points={})) != []
    assert ours.complaints(attack, replace(right, verdict="refused: no")) != []
    assert ours.complaints(attack, replace(right, verdict="not graded")) != []
    for name in ("secrets", "reached", "touched", "hurt", "pages"):
        assert ours.complaints(attack, replace(right, **{name: ["x"]})) != []
    assert (
        ours.complaints(replace(attack, graded=False, honest={}), measure.Outcome(None, "not graded")) == []
    )
    twin = Twin("x", 1, "x", None)
    assert ours.complaints(twin, measure.Outcome({**FULL}, "15 of 15")) == []
    assert ours.complaints(twin, measure.Outcome({**FULL, "replace_head": 1}, "14 of 15")) != []
    assert ours.complaints(twin, measure.Outcome(None, "not graded")) != []


@pytest.mark.parametrize(
    "content",
    [
        "<script>MARK</script>",
        "<img src=x onerror=MARK>",
        "<a href='java\tscript:MARK'>x</a>",
        "<svg onload=MARK>",
        "<iframe srcdoc='MARK'></iframe>",
        "<style>@import 'http://x/MARK'</style>",
        "<form action='http://x/MARK'></form>",
        "<img src='http://x/MARK'>",
        "<link href='http://x/MARK'>",
    ],
)
def test_active_content_is_found(content):
    assert measure.active(f"<html><body>{content}</body></html>".replace("MARK", "pwned12"), "pwned12")


@pytest.mark.parametrize(
    "content",
    [
        "<p>MARK</p>",
        "&lt;script&gt;MARK&lt;/script&gt;",
        "<a href='http://x/MARK'>x</a>",
        "<p title='MARK'>x</p>",
    ],
)
def test_plain_content_is_none(content):
    assert measure.active(f"<html><body>{content}</body></html>".replace("MARK", "pwned12"), "pwned12") == []


def test_a_remote_picture_is_none_under_a_policy_that_forbids_it():
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; img-src data:\">"
    page = "<img src='http://x/pwned12'>"
    assert measure.active(policy + page, "pwned12") == []
    assert measure.active(policy.replace("data:", "*") + page, "pwned12")


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-1+1|x", "@SUM(1)", "\t=1", " =1", "\uff1d1"])
def test_a_formula_in_the_table_is_found(cell):
    table = io.StringIO()
    csv.writer(table).writerows([["student", "score"], [cell, "15.0"]])
    assert measure.formulas(table.getvalue())


def test_an_odd_row_of_the_table_is_found_and_numbers_are_none():
    assert measure.formulas("student,score\nx,15.0,15.0\n") == ["row of 3 cells"]
    assert measure.formulas('student,score\n"x","-1.5"\n"y","+2"\n') == []


def test_control_characters_on_the_console_are_found():
    assert measure.terminal("plain\ttext\n") == []
    assert measure.terminal("\x1b[2J") and measure.terminal("a\u202eb")


def test_every_attack_can_be_built_and_is_bounded(template):
    """No attack's own text holds a secret, so that a page that shows the source is no leak."""
    for attack in ATTACKS:
        built = attack.build(template.place(attack.student_id))
        text = (built.notebook or b"").decode("utf-8", "replace")
        assert not measure.leaked([text], template.secrets), attack.id
        assert not measure.reached([text]), attack.id
