"""Where the lists of a publication stand under output.path: topics, authors, months, and their pages."""

from __future__ import annotations

from urllib.parse import quote

from publisher.model.naming import slug_of

TOPICS, AUTHORS, ARCHIVE, SEARCH = "topics/", "authors/", "archive/", "search/"
FEEDS = "feeds/"


def topic_path(key: str) -> str:
    """The folder of a topic's page and feeds, by its key."""
    return f"{TOPICS}{key}/"


def author_path(name: str) -> str:
    """The folder of an author's page and feeds, by the name."""
    return f"{AUTHORS}{slug_of(name)}/"


def month_path(year: int, month: int) -> str:
    """The folder of the articles of one month, `archive/2026-11/`; no newsletter is called so."""
    return f"{ARCHIVE}{year:04}-{month:02}/"


def page_path(folder: str, number: int) -> str:
    """The folder of a numbered page of the list in `folder`; 0 is the list's own."""
    return f"{folder}page/{number}/" if number else folder


def url_of(base: str, path: str) -> str:
    """The public address of a path under output.path; `base` ends without a slash."""
    return f"{base}/{quote(path)}"
