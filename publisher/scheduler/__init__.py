"""The clock: one idempotent tick that looks at what is due and does it. It holds no state of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from publisher import cutting, gathering, webhooks
from publisher.app import Publisher
from publisher.config.schema import Config
from publisher.cutting import Result
from publisher.delivering import compacting, figuring, opening, retrying
from publisher.gathering import Gathered, fetching
from publisher.model.editors import COMMAND_LINE
from publisher.publishing import Changed, announcing
from publisher.store import (
    clock,
    confirmations,
    feed_polls,
    imports,
    ledger,
    requests,
    restores,
    wishes,
    workforce,
)
from publisher.store import editions as edition_rows
from publisher.store import editors as editor_rows
from publisher.store.editions import Edition

log = logging.getLogger("publisher")
Say = Callable[[str], None]
_FORGOTTEN, _DAY, _AT_ONCE = "confirmations", timedelta(days=1), 5000
_ANNOUNCING_SECONDS = 3.0
_COMPACTED, _HOUR, _COMPACTING_SECONDS = "compact", timedelta(hours=1), 2.0
_REQUESTS = "api requests"
_POLLS, _KEPT = "polls", timedelta(days=400)
_FIGURING_SECONDS = 1.0
_IMPORTS, _IMPORTING_SECONDS = "imports", 3.0
_RETRYING_SECONDS = 3.0
_RECEIVED, _RECEIVING, _RECEIVING_SECONDS = "bounces", timedelta(minutes=3), 5.0


@dataclass
class Ticked:
    """What one tick did: the gather if it was time for one, the cuts, and the editions that it opened.

    `held` is how many deliveries have come due in editions that a person has not sent yet, `told` the
    matters of which the editors were told.
    """

    gathered: Gathered | None = None
    cut: list[Result] = field(default_factory=list)
    opened: list[Edition] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def reminder(config: Config, edition: str, count: int) -> str:
    """What a person must hear of an edition that is held while its deliveries come due."""
    newsletter = config.newsletters.get(edition.rpartition("/")[0])
    waits, then = "is held", f": publisher send {edition}"
    if newsletter and newsletter.approval:
        waits, then = "waits for approval", ""
    return f"{edition} {waits}, and {count} of its deliveries have come due{then}"


def tick(
    publisher: Publisher, *, gather_always: bool = False, once: bool = False, say: Say = log.warning
) -> Ticked:
    """Gather, build, cut what is due, open what is scheduled. Twice, late, or twice at once: harmless.

    A step that fails keeps no other from being done; the first failure is raised at the end. `once`: no
    process goes on ticking after this one.
    """
    workforce.note_tick(publisher.store, workforce.TICKED_ONCE if once else workforce.TICKED)
    # one after the other: a second tick must not cut from a catalogue that the first is still gathering
    with publisher.store.alone("tick"):
        return _tick(publisher, publisher.clock(), gather_always, say)


def _tick(publisher: Publisher, now: datetime, gather_always: bool, say: Say) -> Ticked:
    done = Ticked()
    steps: tuple[Callable[[], None], ...] = (
        lambda: _gather(publisher, now, done, gather_always, say),
        lambda: done.cut.extend(cutting.cut_due(publisher.store, publisher.config, publisher.templates, now)),
        lambda: done.opened.extend(opening.open_due(publisher.store, now)),
        lambda: _publish(publisher, now, done.gathered, gather_always),
        lambda: _announce(publisher, now, say),
        lambda: _tell(publisher, now, say),
        lambda: _retry(publisher, now, say),
        lambda: done.held.update(_held(publisher, now)),
        lambda: done.told.extend(_remind(publisher, done.held, now)),
        lambda: _ask(publisher, now),
        lambda: _compact(publisher, now),
        lambda: _receive(publisher, now),
        lambda: _forget_polls(publisher, now),
        lambda: _figure(publisher, now),
        lambda: _import(publisher, now),
        lambda: _forget_requests(publisher, now),
    )
    with publisher.store.read() as tx:
        if restores.restored(tx):
            # its marks may be wrong: nothing is cut or opened until a person says so (rule 26)
            steps = (steps[0], steps[3])
    failures = [error for step in steps if (error := _attempt(step))]
    _log(done)
    if failures:
        for error in failures[1:]:
            say(str(error))
        raise failures[0]
    return done


def _log(done: Ticked) -> None:
    """Where an edition's way through the log begins: every later line of it has the same `edition`."""
    for result in done.cut:
        if one := result.edition:
            about = {"edition": one.name, "state": one.state, "recipients": result.recipients}
            log.info("cut", extra={"fields": about})
    for edition in done.opened:
        log.info("opened", extra={"fields": {"edition": edition.name}})


