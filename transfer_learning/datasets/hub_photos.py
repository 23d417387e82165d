"""Ants and bees, the photos of the PyTorch transfer-learning tutorial: one zip file, downloaded once."""

import hashlib
import os
import re
import shutil
import urllib.error
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path

from rich.progress import wrap_file

from transfer_learning.assets import AssetError
from transfer_learning.assets.store import installing, store_folder
from transfer_learning.datasets.splits import group_split

URL = "https://download.pytorch.org/tutorial/hymenoptera_data.zip"
SHA256 = "fbc41b31d544714d18dd1230b1e2b455e1557766e13e67f9f5a7a23af7c02209"
MOST_BYTES = 500 * 10**6  # of the zip file, and of what is in it; the real one has 47 MB
WANTED = re.compile(r"hymenoptera_data/(train|val)/(ants|bees)/([\w.-]+\.(?:jpe?g|png))", re.IGNORECASE)
OFFLINE = 'Check the connection, or use load_photos(source="embedded"), which needs no network.'


def fetch_ants_bees(url: str | None = None, sha256: str = SHA256) -> Path:
    """The folder with the unpacked photos; downloads them on the first call.

    Args:
        url: of the zip file; without it ``$TRANSFER_LEARNING_ANTS_BEES_URL``, or the tutorial's own.
        sha256: that the zip file must have.

    Raises:
        AssetError: the file cannot be had, broke off, or is not the one expected. Nothing is installed then.
    """
    folder = store_folder() / "hub" / f"hymenoptera-{sha256[:12]}"
    if folder.is_dir():
        return folder
    url = url or os.environ.get("TRANSFER_LEARNING_ANTS_BEES_URL") or URL
    with installing(folder) as fresh:
        archive = fresh.with_name("download.zip")
        download(url, sha256, archive)
        unpack(archive, fresh)
    return folder


def ants_bees_table(folder: Path) -> list[dict[str, str]]:
    """The photos in order: ``file``, ``label``, ``group`` and ``split``.

    The tutorial's ``val`` is our test split; a fifth of its ``train`` is our validation split.
    """
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    rows = []
    for file in files:
        _, part, label, name = file.split("/")
        rows.append({"file": file, "label": label, "group": f"{label}/{Path(name).stem}", "part": part})
    learn = [row for row in rows if row["part"] == "train"]
    splits = group_split(
        [row["label"] for row in learn],
        [row["group"] for row in learn],
        {"train": 0.8, "validation": 0.2},
    )
    for row, split in zip(learn, splits, strict=True):
        row["split"] = split
    return [row | {"split": row.get("split", "test")} for row in rows]


def download(url: str, sha256: str, target: Path) -> None:
    """Download ``url`` to ``target``, and check that it came whole and is the right file."""
    digest = hashlib.sha256()
    done = 0
    try:
        with urllib.request.urlopen(url, timeout=30) as response, target.open("wb") as out:
            size = int(response.headers.get("Content-Length") or 0)
            with wrap_file(
                response, total=size or MOST_BYTES, description="ants and bees", transient=True
            ) as body:
                while chunk := body.read(1 << 16):
                    done += len(chunk)
                    if done > MOST_BYTES:
                        raise AssetError(
                            f"{url} is larger than {MOST_BYTES / 1e6:.0f} MB: not the file we know."
                        )
                    digest.update(chunk)
                    out.write(chunk)
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        raise AssetError(
            f"The ants and bees could not be downloaded from {url}: {error}. {OFFLINE}"
        ) from error
    if size and done != size:
        raise AssetError(
            f"The download of {url} broke off after {done} of {size} bytes. Try again. {OFFLINE}"
        )
    if digest.hexdigest() != sha256:
        raise AssetError(
            f"{url} is not the file we know: its sha256 is {digest.hexdigest()}, expected {sha256}. "
            f"Nothing was installed. {OFFLINE}"
        )


def unpack(archive: Path, destination: Path) -> None:
    """Take the photos out of the zip file, and nothing else.

    A member is taken only when its whole name is as in the tutorial's file, so none can be written elsewhere.
    The one GIF among the ants is left out, as torchvision leaves it out.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            photos = [member for member in opened.infolist() if WANTED.fullmatch(member.filename)]
            if sum(member.file_size for member in photos) > MOST_BYTES:
                raise AssetError(
                    f"{archive.name} unpacks to more than {MOST_BYTES / 1e6:.0f} MB: not the file we know."
                )
            for member in photos:
                target = destination / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as packed, target.open("wb") as out:
                    shutil.copyfileobj(packed, out)
    except zipfile.BadZipFile as error:
        raise AssetError(
            f"The ants and bees came as a damaged zip file: {error}. Nothing was installed."
        ) from error
    if not photos:
        raise AssetError(
            "The zip file holds no photos under hymenoptera_data/train and hymenoptera_data/val."
        )
