"""Commands for what needs a person: approve, pause, resume, cancel, retry, acknowledge, explain."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.sending import EDITION, delivered, in_words, report
from publisher.cli.speaking import JSON, opened, result, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.store.editions import Edition

_RETRIED = "unknown, deferred, bounced or expired"
ADDRESS = typer.Option("", "--address", metavar="ADDRESS", help="Only the delivery to this address.")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (approve, pause, resume, cancel, retry, acknowledge, explain):
        app.command()(command)


def approve(context: typer.Context, edition: str = EDITION, as_json: bool = JSON) -> None:
    """Open an edition that waits for approval.

    What is frozen in it, and whom it is for, are bound by that: after any change it must be approved again.
    Each delivery leaves when its subscriber's hour comes next; `publisher send --now` does not wait for it.
    """
    from publisher.delivering import approving, opening

    with opened(context) as p:
        found = approving.approve(p.store, opening.named(p.store, edition), p.clock())
        _say(p, found, as_json, {"approved_hash": found.approved_hash})


def pause(context: typer.Context, edition: str = EDITION, as_json: bool = JSON) -> None:
    """Let nothing more of an edition leave, until it is resumed.

    Every worker obeys at its next message; what was handed to the mail server is answered and recorded.
    """
    from publisher.delivering import controlling, opening

    with opened(context) as p:
        found = controlling.pause(p.store, opening.named(p.store, edition), p.clock(), "by hand")
        _say(p, found, as_json, next_=f"publisher resume {found.name}")


def resume(context: typer.Context, edition: str = EDITION, as_json: bool = JSON) -> None:
    """Let a paused edition go on.

    Nothing is too late because of the pause. `publisher run` delivers, or `publisher send`.
    """
    from publisher import delivering
    from publisher.delivering import controlling, opening

    with opened(context) as p:
        found = controlling.resume(p.store, opening.named(p.store, edition), p.clock())
        delivering.finish(p.store, p.clock())
        _say(p, found, as_json)


def cancel(context: typer.Context, edition: str = EDITION, as_json: bool = JSON) -> None:
    """Stop an edition for good.

    Where nothing has left, it is as if it had not been cut, and its articles come with the next one. Else who
    has not got it will not get it.
    """
    from publisher.cutting import cancelling
    from publisher.delivering import opening

    with opened(context) as p:
        found = opening.named(p.store, edition)
        if found.state == "cancelled":
            cancelling.undo(p.store, found, p.clock())  # the last time it may have been killed on its way
        else:
            cancelling.cancel(p.store, found, p.clock(), "by hand")
        _say(p, found, as_json)


def _say(
    p: Publisher, edition: Edition, as_json: bool, more: dict[str, Any] | None = None, next_: str = ""
) -> None:
    from publisher.delivering import opening

    counts = opening.counts(p.store, edition)
    result(
        as_json,
        counts | (more or {}),
        f"{edition.name}: {counts['state']}; {in_words(counts, 'no deliveries')}",
    )
    if next_ and not as_json:
        tell(f"Next: {next_}")


def retry(
    context: typer.Context,
    edition: str = EDITION,
    status: str = typer.Option("", "--status", metavar="STATUS", help=f"Those that are {_RETRIED}; needed."),
    address: str = ADDRESS,
    no_wait: bool = typer.Option(
        False, "--no-wait", help="Only make them due, and let `publisher run` deliver."
    ),
    as_json: bool = JSON,
) -> None:
    """Send exactly those again, now.

    Unknown ones leave byte for byte as before; bounced and expired ones as a new message, with a new date.
    Whoever has left or is suppressed gets nothing, and is named (exit 1). Other exit codes as for
    `publisher send`.

    \b
      publisher retry daily/12 --status bounced
      publisher retry daily/12 --status unknown --address ada@example.org
    """
    from publisher.delivering import opening, retrying
    from publisher.model.editors import COMMAND_LINE

    if status not in retrying.RETRIED:
        raise typer.BadParameter(f"expected {_RETRIED}, got {status!r}", param_hint="--status")
    began = time.monotonic()
    with opened(context) as p:
        found = opening.named(p.store, edition)
        again = retrying.retry(p.store, COMMAND_LINE, found, status, p.clock(), address)
        for whom, reason in again.suppressed:
            tell(f"{whom} gets nothing: {reason}")
        if not again.again and not again.suppressed:
            tell(f"Nothing to retry: nobody{f' at {address}' if address else ''} is {status} in {edition}")
        waits = no_wait or not again.again
        sent, stopped = (None, False) if waits else delivered(p, found)
        refused = [{"address": whom, "reason": reason} for whom, reason in again.suppressed]
        counts = opening.counts(p.store, found) | {"again": again.again, "refused": refused}
    report(as_json, counts, began, sent, stopped, bool(refused))


def acknowledge(
    context: typer.Context,
    edition: str = typer.Argument("", metavar="[EDITION]", help="NEWSLETTER/NUMBER, such as daily/12."),
    address: str = ADDRESS,
    restore: bool = typer.Option(False, "--restore", help="The restored store may cut and send again."),
    covered_until: str = typer.Option(
        "", "--covered-until", metavar="ISO", help="With --restore: what was out by then was mailed."
    ),
    as_json: bool = JSON,
) -> None:
    """Say that a person has seen what is unknown.

    Nothing is sent by it. Unknown ones stay so, and no longer keep the edition from being done.

    \b
      publisher acknowledge daily/12
      publisher acknowledge --restore --covered-until 2026-11-21T07:45
    """
    from publisher.cli import keeping

    if restore == bool(edition) or (restore and address) or (covered_until and not restore):
        raise typer.BadParameter("expected EDITION [--address A], or --restore [--covered-until ISO]")
    if restore:
        keeping.acknowledge(context, covered_until, as_json)
        return
    from publisher import delivering
    from publisher.delivering import opening, retrying
    from publisher.model.editors import COMMAND_LINE

    with opened(context) as p:
        found = opening.named(p.store, edition)
        seen = retrying.acknowledge(p.store, COMMAND_LINE, found, p.clock(), address)
        delivering.finish(p.store, p.clock())
        counts = opening.counts(p.store, found)
    said = f"{found.name}: {seen} unknown acknowledged"
    result(as_json, counts | {"acknowledged": seen}, f"{said}; {counts['state']}")


def explain(
    context: typer.Context,
    address: str = typer.Argument(..., metavar="ADDRESS"),
    edition: str = typer.Argument("", metavar="[EDITION]", help="About one edition; default: everything."),
    as_json: bool = JSON,
) -> None:
    """Say why somebody gets something, or does not.

    \b
      publisher explain ada@example.org
      publisher explain ada@example.org daily/12
    """
    from publisher.delivering import explaining, opening
    from publisher.model.editors import COMMAND_LINE

    with opened(context) as p:
        found = opening.named(p.store, edition) if edition else None
        data = explaining.explain(p.store, COMMAND_LINE, p.config, address, p.clock(), found)
    result(as_json, data, *data["says"])
