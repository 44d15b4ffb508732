"""What a report changes: exactly the delivery that its token names, the address, the subscription; once."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import Message
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from publisher import links
from publisher.delivering import retrying
from publisher.delivering.messages import Composer
from publisher.delivering.notices import Desk
from publisher.model.editors import COMMAND_LINE
from publisher.model.mail import Piece
from publisher.store import notices

ADA, BEN = "ada@example.org", "ben@example.org"
Report = Callable[..., str]


def leave_address(mail: Message) -> str:
    found = re.search(r"<(mailto:[^>]+)>", str(mail["List-Unsubscribe"]))
    assert found
    assert urlsplit(found[1]).query == "subject=unsubscribe"
    return unquote(urlsplit(found[1]).path)


def test_an_unknown_mailbox_bounces_the_delivery_and_suppresses_the_address(
    newsroom: Any, report: Report, clock: Any
) -> None:
    mails = newsroom.send()
    left = newsroom.row(ADA).finished_at
    clock.move(hours=1)
    received = newsroom.hear(report(mails[ADA], "5.1.1", "550 5.1.1 <ada@example.org>: User unknown"))
    assert (received.kind, received.outcome, received.status) == ("hard", "done", "5.1.1")
    row = newsroom.row(ADA)
    assert (row.status, row.code) == ("bounced", 550)
    assert row.reply == "550 5.1.1 <ada@example.org>: User unknown"
    assert row.finished_at == left
    assert newsroom.events(ADA)[-1] == ("sent", "bounced")
    assert newsroom.suppressed() == {ADA: "hard bounce"}
    assert newsroom.counts() == {"sent": 1, "bounced": 1}
    assert newsroom.reports() == [("hard", ADA)]
    clock.move(days=1)
    assert list(newsroom.send()) == [BEN]


@pytest.mark.parametrize("by", ["recipient", "return path", "message id", "upper case"])
def test_every_trace_of_ours_names_the_delivery(newsroom: Any, report: Report, by: str) -> None:
    mail = newsroom.send()[BEN]
    verp, elsewhere = mail["Return-Path"].strip("<>"), "postmaster@courier.example"
    text = {
        "recipient": report(mail, returned="Subject: News\n"),
        "return path": report(mail, to=elsewhere, returned=f"Return-Path: <{verp}>\n"),
        "message id": report(mail, to=elsewhere, returned=f"Message-ID: {mail['Message-ID']}\n"),
        "upper case": report(mail, to=verp.upper(), returned="Subject: News\n"),
    }[by]
    assert newsroom.hear(text).outcome == "done"
    assert (newsroom.status(BEN), newsroom.status(ADA)) == ("bounced", "sent")


def test_what_is_forged_changes_nothing(newsroom: Any, report: Report, complaint: Any) -> None:
    mail = newsroom.send()[ADA]
    verp = mail["Return-Path"].strip("<>")
    body, mac = verp.partition("+")[2].partition("@")[0][:-24], verp.partition("@")[0][-24:]
    altered = [
        f"bounces+{body}{'0' * 24}@courier.example",
        f"bounces+{int(body, 16) + 1:0{len(body)}x}{mac}@courier.example",
        "bounces@courier.example",
        "ada@example.org",
    ]
    for to in altered:
        forged = report(mail, to=to, returned="Subject: News\nMessage-ID: <1@courier.example>\n")
        assert newsroom.hear(forged).outcome == "unmatched"
    bare = complaint(mail).replace(verp, "bounces@courier.example")
    bare = bare.replace(mail["Message-ID"], "<1@courier.example>")
    assert newsroom.hear(bare).outcome == "unmatched"
    stranger = f"To: {altered[0]}\nFrom: eve@example.org\nSubject: unsubscribe\n\nunsubscribe\n"
    assert newsroom.hear(stranger).outcome == "unmatched"
    assert newsroom.counts() == {"sent": 2}
    assert newsroom.suppressed() == {}
    assert newsroom.reports() == []
    assert set(newsroom.subscriptions().values()) == {"confirmed"}


def test_a_report_counts_once_however_often_it_comes(newsroom: Any, report: Report) -> None:
    mail = newsroom.send()[ADA]
    text = report(mail, "5.3.0")
    assert newsroom.hear(text).outcome == "done"
    assert newsroom.hear(text).outcome == "repeated"
    assert newsroom.hear(text.replace("\n", "\r\n")).outcome == "repeated"
    assert newsroom.hear("X-Spam-Score: 1\n" + text).outcome == "repeated"
    assert newsroom.reports() == [("hard", ADA)]
    assert newsroom.events(ADA).count(("sent", "bounced")) == 1


def test_what_a_server_thinks_of_us_suppresses_nobody(newsroom: Any, report: Report) -> None:
    mail = newsroom.send()[ADA]
    assert newsroom.hear(report(mail, "5.7.1", "554 5.7.1 blocked")).outcome == "done"
    assert newsroom.status(ADA) == "bounced"
    assert newsroom.suppressed() == {}


def test_a_delay_a_success_and_a_vacation_are_nothing(newsroom: Any, report: Report) -> None:
    mail = newsroom.send()[ADA]
    assert newsroom.hear(report(mail, "4.4.1", action="delayed")).outcome == "ignored"
    assert newsroom.hear(report(mail, "2.0.0", action="delivered")).outcome == "ignored"
    vacation = (
        f"To: {mail['Return-Path']}\nFrom: {ADA}\nSubject: Re: News\nAuto-Submitted: auto-replied\n\n550\n"
    )
    assert newsroom.hear(vacation)[:2] == ("reply", "ignored")
    to_leave = vacation.replace(mail["Return-Path"], leave_address(mail))
    assert newsroom.hear(to_leave).outcome == "ignored"
    assert newsroom.counts() == {"sent": 2}
    assert newsroom.reports() == []
    assert newsroom.subscriptions()[ADA] == "confirmed"


def test_a_report_about_several_is_read_for_the_one_we_wrote_to(newsroom: Any, report: Report) -> None:
    mail = newsroom.send()[ADA]
    also = "\nFinal-Recipient: rfc822; {}\nAction: {}\nStatus: {}\n\n--b\nContent-Type: text/rfc822-headers"
    both = report(mail, "5.1.1", address="old@example.org")
    both = both.replace("\n--b\nContent-Type: text/rfc822-headers", also.format(ADA, "relayed", "2.1.5"), 1)
    assert newsroom.hear(both).outcome == "ignored"
    assert newsroom.status(ADA) == "sent"


def test_a_complaint_suppresses_at_once_and_leaves_the_delivery(newsroom: Any, complaint: Any) -> None:
    mail = newsroom.send()[ADA]
    received = newsroom.hear(complaint(mail))
    assert (received.kind, received.outcome) == ("complaint", "done")
    assert newsroom.suppressed() == {ADA: "complaint"}
    assert newsroom.status(ADA) == "sent"


def test_a_mail_to_the_address_for_leaving_ends_that_subscription_alone(
    newsroom: Any, subscribe: Any, clock: Any
) -> None:
    mails = newsroom.send()
    to = leave_address(mails[ADA])
    assert to.startswith("bounces+")
    assert to != leave_address(mails[BEN])
    text = f"From: somebody@elsewhere.example\nTo: {to}\nSubject: unsubscribe\n\n"
    assert newsroom.hear(text)[:2] == ("unsubscribe", "done")
    assert newsroom.subscriptions() == {ADA: "unsubscribed", BEN: "confirmed"}
    assert newsroom.hear(text).outcome == "repeated"
    clock.move(days=1)
    assert list(newsroom.send()) == [BEN]
    subscribe(newsroom.p, ADA)
    assert newsroom.hear(text).outcome == "repeated", "the old mail does not end what was begun anew"
    by_hand = text.replace("Subject: unsubscribe", "Subject: please stop").replace("somebody", "Ada")
    assert newsroom.hear(by_hand)[:2] == ("unsubscribe", "done")
    assert newsroom.subscriptions()[ADA] == "unsubscribed"


def test_a_test_copy_and_a_quoted_address_end_nothing(newsroom: Any) -> None:
    mail = newsroom.send()[ADA]
    nobody = f"bounces+{links.leave_token(newsroom.p.keys, 0)}@courier.example"
    assert newsroom.hear(f"To: {nobody}\nSubject: unsubscribe\n\n").outcome == "unmatched"
    quoted = f"To: daily@courier.example\nSubject: unsubscribe\n\nI mean {leave_address(mail)}\n"
    assert newsroom.hear(quoted).outcome == "unmatched"
    assert newsroom.subscriptions()[ADA] == "confirmed"


def test_a_report_about_an_earlier_message_leaves_the_newer_one(
    newsroom: Any, report: Report, clock: Any
) -> None:
    first = newsroom.send()[ADA]
    assert newsroom.hear(report(first, "5.3.0")).outcome == "done"
    retrying.retry(newsroom.p.store, COMMAND_LINE, newsroom.editions[-1], "bounced", clock())
    second = newsroom.delivered()[ADA]
    assert second["Message-ID"] != first["Message-ID"]
    assert newsroom.status(ADA) == "sent"
    assert newsroom.hear(report(first, "5.2.2")).outcome == "done"
    assert newsroom.status(ADA) == "sent"


def test_a_notice_that_comes_back(newsroom: Any, report: Report, clock: Any) -> None:
    p = newsroom.p
    desk = Desk.of(Composer(p.store, p.config, p.keys))
    with p.store.write() as tx:
        desk.queue_words(tx, "word", "eve@example.org", "Hello", Piece("<p>x</p>", "x"), clock())
    mail = newsroom.delivered()["eve@example.org"]
    assert newsroom.hear(report(mail)).outcome == "done"
    with p.store.read() as tx:
        (row,) = notices.listed(tx)
    assert (row.status, row.reply) == ("bounced", "550 5.1.1 no")
    assert newsroom.suppressed() == {"eve@example.org": "hard bounce"}
