"""Who came and who left: a picture of it, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from starlette.responses import Response

from publisher.rendering import charts
from publisher.rendering.charts import NARROW, WIDE, Chart, Series
from publisher.subscribing import growth
from publisher.subscribing.growth import SPANS, By, Period
from publisher.web.desk.subscribers import address, titles
from publisher.web.desk.visits import Door, Visit


def show(visit: Visit) -> Response:
    """Growth and churn by day, week or month, of one newsletter or all."""
    p, asked = visit.publisher, visit.request.query_params
    by: By = next((one for one in SPANS if one == asked.get("by")), "week")
    names = titles(visit)
    newsletter = asked.get("newsletter", "") if asked.get("newsletter", "") in names else ""
    found = growth.read(p.store, visit.session.actor, newsletter, by, visit.now)
    tabs = [
        (address(visit, "/desk/subscribers/growth", by=one, newsletter=newsletter), one, one == by)
        for one in SPANS
    ]
    given = {"periods": found, "by": by, "tabs": tabs, "titles": names, "newsletter": newsletter}
    return visit.page("growth", here="subscribers", drawing=_drawing(visit, found), **given)


def _drawing(visit: Visit, found: Sequence[Period]) -> Markup:
    """Columns of who came and who left, as broad and as slim as a page may be; empty without anything."""
    words = visit.publisher.templates.words(visit.look.language)
    oldest_first = found[::-1]
    came, left = sum(one.came for one in found), sum(one.left for one in found)
    chart = Chart(
        "growth",
        words.gettext("Who came and who left"),
        words.gettext("%(came)s came and %(left)s left in this time.") % {"came": came, "left": left},
        tuple(one.name for one in oldest_first),
        (
            Series(words.gettext("came"), tuple(one.came for one in oldest_first), "good"),
            Series(words.gettext("left"), tuple(one.left for one in oldest_first), "loss"),
        ),
        tuple(one.name.partition("-")[2] for one in oldest_first),
    )
    if chart.is_empty:
        return Markup("")
    return Markup("").join(charts.columns(chart, size) for size in (WIDE, NARROW))


DOORS = (Door("/desk/subscribers/growth", show),)
