"""nbgrader's configuration: the course in _build/course, graded by our sandbox instead of the student's own kernel."""

from autograder.course import Course
from autograder.nbgrader_plugin import configure

configure(get_config(), Course.here())  # noqa: F821 (traitlets puts get_config here)
