"""No line of an answer is in what students get; and the gate notices one wherever it is put.

Whether the site holds one is asked in tests/site, where there is a site.
"""

import json
import zipfile
from pathlib import Path

import leak_gate
import pytest
import student_bundle

LINE = "for parameter in model.backbone.parameters(): parameter.requires_grad = False"
KNOWN = {leak_gate.squeezed(LINE): "freezing"}


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    return leak_gate.fingerprints()


def test_every_assignment_has_fingerprints(known):
    assert set(known.values()) == set(leak_gate.ASSIGNMENTS)
    assert all(sum(name == one for one in known.values()) > 20 for name in leak_gate.ASSIGNMENTS)


def test_nothing_leaks_from_the_notebooks(known):
    assert list(leak_gate.leaks(leak_gate.ROOT / "exercises", known)) == []


def test_nothing_leaks_from_the_bundle(known, tmp_path):
    assert list(leak_gate.leaks(student_bundle.build(tmp_path / "bundle.zip"), known)) == []


def in_an_archive(folder: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(folder / "inner.whl", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "name, content",
    [
        ("page.html", LINE.replace("for", "<span class='k'>for</span>").replace(" = ", " <b>=</b> ")),
        ("page.html", LINE.replace("=", "&#61;")),
        ("source.md", "\n    ".join(LINE.split())),
        ("notebook.ipynb", json.dumps({"cells": [{"source": [LINE[:30], LINE[30:]]}]})),
        ("searchindex.js", f'Search.setIndex({{"titles": {json.dumps(LINE)}}})'),
    ],
    ids=["coloured", "entities", "on several lines", "in a notebook", "in the search index"],
)
@pytest.mark.parametrize("where", ["a folder", "an archive"])
def test_the_gate_notices(tmp_path, where, name, content):
    if where == "a folder":
        (tmp_path / name).write_text(content, encoding="utf-8")
    else:
        in_an_archive(tmp_path, {name: content.encode()})
    [leak] = {leak.split(" holds ")[1] for leak in leak_gate.leaks(tmp_path, KNOWN)}
    assert leak.startswith("a line of freezing's answers: forparameterin")


def test_a_text_without_it_passes(tmp_path):
    (tmp_path / "page.html").write_text("<p>for parameter in model.parameters()</p>", encoding="utf-8")
    assert list(leak_gate.leaks(tmp_path, KNOWN)) == []
