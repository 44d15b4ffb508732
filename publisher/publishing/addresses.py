"""Where a page of the publication stands under output.path."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from publisher.config.schema import Config


def path_of(url: str, config: Config) -> str | None:
    """Where the page at an address goes under output.path; None where no file can stand for it."""
    base = f"{config.publication.url}/"
    if not url.startswith(base) or "?" in url or "#" in url or "\\" in unquote(url):
        return None
    path = unquote(urlsplit(url[len(base) - 1 :]).path).lstrip("/")
    name = path.rsplit("/", 1)[-1]
    if not name:
        return f"{path}index.html"
    return path if "." in name else f"{path}/index.html"
