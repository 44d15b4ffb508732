"""Bars: who has how much, the most first. A name stands above its bar, so that it may be long."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from markupsafe import Markup

from publisher.rendering.charts import scales
from publisher.rendering.charts.drawing import number, svg, text
from publisher.rendering.charts.values import Chart, Size

_ROW, _THICK, _LEAST = 38.0, 8.0, 1.0


def bars(chart: Chart, size: Size) -> Markup:
    """A bar for each label, of the first series; numbers below zero have none."""
    height = max(len(chart.labels), 1) * _ROW + 2
    return svg(chart, size, _bars(chart, size), height)


def _bars(chart: Chart, size: Size) -> Iterator[str]:
    (series,) = chart.series
    longest = max(*series.values, 1, 1)
    for at, (label, value) in enumerate(zip(chart.labels, series.values, strict=True)):
        top, said = at * _ROW, scales.short(value, chart.say)
        yield text("name", 0, top + 15, scales.cut(label, size.width - (len(said) + 2) * scales.LETTER))
        yield text("amount", size.width, top + 15, said)
        width = max(size.width * max(value, 0) / longest, _LEAST if value > 0 else 0)
        for name, wide in (("track", float(size.width)), (f"tone-{series.tone}", width)):
            yield (
                f'<rect class="{name}" x="0" y="{number(top + 21)}" width="{number(wide)}" '
                f'height="{number(_THICK)}"><title>{escape(f"{label}: {chart.say(value)}")}</title></rect>'
            )
