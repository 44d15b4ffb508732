"""A process that keeps running: web, clock and sender together or alone, ended cleanly by a signal."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from publisher import scheduler
from publisher.app import Publisher
from publisher.cli.speaking import tell
from publisher.errors import PublisherError, StoreError
from publisher.scheduler.running import Running

log = logging.getLogger("publisher")


def keep_running(p: Publisher, host: str, port: int, *, web: bool, clock: bool) -> None:
    """Run until SIGTERM or SIGINT. Raises Refused for an address that is taken, StoreError for a second clock."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _n, _f: stopping.set())
    with _only_clock(p) if clock else _nobody():
        if web:
            _with_web(p, host, port, clock, stopping)
        else:
            _with_clock(p, stopping)


@contextmanager
def _nobody() -> Iterator[None]:
    yield


@contextmanager
def _only_clock(p: Publisher) -> Iterator[None]:
    """One clock a store on this machine. (Two would do no harm, but somebody started the second by mistake.)"""
    path = p.store.folder / "run.lock"
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StoreError(f"this store is already in use by `publisher run`, process {file.read().strip()}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _with_clock(p: Publisher, stopping: threading.Event) -> None:
    running = Running(p)
    _first_tick(p)
    running.start()
    stopping.wait()
    _end(running)


def _with_web(p: Publisher, host: str, port: int, clock: bool, stopping: threading.Event) -> None:
    from publisher.web.public import application
    from publisher.web.server import Server, listen

    web = p.config.web.model_copy(
        update={k: v for k, v in (("host", host), ("port", port)) if v not in ("", -1)}
    )
    sock = listen(web)
    running = Running(p) if clock else None
    if running:
        _first_tick(p)
        running.start()
    server = Server(application(p), web)
    threading.Thread(target=lambda: (stopping.wait(), setattr(server, "should_exit", True)), daemon=True).start()
    where = f"[{web.host}]" if ":" in web.host else web.host
    tell(f"Pages and feeds: http://{where}:{sock.getsockname()[1]}/   (Ctrl-C ends)")
    server.run(sockets=[sock])
    if running:
        _end(running)


def _first_tick(p: Publisher) -> None:
    """Public files are there before the address is told; a fault in the content does not keep the web from starting."""
    try:
        scheduler.tick(p, gather_always=True)
    except PublisherError as error:
        log.warning("%s", error)


def _end(running: Running) -> None:
    tell("Ending: waiting for the mail server's last answers")
    if not running.stop():
        tell("Some answers did not come: those deliveries will be listed as unknown")


