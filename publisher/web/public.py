"""What the public reaches: the files under output.path, and the links that every mail carries."""

from __future__ import annotations

import logging
import os
from functools import partial
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from publisher.app import Publisher
from publisher.errors import NotFound, PublisherError, StoreError
from publisher.freezing import variants
from publisher.web.api import Api
from publisher.web.desk import Desk
from publisher.web.doors import PRIVATE, Doors
from publisher.web.file_headers import discovery
from publisher.web.files import PublicFiles
from publisher.web.health import Health
from publisher.web.leaving import Leaving
from publisher.web.polls import Polls
from publisher.web.preferences import Preferences
from publisher.web.private_feeds import PrivateFeeds
from publisher.web.reports import Reports
from publisher.web.signing_up import SigningUp

log = logging.getLogger("publisher")
_PATIENCE = 5.0  # seconds that the end waits for the store


class Public(Starlette):
    """The public ASGI application: files that are in memory stand ahead of the framework and its routes.

    A file gets there by a request that came through the routes, so none of them is ever hidden by a file.
    """

    def __init__(self, files: PublicFiles, polls: Polls, desk: Desk, routes: list[BaseRoute]) -> None:
        super().__init__(routes=routes, exception_handlers={PublisherError: _unwell, ClientDisconnect: _gone})
        self.files, self._polls, self._desk = files, polls, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.files.holds(scope):
            await self.files(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def minute(self) -> None:
        """Write down who polled, and which sessions were used, aside."""
        self._polls.flush_aside()
        self._desk.minute()

    def ending(self) -> None:
        """Let those go who watch something."""
        self._desk.ending()

    def close(self) -> None:
        """Write down who polled since, and the rest, if that is possible soon."""
        self._polls.close(_PATIENCE)
        self._desk.close(_PATIENCE)


def application(publisher: Publisher) -> Public:
    """The public ASGI application. Raises ConfigError."""
    doors, polls, desk = Doors(publisher), Polls(publisher.store, publisher.clock), Desk(publisher)
    config = publisher.config
    files = PublicFiles(
        config.output.path,
        lambda _path: doors.not_found,
        links=lambda path: discovery(config.websub, config.publication.url + path),
        polled=polls.count,
    )
    routes: list[BaseRoute] = [
        *Health(publisher, files, os.environ).routes,
        *Leaving(doors).routes,
        *SigningUp(doors).routes,
        *Preferences(doors).routes,
        *PrivateFeeds(doors).routes,
        *desk.routes,
        *Api(publisher, desk.gate.used.note, desk.gate.importer.begin).routes,
        Route("/view/{token}", partial(_view, doors), methods=["GET"]),
        *Reports(publisher, os.environ).routes,
        Mount("/", files),
    ]
    # a publication may live below a path; a proxy may strip it, or not
    below = urlsplit(config.publication.url).path
    return Public(files, polls, desk, [Mount(below, routes=routes), *routes] if below else routes)


async def _view(doors: Doors, request: Request) -> Response:
    """A variant in the browser: it names nobody, and nobody can be unsubscribed from it."""
    variant_id = doors.number(request, "view")
    try:
        if variant_id is None:
            raise NotFound("no such link")
        html = await run_in_threadpool(variants.page, doors.publisher.store, variant_id)
    except NotFound:
        return doors.no_such_link()
    # articles may show pictures from anywhere, and mails carry their styles in themselves
    return doors.page(html, policy="img-src * data:; style-src 'unsafe-inline'")


async def _unwell(_request: Request, error: Exception) -> Response:
    """Something on our side cannot be used now; what it is stands in the log, not on the page."""
    log.warning("%s", error)
    status, retry = (503, {"Retry-After": "30"}) if isinstance(error, StoreError) else (500, {})
    return PlainTextResponse(
        "This page cannot be shown now. Please try again later.\n", status, {**PRIVATE, **retry}
    )


async def _gone(_request: Request, _error: Exception) -> Response:
    """Whoever asked has hung up."""
    return Response(status_code=400)
