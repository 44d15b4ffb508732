"""A public file as it is served: its bytes, its gzip, its validators and headers, all made once."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from io import BufferedReader

from publisher.web import conditional
from publisher.web.file_headers import Header, caching, compressible, content_type, headers, is_feed

Stamp = tuple[int, int, int]
Links = Callable[[str], tuple[Header, ...]]

_WORTH_GZIP = 200
_GZIP: Header = (b"content-encoding", b"gzip")
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL}


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of a file: its bytes (None: too large to hold), its ETag, and headers by status.

    `wire` are the same headers with Last-Modified, as they are sent.
    """

    body: bytes | None
    etag: bytes
    headers: Mapping[int, tuple[Header, ...]]
    wire: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Representation:
    """A file at one moment: `stamp` is its (mtime in ns, size, inode), `modified` in epoch seconds.

    `feed` is the address under which polls of it are counted; empty for what is no feed.
    """

    file: str
    stamp: Stamp
    modified: int
    last_modified: Header
    plain: Variant
    gzip: Variant | None
    weight: int
    feed: str

    def chosen(self, asked: Mapping[bytes, bytes], modified: int) -> tuple[Variant, int]:
        """The encoding for these headers, and the status; Last-Modified says `modified`."""
        small = self.gzip and conditional.takes_gzip(asked.get(b"accept-encoding", b"")[:256])
        variant = self.gzip if small and self.gzip else self.plain
        return variant, conditional.status(asked, variant.etag, modified)


class Folder:
    """What a path names that lacks only the slash at its end."""


def stamp_of(found: os.stat_result) -> Stamp:
    """What tells two files of one name apart."""
    return found.st_mtime_ns, found.st_size, found.st_ino


def date_header(seconds: int) -> Header:
    """Last-Modified (RFC 9110 section 8.8.2) for epoch seconds."""
    return b"last-modified", formatdate(seconds, usegmt=True).encode()


def find(root: str, path: str) -> str | Folder | None:
    """The file that a request path names, or None where nothing public is.

    Hidden names, and links that lead out of `root` or to hidden files, are not public.
    """
    file = root + path + ("index.html" if path.endswith("/") else "")
    try:
        if not _visible(path.removesuffix("/")) or not _within(root, file):
            return None
        if stat.S_ISREG(os.stat(file).st_mode):
            return file
        page = os.stat(file + "/index.html") if not path.endswith("/") else None
        return Folder() if page and stat.S_ISREG(page.st_mode) else None
    except ValueError:
        return None
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise


def _visible(path: str) -> bool:
    parts = path.split("/")
    return parts[0] == "" and all(part and part[0] != "." and "\\" not in part for part in parts[1:])


def _within(root: str, file: str) -> bool:
    real, top = os.path.realpath(file), os.path.realpath(root)
    return real.startswith(top + os.sep) and _visible(real[len(top) :].replace(os.sep, "/"))


def load(root: str, file: str, most: int, links: Links) -> Representation:
    """Read, hash and compress a file as it was when it was opened; one above `most` bytes is only hashed.

    `links` are more headers of a feed, by its path. Raises OSError.
    """
    with open(file, "rb") as handle:
        found = os.fstat(handle.fileno())
        body = handle.read() if found.st_size <= most else None
        return _represent(file, file.removeprefix(root), found, body, _digest(handle, body), links)


def _digest(handle: BufferedReader, body: bytes | None) -> str:
    whole = hashlib.file_digest(handle, "sha256") if body is None else hashlib.sha256(body)
    return whole.hexdigest()[:24]


def _represent(
    file: str, path: str, found: os.stat_result, body: bytes | None, digest: str, links: Links
) -> Representation:
    kind, modified = content_type(path), int(found.st_mtime)
    feed = path if is_feed(path) else ""
    dated = date_header(modified)
    smaller = _smaller(kind, body)
    size = found.st_size if body is None else len(body)
    described = headers(kind, path)
    about = (*caching(kind, path), *(links(path) if feed else ()))
    return Representation(
        file=file,
        stamp=stamp_of(found),
        modified=modified,
        last_modified=dated,
        plain=_variant(described, body, size, f'"{digest}"', about, dated),
        gzip=_variant((*described, _GZIP), smaller, len(smaller), f'"{digest}-gz"', about, dated)
        if smaller
        else None,
        weight=4000 + len(body or b"") + len(smaller or b""),
        feed=feed,
    )


def _smaller(kind: str, body: bytes | None) -> bytes | None:
    if body is None or len(body) < _WORTH_GZIP or not compressible(kind):
        return None
    squeezed = gzip.compress(body, 6, mtime=0)
    return squeezed if len(squeezed) < len(body) else None


def _variant(
    described: tuple[Header, ...],
    body: bytes | None,
    size: int,
    etag: str,
    about: tuple[Header, ...],
    dated: Header,
) -> Variant:
    """Each encoding has an ETag of its own, because the bytes differ (RFC 9110 section 8.8.3.3)."""
    unchanged: tuple[Header, ...] = ((b"etag", etag.encode()), *about)
    full: tuple[Header, ...] = (*described, (b"content-length", str(size).encode()), *unchanged)
    by_status = {200: full, 304: unchanged, 412: ((b"content-length", b"0"), *about)}
    wire = {status: wired((*sent, dated)) for status, sent in by_status.items()}
    return Variant(body, etag.encode(), by_status, wire)


def wired(sent: tuple[Header, ...]) -> bytes:
    """Headers as they are sent, with the empty line behind them (RFC 9112 section 2.1)."""
    return b"".join(b"%b: %b\r\n" % header for header in sent) + b"\r\n"


def opening(status: int, date: bytes) -> bytes:
    """The first two lines of an answer: its status, and the date."""
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ndate: ".encode() + date + b"\r\n"
