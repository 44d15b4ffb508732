"""What stands before the note of a correction, in the article's language, or else the publication's."""

from __future__ import annotations

from publisher.config.public import Publication
from publisher.languages.dates import short_date
from publisher.languages.phrasebooks import Phrasebooks, is_english
from publisher.model.articles import Article


def correction_heading(article: Article, publication: Publication, phrasebooks: Phrasebooks) -> str:
    """`Corrected on 3 May 2026:`, or `Correction:` without a date; empty where nothing was corrected."""
    if not article.correction:
        return ""
    language = _language(article, publication, phrasebooks)
    book = phrasebooks.of(language)
    if article.updated_at <= article.published_at:
        return book.gettext("Correction:")
    day = article.updated_at.astimezone(publication.zone).date()
    return book.gettext("Corrected on %(date)s:") % {"date": short_date(day, language)}


def _language(article: Article, publication: Publication, phrasebooks: Phrasebooks) -> str:
    """The one that there are words of, so that words and date go together."""
    if is_english(phrasebooks.spoken(article.language)) and not is_english(article.language):
        return phrasebooks.spoken(publication.language)
    return article.language
