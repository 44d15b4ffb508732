"""The publication at the desk: newsletters, feeds and sources as they stand, and settings with lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import yaml
from desk_visitors import QUICK, Newsroom

from publisher import gathering, passwords
from publisher.app import Publisher
from publisher.checking import settings
from publisher.store import announcements, feed_polls, remote_feeds

Make = Callable[..., Newsroom]
STRANGE = "<script>alert(1)</script>\"'&"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


@pytest.fixture
def newsroom(publication: Callable[..., Publisher], post: Callable[..., str], clock: Any) -> Make:
    def make(**sections: Any) -> Newsroom:
        p = publication(articles={"tides.md": post("Tides", "2026-11-20", "World")}, **sections)
        gathering.gather(p.store, p.config, clock.now)
        return Newsroom.of(p, clock)

    return make


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_newsletters_say_their_schedule_their_next_edition_and_their_subscribers(
    newsroom: Make, subscribe: Callable[..., str]
) -> None:
    daily = {"title": "Daily Briefing", "from": "Courier <daily@courier.example>", "approval": True}
    tides = {
        "topics": ["World"],
        "cadences": ["monthly"],
        "default": {"cadence": "monthly", "day": 31, "hour": 17},
        "signup": "closed",
        "archive": "none",
    }
    room = newsroom(newsletters={"daily": daily, "tides": tides})
    for n in range(3):
        subscribe(room.p, f"reader{n}@example.org")
    subscribe(room.p, "late@example.org", status="unsubscribed")
    page = words(room.editor("viewer").get("/desk/publication").text)
    assert (
        "Daily Briefing From Courier <daily@courier.example> Topics all topics Usually every day at 07:00"
        in page
    )
    assert "each edition waits until a second person approves it" in page
    assert "Due next today, 07:00 · 3 people Subscribers 3 confirmed, 1 left" in page
    assert "Topics World Usually every month on the 31st at 17:00 Approval none" in page
    assert "Due next nobody gets it yet Subscribers 0 confirmed Sign-up closed" in page


def test_feeds_say_who_follows_them_and_sources_how_they_are(newsroom: Make) -> None:
    feed = "https://elsewhere.example/feed.xml"
    room = newsroom(
        sources=[{"path": "content/"}, {"feed": feed}],
        feeds={
            "main": {"entries": 10},
            "world": {"topics": ["World"], "formats": ["rss"], "title": "Abroad"},
        },
        websub="https://hub.example/",
    )
    p, ann = room.p, room.editor("viewer")
    feed_polls.add(p.store, {("2026-11-20", "feed.xml", "Feedly"): (24, 120)})
    with p.store.write() as tx:
        announcements.note(tx, {"world": ["rss"]})
        state = {"error": f"it said {STRANGE}", "since": "2026-11-20T05:00:00+00:00", "failures": 3}
        remote_feeds.save(tx, remote_feeds.Row(feed, state, room.clock(), room.clock()))
    page = ann.get("/desk/publication").text
    said = words(page)
    assert "the newest 10, older ones in archive documents RSS · Atom · JSON Feed" in said
    assert 'href="https://courier.example/feeds/world.xml"' in page
    assert "24.0 120 about 0" in said
    assert "the hub is told within a minute" in said
    assert "content one article" in said.lower()
    assert f"cannot be read it said {STRANGE} · Since Friday 20 November 2026, 05:00." in said
    assert "<script>alert" not in page


def test_settings_name_the_line_to_change_and_mark_defaults(newsroom: Make) -> None:
    smtp = {
        "host": "smtp.relay.example",
        "username": "courier",
        "password_env": "SMTP_PASSWORD",
        "rate": "50/s",
    }
    room = newsroom(mail={"smtp": smtp, "transport": "smtp"}, delivery={"expire_after": "2d"})
    p = room.p
    text = p.file.read_text().split("\n") if p.file else []
    found = {one.key: one for keys in settings.settings(p.config, p.file).sections.values() for one in keys}
    for key, value in {
        "mail.smtp.host": "smtp.relay.example",
        "mail.smtp.rate": "50/s",
        "delivery.expire_after": "2d",
        "publication.url": "https://courier.example",
    }.items():
        one = found[key]
        assert (one.value, one.written) == (value, True)
        assert text[one.line - 1].strip().startswith(f"{key.rpartition('.')[2]}:"), key
    default = found["delivery.stop_timeout"]
    assert (default.value, default.written) == ("1m", False)
    assert text[default.line - 1] == "delivery:"
    assert (found["schedule.gather"].written, found["schedule.gather"].line) == (False, 0)
    page = words(room.editor("publisher").get("/desk/publication/settings").text)
    assert f"delivery.expire_after 2d config.yaml:{found['delivery.expire_after'].line}" in page
    assert f"delivery.stop_timeout 1m default; below line {default.line}" in page
    assert "schedule.gather 5m default" in page


def test_no_secret_is_shown(newsroom: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "swordfish")
    (tmp_path / "token").write_text("herring")
    smtp = {"host": "smtp.relay.example", "username": "courier", "password_env": "SMTP_PASSWORD"}
    room = newsroom(
        mail={"smtp": smtp, "transport": "smtp"},
        web={"metrics_token_file": "token", "webhooks": {"postmark": {"token_file": "token"}}},
    )
    page = room.editor("admin").get("/desk/publication/settings").text
    assert "SMTP_PASSWORD" in page
    assert "swordfish" not in page
    assert "herring" not in page
    secret = room.p.config.model_copy(update={"store": "postgresql://courier:halibut@db/courier"})
    assert "halibut" not in repr(settings.settings(secret, room.p.file))


def test_what_is_wrong_with_the_configuration_is_said_and_what_changed_in_the_file(
    newsroom: Make,
) -> None:
    smtp = {"host": "localhost", "username": "courier", "password_env": "NO_SUCH_VARIABLE"}
    room = newsroom(mail={"smtp": smtp, "transport": "smtp"}, feeds={"odd": {"topics": ["Fishing"]}})
    p, boss = room.p, room.editor("publisher")
    page = words(boss.get("/desk/publication/settings").text)
    assert "the environment variable NO_SUCH_VARIABLE is not set" in page
    assert "no article has the topic 'Fishing'" in page
    assert "has changed since" not in page
    assert p.file
    before = yaml.safe_load(p.file.read_text())
    p.file.write_text(yaml.safe_dump(before | {"schedule": {"gather": "1h"}}))
    assert "config.yaml has changed since this program read it" in words(
        boss.get("/desk/publication/settings").text
    )
    p.file.write_text(f"publication:\n  titel: '{STRANGE}'\n")
    page = boss.get("/desk/publication/settings").text
    assert "The file as it is now cannot be used config.yaml:2" in words(page)
    assert "<script>alert" not in page
    p.file.unlink()
    assert boss.get("/desk/publication/settings").status_code == 200


def test_viewers_and_editors_see_the_publication_and_not_the_settings(
    newsroom: Make,
) -> None:
    room = newsroom()
    for role, status in (("viewer", 403), ("editor", 403), ("publisher", 200), ("admin", 200)):
        one = room.editor(role)
        page = one.get("/desk/publication")
        assert page.status_code == 200
        assert ("/desk/publication/settings" in page.text) == (status == 200)
        assert one.get("/desk/publication/settings").status_code == status
