"""Today: it says what is so, and stops saying it when it is so no more."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from desk_visitors import QUICK, Newsroom, Visitor

from publisher import cutting, gathering, passwords
from publisher.app import Publisher
from publisher.delivering import controlling, opening
from publisher.store import editions, outlook, refusals, restores, webhooks, workforce
from publisher.store import subscribers as people
from publisher.store.schema import deliveries


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


def section(visitor: Visitor, name: str) -> str:
    page = visitor.get("/desk/")
    assert page.status_code == 200
    (found,) = re.findall(rf'<section aria-labelledby="{name}">(.*?)</section>', page.text, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found)).split())


def test_of_an_empty_publication_it_says_how_to_begin(
    publication: Callable[..., Publisher], clock: Any
) -> None:
    p = publication(newsletters={})
    workforce.note_tick(p.store, workforce.TICKED)
    viewer = Newsroom.of(p, clock).editor("viewer")
    assert "Nothing waits for anybody" in section(viewer, "needs")
    assert "Nothing is being sent" in section(viewer, "going")
    assert "newsletters: {daily: {}}" in section(viewer, "next")
    assert "content/first.md" in section(viewer, "in")


def test_it_says_what_is_so(
    publication: Callable[..., Publisher], post: Callable[..., str], subscribe: Any, clock: Any
) -> None:
    feed = {"feed": "http://127.0.0.1:9/feed.xml", "allow_private": ["127.0.0.1"]}
    p = publication(
        articles={"tides.md": post("Tides & ebbs < 3 knots"), "broken.md": "---\ntitle: [\n---\n"},
        newsletters={"daily": {"title": "Daily"}, "letter": {"title": "Letter", "approval": True}},
        sources=[{"path": "content/"}, feed],
    )
    gathering.gather(p.store, p.config, clock())
    for n, hour in enumerate((7, 7, 9)):
        subscribe(p, f"reader{n}@example.org", hour=hour, zone="UTC")
    subscribe(p, "now@example.org", cadence="instant")
    subscribe(p, "away@example.org", hour=6, zone="UTC", status="unsubscribed")
    viewer = Newsroom.of(p, clock).editor("viewer")

    needs = section(viewer, "needs")
    assert "No clock runs" in needs
    assert "broken.md:2" in needs
    assert "Not published as it stands; since today, 06:00." in needs
    assert "The feed 127.0.0.1:9/feed.xml cannot be read" in needs
    due = section(viewer, "next")
    assert "Daily As soon as it appears one person" in due
    # an edition is for all of its slot, whatever their hour
    assert "today, 07:00 3 people Every day" in due
    assert "Letter Nobody gets it yet" in due
    subscribe(p, "reader0@example.org", "letter", hour=3, zone="UTC")
    assert "today, 07:00 one person Every day · held for approval" in section(viewer, "next")
    assert "One article in the last seven days. Tides & ebbs < 3 knots" in section(viewer, "in")

    request = cutting.asked(p.config, "daily", "daily", clock(), everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, request, clock()).edition
    assert edition
    assert "daily/1 is held It is for 3 people." in section(viewer, "needs")
    opening.open_edition(p.store, edition, clock())
    assert "daily/1" not in section(viewer, "needs")
    assert "daily/1 is being sent 0 3" in section(viewer, "going")
    with p.store.write() as tx:
        tx.execute(deliveries.update().values(status="unknown"))
        restores.mark(tx, clock())
    needs = section(viewer, "needs")
    assert "daily/1: nobody knows whether 3 messages arrived" in needs
    assert "This store was restored" in needs
    controlling.pause(p.store, edition, clock(), "the server said: <b>no</b>")
    assert "daily/1 is paused the server said: <b>no</b>" in section(viewer, "needs")

    (p.config.sources[0].path / "broken.md").write_text(post("Mended"), encoding="utf-8")
    clock.move(minutes=1)
    gathering.gather(p.store, p.config, clock())
    assert "broken.md" not in section(viewer, "needs")
    assert "Mended" in section(viewer, "in")


def test_a_refused_file_keeps_since_when_and_very_many_are_counted(
    publication: Callable[..., Publisher], post: Callable[..., str], clock: Any
) -> None:
    broken = {f"{n:02}.md": "---\ntitle: [\n---\n" for n in range(25)}
    p = publication(articles=broken)
    first = clock()
    gathering.gather(p.store, p.config, first)
    clock.move(hours=1)
    gathering.gather(p.store, p.config, clock())
    with p.store.read() as tx:
        assert {one.since for one in refusals.listed(tx, 99)} == {first}
    viewer = Newsroom.of(p, clock).editor("viewer")
    assert "And 5 files more" in section(viewer, "needs")


def test_everybody_for_whom_the_next_edition_is_is_counted(
    publication: Callable[..., Publisher], subscribe: Any, clock: Any
) -> None:
    p = publication()
    for n in range(5):
        subscribe(p, f"reader{n}@example.org", hour=n, zone="UTC")
    with p.store.write() as tx:
        for id_, paused in ((1, clock() + timedelta(hours=1)), (2, clock() - timedelta(hours=1))):
            people.change(tx, id_, {"paused_until": paused})
    with p.store.read() as tx:
        receivers = outlook.receivers(tx, "daily", clock())
        found = outlook.next_due(tx, "daily", "daily", receivers, clock())
        assert outlook.next_due(tx, "daily", "weekly", receivers, clock()) is None
        assert not editions.listed(tx)
    assert receivers == {"daily": 4}
    assert found
    assert found.people == 4
    assert "4 people" in section(Newsroom.of(p, clock).editor("viewer"), "next")


def test_an_endpoint_that_is_off_is_named_to_whoever_may_see_it(
    publication: Callable[..., Publisher], clock: Any
) -> None:
    url = "https://elsewhere.example/hooks/secret"
    p = publication(webhooks=[{"url": url, "secret_env": "HOOK_SECRET"}])
    workforce.note_tick(p.store, workforce.TICKED)
    with p.store.write() as tx:
        webhooks.follow(tx, [url])
        (told,) = webhooks.endpoints(tx)
        webhooks.change(tx, told.id, failing_since=clock(), said="<script>gone</script>")
    room = Newsroom.of(p, clock)
    publisher, editor = room.editor("publisher"), room.editor("editor")
    assert "elsewhere" not in section(publisher, "needs"), "one that fails is tried again"
    with p.store.write() as tx:
        webhooks.change(tx, told.id, disabled_at=clock())
    needs = section(publisher, "needs")
    assert f"{url} is told nothing more <script>gone</script>" in needs
    assert f"publisher webhooks --enable {url}" in needs
    assert "<script>gone" not in publisher.get("/desk/").text
    assert "Nothing waits for anybody" in section(editor, "needs")
