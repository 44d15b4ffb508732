"""Why a subscriber will get an edition, did, or did not, and what comes next: facts, each with a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from publisher import permissions
from publisher.config.schema import Config
from publisher.delivering import foreseeing, sentences
from publisher.editions import choice, coverage, windows
from publisher.errors import NotFound
from publisher.languages import Phrasebook
from publisher.model.editors import Actor
from publisher.store import Store, catalogue, editions, frozen, histories, subscribers
from publisher.store.catalogue import Listing
from publisher.store.compacted import Past
from publisher.store.editions import Edition
from publisher.store.subscribers import Subscriber, Subscription

_NEWEST = 10


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every answer is made from: the address, its person, and what must not be mailed."""

    tx: Connection
    config: Config
    now: datetime
    address: str
    person: Subscriber | None
    suppression: tuple[str, datetime] | None
    subscriptions: Sequence[Subscription]
    words: Phrasebook

    @property
    def say(self) -> sentences.Say:
        return sentences.Say(self.config.publication.zone, self.now, self.words)

    def titles(self, ids: Sequence[str]) -> dict[str, Listing]:
        return {x.article.id: x for x in catalogue.listings(self.tx, ids=ids)}


def explain(
    store: Store,
    actor: Actor,
    config: Config,
    address: str,
    now: datetime,
    edition: Edition | None = None,
    *,
    words: Phrasebook | None = None,
) -> dict[str, Any]:
    """All there is to say about an address, or about it and one edition; plain values, sentences in `says`.

    In English, if there are no `words`. Raises NotFound for an address of which nothing is known, NotAllowed.
    """
    permissions.check(actor, "see people")
    with store.read() as tx:
        person, barred = subscribers.find(tx, address), histories.suppression(tx, address)
        if not person and not barred:
            raise NotFound(f"nothing is known of {address}; `publisher subscribers add` adds a subscriber")
        theirs = subscribers.subscriptions_of(tx, person.id) if person else []
        name = person.address if person else address
        asked = _Asked(tx, config, now, name, person, barred, theirs, words or Phrasebook())
        reason, since = barred or ("", None)
        data: dict[str, Any] = {"address": asked.address, "known": person is not None}
        data["suppression"] = {"reason": reason, "since": since} if barred else None
        says = [asked.say.suppressed(asked.address, reason, since)] if barred and since else []
        if edition:
            data["edition"] = _edition(asked, editions.get(tx, edition.id))
            return data | {"says": says + data["edition"]["says"]}
        data["subscriptions"] = [_subscription(asked, s) for s in theirs]
        rows = histories.deliveries_of(tx, person.id, _NEWEST) if person else []
        data["deliveries"] = _deliveries(asked, rows)
    parts = (*data["subscriptions"], *data["deliveries"])
    return data | {"says": says + [line for part in parts for line in part["says"]]}


def _subscription(asked: _Asked, s: Subscription) -> dict[str, Any]:
    receives = s.status == "confirmed" and s.newsletter in asked.config.newsletters and not asked.suppression
    coming = foreseeing.coming(asked.tx, asked.config, s, asked.now) if receives else []
    data = {
        "newsletter": s.newsletter,
        "status": s.status,
        "chosen": choice.words(s.topics, s.cadence, s.hour, s.weekday, s.day),
        "zone": s.zone,
        "paused_until": s.paused_until,
        "since": s.since,
        "mark": s.mark,
        "next_due_at": s.next_due_at,
        "next": [{"id": x.article.id, "title": x.article.title, "release": x.release} for x in coming],
    }
    titles = [x.article.title for x in coming]
    known = s.newsletter in asked.config.newsletters
    return data | {
        "says": asked.say.subscription(s, str(data["chosen"]), known, bool(asked.suppression), titles)
    }


