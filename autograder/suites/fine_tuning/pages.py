"""The pages of the book that the messages of this suite name. One place, so that a moved page is one edit."""

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
canary = "canary-suite-4b1e7c52"

FINE_TUNING = "reference/glossary.html#term-fine-tuning"
POOLING = "reference/glossary.html#term-pooling"
RATES = "reference/glossary.html#term-discriminative-learning-rates"
UNFREEZING = "reference/glossary.html#term-gradual-unfreezing"
FORGETTING = "reference/glossary.html#term-catastrophic-forgetting"
EXERCISE = "exercises/fine_tuning.html"
