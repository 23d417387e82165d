"""How the grader plugs into nbgrader: the configuration, and (below) what takes the place of nbgrader's Execute."""

import logging
import os
import sys
from pathlib import Path

from traitlets.config import Config

from autograder.course import Course


def config(course: Course) -> Config:
    """nbgrader's configuration for a course."""
    c = Config()
    c.CourseDirectory.root = str(course.root)
    return c


def api(course: Course):
    """nbgrader's own API, working on this course; it keeps its log to itself."""
    from nbgrader.apps import NbGraderAPI

    _find_alembic()
    course.root.mkdir(parents=True, exist_ok=True)
    made = NbGraderAPI(config=config(course))
    made.log_level = logging.ERROR
    return made


def _find_alembic():
    """nbgrader runs ``alembic`` by name when it makes a gradebook; it may be only beside this Python."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])
