"""Under an Idempotency-Key nothing is done twice: not by asking again, not at once, not after a kill."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import api_bearers
import pytest
from api_bearers import Office

from publisher import scheduler
from publisher.app import Publisher
from publisher.delivering import copies
from publisher.errors import StoreError
from publisher.store import editions, notices, requests, workforce
from publisher.web.api.table import OPERATIONS

COPY = {"addresses": ["ann@courier.example"]}


@pytest.fixture
def office(
    publication: Callable[..., Publisher], post: Callable[..., str], subscribe: Callable[..., str], clock: Any
) -> Office:
    return api_bearers.office(publication, post, subscribe, clock)


def queued(office: Office) -> int:
    with office.p.store.read() as tx:
        return len(notices.listed(tx, addresses={"ann@courier.example"}))


def test_the_same_again_gets_the_same_answer_for_a_day(office: Office) -> None:
    name, ann, bo = office.cut(), office.bearer(), office.bearer(name="bo")
    path = f"/editions/{name}/test-copies"
    answers = [ann.ask("POST", path, json=COPY, headers={"Idempotency-Key": "one"}) for _ in range(3)]
    assert [a.json() for a in answers] == [{"queued": 1}] * 3
    assert [a.status_code for a in answers] == [202] * 3
    assert [a.headers.get("idempotent-replayed") for a in answers] == [None, "true", "true"]
    assert queued(office) == 1
    other = ann.ask("POST", path, json={"addresses": ["bo@x.example"]}, headers={"Idempotency-Key": "one"})
    assert (other.status_code, "another request" in other.json()["detail"]) == (422, True)
    bo.post(path, COPY, key="one")
    assert queued(office) == 2, "a key belongs to a token"
    office.clock.move(hours=25)
    scheduler.tick(office.p)
    ann.post(path, COPY, key="one")
    assert queued(office) == 3
    for _ in range(2):
        ann.post(path, COPY)
    assert queued(office) == 5, "without a key, each is one of its own"


def test_what_was_refused_may_be_asked_for_again(office: Office) -> None:
    name, ann = office.cut(), office.bearer()
    for _ in range(2):
        answer = ann.ask("POST", f"/editions/{name}/resume", headers={"Idempotency-Key": "one"})
        assert answer.status_code == 409
    ann.post(f"/editions/{name}/send", {}, key="two")
    assert ann.post(f"/editions/{name}/resume", key="one")["state"] == "sending"


def test_one_that_is_under_way_is_not_begun_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    name, ann = office.cut(), office.bearer()
    inside, go_on, real = threading.Event(), threading.Event(), copies.queue_copies

    def slowly(*given: Any, **more: Any) -> list[int]:
        inside.set()
        assert go_on.wait(20)
        return real(*given, **more)

    monkeypatch.setattr(copies, "queue_copies", slowly)
    answers: list[Any] = []
    first = threading.Thread(
        target=lambda: answers.append(ann.post(f"/editions/{name}/test-copies", COPY, key="one"))
    )
    first.start()
    assert inside.wait(20)
    busy = ann.ask("POST", f"/editions/{name}/test-copies", json=COPY, headers={"Idempotency-Key": "one"})
    go_on.set()
    first.join()
    assert (busy.status_code, "still under way" in busy.json()["detail"]) == (409, True)
    assert "retry-after" in busy.headers
    assert answers == [{"queued": 1}]
    assert queued(office) == 1


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_kill_in_the_middle_does_nothing_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    """Nobody can know whether it was done: it is said, and not done again. What is one anyway goes on."""
    ann, real = office.bearer(), requests.end

    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    hand = {"newsletter": "daily", "articles": [ann.get("/articles")["items"][0]["id"]]}
    if before:
        monkeypatch.setattr("publisher.cutting.cut", killed)
    else:
        monkeypatch.setattr(requests, "end", killed)
    for body in (hand, {"newsletter": "daily", "now": True}):
        with pytest.raises(SystemExit):
            ann.post("/editions", body, key=f"key-{len(body)}-{'articles' in body}")
    monkeypatch.undo()
    assert requests.end is real
    again = ann.ask("POST", "/editions", json=hand, headers={"Idempotency-Key": "key-2-True"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:publisher:problem:interrupted")
    made = ann.post("/editions", {"newsletter": "daily", "now": True}, key="key-2-False")
    assert made["recipients"] == (3 if before else 0)
    with office.p.store.read() as tx:
        kinds = sorted(e.cadence for e in editions.listed(tx))
    assert kinds == (["daily"] if before else ["daily", "hand"])


def test_a_store_that_fails_leaves_it_in_doubt(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    name, ann = office.cut(), office.bearer()

    def failing(*_: Any, **__: Any) -> list[int]:
        raise StoreError("the store cannot be used now: disk full")

    monkeypatch.setattr(copies, "queue_copies", failing)
    path, headers = f"/editions/{name}/test-copies", {"Idempotency-Key": "one"}
    answer = ann.ask("POST", path, json=COPY, headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "disk" not in answer.text
    monkeypatch.undo()
    assert ann.ask("POST", path, json=COPY, headers=headers).json()["type"].endswith(":interrupted")
    assert not workforce.at_work(office.p.store, "api-0")


def test_all_that_sends_or_creates_takes_a_key() -> None:
    taking = {one.name for one in OPERATIONS if one.once}
    assert taking >= {
        "cutEdition", "sendTestCopies", "approveEdition", "sendEdition", "retryDeliveries", "addSubscriber",
    }  # fmt: skip
    # what tells a secret once would keep it for a day
    assert not {"makeToken", "addEditor", "linkEditor"} & taking
