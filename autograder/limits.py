"""Every limit of the grader, in one place. A change here regrades every submission.

Sizes are in bytes, times in seconds of wall clock.
"""

from dataclasses import asdict, dataclass

MEGABYTE = 1024**2


@dataclass(frozen=True)
class WireLimits:
    """What one message between the grader and the student's process may hold."""

    header: int = 4 * MEGABYTE
    """The JSON part. Also what holds the outputs of a cell, pictures included."""
    tensors: int = 128 * MEGABYTE
    """The raw bytes of all tensors and arrays together."""
    depth: int = 32
    """Lists and dictionaries inside each other."""
    nodes: int = 100_000
    """Values, list items and dictionary items together."""
    integer_bits: int = 64
    """Larger integers are refused: nothing needs them, and printing them costs quadratic time."""


@dataclass(frozen=True)
class SandboxLimits:
    """What one submission may use."""

    cell_seconds: float = 15.0
    """One notebook cell. Cells define functions; those tagged ``demo`` train on photos, and do not run."""
    call_seconds: float = 10.0
    """One call of a student's function. The suites' calls take milliseconds."""
    submission_seconds: float = 120.0
    """All cells and calls of a submission together, every fresh start included."""
    start_seconds: float = 90.0
    """The warm worker's imports, on a slow disk. Longer is a fault of the machine, not of a student."""
    fork_seconds: float = 20.0
    """From asking the warm worker for a fresh process to its first word."""
    deaths_per_function: int = 2
    """A function that ran out of time or died this often is not called again in this submission."""
    memory: int = 2 * 1024 * MEGABYTE
    """Address space above what the warm worker already holds (RLIMIT_AS)."""
    file_size: int = 64 * MEGABYTE
    """One file (RLIMIT_FSIZE)."""
    scratch: int = 128 * MEGABYTE
    """All files in each of the submission's own scratch folders (tmpfs)."""
    scratch_files: int = 4096
    """How many files there may be in each scratch folder."""
    open_files: int = 256
    """File descriptors (RLIMIT_NOFILE)."""
    threads: int = 256
    """Threads (RLIMIT_NPROC). Linux does not hold root to it: grade as an ordinary user where you can."""
    cell_text: int = 20_000
    """Characters of one cell's printed text that are kept; the rest is dropped."""
    cell_pictures: int = 4
    """Pictures of one cell that are kept."""
    picture: int = 600_000
    """One picture as PNG, base64-encoded."""


@dataclass(frozen=True)
class SubmissionLimits:
    """What a submitted file may be."""

    notebook: int = 20 * MEGABYTE
    """The notebook file."""
    cells: int = 1000
    """Cells in it."""


WIRE = WireLimits()
SANDBOX = SandboxLimits()
SUBMISSION = SubmissionLimits()


def as_dict() -> dict:
    """Every limit by name, for the key that says whether a verdict still holds."""
    return {"wire": asdict(WIRE), "sandbox": asdict(SANDBOX), "submission": asdict(SUBMISSION)}
