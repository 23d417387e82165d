"""The embedded models: offline, the same every time, in two parts."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from transfer_learning.datasets import Photos
from transfer_learning.features import extract_features
from transfer_learning.models import (
    Classifier,
    CompactBackbone,
    load_image_backbone,
    load_source_classifier,
    load_text_encoder,
)


@pytest.fixture(scope="module")
def backbone() -> nn.Module:
    return load_image_backbone()


def test_the_backbone_is_as_promised(backbone: nn.Module, photos: Photos) -> None:
    assert not backbone.training
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    assert backbone.feature_dim == 1280
    inputs = backbone.preprocess(photos.images[:2])
    assert torch.allclose(inputs, (photos.images[:2].float() - 127) / 128)
    assert backbone(inputs).shape == (2, 1280)


def test_features_depend_on_neither_batch_size_nor_mode(backbone: nn.Module, photos: Photos) -> None:
    images = photos.images[:5]
    backbone.train()
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    features = extract_features(backbone, images, batch_size=2)
    assert backbone.training
    assert all(torch.equal(before[name], tensor) for name, tensor in backbone.state_dict().items())
    backbone.eval()
    assert torch.allclose(features, extract_features(backbone, images), atol=1e-4)
    assert not features.requires_grad


def test_random_weights_come_from_the_seed_and_leave_the_global_state(photos: Photos) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, same, other = (load_image_backbone(weights="random", seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    first = [next(net.parameters()) for net in (one, same, other)]
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first[0], first[2])
    momenta = {layer.momentum for layer in one.modules() if isinstance(layer, nn.BatchNorm2d)}
    assert momenta == {0.1}


def test_the_source_classifier_knows_imagenets_classes(photos: Photos) -> None:
    classifier, names = load_source_classifier()
    assert len(names) == 1000
    index = photos.names.index("sea_lion")
    with torch.no_grad():
        logits = classifier(classifier.backbone.preprocess(photos.images[index : index + 1]))
    assert names[int(logits.argmax())] == "sea lion"


def test_the_compact_network_is_small_and_seeded() -> None:
    one, same = CompactBackbone(seed=1), CompactBackbone(seed=1)
    assert torch.equal(next(one.parameters()), next(same.parameters()))
    assert sum(parameter.numel() for parameter in one.parameters()) < 300_000
    model = Classifier(one, nn.Linear(one.feature_dim, 4)).eval()
    images = torch.zeros(2, 3, 128, 128, dtype=torch.uint8)
    assert model(one.preprocess(images)).shape == (2, 4)


def test_the_text_encoder_puts_like_sentences_together() -> None:
    encoder = load_text_encoder()
    assert encoder.feature_dim == 384
    with torch.no_grad():
        cat, kitten, market = nn.functional.normalize(
            encoder(["A cat sleeps.", "A kitten is sleeping on the sofa.", "The stock market fell."]), dim=1
        )
        alone = encoder(["A cat sleeps."])
    assert cat @ kitten > cat @ market + 0.2
    assert torch.allclose(nn.functional.normalize(alone, dim=1)[0], cat, atol=1e-5)  # padding does not count


def test_the_text_encoder_reads_numbers_of_tokens_as_it_reads_sentences() -> None:
    encoder = load_text_encoder()
    sentences = ["A cat sleeps.", "A kitten is sleeping on the sofa."]
    numbers = encoder.tokens(sentences)
    assert numbers.dtype == torch.int64 and (numbers[0] == 0).sum() > 0
    padded = nn.functional.pad(numbers, (0, 9))
    with torch.no_grad():
        assert torch.allclose(encoder.on_tokens()(padded), encoder(sentences), atol=1e-5)
    assert encoder.on_tokens().network is encoder.network


def test_a_text_encoder_that_knows_nothing_has_the_same_shape() -> None:
    one, same, other = (load_text_encoder(weights="random", seed=seed).network for seed in (1, 1, 2))
    known = load_text_encoder().network.state_dict()
    assert {name: of.shape for name, of in one.state_dict().items()} == {
        name: of.shape for name, of in known.items()
    }
    weight = "encoder.layer.0.output.dense.weight"
    assert torch.equal(one.state_dict()[weight], same.state_dict()[weight])
    assert not torch.equal(one.state_dict()[weight], other.state_dict()[weight])
    with pytest.raises(ValueError, match=r"weights=.* is not known"):
        load_text_encoder(weights="x")


def test_embedded_models_load_offline_and_silently() -> None:
    code = (
        "from transfer_learning.models import load_image_backbone, load_text_encoder\n"
        "load_image_backbone(); load_text_encoder()"
    )
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"), [({"source": "web"}, "source="), ({"weights": "x"}, "weights=")]
)
def test_wrong_arguments_are_said(arguments: dict, said: str) -> None:
    with pytest.raises(ValueError, match=f"{said}.* is not known"):
        load_image_backbone(**arguments)
