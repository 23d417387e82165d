"""Row 26: files and names that are not what they seem."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from corpus.build import cells
from corpus.model import ASSIGNMENT, FULL, Attack, HandedIn, Place

NOTEBOOK = f"{ASSIGNMENT}.ipynb"


def neighbours(place: Place) -> Path:
    """The neighbour's submission."""
    return place.course / "submitted" / place.neighbour / ASSIGNMENT / NOTEBOOK


def arranged(arrange: Callable[[Place, Path], None], keep: bool = False):
    """A submission whose folder is arranged by a function; the notebook, if kept, earns nothing."""

    def build(place: Place) -> HandedIn:
        content = cells("pass")(place).notebook if keep else None
        return HandedIn(content, {}, lambda folder: arrange(place, folder))

    return build


def link_to_neighbour(place, folder):
    (folder / NOTEBOOK).symlink_to(neighbours(place))


def link_to_key(place, folder):
    (folder / NOTEBOOK).symlink_to(place.home / ".netrc")


def hard_link_to_key(place, folder):
    os.link(place.home / ".netrc", folder / NOTEBOOK)


def link_folder(place, folder):
    """The whole folder is the neighbour's."""
    folder.rmdir()
    folder.symlink_to(neighbours(place).parent)


def links_beside(place, folder):
    """Files beside the notebook that lead to what is not theirs."""
    (folder / "notes.txt").symlink_to(place.home / ".netrc")
    (folder / "friend.ipynb").symlink_to(neighbours(place))
    (folder / "everything").symlink_to(place.home)


def pipe(place, folder):
    os.mkfifo(folder / NOTEBOOK)


def pipe_beside(place, folder):
    os.mkfifo(folder / "data.csv")


def loop(place, folder):
    (folder / NOTEBOOK).symlink_to(NOTEBOOK)


def folder_as_notebook(place, folder):
    (folder / NOTEBOOK).mkdir()
    (folder / NOTEBOOK / NOTEBOOK).write_bytes(b"{}")


def endless_device(place, folder):
    (folder / NOTEBOOK).symlink_to("/dev/zero")


def archive(*members: tuple[str, bytes], compress: bool = True) -> bytes:
    """A zip file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as file:
        for name, content in members:
            file.writestr(name, content)
    return data.getvalue()


def zip_slip(place: Place) -> HandedIn:
    """Members that leave the folder in which they are unpacked."""
    names = [
        f"{'../' * ups}{name}"
        for ups in (1, 3, 6)
        for name in ("gradebook.db", f"submitted/{place.neighbour}/x")
    ]
    members = [(name, b"slipped") for name in [*names, str(place.drop / place.student)]]
    data = archive(*members)
    return HandedIn(cells("pass")(place).notebook, {"freezing.zip": data, "extra.zip": data})


def zip_bomb(place: Place) -> HandedIn:
    """50 MB of zeros, four times in each other, as the notebook and beside it."""
    data = archive(("zeros", bytes(50_000_000)))
    for _ in range(3):
        data = archive(*[(f"{number}.zip", data) for number in range(4)])
    return HandedIn(data, {"freezing.zip": data})


def escape_by_name(place: Place) -> HandedIn:
    """Right answers under names that are nearly the notebook's."""
    content = cells("pass", right=FULL)(place).notebook
    names = [
        "Freezing.ipynb",
        "freezing.ipynb ",
        "freezing.ipynb\n",
        "freezing.IPYNB",
        "\u202efreezing.ipynb",
        "-rf",
        "$(id).ipynb",
    ]
    return HandedIn(None, dict.fromkeys(names, content))


def many_files(place: Place) -> HandedIn:
    return HandedIn(cells("pass")(place).notebook, {f"deep/{'d/' * 20}{n}": b"x" for n in range(2000)})


def overwriting_names(place: Place) -> HandedIn:
    """Names that a grader writes itself."""
    names = ("gradebook.db", "timestamp.txt", "freezing.html", "grades.csv", "verdict.json", "manifest.json")
    return HandedIn(cells("pass")(place).notebook, dict.fromkeys(names, b"\xff\x00 15.0 = full points"))


def odd_student(number: int, student: str, title: str) -> Attack:
    """Right answers from a student whose id is no id."""
    return Attack(
        f"student-id-{number}",
        26,
        title,
        cells("pass", right=FULL),
        honest=FULL,
        expected={},
        graded=False,
        student=student,
    )


ATTACKS = [
    Attack(
        "link-to-neighbour",
        26,
        "the notebook is a link to a neighbour's",
        arranged(link_to_neighbour),
        refused=True,
    ),
    Attack(
        "link-to-key", 26, "the notebook is a link to the grader's key", arranged(link_to_key), refused=True
    ),
    Attack(
        "hard-link-to-key", 26, "the notebook is a hard link to it", arranged(hard_link_to_key), refused=True
    ),
    Attack(
        "link-folder",
        26,
        "the submission's folder is a link to a neighbour's",
        arranged(link_folder),
        refused=True,
    ),
    Attack(
        "links-beside",
        26,
        "links beside the notebook lead to keys and to a neighbour",
        arranged(links_beside, keep=True),
    ),
    Attack("pipe", 26, "the notebook is a pipe that nobody writes to", arranged(pipe), refused=True),
    Attack("pipe-beside", 26, "a pipe beside the notebook", arranged(pipe_beside, keep=True)),
    Attack("link-loop", 26, "the notebook is a link to itself", arranged(loop), refused=True),
    Attack(
        "endless-device",
        26,
        "the notebook is a link to a device without end",
        arranged(endless_device),
        refused=True,
    ),
    Attack("folder-as-notebook", 26, "the notebook is a folder", arranged(folder_as_notebook), refused=True),
    Attack("zip-slip", 26, "archives whose members leave the folder", zip_slip),
    Attack("zip-bomb", 26, "an archive of archives in the notebook's place", zip_bomb, refused=True),
    Attack(
        "near-names",
        26,
        "right answers under names that are nearly right",
        escape_by_name,
        honest=FULL,
        expected={},
        refused=True,
    ),
    Attack("many-files", 26, "two thousand files in a deep folder", many_files),
    Attack("graders-names", 26, "files with the names that a grader writes", overwriting_names),
    odd_student(1, "-rf --help", "a student id that is an option"),
    odd_student(2, "$(touch pwned); `id`", "a student id that is a shell command"),
    odd_student(3, "a\u202eb\u200b\nc", "a student id with direction marks and a line break"),
    odd_student(4, "..%2f..%2f", "a student id that leads upwards"),
    odd_student(5, "+ + ' or 1=1 --", "a student id that is a piece of SQL"),
]
