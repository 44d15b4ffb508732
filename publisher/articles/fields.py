"""What the keys of a header say about an article, whatever program they were written for."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from urllib.parse import unquote

from publisher.articles import dates
from publisher.articles.front_matter import Header, Value
from publisher.articles.naming import slugify
from publisher.articles.prose import cut, flat
from publisher.model.articles import Author, Picture

_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
_NOTHING = {"", "null", "~", "none"}
_SUMMARY = ("subhed", "description", "excerpt", "summary", "subtitle", "teaser", "standfirst", "dek", "lede")
_AUTHORS = ("authors", "author", "by", "byline", "postauthor")
_LABELS = ("category", "categories", "topics", "topic", "tags", "tag", "keywords")
_PICTURE = (
    "featuredimage",
    "image",
    "cover",
    "hero",
    "heroimage",
    "headerimage",
    "picture",
    "ogimage",
    "images",
)
_PUBLISHED = (
    "publishdate",
    "date",
    "pubdate",
    "pubdatetime",
    "publishedat",
    "created",
    "createdat",
    "posted",
)
_UPDATED = ("updated", "lastmod", "updatedat", "lastmodifiedat", "lastmodified", "modified", "changed")
_EXPIRES = ("expirydate", "expires", "expiresat", "expirationdate", "unpublishdate")
_MAIL = re.compile(r"\s*<[^<>\s@]+@[^<>\s]+>")
_OLD_SUFFIX = re.compile(r"\.(?:aspx?|php|html?)$", re.IGNORECASE)


def title(header: Header) -> str:
    """Its title on one plain line. Raises ContentError when the key holds no text."""
    key, value = header.first("title", "newstitle", "headline")
    if not isinstance(value, str):
        raise header.error(key, "expected text; put it in quotes if it starts with [ or {")
    return flat(value)


def summary(header: Header) -> str:
    """The summary its author wrote, if any, as plain text."""
    return cut(flat(header.text(*_SUMMARY)))


def authors(header: Header) -> tuple[Author, ...]:
    """Who wrote it. A name is never split at a comma; a translator is no author."""
    _, value = header.first(*_AUTHORS)
    entries: list[Value] = value if isinstance(value, list) else [value]
    if isinstance(value, str):
        entries = [*value.split(";")]
    titles = header.values.get("authortitle", "")
    titles = titles if isinstance(titles, list) else [titles]
    found: dict[str, Author] = {}
    for at, entry in enumerate(entries):
        author = _author(entry, titles[at] if at < len(titles) else "")
        if author.name:
            found.setdefault(author.name, author)
    return tuple(found.values())


def _author(entry: Value, post: Value) -> Author:
    if isinstance(entry, dict):
        post = _one(entry, "title", "role", "jobtitle", "authortitle") or post
        entry = _one(entry, "name", "displayname", "author")
    name = flat(_MAIL.sub("", entry)) if isinstance(entry, str) and entry.lower() not in _NOTHING else ""
    return Author(name, flat(post) if isinstance(post, str) else "")


def labels(header: Header, jekyll: bool) -> tuple[str, ...]:
    """Categories and tags, in any case only once.

    A list is taken as it is. Text under `category` or `topic` is one label; under the other keys it is split
    at commas. Where the file is one of Jekyll's (`jekyll`), `tags` and `categories` without a comma are split
    at spaces, as Jekyll does.
    """
    values = dict(header.values)
    if isinstance(taxonomies := values.get("taxonomies"), dict):
        values = taxonomies | values
    found: dict[str, str] = {}
    for key in _LABELS:
        for entry in _entries(key, values.get(key, ""), jekyll):
            label = flat(entry)
            if label.lower() not in _NOTHING:
                found.setdefault(label.casefold(), label)
    return tuple(found.values())


def _entries(key: str, value: Value, jekyll: bool) -> list[str]:
    if isinstance(value, dict):
        value = _one(value, "name", "title")
    if isinstance(value, list):
        return [text for entry in value for text in _entries("category", entry, False)]
    if key in ("category", "topic"):
        return [value]
    if "," in value or not (jekyll and key in ("tags", "categories")):
        return value.split(",")
    return value.split()


def picture(header: Header) -> Picture | None:
    """The lead picture with caption, credit and alternative text; a switch such as `hero: true` is none."""
    for key in (*_PICTURE, "thumbnail", "thumb"):
        value = header.values.get(key, "")
        if isinstance(value, list):
            value = value[0] if value else ""
        around = value if isinstance(value, dict) else _flat_mapping(header, key)
        address = _one(around, "path", "url", "src", "image", "file", "href")
        if address.lower() not in _TRUE | _FALSE | _NOTHING and "\n" not in address:
            return Picture(
                url=address,
                alt=flat(_one(around, "alttext", "alt", "description")),
                caption=flat(_one(around, "cutline", "caption", "title")),
                credit=flat(_one(around, "credit", "credits", "copyright", "attribution", "source")),
            )
    return None


def _flat_mapping(header: Header, key: str) -> dict[str, Value]:
    """`image: a.png` with `image-alt:` and `caption:` beside it, as if it were one mapping."""
    value = header.values.get(key, "")
    value = value[0] if isinstance(value, list) and value else value
    beside = {"alttext": (f"{key}alttext", f"{key}alt", "alttext"), "credit": (f"{key}credit", "credit")}
    beside["caption"] = (f"{key}caption", f"{key}cutline", "cutline", "caption")
    return {"path": value} | {name: header.text(*keys) for name, keys in beside.items()}


def published(header: Header, zone: tzinfo) -> datetime | None:
    """When it appears: from its keys, else from the file's name or `path`; None without any."""
    found = _date(header, zone, *_PUBLISHED)
    if found is None and _switch(header.text("published")) is None:
        found = _date(header, zone, "published")
    if found is None:
        found = dates.in_name(header.path, zone) or dates.in_name(header.text("path"), zone)
    return found


