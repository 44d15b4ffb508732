"""The page of one article, and the few lines that stand for it in lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from publisher.languages import correction_heading
from publisher.model.articles import Article
from publisher.rendering.pages import linked_data
from publisher.rendering.pages.presenting import Presented, present
from publisher.rendering.pages.site import Frame


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The next article in time: all that the page of one says of another."""

    url: str
    title: str
    language: str


def article(frame: Frame, article: Article, older: Neighbour | None, newer: Neighbour | None) -> str:
    """The page of one article, with Open Graph tags, JSON-LD, and the way to its neighbours in time."""
    shown = present(frame, article, whole=True)
    return frame.render(
        "article",
        shown=shown,
        corrected=correction_heading(article, frame.site.publication, frame.templates.phrasebooks),
        older=older,
        newer=newer,
        linked_data=linked_data.script(_news_article(frame, shown)),
    )


def withdrawn(frame: Frame, article: Article) -> str:
    """What stands at the address of an article that was mailed and is no longer there (rule 24)."""
    return frame.render("withdrawn", shown=present(frame, article))


def line(frame: Frame, article: Article) -> str:
    """An article as lists show it, as HTML: headline, first sentences, authors and day.

    It is the same in every list, so a build makes it once. The text of the article is not looked at.
    """
    return frame.render("line", shown=present(frame, article))


def _news_article(frame: Frame, shown: Presented) -> dict[str, Any]:
    article, paper = shown.article, frame.site.publication
    return {
        "@type": "NewsArticle",
        "headline": article.title,
        "description": article.summary,
        "url": article.url,
        "mainEntityOfPage": article.url,
        "inLanguage": shown.language,
        "datePublished": shown.published_iso,
        "dateModified": shown.updated_iso,
        "author": [_person(a.name, a.url, a.note) for a in shown.authors],
        "image": [article.picture.url] if article.picture else [],
        "keywords": article.labels,
        "correction": article.correction,
        "publisher": {"@type": "Organization", "name": paper.title, "url": paper.url},
    }


def _person(name: str, url: str, title: str) -> dict[str, str]:
    return {"@type": "Person", "name": name, "url": url} | ({"jobTitle": title} if title else {})
