"""Where an article appeared, on both databases: exactly, and by a sample that is near."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from publisher import cutting, delivering, gathering
from publisher.app import Publisher
from publisher.delivering import opening
from publisher.model.editors import COMMAND_LINE
from publisher.store import appearances, catalogue
from publisher.surveying import articles, figures, publication


@pytest.fixture
def mailed(
    publication: Callable[..., Publisher], post: Callable[..., str], subscribe: Callable[..., str], clock: Any
) -> Publisher:
    """World went to forty of sixty, and Town to the others; one edition."""
    files = {
        f"{n}.md": post(f"Number {n}", f"2026-11-{n:02}", "World" if n % 2 else "Town") for n in range(1, 9)
    }
    p = publication(articles=files, feeds={"town": {"topics": ["Town"], "entries": 2}})
    gathering.gather(p.store, p.config, clock.now)
    for n in range(60):
        subscribe(p, f"reader{n}@example.org", topics=["world"] if n % 3 else ["town"])
    asked = cutting.asked(p.config, "daily", "", clock.now, everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, asked, clock.now).edition
    assert edition
    opening.open_edition(p.store, edition, clock.now)
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=edition.id)
    return p


def test_an_article_is_followed_into_editions_and_feeds(
    mailed: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = mailed
    with p.store.read() as tx:
        ids = {x.article.path: x.article.id for x in catalogue.listings(tx)}
    for path, messages, place in (("7.md", 40, None), ("8.md", 20, 1), ("6.md", 20, 2), ("2.md", 20, 0)):
        story = articles.story(p.store, COMMAND_LINE, p.config, ids[path])
        assert story.reached == (messages, True), path
        assert [one.place for one in story.feeds if one.name == "town"] == ([] if place is None else [place])
        assert [(one.edition, one.naming, one.of) for one, _ in story.editions] == [("daily/1", 1, 2)]
        assert [one.revision for one in story.releases] == [1]
    for name, value in {"COUNTED": 10, "_SLICES": 4, "_A_SLICE": 6}.items():
        monkeypatch.setattr(appearances, name, value)
    story = articles.story(p.store, COMMAND_LINE, p.config, ids["7.md"])
    assert story.reached == (40, False)


def test_figures_and_the_publication_are_read(mailed: Publisher) -> None:
    p, now = mailed, mailed.clock()
    assert len(figures.read(p.store, COMMAND_LINE, "year", None, now).stretches) == 12
    found = publication.survey(p.store, COMMAND_LINE, p.config, now)
    assert found.subscribers == {"daily": {"confirmed": 60}}
    assert [(one.name, one.articles) for one in found.sources] == [("content", 8)]
