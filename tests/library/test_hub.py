"""``source="hub"``: the real loading code, against stand-ins in the hub's own formats on loopback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import make_ants_bees, make_bert, make_resnet, serve

from transfer_learning.assets import AssetError
from transfer_learning.datasets import load_photos

LOAD_BOTH = """
import json, torch
from transfer_learning.assets import AssetError
from transfer_learning.models import load_image_backbone, load_text_encoder
images = torch.randint(0, 255, (2, 3, 32, 32), dtype=torch.uint8)
said = {}
backbone = load_image_backbone("hub")
said["features"] = list(backbone(backbone.preprocess(images)).shape)
said["white"] = backbone.preprocess(torch.full((1, 3, 1, 1), 255)).flatten().tolist()
scratch = load_image_backbone("hub", weights="random", seed=1)
said["differs"] = not torch.equal(next(scratch.parameters()), next(backbone.parameters()))
encoder = load_text_encoder("hub")
one, padded = encoder(["a cat"]), encoder(["a cat", "the dogs sat the dogs"])
said["vectors"] = list(padded.shape)
said["padding_matters"] = not torch.allclose(one[0], padded[0], atol=1e-5)
try:
    load_image_backbone("hub", checkpoint="nobody/nothing")
except AssetError as error:
    said["missing"] = str(error)
print(json.dumps(said))
"""
LOAD_ONE = """
import sys
from transfer_learning.assets import AssetError
from transfer_learning.models import load_image_backbone
try:
    load_image_backbone("hub", checkpoint=sys.argv[1])
except AssetError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two repositories, as the hub has them."""
    folder = tmp_path_factory.mktemp("hub")
    make_resnet(folder / "microsoft/resnet-18")
    make_bert(folder / "google-bert/bert-base-uncased")
    return folder


def python(code: str, *arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run ``code`` in a fresh Python: the hub's address is read from the environment when it is imported."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={
            **os.environ,
            "HF_HOME": str(home),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "0",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )


def test_checkpoints_load_from_the_hub_and_a_missing_one_is_said(hub: Path, tmp_path: Path) -> None:
    with serve(hub) as url:
        done = python(LOAD_BOTH, home=tmp_path, HF_ENDPOINT=url)
    said = json.loads(done.stdout)
    assert said["features"] == [2, 16]
    assert said["white"] == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    assert said["differs"]
    assert said["vectors"] == [2, 16]
    assert not said["padding_matters"]
    assert "'nobody/nothing' could not be loaded" in said["missing"]
    assert "404" in said["missing"]
    assert "source='embedded'" in said["missing"]
    assert "%|" not in done.stderr, "a progress bar would stand in every page's output"


def test_no_network_is_said(tmp_path: Path) -> None:
    done = python(LOAD_ONE, "microsoft/resnet-18", home=tmp_path, HF_HUB_OFFLINE="1")
    assert "could not be loaded" in done.stdout
    assert "source='embedded'" in done.stdout


def test_ants_and_bees_load_and_are_downloaded_once(tmp_path: Path, empty_store: Path) -> None:
    sha256 = make_ants_bees(tmp_path / "photos.zip", train=10, val=3)
    with serve(tmp_path) as url:
        photos = load_photos("hub", size=32, url=f"{url}/photos.zip", sha256=sha256)
    assert photos.class_names == ("ants", "bees")
    assert photos.images.shape == (26, 3, 32, 32)
    assert photos.counts() == {
        "train": {"ants": 8, "bees": 8},
        "validation": {"ants": 2, "bees": 2},
        "test": {"ants": 3, "bees": 3},
    }
    again = load_photos("hub", size=32, url=f"{url}/photos.zip", sha256=sha256)  # the server is gone
    assert again.names == photos.names


def test_the_address_may_come_from_the_environment(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = make_ants_bees(tmp_path / "photos.zip")
    with serve(tmp_path) as url:
        monkeypatch.setenv("TRANSFER_LEARNING_ANTS_BEES_URL", f"{url}/photos.zip")
        assert len(load_photos("hub", size=8, sha256=sha256)) == 18


def refused(empty_store: Path, url: str, sha256: str) -> str:
    """What the error says; nothing may be installed."""
    with pytest.raises(AssetError) as caught:
        load_photos("hub", url=url, sha256=sha256)
    assert not [path for path in empty_store.rglob("*") if path.is_file()]
    return str(caught.value)


def test_a_server_that_is_down_is_said(tmp_path: Path, empty_store: Path) -> None:
    with serve(tmp_path) as url:
        pass
    assert "could not be downloaded" in refused(empty_store, f"{url}/photos.zip", "0" * 64)


def test_a_missing_file_is_said(tmp_path: Path, empty_store: Path) -> None:
    with serve(tmp_path) as url:
        assert "404" in refused(empty_store, f"{url}/photos.zip", "0" * 64)


def test_a_download_that_breaks_off_is_said(tmp_path: Path, empty_store: Path) -> None:
    sha256 = make_ants_bees(tmp_path / "photos.zip")
    with serve(tmp_path, truncate={"photos.zip"}) as url:
        assert "broke off after" in refused(empty_store, f"{url}/photos.zip", sha256)


def test_another_file_than_the_one_we_know_is_refused(tmp_path: Path, empty_store: Path) -> None:
    make_ants_bees(tmp_path / "photos.zip")
    with serve(tmp_path) as url:
        said = refused(empty_store, f"{url}/photos.zip", "0" * 64)
    assert "is not the file we know" in said
    assert 'source="embedded"' in said


def test_a_damaged_zip_is_refused(tmp_path: Path, empty_store: Path) -> None:
    from transfer_learning.assets.store import file_sha256

    (tmp_path / "photos.zip").write_bytes(b"not a zip file")
    with serve(tmp_path) as url:
        said = refused(empty_store, f"{url}/photos.zip", file_sha256(tmp_path / "photos.zip"))
    assert "damaged zip file" in said


def test_a_zip_cannot_write_elsewhere(tmp_path: Path, empty_store: Path) -> None:
    extra = {
        "../evil.jpg": b"x",
        "/tmp/evil.jpg": b"x",
        "hymenoptera_data/train/ants/../../../evil.jpg": b"x",
        "hymenoptera_data/train/ants/imageNet.gif": b"x",
    }
    sha256 = make_ants_bees(tmp_path / "photos.zip", extra=extra)
    with serve(tmp_path) as url:
        assert len(load_photos("hub", size=8, url=f"{url}/photos.zip", sha256=sha256)) == 18
    assert not list(tmp_path.rglob("evil.jpg"))
    assert not list(tmp_path.rglob("*.gif"))
