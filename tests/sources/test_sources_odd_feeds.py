"""Feeds as they are found: without dates, with everybody's guid, in the wrong encoding, and worse."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from feed_mutations import NOW, SAMPLES, URL, mutated, survive, taken
from feed_server import item, rss

from publisher.guard import NotFetched
from publisher.sources import formats
from publisher.sources.documents import Document, Entry, Text, web_address
from publisher.sources.identity import identify, lies_under, link_sign
from publisher.sources.matching import Remembered, choose, match

DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEXT = Text("Words enough to tell one story from another, whatever is around them.", True)


def entry(n: int, **more: object) -> Entry:
    values = {"guid": f"g{n}", "link": f"https://e.example/{n}", "title": Text(f"T{n}"), "published": DAY}
    return Entry(**{**values, **more})  # type: ignore[arg-type]


def paths(*entries: Entry, link: str = "https://e.example/") -> list[str]:
    return [each.path for each in identify(Document("E", link, entries))]


def test_the_samples_say_the_same_in_every_encoding() -> None:
    titles = ["Tides & ships — ü", "No title, no date, only words here.", "Ahead"]
    found = [taken(SAMPLES[n]) for n in (0, 4, 5, 6, 7)]
    assert all([a.title for a in each] == titles for each in found)
    assert len({tuple(a.html for a in each) for each in found}) == 1
    first, second, third = found[0]
    assert (first.authors[0].name, first.labels, first.language) == ("Ann Lee, Jr.", ("Sea",), "pt-BR")
    assert first.picture
    assert first.picture.url == "https://elsewhere.example/t.jpg"
    assert first.summary == "Short"
    # what counts readers is gone, relative addresses are whole, a frame and an enclosure are links
    assert "data:" not in first.html
    assert 'src="https://elsewhere.example/2026/i.png"' in first.html
    assert '<a href="https://v.example/1">' in first.html
    assert '<a href="https://elsewhere.example/a%20b.mp3">a b.mp3</a>' in first.html
    assert (second.url, second.html) == ("https://elsewhere.example/2", f"<p>{titles[1]}</p>")
    assert third.published_at == NOW


def test_bases_in_atom_and_json() -> None:
    one, two = taken(SAMPLES[1])
    assert (one.url, one.language, one.authors[0].name) == (
        "https://elsewhere.example/blog/one",
        "ar",
        "Bo Ek",
    )
    assert 'src="https://elsewhere.example/blog/i.png"' in one.html
    assert (two.title, two.url) == ("Two <3", "https://elsewhere.example/blog/sub/p.mp3")
    seven, eight, nine = taken(SAMPLES[2])
    assert (seven.title, seven.url) == ("7", "https://elsewhere.example/seven")
    assert 'src="https://elsewhere.example/7.png"' in seven.html
    assert (eight.html, eight.labels) == ("<p>Eight</p><p>is text &amp; &lt;more&gt;</p>", ("a", "b"))
    assert (nine.title, nine.url) == ("n.mp3", "https://elsewhere.example/n.mp3")


def test_large_data_and_a_million_characters() -> None:
    image = f'&lt;p&gt;Wall: &lt;img alt="a wall" src="data:image/png;base64,{"A" * 284_000}"&gt;&lt;/p&gt;'
    (wall,) = taken(rss(item("Wall", "https://e.example/w", text=image)))
    assert wall.html == "<p>Wall: a wall </p>"
    (long,) = taken(rss(item("Long", "https://e.example/l", text="many words " * 100_000)))
    assert len(long.html) < 1000
    deep = "&lt;div&gt;" * 5000 + "Deep"
    (found,) = taken(rss(item("Deep", "https://e.example/d", text=deep)))
    assert found.html == "<p>Deep</p>"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<html><body>Hello</body></html>", "a web page"),
        (
            b"<html><link rel=alternate type='application/rss+xml' href='/f.xml'></html>",
            "elsewhere.example/f.xml",
        ),
        (b"plain words", "no feed"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "no feed"),
        (b'{"version": "https://example.org/"}', "no JSON Feed"),
        (b'{"version": ', "well-formed JSON"),
        (b"[" * 100_000, "no feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * 100_000, "well-formed JSON"),
        (b"<rss><channel>" + b"<item><title>x" * 200_000, "not well-formed"),
        (b"/etc/passwd", "no feed"),
        (b"http://127.0.0.1:9/", "no feed"),
    ],
)
def test_what_is_no_feed_is_said_in_words(body: bytes, said: str) -> None:
    with pytest.raises(NotFetched, match=said):
        formats.read(body, {}, URL)


def test_entities_and_outside_files_are_not_followed(tmp_path: object) -> None:
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE rss [<!ENTITY a0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">{laughs}]>'
    began = time.process_time()
    found = taken(head.encode() + rss(item("x &a9; &f; y", "https://e.example/1")))
    assert time.process_time() - began < 2
    assert "root:" not in found[0].title
    assert len(found[0].title) <= 300


def test_links_that_are_the_same() -> None:
    same = [
        *(
            "https://www.e.example/a/?utm_source=rss&utm_medium=x",
            "http://e.example/a",
            "https://e.example:443/a/",
        ),
        "https://e.example/a?fbclid=1",
    ]
    assert {link_sign(each) for each in same} == {"e.example/a"}
    others = [
        "https://e.example/a?p=1",
        "https://e.example/b",
        "https://e.example/a#c",
        "https://e.example:81/a",
    ]
    assert len({link_sign(each) for each in [*others, same[0]]}) == 5
    assert [link_sign(each) for each in ("", "https://e.example/", "http://[", "x")] == [""] * 4


def test_addresses_become_those_that_every_reader_takes() -> None:
    base = "https://b.example/d/f"
    known = {
        "https://münchen.example/ä b?x=ö#é": "https://xn--mnchen-3ya.example/%C3%A4%20b?x=%C3%B6#%C3%A9",
        " https://e.example/a b%20c.mp3\n": "https://e.example/a%20b%20c.mp3",
        "//e.example/{x}": "https://e.example/%7Bx%7D",
        "../up": "https://b.example/up",
        "https://[::1]:8080/x": "https://[::1]:8080/x",
    }
    assert {each: web_address(each, base) for each in known} == known
    odd = [
        "",
        " ",
        "javascript:x",
        "data:,x",
        "http://u:p@e.example/",
        "https://e..example/",
        "https://<x>/",
        "http://[",
    ]
    odd += [
        f"https://{'a' * 70}.example/",
        "https://e.example:99999/",
        "https://e.example/\ud800",
        "https://a b/",
    ]
    assert [web_address(each, base) for each in odd] == [""] * len(odd)


def test_what_is_ours() -> None:
    ours = [
        "https://c.example",
        "http://www.c.example/",
        "https://c.example/a?b",
        "https://c.example/index.html",
    ]
    assert all(lies_under(each, "https://c.example") for each in ours)
    assert not lies_under("https://c.example.evil/", "https://c.example")
    assert lies_under("https://c.example/blog/a", "https://c.example/blog")
    assert not lies_under("https://c.example/blogs/a", "https://c.example/blog")


def test_the_same_link_twice_is_one_entry_and_a_link_of_all_says_nothing() -> None:
    twice = [entry(1, guid="a"), entry(1, guid="b", published=DAY + timedelta(hours=1)), entry(2)]
    found = identify(Document("E", "", tuple(twice)))
    assert [(each.path, each.guid) for each in found] == [("e.example/1", "b"), ("e.example/2", "g2")]
    show = "https://e.example/show"
    assert paths(*(entry(n, link=show) for n in range(3))) == ["id:g0", "id:g1", "id:g2"]
    assert paths(entry(1, link=show), entry(2, link=show), link=show) == ["id:g1", "id:g2"]
    assert paths(*(entry(n, guid="same") for n in range(3))) == [f"e.example/{n}" for n in range(3)]
    # nothing but words: those tell them apart, and the same words are one entry
    bare = [entry(n, guid="", link="", title=Text(t)) for n, t in enumerate(("A", "B", "A"))]
    assert len(set(paths(*bare))) == 2
    # the same story in two places on one day
    assert len(paths(*(entry(n, title=Text("T"), content=TEXT) for n in range(2)))) == 1


def test_an_article_is_found_by_one_sign_after_the_other() -> None:
    known = identify(
        Document("E", "", tuple(entry(n, content=Text(TEXT.value + str(n), True)) for n in range(4)))
    )
    remembered = [
        Remembered("p0", "g0", "https://old.example/", "Other", ""),
        Remembered("e.example/1", "x1", "", "", ""),
        Remembered("p2", "x2", "http://e.example/2/", "", ""),
        Remembered("p3", "x3", "https://old.example/3", "T3", known[3].body),
    ]
    assert match(known, remembered) == {
        "e.example/0": "p0",
        "e.example/1": "e.example/1",
        "e.example/2": "p2",
        "e.example/3": "p3",
    }
    # an earlier sign wins, and each article is found once
    clash = [Remembered("e.example/1", "g0", "", "", ""), Remembered("p1", "g1", "", "", "")]
    assert match(known[:2], clash) == {"e.example/0": "e.example/1", "e.example/1": "p1"}


def test_what_was_left_out_stays_left_out_as_long_as_it_is_there() -> None:
    known = identify(Document("E", "", tuple(entry(n, published=NOW - timedelta(days=n)) for n in range(10))))
    first = choose(known, (), known, NOW, timedelta(days=7), 3)
    assert ([k.path for k in first.taken], first.old, first.over) == (
        [f"e.example/{n}" for n in range(3)],
        2,
        5,
    )
    again = choose(known[3:], first.passed, known, NOW, timedelta(days=99), 99)
    assert (again.taken, again.old, again.over, again.passed) == ((), 0, 0, first.passed)
    # an old one whose date became new is not new
    moved = identify(Document("E", "", (entry(9, published=NOW),)))
    assert choose(moved, first.passed, moved, NOW, timedelta(days=7), 3).taken == ()
    assert len(choose(moved, first.passed, moved, NOW, timedelta(days=7), 3).passed) <= 3
    assert choose([], first.passed, [], NOW, timedelta(days=7), 3).passed == frozenset()


def test_a_thousand_damaged_feeds() -> None:
    """No crash, nothing that takes long, and what comes of them stands in well-formed feeds of ours."""
    slowest, found = 0.0, 0
    for number in range(1000):
        began = time.process_time()
        found += survive(mutated(number))
        slowest = max(slowest, time.process_time() - began)
    assert slowest < 2
    assert found > 1000
