"""What becomes of a delivery after an attempt: decided purely, from the outcome, the attempt and the time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from publisher.config.mail import DeliveryPolicy
from publisher.errors import OutcomeUnknown, Phase, TemporaryFailure, TransportError, Unavailable
from publisher.model.mail import Outcome, Receipt, Status

_DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60))
_SPREAD = 0.2
_RESEND = timedelta(seconds=600)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
_LONGEST_REPLY = 500
_FEWEST_TRIED, _MOST_BLAMING = 100, Fraction(5, 100)

# servers write `5.1.1 …` (RFC 2034 section 4), some `#5.1.1 …` or the code again before it
_ENHANCED = re.compile(r"[\s#(<]*(?:[245]\d\d[\s#-]+)?([245]\.\d{1,3}\.\d{1,3})(?![.\d])")
_NO_SUCH_MAILBOX = {"5.1.1", "5.1.2", "5.1.6", "5.1.10"}
_BEFORE_RECIPIENT: set[Phase] = {"connect", "greeting", "tls", "auth", "mail"}


class Decision(NamedTuple):
    """The row's next state. `due_at` is when to try again, None where nothing more is tried by itself.

    `suppress` is the reason to suppress the address, or empty. `counted` is False where no attempt was used.
    """

    status: Status
    due_at: datetime | None
    code: int
    reply: str
    phase: Phase
    suppress: str = ""
    counted: bool = True


def decide(
    outcome: Outcome,
    *,
    attempt: int,
    now: datetime,
    due_at: datetime,
    policy: DeliveryPolicy,
    jitter: float,
) -> Decision:
    """What the outcome of the `attempt`-th try (from 1) means for a delivery that was first due at `due_at`.

    A temporary failure is tried again after 1, 5, 15, 30 and 60 minutes, then hourly, each up to a fifth
    sooner or later by `jitter` in [0, 1); it expires when that would come after `expire_after`.
    """
    if isinstance(outcome, Receipt):
        return Decision("sent", None, outcome.code, outcome.text[:_LONGEST_REPLY], "dot")
    again = now + _delay(attempt, jitter)
    if isinstance(outcome, Unavailable):
        status: Status = "queued" if attempt <= 1 else "deferred"
        return _decision(outcome, status, now, counted=False)
    if isinstance(outcome, OutcomeUnknown):
        again = max(again, now + _RESEND)
        resend = policy.on_unknown == "resend" and again <= due_at + policy.expire_after
        return _decision(outcome, "deferred", again) if resend else _decision(outcome, "unknown")
    if isinstance(outcome, TemporaryFailure):
        late = again > due_at + policy.expire_after
        return _decision(outcome, "expired") if late else _decision(outcome, "deferred", again)
    return _decision(outcome, "bounced", suppress="hard bounce" if _no_such_mailbox(outcome) else "")


def expired(*, attempts: int, now: datetime, due_at: datetime, policy: DeliveryPolicy) -> bool:
    """Whether a waiting delivery is too late to try: past `max_lateness`, or `expire_after` once tried."""
    return now > due_at + (policy.expire_after if attempts else policy.max_lateness)


def backoff(failures: int) -> timedelta:
    """How long a transport rests, unavailable `failures` times running: 5 s, doubling up to 5 minutes."""
    if failures < 1:
        return timedelta(0)
    return min(_FIRST_PAUSE * (1 << min(failures - 1, 10)), _LONGEST_PAUSE)


def enhanced_code(reply: str) -> str:
    """The enhanced status code (RFC 3463) that a reply begins with; empty where there is none."""
    found = _ENHANCED.match(reply)
    return found[1] if found else ""


def blames_us(reply: str) -> bool:
    """Whether a refusal is about the sender, not the recipient (5.7.x, RFC 3463 section 3.8)."""
    return enhanced_code(reply).startswith("5.7.")


def reputation_is_bad(blaming: int, tried: int) -> bool:
    """Whether so many refusals blame us that sending on would make it worse: over 5 % of at least 100."""
    return tried >= _FEWEST_TRIED and blaming > tried * _MOST_BLAMING


def _delay(attempt: int, jitter: float) -> timedelta:
    usual = _DELAYS[min(max(attempt, 1), len(_DELAYS)) - 1]
    return usual * (1 - _SPREAD + 2 * _SPREAD * jitter)


def _no_such_mailbox(outcome: TransportError) -> bool:
    return outcome.phase not in _BEFORE_RECIPIENT and enhanced_code(outcome.reply) in _NO_SUCH_MAILBOX


def _decision(
    outcome: TransportError,
    status: Status,
    due_at: datetime | None = None,
    *,
    suppress: str = "",
    counted: bool = True,
) -> Decision:
    reply = outcome.reply[:_LONGEST_REPLY]
    return Decision(status, due_at, outcome.code, reply, outcome.phase, suppress, counted)
