"""What the doors for readers share: pages that nobody keeps or frames, and links that expire quietly."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from publisher import links
from publisher.app import Publisher
from publisher.publishing.site import site_of
from publisher.rendering import pages
from publisher.rendering.pages import Frame, Site

# Nothing of these answers may be kept by a cache, framed, or told to others.
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}


class Doors:
    """One publication's pages for readers; the token in a link is all that they believe."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.site: Site = site_of(publisher.config)

    def frame(self) -> Frame:
        """What is around every page, of the templates as they are now."""
        return Frame(self.publisher.templates, self.site)

    @property
    def now(self) -> datetime:
        """The time."""
        return self.publisher.clock()

    @cached_property
    def not_found(self) -> bytes:
        """The page for an address that names nothing: made once, for it is asked for often, by machines."""
        return pages.not_found(self.frame()).encode()

    def number(self, request: Request, purpose: str) -> int | None:
        """What the token in this request stands for; None where it is none of ours, or of another kind."""
        numbers = links.read_token(self.publisher.keys, purpose, request.path_params["token"])
        return numbers[0] if numbers else None

    def link(self, door: str, purpose: str, number: int) -> str:
        """The address of a door with a token."""
        token = links.token(self.publisher.keys, purpose, number)
        return f"{self.publisher.config.publication.url}/{door}/{token}"

    def title(self, newsletter: str) -> str:
        """What a newsletter is called; its name where it left the configuration."""
        found = self.publisher.config.newsletters.get(newsletter)
        return found.title if found else newsletter

    def no_such_link(self) -> Response:
        """The same page for a link that is expired, altered, of another kind, or nobody's."""
        return self.page(pages.expired_link(self.frame()), 404)

    def page(self, html: str, status: int = 200, policy: str = "") -> Response:
        """A page with a policy that allows nothing from elsewhere; `policy` replaces what it may show."""
        ours = f"'self' {self._origin}"
        shown = policy or f"img-src {ours} data:; style-src {ours}"
        rules = f"default-src 'none'; {shown}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        return HTMLResponse(html, status, headers={**PRIVATE, "Content-Security-Policy": rules})

    @cached_property
    def _origin(self) -> str:
        """Where style sheet and logo are: the public address, which need not be the one that was asked."""
        parts = urlsplit(self.publisher.config.publication.url)
        return f"{parts.scheme}://{parts.netloc}"
