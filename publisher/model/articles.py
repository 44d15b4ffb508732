"""An article, from the file that was read to the item that feeds and newsletters select."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote it, and as what ("Staff Writer"); the title may be empty.

    `key` is what the article calls somebody whose name stands in a profile.
    """

    name: str
    title: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """The lead picture: its address, what it shows (alt), the line under it, and whose it is (credit)."""

    url: str
    alt: str = ""
    caption: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that may lead to another article: as its author wrote it, and where it leads.

    `article` is the id of the article that it leads to; without one the address is as a browser takes it.
    """

    written: str
    url: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that an article refers to: its path in the source (POSIX) and the URL of its copy."""

    file: str
    url: str


@dataclass(frozen=True, slots=True)
class Manuscript:
    """One file as it was read, before it has an identity and a place.

    `html` is sanitised, with addresses as the author wrote them. Dates are aware, in UTC; None where the
    file is silent. `published_at` is None where neither the file nor its name carries a date.
    `not_before` is later than that, and given where nothing may appear earlier.
    `aliases` are paths at which it was found before, each with a slash before it.
    `body_hash` is the SHA-256 of the body as written (hex), by which a renamed file is recognised.
    `notes` are things that were mended or dropped while reading, in words for the author. `url` is the page
    that it has elsewhere; empty for what is published here. `settled`: a parser would leave `html` as it is.
    """

    path: str
    title: str
    summary: str
    html: str
    slug: str
    authors: tuple[Author, ...] = ()
    labels: tuple[str, ...] = ()
    picture: Picture | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None
    not_before: datetime | None = None
    draft: bool = False
    language: str = ""
    explicit_id: str = ""
    correction: str = ""
    aliases: tuple[str, ...] = ()
    body_hash: str = ""
    notes: tuple[str, ...] = ()
    url: str = ""
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Article:
    """One parsed content item: every address in `html` and `picture` is absolute; dates are aware, in UTC.

    `labels` are categories and tags as the author wrote them; `topics` are the keys that a reader can choose.
    `revision` counts explicit corrections from 1. `aliases` are paths at which it was found before, each with
    a slash before it; `links` those that may lead to other articles. It knows nothing of mail or feeds.
    """

    id: str
    path: str
    slug: str
    url: str
    title: str
    summary: str
    html: str
    published_at: datetime
    updated_at: datetime
    authors: tuple[Author, ...] = ()
    labels: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    picture: Picture | None = None
    expires_at: datetime | None = None
    language: str = ""
    revision: int = 1
    correction: str = ""
    assets: tuple[Asset, ...] = ()
    aliases: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """The bytes of one feed in one format, where they go under output.path, and their media type."""

    path: str
    media_type: str
    body: bytes
