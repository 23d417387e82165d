"""Bottleneck adapters: small new layers between the old ones, which stay as they are.

After Houlsby and others (2019). Low-rank changes beside old layers (LoRA) are another way, which the library
``peft`` has.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Adapter(nn.Module):
    """Down to a few numbers, and up again; what comes out is added to what came in.

    ``up`` starts from zeros, so at first an adapter changes nothing.
    """

    def __init__(self, size: int, bottleneck: int) -> None:
        super().__init__()
        self.down = nn.Linear(size, bottleneck)
        self.up = nn.Linear(bottleneck, size)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.up(F.gelu(self.down(x)))


def add_adapters(network: nn.Module, bottleneck: int, *, seed: int = 0) -> nn.Module:
    """Put two adapters into each layer of a BERT, one after attention, and freeze the rest.

    Args:
        network: a ``BertModel``; it is changed in place.
        bottleneck: how many numbers an adapter goes down to.
        seed: of the adapters' first weights. The global random state is left as it was.

    Returns:
        The same network. Only adapters have ``requires_grad``.
    """
    network.requires_grad_(False)
    size = network.config.hidden_size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in network.encoder.layer:
            for part in (layer.attention.output, layer.output):
                part.dense = nn.Sequential(part.dense, Adapter(size, bottleneck))
    return network
