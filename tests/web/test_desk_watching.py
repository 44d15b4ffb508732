"""Watching an edition at the desk: true at every moment, live for as many as watch, at the price of one."""

from __future__ import annotations

import http.client
import pickle
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
import readers
from desk_visitors import HOME, QUICK, Newsroom, Visitor
from forking import Forked
from mail_sink import FINE, Sink
from public_files_server import serving

from publisher import delivering, passwords, scheduler
from publisher.admitting import own
from publisher.app import Publisher
from publisher.delivering import controlling, opening, progress, retrying
from publisher.errors import Refused, StoreError
from publisher.model.editors import COMMAND_LINE
from publisher.store import chunking, deeds, editions, ledger
from publisher.store.editions import Edition
from publisher.web.desk import deliveries as desk_deliveries
from publisher.web.desk.watch import PIECES
from publisher.web.public import Public, application

SCRIPT = "<script>alert(1)</script>"
PLACE = "/desk/editions/daily/1/watch"
BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@dataclass
class Watched:
    """A newsroom with an edition that is being sent to a mail server."""

    room: Newsroom
    edition: Edition
    sink: Sink
    processes: list[subprocess.Popen[str]]

    @property
    def p(self) -> Publisher:
        return self.room.p

    def deliver(self) -> None:
        p = self.p
        delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)

    def process(self, *arguments: str) -> subprocess.Popen[str]:
        folder, quiet = self.p.store.folder.parent, subprocess.DEVNULL
        self.processes.append(Forked(arguments, cwd=folder, stdout=quiet, stderr=quiet))
        return self.processes[-1]

    def counts(self) -> dict[str, int]:
        with self.p.store.read() as tx:
            return {k: v for k, v in ledger.counts(tx, self.edition.id).items() if v}


@pytest.fixture
def watched(
    publication: Callable[..., Publisher], post: Callable[..., str], sink: Sink, clock: Any
) -> Iterator[Callable[..., Watched]]:
    processes = list[subprocess.Popen[str]]()

    def make(people: int = 5, domain: str = "example.org", **sections: Any) -> Watched:
        smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none", "connections": 2}
        settings = {"mail": {"transport": "smtp", "smtp": smtp, "mx_lookup": False}} | sections
        p = publication(articles={"ferry.md": post("The ferry")}, **settings)
        edition = readers.cut_for(p, (f"reader{n}@{domain}" for n in range(people)))
        return Watched(
            Newsroom.of(p, clock), opening.open_edition(p.store, edition, p.clock()), sink, processes
        )

    yield make
    for process in processes:
        process.kill()
        process.wait()


