"""Small changes to a reference solution, made with Cosmic Ray: a suite must notice each that matters."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from cosmic_ray import plugins
from cosmic_ray.mutating import mutate_code
from graded_here import Assignment


@dataclass(frozen=True)
class Mutant:
    """One change to one task's solution.

    Attributes:
        task: its name.
        source: the whole changed cell.
        line: the changed line, stripped; that is how ``equivalent_mutants.py`` names it.
    """

    task: str
    source: str
    line: str

    @property
    def name(self) -> str:
        """How ``equivalent_mutants.py`` calls it."""
        return f"{self.task}: {self.line}"


def mutants(assignment: Assignment) -> Iterator[Mutant]:
    """Every mutant of every task that still is Python, each once."""
    for cell, source in assignment.solutions().items():
        task, original = cell.removesuffix("-solution"), source + "\n"
        known = {original}
        for operator in operators():
            for changed in occurrences(original, operator):
                if changed not in known and is_python(changed):
                    known.add(changed)
                    yield Mutant(task, changed, changed_line(original, changed))


def operators() -> list:
    """Cosmic Ray's operators, but for the two that must be told which variables to take."""
    kinds = (plugins.get_operator(name) for name in plugins.operator_names())
    return [kind() for kind in kinds if not any(True for _ in getattr(kind, "arguments", tuple)())]


def occurrences(source: str, operator) -> Iterator[str]:
    """The source with the operator applied at each place where it can be."""
    place = 0
    while (changed := mutate_code(source, operator, place)) is not None:
        yield changed
        place += 1


def is_python(source: str) -> bool:
    """Whether it can be compiled."""
    try:
        with warnings.catch_warnings(action="ignore"):  # such as "is" with a number
            compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def changed_line(original: str, changed: str) -> str:
    """The first line of ``changed`` that differs; where a line is gone, the one that went."""
    old, new = original.splitlines(), changed.splitlines()
    if gone := max(0, len(old) - len(new)):
        place = next(i for i, (a, b) in enumerate(zip(old, [*new, None], strict=False)) if a != b)
        return next(line.strip() for line in old[place : place + gone] if line.strip())
    before, after = next((a, b) for a, b in zip([*old, ""], new, strict=False) if a != b)
    return (after.strip() or before).strip()
