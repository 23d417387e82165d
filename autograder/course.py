"""Where everything of a course is. The repository's course is ``Course.here()``; tests make their own."""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SUITES = Path(__file__).resolve().parent / "suites"


@dataclass(frozen=True)
class Course:
    """The folders of a course.

    Attributes:
        root: nbgrader's course root: ``source/ release/ submitted/ autograded/ feedback/ ...``, generated.
        solutions: one folder per assignment with its text source.
        suites: one folder per assignment with its rig and its tests.
        exercises: where released notebooks are put for students.
        assets: data and models that the sandbox may read.
    """

    root: Path
    solutions: Path
    suites: Path
    exercises: Path
    assets: Path

    @classmethod
    def here(cls) -> "Course":
        """The course of this repository.

        ``TRANSFER_LEARNING_COURSE`` names the folder of a class; without it, it is that of the sample class.
        """
        build = REPOSITORY / "_build"
        return cls(
            root=Path(os.environ.get("TRANSFER_LEARNING_COURSE") or build / "course").absolute(),
            solutions=REPOSITORY / "solutions",
            suites=SUITES,
            exercises=REPOSITORY / "exercises",
            assets=Path(os.environ.get("TRANSFER_LEARNING_ASSETS", build / "assets")),
        )

    def assignments(self) -> list[str]:
        """The names of all assignments: the folders of ``solutions/`` with a source of that name."""
        return sorted(
            path.parent.name for path in self.solutions.glob("*/*.py") if path.stem == path.parent.name
        )

    def source_text(self, assignment: str) -> Path:
        """The text source with solutions."""
        return self.solutions / assignment / f"{assignment}.py"

    def released(self, assignment: str) -> Path:
        """The notebook that students get, in nbgrader's release folder."""
        return self.root / "release" / assignment / f"{assignment}.ipynb"

    def submissions(self, assignment: str) -> list[str]:
        """The ids of the students who handed in a folder for the assignment, sorted."""
        return sorted(path.parent.name for path in (self.root / "submitted").glob(f"*/{assignment}"))

    def submitted(self, assignment: str, student: str) -> Path:
        """The notebook that a student should have handed in. It may be missing, or anything else."""
        return self.root / "submitted" / student / assignment / f"{assignment}.ipynb"

    @property
    def ledger(self) -> Path:
        """The ledger of all verdicts."""
        return self.root / "ledger.db"
