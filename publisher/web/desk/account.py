"""One's own account: password, codes of an app, API tokens."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup
from starlette.responses import Response

from publisher.admitting import own
from publisher.errors import Refused
from publisher.model.editors import SCOPES
from publisher.passwords import codes
from publisher.web.desk.visits import Door, Visit


def show(visit: Visit, status: int = 200, **more: object) -> Response:
    """The editor's own account: password, codes, API tokens."""
    p, session = visit.publisher, visit.session
    secret = own.code_secret(p.keys, session)
    address = codes.address_of(secret, session.address, p.config.publication.title)
    given: dict[str, object] = {
        "tokens": own.tokens(p.store, session, visit.now),
        "scopes": SCOPES,
        "days": own.TOKEN_DAYS,
        "shortest": own.SHORTEST,
        "moment": visit.moment,
        "new_token": "",
        "field": "",
    }
    if session.has_password and not session.has_codes:
        groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        given |= {"drawing": Markup(codes.drawing(address)), "secret": groups, "otpauth": address}
    return visit.page("account", status, **given, **more)


def act(visit: Visit) -> Response:
    """Change one thing of it, as the button said."""
    do = visit.form.one("do")
    if do not in _ACTS:
        raise Refused("")
    try:
        return _ACTS[do](visit)
    except Refused as error:
        return show(visit, 422, wrong=str(error), failed=do)


def _password(visit: Visit) -> Response:
    p, filled = visit.publisher, visit.form
    given = (filled.one("current"), filled.one("password"))
    secret = own.set_password(p.store, p.keys, visit.session, *given, visit.now)
    visit.keep = secret
    return visit.to("/desk/account", said="password")


def _begin_codes(visit: Visit) -> Response:
    p = visit.publisher
    own.begin_codes(p.store, p.keys, visit.session, visit.form.one("code"), visit.now)
    return visit.to("/desk/account", said="codes")


def _end_codes(visit: Visit) -> Response:
    p = visit.publisher
    own.end_codes(p.store, p.keys, visit.session, visit.form.one("current"), visit.now)
    return visit.to("/desk/account", said="no-codes")


def _notices(visit: Visit) -> Response:
    wanted = visit.form.one("notices") == "yes"
    own.set_notices(visit.publisher.store, visit.session, wanted, visit.now)
    return visit.to("/desk/account", said="notices" if wanted else "no-notices")


def _make_token(visit: Visit) -> Response:
    p, filled = visit.publisher, visit.form
    wanted = (filled.one("name"), filled.all("scopes"), filled.number("days"))
    token = own.make_token(p.store, visit.session, *wanted, visit.now)
    # no redirect: it is told here, once
    return visit.page("token", token=token)


def _end_token(visit: Visit) -> Response:
    own.end_token(visit.publisher.store, visit.session, visit.form.number("id") or 0, visit.now)
    return visit.to("/desk/account", said="token-ended")


_ACTS: dict[str, Callable[[Visit], Response]] = {
    "password": _password,
    "begin codes": _begin_codes,
    "end codes": _end_codes,
    "notices": _notices,
    "make token": _make_token,
    "end token": _end_token,
}
DOORS = (Door("/desk/account", show, act),)
