"""What people get wrong ends in one line that names the place, and the rest goes on."""

from __future__ import annotations

import email
import os
import shutil
import socket
from collections.abc import Callable
from email.header import decode_header, make_header
from typing import Any

import pytest


def test_a_broken_article_is_named_and_the_others_go_on(site: Any) -> None:
    site.write("content/broken.md", "---\ntitle: Tides\ndate: [2026\n---\nText.\n")
    site.write("content/late.md", "---\ntitle: Late\ndate: tomorrow-ish\n---\nText.\n")
    ran = site("gather", "--json")
    assert (ran.code, ran.json["new"]) == (1, 1)
    assert {(r["path"].rpartition("/")[2], r["line"]) for r in ran.json["refused"]} == {
        ("broken.md", 3),
        ("late.md", 3),
    }
    assert len(ran.err.splitlines()) == 2
    assert "late.md:3: date: " in ran.err


@pytest.mark.parametrize(
    ("template", "text", "place"),
    [
        ("mail/item.txt", "{% if %}\n", "mail/item.txt:1: "),
        (
            "mail/lead.html",
            "<p>fine</p>\n<p>{{ stroy.title }}</p>\n",
            "mail/lead.html:2: 'stroy' is undefined",
        ),
        ("mail/footer.html", '<p>x</p>\n<a title="{{ subscriber.name }}">x</a>\n', "mail/footer.html:2: "),
        ("mail/frame.html", "{{ subscriber.name | upper }}\n", "mail/frame.html:1: "),
        ("pages/index.html", "\n\n{% block main %}\n", "pages/index.html:3: "),
    ],
)
def test_a_fault_in_a_template_has_file_and_line(site: Any, template: str, text: str, place: str) -> None:
    site("gather")
    site("subscribers", "add", "ann@example.org")
    site.write(f"templates/{template}", text)
    # a digest of one article has no further items
    site.write("content/two.md", "---\ntitle: Two\ndate: 2026-11-19\n---\nText.\n")
    ran = (
        site("build") if template.startswith("pages") else (site("gather"), site("cut", "daily", "--now"))[1]
    )
    assert ran.code == 65
    assert place in ran.err
    assert len(ran.err.splitlines()) == 1


NASTY = {
    "break": ("Tides\r\nBcc: all@example.org", "Tides Bcc: all@example.org"),
    "encoded": ("=?utf-8?q?x=0d=0aBcc:_all=40example.org?=", None),
    "separator": ("Tides\u2028Bcc: all@example.org", "Tides Bcc: all@example.org"),
    "long": ("Ebb " * 400, None),
}


@pytest.mark.parametrize("name", NASTY)
def test_no_title_makes_a_header(site: Any, mailed: Callable[[], list[bytes]], name: str) -> None:
    title, reads = NASTY[name]
    site.write("content/tides.md", f"---\ntitle: {_quoted(title)}\ndate: 2026-11-20\n---\nAt noon.\n")
    site("subscribers", "add", "ann@example.org")
    (raw,) = mailed()
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    assert max(map(len, head.split(b"\n"))) < 998
    names = [
        line.partition(b":")[0].lower() for line in head.split(b"\n") if not line.startswith((b" ", b"\t"))
    ]
    assert b"bcc" not in names
    assert names.count(b"subject") == 1
    subject = email.message_from_bytes(raw)["Subject"]
    if reads:
        assert " ".join(str(make_header(decode_header(subject))).split()) == reads


def _quoted(text: str) -> str:
    return '"' + text.replace("\r", "\\r").replace("\n", "\\n").replace("\u2028", "\\L") + '"'


