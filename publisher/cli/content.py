"""Commands about articles and public files: init, check, gather, build, articles."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli.speaking import JSON, moment, opened, progress, result, tell

if TYPE_CHECKING:
    from publisher.config.schema import Config
    from publisher.gathering import Gathered
    from publisher.store import Store

ACCEPT_GONE = typer.Option(False, "--accept-gone", help="Let go of articles whose files vanished in numbers.")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (init, check, gather, build, articles):
        app.command()(command)


def init(
    directory: Path = typer.Argument(..., metavar="DIR", help="A new or empty folder."),
    templates: bool = typer.Option(False, "--templates", help="Also copy the templates, to change them."),
) -> None:
    """Make a new publication: config.yaml, a content folder with one article, templates on request."""
    from publisher.cli.beginning import begin

    for made in begin(directory, with_templates=templates):
        print(made)
    tell(f"Next: cd {directory} && publisher run")


def check(
    context: typer.Context,
    show: bool = typer.Option(False, "--show", help="Print the resolved configuration; secrets are only named."),
    as_json: bool = JSON,
) -> None:
    """Name every problem of configuration, content, templates and mail rules, each with its place."""
    from publisher import checking
    from publisher.config import load

    config = load(Path(context.obj))
    if show:
        result(as_json, config.model_dump(mode="json", by_alias=True), *checking.shown(config))
        return
    with progress("Checking") as step:
        found = checking.check(config, _store(config, Path(context.obj)), step)
    lines = [f"{p.place}: {p.message} ({p.level})" for p in found] or ["Nothing to complain of."]
    result(as_json, {"problems": [asdict(p) for p in found]}, *lines)
    raise typer.Exit(1 if any(p.level == "error" for p in found) else 0)


def _store(config: Config, file: Path) -> Store | None:
    """The store, if there is one: a check makes none."""
    from publisher.store import connect, sqlite_file

    path = sqlite_file(config.store, file.resolve().parent)
    return connect(path) if path.is_file() else None


def gather(context: typer.Context, accept_gone: bool = ACCEPT_GONE, as_json: bool = JSON) -> None:
    """Read the sources into the catalogue; only files that changed are parsed."""
    from publisher import gathering

    with opened(context) as p, progress("Reading articles") as step:
        report = gathering.gather(p.store, p.config, p.clock(), accept_gone=accept_gone, progress=step)
    _complain(report)
    result(as_json, gathering.summary(report), _sentence(report))
    raise typer.Exit(1 if report.refused or report.kept else 0)


def _complain(report: Gathered) -> None:
    from publisher import gathering

    for line in gathering.problems(report):
        tell(line)


def _sentence(report: Gathered) -> str:
    counts = {
        "new": report.new,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "drafts": report.drafts,
        "waiting for their hour": report.waiting,
        "gone": report.gone,
        "refused": len(report.refused),
    }
    return "Articles: " + (", ".join(f"{n} {what}" for what, n in counts.items() if n) or "none")


def build(context: typer.Context, accept_gone: bool = ACCEPT_GONE, as_json: bool = JSON) -> None:
    """Gather, then write feeds, pages and the archive; a file is touched only if its bytes changed."""
    from publisher import gathering, publishing

    with opened(context) as p:
        with progress("Reading articles") as step:
            report = gathering.gather(p.store, p.config, p.clock(), accept_gone=accept_gone, progress=step)
        _complain(report)
        written = publishing.publish(p.store, p.config, p.templates)
    data = {
        "written": len(written.written),
        "unchanged": written.unchanged,
        "removed": len(written.removed),
        "gathered": gathering.summary(report),
    }
    sentence = f"Files: {data['written']} written, {data['unchanged']} unchanged, {data['removed']} removed"
    result(as_json, data, _sentence(report), sentence)
    raise typer.Exit(1 if report.refused or report.kept else 0)


def articles(
    context: typer.Context,
    topic: str = typer.Option("", "--topic", help="Only those of a topic."),
    limit: int = typer.Option(0, "--limit", min=0, help="At most so many, the newest first."),
    as_json: bool = JSON,
) -> None:
    """List the catalogue, newest first."""
    from publisher.store import catalogue

    with opened(context) as p:
        with p.store.read() as tx:
            found = catalogue.listings(tx)
        if topic:
            found = [x for x in found if topic in x.article.topics or topic in x.article.labels]
        found = found[:limit] if limit else found
        zone = p.config.publication.zone
        rows = [[moment(x.article.published_at, zone), x.status, x.article.title, x.article.path] for x in found]
    lines = table_or(["published", "status", "title", "path"], rows, "No articles yet: put a file into the source folder.")
    result(as_json, [_listed(x) for x in found], *lines)


def table_or(headings: list[str], rows: list[list[Any]], empty: str) -> list[str]:
    """A table, or what to say instead of an empty one."""
    from publisher.cli.speaking import table

    return table(headings, rows) if rows else [empty]


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
