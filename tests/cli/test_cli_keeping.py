"""Test copies, backup and restore, as one types them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest


@pytest.fixture
def held(site: Any) -> str:
    """An edition that nobody has sent yet."""
    site("subscribers", "add", "ada@example.org")
    site("gather")
    return str(site("cut", "daily", "--now", "--json").json["edition"])


def test_a_test_copy_leaves_at_once_and_the_edition_stays_held(site: Any, held: str) -> None:
    ran = site("test-send", held, "ed@example.org", "ede@example.org", "--json")
    assert ran.code == 0, ran.err
    assert [(c["address"], c["status"]) for c in ran.json["copies"]] == [
        ("ed@example.org", "sent"),
        ("ede@example.org", "sent"),
    ]
    subjects = {message_from_bytes(b, policy=policy.SMTP)["Subject"] for b in site.sent()}
    assert subjects == {"[Test] High water"}
    assert site("status", held, "--json").json["state"] == "held"
    assert site("send", held).code == 0
    assert len(site.sent()) == 3
    for wrong, code in (("nobody", 65), ("daily/9", 66)):
        edition, to = (held, wrong) if code == 65 else (wrong, "ed@example.org")
        assert site("test-send", edition, to).code == code
    assert len(site.sent()) == 3


def test_without_a_server_the_copies_wait_and_the_exit_code_says_so(site: Any, held: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    smtp = f"{{host: 127.0.0.1, port: {port}, security: none}}"
    config = (site.folder / "config.yaml").read_text()
    site.write("config.yaml", f"{config}mail: {{transport: smtp, smtp: {smtp}}}\n")
    ran = site("test-send", held, "ed@example.org")
    assert (ran.code, "the copies wait" in ran.err) == (75, True)
    assert "queued" in ran.out
    site.write("config.yaml", config)
    assert site("deliver").code == 0
    assert [message_from_bytes(b)["To"] for b in site.sent()] == ["ed@example.org"]


def test_a_backup_is_restored_gathered_and_acknowledged(site: Any, mailed: Callable[[], list[bytes]]) -> None:
    site("subscribers", "add", "ada@example.org")
    copy = str(site.folder / "copy.db")
    ran = site("backup", copy, "--json")
    assert (ran.code, set(ran.json)) == (0, {"file", "bytes", "seconds"})
    (message,) = mailed()
    ran = site("restore", copy)
    assert ran.code == 0, ran.err
    assert "publisher.db.before-restore-" in ran.out
    assert "publisher gather" in ran.out
    assert "1 subscriber" in ran.err
    assert "restored on" in site("status").err
    early = site("acknowledge", "--restore")
    assert (early.code, "publisher gather" in early.err) == (65, True)
    assert site("gather").code == 0
    held_back = site("cut", "daily", "--now")
    assert (held_back.code, "acknowledge --restore" in held_back.err) == (65, True)
    ran = site("acknowledge", "--restore", "--covered-until", _now(), "--json")
    assert (ran.code, ran.json) == (0, {"covered": 1, "cancelled": 0}), ran.err
    assert site("acknowledge", "--restore").code == 65
    assert site("cut", "daily", "--now", "--json").json["edition"] is None, "nothing is new to her"
    assert site.sent() == [message]


def test_a_store_put_back_by_other_means_is_marked(site: Any, held: str) -> None:
    ran = site("restore", "--mark", "--json")
    assert (ran.code, ran.json) == (0, {"restored": None, "kept": None, "unknown": 0})
    for command in (("send", held), ("test-send", held, "ed@example.org"), ("deliver",), ("tick",)):
        ran = site(*command)
        assert (ran.code, "publisher acknowledge --restore" in ran.err) == (65, True), command
    assert site("gather").code == 0
    assert site("acknowledge", "--restore").code == 0
    assert site("send", held).code == 0
    assert len(site.sent()) == 1


def test_what_cannot_be_kept_or_put_back_is_said(site: Any) -> None:
    assert site("restore").code == 64
    assert site("restore", "x.db", "--mark").code == 64
    assert site("acknowledge").code == 64
    assert site("acknowledge", "daily/1", "--restore").code == 64
    assert site("acknowledge", "daily/1", "--covered-until", "2026-11-21").code == 64
    assert site("acknowledge", "--restore", "--covered-until", "soon").code == 64
    assert site("restore", "absent.db").code == 66
    assert site("backup", "no/such/folder/copy.db").code == 74
    config = (site.folder / "config.yaml").read_text()
    site.write("config.yaml", f"{config}store: postgresql://somebody@db.example/courier\n")
    for command, tool in (("backup", "pg_dump"), ("restore", "pg_restore")):
        ran = site(command, "copy.db")
        assert (ran.code, tool in ran.err) == (65, True)


def _now() -> str:
    return datetime.now(UTC).isoformat()
