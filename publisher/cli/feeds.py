"""The command about who follows the feeds: feeds."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.speaking import JSON, opened, result, table

if TYPE_CHECKING:
    from publisher.feeds.following import Following

DAYS = typer.Option(7, "--days", metavar="N", min=1, max=400, help="Look back so many days.")
_SHOWN = 4
_MEANING = (
    "Stated is what aggregators say of themselves. Direct is a guess, from how often people's own programs",
    "ask; browsers, scripts and others are not taken for people.",
)


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(feeds)


def feeds(context: typer.Context, days: int = DAYS, as_json: bool = JSON) -> None:
    """Who follows each feed: programs, and subscribers they state.

    Counted where `publisher run` or `serve` answers, without keeping an address. Today counts only as long as
    there is no whole day.
    """
    from publisher.feeds.following import following
    from publisher.store import feed_polls

    with opened(context) as p:
        today = p.clock().astimezone(UTC).date()
        first = today - timedelta(days=days)
        with p.store.read() as tx:
            found = following(feed_polls.since(tx, first.isoformat()), first, today)
    rows = [[f.feed, f.polls_a_day, f.stated, f"about {f.direct}", _programs(f)] for f in found]
    empty = "Nobody has polled a feed yet."
    lines = table(["feed", "polls a day", "stated", "direct", "programs"], rows, empty)
    result(as_json, [_listed(f) for f in found], *lines, *(_MEANING if found else ()))


def _programs(one: Following) -> str:
    names = [each.program for each in one.programs]
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _listed(one: Following) -> dict[str, Any]:
    return {
        "feed": one.feed,
        "polls_a_day": one.polls_a_day,
        "stated": one.stated,
        "direct_estimate": one.direct,
        "programs": [
            {
                "program": each.program,
                "polls_a_day": round(each.polls_a_day, 1),
                "subscribers": each.subscribers,
                "people_estimate": each.people,
            }
            for each in one.programs
        ],
    }
