"""The attack corpus: every attack and every honest twin, as data. README.md says how to add one."""

from corpus import (
    deserialisation,
    files,
    forging,
    instructor_side,
    lying_objects,
    notebook_shape,
    reading,
    resources,
    startup,
    twins,
)
from corpus.model import Attack, Twin

SECTIONS = (
    reading,
    forging,
    lying_objects,
    deserialisation,
    startup,
    notebook_shape,
    files,
    resources,
    instructor_side,
)
ATTACKS: list[Attack] = sorted(
    (attack for section in SECTIONS for attack in section.ATTACKS), key=lambda attack: attack.row
)
TWINS: list[Twin] = sorted(twins.TWINS, key=lambda twin: twin.row)
ROWS = range(1, 31)
"""The rows of the catalogue in README.md."""
