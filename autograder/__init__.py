"""The grader of the course. In a notebook: ``from autograder import checks`` and ``check = checks("freezing")``.

This file stays light: it is what a student's notebook imports.
"""

from autograder.check import CheckFailed, checks

__all__ = ["CheckFailed", "checks"]
