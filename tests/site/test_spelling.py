"""Words: spelt rightly, and each term in the one form that the glossary has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "book").rglob("*.md"))
SPELT = ["README.md", "CONTRIBUTING.md"]
SPELT += ["book", "solutions", "transfer_learning", "autograder", "experiments", "tools", "benchmarks"]
CODE = re.compile(r"^```\{code-cell\}.*?^```$|`[^`\n]+`|\]\([^)]*\)|^---\n.*?^---$", re.DOTALL | re.MULTILINE)
FORMS = {
    r"pre-train\w*": "pretraining, pretrained",
    r"finetun\w*|fine tun\w+": "fine-tuning, fine-tuned",
    r"data-?sets?\b(?<!data set)(?<!data sets)": "data set",
    r"unlabeled|labeled|labeling": "labelled",
    r"hold-out": "held-out",
    r"out of vocabulary words": "out-of-vocabulary words",
    r"hyperparameters?": "hyper-parameter, or setting",
    r"overfits?\b|overfitting": "over-fitting",
}


def test_the_spelling_of_prose_and_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", *SPELT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_term_has_one_form(page: Path) -> None:
    prose = CODE.sub(" ", page.read_text(encoding="utf-8"))
    for wrong, right in FORMS.items():
        found = re.findall(wrong, prose, re.IGNORECASE)
        assert not found, f"{page.name}: write {right} instead of {found}"


def test_a_wrong_form_would_be_found() -> None:
    for text in ("Pre-training", "a dataset", "unlabeled", "hyperparameters"):
        assert any(re.search(wrong, text, re.IGNORECASE) for wrong in FORMS), text
    assert not any(re.search(wrong, "a data set, two data sets", re.IGNORECASE) for wrong in FORMS)
