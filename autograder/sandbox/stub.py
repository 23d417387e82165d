"""What ``from autograder import checks`` finds inside the sandbox: checks that do nothing.

At grading the checks run on the trusted side. The notebook's own line must still work.
"""


class CheckFailed(Exception):
    """Never raised here."""


def checks(assignment, namespace=None):
    """A check function that does nothing."""

    def check(task):
        return None

    return check
