"""publisher bounces: what came back of the mail that left."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.speaking import JSON, counted, opened, progress, result, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.receiving import Tally

_STDIN = "-"
_COUNTS = ("hard", "soft", "complaints", "unsubscribed", "ignored", "unmatched", "repeated")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bounces)


def bounces(
    context: typer.Context,
    places: list[str] = typer.Argument(
        ..., metavar="FILE|MAILDIR|-", help="A mail, a Maildir or a folder of mails; - is standard input."
    ),
    as_json: bool = JSON,
) -> None:
    """Read bounces, complaints and requests to unsubscribe.

    A mail counts as hard, soft, complaint, unsubscribed or ignored; as unmatched, too, where it names nothing
    that was sent from here: then it changes nothing. In a Maildir what was read is moved to cur/ with flag S.
    `mail.bounce_mailbox` is read by the clock.
    """
    from publisher.receiving import Tally

    tally = Tally()
    with opened(context) as p:
        for place in places:
            _read(p, place, tally)
    counts: dict[str, Any] = {name: getattr(tally, name) for name in _COUNTS}
    reports = [{"mail": name, **received._asdict()} for name, received in tally.reports]
    result(as_json, counts | {"reports": reports}, ", ".join(f"{n} {name}" for name, n in counts.items()))
    if not as_json:
        for name, received in tally.reports[:20]:
            if received.outcome == "unmatched":
                tell(
                    f"{name}: {received.kind}, {received.status or 'no status'}: names nothing sent from here"
                )


def _read(p: Publisher, place: str, tally: Tally) -> None:
    from publisher import mailbox, receiving

    found = mailbox.open_stream(sys.stdin.buffer) if place == _STDIN else mailbox.open_path(Path(place))
    with progress("Reading") as step:
        done = receiving.read(p.store, p.keys, found, p.clock, step=step)
    for name, received in done.reports:
        tally.add(name, received)
    tell(f"{place}: {counted(len(done.reports), 'mail')}")
