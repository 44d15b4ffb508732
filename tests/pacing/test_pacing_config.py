"""The keys of config.yaml that say how fast mail may leave."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from publisher import config
from publisher.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "a_second"), [("50/s", 50), ("3000/min", 50), ("90 / h", 0.025), ("0.5/s", 0.5)]
)
def test_a_rate_is_messages_a_second(written: str, a_second: float) -> None:
    found = config.parse(f"mail: {{smtp: {{rate: {written}}}}}", Path("config.yaml"))
    assert found.mail.smtp[0].rate == pytest.approx(a_second)


def test_nothing_is_limited_by_itself() -> None:
    mail = config.parse("", Path("config.yaml")).mail
    assert (mail.smtp[0].rate, mail.warm_up, mail.mx_lookup) == (None, None, True)


def test_a_warm_up_needs_its_first_day_only() -> None:
    found = config.parse("mail: {warm_up: {since: 2026-11-22}}", Path("config.yaml")).mail.warm_up
    assert found
    assert (found.since, found.first, found.growth) == (date(2026, 11, 22), 500, 1.5)


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        ("smtp: {rate: 50}", "mail.smtp.rate: expected a rate such as 50/s, 3000/min or 100/h, got 50"),
        ("smtp: {rate: 0/s}", "mail.smtp.rate: expected a rate"),
        ("smtp: {rate: 5/week}", "mail.smtp.rate: expected a rate"),
        ("smtp: {rate: -5/s}", "mail.smtp.rate: expected a rate"),
        ("warm_up: {first: 3}", "mail.warm_up.since: is missing"),
        ("warm_up: {since: soon}", "mail.warm_up.since: expected a date such as 2026-11-22, got 'soon'"),
        ("warm_up: {since: 2026-11-22, growth: 0.5}", "mail.warm_up.growth: expected at least 1"),
        ("warm_up: {since: 2026-11-22, frist: 3}", "mail.warm_up.frist: unknown key; did you mean 'first'?"),
    ],
)
def test_what_is_wrong_is_named(mail: str, said: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        config.parse(f"mail: {{{mail}}}", Path("config.yaml"))
    assert said in str(wrong.value)
