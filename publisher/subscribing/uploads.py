"""Files of subscribers that editors upload: kept beside the store, shown as they were understood, then begun.

Nothing of a file is taken before an editor has seen what would become of its first lines.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from publisher import permissions
from publisher.config.schema import Config
from publisher.errors import NotFound, Refused
from publisher.model.editors import Actor
from publisher.permissions import N_
from publisher.store import Store, deeds, imports
from publisher.store.imports import Import, Refusal, State
from publisher.subscribing.choosing import STATUSES
from publisher.subscribing.previews import preview

LARGEST = 1 << 30  # bytes of one file: some ten million lines
_LONGEST_NAME = 120
_NONE = N_("there is no such import")
_STATUS = N_("status: expected confirmed, pending or unsubscribed")
_NEWSLETTER = N_("newsletter: expected one of this publication")
_EMPTY = N_("file: expected one, and it was empty")
_OVER = N_("this import is over, or under way already")
_NOT_READY = N_("nothing can be taken of this file as it stands")


def folder(store: Store) -> Path:
    """Where uploaded files are kept, beside the store of this machine."""
    return store.folder / "imports"


def place(store: Store, actor: Actor) -> Path:
    """A file to write an upload into; `add` takes it from there. Raises NotAllowed."""
    permissions.check(actor, "change people")
    here = folder(store)
    # it holds addresses, as the store does
    here.mkdir(mode=0o700, parents=True, exist_ok=True)
    return here / f"{secrets.token_hex(12)}.part"


def add(
    store: Store,
    config: Config,
    actor: Actor,
    file: Path,
    name: str,
    newsletter: str,
    status: str,
    now: datetime,
) -> int:
    """Keep an uploaded file and look at it; its number. The file is gone when this raises.

    `name` is what it was called, `newsletter` and `status` are for lines that do not say theirs. Raises
    NotAllowed, and Refused for an empty file or values that are none.
    """
    kept = file.with_suffix(".csv")
    try:
        permissions.check(actor, "change people")
        _checked(config, newsletter, status)
        size = file.stat().st_size if file.is_file() else 0
        if not size:
            raise Refused(_EMPTY)
        called = _name(name)
        seen = preview(store, config, file, called, newsletter, status, now)
        file.rename(kept)
        about = {"newsletter": newsletter, "status": status}
        with store.write() as tx:
            id_ = imports.add(
                tx,
                **about,
                **_seen(seen),
                state="uploaded",
                name=called,
                size=size,
                file=kept.name,
                host=socket.gethostname()[:255],
                editor_id=actor.id,
                actor=actor.name,
                created_at=now,
            )
            deeds.add(tx, actor, "upload", f"import {id_}", now, file=called, **about)
        return id_
    except BaseException:
        for left in (file, kept):
            left.unlink(missing_ok=True)
        raise


def look(
    store: Store, config: Config, actor: Actor, id_: int, newsletter: str, status: str, now: datetime
) -> None:
    """Look at the file again, with another newsletter or status. Raises as `add`, and NotFound."""
    permissions.check(actor, "change people")
    _checked(config, newsletter, status)
    found = shown(store, actor, id_)
    file = folder(store) / found.file
    if found.state != "uploaded" or not file.is_file():
        raise Refused(_OVER)
    seen = preview(store, config, file, found.name, newsletter, status, now)
    with store.write() as tx:
        about = {"newsletter": newsletter, "status": status}
        if not imports.change(tx, id_, ("uploaded",), **about, **_seen(seen)):
            raise Refused(_OVER)
        deeds.add(tx, actor, "change import", f"import {id_}", now, **about)


def begin(store: Store, actor: Actor, id_: int, now: datetime) -> None:
    """Let it be taken as it was shown; whoever works on imports goes on from there. Raises as `look`."""
    found = shown(store, actor, id_)
    if found.preview.get("wrong"):
        raise Refused(_NOT_READY)
    about = {"file": found.name, "newsletter": found.newsletter, "status": found.status}
    _move(store, actor, id_, "begin import", ("uploaded",), now, about, state="waiting", begun_at=now)


def stop(store: Store, actor: Actor, id_: int, now: datetime) -> None:
    """Take no more of it; what was taken stays. Raises as `look`."""
    _move(store, actor, id_, "stop import", ("waiting", "running"), now, {}, state="stopped", ended_at=now)


def go_on(store: Store, actor: Actor, id_: int, now: datetime) -> None:
    """Go on where it stopped. Raises as `look`."""
    if not shown(store, actor, id_).file:
        raise Refused(_OVER)
    _move(
        store, actor, id_, "resume import", ("stopped",), now, {}, state="waiting", reason="", ended_at=None
    )


def drop(store: Store, actor: Actor, id_: int, now: datetime) -> None:
    """Take nothing (more) of it, and delete the file. Raises as `look`."""
    found = shown(store, actor, id_)
    gone = {"state": "dropped", "ended_at": found.ended_at or now, "preview": {}, "file": ""}
    _move(store, actor, id_, "drop import", ("uploaded", "stopped"), now, {}, **gone)
    delete(store, found)


def delete(store: Store, found: Import) -> None:
    """Delete the file of an import, if it is on this machine."""
    if found.file:
        with suppress(OSError):
            (folder(store) / found.file).unlink(missing_ok=True)


def shown(store: Store, actor: Actor, id_: int) -> Import:
    """An import. Raises NotAllowed and NotFound."""
    permissions.check(actor, "change people")
    with store.read() as tx:
        found = imports.get(tx, id_)
    if found is None:
        raise NotFound(_NONE)
    return found


def listed(store: Store, actor: Actor, most: int, before: int | None = None) -> list[Import]:
    """Imports, the newest first; those before a number. Raises NotAllowed."""
    permissions.check(actor, "change people")
    with store.read() as tx:
        return imports.listed(tx, most, before)


def refusals(store: Store, actor: Actor, id_: int, after: int, most: int) -> list[Refusal]:
    """The lines of an import that were refused, after a number. Raises NotAllowed."""
    permissions.check(actor, "change people")
    with store.read() as tx:
        return imports.refusals(tx, id_, after, most)


def _move(
    store: Store,
    actor: Actor,
    id_: int,
    verb: str,
    was: tuple[State, ...],
    now: datetime,
    about: Mapping[str, str],
    **values: Any,
) -> None:
    permissions.check(actor, "change people")
    with store.write() as tx:
        if not imports.change(tx, id_, was, moved_at=now, **values):
            raise Refused(_OVER)
        deeds.add(tx, actor, verb, f"import {id_}", now, **about)


def _checked(config: Config, newsletter: str, status: str) -> None:
    if newsletter and newsletter not in config.newsletters:
        raise Refused(_NEWSLETTER)
    if status and status not in STATUSES:
        raise Refused(_STATUS)


def _seen(seen: dict[str, Any]) -> dict[str, Any]:
    return {"preview": seen, "total": seen.get("total", 0)}


def _name(text: str) -> str:
    """What a file was called, without its folders; printable, and not endless."""
    last = text.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable()).strip()[:_LONGEST_NAME] or "upload.csv"
