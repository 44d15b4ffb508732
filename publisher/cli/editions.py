"""Commands about editions: cut, editions, preview, send, deliver, status, deliveries."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.speaking import JSON, counted, moment, opened, progress, result, table, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.delivering import Delivered
    from publisher.store.editions import Edition

EDITION = typer.Argument(..., metavar="EDITION", help="NEWSLETTER/NUMBER, such as daily/12.")
_COUNTS = ("queued", "sending", "sent", "deferred", "bounced", "expired", "suppressed", "cancelled", "unknown")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (cut, editions, preview, send, deliver, status, deliveries):
        app.command()(command)


def instant(text: str, zone: Any, option: str) -> datetime:
    """A moment as somebody typed it (ISO 8601); without a zone, in the publication's. Raises a usage error."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a moment such as 2026-11-21T07:00, got {text!r}", param_hint=option) from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def cut(
    context: typer.Context,
    newsletter: str = typer.Argument(..., help="The newsletter's name in the configuration."),
    cadence: str = typer.Option("", "--cadence", help="instant, daily, weekly or monthly; default: the newsletter's."),
    now: bool = typer.Option(False, "--now", help="For everybody of that cadence, at once."),
    at: str = typer.Option("", "--at", metavar="ISO", help="For those who are due at that moment; default: now."),
    articles: list[str] = typer.Option([], "--articles", metavar="ID…", help="These articles, for everybody, by hand."),
    intro: Path | None = typer.Option(None, "--intro", metavar="FILE", help="An introduction, in Markdown."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be made."),
    as_json: bool = JSON,
    more: list[str] = typer.Argument(None, metavar="[ID…]", help="More articles for --articles.", show_default=False),
) -> None:
    """Freeze an edition for those who are due. It is held until `publisher send` opens it."""
    from publisher import cutting, subscribing
    from publisher.cli import asking

    with opened(context) as p:
        subscribing.newsletter(p.config, newsletter)
        request = cutting.asked(
            p.config,
            newsletter,
            cadence,
            instant(at, p.config.publication.zone, "--at") if at else p.clock(),
            everybody=now,
            articles=asking.article_ids(p, [*articles, *(more or [])]) if articles else (),
            intro=asking.text_of(intro),
        )
        with progress("Cutting") as step:
            made = cutting.cut(p.store, p.config, p.templates, request, p.clock(), dry_run=dry_run, progress=step)
    data = {
        "edition": made.edition.name if made.edition else None,
        "variants": made.variants,
        "articles": list(made.articles),
        "recipients": made.recipients,
    }
    what = ", ".join(
        counted(n, word)
        for n, word in ((len(made.articles), "article"), (made.variants, "variant"), (made.recipients, "recipient"))
    )
    if made.edition:
        line = f"{made.edition.name}: {what}. It is {made.edition.state}: publisher send {made.edition.name}"
    else:
        line = f"Would be cut: {what}." if made.recipients else "Nothing new for anybody who is due: no edition."
    result(as_json, data, line)


def editions(
    context: typer.Context,
    newsletter: str = typer.Argument("", help="Only those of one newsletter."),
    as_json: bool = JSON,
) -> None:
    """Past, open and held editions, the newest first."""
    from publisher.store import editions as rows
    from publisher.store import ledger

    with opened(context) as p:
        with p.store.read() as tx:
            found = [(e, ledger.counts(tx, e.id), rows.articles_of(tx, e.id)) for e in rows.listed(tx, newsletter)]
        zone = p.config.publication.zone
    data = [
        {
            "edition": e.name,
            "state": e.state,
            "cadence": e.cadence,
            "slot": e.slot,
            "subject": e.archive.get("subject", ""),
            "articles": articles,
            "planned": sum(counts.values()),
            "sent": counts["sent"],
            "created_at": e.created_at,
            "reason": e.reason,
        }
        for e, counts, articles in found
    ]
    lines = [
        [d["edition"], d["state"], d["slot"], d["sent"], d["planned"], moment(d["created_at"], zone), d["subject"]]
        for d in data
    ]
    headings = ["edition", "state", "slot", "sent", "planned", "cut", "subject"]
    result(as_json, data, *(table(headings, lines) if lines else ["No editions yet: publisher cut NEWSLETTER --now"]))


