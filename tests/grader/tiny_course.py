"""The tiny course that the grader's tests grade."""

from pathlib import Path

from autograder.course import Course

FIXTURE = Path(__file__).parent / "fixture_assignment"


def make_course(folder: Path) -> Course:
    """A course that generates into this folder, with the tiny assignment's own sources and suites."""
    return Course(
        root=folder / "course",
        solutions=FIXTURE / "solutions",
        suites=FIXTURE / "suites",
        exercises=folder / "exercises",
        assets=folder / "assets",
    )
