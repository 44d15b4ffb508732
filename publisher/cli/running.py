"""Commands that keep running, and the one that does everything once: run, serve, worker, tick, migrate."""

from __future__ import annotations

from typing import Any

import typer

from publisher.cli.speaking import JSON, opened, result, tell

HOST = typer.Option("", "--host", metavar="HOST", help="Address to listen on; default: web.host.")
PORT = typer.Option(
    None,
    "--port",
    metavar="PORT",
    min=0,
    max=65535,
    show_default=False,
    help="Port to listen on; default: web.port. 0: any free one.",
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (run, serve, worker, tick, migrate):
        app.command()(command)


def run(context: typer.Context, host: str = HOST, port: int | None = PORT) -> None:
    """Serve, gather, cut and send, until Ctrl-C or SIGTERM.

    Web, clock and sender in one process: articles are read every `schedule.gather`, and each subscriber's
    digest leaves at its hour. At the end nothing is lost: what waits goes on at the next start.
    """
    from publisher.cli.processes import keep_running

    with opened(context) as p:
        keep_running(p, host, -1 if port is None else port, web=True, clock=True)


def serve(context: typer.Context, host: str = HOST, port: int | None = PORT) -> None:
    """The web alone: public files, and the links in mails.

    Beside a `publisher worker` on the same store. It writes no files: a worker or `publisher build` does.
    """
    from publisher.cli.processes import keep_running

    with opened(context) as p:
        keep_running(p, host, -1 if port is None else port, web=True, clock=False)


def worker(context: typer.Context) -> None:
    """The clock and the sender alone, without a web server."""
    from publisher.cli.processes import keep_running

    with opened(context) as p:
        keep_running(p, "", -1, web=False, clock=True)


def tick(context: typer.Context, as_json: bool = JSON) -> None:
    """Do everything that is due, once: gather, build, cut, send.

    Made for cron instead of `publisher run`; firing twice, or late, is harmless.

    \b
      */5 * * * *  cd /srv/courier && publisher tick
    """
    from publisher import delivering, gathering, scheduler
    from publisher.cli.processes import interruptible
    from publisher.errors import PublisherError

    with opened(context) as p:
        done, failure = scheduler.Ticked(), None
        try:
            done = scheduler.tick(p, gather_always=True, once=True, say=tell)
        except PublisherError as error:
            failure = error  # it keeps no mail back
        with interruptible() as stopping:
            sent = delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, stop=stopping)
    if failure:
        raise failure
    data: dict[str, Any] = {
        "gathered": gathering.summary(done.gathered) if done.gathered else None,
        "cut": [
            {"edition": r.edition.name, "recipients": r.recipients} for r in done.cut if r.edition is not None
        ],
        "opened": [e.name for e in done.opened],
        "held": done.held,
        "settled": sent.settled,
    }
    for name, count in done.held.items():
        tell(scheduler.reminder(p.config, name, count))
    cuts = ", ".join(f"{c['edition']} for {c['recipients']}" for c in data["cut"]) or "nothing"
    result(as_json, data, f"Cut: {cuts}. Deliveries settled: {sent.settled}.")
    if sent.unavailable:
        tell(f"The mail server cannot be reached now, and what waits is kept: {sent.unavailable}")
        raise typer.Exit(75)
    raise typer.Exit(1 if done.gathered and (done.gathered.refused or done.gathered.kept) else 0)


def migrate(context: typer.Context, as_json: bool = JSON) -> None:
    """Bring the store's tables up to date.

    Every command does so when it must; this one does nothing else.
    """
    from publisher.store.migrating import version

    with opened(context) as p:
        found = version(p.store)
    result(as_json, {"version": found}, f"The store is at version {found}.")
