"""Carrying out a request, and going on with cuts that were killed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from publisher import permissions
from publisher.config.schema import Config
from publisher.cutting import cancelling, remaking, starting
from publisher.cutting.asking import NOTHING, Request, Result, check_articles
from publisher.cutting.chunks import CHUNK, Run
from publisher.cutting.planning import Planner, Shown
from publisher.model.editors import CLOCK, COMMAND_LINE, Actor
from publisher.rendering.environment import Templates
from publisher.store import Store, audience, cuts, editing, editions, restores
from publisher.store.cuts import Cut
from publisher.store.editions import Edition

Progress = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None: ...


def cut(
    store: Store,
    config: Config,
    templates: Templates,
    request: Request,
    now: datetime,
    *,
    actor: Actor = COMMAND_LINE,
    dry_run: bool = False,
    progress: Progress = _silent,
) -> Result:
    """Carry out one request: the clock's for every slot that it reaches, a person's for the oldest.

    Raises NotAllowed, Refused or NotFound for what cannot be asked, ContentError for a fault in a template:
    nothing is lost then, and the cut goes on from where it stood when it is asked for again.
    """
    permissions.check(actor, "cut")
    check_articles(store, request)
    if dry_run:
        return _counted(store, config, request, now)
    made = carry_out(store, config, templates, request, now, progress, actor)
    return made[-1] if made else NOTHING


def carry_out(
    store: Store,
    config: Config,
    templates: Templates,
    request: Request,
    now: datetime,
    progress: Progress = _silent,
    actor: Actor = CLOCK,
) -> list[Result]:
    """As `cut`: the result of every edition that was made or added to."""
    with store.alone("cut"):
        results = _finish_left(store, config, templates, now, request.newsletter)
        with store.read() as tx:
            slots, hi = starting.reached(tx, config, request)
        mine, waiting = (slots[:1], tuple(slots[1:])) if request.by_person else (slots, ())
        for slot in mine:
            if one := starting.start(store, request, slot, hi, now, actor):
                results.append(Run(store, config, templates, one, now, waiting).run(progress))
    return [r for r in results if r.edition]


def resume(
    store: Store, config: Config, templates: Templates, now: datetime, newsletter: str = ""
) -> list[Result]:
    """Finish what was killed on its way, each cut with its own `hi`; of one newsletter or all."""
    with store.alone("cut"):
        return _finish_left(store, config, templates, now, newsletter)


def unfinished(store: Store, newsletter: str) -> bool:
    """Whether a cut of this newsletter, or a change or cancelling of an edition, was killed on its way."""
    with store.read() as tx:
        half = editing.begun(tx, newsletter) or _half_cancelled(tx, newsletter)
        return bool(half or cuts.unfinished(tx, newsletter))


def _half_cancelled(tx: Connection, newsletter: str) -> list[Edition]:
    found = [*editions.half_cancelled(tx, newsletter), *editing.half_undone(tx, newsletter)]
    return list({one.id: one for one in found}.values())


def _finish_left(
    store: Store, config: Config, templates: Templates, now: datetime, newsletter: str
) -> list[Result]:
    with store.read() as tx:
        restores.check(tx)
        stopped = _half_cancelled(tx, newsletter)
        left = cuts.unfinished(tx, newsletter)
        changing = editing.begun(tx, newsletter)
    for edition in changing:
        if edition.newsletter in config.newsletters:
            remaking.finish(store, config, templates, edition.id, now)
    for edition in stopped:
        cancelling.undo(store, edition, now)
    return [
        Run(store, config, templates, one, now).run(_silent)
        for one in left
        if one.newsletter in config.newsletters
    ]


def _counted(store: Store, config: Config, request: Request, now: datetime) -> Result:
    """What a cut would make."""
    with store.read() as tx:
        slots, hi = starting.reached(tx, config, request)
        if not slots:
            return NOTHING
        one = Cut(id=0, cursor=0, **starting.cut_values(request, slots[0], hi, now, CLOCK))
        planner = Planner.of(tx, config, one)
        shown: dict[tuple[Shown, str], int] = {}
        cursor = 0
        while crowd := audience.chunk(tx, one, cursor, CHUNK):
            cursor = max(max(people.ids) for _, people in crowd)
            for course, people in planner.chunk(tx, crowd):
                if course.shown:
                    key = (course.shown, course.language)
                    shown[key] = shown.get(key, 0) + len(people.ids)
    names = dict.fromkeys(a for articles, _ in shown for a, _ in articles)
    return Result(None, len(shown), tuple(names), sum(shown.values()), tuple(slots[1:]))
