"""Where a page of the publication stands under output.path."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from publisher.config.schema import Config

# an address that is the path itself
_PLAIN = re.compile(r"[\w.-][\w./-]*", re.ASCII)


def path_of(url: str, config: Config) -> str | None:
    """Where the page at an address goes under output.path; None where no file can stand for it."""
    base = f"{config.publication.url}/"
    if not url.startswith(base) or "?" in url or "#" in url or "\\" in unquote(url):
        return None
    path = url[len(base) :]
    if not _PLAIN.fullmatch(path):
        path = unquote(urlsplit(f"/{path}").path).lstrip("/")
    name = path.rsplit("/", 1)[-1]
    if not name:
        return f"{path}index.html"
    return path if "." in name else f"{path}/index.html"
