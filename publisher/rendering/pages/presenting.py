"""An article as pages show it: dates in words, authors and topics with their addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape, unescape

from markupsafe import Markup

from publisher.languages import direction_of_article, short_date
from publisher.model.addresses import author_path, topic_path
from publisher.model.articles import Article
from publisher.model.naming import name_of, slugify
from publisher.rendering.pages.site import Frame

_OPENING = 4000
_TAG = re.compile(r"<(?:script|style)\b.*?</|<[^>]*>", re.DOTALL)
_PLAIN = re.compile("[a-z0-9]+")
_AHEAD = 8
# tags, entities, and spaces that a browser shows as one
_NO_TEXT = re.compile(r"[<&]|[^\S ]|\s\s")


@dataclass(frozen=True, slots=True)
class Link:
    """A name and where it leads; `note` says more of an author: "Staff Writer"."""

    name: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Presented:
    """An article as a page shows it: local dates, also in words.

    `topics` lead to their pages, `labels` belong to none. `marks` are the attributes of what is in another
    language than the page. There is no standfirst that the text repeats, and no picture that it shows itself.
    """

    article: Article
    published: datetime
    updated: datetime | None
    published_iso: str
    updated_iso: str
    day_words: str
    published_words: str
    updated_words: str
    language: str
    direction: str
    marks: Markup
    authors: tuple[Link, ...]
    topics: tuple[Link, ...]
    labels: tuple[str, ...]
    standfirst: str = ""
    has_picture: bool = False

    @property
    def kicker(self) -> str:
        """The topic, or else the label, that it stands under first."""
        return self.topics[0].name if self.topics else self.labels[0] if self.labels else ""


def present(frame: Frame, article: Article, whole: bool = False) -> Presented:
    """An article as the pages of a site show it; its text is looked at only for its own page (`whole`)."""
    shown: Presented | None = frame.presented
    # an article's own page and its line in lists are made one after the other
    if shown is None or shown.article is not article:
        shown = frame.presented = _present(frame, article)
    if not whole:
        return shown
    return replace(shown, standfirst=_standfirst(article), has_picture=_has_picture(article))


def _present(frame: Frame, article: Article) -> Presented:
    published, updated = frame.local(article.published_at), frame.local(article.updated_at)
    changed = updated.replace(second=0) > published
    language = article.language or frame.language
    runs = direction_of_article(article.language, frame.language, article.title)
    topics, labels = _filed(frame, article)
    published_iso = published.isoformat(timespec="seconds")
    return Presented(
        article=article,
        published=published,
        updated=updated if changed else None,
        published_iso=published_iso,
        updated_iso=updated.isoformat(timespec="seconds") if changed else published_iso,
        day_words=short_date(published, frame.language),
        published_words=frame.moment(published),
        updated_words=frame.moment(updated) if changed else "",
        language=language,
        direction=runs,
        marks=_marks(frame, language, runs),
        authors=tuple(Link(a.name, frame.url(author_path(a.name)), a.title) for a in article.authors),
        topics=topics,
        labels=labels,
    )


def _filed(frame: Frame, article: Article) -> tuple[tuple[Link, ...], tuple[str, ...]]:
    """The topics of an article, called as it calls them, and the labels that belong to none of them."""
    if not article.topics:
        return (), article.labels
    groups = frame.site.groups
    named = _spelled(groups) if groups else {slugify(label): label for label in reversed(article.labels)}
    topics = tuple(
        Link(named.get(key) or name_of(key, ()), frame.url(topic_path(key))) for key in article.topics
    )
    held = {*article.topics, *(m.casefold() for key in article.topics for m in groups.get(key, ()))}
    return topics, tuple(x for x in article.labels if not {slugify(x), x.casefold()} & held)


def _spelled(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """How topics of the configuration are spelled: as the label that has their key, if they hold one."""
    return {key: next((m for m in members if slugify(m) == key), "") for key, members in groups.items()}


def _marks(frame: Frame, language: str, runs: str) -> Markup:
    if language == frame.language and runs == frame.direction:
        return Markup()
    return Markup(' lang="{}" dir="{}"').format(language, runs)


def _standfirst(article: Article) -> str:
    """The summary, unless the text begins by saying the same."""
    words, opening = article.summary.casefold().split(), article.html[:_OPENING].casefold()
    wanted = " ".join(words).rstrip("….")
    if not wanted:
        return ""
    return "" if _may_say(opening, wanted) and wanted in _text(opening) else article.summary


def _may_say(html: str, wanted: str) -> bool:
    """Whether the longest word stands there before what follows it: far quicker, and mostly it does not."""
    longest = max(_PLAIN.findall(wanted), key=len, default="")
    ahead = wanted[wanted.find(longest) + len(longest) :][:_AHEAD]
    return any(_agree(after, ahead) for after in _after(html, longest)) if longest else True


def _after(html: str, word: str) -> Iterator[str]:
    """The few characters behind each place where the word is."""
    at = html.find(word)
    while at >= 0:
        end = at + len(word)
        yield html[end : end + _AHEAD]
        at = html.find(word, end)


def _agree(html: str, ahead: str) -> bool:
    """As far as it is plain text."""
    mark = _NO_TEXT.search(html)
    plain = mark.start() if mark else _AHEAD
    return html.startswith(ahead[:plain])


def _has_picture(article: Article) -> bool:
    return article.picture is not None and escape(article.picture.url) not in article.html


def _text(html: str) -> str:
    return " ".join(unescape(_TAG.sub("", html)).split())
