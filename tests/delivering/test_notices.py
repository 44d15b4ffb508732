"""Notices: test copies and words to editors, by the same sender and with the same guarantee (rule 22)."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hook_server import SECRET
from mail_sink import FINE

from publisher import delivering, links, scheduler
from publisher import dkim as keys_of_mail
from publisher.delivering import copies, opening, previewing
from publisher.delivering.messages import Composer
from publisher.delivering.notices import Desk
from publisher.errors import NotFound, Refused
from publisher.store import editions, editors, notices, subscribers, webhooks
from publisher.store.claims import NO_EDITION

ADA, BEN = "ada@example.org", "ben@example.org"
OWN = re.compile(rb"^(Subject|To|Message-ID|Date|List-Unsubscribe): .*(\r\n .*)*\r\n", re.MULTILINE)


def composer(m: Any) -> Composer:
    p = m.publisher
    return Composer(p.store, p.config, p.keys)


def copied(m: Any, *addresses: str) -> list[int]:
    return copies.queue_copies(composer(m), m.edition, addresses, m.publisher.clock())


def statuses(m: Any) -> list[tuple[str, str]]:
    with m.publisher.store.read() as tx:
        return [(row.address, row.status) for row in reversed(notices.listed(tx))]


def kept(m: Any, kind: str) -> Any:
    """The only message that the server has of a kind, parsed."""
    found = [message_from_bytes(b, policy=policy.SMTP) for _, b, _ in m.sink.kept]
    (one,) = [x for x in found if kind in x["Subject"]]
    return one


def test_a_test_copy_is_the_edition_marked_and_changes_nothing_of_it(mailing: Callable[..., Any]) -> None:
    m = mailing(opened=False)
    before = m.rows()
    ids = copied(m, ADA, BEN, ADA.upper())
    assert m.deliver(edition_id=NO_EDITION).settled == 2
    assert sorted(map(str.lower, m.sink.recipients)) == [ADA, BEN]
    assert (m.state(), m.rows()) == ("held", before)
    p = m.publisher
    seen = previewing.preview(p.store, p.config, p.templates, p.keys, m.edition.name, "", p.clock())
    (got,) = m.sink.copies(BEN)
    parsed = message_from_bytes(got, policy=policy.SMTP)
    assert parsed["Subject"] == f"[Test] {seen.subject}"
    real, ours = (re.search(rb"/unsubscribe/([\w-]+)>", b)[1] for b in (seen.eml, got))  # type: ignore[index]
    same = [OWN.sub(b"", b.replace(b"=\r\n", b"")) for b in (seen.eml, got)]
    choosing = [re.search(rb"/preferences/([\w-]+)", b)[1] for b in same]  # type: ignore[index]
    same[0] = same[0].replace(choosing[0], choosing[1])
    same[1] = same[1].replace(BEN.encode(), b"reader@example.org")
    same = [b.replace(ours, real) for b in same]
    assert same[0] == same[1], "all else is byte for byte as it would leave"
    assert links.read_token(p.keys, "unsubscribe", ours.decode()) is None, "it unsubscribes nobody"
    assert links.read_token(p.keys, "preferences", choosing[1].decode()) is None, "and changes nobody"
    (verp,) = m.sql(f"SELECT sender FROM notices WHERE id = {ids[1]}")[0]
    assert links.read_notice_verp(p.keys, verp) == (ids[1], 1), "a bounce of it names it"
    assert links.read_verp(p.keys, verp) is None, "and is taken for no delivery's"


def test_a_notice_goes_first_and_is_tried_again_with_the_same_bytes(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing(people=4)
    copied(m, ADA)
    m.sink.answer = lambda r: "451 4.3.0 later" if r == ADA else FINE
    m.deliver()
    assert m.sink.recipients[0] == ADA
    assert m.counts() == {"sent": 4}, "nobody waits for it"
    assert statuses(m) == [(ADA, "deferred")]
    m.sink.answer = lambda r: FINE
    clock.move(minutes=2)
    m.deliver()
    first, second = m.sink.copies(ADA)
    assert first == second
    assert statuses(m) == [(ADA, "sent")]
    events = "SELECT old, new, attempt FROM notice_events ORDER BY id"
    chain = [("queued", "sending", 1), ("sending", "deferred", 1), ("deferred", "sending", 2)]
    assert [tuple(r) for r in m.sql(events)] == [*chain, ("sending", "sent", 2)]


def test_a_notice_whose_answer_was_lost_is_unknown_and_not_sent_twice(mailing: Callable[..., Any]) -> None:
    m = mailing(opened=False)
    copied(m, ADA)
    m.sink.answer = lambda r: ""
    m.deliver(edition_id=NO_EDITION)
    m.sink.answer = lambda r: FINE
    m.deliver()
    assert statuses(m) == [(ADA, "unknown")]
    assert m.sink.recipients == [ADA]


def test_copies_are_queued_for_all_or_for_nobody(mailing: Callable[..., Any]) -> None:
    m = mailing(opened=False)
    with m.publisher.store.write() as tx:
        subscribers.suppress(tx, BEN, "complaint", m.publisher.clock())
    for last, said in ((BEN, "suppressed"), ("nobody", "expected one address")):
        with pytest.raises(Refused, match=said):
            copied(m, ADA, last)
    other = m.publisher.config.model_copy(update={"newsletters": {}})
    with pytest.raises(NotFound, match="not in the configuration"):
        copies.queue_copies(
            Composer(m.publisher.store, other, m.publisher.keys), m.edition, [ADA], m.publisher.clock()
        )
    assert statuses(m) == []


def test_editors_hear_once_that_an_edition_is_held_and_again_when_another_is(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing(opened=False, notices={"to": [ADA, BEN]})
    for _ in range(3):
        assert "daily/1" in scheduler.tick(m.publisher).held
        m.deliver()
        clock.move(minutes=10)
    assert sorted(m.sink.recipients) == [ADA, BEN]
    found = message_from_bytes(m.sink.copies(ADA)[0], policy=policy.SMTP)
    assert found["Subject"] == "daily/1 is held"
    assert (found["Auto-Submitted"], found["To"]) == ("auto-generated", ADA)
    assert not [h for h in found if h.lower().startswith("list-") or h == "Precedence"]
    text, html = (found.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for part in (text, html):
        assert "3 of its deliveries have come due" in part
        assert "publisher send daily/1" in part
        assert "\uf5e0" not in part
    p = m.publisher
    opening.open_edition(p.store, m.edition, p.clock())
    scheduler.tick(p)
    with p.store.write() as tx:
        editions.set_state(tx, m.edition.id, ["sending"], "held")
    scheduler.tick(p)
    m.deliver()
    assert sorted(m.sink.recipients) == [ADA, ADA, BEN, BEN], "settled, and come up again: a new matter"


def test_editors_hear_of_unknown_outcomes_and_of_what_paused_by_itself(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing(notices={"to": [ADA]})
    m.sink.answer = lambda r: "" if r.startswith("reader") else FINE
    m.deliver()
    assert m.counts() == {"unknown": 3}
    p = m.publisher
    for _ in range(2):
        scheduler.tick(p)
        m.deliver()
    assert "publisher acknowledge daily/1" in kept(m, "3 arrived").get_body(("plain",)).get_content()
    with p.store.write() as tx:
        editions.set_state(
            tx, m.edition.id, ["sending"], "paused", reason="too many 5.7.1", paused_at=clock.now
        )
    clock.move(minutes=15)
    scheduler.tick(p)
    m.deliver()
    assert "too many 5.7.1" in kept(m, "paused by itself").get_body(("html",)).get_content()
    assert m.sink.recipients.count(ADA) == 2


@pytest.mark.parametrize(("told", "reason"), [([], "too many 5.7.1"), ([ADA], "by hand")])
def test_nobody_is_told_of_what_a_person_paused_or_where_nobody_is_named(
    mailing: Callable[..., Any], told: list[str], reason: str
) -> None:
    m = mailing(notices={"to": told})
    with m.publisher.store.write() as tx:
        editions.set_state(tx, m.edition.id, ["sending"], "paused", reason=reason)
    scheduler.tick(m.publisher)
    assert statuses(m) == []


def editor(m: Any, address: str, wants: bool = True) -> None:
    with m.publisher.store.write() as tx:
        one = editors.add(tx, address.partition("@")[0], address, "viewer", m.publisher.clock())
        editors.change(tx, one.id, notices=wants)


def body(m: Any, address: str, which: int = -1) -> tuple[str, str, str]:
    """Subject, text and HTML of a mail to somebody."""
    found = message_from_bytes(m.sink.copies(address)[which], policy=policy.SMTP)
    return found["Subject"], *(found.get_body((kind,)).get_content() for kind in ("plain", "html"))


def test_editors_who_want_it_get_one_mail_of_all_that_is_new_and_not_one_a_minute(
    mailing: Callable[..., Any], clock: Any, tmp_path: Path
) -> None:
    m = mailing(notices={"to": [ADA]})
    for address, wants in ((BEN, True), (ADA.upper(), True), ("cy@example.org", False)):
        editor(m, address, wants)
    p, bad = m.publisher, "<script>=?utf-8?q?x?= \t.md"
    (tmp_path / "content" / bad).write_text("---\ntitle: [\n---\n")
    m.sink.answer = lambda r: "" if r.startswith("reader") else FINE
    m.deliver()
    assert scheduler.tick(p, gather_always=True).told
    m.deliver()
    assert sorted(m.sink.recipients[-2:]) == [ADA, BEN], "each once, however often they are named"
    subject, text, html = body(m, BEN)
    assert subject == "2 matters wait for a person at My publication"
    for said in ("daily/1: nobody knows whether 3 arrived", "cannot be used", "under your account"):
        assert said in " ".join(text.split())
        assert said in " ".join(html.split())
    assert "https://courier.example/desk/" in text
    assert 'href="https://courier.example/desk/"' in html
    assert "<script>" not in html
    assert "&lt;script&gt;= ?utf-8" in html
    assert "notices.to" in body(m, ADA)[1]
    # what is new within a quarter of an hour waits, and is one mail with what comes after it
    for n in range(3):
        (tmp_path / "content" / f"bad{n}.md").write_text("---\ntitle: [\n---\n")
        clock.move(minutes=4)
        assert scheduler.tick(p, gather_always=True).told == []
    clock.move(minutes=4)
    assert len(scheduler.tick(p).told) == 3
    assert scheduler.tick(p).told == []
    m.deliver()
    assert [body(m, BEN, n)[0] for n in range(2)][1] == "3 matters wait for a person at My publication"
    assert m.sink.recipients.count(BEN) == 2


def test_editors_hear_that_an_endpoint_is_off_and_not_its_address(
    mailing: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://elsewhere.example/hooks/private"
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    m = mailing(notices={"to": [ADA]}, webhooks=[{"url": url, "secret_env": "HOOK_SECRET"}])
    with m.publisher.store.write() as tx:
        webhooks.follow(tx, [url])
        (one,) = webhooks.endpoints(tx)
        webhooks.change(tx, one.id, disabled_at=clock(), said="410 Gone")
    assert len(scheduler.tick(m.publisher).told) == 1
    assert scheduler.tick(m.publisher).told == []
    m.deliver()
    subject, text, html = body(m, ADA)
    assert subject == "elsewhere.example is told nothing more"
    assert "410 Gone." in text
    assert "publisher webhooks" in text
    assert "hooks/private" not in text + html


def test_a_word_that_was_being_queued_when_the_process_died_is_said_once(
    mailing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    m = mailing(opened=False)
    editor(m, ADA)
    editor(m, BEN)
    queue, calls = Desk.queue_words, list[str]()

    def dying(self: Any, tx: Any, kind: str, address: str, *rest: Any) -> int:
        calls.append(address)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return queue(self, tx, kind, address, *rest)

    monkeypatch.setattr(Desk, "queue_words", dying)
    with pytest.raises(KeyboardInterrupt):
        scheduler.tick(m.publisher)
    assert statuses(m) == []
    for _ in range(2):
        scheduler.tick(m.publisher)
    assert statuses(m) == [(ADA, "queued"), (BEN, "queued")]
    m.deliver()
    assert "https://courier.example/desk/editions/daily/1" in body(m, ADA)[1]


def test_who_asks_later_hears_of_what_waits_and_who_left_of_nothing(mailing: Callable[..., Any]) -> None:
    m = mailing(opened=False)
    assert scheduler.tick(m.publisher).told == []
    editor(m, ADA)
    editor(m, BEN)
    with m.publisher.store.write() as tx:
        ben = editors.find(tx, BEN)
        assert ben
        editors.change(tx, ben.id, ended_at=m.publisher.clock())
    assert scheduler.tick(m.publisher).told == ["held daily/1"]
    assert statuses(m) == [(ADA, "queued")]


def test_words_to_editors_are_signed(mailing: Callable[..., Any], tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*encoding))
    letter = {"from": "The Courier <daily@courier.example>"}
    signing = {"domain": "courier.example", "selector": "s1", "key_file": "key.pem"}
    m = mailing(opened=False, notices={"to": [ADA]}, newsletters={"daily": letter})
    config = m.publisher.config.mail.model_validate(
        m.publisher.config.mail.model_dump() | {"dkim": signing}, context={"folder": tmp_path}
    )
    object.__setattr__(m.publisher, "config", m.publisher.config.model_copy(update={"mail": config}))
    scheduler.tick(m.publisher)
    m.deliver()
    record = keys_of_mail.load(config.dkim).record.encode()
    (got,) = m.sink.copies(ADA)
    assert dkim.verify(got, dnsfunc=lambda name, timeout=5: record)


def test_a_restored_store_sends_no_notice(mailing: Callable[..., Any]) -> None:
    from publisher.store import restores

    m = mailing(opened=False)
    copied(m, ADA)
    with m.publisher.store.write() as tx:
        restores.mark(tx, m.publisher.clock())
    with pytest.raises(Refused, match="restored"):
        copied(m, BEN)
    with pytest.raises(Refused, match="publisher gather"):
        delivering.deliver(
            m.publisher.store, m.publisher.config, m.publisher.keys, m.publisher.transport, m.publisher.clock
        )
    assert m.sink.recipients == []


def test_a_notice_that_nobody_could_send_in_time_expires(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(opened=False)
    m.sink.answer = lambda r: "451 4.3.0 later" if r == BEN else FINE
    copied(m, BEN)
    m.deliver(edition_id=NO_EDITION)
    clock.move(hours=47)
    copied(m, ADA)
    clock.move(hours=25)
    assert m.deliver(edition_id=NO_EDITION).settled == 0
    assert statuses(m) == [(BEN, "expired"), (ADA, "expired")]
