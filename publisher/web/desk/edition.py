"""One edition: how it stands, what it holds, how it looks, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.responses import Response

from publisher import cutting, permissions
from publisher.cutting.editing import CHANGEABLE, LONGEST
from publisher.delivering import approving, progress
from publisher.errors import PublisherError
from publisher.store import contents, deeds, ledger
from publisher.store.contents import Content
from publisher.store.editions import Edition
from publisher.web.desk import message
from publisher.web.desk.visits import Visit
from publisher.web.desk.watch import edition_of

_DEEDS = 30


@dataclass(frozen=True, slots=True)
class Standing:
    """An edition as one moment found it. `left`: something of it has left, or is leaving."""

    edition: Edition
    counts: dict[str, int]
    contents: list[Content]
    variants: int
    people: int
    largest: int
    refusal: str
    fingerprint: str

    @property
    def planned(self) -> int:
        """For how many it is, or was."""
        return sum(self.counts.values())

    @property
    def waiting(self) -> int:
        """How many have still to leave."""
        return self.counts["queued"] + self.counts["deferred"]

    @property
    def left(self) -> bool:
        """Whether something of it has left, or may have."""
        return any(
            self.counts[one] for one in ("sending", "sent", "unknown", "bounced", "deferred", "expired")
        )

    @property
    def changeable(self) -> bool:
        """Whether editors may still change it."""
        return self.edition.state in CHANGEABLE and not self.left


def look(visit: Visit) -> Standing:
    """How the edition stands. Raises NotFound and NotAllowed."""
    permissions.check(visit.session.actor, "look")
    edition, store = edition_of(visit), visit.publisher.store
    with store.read() as tx:
        counts = ledger.counts(tx, edition.id)
        held = contents.of(tx, edition.id)
        variants, people, largest = contents.numbers(tx, edition.id)
        refusal = approving.refusal(tx, edition, visit.session.actor)
    bound = edition.fingerprint
    if edition.needs_approval and edition.state == "held" and not bound:
        bound = approving.fingerprint(store, edition)  # cut by a program that did not write it down
    return Standing(edition, counts, held, variants, people, largest, refusal, bound)


def show(visit: Visit, status: int = 200, **more: object) -> Response:
    """An edition, for editors: what it holds, how it looks, what is wrong with it, and what can be done."""
    stands = look(visit)
    # a server's words may name somebody, and viewers may not know whom
    edition = replace(stands.edition, reason=progress.plain(stands.edition.reason))
    p = visit.publisher
    errand = visit.look.errands.of(edition.name)
    if errand and errand.ended and errand.error and status == 200:
        more = {"wrong": errand.error, **more}
    with p.store.read() as tx:
        done = deeds.listed(tx, _DEEDS, object_=f"edition {edition.name}")
        astray = cutting.astray(tx, [one.article_id for one in stands.contents if not one.dropped])
    given: dict[str, object] = {
        "here": "editions",
        "now": stands,
        "edition": edition,
        "configured": p.config.newsletters.get(edition.newsletter),
        "inbox": _inbox(visit, edition),
        "astray": astray,
        "deeds": [(visit.moment(one.at), one) for one in done],
        "errand": errand if errand and not errand.ended else None,
        "typed": {},
        "failed": "",
        "longest": LONGEST,
        "zone": p.config.publication.timezone,
        "opens": visit.moment(edition.opens_at) if edition.opens_at else "",
        "today": visit.now.astimezone(p.config.publication.zone).strftime("%Y-%m-%dT%H:%M"),
        "me_address": visit.session.address,
    }
    return visit.page("edition", status, **{**given, **more})


def _inbox(visit: Visit, edition: Edition) -> dict[str, str]:
    """The line in an inbox; empty where nothing can be shown."""
    try:
        return message.inbox(visit, edition, message.seen(visit, edition))
    except PublisherError:
        return {}
