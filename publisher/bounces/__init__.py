"""From the bytes of a mail that came back to a verdict: bounce, complaint, automatic reply, or nothing."""

from __future__ import annotations

from dataclasses import replace

from publisher.bounces import complaints, heuristics, replies, reports, second_opinion, traces
from publisher.bounces.mime import LARGEST, Part, parse, walk
from publisher.bounces.verdict import Failure, Kind, Traces, Verdict, of_failures

__all__ = ["LARGEST", "Failure", "Kind", "Traces", "Verdict", "classify", "of_failures"]


def classify(data: bytes) -> Verdict:
    """Read a mail, of which at most `LARGEST` bytes count. It never fails: what it cannot read is nothing.

    Reports with a delivery-status part (RFC 3464) and complaints (RFC 5965) first, then requests to
    unsubscribe, reports in free text, automatic replies (RFC 3834), and a second opinion by flufl.bounce.
    """
    mail = parse(data)
    parts = walk(mail)
    return replace(_verdict(mail, parts, data), traces=traces.of_mail(mail, parts))


def _verdict(mail: Part, parts: list[Part], data: bytes) -> Verdict:
    if complaint := complaints.complaint(parts):
        return complaint
    if (reported := reports.failures(parts)) is not None and reported:
        return of_failures(reported)
    if replies.asks_to_unsubscribe(mail, reports.human_text(parts)):
        return Verdict("unsubscribe")
    automatic = replies.automatic(mail, parts)
    if automatic and not heuristics.from_a_mail_system(mail):
        return Verdict("reply")
    found = heuristics.failures(mail, parts)
    if not found and heuristics.looks_like_a_report(mail):
        found = second_opinion.failures(data)
    return of_failures(found) if found else Verdict("reply" if automatic else "nothing")
