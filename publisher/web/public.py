"""What the public reaches: the files under output.path, and the links that every mail carries."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from publisher import links, subscribing
from publisher.app import Publisher
from publisher.errors import NotFound
from publisher.freezing import variants
from publisher.publishing.site import site_of
from publisher.rendering import pages
from publisher.store import subscribers
from publisher.web.files import PublicFiles

# Nothing of these pages may be kept by a cache, framed, or told to others.
_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
}
_LARGEST_FORM = 4096


def application(publisher: Publisher) -> Starlette:
    """The public ASGI application."""
    doors = _Doors(publisher)
    files = PublicFiles(publisher.config.output.path, lambda _path: doors.not_found().encode())
    return Starlette(
        routes=[
            Route("/unsubscribe/{token}", doors.ask_unsubscribe, methods=["GET"]),
            Route("/unsubscribe/{token}", doors.unsubscribe, methods=["POST"]),
            Route("/view/{token}", doors.view, methods=["GET"]),
            Mount("/", files),
        ]
    )


class _Doors:
    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.site = site_of(publisher.config)

    def not_found(self) -> str:
        return pages.not_found(self.publisher.templates, self.site)

    async def ask_unsubscribe(self, request: Request) -> Response:
        """The page that asks; looking at it changes nothing, so that a link scanner ends no subscription."""
        found = await run_in_threadpool(self._subscription, request)
        if found is None:
            return self._page(pages.expired_link(self.publisher.templates, self.site), 404)
        title = self._title(found.newsletter)
        return self._page(
            pages.ask_unsubscribe(self.publisher.templates, self.site, title, request.url.path), 200
        )

    async def unsubscribe(self, request: Request) -> Response:
        """One click (RFC 8058), or the button on the page."""
        found = await run_in_threadpool(self._subscription, request)
        if found is None:
            return self._page(pages.expired_link(self.publisher.templates, self.site), 404)
        one_click = b"List-Unsubscribe=One-Click" in await _body(request)
        p = self.publisher
        await run_in_threadpool(subscribing.unsubscribe, p.store, found.id, p.clock())
        if one_click:
            return PlainTextResponse("Unsubscribed.\n", headers=_PRIVATE)
        return self._page(pages.unsubscribed(p.templates, self.site, self._title(found.newsletter)), 200)

    async def view(self, request: Request) -> Response:
        """A variant in the browser: it names nobody, and nobody can be unsubscribed from it."""
        numbers = links.read_token(self.publisher.keys, "view", request.path_params["token"])
        try:
            if numbers is None:
                raise NotFound("no such link")
            html = await run_in_threadpool(variants.page, self.publisher.store, numbers[0])
        except NotFound:
            return self._page(pages.expired_link(self.publisher.templates, self.site), 404)
        return self._page(html, 200)

    def _subscription(self, request: Request) -> subscribers.Subscription | None:
        numbers = links.read_token(self.publisher.keys, "unsubscribe", request.path_params["token"])
        if numbers is None:
            return None
        with self.publisher.store.read() as tx:
            return subscribers.get(tx, numbers[0])

    def _title(self, newsletter: str) -> str:
        found = self.publisher.config.newsletters.get(newsletter)
        return found.title if found else newsletter

    @staticmethod
    def _page(html: str, status: int) -> Response:
        return HTMLResponse(html, status, headers=_PRIVATE)


async def _body(request: Request) -> bytes:
    """The form, as far as it can be one of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            break
    return body
