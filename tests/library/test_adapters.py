"""Adapters change nothing at first, and nothing but they can learn."""

import copy

import torch
from transformers import BertConfig, BertModel

from transfer_learning.models import add_adapters


def tiny() -> BertModel:
    config = BertConfig(
        vocab_size=20,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=12,
    )
    return BertModel(config).eval()


def test_a_network_with_new_adapters_gives_what_it_gave() -> None:
    network = tiny()
    numbers = torch.randint(20, (3, 7))
    with torch.no_grad():
        before = copy.deepcopy(network)(numbers).last_hidden_state
        after = add_adapters(network, 4)(numbers).last_hidden_state
    assert torch.equal(before, after)


def test_two_adapters_a_layer_learn_and_nothing_else() -> None:
    network = add_adapters(tiny(), 4)
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    assert sum(parameter.numel() for parameter in learning) == 2 * 2 * (2 * 16 * 4 + 4 + 16)
    network(torch.randint(20, (3, 7))).last_hidden_state.sum().backward()
    assert all(parameter.grad is not None for parameter in learning)


def test_the_seed_decides_the_adapters() -> None:
    network = tiny()
    one, same, other = (
        add_adapters(copy.deepcopy(network), 4, seed=seed).encoder.layer[0].output.dense[1].down.weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)
