"""Articles whose authors' profiles changed: they are read again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from publisher.articles import profiles
from publisher.articles.profiles import People
from publisher.gathering.feeds import Looked
from publisher.gathering.source import Look
from publisher.model.articles import Author
from publisher.store import clock, linked


def with_changed(tx: Connection, looks: Mapping[str, Looked]) -> dict[str, Looked]:
    """The looks, with the articles that name somebody whose profile is not what it was among the changed."""
    found = dict(looks)
    for name, look in looks.items():
        if (
            isinstance(look, Look)
            and not look.kept_whole
            and clock.remembered(tx, _note(name)) != _digest(look.people)
        ):
            changed = {
                path
                for path, authors in linked.authors(tx, name)
                if path in look.stamps and any(_differs(author, look.people) for author in authors)
            }
            found[name] = replace(look, changed=tuple(sorted(changed | set(look.changed))))
    return found


def has_profiles(tx: Connection, source: str) -> bool:
    """Whether articles of this source were credited by profiles."""
    return clock.remembered(tx, _note(source)) != ""


def remember(tx: Connection, looks: Mapping[str, Looked], now: datetime) -> None:
    """Keep what the articles of each source were credited by."""
    for name, look in looks.items():
        if (
            isinstance(look, Look)
            and not look.kept_whole
            and clock.remembered(tx, _note(name)) != _digest(look.people)
        ):
            clock.remember(tx, _note(name), _digest(look.people), now)


def _differs(author: Author, people: People) -> bool:
    """Whether the profiles make somebody else of this author, or may give another title."""
    (anew,) = profiles.credited([Author(author.key or author.name)], people)
    return anew != author if author.key or anew.key else False


def _digest(people: People) -> str:
    if not people:
        return ""
    text = repr(sorted((key, author.name, author.title) for key, author in people.items()))
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _note(source: str) -> str:
    return f"people {hashlib.blake2b(source.encode(), digest_size=16).hexdigest()}"
