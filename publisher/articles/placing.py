"""A manuscript gets its identity and its place: every address absolute, every local file an asset."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import unescape
from pathlib import PurePosixPath
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from publisher.articles import linking
from publisher.articles.reading import SUFFIXES
from publisher.articles.sanitising import markup, tree
from publisher.model.articles import Article, Asset, Link, Manuscript, Picture

_ADDRESSES = ("src", "href", "poster")
_REFERRING = ("a", "img", "source", "audio", "video")
# in settled HTML nothing else can look like it
_SETTLED_ADDRESS = re.compile(r"<(?:a href|img src)=\"[^\"]*")
# what is written in a value as it is, but for `&`
_BARE = re.compile(r"[\w.~!*()#$%+,/;=?@:&-]*", re.ASCII)


def place(
    manuscript: Manuscript,
    *,
    id: str,
    slug: str,
    url: str,
    published_at: datetime,
    topics: tuple[str, ...],
    revision: int,
    site: str,
    default_language: str,
    files: Container[str],
    links: Iterable[Link] = (),
) -> Article:
    """The article that `manuscript` becomes at `url`.

    `files` are the paths inside its source (POSIX). One that it refers to becomes an asset beside the
    article's page, if that page is part of `site`; any other address is resolved as a browser does at `url`.
    A picture, sound or film that is not there (yet) is an asset too, at the address that it resolves to.
    What may lead to another article is among the article's links, to be resolved where all are known
    (`linking`); `links` are those that it had, which lead where they led.
    """
    places = _Links(manuscript.path, url, site, files, {link.written: link for link in links if link.article})
    picture = _picture(manuscript.picture, places)
    html = _rewritten(manuscript.html, places) if manuscript.settled else None
    html = _absolute(manuscript.html, places) if html is None else html
    updated = manuscript.updated_at or published_at
    return Article(
        id=id,
        path=manuscript.path,
        slug=slug,
        url=url,
        title=manuscript.title,
        summary=manuscript.summary,
        html=html,
        published_at=published_at.astimezone(UTC),
        updated_at=max(updated, published_at).astimezone(UTC),
        authors=manuscript.authors,
        labels=manuscript.labels,
        topics=topics,
        picture=picture,
        expires_at=manuscript.expires_at,
        language=manuscript.language or default_language,
        revision=revision,
        correction=manuscript.correction,
        assets=tuple(places.assets.values()),
        aliases=aliases(manuscript, url),
        links=tuple(places.links.values()),
    )


def aliases(manuscript: Manuscript, url: str) -> tuple[str, ...]:
    """Where else an article at `url` was found before."""
    here = unquote(urlsplit(url).path).rstrip("/")
    return tuple(alias for alias in manuscript.aliases if unquote(alias).rstrip("/") != here)


def _picture(picture: Picture | None, links: _Links) -> Picture | None:
    if picture is None:
        return None
    address = links.resolve(picture.url, shown=True)
    return replace(picture, url=address) if address.startswith(("http://", "https://")) else None


def _absolute(html: str, links: _Links) -> str:
    if not any(f"{name}=" in html for name in _ADDRESSES) or _leads_elsewhere(html, links.site):
        return html
    root = tree(html)
    for element in root.iter(*_REFERRING):
        for name in _ADDRESSES:
            if (address := element.get(name)) is not None:
                element.set(name, links.resolve(address, shown=element.tag != "a"))
    return markup(root)


def _leads_elsewhere(html: str, site: str) -> bool:
    """Whether every address is whole, and none of the publication's own: most articles need no more."""
    named = sum(html.count(f" {name}=") for name in _ADDRESSES)
    whole = sum(
        html.count(f' {name}="{scheme}://') for name in ("src", "href") for scheme in ("http", "https")
    )
    return named == whole and urlsplit(site).netloc not in html


def _rewritten(html: str, links: _Links) -> str | None:
    """As `_absolute`, of settled HTML; None where it takes a parser after all."""
    leads: dict[str, str] = {}
    for found in dict.fromkeys(_SETTLED_ADDRESS.findall(html)):
        opening, _, address = found.partition('"')
        target = links.resolve(unescape(address), shown=opening == "<img src=")
        if not _BARE.fullmatch(target):
            return None
        leads[found] = f'{opening}"{target.replace("&", "&amp;")}'
    moved = any(found != lead for found, lead in leads.items())
    return _SETTLED_ADDRESS.sub(lambda found: leads[found[0]], html) if moved else html


@dataclass(slots=True)
class _Links:
    """The addresses of one article, and the assets that they turn out to be (by file)."""

    path: str
    url: str
    site: str
    files: Container[str]
    known: Mapping[str, Link]
    assets: dict[str, Asset] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)

    def resolve(self, address: str, *, shown: bool = False) -> str:
        """The absolute address; one that no parser understands stays as it is. `shown`: it is a picture."""
        address = address.strip()
        try:
            parts = urlsplit(address)
            if not shown and linking.may_lead(address, self.site) and not self._is_asset(parts):
                return self._link(address)
            if parts.scheme:
                return address
            if parts.netloc:
                return f"https:{address}"
            if parts.path and (file := self._file(unquote(parts.path))):
                return self._asset(file).url + (f"#{parts.fragment}" if parts.fragment else "")
            resolved = urljoin(self.url, address) if address else self.url
            if shown and parts.path:
                self._expect(unquote(parts.path), urljoin(resolved, urlsplit(resolved).path))
            return resolved
        except ValueError:
            return address

    def _is_asset(self, parts: SplitResult) -> bool:
        return not parts.netloc and bool(self._file(unquote(parts.path)))

    def _link(self, address: str) -> str:
        """Where a link leads that may lead to an article, as far as that is known yet."""
        if address not in self.links:
            unfound = Link(address, linking.unfound(address, self.url, self.site))
            self.links[address] = self.known.get(address, unfound)
        return self.links[address].url

    def _expect(self, path: str, url: str) -> None:
        """Note a file that is not there: who brings it later need not touch the article."""
        folder = "" if path.startswith("/") else posixpath.dirname(self.path)
        file = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
        site = self.site.rstrip("/") + "/"
        clean = {"", ".", ".."}.isdisjoint(unquote(url.removeprefix(site)).split("/"))
        if (
            url.startswith(site)
            and clean
            and not file.startswith("../")
            and url.casefold() not in self._addresses()
        ):
            self.assets.setdefault(file, Asset(file, url))

    def _addresses(self) -> set[str]:
        return {asset.url.casefold() for asset in self.assets.values()}

    def _file(self, path: str) -> str:
        """The file that is meant: beside the article, else counted from the source's root."""
        if not self.url.startswith(self.site.rstrip("/") + "/"):
            return ""
        folders = [""] if path.startswith("/") else [posixpath.dirname(self.path), ""]
        for folder in folders:
            file = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
            if (
                not file.startswith("../")
                and file in self.files
                and PurePosixPath(file).suffix.lower() not in SUFFIXES
            ):
                return file
        return ""

    def _asset(self, file: str) -> Asset:
        if file not in self.assets:
            taken = self._addresses()
            base = self.url if self.url.endswith("/") else self.url.removesuffix(".html") + "/"
            *folders, name = file.split("/")
            while (url := base + quote(name)).casefold() in taken:
                name = f"{folders.pop()}-{name}" if folders else f"_{name}"
            self.assets[file] = Asset(file, url)
        return self.assets[file]
