"""Private feeds: what a subscription chose, as RSS, Atom and JSON, at an address that may be revoked."""

from __future__ import annotations

from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from publisher import articles, feeds, links
from publisher.app import Publisher
from publisher.config.public import Feed
from publisher.editions import windows
from publisher.model.articles import FeedDocument
from publisher.store import catalogue, private_feeds, subscribers
from publisher.web.doors import Doors

PURPOSE, _ENTRIES = "private feed", 50
_KINDS = {"xml": "rss", "atom": "atom", "json": "json"}
_SAID = {"xml": "RSS", "atom": "Atom", "json": "JSON Feed"}
# a feed reader may keep it, and nobody between
_HEADERS = {"Cache-Control": "private, max-age=300", "X-Robots-Tag": "noindex"}


def addresses(publisher: Publisher, feed_id: int) -> dict[str, str]:
    """The addresses of a private feed, by the name of the format."""
    token = links.token(publisher.keys, PURPOSE, feed_id)
    base = f"{publisher.config.publication.url}/feeds/private/{token}"
    return {said: f"{base}.{ending}" for ending, said in _SAID.items()}


class PrivateFeeds:
    """Each poll makes the feed anew from the catalogue: few people have one, and each is another."""

    def __init__(self, doors: Doors) -> None:
        self.doors, self.publisher = doors, doors.publisher

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        return [Route("/feeds/private/{token}.{ending}", self.poll, methods=["GET"])]

    async def poll(self, request: Request) -> Response:
        """The feed, or 304 where the reader has it (RFC 9110 section 13.1.2)."""
        feed_id, kind = self.doors.number(request, PURPOSE), _KINDS.get(request.path_params["ending"])
        if not (feed_id and kind):
            return self.doors.no_such_link()
        token = request.path_params["token"]
        document = await run_in_threadpool(self._document, token, feed_id, kind)
        if document is None:
            return self.doors.no_such_link()
        tag = f'"{sha256(document.body).hexdigest()[:32]}"'
        headers = {**_HEADERS, "ETag": tag}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(document.body, headers=headers, media_type=document.media_type)

    def _document(self, token: str, feed_id: int, kind: str) -> FeedDocument | None:
        config = self.publisher.config
        with self.publisher.store.read() as tx:
            subscription_id = private_feeds.subscription_of(tx, feed_id)
            mine = subscribers.get(tx, subscription_id) if subscription_id else None
            if mine is None or mine.newsletter not in config.newsletters:
                return None
            newsletter = config.newsletters[mine.newsletter]
            carried = articles.carried(newsletter.topics, config.topics)
            chosen = None if mine.topics is None else frozenset(mine.topics)
            found = catalogue.newest(
                tx, _ENTRIES, lambda has: windows.matches(has, carried) and windows.matches(has, chosen)
            )
        feed = Feed(title=newsletter.title, entries=_ENTRIES, formats=[kind])
        (document,) = feeds.render(f"private/{token}", feed, config.publication, found)
        return document
