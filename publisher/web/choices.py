"""What the preferences page shows of a person: what they chose, what they may choose, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import Connection

from publisher import articles
from publisher.app import Publisher
from publisher.config.newsletters import Newsletter
from publisher.delivering import foreseeing
from publisher.rendering.signup_pages import Choices, Offered, Reading, Topic
from publisher.store import catalogue
from publisher.store.subscribers import Subscription
from publisher.subscribing import preferences
from publisher.subscribing.preferences import Own
from publisher.web.forms import Form
from publisher.web.private_feeds import addresses

_LOOKED_AT, _LISTED = 1000, 12
_REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def of(tx: Connection, p: Publisher, subscription_id: int, now: datetime) -> Choices:
    """Everything on the page of one person. Raises NotFound."""
    own = preferences.own(tx, p.config, subscription_id)
    theirs = {s.zone for s in own.subscriptions.values()}
    return Choices(
        own.person.address,
        [_reading(tx, p, own, s, now) for s in own.subscriptions.values() if _shown(p, s)],
        [_offered(p, name) for name in own.offered],
        sorted({*zones(), *theirs}),
        languages(p, (s.language for s in own.subscriptions.values())),
        now.astimezone(ZoneInfo(next(iter(theirs), "UTC"))).date(),
    )


def as_typed(shown: Choices, filled: Form) -> Choices:
    """The page with what was sent in the place of what holds, so that nobody has to do it again."""
    if filled.one("do") != "choose":
        return shown
    readings = [_typed(r, filled) if r.name == filled.one("newsletter") else r for r in shown.readings]
    return replace(shown, readings=readings)


def _typed(reading: Reading, filled: Form) -> Reading:
    ticked = filled.all("topics")
    numbers: dict[str, Any] = {name: filled.number(name) for name in ("weekday", "day", "hour")}
    texts: dict[str, Any] = {name: filled.one(name)[:64] for name in ("cadence", "zone", "language")}
    return replace(
        reading,
        everything=filled.one("all") == "yes",
        topics=[replace(topic, chosen=topic.key in ticked) for topic in reading.topics],
        **{name: value for name, value in numbers.items() if value is not None},
        **{name: value for name, value in texts.items() if value},
    )


def _shown(p: Publisher, s: Subscription) -> bool:
    """What somebody gets, or may get again."""
    return s.status == "confirmed" or p.config.newsletters[s.newsletter].signup == "open"


def _offered(p: Publisher, name: str) -> Offered:
    newsletter = p.config.newsletters[name]
    return Offered(name, newsletter.title, newsletter.description)


def _reading(tx: Connection, p: Publisher, own: Own, s: Subscription, now: datetime) -> Reading:
    newsletter, active = p.config.newsletters[s.newsletter], s.status == "confirmed"
    paused = s.paused_until if s.paused_until and s.paused_until > now else None
    coming = foreseeing.coming(tx, p.config, s, now) if active else []
    feed = own.feeds.get(s.id)
    return Reading(
        s.newsletter,
        newsletter.title,
        newsletter.description,
        active,
        s.topics is None,
        topics_of(tx, p, newsletter, s),
        s.cadence,
        newsletter.cadences,
        s.weekday,
        s.day,
        s.hour,
        s.zone,
        s.language,
        paused.astimezone(ZoneInfo(s.zone)).date() if paused else None,
        s.next_due_at.astimezone(ZoneInfo(s.zone)) if s.next_due_at else None,
        [x.article.title for x in coming][:_LISTED],
        addresses(p, feed) if feed else {},
    )


def topics_of(tx: Connection, p: Publisher, newsletter: Newsletter, s: Subscription) -> list[Topic]:
    """Those that the newsletter carries; where none are configured, those of the newest articles."""
    groups, chosen = p.config.topics, frozenset(s.topics or ())
    known = list(groups) if groups else catalogue.topics_of_newest(tx, _LOOKED_AT)
    carried = articles.carried(newsletter.topics, groups)
    keys = [key for key in known if carried is None or key in carried]
    # what somebody chose is shown, also when nothing has it at the moment
    keys += sorted(chosen.difference(keys)) if not groups else []
    return [Topic(key, key.replace("-", " ").title(), s.topics is None or key in chosen) for key in keys]


@cache
def zones() -> list[str]:
    """The time zones that people live in, without the old names of others."""
    return sorted(z for z in available_timezones() if z.partition("/")[0] in _REGIONS)


def languages(p: Publisher, used: Iterable[str]) -> dict[str, str]:
    """The languages that mail can be in, and those that somebody has, with their own names."""
    from babel import Locale, UnknownLocaleError

    tags = {p.config.publication.language, *p.templates.languages(), *used}
    found = {}
    for tag in sorted(tags):
        try:
            found[tag] = str(Locale.parse(tag, sep="-").get_display_name() or tag)
        except (UnknownLocaleError, ValueError):
            found[tag] = tag
    return found
