"""Commands about people: subscribers and suppressions."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from publisher.cli.content import table_or
from publisher.cli.speaking import JSON, moment, opened, progress, result, tell

NEWSLETTER = typer.Option("", "--newsletter", help="Which newsletter; needed when there are several.")
ADDRESS = typer.Argument(..., metavar="ADDRESS")
_subscribers = typer.Typer(no_args_is_help=True, help="Who gets what: add, import, export, show, remove.")
_suppressions = typer.Typer(no_args_is_help=True, help="Addresses that must never be mailed.")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_subscribers, name="subscribers")
    app.add_typer(_suppressions, name="suppressions")


@_subscribers.command()
def add(
    context: typer.Context,
    address: str = ADDRESS,
    newsletter: str = NEWSLETTER,
    name: str = typer.Option(None, "--name", help="What to call them.", show_default=False),
    topics: str = typer.Option("", "--topics", help="Topics, separated by semicolons; all: every one."),
    cadence: str = typer.Option("", "--cadence", help="instant, daily, weekly or monthly."),
    weekday: str = typer.Option("", "--weekday", help="For weekly: monday to sunday."),
    day: int = typer.Option(None, "--day", help="For monthly: 1 to 31.", show_default=False),
    hour: int = typer.Option(None, "--hour", help="0 to 23, where they are.", show_default=False),
    zone: str = typer.Option("", "--zone", help="Their time zone, such as Europe/Lisbon."),
    language: str = typer.Option("", "--language", help="Their language, such as en."),
    status: str = typer.Option("confirmed", "--status", help="confirmed, pending or unsubscribed."),
    as_json: bool = JSON,
) -> None:
    """Add one subscriber who has agreed, or change what they chose."""
    from publisher import subscribing
    from publisher.subscribing.csv_files import weekday as number_of

    chosen = tuple(t.strip() for t in topics.split(";") if t.strip())
    everything = chosen == ("all",)
    with opened(context) as p:
        choice = subscribing.Choice(
            address=address,
            newsletter=subscribing.only_newsletter(p.config, newsletter),
            status=status,
            name=name,
            topics=None if everything or not chosen else chosen,
            all_topics=everything,
            cadence=cadence or None,
            weekday=number_of(weekday),
            day=day,
            hour=hour,
            zone=zone or None,
            language=language or None,
        )
        verdict = subscribing.subscribe(p.store, p.config, choice, p.clock())
    data = {"address": address, "newsletter": choice.newsletter, "result": verdict}
    result(as_json, data, f"{address}, {choice.newsletter}: {verdict}")


@_subscribers.command("import")
def import_(
    context: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE.csv", help="A header line, then a line a subscriber."),
    newsletter: str = NEWSLETTER,
    status: str = typer.Option("", "--status", help="For lines without one, such as confirmed."),
    as_json: bool = JSON,
) -> None:
    """Import subscribers. Bad lines are named and the good ones taken; who has left stays away."""
    from publisher.subscribing import csv_files

    with opened(context) as p, progress("Importing") as step:
        report = csv_files.take_in(
            p.store, p.config, file, p.clock(), newsletter=newsletter, status=status, progress=step
        )
    for line in report.refused:
        tell(f"{file}:{line['line']}: {line['address'] or 'no address'}: {line['reason']}")
    counts = ("added", "updated", "unchanged", "suppressed")
    said = ", ".join(f"{getattr(report, name)} {name}" for name in counts)
    result(as_json, asdict(report), f"{said}, {len(report.refused)} refused")
    raise typer.Exit(1 if report.refused else 0)


@_subscribers.command()
def export(
    context: typer.Context,
    newsletter: str = typer.Option("", "--newsletter", help="Only those of one newsletter."),
) -> None:
    """Write every subscription to stdout as CSV; an import gives the same again."""
    from publisher.subscribing import csv_files

    with opened(context) as p:
        csv_files.export(p.store, sys.stdout, newsletter)


@_subscribers.command()
def show(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """What one subscriber chose, and when the next digest is due."""
    from publisher.editions import choice
    from publisher.errors import NotFound
    from publisher.store import subscribers

    with opened(context) as p:
        with p.store.read() as tx:
            person = subscribers.find(tx, address)
            mine = subscribers.subscriptions_of(tx, person.id) if person else []
            suppression = subscribers.suppression(tx, address)
        zone = p.config.publication.zone
    if not person:
        raise NotFound(f"no subscriber {address}")
    data = {**asdict(person), "suppressed": suppression, "subscriptions": [asdict(s) for s in mine]}
    rows: list[list[Any]] = [
        [
            s.newsletter,
            s.status,
            choice.words(s.topics, s.cadence, s.hour, s.weekday, s.day),
            s.zone,
            moment(s.next_due_at, zone),
        ]
        for s in mine
    ]
    headings = ["newsletter", "status", "chosen", "zone", "next due"]
    extra = [f"Suppressed: {suppression}"] if suppression else []
    result(as_json, data, f"{person.address} {person.name}".strip(), *extra, *table_or(headings, rows, "No subscriptions."))


@_subscribers.command()
def remove(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """Unsubscribe an address everywhere; its history is kept."""
    from publisher import subscribing

    with opened(context) as p:
        ended = subscribing.remove(p.store, address, p.clock())
    result(as_json, {"address": address, "ended": ended}, f"{address}: {ended} subscriptions ended")


@_suppressions.command("list")
def list_(context: typer.Context, as_json: bool = JSON) -> None:
    """Every address that must never be mailed, and why."""
    from publisher.store import subscribers

    with opened(context) as p:
        with p.store.read() as tx:
            found = subscribers.suppressed(tx)
        zone = p.config.publication.zone
    data = [{"address": a, "reason": reason, "at": at} for a, reason, at in found]
    rows = [[d["address"], d["reason"], moment(d["at"], zone)] for d in data]
    result(as_json, data, *table_or(["address", "reason", "since"], rows, "No address is suppressed."))


@_suppressions.command("add")
def suppress(
    context: typer.Context,
    address: str = ADDRESS,
    reason: str = typer.Option("by hand", "--reason", help="Why, in a few words."),
    as_json: bool = JSON,
) -> None:
    """Never mail this address again, whatever it is subscribed to."""
    from publisher import subscribing

    with opened(context) as p:
        fresh = subscribing.suppress(p.store, address, reason, p.clock())
    result(as_json, {"address": address, "added": fresh}, f"{address}: {'suppressed' if fresh else 'was suppressed'}")


@_suppressions.command("remove")
def unsuppress(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """Let an address be mailed again."""
    from publisher.errors import NotFound
    from publisher.store import subscribers

    with opened(context) as p, p.store.write() as tx:
        if not subscribers.unsuppress(tx, address):
            raise NotFound(f"{address} is not suppressed")
    result(as_json, {"address": address, "removed": True}, f"{address}: may be mailed again")


@_suppressions.command("import")
def import_suppressions(
    context: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE", help="A CSV with a column address (and reason), or an address a line."),
    as_json: bool = JSON,
) -> None:
    """Suppress every address in a file."""
    from publisher.subscribing import csv_files

    with opened(context) as p:
        added, refused = csv_files.take_in_suppressions(p.store, file, p.clock())
    for line in refused:
        tell(f"{file}:{line['line']}: {line['reason']}")
    result(as_json, {"added": added, "refused": refused}, f"{added} added, {len(refused)} refused")
    raise typer.Exit(1 if refused else 0)


@_suppressions.command("export")
def export_suppressions(context: typer.Context) -> None:
    """Write every suppression to stdout as CSV."""
    import csv

    from publisher.store import subscribers

    with opened(context) as p, p.store.read() as tx:
        writer = csv.writer(sys.stdout)
        writer.writerow(["address", "reason", "since"])
        writer.writerows((a, reason, at.isoformat()) for a, reason, at in subscribers.suppressed(tx))
