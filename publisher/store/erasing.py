"""What must go when a person is erased, and where it stands. Every function is safe to be asked again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)

from publisher.store import erased, webhooks
from publisher.store.bulk import among
from publisher.store.database import insert_new
from publisher.store.keys import secrets_of
from publisher.store.schema import (
    api_requests,
    confirmations,
    consents,
    deliveries,
    editions,
    events,
    import_refusals,
    imports,
    notice_events,
    notices,
    pacing,
    private_feeds,
    reports,
    subscribers,
    subscriptions,
    suppressions,
)

GONE = "(erased)"
# ann@ is not what stands in joann@; a character in quoted-printable (=3C) may come before
_BEFORE = r"(?:(?<![\w.+-])|(?<==[0-9A-F]{2}))"
_AFTER = r"(?![\w-]|\.\w)"


class Spellings:
    """An address in every form in which it may stand somewhere."""

    def __init__(self, forms: Iterable[str]) -> None:
        self.forms = sorted(set(filter(None, forms)))
        some = "|".join(map(re.escape, self._escaped()))
        self._any = re.compile(f"{_BEFORE}(?:{some}){_AFTER}", re.IGNORECASE)

    def _escaped(self) -> list[str]:
        """As they are, and as JSON writes what is not ASCII; the longest first."""
        every = {*self.forms, *(json.dumps(form)[1:-1] for form in self.forms)}
        return sorted(every, key=len, reverse=True)

    def within(self, column: Any) -> Any:
        """Whether a text of the database holds one of them."""
        low = func.lower(cast(column, Text))
        return or_(*(_position(low, form.lower()) > 0 for form in self._escaped()))

    def inside(self, tx: Connection, column: Any) -> Any:
        """Whether bytes of the database hold one of them."""
        find: Callable[..., Any] = func.instr if tx.dialect.name == "sqlite" else _bytes_position
        return or_(*(find(column, literal(form.encode(), LargeBinary)) > 0 for form in self.forms))

    def named_in(self, *said: str | bytes) -> bool:
        """Whether one of these texts names the address, and not only a longer one that ends like it."""
        texts = (one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in said)
        return any(map(self._any.search, texts))

    def out_of(self, text: str) -> str:
        """The text without them."""
        return self._any.sub(GONE, text)


def _position(column: Any, text: str) -> Any:
    return func.length(column) - func.length(func.replace(column, text, ""))


def _bytes_position(column: Any, part: Any) -> Any:
    return func.position(part.op("IN")(column))


@contextmanager
def thoroughly(tx: Connection) -> Iterator[None]:
    """What is changed or deleted here is overwritten in the file too, which SQLite does not do unasked."""
    lite = tx.dialect.name == "sqlite"
    before = tx.exec_driver_sql("PRAGMA secure_delete").scalar() if lite else None
    if lite:
        tx.exec_driver_sql("PRAGMA secure_delete=ON").scalar()
    try:
        yield
    finally:
        if lite:
            tx.exec_driver_sql(f"PRAGMA secure_delete={int(before or 0)}").scalar()


def remember(tx: Connection, keys: Iterable[str], now: datetime) -> bool:
    """Keep the hash of these keys instead of what suppressed them; False when it was kept already."""
    fresh = False
    for key in keys:
        mine = {erased.hash_of(secret, key) for secret in secrets_of(tx)}
        kept = select(suppressions.c.address_key).where(suppressions.c.address_key.in_(mine))
        if tx.scalar(kept.limit(1)) is None:
            row = {"address_key": erased.hash_of(secrets_of(tx)[0], key), "reason": erased.REASON}
            fresh |= insert_new(tx, suppressions, {**row, "created_at": now})
        tx.execute(suppressions.delete().where(suppressions.c.address_key == key))
    return fresh


def end_subscriptions(tx: Connection, subscriber_id: int, now: datetime) -> int:
    """End what a person subscribed to, and forget what they chose; how many there were to do."""
    s = subscriptions.c
    mine = select(s.id, s.ended_at, s.status).where(s.subscriber_id == subscriber_id)
    todo = mine.where(or_(s.status != "unsubscribed", cast(s.topics, Text) != "null"))
    rows = tx.execute(todo.order_by(s.id).with_for_update()).all()
    ids = select(s.id).where(s.subscriber_id == subscriber_id)
    feeds = private_feeds.c
    revoked = update(private_feeds).where(feeds.subscription_id.in_(ids), feeds.revoked_at.is_(None))
    tx.execute(revoked.values(revoked_at=now))
    for row in rows:
        changed: dict[str, Any] = dict.fromkeys(("topics", "paused_until", "next_due_at"))
        changed |= {"status": "unsubscribed", "ended_at": row.ended_at or now, "revision": s.revision + 1}
        tx.execute(update(subscriptions).where(s.id == row.id).values(changed))
        if row.status != "unsubscribed":
            webhooks.note_left(tx, row.id, now)
    return len(rows)


def under_way(tx: Connection, subscriber_id: int) -> int:
    """How many messages to a person are being sent at this moment."""
    d = deliveries.c
    mine = (d.edition_id.in_(select(editions.c.id)), d.subscriber_id == subscriber_id)
    return int(tx.scalar(select(func.count()).where(*mine, d.status == "sending")) or 0)


def named_deliveries(tx: Connection, subscriber_id: int) -> list[int]:
    """The deliveries to a person that hold their address still, but for those that are being sent."""
    d = deliveries.c
    # edition by edition: no index finds somebody in all of them
    mine = (d.edition_id.in_(select(editions.c.id)), d.subscriber_id == subscriber_id)
    query = select(d.id).where(*mine, d.address != GONE, d.status != "sending")
    return list(tx.scalars(query.order_by(d.id)))


def scrub_deliveries(tx: Connection, ids: Sequence[int], spellings: Spellings) -> None:
    """Take address, fields and mentions of it out of deliveries and their events."""
    d, e = deliveries.c, events.c
    held = select(d.id, d.reply).where(among(tx, d.id, ids), d.status != "sending")
    rows = tx.execute(held.order_by(d.id).with_for_update()).all()
    said = select(e.id, e.reply).where(among(tx, e.delivery_id, [row.id for row in rows]), e.reply != "")
    _replace(tx, events, tx.execute(said).all(), spellings)
    values = [{"b_id": row.id, "reply": spellings.out_of(row.reply)} for row in rows]
    if values:
        _outdate(tx, [row.id for row in rows])
        scrubbed = update(deliveries).where(d.id == bindparam("b_id"))
        tx.execute(scrubbed.values(address=GONE, fields={}, reply=bindparam("reply")), values)


def _outdate(tx: Connection, ids: Sequence[int]) -> None:
    """What an approval of these deliveries' editions would be bound to is not what was written down of it."""
    d, e = deliveries.c, editions.c
    theirs = e.id.in_(select(d.edition_id).where(among(tx, d.id, ids)))
    tx.execute(update(editions).where(theirs, e.fingerprint != "").values(fingerprint=""))


