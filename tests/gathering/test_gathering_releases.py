"""Releases (rules 1 and 6), statuses and the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from gathering_site import Site, counts

from publisher.gathering import files, taking_in
from publisher.store import Store, catalogue

Post = Callable[..., str]


@pytest.fixture
def site(publication: Any) -> Site:
    return Site(publication)


def test_the_first_gather_numbers_by_the_authors_dates_and_keeps_them(site: Site, post: Post) -> None:
    site.write("a.md", post("Late", "2026-11-20T10:00:00Z"))
    site.write("b.md", post("Early", "2020-01-01T10:00:00Z"))
    site.write("c.md", post("Tie two", "2026-11-19T10:00:00Z", id="urn:x:2"))
    site.write("d.md", post("Tie one", "2026-11-19T10:00:00Z", id="urn:x:1"))
    report = site.gather()
    assert (counts(report), report.changed) == ({"new": 4}, True)
    assert site.released() == ["Early", "Tie one", "Tie two", "Late"]
    assert [r.number for r in site.releases()] == [1, 2, 3, 4]
    assert [r.released_at for r in site.releases()] == sorted(x.article.published_at for x in site.all)
    assert site.at("b.md").released_at == datetime(2020, 1, 1, 10, tzinfo=UTC)


def test_a_later_release_is_now_and_never_before_an_earlier_one(site: Site, post: Post, clock: Any) -> None:
    site.write("a.md", post("A"))
    site.gather()
    site.write("b.md", post("B", "1999-01-01"))
    now = clock.move(days=1)
    site.gather()
    assert site.at("b.md").released_at == now
    clock.move(days=-40)
    site.write("c.md", post("C", "1998-01-01"))
    site.gather()
    assert site.at("c.md").released_at == now
    assert site.released() == ["A", "B", "C"]


def test_a_gather_without_news_changes_nothing(site: Site, post: Post) -> None:
    site.write("a.md", post("A"))
    site.write("b.md", post("B", draft=True))
    site.gather()
    before = site.all
    report = site.gather()
    assert (counts(report), report.changed) == ({"unchanged": 1, "drafts": 1}, False)
    assert site.all == before


@pytest.mark.parametrize("commits", [1, 2, 3])
def test_killed_after_a_commit_the_next_gather_ends_right(
    site: Site, post: Post, clock: Any, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    """Two chunks of files and one of releases: after each of these commits the process dies."""
    monkeypatch.setattr(files, "AT_ONCE", 2)
    monkeypatch.setattr(taking_in, "_SAVED_AT_ONCE", 2)
    for n in range(4):
        site.write(f"{n}.md", post(f"N{n}", f"2020-01-0{9 - n}"))
    real, left = Store.write, [commits]

    @contextmanager
    def dying(store: Store) -> Iterator[Any]:
        with real(store) as tx:
            yield tx
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "write", dying)
    with pytest.raises(KeyboardInterrupt):
        site.gather()
    monkeypatch.setattr(Store, "write", real)
    assert len(site.releases()) == (4 if commits == 3 else 0)
    clock.move(hours=1)
    report = site.gather()
    assert report.changed == (commits < 3)
    assert counts(report) == ({"new": 4} if commits < 3 else {"unchanged": 4})
    assert site.released() == ["N3", "N2", "N1", "N0"]
    assert site.at("3.md").released_at == datetime(2020, 1, 6, tzinfo=UTC)


def test_a_future_article_comes_at_its_hour_once(site: Site, post: Post, clock: Any) -> None:
    site.write("a.md", post("A", "2026-11-22T07:00:00Z"))
    assert counts(site.gather()) == {"waiting": 1}
    assert (site.at("a.md").status, site.releases()) == ("waiting", [])
    clock.set("2026-11-22T06:59:59")
    report = site.gather()
    assert (counts(report), report.changed) == ({"waiting": 1}, False)
    clock.set("2026-11-22T07:00")
    report = site.gather()
    assert (counts(report), report.changed) == ({"new": 1}, True)
    assert site.at("a.md").released_at == clock.now
    report = site.gather()
    assert (counts(report), report.changed) == ({"unchanged": 1}, False)


def test_what_may_not_appear_before_a_date_waits_for_it_and_keeps_it(
    site: Site, post: Post, clock: Any
) -> None:
    hour = datetime(2026, 11, 22, 7, tzinfo=UTC)
    site.write("a.md", post("A", "2020-01-01", publishDate="2026-11-22T07:00:00Z"))
    site.write("b.md", post("B", "2020-01-01", publishDate="2020-02-01"))
    assert counts(site.gather()) == {"waiting": 1, "new": 1}
    assert site.at("b.md").article.published_at == datetime(2020, 1, 1, tzinfo=UTC)
    clock.set("2026-11-22T08:00")
    assert counts(site.gather()) == {"new": 1, "unchanged": 1}
    assert site.at("a.md").article.published_at == hour
    site.write("a.md", post("A again", "2020-01-01", publishDate="2026-11-22T07:00:00Z"))
    assert counts(site.gather()) == {"updated": 1, "unchanged": 1}
    assert site.at("a.md").article.published_at == hour


def test_an_article_expires_at_its_hour_and_may_come_back(site: Site, post: Post, clock: Any) -> None:
    site.write("a.md", post("A", expires="2026-11-22T07:00:00Z"))
    site.write("b.md", post("B", expires="2020-01-01T00:00:00Z"))
    site.gather()
    assert (site.at("a.md").release, site.at("b.md").release) == (1, None)
    clock.set("2026-11-22T07:00")
    report = site.gather()
    assert (site.at("a.md").status, report.changed) == ("expired", True)
    assert counts(report) == {"updated": 1, "unchanged": 1}
    site.write("a.md", post("A again"))
    site.gather()
    assert (site.at("a.md").status, site.at("a.md").release) == ("published", 1)
    assert len(site.releases()) == 1


@pytest.mark.parametrize("extra", [{"draft": True}, {"published": False}])
def test_an_article_taken_back_keeps_its_number(site: Site, post: Post, extra: dict[str, Any]) -> None:
    site.write("a.md", post("A"))
    site.write("never.md", post("Never", **extra))
    site.gather()
    site.write("a.md", post("A", **extra))
    report = site.gather()
    assert (counts(report), report.changed) == ({"drafts": 2}, True)
    assert (site.at("a.md").status, site.at("a.md").release) == ("draft", 1)
    site.write("a.md", post("A, at last"))
    assert counts(site.gather()) == {"updated": 1, "drafts": 1}
    assert (site.at("a.md").status, site.at("a.md").release, len(site.releases())) == ("published", 1, 1)


def test_a_correction_takes_a_release_of_its_own(site: Site, post: Post, clock: Any) -> None:
    site.write("a.md", post("A"))
    site.write("b.md", post("B", correction="Said before anybody read it."))
    site.gather()
    assert [x.article.revision for x in site.all] == [1, 1]
    now = clock.move(hours=1)
    site.write("a.md", post("A", correction="It was Tuesday."))
    report = site.gather()
    assert (counts(report), report.changed) == ({"updated": 1, "unchanged": 1}, True)
    corrected = site.at("a.md")
    assert (corrected.article.revision, corrected.release) == (2, 1)
    assert corrected.article.updated_at == now
    last = site.releases()[-1]
    assert (last.number, last.article_id, last.revision, last.released_at) == (
        3,
        corrected.article.id,
        2,
        now,
    )
    site.write("a.md", post("A, edited", correction="It was Tuesday."))
    site.gather()
    assert (site.at("a.md").article.revision, len(site.releases())) == (2, 3)
    assert site.at("a.md").article.updated_at == now
    site.write("a.md", post("A", correction="It was Wednesday, and it rained."))
    site.gather()
    assert [r.revision for r in site.releases()] == [1, 1, 2, 3]


def test_a_correction_of_a_draft_waits_until_it_is_public_again(site: Site, post: Post) -> None:
    site.write("a.md", post("A"))
    site.gather()
    site.write("a.md", post("A", draft=True, correction="Names were mixed up."))
    site.gather()
    assert len(site.releases()) == 1
    site.write("a.md", post("A", correction="Names were mixed up."))
    site.gather()
    assert [(r.number, r.revision) for r in site.releases()] == [(1, 1), (2, 2)]


def test_gathers_at_the_same_time_give_what_one_gives(site: Site, post: Post, publication: Any) -> None:
    for n in range(30):
        site.write(f"{n:02}.md", post(f"N{n}", f"2026-10-{30 - n:02}"))
    others = [Site(publication) for _ in range(3)]
    threads = [threading.Thread(target=other.gather) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.released() == [f"N{n}" for n in reversed(range(30))]
    assert len({x.article.id for x in site.all}) == len(site.all) == 30
    report = site.gather()
    assert (counts(report), report.changed) == ({"unchanged": 30}, False)


def test_a_gather_waits_for_another(site: Site, post: Post, publication: Any) -> None:
    site.write("a.md", post("A"))
    other = threading.Thread(target=Site(publication).gather)
    with site.publisher.store.alone("gather"):
        other.start()
        other.join(0.3)
        assert other.is_alive()
        assert site.all == []
    other.join()
    assert site.released() == ["A"]


def test_marks_before_a_moment(site: Site, post: Post, clock: Any) -> None:
    """What a window needs of the catalogue: numbers by moment, articles as they stand now (rules 2 to 4)."""
    for day in (17, 18, 19):
        site.write(f"{day}.md", post(f"On {day}", f"2026-11-{day}T12:00:00Z"))
    site.gather()
    site.write("18.md", post("On 18", "2026-11-18T12:00:00Z", draft=True))
    site.gather()
    with site.publisher.store.read() as tx:
        marks = [catalogue.release_before(tx, clock.set(f"2026-11-{d}T12:00")) for d in (16, 17, 18, 20)]
        found = catalogue.candidates(tx, 0, 3)
    assert marks == [0, 1, 2, 3]
    assert [(c.release, c.first, c.public) for c in found] == [
        (1, True, True),
        (2, True, False),
        (3, True, True),
    ]
