"""Editors: who may sign in at the desk. Whoever has left stays in the store, for the log names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from publisher.model.editors import Actor, Role
from publisher.store.database import in_turn
from publisher.store.schema import editors
from publisher.store.subscribers import address_key

_E = editors.c


@dataclass(frozen=True, slots=True, repr=False)
class Editor:
    """One editor; `password`, `totp` empty: none yet. `totp_step` is that of the last code used.

    `notices`: they want a mail when something needs a person.
    """

    id: int
    name: str
    address: str
    address_key: str
    role: Role
    password: str
    totp: str
    totp_step: int
    created_at: datetime
    ended_at: datetime | None
    notices: bool = False

    @property
    def actor(self) -> Actor:
        """As who they act, with all that their role allows."""
        return Actor(self.name, self.id, self.role)


def _editor(row: Row[Any] | None) -> Editor | None:
    return Editor(**row._mapping) if row else None


def find(tx: Connection, address: str) -> Editor | None:
    """The editor of an address, also one who has left."""
    return _editor(tx.execute(select(editors).where(_E.address_key == address_key(address))).first())


def get(tx: Connection, id_: int) -> Editor | None:
    """The editor of a number, also one who has left."""
    return _editor(tx.execute(select(editors).where(_E.id == id_)).first())


def everybody(tx: Connection) -> list[Editor]:
    """Who may sign in, by name."""
    query = select(editors).where(_E.ended_at.is_(None)).order_by(_E.name, _E.id)
    return [Editor(**row._mapping) for row in tx.execute(query)]


def wanting_notices(tx: Connection) -> list[Editor]:
    """Who wants a mail when something needs a person, by name."""
    query = select(editors).where(_E.ended_at.is_(None), _E.notices).order_by(_E.name, _E.id)
    return [Editor(**row._mapping) for row in tx.execute(query)]


def add(tx: Connection, name: str, address: str, role: Role, now: datetime) -> Editor:
    """A new one; whoever had left comes back under the old number, without the old password and codes."""
    values: dict[str, Any] = {"name": name, "address": address, "role": role, "ended_at": None}
    values |= {"password": "", "totp": "", "created_at": now, "notices": False}
    before = find(tx, address)
    if before:
        tx.execute(update(editors).where(_E.id == before.id).values(values))
    else:
        tx.execute(editors.insert().values(values | {"address_key": address_key(address)}))
    found = find(tx, address)
    assert found
    return found


def change(tx: Connection, id_: int, **changes: Any) -> None:
    """Change what is known of one."""
    tx.execute(update(editors).where(_E.id == id_).values(**changes))


def use_step(tx: Connection, id_: int, step: int) -> bool:
    """Note that the code of a step was used; False for one that was, or an earlier one."""
    later = (_E.id == id_, _E.totp_step < step)
    return bool(tx.execute(update(editors).where(*later).values(totp_step=step)).rowcount)


def only_admin(tx: Connection, id_: int) -> bool:
    """Whether this one is admin and nobody else is; it stays so to the end of the transaction."""
    in_turn(tx, "editors")
    admins = tx.scalars(select(_E.id).where(_E.role == "admin", _E.ended_at.is_(None))).all()
    return list(admins) == [id_]


def count(tx: Connection) -> int:
    """How many may sign in."""
    return int(tx.scalar(select(func.count()).where(_E.ended_at.is_(None))) or 0)
