"""How a feed is asked over time: its rhythm, its failures, and what is remembered of it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from feed_server import LOOPBACK, FeedServer, feed_server, item, rss
from hypothesis import given
from hypothesis import strategies as st

from publisher.guard import Deadline, Policy
from publisher.sources import remote
from publisher.sources.asking import Asker
from publisher.sources.schedules import LONGEST, NO_HINTS, after_answer, after_failure, hints, retry_after
from publisher.sources.states import Fetched, State, state_of

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
EVERY = timedelta(minutes=30)
ASKER = Asker(Policy((LOOPBACK,)), ssl.create_default_context())


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as found:
        yield found


def fetch(server: FeedServer, state: State = State(), now: datetime = NOW) -> Fetched:
    return remote.fetch(server.at("/f"), state, EVERY, ASKER, "publisher/0", now, Deadline(5))


def after(minutes: float = 0, **headers: str) -> float:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return (after_answer(NOW, EVERY, named, hints(str(int(minutes)), [], [])) - NOW) / timedelta(minutes=1)


def test_a_feed_is_asked_as_often_as_it_is_written_and_as_it_wishes() -> None:
    assert after() == 30
    assert after(90) == 90
    assert after(Cache_Control="public, max-age=7200") == 120
    assert after(Cache_Control="max-age=7200", Age="3600") == 60
    assert after(Cache_Control="max-age=60") == 30
    assert after(Cache_Control="no-cache, max-age=7200") == 30
    assert after(Cache_Control="max-age=31536000") == 24 * 60
    assert after(Expires="Sat, 21 Nov 2026 08:00:00 GMT") == 120
    assert after(Expires="0") == after(Expires="-1") == after(Cache_Control="max-age=x") == 30
    assert after(9999) == 24 * 60


def test_hours_and_days_that_are_skipped() -> None:
    skips = hints("", ["6", "7", "8", "x", "24"], ["Sunday", "Moonday"])
    assert (skips.skip_hours, skips.skip_days) == ({6, 7, 8, 0}, {"sunday"})
    assert after_answer(NOW, EVERY, {}, skips) == NOW.replace(hour=9)
    late = NOW.replace(hour=23, minute=45)
    # a day at most, whatever is asked for
    assert late + LONGEST <= after_answer(late, EVERY, {}, skips) <= late + LONGEST + timedelta(hours=1)
    never = hints("", [str(n) for n in range(24)], [])
    assert NOW + LONGEST <= after_answer(NOW, EVERY, {}, never) <= NOW + LONGEST + timedelta(hours=1)


def test_failures_make_the_rest_longer_up_to_a_day() -> None:
    waits = [(after_failure(NOW, EVERY, n, None) - NOW) / EVERY for n in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 32, 48, 48]
    assert after_failure(NOW, EVERY, 1, 7200) == NOW + timedelta(hours=2)
    assert after_failure(NOW, EVERY, 1, 5) == NOW + EVERY
    assert after_failure(NOW, EVERY, 1, 1e9) == NOW + LONGEST
    assert retry_after({"retry-after": "Sat, 21 Nov 2026 07:00:00 GMT"}, NOW) == 3600
    assert retry_after({"retry-after": "soon"}, NOW) is None


@given(
    st.dictionaries(st.sampled_from(["cache-control", "age", "expires", "date", "retry-after"]), st.text())
)
def test_no_header_brings_the_next_look_out_of_its_bounds(headers: dict[str, str]) -> None:
    assert NOW + EVERY <= after_answer(NOW, EVERY, headers, NO_HINTS) <= NOW + LONGEST
    assert NOW + EVERY <= after_failure(NOW, EVERY, 3, retry_after(headers, NOW)) <= NOW + LONGEST


def test_validators_are_said_to_the_address_that_gave_them(server: FeedServer) -> None:
    server.answers["/f"] = (302, {"Location": "/g"}, b"")
    server.answers["/g"] = (200, {"ETag": 'W/"1"', "Last-Modified": "yesterday"}, rss(item("A")))
    first = fetch(server)
    assert (first.state.validated, first.state.moved) == (server.at("/g"), "")
    server.answers["/g"] = (304, {}, b"")
    second = fetch(server, first.state)
    assert (second.document, second.reason, second.state) == (None, "", first.state)
    assert [each.headers["If-None-Match"] for each in server.asked] == [None, None, None, 'W/"1"']
    assert server.asked[3].headers["If-Modified-Since"] == "yesterday"


def test_no_change_that_nobody_asked_about_is_no_answer(server: FeedServer) -> None:
    server.answers["/f"] = (304, {}, b"")
    assert "(304)" in fetch(server).reason


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}, b""), "there is nothing (404)"),
        ((500, {}, rss()), "its server says no (500)"),
        ((429, {"Retry-After": "7200"}, b""), "too often (429)"),
        ((200, {}, b"<html></html>"), "a web page"),
        ((204, {}, b""), "(204)"),
        ((301, {}, b""), "(301)"),
    ],
)
def test_failures_are_kept_in_words(answer: Any, said: str, server: FeedServer) -> None:
    server.answers["/f"] = answer
    known = State(etag='"1"', validated=server.at("/f"), passed=("a",))
    failed = fetch(server, known)
    assert said in failed.reason
    assert (failed.state.error, failed.state.failures) == (failed.reason, 1)
    assert (failed.state.etag, failed.state.passed, failed.state.since) == ('"1"', ("a",), NOW.isoformat())
    again = fetch(server, failed.state, NOW + EVERY)
    assert (again.state.failures, again.state.since) == (2, NOW.isoformat())
    server.answers["/f"] = rss(item("A"))
    well = fetch(server, again.state)
    assert (well.state.error, well.state.failures, well.state.since) == ("", 0, "")


def test_a_state_survives_its_way_through_the_store() -> None:
    state = State(etag="x", passed=("a", "b"), gone=True)
    stored = {**json.loads(json.dumps(asdict(state))), "of a later version": 1}
    assert state_of(stored) == state
    assert state_of(None) == State()
