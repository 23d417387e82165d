"""The manifest: which data and models the course uses, from which package, and how each file is known.

This file only reads. ``store.py`` says where assets are and whether they are right, ``fetch.py`` obtains
them.
"""

import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
KINDS = ("pip-installed", "pip-sdist", "pip-wheel", "apt")


class AssetError(RuntimeError):
    """An asset cannot be used. The message says what, where, and how to mend it."""


@dataclass(frozen=True)
class Asset:
    """One row of ``manifest.toml``.

    Attributes:
        name: how the course calls it; also the name of its folder in the store.
        kind: ``"pip-installed"`` (its files lie in an installed Python package), ``"pip-sdist"`` or
            ``"pip-wheel"`` (its files are taken out of a Python source package or wheel, which is not
            installed) or ``"apt"`` (out of a Debian package).
        package, version: the package's name and version in its registry.
        root: the folder inside the package that ``files`` is relative to. In a source package it may go
            through an archive: ``folder/archive.tar.gz/folder``.
        sha256: of the canonical listing of ``files``: one ``<sha256>  <path>`` line a file, sorted by path.
        bytes: of all needed files together.
        files: path -> sha256.
        artefact_sha256, artefact_bytes: of the package file itself (not of ``"pip-installed"``).
        instead: what to do where the asset cannot be had.
    """

    name: str
    kind: str
    package: str
    version: str
    root: str
    sha256: str
    bytes: int
    licence: str
    citation: str
    used_for: str
    artefact_sha256: str = ""
    artefact_bytes: int = 0
    instead: str = ""
    files: dict[str, str] = field(default_factory=dict, repr=False)


def listing_sha256(files: dict[str, str]) -> str:
    """The sha256 of the canonical listing of ``files`` (path -> sha256)."""
    return hashlib.sha256("".join(f"{files[path]}  {path}\n" for path in sorted(files)).encode()).hexdigest()


def read_manifest(
    manifest: Path = HERE / "manifest.toml", files: Path = HERE / "files.json"
) -> dict[str, Asset]:
    """Every asset by name.

    Raises:
        AssetError: a row is malformed, or the file list does not have the sha256 that the row states.
    """
    listings = json.loads(files.read_text(encoding="utf-8"))
    assets = {}
    for row in tomllib.loads(manifest.read_text(encoding="utf-8"))["asset"]:
        name = row.get("name", "(no name)")
        try:
            asset = Asset(**row, files=listings[name])
        except (TypeError, KeyError) as error:
            raise AssetError(f"{manifest}: the row of '{name}' is malformed: {error}") from error
        if asset.kind not in KINDS:
            raise AssetError(f"{manifest}: '{name}' has the unknown kind '{asset.kind}'")
        if listing_sha256(asset.files) != asset.sha256:
            raise AssetError(
                f"{files}: the files of '{name}' do not have the sha256 that {manifest.name} states"
            )
        assets[name] = asset
    return assets


@cache
def manifest() -> dict[str, Asset]:
    """The course's own manifest, read once."""
    return read_manifest()
