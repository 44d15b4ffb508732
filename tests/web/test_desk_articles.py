"""Articles at the desk: found by words and filters, their problems, where they appeared, how they look."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from desk_visitors import QUICK, ROLES, Newsroom, Visitor

from publisher import cutting, delivering, gathering, passwords
from publisher.app import Publisher
from publisher.delivering import opening
from publisher.store import appearances, catalogue
from publisher.web.desk.articles import PREVIEW

STRANGE = "<script>alert(1)</script>\"'&"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


@pytest.fixture
def newsroom(publication: Callable[..., Publisher], clock: Any) -> Callable[..., Newsroom]:
    def make(articles: dict[str, str], **sections: Any) -> Newsroom:
        room = Newsroom.of(publication(articles=articles, **sections), clock)
        gather(room)
        return room

    return make


def gather(room: Newsroom) -> None:
    gathering.gather(room.p.store, room.p.config, room.clock(), accept_gone=True)


def ids(room: Newsroom) -> dict[str, str]:
    with room.p.store.read() as tx:
        return {x.article.path: x.article.id for x in catalogue.listings(tx)}


def page_of(room: Newsroom, visitor: Visitor, path: str) -> str:
    answer = visitor.get(f"/desk/articles/{quote(ids(room)[path], safe='')}")
    assert answer.status_code == 200
    return answer.text


def titles(page: str) -> list[str]:
    return re.findall(r'class="title"><a [^>]*>([^<]*)<', page)


def words(page: str) -> str:
    """What a page says, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_catalogue_is_found_by_words_status_source_and_topic(
    newsroom: Callable[..., Newsroom], post: Callable[..., str]
) -> None:
    files = {
        "tides.md": post("High tides", "2026-11-20T12:00Z", "World", author="Ann Harbour"),
        "town.md": post("The budget", "2026-11-19T12:00Z", "Town", author="Bo Writer"),
        "later.md": post("Tomorrow's boat", "2026-11-22T12:00Z", "World"),
        "draft.md": post("Half a thought", "2026-11-18T12:00Z", draft=True),
        "past.md": post("Last week's offer", "2026-11-10T12:00Z", expires="2026-11-12"),
        "broken.md": "---\ntitle: [\n---\nText.\n",
    }
    room = newsroom(files)
    ann = room.editor("viewer")
    every = ["Tomorrow&#39;s boat", "High tides", "The budget", "Half a thought", "Last week&#39;s offer"]
    assert titles(ann.get("/desk/articles").text) == every
    for query, found in {
        "q=tides": ["High tides"],
        "q=TIDES+high": ["High tides"],
        "q=harbour": ["High tides"],
        "q=writer+budget": ["The budget"],
        "q=town": ["The budget"],
        "q=nothing+at+all": [],
        "q=%25": [],
        "status=published": ["High tides", "The budget"],
        "status=waiting": ["Tomorrow&#39;s boat"],
        "status=draft": ["Half a thought"],
        "status=expired": ["Last week&#39;s offer"],
        "status=withdrawn": [],
        "topic=world": ["Tomorrow&#39;s boat", "High tides"],
        "topic=worl": [],
        "source=content&topic=town": ["The budget"],
        "source=elsewhere": [],
        "before=nonsense": every,
    }.items():
        assert titles(ann.get(f"/desk/articles?{query}").text) == found, query
    page = ann.get("/desk/articles?status=refused").text
    assert not titles(page)
    assert "content/broken.md:2" in page
    assert "content/broken.md:2" in ann.get("/desk/articles").text
    assert "broken" not in ann.get("/desk/articles?q=tides").text
    for path in ("town.md", "draft.md"):
        (room.p.config.sources[0].path / path).unlink()
    gather(room)
    assert titles(ann.get("/desk/articles?status=gone").text) == ["The budget", "Half a thought"]


