"""Delivery status notifications (RFC 3464): what each recipient's group of fields says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from publisher.bounces import statuses
from publisher.bounces.fields import (
    Group,
    address,
    addresses,
    first,
    groups,
    said_of,
    typed,
    without_comments,
)
from publisher.bounces.mime import Part
from publisher.bounces.statuses import vague
from publisher.bounces.verdict import LONGEST_TEXT, Failure

_TYPES = {"message/delivery-status", "message/global-delivery-status", "text/delivery-status"}
_NAMED = ("original-recipient", "final-recipient", "x-actual-recipient")
_SAID = ("action", "status", "diagnostic-code")
_WORDS = ("diagnostic-code", "x-supplementary-info", "x400-supplementary-info")
_LONGEST_NOTICE = 20_000
_MOST_TOLD = 100  # recipients of one report, of whom its notice is read too
_ACTIONS = {
    "delayed": "delayed|deferred|delay|warning|transient|retry",
    "delivered": "delivered|relayed|expanded|deliverable|success",
    "failed": "fail|reject|bounce|expired|error|undeliver|return|refuse",
}
_UNTYPED = re.compile(r"(?im)^[ \t>]{0,4}(?:final|original)-recipient[ \t]*:")
_FIRST_FIELD = re.compile(r"(?im)^[ \t>]{0,4}(?:reporting-mta|original-envelope-id|arrival-date)[ \t]*:")
_QUOTED = re.compile(r"(?m)^[ \t]*>[ \t]?")
_WAITS = re.compile(
    r"still (being )?(retried|trying|queued|attempt)|will (continue|keep) (to )?(try|be tr|attempt|retry)"
    r"|(delivery|message) .{0,40}(is |has been |was )?delayed|no need to resend|do not need to resend"
    r"|warning: message|will be retried|not yet (been )?delivered|delivery attempts will continue"
    r"|will retry for|delivery incomplete|notification \(delay\)",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"giv(ing|en) up|will not be retried|(?<!if the delivery fails )permanent|no further (delivery )?attempt",
    re.IGNORECASE,
)


def failures(parts: Sequence[Part]) -> tuple[Failure, ...] | None:
    """What the delivery-status parts of a mail say, those of the outermost report; None: it has none."""
    typed_parts = [part for part in parts if part.type in _TYPES]
    texts = [_fields_of(part) for part in typed_parts if part.nested == typed_parts[0].nested]
    if not any(_recipients(text) for text in texts):
        texts = [text for part in parts if (text := _untyped(part))]
    if not texts:
        return () if typed_parts else None
    waits = waiting(human_text(parts))
    found = [group for text in texts for group in _recipients(text)]
    told = parts[: _first(parts, typed_parts)] if len(found) <= _MOST_TOLD else ()
    notice = human_text(told)[:_LONGEST_NOTICE]
    read = tuple(_failure(group, waits, notice, len(found) == 1) for group in found)
    if len(read) == 1 and not read[0].addresses and parts:
        # a mailbox's path for a recipient: Exim names the address in the mail's header
        return (read[0]._replace(addresses=tuple(addresses(parts[0].get("x-failed-recipients")))),)
    return read


def _first(parts: Sequence[Part], some: Sequence[Part]) -> int:
    """Where the first of these parts stands; what follows it is the mail that came back."""
    return next((at for at, part in enumerate(parts) if some and part is some[0]), len(parts))


def human_text(parts: Iterable[Part]) -> str:
    """What the mail says to people: its own parts of text, not those of what it returns."""
    own = [part for part in parts if not part.nested and part.type in ("text/plain", "text/html")]
    return "\n".join(part.text for part in own)


def waiting(text: str) -> bool:
    """Whether a text says that delivery is still being tried."""
    return bool(_WAITS.search(text)) and not _GIVEN_UP.search(text)


def _fields_of(part: Part) -> str:
    """The text of a report; where its blank line is missing, its fields stand among the part's headers."""
    if not any(name in part.headers for name in (*_NAMED, *_SAID)):
        return part.text
    headers = (f"{name}: {value}" for name, values in part.headers.items() for value in values)
    return "\n".join([*headers, part.text])


def _untyped(part: Part) -> str:
    """The fields of a report in a part that does not say so: broken MIME, or forwarded as text."""
    if part.nested or part.type.startswith("message/") or part.type == "text/rfc822-headers":
        return ""
    found = _UNTYPED.search(part.text)
    if not found or not re.search(r"(?im)^[ \t>]{0,4}(action|status|diagnostic-code)[ \t]*:", part.text):
        return ""
    begun = _FIRST_FIELD.search(part.text, max(found.start() - 2000, 0), found.start())
    return _QUOTED.sub("", part.text[begun.start() if begun else found.start() :])


def _recipients(text: str) -> list[Group]:
    """A group for each recipient, whatever blank lines there are too many or too few."""
    found: list[Group] = []
    for group in groups(text):
        for some in _divided(group):
            if not any(some.get(name) for name in (*_NAMED, *_SAID)):
                continue
            if any(some.get(name) for name in _NAMED) or not found:
                found.append(some)
            elif not any(name in found[-1] and name in some for name in _SAID):
                found[-1] |= some
    return [group for group in found if any(group.get(name) for name in _NAMED) or len(found) == 1]


def _divided(group: Group) -> list[Group]:
    """Several recipients without a blank line between them: the n-th of each field is the n-th one's."""
    count = len(group.get("final-recipient", ()))
    if count < 2:
        return [group]
    return [{name: values[n : n + 1] for name, values in group.items()} for n in range(count)]


def _failure(group: Group, waits: bool, notice: str, alone: bool) -> Failure:
    said, names = _said(group), _names(group)
    status, words = _status(group, said), said or first(group, "status")
    if status in ("", "5.0.0") and (alone or any(name in notice for name in names)):
        # a code that says nothing, and no server's words: what the notice says to people
        told = said_of(names, notice)
        status = statuses.guessed(status, told)
        words = said or told or words
    action = _action(without_comments(first(group, "action")), first(group, "action"))
    if action in ("delayed", "delivered") or (not action and (waits or status.startswith("2."))):
        return Failure("nothing", status, words[:LONGEST_TEXT], names)
    if status.startswith("2."):
        # a contradiction: it failed, and nothing says for good
        status = statuses.of_words(words.partition(status)[2]) or "4.0.0"
    return Failure(statuses.kind(status), status, words[:LONGEST_TEXT], names)


def _said(group: Group) -> str:
    """The server's words, and what a gateway adds to them."""
    words = [typed(value) for name in _WORDS for value in group.get(name, ())[:1]]
    return " ".join(" ".join(words or [typed(first(group, "x-display-name"))]).split())


def _names(group: Group) -> tuple[str, ...]:
    named = (address(value) for name in _NAMED for value in group.get(name, ()))
    return tuple(dict.fromkeys(name for name in named if name))


def _status(group: Group, said: str) -> str:
    field = first(group, "status")
    status = statuses.of_field(without_comments(field)) or statuses.of_field(field)
    if status.startswith("5.") and first(group, "diagnostic-code").lower().startswith("x-unix"):
        # made of a program's exit status, which knows no more than that it failed
        exact = statuses.refined("5.0.0", said)
        return status if vague(exact) else exact
    return statuses.refined(status, f"{said or field} {field}")


def _action(value: str, whole: str) -> str:
    for text in (value.lower(), whole.lower()):
        for action, words in _ACTIONS.items():
            if re.match(rf"\W*(\w+ ){{0,2}}({words})", text):
                return action
    return ""
