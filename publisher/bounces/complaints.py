"""Complaints in the abuse reporting format (RFC 5965), and in the older one of Microsoft's programme."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.bounces.fields import Group, address, first, groups
from publisher.bounces.mime import Part
from publisher.bounces.verdict import Verdict

_TYPES = {"message/feedback-report", "text/feedback-report"}
# who reported a mail as no spam, or reports on authentication (RFC 6591), does not complain
_NO_COMPLAINT = {"not-spam", "auth-failure", "dmarc", "dkim", "spf"}
_MICROSOFT = "x-hmxmroriginalrecipient"


def complaint(parts: Sequence[Part]) -> Verdict | None:
    """The complaint in a mail; None where it is no feedback report."""
    reports = [part for part in parts if part.type in _TYPES]
    if reports:
        return _read({name: values for group in groups(reports[0].text) for name, values in group.items()})
    for part in parts:
        if part.nested == 1 and (named := part.get(_MICROSOFT)):
            return Verdict("complaint", text="abuse", addresses=(address(named),))
    return None


def _read(report: Group) -> Verdict:
    kind = first(report, "feedback-type").strip().lower() or "abuse"
    fields = ("original-rcpt-to", "removal-recipient")
    named = [address(value) for name in fields for value in report.get(name, ())]
    names = tuple(dict.fromkeys(name for name in named if name))
    return Verdict("nothing" if kind in _NO_COMPLAINT else "complaint", text=kind[:60], addresses=names)
