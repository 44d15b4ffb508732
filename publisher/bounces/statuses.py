"""Enhanced status codes (RFC 3463), read from a field, from a server's words, or from well-known phrases."""

from __future__ import annotations

import re
from typing import Literal

_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_SMTP = re.compile(r"(?:^|[\s;:#(\[\"'])([45])[0-57]\d(?=[\s\-#,.:;)\]]|$)")
_FULL = "5.2.2"
_PHRASES: tuple[tuple[str, str], ...] = (
    (
        _FULL,
        r"(mail)?box (is |has been )?(full|over)|over ?quota|over (its |the |their )?(disk )?quota"
        r"|quota (has been |is |was )?(exceeded|full)|exceed\w* .{0,40}quota|quota .{0,30}exceed"
        r"|reached .{0,30}quota"
        r"|(out of|insufficient|not enough) (disk |mail |system )?(storage|space)|mailbox size limit"
        r"|(mail ?)?(folder|storage) (is |has been )?full|mailbox (has )?exceed|exceeded (its |the )?disk"
        r"|too many (messages|mails) (on|in) (the|their|his)|(messages|mails) in .{0,30}mailbox exceed"
        r"|account is full|exdiskquota"
        r"|zu viele mails|zuviele mails|postfach (ist )?(voll|überfüllt)|quota dépassé"
        r"|bo[iî]te .{0,20}pleine|buz[oó]n .{0,20}llen[oa]|casella .{0,20}piena",
    ),
    (
        "5.7.1",
        r"\bspam\b|spamhaus|black ?list|block ?list|deny ?list|\brbl\b|\bdnsbl\b"
        r"|reputation|\bdmarc\b|\bspf\b"
        r"|poli(cy|tical) (reasons?|violation|restriction)|message (was |has been )?(rejected as|blocked)"
        r"|blocked (by|using|due|ip)|unsolicited|unwanted messages|banned|\bptr record|reverse dns"
        r"|relaying denied|unable to relay|(permitted|allowed) to (relay|send)|ip frequency limited"
        r"|\b571\b",
    ),
    (
        "5.1.1",
        r"(user|addressee) (is )?(unknown|not found)|unknown (user|recipient|mailbox|address|account)"
        r"|no such (user|recipient|mailbox|address|account|person|email)"
        r"|(user|recipient|mailbox|account|address|e-?mail)\b.{0,40}(doesn'?t|does not"
        r"|did not|do not) exist"
        r"|(recipient|mailbox|account|address) (is |was )?(unknown|not found|invalid)"
        r"|invalid (recipient|mailbox|address|user)|no mailbox here|not a valid (mailbox|recipient|user)"
        r"|(user|account|mailbox).{0,30}(doesn'?t|does not) have an?\b.{0,30}account"
        r"|not listed in (domino|public)"
        r"|not listed in .{0,30}directory|wasn'?t found at|couldn'?t be found"
        r"|no longer (works|employed) here|not a (known|registered|valid|local) .{0,20}user"
        r"|no mail ?box available|recipient name is not recognized|no account by that name|n'existe pas",
    ),
    (
        "5.1.2",
        r"(host|domain)( name)?( or domain name)? (was )?not found|no such (domain|host)"
        r"|domain (name )?(doesn'?t|does not) exist|couldn'?t find any host|unknown (host|domain)"
        r"|bad destination (host|mail ?domain)|unroutable (mail )?domain|host unknown",
    ),
    (
        "5.2.1",
        r"(account|mailbox|user) (is |has been |was )?(disabled|inactive|suspended|deactivated|locked"
        r"|frozen|expired|closed|discontinued)|(deactivated|disabled|inactive) (mail ?box|account|user)",
    ),
    (
        "5.3.4",
        r"(message|mail) (size )?(limit )?(is )?(too (large|big)|exceed)"
        r"|exceed\w* .{0,40}message size|message size .{0,20}exceed",
    ),
    (
        "4.4.7",
        r"retry (timeout|time) (exceeded|not reached)|(message|delivery time|time) .{0,20}expired"
        r"|(connection|operation|host) timed out|connection refused|too many hops ago|queued? too long"
        r"|(could not|unable to) (connect|reach)|no route to host|network (is )?unreachable"
        r"|did not accept our requests to connect|within the allowed queue period|is not responding"
        r"|failing for a long time|(message|envelope|delivery) (timed out|expired)"
        r"|(exceeded|too many) .{0,20}delivery attempts",
    ),
)
_KNOWN = tuple((status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _PHRASES)
_SEARCHED = 5000


def enhanced(text: str) -> str:
    """The first enhanced status code in a text; one that says more than `5.0.0` comes first.

    A gateway that puts `5.1.0` of its own before the `5.7.1` of the server that it quotes means the latter.
    """
    found = [f"{a}.{int(b)}.{int(c)}" for a, b, c in _CODE.findall(text[:_SEARCHED])]
    said = next((code for code in found if not vague(code)), found[0] if found else "")
    exact = (code for code in found if code[:1] == said[:1] and not vague(code) and code[-2:] != ".0")
    return next(exact, said) if said.endswith(".0") else said


def of_field(field: str) -> str:
    """The code in a Status field, comments and all; `5.0.0` for one that says no more than its class."""
    if found := enhanced(field):
        return found
    first = re.match(r"\W*([245])(?:[\d.x]|\b)", field, re.IGNORECASE)
    return f"{first[1]}.0.0" if first else ""


def of_words(text: str) -> str:
    """What a server's words mean: its enhanced code, else a phrase, else the class of its SMTP code."""
    code, shown = enhanced(text), text[:_SEARCHED]
    if code and not vague(code):
        return code
    basic = _SMTP.search(shown)
    group = code[:1] or (basic[1] if basic else "")
    for status, phrase in _KNOWN:
        if phrase.search(" ".join(shown.split())) and (not group or group == status[0]):
            return status
    return f"{group}.0.0" if group else ""


def vague(status: str) -> bool:
    """Whether a code says nothing but its class."""
    return status[1:] == ".0.0"


def refined(status: str, words: str) -> str:
    """A vague code made more exact by the server's words, never of another class."""
    if status and not vague(status):
        return status
    found = of_words(words)
    return found if found and found[0] in (status[:1] or found[0]) and found[0] != "2" else status


def guessed(status: str, notice: str) -> str:
    """The same by a notice's words to people, which may list what could be the reason: only by a sole one."""
    shown = " ".join(notice[:_SEARCHED].split())
    said = {
        known for known, phrase in _KNOWN if known[0] == (status[:1] or known[0]) and phrase.search(shown)
    }
    return status if len(said) > 1 and vague(enhanced(shown) or "5.0.0") else refined(status, notice)


def kind(status: str) -> Literal["hard", "soft"]:
    """What a failure with this code is: a full mailbox and 4.x.x are soft, all else is hard."""
    return "soft" if status == _FULL or status.startswith("4.") else "hard"
