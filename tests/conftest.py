"""A study whose page is not in the book yet may be unmeasured: then its tests wait with the page."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOOK = (ROOT / "_toc.yml").read_text(encoding="utf-8")
WAITING = [
    script.stem
    for script in (ROOT / "experiments").glob("*.py")
    if "__main__" in script.read_text(encoding="utf-8")
    and not (ROOT / "results" / f"{script.stem}.json").is_file()
    and f"/{script.stem.replace('_', '-')}\n" not in BOOK
]
collect_ignore = [f"library/test_{name}.py" for name in WAITING]
collect_ignore += [f"site/claims/test_{name}_page.py" for name in WAITING]
