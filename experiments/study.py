"""One shape for experiments: ways to learn, tuned with one budget, measured over seeds.

A study has cases (a target each), ways to learn, and levels (a number of labels, or of layers, or of steps).
Every way may choose among as many settings, on validation samples. The test samples are used once a run, at
its end, and never while tuning. ``run_study`` is what a script's ``main`` calls::

    python experiments/<name>.py            the whole study -> results/<name>.json
    python experiments/<name>.py --quick    every step once -> _build/results/<name>.json
    python experiments/<name>.py --check    some runs again: do they fall where the results file says?
"""

import argparse
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from ledger import Ledger
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from scipy import stats

from transfer_learning.evaluation import AGREE, bootstrap_interval, mean_interval
from transfer_learning.results import RESULTS, environment, load_results, save_results
from transfer_learning.scorecard import scorecard

ROOT = Path(__file__).resolve().parent.parent
THREADS = 2


@dataclass
class Outcome:
    """What a run leaves.

    Attributes:
        validation: the score on the validation samples; larger is better. Settings are chosen by it.
        test: called once, after the choice is made: 1 for every test sample that was classified rightly, else
            0, in the order of the case's groups.
        facts: whatever else is worth keeping: a learning curve, a number of parameters.
    """

    validation: float
    test: Callable[[], Sequence[float]]
    facts: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """One way to learn.

    Attributes:
        title: for tables and figures.
        run: ``(case, setting, level, seed) -> Outcome``.
        settings: what tuning may choose from; as many for every way of a study.
        cases: the cases it is measured in; empty: all.
        levels: the levels it is measured at; empty: all.
    """

    title: str
    run: Callable[[str, dict, str, int], Outcome]
    settings: Sequence[dict] = ({},)
    cases: Sequence[str] = ()
    levels: Sequence[str] = ()


@dataclass(frozen=True)
class Study:
    """What is compared, and on what.

    Attributes:
        name: of the script and of its results file.
        ways: by name; the order is that of tables.
        cases: name -> the group of each test sample. Samples of one group are alike and are drawn together.
        levels: by name, smallest first.
        seeds: at least five.
        tuning_seeds: none of ``seeds``.
        sources: files whose change makes earlier runs void; the script itself and this file are added.
        facts: whatever else runs depend on: hashes of data, versions.
        scorecards: name -> (way that transfers, its baseline): the three benefits, over the levels.
        about: shown in the results file: sizes of data, settings that are not tuned.
    """

    name: str
    ways: Mapping[str, Way]
    cases: Mapping[str, Sequence[str]]
    levels: Sequence[str]
    seeds: Sequence[int] = tuple(range(10))
    tuning_seeds: Sequence[int] = (100, 101)
    sources: Sequence[Path] = ()
    facts: Sequence[str] = ()
    scorecards: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    about: Mapping[str, object] = field(default_factory=dict)

    def cells(self) -> list[tuple[str, str, str]]:
        """Every (case, way, level) that is measured."""
        return [
            (case, name, level)
            for case in self.cases
            for name, way in self.ways.items()
            for level in self.levels
            if case in (way.cases or self.cases) and level in (way.levels or self.levels)
        ]


def run_study(study: Study, extra: Callable[[dict], dict] | None = None) -> int:
    """The command line of a script. ``extra(results)`` gives what else belongs into the results file."""
    parser = argparse.ArgumentParser(description=f"The study {study.name}")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--quick", action="store_true", help="every step once, to see that it runs")
    what.add_argument("--check", action="store_true", help="some runs again, against the results file")
    options = parser.parse_args()
    console = Console(highlight=False)
    torch.set_num_threads(THREADS)
    if options.check:
        return check(study, console)
    started = time.monotonic()
    results = measure_all(study, quick=options.quick, console=console)
    results |= extra(results) if extra else {}
    path = save_results(study.name, results, ROOT / "_build" / "results" if options.quick else RESULTS)
    for case in results["summary"]:
        console.print(score_table(results, case))
    console.print(f"Written: {path}  ({time.monotonic() - started:.0f} s)", soft_wrap=True)
    return 0


