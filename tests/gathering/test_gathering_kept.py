"""Gathering without disasters (rule 24): what is missing or broken stays as it was, and is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gathering_site import Site, counts

from publisher import cutting, delivering, gathering
from publisher.delivering import opening
from publisher.store.catalogue import Listing

Post = Callable[..., str]


@pytest.fixture
def site(publication: Any) -> Site:
    return Site(publication)


def of(site: Site, status: str) -> list[Listing]:
    return [x for x in site.all if x.status == status]


def test_a_broken_file_is_named_with_its_line_and_the_others_go_on(site: Site, post: Post) -> None:
    site.write("good.md", post("Good"))
    site.write("bad.md", "---\ntitle: Bad\ndate: tomorrow\n---\n")
    site.write("worse.md", "---\ntitle: [x\nfoo\n---\n")
    for expected in ({"new": 1}, {"unchanged": 1}):
        report = site.gather()
        assert counts(report) == expected
        assert sorted(str(e).split(": ")[0] for e in report.refused) == [
            "content/bad.md:3",
            "content/worse.md:3",
        ]
        assert len(list(gathering.problems(report))) == 2
    refused: Any = gathering.summary(report)["refused"]
    assert refused[0] == {
        "path": "content/bad.md",
        "line": 3,
        "field": "date",
        "reason": "expected a date such as 2023-08-24 12:55, got 'tomorrow'",
    }


def test_an_article_whose_file_broke_is_kept_as_it_was(site: Site, post: Post) -> None:
    site.write("a.md", post("A"))
    site.gather()
    before = site.all
    site.write("a.md", "---\ntitle: A, edited\ndate: tomorrow\n---\n")
    for _ in range(2):
        report = site.gather()
        assert (counts(report), len(report.refused), report.changed) == ({}, 1, False)
        assert site.all == before
    site.write("a.md", post("A, mended"))
    assert counts(site.gather()) == {"updated": 1}


def test_a_fault_of_the_parser_stops_nobody(site: Site, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write("a.md", post("A"))
    site.write("b.md", post("B"))
    real = gathering.source.articles.read

    def faulty(data: bytes, path: str, **options: Any) -> Any:
        if path == "a.md":
            raise RuntimeError("surprise")
        return real(data, path, **options)

    monkeypatch.setattr(gathering.source.articles, "read", faulty)
    report = site.gather()
    assert counts(report) == {"new": 1}
    assert "surprise" in str(report.refused[0])


def test_a_vanished_article_is_gone_and_comes_back_with_its_number(site: Site, post: Post) -> None:
    site.write("a.md", post("A"))
    site.write("b.md", post("B"))
    site.gather()
    before = site.at("a.md")
    site.move("a.md", "../a.away")
    report = site.gather()
    assert (counts(report), report.kept, report.changed) == ({"gone": 1, "unchanged": 1}, [], True)
    assert site.at("a.md").status == "gone"
    assert counts(site.gather()) == {"unchanged": 1}
    site.move("../a.away", "back.md")
    site.gather()
    after = site.at("back.md")
    assert (after.article.id, after.release, after.released_at, after.article.url, after.status) == (
        before.article.id,
        before.release,
        before.released_at,
        before.article.url,
        "published",
    )


@pytest.mark.parametrize(("there", "lost", "kept"), [(21, 11, True), (22, 11, False), (10, 10, False)])
def test_many_files_that_vanish_at_once_are_kept_until_accepted(
    site: Site, post: Post, there: int, lost: int, kept: bool
) -> None:
    for n in range(there):
        site.write(f"{n}.md", post(f"N{n}", body=f"N{n}"))
    site.gather()
    site.remove(*(f"{n}.md" for n in range(lost)))
    if kept:
        for _ in range(2):
            report = site.gather()
            assert (counts(report), report.changed) == ({"unchanged": there - lost}, False)
            assert "vanished at once" in report.kept[0]
            assert len(of(site, "published")) == there
        report = site.gather(accept_gone=True)
    else:
        report = site.gather()
    assert (report.kept, report.gone) == ([], lost)
    assert len(of(site, "gone")) == lost


def test_many_files_that_move_are_no_loss(site: Site, post: Post) -> None:
    for n in range(30):
        site.write(f"{n}.md", post(f"N{n}", body=f"N{n}"))
    site.gather()
    ids = {x.article.title: x.article.id for x in site.all}
    for n in range(30):
        site.move(f"{n}.md", f"archive/{n}.md")
    report = site.gather()
    assert (counts(report), report.kept) == ({"updated": 30}, [])
    assert {x.article.title: x.article.id for x in site.all} == ids


def test_a_missing_source_is_kept_and_reported_until_accepted(site: Site, post: Post, tmp_path: Path) -> None:
    site.write("a.md", post("A"))
    site.gather()
    (tmp_path / "content").rename(tmp_path / "elsewhere")
    for _ in range(2):
        report = site.gather()
        assert (counts(report), report.changed) == ({}, False)
        assert "content: it is not there" in report.kept[0]
    assert of(site, "published")
    assert counts(site.gather(accept_gone=True)) == {"gone": 1}
    (tmp_path / "elsewhere").rename(tmp_path / "content")
    site.gather()
    assert site.at("a.md").release == 1


def test_a_source_that_left_the_configuration_is_kept_until_accepted(
    site: Site, post: Post, tmp_path: Path
) -> None:
    site.write("a.md", post("A"))
    site.gather()
    (tmp_path / "other").mkdir()
    site.again(sources=[{"path": "other/"}])
    for _ in range(2):
        report = site.gather()
        assert report.kept == [
            "content: no longer in the configuration, with 1 files; their articles are kept "
            "(--accept-gone lets them go)"
        ]
    assert counts(site.gather(accept_gone=True)) == {"gone": 1}


@pytest.mark.parametrize("failing", ["", "news"])
def test_folders_that_cannot_be_listed_lose_nothing(
    site: Site, post: Post, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """The root fails half way, after it could be opened; a folder below it at once."""
    site.write("a.md", post("A"))
    site.write("news/b.md", post("B", body="The same."))
    site.gather()
    real, calls = os.scandir, [0]

    def refuse(path: Any) -> Any:
        if str(path).rstrip("/") == str(site.content / failing).rstrip("/"):
            calls[0] += 1
            if failing or calls[0] > 1:
                raise PermissionError(13, "Permission denied", path)
        return real(path)

    if failing:
        site.write("copy.md", post("B", body="The same."))
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        report = site.gather()
    assert "no permission to read it" in report.kept[0]
    assert report.gone == 0
    assert len(of(site, "published")) == (3 if failing else 2)
    assert counts(site.gather()) == {"unchanged": 3 if failing else 2}


def test_what_was_mailed_is_withdrawn_not_gone(site: Site, post: Post, subscribe: Any) -> None:
    for name in "ab":
        site.write(f"{name}.md", post(name.upper(), body=name))
    site.gather()
    p = site.publisher
    subscribe(p, "reader@example.org")
    request = cutting.asked(p.config, "daily", "", p.clock(), articles=(site.at("a.md").article.id,))
    made = cutting.cut(p.store, p.config, p.templates, request, p.clock())
    assert made.edition
    opening.open_edition(p.store, made.edition, p.clock())
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=made.edition.id)
    site.remove("a.md", "b.md")
    assert counts(site.gather()) == {"gone": 2}
    assert (site.at("a.md").status, site.at("b.md").status) == ("withdrawn", "gone")
    site.write("a.md", post("A", body="a"))
    site.gather()
    assert (site.at("a.md").status, site.at("a.md").release) == ("published", 1)
