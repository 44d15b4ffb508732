"""Links between articles lead where the other one is, whichever comes first and whatever moves later."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from gathering_site import LONG_AGO, Site, counts
from hypothesis import given
from hypothesis import strategies as st

from publisher.articles.linking import Addresses, Known, Sought
from publisher.model.articles import Link
from publisher.store import Store


@pytest.fixture
def site(publication: Any) -> Site:
    return Site(publication)


def text(title: str, body: str = "", **keys: str) -> str:
    lines = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"---\ntitle: {title}\ndate: 2020-05-06\n{lines}---\n{body}"


def links(site: Site, path: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', site.at(path).article.html)


def url(site: Site, path: str) -> str:
    return site.at(path).article.url


WRITTEN = [
    "boat.md",
    "../_posts/2014-05-06-old-boat.md#hull",
    "/_posts/2014-05-06-old-boat.md",
    "@/_posts/2014-05-06-old-boat.md",
    "{% post_url 2014-05-06-old-boat %}",
    "{% link _posts/2014-05-06-old-boat.md %}",
    '{{< ref "/_posts/2014-05-06-old-boat" >}}',
    '{{< relref "2014-05-06-old-boat.md#hull" >}}',
    "/2014/05/06/old-boat.html",
    "/2014/05/06/old-boat/",
    "/ships/boat/",
    "/boats.html",
    "/2009/first",
    "first?page=2",
    "{filename}/_posts/2014-05-06-old-boat.md",
    "link://slug/old-boat",
]


def test_every_way_to_name_an_article_leads_to_it(site: Site) -> None:
    site.write("_posts/boat.md", text("Boat"))
    old = text("Old", permalink="/ships/boat/", aliases="[boats.html, /2009/first]")
    site.write("_posts/2014-05-06-old-boat.md", old)
    body = "\n".join(f"[x]({way})" for way in WRITTEN)
    site.write("_posts/a.md", text("A", body, redirect_from="/2009/second"))
    assert counts(site.gather()) == {"new": 3}
    boat = url(site, "_posts/2014-05-06-old-boat.md")
    hull = {1, 7}
    expected = [boat + ("#hull" if at in hull else "") for at in range(1, len(WRITTEN))]
    assert links(site, "_posts/a.md") == [url(site, "_posts/boat.md"), *expected]
    assert site.at("_posts/2014-05-06-old-boat.md").article.aliases == (
        "/ships/boat/",
        "/boats.html",
        "/2009/first",
    )
    assert counts(site.gather()) == {"unchanged": 3}


def test_what_is_no_article_stays_where_a_browser_would_look(site: Site) -> None:
    written = [
        "/about",
        "other/",
        "mailto:a@example.org",
        "https://elsewhere.example/boat.md",
        "#top",
        "gone.md",
    ]
    site.write("a.md", text("A", "\n".join(f"[x]({way})" for way in [*written, "/files/a.pdf"])))
    report = site.gather()
    here = url(site, "a.md")
    home = site.publisher.config.publication.url
    assert links(site, "a.md") == [
        f"{home}/about",
        f"{here}other/",
        "mailto:a@example.org",
        "https://elsewhere.example/boat.md",
        f"{here}#top",
        f"{here}gone.md",
        f"{home}/files/a.pdf",
    ]
    assert [note for note in report.notes if "gone.md" in note] == [
        "content/a.md: there is no article gone.md to link to"
    ]


def test_an_article_that_comes_later_or_moves_is_found(site: Site) -> None:
    site.write("a.md", text("A", "[b](b.md) [c]({% post_url c %})"))
    site.gather()
    site.write("b.md", text("B"))
    report = site.gather()
    assert counts(report) == {"new": 1, "updated": 1}
    assert report.touched == {site.at("a.md").article.id, site.at("b.md").article.id}
    assert links(site, "a.md")[0] == url(site, "b.md")
    # renamed, it keeps its address
    site.move("b.md", "sea/b.md")
    site.gather()
    assert links(site, "a.md")[0] == url(site, "sea/b.md")
    site.again(output={"article_url": "{url}/new/{slug}.html"})
    site.gather()
    assert links(site, "a.md")[0] == url(site, "sea/b.md")
    assert "/new/" in url(site, "sea/b.md")
    site.write("sea/c.md", text("C"))
    site.gather()
    assert links(site, "a.md")[1] == url(site, "sea/c.md")


def test_an_edit_keeps_links_and_touches_nobody_else(site: Site) -> None:
    site.write("a.md", text("A", "[b](b.md)"))
    site.write("b.md", text("B", "[a](a.md)"))
    site.gather()
    site.write("b.md", text("B", "Now [a](a.md)"), at=1_600_000_000)
    report = site.gather()
    assert (counts(report), report.touched) == ({"unchanged": 1, "updated": 1}, {site.at("b.md").article.id})
    assert links(site, "b.md") == [url(site, "a.md")]


@pytest.mark.parametrize("commits", range(1, 6))
def test_killed_at_any_commit_the_links_are_right_in_the_end(
    site: Site, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    site.write("a.md", text("A", "[b](b.md)"))
    site.gather()
    site.write("b.md", text("B", "[a](a.md)"))
    real, left = Store.write, [commits]

    @contextmanager
    def dying(store: Store) -> Any:
        with real(store) as tx:
            yield tx
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "write", dying)
    with suppress(KeyboardInterrupt):
        site.gather()
    monkeypatch.setattr(Store, "write", real)
    site.gather()
    assert links(site, "a.md") == [url(site, "b.md")]
    assert links(site, "b.md") == [url(site, "a.md")]


def test_of_several_of_one_name_the_nearest_is_meant_and_what_two_share_names_neither() -> None:
    home = "https://courier.example/blog"
    known = [
        Known("a", "content", "en/_posts/2020-01-01-a.md", "a", f"{home}/a/", ()),
        Known("a-2", "content", "de/_posts/2020-01-01-a.md", "a-2", f"{home}/a-2/", ()),
        Known("x", "content", "x.md", "x", f"{home}/x/", ("/old/",)),
        Known("y", "content", "y.md", "y", f"{home}/y/", ("/old/", "/blog/older.html")),
        Known("z", "content", "z.md", "z", f"{home}/z/", ("/x/",)),
        Known("lost", "content", "y.html", "lost", f"{home}/lost/", (), True),
    ]
    addresses = Addresses(home, known)

    def find(written: str, path: str) -> str:
        return addresses.resolved(Link(written, ""), "content", path).url.removeprefix(home)

    assert find("@post/2020-01-01-a", "de/_posts/b.md") == "/a-2/"
    assert find("@post/2020-01-01-a", "en/_posts/b.md") == "/a/"
    assert find("@post/2020-01-01-a", "b.md") == ""
    assert find("/2020/01/01/a.html", "b.md") == ""
    assert find("/old/", "b.md") == ""
    assert find("/x/", "b.md") == "/x/"
    assert find("/blog/x/", "b.md") == "/x/"
    assert find("/blog/older", "b.md") == "/y/"
    assert find(f"{home}/older.html#a", "b.md") == "/y/#a"
    assert find("/blogger/x/", "b.md") == ""
    assert find("https://other.example/x/", "b.md") == ""
    assert find("y", "b.md") == "/y/"
    assert find("y.html", "b.md") == "/lost/"
    assert addresses.resolved(Link("nowhere.md", "", "y"), "content", "b.md").url == f"{home}/y/"


ANY_NAME = st.sampled_from(
    ["a", "b", "2020-01-01-a", "index", "_index", "_posts", "en", "content", "a.b", "c d"]
)
ANY_PATH = st.lists(ANY_NAME, min_size=1, max_size=3).map("/".join)
ANY_END = st.sampled_from(["", "/", ".md", ".html", "#x", "/index.html", "?q"])
ANY_LINK = st.tuples(
    st.sampled_from(["", "/", "../", "@/", "@post/", "@ref/", "https://courier.example/blog/", "./"]),
    ANY_PATH,
    ANY_END,
).map("".join)


@given(
    articles=st.lists(
        st.tuples(ANY_PATH, ANY_NAME, st.lists(ANY_PATH, max_size=2), st.booleans()), max_size=5
    ),
    links=st.lists(st.tuples(ANY_LINK, ANY_PATH, st.lists(ANY_PATH, max_size=1)), min_size=1, max_size=3),
)
def test_whom_no_link_names_need_not_be_known(articles: list[Any], links: list[Any]) -> None:
    home = "https://courier.example/blog"
    known = [
        Known(
            str(n), "content", f"{path}.md", f"{slug}-{n}", f"{home}/{slug}{'/' * (n % 2)}", (*aliases,), gone
        )
        for n, (path, slug, aliases, gone) in enumerate(articles)
    ]
    sought = Sought(home)
    for written, path, aliases in links:
        sought.add(Link(written, "", "1"), path, [f"/{alias}" for alias in aliases])
    every, some = Addresses(home, known), Addresses(home, filter(sought.names, known))
    for written, path, aliases in links:
        at = Link(written, "", "1"), "content", path, [f"/{alias}" for alias in aliases]
        assert every.resolved(*at) == some.resolved(*at)


def test_a_refused_file_is_not_counted_as_updated_when_its_link_moves(site: Site) -> None:
    site.write("a.md", text("A", "[b](b.md)"))
    site.gather()
    site.write("a.md", "---\ntitle: [\n---\n", LONG_AGO + 9)
    site.write("b.md", text("B"))
    report = site.gather()
    assert (report.new, report.updated, report.unchanged, len(report.refused)) == (1, 0, 0, 1)
