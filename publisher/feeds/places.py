"""Where the documents of a feed go under output.path, and what their media types are."""

from __future__ import annotations

from publisher.config.public import Feed

FORMATS = ("rss", "atom", "json")
_ENDINGS = {"rss": "xml", "atom": "atom", "json": "json"}
_MAIN = {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}
_LARGEST_PAGE = 100


def paths(name: str, feed: Feed, page: int = 0) -> dict[str, str]:
    """The path of each document that a feed has, by format (`rss`, `atom`, `json`).

    `page` is the number of an archive document (RFC 5005 section 4), 0 the document that is subscribed to.
    """
    size = page_size(feed)
    return {kind: path(name, kind, page, size) for kind in FORMATS if kind in feed.formats}


def path(name: str, kind: str, page: int = 0, size: int = 0) -> str:
    """The path of one document. An archive document has the size of pages in it: another makes it another."""
    if page:
        return f"feeds/archive/{name}/{size}-{page}.{_ENDINGS[kind]}"
    if name == "main":
        return _MAIN[kind]
    return f"{name}/{_MAIN[kind]}" if is_derived(name) else f"feeds/{name}.{_ENDINGS[kind]}"


def is_derived(name: str) -> bool:
    """Whether a feed is that of a topic or an author: `topics/SLUG`, `authors/SLUG`."""
    return name.startswith(("topics/", "authors/"))


def page_size(feed: Feed) -> int:
    """How many releases an archive document stands for.

    Never more than the feed has entries: what no full page holds yet is then still in the feed.
    """
    return min(feed.entries, _LARGEST_PAGE)
