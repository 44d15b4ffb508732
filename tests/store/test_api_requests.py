"""What is kept of requests under a key, on either database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from publisher.app import Publisher
from publisher.store import requests
from publisher.subscribing import erasing


def test_a_key_is_taken_once_keeps_its_answer_and_is_forgotten_a_few_at_a_time(
    publication: Callable[..., Publisher], clock: Any
) -> None:
    p, old = publication(), clock() - timedelta(days=2)
    with p.store.write() as tx:
        assert [requests.begin(tx, 1, "key", "a", old) for _ in range(2)] == [True, False]
        assert requests.begin(tx, 2, "key", "b", clock())
    with p.store.write() as tx:
        mine = requests.find(tx, 1, "key")
        assert mine
        assert (mine.digest, mine.status) == ("a", 0)
        requests.end(tx, mine.id, 202, '{"queued":1}')
    with p.store.write() as tx:
        assert requests.find(tx, 1, "key") == mine._replace(status=202, answer='{"queued":1}')
        for n in range(4):
            requests.begin(tx, 1, f"key {n}", "", old)
        requests.prune(tx, clock() - timedelta(days=1), 3)
        left = [name for name in ("key", *(f"key {n}" for n in range(4))) if requests.find(tx, 1, name)]
        assert len(left) == 2
        requests.prune(tx, clock() - timedelta(days=1), 3)
        assert not requests.find(tx, 1, "key 3")
        assert requests.find(tx, 2, "key")


def test_an_answer_that_names_somebody_forgets_them_with_the_rest(
    publication: Callable[..., Publisher], subscribe: Callable[..., str], clock: Any
) -> None:
    p = publication()
    subscribe(p, "ada@example.org")
    with p.store.write() as tx:
        requests.begin(tx, 1, "key", "a", clock())
        mine = requests.find(tx, 1, "key")
        assert mine
        requests.end(tx, mine.id, 200, '{"suppressed":[{"address":"ada@example.org","reason":"left"}]}')
    erasing.erase(p.store, "ada@example.org", clock())
    with p.store.read() as tx:
        kept = requests.find(tx, 1, "key")
    assert kept
    assert (kept.status, kept.answer) == (200, '{"suppressed":[{"address":"(erased)","reason":"left"}]}')
