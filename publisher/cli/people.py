"""Commands about people: subscribers and suppressions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from publisher.cli.speaking import (
    JSON,
    counted,
    help_when_alone,
    moment,
    opened,
    progress,
    result,
    table,
    tell,
)

NEWSLETTER = typer.Option(
    "", "--newsletter", metavar="NEWSLETTER", help="Which newsletter; needed when there are several."
)
REFUSED = typer.Option(
    None, "--refused", metavar="FILE.csv", help="Write every refused line there.", show_default=False
)
_NAMED = 1000
ADDRESS = typer.Argument(..., metavar="ADDRESS")
_subscribers = typer.Typer(
    invoke_without_command=True,
    callback=help_when_alone,
    help="Who gets what: add, import, export, show, remove, erase.",
)
_suppressions = typer.Typer(
    invoke_without_command=True,
    callback=help_when_alone,
    help="Addresses that must never be mailed.\n\n"
    "A suppression outlives the subscription: no import revives it, and a running send obeys it at once.",
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_subscribers, name="subscribers")
    app.add_typer(_suppressions, name="suppressions")


@_subscribers.command()
def add(
    context: typer.Context,
    address: str = ADDRESS,
    newsletter: str = NEWSLETTER,
    name: str = typer.Option(None, "--name", metavar="NAME", help="What to call them.", show_default=False),
    topics: str = typer.Option(
        "", "--topics", metavar="TOPICS", help="Topics, separated by semicolons; all: every one."
    ),
    cadence: str = typer.Option(
        "", "--cadence", metavar="CADENCE", help="instant, daily, weekly or monthly."
    ),
    weekday: str = typer.Option("", "--weekday", metavar="DAY", help="For weekly: monday to sunday."),
    day: int = typer.Option(None, "--day", metavar="N", help="For monthly: 1 to 31.", show_default=False),
    hour: int = typer.Option(
        None, "--hour", metavar="N", help="0 to 23, where they are.", show_default=False
    ),
    zone: str = typer.Option("", "--zone", metavar="ZONE", help="Their time zone, such as Europe/Lisbon."),
    language: str = typer.Option("", "--language", metavar="TAG", help="Their language, such as en."),
    status: str = typer.Option(
        "confirmed", "--status", metavar="STATUS", help="confirmed, pending or unsubscribed."
    ),
    as_json: bool = JSON,
) -> None:
    """Add one who has agreed, or change what they chose.

    What is not said stays as it is, or as the newsletter has it by default. Who left is taken back.

    \b
      publisher subscribers add reader@example.org --topics "world;sports" --hour 7 --zone Europe/Lisbon
    """
    from publisher import subscribing
    from publisher.subscribing import choosing

    chosen, everything = choosing.topics(topics)
    with opened(context) as p:
        choice = subscribing.Choice(
            address=address,
            newsletter=subscribing.only_newsletter(p.config, newsletter),
            status=status,
            name=name,
            topics=chosen,
            all_topics=everything,
            cadence=cadence or None,
            weekday=choosing.weekday(weekday),
            day=day,
            hour=hour,
            zone=zone or None,
            language=language or None,
        )
        verdict = subscribing.subscribe(p.store, p.config, choice, p.clock(), source="command line")
    data = {"address": address, "newsletter": choice.newsletter, "result": verdict}
    result(as_json, data, f"{address}, {choice.newsletter}: {verdict}")


@_subscribers.command("import")
def import_(
    context: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE", help="A header line, then a line a subscriber."),
    newsletter: str = NEWSLETTER,
    status: str = typer.Option(
        "", "--status", metavar="STATUS", help="For lines without one, such as confirmed."
    ),
    refused: Path = REFUSED,
    as_json: bool = JSON,
) -> None:
    """Import subscribers from a CSV file.

    A line that cannot be taken is named, and the others are taken (exit 1). Who unsubscribed or is suppressed
    stays away. Columns: address (or email), status, and if you like name, newsletter, topics (semicolons
    between them), cadence, weekday, day, hour, zone, language, paused_until; any other is kept as an
    attribute. The exports of listmonk, Mailchimp (its ZIP too), Substack, Ghost and Buttondown are known by
    their headers. Killed on its way, the same command again goes on.

    \b
      publisher subscribers import readers.csv --status confirmed
    """
    from publisher.subscribing import csv_files

    with opened(context) as p, _named(file, refused) as name, progress("Importing") as step:
        report = csv_files.take_in(
            p.store,
            p.config,
            file,
            p.clock(),
            newsletter=newsletter,
            status=status,
            progress=step,
            say=tell,
            refused=name,
        )
    counts = ("added", "updated", "unchanged", "suppressed")
    said = ", ".join(f"{getattr(report, name)} {name}" for name in counts)
    result(as_json, asdict(report), f"{said}, {report.refused_count} refused")
    raise typer.Exit(1 if report.refused_count else 0)


@contextmanager
def _named(file: Path, kept: Path | None) -> Iterator[Callable[[dict[str, Any], str], None]]:
    """Names refused lines as they come: the first thousand here, every one in the file if there is one."""
    from publisher.errors import Refused
    from publisher.subscribing import csv_text

    count = 0
    try:
        out = kept.open("w", encoding="utf-8", newline="") if kept else nullcontext()
    except OSError as error:
        raise Refused(f"{kept}: cannot be written: {error.strerror}") from None
    with out as sheet:
        if sheet:
            csv_text.write(sheet, ["line", "address", "reason"], ())

        def name(line: dict[str, Any], place: str) -> None:
            nonlocal count
            count += 1
            if sheet:
                csv_text.write_row(sheet, [line["line"], line["address"], line["reason"]])
            if count <= _NAMED:
                tell(f"{place}:{line['line']}: {line['address'] or 'no address'}: {line['reason']}")

        yield name
    if count > _NAMED:
        where = f"all of them are in {kept}" if kept else "--refused FILE.csv writes all of them"
        tell(f"{file}: and {count - _NAMED} lines more; {where}")


@_subscribers.command()
def export(
    context: typer.Context,
    newsletter: str = typer.Option(
        "", "--newsletter", metavar="NEWSLETTER", help="Only those of one newsletter."
    ),
) -> None:
    """Write every subscription to stdout, as CSV.

    An import of it gives the same again, consents and pauses included. An apostrophe keeps a spreadsheet from
    running a cell as a formula.
    """
    from publisher.subscribing import exports

    with opened(context) as p:
        exports.export(p.store, sys.stdout, newsletter)


@_subscribers.command()
def show(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """Show one: what they chose, and when the next is due."""
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
            moment(s.next_due_at if s.status == "confirmed" else None, zone),
        ]
        for s in mine
    ]
    headings = ["newsletter", "status", "chosen", "zone", "next due"]
    extra = [f"Suppressed: {suppression}"] if suppression else []
    result(
        as_json,
        data,
        f"{person.address} {person.name}".strip(),
        *extra,
        *table(headings, rows, "No subscriptions."),
    )


@_subscribers.command()
def remove(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """Unsubscribe an address everywhere; keep its history."""
    from publisher import subscribing

    with opened(context) as p:
        ended = subscribing.remove(p.store, address, p.clock())
    result(
        as_json, {"address": address, "ended": ended}, f"{address}: {counted(ended, 'subscription')} ended"
    )


@_subscribers.command()
def erase(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """Erase a person, from the ledger too.

    Their history stays, and nothing in it names them. A keyed hash of the address stays among the
    suppressions, so that no import brings it back; by signing up they can come back themselves. Killed on its
    way, the same command again goes on.
    """
    from publisher.subscribing import erasing

    with opened(context) as p:
        found = erasing.erase(p.store, address, p.clock())
    said = f"{address}: erased" if found.changed else f"{address}: was erased"
    more = [f"{counted(found.under_way, 'message')} to it being sent now: erase it again in a minute"]
    result(as_json, {"address": address, **asdict(found)}, said, *(more if found.under_way else ()))
    raise typer.Exit(1 if found.under_way else 0)


@_suppressions.command("list")
def list_(context: typer.Context, as_json: bool = JSON) -> None:
    """List them, and why."""
    from publisher.store import subscribers

    with opened(context) as p:
        with p.store.read() as tx:
            found = subscribers.suppressed(tx)
        zone = p.config.publication.zone
    data: list[dict[str, Any]] = [{"address": a, "reason": reason, "at": at} for a, reason, at in found]
    rows = [[d["address"], d["reason"], moment(d["at"], zone)] for d in data]
    result(as_json, data, *table(["address", "reason", "since"], rows, "No address is suppressed."))


@_suppressions.command("add")
def suppress(
    context: typer.Context,
    address: str = ADDRESS,
    reason: str = typer.Option("by hand", "--reason", metavar="TEXT", help="Why, in a few words."),
    as_json: bool = JSON,
) -> None:
    """Never mail this address again.

    Whatever it is subscribed to; a running send obeys at once.
    """
    from publisher import subscribing

    with opened(context) as p:
        fresh = subscribing.suppress(p.store, address, reason, p.clock())
    result(
        as_json,
        {"address": address, "added": fresh},
        f"{address}: {'suppressed' if fresh else 'was suppressed'}",
    )


@_suppressions.command("remove")
def unsuppress(context: typer.Context, address: str = ADDRESS, as_json: bool = JSON) -> None:
    """Let an address be mailed again."""
    from publisher.errors import NotFound
    from publisher.store import subscribers

    with opened(context) as p:
        with p.store.write() as tx:
            found = subscribers.unsuppress(tx, address)
        if not found:
            raise NotFound(f"{address} is not suppressed")
    result(as_json, {"address": address, "removed": True}, f"{address}: may be mailed again")


@_suppressions.command("import")
def import_suppressions(
    context: typer.Context,
    file: Path = typer.Argument(
        ..., metavar="FILE", help="A CSV with a column address (and reason), or an address a line."
    ),
    refused: Path = REFUSED,
    as_json: bool = JSON,
) -> None:
    """Suppress every address in a file.

    A line that cannot be taken is named, and the others are taken (exit 1).
    """
    from publisher.subscribing import suppression_lists

    listed: list[dict[str, Any]] = []
    with opened(context) as p, _named(file, refused) as name, progress("Importing") as step:

        def one(line: dict[str, Any], place: str) -> None:
            name(line, place)
            if len(listed) < _NAMED:
                listed.append(line)

        added, count = suppression_lists.take_in_suppressions(
            p.store, file, p.clock(), refused=one, progress=step
        )
    data = {"added": added, "refused_count": count, "refused": listed}
    result(as_json, data, f"{added} added, {count} refused")
    raise typer.Exit(1 if count else 0)


@_suppressions.command("export")
def export_suppressions(context: typer.Context) -> None:
    """Write them to stdout, as CSV that can be imported."""
    from publisher.subscribing import suppression_lists

    with opened(context) as p:
        suppression_lists.export_suppressions(p.store, sys.stdout)
