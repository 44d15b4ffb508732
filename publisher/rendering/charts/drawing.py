"""The paper that charts are drawn on: an SVG with words, an axis at its side, and one below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from publisher.rendering.charts import scales
from publisher.rendering.charts.values import Chart, Size

_SVG = Markup(
    '<svg class="chart {name}" viewBox="0 0 {width} {height}" role="img" '
    'aria-labelledby="{key}-title {key}-said" focusable="false">'
    '<title id="{key}-title">{title}</title><desc id="{key}-said">{said}</desc>{inside}</svg>'
)
_RULE = Markup('<line class="{name}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')
_TEXT = Markup('<text class="{name}" x="{x}" y="{y}">{text}</text>')
ABOVE, BELOW, BESIDE = 12, 26, 8


def svg(chart: Chart, size: Size, inside: Iterable[Markup], height: float = 0) -> Markup:
    """A picture with its words. `key` and size make its ids."""
    return _SVG.format(
        name=size.name,
        width=size.width,
        height=number(height or size.height),
        key=f"{chart.key}-{size.name}",
        title=chart.title,
        said=chart.said,
        inside=Markup("").join(inside),
    )


def number(value: float) -> str:
    """A coordinate: a tenth of a pixel is enough."""
    return f"{value:.1f}".removesuffix(".0")


def rule(name: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A straight line."""
    return _RULE.format(name=name, x1=number(x1), y1=number(y1), x2=number(x2), y2=number(y2))


def text(name: str, x: float, y: float, words: str) -> Markup:
    """Words at a place."""
    return _TEXT.format(name=name, x=number(x), y=number(y), text=words)


@dataclass(frozen=True, slots=True)
class Plane:
    """Where the numbers go: from left to right in steps of a label, from bottom to top by number."""

    size: Size
    steps: int
    ticks: tuple[int, ...]

    @property
    def left(self) -> float:
        """Where it begins: right of the numbers of its axis."""
        return max(len(scales.short(tick)) for tick in self.ticks) * scales.LETTER + BESIDE

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.size.width - self.left - 2

    @property
    def step(self) -> float:
        """How much room there is for a label."""
        return self.width / max(self.steps, 1)

    def x(self, at: float) -> float:
        """The middle of a step."""
        return self.left + (at + 0.5) * self.step

    def y(self, value: float) -> float:
        """How far down a number is."""
        lowest, highest = self.ticks[0], self.ticks[-1]
        share = (value - lowest) / (highest - lowest)
        return ABOVE + (1 - share) * (self.size.height - ABOVE - BELOW)

    def axes(self, labels: tuple[str, ...]) -> Iterable[Markup]:
        """Hairlines at round numbers, and what stands below."""
        for tick in self.ticks:
            yield rule(
                "zero" if tick == 0 else "rule", self.left, self.y(tick), self.size.width, self.y(tick)
            )
            yield text("at-side", self.left - BESIDE, self.y(tick) + 4, scales.short(tick))
        for at in scales.shown(labels, self.width):
            half = len(labels[at]) * scales.LETTER / 2
            x = min(max(self.x(at), half), self.size.width - half)
            yield text("at-foot", x, self.size.height - 6, labels[at])
