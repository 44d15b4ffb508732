"""kill -9, two processes at once, and signals: real processes, judged by the server's own record."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from forking import Forked
from mail_sink import FINE

CONNECTIONS = 2


def publisher(mailing: Any, *arguments: str) -> subprocess.Popen[str]:
    folder = mailing.publisher.store.folder.parent
    return Forked(arguments, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[str], *, within: float = 30) -> tuple[int, str]:
    out, err = process.communicate(timeout=within)
    return process.returncode, out + err


@pytest.fixture
def today(clock: Any) -> None:
    """The time that other processes tell."""
    clock.now = datetime.now(UTC)


@pytest.mark.usefixtures("today")
def test_kill_at_any_instant_loses_nobody_and_sends_nobody_two(mailing: Callable[..., Any]) -> None:
    m = mailing(people=60, connections=CONNECTIONS)
    m.sink.delay = 0.02
    kills = (1, 11, 30)
    for kill in kills:
        process = publisher(m, "send", "daily/1")
        m.sink.wait_for(kill)
        time.sleep(0.003 * kill % 0.03)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    code, said = ended(publisher(m, "send", "daily/1"))
    assert code == (1 if m.counts().get("unknown") else 0), said
    kept, unknown = m.sink.recipients, set(m.rows("unknown"))
    assert len(kept) == len(set(kept)), "nobody gets two copies"
    assert len(unknown) <= CONNECTIONS * len(kills)
    assert set(m.rows("sent")) <= set(kept), "what is called sent has arrived"
    assert set(m.rows()) == set(m.rows("sent")) | unknown, "nobody is lost"
    assert set(kept) - set(m.rows("sent")) <= unknown
    assert m.state() == ("sending" if unknown else "done")
    m.check_events()


@pytest.mark.usefixtures("today")
def test_a_killed_send_that_resends_waits_600_seconds_and_says_the_same(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing(people=8, delivery={"on_unknown": "resend"})
    m.sink.delay = 0.3
    process = publisher(m, "send", "daily/1")
    m.sink.wait_for(1)
    process.kill()
    process.communicate()
    m.sink.delay = 0
    clock.now = datetime.now(UTC)
    m.deliver()
    (row,) = m.rows("deferred").values()
    assert m.counts() == {"sent": 7, "deferred": 1}
    assert row.due_at - clock.now == timedelta(seconds=600)
    clock.move(seconds=600)
    m.deliver()
    first, second = m.sink.copies(row.address)
    assert first == second
    assert m.counts() == {"sent": 8}


@pytest.mark.usefixtures("today")
def test_two_processes_send_one_edition_once(mailing: Callable[..., Any]) -> None:
    m = mailing(people=300, connections=3)

    def answer(recipient: str) -> str:
        until = time.monotonic() + 20
        while m.sink.sessions <= 3 and time.monotonic() < until:
            time.sleep(0.01)
        return FINE

    m.sink.answer = answer  # not before the second process is connected too
    both = [publisher(m, "send", "daily/1") for _ in range(2)]
    said = [ended(each) for each in both]
    assert [code for code, _ in said] == [0, 0], said
    assert sorted(m.sink.recipients) == sorted(m.rows())
    assert m.counts() == {"sent": 300}
    workers = {r.worker for r in m.rows().values()}
    assert len(workers) == 2, "both took part"
    m.check_events()


@pytest.mark.usefixtures("today")
def test_a_stop_of_run_awaits_the_answer_and_a_second_run_is_refused(mailing: Callable[..., Any]) -> None:
    m = mailing(people=300, connections=CONNECTIONS)
    m.sink.delay = 0.2
    process = publisher(m, "run", "--port", "0")
    m.sink.wait_for(3)
    if m.publisher.store.dialect == "sqlite":  # on PostgreSQL there may be several
        code, said = ended(publisher(m, "run", "--port", "0"))
        assert code == 74
        assert said.count("\n") == 1
        assert f"process {process.pid}" in said
    m.sink.wait_for(6)
    process.send_signal(signal.SIGTERM)
    code, said = ended(process)
    assert code == 0, said
    assert set(m.counts()) == {"sent", "queued"}
    assert sorted(m.rows("sent")) == sorted(m.sink.recipients)
    assert "Traceback" not in said


@pytest.mark.usefixtures("today")
def test_ctrl_c_ends_a_send_when_the_answer_has_come(mailing: Callable[..., Any]) -> None:
    m = mailing(people=30)
    m.sink.delay = 0.3
    process = publisher(m, "send", "daily/1")
    m.sink.wait_for(2)
    process.send_signal(signal.SIGINT)
    _code, said = ended(process)
    assert set(m.counts()) == {"sent", "queued"}, said
    assert sorted(m.rows("sent")) == sorted(m.sink.recipients)
    assert "Traceback" not in said
