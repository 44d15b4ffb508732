"""`publisher bench send`: how fast this machine sends to a mail server, and what a message costs."""

from __future__ import annotations

import typer

from publisher.cli.speaking import JSON, progress, result


def register(app: typer.Typer) -> None:
    """Add these commands."""
    bench = typer.Typer(help="Measure, with a throw-away publication.")
    bench.command("send")(send)
    bench.callback()(_benchmarks)
    app.add_typer(bench, name="bench")


def _benchmarks() -> None:
    """Measure, with a throw-away publication."""


def send(
    to: str = typer.Option(..., "--to", metavar="HOST:PORT", help="A mail server that swallows everything."),
    messages: int = typer.Option(10_000, "--messages", min=1, metavar="N", help="How many subscribers."),
    size: int = typer.Option(20_000, "--size", min=15_000, max=100_000, help="Bytes of a message, about."),
    connections: int = typer.Option(10, "--connections", min=1, max=100, help="At once."),
    store: str = typer.Option(
        "", "--store", metavar="URL", help="An empty PostgreSQL database; default: a new SQLite file here."
    ),
    dkim: bool = typer.Option(False, "--dkim", help="Sign with a new RSA key of 2048 bits."),
    as_json: bool = JSON,
) -> None:
    """Send a real digest to so many made-up subscribers, and say what it cost.

    Makes a publication in a folder of its own in the current one, cuts a digest of about SIZE bytes for N
    subscribers, and sends it, everything durable as always. Prints messages a second, microseconds of
    processor time a message by part, the time of one durable commit, and the most memory used. The server
    must be one for tests: it gets N messages to made-up addresses under example.org.
    """
    from publisher.cli import benching

    host, _, port = to.rpartition(":")
    if not host or not port.isdigit():
        raise typer.BadParameter(f"expected HOST:PORT, got {to!r}", param_hint="--to")
    plan = benching.Plan(host, int(port), messages, size, connections, store, dkim)
    with progress("Sending") as step:
        found = benching.run(plan, lambda done: step(done, messages))
    parts = ", ".join(f"{name} {spent:.0f}" for name, spent in found["cpu_us_by_part"].items())
    result(
        as_json,
        found,
        f"{found['sent']:,} messages of {found['bytes']:,} bytes in {found['seconds']:.1f} s: "
        f"{found['per_second']:,.0f} a second over {connections} connections",
        f"{found['cpu_us']:.0f} µs of processor time a message: {parts}",
        f"one durable commit {found['commit_ms']:.2f} ms; most memory {found['memory_mb']:.0f} MB",
    )
    raise typer.Exit(0 if found["sent"] == messages else 1)
