"""Who may sign in: listed, added, given another role or a new link, removed. For admins."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from publisher.admitting import accounts
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.model.editors import ROLES
from publisher.web.desk.visits import Door, Visit


def show(visit: Visit, status: int = 200, **more: object) -> Response:
    """Everybody who may sign in at the desk, for admins."""
    found = accounts.listed(visit.publisher.store, visit.session.actor)
    given: dict[str, object] = {"name": "", "address": "", "failed": ""}
    return visit.page("editors", status, everybody=found, roles=ROLES, **{**given, **more})


def act(visit: Visit) -> Response:
    """Add an editor, change a role, make a link, or end an account, as the button said."""
    do, filled = visit.form.one("do"), visit.form
    accounts.listed(visit.publisher.store, visit.session.actor)
    if do not in _ACTS:
        raise Refused("")
    try:
        return _ACTS[do](visit)
    except (Refused, NotFound) as error:
        status = 403 if isinstance(error, NotAllowed) else 404 if isinstance(error, NotFound) else 422
        given = {"name": filled.one("name")[:200], "address": filled.one("address")[:320]}
        return show(visit, status, wrong=str(error), failed=do, **(given if do == "add" else {}))


def _add(visit: Visit) -> Response:
    filled = visit.form
    wanted = (filled.one("name"), filled.one("address"), filled.one("role"))
    editor, secret = accounts.add(visit.publisher.store, visit.session.actor, *wanted, visit.now)
    return visit.page("linked", editor=editor, link=_address(visit, secret))


def _link(visit: Visit) -> Response:
    address = visit.form.one("address")
    editor, secret = accounts.link(visit.publisher.store, visit.session.actor, address, visit.now)
    return visit.page("linked", editor=editor, link=_address(visit, secret))


def _role(visit: Visit) -> Response:
    wanted = (visit.form.one("address"), visit.form.one("role"))
    accounts.set_role(visit.publisher.store, visit.session.actor, *wanted, visit.now)
    return visit.to("/desk/editors", said="role")


def _remove(visit: Visit) -> Response:
    accounts.remove(visit.publisher.store, visit.session.actor, visit.form.one("address"), visit.now)
    return visit.to("/desk/editors", said="removed")


def _address(visit: Visit, secret: str) -> str:
    """As this admin reaches the desk."""
    return f"{visit.origin}{visit.look.address(f'/desk/link/{secret}')}"


_ACTS: dict[str, Callable[[Visit], Response]] = {
    "add": _add,
    "link": _link,
    "role": _role,
    "remove": _remove,
}
DOORS = (Door("/desk/editors", show, act),)
