"""The pages of the book that the messages of this suite name. One place, so that a moved page is one edit."""

# canary-suite-4b1e7c52: not one page, notebook or file that goes out may hold this.
canary = "canary-suite-4b1e7c52"

EXERCISE = "exercises/representations.html"
HELD_OUT = "reference/glossary.html#term-held-out"
EMBEDDING = "reference/glossary.html#term-embedding"
GENERAL = "reference/glossary.html#term-general-language-representation"
DISCUSSION = "discussion/index.html"
