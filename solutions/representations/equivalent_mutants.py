"""Mutants of the reference solution that no suite can tell from it, each with the reason."""

CONVERGED = (
    "The fit has converged long before: no input of the suite needs a thousand steps."
)

EQUIVALENT = {
    "probe_accuracy: probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter= 1001))": CONVERGED,
    "probe_accuracy: probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter= 999))": CONVERGED,
    "recover_protected: probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter= 1001))": CONVERGED,
    "recover_protected: probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter= 999))": CONVERGED,
}
