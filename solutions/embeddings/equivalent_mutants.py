"""Changed solutions that behave as the solution does, with the reason; everything else the suite must catch."""

EQUIVALENT: dict[str, str] = {}
