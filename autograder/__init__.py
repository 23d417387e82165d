"""The grader of the course. A notebook needs ``from autograder import checks; check = checks("freezing")``.

This file stays light: it is what a student's notebook imports.
"""

from autograder.check import CheckFailed, checks

__all__ = ["CheckFailed", "checks"]
