"""The two kinds of fault, which must never be mixed up: the student's, and the grader's own."""

MESSAGE = 2000
"""Characters of a message that are kept. What comes from a student's process may be of any length."""
SHORT = 200
"""The same for a name or a line of code."""
KINDS = ("missing", "raised", "timeout", "memory", "died", "bad_value")


class InfrastructureFault(Exception):
    """The grader itself broke, not the student's code. Never a verdict: grading of that submission stops."""


class SuiteFault(InfrastructureFault):
    """The suite itself is wrong: it cannot be collected, or raised something that is no Mistake."""


class StudentFault(Exception):
    """A call of the student's code did not give a value.

    Attributes:
        kind: ``missing`` (no such function), ``raised``, ``timeout``, ``memory``, ``died`` or ``bad_value``.
        function: the name that was called.
        exception: for ``raised``, the exception's type name, else empty.
        message: the exception's message, or what is known about the fault.
        line: the last line of the student's own code that it came through, or empty.
        where: where that line is, or empty.
        rig: whether it was a call of the rig: the course's own helper met what the student's code made.
    """

    def __init__(self, kind, function, *, exception="", message="", line="", where="", rig=False):
        super().__init__(f"{function}: {kind} {exception[:SHORT]} {message[:MESSAGE]}".strip())
        self.kind = kind
        self.function = function
        self.exception = printable(exception[:SHORT])
        self.message = printable(message[:MESSAGE])
        self.line = printable(line[:SHORT])
        self.where = printable(where[:SHORT])
        self.rig = rig


def printable(text: str) -> str:
    """A student's text without what could steer a terminal or turn the line around."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)
