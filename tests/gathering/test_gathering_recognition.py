"""Ids are minted once, and files are recognised whatever they are called (rule 25)."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gathering_site import LONG_AGO, Site, counts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher import gathering
from publisher.articles import read
from publisher.gathering.recognition import Recognition
from publisher.store.traces import Trace

Post = Callable[..., str]


@pytest.fixture
def site(publication: Any) -> Site:
    return Site(publication)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"body": "The same."}, {"title": "Another", "body": "The same."}),
        ({"body": "One."}, {"body": "Two."}),
        ({"body": "One.", "id": "7"}, {"title": "Another", "body": "Two.", "id": "7", "date": "2026-11-01"}),
    ],
    ids=["by its body", "by title and date", "by its explicit id"],
)
def test_a_renamed_file_is_the_same_article(
    site: Site, post: Post, before: dict[str, str], after: dict[str, str]
) -> None:
    site.write("old.md", post(**{"title": "A", **before}))
    site.gather()
    old = site.at("old.md")
    site.remove("old.md")
    site.write("news/new.md", post(**{"title": "A", **after}))
    assert counts(site.gather()) == {"updated": 1}
    new = site.at("news/new.md")
    assert (new.article.id, new.release, new.article.url) == (old.article.id, 1, old.article.url)
    assert len(site.all) == 1


def test_an_edited_file_and_a_copy(site: Site, post: Post) -> None:
    site.write("a.md", post("A", body="One."))
    site.gather()
    id_ = site.at("a.md").article.id
    site.write("copy.md", post("A", body="One."))
    site.gather()
    assert site.at("a.md").article.id == id_ != site.at("copy.md").article.id
    site.write("a.md", post("B", "2019-01-01", body="Two."))
    assert counts(site.gather()) == {"updated": 1, "unchanged": 1}
    assert (site.at("a.md").article.id, site.at("a.md").article.title) == (id_, "B")


@pytest.mark.parametrize("named", [False, True])
def test_two_files_swap_their_names(site: Site, post: Post, named: bool) -> None:
    """Without ids of their own the paths stay who they are (rule 25); with ids, the ids do."""
    texts = {n: post(f"Title {n}", body=f"Body {n}.", **({"id": f"id-{n}"} if named else {})) for n in "ab"}
    for n, text in texts.items():
        site.write(f"{n}.md", text)
    site.gather()
    before = {n: site.at(f"{n}.md").article.id for n in "ab"}
    site.write("a.md", texts["b"], LONG_AGO + 10)
    site.write("b.md", texts["a"], LONG_AGO + 10)
    report = site.gather()
    assert (report.refused, counts(report)) == ([], {"updated": 2})
    after = {n: site.at(f"{n}.md").article.id for n in "ab"}
    assert after == ({"a": before["b"], "b": before["a"]} if named else before)
    assert site.at("a.md").article.title == "Title b"


def test_a_second_file_with_the_same_explicit_id_is_refused_by_name(site: Site, post: Post) -> None:
    site.write("b.md", post("B", id="urn:x:1"))
    site.gather()
    site.write("a.md", post("A", id="urn:x:1"))
    site.write("c.md", post("C", id="other"))
    site.write("d.md", post("D", id="other"))
    for _ in range(2):
        report = site.gather()
        assert [str(e) for e in report.refused] == [
            "content/a.md: id: 'urn:x:1' is already the id of content/b.md",
            "content/d.md: id: 'other' is already the id of content/c.md",
        ]
    assert {x.article.title for x in site.all} == {"B", "C"}
    # the owner is broken, and owns it nevertheless
    site.write("b.md", "---\ntitle: [\n---\n")
    assert {e.path for e in site.gather().refused} == {"content/a.md", "content/b.md", "content/d.md"}
    site.remove("b.md")
    assert counts(site.gather()) == {"updated": 1, "unchanged": 1}
    assert site.at("a.md").article.id == "urn:x:1"


def test_a_file_takes_its_id_along_and_leaves_its_name_to_another(site: Site, post: Post) -> None:
    site.write("a.md", post("A", id="1"))
    site.gather()
    id_ = site.at("a.md").article.id
    site.move("a.md", "z.md")
    site.write("a.md", post("New"))
    assert counts(site.gather()) == {"updated": 1, "new": 1}
    assert (site.at("z.md").article.id, site.at("z.md").release) == (id_, 1)
    assert (site.at("a.md").article.title, site.at("a.md").release) == ("New", 2)


def test_another_explicit_id_is_another_article_whatever_it_says(site: Site, post: Post) -> None:
    site.write("a.md", post("Tides", id="week-47"))
    site.gather()
    site.remove("a.md")
    site.write("b.md", post("Tides", id="week-48"))
    assert counts(site.gather()) == {"gone": 1, "new": 1}


def test_ids_do_not_follow_the_address_of_the_publication(site: Site, post: Post) -> None:
    site.write("a.md", post("A"))
    site.gather()
    before = site.at("a.md").article
    site.again(publication={"url": "https://elsewhere.example", "title": "Renamed"})
    assert counts(site.gather()) == {"updated": 1}
    after = site.at("a.md").article
    assert (after.id, after.url) == (before.id, "https://elsewhere.example/2026/11/a/")


def test_a_source_that_moves_keeps_its_articles(site: Site, post: Post, tmp_path: Path) -> None:
    site.write("a.md", post("A"))
    site.write("b.md", post("B", id="5"))
    site.gather()
    ids = {x.article.title: x.article.id for x in site.all}
    (tmp_path / "content").rename(tmp_path / "stories")
    site.again(sources=[{"path": "stories/"}])
    report = site.gather()
    assert (counts(report), report.kept) == ({"unchanged": 2}, [])
    assert {x.article.title: x.article.id for x in site.all} == ids
    assert len(site.releases()) == 2


def test_slugs_are_given_once(site: Site, post: Post) -> None:
    site.write("x/tide.md", post("X", body="x"))
    site.write("y/tide.md", post("Y", body="y"))
    site.gather()
    assert [site.at(f"{n}/tide.md").article.slug for n in "xy"] == ["tide", "tide-2"]
    site.remove("x/tide.md")
    site.gather()
    site.write("z/tide.md", post("Z", body="z"))
    site.write("y/tide.md", post("Y", body="y", slug="changed"))
    site.gather()
    assert [site.at(f"{n}/tide.md").article.slug for n in "yz"] == ["tide-2", "tide-3"]


def test_the_address_of_a_released_article_stays(site: Site, post: Post) -> None:
    site.write("a.md", post("A", "2026-11-01T12:00:00Z"))
    site.write("draft.md", post("D", "2026-11-01T12:00:00Z", draft=True))
    site.gather()
    url = site.at("a.md").article.url
    site.write("a.md", post("A", "2026-10-31T12:00:00Z", slug="better"))
    site.write("draft.md", post("D", "2026-10-31T12:00:00Z", draft=True, slug="better"))
    site.gather()
    assert site.at("a.md").article.url == url == "https://courier.example/2026/11/a/"
    assert site.at("draft.md").article.url == "https://courier.example/2026/10/better/"
    site.again(output={"article_url": "{url}/{slug}.html"})
    site.gather()
    assert site.at("a.md").article.url == "https://courier.example/a.html"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2019-05-01T08:30:15", "2019-05-01T08:30:15"), ("2027-05-01T08:00", "2026-11-21T06:00")],
    ids=["older than the first gather", "a clock that is ahead"],
)
def test_an_article_without_a_date_is_dated_once(site: Site, clock: Any, written: str, expected: str) -> None:
    """By the earlier of its file time and the first gather, whatever happens to the file later."""
    moment = datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()
    site.write("a.md", "# A\n\nText.", moment)
    site.gather()
    dated = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert site.at("a.md").article.published_at == dated
    clock.move(days=3)
    os.utime(site.content / "a.md", (time.time() - 99, time.time() - 99))
    site.gather()
    site.write("a.md", "# A\n\nMore text.", time.time() - 50)
    site.gather()
    site.move("a.md", "b.md")
    site.gather()
    assert site.at("b.md").article.published_at == dated


def test_an_edit_of_the_same_size_at_the_same_time_is_seen(site: Site, post: Post) -> None:
    now = time.time()
    file = site.write("a.md", post("One"), now)
    site.gather()
    site.write("a.md", post("Two"), now)
    assert file.stat().st_mtime_ns == int(now * 10**9) or file.stat().st_mtime == now
    assert counts(site.gather()) == {"updated": 1}
    assert site.at("a.md").article.title == "Two"


def test_only_what_changed_is_parsed(site: Site, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in "abc":
        site.write(f"{n}.md", post(n))
    site.gather()
    parsed: list[str] = []
    real = gathering.source.articles.read

    def watched(data: bytes, path: str, **options: Any) -> Any:
        parsed.append(path)
        return real(data, path, **options)

    monkeypatch.setattr(gathering.source.articles, "read", watched)
    site.gather()
    assert parsed == []
    site.write("b.md", post("b", body="Longer than before."))
    site.gather()
    assert parsed == ["b.md"]
    changes: list[dict[str, Any]] = [
        {"publication": {"url": "https://other.example"}},
        {"publication": {"timezone": "Asia/Tokyo"}},
        {"topics": {"world": ["News"]}},
        {"output": {"article_url": "{url}/{slug}"}},
    ]
    for change in changes:
        parsed.clear()
        site.again(**change)
        site.gather()
        assert parsed == ["a.md", "b.md", "c.md"], change


FILE = st.tuples(
    st.sampled_from(["", "1", "2"]), st.sampled_from(["One.", "Two.", ""]), st.sampled_from("AB")
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from("abcd"), FILE), st.dictionaries(st.sampled_from("abcd"), FILE, min_size=1)
)
def test_no_article_is_claimed_twice_and_order_does_not_matter(
    before: dict[str, tuple[str, str, str]], after: dict[str, tuple[str, str, str]]
) -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    ids: dict[str, str] = {}
    for path, (explicit, _, _) in sorted(before.items()):
        ids.setdefault(explicit or path, path)

    def manuscript(path: str, file: tuple[str, str, str]) -> Any:
        explicit, body, title = file
        head = f"---\ntitle: {title}\ndate: 2026-11-20\n" + (f"id: {explicit}\n" if explicit else "")
        return read(f"{head}---\n{body}\n".encode(), path, zone=UTC)

    old = {p: manuscript(p, f) for p, f in before.items() if ids[f[0] or p] == p}
    traces = [
        Trace(f"id-{p}", "s", p, m.explicit_id, m.body_hash, m.title, moment, "published", n)
        for n, (p, m) in enumerate(old.items(), 1)
    ]
    new = {("s", p): manuscript(p, f) for p, f in sorted(after.items())}
    vanished = {("s", p) for p in old if p not in after}
    results = []
    for order in (list(new), list(reversed(list(new)))):
        made = Recognition({k: new[k] for k in order}, traces, vanished)
        claimed = [trace.id for trace in made.found.values()]
        assert len(claimed) == len(set(claimed))
        assert not made.doubles.keys() & made.found.keys()
        results.append((made.doubles, {k: t.id for k, t in made.found.items()}))
    for (key, m), (other, n) in itertools.combinations(new.items(), 2):
        if m.explicit_id and m.explicit_id == n.explicit_id:
            assert key in made.doubles or other in made.doubles
    for key, trace in made.found.items():
        if not new[key].explicit_id and trace.key != key:
            assert trace.key in vanished or trace.explicit_id
    assert results[0][0] == results[1][0]
