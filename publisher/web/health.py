"""Whether the program lives, whether it can work, and what is measured of it: /healthz, /readyz, /metrics."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from publisher.app import Publisher
from publisher.config.secrets import secret
from publisher.errors import StoreError
from publisher.store import Store, migrating, workforce
from publisher.web import exposition
from publisher.web.looking import Look
from publisher.web.metrics import Collector

_PATIENCE, _SCRAPE_PATIENCE = 2.0, 8.0  # seconds; Prometheus itself waits for ten
_READY_SECONDS, _METRICS_SECONDS = 1.0, 5.0
_SHARE = 20  # a scrape that takes long is answered from what was found before
# A clock ticks every five seconds, cron's once an hour at least; a cut for a million people takes long.
_TICKS = {workforce.TICKED: 60.0, workforce.TICKED_ONCE: 3900.0}
_LONGEST_TICK = 600.0
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "X-Content-Type-Options": "nosniff"}
log = logging.getLogger("publisher")


class Health:
    """The three routes. What they say in detail is for who runs the program, and for nobody else.

    `elsewhere` answers whoever may not know that there are metrics. Raises ConfigError for a token that
    is configured and not there.
    """

    def __init__(self, publisher: Publisher, elsewhere: ASGIApp, environ: Mapping[str, str]) -> None:
        web = publisher.config.web
        self._token = secret("web.metrics_token", web.metrics_token_env, web.metrics_token_file, environ)
        self._elsewhere = elsewhere
        self._collector = Collector(publisher)
        self._store = publisher.store
        self._ready = Look(self._readiness, _READY_SECONDS)
        self._metrics = Look(self._measured, _METRICS_SECONDS, share=_SHARE)
        self._said = ""

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        routes = {"/healthz": self.healthz, "/readyz": self.readyz, "/metrics": self.metrics}
        return [Route(path, answer, methods=["GET"]) for path, answer in routes.items()]

    async def healthz(self, _request: Request) -> Response:
        """200 as long as the process answers; the store is not asked."""
        return PlainTextResponse("ok\n", headers=_HEADERS)

    async def readyz(self, request: Request) -> Response:
        """200 when the store answers within two seconds and a clock ticks, else 503.

        What is wrong is said in a line to those who may see the metrics.
        """
        try:
            wrong = await self._ready(_PATIENCE)
        except TimeoutError:
            wrong = f"the store has not answered for {_PATIENCE:.0f} seconds"
        self._say(wrong)
        if not wrong:
            return PlainTextResponse("ready\n", headers=_HEADERS)
        said = wrong if self._may_know(request) else "not ready"
        return PlainTextResponse(f"{said}\n", 503, _HEADERS)

    async def metrics(self, request: Request) -> Response | ASGIApp:
        """Numbers for Prometheus: to who has the token, or without one asks from this machine; else 404."""
        if not self._may_know(request):
            return self._elsewhere
        try:
            found, wrong = await self._metrics(_SCRAPE_PATIENCE)
        except TimeoutError:
            found, wrong = "", "the numbers are still being read"
        if wrong:
            return PlainTextResponse(f"{wrong}\n", 503, _HEADERS)
        return Response(found, headers=_HEADERS, media_type=exposition.CONTENT_TYPE)

    def _readiness(self) -> str:
        try:
            return _version(self._store) or clock_fault(self._store)
        except Exception as error:
            return _in_a_line(error)

    def _measured(self) -> tuple[str, str]:
        try:
            return exposition.text(self._collector.gauges()), ""
        except Exception as error:
            return "", _in_a_line(error)

    def _say(self, wrong: str) -> None:
        """Into the log, when it changes."""
        if wrong != self._said:
            log.warning("%s", f"not ready: {wrong}" if wrong else "ready again")
        self._said = wrong

    def _may_know(self, request: Request) -> bool:
        if not self._token:
            return _from_here(request)
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(given.strip().encode("latin-1"), self._token.encode())
        return kind.lower() == "bearer" and same


def _version(store: Store) -> str:
    found = migrating.version(store)
    if migrating.fits(store, found):
        return ""
    return f"the store is at version {found or 'none'}, and this program needs {migrating.HEAD}"


def clock_fault(store: Store) -> str:
    """What is wrong with the clock, whichever process it is in; empty when it ticks."""
    with store.read() as tx:
        ages = {name: workforce.tick_age(tx, name) for name in _TICKS}
    ticked = {name: age for name, age in ages.items() if age is not None}
    if not ticked:
        return "no clock has ever ticked: start publisher run or worker"
    if any(age < _TICKS[name] for name, age in ticked.items()):
        return ""
    last = min(ticked.values())
    if last < _LONGEST_TICK and workforce.at_work(store, "tick"):
        return ""
    return f"no clock has ticked for {last:.0f} seconds: does publisher run or worker run?"


def _in_a_line(error: Exception) -> str:
    if isinstance(error, StoreError):
        return " ".join(str(error).split())
    log.warning("a look met a fault of this program: %s: %s", type(error).__name__, error)
    return f"a fault of this program: {type(error).__name__}"


def _from_here(request: Request) -> bool:
    """Whether it was asked on this machine, and not through a proxy or by a page that calls itself local."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        asked = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    return is_loopback(request.client.host) and (asked == "localhost" or is_loopback(asked))


def is_loopback(host: str) -> bool:
    """Whether this is an address of this machine itself."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
