"""Commands that keep and try: backup, restore, test-send."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.speaking import JSON, counted, opened, progress, result, table, tell

if TYPE_CHECKING:
    from sqlalchemy import Row

    from publisher.app import Publisher
    from publisher.config.schema import Config

_LOOK_SECONDS = 0.2
_FILE = typer.Argument(..., metavar="FILE", help="The file to write; an older one is replaced.")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("test-send")(send_copies)
    for command in (backup, restore):
        app.command()(command)


def send_copies(
    context: typer.Context,
    edition: str = typer.Argument(..., metavar="EDITION", help="NEWSLETTER/NUMBER, such as daily/12."),
    addresses: list[str] = typer.Argument(..., metavar="ADDRESS…", help="Who gets a copy."),
    as_json: bool = JSON,
) -> None:
    """Send one marked copy of an edition to each address.

    Its subject begins with [Test]; all else is as most subscribers get it, but its unsubscribe link ends
    nothing. The edition itself is left as it is: held, approved or not.
    Exit 1: a copy was not taken. 75: no mail server can be reached; the copies wait.
    """
    from publisher.delivering import copies, opening
    from publisher.delivering.messages import Composer

    with opened(context) as p:
        found = opening.named(p.store, edition)
        ids = copies.queue_copies(Composer(p.store, p.config, p.keys), found, addresses, p.clock())
        rows, unavailable, stopped = _send(p, ids)
    names = ("address", "status", "code", "reply")
    sent = [{name: getattr(row, name) for name in names} for row in rows]
    lines = [[row.address, row.status, row.reply] for row in rows]
    result(as_json, {"edition": found.name, "copies": sent}, *table(["address", "status", "reply"], lines))
    if stopped:
        raise typer.Exit(130)
    if unavailable:
        tell(f"The mail server cannot be reached now, and the copies wait: {unavailable}")
        raise typer.Exit(75)
    raise typer.Exit(0 if all(row.status == "sent" for row in rows) else 1)


def _send(p: Publisher, ids: list[int]) -> tuple[list[Row[Any]], str, bool]:
    """The copies when each has an outcome; else why nothing can leave, or that it was stopped."""
    from publisher import delivering
    from publisher.cli.processes import interruptible
    from publisher.delivering import copies
    from publisher.store.claims import NO_EDITION

    with interruptible() as stopping:
        while True:
            done = delivering.deliver(
                p.store, p.config, p.keys, p.transport, p.clock, edition_id=NO_EDITION, stop=stopping
            )
            rows = copies.outcomes(p.store, ids)
            # a running `publisher run` may have taken them first
            under_way = any(row.status in ("queued", "sending") for row in rows)
            if done.unavailable or not under_way or stopping.wait(_LOOK_SECONDS):
                return rows, done.unavailable, stopping.is_set()


def backup(context: typer.Context, file: Path = _FILE, as_json: bool = JSON) -> None:
    """Copy the store into one file, while everything goes on.

    The copy is as the store is at one moment, checked, and complete or not there at all. It holds every
    address: only its owner may read it. A store on PostgreSQL is copied by pg_dump instead.
    """
    from publisher.store import backups

    began = time.monotonic()
    store = _store_file(context, "it is copied by `pg_dump --format=custom`")
    with progress("Copying") as step:
        size = backups.backup(store, file, step)
    data = {"file": file, "bytes": size, "seconds": round(time.monotonic() - began, 3)}
    result(as_json, data, f"{file}: {size / 1e6:.1f} MB, checked; {data['seconds']} s")


def restore(
    context: typer.Context,
    file: Path | None = typer.Argument(
        None, metavar="[FILE]", help="What `publisher backup` wrote.", show_default=False
    ),
    mark: bool = typer.Option(
        False, "--mark", help="The store was put back already, by pg_restore or by hand: only note that."
    ),
    as_json: bool = JSON,
) -> None:
    """Put a backup in place; nothing leaves until acknowledged.

    The replaced store is kept beside it, as NAME.before-restore-TIME. Refused while any process has the store
    open. Then: `publisher gather`, and `publisher acknowledge --restore`.
    """
    from publisher.app import utc_now
    from publisher.store import backups

    if mark == (file is not None):
        raise typer.BadParameter("expected a FILE, or --mark where the store has been put back already")
    if file is None:
        with opened(context) as p:
            unknown, kept = backups.note_restored(p.store, p.clock()), None
    else:
        put_in = "it is put back by `pg_restore`, and then `publisher restore --mark`"
        store = _store_file(context, put_in)
        with progress("Restoring") as step:
            done = backups.restore(file, store, utc_now(), step)
        unknown, kept = done.unknown, done.kept
        tell(f"It holds {counted(done.subscribers, 'subscriber')}")
    data: dict[str, Any] = {"restored": file, "kept": kept, "unknown": unknown}
    lines = ["The store is marked as restored." if mark else f"{file} is the store now."]
    lines += [f"The one before it is kept as {kept}."] if kept else []
    lines += [f"Outcome unknown, for it was being sent when the copy was made: {unknown}."] if unknown else []
    lines.append("Nothing is cut or sent until: publisher gather, then publisher acknowledge --restore")
    result(as_json, data, *lines)


def acknowledge(context: typer.Context, covered_until: str, as_json: bool) -> None:
    """`publisher acknowledge --restore`: a person says that the restored store may cut and send again."""
    from publisher import cutting, delivering
    from publisher.cli.asking import instant

    with opened(context) as p:
        until = covered_until and instant(covered_until, p.config.publication.zone, "--covered-until")
        with progress("Covering") as step:
            done = cutting.acknowledge_restore(p.store, p.config, p.clock(), until or None, step)
        delivering.finish(p.store, p.clock())
    subscribers, deliveries = counted(done.covered, "subscription"), done.cancelled
    data = {"covered": done.covered, "cancelled": done.cancelled}
    waited = "delivery that waited was" if deliveries == 1 else "deliveries that waited were"
    said = f"{subscribers} covered up to then, and {deliveries} {waited} cancelled. " if until else ""
    result(as_json, data, f"{said}The store cuts and sends again.")


def _config(context: typer.Context) -> Config:
    """The configuration alone: the store may be unreadable, or not there."""
    from publisher import config

    return config.load(Path(context.obj))


def _store_file(context: typer.Context, otherwise: str) -> Path:
    """The file that is the store. Raises Refused where a server keeps it."""
    from publisher.errors import Refused
    from publisher.store import sqlite_file

    url = _config(context).store
    if url.startswith("postgresql:"):
        raise Refused(f"the store is on PostgreSQL: {otherwise}")
    return sqlite_file(url, Path(context.obj).resolve().parent)
