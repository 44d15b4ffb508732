"""What is published, and from where: publication, sources, output, feeds, look."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from publisher.config.sections import Section
from publisher.config.values import (
    Colour,
    Duration,
    FeedUrl,
    Language,
    Line,
    Location,
    Private,
    Url,
    Zone,
    duration,
)

_ARTICLE_FIELDS = [(name, "", None) for name in ("url", "year", "month", "day", "slug")]
Topics = Literal["all"] | list[str]


class Publication(Section):
    """Who publishes, and where its pages are."""

    title: Line = Field("My publication", description="the name in mastheads, feeds and mail")
    url: Url = Field("http://127.0.0.1:8000", description="public address of pages, feeds and links")
    description: Line = Field("", description="one sentence for feeds and the index page")
    language: Language = Field("en", description="language of the articles unless they say otherwise")
    timezone: Zone = Field("UTC", description="for dates that carry no zone, and for the day of a slot")
    postal_address: str = Field("", description="printed in every mail, as the law of most countries asks")

    @property
    def zone(self) -> ZoneInfo:
        """The publication's time zone."""
        return ZoneInfo(self.timezone)


class Source(Section):
    """Where articles come from: a folder, or a feed elsewhere."""

    path: Location | None = Field(None, description="a folder of .md, .markdown, .html and .txt files")
    feed: FeedUrl | None = Field(
        None,
        description="instead of a folder: address of an RSS, Atom or JSON feed. A port other than 80 and 443 "
        "must stand in it",
    )
    every: Duration = Field(
        duration("30m"), description="how often the feed is asked, at least a minute; later where it says so"
    )
    max_age: Duration = Field(
        duration("7d"), description="what is older when the feed first shows it is not taken"
    )
    max_new: Annotated[int, Field(ge=1, le=10_000)] = Field(
        50, description="how many new articles one look at the feed takes at most, the newest first"
    )
    content: Literal["full", "summary"] = Field("full", description="the feed's whole text, or its summary")
    allow_private: list[Private] = Field(
        [],
        description="hosts, addresses or networks that this feed may be at though they are private, such as "
        "127.0.0.1 or 10.1.0.0/16; every other private address is refused",
    )

    @field_validator("every")
    @classmethod
    def _politely(cls, value: timedelta) -> timedelta:
        if value < timedelta(minutes=1):
            raise ValueError("expected a minute at least, such as 30m")
        return value

    @model_validator(mode="after")
    def _either(self) -> Source:
        if (self.path is None) == (self.feed is None):
            raise ValueError("expected either path: FOLDER or feed: ADDRESS")
        if self.path and (alien := sorted(self.model_fields_set - {"path", "feed"})):
            raise ValueError(f"{alien[0]} is for feeds, and this source is a folder")
        return self


class Output(Section):
    """Where public files are written."""

    path: Location = Field(Path("public/"), description="the folder of public files")
    article_url: str = Field(
        "{url}/{year}/{month}/{slug}/",
        description="address of an article, of url, year, month, day, slug. No page is written outside url",
    )

    @model_validator(mode="after")
    def _fields(self) -> Output:
        try:
            fields = [found[1:] for found in Formatter().parse(self.article_url) if found[1] is not None]
        except ValueError:
            fields = [(None, None, None)]
        if any(found not in _ARTICLE_FIELDS for found in fields):
            raise ValueError("article_url: expected only the fields {url} {year} {month} {day} {slug}")
        if "{slug}" not in self.article_url:
            raise ValueError("article_url: expected {slug} in it, or two articles would share one address")
        return self


class Feed(Section):
    """A named selection of articles that is pulled."""

    title: Line = Field("", description="default: the publication's title")
    description: Line = Field("", description="default: the publication's description")
    topics: Topics = Field("all", description="all, or a list of topics")
    entries: int = Field(50, ge=1, le=10_000, description="how many of the newest articles")
    content: Literal["full", "summary"] = Field("full", description="the whole text, or its summary")
    formats: list[Literal["rss", "atom", "json"]] = Field(
        ["rss", "atom", "json"], min_length=1, description="which formats are written"
    )
    history: bool = Field(
        False, description="true: archive documents with everything older (RFC 5005); the default of main"
    )


class Look(Section):
    """What mail and pages share."""

    accent: Colour = Field("#7a1f1f", description="the one colour")
    logo: Location | None = Field(None, description="a picture file for the masthead")
    highlight: bool = Field(True, description="colours in blocks of code whose language is known")
