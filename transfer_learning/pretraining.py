"""A very small BERT, pretrained in minutes: on masked words, on pairs of passages, or on both.

After Devlin and others (2019), with everything made small. It is not about what the result is good for. Texts
are words in lower case without punctuation; a passage is a run of words, as these texts have no sentences.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transfer_learning.training import warm_up_then_cosine

PADDING, UNKNOWN, FIRST, BETWEEN, MASK = range(5)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
OBJECTIVES = ("mlm", "nsp", "both")
NOT_ASKED = -100


def plain_words(text: str) -> list[str]:
    """The words of a text, lower case, letters alone."""
    return re.findall(r"[a-z]+", text.lower())


def train_wordpiece(texts: Sequence[str], size: int = 4000):
    """A WordPiece tokeniser of at most ``size`` pieces, learned from ``texts``: frequent words stay whole."""
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(
        texts, vocab_size=size, min_frequency=2, show_progress=False, special_tokens=SPECIAL
    )
    return tokenizer


@dataclass(frozen=True)
class Passages:
    """Passages of documents, in reading order, as numbers of pieces.

    Attributes:
        numbers: one list a passage.
        documents: int64, shape ``(n,)``: which document each is from; passages of one follow each other.
    """

    numbers: list[list[int]]
    documents: Tensor

    def followed(self) -> Tensor:
        """The passages that another one of the same document follows."""
        return (self.documents[1:] == self.documents[:-1]).nonzero().flatten()


def passages_of(texts: Sequence[str], tokenizer, *, words: int = 14, longest: int = 22) -> Passages:
    """Each text cut into passages of ``words`` words; what is left over at its end is dropped."""
    cut, documents = [], []
    for number, text in enumerate(texts):
        found = plain_words(text)
        for start in range(0, len(found) - words + 1, words):
            cut.append(" ".join(found[start : start + words]))
            documents.append(number)
    pieces = tokenizer.encode_batch(cut, add_special_tokens=False)
    return Passages([piece.ids[:longest] for piece in pieces], torch.tensor(documents))


def draw_pairs(passages: Passages, size: int, generator: torch.Generator) -> tuple[list, list, Tensor]:
    """``size`` pairs of passages: a first, a second, and whether the second follows the first in its text.

    Half of the seconds follow; the others are drawn from another document.
    """
    followed = passages.followed()
    firsts = followed[torch.randint(len(followed), (size,), generator=generator)]
    follows = torch.rand(size, generator=generator) < 0.5
    anywhere = torch.randint(len(passages.numbers), (size,), generator=generator)
    same = passages.documents[anywhere] == passages.documents[firsts]
    while same.any():
        anywhere[same] = torch.randint(len(passages.numbers), (int(same.sum()),), generator=generator)
        same = passages.documents[anywhere] == passages.documents[firsts]
    seconds = torch.where(follows, firsts + 1, anywhere)
    return (
        [passages.numbers[i] for i in firsts.tolist()],
        [passages.numbers[i] for i in seconds.tolist()],
        follows.long(),
    )


def join_pairs(firsts: list[list[int]], seconds: list[list[int]]) -> tuple[Tensor, Tensor]:
    """``[CLS] first [SEP] second [SEP]``, padded; and for every place, 0 in the first part, else 1."""
    rows = [([FIRST, *a, BETWEEN], [*b, BETWEEN]) for a, b in zip(firsts, seconds, strict=True)]
    longest = max(len(a) + len(b) for a, b in rows)
    numbers = torch.full((len(rows), longest), PADDING)
    parts = torch.zeros(len(rows), longest, dtype=torch.long)
    for row, (a, b) in enumerate(rows):
        numbers[row, : len(a) + len(b)] = torch.tensor(a + b)
        parts[row, len(a) : len(a) + len(b)] = 1
    return numbers, parts


def mask_some(
    numbers: Tensor, vocabulary: int, generator: torch.Generator, share: float = 0.15
) -> tuple[Tensor, Tensor]:
    """BERT's rule: ``share`` of the pieces are asked for; of these, 80% show ``[MASK]``, 10% another piece at
    random, 10% themselves.

    Returns:
        What the network sees, and what it is asked for: the piece, or ``NOT_ASKED``. Special pieces and
        padding are never asked for.
    """
    asked = (torch.rand(numbers.shape, generator=generator) < share) & (numbers >= len(SPECIAL))
    what = torch.rand(numbers.shape, generator=generator)
    others = torch.randint(len(SPECIAL), vocabulary, numbers.shape, generator=generator)
    seen = torch.where(asked & (what < 0.8), MASK, numbers)
    seen = torch.where(asked & (what >= 0.8) & (what < 0.9), others, seen)
    return seen, torch.where(asked, numbers, NOT_ASKED)


class SmallBert(nn.Module):
    """A BERT of two layers with both heads of its pretraining; ``seed`` draws the first weights."""

    def __init__(self, vocabulary: int, *, width: int = 64, layers: int = 2, seed: int = 0) -> None:
        from transformers import BertConfig, BertModel

        super().__init__()
        config = BertConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            intermediate_size=4 * width,
            max_position_embeddings=64,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            pad_token_id=PADDING,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = BertModel(config)
            self.words = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
            self.bias = nn.Parameter(torch.zeros(vocabulary))
            self.next = nn.Linear(width, 2)

    def read(self, numbers: Tensor, parts: Tensor | None = None):
        """What the network makes of a batch; padding is left out."""
        return self.network(numbers, attention_mask=(numbers != PADDING).long(), token_type_ids=parts)

    def word_scores(self, vectors: Tensor) -> Tensor:
        """A score for every piece of the vocabulary; the table of embeddings is used a second time."""
        return self.words(vectors) @ self.network.embeddings.word_embeddings.weight.T + self.bias

    def losses(self, seen: Tensor, parts: Tensor, asked: Tensor, follows: Tensor) -> dict[str, Tensor]:
        """The loss of each task, and the share of right answers to each."""
        output, places = self.read(seen, parts), asked != NOT_ASKED
        words = self.word_scores(output.last_hidden_state[places])
        next_one = self.next(output.pooler_output)
        return {
            "mlm": F.cross_entropy(words, asked[places]),
            "nsp": F.cross_entropy(next_one, follows),
            "mlm_right": (words.argmax(dim=1) == asked[places]).float().mean(),
            "nsp_right": (next_one.argmax(dim=1) == follows).float().mean(),
        }


def pretrain(
    model: SmallBert,
    passages: Passages,
    objective: str,
    *,
    steps: int,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    seed: int = 0,
) -> list[dict[str, float]]:
    """Pretrain in place on ``"mlm"``, ``"nsp"`` or ``"both"``; gives the losses of every step.

    All three see the same pairs in the same order. Words are masked only where they are asked for.
    """
    if objective not in OBJECTIVES:
        raise ValueError(f"objective='{objective}' is not known; there are: {', '.join(OBJECTIVES)}")
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warm_up_then_cosine(step, steps))
    pairs, masks = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1)
    vocabulary, history = model.bias.numel(), []
    model.train()
    for _step in range(steps):
        *two, follows = draw_pairs(passages, batch_size, pairs)
        numbers, parts = join_pairs(*two)
        seen, asked = mask_some(numbers, vocabulary, masks)
        found = model.losses(numbers if objective == "nsp" else seen, parts, asked, follows)
        loss = found["mlm"] + found["nsp"] if objective == "both" else found[objective]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        history.append({name: value.item() for name, value in found.items()})
    model.eval()
    return history


@torch.no_grad()
def judge(model: SmallBert, passages: Passages, *, pairs: int = 1000, seed: int = 0) -> dict[str, float]:
    """The share of right answers to both tasks on passages that were kept back. Pairs are shown unmasked."""
    generator = torch.Generator().manual_seed(seed)
    *two, follows = draw_pairs(passages, pairs, generator)
    numbers, parts = join_pairs(*two)
    seen, asked = mask_some(numbers, model.bias.numel(), generator)
    return {
        "mlm": model.losses(seen, parts, asked, follows)["mlm_right"].item(),
        "nsp": model.losses(numbers, parts, asked, follows)["nsp_right"].item(),
    }


@torch.no_grad()
def describe(model: SmallBert, texts: Sequence[str], tokenizer, *, longest: int = 48) -> dict[str, Tensor]:
    """Features of texts: the ``"mean"`` over the last layer's vectors, and the vector of ``"[CLS]"``."""
    means, firsts = [], []
    encoded = tokenizer.encode_batch(
        [" ".join(plain_words(text)) for text in texts], add_special_tokens=False
    )
    rows = [[FIRST, *piece.ids[: longest - 2], BETWEEN] for piece in encoded]
    for start in range(0, len(rows), 100):
        batch = rows[start : start + 100]
        numbers = torch.full((len(batch), max(map(len, batch))), PADDING)
        for row, pieces in enumerate(batch):
            numbers[row, : len(pieces)] = torch.tensor(pieces)
        vectors = model.read(numbers).last_hidden_state
        mask = (numbers != PADDING).unsqueeze(-1)
        means.append((vectors * mask).sum(dim=1) / mask.sum(dim=1))
        firsts.append(vectors[:, 0])
    return {"mean": torch.cat(means), "[CLS]": torch.cat(firsts)}
