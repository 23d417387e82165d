"""Pretrained word vectors: one vector a word, whatever the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from transfer_learning.assets import locate

if TYPE_CHECKING:
    from gensim.models import KeyedVectors


def load_word_vectors(limit: int | None = None) -> KeyedVectors:
    """GloVe vectors of 400,000 words in lower case, 50 dimensions (Pennington et al. 2014), offline.

    They were trained on Wikipedia and newswire, six billion tokens. The most frequent words come first.

    Args:
        limit: only the first so many words, which takes less memory and time; None for all.

    Returns:
        gensim ``KeyedVectors``: ``vectors["word"]`` has shape ``(50,)``, float32.

    Raises:
        ValueError: ``limit`` is not a positive whole number.
        AssetError: the vectors are not there or damaged; the message says how to mend it.
    """
    import pyarrow.parquet
    from gensim.models import KeyedVectors

    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise ValueError(f"limit={limit!r} must be a positive whole number, or None for all words")
    folder = locate("glove-6b-50d")
    words = pyarrow.parquet.read_table(folder / "glove_6B_index.parquet")["index"].slice(0, limit)
    matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")[: len(words)]
    vectors = KeyedVectors(matrix.shape[1], dtype=np.float32)
    vectors.add_vectors(words.to_pylist(), matrix)
    return vectors
