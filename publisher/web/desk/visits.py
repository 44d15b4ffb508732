"""One request to the desk: who asks, what was filled in, and the answers that a page gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from publisher.admitting import Session
from publisher.app import Publisher
from publisher.subscribing.signing_up import network_of
from publisher.web.desk.importer import Importer
from publisher.web.desk.live import Live
from publisher.web.desk.look import Look
from publisher.web.forms import Form
from publisher.web.health import is_loopback
from publisher.web.uploads import Upload


@dataclass
class Visit:
    """`secret` is that of the visitor's cookie, whether somebody is signed in with it or not.

    A page that sets `keep` gives them that one instead (empty: none). `origin` is how they reach the desk.
    `upload` is the file that came with a form, where the door takes one; `importer` works on imports.
    """

    look: Look
    request: Request
    secret: str
    form_token: str
    origin: str
    now: datetime
    live: Live
    importer: Importer
    signed_in: Session | None = None
    form: Form = field(default_factory=lambda: Form({}))
    upload: Upload | None = None
    keep: str | None = None

    @property
    def publisher(self) -> Publisher:
        """The open publication."""
        return self.look.publisher

    @property
    def session(self) -> Session:
        """Of a page for those who are signed in."""
        if self.signed_in is None:
            raise LookupError("this page is open to everybody: nobody need be signed in")
        return self.signed_in

    @property
    def network(self) -> str:
        """Where it came from, as a keyed hash; empty for this machine, where a proxy may speak for all."""
        client = self.request.client.host if self.request.client else ""
        return "" if is_loopback(client) else network_of(self.publisher.keys, client)

    def page(self, name: str, status: int = 200, /, **context: object) -> Response:
        """The page of a template below desk/; `wrong` is why something could not be done."""
        shown = {"form_token": self.form_token, "said": self.said, "moment": self.moment, **context}
        return HTMLResponse(self.look.page(name, self.signed_in, shown), status)

    def to(self, path: str, **query: str) -> Response:
        """After a POST: on to a page of the desk."""
        return RedirectResponse(self.look.address(path, **query), 303)

    def moment(self, at: datetime) -> str:
        """A moment in words."""
        return self.look.moment(at, self.now)

    @property
    def said(self) -> str:
        """What was done just before, by its name."""
        return self.request.query_params.get("said", "")[:40]


@dataclass(frozen=True, slots=True)
class Door:
    """A page of the desk: GET shows it, POST acts. `open` to those who are not signed in, too.

    `file` says where a file that comes with its form is written, and raises NotAllowed.
    """

    path: str
    show: Callable[[Visit], Response] | None = None
    act: Callable[[Visit], Response] | None = None
    open: bool = False
    file: Callable[[Visit], Path] | None = None
