"""Imports that editors began: how far each is, what it refused, and what is left of it after a week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import Connection, delete, func, select, update

from publisher.store.bulk import insert_all
from publisher.store.schema import import_refusals, imports

# uploaded: somebody looks at it; waiting: for its turn. The last three are ends, and `stopped` may go on.
State = Literal["uploaded", "waiting", "running", "done", "stopped", "dropped"]
STATES: tuple[State, ...] = get_args(State)
_I, _R = imports.c, import_refusals.c


@dataclass(frozen=True, slots=True)
class Import:
    """A row of `imports`: the names are those of its columns."""

    id: int
    state: State
    name: str
    size: int
    file: str
    host: str
    newsletter: str
    status: str
    preview: Mapping[str, Any]
    total: int
    done: int
    upto: str
    added: int
    updated: int
    unchanged: int
    suppressed: int
    refused: int
    reason: str
    editor_id: int | None
    actor: str
    created_at: datetime
    begun_at: datetime | None
    moved_at: datetime | None
    ended_at: datetime | None

    @property
    def settled(self) -> int:
        """How many lines are decided."""
        return self.added + self.updated + self.unchanged + self.suppressed + self.refused


class Refusal(NamedTuple):
    """A line that was not taken; `nth` is its number among the lines of all sheets."""

    import_id: int
    nth: int
    place: str
    line: int
    address: str
    reason: str


def add(tx: Connection, **values: Any) -> int:
    """A new one; its id."""
    return int(tx.scalar(imports.insert().values(values).returning(_I.id)) or 0)


def get(tx: Connection, id_: int, *, held: bool = False) -> Import | None:
    """The import with this id; `held`: nobody else changes it to the end of the transaction."""
    query = select(imports).where(_I.id == id_)
    row = tx.execute(query.with_for_update() if held else query).first()
    return Import(*row) if row else None


def listed(tx: Connection, most: int, before: int | None = None) -> list[Import]:
    """The newest first; those before a number."""
    query = select(imports).order_by(_I.id.desc()).limit(most)
    return [Import(*row) for row in tx.execute(query if before is None else query.where(_I.id < before))]


def unfinished(tx: Connection) -> list[Import]:
    """Those that wait or run, the oldest first."""
    waits = select(imports).where(_I.state.in_(("waiting", "running")))
    return [Import(*row) for row in tx.execute(waits.order_by(_I.id))]


def any_unfinished(tx: Connection) -> bool:
    """Whether any waits or runs."""
    return tx.scalar(select(_I.id).where(_I.state.in_(("waiting", "running"))).limit(1)) is not None


def change(tx: Connection, id_: int, was: Sequence[State], **values: Any) -> bool:
    """Change one that is in such a state; False when it is in another."""
    mine = update(imports).where(_I.id == id_, _I.state.in_(was))
    return bool(tx.execute(mine.values(values)).rowcount)


def refuse(tx: Connection, id_: int, lines: Sequence[Refusal]) -> None:
    """Write down lines that were refused, and count them."""
    insert_all(tx, import_refusals, [one._asdict() for one in lines])
    tx.execute(update(imports).where(_I.id == id_).values(refused=_I.refused + len(lines)))


def refused_from(tx: Connection, id_: int, nth: int) -> int:
    """Forget the refusals from a line on, which is read again; how many there were."""
    mine = (_R.import_id == id_, _R.nth >= nth)
    gone = int(tx.execute(delete(import_refusals).where(*mine)).rowcount)
    tx.execute(update(imports).where(_I.id == id_).values(refused=_I.refused - gone))
    return gone


def refusals(tx: Connection, id_: int, after: int, most: int) -> list[Refusal]:
    """The refused lines after a number, in their order."""
    query = select(import_refusals).where(_R.import_id == id_, _R.nth > after).order_by(_R.nth)
    return [Refusal(*row) for row in tx.execute(query.limit(most))]


def every_refusal(tx: Connection, id_: int, batch: int = 1000) -> Iterator[Refusal]:
    """All refused lines, in their order."""
    query = select(import_refusals).where(_R.import_id == id_).order_by(_R.nth)
    for row in tx.execute(query, execution_options={"yield_per": batch}):
        yield Refusal(*row)


def outdated(tx: Connection, before: datetime) -> list[Import]:
    """Those on which nothing has moved since a moment, and of which more is kept than the numbers."""
    old = (_I.created_at < before, func.coalesce(_I.moved_at, _I.created_at) < before)
    rest = select(_R.nth).where(_R.import_id == _I.id).exists() | (_I.file != "")
    return [Import(*row) for row in tx.execute(select(imports).where(*old, rest).order_by(_I.id))]


def forget(tx: Connection, id_: int, most: int) -> int:
    """Forget what an import showed and refused, so many lines at a time; how many it were."""
    tx.execute(update(imports).where(_I.id == id_).values(preview={}))
    last = select(func.min(_R.nth) + most).where(_R.import_id == id_).scalar_subquery()
    return int(tx.execute(delete(import_refusals).where(_R.import_id == id_, _R.nth < last)).rowcount)


def files(tx: Connection) -> set[str]:
    """The files that are kept."""
    return set(tx.scalars(select(_I.file).where(_I.file != "")))
