"""The paper that charts are drawn on: an SVG with words, an axis at its side, and one below."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from html import escape

from markupsafe import Markup

from publisher.rendering.charts import scales
from publisher.rendering.charts.values import Chart, Size

ABOVE, BELOW, BESIDE = 12, 26, 8


def svg(chart: Chart, size: Size, inside: Iterable[str], height: float = 0) -> Markup:
    """A picture with its words; what is `inside` has escaped its own. `key` and size make its ids."""
    key, tall = f"{chart.key}-{size.name}", number(height or size.height)
    title, said = escape(chart.title), escape(chart.said)
    return Markup(
        f'<svg class="chart {size.name}" viewBox="0 0 {size.width} {tall}" role="img" '
        f'aria-labelledby="{key}-title {key}-said" focusable="false">'
        f'<title id="{key}-title">{title}</title><desc id="{key}-said">{said}</desc>'
        f"{''.join(inside)}</svg>"
    )


def number(value: float) -> str:
    """A coordinate: a tenth of a pixel is enough."""
    return f"{value:.1f}".removesuffix(".0")


def rule(name: str, left: float, right: float, y: float) -> str:
    """A level line."""
    y1 = number(y)
    return f'<line class="{name}" x1="{number(left)}" y1="{y1}" x2="{number(right)}" y2="{y1}"/>'


def text(name: str, x: float, y: float, words: str) -> str:
    """Words at a place."""
    return f'<text class="{name}" x="{number(x)}" y="{number(y)}">{escape(words)}</text>'


@dataclass(frozen=True)
class Plane:
    """Where the numbers go: from left to right in steps of a label, from bottom to top by number."""

    size: Size
    steps: int
    ticks: tuple[int, ...]
    say: Callable[[int], str]

    @cached_property
    def left(self) -> float:
        """Where it begins: right of the numbers of its axis."""
        return max(len(scales.short(tick, self.say)) for tick in self.ticks) * scales.LETTER + BESIDE

    @cached_property
    def width(self) -> float:
        """How wide it is."""
        return self.size.width - self.left - 2

    @cached_property
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

    def axes(self, labels: tuple[str, ...]) -> Iterable[str]:
        """Hairlines at round numbers, and what stands below."""
        for tick in self.ticks:
            yield rule("zero" if tick == 0 else "rule", self.left, self.size.width, self.y(tick))
            yield text("at-side", self.left - BESIDE, self.y(tick) + 4, scales.short(tick, self.say))
        for at in scales.shown(labels, self.width):
            half = len(labels[at]) * scales.LETTER / 2
            x = min(max(self.x(at), half), self.size.width - half)
            yield text("at-foot", x, self.size.height - 6, labels[at])
