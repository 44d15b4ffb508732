"""Who wrote it, by the profiles of a source."""

from __future__ import annotations

from typing import Any

import pytest
from gathering_site import Site, counts

from publisher.model.articles import Author


@pytest.fixture
def site(publication: Any) -> Site:
    return Site(publication)


def authors(site: Site, path: str) -> tuple[Author, ...]:
    return site.at(path).article.authors


def test_a_changed_profile_reads_again_who_names_it(site: Site, post: Any) -> None:
    site.write("a.md", post("A", author="ana"))
    site.write("b.md", post("B", author="ben"))
    site.write("c.md", post("C", author="Ana Sousa"))
    site.gather()
    site.write("_staff/ana.md", "---\nname: Ana Sousa\ntitle: Editor\n---\n")
    report = site.gather()
    assert counts(report) == {"updated": 2, "unchanged": 1}
    assert authors(site, "a.md") == (Author("Ana Sousa", "Editor", "ana"),)
    assert authors(site, "b.md") == (Author("ben"),)
    assert authors(site, "c.md")[0].title == "Editor"
    site.write("authors.yml", "ben: Ben Lima")
    assert counts(site.gather()) == {"updated": 1, "unchanged": 2}
    assert counts(site.gather()) == {"unchanged": 3}
    site.remove("_staff/ana.md")
    assert counts(site.gather()) == {"updated": 2, "unchanged": 1}
    assert authors(site, "a.md") == (Author("ana"),)
    assert authors(site, "b.md") == (Author("Ben Lima", "", "ben"),)


def test_a_broken_profile_is_named_and_the_articles_go_on(site: Site, post: Any) -> None:
    site.write("a.md", post("A", author="ana"))
    site.write("authors.yml", "ana: [")
    report = site.gather()
    assert counts(report) == {"new": 1}
    assert [(e.path, e.line) for e in report.refused] == [("content/authors.yml", 1)]
