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
    """What one submission may use.

    What it can take of the machine's memory at one moment, all ways together: ``memory``, the worker's own
    size again (some 0.5 GB, which it may overwrite), ``scratch``, and what pipes and socket pairs buffer (at
    most 8 MB of pipes, and ``open_files`` times 0.2 MB). That is 2.8 GB with the values below.
    """

    cell_seconds: float = 15.0
    """One notebook cell. Cells define functions; those tagged ``demo`` train on photos, and do not run."""
    call_seconds: float = 10.0
    """One call of a student's function. The suites' calls take milliseconds."""
    submission_seconds: float = 120.0
    """All cells and calls of a submission together, every fresh start included. Seconds of a core that one
    process may use: one more than this (RLIMIT_CPU)."""
    start_seconds: float = 90.0
    """The warm worker's imports, on a slow disk. Longer is a fault of the machine, not of a student."""
    fork_seconds: float = 20.0
    """From asking the warm worker for a fresh process to its first word."""
    deaths_per_function: int = 2
    """A function that ran out of time or died this often is not called again in this submission."""
    memory: int = 2 * 1024 * MEGABYTE
    """Memory above what the warm worker already holds: address space and data (RLIMIT_AS, RLIMIT_DATA)."""
    stack: int = 8 * MEGABYTE
    """The stack of the main thread (RLIMIT_STACK)."""
    file_size: int = 64 * MEGABYTE
    """One file (RLIMIT_FSIZE)."""
    scratch: int = 128 * MEGABYTE
    """All files in all scratch folders of the submission together (one tmpfs)."""
    scratch_files: int = 4096
    """Files and folders in all scratch folders together."""
    open_files: int = 256
    """File descriptors (RLIMIT_NOFILE)."""
    threads: int = 256
    """Threads (RLIMIT_NPROC). All of them run on one core."""
    waiting_signals: int = 64
    """Signals that wait to be delivered (RLIMIT_SIGPENDING)."""
    cell_text: int = 20_000
    """Characters of one cell's printed text that are kept; the rest is dropped."""
    cell_error: int = 10_000
    """Characters of one cell's exceptions that are kept, tracebacks included, whatever else was printed."""
    cell_pictures: int = 4
    """Pictures of one cell that are kept."""
    cell_outputs: int = 200
    """Pieces of output of one cell that are kept: stretches of text, results, pictures."""
    picture: int = 600_000
    """One picture as PNG, base64-encoded."""
    shown: int = 16 * MEGABYTE
    """Characters of the outputs of all cells together that are kept, pictures included."""


@dataclass(frozen=True)
class SubmissionLimits:
    """What a submitted file may be."""

    notebook: int = 20 * MEGABYTE
    """The notebook file."""
    cells: int = 1000
    """Cells in it."""
    values: int = 2_000_000
    """Lists, objects, their items and names together."""
    code: int = MEGABYTE
    """All code, as JSON, so that every cell fits into a message to the sandbox."""
    text: int = 200_000
    """Characters of one text cell; a page with more takes minutes to make."""
    digits: int = 18
    """Digits of one number."""


WIRE = WireLimits()
SANDBOX = SandboxLimits()
SUBMISSION = SubmissionLimits()


def as_dict() -> dict:
    """Every limit by name, for the key that says whether a verdict still holds."""
    return {"wire": asdict(WIRE), "sandbox": asdict(SANDBOX), "submission": asdict(SUBMISSION)}
