"""What a second look at the grader found: each of these once hurt the class, or kept a verdict from being
found."""

import json
import time
from typing import ClassVar

import nbformat
import pytest
import torch
from tiny_course import FIXTURE, make_course

from autograder import gradebook, grading, limits, outputs, pages, report, suite
from autograder.__main__ import main
from autograder.course import SUITES
from autograder.expect import Mistake
from autograder.faults import StudentFault
from autograder.player import DirectPlayer
from autograder.sample_class import Variant, notebook_bytes, write
from autograder.sandbox.player import SandboxPlayer

NEIGHBOUR = Variant("s002", "right", {"double": 3, "make_layer": 2})


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("review"))
    assert main(["release"], course) == 0
    return course


def graded(course, capsys):
    """Grade all; what was printed."""
    write(course, "tiny", NEIGHBOUR)
    capsys.readouterr()
    code = main(["grade", "tiny", "--workers", "1"], course)
    printed = capsys.readouterr().out
    verdict = grading.read(course, "tiny", NEIGHBOUR.id)
    assert verdict is not None and verdict.points == 5, printed
    return code, printed


# What a cell's tags are: half of a pair that no file can hold, twice the same, what is no tag.
TAGS = [["\ud800"], ["a", "a"], ["a,b"], ["x" * 10**6], [[]], ["\x1b[2J"]]


def test_a_tag_that_no_file_can_hold(released, capsys):
    for number, tags in enumerate(TAGS):
        right = Variant(f"tags{number}", "tags", base="solution")
        notebook = json.loads(notebook_bytes(released, "tiny", right))
        notebook["cells"].append({"cell_type": "code", "source": "1", "metadata": {"tags": tags}})
        path = released.submitted("tiny", right.id)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook))
    code, printed = graded(released, capsys)
    assert code == 0 and "\x1b" not in printed
    for number in range(len(TAGS)):
        assert grading.read(released, "tiny", f"tags{number}").points == 5
        made = nbformat.read(gradebook.autograded(released, "tiny", f"tags{number}"), as_version=4)
        nbformat.validate(made)


TIMES = [
    "\x1b]0;evil\x07\x1b[2J",
    "9999-12-31 23:59 1.5h " + "9" * 60,  # decimal's error is no ValueError
    "\u202e today",
]


def test_a_time_that_is_none(released, capsys):
    for number, text in enumerate(TIMES):
        variant = Variant(f"time{number}", "time", base="solution")
        write(released, "tiny", variant)
        released.submitted("tiny", variant.id).with_name("timestamp.txt").write_text(text)
    code, printed = graded(released, capsys)
    assert code == 0
    assert printed.count("does not say when it was handed in") == len(TIMES)
    assert "\x1b" not in printed and "\u202e" not in printed
    assert all(grading.read(released, "tiny", f"time{number}").points == 5 for number in range(len(TIMES)))


def test_a_submission_that_the_grader_trips_over_is_alone(released, capsys, monkeypatch):
    """Whatever a file makes us raise: the others are graded, and nothing is written for this one."""
    from autograder import submission

    write(released, "tiny", Variant("trip", "trips the reader", base="solution"))
    write(released, "tiny", Variant("slip", "trips the writer", base="solution"))
    load, times = submission.load, []

    def tripping(course, assignment, student):
        times.append(student)
        if student == "trip" or (student == "slip" and times.count("slip") > 1):
            raise RecursionError("\x1b[2J")
        return load(course, assignment, student)

    monkeypatch.setattr(submission, "load", tripping)
    code, printed = graded(released, capsys)
    assert code == 1 and "trip" in printed and "slip" in printed and "\x1b" not in printed
    assert grading.read(released, "tiny", "trip") is None
    assert not gradebook.scores(released, "tiny", "slip")
    monkeypatch.undo()
    assert graded(released, capsys)[0] == 0
    assert grading.read(released, "tiny", "trip").points == 5
    assert gradebook.scores(released, "tiny", "slip")


@pytest.mark.parametrize("came", ["x" * 10**6, "\x1b[2J\u202e", ["a"], torch.zeros(3), {"a": [1]}])
def test_words_of_a_suite_are_short_plain_text(came):
    """A suite may hand on what a forged report says."""
    for words in (report.words(Mistake("wrong", came=came)), report.words(StudentFault("raised", "f"))):
        told = [value for value in words.values() if value is not None]
        assert all(isinstance(value, str) and len(value) < 5000 for value in told)
        assert all(sign.isprintable() or sign in "\n\t" for value in told for sign in value)
        json.dumps(words)


def test_a_fault_of_any_length_is_short():
    begun = time.process_time()
    fault = StudentFault(*["x" * 10**7] * 2, exception="x" * 10**7, message="y" * 10**7, line="z" * 10**7)
    assert len(fault.exception + fault.message + fault.line + fault.where) < 3000
    assert time.process_time() - begun < 0.5


FLOOD = """
from autograder.sandbox import cells
def run(self, source):
    shown = [{"kind": "stream", "name": "stdout", "text": "\\u200b" * 6000} for _ in range(60)]
    return {"outputs": shown, "fault": {name: "m" * 10 ** 5 for name in
            ("kind", "exception", "message", "line", "where")[:3]} | {"line": "", "where": ""}}
cells.Cells.run = run
"""


