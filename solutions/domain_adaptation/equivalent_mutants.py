"""Changes to the reference solution that change nothing, with the reason."""

EQUIVALENT = {
    "proxy_a_distance: wrong_source = np.mean(classifier.predict(source[1::2]) > 0)": "predictions are 0 or 1, so 'not 0' and 'above 0' are the same",
    "proxy_a_distance: wrong_target = np.mean(classifier.predict(target[1::2]) < 1)": "predictions are 0 or 1, so 'not 1' and 'below 1' are the same",
    "reverse_gradient: return 2 / (1 + math.exp(-10 * progress)) % 1": "for progress from 0 to 1 the number is at least 1 and below 2: its remainder is that number minus 1",
    "reverse_gradient: @staticmethod": "PyTorch calls forward and backward on the class, where a plain function is the same",
}
