"""Links between articles: whatever its author wrote to name another one becomes that one's address."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

from publisher.articles.dates import without_date
from publisher.articles.sanitising import markup, tree
from publisher.model.articles import Article, Link

# what may lead to an article: no suffix, or one of a text or a page
_TEXTS = frozenset({".md", ".markdown", ".mkd", ".mdown", ".mdx", ".rst", ".rest", ".txt"})
_MAY_LEAD = _TEXTS | {"", ".html", ".htm", ".xhtml", ".shtml", ".php", ".asp", ".aspx"}
_MARKS = ("@/", "@post/", "@ref/")
_DATED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-(.+)")
# folders in which generators keep articles, and that no address shows
_KEPT_IN = re.compile(r"^(?:src/|source/|site/)?(?:content/|docs/|pages/)?(?:_posts/|_articles/)?")
# a path that says the same as an address
_PATH = re.compile(r"/?\w[\w./%-]*")
_SAFE = "%/:=&?~#+!$,;'@()*[]"


class Known(NamedTuple):
    """An article that others may link to; `gone` is one whose file is no longer there."""

    id: str
    source: str
    path: str
    slug: str
    url: str
    aliases: tuple[str, ...]
    gone: bool = False


class Sought:
    """What links name: whoever answers to nothing of it can be left out of `Addresses`."""

    def __init__(self, site: str) -> None:
        self._base = urlsplit(site.rstrip("/")).path
        self._ids: set[str] = set()
        self._lasts: set[str] = set()

    def add(self, link: Link, path: str, aliases: Iterable[str] = ()) -> None:
        """A link of the article at `path` that was at `aliases` before."""
        self._ids.add(link.article)
        address = unquote(link.written.partition("#")[0].split("?")[0])
        for mark in _MARKS:
            address = address.removeprefix(mark)
        folder = "" if address.startswith("/") else posixpath.dirname(path)
        at = urlsplit(address).path
        file = posixpath.normpath(posixpath.join(folder, at.lstrip("/")))
        self._lasts |= self._last(at, file, *(urljoin(alias, address) for alias in aliases))

    def names(self, one: Known) -> bool:
        """Whether a link may name this article."""
        if one.id in self._ids:
            return True
        called = {*_names(one.path), one.slug} | self._last(one.path, one.url, *one.aliases)
        return not called.isdisjoint(self._lasts)

    def _last(self, *addresses: str) -> set[str]:
        """The last parts of addresses, counted from the host and from the publication's own address."""
        paths = {each if _PATH.fullmatch(each) else urlsplit(each).path for each in addresses}
        if self._base:
            paths |= {f"/{path.lstrip('/')}".removeprefix(self._base) for path in paths}
        return {_normal(path).rpartition("/")[2] for path in paths}


class Addresses:
    """What every article can be called, and where it is. Whatever two articles share names neither."""

    def __init__(self, site: str, known: Iterable[Known]) -> None:
        self._site = urlsplit(site.rstrip("/"))
        self._ids: dict[str, Known] = {}
        self._files: dict[tuple[str, str], Known] = {}
        self._names: defaultdict[str, list[Known]] = defaultdict(list)
        self._sure: dict[str, Known | None] = {}
        self._guessed: dict[str, Known | None] = {}
        # what is here comes before what is gone, and an address of today before one of old
        ordered = sorted(known, key=lambda one: one.gone)
        for one in ordered:
            self._ids[one.id] = one
            self._files.setdefault((one.source, one.path), one)
            self._sure.setdefault(_normal(self._inside(urlsplit(one.url).path)), one)
            for name in {*_names(one.path), one.slug}:
                self._names[name].append(one)
        _claim(self._sure, ((alias, one) for one in ordered for alias in one.aliases))
        _claim(self._guessed, ((path, one) for one in ordered for path in _paths(one.path)))

    def resolved(self, link: Link, source: str, path: str, aliases: Iterable[str] = ()) -> Link:
        """A link of the article at `path` as it leads now: to whom it led, if its name leads nowhere."""
        found = self.find(link.written, source, path, aliases) or self._ids.get(link.article)
        _, mark, fragment = link.written.partition("#")
        return Link(link.written, found.url + mark + fragment, found.id) if found else link

    def find(self, written: str, source: str, path: str, aliases: Iterable[str] = ()) -> Known | None:
        """The article that an address names, in the article at `path` that was at `aliases` before."""
        address = unquote(written.partition("#")[0].split("?")[0])
        if address.startswith("@post/"):
            return self._named(address.removeprefix("@post/"), source, path)
        if address.startswith("@ref/"):
            target = address.removeprefix("@ref/")
            return self._at(target, source, path, aliases) or self._named(target, source, path)
        if address.startswith("@/"):
            return self._at(address[1:], source, path, aliases)
        parts = urlsplit(address)
        if parts.netloc and (parts.netloc != self._site.netloc or not parts.path):
            return None
        return self._at(parts.path if parts.netloc else address, source, path, aliases)

    def _at(self, address: str, source: str, path: str, aliases: Iterable[str]) -> Known | None:
        """The article at a path: as a file of the source, else as an address, now or before."""
        folder = "" if address.startswith("/") else posixpath.dirname(path)
        file = posixpath.normpath(posixpath.join(folder, address.lstrip("/")))
        for at in (file, f"content/{file}"):
            if found := self._files.get((source, at)):
                return found
        candidates = [f"/{file}"]
        if not address.startswith("/"):
            candidates += [urljoin(alias, address) for alias in aliases]
        for candidate in candidates:
            forms = _normal(candidate), _normal(self._inside(candidate))
            for places in (self._sure, self._guessed):
                if known := places.get(forms[0]) or places.get(forms[1]):
                    return known
        return None

    def _named(self, name: str, source: str, path: str) -> Known | None:
        """The article of that name: of several the one whose folder has most in common with this one's."""
        folder, _, last = _stem(name.strip("/")).rpartition("/")
        some = [one for one in self._names.get(last, ()) if f"/{folder}/" in f"/{one.path}" or not folder]
        some = [one for one in some if not one.gone] or some
        ranked = sorted(((_nearness(one, source, path), one) for one in some), reverse=True)
        shared = len(ranked) > 1 and ranked[0][0] == ranked[1][0]
        return ranked[0][1] if ranked and not shared else None

    def _inside(self, path: str) -> str:
        """A path as it counts from the publication's own address."""
        return path.removeprefix(self._site.path) if path.startswith(f"{self._site.path}/") else path


