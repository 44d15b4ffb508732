"""What the templates of a story are given: an article in the words and lengths of its role."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from publisher.languages import Phrasebooks, direction_of_article, listed
from publisher.model.articles import Article, Author
from publisher.model.mail import Role
from publisher.rendering.letters import adapt
from publisher.rendering.plaintext import plain
from publisher.rendering.wrapping import fold

MEASURE = 552
_ENGLISH = Phrasebooks()
_NUMBERS = re.compile(r" \[\d+\]")
# two small letters before the full stop, so that `Mr.` and `U.S.` end nothing
_SENTENCE_END = re.compile(r'(?<=[^\WA-Z_]{2}[.!?…])["”’)]?\s+(?=["“‘(]?[^\W_a-z])|(?<=[。！？])')
_LENGTHS: dict[Role, tuple[int, int]] = {
    "lead": (3, 420),
    "item": (1, 220),
    "headline": (1, 120),
    "letter": (3, 600),
}


def context(
    article: Article, role: Role, zone: ZoneInfo, language: str, phrasebooks: Phrasebooks
) -> dict[str, Any]:
    """The names that `mail/ROLE.html` and `mail/ROLE.txt` can use for this article."""
    book = phrasebooks.of(language)
    own = article.language or language
    body, shortened = adapt(article.html, article.url, MEASURE, book) if role == "letter" else ("", False)
    body_text = plain(body) if body else ""
    picture = article.picture
    return {
        "article": article,
        # a letter shows the whole text, so what stands in it is not said twice
        "picture": None if picture and body and escape(picture.url) in body else picture,
        "role": role,
        "label": article.labels[0] if article.labels else "",
        "byline": byline(article.authors, language, phrasebooks),
        "teaser": "" if _says(body_text, article.summary) else teaser(article.summary, *_LENGTHS[role]),
        "day": article.published_at.astimezone(zone).date(),
        "story_language": own,
        "story_direction": direction_of_article(article.language, language, article.title),
        "body": Markup(body),
        "body_text": body_text,
        "shortened": shortened,
    }


def byline(authors: Sequence[Author], language: str = "en", phrasebooks: Phrasebooks = _ENGLISH) -> str:
    """Who wrote it: `By Ann Lee, Staff Writer, and Bo Ek`; empty without authors."""
    names = [f"{a.name}, {a.title}" if a.title else a.name for a in authors if a.name]
    if not names:
        return ""
    if len(names) == 2 and any(", " in name for name in names):
        names[0] += ","
    together = listed(names, phrasebooks.spoken(language), serial=True)
    return phrasebooks.of(language).gettext("By %(names)s") % {"names": together}


def teaser(summary: str, sentences: int, characters: int) -> str:
    """The first sentences of a summary, whole ones if they fit, else cut at a word with an ellipsis."""
    text = fold(summary)
    ends = [found.end() for found in _SENTENCE_END.finditer(text)] + [len(text)]
    fitting = [end for end in ends[:sentences] if end <= characters]
    if fitting:
        return text[: fitting[-1]].rstrip()
    cut = text[:characters]
    at_word = cut.rsplit(" ", 1)[0] if " " in cut else cut
    return at_word.rstrip(" ,;:.–-") + "…"


def _says(text: str, summary: str) -> bool:
    """Whether a text contains its own summary, as one that was made from it does."""
    wanted = fold(summary).rstrip("….").casefold()
    return bool(wanted) and wanted in _NUMBERS.sub("", fold(text.replace("\n", " "))).casefold()
