"""The publication as it is configured: newsletters, feeds, sources; and every setting with its line."""

from __future__ import annotations

from starlette.responses import Response

from publisher import permissions
from publisher.checking import settings
from publisher.languages import day_of_month, weekday
from publisher.surveying import publication
from publisher.web.desk import today
from publisher.web.desk.visits import Door, Visit

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def show(visit: Visit) -> Response:
    """Newsletters with schedule and subscribers, feeds with who follows them, sources with their state."""
    p = visit.publisher
    found = publication.survey(p.store, visit.session.actor, p.config, visit.now)
    with p.store.read() as tx:
        coming = {one.name: one.due for one in today.coming(tx, p, visit.now)}
    return visit.page(
        "publication",
        config=p.config,
        found=found,
        coming=coming,
        weekday=lambda name: weekday(_DAYS.index(name), visit.look.language),
        nth=lambda day: day_of_month(day, visit.look.language),
    )


def show_settings(visit: Visit) -> Response:
    """What the configuration says, key by key, with the line to change, and what is wrong with it."""
    p = visit.publisher
    permissions.check(visit.session.actor, "see settings")
    return visit.page(
        "settings",
        here="publication",
        file=p.file.name if p.file else "config.yaml",
        settings=settings.settings(p.config, p.file),
        faults=settings.faults(p.config, p.store),
    )


DOORS = (Door("/desk/publication", show), Door("/desk/publication/settings", show_settings))
