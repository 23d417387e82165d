"""The sample class of `domain_adaptation`: right answers in several styles, and typical mistakes.

Each variant says what it must get for each task, and why. `tests/assignments` compares that with the suite's
verdict.
"""

from autograder.sample_class import Variant, one_mistake

FULL = {
    "proxy_a_distance": 3,
    "instance_weights": 2,
    "weighted_loss": 2,
    "coral": 3,
    "reverse_gradient": 3,
    "dann_step": 4,
    "negative_transfer": 3,
}

STRENGTH = """

def strength_at(progress):
    return 2 / (1 + math.exp(-10 * progress)) - 1
"""


wrong = one_mistake(FULL)

RIGHT = [
    Variant(
        id="s001",
        title="right",
        expected=FULL,
        reason="This is the reference solution.",
    ),
    Variant(
        id="s002",
        title="right, in plain loops",
        cells={
            "proxy_a_distance-solution": """
def proxy_a_distance(source, target, classifier):
    rows, domains = [], []
    for domain, part in enumerate([source, target]):
        for i in range(0, len(part), 2):
            rows.append(part[i])
            domains.append(domain)
    classifier.fit(np.array(rows), np.array(domains))
    shares = []
    for domain, part in enumerate([source, target]):
        wrong = count = 0
        for i in range(1, len(part), 2):
            answer = classifier.predict(part[i : i + 1])[0]
            if answer != domain:
                wrong += 1
            count += 1
        shares.append(wrong / count)
    error = sum(shares) / 2
    if error > 0.5:
        error = 0.5
    return 2 * (1 - 2 * error)
""",
            "instance_weights-solution": """
def instance_weights(p_target, n_source, n_target, largest):
    weights = []
    for p in p_target:
        ratio = (p / n_target) / ((1 - p) / n_source)
        weights.append(ratio if ratio < largest else largest)
    mean = sum(weights) / len(weights)
    return np.array([weight / mean for weight in weights])
""",
            "weighted_loss-solution": """
def weighted_loss(scores, labels, weights):
    total = 0
    for row, label, weight in zip(scores, labels, weights):
        total = total + weight * (torch.logsumexp(row, dim=0) - row[label])
    return total / len(labels)
""",
            "dann_step-solution": """
def dann_step(model, optimizer, source, labels, target, reverse):
    optimizer.zero_grad()
    label_loss = nn.CrossEntropyLoss()(model.head(model.backbone(source)), labels)
    domain_loss = 0
    for inputs, domain in ((source, 0.0), (target, 1.0)):
        scores = model.domain_head(reverse(model.backbone(inputs)))
        wanted = torch.full((len(inputs),), domain)
        domain_loss = domain_loss + 0.5 * nn.BCEWithLogitsLoss()(scores, wanted)
    loss = label_loss + domain_loss
    loss.backward()
    optimizer.step()
    return float(label_loss), float(domain_loss)
""",
            "negative_transfer-solution": """
def negative_transfer(adapted, baseline):
    n = len(adapted)
    differences = [adapted[i] - baseline[i] for i in range(n)]
    mean = sum(differences) / n
    variance = sum((d - mean) ** 2 for d in differences) / (n - 1)
    half = stats.t.ppf(0.975, df=n - 1) * math.sqrt(variance / n)
    low, high = mean - half, mean + half
    verdict = "undecided"
    if low > 0:
        verdict = "positive"
    elif high < 0:
        verdict = "negative"
    return verdict, float(low), float(high)
""",
        },
        expected=FULL,
        reason="Every task does what is asked, row by row.",
    ),
    Variant(
        id="s003",
        title="right, in torch: tensors instead of arrays, a class above the function",
        cells={
            "instance_weights-solution": """
def instance_weights(p_target, n_source, n_target, largest):
    p = torch.as_tensor(p_target)
    ratio = torch.exp(torch.logit(p)) * (n_source / n_target)
    capped = ratio.clamp(max=largest)
    return capped / capped.mean()
""",
            "coral-solution": """
def coral(source, target, eps):
    source, target = torch.as_tensor(source), torch.as_tensor(target)

    def root(rows, inverse):
        values, vectors = torch.linalg.eigh(torch.cov(rows.T) + eps * torch.eye(rows.shape[1]))
        values = values.rsqrt() if inverse else values.sqrt()
        return vectors @ torch.diag(values) @ vectors.T

    return (source - source.mean(0)) @ root(source, True) @ root(target, False) + target.mean(0)
""",
            "reverse_gradient-solution": """
class ReverseGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient.neg() * ctx.strength, None


def reverse_gradient(x, strength):
    return ReverseGradient.apply(x, strength)


def strength_at(progress):
    return math.tanh(5 * progress)
""",
            "dann_step-solution": """
def dann_step(model, optimizer, source, labels, target, reverse):
    features = model.backbone(torch.cat([source, target]))
    n, m = len(source), len(target)
    label_loss = F.cross_entropy(model.head(features[:n]), labels)
    scores = model.domain_head(reverse(features))
    wanted = torch.cat([torch.zeros(n), torch.ones(m)])
    each = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
    domain_loss = (each[:n].mean() + each[n:].mean()) / 2
    for parameter in model.parameters():
        parameter.grad = None
    (label_loss + domain_loss).backward()
    optimizer.step()
    return label_loss.detach(), domain_loss.detach()
""",
        },
        expected=FULL,
        reason="Tensors count as arrays; one pass for both batches gives the same gradients.",
    ),
    Variant(
        id="s004",
        title="right, with SciPy and a hook",
        cells={
            "proxy_a_distance-solution": """
def proxy_a_distance(source, target, classifier):
    train = np.vstack((target[0::2], source[0::2]))
    labels = np.hstack((np.ones(len(target[0::2]), int), np.zeros(len(source[0::2]), int)))
    classifier.fit(train, labels)
    error_s = classifier.predict(source[1::2]).mean()
    error_t = 1 - classifier.predict(target[1::2]).mean()
    return max(0.0, 2 - 2 * (error_s + error_t))
""",
            "coral-solution": """
from scipy import linalg

def coral(source, target, eps):
    d = source.shape[1]
    c_s = np.cov(source.T) + eps * np.identity(d)
    c_t = np.cov(target.T) + eps * np.identity(d)
    whitened = (source - source.mean(0)) @ np.linalg.inv(linalg.sqrtm(c_s))
    return (whitened @ linalg.sqrtm(c_t)).real + target.mean(0)
""",
            "reverse_gradient-solution": """
def reverse_gradient(x, strength):
    result = x.view_as(x)
    if result.requires_grad:
        result.register_hook(lambda gradient: -strength * gradient)
    return result


def strength_at(progress):
    e = np.exp(-10.0 * progress)
    return float((1 - e) / (1 + e))
""",
            "negative_transfer-solution": """
def negative_transfer(adapted, baseline):
    d = np.subtract(adapted, baseline)
    if d.std() == 0:
        low = high = d.mean()
    else:
        low, high = stats.t.interval(0.95, len(d) - 1, loc=d.mean(), scale=stats.sem(d))
    names = {1: "positive", -1: "negative", 0: "undecided"}
    return names[int(low > 0) - int(high < 0)], low, high
""",
        },
        expected=FULL,
        reason="Other ways to the same root, the same gradient and the same interval.",
    ),
    Variant(
        id="s005",
        title="right, in short tricks: detach instead of a class, a scalar product, ttest_1samp",
        cells={
            "weighted_loss-solution": """
def weighted_loss(scores, labels, weights):
    picked = scores.log_softmax(dim=-1).gather(1, labels[:, None]).squeeze(1)
    return -(picked @ weights) / scores.shape[0]
""",
            "reverse_gradient-solution": """
def reverse_gradient(x, strength):
    return (1 + strength) * x.detach() - strength * x


strength_at = lambda progress: 2 / (1 + np.exp(-10 * progress)) - 1
""",
            "coral-solution": """
def coral(source, target, eps):
    def centred(rows):
        return rows - rows.mean(axis=0)

    def root(rows, exponent):
        c = centred(rows).T @ centred(rows) / (len(rows) - 1) + eps * np.eye(rows.shape[1])
        u, s, _ = np.linalg.svd(c)
        return (u * s**exponent) @ u.T

    return centred(source) @ (root(source, -0.5) @ root(target, 0.5)) + target.mean(axis=0)
""",
            "dann_step-solution": """
def dann_step(model, optimizer, source, labels, target, reverse):
    model.zero_grad()
    here, there = model.backbone(source), model.backbone(target)
    label_loss = F.cross_entropy(model.head(here), labels)
    domain_loss = (
        F.softplus(model.domain_head(reverse(here))).mean()
        + F.softplus(-model.domain_head(reverse(there))).mean()
    ) / 2
    label_loss.backward(retain_graph=True)
    domain_loss.backward()
    optimizer.step()
    return label_loss.item(), domain_loss.item()
""",
            "negative_transfer-solution": """
def negative_transfer(adapted, baseline):
    d = np.array(adapted) - np.array(baseline)
    if np.ptp(d) == 0:
        bounds = d[0], d[0]
    else:
        bounds = stats.ttest_1samp(d, 0).confidence_interval(0.95)
    low, high = bounds
    return ("positive" if low > 0 else "negative" if high < 0 else "undecided"), low, high
""",
        },
        expected=FULL,
        reason="Unusual means, the behaviour that was asked for.",
    ),
]

