"""What the keys of a header say about an article, whatever program they were written for."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

from publisher.articles import dates
from publisher.articles.front_matter import Header, Value
from publisher.articles.naming import slugify
from publisher.articles.prose import cut, flat
from publisher.model.articles import Author, Picture

# with the slips that are no other word
_TRUE, _FALSE = {"true", "yes", "on", "1", "ture"}, {"false", "no", "off", "0", "flase", "fasle"}
_NEVER = _FALSE | {"never"}
_NOTHING = {"", "null", "~", "none"}
_SUMMARY: tuple[str, ...] = (
    "subhed",
    "description",
    "excerpt",
    "customexcerpt",
    "summary",
    "subtitle",
    "teaser",
    "standfirst",
)
_SUMMARY += ("subhead", "dek", "deck", "lede", "lead", "abstract", "intro", "blurb", "metadescription")
_AUTHORS = ("authors", "author", "by", "byline", "postauthor", "authorname", "writer", "writtenby", "creator")
_LABELS = ("category", "categories", "topics", "topic", "tags", "tag", "keywords")
_PICTURE = (
    "featuredimage",
    "featureimage",
    "image",
    "cover",
    "coverimage",
    "hero",
    "heroimage",
    "headerimage",
    "headimage",
    "bigimg",
    "img",
    "banner",
    "picture",
    "ogimage",
    "images",
)
_KEPT_BACK = frozenset(
    ("draft", "private", "hidden", "pending", "trash", "auto-draft", "unpublished", "wip", "idea")
)
_ASIDE = frozenset({"unlisted", "headless", "build"})
_COMMA = re.compile("[,\uff0c\u3001\u060c]")
_WIKI = re.compile(r"^\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]$")
_MAIL = re.compile(r"\s*<[^<>\s@]+@[^<>\s]+>")
# an address elsewhere, a pattern of Jekyll's or a template's, a file of the source, a control character
_NO_ALIAS = re.compile(r"^\w+:|^//|:\w|[{}<>*\s?#\\]|\.(?:md|markdown|png|jpe?g)$")
_OLD_SUFFIX = re.compile(r"\.(?:aspx?|php|html?)$", re.IGNORECASE)


def title(header: Header) -> str:
    """Its title on one plain line. Raises ContentError when the key holds no text."""
    # a letter that was mailed is told about in the lines of its mail
    key, value = header.first("title", "newstitle", "headline", *(["subject"] * _mailed(header)))
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        # a title in brackets that YAML takes for a list
        value = f"[{value[0]}]"
    if not isinstance(value, str):
        raise header.error(key, "expected text; put it in quotes if it starts with [ or {")
    return flat(value)


def summary(header: Header) -> str:
    """The summary its author wrote, if any, as plain text."""
    said = header.text(*_SUMMARY)
    return cut(flat(said)) if switch(said) is None else ""


def authors(header: Header) -> tuple[Author, ...]:
    """Who wrote it. A name is never split at a comma; a translator is no author."""
    key, value = header.first(*_AUTHORS, *(["from"] * _mailed(header)))
    entries: list[Value] = value if isinstance(value, list) else [value]
    if isinstance(value, str):
        value = re.sub(r"(?i)^by\s+", "", value) if key == "byline" else value
        entries = [*unescape(value).split(";")]
    titles = header.values.get("authortitle", "")
    titles = titles if isinstance(titles, list) else [titles]
    found: dict[str, Author] = {}
    for at, entry in enumerate(entries):
        author = _author(entry, titles[at] if at < len(titles) else "")
        if author.name:
            found.setdefault(author.name, author)
    return tuple(found.values())


def _mailed(header: Header) -> bool:
    return header.notation == ":" and {"from", "subject"} <= header.values.keys()


def _author(entry: Value, post: Value) -> Author:
    if isinstance(entry, dict):
        who, own = named(entry), one_of(entry, "title")
        post = (who and own) or one_of(entry, "role", "jobtitle", "authortitle", "position") or post
        # where nothing else says who it is: the title, or the key of a profile
        entry = who or own or one_of(entry, "id", "key", "slug")
        if isinstance(post, str) and post.lower() == "translator":
            return Author("")
    entry = _unlinked(entry) if isinstance(entry, str) else ""
    name = flat(_MAIL.sub("", entry)) if entry.lower() not in _NOTHING else ""
    return Author(name, flat(post) if isinstance(post, str) else "")


def _unlinked(text: str) -> str:
    """What the link of a wiki shows."""
    return _WIKI.sub(r"\1", text) if text[:1] == "[" else text


def named(mapping: Value) -> str:
    """The name in a mapping that describes a person."""
    found = one_of(mapping, "name", "displayname", "fullname", "author")
    parts = (one_of(mapping, "firstname"), one_of(mapping, "lastname"))
    return found or " ".join(filter(None, parts)) or one_of(mapping, "login", "username")


def labels(header: Header, jekyll: bool) -> tuple[str, ...]:
    """Categories and tags, in any case only once.

    A list is taken as it is. Text under `category` or `topic` is one label; under the other keys it is split
    at commas. Where the file is one of Jekyll's (`jekyll`), `tags` and `categories` without a comma are split
    at spaces, as Jekyll does.
    """
    found: dict[str, str] = {}
    for key in _LABELS:
        for entry in _entries(key, header.values.get(key, ""), jekyll):
            label = flat(entry)
            if label.lower() not in _NOTHING:
                found.setdefault(label.casefold(), label)
    return tuple(found.values())


def _entries(key: str, value: Value, jekyll: bool) -> list[str]:
    if isinstance(value, dict):
        value = one_of(value, "name", "title")
    if isinstance(value, list):
        return [text for entry in value for text in _entries("category", entry, False)]
    if value[:1] == "[":
        value = _unlinked(value)
        if value[:1] == "[" and value[-1:] == "]":
            # a list in quotes
            return [part.strip(" \"'") for part in value[1:-1].split(",")]
    if key in ("category", "topic"):
        return [value]
    if _COMMA.search(value) or not (jekyll and key in ("tags", "categories")):
        return _COMMA.split(value)
    return value.split()


def picture(header: Header) -> Picture | None:
    """The lead picture with caption, credit and alternative text; a switch such as `hero: true` is none."""
    for key in (*_PICTURE, "thumbnail", "thumb"):
        value = header.values.get(key, "")
        if isinstance(value, list):
            value = value[0] if value else ""
        if not value:
            continue
        around = value if isinstance(value, dict) else _flat_mapping(header, key)
        address = one_of(around, "path", "url", "src", "image", "file", "filename", "href")
        if address.lower() not in _TRUE | _FALSE | _NOTHING and "\n" not in address:
            return Picture(
                url=address,
                alt=flat(one_of(around, "alttext", "alt", "description", "desc")),
                caption=flat(one_of(around, "cutline", "caption", "title")),
                credit=flat(one_of(around, "credit", "credits", "copyright", "attribution", "source")),
            )
    return None


def _flat_mapping(header: Header, key: str) -> dict[str, Value]:
    """`image: a.png` with `image-alt:` and `caption:` beside it, as if it were one mapping."""
    value = header.values.get(key, "")
    value = value[0] if isinstance(value, list) and value else value
    beside = {
        "alttext": (f"{key}alttext", f"{key}alt", "alttext", "alt"),
        "credit": (f"{key}credit", "credit"),
    }
    beside["caption"] = (f"{key}caption", f"{key}cutline", "cutline", "caption")
    return {"path": value} | {name: header.text(*keys) for name, keys in beside.items()}


def draft(header: Header) -> bool:
    """Whether its author keeps it back. Raises ContentError for a switch that is neither on nor off."""
    folders = header.path.split("/")[:-1]
    # what only those may read who know a word can be in no feed
    if "_drafts" in folders or header.text("password") or header.text("status").lower() in _KEPT_BACK:
        return True
    key, value = header.first("draft", "isdraft")
    on = switch(value)
    if on is None and value:
        raise header.error(key, f"expected true or false, got {value!r}")
    if header.notation in (".", "..") and {"draft", "private"} & {tag.lower() for tag in _tags(header)}:
        return True
    shown = (switch(header.values.get(key, "")) for key in ("published", "publish", "public"))
    return on is True or any(on is False for on in shown)


def _tags(header: Header) -> list[str]:
    return [tag.strip() for tag in header.text("tags").split(",")]


def aside(header: Header) -> bool:
    """Whether its address works and no list names it: `unlisted`, or the `build` options of Hugo."""
    if _ASIDE.isdisjoint(header.values):
        return False
    build = header.values.get("build", "")
    kept = (one_of(build, "list"), one_of(build, "render"))
    return any(word.lower() in _NEVER for word in kept) or any(
        switch(header.values.get(key, "")) for key in ("unlisted", "headless")
    )


def switch(value: Value) -> bool | None:
    """What a word such as `yes` or `off` says; None for any other."""
    word = value.strip().lower() if isinstance(value, str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def slug(header: Header, stem: str) -> str:
    """Its own slug, else from the file's name without its date, of an `index` from its folder's name."""
    if own := header.text("slug"):
        return slugify(unquote(own))
    return slugify(_OLD_SUFFIX.sub("", dates.without_date(stem)) or stem)


def aliases(header: Header) -> tuple[str, ...]:
    """Paths at which it was found before, each with a slash before it; its `permalink` and `url` too.

    What is a pattern, leads elsewhere or names the front page is passed over.
    """
    found = [
        path
        for key in ("permalink", "url", "path", "aliases", "alias", "redirectfrom")
        for entry in _listed(header.values.get(key, ""))
        if (path := _alias(entry, own=key in ("permalink", "url", "path")))
    ]
    return tuple(dict.fromkeys(found))


def _listed(value: Value) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    return [entry.strip() for entry in entries if isinstance(entry, str)]


def _alias(entry: str, *, own: bool) -> str:
    if entry.lower() in _NOTHING | _TRUE | _FALSE or _NO_ALIAS.search(entry) or (own and "/" not in entry):
        return ""
    path = "/" + entry.lstrip("/").removeprefix("./")
    return "" if path in ("/", "/index.html") or ".." in path.split("/") else path


def language(header: Header) -> str:
    """Its language tag (RFC 5646), `zh_tw` as `zh-TW`, or nothing. Raises ContentError for what is none."""
    key, value = header.first("lang", "language", "locale")
    if not value:
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", value):
        if key == "language":
            # that of code (Python), or its name in words
            return ""
        raise header.error(key, "expected a language such as en or pt-BR")
    first, *others = value.replace("_", "-").split("-")
    shape = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(shape.get(len(part), str.lower)(part) for part in others)])


def one_of(mapping: Value, *keys: str) -> str:
    """The first of these keys of a mapping that says something in plain text; else an empty string."""
    if not isinstance(mapping, dict):
        return ""
    values = (mapping.get(key, "") for key in keys)
    return next((value for value in values if isinstance(value, str) and value.lower() not in _NOTHING), "")
