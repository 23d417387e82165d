"""Landlock: the kernel refuses every file outside a short list, whatever the mounts show.

Own code, since what PyPI has is a development release (landlock 1.0.0.dev5) and an alpha one (py-landlock
0.1.1), and this is three system calls. Kernels before 5.13 have none of it, and some have it switched off.
"""

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox import kernel

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
ONLY_ASK_VERSION = 1
PATH_BENEATH = 1

WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
REFER, TRUNCATE = 1 << 13, 1 << 14
READ = READ_FILE | READ_DIR
# Not in it: sockets, FIFOs and devices, running programs, ioctl on devices.
KEEP = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
OF_A_FILE = WRITE_FILE | READ_FILE | TRUNCATE
TCP = 0b11  # bind, connect
OUTSIDE = 0b11  # abstract Unix sockets, signals


def version() -> int:
    """What this kernel's Landlock can do, as its ABI number; 0 when there is none."""
    try:
        return kernel.call("landlock", CREATE_RULESET, None, 0, ONLY_ASK_VERSION)
    except OSError:
        return 0


def restrict(readable: Iterable[str], writable: Iterable[str]) -> int:
    """Refuse this process all files but these and what lies below them, for good.

    From ABI 4 on TCP is refused too, from 6 on signals and abstract sockets to processes outside.

    Returns:
        the ABI number; 0 when this kernel has no Landlock, and nothing was done.
    """
    abi = version()
    if not abi:
        return 0
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = kernel.call("landlock", CREATE_RULESET, struct.pack("=QQQ", files, TCP, OUTSIDE)[:size], size, 0)
    try:
        for paths, rights in ((readable, READ), (writable, KEEP)):
            for path in paths:
                _allow(rules, path, rights & files)
        kernel.call("landlock", RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
    return abi


def _allow(rules, path, rights):
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not Path(path).is_dir():
            rights &= OF_A_FILE
        kernel.call("landlock", ADD_RULE, rules, PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)
