"""Reports without a delivery-status part: qmail's QSBMF, the texts of Exim, Exchange, sendmail and others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from publisher.bounces import fields, reports, statuses
from publisher.bounces.mime import Part
from publisher.bounces.verdict import LONGEST_TEXT, Failure

_DAEMON = re.compile(
    r"mailer[-_ ]?daemon|mail[-_ ]?daemon|postmaster|mail delivery (sub)?system"
    r"|mdaemon|system administrator"
    r"|<>|delivery[-_ ]subsystem|mailadmin|maildelivery",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|delivery (status notification|failure|failed|problem|report|has failed|error|unsuccessful)"
    r"|failure notice|returned (e-?)?mail|mail (delivery|system) (failed|error|failure)|failed mail"
    r"|bounced? mail"
    r"|could not be delivered|non[- ]?deliver|unzustellbar|mail delivery|message status|returning message"
    r"|unable to deliver|delivery notification|rejected( mail)?:|nondeliverable|non remis"
    r"|no se puede entregar",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"(?im)^[ \t>*-]*(?:-{2,}[ \t]*(?:below this line|this is a copy|original message|the (header"
    r"|following) (of|is)"
    r"|message header|unsent message|returned (mail|message)|start of returned|undelivered message"
    r"|enclosed is|body of"
    r"|forwarded message|original message details|included (below )?is)"
    r"|(?:original message (follows|headers)"
    r"|message text follows|message headers follow|here is your returned mail|your message reads"
    r"|received: from "
    r"|return-path: ))"
)
_FAILED = re.compile(
    r"(could|can) ?not be (delivered|sent|reached)|undeliver|not delivered|unable to (deliver|send)"
    r"|failed|permanent"
    r"|did not reach|(couldn'?t|wasn'?t able to|could not|cannot) (be )?deliver|no such|unknown"
    r"|rejected|returned to sender"
    r"|does not exist|fatal error|unzustellbar|nicht zugestellt|delivery failure"
    r"|mailbox (is )?full|over quota|bounced",
    re.IGNORECASE,
)
_EMPHATIC = re.compile(
    r"(?m)^[ \t]*<?([^\s<>@,;:\"()\[\]]{1,64}@[^\s<>@,;:\"()\[\]]{1,255}?)>?[ \t]*(?::|$|\()"
)
_LONGEST = 20_000


def failures(mail: Part, parts: Sequence[Part]) -> tuple[Failure, ...]:
    """What a mail that looks like a report says; nothing where it looks like none, or says no failure."""
    listed = fields.addresses(mail.get("x-failed-recipients"))
    if not listed and not looks_like_a_report(mail):
        return ()
    text = _notice(parts)
    if not listed and not _FAILED.search(text) and not statuses.enhanced(text):
        return ()
    names = tuple(listed or _named(text, mail))
    words = _words(text, names)
    status = statuses.refined("", words) or statuses.refined("", text)
    transient = "transient non-fatal errors" in text
    if (reports.waiting(f"{mail.subject}\n{text}") or transient) and "permanent fatal errors" not in text:
        return (Failure("nothing", status, words[:LONGEST_TEXT], names),)
    return (Failure(statuses.kind(status), status, words[:LONGEST_TEXT], names),)


def looks_like_a_report(mail: Part) -> bool:
    """Whether its sender or its subject is that of a mail system."""
    sender = f"{mail.get('from')} {mail.get('sender')}"
    return bool(_DAEMON.search(sender) or mail.get("return-path").strip() == "<>") or (
        _SUBJECT.search(mail.subject) is not None
        and not re.match(r"(?i)\s*(re|aw|fwd?|wg)\s*:", mail.subject)
    )


def from_a_mail_system(mail: Part) -> bool:
    """Whether a mail system says that it is the sender."""
    return _DAEMON.search(f"{mail.get('from')} {mail.get('sender')}") is not None


def _notice(parts: Sequence[Part]) -> str:
    """The words for people, without the message that came back."""
    text = reports.human_text(parts)[:_LONGEST]
    cut = _RETURNED.search(text, 20)
    return text[: cut.start()] if cut else text


def _named(text: str, mail: Part) -> list[str]:
    """Addresses that begin a line, as all these formats write them; else all there are."""
    own = {
        a.lower()
        for name in ("from", "to", "sender", "return-path")
        for a in fields.addresses(mail.get(name))
    }
    found = list(dict.fromkeys(each.strip(".'") for each in _EMPHATIC.findall(text))) or fields.addresses(
        text
    )
    return [each for each in found if each.lower() not in own and not _DAEMON.search(each)][:20]


def _words(text: str, names: Sequence[str]) -> str:
    """What is said of the first recipient: from their address to the end of the paragraph; else all."""
    if not names or (at := text.find(names[0])) < 0:
        return " ".join(text.split())
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n[ \t]*\n", text[at:])]
    first = paragraphs[0].removeprefix(names[0]).lstrip(" >:)")
    return first if len(first) > 10 else " ".join([first, *paragraphs[1:3]]).strip()
