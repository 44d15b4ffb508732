"""What a public file is called on the wire: its media type, how long it may be kept, and what it may do."""

from __future__ import annotations

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
_NAMED_FEEDS = {"xml": _FEEDS["feed.xml"], "json": _FEEDS["feed.json"]}
_UTF8 = "; charset=utf-8"

PAGE_CSP = (
    "default-src 'none'; img-src * data:; media-src *; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_DRAWING_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def content_type(path: str) -> str:
    """The Content-Type of a file by its path; feeds are known by name, or by standing in `feeds/`."""
    folder, _, name = path.strip("/").rpartition("/")
    extension = name.rpartition(".")[2].lower()
    if name in _FEEDS:
        return _FEEDS[name] + _UTF8
    if folder == "feeds" and extension in _NAMED_FEEDS:
        return _NAMED_FEEDS[extension] + _UTF8
    if extension in _TEXT:
        return _TEXT[extension] + _UTF8
    return media_type(name) or _BINARY.get(extension, "application/octet-stream")


def compressible(kind: str) -> bool:
    """Whether gzip makes files of this Content-Type smaller."""
    return kind.endswith(_UTF8) or kind == "image/svg+xml"


def headers(kind: str) -> tuple[Header, ...]:
    """The headers of every answer that carries a file of this Content-Type."""
    made = [("content-type", kind), ("x-content-type-options", "nosniff")]
    if kind == "image/svg+xml":
        made.append(("content-security-policy", _DRAWING_CSP))
    elif compressible(kind):
        made.append(("content-security-policy", PAGE_CSP))
    return tuple((name.encode(), value.encode()) for name, value in made)


def caching(kind: str) -> tuple[Header, ...]:
    """How long a copy may be kept, and what it depends on: pages and feeds a minute, pictures a day."""
    text = kind.endswith(_UTF8)
    age = b"public, max-age=60, must-revalidate" if text else b"public, max-age=86400"
    vary = ((b"vary", b"Accept-Encoding"),) if compressible(kind) else ()
    return ((b"cache-control", age), *vary)
