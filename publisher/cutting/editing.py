"""An editor's change of an edition, until its first start (rule 13).

What is wanted is looked at and tried first; from the moment that it is written into the edition, nothing of
that leaves until all is made anew, whoever does it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher import permissions
from publisher.config.schema import Config
from publisher.cutting import remaking
from publisher.errors import NotFound, Refused
from publisher.model import fields
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.permissions import N_
from publisher.rendering.environment import Templates
from publisher.store import (
    Store,
    after_writers,
    clock,
    contents,
    deeds,
    editing,
    editions,
    ledger,
    restores,
)
from publisher.store.editions import Edition
from publisher.store.schema import deliveries

CHANGEABLE = ("held", "scheduled", "sending", "paused")
LONGEST = {"subject": 200, "preheader": 300, "intro": 20_000}
_MEANWHILE = N_("somebody has changed it meanwhile: look at it again, and then change it")
_NOTHING = N_("nothing would be left in it: cancel it instead")
_NOT_NOW = N_("%(edition)s cannot be changed: it is %(state)s")
_LEFT = N_("some of it has left already: it cannot be changed any more")
_SAME = N_("nothing of it would be different")
_TOO_LONG = N_("the subject holds 200 characters at most, the preheader 300, the introduction 20,000")
Progress = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be otherwise; None: as it is.

    `order` and `dropped` name articles; `intro` is Markdown; `subject` and `preheader` are plain text, and
    empty ones mean the newsletter's own. `seen` is how often the edition had been changed when it was looked
    at.
    """

    order: tuple[str, ...] | None = None
    dropped: tuple[str, ...] | None = None
    intro: str | None = None
    subject: str | None = None
    preheader: str | None = None
    seen: int | None = None


def change(
    store: Store,
    config: Config,
    templates: Templates,
    edition: Edition,
    changes: Changes,
    now: datetime,
    *,
    actor: Actor = COMMAND_LINE,
    progress: Progress = _silent,
) -> Edition:
    """Change an edition for everybody in it: it is held then, and an approval of it is void.

    A dropped article stays covered; whoever would get nothing else gets nothing, and their deliveries are
    cancelled. Raises NotAllowed; Refused once something has left, or for what cannot be; ContentError for a
    fault in a template or an introduction that does not fit.
    """
    permissions.check(actor, "change")
    # nothing may be cut into it, approved or cancelled meanwhile
    with store.alone("cut"):
        before, articles = _look(store, config, edition)
        wanted = _wanted(before, changes, articles)
        if wanted == before:
            raise Refused(_SAME)
        _try(store, config, templates, wanted)
        _begin(store, before, wanted, actor, now)
        return remaking.finish(store, config, templates, edition.id, now, progress)


def _look(store: Store, config: Config, edition: Edition) -> tuple[Edition, Sequence[str]]:
    """The edition as it stands, and the articles that it holds, dropped ones too."""
    with store.read() as tx:
        restores.check(tx)
        found = editions.get(tx, edition.id)
        held = [one.article_id for one in contents.of(tx, edition.id)]
    if edition.newsletter not in config.newsletters:
        raise NotFound(f"the newsletter {edition.newsletter} is not in the configuration any more")
    if found.state not in CHANGEABLE and not found.changing:
        raise Refused(_NOT_NOW, edition=found.name, state=found.state)
    return found, held


def _wanted(before: Edition, changes: Changes, held: Sequence[str]) -> Edition:
    """The edition as it is to be. Raises Refused."""
    if changes.seen is not None and changes.seen != before.edits:
        raise Refused(_MEANWHILE)
    order, dropped = changes.order, changes.dropped
    if order is None:
        order = tuple(before.arrangement.get("order", ()))
    if dropped is None:
        dropped = tuple(before.arrangement.get("dropped", ()))
    if strange := {*order, *dropped} - set(held):
        raise NotFound(f"{before.name} does not hold {sorted(strange)[0]!r}")
    if held and set(held) <= set(dropped):
        raise Refused(_NOTHING)
    arrangement: dict[str, Any] = {"order": list(dict.fromkeys(order)), "dropped": sorted(set(dropped))}
    if not any(arrangement.values()):
        arrangement = {}
    return replace(
        before,
        arrangement=arrangement,
        intro=_text("intro", changes.intro, before.intro),
        subject=_text("subject", changes.subject, before.subject),
        preheader=_text("preheader", changes.preheader, before.preheader),
    )


def _text(name: str, given: str | None, before: str) -> str:
    if given is None:
        return before
    text = given.translate(fields.RESERVED).replace("\r\n", "\n").strip()
    text = text if name == "intro" else " ".join(text.split())
    if len(text) > LONGEST[name]:
        raise Refused(_TOO_LONG)
    return text


def _try(store: Store, config: Config, templates: Templates, wanted: Edition) -> None:
    """Freeze the largest variants in vain: what is wrong with a change is said before it is begun."""
    wanted = replace(wanted, edits=wanted.edits + 1)
    with store.read() as tx:
        samples = editing.largest(tx, wanted, 3)
        freezer = remaking.freezer(tx, config, templates, wanted, samples)
    for one in samples:
        freezer.variant(remaking.shown(one), one.language)


def _begin(store: Store, before: Edition, wanted: Edition, actor: Actor, now: datetime) -> None:
    """From here on nothing of it leaves, and the change is made whatever happens. Raises Refused."""
    if not before.changing:
        with store.write() as tx:
            if not editions.set_state(tx, before.id, [before.state], "cutting", changing=before.state):
                raise Refused(_MEANWHILE)
    with store.write() as tx:
        # a start that saw the edition before is durable now
        after_writers(tx, deliveries)
    with store.read() as tx:
        left = ledger.anything_left(tx, before.id)
    with store.write() as tx:
        if left:
            state = before.changing or before.state
            editions.set_state(tx, before.id, ["cutting"], state, changing="")
        else:
            _write(tx, before, wanted, actor, now)
    if left:
        raise Refused(_LEFT)


def _write(tx: Connection, before: Edition, wanted: Edition, actor: Actor, now: datetime) -> None:
    changed = {
        name: getattr(wanted, name)
        for name in ("subject", "preheader", "intro", "arrangement")
        if getattr(wanted, name) != getattr(before, name)
    }
    unopened = {"approved_hash": "", "opened_at": None, "opens_at": None, "paused_at": None}
    editions.change(
        tx,
        before.id,
        **changed,
        **unopened,
        edits=before.edits + 1,
        changing="held",
        fingerprint="",
        reason="",
    )
    clock.set_stale(tx, clock.PUBLIC_FILES, now)
    deeds.add(tx, actor, "change", f"edition {before.name}", now, what=sorted(changed))