def test_outputs_of_all_cells_together_have_a_bound(worker):
    """What the process sends may be more than its own limits let it keep."""
    rig = suite.rig_of(FIXTURE / "suites" / "tiny")
    cells = [FLOOD, *["1"] * 250]
    with SandboxPlayer(worker, cells, rig=rig, seed=7) as player:
        begun = time.process_time()
        player.start()
        spent = time.process_time() - begun
    kept = [outputs.size(run.outputs) for run in player.runs]
    assert max(kept) < 10 * (limits.SANDBOX.cell_text + limits.SANDBOX.cell_error)
    assert sum(kept) < 1.1 * limits.SANDBOX.shown
    assert any("not kept" in str(run.outputs) for run in player.runs)
    assert all(len(run.fault.message) < 3000 for run in player.runs[1:])
    assert spent < 60, spent


UNCLOSED = "".join(f"<b title={number}>" for number in range(600)) + "<p>x" * 2000


def test_unclosed_tags_do_not_multiply():
    """HTML repeats an unclosed <b> in every paragraph that follows it: a million elements from 20 kB."""
    begun = time.process_time()
    shown = pages.markdown(UNCLOSED)
    assert time.process_time() - begun < 20
    assert len(shown) < 10 * len(UNCLOSED) and "<b" not in shown
    assert "<b>bold</b>" in pages.markdown("<b>bold</b> " * 1000), "honest text keeps its form"


class Lying(DirectPlayer):
    """One whose process answers in the rig's place, as hostile code in it can."""

    lies: ClassVar[dict] = {}

    def rig(self, name, *args, **kwargs):
        return self.lies[name] if name in self.lies else super().rig(name, *args, **kwargs)


def verdict(task, source, lies=None):
    """What the suite of `freezing` finds of this answer to one of its tasks."""
    folder = SUITES / "freezing"
    functions = {"torch": torch}
    exec(source, functions)
    player = Lying(functions, suite.rig_of(folder), seed=3, full=True)
    player.lies = lies or {}
    return {test.name: test.passed for test in suite.run(folder, [task], player)[task].tests}


PRECOMPUTE = """
def precompute_features(model, loader):
    model.eval()
    with torch.no_grad():
        pairs = [(model.backbone(images), labels) for images, labels in loader]
    return torch.cat([features for features, _ in pairs]), torch.cat([labels for _, labels in pairs])
"""
WIDE = [torch.zeros(2, 65), torch.zeros(2, dtype=torch.int64)]
REPORTS = {
    "a number as error": {"error": 5},
    "a list as error": {"error": ["nference tensor"]},
    "a tensor as error": {"error": torch.zeros(3)},
    "features wider than any": {"reached": False, "gradients": WIDE, "pair": WIDE},
}


@pytest.mark.parametrize("name", REPORTS)
def test_an_odd_report_is_no_fault_of_the_suite(name):
    """A fault of the suite is no verdict: the zero would never be written."""
    found = verdict("precompute_features", PRECOMPUTE, {"reuse_features": REPORTS[name]})
    assert found.pop("test_leaves_no_trace") is False and all(found.values())


NOT_A_NUMBER = """
def set_train_mode(model):
    model.backbone.eval(), model.head.train()
    forward = type(model).forward
    def some(images):
        scores = forward(model, images)
        return torch.where(scores == 0, scores, scores * float("nan")) if model.head.training else scores
    model.forward = some
    return model
"""


def test_no_number_is_no_right_number():
    assert verdict("set_train_mode", NOT_A_NUMBER)["test_both_at_once"] is False


MADE_UP = """
def train_one_epoch(model, loader, optimizer):
    with torch.no_grad():
        *_, weight, bias = model.parameters()
        weight[:, ::2] += {by}
        bias += {by}
    return 0.0
"""


@pytest.mark.parametrize("by", [1.0, 1e-3, 1e-5])
def test_a_change_of_every_other_column_is_no_epoch(by):
    assert not any(verdict("train_one_epoch", MADE_UP.format(by=by)).values())


@pytest.mark.parametrize(
    "state",
    [
        {"head.weight": torch.zeros(1, 10**7, dtype=torch.uint8)},
        {"head.weight": torch.zeros(10**8, 0)},
        {f"head.{number}": torch.zeros(1) for number in range(10**4)},
    ],
)
def test_a_head_of_any_size_is_no_head(state):
    """In float64 a tensor of bytes takes eight times the memory, in the grader itself."""
    from autograder.suites.freezing import judge

    begun = time.process_time()
    assert judge.linear_of(state) is None
    assert time.process_time() - begun < 0.02


REACH = """
import fcntl, os
def lock(path):
    with open(path) as file: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
def watch(path):
    fcntl.fcntl(os.open(path, os.O_RDONLY), 1026, 1)  # F_NOTIFY
def widen():
    fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)  # F_SETPIPE_SZ
"""


@pytest.mark.parametrize("call", [("lock", "/course/autograder/wire.py"), ("watch", "/usr/lib"), ("widen",)])
def test_nothing_is_shared_with_a_neighbour(worker, call):
    """A lock on a file that all can read, news of a folder, the account of pipes: others would notice."""
    with SandboxPlayer(worker, [REACH], rig=None, seed=7) as player:
        with pytest.raises(StudentFault) as caught:
            player.call(*call)
        assert caught.value.kind == "raised" and caught.value.exception in ("PermissionError", "OSError")
