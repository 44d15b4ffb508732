"""A newsroom with something of everything in it, and every address of its desk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from desk_visitors import Newsroom
from starlette.routing import Route

from publisher import cutting, delivering, subscribing
from publisher.delivering import opening
from publisher.model.editors import Actor
from publisher.store import catalogue
from publisher.subscribing import uploads

STRANGE = "<script>alert(1)</script>\"'&"
ADDRESS = "reader0@example.org"
# what is kept by browsers, and is no page
KEPT = {"/desk/desk.css", "/desk/files/{name}"}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Places:
    """What stands for each parameter of an address, by its name and by the part of the desk."""

    objects: dict[str, str]
    parts: dict[str, dict[str, str]]

    def address(self, path: str, **given: str) -> str:
        """A path of a route with real objects in it."""
        part = path.split("/")[2] if path.count("/") > 1 else ""
        known = self.objects | self.parts.get(part, {}) | given
        return _PARAMETER.sub(lambda found: quote(known[found[1]], safe=""), path)

    def nowhere(self, path: str) -> str:
        """The same path for objects that there are none of."""
        return _PARAMETER.sub("987654321", path)


def furnish(room: Newsroom) -> Places:
    """Three subscribers, and of what the sources hold an edition that was sent and one that is held."""
    p, now = room.p, room.clock()
    for n, cadence in enumerate(("daily", "daily", "weekly")):
        choice = subscribing.Choice(
            f"reader{n}@example.org", "daily", "confirmed", cadence=cadence, name=STRANGE
        )
        subscribing.subscribe(p.store, p.config, choice, now)
    for cadence in ("daily", "weekly"):
        asked = cutting.asked(p.config, "daily", cadence, now, everybody=True)
        edition = cutting.cut(p.store, p.config, p.templates, asked, now).edition
        assert edition
        if cadence == "daily":
            opening.open_edition(p.store, edition, now)
            delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=edition.id)
    pat = Actor("Pat")
    sent = uploads.place(p.store, pat)
    sent.write_text(f"address,name\nreader9@example.org,{STRANGE}\n{STRANGE},\n")
    uploads.add(p.store, p.config, pat, sent, f"{STRANGE}.csv", "daily", "confirmed", now)
    with p.store.read() as tx:
        article = catalogue.listings(tx)[0].article.id
    return Places(
        {"newsletter": "daily", "number": "1", "id": "1"},
        {"articles": {"id": article}, "previews": {"id": article}},
    )


def routes(app: Any) -> list[Route]:
    """Every route of the desk, but for those that are no pages."""
    found = [one for one in app.routes if isinstance(one, Route) and one.path.startswith("/desk")]
    return [one for one in found if one.path not in KEPT]