def _attempt(step: Callable[[], None]) -> Exception | None:
    try:
        step()
    except Exception as error:
        return error
    return None


def _gather(publisher: Publisher, now: datetime, done: Ticked, always: bool, say: Say) -> None:
    store, config = publisher.store, publisher.config
    with store.write() as tx:
        due = clock.due(tx, "gather", config.schedule.gather, now)
    if not (due or always):
        return
    done.gathered = gathering.gather(store, config, now, crew=publisher.crew)
    for problem in gathering.problems(done.gathered):
        say(problem)


def _publish(publisher: Publisher, now: datetime, gathered: Gathered | None, always: bool) -> None:
    if always:
        with publisher.store.write() as tx:
            clock.set_stale(tx, clock.PUBLIC_FILES, now)
    changed = None
    if gathered:
        changed = Changed(gathered.before, gathered.after, frozenset(gathered.touched), around=True)
    publisher.press.refresh(changed)
    publisher.crew.dismiss()


def _announce(publisher: Publisher, now: datetime, say: Say) -> None:
    """Tell the hub which feeds have changed, a little at a time."""
    done = announcing.announce(publisher.store, publisher.config, now, _ANNOUNCING_SECONDS, say)
    if done.told or done.waiting:
        log.info("announced", extra={"fields": {"told": done.told, "waiting": done.waiting}})


def _tell(publisher: Publisher, now: datetime, say: Say) -> None:
    """Tell other programs what happened, a little at a time."""
    done = webhooks.tell(publisher.store, publisher.config, os.environ, now, say)
    if done.told or done.failed:
        log.info("told", extra={"fields": {"events": done.told, "failing": done.failed}})


def _retry(publisher: Publisher, now: datetime, say: Say) -> None:
    """What an editor asked to be sent again and was too much for one request, a little at a time."""
    with publisher.store.read() as tx:
        waits = wishes.there(tx)
    if waits:
        retrying.go_on(publisher.store, now, _RETRYING_SECONDS, say)


def _remind(publisher: Publisher, held: Mapping[str, int], now: datetime) -> list[str]:
    with publisher.store.read() as tx:
        wanted = publisher.config.notices.to or editor_rows.wanting_notices(tx)
    # loads the template engine's rendering only where somebody is to be told
    if not wanted:
        return []
    from publisher.delivering import reminding
    from publisher.delivering.messages import Composer

    composer = Composer(publisher.store, publisher.config, publisher.keys)
    feeds, endpoints = _feeds(publisher, now), _endpoints(publisher)
    return reminding.remind(composer, publisher.templates, held, now, feeds, endpoints)


def _feeds(publisher: Publisher, now: datetime) -> dict[str, str]:
    """Feeds in trouble for a while, or for good, and why: one bad answer is nobody's concern."""
    found = fetching.troubles(publisher.store, publisher.config)
    lasting = [one for one in found if not one.next_at or (one.since and now - one.since >= _HOUR)]
    return {one.feed: one.error for one in lasting}


def _endpoints(publisher: Publisher) -> dict[str, str]:
    """Endpoints that are told nothing more, and what they answered last."""
    return {one.url: one.said for one in webhooks.off(publisher.store, publisher.config, COMMAND_LINE)}


