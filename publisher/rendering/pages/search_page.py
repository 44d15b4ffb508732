"""The search page and its script; without script it leads to the topics and the archive."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from publisher.rendering.environment import Templates
from publisher.rendering.pages.lists import Collection
from publisher.rendering.pages.site import Frame
from publisher.rendering.searching import CARDS, UNSPACED, common

SCRIPT = "assets/search.js"
_LED_TO = 24


def search(frame: Frame, topics: Sequence[Collection]) -> str:
    """The page; a reader without script is led to the largest of the topics, and to the archive."""
    # paths, so that the search works at any host that the files are copied to
    base = f"{urlsplit(frame.site.publication.url).path}/"
    largest = sorted(topics, key=lambda held: (-held.count, held.name, held.path))[:_LED_TO]
    shown = [(held, frame.url(held.path)) for held in largest]
    return frame.render("search", topics=shown, base_path=base, script_url=base + SCRIPT)


def script(templates: Templates, language: str) -> str:
    """The script of the search page, the only one there is; `language` is the publication's."""
    given = {"cards": CARDS, "common": sorted(common(language)), "unspaced": _escaped(UNSPACED)}
    return templates.render("pages/search.js", **given)


def _escaped(characters: str) -> str:
    """For a regular expression of JavaScript with the flag u, inside a string."""
    return "".join(char if char.isascii() else f"\\\\u{{{ord(char):x}}}" for char in characters)
