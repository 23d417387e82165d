"""``python -m transfer_learning.assets list | fetch [NAME...] | verify [NAME...]``"""

import argparse
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from transfer_learning.assets.fetch import NotAvailableHere, fetch
from transfer_learning.assets.manifest import Asset, AssetError, manifest
from transfer_learning.assets.store import STAMP, locate, store_folder


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns 0 when all is well, 1 when an asset is missing or wrong, 2 for a bad name."""
    parser = argparse.ArgumentParser(
        prog="python -m transfer_learning.assets", description="The course's assets."
    )
    parser.add_argument("command", choices=("list", "fetch", "verify"))
    parser.add_argument("names", nargs="*", metavar="NAME", help="assets by name; without it: all")
    options = parser.parse_args(arguments)
    console = Console(highlight=False)

    if unknown := [name for name in options.names if name not in manifest()]:
        console.print(f"There is no asset named {', '.join(unknown)}. There are: {', '.join(manifest())}")
        return 2
    assets = [manifest()[name] for name in options.names or manifest()]
    run = {"list": list_assets, "fetch": fetch_assets, "verify": verify_assets}[options.command]
    return run(assets, console)


def list_assets(assets: list[Asset], console: Console) -> int:
    """Print what the manifest says of each asset."""
    for asset in assets:
        console.print(f"[bold]{asset.name}[/] {asset.version}  ({asset.kind}, {megabytes(asset.bytes)})")
        facts = {
            "used for": asset.used_for,
            "licence": asset.licence,
            "cite": asset.citation,
            "without apt": asset.instead,
        }
        table = Table.grid(padding=(0, 2, 0, 0))
        for name, fact in facts.items():
            if fact:
                table.add_row(f"    {name}", fact)
        console.print(table)
    return 0


def fetch_assets(assets: list[Asset], console: Console) -> int:
    """Put every asset in its place. An asset that this machine cannot have is said, and is not a failure."""
    started = time.monotonic()
    failed = 0
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for asset in assets:
            task = progress.add_task(asset.name, total=asset.artefact_bytes or asset.bytes)

            def report(what: str, done: int, total: int, task=task) -> None:
                progress.update(task, description=what, completed=done, total=total)

            try:
                console.print(f"[green]✓[/] {asset.name}: {fetch(asset, report)}")
            except NotAvailableHere as error:
                console.print(f"[yellow]–[/] {asset.name}: not available here. {error}")
            except (AssetError, OSError) as error:
                failed += 1
                console.print(f"[red]✗[/] {asset.name}: {error}")
            progress.remove_task(task)
    took = f"{time.monotonic() - started:.1f} s"
    console.print(
        f"{len(assets) - failed} of {len(assets)} done in {took}. Store: {store_folder()}", soft_wrap=True
    )
    return 1 if failed else 0


def verify_assets(assets: list[Asset], console: Console) -> int:
    """Read every file of every asset and compare its sha256, whatever an earlier verification noted."""
    failed = 0
    for asset in assets:
        (store_folder() / asset.name / STAMP).unlink(missing_ok=True)
        try:
            folder = locate(asset.name)
            console.print(
                f"[green]✓[/] {asset.name}: {len(asset.files)} files right, in {folder}", soft_wrap=True
            )
        except AssetError as error:
            failed += 1
            console.print(f"[red]✗[/] {asset.name}: {error}", soft_wrap=True)
    return 1 if failed else 0


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


if __name__ == "__main__":
    sys.exit(main())
