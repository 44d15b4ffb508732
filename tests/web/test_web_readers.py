"""Signing up, confirming and choosing, through the doors that readers use; the clock is set by hand."""

from __future__ import annotations

import asyncio
import email
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from typing import Any

import httpx
import pytest
from sqlalchemy import event, func, select

from publisher import gathering, links, scheduler, subscribing
from publisher.app import Publisher
from publisher.delivering.confirming import queue_confirmations
from publisher.delivering.messages import Composer
from publisher.store import reports, subscribers
from publisher.store.reports import Report
from publisher.store.schema import metadata, notices
from publisher.subscribing import erasing, signing_up
from publisher.subscribing.signing_up import SignUp
from publisher.web.public import application

ADA, EVE = "ada@example.org", "eve@example.org"
LETTERS = {
    "daily": {"title": "Daily Briefing", "topics": "all"},
    "weekly": {"title": "Weekly Letter", "cadences": ["weekly", "monthly"], "default": {"cadence": "weekly"}},
    "staff": {"title": "Staff Only", "signup": "closed"},
}


class Http:
    """Asks the application itself, from one internet address."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            there = httpx.ASGITransport(self._app, client=("198.51.100.7", 4711))
            async with httpx.AsyncClient(transport=there, base_url="https://courier.example") as client:
                return await client.request(method, url, **more)

        return asyncio.run(ask())

    def get(self, url: str, **more: Any) -> httpx.Response:
        return self.request("GET", url, **more)

    def post(self, url: str, **more: Any) -> httpx.Response:
        return self.request("POST", url, **more)


@dataclass
class Town:
    """A publication, its doors, and what its mailboxes hold."""

    p: Publisher
    http: Http
    clock: Any

    def subscribe(self, address: str = ADA, *newsletters: str, wait: float = 5, **more: str) -> Any:
        page = self.http.get("/subscribe")
        stamp = re.findall(r'name="stamp" value="([^"]+)"', page.text)[0]
        self.clock.move(seconds=wait)
        data = {"stamp": stamp, "address": address, "newsletters": list(newsletters or ["daily"])}
        return self.http.post("/subscribe", data=data | more)

    def mails(self, address: str = "") -> list[Any]:
        """The mails to an address, oldest first, once the clock has ticked."""
        composer = Composer(self.p.store, self.p.config, self.p.keys)
        queue_confirmations(composer, self.p.templates, self.clock.now)
        with self.p.store.read() as tx:
            rows = tx.execute(select(notices.c.address, notices.c.message).order_by(notices.c.id)).all()
        return [
            email.message_from_bytes(row.message, policy=policy.default)
            for row in rows
            if address in ("", row.address)
        ]

    def link(self, door: str, address: str = "") -> str:
        text = self.mails(address)[-1].get_body(("plain",)).get_content()
        return str(re.findall(rf"https://courier\.example(/{door}/\S+)", text)[-1])

    def member(self, address: str = ADA, *newsletters: str, **choice: Any) -> str:
        """Somebody who confirmed; the door of their preferences."""
        for name in newsletters or ("daily",):
            asked = subscribing.Choice(address, name, "confirmed", **choice)
            subscribing.subscribe(self.p.store, self.p.config, asked, self.clock.now)
        number = self.of(address)["daily" if not newsletters else newsletters[0]].id
        return f"/preferences/{links.token(self.p.keys, 'preferences', number)}"

    def of(self, address: str) -> dict[str, Any]:
        with self.p.store.read() as tx:
            person = subscribers.find(tx, address)
            theirs = subscribers.subscriptions_of(tx, person.id) if person else []
        return {s.newsletter: s for s in theirs}

    def everything(self) -> dict[str, list[Any]]:
        with self.p.store.read() as tx:
            return {t.name: [tuple(r) for r in tx.execute(select(t)).all()] for t in metadata.sorted_tables}


@pytest.fixture
def town(publication: Callable[..., Publisher], post: Callable[..., str], clock: Any) -> Town:
    articles = {
        f"{n}.md": post(title, "2026-11-20T12:00Z", topic)
        for n, (title, topic) in enumerate([("Tides", "World"), ("Regatta", "Sports"), ("Budget", "World")])
    }
    p = publication(articles=articles, newsletters=LETTERS, publication={
        "url": "https://courier.example", "title": "The Courier", "postal_address": "1 Quay",
    })  # fmt: skip
    gathering.gather(p.store, p.config, clock.now)
    return Town(p, Http(application(p)), clock)


def test_from_sign_up_to_the_own_feed(town: Town) -> None:
    page = town.http.get("/subscribe")
    assert "'staff'" not in page.text.replace('"', "'")
    assert town.subscribe(ADA, "daily", "weekly").status_code == 200
    assert town.of(ADA) == {}, "nothing holds before the mailbox has said yes"
    (mail,) = town.mails(ADA)
    assert (mail["Subject"], mail["Auto-Submitted"]) == (
        "Please confirm: Daily Briefing, Weekly Letter",
        "auto-generated",
    )
    confirm = town.link("confirm")
    before = town.everything()
    assert "Do you want Daily Briefing, Weekly Letter?" in town.http.get(confirm).text
    assert town.everything() == before
    for _ in range(2):
        done = town.http.post(confirm)
        assert (done.status_code, "You get Daily Briefing, Weekly Letter" in done.text) == (200, True)
    assert {n: s.status for n, s in town.of(ADA).items()} == {"daily": "confirmed", "weekly": "confirmed"}

    choose = re.findall(r'https://courier\.example(/preferences/[^"]+)', done.text)[0]
    shown = town.http.get(choose).text
    assert ADA in shown
    assert "It would hold 3 articles so far" in shown
    choice = {"do": "choose", "newsletter": "daily", "topics": ["world"], "cadence": "monthly", "day": "31"}
    saved = town.http.post(choose, data=choice | {"hour": "6", "zone": "Europe/Lisbon", "language": "de"})
    assert "Saved." in saved.text
    mine = town.of(ADA)["daily"]
    assert (mine.topics, mine.cadence, mine.day, mine.hour) == (("world",), "monthly", 31, 6)
    assert (mine.zone, mine.language) == ("Europe/Lisbon", "de")
    assert "It would hold 2 articles so far" in saved.text

    leave = f"/unsubscribe/{links.token(town.p.keys, 'unsubscribe', mine.id)}"
    left = town.http.post(leave, data={"feed": "yes"})
    assert "You have left the Daily Briefing" in left.text
    assert town.of(ADA)["daily"].status == "unsubscribed"
    feed = re.findall(r'href="https://courier\.example(/feeds/private/[^"]+\.xml)"', left.text)[0]
    got = town.http.get(feed)
    assert (got.text.count("<item>"), "Regatta" in got.text) == (2, False)
    assert f"https://courier.example{feed}" in got.text, "the feed names its own address"
    assert town.http.get(feed, headers={"If-None-Match": got.headers["etag"]}).status_code == 304
    for ending, kind in ((".atom", "application/atom+xml"), (".json", "application/feed+json")):
        assert town.http.get(feed.replace(".xml", ending)).headers["content-type"].startswith(kind)


def test_a_welcome_and_what_nobody_confirmed_is_forgotten(town: Town) -> None:
    warm = town.p.config.newsletters["weekly"].model_copy(
        update={"welcome": True, "description": "A long read."}
    )
    newsletters = {**town.p.config.newsletters, "weekly": warm}
    object.__setattr__(town.p, "config", town.p.config.model_copy(update={"newsletters": newsletters}))
    town.http = Http(application(town.p))
    town.subscribe(ADA, "daily", "weekly")
    confirm = town.link("confirm", ADA)
    for _ in range(2):
        town.http.post(confirm)
    mails = town.mails(ADA)
    assert [mail["Subject"] for mail in mails][1:] == ["Welcome to Weekly Letter"]
    text = mails[-1].get_body(("plain",)).get_content()
    assert "A long read." in text
    assert "https://courier.example/archive/weekly/" in text
    assert town.http.get(town.link("preferences", ADA)).status_code == 200
    town.subscribe(EVE)
    town.clock.move(days=9)
    scheduler.tick(town.p)
    assert town.everything()["confirmations"] == []


def test_the_answer_is_the_same_for_everybody(town: Town) -> None:
    town.member(ADA)
    town.member("gone@example.org")
    subscribing.suppress(town.p.store, "gone@example.org", "complaint", town.clock.now)
    pages = {
        town.subscribe(who).text.replace(who, "WHO")
        for who in (ADA, EVE, EVE, "gone@example.org", "new@example.net")
    }
    assert len(pages) == 1
    trap = town.subscribe("robot@example.org", website="https://spam.example")
    assert trap.text.replace("robot@example.org", "WHO") in pages
    told = [mail["To"] for mail in town.mails()]
    assert sorted(told) == [ADA, EVE, "new@example.net"], "one a day, none to who must not be mailed"


def test_nothing_that_was_typed_is_in_the_mail_and_nothing_of_it_runs(town: Town) -> None:
    evil = '"<script>x</script>"@example.org'
    page = town.subscribe(evil)
    assert "<script>" not in page.text
    town.subscribe(ADA, "daily", "<b>weekly</b>", name="Win a car", language="<i>")
    (mail,) = town.mails(ADA)
    whole = mail.as_string()
    assert not any(word in whole for word in ("Win a car", "<i>", "<b>weekly"))
    assert mail["Subject"] == "Please confirm: Daily Briefing"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"address": "nobody"}, "does not look like an e-mail address"),
        ({"address": "a@b, c@d"}, "does not look like an e-mail address"),
        ({"newsletters": ["staff"]}, "tick at least one"),
        ({"newsletters": []}, "tick at least one"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(town: Town, given: dict[str, Any], said: str) -> None:
    page = town.http.get("/subscribe")
    stamp = re.findall(r'name="stamp" value="([^"]+)"', page.text)[0]
    town.clock.move(seconds=5)
    data = {"stamp": stamp, "address": ADA, "newsletters": ["daily"]} | given
    answer = town.http.post("/subscribe", data=data)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert f'value="{data["address"]}"' in answer.text
    assert town.mails() == []


def test_a_form_of_another_site_or_of_a_program_is_asked_once_more(town: Town) -> None:
    snippet = town.http.get("/subscribe/form")
    assert snippet.headers["content-type"].startswith("text/plain")
    assert '<form method="post" action="https://courier.example/subscribe">' in snippet.text
    assert "<script" not in snippet.text
    again = town.http.post("/subscribe", data={"address": ADA, "newsletters": "daily"})
    assert "One more step" in again.text
    assert town.subscribe(ADA, wait=0).text.count("One more step") == 1
    assert town.subscribe(ADA, wait=100_000).text.count("One more step") == 1
    assert town.mails() == []
    stamp = re.findall(r'name="stamp" value="([^"]+)"', again.text)[0]
    town.clock.move(seconds=-100_000 + 3)
    town.http.post("/subscribe", data={"address": ADA, "newsletters": "daily", "stamp": stamp})
    assert len(town.mails(ADA)) == 1


def test_known_and_unknown_cost_the_same_statements(town: Town) -> None:
    """Nor does the time tell: `bench/telling.py` measures it."""
    known, left, barred, erased = (f"{name}@example.org" for name in ("knows", "leaves", "barre", "erase"))
    for address in (known, left, erased):
        town.member(address)
    town.http.post(town.member(left), data={"do": "stop", "newsletter": "daily"})
    with town.p.store.write() as tx:
        subscribers.suppress(tx, barred, "hard bounce", town.clock.now)
    erasing.erase(town.p.store, erased, town.clock.now)
    town.subscribe("first@example.org")
    said: list[str] = []

    def keep(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(town.p.store.engine, "before_cursor_execute", keep)
    costs = {}
    for address in ("never@example.org", known, left, barred, erased):
        said.clear()
        page = town.subscribe(address).text.replace(address, "ADDRESS")
        costs[address] = (tuple(said), page)
    event.remove(town.p.store.engine, "before_cursor_execute", keep)
    assert len(set(costs.values())) == 1
    assert not any(table in line for line in costs[known][0] for table in ("subscri", "suppressions"))


def test_a_stranger_changes_nobody(town: Town) -> None:
    town.member(ADA, topics=("sports",), cadence="weekly", language="de")
    before = town.of(ADA)
    town.subscribe(ADA, "daily", "weekly")
    town.mails()
    assert town.of(ADA) == before
    town.http.post(town.link("confirm", ADA))
    after = town.of(ADA)
    assert after["daily"] == before["daily"], "who says yes gets what was asked, and keeps what they had"
    assert after["weekly"].status == "confirmed"


def test_ten_thousand_sign_ups_for_one_address_make_one_mail(town: Town) -> None:
    asked = SignUp(ADA, ("daily",), "en", "page", "yes")
    for n in range(10_000):
        signing_up.sign_up(town.p.store, town.p.config, asked, f"network {n}", town.clock.now)
    assert len(town.mails()) == 1
    town.clock.move(hours=25)
    signing_up.sign_up(town.p.store, town.p.config, asked, "", town.clock.now)
    assert len(town.mails()) == 2


def test_ten_thousand_addresses_of_one_network_meet_the_budget(town: Town) -> None:
    p, limits = town.p, town.p.config.signup
    networks = {signing_up.network_of(p.keys, f"203.0.113.{n}") for n in range(256)}
    networks |= {signing_up.network_of(p.keys, f"::ffff:203.0.113.{n}") for n in range(256)}
    assert len(networks) == 1
    assert signing_up.network_of(p.keys, "203.0.114.1") not in networks
    assert len({signing_up.network_of(p.keys, f"2001:db8:7::{n:x}") for n in range(9)}) == 1
    (one,) = networks
    for n in range(10_000):
        asked = SignUp(f"r{n}@example.org", ("daily",), "en", "page", "yes")
        signing_up.sign_up(p.store, p.config, asked, one, town.clock.now + timedelta(milliseconds=n))
    with p.store.read() as tx:
        confirmations = metadata.tables["confirmations"]
        assert tx.scalar(select(func.count()).select_from(confirmations)) == limits.network_per_hour
        kept = {row.network for row in tx.execute(select(confirmations.c.network))}
    assert not any("203" in network for network in kept), "no internet address is kept"


def test_each_token_opens_its_own_doors_and_no_other(town: Town) -> None:
    town.member(ADA)
    town.subscribe(EVE)
    town.mails()
    keys, number = town.p.keys, town.of(ADA)["daily"].id
    feed_id = _feed_of(town)
    doors = {
        "/unsubscribe/{}": "unsubscribe",
        "/preferences/{}": "preferences",
        "/confirm/{}": "confirm signup",
        "/confirm-address/{}": "confirm move",
        "/download/{}": "confirm download",
        "/erase/{}": "confirm erase",
        "/feeds/private/{}.xml": "private feed",
    }
    purposes = {*doors.values(), "view", "form", "test copy"}
    foreign = links.Keys((b"another publication",))
    nothing = town.http.get("/unsubscribe/nonsense")
    assert nothing.status_code == 404
    for door, own in doors.items():
        for purpose in purposes:
            token = links.token(keys, purpose, feed_id if purpose == "private feed" else number)
            if purpose == own:
                opened = town.http.get(door.format(token))
                by_mail = own in ("confirm move", "confirm download", "confirm erase")
                assert opened.status_code == (404 if by_mail else 200), door
                altered = f"{token[:-2]}{'A' if token[-2] != 'A' else 'B'}{token[-1]}"
                wrong = [altered, links.token(foreign, own, number), links.token(keys, own, 99_999)]
            else:
                wrong = [token]
            for each in wrong:
                answers = [town.http.get(door.format(each))]
                if "feeds" not in door and each != wrong[-1]:
                    answers.append(town.http.post(door.format(each)))
                assert {(a.status_code, a.text) for a in answers} == {(404, nothing.text)}, (door, purpose)
    town.clock.move(days=8)
    assert town.http.get(town.link("confirm", EVE)).text == nothing.text, "its time is over"


def _feed_of(town: Town) -> int:
    from publisher.subscribing import preferences

    return preferences.make_feed(town.p.store, town.of(ADA)["daily"].id, "daily", town.clock.now)


def test_looking_changes_nothing(town: Town) -> None:
    own = town.member(ADA)
    town.subscribe(EVE)
    town.http.post(own, data={"do": "move", "address": "new@example.org"})
    town.http.post(own, data={"do": "download"})
    town.mails()
    doors = ["/subscribe", "/subscribe/form", own, town.link("confirm", EVE), town.link("download", ADA)]
    doors += [town.link("confirm-address", "new@example.org")]
    before = town.everything()
    for door in doors:
        for _ in range(2):
            assert town.http.get(door).status_code == 200
    assert town.everything() == before


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"zone": "Mars/Olympus"}, 'id="daily-zone" aria-invalid="true"', "This is no time zone"),
        ({"day": "32"}, 'id="daily-day" aria-invalid="true"', "from 1 to 31"),
        ({"hour": "24"}, 'id="daily-hour" aria-invalid="true"', "choose an hour"),
        ({"language": "<i>"}, 'id="daily-language" aria-invalid="true"', "a language of the list"),
        ({"cadence": "yearly"}, '<fieldset aria-describedby="wrong"><legend>How often', "how often"),
        ({"all": ""}, '<fieldset aria-describedby="wrong"><legend>Topics', "at least one topic"),
        ({"do": "pause", "until": "2020-01-01"}, 'id="daily-until" aria-invalid="true"', "a day that is to"),
        ({"do": "move", "newsletter": "", "address": "ada@@x"}, 'id="new-address" aria-invalid', "e-mail"),
        ({"do": "move", "newsletter": "", "address": ADA.upper()}, 'id="new-address" aria-inv', "another"),
        ({"do": "dance"}, 'role="alert"', "could not be read"),
    ],
)
def test_a_choice_that_cannot_be_is_said_beside_its_field_and_typed_once(
    town: Town, given: dict[str, str], field: str, said: str
) -> None:
    own, before = town.member(ADA), town.everything()
    typed = {"do": "choose", "newsletter": "daily", "all": "yes", "hour": "13", "zone": "Europe/Paris"}
    answer = town.http.post(own, data=typed | given)
    assert (answer.status_code, town.everything()) == (422, before)
    alert = re.search(r'role="alert" id="wrong">([^<]+)', answer.text)
    assert alert
    assert said in alert[1]
    assert "expected" not in alert[1]
    assert field in answer.text
    assert answer.text.count('aria-describedby="wrong"') == (given.get("do") != "dance")
    if "do" not in given and "zone" not in given:
        assert 'value="Europe/Paris"' in answer.text


def test_pause_stop_and_begin_again(town: Town) -> None:
    own = town.member(ADA, zone="America/New_York")
    said = town.http.post(
        own, data={"do": "pause", "newsletter": "daily", "until": "2026-12-24", "zone": "America/New_York"}
    )
    assert "It pauses until Thursday 24 December 2026" in said.text
    until = town.of(ADA)["daily"].paused_until
    assert until.isoformat() == "2026-12-24T05:00:00+00:00"
    for wrong in ("2020-01-01", "2030-01-01", "tomorrow", ""):
        data = {"do": "pause", "newsletter": "daily", "until": wrong, "zone": "UTC"}
        assert town.http.post(own, data=data).status_code == 422
    town.http.post(own, data={"do": "go on", "newsletter": "daily"})
    assert town.of(ADA)["daily"].paused_until is None
    stopped = town.http.post(own, data={"do": "stop", "newsletter": "daily"})
    assert "You do not get it." in stopped.text
    assert town.of(ADA)["daily"].status == "unsubscribed"
    town.http.post(own, data={"do": "begin", "newsletter": "daily"})
    town.http.post(own, data={"do": "begin", "newsletter": "weekly"})
    assert {n: s.status for n, s in town.of(ADA).items()} == {"daily": "confirmed", "weekly": "confirmed"}
    closed = town.http.post(own, data={"do": "begin", "newsletter": "staff"})
    assert (closed.status_code, set(town.of(ADA))) == (404, {"daily", "weekly"})


@pytest.mark.parametrize(
    "given",
    [
        {"cadence": "hourly"}, {"hour": "24"}, {"zone": "Mars/Base"}, {"day": "40"}, {"all": ""},
        {"language": "x y"}, {"weekday": "9"},
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_refused_whole(town: Town, given: dict[str, Any]) -> None:
    own, before = town.member(ADA), town.of(ADA)
    usual = {"do": "choose", "newsletter": "daily", "all": "yes", "cadence": "weekly", "hour": "9"}
    answer = town.http.post(own, data=usual | given)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert town.of(ADA) == before


def test_a_change_of_address_wants_both(town: Town) -> None:
    own, new = town.member(ADA, topics=("world",)), "ada@new.example"
    before = town.of(ADA)["daily"]
    assert "on its way" in town.http.post(own, data={"do": "move", "address": new}).text
    assert "Not now" in town.http.post(own, data={"do": "move", "address": EVE}).text
    assert len(town.mails()) == 2
    assert "Half done" in town.http.post(town.link("confirm-address", new)).text
    assert town.of(new) == {}
    assert "Your address is changed" in town.http.post(town.link("confirm-address", ADA)).text
    assert town.of(ADA) == {}
    moved = town.of(new)["daily"]
    assert (moved.id, moved.topics, moved.mark) == (before.id, ("world",), before.mark)
    assert "Your address is changed" in town.http.post(town.link("confirm-address", new)).text


def test_an_address_that_somebody_has_is_not_taken(town: Town) -> None:
    own = town.member(ADA)
    town.member(EVE)
    town.http.post(own, data={"do": "move", "address": EVE})
    town.http.post(town.link("confirm-address", ADA))
    taken = town.http.post(town.link("confirm-address", EVE))
    assert "has a subscription of its own" in taken.text
    assert (set(town.of(ADA)), set(town.of(EVE))) == ({"daily"}, {"daily"})


def test_a_copy_of_all_that_is_kept_goes_to_the_mailbox_alone(town: Town) -> None:
    own = town.member(ADA, name="Zebedee")
    with town.p.store.write() as tx:
        reports.add(tx, Report("x", "soft", ADA, "5.2.2", "mailbox full", "mail", town.clock.now))
    answer = town.http.post(own, data={"do": "download"})
    assert "Zebedee" not in answer.text, "whoever was forwarded a mail learns nothing more"
    door = town.link("download", ADA)
    assert "Zebedee" not in town.http.get(door).text
    kept = town.http.post(door)
    assert kept.headers["content-disposition"].startswith("attachment")
    assert kept.json()["subscriber"]["name"] == "Zebedee"
    assert [s["newsletter"] for s in kept.json()["subscriptions"]] == ["daily"]
    # the mails that asked, what they asked for, and what came back
    assert [n["kind"] for n in kept.json()["notices"]] == ["download"]
    assert [c["kind"] for c in kept.json()["confirmations"]] == ["download"]
    assert [r["text"] for r in kept.json()["reports"]] == ["mailbox full"]


def test_what_was_agreed_is_kept_and_all_of_it_can_be_deleted(town: Town) -> None:
    town.subscribe(ADA, "daily")
    town.http.post(town.link("confirm", ADA))
    own = f"/preferences/{links.token(town.p.keys, 'preferences', town.of(ADA)['daily'].id)}"
    town.http.post(own, data={"do": "download"})
    (agreed,) = town.http.post(town.link("download", ADA)).json()["consents"]
    assert (agreed["what"], agreed["source"], agreed["newsletter"]) == ("confirmed", "page", "daily")
    assert agreed["text"].startswith("I want to get what I ticked")

    town.http.post(own, data={"do": "erase"})
    door = town.link("erase", ADA)
    assert town.http.get(door).status_code == 200
    assert town.of(ADA), "looking deletes nothing"
    assert "Everything is deleted" in town.http.post(door).text
    assert town.of(ADA) == {}
    assert ADA not in str(town.everything())
    assert town.http.get(own).status_code == 404
    town.clock.move(days=2)
    town.subscribe(ADA, "weekly")
    town.http.post(town.link("confirm", ADA))
    assert town.of(ADA)["weekly"].status == "confirmed", "who comes back by their own word may"


def test_the_old_mailbox_keeps_no_rights(town: Town) -> None:
    own, new = town.member(ADA), "ada@new.example"
    for what in ("download", "erase", "move"):
        town.http.post(own, data={"do": what, "address": new})
    links_ = [town.link(door, ADA) for door in ("confirm-address",)]
    town.http.post(links_[0])
    town.http.post(town.link("confirm-address", new))
    mails = [m.get_body(("plain",)).get_content() for m in town.mails(ADA)]
    for door in ("download", "erase"):
        at = next(
            re.findall(rf"https://courier\.example(/{door}/\S+)", t)[0] for t in mails if f"/{door}/" in t
        )
        assert town.http.post(at).status_code == 404
    assert town.of(new)["daily"].status == "confirmed"


def test_a_letter_that_looks_like_another_makes_nobody_else(town: Town) -> None:
    town.member("kate@example.org")
    town.subscribe("\u212aate@example.org")
    assert subscribers.address_key("\u212aate@example.org") != "kate@example.org"
    assert subscribers.address_key("\u00c9va@example.org") == subscribers.address_key("\u00e9va@example.org")


def test_what_is_due_stays_due_whatever_else_is_chosen(town: Town) -> None:
    own = town.member(ADA, cadence="weekly", weekday=0, hour=7)
    due = town.of(ADA)["daily"].next_due_at
    town.clock.now = due + timedelta(minutes=5)
    usual = {"do": "choose", "newsletter": "daily", "cadence": "weekly", "weekday": "0", "hour": "7"}
    town.http.post(own, data=usual | {"topics": ["world"], "language": "de"})
    assert town.of(ADA)["daily"].topics == ("world",)
    assert town.of(ADA)["daily"].next_due_at == due
    town.http.post(own, data=usual | {"all": "yes", "hour": "8"})
    assert town.of(ADA)["daily"].next_due_at != due


def test_very_many_topics_fit_and_a_form_that_cannot_be_read_says_so(town: Town) -> None:
    own = town.member(ADA)
    topics = [f"topic-{n}" for n in range(1000)]
    usual = {"do": "choose", "newsletter": "daily", "cadence": "daily"}
    assert town.http.post(own, data=usual | {"topics": topics}).status_code == 200
    assert len(town.of(ADA)["daily"].topics) == 1000
    unread = town.http.post(own, data=usual | {"topics": ["x" * 200_000]})
    assert (unread.status_code, "could not be read" in unread.text) == (422, True)
    long = usual | {"all": "yes", "language": "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd"}
    assert town.http.post(own, data=long).status_code == 422


def test_a_head_with_a_body_does_nothing(town: Town) -> None:
    own = town.member(ADA)
    assert town.http.request("HEAD", own, data={"do": "stop", "newsletter": "daily"}).status_code == 200
    assert town.of(ADA)["daily"].status == "confirmed"


def test_a_page_that_is_loaded_again_keeps_the_feed(town: Town) -> None:
    town.member(ADA)
    leave = f"/unsubscribe/{links.token(town.p.keys, 'unsubscribe', town.of(ADA)['daily'].id)}"
    pages = [town.http.post(leave, data={"feed": "yes"}).text for _ in range(3)]
    assert len({re.findall(r"/feeds/private/[^\"]+\.xml", page)[0] for page in pages}) == 1


def test_a_feed_is_taken_back(town: Town) -> None:
    own = town.member(ADA)
    first = town.http.post(own, data={"do": "make feed", "newsletter": "daily"}).text
    second = town.http.post(own, data={"do": "make feed", "newsletter": "daily"}).text
    old, new = (
        re.findall(r'href="https://courier\.example(/feeds/private/[^"]+\.xml)"', t)[0]
        for t in (first, second)
    )
    assert (town.http.get(old).status_code, town.http.get(new).status_code) == (404, 200)
    assert "no-store" in town.http.get(own).headers["cache-control"]
    assert town.http.get(new).headers["cache-control"].startswith("private")
    town.http.post(own, data={"do": "revoke feed", "newsletter": "daily"})
    assert town.http.get(new).status_code == 404
