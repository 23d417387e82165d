"""The photos: their split is fixed, fair and free of near-duplicates."""

import hashlib
import re
from collections import defaultdict
from pathlib import Path

import pytest
import torch

from transfer_learning.assets import AssetError
from transfer_learning.datasets import Photos, group_split, load_photos
from transfer_learning.datasets.photos import embedded_table, read_photo
from transfer_learning.features import extract_features
from transfer_learning.models import load_image_backbone


def test_the_photos_are_those_of_the_table(photos: Photos) -> None:
    assert photos.class_names == ("mammal", "bird", "fruit or vegetable", "flower")
    assert photos.images.shape == (164, 3, 128, 128)
    assert photos.images.dtype == torch.uint8
    assert len(set(photos.names)) == len(photos) == len(photos.labels) == len(photos.groups)
    assert photos.images[:, :, 0, 0].float().mean() > 250  # cut out on white


def test_the_split_is_the_published_one() -> None:
    rows = embedded_table()
    text = "".join(f"{row['file']} {row['split']}\n" for row in rows)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "7a99144325077490"
    assert [row["split"] for row in rows] == group_split(
        [row["label"] for row in rows], [row["group"] for row in rows]
    )


def test_every_split_has_its_share_of_every_class(photos: Photos) -> None:
    shares = {"train": 0.5, "validation": 0.2, "test": 0.3}
    for split, counts in photos.counts().items():
        for label, name in enumerate(photos.class_names):
            of_class = int((photos.labels == label).sum())
            assert abs(counts[name] - shares[split] * of_class) <= 2, (split, name)
    assert sum(len(photos.part(split)) for split in shares) == len(photos)


def test_no_group_straddles_a_split(photos: Photos) -> None:
    splits = defaultdict(set)
    for group, split in zip(photos.groups, photos.splits, strict=True):
        splits[group].add(split)
    assert all(len(found) == 1 for found in splits.values())


def test_variants_of_one_name_are_in_one_group(photos: Photos) -> None:
    groups = defaultdict(set)
    for name, group in zip(photos.names, photos.groups, strict=True):
        if not re.fullmatch(r"flower\d+", name):  # ten different flowers, only numbered
            groups[re.split(r"[-_\d]", name.lower())[0]].add(group)
    told_apart = {"red", "yellow", "little", "adelaide", "rainbow", "silver"}  # adjectives, not subjects
    assert {stem for stem, found in groups.items() if len(found) > 1} <= told_apart


def test_no_near_duplicates_straddle_a_split(photos: Photos) -> None:
    """Alike for the network (features about their mean) or alike as thumbnails and for the network."""
    features = extract_features(load_image_backbone(), photos.images)
    alike = cosine(features - features.mean(dim=0))
    thumbnails = torch.nn.functional.adaptive_avg_pool2d(photos.images.float().mean(dim=1, keepdim=True), 16)
    pixels = thumbnails.flatten(1)
    alike_as_pictures = cosine(pixels - pixels.mean(dim=1, keepdim=True))
    near = (alike > 0.8) | ((alike > 0.65) & (alike_as_pictures > 0.75))
    pairs = torch.nonzero(torch.triu(near, diagonal=1)).tolist()
    assert pairs, "the thresholds find no near-duplicates at all: they test nothing"
    straddling = [
        (photos.names[i], photos.names[j]) for i, j in pairs if photos.splits[i] != photos.splits[j]
    ]
    assert set(straddling) <= LOOKED_AT


LOOKED_AT = {("daffodil", "yellow-flower")}  # two different flowers, each a yellow star


def cosine(vectors: torch.Tensor) -> torch.Tensor:
    unit = torch.nn.functional.normalize(vectors, dim=1)
    return unit @ unit.T


def test_subset_and_part_keep_everything_together(photos: Photos) -> None:
    few = photos.subset([5, 2])
    assert few.names == (photos.names[5], photos.names[2])
    assert torch.equal(few.images[1], photos.images[2])
    assert few.labels.tolist() == [int(photos.labels[5]), int(photos.labels[2])]
    assert set(photos.part("test").splits) == {"test"}
    with pytest.raises(ValueError, match="there is no split 'dev'; there are: test, train, validation"):
        photos.part("dev")


def test_missing_photos_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSFER_LEARNING_ASSETS", str(tmp_path))
    with pytest.raises(AssetError, match=r"python -m transfer_learning\.assets fetch"):
        load_photos()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AssetError, match=r'load_photos\(source="hub"\)'):
        load_photos()


def test_wrong_arguments_are_said() -> None:
    with pytest.raises(ValueError, match="source='embedded' or source='hub'"):
        load_photos("internet")
    with pytest.raises(TypeError, match="only source='hub'"):
        load_photos(url="x")


def test_a_file_that_is_no_photo_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"not a photo")
    with pytest.raises(AssetError, match="not a photo that can be read"):
        read_photo(tmp_path / "x.png", 16)


def test_a_group_of_two_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\['g'\] hold samples of more than one class"):
        group_split(["a", "b"], ["g", "g"])


def test_another_seed_gives_another_split_without_straddling() -> None:
    labels, groups = ["a"] * 40, [str(i // 2) for i in range(40)]
    splits = {tuple(group_split(labels, groups, seed=seed)) for seed in range(5)}
    assert len(splits) == 5
    for split in splits:
        assert all(split[i] == split[i + 1] for i in range(0, 40, 2))
        assert split.count("train") == 20
