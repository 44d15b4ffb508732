"""What was sent long ago is kept in short: nothing that counts is lost by it, and nothing is done again."""

from __future__ import annotations

import json
import threading
import zlib
from itertools import accumulate
from typing import Any

import pytest

from publisher import cutting, gathering, scheduler
from publisher.app import Publisher
from publisher.cutting import Result
from publisher.delivering import approving, compacting, explaining, retrying, watching
from publisher.model.editors import COMMAND_LINE
from publisher.store import catalogue, compacted, editions, frozen, ledger
from publisher.store import compacting as rows
from publisher.store.editions import Edition

LONG = 1000.0


def compact(p: Publisher, seconds: float = LONG) -> tuple[int, bool]:
    return compacting.compact(p.store, p.config.delivery, p.clock(), seconds)


def cut(p: Publisher, **asked: Any) -> Result:
    request = cutting.asked(p.config, "daily", "", p.clock(), **asked)
    return cutting.cut(p.store, p.config, p.templates, request, p.clock())


def ids(p: Publisher) -> dict[str, str]:
    """Article to title."""
    with p.store.read() as tx:
        return {x.article.id: x.article.title for x in catalogue.listings(tx)}


def told(p: Publisher, edition: Edition, address: str) -> dict[str, Any]:
    """What `explain` says, without what was not kept."""
    said = explaining.explain(p.store, COMMAND_LINE, p.config, address, p.clock(), edition)
    delivery = said["edition"]["delivery"]
    kept = {k: delivery[k] for k in ("edition", "status", "code", "attempts", "covers", "articles", "waived")}
    at = delivery["at"].replace(microsecond=0)
    return {**kept, "at": at, "articles of the edition": said["edition"]["articles"]}


@pytest.fixture
def sent(mailing: Any, sink: Any, clock: Any) -> Any:
    """A mailing that was sent 41 days ago to all but one, whose address the server refused."""
    m = mailing(7, delivery={"compact_after": "40d"})
    refused = "554 5.3.0 not now, not ever"
    sink.rcpt = lambda recipient: refused if recipient == "reader6@example.org" else "250 2.1.5 fine"
    m.deliver()
    assert m.state() == "done"
    clock.move(days=41)
    return m


def test_everything_that_counts_is_kept(sent: Any) -> None:
    p, who = sent.publisher, [f"reader{n}@example.org" for n in range(7)]
    counts, before = sent.counts(), [told(p, sent.edition, address) for address in who]
    assert counts == {"sent": 6, "bounced": 1}
    assert compact(p) == (6, True)
    assert sent.sql("SELECT address FROM deliveries") == [("reader6@example.org",)]
    assert len(sent.sql("SELECT DISTINCT delivery_id FROM events")) == 1
    assert sent.counts() == counts
    assert [told(p, sent.edition, address) for address in who] == before
    listed = [(row.address, row.status) for row in watching.deliveries(p.store, sent.edition)]
    assert sorted(listed) == [(a, "bounced" if a == who[6] else "sent") for a in who]
    assert len(list(watching.deliveries(p.store, sent.edition, "sent"))) == 6
    assert [row.status for row in watching.deliveries(p.store, sent.edition, "bounced")] == ["bounced"]
    with p.store.read() as tx:
        assert editions.sent_outside(tx, "daily", "", "")
        assert ledger.anything_left(tx, sent.edition.id)
        assert catalogue.mailed(tx, [*ids(p)]) == {*ids(p)}
    assert compact(p) == (0, True)


def test_the_form_is_the_one_that_is_documented(sent: Any) -> None:
    """Differences of each column, as JSON, by zlib: whoever reads the store without us can."""
    p = sent.publisher
    names = ", ".join(compacted.KEPT[:-1])
    rows = sent.sql(f"SELECT {names} FROM deliveries WHERE status = 'sent' ORDER BY subscriber_id")
    compact(p)
    ((data,),) = sent.sql("SELECT data FROM compacted")
    columns = [list(accumulate(column)) for column in json.loads(zlib.decompress(data))]
    assert list(zip(*columns[:-1], strict=True)) == [tuple(row) for row in rows]


def test_a_correction_goes_to_exactly_those_who_got_it(sent: Any, post: Any, subscribe: Any) -> None:
    p = sent.publisher
    compact(p)
    subscribe(p, "later@example.org")
    text = post("The ferry", correction="It was Tuesday.")
    (p.config.sources[0].path / "ferry.md").write_text(text, encoding="utf-8")
    gathering.gather(p.store, p.config, p.clock())
    second = cut(p, everybody=True)
    assert second.edition
    got = {row.address for row in watching.deliveries(p.store, second.edition)}
    assert got == {f"reader{n}@example.org" for n in range(7) if n != 6}


def test_an_edition_by_hand_is_not_repeated(sent: Any) -> None:
    p = sent.publisher
    compact(p)
    assert cut(p, articles=tuple(ids(p))).edition is None


def test_what_a_hand_gave_is_left_out_of_later_windows(mailing: Any, clock: Any, post: Any) -> None:
    m = mailing(3, delivery={"compact_after": "40d"})
    p, old = m.publisher, m.deliver
    old()
    for name in ("flash", "usual"):
        (p.config.sources[0].path / f"{name}.md").write_text(
            post(name.title(), f"{clock.now:%Y-%m-%dT%H:%MZ}")
        )
    gathering.gather(p.store, p.config, clock.now)
    hand = cut(p, articles=(next(i for i, title in ids(p).items() if title == "Flash"),)).edition
    assert hand
    with p.store.write() as tx:
        editions.set_state(tx, hand.id, ["held"], "sending", opened_at=clock.now)
    old()
    clock.move(days=41)
    assert compact(p) == (5, True)
    later = cut(p, everybody=True).edition
    assert later
    with p.store.read() as tx:
        assert [ids(p)[i] for i in frozen.articles_of(tx, later.id)] == ["Usual"]


