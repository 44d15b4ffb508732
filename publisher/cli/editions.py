"""Commands about editions before they leave: cut, editions, preview."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from publisher.cli.speaking import JSON, counted, moment, opened, progress, result, table, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.cutting import Request, Result


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (cut, editions, preview):
        app.command()(command)


def cut(
    context: typer.Context,
    newsletter: str = typer.Argument(..., metavar="NEWSLETTER", help="Its name in the configuration."),
    cadence: str = typer.Option(
        "",
        "--cadence",
        metavar="CADENCE",
        help="instant, daily, weekly or monthly; default: the newsletter's.",
    ),
    now: bool = typer.Option(False, "--now", help="For everybody of that cadence, at once."),
    at: str = typer.Option(
        "", "--at", metavar="ISO", help="For those who are due at that moment; default: now."
    ),
    articles: list[str] = typer.Option(
        [], "--articles", metavar="ID…", help="These articles (id, path or slug), for everybody, by hand."
    ),
    intro: Path | None = typer.Option(None, "--intro", metavar="FILE", help="An introduction, in Markdown."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be made."),
    as_json: bool = JSON,
    more: list[str] = typer.Argument(
        None, metavar="[ID…]", help="More articles for --articles.", show_default=False
    ),
) -> None:
    """Freeze an edition for those who are due.

    Its bytes and its recipients are fixed then, and it is held: look at it with `publisher preview`, and
    `publisher send` lets it go. Cutting twice is harmless: nobody gets an article twice.

    \b
      publisher cut daily --now                    everybody, at once
      publisher cut daily --at 2026-11-21T07:00    those whose hour has come by then
      publisher cut daily --articles tide-tables   one article to every subscriber
    """
    from publisher import cutting

    _one_kind(cadence, now, at, [*articles, *(more or [])], by_hand=bool(articles))
    with opened(context) as p:
        request = _request(p, newsletter, cadence, now, at, [*articles, *(more or [])], intro)
        if not dry_run:
            _read_anew(p)
        with progress("Cutting") as step:
            made = cutting.cut(
                p.store, p.config, p.templates, request, p.clock(), dry_run=dry_run, progress=step
            )
        lines = _said(p, newsletter, made, now)
    data = {
        "edition": made.edition.name if made.edition else None,
        "variants": made.variants,
        "articles": list(made.articles),
        "recipients": made.recipients,
    }
    result(as_json, data, *lines)


def _read_anew(p: Publisher) -> None:
    """Articles that were read under another configuration would carry its addresses into the mail."""
    from publisher import gathering

    if gathering.outdated(p.store, p.config):
        tell("The articles have not been read under this configuration yet: reading them")
        for problem in gathering.problems(gathering.gather(p.store, p.config, p.clock())):
            tell(problem)


def _one_kind(cadence: str, now: bool, at: str, ids: list[str], *, by_hand: bool) -> None:
    if now and at:
        raise typer.BadParameter("expected --now or --at, not both")
    if by_hand and (now or at or cadence):
        raise typer.BadParameter(
            "--articles is for everybody, at once: it goes without --now, --at and --cadence"
        )
    if by_hand and not any(one for text in ids for one in text.split(",")):
        raise typer.BadParameter("expected an article's id, path or slug", param_hint="--articles")
    if ids and not by_hand:
        raise typer.BadParameter(f"unexpected {ids[0]!r}: articles come after --articles")


def _request(
    p: Publisher, newsletter: str, cadence: str, now: bool, at: str, ids: list[str], intro: Path | None
) -> Request:
    from publisher import cutting, subscribing
    from publisher.cli import asking

    subscribing.newsletter(p.config, newsletter)
    return cutting.asked(
        p.config,
        newsletter,
        cadence,
        asking.instant(at, p.config.publication.zone, "--at") if at else p.clock(),
        everybody=now,
        articles=asking.article_ids(p, ids) if ids else (),
        intro=asking.text_of(intro),
    )


def _said(p: Publisher, newsletter: str, made: Result, everybody: bool) -> list[str]:
    counts = ((len(made.articles), "article"), (made.variants, "variant"), (made.recipients, "recipient"))
    what = ", ".join(counted(n, word) for n, word in counts)
    if made.edition:
        name, state = made.edition.name, made.edition.state
        then = "approve" if made.edition.needs_approval else "send"
        follows = f"Next: publisher preview {name}, then publisher {then} {name}"
        if state in ("sending", "scheduled"):
            follows = "It is open already: these leave with the next publisher run, tick or deliver"
        return [f"{name}: {what}; {state}", follows]
    return [
        f"Would be cut: {what}"
        if made.recipients
        else f"No edition: {_why_nothing(p, newsletter, everybody)}"
    ]


def _why_nothing(p: Publisher, newsletter: str, everybody: bool) -> str:
    from publisher.store import catalogue, subscribers

    with p.store.read() as tx:
        if not catalogue.newest_release(tx):
            return "no article has been published yet. Next: publisher gather"
        if not subscribers.any_confirmed(tx, newsletter):
            return f"nobody gets it yet. Next: publisher subscribers add ADDRESS --newsletter {newsletter}"
    if everybody:
        return "everybody has the edition of this slot, or nothing is new (--articles ID mails one by hand)"
    return "nothing is new for anybody who is due (--now: everybody of the cadence)"


def editions(
    context: typer.Context,
    newsletter: str = typer.Argument("", metavar="[NEWSLETTER]", help="Only those of one newsletter."),
    as_json: bool = JSON,
) -> None:
    """List the editions, the newest first.

    State: held (waits for `publisher send`), scheduled, sending, paused, done or cancelled.
    """
    from publisher.store import editions as rows
    from publisher.store import frozen, ledger

    with opened(context) as p:
        with p.store.read() as tx:
            found = [
                (e, ledger.counts(tx, e.id), frozen.articles_of(tx, e.id))
                for e in rows.listed(tx, newsletter)
            ]
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
        [
            d["edition"],
            d["state"],
            d["slot"],
            d["sent"],
            d["planned"],
            moment(d["created_at"], zone),
            d["subject"],
        ]
        for d in data
    ]
    headings = ["edition", "state", "slot", "sent", "planned", "cut", "subject"]
    empty = f"No editions yet: publisher cut {newsletter or 'NEWSLETTER'} --now"
    result(as_json, data, *table(headings, lines, empty))


def preview(
    context: typer.Context,
    what: str = typer.Argument(
        ..., metavar="EDITION|NEWSLETTER", help="daily/12, or daily for what is new now."
    ),
    html: Path | None = typer.Option(None, "--html", metavar="FILE", help="Write the HTML part."),
    text: Path | None = typer.Option(None, "--text", metavar="FILE", help="Write the text part."),
    eml: Path | None = typer.Option(None, "--eml", metavar="FILE", help="Write the whole message."),
    as_: str = typer.Option("", "--as", metavar="ADDRESS", help="As this subscriber gets it."),
) -> None:
    """Show a message as it will leave, byte for byte.

    Of an edition that was cut, or of what is new for a newsletter now. Without an option the text part goes
    to the screen.

    \b
      publisher preview daily/12 --eml look.eml
      publisher preview daily --html look.html --as reader@example.org
    """
    from publisher.delivering.previewing import preview as render

    with opened(context) as p:
        if what in p.config.newsletters:
            _read_anew(p)
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
