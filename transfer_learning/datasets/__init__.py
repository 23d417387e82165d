"""The course's data sets, each with a fixed split."""

from transfer_learning.datasets.digits import DIGIT_DOMAINS, Digits, load_digit_images
from transfer_learning.datasets.languages import BilingualTexts, load_emoji_names, load_review_pairs
from transfer_learning.datasets.loans import Loans, load_loans
from transfer_learning.datasets.newsgroups import Posts, load_newsgroups
from transfer_learning.datasets.photos import Photos, load_photos
from transfer_learning.datasets.sentiment import DOMAINS, Reviews, load_sentiment
from transfer_learning.datasets.splits import group_split
from transfer_learning.datasets.wikipedia import wiki_dump
from transfer_learning.datasets.word_order import Sentences, load_word_order

__all__ = [
    "DIGIT_DOMAINS",
    "DOMAINS",
    "BilingualTexts",
    "Digits",
    "Loans",
    "Photos",
    "Posts",
    "Reviews",
    "Sentences",
    "group_split",
    "load_digit_images",
    "load_emoji_names",
    "load_loans",
    "load_newsgroups",
    "load_photos",
    "load_review_pairs",
    "load_sentiment",
    "load_word_order",
    "wiki_dump",
]
