"""What a person does about deliveries that did not end well: send them again, or take note (rules 16, 20)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from publisher.delivering import approving
from publisher.errors import NotFound, Refused
from publisher.store import Store, editions, ledger
from publisher.store.chunking import Chunks
from publisher.store.editions import Edition

RETRIED = ("unknown", "deferred", "bounced", "expired")
# a new message: its Message-ID and date say so; unknown ones are sent again byte for byte
_ANEW = ("bounced", "expired")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry found: how many are due again, and (address, reason) of those that must not be mailed."""

    again: int = 0
    suppressed: tuple[tuple[str, str], ...] = ()


def retry(store: Store, edition: Edition, status: str, now: datetime, address: str = "") -> Retried:
    """Make the deliveries of one status due now, of all or one address; an edition that is done goes on.

    Who left or is suppressed becomes `suppressed`. Raises NotFound for an address that has no such delivery,
    Refused for an edition that is not open.
    """
    if status not in RETRIED:
        raise Refused(f"status: expected {', '.join(RETRIED)}, got {status!r}")
    approving.check(store, edition, now)
    again, stopped = 0, list[tuple[str, str]]()

    def step(tx: Connection, rows: Sequence[Row[Any]]) -> None:
        nonlocal again
        _go_on(tx, edition)
        barred = _barred(tx, rows)
        fine = [row for row in rows if row.id not in barred]
        if status == "deferred":
            ledger.hasten(tx, [row.id for row in fine], now)
        else:
            ledger.again(tx, fine, now, anew=status in _ANEW)
        _stop(tx, [row for row in rows if row.id in barred], barred, now)
        stopped.extend((row.address, barred[row.id]) for row in rows if row.id in barred)
        again += len(fine)

    _each(store, edition, status, address, step)
    return Retried(again, tuple(stopped))


def acknowledge(store: Store, edition: Edition, now: datetime, address: str = "") -> int:
    """A person has seen the unknown deliveries, of all or one address; how many nobody had seen before.

    Raises NotFound for an address that has no unknown delivery.
    """
    count = 0

    def step(tx: Connection, rows: Sequence[Row[Any]]) -> None:
        nonlocal count
        count += ledger.acknowledge(tx, [row.id for row in rows], now)

    _each(store, edition, "unknown", address, step)
    return count


def _each(
    store: Store,
    edition: Edition,
    status: str,
    address: str,
    step: Callable[[Connection, Sequence[Row[Any]]], None],
) -> None:
    """Each delivery that has the status now, once, some in a transaction. Raises NotFound."""
    with store.read() as tx:
        ids = ledger.ids(tx, edition.id, status, address)
    if address and not ids:
        raise NotFound(f"{edition.name} has no {status} delivery to {address}")
    chunks = Chunks(store, _CHUNK)
    while ids:
        size = chunks.size
        with chunks.write(len(ids[:size])) as tx:
            if rows := ledger.several(tx, ids[:size], status):
                step(tx, rows)
        del ids[:size]


def _go_on(tx: Connection, edition: Edition) -> None:
    """With every chunk: what came before it may have ended, and the edition with it."""
    editions.set_state(tx, edition.id, ["done", "sending"], "sending", done_at=None)
    state = editions.get(tx, edition.id).state
    if state != "sending":
        raise Refused(f"{edition.name} is {state}: nothing of it can be sent again now")


def _barred(tx: Connection, rows: Sequence[Row[Any]]) -> dict[int, str]:
    """Delivery to the reason why it must not be sent: the person left, or the address is suppressed."""
    reasons = ledger.suppressed(tx, [row.address for row in rows])
    found = {row.id: reasons.get(row.address, "") for row in rows}
    found |= {row.id: row.subscription for row in rows if row.subscription != "confirmed"}
    return {id_: reason for id_, reason in found.items() if reason}


def _stop(tx: Connection, rows: Sequence[Row[Any]], reasons: Mapping[int, str], now: datetime) -> None:
    for reason in sorted(set(reasons.values())):
        mine = [row for row in rows if reasons[row.id] == reason]
        ledger.move_all(tx, mine, "suppressed", now, reply=reason, finished_at=now)