def measure_all(study: Study, *, quick: bool, console: Console) -> dict:
    """Tune and measure everything; gives what the results file holds."""
    seeds = list(study.seeds[:2] if quick else study.seeds)
    tuning_seeds = list(study.tuning_seeds[:1] if quick else study.tuning_seeds)
    cells = [cell for cell in study.cells() if not quick or cell[2] in (study.levels[0], study.levels[-1])]
    settings = {name: list(way.settings[:2] if quick else way.settings) for name, way in study.ways.items()}
    ledger = ledger_of(study)
    tries = {name: len(of) * len(tuning_seeds) if len(of) > 1 else 0 for name, of in settings.items()}
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        bar = progress.add_task("", total=sum(len(seeds) + tries[way] for _, way, _ in cells))

        def run(case: str, way: str, setting: dict, level: str, seed: int, *, test: bool) -> dict:
            progress.update(bar, description=f"{case}, {way}, {level}, seed {seed}")
            key = {"case": case, "way": way, "setting": setting, "level": level, "seed": seed, "test": test}
            result = ledger.run(key, lambda: measure(study, case, way, setting, level, seed, test=test))
            progress.advance(bar)
            return result

        chosen, tuning, runs = {}, [], []
        for case, way, level in cells:
            scores = [
                [run(case, way, setting, level, seed, test=False)["validation"] for seed in tuning_seeds]
                if tries[way]
                else [0.0]
                for setting in settings[way]
            ]
            best = int(np.argmax([np.mean(of) for of in scores]))
            chosen[case, way, level] = settings[way][best]
            tuning += [
                {
                    "case": case,
                    "way": way,
                    "level": level,
                    "setting": setting,
                    "validation": np.mean(of).item(),
                }
                for setting, of in zip(settings[way], scores, strict=True)
                if tries[way]
            ]
        for seed in seeds:
            for case, way, level in cells:
                result = run(case, way, chosen[case, way, level], level, seed, test=True)
                runs.append({"case": case, "way": way, "level": level, "seed": seed} | result)
    return {
        "experiment": study.name,
        "quick": quick,
        "about": dict(study.about),
        "seeds": seeds,
        "tuning_seeds": tuning_seeds,
        "levels": [level for level in study.levels if any(cell[2] == level for cell in cells)],
        "ways": {
            name: {"title": way.title, "settings": len(settings[name])} for name, way in study.ways.items()
        },
        "chosen": nested({cell: chosen[cell] for cell in cells}),
        **summarise(study, runs),
        "environment": ledger.run({"what": "environment"}, environment),
        "tuning": tuning,
        "runs": [{key: value for key, value in run.items() if key != "right"} for run in runs],
    }


def measure(study: Study, case: str, way: str, setting: dict, level: str, seed: int, *, test: bool) -> dict:
    """One run. The test samples are looked at only with ``test``."""
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = study.ways[way].run(case, setting, level, seed)
    result = {
        "validation": float(outcome.validation),
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
    }
    if test:
        right = [float(one) for one in outcome.test()]
        if len(right) != len(study.cases[case]):
            raise ValueError(
                f"{way} judged {len(right)} test samples of {case}, not {len(study.cases[case])}"
            )
        result |= {"score": float(np.mean(right)), "right": right} | outcome.facts
    return result


def summarise(study: Study, runs: list[dict]) -> dict:
    """Means with intervals, every pair of ways compared, and the scorecards."""
    cells: dict[tuple, list[dict]] = {}
    for run in runs:
        cells.setdefault((run["case"], run["way"], run["level"]), []).append(run)
    right = {cell: np.array([run["right"] for run in of]) for cell, of in cells.items()}
    summary = {cell: cell_summary(of, right[cell], study.cases[cell[0]]) for cell, of in cells.items()}
    paired, cards = {}, {}
    names = list(study.ways)
    for case, groups in study.cases.items():
        for index, one in enumerate(names):
            for other in names[index + 1 :]:
                for level in study.levels:
                    a, b = (case, one, level), (case, other, level)
                    if a in right and b in right:
                        paired[case, f"{one}_minus_{other}", level] = difference(right[a] - right[b], groups)
        for name, (one, other) in study.scorecards.items():
            levels = [x for x in study.levels if (case, one, x) in cells and (case, other, x) in cells]
            if len(levels) > 1:
                curves = [
                    np.array([[run["score"] for run in cells[case, way, x]] for x in levels]).T
                    for way in (one, other)
                ]
                card = scorecard(levels, *curves)
                # All labels and learners without chance: only which test samples there are is left to chance.
                for benefit, level in (("start", levels[0]), ("asymptote", levels[-1])):
                    if card[benefit]["high"] - card[benefit]["low"] < AGREE:
                        apart = right[case, one, level] - right[case, other, level]
                        card[benefit] = difference(apart, groups)
                cards[case, name] = card
    return {"summary": nested(summary), "paired": nested(paired), "scorecards": nested(cards)}


