"""Mutants of a solution: what the audit of the suites (``make audit-suites``) grades."""

from graded_here import Assignment
from mutants import Mutant, changed_line, mutants


class Tiny(Assignment):
    """An assignment with one solution cell, for the mutants alone."""

    def __init__(self, source: str) -> None:
        self.source = source

    def solutions(self) -> dict[str, str]:
        return {"total-solution": self.source}


def test_mutants_change_one_line_each_and_are_python():
    source = "def total(values):\n    found = 0\n    for value in values:\n        found += value + 1\n"
    source += "    return found"
    found = list(mutants(Tiny(source)))
    assert Mutant("total", source.replace("value + 1", "value - 1") + "\n", "found += value - 1") in found
    assert "total: for value in []:" in {mutant.name for mutant in found}
    assert len({mutant.source for mutant in found}) == len(found)
    assert all(mutant.source.strip() != source for mutant in found)


def test_the_line_that_went_names_a_mutant_without_it():
    assert changed_line("@once\ndef f():\n    pass\n", "def f():\n    pass\n") == "@once"
    assert changed_line("@once\ndef f():\n    pass\n", "\ndef f():\n    pass\n") == "@once"
    assert changed_line("a\nb\n", "a\nc\n") == "c"
    assert changed_line("a\n\n@once\ndef f():\n    pass\n", "a\ndef f():\n    pass\n") == "@once"
