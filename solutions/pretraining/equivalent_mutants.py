"""Changed solutions that behave as the solution does, with the reason; everything else the suite must catch."""

EQUIVALENT = {
    "train_vectors: def train_vectors(corpus, kind, /, vector_size, window, min_count, epochs, seed, bucket):": (
        "The settings are given by name, which both signatures allow."
    ),
    'train_vectors: if kind <= "fasttext":': (
        "There are two kinds, and of these only fasttext is not after itself in the alphabet."
    ),
    'gamma_of: spread = variance if rule >= "variance" else variance**0.5': (
        "There are two rules, and of these only variance is not before itself in the alphabet."
    ),
    "run_baseline: return float((answers == test_labels).mean()), confusion, len(set(answers)) <= 1": (
        "Without any test text there is no accuracy, so there is at least one answer."
    ),
}