def words(html: str) -> str:
    """What one reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@dataclass
class Browser:
    """What an EventSource has heard: the newest of each piece, and how many events came."""

    pieces: dict[str, str] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    heard: int = 0
    over: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def listen(self, address: Any, cookies: dict[str, str], path: str = f"{PLACE}/events") -> None:
        connection = http.client.HTTPConnection(*address[:2], timeout=20)
        try:
            cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            self._read(answer)
        finally:
            connection.close()
            self.ended.set()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        name, lines = "", list[str]()
        for raw in answer:
            key, _, value = raw.decode().rstrip("\n").partition(": ")
            if key == "event":
                name = value
            elif key == "id":
                self.ids.append(int(value))
            elif key in ("data", "data:"):
                lines.append(value)
            elif not key and name:
                self.heard += 1
                self.over |= name == "over"
                self.pieces[name] = "\n".join(lines)
                name, lines = "", []

    def until(self, piece: str, pattern: str, seconds: float = 20) -> str:
        end = time.monotonic() + seconds
        while not re.search(pattern, words(self.pieces.get(piece, ""))):
            assert time.monotonic() < end, (pattern, words(self.pieces.get(piece, "")))
            time.sleep(0.02)
        return words(self.pieces[piece])


@pytest.fixture
def today(clock: Any) -> None:
    """The time that other processes tell."""
    clock.now = datetime.now(UTC)


@contextmanager
def listening(address: Any, visitor: Visitor, many: int = 1) -> Iterator[list[Browser]]:
    browsers = [Browser() for _ in range(many)]
    threads = [
        threading.Thread(target=b.listen, args=(address, visitor.cookies), daemon=True) for b in browsers
    ]
    for thread in threads:
        thread.start()
    yield browsers
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive(), "the answer ends"


@contextmanager
def live(w: Watched) -> Iterator[tuple[Any, Visitor, Public]]:
    """A real server that tells the real time, and somebody who is signed in there."""
    object.__setattr__(w.p, "clock", lambda: datetime.now(UTC))
    app = application(w.p)
    with serving(app) as (address, _):
        visitor = w.room.editor("viewer", "bo@courier.example")
        visitor.cookies = {"desk": next(iter(visitor.cookies.values()))}
        yield address, visitor, app


@BOTH
def test_the_page_says_how_it_stands_without_script_and_names_nobody(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    w = watched(people=12, domain="gmail.com")
    viewer, editor = w.room.editor("viewer"), w.room.editor("editor")
    page = viewer.get(PLACE).text
    assert "0 of 12" in words(page)
    assert "12 wait for their hour or their turn" in words(page)
    assert 'sse-connect="/desk/editions/daily/1/watch/events"' in page
    w.sink.rcpt = lambda r: (
        f"452 4.2.2 <{r}> is full q=4Fz{r[6]}Xabc12" if r.startswith("reader1") else "250 fine"
    )
    w.sink.answer = lambda r: f"550 5.7.1 {SCRIPT} {r}" if r.startswith("reader2") else FINE
    w.deliver()
    page = viewer.get(PLACE).text
    said = words(page)
    assert "8 of 12" not in said
    assert "9 of 12" in said
    assert "3 deferred 452 4.2.2 &lt;…&gt; is full q=… google" in said, "said alike, and once"
    assert "1 bounced 550 5.7.1 &lt;script&gt;alert(1)&lt;/script&gt; … google" in said
    assert "google 8 3 1 –" in said
    assert "All deliveries of this edition." in said
    monkeypatch.setattr(progress, "SMALL", 3)
    large = words(viewer.get(PLACE).text)
    assert "google 8 3 1 –" in large
    assert "The last 12 outcomes, since today, 06:00" in large
    assert "@" not in said.replace("deferred", "")
    assert "<script>" not in page
    assert "/deliveries" not in page
    assert "/deliveries?status=deferred" in editor.get(PLACE).text
    before = w.room.everything()
    for _ in range(2):
        assert viewer.get(PLACE).status_code == 200
    assert w.room.everything() == before


LEDGER = "/desk/editions/daily/1/deliveries"


def listed(page: str) -> list[str]:
    """The addresses on a page of the ledger."""
    return re.findall(r'<th scope="row"><a href="[^"]*/story/daily/1">([^<]*)<', page)


@BOTH
def test_the_ledger_is_searched_and_paged_and_tells_each_ones_story(watched: Callable[..., Watched]) -> None:
    w = watched(people=120)
    w.sink.rcpt = lambda r: f"550 5.1.1 {SCRIPT} no {r}" if r.startswith("reader11") else "250 fine"
    w.deliver()
    viewer, editor = w.room.editor("viewer"), w.room.editor("editor")
    assert viewer.get(LEDGER).status_code == 403
    seen, path = list[str](), LEDGER
    for _ in range(3):
        page = editor.get(path).text
        seen += listed(page)
        path = (re.findall(r'href="([^"]+)" rel="next"', page) or [""])[0].replace("&amp;", "&")
    assert not path
    assert sorted(seen) == sorted(f"reader{n}@example.org" for n in range(120))
    seventh = [f"reader{n}@example.org" for n in (*range(70, 80), 7)]
    assert sorted(listed(editor.get(f"{LEDGER}?q=READER7").text)) == sorted(seventh)
    bounced = editor.get(f"{LEDGER}?status=bounced").text
    assert len(listed(bounced)) == 11
    assert "&lt;script&gt;alert(1)&lt;/script&gt; no reader11@example.org" in bounced
    assert "<script>" not in bounced
    assert "Send all" not in bounced, "only who may"
    assert listed(editor.get(f"{LEDGER}?status=bounced&q=reader119").text) == ["reader119@example.org"]
    assert len(listed(editor.get(f"{LEDGER}?provider=example.org&status=sent").text)) == 50
    for none in (
        "q=%25",
        "provider=elsewhere.example",
        "q=x&status=nonsense",
        "after=pp&q=z",
        "after=99999999",
    ):
        assert listed(editor.get(f"{LEDGER}?{none}").text) == []
    for odd in ("q=%00", "after=-1", f"q={SCRIPT}", "provider=%ff", "after=" + 40 * "9"):
        assert editor.get(f"{LEDGER}?{odd}").status_code == 200
    (story,) = re.findall(r'href="([^"]+/story/daily/1)">reader119@', bounced)
    said = words(editor.get(story).text)
    assert "refused for good" in said
    assert "no reader119@example.org" in said
    assert viewer.get(story).status_code == 403
    assert editor.get("/desk/subscribers/99999/story/daily/1").status_code == 404


def test_exactly_those_that_need_it_are_sent_again_and_it_is_said_how_many(
    watched: Callable[..., Watched],
) -> None:
    w = watched(people=6)
    w.sink.rcpt = lambda r: "550 5.2.2 full" if r[6] in "01" else "250 fine"
    w.sink.answer = lambda r: "" if r[6] in "23" else FINE
    w.deliver()
    assert w.counts() == {"sent": 2, "bounced": 2, "unknown": 2}
    editor, boss = w.room.editor("editor"), w.room.editor("publisher")
    page = boss.get(f"{LEDGER}?status=bounced")
    assert "Send all 2 again (bounced)" in page.text
    bounced, unknown = f"{LEDGER}?status=bounced", f"{LEDGER}?status=unknown"
    again = {"do": "retry", "status": "bounced"}
    editor.get("/desk/account")
    for act in ({**again, "count": 2}, {"do": "acknowledge", "count": 9}):
        assert editor.post(bounced, **act).status_code == 403
    answer = boss.post(bounced, **again, count=1)
    assert answer.status_code == 422
    assert "there are more of them by now" in answer.text
    assert w.counts() == {"sent": 2, "bounced": 2, "unknown": 2}
    w.sink.rcpt, w.sink.answer = (lambda r: "250 fine"), (lambda r: FINE)
    done = boss.post(bounced, **again, count=2)
    assert (done.status_code, done.headers["location"]) == (303, f"{bounced}&said=again")
    assert "They are due again" in boss.get(done.headers["location"]).text
    page = boss.get(unknown).text
    assert "Take note of all 2" in page
    one, other = re.findall(r'name="id" value="(\d+)"><button type="submit" name="do" value="ack', page)
    assert boss.post(unknown, do="acknowledge one", id=one).status_code == 303
    assert boss.post(unknown, do="retry one", id=other, status="unknown").status_code == 303
    for wrong in ("0", "x", "9999", "1" * 40, one):
        status = "unknown" if wrong != one else "expired"
        assert boss.post(unknown, do="retry one", id=wrong, status=status).status_code == 404
    assert boss.post(unknown, do="burn").status_code == 422
    w.deliver()
    assert w.counts() == {"sent": 5, "unknown": 1}
    kept = w.sink.recipients
    assert len(kept) - len(set(kept)) == 1, "the unknown one that was sent again, and no other"
    with w.p.store.read() as tx:
        done_ = [(d.actor, d.verb, d.data["count"]) for d in deeds.listed(tx, 3, object_="edition daily/1")]
    assert done_ == [
        ("Publisher", "retry", 1),
        ("Publisher", "acknowledge", 1),
        ("Publisher", "retry", 2),
    ]


def test_what_takes_long_is_left_to_the_clock_and_said(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    w = watched(people=6)
    w.sink.rcpt = lambda r: "550 5.2.2 full"
    w.deliver()
    boss, bounced = w.room.editor("publisher"), f"{LEDGER}?status=bounced"
    monkeypatch.setattr(desk_deliveries, "_SECONDS", 0.0)
    monkeypatch.setattr(chunking, "_FIRST", 2)
    boss.get(bounced)
    done = boss.post(bounced, do="retry", status="bounced", count=6)
    page = boss.get(done.headers["location"]).text
    assert "the clock goes on with the rest" in page
    assert "4 still stand so" in page
    assert "Send all" not in page
    scheduler.tick(w.p)
    assert w.counts() == {"deferred": 6}
    assert "still stand so" not in boss.get(bounced).text


def test_a_refusal_is_said_in_the_language_of_the_desk_with_its_names(
    watched: Callable[..., Watched],
) -> None:
    w = watched(publication={"url": HOME, "language": "de"})
    w.sink.rcpt = lambda r: "550 5.2.2 full"
    w.deliver()
    with w.p.store.write() as tx:
        editions.set_state(tx, w.edition.id, ["sending", "done"], "paused")
    boss, bounced = w.room.editor("publisher"), f"{LEDGER}?status=bounced"
    boss.get(bounced)
    answer = boss.post(bounced, do="retry", status="bounced", count=5)
    assert answer.status_code == 422
    assert "Von daily/1 kann jetzt nichts noch einmal gesendet werden. Stand: angehalten" in answer.text
    with pytest.raises(Refused) as refused:
        retrying.retry(w.p.store, COMMAND_LINE, w.edition, "bounced", w.p.clock())
    again = pickle.loads(pickle.dumps(refused.value))
    assert str(again) == "daily/1 is paused: nothing of it can be sent again now"
    assert again.values == {"edition": "daily/1", "state": "paused"}


def test_what_keeps_mail_from_leaving_is_said_and_ends(watched: Callable[..., Watched]) -> None:
    w = watched()
    viewer = w.room.editor("viewer")
    w.sink.greeting = "421 4.3.2 not now"
    w.deliver()
    assert "Nothing leaves at the moment" in (said := words(viewer.get(PLACE).text))
    assert "421" in said
    assert "No mail server takes anything" in (today := viewer.get("/desk/").text)
    assert f'href="{PLACE}"' in today
    w.sink.greeting = "220 here"
    w.deliver()
    assert "No mail server" not in viewer.get("/desk/").text
    assert "Nothing leaves" not in (said := words(viewer.get(PLACE).text))
    assert "5 of 5" in said
    assert "Nothing moves any more." in said


def test_only_editions_that_are_there_are_watched_and_by_nobody_else(watched: Callable[..., Watched]) -> None:
    w = watched()
    viewer = w.room.editor("viewer")
    for path in ("daily/2", "weekly/1", "daily/0", "daily/x", "daily/99999999999"):
        for end in ("watch", "watch/events"):
            assert viewer.get(f"/desk/editions/{path}/{end}").status_code == 404
    for path in (PLACE, f"{PLACE}/events"):
        answer = w.room.visitor().get(path)
        assert (answer.status_code, answer.headers["location"][:14]) == (303, "/desk/sign-in?")
    assert viewer.ask("HEAD", f"{PLACE}/events").headers["content-type"].startswith("text/event-stream")


@pytest.mark.usefixtures("today")
def test_a_hundred_watch_at_the_price_of_one_and_it_is_true_through_a_kill(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three processes are real: the one that sends is killed, and another goes on."""
    w = watched(people=120)
    w.sink.delay = 0.15
    looks = list[float]()
    look = progress.look

    def counted(*given: Any) -> Any:
        looks.append(time.monotonic())
        return look(*given)

    monkeypatch.setattr(progress, "look", counted)
    with live(w) as (address, visitor, app), listening(address, visitor, 100) as browsers:
        one = browsers[0]
        one.until("counts", "0 of 120")
        until = time.monotonic() + 20
        while app._desk.gate.live.watchers < 100:
            assert time.monotonic() < until
            time.sleep(0.05)
        sender = w.process("send", "daily/1")
        w.sink.wait_for(20)
        one.until("counts", r"[1-9]\d* of 120 deliveries, a.* left")
        assert "sends" in one.until("senders", "under way")
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        one.until("senders", "ended without a word")
        assert len(w.sink.kept) < 120
        w.sink.delay = 0.0
        assert w.process("send", "daily/1").wait(30) in (0, 1)
        counts = w.counts()
        unknown = counts.get("unknown", 0)
        assert counts["sent"] + unknown == 120
        assert len(set(w.sink.recipients)) == len(w.sink.kept)
        for browser in browsers:
            browser.until("counts", f"120 of 120.* sent {counts['sent']} ")
            assert abs(browser.heard - one.heard) <= 6, "and all hear the same"
        if unknown:
            one.until("counts", f"unknown {unknown} nobody knows")
            retrying.acknowledge(w.p.store, COMMAND_LINE, w.edition, w.p.clock())
            delivering.finish(w.p.store, w.p.clock())
        for browser in browsers:
            assert browser.ended.wait(10), "it is done, and said so"
            assert browser.over
            assert "Nothing moves any more." in words(browser.pieces["moment"])
        with listening(address, visitor) as (back,):
            assert back.ended.wait(10)
        assert back.pieces.keys() == {*PIECES, "over"}, "whoever comes back gets the whole of it"
        assert back.pieces["counts"] == one.pieces["counts"]
    assert min(b - a for a, b in pairwise(looks[:-1])) > 0.9, "one look a second, however many watch"