def test_pages_of_fifty_by_key(newsroom: Callable[..., Newsroom], post: Callable[..., str]) -> None:
    """Several of the same moment too: none is left out, none is seen twice."""
    room = newsroom({f"{n:03}.md": post(f"Number {n:03}", f"2026-11-{1 + n // 20:02}") for n in range(120)})
    ann, seen, path = room.editor(), [], "/desk/articles?q=number"
    for length in (50, 50, 20):
        page = ann.get(path).text
        found = titles(page)
        assert len(found) == length
        seen += found
        older = re.findall(r'href="([^"]+)" rel="next"', page)
        path = older[0].replace("&amp;", "&") if older else ""
    assert not path
    assert len(set(seen)) == 120
    days = [int(title[7:]) // 20 for title in seen]
    assert days == sorted(days, reverse=True)


def test_problems_stand_with_their_lines(newsroom: Callable[..., Newsroom]) -> None:
    text = (
        "---\ntitle: Boats\ndate: 2026-11-20\nsummary: Under sail: the lot\n---\n"
        "First.\n\n![](pictures/boat.png)\n\nSee [the other](missing.md).\n"
    )
    room = newsroom({"boats.md": text, "sound.md": "---\ntitle: Sound\ndate: 2026-11-20\n---\nFine.\n"})
    ann = room.editor("viewer")
    page = words(page_of(room, ann, "boats.md"))
    assert "boats.md:4 " in page
    assert "boats.md:8 a picture has no alternative text: boat.png" in page
    assert "boats.md:8 refers to pictures/boat.png, which is not there" in page
    assert "boats.md:10 there is no article missing.md to link to" in page
    assert "Nothing to complain of" in page_of(room, ann, "sound.md")
    (room.p.config.sources[0].path / "sound.md").write_text("---\ntitle: [\n---\n")
    gather(room)
    page = words(page_of(room, ann, "sound.md"))
    assert "The file as it is now cannot be used content/sound.md:2" in page
    assert "What is published stays as it was before" in page


def test_where_it_appeared_feeds_editions_revisions_and_how_many(
    newsroom: Callable[..., Newsroom], post: Callable[..., str], subscribe: Callable[..., str]
) -> None:
    feeds = {"main": {"entries": 2}, "world": {"topics": ["World"], "entries": 1, "title": "Abroad"}}
    room = newsroom(
        {
            "tides.md": post("Tides", "2026-11-20T12:00Z", "World"),
            "town.md": post("Town", "2026-11-20T13:00Z", "Town"),
            "abroad.md": post("Abroad", "2026-11-20T14:00Z", "World"),
        },
        feeds=feeds,
        derived_feeds=["topic"],
    )
    p, ann = room.p, room.editor("viewer")
    page = words(page_of(room, ann, "tides.md"))
    assert "main My publication in its archive documents" in page
    assert "world Abroad no longer among its newest 1" in page
    assert "topics/world World in it now, in place 2 of 2 at most" in page
    assert "No edition has named it yet" in page
    for n in range(7):
        subscribe(p, f"reader{n}@example.org", topics=None if n < 3 else ["world"] if n < 5 else ["town"])
    send(room)
    page = words(page_of(room, ann, "tides.md"))
    assert "Messages that left with it: 5." in page
    assert "daily/1 2026-11-21 done 1 5" in page
    assert "Messages that left with it: 5." in words(page_of(room, ann, "town.md"))
    assert "Became public revision 1, release 1" in page
    corrected = post("Tides", "2026-11-20T12:00Z", "World", correction=f"Noon, not one {STRANGE}")
    (p.config.sources[0].path / "tides.md").write_text(corrected)
    room.later(days=1)
    ann.sign_in("viewer@courier.example")
    gather(room)
    send(room)
    page = page_of(room, ann, "tides.md")
    assert "daily/2 2026-11-22 done 2 5" in words(page)
    assert f"Corrected: Noon, not one {SHOWN}" in page
    assert "Messages that left with it: 10." in page


def test_of_a_large_edition_a_sample_is_counted_and_said_so(
    newsroom: Callable[..., Newsroom],
    post: Callable[..., str],
    subscribe: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = newsroom(
        {"a.md": post("A", "2026-11-20T12:00Z", "World"), "b.md": post("B", "2026-11-20", "Town")}
    )
    for n in range(60):
        subscribe(room.p, f"reader{n}@example.org", topics=["world"] if n % 3 else ["town"])
    send(room)
    ann = room.editor("viewer")
    assert "Messages that left with it: 40." in words(page_of(room, ann, "a.md"))
    for name, value in {"COUNTED": 10, "_SLICES": 4, "_A_SLICE": 6}.items():
        monkeypatch.setattr(appearances, name, value)
    page = words(page_of(room, ann, "a.md"))
    assert "Messages that left with it: about 40." in page
    assert "a sample is counted" in page


def test_what_is_gone_after_it_was_mailed_is_withdrawn(
    newsroom: Callable[..., Newsroom], post: Callable[..., str], subscribe: Callable[..., str]
) -> None:
    room = newsroom({"a.md": post("Tides"), "b.md": post("Town")})
    subscribe(room.p, "reader@example.org")
    send(room)
    (room.p.config.sources[0].path / "a.md").unlink()
    gather(room)
    ann = room.editor("viewer")
    assert titles(ann.get("/desk/articles?status=withdrawn").text) == ["Tides"]
    page = words(page_of(room, ann, "a.md"))
    assert "withdrawn after it was mailed" in page
    assert "No feed carries it: it is not public." in page
    assert "a.md it is not there" in page
    shown = ann.get(f"/desk/previews/articles/{quote(ids(room)['a.md'], safe='')}").text
    assert "The text of Tides" not in shown


def test_a_preview_runs_nothing_and_asks_nobody_also_alone(newsroom: Callable[..., Newsroom]) -> None:
    text = (
        "---\ntitle: Boats\ndate: 2026-11-20\n---\n<script>alert(1)</script>\n\n![A boat](boat.png)\n\n"
        "![Far](https://elsewhere.example/far.png)\n"
    )
    room = newsroom({"boats.md": text, "draft.md": "---\ntitle: Half\ndraft: true\n---\nA thought.\n"})
    (room.p.config.sources[0].path / "boat.png").write_bytes(b"png")
    (room.p.config.sources[0].path / "boats.md").write_text(text + "More.\n")
    gather(room)
    ann = room.editor("viewer")
    (address,) = re.findall(r'<iframe[^>]* src="([^"]+)"[^>]* sandbox=""', page_of(room, ann, "boats.md"))
    answer = ann.get(address)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy == PREVIEW
    assert {"default-src 'none'", "sandbox", "frame-ancestors 'self'"} <= set(policy.split("; "))
    assert "allow-" not in policy
    assert "http" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-dns-prefetch-control"] == "off"
    assert "<script>" not in answer.text
    assert re.search(r'<img[^>]* src="/[^"]+boat.png"', answer.text)
    loaded = re.findall(r'<link rel="stylesheet" href="([^"]*)"', answer.text)
    assert loaded
    assert all(one.startswith("data:text/css;base64,") for one in loaded)
    (address,) = re.findall(r'<iframe[^>]* src="([^"]+)"', page_of(room, ann, "draft.md"))
    assert "A thought." in ann.get(address).text
    assert room.visitor().get(address).status_code == 303


def test_stored_script_is_shown_and_never_run(newsroom: Callable[..., Newsroom]) -> None:
    """In title, standfirst, author, topic, path, correction, id and the reason of a refusal."""
    name = "<script>alert(1)<_script>.md"
    head = "title: '{0}'\nsummary: '{0}'\nauthor: '{0}'\ntags: ['{0}']\nid: 'tag:x,2026:{0}'\n"
    said = "<script>alert(1)</script>"
    text = "---\n" + head.format(said) + "date: 2026-11-20\n---\nText.\n"
    room = newsroom({name: text, f"broken {name}": f"---\ntitle: Bad\ndate: {said}\n---\nText.\n"})
    ann = room.editor("viewer")
    one = f"/desk/articles/{quote(ids(room)[name], safe='')}"
    assert said in ids(room)[name]
    for path in (
        "/desk/articles",
        "/desk/articles?status=refused",
        f"/desk/articles?q={said}&status={said}&source={said}&topic={said}&before={said}",
        one,
        f"/desk/articles/{said}",
        f"/desk/previews/articles/{said}",
    ):
        answer = ann.get(path)
        assert answer.status_code in (200, 404)
        assert "<script>alert" not in answer.text, path
        assert not re.search(r"\son\w+=|javascript:|<style|\sstyle=", answer.text), path
    assert SHOWN in ann.get(one).text
    shown = ann.get(f"/desk/previews/articles/{quote(ids(room)[name], safe='')}").text
    assert "<script>alert" not in shown


def test_everybody_may_look_and_nobody_else(
    newsroom: Callable[..., Newsroom], post: Callable[..., str]
) -> None:
    room = newsroom({"a.md": post("Tides")})
    one = quote(ids(room)["a.md"], safe="")
    paths = ("/desk/articles", f"/desk/articles/{one}", f"/desk/previews/articles/{one}")
    before = None
    for role in ROLES:
        editor = room.editor(role)
        before = room.everything()
        for path in paths:
            assert [editor.get(path).status_code for _ in range(2)] == [200, 200]
        assert room.everything() == before
    assert [room.visitor().get(path).status_code for path in paths] == [303] * 3
    assert editor.get("/desk/articles/nothing").status_code == 404


def send(room: Newsroom) -> None:
    p, now = room.p, room.clock()
    asked = cutting.asked(p.config, "daily", "", now, everybody=True)
    made = cutting.cut(p.store, p.config, p.templates, asked, now).edition
    assert made
    opening.open_edition(p.store, made, now)
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=made.id)
