"""Lines: how much it was from one stretch of time to the next; one alone has its area shaded."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from markupsafe import Markup

from publisher.rendering.charts import scales
from publisher.rendering.charts.drawing import Plane, number, svg
from publisher.rendering.charts.values import Chart, Series, Size

_FEW = 14


def lines(chart: Chart, size: Size) -> Markup:
    """A line for each series."""
    values = [value for each in chart.series for value in each.values]
    ticks = tuple(scales.ticks(min(values, default=0), max(values, default=0)))
    plane = Plane(size, len(chart.labels), ticks, chart.say)
    drawn: list[str] = []
    if len(chart.series) == 1 and chart.labels:
        drawn.append(_area(plane, chart.series[0]))
    # the first stands for the most, and lies on top
    for each in reversed(chart.series):
        drawn += path(plane, chart, each)
    return svg(chart, size, [*plane.axes(chart.short or chart.labels), *drawn])


def path(plane: Plane, chart: Chart, series: Series) -> Iterator[str]:
    """A line through the middle of each step, with a dot that says its number."""
    yield f'<polyline class="line tone-{series.tone}" points="{_points(plane, series)}"/>'
    radius = "3" if len(series.values) <= _FEW else "1.6"
    for at, value in enumerate(series.values):
        said = escape(f"{chart.labels[at]}: {series.name} {chart.say(value)}")
        place = f'cx="{number(plane.x(at))}" cy="{number(plane.y(value))}" r="{radius}"'
        yield f'<circle class="dot tone-{series.tone}" {place}><title>{said}</title></circle>'


def _area(plane: Plane, series: Series) -> str:
    first, last, ground = plane.x(0), plane.x(len(series.values) - 1), plane.y(0)
    ends = (f"{number(first)},{number(ground)}", f"{number(last)},{number(ground)}")
    points = f"{ends[0]} {_points(plane, series)} {ends[1]}"
    return f'<polygon class="area tone-{series.tone}" points="{points}"/>'


def _points(plane: Plane, series: Series) -> str:
    return " ".join(f"{number(plane.x(at))},{number(plane.y(v))}" for at, v in enumerate(series.values))
