"""In and out: signing in by a password or a one-time link, and signing out."""

from __future__ import annotations

import re

from starlette.responses import Response

from publisher.admitting import sessions, signing_in
from publisher.errors import NotFound, Refused
from publisher.web.desk.visits import Door, Visit

_INSIDE = re.compile(r"/desk/[A-Za-z0-9._~/-]{0,200}", re.ASCII)


def show_sign_in(visit: Visit) -> Response:
    """The form to sign in with, for editors."""
    if visit.signed_in:
        return visit.to("/desk/")
    return visit.page("sign-in", next=_next(visit.request.query_params.get("next", "")), address="")


def sign_in(visit: Visit) -> Response:
    """Sign in: address, password, and the code of an app where one was set up."""
    p, filled, to = visit.publisher, visit.form, _next(visit.form.one("next"))
    given = (filled.one("address")[:320], filled.one("password"), filled.one("code"))
    try:
        secret = signing_in.by_password(p.store, p.keys, *given, visit.network, visit.now)
    except Refused as error:
        return visit.page("sign-in", 422, wrong=str(error), next=to, address=given[0])
    return _inside(visit, secret, visit.to(to))


def show_link(visit: Visit) -> Response:
    """What a one-time link leads to: a page whose button signs in, for scanners follow links."""
    p = visit.publisher
    try:
        editor = signing_in.linked(p.store, visit.request.path_params["token"], visit.now)
    except NotFound as error:
        return visit.page("refused", 404, wrong=str(error), by_link=True)
    return visit.page("link", editor=editor)


def use_link(visit: Visit) -> Response:
    """Sign in with a one-time link, and spend it."""
    p = visit.publisher
    secret = signing_in.by_link(p.store, visit.request.path_params["token"], visit.now)
    session = sessions.find(p.store, secret, visit.now)
    welcome = bool(session) and not (session and session.has_password)
    return _inside(
        visit, secret, visit.to("/desk/account", said="welcome") if welcome else visit.to("/desk/")
    )


def sign_out(visit: Visit) -> Response:
    """End the session."""
    sessions.end(visit.publisher.store, visit.session, visit.now)
    visit.keep = ""
    return visit.to("/desk/sign-in", said="out")


def _inside(visit: Visit, secret: str, answer: Response) -> Response:
    """A session in place of the one before, which ends: a cookie that somebody else set is worth nothing."""
    if visit.signed_in:
        sessions.end(visit.publisher.store, visit.signed_in, visit.now)
    visit.keep = secret
    return answer


def _next(wanted: str) -> str:
    return wanted if _INSIDE.fullmatch(wanted) and "//" not in wanted else "/desk/"


DOORS = (
    Door("/desk/sign-in", show_sign_in, sign_in, open=True),
    Door("/desk/link/{token}", show_link, use_link, open=True),
    Door("/desk/sign-out", act=sign_out),
)