@pytest.mark.parametrize("title", ['"Daily\\nBcc: x@example.org"', '"=?utf-8?q?x?="', '"Daily\\LBriefing"'])
def test_a_newsletter_title_with_a_line_break_is_refused(site: Any, title: str) -> None:
    site.write("config.yaml", f"newsletters:\n  daily:\n    title: {title}\n")
    ran = site("gather")
    assert ran.code == 78
    assert ran.err.startswith("publisher: config.yaml:3: newsletters.daily.title: expected one plain line")
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a@x.org, b@y.org"], "address: expected one address"),
        (["a@x.org\nbcc: b@y.org"], "address: expected one address"),
        (["a@x.org\n"], "address: expected one address"),
        (["Ann <a@x.org>"], "address: expected one address"),
        (["a@localhost"], "address: expected one address"),
        (["ä\u200b@x.org"], "address: expected one address"),
        (["a" * 65 + "@x.org"], "expected at most 64 characters before the @"),
        (["a@" + "x" * 260 + ".org"], "expected at most 254 characters"),
        (["a@x.org", "--name", "Ann\r\nBcc: b@y.org"], "name: expected one plain line"),
        (["a@x.org", "--name", "=?utf-8?q?Ann?="], "name: expected one plain line"),
        (["a@x.org", "--hour", "24"], "hour: expected 0 to 23"),
        (["a@x.org", "--day", "0"], "day: expected 1 to 31"),
        (["a@x.org", "--weekday", "someday"], "weekday: expected a name such as monday"),
        (["a@x.org", "--zone", "Mars/Base"], "zone: expected a time zone"),
        (["a@x.org", "--language", "Klingon!"], "language: expected a language tag"),
        (["a@x.org", "--status", "maybe"], "status: expected pending, confirmed, unsubscribed"),
    ],
)
def test_what_cannot_be_a_subscriber_is_refused(site: Any, arguments: list[str], says: str) -> None:
    ran = site("subscribers", "add", *arguments)
    assert ran.code == 65
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert site("subscribers", "export").out.count("\n") == 1


def test_several_newsletters_and_none(site: Any) -> None:
    site.write("config.yaml", "newsletters: {daily: {}, letter: {}}\n")
    assert "--newsletter)? there is: daily, letter" in site("subscribers", "add", "a@x.org").err
    site.write("config.yaml", "publication: {}\n")
    assert "the configuration has none" in site("subscribers", "add", "a@x.org").err


def test_a_port_that_is_taken(site: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ran = site("serve", "--port", str(other.getsockname()[1]))
    assert ran.code == 65
    assert ran.err.startswith("publisher: cannot listen on 127.0.0.1:")
    assert len(ran.err.splitlines()) == 1


def test_places_that_cannot_be_written(site: Any) -> None:
    site.write("public", "a file where the folder should be")
    ran = site("build")
    assert ran.code in (65, 74)
    assert "public" in ran.err
    assert len(ran.err.splitlines()) == 1
    site.write("config.yaml", "store: sqlite:///config.yaml/publisher.db\n")
    ran = site("gather")
    assert (ran.code, len(ran.err.splitlines())) == (74, 1)
    site.write("config.yaml", "store: sqlite:///content/tides.md\n")
    ran = site("gather")
    assert (ran.code, ran.err) == (74, "publisher: the store is unreadable: file is not a database\n")
    site.write("config.yaml", "store: mysql://x:secret@y/z\n")
    ran = site("gather")
    assert (ran.code, "secret" in ran.err) == (78, False)


@pytest.mark.skipif(os.getuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
@pytest.mark.parametrize(
    ("place", "mode", "command", "code", "says"),
    [
        ("public", 0o500, "build", 74, "public"),
        ("var/publisher.db", 0o400, "subscribers add ann@example.org", 74, "readonly"),
        ("config.yaml", 0, "gather", 78, "publisher: config.yaml: cannot be read: Permission denied\n"),
        ("readers.csv", 0, "subscribers import readers.csv", 64, "'readers.csv' is not readable"),
    ],
)
def test_places_without_permission(
    site: Any, place: str, mode: int, command: str, code: int, says: str
) -> None:
    there = site.folder / place
    if place == "readers.csv":
        there.touch()
    elif place == "public":
        there.mkdir()
    there.chmod(mode)
    powers = "-dac_override,-dac_read_search"
    plain = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if os.getuid() == 0 else []
    started = site.start(*command.split(), before=plain)
    _, err = started.communicate(timeout=20)
    there.chmod(0o700)
    assert (started.returncode, len(err.splitlines())) == (code, 1)
    assert says in err


def test_a_full_disk_behind_stdout(site: Any) -> None:
    site("gather")
    with open("/dev/full", "w") as full:
        started = site.start("articles", stdout=full)
        _, err = started.communicate(timeout=20)
    assert (started.returncode, err) == (74, "publisher: output: No space left on device\n")
