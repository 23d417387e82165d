"""The pages of the book that the messages of this suite name. One place, so that a moved page is one edit."""

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

PRETRAINING = "reference/glossary.html#term-pretraining"
UNKNOWN_WORD = "reference/glossary.html#term-out-of-vocabulary"
EMBEDDING = "reference/glossary.html#term-embedding"
POOLING = "reference/glossary.html#term-pooling"
BASELINE = "reference/glossary.html#term-baseline"
HELD_OUT = "reference/glossary.html#term-held-out"
EXERCISE = "exercises/pretraining.html"