def preview(
    context: typer.Context,
    what: str = typer.Argument(..., metavar="EDITION|NEWSLETTER", help="daily/12, or daily for what is new now."),
    html: Path | None = typer.Option(None, "--html", metavar="FILE", help="Write the HTML part."),
    text: Path | None = typer.Option(None, "--text", metavar="FILE", help="Write the text part."),
    eml: Path | None = typer.Option(None, "--eml", metavar="FILE", help="Write the whole message."),
    as_: str = typer.Option("", "--as", metavar="ADDRESS", help="As this subscriber gets it."),
) -> None:
    """The exact bytes of a message: to files, or the text part to the screen."""
    from publisher.delivering.previewing import preview as render

    with opened(context) as p:
        message = render(p.store, p.config, p.templates, p.keys, what, as_, p.clock())
    for file, content in ((html, message.html), (text, message.text), (eml, message.eml)):
        if file:
            _write(file, content)
            tell(f"{file}: {len(content)} bytes")
    if not (html or text or eml):
        print(f"Subject: {message.subject}\n\n{message.text.decode()}")


def _write(file: Path, content: bytes) -> None:
    from publisher.errors import Refused

    try:
        file.write_bytes(content)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from None


def send(
    context: typer.Context,
    edition: str = EDITION,
    now: bool = typer.Option(False, "--now", help="Make every waiting delivery due now."),
    local: bool = typer.Option(False, "--local", help="Give each its own next hour."),
    at: str = typer.Option("", "--at", metavar="ISO", help="Open it at that moment."),
    no_wait: bool = typer.Option(False, "--no-wait", help="Open it, and let `publisher run` deliver."),
    as_json: bool = JSON,
) -> None:
    """Open an edition and deliver what is due, with a progress bar.

    Exit 1: a delivery is unknown or expired. 75: no server can be reached.
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
        sent = None if no_wait or found.state != "sending" else _deliver(p, found)
        counts = opening.counts(p.store, found)
    _report(as_json, counts, began, sent.unavailable if sent else "")


def deliver(context: typer.Context, as_json: bool = JSON) -> None:
    """Deliver everything that is due in editions that are being sent, then stop."""
    from publisher.store import editions as rows

    began = time.monotonic()
    with opened(context) as p:
        with p.store.read() as tx:
            open_ = rows.listed(tx, states=("sending",))
        sent = _deliver(p, None)
        counts = _sums(p, open_)
    _report(as_json, counts, began, sent.unavailable)


def _sums(p: Publisher, open_: list[Edition]) -> dict[str, Any]:
    from publisher.delivering import opening

    each = [opening.counts(p.store, edition) for edition in open_]
    return {name: sum(c[name] for c in each) for name in ("planned", *_COUNTS)}


def _deliver(p: Publisher, edition: Edition | None) -> Delivered:
    from publisher import delivering
    from publisher.delivering import opening

    total = 0
    if edition:
        counts = opening.counts(p.store, edition)
        total = counts["queued"] + counts["deferred"]
    with progress(f"Sending {edition.name}" if edition else "Delivering") as step:
        return delivering.deliver(
            p.store,
            p.config,
            p.keys,
            p.transport,
            p.clock,
            edition_id=edition.id if edition else None,
            progress=lambda settled: step(settled, total),
        )


def _report(as_json: bool, counts: dict[str, Any], began: float, unavailable: str) -> None:
    data = {**counts, "seconds": round(time.monotonic() - began, 3)}
    said = ", ".join(f"{counts[name]} {name}" for name in _COUNTS if counts[name]) or "nothing to send"
    name = f"{counts['edition']} ({counts['state']}): " if "edition" in counts else ""
    result(as_json, data, f"{name}{said}; {data['seconds']} s")
    if unavailable:
        tell(f"The mail server cannot be reached now, and what waits is kept: {unavailable}")
        raise typer.Exit(75)
    raise typer.Exit(1 if counts["unknown"] or counts["expired"] else 0)


def status(
    context: typer.Context,
    edition: str = typer.Argument("", metavar="[EDITION]", help="One edition; default: all that are open."),
    as_json: bool = JSON,
) -> None:
    """How an edition stands: its state, and how many deliveries have each status."""
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
    lines = [[c["edition"], c["state"], c["planned"], *(c[name] for name in _COUNTS)] for c in found]
    headings = ["edition", "state", "planned", *_COUNTS]
    result(as_json, data, *(table(headings, lines) if lines else ["No edition is open."]))


def deliveries(
    context: typer.Context,
    edition: str = EDITION,
    status: str = typer.Option("", "--status", help=f"Only those that are {', '.join(_COUNTS)}."),
    as_json: bool = JSON,
) -> None:
    """The ledger of an edition: who, with what outcome, and the server's own words."""
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
    result(as_json, data, *(table(headings, lines) if lines else ["No deliveries."]))
