"""What crawlers read: the sitemap (sitemaps.org 0.9), in parts by month, and robots.txt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from publisher.model.addresses import url_of
from publisher.rendering.pages.site import Frame

SITEMAP, PARTS, ROBOTS = "sitemap.xml", "sitemaps/", "robots.txt"
# of one part, and of the parts of an index
MOST = 50_000
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SCHEMA = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@dataclass(frozen=True, slots=True)
class Address:
    """A page for the sitemap, and when it last changed (aware); None says nothing."""

    url: str
    changed: datetime | None = None


def part_path(name: str, number: int = 1) -> str:
    """Where a part goes under output.path; `name` is a month, `2026-11`, or `lists`."""
    return f"{PARTS}{name}.xml" if number == 1 else f"{PARTS}{name}-{number}.xml"


def parts(name: str, addresses: Iterable[Address]) -> Iterator[tuple[str, bytes]]:
    """The files of one part, by path: one, unless it has more than 50,000 addresses. Sorted by address."""
    ordered = sorted(addresses, key=lambda a: a.url)
    for number, start in enumerate(range(0, len(ordered), MOST), 1):
        listed = "".join(map(_url, ordered[start : start + MOST]))
        yield part_path(name, number), f"{_HEAD}<urlset {_SCHEMA}>\n{listed}</urlset>\n".encode()


def sitemap(base: str, parts: Mapping[str, datetime | None]) -> bytes:
    """The sitemap index: each part by its path, and when the newest of its pages changed."""
    listed = "".join(
        f"<sitemap><loc>{escape(url_of(base, path))}</loc>{_changed(parts[path])}</sitemap>\n"
        for path in sorted(parts)
    )
    return f"{_HEAD}<sitemapindex {_SCHEMA}>\n{listed}</sitemapindex>\n".encode()


def robots(frame: Frame) -> str:
    """robots.txt (RFC 9309): where the sitemap is, and which addresses are no pages for everybody."""
    base = frame.site.publication.url
    given = {"folder": urlsplit(base).path, "sitemap_url": url_of(base, SITEMAP)}
    return frame.templates.render("pages/robots.txt", **given)


def _url(address: Address) -> str:
    return f"<url><loc>{escape(address.url)}</loc>{_changed(address.changed)}</url>\n"


def _changed(at: datetime | None) -> str:
    return f"<lastmod>{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</lastmod>" if at else ""
