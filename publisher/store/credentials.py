"""Sessions, one-time links and API tokens: found by the digest of their secret, ended and not deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, select, update

from publisher.store.schema import credentials

Kind = Literal["session", "link", "token"]
_C = credentials.c
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Credential:
    """One of them. `name` says how a session began, or what a token is for."""

    id: int
    digest: str
    kind: Kind
    editor_id: int
    name: str
    scopes: Sequence[str]
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None


def _credential(row: Row[Any]) -> Credential:
    return Credential(**row._mapping)


def issue(
    tx: Connection,
    kind: Kind,
    digest: str,
    editor_id: int,
    now: datetime,
    expires_at: datetime,
    name: str = "",
    scopes: Sequence[str] = (),
) -> int:
    """A new one; its number. What expired long ago is forgotten here."""
    tx.execute(delete(credentials).where(_C.expires_at < now - _KEPT))
    given = {"kind": kind, "digest": digest, "editor_id": editor_id, "name": name, "scopes": list(scopes)}
    given |= {"created_at": now, "seen_at": now, "expires_at": expires_at}
    return int(tx.scalar(credentials.insert().values(given).returning(_C.id)) or 0)


def find(tx: Connection, kind: Kind, digest: str, now: datetime) -> Credential | None:
    """The one with this digest, as long as it holds."""
    holds = (_C.digest == digest, _C.kind == kind, _C.ended_at.is_(None), _C.expires_at > now)
    row = tx.execute(select(credentials).where(*holds)).first()
    return _credential(row) if row else None


def holding(tx: Connection, kind: Kind, ids: Collection[int], now: datetime) -> list[Credential]:
    """Those of these numbers that hold."""
    holds = (_C.id.in_(list(ids)), _C.kind == kind, _C.ended_at.is_(None), _C.expires_at > now)
    return [_credential(row) for row in tx.execute(select(credentials).where(*holds))]


def of(tx: Connection, editor_id: int, kind: Kind, now: datetime) -> list[Credential]:
    """An editor's that hold, the oldest first."""
    holds = (_C.editor_id == editor_id, _C.kind == kind, _C.ended_at.is_(None), _C.expires_at > now)
    return [_credential(row) for row in tx.execute(select(credentials).where(*holds).order_by(_C.id))]


def end(tx: Connection, id_: int, now: datetime) -> bool:
    """End one; False where it had ended."""
    query = update(credentials).where(_C.id == id_, _C.ended_at.is_(None))
    return bool(tx.execute(query.values(ended_at=now)).rowcount)


def end_all(
    tx: Connection, editor_id: int, kinds: Iterable[Kind], now: datetime, but: int | None = None
) -> int:
    """End an editor's of these kinds, but one; how many there were."""
    query = update(credentials).where(
        _C.editor_id == editor_id, _C.kind.in_(list(kinds)), _C.ended_at.is_(None)
    )
    return int(tx.execute(query.where(_C.id != (but or 0)).values(ended_at=now)).rowcount)


def seen(tx: Connection, moments: Mapping[int, datetime]) -> None:
    """Note when they were last used; a later note stands."""
    for id_, at in sorted(moments.items()):
        tx.execute(update(credentials).where(_C.id == id_, _C.seen_at < at).values(seen_at=at))
