"""How the grader plugs into nbgrader: its configuration, and what takes the place of its autograde step.

With :func:`configure` in ``nbgrader_config.py``, ``nbgrader autograde``, formgrader's button and nbgrader's
API do what ``autograder grade`` does, by the same function. nbgrader still does the rest: the gradebook,
manual grades, late penalties, feedback, exports.
"""

import fnmatch
import io
import logging
import os
import sys
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde, NbGraderException
from rich.console import Console
from traitlets import Any
from traitlets.config import Config, PyFileConfigLoader
from traitlets.log import get_logger

from autograder import pages
from autograder.course import REPOSITORY, Course
from autograder.faults import InfrastructureFault

CONFIG = "nbgrader_config.py"
NOT_GRADED = "not graded"


def configure(c: Config, course: Course) -> None:
    """Set nbgrader's configuration for a course."""
    _find_alembic()
    _replace_autograde()
    c.CourseDirectory.root = str(course.root)
    c.SandboxedAutograde.course = course
    c.Autograde.exporter_class = VerdictExporter
    pages.configure(c)


def api(course: Course):
    """nbgrader's own API, working on this course, with the configuration that nbgrader's commands have.

    It keeps its log to itself, and leaves that of an nbgrader command that is running alone.
    """
    from nbgrader.apps import NbGraderAPI

    course.root.mkdir(parents=True, exist_ok=True)
    own, shared = logging.getLogger("autograder.nbgrader"), get_logger()
    if not own.handlers:
        own.addHandler(logging.NullHandler())
        own.propagate = False
    level = shared.level
    made = NbGraderAPI(config=_config_of(course), log=own)
    shared.setLevel(level)
    made.log_level = logging.ERROR
    return made


def _config_of(course):
    """What the course's configuration files say: the repository's, and the one in the course's root."""
    c = Config()
    if course == Course.here():
        c.merge(PyFileConfigLoader(CONFIG, path=str(REPOSITORY)).load_config())
    else:
        configure(c, course)
    if (course.root / CONFIG).is_file():
        c.merge(PyFileConfigLoader(CONFIG, path=str(course.root)).load_config())
    return c


def _find_alembic():
    """nbgrader runs ``alembic`` by name when it makes a gradebook; it may be only beside this Python."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])


def _replace_autograde():
    """Have nbgrader's command and its API make our class.

    Both name the class in their code. There is no option for it, and the options that there are (exporter,
    preprocessors, hooks) come too late: nbgrader has by then left out submissions without a notebook, copied
    whatever else was handed in, and removed earlier results.
    """
    from nbgrader.apps import api, autogradeapp

    for module in (api, autogradeapp):
        module.Autograde = SandboxedAutograde


class SandboxedAutograde(Autograde):
    """nbgrader's autograde step: grades what its options select, in the sandbox.

    Without a course it is nbgrader's own: then the configuration is not ours.
    """

    course = Any(help="the course, an autograder.course.Course").tag(config=True)

    def start(self) -> None:
        """Grade.

        Raises:
            NbGraderException: nothing was selected, or some of it could not be graded. The message, and the
                log, name who and why. Nothing was written for them, and what they had stays.
        """
        if self.course is None:
            super().start()
            return
        assignment = self.coursedir.assignment_id
        self._check_options(assignment)
        students, faults = self._selected(assignment)
        if students:
            try:
                faults |= self._grade(assignment, students)
            except InfrastructureFault as fault:
                self._fail(f"Nothing more was graded: {fault}")
        if faults:
            told = [f"nothing was written for {student}: {fault}" for student, fault in faults.items()]
            self._fail("\n".join(told))

    def _fail(self, message):
        for line in message.split("\n"):
            self.log.error(line)
        raise NbGraderException(message)

    def _check_options(self, assignment):
        """Refuse what cannot be done, so that nobody believes it was."""
        directory = self.coursedir
        if assignment not in self.course.assignments():
            known = ", ".join(self.course.assignments()) or "none"
            self._fail(f"There is no suite for '{assignment}', so it cannot be graded. There is: {known}")
        if not fnmatch.fnmatchcase(assignment, directory.notebook_id):
            self._fail(f"No notebook matches '{directory.notebook_id}': '{assignment}' has one, {assignment}")
        ours = {
            "root": str(self.course.root),
            "db_url": f"sqlite:///{self.course.root / 'gradebook.db'}",
            "submitted_directory": "submitted",
            "autograded_directory": "autograded",
            "directory_structure": str(Path("{nbgrader_step}", "{student_id}", "{assignment_id}")),
        }
        for name, value in ours.items():
            if getattr(directory, name) != value:
                self._fail(f"CourseDirectory.{name} must be {value}, but it is {getattr(directory, name)}")
        if self.config.Execute.get("enabled", True) is False:
            self.log.warning("--no-execute means nothing here: outputs that were handed in never count.")

    def _selected(self, assignment):
        """The students to grade, and those who were selected but cannot be, with the reason."""
        from autograder import handed_in

        fit, unfit = handed_in.ids(self.course, assignment)
        unfit = {folder.name: folder for folder in unfit}
        pattern = self.coursedir.student_id
        excluded = self.coursedir.student_id_exclude.split(",")
        # A folder may have a name that is a pattern: formgrader's button for it must not mean others.
        names = [pattern] if pattern in unfit else fnmatch.filter([*fit, *unfit], pattern)
        names = [name for name in names if name not in excluded]
        if not names:
            self._fail(f"There is no submission of '{assignment}' for '{pattern}' in {self.course.root}")
        faults = {
            handed_in.shown(name): "the name of its folder cannot be a student's id: "
            "letters, digits and . _ @ - only; rename it"
            for name in names
            if name in unfit
        }
        students = [name for name in names if name in fit]
        if not self.create_student:
            unknown = self._unknown(students)
            faults |= dict.fromkeys(unknown, "there is no such student in the gradebook")
            students = [name for name in students if name not in unknown]
        return students, faults

    def _unknown(self, students):
        from nbgrader.api import Gradebook

        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as book:
            known = {student.id for student in book.students}
        return [student for student in students if student not in known]

    def _grade(self, assignment, students):
        """Grade these students; who could not be graded, with the reason."""
        from autograder import classroom

        console = Console(file=_LogLines(self.log), soft_wrap=True, highlight=False)
        done = classroom.grade(
            self.course, assignment, console, students, again=self.force, config=self.config
        )
        self.log.info(f"{assignment}: {done.graded} graded, {done.unchanged} unchanged")
        return {student: fault for student, fault in done.faults.items() if student in students}


class VerdictExporter(NotebookExporter):
    """Makes nothing. It stands where nbgrader's own way would begin, and stops it before anything is lost.

    Scores come from verdicts alone. This is reached only when some other version of nbgrader starts its own
    autograde step, which would run students' code outside the sandbox.
    """

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        raise InfrastructureFault(
            "nbgrader would grade by itself, outside the sandbox, so nothing was written. "
            "Use the version of nbgrader that is in requirements.txt."
        )


class _LogLines(io.TextIOBase):
    """A file for a console whose lines go into a log. What is said of faults is left to the caller."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip() and not line.startswith(NOT_GRADED):
                self._log.info(line.rstrip())
        return len(text)
