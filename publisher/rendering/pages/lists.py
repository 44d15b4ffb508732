"""Pages that list articles: of one topic, one author, one month; and the lists of these.

Articles come as the HTML that `line` made of each, newest first, so that a list costs no more than its bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Literal

from markupsafe import Markup

from publisher.languages import month as month_in_words
from publisher.languages import month_name
from publisher.model.addresses import ARCHIVE, AUTHORS, TOPICS, month_path, page_path
from publisher.rendering.pages import linked_data
from publisher.rendering.pages.paging import Stretch
from publisher.rendering.pages.site import FeedLink, Frame

Kind = Literal["topic", "author", "month"]
# topics or authors on one page
LISTED = 400
# so many need no letters above them
_UNLETTERED = 40


@dataclass(frozen=True, slots=True)
class Collection:
    """The articles of one topic, author or month: its name, its folder (`topics/harbour/`), how many.

    `feeds` are its own, and `note` says more of an author: "Staff Writer".
    """

    kind: Kind
    name: str
    path: str
    count: int
    feeds: tuple[FeedLink, ...] = ()
    note: str = ""


def month(frame: Frame, year: int, month: int, count: int) -> Collection:
    """The articles of a month, which is called as the publication's language calls it."""
    name = month_in_words(date(year, month, 1), frame.language)
    return Collection("month", name, month_path(year, month), count)


def collection(frame: Frame, held: Collection, stretch: Stretch, lines: Sequence[str]) -> str:
    """One page of a topic, an author or a month; `lines` are the articles of this stretch."""
    url = frame.url(page_path(held.path, stretch.number))
    around = {
        way: None if number is None else frame.url(page_path(held.path, number))
        for way, number in (("newer", stretch.newer), ("older", stretch.older))
    }
    context: dict[str, Any] = {
        "list": held,
        "stretch": stretch,
        "url": url,
        "lines": Markup("".join(lines)),
        "linked_data": linked_data.script(_told(frame, held, url)),
    }
    return frame.render(held.kind, **context, **around)


def topics(frame: Frame, every: Sequence[Collection], number: int = 1) -> str:
    """A page of the list of topics, 400 on each, in the order of the alphabet; the first is number 1."""
    return _directory(frame, "topics", TOPICS, every, number)


def authors(frame: Frame, every: Sequence[Collection], number: int = 1) -> str:
    """A page of the list of authors, 400 on each, in the order of the alphabet; the first is number 1."""
    return _directory(frame, "authors", AUTHORS, every, number)


def directory_paths(folder: str, count: int) -> list[str]:
    """The folders of the pages of the list of so many topics, or authors; there is always one."""
    return [page_path(folder, n if n > 1 else 0) for n in range(1, max(1, -(-count // LISTED)) + 1)]


def months(frame: Frame, every: Sequence[Collection]) -> str:
    """The archive: years and their months, newest first, with how many articles each has."""
    newest = sorted(every, key=lambda held: held.path, reverse=True)
    years = [
        (year, [(_month_alone(frame, held), held, frame.url(held.path)) for held in rows])
        for year, rows in groupby(newest, key=lambda held: held.path.removeprefix(ARCHIVE)[:4])
    ]
    return frame.render("months", years=years, url=frame.url(ARCHIVE))


def _month_alone(frame: Frame, held: Collection) -> str:
    """Its name below the year."""
    at = date.fromisoformat(f"{held.path.removeprefix(ARCHIVE)[:7]}-01")
    return month_name(at, frame.language)


def _told(frame: Frame, held: Collection, url: str) -> dict[str, Any]:
    person = {"@type": "Person", "name": held.name} | ({"jobTitle": held.note} if held.note else {})
    told: dict[str, dict[str, Any]] = {
        "author": {"@type": "ProfilePage", "mainEntity": person},
        "topic": {"@type": "CollectionPage", "about": {"@type": "Thing", "name": held.name}},
        "month": {"@type": "CollectionPage"},
    }
    paper = {"@type": "WebSite", "name": frame.site.publication.title, "url": frame.site.index_url}
    shared = {"name": held.name, "url": url, "inLanguage": frame.language, "isPartOf": paper}
    return told[held.kind] | shared


def _directory(frame: Frame, name: str, folder: str, every: Sequence[Collection], number: int) -> str:
    ordered = sorted(every, key=lambda held: (_initial(held.name), _folded(held.name), held.path))
    pages = [ordered[i : i + LISTED] for i in range(0, len(ordered), LISTED)]
    urls = [frame.url(path) for path in directory_paths(folder, len(every))]
    shown = [(held, frame.url(held.path)) for page in pages[number - 1 : number] for held in page]
    letters = [(letter, list(rows)) for letter, rows in groupby(shown, lambda row: _initial(row[0].name))]
    if 0 < len(every) <= _UNLETTERED:
        letters = [("", shown)]
    spans = [(page[0].name, page[-1].name, url) for page, url in zip(pages, urls, strict=False)]
    return frame.render(
        name, letters=letters, spans=spans if len(spans) > 1 else (), number=number, url=urls[number - 1]
    )


def _folded(name: str) -> str:
    split = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in split if not unicodedata.combining(char))


def _initial(name: str) -> str:
    """The letter that it stands under; what begins with none stands before all."""
    first = _folded(name)[:1].upper()
    return first if first.isalpha() else "#"
