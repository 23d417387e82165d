"""Where assets are on this machine, and whether they are what the manifest says.

Nothing here downloads: a page or a notebook that loads an asset never waits for a network.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

from transfer_learning.assets.manifest import Asset, AssetError, manifest

STAMP = ".verified.json"
FETCH = "python -m transfer_learning.assets fetch"


def store_folder() -> Path:
    """The folder that holds downloaded assets.

    ``$TRANSFER_LEARNING_ASSETS`` when set; else ``_build/assets`` of the repository; else, for a copy of the
    library installed on its own, ``~/.cache/transfer_learning/assets``.
    """
    if chosen := os.environ.get("TRANSFER_LEARNING_ASSETS"):
        return Path(chosen)
    repository = Path(__file__).resolve().parents[2]
    if (repository / "pyproject.toml").exists():
        return repository / "_build" / "assets"
    return Path.home() / ".cache" / "transfer_learning" / "assets"


def file_sha256(path: Path) -> str:
    """The sha256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def wrong_files(folder: Path, files: dict[str, str]) -> list[str]:
    """What is wrong with ``files`` (path -> sha256) in ``folder``: a phrase a file; nothing is good."""
    wrong = []
    for path, sha256 in files.items():
        if not (folder / path).is_file():
            wrong.append(f"{path} is missing")
        elif file_sha256(folder / path) != sha256:
            wrong.append(f"{path} has the wrong sha256")
    return wrong


def some(problems: list[str], most: int = 3) -> str:
    """The first few of ``problems``, for a message."""
    more = len(problems) - most
    return "; ".join(problems[:most]) + (f"; and {more} more" if more > 0 else "")


def is_stamped(folder: Path, asset: Asset) -> bool:
    """Whether ``folder`` was verified against this manifest row and no file changed since (size and time)."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        return stamp == _stamp(folder, asset)
    except (OSError, ValueError):
        return False


def write_stamp(folder: Path, asset: Asset) -> None:
    """Note that ``folder`` was just verified, so that the next look need not read every file."""
    (folder / STAMP).write_text(json.dumps(_stamp(folder, asset)), encoding="utf-8")


def _stamp(folder: Path, asset: Asset) -> dict:
    facts = {path: (folder / path).stat() for path in asset.files}
    return {"sha256": asset.sha256, "files": {path: [f.st_size, f.st_mtime_ns] for path, f in facts.items()}}


def locate(name: str) -> Path:
    """The folder with the asset's files, verified.

    Raises:
        AssetError: the asset is missing or is not what the manifest says. The message says how to mend it.
    """
    try:
        asset = manifest()[name]
    except KeyError:
        raise AssetError(
            f"There is no asset named '{name}'. The manifest has: {', '.join(manifest())}"
        ) from None
    return _locate_installed(asset) if asset.kind == "pip-installed" else _locate_stored(asset)


def _locate_installed(asset: Asset) -> Path:
    mend = f'pip install "{asset.package}=={asset.version}"'
    try:
        package = metadata.distribution(asset.package)
    except metadata.PackageNotFoundError:
        raise AssetError(
            f"The Python package {asset.package} is not installed. Install it with:  {mend}"
        ) from None
    if package.version != asset.version:
        raise AssetError(
            f"{asset.package} {package.version} is installed; the course was measured with {asset.version}. "
            f"Install that with:  {mend}"
        )
    folder = Path(str(package.locate_file(asset.root)))
    if wrong := wrong_files(folder, asset.files):
        raise AssetError(
            f"{asset.package} in {folder} is damaged: {some(wrong)}. Mend it with:  {mend} --force-reinstall"
        )
    return folder


def _locate_stored(asset: Asset) -> Path:
    folder = store_folder() / asset.name
    if not folder.is_dir():
        hint = f"Fetch it with:  {FETCH} {asset.name}"
        if asset.kind == "apt" and shutil.which("apt-get") is None:
            hint = (
                f"It comes from the Debian package {asset.package}, and there is no apt here. {asset.instead}"
            )
        raise AssetError(f"The asset '{asset.name}' is not in {store_folder()}. {hint}")
    if not is_stamped(folder, asset):
        if wrong := wrong_files(folder, asset.files):
            raise AssetError(f"'{asset.name}' in {folder} is damaged: {some(wrong)}. Mend it with:  {FETCH}")
        with suppress(OSError):  # a read-only store (the grader's sandbox) is as good, only slower
            write_stamp(folder, asset)
    return folder


@contextmanager
def installing(destination: Path) -> Iterator[Path]:
    """Build a folder aside, and let it appear as ``destination`` only when the block ends without an error.

    Yields an empty folder beside ``destination`` (same disk, so the last step is a rename). When the block
    raises, or is interrupted, the folder goes away and ``destination`` is as it was.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".partial-{destination.name}-", dir=destination.parent))
    try:
        fresh = aside / "new"
        fresh.mkdir()
        yield fresh
        if destination.exists():
            destination.rename(aside / "old")
        fresh.rename(destination)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
