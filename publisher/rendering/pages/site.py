"""A site: what every page of it shows, and the frame around every page, rendered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from markupsafe import Markup

from publisher.config.public import Look, Publication
from publisher.languages import clock_time, direction, long_date
from publisher.model.addresses import ARCHIVE, AUTHORS, FEEDS, SEARCH, TOPICS, url_of
from publisher.rendering.colours import palettes
from publisher.rendering.environment import Templates

_KEPT = 4096
FORMATS = {
    "application/rss+xml": "RSS",
    "application/atom+xml": "Atom",
    "application/feed+json": "JSON Feed",
}


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One feed in one format."""

    title: str
    media_type: str
    url: str

    @property
    def format(self) -> str:
        """What people call the format."""
        return FORMATS.get(self.media_type, self.media_type)


@dataclass(frozen=True, slots=True)
class NewsletterLink:
    """A newsletter and the page of its past editions (empty: it has none)."""

    title: str
    description: str
    archive_url: str


@dataclass(frozen=True, slots=True)
class Site:
    """What every page shows: whose it is, and where the rest is.

    `logo_url` may be empty, and `subscribe_url` is where nobody can sign up. `groups` are the topics that
    the configuration makes of labels; without any, every label is a topic.
    """

    publication: Publication
    look: Look
    logo_url: str
    css_url: str
    feeds: tuple[FeedLink, ...]
    newsletters: tuple[NewsletterLink, ...]
    index_url: str
    subscribe_url: str = ""
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Frame:
    """A site in its language, with all that is the same on every page rendered once: make one for a build.

    `url` gives the public address of a path, `moment` a local date in words, with its time if it has one,
    `presented` what was shown last (`presenting.present`). Raises ContentError for a fault in a template.
    """

    def __init__(self, templates: Templates, site: Site) -> None:
        self.templates, self.site = templates, site
        self.language = site.publication.language
        self.direction = direction(self.language)
        self.words = templates.words(self.language)
        base, self._zone = site.publication.url, site.publication.zone
        # the same few topics, authors and minutes come again and again
        self.url = lru_cache(_KEPT)(partial(url_of, base))
        self.moment = lru_cache(_KEPT)(self._moment)
        self.feeds_url = url_of(base, FEEDS)
        self.presented: Any = None
        self._shared: dict[str, Any] = {
            "site": site,
            "paper": site.publication,
            "formats": FORMATS,
            "language": self.language,
            "direction": self.direction,
            "words": self._common_words(),
            "topics_url": url_of(base, TOPICS),
            "authors_url": url_of(base, AUTHORS),
            "archive_url": url_of(base, ARCHIVE),
            "search_url": url_of(base, SEARCH),
            "feeds_url": self.feeds_url,
        }
        for part in ("links", "skip", "nameplate", "navigation", "foot", "imprint"):
            self._shared[f"frame_{part}"] = Markup(self.render(f"frame-{part}").strip("\n"))

    def render(self, name: str, /, **context: Any) -> str:
        """The page template called `name`, in this frame."""
        return self.templates.render(f"pages/{name}.html", **{**self._shared, **context})

    def _common_words(self) -> dict[str, str]:
        """Words that stand on every article's page."""
        words = self.words
        return {
            "filed": words.gettext("Filed under"),
            "more": words.gettext("More articles"),
            "newer": words.gettext("Newer"),
            "older": words.gettext("Older"),
        }

    def local(self, at: datetime) -> datetime:
        """A moment in the publication's zone."""
        return at.astimezone(self._zone)

    def _moment(self, at: datetime) -> str:
        """A local date in words, with the time of day unless that is midnight."""
        day = long_date(at, self.language)
        if not at.hour and not at.minute:
            return day
        said = {"date": day, "time": clock_time(at, self.language)}
        return self.words.gettext("%(date)s, %(time)s") % said


def stylesheet(templates: Templates, look: Look) -> str:
    """The one stylesheet of all pages; the accent is moved as far as text of 4.5:1 needs in either scheme."""
    light, dark = palettes(look.accent)
    return templates.css("pages/site.css", light=light, dark=dark)
