"""Leaving: the link of every mail, and the mail program's own button (RFC 8058)."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from publisher import subscribing
from publisher.errors import NotFound
from publisher.rendering import pages
from publisher.store import subscribers
from publisher.subscribing import preferences
from publisher.web.doors import PRIVATE, Doors
from publisher.web.forms import body_of
from publisher.web.private_feeds import addresses

_LARGEST = 4096


class Leaving:
    """Looking changes nothing, so that a link scanner ends no subscription."""

    def __init__(self, doors: Doors) -> None:
        self.doors, self.publisher = doors, doors.publisher

    @property
    def routes(self) -> list[BaseRoute]:
        """Where it is."""
        return [Route("/unsubscribe/{token}", self.leave, methods=["GET", "POST"])]

    async def leave(self, request: Request) -> Response:
        """The page that asks, and the button's or the mail program's click."""
        subscription_id = self.doors.number(request, "unsubscribe")
        if subscription_id is None:
            return self.doors.no_such_link()
        if request.method == "POST":
            return await self._unsubscribe(request, subscription_id)
        found = await run_in_threadpool(self._subscription, subscription_id)
        if found is None:
            return self.doors.no_such_link()
        # relative, so that it holds behind a proxy that serves these pages below a path of its own
        title, action = self.doors.title(found.newsletter), request.path_params["token"]
        return self.doors.page(pages.ask_unsubscribe(self.doors.frame(), title, action))

    async def _unsubscribe(self, request: Request, subscription_id: int) -> Response:
        body = await body_of(request, _LARGEST)
        one_click, to_feed = b"List-Unsubscribe=One-Click" in body, b"feed=yes" in body
        p = self.publisher
        found = await run_in_threadpool(subscribing.unsubscribe, p.store, subscription_id, self.doors.now)
        if one_click or found is None:
            return PlainTextResponse("Unsubscribed.\n", headers=PRIVATE)
        try:
            feeds = await run_in_threadpool(self._feed, found) if to_feed else {}
        except NotFound:
            return self.doors.no_such_link()
        title = self.doors.title(found.newsletter)
        return self.doors.page(pages.unsubscribed(self.doors.frame(), title, feeds))

    def _feed(self, found: subscribers.Subscription) -> dict[str, str]:
        key = preferences.feed(self.publisher.store, found.id, found.newsletter, self.doors.now)
        return addresses(self.publisher, key)

    def _subscription(self, subscription_id: int) -> subscribers.Subscription | None:
        with self.publisher.store.read() as tx:
            return subscribers.get(tx, subscription_id)
