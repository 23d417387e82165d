"""A folder in the student's process for the length of a test."""

import contextlib
from collections.abc import Iterator

from autograder.faults import StudentFault
from autograder.player import Player

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"


@contextlib.contextmanager
def room(student: Player) -> Iterator[None]:
    """A new room: folders, current and temporary files are made in it. Left afterwards."""
    student.rig("enter_room")
    try:
        yield
    finally:
        with contextlib.suppress(StudentFault):
            student.rig("leave_room")


@contextlib.contextmanager
def folder(student: Player) -> Iterator[object]:
    """The path of a new folder, gone afterwards. If the process has ended, the folder went with it."""
    path = student.rig("make_folder")
    try:
        yield path
    finally:
        with contextlib.suppress(StudentFault):
            student.rig("remove_folder", path)