def cell_summary(runs: list[dict], right: np.ndarray, groups: Sequence[str]) -> dict:
    """One way at one level: its score with an interval over seeds and test samples, and over seeds alone."""
    over_seeds = mean_interval([run["score"] for run in runs])
    return asdict(bootstrap_interval(right, list(groups))) | {
        "seed_low": over_seeds.low,
        "seed_high": over_seeds.high,
        "seed_sd": float(np.std([run["score"] for run in runs], ddof=1)),
        "lowest": min(run["score"] for run in runs),
        "highest": max(run["score"] for run in runs),
        "validation": float(np.mean([run["validation"] for run in runs])),
        "seconds": float(np.median([run["seconds"] for run in runs])),
        "cpu_seconds": float(np.median([run["cpu_seconds"] for run in runs])),
    }


def difference(of: np.ndarray, groups: Sequence[str]) -> dict:
    """A paired difference with its interval and a verdict on the first of the two."""
    interval = bootstrap_interval(of, list(groups))
    return asdict(interval) | {"verdict": interval.verdict}


def check(study: Study, console: Console) -> int:
    """Measure one run of every case and way again; 1 when one falls outside the interval of its runs."""
    results = load_results(study.name)
    draw, rows = random.Random(time.time_ns()), []
    by_way: dict[tuple[str, str], list[str]] = {}
    for case, way, level in study.cells():
        by_way.setdefault((case, way), []).append(level)
    for (case, way), levels in by_way.items():
        level, seed = draw.choice(levels), draw.choice(list(study.seeds))
        setting = results["chosen"][case][way][level]
        again = measure(study, case, way, setting, level, seed, test=True)["score"]
        found = [r for r in results["runs"] if (r["case"], r["way"], r["level"]) == (case, way, level)]
        scores = [run["score"] for run in found]
        then = next(run["score"] for run in found if run["seed"] == seed)
        where = f"{case}, {way}, {level}, seed {seed}"
        rows.append((where, then, again, expected(scores, len(study.cases[case]))))
    return show_check(rows, console)


def expected(scores: Sequence[float], samples: int) -> tuple[float, float]:
    """Where one more run is expected: the 95% prediction interval of a single run, and in any case where the
    runs were. One of ``samples`` test samples is allowed on top: on another processor one may fall the other
    way.
    """
    reach = stats.t.ppf(0.975, len(scores) - 1) * np.std(scores, ddof=1) * np.sqrt(1 + 1 / len(scores))
    mean, one = np.mean(scores), 1 / samples
    return float(min(mean - reach, *scores) - one), float(max(mean + reach, *scores) + one)


def show_check(rows: list[tuple[str, float, float, tuple[float, float]]], console: Console) -> int:
    """Print each run with its score then and now and the expected interval; 1 when one is outside."""
    table, bad = Table("run", "then", "now", "expected", ""), 0
    for where, then, again, (low, high) in rows:
        bad += (outside := not low <= again <= high)
        table.add_row(where, f"{then:.3f}", f"{again:.3f}", f"{low:.3f}-{high:.3f}", "✗" if outside else "✓")
    console.print(table)
    return 1 if bad else 0


def ledger_of(study: Study) -> Ledger:
    """The study's notebook of finished runs."""
    script = ROOT / "experiments" / f"{study.name}.py"
    own = [path for path in (script, Path(__file__).resolve()) if path.is_file()]
    return Ledger(study.name, [*own, *study.sources], [*study.facts, torch.__version__])


def nested(flat: dict[tuple, object]) -> dict:
    """``{("a", "b"): 1}`` -> ``{"a": {"b": 1}}``."""
    result: dict = {}
    for (*path, last), value in flat.items():
        place = result
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return result


def score_table(results: dict, case: str) -> Table:
    """Mean score and its interval, a row a way and a column a level."""
    table = Table(case, *results["levels"], box=None)
    for name, by_level in results["summary"][case].items():
        shown = [by_level.get(level) for level in results["levels"]]
        table.add_row(
            name, *(f"{s['mean']:.3f} ({s['low']:.2f}-{s['high']:.2f})" if s else "" for s in shown)
        )
    return table