def anybody(tx: Connection, edition_id: int) -> bool:
    """Whether somebody was erased who has a delivery of this edition."""
    mine = (deliveries.c.edition_id == edition_id, deliveries.c.address == GONE)
    return tx.execute(select(deliveries.c.id).where(*mine).limit(1)).first() is not None


def _replace(tx: Connection, table: Table, rows: Iterable[Any], spellings: Spellings) -> int:
    """Take mentions out of the second column of rows, which is `reply`; how many held one."""
    values = [{"b_id": key, "said": clean} for key, text in rows if (clean := spellings.out_of(text)) != text]
    if values:
        changed = update(table).where(table.c.id == bindparam("b_id")).values(reply=bindparam("said"))
        tx.execute(changed, values)
    return len(values)


def other_places(tx: Connection, spellings: Spellings) -> dict[str, list[Any]]:
    """Keys of the rows outside the ledger that name an address, by table; not of what is being sent."""
    n, c, r = notices.c, confirmations.c, reports.c
    within, idle = spellings.within, n.status != "sending"
    some = or_(within(n.address), within(n.reply), within(n.subject), spellings.inside(tx, n.message))
    looked = {
        "notices": select(n.id, n.address, n.reply, n.subject, n.message).where(some, idle),
        # the link behind which somebody erases is needed until nothing is left
        "confirmations": select(c.id, c.address, cast(c.data, Text)).where(
            or_(within(c.address), within(c.data)), c.kind != "erase"
        ),
        "reports": select(r.id, r.address_key, r.text).where(or_(within(r.address_key), within(r.text))),
        "editions": select(editions.c.id, editions.c.reason).where(within(editions.c.reason)),
        "api_requests": select(api_requests.c.id, api_requests.c.answer).where(within(api_requests.c.answer)),
        "pacing": select(pacing.c.name, cast(pacing.c.state, Text)).where(within(pacing.c.state)),
        "imports": select(imports.c.id, cast(imports.c.preview, Text)).where(within(imports.c.preview)),
    }
    found: dict[str, list[Any]] = {
        name: [key for key, *said in tx.execute(query) if spellings.named_in(*said)]
        for name, query in looked.items()
    }
    line = import_refusals.c
    refused = select(line.import_id, line.nth, line.address, line.reason)
    refused = refused.where(or_(within(line.address), within(line.reason)))
    named = [(id_, nth) for id_, nth, *said in tx.execute(refused) if spellings.named_in(*said)]
    return found | {"import_refusals": named}


