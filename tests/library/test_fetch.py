"""The fetcher: it installs what the manifest says or nothing, and says what to do when it cannot."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny_package import CONTENT, ROOT, Apt, build_deb, installed, tiny_asset

from transfer_learning.assets import AssetError
from transfer_learning.assets import fetch as fetching
from transfer_learning.assets.fetch import NotAvailableHere, fetch
from transfer_learning.assets.store import STAMP


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apt:
    apt = Apt(tmp_path)
    monkeypatch.setenv("PATH", apt.path)
    return apt


@pytest.fixture
def package(tmp_path: Path, apt: Apt) -> Path:
    package = build_deb(tmp_path, CONTENT)
    apt.hands_out(package)
    return package


RIGHT = {f"tiny-photos/{path}": data for path, data in CONTENT.items()}


def test_needed_files_are_installed_and_no_others(empty_store, apt, package):
    assert fetch(tiny_asset(package)) == "fetched"
    assert installed(empty_store) == RIGHT
    assert apt.calls == ["download tiny-photos=1.0-1"]


def test_a_second_fetch_downloads_nothing(empty_store, apt, package):
    fetch(tiny_asset(package))
    assert fetch(tiny_asset(package)) == "in place"
    assert len(apt.calls) == 1


def test_files_that_lost_their_stamp_are_read_and_kept(empty_store, apt, package):
    fetch(tiny_asset(package))
    (empty_store / "tiny-photos" / STAMP).unlink()
    assert fetch(tiny_asset(package)) == "in place"
    assert len(apt.calls) == 1


def test_a_damaged_file_is_mended(empty_store, package):
    fetch(tiny_asset(package))
    (empty_store / "tiny-photos/animals/cat.png").write_bytes(b"a dog")
    assert fetch(tiny_asset(package)) == "fetched"
    assert installed(empty_store) == RIGHT


def test_the_installed_package_of_the_system_is_copied(empty_store, apt, package, tmp_path):
    system = tmp_path / "tree" / ROOT
    assert fetch(tiny_asset(package, root=str(system).lstrip("/"))) == "copied"
    assert installed(empty_store) == RIGHT
    assert apt.calls == []


def test_wrong_hash_of_the_package(empty_store, package):
    asset = replace(tiny_asset(package), artefact_sha256="0" * 64)
    with pytest.raises(AssetError, match=r"wrong sha256.*Nothing was installed"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_truncated_package(empty_store, package):
    asset = tiny_asset(package)
    package.write_bytes(package.read_bytes()[:-40])
    with pytest.raises(AssetError, match=r"wrong sha256.*Nothing was installed"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_package_that_is_no_package(empty_store, apt, package, tmp_path):
    asset = tiny_asset(package)
    noise = tmp_path / "noise"
    noise.write_bytes(b"<html>captive portal</html>")
    apt.hands_out(noise, "tiny-photos_9_all.deb")
    with pytest.raises(AssetError, match=r"Nothing was installed"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_newer_package_with_the_same_files_is_welcome(empty_store, apt, package):
    apt.hands_out(package, "tiny-photos_2.0-1_all.deb")
    assert fetch(replace(tiny_asset(package), artefact_sha256="0" * 64)) == "fetched"
    assert installed(empty_store) == RIGHT


def test_newer_package_with_another_file_is_refused(empty_store, apt, package, tmp_path):
    asset = tiny_asset(package)
    apt.hands_out(build_deb(tmp_path, CONTENT | {"animals/cat.png": b"a dog"}), "tiny-photos_2.0-1_all.deb")
    with pytest.raises(AssetError, match=r"animals/cat\.png has the wrong sha256"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_a_link_in_the_package_is_not_followed(empty_store, apt, package, tmp_path):
    asset = tiny_asset(package)
    linked = build_deb(tmp_path, CONTENT, links={"animals/cat.png": "/etc/hostname"})
    apt.hands_out(linked, "tiny-photos_2.0-1_all.deb")
    with pytest.raises(AssetError, match=r"animals/cat\.png is missing"):
        fetch(asset)
    assert installed(empty_store) == {}


def test_no_apt_names_the_other_photos(empty_store, package, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(NotAvailableHere, match=r'no apt here.*source="hub"'):
        fetch(tiny_asset(package))
    assert installed(empty_store) == {}


def test_apt_that_does_not_know_the_package(empty_store, apt, package):
    apt.does('echo "E: Unable to locate package tiny-photos"; exit 100')
    with pytest.raises(AssetError, match=r"Unable to locate package tiny-photos.*sudo apt-get update"):
        fetch(tiny_asset(package))
    assert installed(empty_store) == {}


def test_apt_without_a_network(empty_store, apt, package):
    apt.does('echo "E: Could not resolve the mirror"; exit 100')
    with pytest.raises(AssetError, match="Could not resolve the mirror Try again later"):
        fetch(tiny_asset(package))
    assert installed(empty_store) == {}


def test_full_disk_is_said_before_the_download(empty_store, apt, package, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(AssetError, match=r"Free some space.*TRANSFER_LEARNING_ASSETS"):
        fetch(tiny_asset(package))
    assert apt.calls == []


@pytest.mark.parametrize("moment", ["unpack_deb", "accept"])
def test_interrupted_install_leaves_nothing(empty_store, package, monkeypatch, moment):
    def unpack_one_file_then_stop(*_):
        (next(empty_store.glob(".partial-tiny-photos-*/new")) / "half.png").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, moment, unpack_one_file_then_stop)
    with pytest.raises(KeyboardInterrupt):
        fetch(tiny_asset(package))
    assert list(empty_store.iterdir()) == []


def test_interrupted_mending_keeps_what_was_there(empty_store, package, monkeypatch):
    fetch(tiny_asset(package))
    (empty_store / "tiny-photos/animals/cat.png").write_bytes(b"a dog")
    before = installed(empty_store)
    monkeypatch.setattr(fetching, "accept", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        fetch(tiny_asset(package))
    assert installed(empty_store) == before


def test_the_checked_folder_itself_becomes_visible_in_one_step(empty_store, package, monkeypatch):
    built = []

    def accept_and_note(fresh, asset, accept=fetching.accept):
        accept(fresh, asset)
        assert not (empty_store / "tiny-photos").exists()
        built.append(fresh.stat().st_ino)

    monkeypatch.setattr(fetching, "accept", accept_and_note)
    fetch(tiny_asset(package))
    # A rename keeps the folder's number. A copy, which can stop half-way in full view, would have a new one.
    assert [(empty_store / "tiny-photos").stat().st_ino] == built


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tiny_package import tiny_asset
from transfer_learning.assets import fetch as fetching
fetching.accept = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # unpacked, not yet checked
fetching.fetch(tiny_asset(Path(sys.argv[2])))
"""


def test_killed_install_is_never_visible_and_the_next_fetch_works(empty_store, package):
    here = str(Path(__file__).parent)
    killed = subprocess.run([sys.executable, "-c", KILLED, here, package])
    assert killed.returncode == -signal.SIGKILL
    left = list(empty_store.iterdir())
    assert left and all(path.name.startswith(".partial-tiny-photos-") for path in left)

    two_hours_ago = time.time() - 7200
    for path in left:
        os.utime(path, (two_hours_ago, two_hours_ago))
    assert fetch(tiny_asset(package)) == "fetched"
    assert installed(empty_store) == RIGHT
