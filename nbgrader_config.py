"""nbgrader's configuration: the course in _build/course, graded in our sandbox, not in a kernel."""

from autograder.course import Course
from autograder.nbgrader_plugin import configure

configure(get_config(), Course.here())  # noqa: F821 (traitlets puts get_config here)
