"""Pretraining a small BERT: how questions are made from text, and that each objective trains its own."""

import pytest
import torch

from transfer_learning.pretraining import (
    BETWEEN,
    FIRST,
    MASK,
    NOT_ASKED,
    PADDING,
    SPECIAL,
    SmallBert,
    describe,
    draw_pairs,
    join_pairs,
    judge,
    mask_some,
    passages_of,
    plain_words,
    pretrain,
    train_wordpiece,
)

TEXTS = [
    " ".join(f"{word} moves slowly around the {place} while we watch it again" for place in ("sun", "moon"))
    for word in ("comet", "planet", "rocket", "shuttle", "satellite", "probe")
]


@pytest.fixture(scope="module")
def tokenizer():
    return train_wordpiece(TEXTS, size=80)


@pytest.fixture(scope="module")
def passages(tokenizer):
    return passages_of(TEXTS, tokenizer, words=4)


def test_words_are_lower_case_letters() -> None:
    assert plain_words("Don't stop: it's 3 o'Clock!") == ["don", "t", "stop", "it", "s", "o", "clock"]


def test_the_tokeniser_keeps_frequent_words_and_its_special_pieces_first(tokenizer) -> None:
    assert [tokenizer.id_to_token(number) for number in range(5)] == SPECIAL
    assert tokenizer.get_vocab_size() <= 80
    assert "the" in tokenizer.encode("the", add_special_tokens=False).tokens


def test_pairs_follow_or_come_from_another_document(passages) -> None:
    firsts, seconds, follows = draw_pairs(passages, 200, torch.Generator().manual_seed(0))
    assert 60 < follows.sum() < 140
    for a, b, answer in zip(firsts, seconds, follows.tolist(), strict=True):
        if answer:
            assert any(
                passages.numbers[i] == a and passages.numbers[i + 1] == b
                for i in passages.followed().tolist()
            )


def test_joined_pairs_have_marks_parts_and_padding() -> None:
    numbers, parts = join_pairs([[7, 8], [9]], [[10], [11]])
    assert numbers.tolist() == [
        [FIRST, 7, 8, BETWEEN, 10, BETWEEN],
        [FIRST, 9, BETWEEN, 11, BETWEEN, PADDING],
    ]
    assert parts.tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]]


def test_masking_follows_the_rule_and_spares_special_pieces() -> None:
    numbers = torch.randint(len(SPECIAL), 500, (200, 40), generator=torch.Generator().manual_seed(1))
    numbers[:, 0], numbers[:, -1] = FIRST, PADDING
    seen, asked = mask_some(numbers, 500, torch.Generator().manual_seed(2))
    chosen = asked != NOT_ASKED
    assert not chosen[:, 0].any() and not chosen[:, -1].any()
    assert chosen.float().mean() == pytest.approx(0.15 * 38 / 40, abs=0.01)
    assert torch.equal(asked[chosen], numbers[chosen]) and torch.equal(seen[~chosen], numbers[~chosen])
    assert (seen[chosen] == MASK).float().mean() == pytest.approx(0.8, abs=0.03)
    assert (seen[chosen] == numbers[chosen]).float().mean() == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(
    ("objective", "moves", "stays"),
    [("mlm", "words", "next"), ("nsp", "next", "words"), ("both", "next", None)],
)
def test_each_objective_trains_its_own_head(tokenizer, passages, objective, moves, stays) -> None:
    model = SmallBert(tokenizer.get_vocab_size(), width=16, seed=0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    history = pretrain(model, passages, objective, steps=3, batch_size=8)
    assert len(history) == 3 and not model.training
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert any(name.startswith(moves) for name in changed)
    assert stays is None or not any(name.startswith(f"{stays}.") for name in changed)


def test_the_seed_decides_and_an_unknown_objective_is_refused(tokenizer, passages) -> None:
    def run(seed):
        model = SmallBert(tokenizer.get_vocab_size(), width=16, seed=seed)
        pretrain(model, passages, "both", steps=2, batch_size=8, seed=seed)
        return describe(model, TEXTS[:2], tokenizer)["mean"]

    assert torch.equal(run(1), run(1)) and not torch.equal(run(1), run(2))
    with pytest.raises(ValueError, match="not known"):
        pretrain(SmallBert(20, width=16), passages, "all", steps=1)


def test_features_do_not_depend_on_the_batch(tokenizer) -> None:
    model = SmallBert(tokenizer.get_vocab_size(), width=16).eval()
    together, alone = describe(model, TEXTS, tokenizer), describe(model, TEXTS[:1], tokenizer)
    for name in ("mean", "[CLS]"):
        assert together[name].shape == (len(TEXTS), 16)
        assert torch.allclose(together[name][0], alone[name][0], atol=1e-5)


def test_judging_gives_shares(tokenizer, passages) -> None:
    found = judge(SmallBert(tokenizer.get_vocab_size(), width=16).eval(), passages, pairs=50)
    assert set(found) == {"mlm", "nsp"} and all(0 <= share <= 1 for share in found.values())
