"""Commands about articles and public files: init, check, gather, build, articles."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.speaking import JSON, moment, opened, progress, result, shown_path, table, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.config.schema import Config
    from publisher.gathering import Gathered
    from publisher.store import Store

ACCEPT_GONE = typer.Option(
    False,
    "--accept-gone",
    help="Let go of articles whose files vanished in numbers; without it they are kept.",
)

FETCH = typer.Option(
    False, "--fetch", help="Ask every remote feed now, also one whose next look is not due yet."
)

_NONE_YET = "No articles yet: put a file into the source folder, then publisher gather"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (init, check, gather, build, articles):
        app.command()(command)


def init(
    directory: Path = typer.Argument(..., metavar="DIR", help="A new or empty folder."),
    templates: bool = typer.Option(False, "--templates", help="Also copy the templates, to change them."),
) -> None:
    """Make a new publication.

    Writes config.yaml and a content folder with one article; nothing that is there already is changed.
    Next: look through config.yaml, then `publisher check` and `publisher run` in that folder.
    """
    from publisher.cli.beginning import begin

    for made in begin(directory, with_templates=templates):
        print(made)
    tell(f"Next: cd {shlex.quote(str(directory))} && publisher run")


def check(
    context: typer.Context,
    show: bool = typer.Option(
        False, "--show", help="Print the resolved configuration; secrets are only named."
    ),
    as_json: bool = JSON,
) -> None:
    """Name every problem, each with its place; change nothing.

    Looks at configuration, articles, templates, feeds and the rules of mail. Exit 0: nothing keeps anything
    from going out; 1: something does; 78: the configuration cannot be read.
    """
    from publisher import checking
    from publisher.config import load
    from publisher.dns_records import txt
    from publisher.errors import ConfigError

    file = Path(context.obj)
    try:
        config = load(file)
    except ConfigError as error:
        if as_json:
            found = [{**asdict(p), "rule": "configuration", "level": "error"} for p in error.problems]
            result(True, {"problems": found})
        raise
    if show:
        result(as_json, config.model_dump(mode="json", by_alias=True), *checking.shown(config))
        return
    with _store_of(config, file) as store, progress("Checking") as step:
        findings = checking.check(config, store, step, txt)
    lines = [f"{f.place}: {f.message}" + (" (warning)" if f.level == "warning" else "") for f in findings]
    result(as_json, {"problems": [asdict(f) for f in findings]}, *(lines or ["Nothing to complain of."]))
    raise typer.Exit(1 if any(f.level == "error" for f in findings) else 0)


@contextmanager
def _store_of(config: Config, file: Path) -> Iterator[Store | None]:
    """The store, if there is one and it needs no migration: a check changes nothing."""
    from publisher.store import exists, open_store
    from publisher.store.migrating import fits, version

    folder = file.resolve().parent
    store = open_store(config.store, folder) if exists(config.store, folder) else None
    try:
        yield store if store and fits(store, version(store)) else None
    finally:
        if store:
            store.close()


def gather(
    context: typer.Context,
    accept_gone: bool = ACCEPT_GONE,
    fetch: bool = FETCH,
    as_json: bool = JSON,
) -> None:
    """Read the sources into the catalogue.

    Only files that changed are parsed; one that cannot be read is named, and the others go on (exit 1). So is
    a remote feed that cannot be had: its articles are kept, and it is asked again later.
    Next: `publisher articles` lists what was found, `publisher build` writes feeds and pages.
    """
    from publisher import gathering

    with opened(context) as p:
        report = _gathered(p, accept_gone, fetch)
    _complain(report)
    result(as_json, gathering.summary(report), _sentence(report))
    raise typer.Exit(1 if report.incomplete else 0)


def _gathered(p: Publisher, accept_gone: bool, fetch: bool) -> Gathered:
    """Ask the remote feeds, then read everything; a person who waits sees how far it is."""
    from publisher import gathering
    from publisher.gathering.fetching import COMMAND_SECONDS

    now = p.clock()
    with progress("Asking feeds") as step:
        fetches = gathering.fetch(
            p.store, p.config, now, always=fetch, seconds=COMMAND_SECONDS, progress=step
        )
    with progress("Reading articles") as step:
        return gathering.gather(
            p.store, p.config, now, accept_gone=accept_gone, progress=step, crew=p.crew, fetches=fetches
        )


def feeds_in_trouble(p: Publisher) -> list[str]:
    """A line for each remote feed that could not be had when it was asked last."""
    from publisher.gathering.fetching import troubles

    zone, found = p.config.publication.zone, []
    for one in troubles(p.store, p.config):
        since = f" since {moment(one.since, zone)}" if one.since else ""
        then = f"; it is asked again at {moment(one.next_at, zone)}" if one.next_at else ""
        found.append(f"The feed {one.feed} cannot be had{since}: {one.error}{then}")
    return found


def _complain(report: Gathered) -> None:
    from publisher import gathering

    for line in gathering.problems(report):
        tell(line)


def _sentence(report: Gathered) -> str:
    counts = {
        "new": report.new,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "draft" if report.drafts == 1 else "drafts": report.drafts,
        "waiting for their hour": report.waiting,
        "gone": report.gone,
        "refused": len(report.refused),
    }
    return "Articles: " + (", ".join(f"{n} {what}" for what, n in counts.items() if n) or "none")


def build(
    context: typer.Context,
    accept_gone: bool = ACCEPT_GONE,
    fetch: bool = FETCH,
    as_json: bool = JSON,
) -> None:
    """Gather, then write feeds, pages and the archive.

    They go under output.path; a file is touched only if its bytes changed, so that the folder can be copied
    to any web server. `publisher run` does the same by itself, and serves it.
    """
    from publisher import gathering

    with opened(context, much=True) as p:
        report = _gathered(p, accept_gone, fetch)
        _complain(report)
        written = p.press.publish()
    data = {
        "written": len(written.written),
        "unchanged": written.unchanged,
        "removed": len(written.removed),
        "gathered": gathering.summary(report),
    }
    counts = ", ".join(f"{data[name]} {name}" for name in ("written", "unchanged", "removed"))
    result(as_json, data, _sentence(report), f"Files in {shown_path(p.config.output.path)}: {counts}")
    raise typer.Exit(1 if report.incomplete else 0)


def articles(
    context: typer.Context,
    topic: str = typer.Option("", "--topic", metavar="TOPIC", help="Only those of a topic, category or tag."),
    limit: int = typer.Option(0, "--limit", metavar="N", min=0, help="At most so many, the newest first."),
    as_json: bool = JSON,
) -> None:
    """List the articles, newest first.

    Status: published, draft, waiting (for its date), expired, gone (the file vanished) or withdrawn.
    """
    from publisher.store import catalogue

    with opened(context) as p:
        with p.store.read() as tx:
            found = catalogue.listings(tx)
        if topic:
            found = [x for x in found if topic in x.article.topics or topic in x.article.labels]
        found = found[:limit] if limit else found
        zone = p.config.publication.zone
        rows = [
            [moment(x.article.published_at, zone), x.status, x.article.title, x.article.path] for x in found
        ]
    empty = f"No article has the topic {topic!r}." if topic else _NONE_YET
    result(
        as_json, [_listed(x) for x in found], *table(["published", "status", "title", "path"], rows, empty)
    )


def _listed(listing: Any) -> dict[str, Any]:
    a = listing.article
    return {
        "id": a.id,
        "path": a.path,
        "title": a.title,
        "published_at": a.published_at,
        "updated_at": a.updated_at,
        "released_at": listing.released_at,
        "release": listing.release,
        "authors": [asdict(x) for x in a.authors],
        "topics": list(a.topics),
        "url": a.url,
        "status": listing.status,
    }
