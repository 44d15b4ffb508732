"""`make run`: a new store gets one reader and one digest, once; `publisher run` gives nobody anything."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from publisher.cli import sample


@pytest.fixture
def started(site: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start as `make run` does, as far as the server; which commands it would run then."""
    ran: list[list[str]] = []
    monkeypatch.setattr(sample, "main", ran.append)
    monkeypatch.chdir(site.folder)

    def go() -> list[list[str]]:
        sample.start(Path("config.yaml"))
        return ran

    return go


def test_only_a_new_store_gets_the_first_digest(site: Any, started: Any) -> None:
    (site.folder / "var/publisher.db").unlink()
    assert started() == [["--config", "config.yaml", "run"]]
    (message,) = site.sent()
    assert b"To: reader@example.org" in message.replace(b"<", b"").replace(b">", b"")
    before = site("subscribers", "export").out, site("editions", "--json").json
    assert before[0].count("reader@example.org,A. Reader,daily,confirmed") == 1
    assert [e["edition"] for e in before[1]] == ["daily/1"]
    started()
    assert (site("subscribers", "export").out, site("editions", "--json").json) == before
    assert len(site.sent()) == 1


def test_a_store_that_was_there_gets_none(site: Any, started: Any) -> None:
    started()
    assert "reader@example.org" not in site("subscribers", "export").out


def test_real_mail_is_never_sent_by_the_sample(site: Any, started: Any) -> None:
    (site.folder / "var/publisher.db").unlink()
    site.write("config.yaml", "newsletters: {daily: {}}\nmail: {transport: smtp}\n")
    started()
    assert not (site.folder / "var/publisher.db").exists()


def test_publisher_run_gives_nobody_anything(site: Any) -> None:
    (site.folder / "var/publisher.db").unlink()
    running = site.start("run", "--port", "0", stdout=subprocess.DEVNULL)
    assert any("http://" in line for line in running.stderr)
    running.send_signal(signal.SIGINT)
    assert running.wait(20) in (0, 130)
    assert site("subscribers", "export").out.count("\n") == 1
    assert not (site.folder / "var/outbox").exists()


def test_the_sample_says_what_is_wrong_in_one_line(site: Any) -> None:
    site.write("config.yaml", "publication: 5\n")
    done = subprocess.run(
        [sys.executable, "-m", "publisher.cli.sample"],
        cwd=site.folder,
        env={"PYTHONPATH": str(Path(sample.__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (78, 1)
