"""Erasing: nobody can read any more who it was, nothing else is lost, and no import undoes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from publisher import cutting, gathering, subscribing
from publisher.app import Publisher
from publisher.delivering.messages import Composer
from publisher.delivering.notices import Desk
from publisher.errors import NotFound, Refused
from publisher.model.mail import Piece
from publisher.store import compacting, consents, subscribers
from publisher.store.schema import (
    confirmations,
    deliveries,
    editions,
    events,
    metadata,
    notices,
    pacing,
    private_feeds,
    reports,
    subscriptions,
    suppressions,
)
from publisher.subscribing import csv_files, erasing

ANN, LONGER = "Ann.O'Hara@Example.org", "jo.ann.o'hara@example.org"
NEEDLES = (b"ann.o'hara@example.org", b"Ann Person", b"gold plan")


@pytest.fixture
def p(publication: Callable[..., Publisher], post: Any, subscribe: Any, clock: Any) -> Publisher:
    """Ann, and somebody whose address ends like hers, with all that a year can leave behind."""
    p = publication(articles={"a.md": post("Boats", clock().isoformat(), "ferry")}, newsletters={"daily": {}})
    gathering.gather(p.store, p.config, clock())
    for who in (ANN, LONGER):
        attributes = {"plan": "gold plan"} if who == ANN else {}
        name = "Ann Person" if who == ANN else "Jo"
        subscribe(p, who, name=name, topics=("ferry",), attributes=attributes)
    request = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    cutting.cut(p.store, p.config, p.templates, request, p.clock())
    with p.store.write() as tx:
        remember(tx, p)
    return p


def remember(tx: Connection, p: Publisher) -> None:
    now, low = p.clock(), ANN.lower()
    ids = dict(tx.execute(select(deliveries.c.address, deliveries.c.id)).all())
    for who in (ANN, LONGER):
        reply = f"550 5.1.1 <{who}>: no such user"
        rows = deliveries.update().where(deliveries.c.id == ids[who])
        tx.execute(rows.values(status="bounced", reply=reply, finished_at=now))
        row = {"delivery_id": ids[who], "at": now, "old": "sending", "new": "bounced", "attempt": 1}
        tx.execute(events.insert().values(row | {"reply": reply}))
        confirmation = {"kind": "subscribe", "address": who, "address_key": who.lower(), "created_at": now}
        tx.execute(
            confirmations.insert().values(
                confirmation | {"data": {"name": "Ann Person" if who == ANN else "Jo"}}
            )
        )
        report = {"digest": who, "kind": "bounce", "address_key": who.lower(), "text": reply, "source": "-"}
        tx.execute(reports.insert().values(report | {"digest": str(ids[who]), "at": now}))
        mine = tx.scalar(
            select(subscriptions.c.id)
            .join(deliveries, deliveries.c.subscription_id == subscriptions.c.id)
            .where(deliveries.c.id == ids[who])
        )
        tx.execute(private_feeds.insert().values(subscription_id=mine, created_at=now))
        person = subscribers.find(tx, who)
        assert person
        consents.record(tx, person.id, "daily", "confirmed", "sign-up page", "I want the Daily.", now)
    change = {"kind": "change", "address": "new@example.org", "address_key": "new@example.org"}
    tx.execute(confirmations.insert().values(change | {"data": {"old": low}, "created_at": now}))
    tx.execute(editions.update().values(reason=f"550 5.7.1 mail to {low} is refused"))
    tx.execute(pacing.insert().values(name="x", state={"reply": f"421 {low} slow down"}, at=now))
    piece = Piece("<p>Hello</p>", "Hello")
    desk = Desk.of(Composer(p.store, p.config, p.keys))
    for who in (ANN, LONGER):
        desk.queue_words(tx, "goodbye", who, "Goodbye", piece, now)


def everything(p: Publisher) -> bytes:
    """All that the store holds, as bytes; of SQLite the file itself, after VACUUM."""
    with p.store.read() as tx:
        rows = [repr(tx.execute(select(table)).all()) for table in metadata.sorted_tables]
    found = "\n".join(rows).encode()
    if p.store.dialect == "sqlite":
        file = p.store.folder / "publisher.db"
        there = sqlite3.connect(file, isolation_level=None)
        there.execute("VACUUM")
        there.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        there.close()
        found += b"".join(path.read_bytes() for path in p.store.folder.glob("publisher.db*"))
    return found


def named(data: bytes) -> list[bytes]:
    return [needle for needle in NEEDLES if needle.lower() in data.replace(LONGER.encode(), b"").lower()]


def test_nothing_names_the_person_and_nobody_else_is_touched(p: Publisher) -> None:
    assert named(everything(p)) == list(NEEDLES)
    others = others_rows(p)
    found = erasing.erase(p.store, "ann.o'hara@EXAMPLE.org", p.clock())
    assert (found.subscriptions, found.deliveries, found.under_way) == (1, 1, 0)
    data = everything(p)
    assert named(data) == []
    assert others_rows(p) == others
    with p.store.read() as tx:
        # the ledger still adds up, and what belonged to her is over
        assert tx.execute(select(deliveries.c.status)).scalars().all() == ["bounced", "bounced"]
        assert len(tx.execute(select(reports.c.digest)).all()) == 2
        ended = tx.execute(select(subscriptions).order_by(subscriptions.c.id)).first()
        assert (ended.status, ended.topics, ended.next_due_at) == ("unsubscribed", None, None)
        assert ended.ended_at == p.clock()
        assert tx.execute(
            select(private_feeds.c.revoked_at).order_by(private_feeds.c.id)
        ).scalars().all() == [p.clock(), None]
        assert subscribers.suppression(tx, ANN) == "erased"
    again = erasing.erase(p.store, ANN, p.clock())
    assert not again.changed
    with pytest.raises(NotFound):
        erasing.erase(p.store, "nobody@example.org", p.clock())
    with pytest.raises(Refused, match="expected one address"):
        erasing.erase(p.store, "erased:1", p.clock())


def others_rows(p: Publisher) -> str:
    """What the store says of the one whose address ends like hers."""
    with p.store.read() as tx:
        person = subscribers.find(tx, LONGER)
        assert person
        mine = tx.execute(select(deliveries).where(deliveries.c.subscriber_id == person.id)).all()
        said = tx.execute(select(events).where(events.c.delivery_id.in_([m.id for m in mine]))).all()
        rest = [
            tx.execute(select(table).where(table.c.address_key == LONGER)).all()
            for table in (confirmations, reports)
        ]
        told = tx.execute(select(notices).where(notices.c.address == LONGER)).all()
        assert all([mine, *rest, told])
        return repr((person, mine, said, rest, told, consents.of(tx, [person.id])))


def test_no_import_brings_back_who_was_erased(p: Publisher, subscribe: Any) -> None:
    subscribing.suppress(p.store, ANN, "complaint", p.clock())
    erasing.erase(p.store, ANN, p.clock())
    file = p.store.folder / "readers.csv"
    for status in ("confirmed", "pending", "unsubscribed"):
        file.write_text(f"address,status\n{ANN},{status}\n{ANN.lower()},{status}\n")
        assert csv_files.take_in(p.store, p.config, file, p.clock()).suppressed == 2
    assert named(everything(p)) == []
    with pytest.raises(Refused, match="erased"):
        subscribe(p, ANN)
    # in person they may
    with p.store.write() as tx:
        assert subscribers.lift_erasure(tx, ANN.upper())
        assert not subscribers.lift_erasure(tx, ANN)
    assert subscribe(p, ANN) == "added"


def test_a_new_key_does_not_forget_who_was_erased(p: Publisher) -> None:
    from publisher.store.schema import keys

    erasing.erase(p.store, ANN, p.clock())
    with p.store.write() as tx:
        tx.execute(keys.insert().values(secret=b"n" * 32))
        assert subscribers.suppression(tx, ANN) == "erased"
        assert subscribers.known(tx, [ANN, LONGER])[ANN.lower()].suppression == "erased"
        assert not subscribers.suppression(tx, LONGER)
        assert subscribers.unsuppress(tx, ANN)
        assert tx.execute(select(suppressions)).all() == []


def test_what_is_being_sent_is_erased_when_it_has_ended(p: Publisher) -> None:
    with p.store.write() as tx:
        mine = deliveries.update().where(deliveries.c.address == ANN)
        tx.execute(mine.values(status="sending"))
        tx.execute(notices.update().where(notices.c.address == ANN).values(status="sending"))
    found = erasing.erase(p.store, ANN, p.clock())
    assert found.under_way == 2
    with p.store.write() as tx:
        person = subscribers.find(tx, ANN)
        assert person
        assert {s.status for s in subscribers.subscriptions_of(tx, person.id)} == {"unsubscribed"}
        tx.execute(deliveries.update().values(status="sent"))
        tx.execute(notices.update().values(status="sent"))
    assert erasing.erase(p.store, ANN, p.clock()).under_way == 0
    assert named(everything(p)) == []


def test_a_killed_erasure_goes_on_where_it_was(p: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    write, left = p.store.write, 0

    @contextmanager
    def killing() -> Iterator[Connection]:
        nonlocal left
        left -= 1
        with write() as tx:
            yield tx
            if not left:
                raise Killed

    for at in range(1, 20):
        left = at
        monkeypatch.setattr(p.store, "write", killing)
        try:
            erasing.erase(p.store, ANN, p.clock())
        except Killed:
            monkeypatch.setattr(p.store, "write", write)
            continue
        break
    assert at > 5
    assert named(everything(p)) == []
    with p.store.read() as tx:
        assert subscribers.suppression(tx, ANN) == "erased"
        assert tx.scalar(text("SELECT count(*) FROM suppressions")) == 1


def test_compacted_deliveries_hold_no_address(p: Publisher) -> None:
    erasing.erase(p.store, ANN, p.clock())
    with p.store.write() as tx:
        tx.execute(editions.update().values(state="done", done_at=p.clock()))
        tx.execute(deliveries.update().values(status="sent"))
        (edition,) = tx.execute(select(editions.c.id)).scalars().all()
        assert compacting.compact(tx, edition, 0) == 1  # the newest row of the ledger stays
    assert named(everything(p)) == []