def _deliveries(asked: _Asked, rows: Sequence[Row[Any] | Past]) -> list[dict[str, Any]]:
    history = histories.events_of(asked.tx, [row.id for row in rows if not isinstance(row, Past)])
    marks = {s.id: s.mark for s in asked.subscriptions}
    found = []
    for row in rows:
        ids, out = (f(asked.tx, row.variant_id) for f in (histories.articles_in, histories.dropped_in))
        listed = asked.titles([*ids, *out])
        waived = [
            listed[a].article.title
            for a in ids
            if row.cadence == "hand"
            and row.status == "cancelled"
            and not row.attempt
            and row.lo < (listed[a].release or 0) <= marks.get(row.subscription_id, 0)
        ]
        data = {
            "edition": f"{row.newsletter}/{row.number}",
            "status": row.status,
            "code": row.code,
            "reply": row.reply,
            "attempts": row.attempt,
            "due_at": row.due_at,
            "at": row.finished_at or row.started_at,
            "covers": [row.lo, row.hi],
            "articles": ids,
            "dropped": out,
            "waived": waived,
            "events": [_event(e) for e in history.get(row.id, ())],
        }
        titles, dropped = ([listed[a].article.title for a in some] for some in (ids, out))
        found.append(data | {"says": asked.say.delivery(row, titles, waived, dropped)})
    return found


def _event(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("at", "old", "new", "attempt", "code", "reply")}


def _edition(asked: _Asked, edition: Edition) -> dict[str, Any]:
    mine = next((s for s in asked.subscriptions if s.newsletter == edition.newsletter), None)
    row = histories.delivery_of(asked.tx, asked.person.id, edition.id) if asked.person else None
    data: dict[str, Any] = {"edition": edition.name, "state": edition.state}
    if row:
        (delivery,) = _deliveries(asked, [row])
        says = delivery["says"] + [asked.say.event(e) for e in delivery["events"]]
        data |= {"verdict": row.status, "delivery": delivery}
    else:
        verdict = _verdict(asked, edition, mine)
        data |= {"verdict": verdict, "delivery": None}
        says = [asked.say.no_row(verdict, edition, mine, asked.address, asked.suppression)]
    data["articles"] = _articles(asked, edition, mine) if mine else []
    return data | {"says": says + [asked.say.article(a) for a in data["articles"] if not a["here"]]}


def _verdict(asked: _Asked, edition: Edition, s: Subscription | None) -> sentences.Verdict:
    """Why there is no row, by what the store still knows of the time of the cut."""
    passes = histories.cuts_of(asked.tx, edition.id)
    last = max((one.at for one in passes), default=edition.created_at)
    if s is None:
        return "stranger"
    if edition.cadence not in ("hand", s.cadence):
        return "cadence"
    if s.status == "pending":
        return "pending"
    if s.status == "unsubscribed" and s.ended_at and s.ended_at <= last:
        return "left"
    if asked.suppression and asked.suppression[1] <= last:
        return "suppressed"
    if s.created_at > last:
        return "later"
    return _of_window(asked, edition, s, max((one.hi for one in passes), default=0))


def _of_window(asked: _Asked, edition: Edition, s: Subscription, hi: int) -> sentences.Verdict:
    if edition.state == "cancelled":
        return "cancelled"
    closed = edition.everybody or (edition.closes_at and edition.closes_at <= asked.now)
    if s.paused_until and s.paused_until > asked.now and s.mark < hi:
        return "paused"
    if not closed and s.next_due_at and s.mark < hi:
        return "due"
    return "nothing"


def _articles(asked: _Asked, edition: Edition, s: Subscription) -> list[dict[str, Any]]:
    """Every article of the edition, and how this subscription stands to it (rule 2)."""
    ids = frozen.articles_of(asked.tx, edition.id)
    listed, seen = asked.titles(ids), histories.named(asked.tx, s.id)
    names = {n.article_id: n.edition for n in seen}
    here = {n.article_id for n in seen if n.edition == edition.name}
    chosen = None if s.topics is None else frozenset(s.topics)
    found = []
    for a in ids:
        article, release = listed[a].article, listed[a].release
        found.append(
            {
                "id": a,
                "title": article.title,
                "release": release,
                "here": a in here,
                "why": coverage.why(release, a, s.since, s.mark, names),
                "named_by": names.get(a, ""),
                "matches": windows.matches(frozenset(article.topics), chosen),
            }
        )
    return found
