"""The dates of real files."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.articles import dates, read
from publisher.errors import ContentError

LISBON = ZoneInfo("Europe/Lisbon")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2023-08-24 12:55", "2023-08-24T11:55"),
        ("2014-06-10 8:30", "2014-06-10T07:30"),
        ("2013-12-09 20:44:13 -0600", "2013-12-10T02:44:13"),
        ("2014-03-15 15:05:02+00:00", "2014-03-15T15:05:02"),
        ("2014-03-15T15:05:02-5", "2014-03-15T20:05:02"),
        ("2012-10-12T15:52:06.000Z", "2012-10-12T15:52:06"),
        ("2007-05-30T23:57:54+08:00", "2007-05-30T15:57:54"),
        ("2012/04/09 21:41", "2012-04-09T20:41"),
        ("2015-05-05 14:44:38 UTC", "2015-05-05T14:44:38"),
        ("05/05/2014 03:00:00 PM UTC", "2014-05-05T15:00"),
        ("12/25/2014", "2014-12-25T00:00"),
        ("18 Dec 2014", "2014-12-18T00:00"),
        ("Thu, 18 Dec 2014 10:00:00 +0100", "2014-12-18T09:00"),
        ("December 18, 2014 at 9:15 am", "2014-12-18T09:15"),
        ("21-4-2018", "2018-04-20T23:00"),
        ("2016-05-06 10:00 America/New_York", "2016-05-06T14:00"),
        ("2015-04-15 22:31:49 UTC+02:00", "2015-04-15T20:31:49"),
        ("Thu May 08 2014 10:00:00 GMT+0200 (CEST)", "2014-05-08T08:00"),
        ("Thu May  8 10:00:00 CEST 2014", "2014-05-08T08:00"),
        ("2014\u5e745\u67089\u65e5", "2014-05-08T23:00"),
        ("2014-05-08 Thu 10:00 AM", "2014-05-08T09:00"),
        ("2014-05-08, Thursday", "2014-05-07T23:00"),
        ("2014-5-8 9:3", "2014-05-08T08:03"),
        ("08.05.2014 - 10.00", "2014-05-08T09:00"),
        ("2014-05-08 24:00", "2014-05-08T23:00"),
        ("2014-05-08 10:00:00 +0530 IST", "2014-05-08T04:30"),
        ("20140508T100000Z", "2014-05-08T10:00"),
        ("201405081000", "2014-05-08T09:00"),
        ("1399539600", "2014-05-08T09:00"),
        ("1399539600000", "2014-05-08T09:00"),
    ],
)
def test_dates(written: str, expected: str) -> None:
    assert dates.parse(written, LISBON) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "tomorrow",
        "2020-13-01",
        "2023-02-29",
        "16:30-:00",
        "2020-07-16 16:25:00+36:25",
        "2020-01-01 25:00",
        "03/04/2014",
        "2020-01-01 10:00 Mars",
        "0000-00-00",
        "0001-01-01 00:00 +1400",
        "2020-01-01 13:00 PM",
        "18 Brumaire 2014",
    ],
)
def test_wrong_dates_are_errors_with_their_line(written: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(f"---\ntitle: A\n# note\n'date': '{written}'\n---\n".encode(), "a.md", zone=LISBON)
    assert (caught.value.line, caught.value.field) == (4, "date")


@pytest.mark.parametrize(
    ("written", "expected", "note"),
    [
        ("2020-01-01 16:30-:00", "2020-01-01T16:30", "zone counts"),
        ("2020-07-16 16:25:00+16:25", "2020-07-16T00:00", "no place is"),
        ("2020-07-16 16:25:00 -7:00:00", "2020-07-16T15:25", "no offset"),
        ("2020-07-16 16:25:00 0000", "2020-07-16T15:25", "no offset"),
        ("2020-07-16 16:25:00 IST", "2020-07-16T15:25", "several zones"),
        ("07/06/2014 10:00", "2014-07-06T09:00", "file's name"),
    ],
)
def test_a_date_that_is_nearly_right_is_mended_and_named(written: str, expected: str, note: str) -> None:
    text = f"---\ntitle: A\ndate: {written}\n---\n"
    found = read(text.encode(), "2014-07-06-a.md", zone=LISBON)
    assert found.published_at == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert found.notes[0].startswith("line 3: date: ")
    assert note in found.notes[0]


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year >= 1000))
def test_iso_comes_back(moment: datetime) -> None:
    assert dates.parse(moment.isoformat(), LISBON) == moment


@given(
    st.text(max_size=30) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9:+apm-]{0,12})?", fullmatch=True)
)
def test_anything_is_a_date_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert dates.parse(text, LISBON).tzinfo is UTC


@pytest.mark.parametrize(
    ("path", "header", "expected"),
    [
        ("_posts/2016-3-8-boat.md", "", datetime(2016, 3, 8, tzinfo=UTC)),
        ("2016-3-8-boat.md", "date: 2016-03-07", datetime(2016, 3, 7, tzinfo=UTC)),
        ("boat.md", "path: 2021/06/17/boat", datetime(2021, 6, 16, 23, tzinfo=UTC)),
        ("boat.md", "date: 2020-01-01\npublishDate: 2020-02-01", datetime(2020, 1, 1, tzinfo=UTC)),
        ("boat.md", "publishDate: 2020-02-01", datetime(2020, 2, 1, tzinfo=UTC)),
        ("boat.md", "lastmod: 2020-02-01", datetime(2020, 2, 1, tzinfo=UTC)),
        ("boat.md", "date:\n  updated: 2020-02-02\n  created: 2020-02-01", datetime(2020, 2, 1, tzinfo=UTC)),
        ("2016-99-99-boat.md", "date: ''", None),
        ("boat.md", "date: 2020-02", datetime(2020, 2, 1, tzinfo=UTC)),
        ("boat.md", "publishing_date: February 2020", datetime(2020, 2, 1, tzinfo=UTC)),
        ("2020-02-09-boat.md", "date: 2020-02", datetime(2020, 2, 9, tzinfo=UTC)),
        ("2016-3-8-boat.md", "created_at: 2016-03-08 10:00", datetime(2016, 3, 8, 10, tzinfo=UTC)),
        ("2016-3-8-boat.md", "created_at: 2016-01-01 10:00", datetime(2016, 3, 8, tzinfo=UTC)),
        ("boat.md", "created: '[[2020-02-01]]'", datetime(2020, 2, 1, tzinfo=UTC)),
        ("boat.md", "date: git Last Modified", None),
        ("2016-3-8-boat.md", "date: Created", datetime(2016, 3, 8, tzinfo=UTC)),
    ],
)
def test_where_a_date_comes_from(path: str, header: str, expected: datetime | None) -> None:
    found = read(f"---\ntitle: A\n{header}\n---\n".encode(), path, zone=LISBON)
    assert found.published_at == expected


def test_updated_and_expiry() -> None:
    text = b"---\ntitle: A\nlastmod: 2020-01-02\nexpiryDate: 2020-01-03T00:00:00Z\n---\n"
    found = read(text, "a.md", zone=ZoneInfo("UTC"))
    assert found.updated_at == datetime(2020, 1, 2, tzinfo=UTC)
    assert found.expires_at == datetime(2020, 1, 3, tzinfo=UTC)
