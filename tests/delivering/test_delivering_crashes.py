"""The guarantee of invariant 8, word for word: a process is killed at every step of a send, and at random.

The judge is the mail server's own book, which knows nothing of the store.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import dying
import pytest
from forking import Forked

PIPELINING = ("PIPELINING", "8BITMIME", "SIZE 10000000")
AS_CUT = """UPDATE deliveries SET status = 'queued', attempt = 0, worker = '', started_at = NULL,
    dated_at = NULL, finished_at = NULL, code = 0, reply = '', due_at = first_due_at"""


@pytest.fixture(autouse=True)
def _today(clock: Any) -> None:
    """The time that other processes tell."""
    clock.now = datetime.now(UTC)


def send(m: Any, **options: Any) -> Forked:
    folder = m.publisher.config.output.path.parent
    return Forked(
        ["send", "daily/1"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options
    )


def begin_anew(m: Any) -> None:
    """As after the cut and the opening, for everybody."""
    with m.publisher.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM events")
        tx.exec_driver_sql(AS_CUT)
        tx.exec_driver_sql("UPDATE editions SET state = 'sending', done_at = NULL")
    m.sink.kept.clear()


def go_on(m: Any) -> None:
    """Deliver what is left, when the dead are known to be dead: a server may notice a moment later."""
    until = time.monotonic() + 20
    m.deliver()
    while m.counts().get("sending") and time.monotonic() < until:
        time.sleep(0.02)
        m.deliver()


def judge(m: Any, most_unknown: int) -> int:
    """Nobody lost, nobody twice, and who may be either is known by name; how many these are."""
    rows, sent, unknown = set(m.rows()), set(m.rows("sent")), set(m.rows("unknown"))
    arrived = m.sink.recipients
    assert len(arrived) == len(set(arrived)), "nobody gets a second copy"
    assert sent <= set(arrived), "what is called sent has arrived"
    assert set(arrived) <= sent | unknown, "what has arrived is sent, or listed by name"
    assert rows == sent | unknown, "nobody is lost"
    assert len(unknown) <= most_unknown
    assert sum(m.counts().values()) == len(rows)
    m.check_events()
    return len(unknown)


def steps(part: int) -> Iterator[int]:
    """Every fourth step from here: four tests go through all of them, side by side."""
    return count(part, 4)


@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_killed_at_every_step_of_a_pipelined_send(mailing: Callable[..., Any], part: int) -> None:
    m = mailing(people=12)
    m.sink.offers = PIPELINING
    for step in steps(part):
        begin_anew(m)
        process = send(m, first=(dying.__file__, "at", step))
        _, said = process.communicate(timeout=60)
        killed = process.returncode == -signal.SIGKILL
        assert killed or process.returncode == 0, said
        go_on(m)
        judge(m, 2 if killed else 0)
        if not killed:
            break
    assert step > 100


@pytest.mark.sqlite
@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_killed_at_every_step_of_a_send_in_lock_step(mailing: Callable[..., Any], part: int) -> None:
    m = mailing(people=3)
    for step in steps(part):
        begin_anew(m)
        process = send(m, first=(dying.__file__, "at", step))
        process.communicate(timeout=60)
        go_on(m)
        judge(m, 1)
        if process.returncode == 0:
            break
    assert step > 60


def test_twenty_kills_at_random_in_an_edition_of_three_thousand(mailing: Callable[..., Any]) -> None:
    connections, kills = 4, 20
    m = mailing(people=3000, connections=connections)
    m.sink.offers = PIPELINING
    chance = random.Random(20)
    for _ in range(kills):
        process = send(m)
        m.sink.wait_for(min(len(m.sink.kept) + chance.randint(1, 200), 2900))
        time.sleep(chance.random() * 0.02)
        process.kill()
        process.communicate()
    _, said = send(m).communicate(timeout=120)
    go_on(m)
    unknown = judge(m, 2 * connections * kills)
    assert b"Traceback" not in said
    assert m.state() == ("sending" if unknown else "done")


def test_kills_with_resend_give_everybody_the_same_bytes(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(people=200, connections=2, delivery={"on_unknown": "resend"})
    m.sink.offers, m.sink.delay = PIPELINING, 0.001
    for kill in (5, 60, 120):
        process = send(m)
        m.sink.wait_for(kill)
        process.kill()
        process.communicate()
    send(m).communicate(timeout=60)
    go_on(m)
    clock.now = datetime.now(UTC) + timedelta(seconds=700)
    m.deliver()
    assert m.counts() == {"sent": 200}
    arrived = m.sink.recipients
    assert set(arrived) == set(m.rows())
    assert len(arrived) <= 200 + 2 * 2 * 3
    for recipient in set(arrived):
        assert len(set(m.sink.copies(recipient))) == 1
    m.check_events()
