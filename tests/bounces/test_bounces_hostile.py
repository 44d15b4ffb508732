"""Mails that are made to hurt: no exception, no long wait, and no verdict from what a mail merely quotes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.bounces import LARGEST, classify

SAMPLES = [file.read_bytes() for file in sorted((Path(__file__).parent / "samples").glob("*.eml"))]
REPORT = b'Content-Type: multipart/report; boundary="b"\n\n'
STATUS = b"--b\nContent-Type: message/delivery-status\n\n"


@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_mail_is_read_all_the_same(sample: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(at, min(at + 300, len(sample))))
    damaged = sample[:at] + data.draw(st.binary(max_size=40)) + sample[end:]
    assert classify(damaged).kind in ("hard", "soft", "complaint", "reply", "unsubscribe", "nothing")


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_mail(data: bytes) -> None:
    assert classify(data) == classify(data)
    classify(REPORT + STATUS + data)


@pytest.mark.parametrize(
    "mail",
    [
        b"From: MAILER-DAEMON@x\nSubject: failure notice\n\n" + b"a" * LARGEST,
        b"From: MAILER-DAEMON@x\nSubject: failure notice\n\n" + b"<a@b.example> failed 550 " * 80_000,
        b"From: MAILER-DAEMON@x\nSubject: failure notice\n\n" + b"a@" * 900_000,
        b"From: MAILER-DAEMON@x\nContent-Type: text/html\n\n" + b"<" * LARGEST,
        b"Subject: " + b"=?utf-8?q?" * 100_000 + b"\n\n",
        b"Content-Type: text/plain;" + b" x=" * 500_000 + b"\n\n",
        b"Content-Type: message/rfc822\n\n" * 60_000,
        b'Content-Type: multipart/mixed; boundary="a"\n\n' + b"--a\n" * 400_000,
        b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(20_000)),
        REPORT + STATUS + b"Final-Recipient: rfc822; a@b.example\n" * 40_000,
        REPORT + STATUS + b"Status: " + b"(" * LARGEST,
        b"X: " + b"0123456789abcdef" * 100_000 + b"@x\n\n" + b"f" * 26 + b"@" * 500_000,
        b"Received: " + b"for <a" * 300_000 + b"\n\n",
        b"From: x@y.example\nSubject: hello\n\n" + b"\n" * LARGEST,
    ],
    ids=lambda mail: f"{mail[:24]!r}+{len(mail)}",
)
def test_a_huge_mail_takes_no_long_time(mail: bytes) -> None:
    begun = time.process_time()
    classify(mail)
    assert time.process_time() - begun < 4


def test_what_stands_behind_the_cap_is_not_looked_at() -> None:
    padding = b"X-Padding: %s\n" % (b"x" * 900)
    mail = (
        padding * (LARGEST // len(padding) + 1) + REPORT + STATUS + b"Final-Recipient: rfc822; a@b.example\n"
    )
    assert classify(mail).kind == "nothing"


def test_the_large_mail_that_it_returns_does_not_hide_a_report() -> None:
    report = REPORT + STATUS + b"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n"
    mail = report + b"--b\nContent-Type: message/rfc822\n\nSubject: x\n\n" + b"padding\n" * 1_000_000
    assert (classify(mail).kind, classify(mail).status) == ("hard", "5.1.1")


def test_a_report_that_somebody_quotes_to_us_is_their_letter() -> None:
    letter = b"From: ann@example.org\nTo: daily@courier.example\nSubject: Re: Undelivered Mail\n\nWhy?\n\n"
    quoted = b"> The following message could not be delivered: 550 5.1.1 unknown\n"
    assert classify(letter + quoted).kind == "nothing"
