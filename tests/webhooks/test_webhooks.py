"""Outgoing webhooks: what happens is told, signed, in order, once at least; and never in the way of mail."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hook_server import SECRET, Listener, listening
from sqlalchemy import func, insert, select

from publisher import cutting, delivering, gathering, scheduler, subscribing, webhooks
from publisher.app import Publisher
from publisher.delivering import opening
from publisher.errors import ConfigError, NotAllowed, NotFound
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.store import attempts, ledger
from publisher.store.schema import webhook_endpoints, webhook_events
from publisher.subscribing import csv_files, erasing
from publisher.webhooks import signing, telling


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with listening() as found:
        yield found


def hook(listener: Listener, **more: Any) -> dict[str, Any]:
    return {"url": listener.url, "secret_env": "HOOK_SECRET", "allow_private": ["127.0.0.1"], **more}


@pytest.fixture
def courier(publication: Callable[..., Publisher], post: Callable[..., str], listener: Listener) -> Publisher:
    p = publication(articles={"a.md": post("Tides", "2026-11-20T12:00Z")}, webhooks=[hook(listener)])
    gathering.gather(p.store, p.config, p.clock())
    tick(p)
    return p


def tick(p: Publisher) -> webhooks.telling.Counted:
    return webhooks.tell(p.store, p.config, os.environ, p.clock(), lambda _: None)


def standing(p: Publisher) -> webhooks.Standing:
    (one,) = webhooks.standings(p.store, p.config, COMMAND_LINE)
    return one


def test_everything_that_happens_is_told_in_its_order(
    courier: Publisher, listener: Listener, subscribe: Callable[..., str], clock: Any
) -> None:
    p = courier
    for name in ("ada", "bo", "cy"):
        subscribe(p, f"{name}@example.org")
    request = cutting.asked(p.config, "daily", "", clock(), everybody=True)
    made = cutting.cut(p.store, p.config, p.templates, request, clock())
    assert made.edition
    opening.open_edition(p.store, made.edition, clock(), when="now")
    subscribing.remove(p.store, "cy@example.org", clock())
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)
    with p.store.write() as tx:
        row = next(r for r in ledger.rows(tx, made.edition.id) if r.address == "bo@example.org")
        attempts.move(tx, row, "bounced", clock(), code=550, reply="550 5.1.1 nobody <script>")
    delivering.finish(p.store, clock())
    erasing.erase(p.store, "ada@example.org", clock())
    scheduler.tick(p)
    assert listener.types == [
        *["subscriber.confirmed"] * 3,
        *("edition.cut", "subscriber.unsubscribed", "edition.sent", "delivery.bounced"),
        "subscriber.unsubscribed",
    ]
    bounced = listener.last("delivery.bounced")
    assert (bounced["edition"], bounced["address"]) == ("daily/1", "bo@example.org")
    assert (bounced["code"], bounced["reply"]) == (550, "550 5.1.1 nobody <script>")
    sent = listener.last("edition.sent")
    assert (sent["edition"], sent["counts"]["planned"], sent["counts"]["bounced"]) == ("daily/1", 3, 1)
    gone = listener.last("subscriber.unsubscribed")
    assert (gone["address"], gone["newsletter"]) == (None, "daily"), "whoever was erased is a number"
    ids = [headers["webhook-id"] for headers, _ in listener.heard]
    assert len(set(ids)) == len(ids)
    assert [body["number"] for _, body in listener.heard] == list(range(1, 9))
    assert listener.connections == 1
    assert tick(p).told == 0
    assert standing(p).state == "well"
    with p.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(webhook_events)) == 0, "what all know is forgotten"


def test_an_import_tells_nothing_and_a_choice_that_changes_nothing_neither(
    courier: Publisher, listener: Listener, subscribe: Callable[..., str], tmp_path: Any, clock: Any
) -> None:
    file = tmp_path / "readers.csv"
    file.write_text("address,status\nada@example.org,confirmed\nbo@example.org,unsubscribed\n")
    csv_files.take_in(courier.store, courier.config, file, clock())
    subscribe(courier, "ada@example.org", hour=9)
    subscribe(courier, "cy@example.org", status="pending")
    tick(courier)
    assert listener.heard == []
    subscribe(courier, "cy@example.org")
    tick(courier)
    assert listener.types == ["subscriber.confirmed"]


def test_nothing_is_written_for_nobody(
    publication: Callable[..., Publisher], subscribe: Callable[..., str]
) -> None:
    p = publication()
    subscribe(p, "ada@example.org")
    subscribing.remove(p.store, "ada@example.org", p.clock())
    with p.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(webhook_events)) == 0


def test_one_hears_what_it_wants_from_when_it_is_known(
    publication: Callable[..., Publisher], subscribe: Callable[..., str], listener: Listener, clock: Any
) -> None:
    p = publication(webhooks=[hook(listener, events=["subscriber.unsubscribed"])])
    assert standing(p).state == "new"
    subscribe(p, "ada@example.org")
    tick(p)
    subscribe(p, "bo@example.org")
    subscribing.remove(p.store, "ada@example.org", clock())
    tick(p)
    assert listener.types == ["subscriber.unsubscribed"]
    p = publication(webhooks=[])
    tick(p)
    with p.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(webhook_endpoints)) == 0


def test_it_is_tried_again_with_the_same_id_for_three_days_and_then_it_is_off(
    courier: Publisher, listener: Listener, subscribe: Callable[..., str], clock: Any, caplog: Any
) -> None:
    for name in ("ada", "bo"):
        subscribe(courier, f"{name}@example.org")
    listener.answers = [204, *[500] * 99]
    began, tries = clock(), 0
    while not standing(courier).disabled_at:
        tries += tick(courier).failed
        assert clock() - began < timedelta(days=5)
        one = standing(courier)
        assert (one.said, one.waiting) == ("500 Internal Server Error", 1)
        assert one.next_at
        clock.now = one.next_at
    assert tries == 11
    assert timedelta(days=3) <= one.disabled_at - began < timedelta(days=4)  # type: ignore[operator]
    clock.move(days=1)
    assert tick(courier).failed == 0
    assert standing(courier).state == "off"
    listener.answers = []
    webhooks.enable(courier.store, COMMAND_LINE, listener.url, clock())
    tick(courier)
    assert [body["data"]["address"] for _, body in listener.heard] == ["ada@example.org", "bo@example.org"]
    assert standing(courier).state == "well"


def test_it_says_itself_how_long_to_wait_or_that_it_is_gone(
    courier: Publisher, listener: Listener, subscribe: Callable[..., str], clock: Any
) -> None:
    subscribe(courier, "ada@example.org")
    listener.answers, listener.headers = [429], {"Retry-After": "600"}
    tick(courier)
    assert standing(courier).next_at == clock() + timedelta(seconds=600)
    clock.move(seconds=599)
    assert tick(courier) == (0, 0)
    clock.move(seconds=1)
    listener.answers = [302]
    listener.headers = {"Location": listener.url}
    assert tick(courier).failed == 1, "no redirect is followed"
    clock.move(hours=1)
    listener.answers = [410]
    said: list[str] = []
    webhooks.tell(courier.store, courier.config, {"HOOK_SECRET": SECRET}, clock(), said.append)
    assert standing(courier).state == "off"
    assert "is told nothing more: 410 Gone" in said[0]
    assert SECRET not in said[0]


@pytest.mark.sqlite
def test_no_private_address_is_asked_that_is_not_listed(
    publication: Callable[..., Publisher], subscribe: Callable[..., str], listener: Listener
) -> None:
    p = publication(webhooks=[hook(listener, allow_private=[])])
    tick(p)
    subscribe(p, "ada@example.org")
    tick(p)
    assert "no public address" in standing(p).said
    assert listener.connections == 0


@pytest.mark.sqlite
@pytest.mark.parametrize("secret", ["", "hush-hush", "whsec_c2hvcnQ=", "whsec_!!"])
def test_a_bad_secret_is_said_and_never_told(
    publication: Callable[..., Publisher],
    subscribe: Callable[..., str],
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    secret: str,
) -> None:
    p = publication(webhooks=[hook(listener)])
    tick(p)
    subscribe(p, "ada@example.org")
    monkeypatch.setenv("HOOK_SECRET", secret)
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigError) as error:
        tick(p)
    assert "HOOK_SECRET" in str(error.value) or "expected whsec_" in str(error.value)
    assert not secret or secret not in f"{error.value}{caplog.text}"
    assert SECRET not in repr(p.config)


def test_a_kill_between_two_of_them_tells_some_again_and_loses_none(
    courier: Publisher, listener: Listener, subscribe: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(7):
        subscribe(courier, f"r{n}@example.org")
    real, calls = telling.endpoints.Endpoint.post, 0

    def dying(self: Any, *given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise SystemExit
        return real(self, *given)

    monkeypatch.setattr(telling, "_BATCH", 2)
    monkeypatch.setattr(telling.endpoints.Endpoint, "post", dying)
    with pytest.raises(SystemExit):
        tick(courier)
    tick(courier)
    told = [body["number"] for _, body in listener.heard]
    assert told == [1, 2, 3, 3, 4, 5, 6, 7]
    ids = [
        headers["Webhook-Id" if "Webhook-Id" in headers else "webhook-id"] for headers, _ in listener.heard
    ]
    assert ids[2] == ids[3]


def test_twenty_thousand_wait_their_turn_in_short_steps(
    courier: Publisher, listener: Listener, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came at once is told over many ticks, each of which ends in time."""
    many = [
        {"type": "subscriber.unsubscribed", "object_id": n, "newsletter": "daily", "at": clock()}
        for n in range(20_000)
    ]
    with courier.store.write() as tx:
        tx.execute(insert(webhook_events), many)
    clockwork = iter(range(10_000))
    monkeypatch.setattr(telling, "time", SimpleNamespace(monotonic=lambda: next(clockwork) * 0.05))
    counted = tick(courier)
    assert 0 < counted.told < 200
    assert standing(courier).state == "well"
    before = len(listener.heard)
    tick(courier)
    assert len(listener.heard) > before
    numbers = [body["number"] for _, body in listener.heard]
    assert numbers == list(range(1, len(numbers) + 1))


def test_whoever_may_not_keep_them_does_not(courier: Publisher, listener: Listener, clock: Any) -> None:
    editor = Actor("Ed", 7, "editor")
    with pytest.raises(NotAllowed):
        webhooks.standings(courier.store, courier.config, editor)
    with pytest.raises(NotAllowed):
        webhooks.enable(courier.store, editor, listener.url, clock())
    with pytest.raises(NotAllowed):
        webhooks.try_out(courier.config, {"HOOK_SECRET": SECRET}, editor, listener.url, clock())
    with pytest.raises(NotFound):
        webhooks.enable(courier.store, COMMAND_LINE, "http://elsewhere.example/", clock())
    answer = webhooks.try_out(courier.config, {"HOOK_SECRET": SECRET}, COMMAND_LINE, listener.url, clock())
    assert answer.accepted
    assert listener.types == ["test"]


@pytest.mark.sqlite
def test_the_signature_is_that_of_the_specification() -> None:
    """The example that the receivers' libraries of Standard Webhooks are tested with."""
    key, at = signing.key_of(SECRET), datetime.fromtimestamp(1614265330, UTC)
    made = signing.headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert made["webhook-timestamp"] == "1614265330"
