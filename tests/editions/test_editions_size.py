"""Rule 14 and the size at which Gmail clips: measured on the message as it is sent."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import pytest

from publisher import cutting, gathering, messages
from publisher.delivering.messages import letterhead
from publisher.editions import layout
from publisher.errors import ContentError
from publisher.freezing.variants import archive_page, thawed
from publisher.model import fields
from publisher.model.mail import Recipient
from publisher.store import frozen

CLIPPED = 102_000
HUGE = "\n\n".join(
    f"Paragraph {n}: {'the tide waits for no timetable, “as ever”, ' * 12}" for n in range(400)
)
LONG = {"subscriber.name": "é" * 60, "subscription.choice": "World, Sports and Science, " * 20}


def cut(p: Any, clock: Any, **asked: Any) -> Any:
    gathering.gather(p.store, p.config, clock.now)
    request = cutting.asked(p.config, "daily", "daily", clock.now, everybody=True, **asked)
    made = cutting.cut(p.store, p.config, p.templates, request, clock.now)
    with p.store.read() as tx:
        (id_, _), *_ = frozen.variants_of(tx, made.edition.id)
        row = frozen.variant_row(tx, id_)
    assert row
    return made.edition, id_, row[1]


def html_bytes(p: Any, clock: Any, variant_id: int) -> tuple[int, str]:
    """The size of the HTML part in a spliced message, and the part."""
    edition, variant = thawed(p.store, variant_id)
    compiled = messages.compile_message(variant, letterhead(p.config, edition))
    links = {name: f"https://courier.example/{name}/{'t' * 60}" for name in fields.ADDRESSES}
    links["leave"] = "0" * 34
    message = compiled.splice(Recipient("ada@example.org", "1@courier.example", clock.now, LONG), links)
    part = next(x for x in message_from_bytes(message).walk() if x.get_content_type() == "text/html")
    return len(part.get_payload()), part.get_payload(decode=True).decode()


@pytest.mark.parametrize(
    ("template", "intro", "role"),
    [("letter", "", "letter"), ("letter", HUGE[:50_000], "lead"), ("digest", "", "lead")],
    ids=["shortened", "summary", "digest"],
)
def test_a_huge_article_is_shortened_or_becomes_its_summary(
    publication: Any, post: Any, subscribe: Any, clock: Any, template: str, intro: str, role: str
) -> None:
    newsletters = {"daily": {"template": template}}
    p = publication(articles={"a.md": post("Huge", body=HUGE)}, newsletters=newsletters)
    subscribe(p, "ada@example.org")
    _, id_, row = cut(p, clock, intro=intro)
    size, html = html_bytes(p, clock, id_)
    assert size < CLIPPED
    assert "Paragraph 399" not in html
    assert row.pieces["stories"][0].split("/")[-2] == role
    assert "Huge" in html
    assert "unsubscribe/tttt" in html


def test_a_letter_that_fits_is_whole(publication: Any, post: Any, subscribe: Any, clock: Any) -> None:
    body = HUGE[:30_000] + "\n\nThe very end."
    p = publication(articles={"a.md": post("One", body=body)}, newsletters={"daily": {"template": "letter"}})
    subscribe(p, "ada@example.org")
    _, id_, _ = cut(p, clock)
    size, html = html_bytes(p, clock, id_)
    assert size < CLIPPED
    assert "The very end." in html


def test_many_articles_become_headlines_and_then_a_line_that_leads_to_all(
    publication: Any, post: Any, subscribe: Any, clock: Any
) -> None:
    posts = {
        f"{n:03}.md": post(f"Article {n:03}", f"2026-11-{n % 20 + 1:02}T12:00Z", summary="Water. " * 60)
        for n in range(200)
    }
    newsletters = {"daily": {"max_articles": 200, "default": {"cadence": "daily"}}}
    p = publication(articles=posts, newsletters=newsletters)
    gathering.gather(p.store, p.config, clock.now)
    subscribe(p, "ada@example.org")
    with p.store.write() as tx:
        tx.exec_driver_sql("UPDATE subscriptions SET mark = 0, since = 0")
    edition, id_, row = cut(p, clock)
    size, html = html_bytes(p, clock, id_)
    roles = [name.split("/")[-2] for name in row.pieces["stories"]]
    assert 90_000 < size < CLIPPED
    assert roles == ["headline"] * len(roles)
    left = 200 - len(roles)
    assert left > 0
    assert f"{left} more" in html
    assert f'href="https://courier.example/archive/daily/{edition.number}/"' in html
    page = archive_page(p.store, edition)
    assert all(f"Article {n:03}" in page for n in range(200))


def test_an_introduction_counts_and_one_that_is_too_long_is_refused(
    publication: Any, post: Any, subscribe: Any, clock: Any
) -> None:
    posts = {f"{n}.md": post(f"Article {n}", summary="Water. " * 60) for n in range(9)}
    p = publication(articles=posts)
    subscribe(p, "ada@example.org")
    with pytest.raises(ContentError, match="the introduction: too long"):
        cut(p, clock, intro=HUGE)
    _, id_, row = cut(p, clock, intro=HUGE[:60_000])
    size, _ = html_bytes(p, clock, id_)
    assert size < CLIPPED
    assert row.size <= layout.LIMIT
