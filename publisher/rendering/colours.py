"""Colours that can be read: contrast as WCAG 2.2 measures it, and an accent that keeps it on any paper."""

from __future__ import annotations

import colorsys
from functools import lru_cache
from itertools import chain

LIGHT = {"paper": "#fffefb", "wash": "#f5f2eb", "line": "#d9d4ca", "soft": "#5c5750", "ink": "#1d1b18"}
DARK = {"paper": "#161513", "wash": "#211f1c", "line": "#3d3934", "soft": "#a9a39a", "ink": "#e8e4dc"}
READABLE = 4.5
_STEPS = 50


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours written `#rrggbb`, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, *papers: str) -> str:
    """`colour`, made lighter or darker just as far as text of 4.5:1 on every one of `papers` needs."""
    dark = _luminance(papers[0]) < 0.18
    steps = (_shifted(colour, float(dark), step / _STEPS) for step in range(1, _STEPS + 1))
    candidates = chain([colour], steps)
    return next(c for c in candidates if all(contrast(c, p) >= READABLE for p in papers))


@lru_cache(64)
def palettes(accent: str) -> tuple[dict[str, str], dict[str, str]]:
    """The colours of the light and of the dark scheme, each with an accent that can be read on them."""
    light = LIGHT | {"accent": readable(accent, LIGHT["wash"], LIGHT["paper"])}
    return light, DARK | {"accent": readable(accent, DARK["wash"], DARK["paper"])}


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    shares = [c / 255 for c in _channels(colour)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _shifted(colour: str, target: float, share: float) -> str:
    """`colour` with its lightness moved towards `target`, 0 to 1; hue and saturation stay."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(c / 255 for c in _channels(colour)))
    rgb = colorsys.hls_to_rgb(hue, lightness + (target - lightness) * share, saturation)
    return "#" + "".join(f"{round(c * 255):02x}" for c in rgb)
