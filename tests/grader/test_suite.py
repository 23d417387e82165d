"""Running suites: what counts as whose fault, and that nothing from outside gets in."""

import sys

import pytest
import torch
from tiny_course import FIXTURE

from autograder import report, suite
from autograder.check import CheckFailed, checks
from autograder.faults import StudentFault, SuiteFault
from autograder.player import DirectPlayer

TINY = FIXTURE / "suites" / "tiny"


def right(values):
    return values * 2


def make_layer(inputs, outputs):
    return torch.nn.Linear(inputs, outputs)


def run(namespace, tasks=("double",), folder=TINY):
    return suite.run(folder, list(tasks), DirectPlayer(namespace, suite.rig_of(folder)))


def one(tmp_path, body, header="import pytest\n"):
    (tmp_path / "test_task.py").write_text(f'"""Title"""\n{header}{body}')
    return suite.run(tmp_path, ["task"], DirectPlayer({}, None))["task"]


def test_right_and_wrong():
    good = run({"double": right, "make_layer": make_layer}, ("double", "make_layer"))
    assert {name: task.points for name, task in good.items()} == {"double": 3, "make_layer": 2}
    wrong = run({"double": lambda values: values * 3})["double"]
    assert (wrong.points, wrong.max_points, wrong.passed) == (1, 3, False)
    assert wrong.tests[0].message["what"] == "double(values) has the wrong values"
    assert (
        wrong.title == "Doubling gives twice the values"
        and wrong.tests[0].description == "the values are doubled"
    )


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (None, "there is no function `double`"),
        (lambda values: 1 / 0, "`double` raised an exception"),
        (lambda values: [values] * 200_000, "what `double` returned cannot be read"),
        (lambda values: None, "double(values) should be a tensor"),
        (lambda values: sys.exit(), "`double` raised an exception"),
    ],
)
def test_messages_say_what_is_wrong(function, words):
    task = run({"double": function} if function else {})["double"]
    assert task.points == 0
    assert task.tests[0].message["what"] == words
    assert words[1:] in report.text(task).replace("\n          ", " ")


def test_not_written_yet():
    def double(values):
        raise NotImplementedError()

    assert run({"double": double})["double"].tests[0].message["what"] == "`double` is not written yet"


def test_handles_and_keep():
    player = DirectPlayer(
        {"make_layer": make_layer, "one": lambda: 1.0, "kind": lambda x: type(x).__name__}, suite.rig_of(TINY)
    )
    layer = player.call("make_layer", 2, 3)
    assert player.call("kind", layer) == "Linear"
    assert player.call("kind", player.keep("one")) == "float"
    assert player.rig("weights_of", layer)["weight"].shape == (3, 2)
    with pytest.raises(StudentFault, match="gone"):
        DirectPlayer({"kind": lambda x: x}).call("kind", layer)


def test_each_call_starts_from_the_same_randomness_and_leaves_the_students_own():
    player = DirectPlayer({"draw": lambda: torch.rand(3)})
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(player.call("draw"), player.call("draw"))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("@pytest.mark.points(1)\ndef test_a(student): assert 1 == 2", "AssertionError"),
        ("@pytest.mark.points(1)\ndef test_a(student): raise KeyError('x')", "KeyError"),
        (
            "@pytest.mark.points(1)\ndef test_a(student): pytest.importorskip('no_such_module')",
            "raised Skipped",
        ),
        ("@pytest.mark.points(1)\ndef test_a(student): student.call('f', object())", "not a value"),
        ("@pytest.mark.points(1)\ndef test_a(student): student.rig('f')", "defines no function 'f'"),
        ("def test_a(student): pass", "no pytest.mark.points"),
        ("@pytest.mark.points(1)\ndef test_a(nothing): pass", "nothing"),
        ("x = 1", "no test was run"),
        ("import no_such_module", "cannot be collected"),
        ("def (", "cannot be collected"),
    ],
)
def test_faults_of_the_suite_are_no_verdict(tmp_path, body, words):
    with pytest.raises(SuiteFault, match=words):
        one(tmp_path, body)


def test_nothing_from_outside_gets_in(tmp_path, monkeypatch):
    for name in ("conftest.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise RuntimeError('outside')")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--no-such-option'\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "judge.py").write_text("ANSWER = 1")
    body = "import judge\n@pytest.mark.points(2)\ndef test_a(student): assert judge.ANSWER == 1"
    path = list(sys.path)
    assert one(tmp_path, body).points == 2
    assert sys.path == path and "judge" not in sys.modules
    assert not list(tmp_path.rglob("__pycache__"))


def test_check_in_a_notebook(monkeypatch, capsys):
    monkeypatch.setattr("autograder.course.SUITES", FIXTURE / "suites")
    namespace = {"double": right}
    checks("tiny", namespace)("double")
    assert "double: 3 of 3 points" in capsys.readouterr().out
    namespace["double"] = lambda values: values
    with pytest.raises(CheckFailed, match="double: 1 of 2 tests failed") as caught:
        checks("tiny", namespace)("double")
    assert len(caught.value._render_traceback_()) == 1
    with pytest.raises(ValueError, match="There is: double, make_layer"):
        checks("tiny", namespace)("triple")
    with pytest.raises(ValueError, match="There is: tiny"):
        checks("large")


def test_html_escapes_what_a_student_wrote():
    def double(values):
        raise ValueError("<script>alert(1)</script>`")

    page = report.as_html(run({"double": double})["double"])
    assert "<script>" not in page and "&lt;script&gt;" in page
