"""The publication: newsletters, feeds, settings, how it stands today, and figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from publisher import feeds, permissions, subscribing
from publisher.delivering.watching import Standing
from publisher.store import feed_polls
from publisher.web.api.editions import NAME, PreviewAsked, PreviewMade, preview_new
from publisher.web.api.operations import Answer, Call, Given, Operation
from publisher.web.desk import today as desk_today

_POLLS_DAYS = 31


class When(Answer):
    """When somebody who chose nothing gets it."""

    cadence: str
    hour: int
    weekday: str
    day: int


class NewsletterShown(Answer):
    """A newsletter as the configuration has it."""

    name: str = Field(examples=["daily"])
    title: str
    description: str
    sender: str = Field(description="From")
    topics: Literal["all"] | list[str]
    cadences: list[str]
    default: When
    subject: str = Field(description="a template")
    template: str
    max_articles: int
    approval: bool
    archive: str
    signup: str


class Newsletters(Answer):
    """All newsletters."""

    items: list[NewsletterShown]


class NewsletterPlace(Given):
    """Which newsletter."""

    newsletter: str = Field(pattern=NAME, examples=["daily"])


class FeedShown(Answer):
    """A feed as the configuration has it."""

    name: str = Field(examples=["main"])
    title: str
    topics: Literal["all"] | list[str]
    entries: int
    content: str
    urls: dict[str, str] = Field(description="by format: rss, atom, json")


class Feeds(Answer):
    """All feeds of the configuration."""

    items: list[FeedShown]


class Settings(Answer):
    """The resolved configuration; of secrets only where they stand."""

    settings: dict[str, Any]


class WaitingShown(Answer):
    """An edition that needs somebody."""

    edition: str
    count: int
    needs_approval: bool
    reason: str


class RefusedFile(Answer):
    """A file that the last gather could not use."""

    path: str
    line: int
    field: str
    reason: str
    since: datetime


class DueShown(Answer):
    """When the next mail of a cadence is due, and for how many."""

    cadence: str
    at: datetime | None
    people: int = Field(description="more than 10000 are not counted: 10001 stands for them")


class ComingShown(Answer):
    """What is due next in a newsletter."""

    newsletter: str
    due: list[DueShown]


class StandingShown(Answer):
    """An edition that is under way."""

    edition: str
    state: str
    planned: int
    ended: int
    due: int
    rate: float
    estimated_end: datetime | None


class Arrived(Answer):
    """An article that came in lately."""

    id: str
    title: str
    url: str
    released_at: datetime


class TodayShown(Answer):
    """What needs a person, what is under way, what is due next, what has come in."""

    held: list[WaitingShown]
    unknown: list[WaitingShown]
    stopped: list[WaitingShown]
    refused: list[RefusedFile]
    refused_count: int
    clock_stands: bool
    restored: bool
    under_way: list[StandingShown]
    coming: list[ComingShown]
    arrivals: list[Arrived]


class PollsAsked(Given):
    """From when on."""

    since: date | None = Field(None, description="a day (UTC), at most 31 back; default: a week ago")


class PolledShown(Answer):
    """How often a program asked for a feed in a day."""

    day: str
    path: str
    program: str
    polls: int
    subscribers: int = Field(description="that it states; 0 for none")


class Polls(Answer):
    """Polls of feeds."""

    items: list[PolledShown]


def newsletters(call: Call) -> object:
    """All of them."""
    permissions.check(call.actor, "look")
    return {"items": [_newsletter(call, name) for name in call.publisher.config.newsletters]}


def newsletter(call: Call) -> object:
    """One of them."""
    permissions.check(call.actor, "look")
    subscribing.newsletter(call.publisher.config, call.place.newsletter)
    return _newsletter(call, call.place.newsletter)


def _newsletter(call: Call, name: str) -> dict[str, Any]:
    found = call.publisher.config.newsletters[name]
    return {**found.model_dump(), "name": name, "sender": found.from_}


def all_feeds(call: Call) -> object:
    """All feeds of the configuration."""
    permissions.check(call.actor, "look")
    config = call.publisher.config
    items = []
    for name, one in config.feeds.items():
        urls = {kind: feeds.address(config.publication, name, kind) for kind in one.formats}
        title = one.title or config.publication.title
        items.append({**one.model_dump(), "name": name, "title": title, "urls": urls})
    return {"items": items}


def settings(call: Call) -> object:
    """What the configuration says, resolved."""
    permissions.check(call.actor, "look")
    return {"settings": call.publisher.config.model_dump(mode="json", by_alias=True)}


def today(call: Call) -> object:
    """As the desk's first page."""
    permissions.check(call.actor, "look")
    found = desk_today.look(call.publisher, call.now)
    waiting = {
        name: [_waiting(one) for one in getattr(found, name)] for name in ("held", "unknown", "stopped")
    }
    coming = [{"newsletter": one.name, "due": [due._asdict() for due in one.due]} for one in found.coming]
    names = ("refused", "refused_count", "clock_stands", "restored", "arrivals")
    same = {name: getattr(found, name) for name in names}
    return {**waiting, **same, "coming": coming, "under_way": list(_standings(found.under_way))}


def _waiting(one: desk_today.Waiting) -> dict[str, object]:
    about = {name: getattr(one, name) for name in ("count", "needs_approval", "reason")}
    return {"edition": one.name, **about}


def _standings(found: list[Standing]) -> Iterator[dict[str, object]]:
    for one in found:
        yield {name: getattr(one, name) for name in StandingShown.model_fields}


def polls(call: Call) -> object:
    """Which programs poll the feeds."""
    permissions.check(call.actor, "look")
    today_ = call.now.astimezone(UTC).date()
    since = call.query.since or today_ - timedelta(days=7)
    since = max(since, today_ - timedelta(days=_POLLS_DAYS))
    with call.publisher.store.read() as tx:
        return {"items": feed_polls.since(tx, since.isoformat())}


OPERATIONS = (
    Operation(
        "GET", "/today", "getToday", "What needs a person, what is under way, what is due next",
        "look", today, TodayShown,
    ),
    Operation("GET", "/newsletters", "listNewsletters", "All newsletters", "look", newsletters, Newsletters),
    Operation(
        "GET", "/newsletters/{newsletter}", "getNewsletter", "One newsletter",
        "look", newsletter, NewsletterShown, place=NewsletterPlace, refusals=(404,),
    ),
    Operation(
        "GET", "/newsletters/{newsletter}/preview", "previewNewsletter", "What an edition cut now would be",
        "look", preview_new, PreviewMade, place=NewsletterPlace, query=PreviewAsked, refusals=(404, 409),
    ),
    Operation("GET", "/feeds", "listFeeds", "All feeds of the configuration", "look", all_feeds, Feeds),
    Operation("GET", "/settings", "getSettings", "The resolved configuration", "look", settings, Settings),
    Operation(
        "GET", "/figures/polls", "listPolls", "How often which program asked for which feed, by day",
        "look", polls, Polls, query=PollsAsked,
    ),
)  # fmt: skip
