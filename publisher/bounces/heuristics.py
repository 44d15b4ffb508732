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
    r"|no se puede entregar|(error|trouble|problem) (while |in )?(deliver|send)ing|notification: error"
    r"|returned:? mail",
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
    r"|delivery problems?"
    r"|did not reach|(couldn'?t|wasn'?t able to|could not|cannot) (be )?deliver|no such|unknown"
    r"|rejected|returned to sender"
    r"|does not exist|fatal error|unzustellbar|nicht zugestellt|delivery failure"
    r"|mailbox (is )?full|over quota|bounced|not able to deliver|delivery errors?|attempting to deliver"
    r"|не может быть доставлено|невозможно доставить|送信できません|配信できません|无法(发送|投递)",
    re.IGNORECASE,
)
# what no vacation note says: asked of a mail that only its empty envelope sender makes a report
_UNDELIVERED = re.compile(
    r"undeliver|could ?not be delivered|(was|been) not (been )?delivered|not been delivered"
    r"|(not able|unable|failed) to deliver|(did|could) not deliver|delivery (to .{0,80} )?(has )?failed"
    r"|delivery status notification|returned to sender|rejected by|was rejected",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"(?i)(following (recipient|address)|not delivered to|be delivered to|undeliverable to)[^\n]{0,40}:"
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
    named = _named(text, mail)
    shows = bool(named) or any(part.nested for part in parts) or len(text) < len(_human(parts))
    if not listed and not _says_failure(mail, text, shows):
        return ()
    names = tuple(listed or named)
    words = fields.said_of(names, text)
    status = statuses.refined("", words) or statuses.refined("", text)
    transient = "transient non-fatal errors" in text
    if (reports.waiting(f"{mail.subject}\n{text}") or transient) and "permanent fatal errors" not in text:
        return (Failure("nothing", status, words[:LONGEST_TEXT], names),)
    return (Failure(statuses.kind(status), status, words[:LONGEST_TEXT], names),)


def looks_like_a_report(mail: Part) -> bool:
    """Whether its sender, its subject, its type or its envelope is that of a mail system."""
    if _of_a_system(mail):
        return True
    from_a_list = mail.get("list-id") or mail.get("list-unsubscribe")
    return not from_a_list and (_named_a_report(mail) or mail.get("return-path").strip() == "<>")


def _of_a_system(mail: Part) -> bool:
    return from_a_mail_system(mail) or mail.parameter("report-type").lower() == "delivery-status"


def _named_a_report(mail: Part) -> bool:
    answer = re.match(r"(?i)\s*(re|aw|fwd?|wg)\s*:", mail.subject)
    return _SUBJECT.search(mail.subject) is not None and not answer


def _says_failure(mail: Part, text: str, shows: bool) -> bool:
    """Whether it says that something failed: the less it looks like a report, the more it has to show.

    `shows` is whether it names a recipient or returns a mail.
    """
    code = statuses.enhanced(text)[:1] in {"4", "5"}
    system, titled = _of_a_system(mail), _named_a_report(mail)
    said = f"{mail.subject}\n{text}" if from_a_mail_system(mail) else text
    failed = code or (_FAILED if system or titled else _UNDELIVERED).search(said) is not None
    if system:
        return failed and (titled or code or shows)
    return failed and (shows or (titled and mail.get("return-path").strip() == "<>"))


def from_a_mail_system(mail: Part) -> bool:
    """Whether a mail system says that it is the sender."""
    return _DAEMON.search(f"{mail.get('from')} {mail.get('sender')}") is not None


def _notice(parts: Sequence[Part]) -> str:
    """The words for people, without the message that came back."""
    text = _human(parts)
    cut = _RETURNED.search(text, 20)
    return text[: cut.start()] if cut else text


def _human(parts: Sequence[Part]) -> str:
    return reports.human_text(parts)[:_LONGEST]


def _named(text: str, mail: Part) -> list[str]:
    """Addresses that begin a line, as all these formats write them; else those that an introduction names."""
    own = {
        a.lower()
        for name in ("from", "to", "sender", "return-path")
        for a in fields.addresses(mail.get(name))
    }
    begins = list(dict.fromkeys(each.strip(".'") for each in _EMPHATIC.findall(text)))
    introduced = _INTRODUCED.search(text)
    found = begins or fields.addresses(text[introduced.end() :] if introduced else "")
    found = [each for each in found or fields.addresses(text) if not _DAEMON.search(each)]
    # a newsletter's own address can be the recipient too: where no other is named
    return (
        [each for each in found if each.lower() not in own] or [each for each in begins if each in found]
    )[:20]
