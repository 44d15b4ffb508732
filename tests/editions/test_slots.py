"""Rule 7: slots are local periods; due times survive both clock changes, month ends and gaps."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.editions.slots import (
    Timetable,
    closes_at,
    first_day,
    local_instant,
    newest,
    next_due,
    next_hour,
    slot_of,
)

ZONES = ["UTC", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Apia",
         "Australia/Lord_Howe", "America/Sao_Paulo"]  # fmt: skip
timetables = st.builds(
    Timetable,
    st.sampled_from(["daily", "weekly", "monthly"]),
    st.integers(0, 23),
    st.integers(0, 6),
    st.integers(1, 31),
    st.sampled_from(ZONES),
)
moments = st.datetimes(datetime(2011, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hour", "zone", "instant"),
    [
        ("2026-03-29", 1, "Europe/Lisbon", "2026-03-29 01:00"),  # 01:00 is skipped: the instant 02:00 WEST
        ("2026-10-25", 1, "Europe/Lisbon", "2026-10-25 00:00"),  # 01:00 comes twice: the first
        ("2026-03-08", 2, "America/New_York", "2026-03-08 07:00"),
        ("2026-11-01", 1, "America/New_York", "2026-11-01 05:00"),
        ("2011-12-30", 7, "Pacific/Apia", "2011-12-30 10:00"),  # a whole day is skipped: midnight of the next
        ("2026-10-04", 2, "Australia/Lord_Howe", "2026-10-03 15:30"),  # half an hour is skipped
    ],
)
def test_a_local_hour_in_a_clock_change(day: str, hour: int, zone: str, instant: str) -> None:
    assert local_instant(date.fromisoformat(day), hour, zone) == utc(instant)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-01-30 12:00", "2026-01-31 07:00"),
        ("2026-01-31 07:00", "2026-02-28 07:00"),
        ("2028-01-31 07:00", "2028-02-29 07:00"),
        ("2026-04-01 00:00", "2026-04-30 07:00"),
    ],
)
def test_day_31_is_the_last_day_of_the_month(after: str, expected: str) -> None:
    assert next_due(Timetable("monthly", 7, 0, 31, "UTC"), utc(after)) == utc(expected)


def test_weekly_slots_are_iso_weeks_across_the_year() -> None:
    friday = Timetable("weekly", 9, 4, 1, "UTC")
    assert newest(friday, utc("2027-01-02 00:00")) == ("2026-W53", utc("2027-01-01 09:00"))
    assert slot_of("weekly", date(2027, 1, 1)) == "2026-W53"


def test_after_a_gap_only_the_newest_slot_is_due() -> None:
    daily = Timetable("daily", 7, 0, 1, "Europe/Lisbon")
    assert newest(daily, utc("2026-11-22 06:59"))[0] == "2026-11-21"
    assert newest(daily, utc("2026-11-22 07:00"))[0] == "2026-11-22"


def test_a_slot_that_was_served_is_passed_over() -> None:
    daily = Timetable("daily", 7, 0, 1, "UTC")
    assert next_due(daily, utc("2026-11-21 06:00"), {"2026-11-21"}) == utc("2026-11-22 07:00")


@given(timetables, moments)
def test_next_due_is_after_now_and_then_newest(timetable: Timetable, now: datetime) -> None:
    due = next_due(timetable, now)
    assert now < due <= now + timedelta(days=63)
    slot, at = newest(timetable, due)
    assert at == due
    assert newest(timetable, now)[1] <= now
    assert closes_at(timetable.cadence, slot) > due


@given(timetables, moments)
def test_following_next_due_visits_every_slot_once(timetable: Timetable, now: datetime) -> None:
    if timetable.zone == "Pacific/Apia":
        return  # 2011-12-30 does not exist there: its slot falls together with the next one's first hour
    seen = []
    for _ in range(8):
        now = next_due(timetable, now)
        seen.append(newest(timetable, now)[0])
    assert len(set(seen)) == 8
    begins = [first_day(timetable.cadence, s) for s in seen]
    assert begins == sorted(begins)


@given(timetables, moments)
def test_next_hour_comes_within_a_day_or_so(timetable: Timetable, now: datetime) -> None:
    assert timedelta(0) < next_hour(timetable, now) - now <= timedelta(hours=50)
