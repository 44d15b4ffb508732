"""Commands for the store as a whole: moving it to another database, and making it smaller."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from publisher.cli.speaking import JSON, counted, help_when_alone, opened, progress, result, tell

_STORES = ("sqlite:///", "postgresql://")
_TURN_SECONDS = 2.0
_EXPECTED = "expected sqlite:///path or postgresql://…"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    store = typer.Typer(
        help="Move the store to another database, or make it smaller.",
        callback=help_when_alone,
        invoke_without_command=True,
    )
    store.command("copy")(copy)
    store.command("compact")(compact)
    app.add_typer(store, name="store")


def copy(
    context: typer.Context,
    source: str = typer.Argument(
        ..., metavar="FROM", help="The store as it is: sqlite:///path or postgresql://…, as in config.yaml."
    ),
    target: str = typer.Argument(
        ..., metavar="TO", help="An empty one, written in the same way; a new file is made."
    ),
    as_json: bool = JSON,
) -> None:
    """Move the publication into another, empty store.

    Stop everything that uses either of them first. Every table is read back and compared, by the number of
    its rows and a hash of all of them; where they differ, TO is left empty. Then nothing is cut or sent from
    FROM any more, and TO is to be named as `store` in the configuration. Killed on its way, nothing is sent
    from either: say the same again.
    """
    from publisher.app import utc_now
    from publisher.config.values import without_password
    from publisher.store import copying

    for url, name in ((source, "FROM"), (target, "TO")):
        if not url.startswith(_STORES):
            raise typer.BadParameter(_EXPECTED, param_hint=name)
    began = time.monotonic()
    with progress("Copying and comparing") as step:
        done = copying.copy(source, target, Path(context.obj).resolve().parent, utc_now(), step)
    seconds = round(time.monotonic() - began, 3)
    old, new = without_password(source), without_password(target)
    result(
        as_json,
        {
            "from": old,
            "to": new,
            "rows": done.rows,
            "seconds": seconds,
            "sha256": done.sha256,
            "tables": [{"table": n, "rows": t.rows, "sha256": t.sha256} for n, t in done.tables.items()],
        },
        f"{new} holds what {old} holds: {counted(done.rows, 'row')}, read back and compared; {seconds} s",
        f"Nothing is cut or sent from {old} any more. Name the other one in the configuration:",
        f"store: {new}",
    )
    if done.awaiting:
        tell(f"Nothing leaves from the new one either: {done.awaiting}")


def compact(context: typer.Context, as_json: bool = JSON) -> None:
    """Keep in short what was sent longer ago than `delivery.compact_after`.

    The clock does so by itself, a little at a time; this one does all of it now. What is kept of a delivery:
    for whom, what, when. What was not sent stays as it is. Sending goes on meanwhile.
    """
    from publisher.delivering import compacting
    from publisher.store import gauges

    with opened(context) as p, progress("Compacting") as step:
        now, policy, moved = p.clock(), p.config.delivery, 0
        before, total = gauges.size(p.store), compacting.waiting(p.store, policy, now)

        def told(done: int) -> None:
            nonlocal moved
            moved += done
            step(moved, total)

        # the clock can have its turn between
        while not compacting.compact(p.store, policy, now, _TURN_SECONDS, told)[1]:
            pass
        after = gauges.size(p.store)
    days = policy.compact_after.days
    which = f"what was sent in editions that were done {counted(days, 'day')} ago (delivery.compact_after)"
    said = f"Kept in short: {moved:,} of {which}." if moved else f"There is nothing left of {which}."
    result(
        as_json,
        {"deliveries": moved, "bytes_before": before, "bytes_after": after},
        said,
    )
