"""A press that publishes only what changed leaves what a whole build into an empty folder would make."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher import gathering, publishing
from publisher.app import Publisher, open_publisher
from publisher.crew import Crew
from publisher.output import Output, Report
from publisher.publishing import Changed, making
from publisher.scheduler import telling
from publisher.store import clock

Make = Callable[..., Publisher]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def found(folder: Path) -> dict[str, bytes]:
    files = (f for f in sorted(folder.rglob("*")) if f.is_file() and not f.name.startswith("."))
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files}


def refresh(p: Publisher, **options: Any) -> Report | None:
    """What a running process does."""
    done = gathering.gather(p.store, p.config, p.clock(), **options)
    with p.store.write() as tx:
        clock.set_stale(tx, clock.PUBLIC_FILES, p.clock())
    return p.press.refresh(Changed(done.before, done.after, frozenset(done.touched), around=True))


def whole(p: Publisher, folder: Path) -> dict[str, bytes]:
    """A build of the same catalogue into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    config = p.config.model_copy(update={"output": p.config.output.model_copy(update={"path": folder})})
    publishing.publish(p.store, config, p.templates)
    return found(folder)


def text(number: int, choice: dict[str, Any]) -> str:
    lines = [f"title: {choice['title']}", f"date: {choice['date']}", f"author: {choice['author']}"]
    lines += [f"tags: [{', '.join(choice['topics'])}]", f"draft: {str(choice['draft']).lower()}"]
    if choice["alias"]:
        lines.append(f"aliases: [{choice['alias']}]")
    picture = "![x](a.png)" if choice["picture"] else ""
    return "---\n" + "\n".join(lines) + f"\n---\nBody {number} {choice['body']} {picture}\n"


ARTICLE = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["Tide", "Tide and time", "Quay", "Ähre"]),
        "date": st.sampled_from(["2026-11-20", "2026-11-19 10:00", "2026-10-01", "2025-01-31 23:30"]),
        "author": st.sampled_from(["Ada", "Ben", "ada"]),
        "topics": st.lists(st.sampled_from(["World", "world", "Sports", "Größe"]), max_size=3, unique=True),
        "draft": st.booleans().map(lambda drawn: drawn and True),
        "body": st.sampled_from(["one", "two"]),
        "picture": st.booleans(),
        "alias": st.sampled_from(["", "", "/old/", "/2026/11/tide/", "/index.html", "/feed.xml/x"]),
    }
)
NUMBER = st.integers(0, 5)
STEP = st.one_of(
    st.tuples(st.just("write"), NUMBER, ARTICLE),
    st.tuples(st.just("write"), NUMBER, ARTICLE),
    st.tuples(st.just("remove"), NUMBER),
    st.tuples(st.just("template"), st.sampled_from(["line", "article"])),
    st.tuples(st.just("config"), st.sampled_from(["title", "derived", "topics", "entries"])),
    st.tuples(st.just("picture"), st.sampled_from([b"", b"1", b"22"])),
    st.tuples(st.just("nothing")),
)
CONFIGS: dict[str, dict[str, Any]] = {
    "title": {"publication": {"url": "https://courier.example", "title": "Another"}},
    "derived": {"derived_feeds": ["topic", "author"]},
    "topics": {"topics": {"news": ["World", "Sports"]}},
    "entries": {"feeds": {"main": {"entries": 2}, "sport": {"topics": ["sports"]}}},
}


