"""Commands about what leaves: send, deliver, status, deliveries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.asking import instant
from publisher.cli.speaking import JSON, moment, opened, progress, result, table, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.delivering import Delivered
    from publisher.store.editions import Edition

EDITION = typer.Argument(..., metavar="EDITION", help="NEWSLETTER/NUMBER, such as daily/12.")
_COUNTS = (
    "queued",
    "sending",
    "sent",
    "deferred",
    "bounced",
    "expired",
    "suppressed",
    "cancelled",
    "unknown",
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (send, deliver, status, deliveries):
        app.command()(command)


def send(
    context: typer.Context,
    edition: str = EDITION,
    now: bool = typer.Option(False, "--now", help="Make every waiting delivery due now."),
    local: bool = typer.Option(False, "--local", help="Give each its own next hour."),
    at: str = typer.Option("", "--at", metavar="ISO", help="Open it at that moment."),
    no_wait: bool = typer.Option(False, "--no-wait", help="Open it, and let `publisher run` deliver."),
    as_json: bool = JSON,
) -> None:
    """Open an edition and deliver what is due.

    Each delivery leaves at its subscriber's hour; those whose hour has come leave at once, with a progress
    bar, and the others wait for `publisher run` or `publisher deliver`. Sending again is harmless.
    Exit 1: a delivery is unknown or expired. 75: no mail server can be reached; what waits is kept.
    """
    from publisher.delivering import opening

    if now + local + bool(at) > 1:
        raise typer.BadParameter("expected one of --now, --local and --at")
    began = time.monotonic()
    with opened(context) as p:
        found = opening.named(p.store, edition)
        when = "now" if now else "local" if local else ""
        opens = instant(at, p.config.publication.zone, "--at") if at else None
        found = opening.open_edition(p.store, found, p.clock(), at=opens, when=when)
        goes = found.state == "sending" and not no_wait
        _refresh(p)
        sent, stopped = _deliver(p, found) if goes else (None, False)
        counts = opening.counts(p.store, found)
    _report(as_json, counts, began, sent.unavailable if sent else "", stopped)


def _refresh(p: Publisher) -> None:
    """The archive page is there before the mail that links to it; a fault of pages keeps no mail back."""
    from publisher import publishing
    from publisher.errors import PublisherError

    try:
        publishing.refresh(p.store, p.config, p.templates)
    except PublisherError as error:
        tell(f"The public files could not be written: {error}")


def deliver(context: typer.Context, as_json: bool = JSON) -> None:
    """Deliver everything that is due, then stop.

    In editions that were opened by `publisher send` or by the clock. Exit codes as for `publisher send`.
    """
    from publisher.store import editions as rows

    began = time.monotonic()
    with opened(context) as p:
        with p.store.read() as tx:
            open_ = rows.listed(tx, states=("sending",))
        sent, stopped = _deliver(p, None)
        counts = _sums(p, open_)
    _report(as_json, counts, began, sent.unavailable, stopped)


def _sums(p: Publisher, open_: list[Edition]) -> dict[str, Any]:
    from publisher.delivering import opening

    each = [opening.counts(p.store, edition) for edition in open_]
    return {name: sum(c[name] for c in each) for name in ("planned", *_COUNTS)}


def _deliver(p: Publisher, edition: Edition | None) -> tuple[Delivered, bool]:
    from publisher import delivering
    from publisher.cli.processes import interruptible
    from publisher.delivering import opening

    total = 0
    if edition:
        counts = opening.counts(p.store, edition)
        total = counts["queued"] + counts["deferred"]
    what = f"Sending {edition.name}" if edition else "Delivering"
    with interruptible() as stopping, progress(what) as step:
        sent = delivering.deliver(
            p.store,
            p.config,
            p.keys,
            p.transport,
            p.clock,
            edition_id=edition.id if edition else None,
            stop=stopping,
            progress=lambda settled: step(settled, total),
        )
    return sent, stopping.is_set()


def _report(as_json: bool, counts: dict[str, Any], began: float, unavailable: str, stopped: bool) -> None:
    data = {**counts, "seconds": round(time.monotonic() - began, 3)}
    name = f"{counts['edition']} ({counts['state']}): " if "edition" in counts else ""
    result(as_json, data, f"{name}{_in_words(counts, 'nothing to send')}; {data['seconds']} s")
    if stopped:
        tell("Stopped, and what waits is kept: publisher deliver goes on")
        raise typer.Exit(130)
    if unavailable:
        tell(f"The mail server cannot be reached now, and what waits is kept: {unavailable}")
        raise typer.Exit(75)
    raise typer.Exit(1 if counts["unknown"] or counts["expired"] else 0)


def _in_words(counts: dict[str, Any], none: str) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in _COUNTS if counts[name]) or none


def status(
    context: typer.Context,
    edition: str = typer.Argument("", metavar="[EDITION]", help="One edition; default: all that are open."),
    as_json: bool = JSON,
) -> None:
    """How editions stand: their deliveries by status.

    planned = sent + bounced + expired + suppressed + cancelled + unknown + what waits; queued, sending and
    deferred ones wait.
    """
    from publisher.delivering import opening
    from publisher.store import editions as rows

    with opened(context) as p:
        if edition:
            data: Any = opening.counts(p.store, opening.named(p.store, edition))
            found = [data]
        else:
            with p.store.read() as tx:
                open_ = rows.listed(tx, states=rows.OPEN_STATES)
            data = found = [opening.counts(p.store, e) for e in open_]
    lines = [[c["edition"], c["state"], c["planned"], _in_words(c, "none planned")] for c in found]
    headings = ["edition", "state", "planned", "of these"]
    empty = "No edition is open. `publisher editions` lists those that are done."
    result(as_json, data, *table(headings, lines, empty))


def deliveries(
    context: typer.Context,
    edition: str = EDITION,
    status: str = typer.Option(
        "", "--status", metavar="STATUS", help=f"Only those that are {', '.join(_COUNTS)}."
    ),
    as_json: bool = JSON,
) -> None:
    """Who got an edition, and what the server said.

    One line for each recipient: status, when, how many attempts, and the mail server's own words.
    """
    from publisher import links
    from publisher.delivering import opening
    from publisher.store import ledger

    if status and status not in _COUNTS:
        raise typer.BadParameter(f"expected {', '.join(_COUNTS)}, got {status!r}", param_hint="--status")
    with opened(context) as p:
        found = opening.named(p.store, edition)
        with p.store.read() as tx:
            rows = ledger.rows(tx, found.id, status)
        newsletter = p.config.newsletters.get(found.newsletter)
        domain = newsletter.sender.domain if newsletter else ""
        zone = p.config.publication.zone
        data = [
            {
                "address": r.address,
                "status": r.status,
                "code": r.code,
                "reply": r.reply,
                "attempts": r.attempt,
                "message_id": f"<{links.message_id(p.keys, domain, r.id, r.generation)}>",
                "at": r.finished_at or r.started_at,
                "due_at": r.due_at,
            }
            for r in rows
        ]
    lines = [[d["address"], d["status"], moment(d["at"], zone), d["attempts"], d["reply"]] for d in data]
    headings = ["address", "status", "at", "attempts", "reply"]
    empty = (
        f"{found.name} has no delivery that is {status}." if status else f"{found.name} has no deliveries."
    )
    result(as_json, data, *table(headings, lines, empty))