def test_what_was_retried_since_is_compacted_too(sent: Any, sink: Any, clock: Any) -> None:
    p = sent.publisher
    compact(p)
    sink.rcpt = lambda recipient: "250 2.1.5 fine"
    retrying.retry(p.store, COMMAND_LINE, sent.edition, "bounced", clock.now)
    sent.deliver()
    assert sent.counts() == {"sent": 7}
    assert compact(p) == (0, True)
    clock.move(days=41)
    assert compact(p) == (0, True), "the newest row of the ledger stays"
    assert sent.counts() == {"sent": 7}
    assert len(list(watching.deliveries(p.store, sent.edition))) == 7


def test_no_id_is_given_twice(mailing: Any, clock: Any, post: Any) -> None:
    m = mailing(3, delivery={"compact_after": "40d"})
    p = m.publisher
    m.deliver()
    before = {id_ for (id_,) in m.sql("SELECT id FROM deliveries")}
    clock.move(days=41)
    assert compact(p) == (2, True)
    (p.config.sources[0].path / "flash.md").write_text(post("Flash", f"{clock.now:%Y-%m-%dT%H:%MZ}"))
    gathering.gather(p.store, p.config, clock.now)
    second = cut(p, everybody=True).edition
    assert second
    new = {id_ for (id_,) in m.sql(f"SELECT id FROM deliveries WHERE edition_id = {second.id}")}
    assert len(new) == 3
    assert min(new) > max(before)


def test_what_was_approved_stays_approved(mailing: Any, sink: Any, clock: Any) -> None:
    letters = {"daily": {"approval": True}}
    m = mailing(4, opened=False, newsletters=letters, delivery={"compact_after": "40d"})
    p = m.publisher
    sink.rcpt = lambda recipient: "554 5.3.0 no" if recipient == "reader3@example.org" else "250 2.1.5 fine"
    approving.approve(p.store, m.edition, clock.now)
    clock.move(days=1)
    m.deliver()
    assert m.counts() == {"sent": 3, "bounced": 1}
    clock.move(days=41)
    assert compact(p) == (3, True)
    sink.rcpt = lambda recipient: "250 2.1.5 fine"
    with p.store.read() as tx:
        edition = editions.get(tx, m.edition.id)
    approving.check(p.store, edition, clock.now)
    retrying.retry(p.store, COMMAND_LINE, edition, "bounced", clock.now)
    m.deliver()
    assert m.counts() == {"sent": 4}


def test_a_list_is_whole_while_it_is_read(sent: Any, clock: Any) -> None:
    p = sent.publisher
    with p.store.read() as tx:
        edition = editions.get(tx, sent.edition.id)
    listing = watching.deliveries(p.store, edition)
    first = next(listing)
    compacting_now = threading.Thread(target=compact, args=[p])
    compacting_now.start()
    listed = [first.address, *(row.address for row in listing)]
    compacting_now.join()
    assert len(listed) == len(set(listed)) == 7
    assert sent.sql("SELECT count(*) FROM deliveries") == [(1,)]


def test_the_clock_does_it_a_little_at_a_time(sent: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.store.compacted.BUCKET", 2)
    monkeypatch.setattr("publisher.store.compacting.BUCKET", 2)
    monkeypatch.setattr("publisher.delivering.compacting.BUCKET", 2)
    p = sent.publisher
    with monkeypatch.context() as patch:
        patch.setattr("publisher.scheduler._COMPACTING_SECONDS", -1.0)
        scheduler.tick(p)
        assert sent.sql("SELECT count(*) FROM compacted") == [(0,)]
    clock.move(seconds=5)
    scheduler.tick(p)
    assert sent.sql("SELECT sum(deliveries) FROM compacted") == [(6,)]
    assert sent.sql("SELECT count(*) FROM compacted")[0][0] >= 3
    assert sent.counts() == {"sent": 6, "bounced": 1}


def test_what_is_younger_or_not_done_is_left(mailing: Any, clock: Any) -> None:
    m = mailing(3, delivery={"compact_after": "40d"})
    m.deliver()
    clock.move(days=39)
    assert compact(m.publisher) == (0, True)
    clock.move(days=1, seconds=1)
    with m.publisher.store.write() as tx:
        editions.set_state(tx, m.edition.id, ["done"], "sending")
    assert compact(m.publisher) == (0, True)
    with m.publisher.store.write() as tx:
        editions.set_state(tx, m.edition.id, ["sending"], "done")
    assert compact(m.publisher) == (2, True)


class Dying:
    """A transaction that dies before its n-th statement."""

    def __init__(self, tx: Any, statements: int) -> None:
        self.tx, self.left = tx, statements
        self.dialect = tx.dialect

    def _next(self) -> Any:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.tx

    def execute(self, *args: Any) -> Any:
        return self._next().execute(*args)

    def scalar(self, *args: Any) -> Any:
        return self._next().scalar(*args)


@pytest.mark.parametrize("statements", range(6))
def test_a_step_that_ends_anywhere_is_taken_back(
    sent: Any, monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    p, counts, real = sent.publisher, sent.counts(), rows.compact
    with monkeypatch.context() as patch:
        patch.setattr(rows, "compact", lambda tx, *a: real(Dying(tx, statements), *a))  # type: ignore[arg-type]
        with pytest.raises(KeyboardInterrupt):
            compact(p)
    assert sent.counts() == counts
    assert sent.sql("SELECT count(*) FROM compacted") == [(0,)]
    assert sent.sql("SELECT count(*) FROM deliveries") == [(7,)]
    assert compact(p) == (6, True)
    assert sent.counts() == counts
