"""A process that keeps running: web, clock and sender together or alone, ended cleanly by a signal."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from publisher import scheduler
from publisher.app import Publisher
from publisher.cli import logs
from publisher.cli.speaking import tell
from publisher.errors import PublisherError, StoreError
from publisher.scheduler.running import Running

log = logging.getLogger("publisher")


def keep_running(p: Publisher, host: str, port: int, *, web: bool, clock: bool) -> None:
    """Run until SIGTERM or SIGINT. Raises Refused for a taken address, StoreError for a second clock."""
    logs.begin()
    with interruptible() as stopping, _only_clock(p) if clock else _nobody():
        if web:
            _with_web(p, host, port, clock, stopping)
        else:
            _with_clock(p, stopping)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set, so that what was started is brought to its end (rule 19).

    A second Ctrl-C does not wait for that.
    """
    stopping = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        stopping.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _nobody() -> Iterator[None]:
    yield


@contextmanager
def _only_clock(p: Publisher) -> Iterator[None]:
    """One clock a store in a file: two would do no harm, but the second was started by mistake.

    On PostgreSQL there may be as many as wanted, also on one machine.
    """
    if p.store.dialect == "postgresql":
        yield
        return
    path = p.store.folder / "run.lock"
    try:
        lock = path.open("a+", encoding="ascii")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StoreError(
                f"this store is already in use by `publisher run` or `worker`, process {file.read().strip()}"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _with_clock(p: Publisher, stopping: threading.Event) -> None:
    with _clock(p, stopping):
        stopping.wait()


@contextmanager
def _clock(p: Publisher, stopping: threading.Event) -> Iterator[None]:
    """Clock and sender, for as long as this lasts."""
    running = Running(p, stopping)
    _first_tick(p)
    running.start()
    try:
        yield
    finally:
        tell("Ending: waiting for the mail server's last answers")
        if not running.stop():
            tell("Some answers did not come: those deliveries will be listed as unknown")


def _with_web(p: Publisher, host: str, port: int, clock: bool, stopping: threading.Event) -> None:
    from publisher.web.public import application
    from publisher.web.server import Server, listen

    given = {key: value for key, value in (("host", host), ("port", port)) if value not in ("", -1)}
    web = p.config.web.model_copy(update=given)
    sock = listen(web)
    with _clock(p, stopping) if clock else _nobody():
        server = Server(application(p), web)

        def stop() -> None:
            stopping.wait()
            server.should_exit = True

        threading.Thread(target=stop, daemon=True).start()
        where = f"[{web.host}]" if ":" in web.host else web.host
        tell(f"Pages and feeds: http://{where}:{sock.getsockname()[1]}/   (Ctrl-C ends)")
        server.run(sockets=[sock])


def _first_tick(p: Publisher) -> None:
    """Public files are there before the address is told; a fault in the content does not stop the web."""
    try:
        scheduler.tick(p, gather_always=True)
    except PublisherError as error:
        log.warning("%s", error)