@pytest.mark.usefixtures("today")
def test_watching_ends_with_the_session_and_with_the_server(watched: Callable[..., Watched]) -> None:
    w = watched()
    with live(w) as (address, visitor, app):
        with listening(address, visitor) as (one,):
            one.until("counts", "0 of 5")
            assert app._desk.gate.live.watchers == 1
            own.set_password_of(w.p.store, "bo@courier.example", "another one of words", w.p.clock())
            assert one.ended.wait(10)
            assert one.over
        time.sleep(1.2)
        assert app._desk.gate.live.watchers == 0
        assert not app._desk.gate.live._channels, "nobody watches, and nobody looks"
        visitor = w.room.visitor()
        visitor.sign_in("bo@courier.example", "another one of words")
        visitor.cookies = {"desk": next(iter(visitor.cookies.values()))}
        with listening(address, visitor) as (two,):
            two.until("counts", "0 of 5")
            began = time.monotonic()
            app.ending()
            assert two.ended.wait(5)
            assert time.monotonic() - began < 2
            assert not two.over, "a browser comes back by itself"


@pytest.mark.usefixtures("today")
def test_a_store_that_cannot_be_used_for_a_while_ends_nothing(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    w, broken, look = watched(), threading.Event(), progress.look

    def faulty(*given: Any) -> Any:
        if broken.is_set():
            raise StoreError("locked")
        return look(*given)

    monkeypatch.setattr(progress, "look", faulty)
    with live(w) as (address, visitor, app), listening(address, visitor) as (one,):
        one.until("counts", "0 of 5")
        broken.set()
        time.sleep(1.5)
        controlling.pause(w.p.store, w.edition, w.p.clock(), f"{SCRIPT}\r\nevent: over\r\n\r\nx")
        broken.clear()
        said = one.until("counts", "paused")
        assert "&lt;script&gt;" in one.pieces["counts"]
        assert "event: over" in said, "a reason of several lines stays one reason"
        assert not one.over
        assert one.ids == sorted(one.ids)
        app.ending()