WRONG = [
    wrong(
        "s006",
        "domain error measured on the training rows",
        "proxy_a_distance",
        0,
        """
def proxy_a_distance(source, target, classifier):
    rows = np.concatenate([source, target])
    domains = np.repeat([0, 1], [len(source), len(target)])
    classifier.fit(rows, domains)
    guess = classifier.predict(rows)
    error = (np.mean(guess[: len(source)] != 0) + np.mean(guess[len(source) :] != 1)) / 2
    return float(2 * (1 - 2 * min(error, 0.5)))
""",
        "A classifier that knows its rows by heart has no error on them: every distance is 2.",
        "rows that the classifier had seen in training",
    ),
    wrong(
        "s007",
        "factor 2 missing in the distance",
        "proxy_a_distance",
        1,
        """
def proxy_a_distance(source, target, classifier):
    classifier.fit(
        np.concatenate([source[::2], target[::2]]),
        np.repeat([0, 1], [len(source[::2]), len(target[::2])]),
    )
    wrong_source = np.mean(classifier.predict(source[1::2]) != 0)
    wrong_target = np.mean(classifier.predict(target[1::2]) != 1)
    error = min((wrong_source + wrong_target) / 2, 0.5)
    return float(1 - 2 * error)
""",
        "The scale goes from 0 to 1 instead of 0 to 2; only the case of a distance of 0 is right.",
        "the factor 2 in front is missing",
    ),
    wrong(
        "s008",
        "all rows in one pot",
        "proxy_a_distance",
        2,
        """
def proxy_a_distance(source, target, classifier):
    classifier.fit(
        np.concatenate([source[::2], target[::2]]),
        np.repeat([0, 1], [len(source[::2]), len(target[::2])]),
    )
    held_out = np.concatenate([source[1::2], target[1::2]])
    domains = np.repeat([0, 1], [len(source[1::2]), len(target[1::2])])
    error = np.mean(classifier.predict(held_out) != domains)
    return float(2 * (1 - 2 * min(error, 0.5)))
""",
        "With domains of different size the larger one counts more.",
        "All held-out rows are in one pot",
    ),
    wrong(
        "s009",
        "an error above one half not handled",
        "proxy_a_distance",
        2,
        """
def proxy_a_distance(source, target, classifier):
    classifier.fit(
        np.concatenate([source[::2], target[::2]]),
        np.repeat([0, 1], [len(source[::2]), len(target[::2])]),
    )
    wrong_source = np.mean(classifier.predict(source[1::2]) != 0)
    wrong_target = np.mean(classifier.predict(target[1::2]) != 1)
    return float(2 * (1 - (wrong_source + wrong_target)))
""",
        "A classifier that is worse than guessing gives a negative distance.",
        "an error above 0.5 was not handled",
    ),
    wrong(
        "s010",
        "weights inverted: source over target",
        "instance_weights",
        0,
        """
def instance_weights(p_target, n_source, n_target, largest):
    ratio = (1 - p_target) / p_target * n_target / n_source
    capped = np.minimum(ratio, largest)
    return capped / capped.mean()
""",
        "Rows typical of the source get the large weights.",
        "The weights are inverted",
    ),
    wrong(
        "s011",
        "weights not corrected for the sizes",
        "instance_weights",
        1,
        """
def instance_weights(p_target, n_source, n_target, largest):
    ratio = p_target / (1 - p_target)
    capped = np.minimum(ratio, largest)
    return capped / capped.mean()
""",
        "Where no ratio is capped the factor falls out; with a cap it does not.",
        "The sizes of the two domains are missing",
    ),
    wrong(
        "s012",
        "weights not normalised",
        "instance_weights",
        0,
        """
def instance_weights(p_target, n_source, n_target, largest):
    ratio = p_target / (1 - p_target) * n_source / n_target
    return np.minimum(ratio, largest)
""",
        "The mean of the weights is not 1.",
        "The weights are not normalised",
    ),
    wrong(
        "s013",
        "cap after the division",
        "instance_weights",
        1,
        """
def instance_weights(p_target, n_source, n_target, largest):
    ratio = p_target / (1 - p_target) * n_source / n_target
    return np.minimum(ratio / ratio.mean(), largest)
""",
        "The cap is one of weights instead of ratios.",
        "The cap",
    ),
    wrong(
        "s014",
        "weights taken for class weights",
        "weighted_loss",
        0,
        """
def weighted_loss(scores, labels, weights):
    return F.cross_entropy(scores, labels, weight=weights[: scores.shape[1]])
""",
        "The argument of cross_entropy weights classes, not rows.",
        "weights of classes",
    ),
    wrong(
        "s015",
        "divided by the sum of the weights",
        "weighted_loss",
        0,
        """
def weighted_loss(scores, labels, weights):
    losses = F.cross_entropy(scores, labels, reduction="none")
    return (weights * losses).sum() / weights.sum()
""",
        "A batch of important rows then counts no more than any other.",
        "divided by the sum of the weights",
    ),
    wrong(
        "s016",
        "loss as a plain number",
        "weighted_loss",
        1,
        """
def weighted_loss(scores, labels, weights):
    losses = F.cross_entropy(scores, labels, reduction="none")
    return (weights * losses).mean().item()
""",
        "The number is right, but nothing can be trained with it.",
        "cannot be used",
    ),
    wrong(
        "s017",
        "roles swapped: whitens with the target, recolours with the source",
        "coral",
        1,
        """
def coral(source, target, eps):
    def power(matrix, exponent):
        values, vectors = np.linalg.eigh(matrix)
        return vectors * values**exponent @ vectors.T

    ridge = eps * np.eye(source.shape[1])
    whiten = power(np.cov(target, rowvar=False) + ridge, -0.5)
    recolour = power(np.cov(source, rowvar=False) + ridge, 0.5)
    return (source - source.mean(axis=0)) @ whiten @ recolour + target.mean(axis=0)
""",
        "The mean is right; the cloud is stretched away from the target.",
        "The roles are swapped",
    ),
    wrong(
        "s018",
        "only the means matched",
        "coral",
        1,
        """
def coral(source, target, eps):
    return source - source.mean(axis=0) + target.mean(axis=0)
""",
        "The covariance stays that of the source.",
        "Only the means were matched",
    ),
    wrong(
        "s019",
        "only the variances matched",
        "coral",
        1,
        """
def coral(source, target, eps):
    spread_s = np.sqrt(source.var(axis=0, ddof=1) + eps)
    spread_t = np.sqrt(target.var(axis=0, ddof=1) + eps)
    return (source - source.mean(axis=0)) / spread_s * spread_t + target.mean(axis=0)
""",
        "Feature by feature: how features go together is left out.",
        "Only the variances were matched",
    ),
    wrong(
        "s020",
        "no regularisation",
        "coral",
        2,
        """
def coral(source, target, eps):
    def power(rows, exponent):
        values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False))
        values = np.where(values > 1e-9, values, np.inf if exponent < 0 else 0.0)
        return vectors * values**exponent @ vectors.T

    centred = source - source.mean(axis=0)
    return centred @ power(source, -0.5) @ power(target, 0.5) + target.mean(axis=0)
""",
        "Right with many rows; with fewer rows than features eps makes the difference.",
        "not regularised",
    ),
    wrong(
        "s021",
        "the target adapted instead of the source",
        "coral",
        0,
        """
def coral(source, target, eps):
    def power(matrix, exponent):
        values, vectors = np.linalg.eigh(matrix)
        return vectors * values**exponent @ vectors.T

    ridge = eps * np.eye(source.shape[1])
    whiten = power(np.cov(target, rowvar=False) + ridge, -0.5)
    recolour = power(np.cov(source, rowvar=False) + ridge, 0.5)
    return (target - target.mean(axis=0)) @ whiten @ recolour + source.mean(axis=0)
""",
        "It gives rows of the target, and the labels belong to those of the source.",
        "The target was adapted instead of the source",
    ),
    wrong(
        "s022",
        "the source's own mean kept, Cholesky factors for roots",
        "coral",
        0,
        """
def coral(source, target, eps):
    ridge = eps * np.eye(source.shape[1])
    l_s = np.linalg.cholesky(np.cov(source, rowvar=False) + ridge)
    l_t = np.linalg.cholesky(np.cov(target, rowvar=False) + ridge)
    mean = source.mean(axis=0)
    return np.linalg.solve(l_s, (source - mean).T).T @ l_t.T + mean
""",
        "The covariance is right but the rows are turned, and the mean is not the target's.",
        "Cholesky",
    ),
    wrong(
        "s023",
        "the reversal flips the forward pass too",
        "reverse_gradient",
        1,
        """
def reverse_gradient(x, strength):
    return -strength * x
"""
        + STRENGTH,
        "The gradient is as asked for a linear loss only by chance; the domain head sees other features.",
        "The forward pass is reversed too",
    ),
    wrong(
        "s024",
        "the strength forgotten in the reversal",
        "reverse_gradient",
        2,
        """
def reverse_gradient(x, strength):
    return 2 * x.detach() - x
"""
        + STRENGTH,
        "Reversed, but as strongly at the start of the training as at its end.",
        "The strength was forgotten",
    ),
    wrong(
        "s025",
        "a hook on the features themselves: the label head's gradient is reversed too",
        "reverse_gradient",
        2,
        """
def reverse_gradient(x, strength):
    if x.requires_grad:
        x.register_hook(lambda gradient: -strength * gradient)
    return x
"""
        + STRENGTH,
        "Whatever arrives at x is reversed, on every road.",
        "ALL gradients at x are reversed",
    ),
    wrong(
        "s026",
        "the strength starts at 1: minus 1 missing",
        "reverse_gradient",
        2,
        """
def reverse_gradient(x, strength):
    return (1 + strength) * x.detach() - strength * x


def strength_at(progress):
    return 2 / (1 + math.exp(-10 * progress))
""",
        "At the start the strength should be 0.",
        "the strength starts at 1, not at 0",
    ),
    wrong(
        "s027",
        "domain loss on the source only",
        "dann_step",
        2,
        """
def dann_step(model, optimizer, source, labels, target, reverse):
    features = model.backbone(source)
    label_loss = F.cross_entropy(model.head(features), labels)
    scores = model.domain_head(reverse(features))
    domain_loss = F.binary_cross_entropy_with_logits(scores, torch.zeros(len(source)))
    optimizer.zero_grad()
    (label_loss + domain_loss).backward()
    optimizer.step()
    return label_loss.item(), domain_loss.item()
""",
        "The domain head never sees the target and learns to say 'source' always.",
        "source rows only",
    ),
    wrong(
        "s028",
        "the label head gets reversed features too",
        "dann_step",
        3,
        """
def dann_step(model, optimizer, source, labels, target, reverse):
    here, there = reverse(model.backbone(source)), reverse(model.backbone(target))
    label_loss = F.cross_entropy(model.head(here), labels)
    s, t = model.domain_head(here), model.domain_head(there)
    domain_loss = (
        F.binary_cross_entropy_with_logits(s, torch.zeros_like(s))
        + F.binary_cross_entropy_with_logits(t, torch.ones_like(t))
    ) / 2
    optimizer.zero_grad()
    (label_loss + domain_loss).backward()
    optimizer.step()
    return label_loss.item(), domain_loss.item()
""",
        "The backbone goes uphill in the label loss: it unlearns the question.",
        "The label loss is reversed for the backbone too",
    ),
    wrong(
        "s029",
        "a minus in front of the domain loss as well",
        "dann_step",
        2,
        """
def dann_step(model, optimizer, source, labels, target, reverse):
    here, there = model.backbone(source), model.backbone(target)
    label_loss = F.cross_entropy(model.head(here), labels)
    s, t = model.domain_head(reverse(here)), model.domain_head(reverse(there))
    domain_loss = (
        F.binary_cross_entropy_with_logits(s, torch.zeros_like(s))
        + F.binary_cross_entropy_with_logits(t, torch.ones_like(t))
    ) / 2
    optimizer.zero_grad()
    (label_loss - domain_loss).backward()
    optimizer.step()
    return label_loss.item(), domain_loss.item()
""",
        "Reversed twice: the backbone helps the domain head, which goes uphill itself.",
        "The domain head climbs",
    ),
    wrong(
        "s030",
        "all rows of both batches in one mean",
        "dann_step",
        2,
        """
def dann_step(model, optimizer, source, labels, target, reverse):
    features = model.backbone(torch.cat([source, target]))
    label_loss = F.cross_entropy(model.head(features[: len(source)]), labels)
    wanted = torch.cat([torch.zeros(len(source)), torch.ones(len(target))])
    domain_loss = F.binary_cross_entropy_with_logits(
        model.domain_head(reverse(features)), wanted
    )
    optimizer.zero_grad()
    (label_loss + domain_loss).backward()
    optimizer.step()
    return label_loss.item(), domain_loss.item()
""",
        "With batches of different size the larger domain counts more.",
        "All rows are in one pot",
    ),
    wrong(
        "s031",
        "zero_grad forgotten",
        "dann_step",
        3,
        """
def dann_step(model, optimizer, source, labels, target, reverse):
    here, there = model.backbone(source), model.backbone(target)
    label_loss = F.cross_entropy(model.head(here), labels)
    s, t = model.domain_head(reverse(here)), model.domain_head(reverse(there))
    domain_loss = (
        F.binary_cross_entropy_with_logits(s, torch.zeros_like(s))
        + F.binary_cross_entropy_with_logits(t, torch.ones_like(t))
    ) / 2
    (label_loss + domain_loss).backward()
    optimizer.step()
    return label_loss.item(), domain_loss.item()
""",
        "The first step is right; every further one drags the earlier gradients along.",
        "`zero_grad` was forgotten",
    ),
    wrong(
        "s032",
        "the difference unpaired",
        "negative_transfer",
        1,
        """
def negative_transfer(adapted, baseline):
    a, b = np.asarray(adapted), np.asarray(baseline)
    n = len(a)
    error = np.sqrt(a.var(ddof=1) / n + b.var(ddof=1) / n)
    half = stats.t.ppf(0.975, 2 * n - 2) * error
    low, high = a.mean() - b.mean() - half, a.mean() - b.mean() + half
    verdict = "positive" if low > 0 else "negative" if high < 0 else "undecided"
    return verdict, low, high
""",
        "The noise between seeds hides a steady difference; plain cases are still right.",
        "without their pairs",
    ),
    wrong(
        "s033",
        "a better mean taken as proof",
        "negative_transfer",
        1,
        """
def negative_transfer(adapted, baseline):
    differences = np.asarray(adapted) - np.asarray(baseline)
    mean, n = differences.mean(), len(differences)
    half = stats.t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    verdict = "positive" if mean > 0 else "negative"
    return verdict, mean - half, mean + half
""",
        "The interval is right and is then not looked at.",
        "mean is taken as proof",
    ),
    wrong(
        "s034",
        "the sign mixed up",
        "negative_transfer",
        0,
        """
def negative_transfer(adapted, baseline):
    differences = np.asarray(baseline) - np.asarray(adapted)
    mean, n = differences.mean(), len(differences)
    half = stats.t.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    low, high = mean - half, mean + half
    verdict = "positive" if low > 0 else "negative" if high < 0 else "undecided"
    return verdict, low, high
""",
        "Harm is called help.",
        "positive and negative are mixed up",
    ),
    wrong(
        "s035",
        "1.96 instead of Student's t",
        "negative_transfer",
        1,
        """
def negative_transfer(adapted, baseline):
    differences = np.asarray(adapted) - np.asarray(baseline)
    mean, n = differences.mean(), len(differences)
    half = 1.96 * differences.std(ddof=1) / np.sqrt(n)
    low, high = mean - half, mean + half
    verdict = "positive" if low > 0 else "negative" if high < 0 else "undecided"
    return verdict, low, high
""",
        "With few seeds the interval is far too narrow, and chance becomes proof.",
        "not of Student's t",
    ),
]

