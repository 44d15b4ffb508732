"""Backup in mid-send, kill, restore: real processes, judged by the server's own record (rule 26)."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forking import Forked

pytestmark = pytest.mark.sqlite
PEOPLE = 30


def begin(m: Any, *arguments: str) -> subprocess.Popen[str]:
    folder = m.publisher.store.folder.parent
    return Forked(arguments, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=30)
    assert "Traceback" not in err
    return process.returncode, out, err


def run(m: Any, *arguments: str) -> tuple[int, str, str]:
    return ended(begin(m, *arguments))


@pytest.fixture
def crashed(mailing: Callable[..., Any], clock: Any, tmp_path: Path) -> Callable[..., Any]:
    """A send with a backup in its middle, killed some messages later, and the backup put back."""

    def make(**sections: Any) -> Any:
        clock.now = datetime.now(UTC)
        m = mailing(people=PEOPLE, connections=2, **sections)
        m.sink.delay = 0.1
        sending = begin(m, "send", "daily/1")
        m.sink.wait_for(6)
        code, _, said = run(m, "backup", str(tmp_path / "copy.db"))
        assert code == 0, said
        m.before = len(m.sink.kept)
        m.sink.wait_for(m.before + 8)
        code, _, said = run(m, "restore", str(tmp_path / "copy.db"))
        assert (code, "in use" in said) == (65, True), said
        sending.send_signal(signal.SIGKILL)
        sending.communicate()
        time.sleep(0.3)
        m.sink.delay = 0
        m.publisher.store.close()
        code, out, said = run(m, "restore", str(tmp_path / "copy.db"), "--json")
        assert code == 0, said
        m.restored = json.loads(out)
        m.kept_then = list(m.sink.recipients)
        return m

    return make


def test_nothing_leaves_until_acknowledged_and_then_nobody_gets_a_second_copy(
    crashed: Callable[..., Any], post: Callable[..., str], clock: Any
) -> None:
    m = crashed()
    counts = m.counts()
    assert counts.get("sending", 0) == 0
    unknown = set(m.rows("unknown"))
    assert 0 < len(unknown) == m.restored["unknown"] <= 4, "what was under way then, by name"
    assert set(m.rows("sent")) <= set(m.kept_then)
    assert sum(counts.values()) == PEOPLE
    for command in (("send", "daily/1"), ("send", "daily/1", "--now"), ("deliver",), ("tick",)):
        code, _, said = run(m, *command)
        assert (code, "publisher acknowledge --restore" in said) == (65, True), (command, said)
    assert "Nothing leaves" in run(m, "status")[2]
    assert run(m, "gather")[0] == 0
    too_early = run(m, "acknowledge", "--restore", "--covered-until", "2026-01-01T00:00")
    assert (too_early[0], "the backup itself knows" in too_early[2]) == (65, True), too_early
    now = datetime.now(UTC).isoformat()
    code, out, said = run(m, "acknowledge", "--restore", "--covered-until", now, "--json")
    assert code == 0, said
    assert json.loads(out)["cancelled"] == counts["queued"]
    assert "Nothing leaves" not in run(m, "status")[2]
    taken = next(iter(m.rows("cancelled")))
    assert "taken for mailed when the store was restored" in run(m, "explain", taken)[1]
    (m.publisher.store.folder.parent / "content/new.md").write_text(post("New", now))
    assert run(m, "gather")[0] == 0
    assert run(m, "send", "daily/1")[0] == 1, "the unknown ones stay open"
    assert m.sink.recipients == m.kept_then, "nobody gets a second copy"
    clock.now = datetime.now(UTC)
    m.check_events()


def test_without_a_moment_what_waited_goes_on(crashed: Callable[..., Any]) -> None:
    m = crashed()
    waiting = set(m.rows("queued"))
    code, _, said = run(m, "acknowledge", "--restore")
    assert (code, "publisher gather" in said) == (65, True), said
    assert run(m, "gather")[0] == 0
    assert run(m, "acknowledge", "--restore")[0] == 0
    assert run(m, "send", "daily/1")[0] == 1
    assert sorted(m.sink.recipients[len(m.kept_then) :]) == sorted(waiting)


def test_what_was_under_way_is_unknown_even_where_unknown_is_resent(crashed: Callable[..., Any]) -> None:
    m = crashed(delivery={"on_unknown": "resend"})
    assert len(m.rows("unknown")) == m.restored["unknown"] > 0
    assert "deferred" not in m.counts()
