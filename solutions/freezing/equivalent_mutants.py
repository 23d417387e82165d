"""Mutants of the reference solution that no suite can tell from it, each with the reason: there is none."""

EQUIVALENT: dict[str, str] = {}
