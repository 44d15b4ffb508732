"""The command about outgoing webhooks: how the endpoints fare, one tried out, one begun again."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.speaking import JSON, moment, opened, result, table

if TYPE_CHECKING:
    from publisher.app import Publisher


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(webhooks)


def webhooks(
    context: typer.Context,
    test: str = typer.Option("", "--test", metavar="URL", help="Post a signed test event there, now."),
    enable: str = typer.Option("", "--enable", metavar="URL", help="Begin again with one that is off."),
    as_json: bool = JSON,
) -> None:
    """Say how the endpoints of outgoing webhooks fare.

    State: new (the clock has not seen it yet), well, failing (it is tried again, for three days) or off. What
    happened meanwhile is kept for a week. Exit 1: one is off, or did not take the test.
    """
    from publisher import webhooks as use
    from publisher.model.editors import COMMAND_LINE

    if test and enable:
        raise typer.BadParameter("expected --test or --enable, not both")
    with opened(context) as p:
        if test:
            answer = use.try_out(p.config, os.environ, COMMAND_LINE, test, p.clock())
            data: Any = {"url": test, "accepted": answer.accepted, "said": answer.words}
            result(as_json, data, f"{test}: {answer.words}")
            raise typer.Exit(0 if answer.accepted else 1)
        if enable:
            use.enable(p.store, COMMAND_LINE, enable, p.clock())
        found = use.standings(p.store, p.config, COMMAND_LINE)
        zone = p.config.publication.zone
    rows = [
        [one.url, one.state, one.waiting, moment(one.delivered_at, zone), moment(one.next_at, zone), one.said]
        for one in found
    ]
    headings = ["url", "state", "ahead", "last taken", "next try", "said"]
    empty = "Nobody is told: the configuration has no webhooks."
    result(as_json, [asdict(one) for one in found], *table(headings, rows, empty))
    raise typer.Exit(1 if any(one.state == "off" for one in found) else 0)


def webhooks_off(p: Publisher) -> list[str]:
    """A line for each endpoint that is told nothing more."""
    from publisher import webhooks as use
    from publisher.model.editors import COMMAND_LINE

    return [
        f"Webhook {one.url} is off: {one.said} (publisher webhooks --enable {one.url})"
        for one in use.off(p.store, p.config, COMMAND_LINE)
    ]