def _compact(publisher: Publisher, now: datetime) -> None:
    """A little at a time, so that nothing else that is due waits for it; on from there at the next tick."""
    store, policy = publisher.store, publisher.config.delivery
    if workforce.at_work(store, "compact"):
        return
    with store.write() as tx:
        if not clock.due(tx, _COMPACTED, _HOUR, now):
            return
    moved, ended = compacting.compact(store, policy, now, _COMPACTING_SECONDS)
    if not ended:
        with store.write() as tx:
            clock.forget(tx, [_COMPACTED])
    if moved:
        log.info("compacted", extra={"fields": {"deliveries": moved}})


def _ask(publisher: Publisher, now: datetime) -> None:
    """Mail those who asked for something on a page; forget what nobody confirmed."""
    store = publisher.store
    with store.write() as tx:
        if clock.due(tx, _FORGOTTEN, _HOUR, now):
            confirmations.forget(tx, now - publisher.config.signup.valid_for - _DAY, _AT_ONCE)
    with store.read() as tx:
        if not confirmations.unqueued(tx, 1):
            return
    from publisher.delivering.confirming import queue_confirmations
    from publisher.delivering.messages import Composer

    queue_confirmations(Composer(store, publisher.config, publisher.keys), publisher.templates, now)


def _receive(publisher: Publisher, now: datetime) -> None:
    """The mailbox of bounces, a little at a time as well."""
    store, configured = publisher.store, publisher.config.mail.bounce_mailbox
    if configured is None:
        return
    with store.write() as tx:
        if not clock.due(tx, _RECEIVED, _RECEIVING, now):
            return
    # their libraries take time to load, and most publications read no mailbox
    from publisher import mailbox, receiving

    found = mailbox.open_mailbox(configured, os.environ)
    done = receiving.read(store, publisher.keys, found, publisher.clock, seconds=_RECEIVING_SECONDS)
    if not done.ended:
        with store.write() as tx:
            clock.forget(tx, [_RECEIVED])
    if done.reports:
        names = ("hard", "soft", "complaints", "unsubscribed", "ignored", "unmatched")
        log.info("received", extra={"fields": {name: getattr(done, name) for name in names}})


def _forget_polls(publisher: Publisher, now: datetime) -> None:
    """Who polled our feeds long ago is nobody's business."""
    with publisher.store.write() as tx:
        if clock.due(tx, _POLLS, _DAY, now):
            feed_polls.forget(tx, (now - _KEPT).astimezone(UTC).date().isoformat())


def _figure(publisher: Publisher, now: datetime) -> None:
    """What happened, as figures of its day; where there is much, the next tick goes on."""
    figuring.fill(publisher.store, publisher.config, now, _FIGURING_SECONDS)


def _import(publisher: Publisher, now: datetime) -> None:
    """What an editor's import left when its process ended; and what is left of old ones goes."""
    store = publisher.store
    with store.read() as tx:
        waits = imports.any_unfinished(tx)
    with store.write() as tx:
        tidy = clock.due(tx, _IMPORTS, _HOUR, now)
    if not (waits or tidy):
        return
    from publisher.subscribing import importing

    if waits:
        importing.work(store, publisher.config, publisher.clock, seconds=_IMPORTING_SECONDS)
    if tidy:
        importing.forget(store, now)


def _forget_requests(publisher: Publisher, now: datetime) -> None:
    """The answers of the API under an Idempotency-Key hold for a day."""
    with publisher.store.write() as tx:
        if clock.due(tx, _REQUESTS, _HOUR, now):
            requests.prune(tx, now - _DAY, _AT_ONCE)


def _held(publisher: Publisher, now: datetime) -> dict[str, int]:
    with publisher.store.read() as tx:
        due = ledger.due_in_held(tx, now)
        return {edition_rows.get(tx, id_).name: count for id_, count in due.items()}