def notices_under_way(tx: Connection, spellings: Spellings) -> int:
    """How many notices to an address are being sent at this moment."""
    query = select(notices.c.address).where(notices.c.status == "sending")
    return sum(spellings.named_in(address) for address in tx.scalars(query))


def scrub_other(tx: Connection, table: str, keys: Sequence[Any], spellings: Spellings) -> None:
    """Delete or clean rows that `other_places` found."""
    if table == "notices":
        still = select(notices.c.id).where(among(tx, notices.c.id, keys), notices.c.status != "sending")
        ids = tx.scalars(still.with_for_update()).all()
        tx.execute(notice_events.delete().where(among(tx, notice_events.c.notice_id, ids)))
        tx.execute(notices.delete().where(among(tx, notices.c.id, ids)))
    elif table == "confirmations":
        tx.execute(confirmations.delete().where(among(tx, confirmations.c.id, keys)))
    elif table == "reports":
        # the digest stays: the same report, read again, must not count again
        mine = update(reports).where(among(tx, reports.c.id, keys))
        tx.execute(mine.values(address_key=GONE, text=""))
    elif table == "api_requests":
        # the row stays: the same key again must not do it twice
        kept = select(api_requests.c.id, api_requests.c.answer).where(among(tx, api_requests.c.id, keys))
        for id_, answer in tx.execute(kept).all():
            cleaned = spellings.out_of(answer)
            tx.execute(update(api_requests).where(api_requests.c.id == id_).values(answer=cleaned))
    elif table == "editions":
        for key in keys:
            mine = editions.c.id == key
            reason = str(tx.scalar(select(editions.c.reason).where(mine)) or "")
            tx.execute(update(editions).where(mine).values(reason=spellings.out_of(reason)))
    elif table == "imports":
        # what it would have done was shown, and is not needed to go on
        tx.execute(update(imports).where(among(tx, imports.c.id, keys)).values(preview={}))
    elif table == "import_refusals":
        line = import_refusals.c
        for id_, nth in keys:
            this = and_(line.import_id == id_, line.nth == nth)
            reason = str(tx.scalar(select(line.reason).where(this)) or "")
            clean = {"address": GONE, "reason": spellings.out_of(reason)}
            tx.execute(update(import_refusals).where(this).values(clean))
    else:
        for key in keys:
            here = pacing.c.name == key
            state = json.dumps(tx.scalar(select(pacing.c.state).where(here)), ensure_ascii=False)
            cleaned = json.loads(spellings.out_of(state))
            tx.execute(update(pacing).where(here).values(state=cleaned))


def addresses_of(tx: Connection, subscriber_id: int) -> list[str]:
    """The addresses to which deliveries of a person went: they may have had others before."""
    d = deliveries.c
    mine = (d.edition_id.in_(select(editions.c.id)), d.subscriber_id == subscriber_id, d.address != GONE)
    return list(tx.scalars(select(d.address).distinct().where(*mine)))


def forget_links(tx: Connection, spellings: Spellings) -> None:
    """Delete the links behind which an address was to be erased."""
    c = confirmations.c
    query = select(c.id, c.address).where(c.kind == "erase", spellings.within(c.address))
    ids = [key for key, address in tx.execute(query) if spellings.named_in(address)]
    tx.execute(confirmations.delete().where(among(tx, c.id, ids)))


def scrub_person(tx: Connection, subscriber_id: int) -> bool:
    """Forget who a subscriber was; the row stays, for the ledger has its number. False: mail names them."""
    if named_deliveries(tx, subscriber_id) or under_way(tx, subscriber_id):
        return False
    tx.execute(consents.delete().where(consents.c.subscriber_id == subscriber_id))
    nobody = {"address": GONE, "address_key": f"{erased.PREFIX}{subscriber_id}", "name": "", "attributes": {}}
    tx.execute(update(subscribers).where(subscribers.c.id == subscriber_id).values(nobody))
    return True
