"""Every outcome by phase and code, and the times of the next try."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config.mail import DeliveryPolicy
from publisher.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure, TransportError, Unavailable
from publisher.model.mail import Receipt
from publisher.retries import Decision, backoff, decide, enhanced_code, expired

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
HOLD = DeliveryPolicy.model_validate({})
RESEND = DeliveryPolicy.model_validate({"on_unknown": "resend"})
JITTER = st.floats(0, 1, exclude_max=True)
BUSY = TemporaryFailure(451, "4.7.1 try later", "rcpt")


def after(outcome: Receipt | TransportError, **changed: Any) -> Decision:
    usual: dict[str, Any] = {"attempt": 1, "now": NOW, "due_at": NOW, "policy": HOLD, "jitter": 0.5}
    return decide(outcome, **(usual | changed))


def test_a_receipt_is_sent() -> None:
    assert after(Receipt(250, "2.0.0 queued as 4F")) == Decision(
        "sent", None, 250, "2.0.0 queued as 4F", "dot"
    )


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (6, 60), (40, 60)]
)
def test_a_temporary_failure_is_tried_again_later_and_later(attempt: int, minutes: int) -> None:
    decision = after(BUSY, attempt=attempt)
    assert decision == Decision("deferred", NOW + timedelta(minutes=minutes), 451, "4.7.1 try later", "rcpt")


@given(st.integers(1, 50), JITTER, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_the_next_try_is_never_past_the_expiry(attempt: int, jitter: float, late: timedelta) -> None:
    decision = after(BUSY, attempt=attempt, jitter=jitter, now=NOW + late)
    assert decision.counted
    if decision.due_at is None:
        assert decision.status == "expired"
        assert late > HOLD.expire_after - timedelta(minutes=72)
    else:
        assert decision.status == "deferred"
        assert NOW + late < decision.due_at <= NOW + HOLD.expire_after


def test_jitter_spreads_by_a_fifth() -> None:
    earliest, latest = after(BUSY, jitter=0.0).due_at, after(BUSY, jitter=0.999999).due_at
    assert earliest == NOW + timedelta(seconds=48)
    assert latest is not None
    assert timedelta(seconds=71) < latest - NOW < timedelta(seconds=72)


@pytest.mark.parametrize(
    ("reply", "suppress"),
    [
        ("5.1.1 <ada@example.org>: no such user", "hard bounce"),
        ("5.1.2 bad destination system", "hard bounce"),
        ("5.1.6 has moved", "hard bounce"),
        ("5.1.10 RESOLVER.ADR.RecipientNotFound", "hard bounce"),
        ("#5.1.1 no mailbox here", "hard bounce"),
        ("550 5.1.1 no mailbox here", "hard bounce"),
        ("5.1.11 something else", ""),
        ("5.1.1.1 no code at all", ""),
        ("5.7.1 our reputation; see 5.1.1", ""),
        ("5.7.515 access denied", ""),
        ("5.2.2 mailbox full", ""),
        ("5.1.0 address rejected", ""),
        ("no such user", ""),
        ("", ""),
    ],
)
def test_only_a_mailbox_that_is_not_there_suppresses(reply: str, suppress: str) -> None:
    decision = after(PermanentFailure(550, reply, "rcpt"))
    assert (decision.status, decision.suppress, decision.due_at) == ("bounced", suppress, None)
    assert after(PermanentFailure(550, reply, "mail")).suppress == ""


def test_an_unknown_outcome_is_held_or_sent_again_after_the_servers_patience() -> None:
    lost = OutcomeUnknown(0, "connection lost", "dot")
    assert after(lost) == Decision("unknown", None, 0, "connection lost", "dot")
    assert after(lost, policy=RESEND).status == "deferred"
    assert after(lost, policy=RESEND).due_at == NOW + timedelta(seconds=600)
    assert after(lost, policy=RESEND, attempt=4).due_at == NOW + timedelta(minutes=30)
    too_late = NOW + RESEND.expire_after
    assert after(lost, policy=RESEND, now=too_late).status == "unknown"


def test_an_unavailable_server_costs_no_attempt() -> None:
    away = Unavailable(0, "connection refused", "connect")
    assert after(away) == Decision("queued", NOW, 0, "connection refused", "connect", counted=False)
    assert after(away, attempt=3).status == "deferred"


@given(st.integers(0, 5), st.timedeltas(timedelta(days=-1), timedelta(days=4)))
def test_lateness_counts_until_the_first_try_and_expiry_after_it(attempts: int, late: timedelta) -> None:
    limit = HOLD.expire_after if attempts else HOLD.max_lateness
    assert expired(attempts=attempts, now=NOW + late, due_at=NOW, policy=HOLD) == (late > limit)


def test_a_transport_rests_longer_each_time_up_to_five_minutes() -> None:
    rests = [backoff(n).total_seconds() for n in range(9)]
    assert rests == [0, 5, 10, 20, 40, 80, 160, 300, 300]
    assert backoff(10**9) == timedelta(minutes=5)


@given(st.text())
def test_any_reply_has_a_code_or_none(reply: str) -> None:
    code = enhanced_code(reply)
    assert code == "" or code in reply
    assert len(after(PermanentFailure(550, reply * 100, "rcpt")).reply) <= 500
