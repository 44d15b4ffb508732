"""Profiles of authors: files that say who `ana` is, for the articles that name her by her key."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import yaml

from publisher.articles import front_matter, mending
from publisher.articles.decoding import decode
from publisher.articles.fields import named, one_of
from publisher.articles.front_matter import Value, normal, plain
from publisher.articles.prose import flat
from publisher.errors import ContentError
from publisher.model.articles import Author

People = Mapping[str, Author]
"""Who is who, by every key and name, in small letters without `-`, `_` and spaces."""

_DATA = frozenset({".yml", ".yaml", ".json", ".toml"})
_TEXT = frozenset({".md", ".markdown", ".html"})
_GROUP = "(?:authors?|staff|people|team|team_members|contributors|writers)"
_IS_PROFILE = re.compile(
    rf"(?:^|/)(?:_{_GROUP}/(?:[^/]+/)?[^/]+\.\w+|_?data/{_GROUP}/[^/]+\.\w+|authors?/[^/]+/_index\.\w+)$",
    re.IGNORECASE,
)
_IS_LIST = re.compile(rf"(?:^|/){_GROUP}\.\w+$", re.IGNORECASE)
_KEYS = ("shortname", "slug", "username", "login", "id", "key", "handle", "github", "author")
_POSTS = ("position", "role", "jobtitle", "authortitle", "job")
_MOST = 2_000_000


def is_profile(path: str) -> bool:
    """Whether a file of a source tells about authors, and is no article."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _DATA:
        return bool(_IS_PROFILE.search(path) or _IS_LIST.search(path))
    return suffix in _TEXT and bool(_IS_PROFILE.search(path))


def read(data: bytes, path: str) -> dict[str, Author]:
    """Whom a profile tells about. Raises ContentError for what cannot be read."""
    text, _ = decode(data[:_MOST], path)
    file = PurePosixPath(path)
    key = file.parent.name if file.stem in ("_index", "index") else file.stem
    if file.suffix.lower() not in _DATA:
        header, _, _ = front_matter.split(text, path)
        return dict(_person(key, dict(header.values)))
    value = plain(_loaded(text, path))
    if _IS_LIST.search(path) and not _IS_PROFILE.search(path):
        return dict(_persons(value))
    return dict(_person(key, value))


def credited(authors: Iterable[Author], people: People) -> tuple[Author, ...]:
    """The authors with the names and titles of their profiles; a title of the article's own goes before."""
    found: dict[str, Author] = {}
    for author in authors:
        who = people.get(normal(author.name))
        if who:
            author = replace(who, title=author.title or who.title, key=author.name)
        found.setdefault(author.name, author)
    return tuple(found.values())


def _persons(value: Value) -> Iterator[tuple[str, Author]]:
    if isinstance(value, list):
        for entry in value:
            yield from _person("", entry)
    elif isinstance(value, dict):
        inner = next((value[key] for key in ("authors", "people", "staff") if key in value), None)
        if inner and len(value) == 1:
            yield from _persons(inner)
            return
        for key, entry in value.items():
            yield from _person(key, entry)


def _person(key: str, value: Value) -> Iterator[tuple[str, Author]]:
    """One person under all keys."""
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict):
        return
    name = flat(named(value) or one_of(value, "title"))
    if not name:
        return
    own = one_of(value, "title")
    post = flat(one_of(value, *_POSTS) or (own if flat(own) != name else ""))
    for each in (key, name, *(one_of(value, each) for each in _KEYS)):
        if normal(each):
            yield normal(each), Author(name, post)


def _loaded(text: str, path: str) -> object:
    suffix = PurePosixPath(path).suffix.lower()
    try:
        if suffix == ".json":
            return json.loads(text)
        return tomllib.loads(text) if suffix == ".toml" else mending.load(text)[0]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(mark.line, text.rstrip().count("\n")) + 1 if mark else 1
        raise ContentError(path, line, "", front_matter.reason_of(error)) from None
    except json.JSONDecodeError as error:
        raise ContentError(path, error.lineno, "", f"not valid JSON: {error.msg.lower()}") from None
    except (ValueError, RecursionError) as error:
        raise ContentError(path, 1, "", f"a profile that cannot be read: {error}") from None
