"""What students get works alone: unpacked in a folder, its wheel installed, the repository out of reach."""

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
import student_bundle
from graded_here import ASSIGNMENTS

from autograder.course import REPOSITORY
from autograder.release import REGION

OWN = {"autograder", "transfer_learning"}
RUN = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True).execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The bundle, unpacked as a student would."""
    folder = tmp_path_factory.mktemp("student")
    with zipfile.ZipFile(student_bundle.build(folder / "student-bundle.zip")) as archive:
        archive.extractall(folder)
    return folder / student_bundle.FOLDER


@pytest.fixture(scope="module")
def wheel(unpacked) -> Path:
    [path] = unpacked.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(unpacked, wheel) -> Path:
    """An environment in which only the wheel has the course. Other packages are those of this environment,
    so that nothing is downloaded; that the wheel names all it needs is a test of its own."""
    folder = unpacked / ".venv"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    [packages] = folder.glob("lib/*/site-packages")
    # A folder in a .pth file gives its packages; its own .pth files, the repository's, do not count.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-index", "--ignore-installed", str(wheel)], check=True)
    return python


def run(python: Path, *arguments: str, cwd: Path) -> str:
    """What a command of the student's Python prints."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    assets = REPOSITORY / "_build" / "assets"
    environment |= {"TRANSFER_LEARNING_ASSETS": os.environ.get("TRANSFER_LEARNING_ASSETS", str(assets))}
    done = subprocess.run(
        [str(python), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_bundle_holds_every_notebook_and_how_to_start(unpacked):
    names = {path.name for path in unpacked.iterdir()} - {".venv"}
    assert {f"{name}.ipynb" for name in ASSIGNMENTS} | {"README.md", "LICENSE", "LICENSE-CONTENT"} == {
        name for name in names if not name.endswith(".whl")
    }
    readme = (unpacked / "README.md").read_text(encoding="utf-8")
    assert "pip install" in readme and "インストール" in readme


def test_the_same_course_gives_the_same_zip(unpacked, tmp_path):
    again = student_bundle.build(tmp_path / "again.zip")
    assert again.read_bytes() == (unpacked.parent / "student-bundle.zip").read_bytes()


def test_the_repository_is_out_of_reach(python, tmp_path):
    where = run(
        python, "-c", "import autograder, transfer_learning as t; print(autograder.__file__, t.__file__)",
        cwd=tmp_path,
    )  # fmt: skip
    assert str(REPOSITORY) not in where
    assert where.count("site-packages") == 2


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_solved_notebook_passes_every_check(python, unpacked, tmp_path, name):
    """The notebook as students get it, with the reference solution written into its cells, without demos."""
    notebook = nbformat.read(unpacked / f"{name}.ipynb", as_version=4)
    solved = ASSIGNMENTS[name].solutions()
    notebook.cells = [cell for cell in notebook.cells if "demo" not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code" and grade_id in solved:
            cell.source = solved[grade_id]
    path = tmp_path / f"{name}.ipynb"
    nbformat.write(notebook, path)
    run(python, "-c", RUN, str(path), str(path), cwd=tmp_path)
    done = nbformat.read(path, as_version=4)
    for cell in done.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", (cell.source, output.evalue)
    shown = json.dumps(done)
    assert all(f"{task}: " in shown for task in ASSIGNMENTS[name].tasks) and "FAILED" not in shown


def test_the_install_cell_does_nothing_where_the_course_is_installed(unpacked):
    for name in ASSIGNMENTS:
        notebook = nbformat.read(unpacked / f"{name}.ipynb", as_version=4)
        first = next(cell for cell in notebook.cells if cell.cell_type == "code")
        assert 'find_spec("autograder") is None' in first.source
        assert "demo" in first.metadata.tags, "graders do not run it"
        compile(first.source, "install", "exec")


def test_the_wheel_names_all_packages_that_it_and_the_notebooks_import(unpacked, wheel):
    with zipfile.ZipFile(wheel) as archive:
        [info] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        required = Parser().parsestr(archive.read(info).decode()).get_all("Requires-Dist")
        sources = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")]
    for path in unpacked.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        sources += [cell.source for cell in cells if cell.cell_type == "code"]
    needed = {name for source in sources for name in imported(source)} - OWN - set(sys.stdlib_module_names)
    named = {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in required}
    neighbours = {path.stem for path in (REPOSITORY / "autograder" / "suites").glob("*/*.py")}
    distributions = metadata.packages_distributions()
    missing = {
        module
        for module in needed - neighbours
        if not {one.lower() for one in distributions.get(module, [])} & named
    }
    assert missing == set()


def imported(source: str) -> set[str]:
    """The top names of what a source imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def test_no_mark_of_what_must_not_go_out_is_in_the_bundle(unpacked, wheel):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", errors="replace")
            assert "canary-" not in text.lower() and not REGION.search(text), name


def test_asking_for_data_that_is_not_there_says_how_to_fetch_it(python, tmp_path):
    code = (
        "import os; os.environ['TRANSFER_LEARNING_ASSETS'] = 'nowhere'\n"
        "from transfer_learning.models import load_word_vectors\n"
        "try: load_word_vectors()\n"
        "except Exception as error: print(error)"
    )
    assert "python -m transfer_learning.assets fetch glove-6b-50d" in run(python, "-c", code, cwd=tmp_path)
