"""Changed solutions that behave as the solution does, with the reason; everything else the suite must catch."""

EQUIVALENT = {
    "weighted_mean: return total / weight_sum if weight_sum != 0 else total": (
        "Weights are never negative, so their sum is above 0 whenever it is not 0."
    ),
    "classify: model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter= 1001))": (
        "The solver stops long before its thousandth step."
    ),
    "classify: model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter= 999))": (
        "The solver stops long before its thousandth step."
    ),
    "tuned_baseline: make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter= 1001)),": (
        "The solver stops long before its thousandth step."
    ),
    "tuned_baseline: make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter= 999)),": (
        "The solver stops long before its thousandth step."
    ),
}
