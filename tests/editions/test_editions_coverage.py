"""The two ways of being covered, and the three of not being, told apart (rule 2)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from publisher.editions.coverage import why

NUMBER = st.integers(0, 8)


@given(release=st.none() | NUMBER, since=NUMBER, ahead=NUMBER, named=st.booleans())
def test_covered_means_named_or_between_since_and_mark(
    release: int | None, since: int, ahead: int, named: bool
) -> None:
    mark = since + ahead
    found = why(release, "tides", since, mark, {"tides"} if named else set())
    covered = named or (release is not None and since < release <= mark)
    assert (found in ("named", "covered")) is covered
    assert (found == "named") is named
    if not covered and release is not None:
        assert found == ("older" if release <= since else "ahead")
