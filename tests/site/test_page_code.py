"""The code on pages is code: linted like any other, on lines that are not too long for a page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from build_site import pages_of

ROOT = Path(__file__).resolve().parents[2]
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n)?(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = pages_of(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
# A cell may import what it needs, in any order, and may end with a value, or a semicolon not to show it.
IGNORED = "E402,E703,B018,F811,I001"


def code_of(page: str) -> list[str]:
    return CELL.findall((ROOT / "book" / f"{page}.md").read_text(encoding="utf-8"))


WITH_CODE = [page for page in PAGES if code_of(page)]


def test_cells_are_found() -> None:
    assert "background/definition" in WITH_CODE


@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_is_linted(page: str, tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    file.write_text("\n\n".join(code_of(page)), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--quiet", "--line-length", "100", "--ignore", IGNORED]
    done = subprocess.run([*ruff, file], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
