"""The pages of the book that the messages of this suite name. One place, so that a moved page is one edit."""

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
CANARY = "canary-suite-4b1e7c52"

EXERCISE = "exercises/embeddings.html"
EMBEDDING = "reference/glossary.html#term-embedding"
POOLING = "reference/glossary.html#term-pooling"
OUT_OF_VOCABULARY = "reference/glossary.html#term-out-of-vocabulary"
HELD_OUT = "reference/glossary.html#term-held-out"
BASELINE = "reference/glossary.html#term-baseline"
LABEL_EFFICIENCY = "reference/glossary.html#term-label-efficiency"
