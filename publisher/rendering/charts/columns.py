"""Columns: what came in each stretch of time, one thing upon the other; what is below zero hangs from it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from markupsafe import Markup

from publisher.rendering.charts import scales
from publisher.rendering.charts.drawing import Plane, number, svg
from publisher.rendering.charts.lines import path
from publisher.rendering.charts.values import Chart, Size

_SHARE, _WIDEST = 0.68, 34


def columns(chart: Chart, size: Size) -> Markup:
    """A column for each label."""
    stacks = [[each.values[at] for each in chart.series] for at in range(len(chart.labels))]
    line = chart.line.values if chart.line else ()
    lowest = min((sum(v for v in stack if v < 0) for stack in stacks), default=0)
    highest = max((sum(v for v in stack if v > 0) for stack in stacks), default=0)
    lowest, highest = min(lowest, *line, 0, 0), max(highest, *line, 0, 0)
    plane = Plane(size, len(chart.labels), tuple(scales.ticks(lowest, highest)), chart.say)
    over = path(plane, chart, chart.line) if chart.line else ()
    return svg(chart, size, [*plane.axes(chart.short or chart.labels), *_columns(chart, plane), *over])


def _columns(chart: Chart, plane: Plane) -> Iterator[str]:
    width = max(min(plane.step * _SHARE, _WIDEST), 0.5)
    for at, label in enumerate(chart.labels):
        up = down = 0
        for each in chart.series:
            value = each.values[at]
            if not value:
                continue
            begin = up if value > 0 else down
            up, down = (up + value, down) if value > 0 else (up, down + value)
            top, bottom = plane.y(max(begin, begin + value)), plane.y(min(begin, begin + value))
            said = escape(f"{label}: {each.name} {chart.say(value)}")
            yield (
                f'<rect class="tone-{each.tone}" x="{number(plane.x(at) - width / 2)}" y="{number(top)}" '
                f'width="{number(width)}" height="{number(bottom - top)}"><title>{said}</title></rect>'
            )
