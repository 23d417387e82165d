"""nbgrader's configuration: the course in _build/course, graded in our sandbox, not in a kernel.

Options of your own, such as a penalty for late work, go below, or into a file of this name in the course's
folder. nbgrader's commands, formgrader and ``autograder grade`` all read both.
"""

from autograder.course import Course
from autograder.nbgrader_plugin import configure

c = get_config()  # noqa: F821 (traitlets puts get_config here)
configure(c, Course.here())