def _claim(places: dict[str, Known | None], claims: Iterable[tuple[str, Known]]) -> None:
    """Give each address to who claims it alone; what has a place already keeps it."""
    claimed: dict[str, Known] = {}
    for address, one in claims:
        normal = _normal(address)
        other = claimed.setdefault(normal, one)
        if other is one:
            places.setdefault(normal, one)
        elif other.gone == one.gone and places.get(normal) is other:
            places[normal] = None


def may_lead(written: str, site: str) -> bool:
    """Whether an address might be another article's: inside the site, and no picture or download."""
    if written.startswith(_MARKS):
        return True
    parts = urlsplit(written)
    if not parts.path or (parts.scheme and parts.scheme not in ("http", "https")):
        return False
    if parts.netloc and not f"{parts.netloc}{parts.path}/".startswith(_bare(site)):
        return False
    return posixpath.splitext(parts.path)[1].lower() in _MAY_LEAD or parts.path.endswith("/")


def names_a_file(written: str) -> bool:
    """Whether an address can be nothing but an article's: who finds none there is mistaken."""
    parts = urlsplit(written)
    suffix = posixpath.splitext(parts.path)[1].lower()
    return written.startswith(_MARKS) or (not parts.netloc and suffix in _TEXTS)


def unfound(written: str, url: str, site: str) -> str:
    """The address of a link as long as it leads to no article: what a browser would make of it."""
    if written.startswith(_MARKS):
        path, mark, fragment = written.split("/", 1)[1].lstrip("/").partition("#")
        written = f"{site.rstrip('/')}/{_stem(path)}/{mark}{fragment}"
    return quote(urljoin(url, written), safe=_SAFE)


def relinked(article: Article, links: Iterable[Link]) -> Article:
    """The article with these links; the same one where nothing changes."""
    links = tuple(links)
    moved = {old.url: new.url for old, new in zip(article.links, links, strict=True) if old.url != new.url}
    if not moved:
        return article if links == article.links else replace(article, links=links)
    root = tree(article.html)
    for element in root.iter("a"):
        if new := moved.get(element.get("href", "")):
            element.set("href", new)
    return replace(article, html=markup(root), links=links)


def _bare(site: str) -> str:
    parts = urlsplit(site)
    return f"{parts.netloc}{parts.path.rstrip('/')}/"


def _stem(path: str) -> str:
    """The path without its suffix, and without `index` at its end."""
    stem, dot, suffix = path.rpartition(".")
    stem = stem if dot and f".{suffix.lower()}" in _MAY_LEAD and stem[-1:] not in ("", "/") else path
    folder, _, name = stem.rpartition("/")
    return folder if name in ("index", "_index") and folder else stem


def _normal(address: str) -> str:
    """One form for an address with or without `index.html`, a suffix, or a slash at its end."""
    path = unquote(address).strip("/")
    return f"/{_stem(path)}" if path else "/"


def _names(path: str) -> set[str]:
    last = _stem(path).rpartition("/")[2]
    return {last, without_date(last)} - {""}


def _paths(path: str) -> set[str]:
    """Addresses that generators give a file by themselves."""
    stem = _stem(path)
    short = _KEPT_IN.sub("", stem)
    found = {stem, short}
    folder, _, last = stem.rpartition("/")
    if dated := _DATED.fullmatch(last):
        year, month, day, name = dated[1], dated[2].zfill(2), dated[3].zfill(2), dated[4]
        found |= {f"{year}/{month}/{day}/{name}", f"{year}/{month}/{name}", f"{folder}/{name}"}
        found.add(f"{short.rpartition('/')[0]}/{name}")
    return found


def _nearness(one: Known, source: str, path: str) -> tuple[bool, int]:
    mine, other = posixpath.dirname(path).split("/"), posixpath.dirname(one.path).split("/")
    shared = 0
    for here, there in zip(mine, other, strict=False):
        if here != there:
            break
        shared += 1
    return one.source == source, shared
