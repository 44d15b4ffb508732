"""Charts as SVG: whole numbers in, a picture out that needs no script and no style of its own.

What stands for what is said by classes (`tone-a` to `tone-d`, `tone-good`, `tone-loss`), so that a stylesheet
gives the colours of either scheme. Every picture has a title and a sentence for who cannot see it, and every
part of it says its number when it is pointed at.
"""

from __future__ import annotations

from publisher.rendering.charts.bars import bars
from publisher.rendering.charts.columns import columns
from publisher.rendering.charts.lines import lines
from publisher.rendering.charts.values import NARROW, WIDE, Chart, Series, Size

__all__ = ["NARROW", "WIDE", "Chart", "Series", "Size", "bars", "columns", "lines"]
