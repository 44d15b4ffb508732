"""What providers report over HTTP instead of mail: the notifications of Amazon SES and of Postmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from publisher.bounces import fields, statuses, traces
from publisher.bounces.verdict import LONGEST_TEXT, Failure, Traces, Verdict, of_failures

_MOST = 50
# what SES says where it gives no code of its own
_SES_STATUS = {
    ("Permanent", "NoEmail"): "5.1.1",
    ("Permanent", "General"): "5.0.0",
    ("Transient", "MailboxFull"): "5.2.2",
    ("Transient", "MessageTooLarge"): "5.3.4",
    ("Transient", "ContentRejected"): "5.7.1",
    ("Transient", "AttachmentRejected"): "5.7.1",
}
# an address that SES itself refuses to try: it is on its list for an earlier bounce or complaint
_SES_LISTED = {"Suppressed", "OnAccountSuppressionList"}
_POSTMARK_STATUS = {
    **{"HardBounce": "5.1.1", "BadEmailAddress": "5.1.1", "ManuallyDeactivated": "5.1.1"},
    **{"SoftBounce": "4.0.0", "Transient": "", "DnsError": "4.4.4", "Undeliverable": "5.0.0"},
    **{
        "Blocked": "5.7.1",
        "SpamNotification": "5.7.1",
        "DMARCPolicy": "5.7.1",
        "TemplateRenderingFailed": "",
    },
}
_POSTMARK_COMPLAINTS = {"SpamComplaint", "Unsubscribe"}


def ses(notification: Mapping[str, Any]) -> Verdict:
    """A bounce or complaint of SES, as notification or as event; nothing for any other.

    `mail.source` is the envelope sender, in which the token stands.
    """
    kind = str(notification.get("notificationType") or notification.get("eventType") or "")
    mail, named = _mapping(notification, "mail"), Traces()
    headers = (f"{each.get('name')}: {each.get('value')}" for each in _mappings(mail, "headers"))
    named = Traces((), traces.mentioned([str(mail.get("source", "")), *headers]))
    if kind == "Bounce":
        return _with(of_failures(_ses_failures(_mapping(notification, "bounce"))), named)
    if kind == "Complaint":
        return _with(_ses_complaint(_mapping(notification, "complaint")), named)
    return Verdict()


def postmark(payload: Mapping[str, Any]) -> Verdict:
    """A bounce or complaint of Postmark; nothing for any other record.

    What its copy of the mail mentions names the delivery, where the copy is sent along.
    """
    record, kind = str(payload.get("RecordType", "")), str(payload.get("Type", ""))
    named = Traces(
        (), traces.mentioned([str(payload.get(key, "")) for key in ("Content", "Details", "From")])
    )
    address = _addresses([payload.get("Email") or payload.get("Recipient")])
    words = str(payload.get("Details") or payload.get("Description") or "")
    text = " ".join(words.split())[:LONGEST_TEXT]
    if record == "SpamComplaint" or (record == "Bounce" and kind in _POSTMARK_COMPLAINTS):
        return Verdict("complaint", text="abuse", addresses=address, traces=named)
    status = _POSTMARK_STATUS.get(kind, "") if record == "Bounce" else ""
    if not status:
        return Verdict(traces=named)
    status = statuses.enhanced(text) or status
    return _with(of_failures((Failure(statuses.kind(status), status, text, address),)), named)


def _ses_failures(bounce: Mapping[str, Any]) -> tuple[Failure, ...]:
    kind, detail = str(bounce.get("bounceType", "")), str(bounce.get("bounceSubType", ""))
    return tuple(_ses_failure(kind, detail, each) for each in _mappings(bounce, "bouncedRecipients"))


def _ses_failure(kind: str, detail: str, each: Mapping[str, Any]) -> Failure:
    words = " ".join(str(each.get("diagnosticCode", "")).split())
    address = _addresses([each.get("emailAddress")])
    # a transient one without any words is how SES reports somebody's vacation note
    vacation = (kind, detail) == ("Transient", "General") and not words and not each.get("status")
    if vacation or str(each.get("action", "failed")).lower() == "delayed":
        return Failure("nothing", "", words[:LONGEST_TEXT], address)
    usual = _SES_STATUS.get((kind, detail), "5.0.0" if kind == "Permanent" else "4.0.0")
    said = statuses.of_field(str(each.get("status", "")))
    status = statuses.refined(said or usual, fields.typed(words))
    if detail in _SES_LISTED:
        status = "5.1.1"
    elif kind == "Permanent" and not status.startswith("5.7."):
        status = status if status.startswith("5.") else usual
    return Failure(statuses.kind(status), status, fields.typed(words)[:LONGEST_TEXT] or detail, address)


def _ses_complaint(complaint: Mapping[str, Any]) -> Verdict:
    kind = str(complaint.get("complaintFeedbackType") or "abuse")
    named = [each.get("emailAddress") for each in _mappings(complaint, "complainedRecipients")]
    return Verdict(
        "nothing" if kind == "not-spam" else "complaint", text=kind[:60], addresses=_addresses(named)
    )


def _with(verdict: Verdict, named: Traces) -> Verdict:
    return Verdict(verdict.kind, verdict.status, verdict.text, verdict.addresses, verdict.failures, named)


def _addresses(values: Iterable[Any]) -> tuple[str, ...]:
    found = (fields.address(str(value or "")) for value in values)
    return tuple(dict.fromkeys(each for each in found if each))[:_MOST]


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _mappings(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = value.get(key)
    return [each for each in found[:_MOST] if isinstance(each, Mapping)] if isinstance(found, list) else []
