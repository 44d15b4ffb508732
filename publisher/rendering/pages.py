"""Web pages from articles and editions: whole HTML documents, without scripts, asking nothing elsewhere."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from publisher.config.public import Look, Publication
from publisher.languages import direction, direction_of_article, is_english, month
from publisher.model.articles import Article
from publisher.rendering import markup
from publisher.rendering.colours import palettes
from publisher.rendering.environment import Templates

_OPENING = 4000


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One feed in one format."""

    title: str
    media_type: str
    url: str


@dataclass(frozen=True, slots=True)
class NewsletterLink:
    """A newsletter and the page of its past editions (empty: it has none)."""

    title: str
    description: str
    archive_url: str


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One past edition: its number, subject, moment (aware), page, and how many articles it carried."""

    number: int
    subject: str
    date: datetime
    url: str
    count: int


@dataclass(frozen=True, slots=True)
class Site:
    """What every page shows: whose it is, and where the rest is.

    `logo_url` may be empty, and `subscribe_url` is where nobody can sign up.
    """

    publication: Publication
    look: Look
    logo_url: str
    css_url: str
    feeds: tuple[FeedLink, ...]
    newsletters: tuple[NewsletterLink, ...]
    index_url: str
    subscribe_url: str = ""


@dataclass(frozen=True, slots=True)
class Presented:
    """An article as a page shows it: dates in the publication's zone, no standfirst that the text repeats."""

    article: Article
    published: datetime
    updated: datetime | None
    language: str
    direction: str
    standfirst: str
    has_picture: bool


def index(templates: Templates, site: Site, articles: Sequence[Article]) -> str:
    """The front page: the newest day first, its newest article as the lead. Articles come in any order."""
    newest = sorted(articles, key=lambda a: (a.published_at, a.id), reverse=True)
    return _page(templates, "index", site, days=_days(site, newest))


def article(
    templates: Templates, site: Site, article: Article, older: Article | None, newer: Article | None
) -> str:
    """The page of one article, with Open Graph tags, JSON-LD, and the way to its neighbours in time."""
    shown = present(site, article)
    data = _linked_data(site, shown)
    return _page(templates, "article", site, shown=shown, older=older, newer=newer, linked_data=data)


def withdrawn(templates: Templates, site: Site, article: Article) -> str:
    """What stands at the address of an article that was mailed and is no longer there (rule 24)."""
    return _page(templates, "withdrawn", site, shown=present(site, article))


def archive(templates: Templates, site: Site, title: str, editions: Sequence[ArchiveEntry]) -> str:
    """The past editions of the newsletter called `title`, newest first, by month."""
    zone = site.publication.zone
    newest = sorted(editions, key=lambda e: e.number, reverse=True)
    dated = [(e.date.astimezone(zone), e) for e in newest]
    language = site.publication.language
    months = [(name, list(rows)) for name, rows in groupby(dated, key=lambda row: month(row[0], language))]
    return _page(templates, "archive", site, newsletter=title, months=months)


def ask_unsubscribe(templates: Templates, site: Site, newsletter_title: str, action_url: str) -> str:
    """The page behind the unsubscribe link. It changes nothing: its buttons post to `action_url`."""
    named = _named(templates, site, newsletter_title)
    return _page(templates, "unsubscribe", site, newsletter=named, action_url=action_url)


def unsubscribed(templates: Templates, site: Site, newsletter_title: str, feeds: Mapping[str, str]) -> str:
    """What a reader sees after leaving; `feeds` are those that they switched to, by format."""
    named = _named(templates, site, newsletter_title)
    return _page(templates, "unsubscribed", site, newsletter=named, feeds=feeds)


def not_found(templates: Templates, site: Site) -> str:
    """The page for an address where nothing is."""
    return _page(templates, "not-found", site)


def expired_link(templates: Templates, site: Site) -> str:
    """The page for a link from a mail whose token means nothing, or nothing any more."""
    return _page(templates, "expired-link", site)


def stylesheet(templates: Templates, look: Look) -> str:
    """The one stylesheet of all pages; the accent is moved as far as text of 4.5:1 needs in either scheme."""
    light, dark = palettes(look.accent)
    return templates.css("pages/site.css", light=light, dark=dark)


def present(site: Site, article: Article) -> Presented:
    """`article` as the pages of `site` show it."""
    zone = site.publication.zone
    language = article.language or site.publication.language
    changed = article.updated_at.replace(second=0) > article.published_at
    picture = article.picture
    repeated = picture is not None and html.escape(picture.url) in article.html
    return Presented(
        article=article,
        published=article.published_at.astimezone(zone),
        updated=article.updated_at.astimezone(zone) if changed else None,
        language=language,
        direction=direction_of_article(article.language, site.publication.language, article.title),
        standfirst="" if _opens_with(article.html, article.summary) else article.summary,
        has_picture=picture is not None and not repeated,
    )


def _page(templates: Templates, name: str, site: Site, **context: Any) -> str:
    language = site.publication.language
    return templates.render(
        f"pages/{name}.html", site=site, language=language, direction=direction(language), **context
    )


def _days(site: Site, articles: Sequence[Article]) -> list[tuple[date, list[Presented]]]:
    shown = [present(site, a) for a in articles]
    return [(day, list(group)) for day, group in groupby(shown, key=lambda s: s.published.date())]


def _opens_with(body: str, summary: str) -> bool:
    """Whether the text begins by saying the summary, so that a standfirst would say it twice."""
    wanted = " ".join(summary.split()).rstrip("….").casefold()
    if not wanted or not body.strip():
        return False
    text = markup.fragment(body[:_OPENING]).text_content()
    return wanted in " ".join(text.split()).casefold()


def _named(templates: Templates, site: Site, newsletter: str) -> str:
    """The newsletter inside a sentence: in English the Daily Briefing, but A Letter Home."""
    if not is_english(templates.phrasebooks.spoken(site.publication.language)):
        return newsletter
    first = newsletter.partition(" ")[0].lower()
    return newsletter if first in {"the", "a", "an", "my", "our", "your"} else f"the {newsletter}"


def _linked_data(site: Site, shown: Presented) -> str:
    """JSON-LD of schema.org's NewsArticle, safe inside a script element."""
    article = shown.article
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "description": article.summary,
        "url": article.url,
        "mainEntityOfPage": article.url,
        "inLanguage": shown.language,
        "datePublished": shown.published.isoformat(timespec="seconds"),
        "dateModified": (shown.updated or shown.published).isoformat(timespec="seconds"),
        "author": [_person(author.name, author.title) for author in article.authors],
        "image": [article.picture.url] if article.picture else [],
        "keywords": list(article.labels),
        "publisher": {"@type": "Organization", "name": site.publication.title, "url": site.publication.url},
    }
    text = json.dumps({key: value for key, value in data.items() if value})
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _person(name: str, title: str) -> dict[str, str]:
    return {"@type": "Person", "name": name} | ({"jobTitle": title} if title else {})
