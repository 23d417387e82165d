"""A small corpus to pretrain on: the first articles of English Wikipedia, as a dump of its pages."""

from pathlib import Path

from transfer_learning.assets import locate


def wiki_dump() -> Path:
    """The file, a MediaWiki XML dump compressed with bz2, as ``gensim.corpora.WikiCorpus`` reads it.

    Raises:
        AssetError: it is not there or damaged; the message says how to mend it.
    """
    [path] = locate("wikipedia-sample").glob("enwiki-latest-pages-articles1*-shortened.bz2")
    return path