@given(steps=st.lists(STEP, min_size=1, max_size=9))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_little_at_a_time_comes_to_the_same(
    publication: Make, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("site")
    sections: dict[str, Any] = {"feeds": {"main": {"entries": 3}}}
    p = publication(folder, **sections)
    refresh(p)
    for number, step in enumerate(steps):
        match step[0]:
            case "write":
                (folder / f"content/{step[1]}.md").write_text(text(number, step[2]), encoding="utf-8")
            case "remove":
                (folder / f"content/{step[1]}.md").unlink(missing_ok=True)
            case "template":
                own = folder / f"templates/pages/{step[1]}.html"
                own.parent.mkdir(parents=True, exist_ok=True)
                ours = Path(publishing.__file__).parents[2] / f"templates/pages/{step[1]}.html"
                own.write_text(ours.read_text() + f"<!-- {number} -->\n")
                p = open_again(p, folder)
            case "config":
                sections |= CONFIGS[step[1]]
                p = publication(folder, **sections)
            case "picture":
                (folder / "content/a.png").write_bytes(PNG + step[1])
        report = refresh(p, accept_gone=True)
        after = found(p.config.output.path)
        assert after == whole(p, folder / "whole"), step
        assert report
        assert report.unchanged + len(report.written) == len(after)


def open_again(p: Publisher, folder: Path) -> Publisher:
    """As a process that begins."""
    return open_publisher(folder / "config.yaml", p.clock)


def test_one_edited_article_makes_its_own_files_and_no_others(
    publication: Make, post: Any, tmp_path: Path
) -> None:
    articles = {
        f"{n:02}.md": post(
            f"N{n}",
            f"2026-{n // 28 + 1:02}-{n % 28 + 1:02}",
            f"T{n % 5}",
            authors=[f"A {n % 7}"],
            body=f"Text {n}.\n\nMore.",
        )
        for n in range(80)
    }
    p = publication(articles=articles, derived_feeds=["topic", "author"])
    refresh(p)
    out = p.config.output.path
    before = {path: (out / path).stat().st_mtime_ns for path in found(out)}
    (tmp_path / "content/41.md").write_text(articles["41.md"].replace("More.", "Less."))
    report = refresh(p)
    assert report
    changed = {path for path, at in before.items() if (out / path).stat().st_mtime_ns != at}
    assert changed == set(report.written)
    assert changed == {
        "2026/02/41/index.html",
        *("feed.xml", "atom.xml", "feed.json"),
        *(f"feeds/archive/main/50-1.{ending}" for ending in ("xml", "atom", "json")),
        *(
            f"{folder}/{name}"
            for folder in ("topics/t1", "authors/a-6")
            for name in ("feed.xml", "atom.xml", "feed.json")
        ),
    }
    # another title is seen by its neighbours, lists, feeds, and the search
    (tmp_path / "content/41.md").write_text(articles["41.md"].replace("title: N41", "title: Zebra"))
    report = refresh(p)
    assert report
    assert {"2026/02/40/index.html", "2026/02/42/index.html"} <= set(report.written)
    assert {"topics/t1/index.html", "authors/a-6/index.html", "search/terms/7a-65.json"} <= set(
        report.written
    )
    assert len(report.written) < 25
    assert found(out) == whole(p, tmp_path / "whole")


def test_a_crew_makes_the_same_files(
    publication: Make, post: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = publication(articles={f"{n}.md": post(f"N{n}", "2026-11-10", f"T{n % 3}") for n in range(30)})
    gathering.gather(p.store, p.config, p.clock())
    monkeypatch.setattr(making, "_AT_ONCE", 5)
    monkeypatch.setattr(making, "WORTH_A_CREW", 2)
    crew = Crew(2)
    report = publishing.publish(p.store, p.config, p.templates, crew)
    assert len(crew._hands) == 2
    crew.dismiss()
    assert found(p.config.output.path) == whole(p, tmp_path / "whole")
    assert len(report.written) == len(found(p.config.output.path))
    # a fault in a template is the same one line, wherever it is met
    own = tmp_path / "templates/pages/article.html"
    own.parent.mkdir(parents=True)
    own.write_text("{{ nobody.name }}\n")
    p = open_again(p, tmp_path)
    with pytest.raises(Exception, match=r"pages/article\.html:1: .*nobody") as raised:
        publishing.publish(p.store, p.config, p.templates, crew)
    assert type(raised.value).__name__ == "ContentError"
    crew.dismiss()


def test_what_somebody_did_to_the_files_is_mended_by_a_whole_build(
    publication: Make, post: Any, tmp_path: Path
) -> None:
    p = publication(articles={f"{n}.md": post(f"N{n}") for n in range(3)})
    refresh(p)
    out = p.config.output.path
    (out / "feed.xml").unlink()
    (out / "index.html").write_bytes(b"defaced")
    os.utime(out / "atom.xml", (5, 5))
    shard = next((out / "search/terms").iterdir())
    shard.unlink()
    report = p.press.publish()
    assert set(report.written) == {"feed.xml", "index.html", shard.relative_to(out).as_posix()}
    assert found(out) == whole(p, tmp_path / "whole")


def test_two_claim_one_place_and_one_lets_go(publication: Make, post: Any, tmp_path: Path) -> None:
    """A sign stands where nothing else is, and comes back when that goes."""
    p = publication(
        articles={
            "a.md": post("A", "2026-11-20", aliases=["/2026/11/b/", "/feed.xml/", "/topics/x/", "/y.html"]),
            "b.md": post("B", "2026-11-20", "x"),
        }
    )
    refresh(p)
    out = p.config.output.path
    assert b"The text of B" in (out / "2026/11/b/index.html").read_bytes()
    assert b"2026/11/a/" in (out / "y.html").read_bytes()
    (tmp_path / "content/b.md").unlink()
    refresh(p, accept_gone=True)
    assert b"url=https://courier.example/2026/11/a/" in (out / "2026/11/b/index.html").read_bytes()
    assert b"url=https://courier.example/2026/11/a/" in (out / "topics/x/index.html").read_bytes()
    assert (out / "feed.xml").is_file()
    assert found(out) == whole(p, tmp_path / "whole")


def test_a_journal_is_read_by_the_next_process(publication: Make, post: Any, tmp_path: Path) -> None:
    p = publication(articles={f"{n}.md": post(f"N{n}") for n in range(3)})
    refresh(p)
    out = p.config.output.path
    (tmp_path / "content/1.md").write_text(post("Other"))
    (tmp_path / "content/2.md").unlink()
    refresh(p, accept_gone=True)
    journal = out / ".publisher-journal.jsonl"
    assert journal.is_file()
    with journal.open("ab") as handle:
        handle.write(b'{"files":{"half a l')
    again = open_again(p, tmp_path)
    assert (again.press.publish().written, again.press.publish().removed) == ((), ())
    with Output(out).open() as session:
        assert set(session.manifest.files) == set(found(out))


@given(edits=st.lists(st.tuples(st.integers(0, 3), ARTICLE, st.booleans()), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_told_of_edited_files_it_makes_what_a_look_at_everything_would(
    publication: Make, tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, Any, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("site")
    plain = {
        "date": "2026-11-20",
        "author": "Ada",
        "topics": [],
        "draft": False,
        "picture": True,
        "alias": "",
    }
    articles = {f"{n}.md": text(n, {"title": f"N{n}", "body": "one", **plain}) for n in range(3)}
    p = publication(folder, articles=articles, feeds={"main": {"entries": 2}})
    refresh(p)
    for number, choice, remove in edits:
        file = folder / f"content/{number}.md"
        if remove and file.exists() and number == 2:
            file.unlink()
        else:
            file.write_text(text(number, choice), encoding="utf-8")
        telling.tell(p, [file])
        assert found(p.config.output.path) == whole(p, folder / "whole")
        # and nothing is left for the next look at everything but what vanished
        assert gathering.gather(p.store, p.config, p.clock()).changed is False


def test_one_told_file_is_read_and_no_other(publication: Make, post: Any, tmp_path: Path) -> None:
    p = publication(articles={f"{n}.md": post(f"N{n}") for n in range(4)})
    refresh(p)
    for n in (1, 2):
        (tmp_path / f"content/{n}.md").write_text(post(f"Edited {n}"))
    done = telling.tell(p, [tmp_path / "content/1.md"])
    assert (done.updated, done.unchanged, len(done.touched)) == (1, 0, 1)
    index = (p.config.output.path / "index.html").read_text()
    assert "Edited 1" in index
    assert "Edited 2" not in index
    # a file that is new is found by a look at everything, which then sees the other one too
    (tmp_path / "content/new.md").write_text(post("New"))
    assert telling.tell(p, [tmp_path / "content/new.md"]).updated == 1
    assert "Edited 2" in (p.config.output.path / "index.html").read_text()


def test_one_old_address_below_another_of_the_same_article(publication: Make, tmp_path: Path) -> None:
    p = publication(tmp_path, articles={"a.md": "---\ntitle: A\ndate: 2026-11-20\n---\nx\n"})
    refresh(p)
    (tmp_path / "content/a.md").write_text(
        "---\ntitle: A\ndate: 2026-11-20\naliases: [/old.x, /old.x/b.c]\n---\nx\n"
    )
    refresh(p)
    assert found(p.config.output.path) == whole(p, tmp_path / "whole")
