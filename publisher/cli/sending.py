"""Commands about what leaves: send, deliver, status, deliveries."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.asking import instant
from publisher.cli.speaking import JSON, json_array, moment, opened, result, streamed, table, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.delivering import Delivered
    from publisher.delivering.watching import Standing
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
        sent, stopped = delivered(p, found) if goes else (None, False)
        counts = opening.counts(p.store, found)
    report(as_json, counts, began, sent, stopped)


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
        sent, stopped = delivered(p, None, open_)
        counts = _sums(p, open_)
    report(as_json, counts, began, sent, stopped)


def _sums(p: Publisher, open_: list[Edition]) -> dict[str, Any]:
    from publisher.delivering import opening

    each = [opening.counts(p.store, edition) for edition in open_]
    return {name: sum(c[name] for c in each) for name in ("planned", *_COUNTS)}


def delivered(p: Publisher, edition: Edition | None, watch: Sequence[Edition] = ()) -> tuple[Delivered, bool]:
    """Deliver what is due, of one edition or all, and show it; and whether a signal ended it."""
    from publisher import delivering
    from publisher.cli.processes import interruptible
    from publisher.cli.watching import watched

    what = f"Sending {edition.name}" if edition else "Delivering"
    shown = [edition] if edition else watch
    with interruptible() as stopping, watched(p, what, lambda: shown):
        sent = delivering.deliver(
            p.store,
            p.config,
            p.keys,
            p.transport,
            p.clock,
            edition_id=edition.id if edition else None,
            stop=stopping,
        )
    return sent, stopping.is_set()


def report(
    as_json: bool,
    counts: dict[str, Any],
    began: float,
    sent: Delivered | None,
    stopped: bool,
    open_: bool = False,
) -> None:
    """Say how a delivery run went, and end with the exit code for it; `open_`: something else stays open."""
    data = {**counts, "seconds": round(time.monotonic() - began, 3)}
    name = f"{counts['edition']} ({counts['state']}): " if "edition" in counts else ""
    result(as_json, data, f"{name}{in_words(counts, 'nothing to send')}; {data['seconds']} s")
    if counts.get("state") == "paused":
        tell(f"It is paused{_because(counts)}; publisher resume {counts['edition']} lets it go on")
    if stopped:
        tell("Stopped, and what waits is kept: publisher deliver goes on")
        raise typer.Exit(130)
    if counts["unknown"]:
        which = f" {counts['edition']}" if "edition" in counts else ""
        tell(
            f"Nobody knows whether {counts['unknown']} arrived: publisher deliveries{which} --status unknown "
            "lists them, and publisher acknowledge or retry decides"
        )
    if sent and sent.used_up:
        tell("The warm-up lets nothing more go today: the rest leaves from tomorrow on (publisher status)")
    if sent and sent.unavailable:
        tell(f"The mail server cannot be reached now, and what waits is kept: {sent.unavailable}")
        raise typer.Exit(75)
    stays_open = open_ or counts["unknown"] or counts["expired"] or counts.get("state") == "paused"
    raise typer.Exit(1 if stays_open else 0)


def _because(counts: dict[str, Any]) -> str:
    return f": {counts['reason']}" if counts.get("reason") else ""


def in_words(counts: Mapping[str, Any], none: str) -> str:
    """3 sent, 1 deferred."""
    return ", ".join(f"{counts[name]} {name}" for name in _COUNTS if counts[name]) or none


def status(
    context: typer.Context,
    edition: str = typer.Argument("", metavar="[EDITION]", help="One edition; default: all that are open."),
    watch: bool = typer.Option(False, "--watch", help="Go on until nothing is due, or Ctrl-C."),
    workers: bool = typer.Option(False, "--workers", help="Say who sends, on all machines, instead."),
    as_json: bool = JSON,
) -> None:
    """Say how editions stand, how fast they leave, until when.

    planned = sent + bounced + expired + suppressed + cancelled + unknown + what waits; queued, sending and
    deferred ones wait. The end is estimated from what is due and how fast it leaves; what waits for a later
    hour leaves then.
    """
    from publisher.cli.content import feeds_in_trouble
    from publisher.cli.pace import in_words as pace_in_words
    from publisher.cli.webhooks import webhooks_off
    from publisher.delivering import learning, opening, watching
    from publisher.store import editions as rows
    from publisher.store import restores

    if workers and (edition or watch):
        raise typer.BadParameter("expected --workers alone: they send whatever is due")
    with opened(context) as p:
        if workers:
            from publisher.cli.workers import show

            show(p, as_json)
            return
        if edition:
            wanted = [opening.named(p.store, edition)]
        else:
            with p.store.read() as tx:
                wanted = rows.listed(tx, states=rows.OPEN_STATES)
        if watch:
            _watch(p, wanted)
        found = watching.standings(p.store, wanted, p.clock())
        pace = learning.standing(p.store, p.config, p.clock())
        with p.store.read() as tx:
            restored = restores.restored(tx)
        zone = p.config.publication.zone
        feeds = [] if edition else [*feeds_in_trouble(p), *webhooks_off(p)]
    data: Any = [{**one.json(), "pace": pace} for one in found]
    lines = [_line(one, zone) for one in found]
    headings = ["edition", "state", "planned", "of these", "a second", "ends about"]
    empty = "No edition is open. `publisher editions` lists those that are done."
    said = [*table(headings, lines, empty), *pace_in_words(pace, zone)]
    result(as_json, data[0] if edition else data, *said)
    for one in found:
        if one.reason:
            tell(f"{one.edition} is {one.state}: {one.reason}")
    if restored:
        tell(f"Nothing leaves: {restores.said(restored)}")
    for line in feeds:
        tell(line)


def _line(one: Standing, zone: Any) -> list[Any]:
    rate = f"{one.rate:,.1f}" if one.rate else ""
    which = in_words(one.counts, "none planned")
    return [one.edition, one.state, one.planned, which, rate, moment(one.estimated_end, zone)]


def _watch(p: Publisher, wanted: Sequence[Edition]) -> None:
    """Show them until nothing is due that could leave; nothing is sent here."""
    from publisher.cli.processes import interruptible
    from publisher.cli.watching import watched
    from publisher.delivering import watching

    with interruptible() as stopping, watched(p, "Watching", lambda: wanted):
        while not stopping.is_set():
            found = watching.standings(p.store, wanted, p.clock())
            if not any(one.state == "sending" and (one.due or one.counts["sending"]) for one in found):
                return
            stopping.wait(1)


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
    from publisher.delivering import opening

    if status and status not in _COUNTS:
        raise typer.BadParameter(f"expected {', '.join(_COUNTS)}, got {status!r}", param_hint="--status")
    with opened(context) as p:
        found = opening.named(p.store, edition)
        rows = _ledger(p, found, status)
        if as_json:
            json_array(rows)
            return
        zone = p.config.publication.zone
        lines = ([d["address"], d["status"], moment(d["at"], zone), d["attempts"], d["reply"]] for d in rows)
        which = f"no delivery that is {status}" if status else "no deliveries"
        headings = ["address", "status", "at", "attempts", "reply"]
        streamed(headings, lines, f"{found.name} has {which}.")


def _ledger(p: Publisher, edition: Edition, status: str) -> Iterator[dict[str, Any]]:
    from publisher import links
    from publisher.delivering import watching

    newsletter = p.config.newsletters.get(edition.newsletter)
    domain = newsletter.sender.domain if newsletter else ""
    for row in watching.deliveries(p.store, edition, status):
        yield {
            "address": row.address,
            "status": row.status,
            "code": row.code,
            "reply": row.reply,
            "attempts": row.attempt,
            "worker": row.worker,
            "message_id": f"<{links.message_id(p.keys, domain, row.id, row.generation)}>",
            "at": row.finished_at or row.started_at,
            "due_at": row.due_at,
        }
