"""Imports: a file is uploaded, looked at, begun, watched, and reported of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from publisher.errors import NotAllowed, NotFound, Refused
from publisher.permissions import N_
from publisher.store import imports
from publisher.store.imports import Import
from publisher.subscribing import csv_text, importing, uploads
from publisher.subscribing.choosing import STATUSES
from publisher.web.desk.subscribers import titles
from publisher.web.desk.visits import Door, Visit

_A_PAGE, _PIECE = 50, 64 * 1024
_NO_FILE = N_("file: expected one")
_MOVING = ("waiting", "running")
_SIZES = ("B", "kB", "MB", "GB")


def show(visit: Visit, status: int = 200, **more: object) -> Response:
    """The form for a file, and the imports there were."""
    before = _number(visit.request.query_params.get("before", ""))
    found = uploads.listed(visit.publisher.store, visit.session.actor, _A_PAGE + 1, before)
    older = f"?before={found[_A_PAGE - 1].id}" if len(found) > _A_PAGE else ""
    given = {
        "rows": [(one, visit.moment(one.created_at)) for one in found[:_A_PAGE]],
        "older": older,
        "newest": before is not None,
        "titles": titles(visit),
        "statuses": STATUSES,
        "largest": size(uploads.LARGEST),
        "given": {"newsletter": visit.form.one("newsletter"), "status": visit.form.one("status")},
    }
    return visit.page("imports", status, **{"here": "subscribers", **given, **more})


def take(visit: Visit) -> Response:
    """Keep the file that came with the form, and show what is in it."""
    p, sent, filled = visit.publisher, visit.upload, visit.form
    actor = visit.session.actor
    try:
        if sent is None:
            uploads.place(p.store, actor)
            raise Refused(_NO_FILE)
        if sent.fault:
            raise Refused(sent.fault)
        about = (sent.name, filled.one("newsletter"), filled.one("status"))
        id_ = uploads.add(p.store, p.config, actor, sent.place, *about, visit.now)
    except NotAllowed:
        raise
    except Refused as error:
        return show(visit, 422, wrong=error)
    return visit.to(f"/desk/subscribers/imports/{id_}")


def place(visit: Visit) -> Path:
    """Where an upload is written. Raises NotAllowed."""
    return uploads.place(visit.publisher.store, visit.session.actor)


def show_one(visit: Visit, status: int = 200, **more: object) -> Response:
    """One import: what would be taken, how far it is, or what became of it."""
    p, actor, id_ = visit.publisher, visit.session.actor, _id(visit)
    found = uploads.shown(p.store, actor, id_)
    after = _number(visit.request.query_params.get("after", ""))
    refused = uploads.refusals(p.store, actor, id_, -1 if after is None else after, _A_PAGE + 1)
    moving = found.state in _MOVING
    given = {
        "one": found,
        "size": size(found.size),
        "moving": moving,
        "worked": moving and importing.under_way(p.store),
        "here_is": (uploads.folder(p.store) / found.file).is_file() if found.file else False,
        "refused": refused[:_A_PAGE],
        "more": refused[_A_PAGE - 1].nth if len(refused) > _A_PAGE else None,
        "first": after is None,
        "titles": titles(visit),
        "statuses": STATUSES,
        "moments": {
            name: visit.moment(at)
            for name in ("created_at", "begun_at", "moved_at", "ended_at")
            if (at := getattr(found, name))
        },
        "why": visit.look.words(found.reason),
        "not_yet": visit.look.words(str(found.preview.get("wrong", ""))),
    }
    return visit.page("import", status, **{"here": "subscribers", **given, **more})


def act(visit: Visit) -> Response:
    """Look again, begin, stop, go on, or drop it, as the button said."""
    do = visit.form.one("do")
    if do not in _ACTS:
        raise Refused("")
    try:
        _ACTS[do](visit, _id(visit))
    except (NotAllowed, NotFound):
        raise
    except Refused as error:
        return show_one(visit, 422, wrong=error)
    visit.importer.begin()
    return visit.to(f"/desk/subscribers/imports/{_id(visit)}")


def _look(visit: Visit, id_: int) -> None:
    p, filled = visit.publisher, visit.form
    about = (filled.one("newsletter"), filled.one("status"))
    uploads.look(p.store, p.config, visit.session.actor, id_, *about, visit.now)


def _moving(act: Callable[..., None]) -> Callable[[Visit, int], None]:
    def move(visit: Visit, id_: int) -> None:
        act(visit.publisher.store, visit.session.actor, id_, visit.now)

    return move


def refused(visit: Visit) -> Response:
    """Every refused line of an import, as CSV."""
    store, id_ = visit.publisher.store, _id(visit)
    found = uploads.shown(store, visit.session.actor, id_)
    headers = {"Content-Disposition": f'attachment; filename="refused-{id_}.csv"'}
    return StreamingResponse(_lines(visit, found), headers=headers, media_type="text/csv")


def _lines(visit: Visit, found: Import) -> Iterator[str]:
    with visit.publisher.store.read() as tx:
        out = StringIO()
        csv_text.write_row(out, ("file", "line", "address", "reason"))
        for one in imports.every_refusal(tx, found.id):
            csv_text.write_row(out, (one.place or found.name, one.line, one.address, one.reason))
            if out.tell() > _PIECE:
                yield out.getvalue()
                out = StringIO()
        yield out.getvalue()


def size(number: int) -> str:
    """Bytes in a word or two: `12 MB`."""
    amount, at = float(number), 0
    while amount >= 1000 and at < len(_SIZES) - 1:
        amount, at = amount / 1024, at + 1
    return f"{amount:.0f} {_SIZES[at]}" if amount >= 10 or not at else f"{amount:.1f} {_SIZES[at]}"


def _id(visit: Visit) -> int:
    return _number(visit.request.path_params["number"]) or 0


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


_ACTS: dict[str, Callable[[Visit, int], None]] = {
    "look": _look,
    "begin": _moving(uploads.begin),
    "stop": _moving(uploads.stop),
    "go on": _moving(uploads.go_on),
    "drop": _moving(uploads.drop),
}
_ONE = "/desk/subscribers/imports/{number}"
DOORS = (
    Door("/desk/subscribers/imports", show, take, file=place),
    Door(_ONE, show_one, act),
    Door(f"{_ONE}/refused.csv", refused),
)
