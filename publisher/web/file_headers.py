"""What a public file is called on the wire: its media type, how long it may be kept, and what it may do."""

from __future__ import annotations

import re

from publisher.feeds import feed_at
from publisher.feeds.media import media_type

Header = tuple[bytes, bytes]

_TEXT = {
    "html": "text/html",
    "htm": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "xml": "application/xml",
    "atom": "application/atom+xml",
    "json": "application/json",
}
_BINARY = {
    "ico": "image/x-icon",
    "pdf": "application/pdf",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "zip": "application/zip",
}
_FEEDS = {
    "feed.xml": "application/rss+xml",
    "atom.xml": "application/atom+xml",
    "feed.json": "application/feed+json",
}
_NAMED_FEEDS = {
    "xml": _FEEDS["feed.xml"],
    "atom": _FEEDS["atom.xml"],
    "json": _FEEDS["feed.json"],
}
_SEARCH = "search/index.html"
_UTF8 = "; charset=utf-8"
_MINUTE = b"max-age=60, stale-while-revalidate=60, stale-if-error=86400"
_DAY = b"max-age=86400, stale-while-revalidate=86400, stale-if-error=604800"
_FOR_EVER = b"max-age=31536000, immutable"
_FINGERPRINT = re.compile(r"/assets/[^/]*\.[0-9a-f]{10,64}\.\w+$")

PAGE_CSP = (
    "default-src 'none'; img-src * data:; media-src *; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
# the one page with a script, which fetches the index
_SEARCH_CSP = f"{PAGE_CSP}; script-src 'self'; connect-src 'self'"
_DRAWING_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def content_type(path: str) -> str:
    """The Content-Type of a file by its path; feeds are known by name, or by standing below `feeds/`."""
    folder, _, name = path.strip("/").rpartition("/")
    extension = name.rpartition(".")[2].lower()
    if name in _FEEDS:
        return _FEEDS[name] + _UTF8
    if f"{folder}/".startswith("feeds/") and extension in _NAMED_FEEDS:
        return _NAMED_FEEDS[extension] + _UTF8
    if extension in _TEXT:
        return _TEXT[extension] + _UTF8
    return media_type(name) or _BINARY.get(extension, "application/octet-stream")


def compressible(kind: str) -> bool:
    """Whether gzip makes files of this Content-Type smaller."""
    return kind.endswith(_UTF8) or kind == "image/svg+xml"


def headers(kind: str, path: str = "") -> tuple[Header, ...]:
    """The headers of every answer that carries a file of this Content-Type."""
    made = [("content-type", kind), ("x-content-type-options", "nosniff")]
    if kind == "image/svg+xml":
        made.append(("content-security-policy", _DRAWING_CSP))
    elif compressible(kind):
        policy = _SEARCH_CSP if path.strip("/") == _SEARCH else PAGE_CSP
        made.append(("content-security-policy", policy))
    return tuple((name.encode(), value.encode()) for name, value in made)


def is_feed(path: str) -> bool:
    """Whether this is a document of a feed that programs subscribe to."""
    return feed_at(path.strip("/")) is not None


def caching(kind: str, path: str = "") -> tuple[Header, ...]:
    """How long a copy may be kept, and what it depends on (RFC 9111, RFC 5861).

    Pages and feeds a minute, pictures a day, an asset with a fingerprint in its name for ever. A cache
    between may show an old copy while it asks for the new one, and for a day while nobody answers.
    """
    age = _MINUTE if kind.endswith(_UTF8) else _DAY
    age = _FOR_EVER if _FINGERPRINT.search(path) else age
    vary = ((b"vary", b"Accept-Encoding"),) if compressible(kind) else ()
    return ((b"cache-control", b"public, " + age), *vary)


def discovery(hub: str, own: str) -> tuple[Header, ...]:
    """Where a feed's hub is, and what it calls itself (WebSub section 4); nothing without a hub."""
    return ((b"link", f'<{hub}>; rel="hub", <{own}>; rel="self"'.encode()),) if hub else ()
