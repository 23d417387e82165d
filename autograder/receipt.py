"""A verdict's receipt: digests of everything that the verdict depends on.

Two verdicts with the same receipt are the same, byte for byte. When a receipt changes, its parts say what
changed.
"""

import contextlib
import hashlib
import hmac
import json
import os
import platform
import secrets
import tempfile
from importlib.metadata import version
from pathlib import Path

from autograder import handed_in, limits
from autograder.course import REPOSITORY, Course
from autograder.faults import InfrastructureFault
from autograder.files import read_regular

SEED_BITS = 48
PACKAGES = (
    "torch",
    "numpy",
    "scikit-learn",
    "transformers",
    "gensim",
    "ipython",
    "matplotlib",
    "pytest",
    "nbformat",
)
LOST = "Put back a copy, or remove it to have a new one made: all is then graded anew, with other inputs."
PARTS = {
    "submission": "what was handed in",
    "release": "the released notebook",
    "suite": "the suite",
    "seed": "the course's secret seed",
    "limits": "the limits",
    "environment": "the installed packages, Python or the machine",
    "grader": "the grader's own code",
    "library": "the course's library, transfer_learning",
}


def of(course: Course, assignment: str, student: str, shared: dict[str, str] | None = None) -> dict[str, str]:
    """The receipt that a verdict on this submission has; ``shared`` is :func:`of_class`, if known."""
    shared = of_class(course, assignment) if shared is None else shared
    return {"submission": handed_in.digest(course, assignment, student), **shared}


def of_class(course: Course, assignment: str) -> dict[str, str]:
    """The parts that all submissions of an assignment share."""
    released = course.released(assignment)
    if not released.is_file():
        raise InfrastructureFault(
            f"'{assignment}' is not released yet. Run: python -m autograder release {assignment}"
        )
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    environment = [platform.python_version(), platform.machine(), *packages]
    return {
        "suite": _digest_of(course.suites / assignment),
        "release": hashlib.sha256(released.read_bytes()).hexdigest(),
        "seed": hmac.digest(secret(course), b"receipt", "sha256").hex(),
        "limits": _digest(json.dumps(limits.as_dict(), sort_keys=True)),
        "environment": _digest("\n".join(environment)),
        "grader": _digest_of(Path(__file__).parent, leave_out="suites"),
        "library": _digest_of(REPOSITORY / "transfer_learning"),
    }


def changes(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """What differs between two receipts, in words."""
    return [words for name, words in PARTS.items() if old.get(name) != new.get(name)]


def secret(course: Course) -> bytes:
    """The course's secret, which makes each submission's seed. Created once, readable by its owner only."""
    path = course.root / "secret_seed"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret_seed.")
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another grader was quicker: its secret counts
            os.link(name, path)
        Path(name).unlink()
    try:
        content = read_regular(path, 1000)
    except (OSError, ValueError) as error:
        raise InfrastructureFault(f"the course's secret, {path}, cannot be read: {error}. {LOST}") from error
    if len(content) < 32:
        raise InfrastructureFault(f"{path} is too short to be the course's secret. {LOST}")
    return content


def seed(course: Course, assignment: str, student: str, digest: str) -> int:
    """The seed of a submission's inputs: the same for the same file, unknown to the student.

    ``digest`` stands for what was handed in. A second attempt meets fresh inputs, so what the reports on many
    attempts tell cannot be put together.
    """
    mark = hmac.digest(secret(course), f"{assignment}\0{student}\0{digest}".encode(), "sha256")
    return int.from_bytes(mark, "big") >> (256 - SEED_BITS)


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_of(folder, leave_out=None):
    mark = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        if name.parts[0] != leave_out:
            mark.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return mark.hexdigest()
