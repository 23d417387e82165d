"""A tiny Debian package and an ``apt-get`` that hands it out: the fetcher's whole way, with no network."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from transfer_learning.assets import Asset
from transfer_learning.assets.manifest import listing_sha256
from transfer_learning.assets.store import STAMP

ROOT = "usr/share/tiny-photos"
CONTENT = {"animals/cat.png": b"a cat", "plants/rose.png": b"a rose"}
INSTEAD = 'Use the other photos instead:  load_photos(source="hub")'


def build_deb(work: Path, content: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    """A Debian package with ``content`` (and symbolic ``links``) below ROOT, and a file nobody asked for."""
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for path, data in (content | {"not-wanted.txt": b"not wanted"}).items():
        (tree / ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / ROOT / path).write_bytes(data)
    for path, target in (links or {}).items():
        (tree / ROOT / path).unlink(missing_ok=True)
        (tree / ROOT / path).symlink_to(target)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN" / "control").write_text(
        "Package: tiny-photos\nVersion: 1.0-1\nArchitecture: all\nMaintainer: Tests <tests@example.org>\n"
        "Description: two photos\n"
    )
    package = work / "tiny-photos_1.0-1_all.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", tree, package], check=True, stdout=subprocess.DEVNULL
    )
    return package


def installed(store: Path) -> dict[str, bytes]:
    """What is in the store, temporary folders included; the stamp is left out."""
    files = [path for path in store.rglob("*") if path.is_file() and path.name != STAMP]
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in files}


def tiny_asset(package: Path, *, root: str = ROOT, content: dict[str, bytes] = CONTENT) -> Asset:
    """The manifest row that fits ``package`` and ``content``."""
    files = {path: hashlib.sha256(data).hexdigest() for path, data in content.items()}
    return Asset(
        name="tiny-photos",
        kind="apt",
        package="tiny-photos",
        version="1.0-1",
        root=root,
        sha256=listing_sha256(files),
        bytes=sum(map(len, content.values())),
        licence="CC0",
        citation="nobody",
        used_for="tests",
        artefact_sha256=hashlib.sha256(package.read_bytes()).hexdigest(),
        artefact_bytes=package.stat().st_size,
        instead=INSTEAD,
        files=files,
    )


class Apt:
    """An ``apt-get`` at the head of PATH. It notes its arguments, and does what ``script`` says."""

    def __init__(self, work: Path) -> None:
        self.folder = work / "bin"
        self.folder.mkdir()
        self.log = work / "apt.log"
        self.path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def does(self, script: str) -> None:
        """From now on, run this shell script, with apt-get's arguments."""
        program = self.folder / "apt-get"
        program.write_text(f'#!/bin/sh\necho "$@" >> "{self.log}"\n{script}\n')
        program.chmod(0o755)

    def hands_out(self, package: Path, name: str | None = None) -> None:
        """From now on, ``apt-get download`` gives this package."""
        self.does(f'cp "{package}" "./{name or package.name}"')

    @property
    def calls(self) -> list[str]:
        """The arguments of every call so far."""
        return self.log.read_text().splitlines() if self.log.exists() else []
