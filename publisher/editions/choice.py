"""What a subscriber chose, in words: "World and Sports, every day at 7"."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.languages import Phrasebook, Phrasebooks, day_of_month, listed, weekday

_ENGLISH = Phrasebooks()


def words(
    topics: Sequence[str] | None,
    cadence: str,
    hour: int,
    weekday: int,
    day: int,
    language: str = "en",
    phrasebooks: Phrasebooks = _ENGLISH,
) -> str:
    """Topics and time of a subscription as a reader would say them; in English where words are lacking.

    Raises ContentError for a phrasebook that cannot be read.
    """
    spoken, book = phrasebooks.spoken(language), phrasebooks.of(language)
    return _when(cadence, hour, weekday, day, spoken, book, _topics(topics, spoken, book))


def all_topics(language: str, phrasebooks: Phrasebooks = _ENGLISH) -> str:
    """What somebody chose who chose nothing in particular."""
    return phrasebooks.of(language).gettext("all topics")


def _topics(topics: Sequence[str] | None, language: str, book: Phrasebook) -> str:
    if topics is None:
        return book.gettext("all topics")
    return listed([t.replace("-", " ").title() for t in topics], language) or book.gettext("no topics")


def _when(cadence: str, hour: int, day: int, date: int, language: str, book: Phrasebook, topics: str) -> str:
    """The whole sentence, so that a translator can turn it round."""
    if cadence == "instant":
        return book.gettext("%(topics)s, as soon as they appear") % {"topics": topics}
    values = {"topics": topics, "hour": hour}
    if cadence == "weekly":
        values |= {"weekday": weekday(day, language)}
        return book.gettext("%(topics)s, every %(weekday)s at %(hour)s") % values
    if cadence == "monthly":
        values |= {"day": day_of_month(date, language)}
        return book.gettext("%(topics)s, on the %(day)s of every month at %(hour)s") % values
    return book.gettext("%(topics)s, every day at %(hour)s") % values
