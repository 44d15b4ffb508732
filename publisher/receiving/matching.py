"""Which delivery, notice or subscription of ours a report is about: only a keyed token says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from publisher import links
from publisher.bounces import Traces
from publisher.links import Keys

Reader = Callable[[Keys, str], tuple[int, int] | None]


class Match(NamedTuple):
    """What a token names: a delivery or a notice with its generation, or a subscription to end."""

    delivery: int | None = None
    notice: int | None = None
    subscription: int | None = None
    generation: int = 0


def match(keys: Keys, traces: Traces) -> Match | None:
    """The mail that came back: by whom the report is for, then by what it mentions. None: nothing of ours."""
    return _named(keys, traces.recipients) or _named(keys, traces.mentioned)


def leaving(keys: Keys, traces: Traces, *, said: bool) -> Match | None:
    """The subscription that a mail ends: by whom it is for, and by nothing that stands in it.

    `said`: it says that it wants to leave. Only then the address that bounces go to will do, for whatever
    answers by itself goes there too.
    """
    for address in traces.recipients:
        if (subscription := links.read_leave(keys, address)) is not None:
            return Match(subscription=subscription)
        if said and (found := links.read_verp(keys, address)):
            return Match(delivery=found[0], generation=found[1])
    return None


def _named(keys: Keys, candidates: Sequence[str]) -> Match | None:
    deliveries: tuple[Reader, ...] = (links.read_verp, links.read_message_id)
    notices: tuple[Reader, ...] = (links.read_notice_verp, links.read_notice_message_id)
    if found := _first(keys, candidates, deliveries):
        return Match(delivery=found[0], generation=found[1])
    if found := _first(keys, candidates, notices):
        return Match(notice=found[0], generation=found[1])
    return None


def _first(keys: Keys, candidates: Iterable[str], readers: Sequence[Reader]) -> tuple[int, int] | None:
    return next((found for each in candidates for read in readers if (found := read(keys, each))), None)
