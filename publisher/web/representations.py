"""A public file as it is served: its bytes, its gzip, its validators and headers, all made once."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import stat
from dataclasses import dataclass
from email.utils import formatdate
from io import BufferedReader

from publisher.web.file_headers import Header, caching, compressible, content_type, headers

Stamp = tuple[int, int, int]

_WORTH_GZIP = 200
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL}


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of a file: its bytes (None: too large to hold), ETag, headers for 200 and 304."""

    body: bytes | None
    etag: bytes
    full: tuple[Header, ...]
    unchanged: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Representation:
    """A file at one moment: `stamp` is its (mtime in ns, size, inode), `modified` in epoch seconds."""

    file: str
    stamp: Stamp
    modified: int
    last_modified: Header
    plain: Variant
    gzip: Variant | None
    weight: int


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


def load(root: str, file: str, most: int) -> Representation:
    """Read, hash and compress a file as it was when it was opened; one above `most` bytes is only hashed.

    Raises OSError.
    """
    with open(file, "rb") as handle:
        found = os.fstat(handle.fileno())
        body = handle.read() if found.st_size <= most else None
        kind = content_type(file.removeprefix(root))
        return _represent(file, found, body, _digest(handle, body), kind)


def _digest(handle: BufferedReader, body: bytes | None) -> str:
    whole = hashlib.file_digest(handle, "sha256") if body is None else hashlib.sha256(body)
    return whole.hexdigest()[:24]


def _represent(
    file: str, found: os.stat_result, body: bytes | None, digest: str, kind: str
) -> Representation:
    smaller = None
    if body is not None and len(body) >= _WORTH_GZIP and compressible(kind):
        squeezed = gzip.compress(body, 6, mtime=0)
        smaller = squeezed if len(squeezed) < len(body) else None
    modified = int(found.st_mtime)
    return Representation(
        file=file,
        stamp=stamp_of(found),
        modified=modified,
        last_modified=date_header(modified),
        plain=_variant(kind, body, found.st_size if body is None else len(body), digest),
        gzip=_variant(kind, smaller, len(smaller), digest, encoded=True) if smaller else None,
        weight=2000 + len(body or b"") + len(smaller or b""),
    )


def _variant(kind: str, body: bytes | None, size: int, digest: str, encoded: bool = False) -> Variant:
    """Each encoding has an ETag of its own, because the bytes differ (RFC 9110 section 8.8.3.3)."""
    etag = f'"{digest}-gz"'.encode() if encoded else f'"{digest}"'.encode()
    unchanged = ((b"etag", etag), *caching(kind))
    length: tuple[Header, ...] = ((b"content-length", str(size).encode()),)
    coding: tuple[Header, ...] = ((b"content-encoding", b"gzip"),) if encoded else ()
    return Variant(body, etag, (*headers(kind), *length, *coding, *unchanged), unchanged)
