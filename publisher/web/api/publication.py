"""The publication: newsletters, feeds, settings, how it stands today, and figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from publisher import feeds, permissions, subscribing
from publisher.delivering.watching import Standing
from publisher.store import figures as figure_rows
from publisher.web.api.editions import NAME
from publisher.web.api.operations import Answer, Call, Given, Operation
from publisher.web.api.previewing import PreviewAsked, PreviewMade, preview_new
from publisher.web.api.problems import Fault
from publisher.web.desk import today as desk_today

_MOST_DAYS, _FIRST = 400, date(1970, 1, 31)


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


class FiguresPlace(Given):
    """Which figures."""

    kind: Literal["deliveries", "subscriptions", "subscribers", "bounces", "polls"]


class FiguresAsked(Given):
    """Of which days (UTC), both included; 400 at most."""

    since: date | None = Field(None, description="default: 30 days before the last one")
    until: date | None = Field(None, description="default: today")


class FigureShown(Answer):
    """A number of a day."""

    day: str = Field(examples=["2026-11-21"])
    name: str = Field(description="such as daily:sent, daily, google", examples=["daily:sent"])
    number: int


class Figures(Answer):
    """Figures by day and name; what is 0 is not there."""

    items: list[FigureShown]


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
    permissions.check(call.actor, "see settings")
    return {"settings": call.publisher.config.model_dump(mode="json", by_alias=True)}


def today(call: Call) -> object:
    """As the desk's first page."""
    permissions.check(call.actor, "look")
    found = desk_today.look(call.publisher, call.now, call.actor)
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


def figures(call: Call) -> object:
    """The figures of a kind."""
    permissions.check(call.actor, "look")
    until = call.query.until or call.now.astimezone(UTC).date()
    since = call.query.since or max(until, _FIRST) - timedelta(days=30)
    if (until - since).days >= _MOST_DAYS:
        raise Fault(422, f"query.since: expected at most {_MOST_DAYS} days before until")
    with call.publisher.store.read() as tx:
        return {"items": figure_rows.read(tx, call.place.kind, since, until)}


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
    Operation(
        "GET", "/settings", "getSettings", "The resolved configuration", "see settings", settings, Settings
    ),
    Operation(
        "GET", "/figures/{kind}", "getFigures", "Sent, came, went, bounced, polled: by day",
        "look", figures, Figures, place=FiguresPlace, query=FiguresAsked,
    ),
)  # fmt: skip
