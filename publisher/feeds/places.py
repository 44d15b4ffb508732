"""Where the documents of a feed go under output.path, and what their media types are."""

from __future__ import annotations

from urllib.parse import quote

from publisher.config.public import Feed, Publication
from publisher.feeds.escaping import line

FORMATS = ("rss", "atom", "json")
_ENDINGS = {"rss": "xml", "atom": "atom", "json": "json"}
_MAIN = {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}
_LARGEST_PAGE = 100


def paths(name: str, feed: Feed, page: int = 0) -> dict[str, str]:
    """The path of each document that a feed has, by format (`rss`, `atom`, `json`).

    `page` is the number of an archive document (RFC 5005 section 4), 0 the document that is subscribed to.
    """
    size = page_size(feed)
    return {kind: path_of(name, kind, page, size) for kind in FORMATS if kind in feed.formats}


def path_of(name: str, kind: str, page: int = 0, size: int = 0) -> str:
    """The path of one document. An archive document has the size of pages in it: another makes it another."""
    if page:
        return f"feeds/archive/{name}/{size}-{page}.{_ENDINGS[kind]}"
    if name == "main":
        return _MAIN[kind]
    return f"{name}/{_MAIN[kind]}" if is_derived(name) else f"feeds/{name}.{_ENDINGS[kind]}"


def feed_at(path: str) -> tuple[str, str] | None:
    """The name of the feed and the format of a document that is subscribed to; None for any other file."""
    folder, _, leaf = path.rpartition("/")
    name = {"": "main", "feeds": leaf.rpartition(".")[0]}.get(folder, folder)
    known = folder in ("", "feeds") or (is_derived(folder) and folder.count("/") == 1)
    return next(((name, kind) for kind in FORMATS if known and path_of(name, kind) == path), None)


def address(publication: Publication, name: str, kind: str, page: int = 0, size: int = 0) -> str:
    """The URL of a document."""
    return f"{line(publication.url)}/{quote(path_of(name, kind, page, size))}"


def is_derived(name: str) -> bool:
    """Whether a feed is that of a topic or an author: `topics/SLUG`, `authors/SLUG`."""
    return name.startswith(("topics/", "authors/"))


def page_size(feed: Feed) -> int:
    """How many releases an archive document stands for.

    Never more than the feed has entries: what no full page holds yet is then still in the feed.
    """
    return min(feed.entries, _LARGEST_PAGE)
