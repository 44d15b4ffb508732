"""Pictures: deliveries, growth, bounces and polls over a week, a month or a year, each with its table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from markupsafe import Markup
from starlette.responses import Response

from publisher.languages import Phrasebook, day_of_year, month, number, short_date, short_month
from publisher.rendering import charts
from publisher.rendering.charts import NARROW, WIDE, Chart, Series
from publisher.surveying import figures
from publisher.surveying.figures import Figures, Period, Share, Stretch
from publisher.web.desk.visits import Door, Visit

_TONES = ("a", "c", "b", "d")


def show(visit: Visit) -> Response:
    """What was sent, who came and left, what bounced and who polls: as pictures, with tables behind them."""
    asked = visit.request.query_params
    period = figures.period_of(asked.get("by", ""))
    found = figures.read(
        visit.publisher.store, visit.session.actor, period, _day(asked.get("until", "")), visit.now
    )
    drawn = Drawing(visit.publisher.templates.words(visit.look.language), visit.look.language, found)
    return visit.page(
        "figures",
        found=found,
        pictures=drawn.pictures(),
        span=drawn.span,
        views={one: _address(visit, one) for one in figures.PERIODS},
        earlier=_address(visit, period, found.earlier),
        later=_address(visit, period, found.later) if found.later else "",
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year >= 2000 else None


def _address(visit: Visit, period: Period, until: date | None = None) -> str:
    given = {"by": period} | ({"until": until.isoformat()} if until else {})
    return visit.look.address("/desk/figures", **given)


class Drawing:
    """The pictures of some figures, in words of a language."""

    def __init__(self, words: Phrasebook, language: str, found: Figures) -> None:
        self.words, self.language, self.found = words, language, found
        self.say = partial(number, language=language)
        by_month = found.period == "year"
        self.labels = tuple(
            month(s.first, language) if by_month else short_date(s.first, language) for s in found.stretches
        )
        self.short = tuple(
            short_month(s.first, language) if by_month else day_of_year(s.first, language)
            for s in found.stretches
        )

    @property
    def span(self) -> str:
        """From when to when."""
        ends: tuple[Stretch, Stretch] = (self.found.stretches[0], self.found.stretches[-1])
        said = {
            "first": short_date(ends[0].first, self.language),
            "last": short_date(ends[1].last, self.language),
        }
        return self.words.gettext("%(first)s to %(last)s") % said

    def pictures(self) -> list[tuple[Chart, Markup]]:
        """Every chart, and how it is drawn."""
        draw = {"bounces": charts.bars, "polls": charts.lines}
        found = (self._sent(), self._growth(), self._bounces(), self._polls())
        made = [(chart, draw.get(chart.key, charts.columns)) for chart in found]
        return [(chart, Markup("").join(how(chart, size) for size in (WIDE, NARROW))) for chart, how in made]

    def _sent(self) -> Chart:
        series = self._series(self.found.sent, self.words.gettext("all other newsletters"))
        return self._chart("sent", self.words.gettext("Messages sent"), series)

    def _growth(self) -> Chart:
        gettext, joined, left = self.words.gettext, self.found.joined, self.found.left
        down = tuple(-count for count in left.counts)
        net = tuple(a + b for a, b in zip(joined.counts, down, strict=True))
        series = (Series(gettext("joined"), joined.counts, "good"), Series(gettext("left"), down, "loss"))
        said = self.words.gettext("%(joined)s joined, %(left)s left. Growth: %(net)s.") % {
            "joined": self.say(joined.total),
            "left": self.say(left.total),
            "net": ("+" if sum(net) > 0 else "") + self.say(sum(net)),
        }
        line = Series(gettext("growth"), net, "b")
        title = gettext("Growth of subscriptions")
        return Chart("growth", title, said, self.labels, series, self.short, line, self.say)

    def _bounces(self) -> Chart:
        gettext, found = self.words.gettext, self.found.bounces
        labels = tuple(one.name or gettext("all others") for one in found)
        series = (Series(gettext("bounces"), tuple(one.total for one in found), "loss"),)
        title = gettext("Bounces by mailbox provider")
        return Chart("bounces", title, self._said(series, labels), labels, series, say=self.say)

    def _polls(self) -> Chart:
        series = self._series(self.found.polls, self.words.gettext("all other programs"))
        return self._chart("polls", self.words.gettext("Polls of feeds by program"), series)

    def _chart(self, key: str, title: str, series: tuple[Series, ...]) -> Chart:
        return Chart(
            key, title, self._said(series, self.labels), self.labels, series, self.short, say=self.say
        )

    def _series(self, shares: Sequence[Share], others: str) -> tuple[Series, ...]:
        return tuple(
            Series(one.name or others, one.counts, tone) for one, tone in zip(shares, _TONES, strict=False)
        )

    def _said(self, series: Sequence[Series], labels: Sequence[str]) -> str:
        """A sentence for who cannot see it: how much in all, and where most of it is."""
        totals = [sum(values) for values in zip(*(one.values for one in series), strict=True)]
        if not any(totals):
            return self.words.gettext("Nothing in this time.")
        most = max(totals)
        said = {"total": self.say(sum(totals)), "most": self.say(most), "where": labels[totals.index(most)]}
        return self.words.gettext("%(total)s in all. Highest: %(most)s, %(where)s.") % said


DOORS = (Door("/desk/figures", show),)
