"""Lines: how much it was from one stretch of time to the next; one alone has its area shaded."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from publisher.rendering.charts import scales
from publisher.rendering.charts.drawing import Plane, number, svg
from publisher.rendering.charts.values import Chart, Series, Size

_LINE = Markup('<polyline class="line tone-{tone}" points="{points}"/>')
_AREA = Markup('<polygon class="area tone-{tone}" points="{points}"/>')
_DOT = Markup('<circle class="dot tone-{tone}" cx="{x}" cy="{y}" r="{r}"><title>{said}</title></circle>')
_FEW = 14


def lines(chart: Chart, size: Size) -> Markup:
    """A line for each series."""
    values = [value for each in chart.series for value in each.values]
    plane = Plane(
        size, len(chart.labels), tuple(scales.ticks(min(values, default=0), max(values, default=0)))
    )
    drawn: list[Markup] = []
    if len(chart.series) == 1 and chart.labels:
        drawn.append(_area(plane, chart.series[0]))
    # the first stands for the most, and lies on top
    for each in reversed(chart.series):
        drawn += path(plane, chart, each)
    return svg(chart, size, [*plane.axes(chart.short or chart.labels), *drawn])


def path(plane: Plane, chart: Chart, series: Series) -> Iterator[Markup]:
    """A line through the middle of each step, with a dot that says its number."""
    yield _LINE.format(tone=series.tone, points=_points(plane, series))
    radius = 3 if len(series.values) <= _FEW else 1.6
    for at, value in enumerate(series.values):
        said = f"{chart.labels[at]}: {series.name} {value:,}"
        yield _DOT.format(
            tone=series.tone,
            x=number(plane.x(at)),
            y=number(plane.y(value)),
            r=number(radius),
            said=said,
        )


def _area(plane: Plane, series: Series) -> Markup:
    first, last, ground = plane.x(0), plane.x(len(series.values) - 1), plane.y(0)
    ends = (f"{number(first)},{number(ground)}", f"{number(last)},{number(ground)}")
    return _AREA.format(tone=series.tone, points=f"{ends[0]} {_points(plane, series)} {ends[1]}")


def _points(plane: Plane, series: Series) -> str:
    return " ".join(f"{number(plane.x(at))},{number(plane.y(v))}" for at, v in enumerate(series.values))
