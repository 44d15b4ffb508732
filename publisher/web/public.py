"""What the public reaches: the files under output.path, and the links that every mail carries."""

from __future__ import annotations

import logging
import os
from functools import cached_property
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from publisher import links, subscribing
from publisher.app import Publisher
from publisher.errors import NotFound, PublisherError, StoreError
from publisher.freezing import variants
from publisher.publishing.site import site_of
from publisher.rendering import pages
from publisher.store import subscribers
from publisher.web.files import PublicFiles
from publisher.web.health import Health

# Nothing of these answers may be kept by a cache, framed, or told to others.
_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
_LARGEST_FORM = 4096
log = logging.getLogger("publisher")


def application(publisher: Publisher) -> Starlette:
    """The public ASGI application. Raises ConfigError."""
    doors = _Doors(publisher)
    files = PublicFiles(publisher.config.output.path, lambda _path: doors.not_found)
    routes: list[BaseRoute] = [
        *Health(publisher, files, os.environ).routes,
        Route("/unsubscribe/{token}", doors.leave, methods=["GET", "POST"]),
        Route("/view/{token}", doors.view, methods=["GET"]),
        Mount("/", files),
    ]
    # a publication may live below a path; a proxy may strip it, or not
    below = urlsplit(publisher.config.publication.url).path
    return Starlette(
        routes=[Mount(below, routes=routes), *routes] if below else routes,
        exception_handlers={PublisherError: _unwell, ClientDisconnect: _gone},
    )


class _Doors:
    """Each answers one kind of link; the token in it is all that they believe."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.site = site_of(publisher.config)

    @cached_property
    def not_found(self) -> bytes:
        """The page for an address that names nothing: made once, for it is asked for often, by machines."""
        return pages.not_found(self.publisher.templates, self.site).encode()

    async def leave(self, request: Request) -> Response:
        """The page that asks, and the button's or the mail program's click (RFC 8058).

        Looking changes nothing, so that a link scanner ends no subscription.
        """
        numbers = links.read_token(self.publisher.keys, "unsubscribe", request.path_params["token"])
        if numbers is None:
            return self._no_such_link()
        if request.method == "POST":
            return await self._unsubscribe(request, numbers[0])
        found = await run_in_threadpool(self._subscription, numbers[0])
        if found is None:
            return self._no_such_link()
        # relative, so that it holds behind a proxy that serves these pages below a path of its own
        title, action = self._title(found.newsletter), request.path_params["token"]
        return self._page(pages.ask_unsubscribe(self.publisher.templates, self.site, title, action))

    async def _unsubscribe(self, request: Request, subscription_id: int) -> Response:
        one_click = b"List-Unsubscribe=One-Click" in await _body(request)
        p = self.publisher
        found = await run_in_threadpool(subscribing.unsubscribe, p.store, subscription_id, p.clock())
        if one_click or found is None:
            return PlainTextResponse("Unsubscribed.\n", headers=_PRIVATE)
        return self._page(pages.unsubscribed(p.templates, self.site, self._title(found.newsletter)))

    async def view(self, request: Request) -> Response:
        """A variant in the browser: it names nobody, and nobody can be unsubscribed from it."""
        numbers = links.read_token(self.publisher.keys, "view", request.path_params["token"])
        try:
            if numbers is None:
                raise NotFound("no such link")
            html = await run_in_threadpool(variants.page, self.publisher.store, numbers[0])
        except NotFound:
            return self._no_such_link()
        # articles may show pictures from anywhere, and mails carry their styles in themselves
        return self._page(html, policy="img-src * data:; style-src 'unsafe-inline'")

    def _subscription(self, subscription_id: int) -> subscribers.Subscription | None:
        with self.publisher.store.read() as tx:
            return subscribers.get(tx, subscription_id)

    def _title(self, newsletter: str) -> str:
        found = self.publisher.config.newsletters.get(newsletter)
        return found.title if found else newsletter

    def _no_such_link(self) -> Response:
        return self._page(pages.expired_link(self.publisher.templates, self.site), 404)

    def _page(self, html: str, status: int = 200, policy: str = "") -> Response:
        ours = f"'self' {self._origin}"
        shown = policy or f"img-src {ours} data:; style-src {ours}"
        rules = f"default-src 'none'; {shown}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        return HTMLResponse(html, status, headers={**_PRIVATE, "Content-Security-Policy": rules})

    @cached_property
    def _origin(self) -> str:
        """Where style sheet and logo are: the public address, which need not be the one that was asked."""
        parts = urlsplit(self.publisher.config.publication.url)
        return f"{parts.scheme}://{parts.netloc}"


async def _body(request: Request) -> bytes:
    """The form, as far as it can be one of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            break
    return body


async def _unwell(_request: Request, error: Exception) -> Response:
    """Something on our side cannot be used now; what it is stands in the log, not on the page."""
    log.warning("%s", error)
    status, retry = (503, {"Retry-After": "30"}) if isinstance(error, StoreError) else (500, {})
    return PlainTextResponse(
        "This page cannot be shown now. Please try again later.\n", status, {**_PRIVATE, **retry}
    )


async def _gone(_request: Request, _error: Exception) -> Response:
    """Whoever asked has hung up."""
    return Response(status_code=400)
