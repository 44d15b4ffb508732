"""The desk: the editors' pages below /desk/. Nothing of it is public, kept by a cache, or framed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from publisher.app import Publisher
from publisher.web.desk import (
    account,
    articles,
    beginning,
    deliveries,
    directing,
    door,
    editions,
    editors,
    figures,
    growth,
    imports,
    log,
    message,
    publication,
    story,
    subscriber,
    subscribers,
    today,
    watch,
)
from publisher.web.desk.gate import Gate
from publisher.web.desk.scripts import script
from publisher.web.doors import PRIVATE

DOORS = (
    *door.DOORS,
    *today.DOORS,
    *articles.DOORS,
    *figures.DOORS,
    *publication.DOORS,
    *account.DOORS,
    *editors.DOORS,
    *log.DOORS,
    *editions.DOORS,
    *beginning.DOORS,
    *directing.DOORS,
    *message.DOORS,
    *watch.DOORS,
    *deliveries.DOORS,
    *story.DOORS,
    *subscribers.DOORS,
    *growth.DOORS,
    *imports.DOORS,
    *subscriber.DOORS,
)
# as long as browsers keep anything
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class Desk:
    """All pages of the desk, behind one gate."""

    def __init__(self, publisher: Publisher) -> None:
        self.gate = Gate(publisher)

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        made: list[BaseRoute] = [self.gate.route(one) for one in DOORS]
        kept = [Route("/desk/desk.css", self.stylesheet), Route("/desk/files/{name}", self.script)]
        return [*made, Route("/desk", self.slash), *kept]

    async def slash(self, _request: Request) -> Response:
        """Leads to /desk/."""
        return RedirectResponse(self.gate.look.address("/desk/"), 308, headers=PRIVATE)

    async def stylesheet(self, _request: Request) -> Response:
        """The desk's stylesheet; its address changes with it."""
        return Response(self.gate.look.css, media_type="text/css", headers=_KEPT)

    async def script(self, request: Request) -> Response:
        """A script that pages load, which works without it too; its address changes with it."""
        try:
            return Response(script(request.path_params["name"]), media_type="text/javascript", headers=_KEPT)
        except KeyError:
            return Response(status_code=404, headers=PRIVATE)

    def minute(self) -> None:
        """Write down which sessions were used, and go on with imports that a process left; both aside."""
        self.gate.used.flush_aside()
        self.gate.importer.begin()

    def ending(self) -> None:
        """Whoever watches something is let go."""
        self.gate.live.end()

    def close(self, patience: float) -> None:
        """Write down the rest, if the store takes it within so many seconds."""
        self.gate.used.close(patience)
        self.gate.importer.close(patience)
