"""Mutants of the reference solution that no suite can tell from it, each with the reason."""

CONVERGED = (
    "The fit has converged long before: no input of the suite needs a thousand steps."
)

EQUIVALENT = {
    "probe_accuracy: probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter= 1001))": CONVERGED,
    "probe_accuracy: probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter= 999))": CONVERGED,
    "recover_protected: probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter= 1001))": CONVERGED,
    "recover_protected: probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter= 999))": CONVERGED,
    "permutation_p: return difference > scores_x.mean() - scores_y.mean() - 1e-9": (
        "No difference lies below the observed one by exactly a billionth."
    ),
    "error_gaps: wrong = predictions[members] == label": (
        "Where a group's rate of errors is large, its rate of right answers is as much smaller: the gap is the same."
    ),
}
