"""The one way to every page of the desk: here it is found who asks, and checked what changes anything.

A form changes something only with the token that belongs to the visitor's cookie, and when it came from a
page of this origin (RFC 6454; Origin, or Referer where a browser sends none).
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from publisher.admitting import secrets, sessions
from publisher.app import Publisher
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.subscribing.uploads import LARGEST
from publisher.web.desk.importer import Importer
from publisher.web.desk.live import Live
from publisher.web.desk.look import Look
from publisher.web.desk.used import Used
from publisher.web.desk.visits import Door, Visit
from publisher.web.forms import Form, form
from publisher.web.uploads import has_file, upload

_COOKIE, _SECURE_COOKIE = "desk", "__Host-desk"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
# a thousand topics may be ticked; an introduction may be long, and each letter of it nine bytes
_LARGEST_FORM = 262_144
_WEEK = int(sessions.LONGEST.total_seconds())
_HEADERS = {
    "Cache-Control": "no-store",
    # no-referrer would make browsers say "Origin: null" with our own forms
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
}


class Gate:
    """Lets visitors through to the doors of the desk."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self._public = urlsplit(publisher.config.publication.url)
        self.look = Look(publisher, self._public.path)
        self.used = Used(publisher.store)
        self.live = Live(self._ended)
        self.importer = Importer(publisher)

    def route(self, door: Door) -> Route:
        """A door as a route."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(door, request)

        shown = door.show or door.act
        endpoint.__doc__ = shown.__doc__ if shown else ""
        methods = [*(["GET"] if door.show else []), *(["POST"] if door.act else [])]
        return Route(door.path, endpoint, methods=methods)

    def form_token(self, secret: str) -> str:
        """What every form carries: it belongs to the cookie."""
        return urlsafe_b64encode(secrets.bound(self.publisher.keys, "form", secret)).rstrip(b"=").decode()

    def _ended(self, ids: Collection[int]) -> frozenset[int]:
        return sessions.ended(self.publisher.store, ids, self.publisher.clock(), self.used.moments)

    async def _answer(self, door: Door, request: Request) -> Response:
        cookie = request.cookies.get(self._cookie(request), "")
        known = cookie if _SECRET.fullmatch(cookie) else ""
        secret, scheme = known or secrets.new(), "https" if self._is_secure(request) else "http"
        origin = f"{scheme}://{request.headers.get('host', '')}"
        token = self.form_token(secret)
        now, live, importer = self.publisher.clock(), self.live, self.importer
        visit = Visit(self.look, request, secret, token, origin, now, live, importer)
        if request.method == "POST":
            await self._read(door, visit)
        elif door.open and not known:
            visit.keep = secret  # a form that nobody is signed in for needs a cookie, too
        try:
            answer = await run_in_threadpool(self._through, door, visit)
        finally:
            if visit.upload:
                visit.upload.place.unlink(missing_ok=True)  # what nobody took
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)  # a preview has a policy of its own
        if visit.keep is not None:
            self._keep(answer, request, visit.keep)
        return answer

    async def _read(self, door: Door, visit: Visit) -> None:
        """What was filled in; a file only where this visitor may send one here."""
        if not (door.file and has_file(visit.request)):
            visit.form = await form(visit.request, _LARGEST_FORM)
            return

        async def allowed(given: Form) -> Path | None:
            visit.form = given
            return await run_in_threadpool(self._place, door, visit)

        visit.form, visit.upload = await upload(visit.request, allowed, LARGEST)

    def _place(self, door: Door, visit: Visit) -> Path | None:
        """Where the file of a form goes; None where the form will be refused."""
        self._know(visit)
        if self._wrong_form(visit) or not (visit.signed_in and door.file):
            return None
        try:
            return door.file(visit)
        except NotAllowed:
            return None

    def _know(self, visit: Visit) -> None:
        visit.signed_in = sessions.find(self.publisher.store, visit.secret, visit.now, self.used.moments)
        if visit.signed_in:
            self.used.note(visit.signed_in.id, visit.now)

    def _through(self, door: Door, visit: Visit) -> Response:
        self._know(visit)
        try:
            if visit.request.method == "POST":
                return self._act(door, visit)
            if not visit.signed_in and not door.open:
                if "hx-request" in visit.request.headers:
                    # a part of a page would be put in the middle of another one: load it anew
                    return Response(status_code=401, headers={"HX-Refresh": "true"})
                return visit.to("/desk/sign-in", next=visit.request.url.path.removeprefix(self._public.path))
            return door.show(visit) if door.show else visit.page("refused", 405)
        except NotAllowed as error:
            return visit.page("refused", 403, wrong=error)
        except NotFound as error:
            return visit.page("refused", 404, wrong=error)
        except Refused as error:
            return visit.page("refused", 422, wrong=error)

    def _act(self, door: Door, visit: Visit) -> Response:
        if wrong := self._wrong_form(visit):
            return visit.page("refused", 403, **{wrong: True})
        if not visit.signed_in and not door.open:
            return visit.page("refused", 401, stale=True)
        return door.act(visit) if door.act else visit.page("refused", 405)

    def _wrong_form(self, visit: Visit) -> str:
        """Why a form may change nothing, whoever sends it; empty where it may."""
        if not self._from_here(visit.request):
            return "elsewhere"
        given = visit.form.one("token").encode("utf-8", "replace")
        return "" if hmac.compare_digest(visit.form_token.encode(), given) else "stale"

    def _from_here(self, request: Request) -> bool:
        """Whether a form stood on a page of ours. A browser says so; what does not say is not believed."""
        said = request.headers.get("origin") or request.headers.get("referer", "")
        try:
            parts = urlsplit(said)
            came = (parts.scheme, parts.netloc.lower())
        except ValueError:
            return False
        ours = {(self._public.scheme, self._public.netloc.lower())}
        ours.add((request.url.scheme, request.headers.get("host", "").lower()))
        return all(came) and came in ours

    def _keep(self, answer: Response, request: Request, secret: str) -> None:
        """Give the visitor this cookie in place of any other; an empty secret takes it away."""
        answer.set_cookie(
            self._cookie(request),
            secret,
            max_age=_WEEK if secret else 0,
            secure=self._is_secure(request),
            httponly=True,
            samesite="lax",
        )

    def _cookie(self, request: Request) -> str:
        return _SECURE_COOKIE if self._is_secure(request) else _COOKIE

    def _is_secure(self, request: Request) -> bool:
        """Whether the visitor's browser came by https, also where a proxy in between does not say so."""
        host = request.headers.get("host", "").lower()
        behind = self._public.scheme == "https" and host == self._public.netloc.lower()
        return behind or request.url.scheme == "https"
