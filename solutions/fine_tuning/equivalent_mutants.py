"""Changed solutions that behave as the solution does, with the reason; everything else the suite must catch."""

SAME_INT = "Python keeps one object for each small whole number, and epochs are few."

EQUIVALENT = {
    "fit: if best_epoch >= len(scores) - 1:": "No epoch is later than the last one.",
    "fit: if best_epoch is len(scores) - 1:": SAME_INT,
    "fit: elif len(scores) - 1 - best_epoch >= patience:": (
        "The number of epochs since the best grows by one, and patience is at least 1: it stops when they are equal."
    ),
    "fit: elif len(scores) - 1 - best_epoch is patience:": SAME_INT,
    "fit: for group, full_rate in zip(optimizer.param_groups, full_rates, strict=False):": (
        "The rates were read from the same groups, so there are as many."
    ),
    "forgetting: accuracies.append((groups[cosines.argmax(dim= 0)] == groups).float().mean().item())": (
        "The matrix of cosines is symmetric."
    ),
}
