"""Charts: whatever the numbers, the picture is well-formed, lies in its box and says what its table says."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from publisher.languages import number
from publisher.rendering.charts import NARROW, WIDE, Chart, Series, Size, bars, columns, lines, scales

Draw = Callable[[Chart, Size], Markup]
STRANGE = "<script>alert(1)</script> & \"'"
NUMBERS = st.integers(-(10**15), 10**15)


@st.composite
def charts(draw: st.DrawFn, most_series: int = 4, least: int = 0) -> Chart:
    size = draw(st.integers(least, 40))
    row = st.lists(NUMBERS, min_size=size, max_size=size).map(tuple)
    count = draw(st.integers(1, most_series))
    series = [
        Series(draw(st.sampled_from([STRANGE, "World", ""])), draw(row), "abcd"[n]) for n in range(count)
    ]
    labels = tuple(draw(st.text(st.characters(exclude_categories=("C",)), max_size=60)) for _ in range(size))
    line = Series("net", draw(row), "net") if draw(st.booleans()) and most_series > 1 else None
    return Chart("k", STRANGE, STRANGE, labels, tuple(series), line=line)


def inside(picture: Markup, size: Size) -> list[ElementTree.Element]:
    """Every part of it, none of which reaches over the edge."""
    assert not re.search(r"style=|\son\w+=|href", re.sub(r">[^<]*<", "><", picture))
    root = ElementTree.fromstring(picture)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width == size.width
    assert root.attrib["aria-labelledby"].split() == [root[0].attrib["id"], root[1].attrib["id"]]
    assert (root[0].text, root[1].text) == (STRANGE, STRANGE)
    found = list(root.iter())
    assert not any(one.tag.endswith("script") for one in found)
    for one in found:
        a = {name: value for name, value in one.attrib.items() if re.fullmatch(r"-?[\d.]+", value)}
        x = [float(a[n]) for n in ("x", "x1", "x2", "cx") if n in a]
        y = [float(a[n]) for n in ("y", "y1", "y2", "cy") if n in a]
        if "width" in a:
            assert float(a["width"]) >= 0
            assert float(a["height"]) >= 0
            x.append(x[0] + float(a["width"]))
            y.append(y[0] + float(a["height"]))
        for point in one.attrib.get("points", "").split():
            x.append(float(point.split(",")[0]))
            y.append(float(point.split(",")[1]))
        assert all(-0.2 <= each <= width + 0.2 for each in x), one.attrib
        assert all(-0.2 <= each <= height + 0.2 for each in y), one.attrib
    return found


def titles(found: list[ElementTree.Element]) -> list[str]:
    return [one.text or "" for one in found if one.tag.endswith("title") and "id" not in one.attrib]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=lambda size: size.name)
@pytest.mark.parametrize("draw", [columns, lines])
@given(chart=charts())
def test_over_time_the_picture_says_what_the_table_says(draw: Draw, size: Size, chart: Chart) -> None:
    found = inside(draw(chart, size), size)
    drawn = chart.every if draw is columns else chart.series
    said = {
        f"{label}: {each.name} {each.values[at]:,}"
        for at, label in enumerate(chart.labels)
        for each in drawn
        if each.values[at] or draw is lines or each is chart.line
    }
    assert set(titles(found)) == said
    if draw is columns and chart.line is None:
        # as high as it says, in one scale
        heights = [(float(r.attrib["height"]), r[0].text or "") for r in found if r.tag.endswith("rect")]
        each = [(abs(int(text.rpartition(" ")[2].replace(",", ""))), height) for height, text in heights]
        if each:
            most, highest = max(each)
            assert all(abs(height - highest * value / most) < 0.4 for value, height in each)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=lambda size: size.name)
@given(chart=charts(most_series=1))
def test_bars_say_what_the_table_says(size: Size, chart: Chart) -> None:
    found = inside(bars(chart, size), size)
    assert titles(found)[::2] == [f"{label}: {values[0]:,}" for label, values in chart.rows]


@given(first=NUMBERS, second=NUMBERS)
def test_ticks_are_round_few_and_reach_from_end_to_end(first: int, second: int) -> None:
    lowest, highest = sorted((first, second))
    found = scales.ticks(lowest, highest)
    assert found[0] <= min(lowest, 0)
    assert found[-1] >= max(highest, 1 if lowest >= 0 else 0)
    assert 0 in found
    assert 2 <= len(found) <= 6
    steps = {b - a for a, b in pairwise(found)}
    assert len(steps) == 1
    assert re.fullmatch(r"[125]0*", str(steps.pop()))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (9999, "9,999"),
        (12_500, "12.5k"),
        (3_000_000, "3M"),
        (-250_000, "-250k"),
        (7 * 10**9, "7bn"),
    ],
)
def test_numbers_on_an_axis_are_short(number: int, said: str) -> None:
    assert scales.short(number) == said


def test_numbers_are_grouped_as_a_language_does_it() -> None:
    german = partial(number, language="de")
    assert [scales.short(n, german) for n in (9999, -12_500, 3_000_000)] == ["9.999", "-12,5k", "3M"]
    chart = Chart("k", STRANGE, STRANGE, ("Heute",), (Series("Post", (12_345,)),), say=german)
    assert "Heute: Post 12.345" in columns(chart, WIDE)


def test_labels_leave_room_for_each_other_and_the_last_is_there() -> None:
    days = [f"{n} November" for n in range(1, 31)]
    assert scales.shown(days, 700)[-1] == 29
    assert 5 <= len(scales.shown(days, 700)) <= 9
    assert len(scales.shown(days, 300)) <= 4
    assert scales.shown([], 300) == []
