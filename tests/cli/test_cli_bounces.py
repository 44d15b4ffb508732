"""`publisher bounces`: a file, a Maildir, standard input; counts for people and for machines."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parent.parent / "bounces/samples"
KEYS = {"hard", "soft", "complaints", "ignored", "unmatched", "unsubscribed", "repeated", "reports"}


@pytest.fixture
def returned(site: Any, mailed: Callable[[], list[bytes]]) -> bytes:
    """A report about a mail that was really sent."""
    assert site("subscribers", "add", "ada@example.org").code == 0
    (mail,) = mailed()
    verp = message_from_bytes(mail)["Return-Path"].strip("<>")
    sample = (SAMPLES / "postfix-unknown-user.eml").read_text()
    theirs = "bounces+b15d01a4c2f93e7f60d5b8a1c2e3f4a5b6@courier.example"
    return sample.replace(theirs, verp).replace("ada@reader.example", "ada@example.org").encode()


def test_a_file_and_a_maildir(site: Any, returned: bytes) -> None:
    site.write("one.eml", returned)
    found = site("bounces", "one.eml", "--json")
    assert found.code == 0
    assert set(found.json) == KEYS
    (said,) = found.json["reports"]
    assert (said["mail"], said["kind"], said["outcome"], said["status"]) == (
        "one.eml",
        "hard",
        "done",
        "5.1.1",
    )
    assert site("suppressions", "list", "--json").json[0]["reason"] == "hard bounce"
    (row,) = site("deliveries", "daily/1", "--json").json
    assert (row["status"], row["code"]) == ("bounced", 550)
    site.write("box/new/1.a", returned)
    site.write("box/cur/2.b:2,", (SAMPLES / "reply-outlook.eml").read_bytes())
    site.write("box/tmp/3.c", b"not there yet")
    again = site("bounces", "box", "--json").json
    counts = {name: again[name] for name in KEYS - {"reports"} if again[name]}
    assert counts == {"hard": 1, "ignored": 1, "repeated": 1}
    assert sorted(f.name for f in (site.folder / "box/cur").iterdir()) == ["1.a:2,S", "2.b:2,S"]


def test_what_names_nothing_of_ours_is_counted_and_changes_nothing(site: Any) -> None:
    found = site("bounces", *map(str, sorted(SAMPLES.glob("*.eml"))), "--json").json
    kinds = [each["kind"] for each in json.loads((SAMPLES / "expected.json").read_text()).values()]
    for name, kind in (("hard", "hard"), ("soft", "soft"), ("complaints", "complaint")):
        assert found[name] == kinds.count(kind) > 2
    total = sum(found[name] for name in ("hard", "soft", "complaints", "unsubscribed", "ignored"))
    assert total == len(found["reports"]) == len(list(SAMPLES.glob("*.eml")))
    assert found["unmatched"] == total - found["ignored"]
    assert site("suppressions", "list", "--json").json == []
    people = site("bounces", str(SAMPLES / "arf-abuse.eml"))
    assert "1 complaints" in people.out
    assert "names nothing sent from here" in people.err


def test_killed_while_it_reads_a_maildir(site: Any, returned: bytes) -> None:
    mails = {f"{n:04}.a": b"X-Number: %d\n%b" % (n, returned) for n in range(600)}
    for name, mail in mails.items():
        site.write(f"box/new/{name}", mail)
    (site.folder / "box/cur").mkdir()
    process = site.start("bounces", "box", "--json")
    while not len(list((site.folder / "box/cur").iterdir())) > 20:
        assert process.poll() is None, "it was too fast for this test"
        time.sleep(0.002)
    process.kill()
    process.wait()
    left = len(list((site.folder / "box/new").iterdir()))
    assert left > 0
    again = site("bounces", "box", "--json").json
    assert left - 1 <= again["hard"] <= left + 1
    assert again["repeated"] == again["hard"]
    found = {file.name: file.read_bytes() for file in (site.folder / "box").rglob("*") if file.is_file()}
    assert found == {f"{name}:2,S": mail for name, mail in mails.items()}
    (row,) = site("deliveries", "daily/1", "--json").json
    assert row["status"] == "bounced"


def test_standard_input(site: Any, returned: bytes) -> None:
    with site.start("bounces", "-", "--json", stdin=subprocess.PIPE, text=False) as process:
        out, _ = process.communicate(returned + b"x" * 5_000_000, timeout=30)
        assert process.returncode == 0
    assert b'"hard": 1' in out
    assert b'"source"' not in out


def test_what_is_not_there(site: Any) -> None:
    found = site("bounces", "nothing.eml")
    assert found.code == 66
    assert found.err == "publisher: nothing.eml: no such file or Maildir\n"
    assert site("bounces").code == 64


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{}", "expected either maildir or imap"),
        ("{maildir: a, imap: {host: h, username: u, password_env: P}}", "expected either maildir or imap"),
        ("{mailbox: a}", "mail.bounce_mailbox.mailbox: unknown key; did you mean 'maildir'?"),
        ("{imap: {host: h, username: u}}", "password_env or password_file: expected one of them"),
        ("{imap: {host: h, username: u, password_env: P, security: none}}", "expected tls or starttls"),
        ("{imap: {username: u, password_env: P}}", "mail.bounce_mailbox.imap.host: is missing"),
    ],
)
def test_a_mailbox_that_is_configured_wrongly(site: Any, written: str, said: str) -> None:
    text = (site.folder / "config.yaml").read_text()
    site.write("wrong.yaml", f"{text}mail:\n  bounce_mailbox: {written}\n")
    found = site("check", config="wrong.yaml")
    assert found.code == 78
    assert said in found.err
    site.write("hooks.yaml", f"{text}web:\n  webhooks: {{ses: {{topic: bounces}}}}\n")
    assert "expected a topic such as arn:aws:sns:" in site("check", config="hooks.yaml").err
