"""The pages of the book that the messages of this suite name. One place, so that a moved page is one edit."""

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
canary = "canary-suite-4b1e7c52"

FROZEN = "reference/glossary.html#term-frozen"
HEAD = "reference/glossary.html#term-head"
BACKBONE = "reference/glossary.html#term-backbone"
FEATURE_EXTRACTION = "reference/glossary.html#term-feature-extraction"
BATCHNORM = "reference/glossary.html#term-BatchNorm"
UNFREEZING = "reference/glossary.html#term-gradual-unfreezing"
EXERCISE = "exercises/freezing.html"
