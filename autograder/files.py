"""Writing files so that nobody ever sees half of one, and reading what a student named without trust."""

import os
import stat
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace a file in one step. A link at its place is replaced, not followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:  # a full disk does not say where it is
            error.filename = str(path)
        raise


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write a file unless it holds this already; whether it was written."""
    if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
        return False
    write_atomically(path, content)
    return True


def read_state(path: Path) -> str | None:
    """The key under which a step was last done, or None."""
    return path.read_text(encoding="utf-8") if path.is_file() else None


def write_state(path: Path, key: str) -> None:
    """Remember the key under which a step was done."""
    write_atomically(path, key.encode())


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most this size; no link is followed and nothing blocks.

    Raises:
        OSError: it cannot be opened; ValueError: it is something else, or too large. The message says what.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        kind = os.fstat(handle)
        if not stat.S_ISREG(kind.st_mode):
            raise ValueError("it is not a file")
        if kind.st_size > most:
            raise ValueError(f"it is larger than {most} bytes")
        with open(handle, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(handle)
