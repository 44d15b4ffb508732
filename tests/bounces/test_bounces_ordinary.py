"""Mails that speak of bounces and are none: of people, newsletters, shops, phishers and mail systems."""

from __future__ import annotations

import pytest

from publisher.bounces import classify

ADA, SHOP = "Ada <ada@reader.example>", "Shop <noreply@shop.example>"
LIST = "List-Id: <news.mail.example>\nList-Unsubscribe: <mailto:off@mail.example>\n"
OPEN = [  # with a sender in the envelope: from whom, what about, which words, what else in the header
    (
        ADA,
        "Fwd: Undelivered Mail Returned to Sender",
        "<you@x.example>: host said: 550 5.1.1 no such user",
        "",
    ),
    (ADA, "Re: Undelivered Mail Returned to Sender", "The user unknown error is ours; fixed now.", ""),
    (ADA, "Re: The harvest", "My mailbox is full, please write to bob@reader.example from now on.", ""),
    (ADA, "Question about delivery", "My provider says 550 5.7.1 blocked. What does it mean?", ""),
    (ADA, "Problem sending you a present", "I had trouble sending it: the shop says unknown address.", ""),
    (SHOP, "Your parcel could not be delivered", "It could not be delivered to Main Street 5: unknown.", ""),
    (SHOP, "Delivery failed: parcel 12345", "We were unable to deliver your parcel.", ""),
    (SHOP, "Mailbox full - action required", "Your mailbox is full, confirm ada@reader.example here.", ""),
    (SHOP, "Delivery problems explained", "user@example.com: 550 5.1.1 user unknown\n\nand more.", LIST),
    (SHOP, "Returned mail: a history", "In 1982 the first returned mail failed.", LIST),
    ("postmaster@reader.example", "Maintenance", "Mails can not be delivered on Sunday.", ""),
    (SHOP, "Please confirm (request from a filter)", "Unconfirmed mails cannot be delivered.", ""),
]
NULL = [  # with the empty sender of a bounce
    (ADA, "Re: The harvest", "I changed jobs; my mailbox ada@reader.example does not exist from July.", ""),
    (ADA, "Your mail to support", "If you get a delivery failure write to bob@reader.example.", ""),
    (ADA, "Thank you", "Unknown senders are checked, rejected mails deleted: abuse@reader.example", ""),
    (ADA, "Moved", "Mail to ada@reader.example is not delivered. Write to ada@new.example.", ""),
    ("Filter <filter@reader.example>", "Spam digest", "3 mails blocked: 550 5.7.1", ""),
    ("MAILER-DAEMON@x.example", "Successful Mail Delivery Report", "<ada@reader.example>: 250 2.0.0 Ok", ""),
]


@pytest.mark.parametrize(("sender", "subject", "words", "more"), OPEN, ids=[each[1] for each in OPEN])
def test_no_bounce_with_a_sender(sender: str, subject: str, words: str, more: str) -> None:
    mail = f"Return-Path: <x@reader.example>\nFrom: {sender}\nSubject: {subject}\n{more}\n{words}\n"
    assert classify(mail.encode()).kind == "nothing"


@pytest.mark.parametrize(("sender", "subject", "words", "more"), NULL, ids=[each[1] for each in NULL])
def test_no_bounce_without_a_sender(sender: str, subject: str, words: str, more: str) -> None:
    mail = f"Return-Path: <>\nFrom: {sender}\nSubject: {subject}\n{more}\n{words}\n"
    assert classify(mail.encode()).kind == "nothing"