def updated(header: Header, zone: tzinfo) -> datetime | None:
    """When it was last changed, if it says so."""
    return _date(header, zone, *_UPDATED)


def expires(header: Header, zone: tzinfo) -> datetime | None:
    """When it goes, if it says so."""
    return _date(header, zone, *_EXPIRES)


def _date(header: Header, zone: tzinfo, *keys: str) -> datetime | None:
    key, value = header.first(*keys)
    if not value:
        return None
    try:
        if not isinstance(value, str):
            raise ValueError("expected one date")
        return dates.parse(value, zone)
    except ValueError as error:
        raise header.error(key, str(error)) from None


def draft(header: Header) -> bool:
    """Whether its author keeps it back. Raises ContentError for a switch that is neither on nor off."""
    if "_drafts" in header.path.split("/")[:-1] or header.text("status").lower() in ("draft", "private"):
        return True
    value = header.values.get("draft", "")
    switch = _switch(value)
    if switch is None and value:
        raise header.error("draft", f"expected true or false, got {value!r}")
    return switch is True or _switch(header.values.get("published", "")) is False


def _switch(value: Value) -> bool | None:
    word = value.lower() if isinstance(value, str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def slug(header: Header, stem: str) -> str:
    """Its own slug, else from the file's name without its date, of an `index` from its folder's name."""
    if own := header.text("slug"):
        return slugify(unquote(own))
    return slugify(_OLD_SUFFIX.sub("", dates.without_date(stem)) or stem)


def language(header: Header) -> str:
    """Its language tag (RFC 5646), `zh_tw` as `zh-TW`, or nothing. Raises ContentError for what is none."""
    key, value = header.first("lang", "language", "locale")
    if not value:
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", value):
        raise header.error(key, "expected a language such as en or pt-BR")
    first, *others = value.replace("_", "-").split("-")
    shape = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(shape.get(len(part), str.lower)(part) for part in others)])


def _one(mapping: Value, *keys: str) -> str:
    if not isinstance(mapping, dict):
        return ""
    values = (mapping.get(key, "") for key in keys)
    return next((value for value in values if isinstance(value, str) and value.lower() not in _NOTHING), "")
