"""A publication moves to another database in mid-send: real processes, judged by the server's own record."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forking import Forked

PEOPLE = 30


@pytest.fixture
def elsewhere(database: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty store of the other kind."""
    if database == "postgresql":
        yield "sqlite:///moved/publisher.db"
        return
    databases = request.getfixturevalue("databases")
    url = databases.take()
    yield url
    databases.give_back(url)


@pytest.fixture
def half_sent(mailing: Callable[..., Any], clock: Any) -> Callable[..., Any]:
    """An edition of which some have their mail, and a way to say commands."""

    def make(end: int) -> Any:
        clock.now = datetime.now(UTC)
        m = mailing(people=PEOPLE, connections=2)
        m.folder, m.url = m.publisher.config.output.path.parent, m.publisher.config.store
        m.publisher.store.close()
        m.sink.delay = 0.1
        sending = Forked(["send", "daily/1"], cwd=m.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        m.sink.wait_for(6)
        code, _, said = run(m, "store", "copy", m.url, "sqlite:///too/early.db")
        assert (code, "somebody is sending" in said) == (65, True), said
        assert not (m.folder / "too").exists()
        sending.send_signal(end)
        sending.communicate()
        m.sink.delay = 0
        return m

    return make


def run(m: Any, *arguments: str) -> tuple[int, str, str]:
    process = Forked(arguments, cwd=m.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return process.returncode, out, err


def use(m: Any, url: str) -> None:
    """Name another store in the configuration."""
    config: Path = m.folder / "config.yaml"
    lines = [f"store: {url}" if x.startswith("store:") else x for x in config.read_text().splitlines()]
    config.write_text("\n".join(lines))


def test_everybody_gets_exactly_one_mail(half_sent: Callable[..., Any], elsewhere: str) -> None:
    m = half_sent(signal.SIGTERM)
    before = m.counts()
    assert 0 < before["sent"] < PEOPLE
    m.publisher.store.close()
    code, out, said = run(m, "store", "copy", m.url, elsewhere, "--json")
    assert code == 0, said
    rows = {table["table"]: table["rows"] for table in json.loads(out)["tables"]}
    assert (rows["deliveries"], rows["subscribers"]) == (PEOPLE, PEOPLE)
    arrived = len(m.sink.kept)
    for command in (("send", "daily/1"), ("tick",)):
        code, _, said = run(m, *command)
        assert (code, "this store was copied" in said) == (65, True), (command, said)
    assert len(m.sink.kept) == arrived, "the old store sends nothing more"
    use(m, elsewhere)
    code, out, said = run(m, "send", "daily/1", "--json")
    assert (code, json.loads(out)["sent"]) == (0, PEOPLE), said
    assert sorted(m.sink.recipients) == sorted(f"reader{n}@example.org" for n in range(PEOPLE))


def test_what_a_killed_sender_had_under_way_is_unknown_in_the_new_store(
    half_sent: Callable[..., Any], elsewhere: str
) -> None:
    m = half_sent(signal.SIGKILL)
    until = time.monotonic() + 20
    # a server notices that a process is gone a moment later
    while (ran := run(m, "store", "copy", m.url, elsewhere))[0] == 65 and time.monotonic() < until:
        time.sleep(0.1)
    assert ran[0] == 0, ran
    use(m, elsewhere)
    assert run(m, "send", "daily/1")[0] == 1, "the unknown ones stay open"
    code, out, said = run(m, "deliveries", "daily/1", "--status", "unknown", "--json")
    assert code == 0, said
    unknown = {row["address"] for row in json.loads(out)}
    arrived = m.sink.recipients
    assert 0 < len(unknown) <= 4
    assert len(arrived) == len(set(arrived)), "nobody twice"
    assert set(arrived) | unknown == {f"reader{n}@example.org" for n in range(PEOPLE)}, "nobody lost"
