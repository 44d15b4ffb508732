"""A message of an edition before it leaves: as an inbox shows it, in a frame, as text, and byte for byte."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from publisher.delivering.previewing import Preview, preview
from publisher.errors import NotFound
from publisher.permissions import N_
from publisher.rendering import joining
from publisher.rendering.schemes import in_scheme
from publisher.store import contents, frozen
from publisher.store.editions import Edition
from publisher.web.desk.editions import number
from publisher.web.desk.visits import Door, Visit
from publisher.web.desk.watch import edition_of

_PLACE = "/desk/editions/{newsletter}/{number}/message"
VIEWS = ("phone", "desktop", "text", "headers", "source")
SCHEMES = ("light", "dark")
_SHOWN = 40
_NOT_SOURCE = re.compile(r"[^A-Za-z0-9:/._~%@!$&()*+=\[\]-]")
_MISSING = N_("the newsletter of this edition is not in the configuration any more: it cannot be shown")


def seen(visit: Visit, edition: Edition, address: str = "", variant: int | None = None) -> Preview:
    """The message as it would leave. Raises NotFound, Refused and NotAllowed."""
    p = visit.publisher
    if edition.newsletter not in p.config.newsletters:
        raise NotFound(_MISSING)
    asked = (p.store, p.config, p.templates, p.keys, edition.name, address, visit.now)
    return preview(*asked, variant=variant, actor=visit.session.actor)


def inbox(visit: Visit, edition: Edition, message: Preview) -> dict[str, str]:
    """The line by which an inbox shows it: sender, subject, preheader."""
    with visit.publisher.store.read() as tx:
        found = frozen.variant_row(tx, message.variant)
    preheader = joining.without_fields(found[1].preheader, html=False) if found else ""
    sender = visit.publisher.config.newsletters[edition.newsletter].from_
    return {
        "sender": sender.rpartition("<")[0].strip().strip('"') or sender,
        "subject": message.subject,
        "preheader": preheader,
    }


def show(visit: Visit) -> Response:
    """A message of an edition, for editors: in a frame as a phone or a desktop shows it, and its source."""
    edition, asked = edition_of(visit), visit.request.query_params
    view, scheme = asked.get("view", ""), asked.get("scheme", "")
    view = view if view in VIEWS else "desktop"
    scheme = scheme if scheme in SCHEMES else "light"
    address, variant = asked.get("as", "")[:320].strip(), number(asked.get("variant", ""))
    whom = {"as": address} if address else {"variant": str(variant)} if variant else {}
    wrong, status, message = "", 200, None
    try:
        message = seen(visit, edition, address, variant)
    except NotFound as error:
        wrong, status = str(error), 404
    with visit.publisher.store.read() as tx:
        choices = contents.choices(tx, edition.id, _SHOWN)
    given: dict[str, object] = {
        "here": "editions",
        "edition": edition,
        "message": message,
        "inbox": inbox(visit, edition, message) if message else {},
        "view": view,
        "scheme": scheme,
        "address": address,
        "variant": variant,
        "choices": [one for one in choices if one.recipients or len(choices) == 1],
        "views": {one: f"?{urlencode({**whom, 'view': one, 'scheme': scheme})}" for one in VIEWS},
        "schemes": {one: f"?{urlencode({**whom, 'view': view, 'scheme': one})}" for one in SCHEMES},
        "whom": whom,
        "frame": f"message/html?{urlencode({**whom, 'scheme': scheme})}",
        "eml": f"message.eml?{urlencode(whom)}" if whom else "message.eml",
        "wrong": wrong,
    }
    if message:
        given |= _parts(message)
    return visit.page("message", status, **given)


def _parts(message: Preview) -> dict[str, object]:
    head, _, _ = message.eml.partition(b"\r\n\r\n")
    return {
        "headers": head.decode("utf-8", "replace"),
        "text": message.text.decode("utf-8", "replace").replace("\r\n", "\n"),
        "source": message.eml.decode("utf-8", "replace").replace("\r\n", "\n"),
        "size": len(message.eml),
        "html_size": len(message.html),
    }


def frame(visit: Visit) -> Response:
    """The HTML part of a message, for editors, in one colour scheme: it runs nothing and reaches nothing."""
    edition, asked = edition_of(visit), visit.request.query_params
    message = seen(visit, edition, asked.get("as", "")[:320].strip(), number(asked.get("variant", "")))
    scheme: Literal["light", "dark"] = "dark" if asked.get("scheme") == "dark" else "light"
    html = in_scheme(message.html.decode("utf-8", "replace"), scheme)
    return HTMLResponse(html, headers=_safe(visit))


def _safe(visit: Visit) -> dict[str, str]:
    """No script, form or network, framed or opened by itself; pictures of this publication alone."""
    own = _NOT_SOURCE.sub("", visit.publisher.config.publication.url)
    policy = (
        f"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src {own}/ data:; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'self'"
    )
    return {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}


def download(visit: Visit) -> Response:
    """The message as a file, for editors: the bytes that would leave."""
    edition, asked = edition_of(visit), visit.request.query_params
    message = seen(visit, edition, asked.get("as", "")[:320].strip(), number(asked.get("variant", "")))
    name = f"{edition.newsletter}-{edition.number}.eml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(message.eml, media_type="message/rfc822", headers=headers)


DOORS = (
    Door(_PLACE, show),
    Door(f"{_PLACE}/html", frame),
    Door("/desk/editions/{newsletter}/{number}/message.eml", download),
)
