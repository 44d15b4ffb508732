"""Automatic replies (RFC 3834), and mails that ask to unsubscribe."""

from __future__ import annotations

import re

from publisher.bounces.mime import Part

_SUBJECT = re.compile(
    r"\W*(auto(matic|mated|matische|matisch|matyczna|matisk|mātiskā)?[ -]*(reply|response|antwort|svar"
    r"|odpowied)|autoreply|auto:|.{0,200}\b(is out of (the )?office|automatic (reply|response)\))"
    r"|autoresponse|réponse automatique"
    r"|respuesta automática|risposta automatica|out of (the )?office|away from (the |my )?(office"
    r"|mail)|on vacation"
    r"|vacation\b|abwesen|automatische antwort|absence|absent|fuori sede|fuera de la oficina|ooo\b"
    r"|i am (away|out)|resposta automática|otomatik yanıt|автоответ|自動返信|自动回复)",
    re.IGNORECASE,
)
_PRECEDENCE = {"auto_reply", "auto-reply", "autoreply"}
_MARKS = (
    *(
        "x-autoreply",
        "x-autorespond",
        "x-auto-reply",
        "x-autoreply-from",
        "x-mail-autoreply",
        "x-autoresponder",
    ),
    *("x-vacation", "x-ms-exchange-inbox-rules-loop", "x-auto-response-from", "x-cron-env"),
)
_RECEIPTS = {"message/disposition-notification", "message/global-disposition-notification"}
_UNSUBSCRIBE = re.compile(r"\W*(please )?(un-?subscribe|abmelden|abbestellen)\b", re.IGNORECASE)


def automatic(mail: Part, parts: list[Part]) -> bool:
    """Whether nobody wrote this mail: a vacation note, a receipt, a machine's answer."""
    said = mail.get("auto-submitted").strip().lower()
    return (
        (bool(said) and not said.startswith("no"))
        or mail.get("precedence").strip().lower() in _PRECEDENCE
        or any(mail.get(mark) for mark in _MARKS)
        or any(part.type in _RECEIPTS for part in parts)
        or bool(_SUBJECT.match(mail.subject))
    )


def asks_to_unsubscribe(mail: Part, text: str) -> bool:
    """Whether its subject, or its first line where it has no subject, asks to be taken off."""
    if mail.subject:
        return bool(_UNSUBSCRIBE.match(mail.subject))
    return bool(_UNSUBSCRIBE.match(text.lstrip()[:200]))
