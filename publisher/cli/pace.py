"""What holds mail up, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publisher.cli.speaking import moment


def in_words(standing: Mapping[str, Any], zone: Any) -> list[str]:
    """A line for each limit that somebody asked for, and one for a warm-up; nothing where nothing limits."""
    lines: list[str] = []
    for limit in standing["limits"]:
        since, what = moment(limit["since"], zone), f"{limit['of']} {limit['name']}"
        lines.append(f"{what}: at most {_speed(limit['rate'])} since {since}, for it said: {limit['reply']}")
    if warm_up := standing["warm_up"]:
        used, budget = warm_up["used"], warm_up["budget"]
        line = f"warm-up: {used:,} of {budget:,} messages of {warm_up['day']} have left"
        if used >= budget:
            line += "; the rest waits for the next day, and no longer than delivery.max_lateness"
        lines.append(line)
    rates = [(each["name"], each["rate"]) for each in standing["transports"] if lines and each["rate"]]
    return [*(f"transport {name}: at most {_speed(rate)}" for name, rate in rates), *lines]


def _speed(rate: float) -> str:
    if rate >= 1:
        return f"{rate:,.1f}".removesuffix(".0") + " messages a second"
    return f"{rate * 60:,.1f}".removesuffix(".0") + " messages a minute"
