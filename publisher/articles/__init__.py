"""Articles: from the bytes of a file to a manuscript, and from a manuscript to an article with its place."""

from __future__ import annotations

from publisher.articles.decoding import MAX_BYTES
from publisher.articles.naming import carried, keys_of, slugify, topics_of
from publisher.articles.placing import aliases, place
from publisher.articles.profiles import credited, is_profile
from publisher.articles.reading import SUFFIXES, read

__all__ = [
    "MAX_BYTES",
    "SUFFIXES",
    "aliases",
    "carried",
    "credited",
    "is_profile",
    "keys_of",
    "place",
    "read",
    "slugify",
    "topics_of",
]
