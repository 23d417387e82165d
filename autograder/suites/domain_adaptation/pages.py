"""The pages of the book that the messages of this suite name. One place, so that a moved page is one edit."""

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

ADAPTATION = "reference/glossary.html#term-domain-adaptation"
SHIFT = "reference/glossary.html#term-domain-shift"
HELD_OUT = "reference/glossary.html#term-held-out"
NEGATIVE_TRANSFER = "reference/glossary.html#term-negative-transfer"
EXERCISE = "exercises/domain_adaptation.html"