OTHER = [
    Variant(
        id="s036",
        title="partly done",
        base="blank",
        cells={
            "instance_weights-solution": """
def instance_weights(p_target, n_source, n_target, largest):
    ratio = np.minimum(p_target / (1 - p_target) * n_source / n_target, largest)
    return ratio / ratio.mean()
""",
            "weighted_loss-solution": """
def weighted_loss(scores, labels, weights):
    return (F.cross_entropy(scores, labels, reduction="none") * weights).mean()
""",
            "reflection": "1. They measured on the rows of the training, where the error is 0.",
        },
        expected={"instance_weights": 2, "weighted_loss": 2},
        reason="Two tasks are right, five are not begun, and one written answer awaits its reader.",
        named="is not written yet",
    ),
    Variant(
        id="s037",
        title="untouched",
        base="blank",
        expected={},
        reason="Nothing was written.",
        named="is not written yet",
    ),
    Variant(
        id="s038",
        title="a cell that crashes",
        cells={
            "coral-solution": """
def coral(source, target, eps):
    values, vectors = np.linalg.eig_h(np.cov(source, rowvar=False))
    return (source - source.mean(axis=0)) @ vectors / np.sqrt(values + eps)

coral(np.eye(3), np.ones((4, 3)), 0.1)
"""
        },
        expected={**FULL, "coral": 0},
        reason="A misspelt name raises in the cell and in the function; the other tasks are right.",
        named="raised an exception",
    ),
]

VARIANTS = [*RIGHT, *WRONG, *OTHER]
