"""Subscribers at the desk: found, read, changed, erased; lists that come in and go out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from desk_visitors import QUICK, ROLES, Newsroom, Visitor

from publisher import passwords, scheduler
from publisher.app import Publisher
from publisher.store import consents, deeds, reports, subscribers
from publisher.store.reports import Report
from publisher.subscribing import csv_files, importing, uploads
from publisher.web import uploads as web_uploads

STRANGE = "<script>alert(1)</script>"
_SIGNING_IN = ("sign in", "add", "set password", "make link")
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


@pytest.fixture
def room(publication: Callable[..., Publisher], clock: Any) -> Newsroom:
    newsletters = {"daily": {}, "letter": {"title": "The Letter"}}
    p = publication(newsletters=newsletters, topics={"world": ["World"], "sea": ["Sea"]})
    return Newsroom.of(p, clock)


def send(one: Visitor, content: bytes, name: str = "readers.csv", **fields: str) -> httpx.Response:
    """Upload a list, as a browser does."""
    one.get("/desk/subscribers/imports")
    given = {"token": one.token, "newsletter": "daily", "status": "confirmed", **fields}
    files = {"file": (name, content, "text/csv")}
    return one.ask("POST", "/desk/subscribers/imports", data=given, files=files, headers={"Origin": one.home})


def settled(room: Newsroom) -> None:
    assert room.app._desk.gate.importer.wait(30)


def said(room: Newsroom) -> list[tuple[str, str]]:
    with room.p.store.read() as tx:
        return [(d.verb, d.object) for d in deeds.listed(tx, 30) if d.verb not in _SIGNING_IN]


def kept_files(room: Newsroom) -> list[str]:
    folder = uploads.folder(room.p.store)
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def test_subscribers_are_listed_the_newest_first_and_found(room: Newsroom, subscribe: Any) -> None:
    p, editor = room.p, room.editor("editor")
    for n in range(60):
        status = "unsubscribed" if n % 10 == 3 else "pending" if n % 10 == 4 else "confirmed"
        subscribe(p, f"r{n:02}@example.org", status=status, newsletter="letter" if n % 2 else "daily")
    subscribe(p, "p@example.org", paused_until=room.clock() + timedelta(days=3))
    page = editor.get("/desk/subscribers").text
    shown = re.findall(r">([\w.]+@example\.org)</a>", page)
    assert shown == ["p@example.org", *(f"r{n:02}@example.org" for n in range(59, 10, -1))]
    numbers = re.findall(r'<tr><th scope="row">([^<]+)</th>((?:<td class="number">[^<]*</td>)+)', page)
    assert [(name, re.findall(r">([^<]*)</td>", row)) for name, row in numbers[:2]] == [
        ("Daily", ["25", "1", "6", "0"]), ("The Letter", ["24", "0", "0", "6"])
    ]  # fmt: skip
    older = re.findall(r'href="([^"]+)" rel="next"', page)[0].replace("&amp;", "&")
    rest = re.findall(r">([\w.]+@example\.org)</a>", editor.get(older).text)
    assert rest == [f"r{n:02}@example.org" for n in range(10, -1, -1)]
    for query, found in {
        "q=R0": [f"r0{n}@example.org" for n in range(10)],
        "q=r0&status=pending": ["r04@example.org"],
        "newsletter=letter&status=unsubscribed": [f"r{n}@example.org" for n in (53, 43, 33, 23, 13)]
        + ["r03@example.org"],
        "status=pending": [f"r{n:02}@example.org" for n in (54, 44, 34, 24, 14, 4)],
        "status=paused": ["p@example.org"],
        "q=nobody": [],
        "q=%00": [],
    }.items():
        answer = editor.get(f"/desk/subscribers?{query}").text
        listed = re.findall(r">([\w.]+@example\.org)</a>", answer)
        assert listed == found or (query == "q=%00" and listed), query
    assert "Nobody fits" in editor.get("/desk/subscribers?q=nobody").text


def test_one_is_added_by_hand_with_how_they_agreed(room: Newsroom) -> None:
    publisher = room.editor("publisher")
    publisher.get("/desk/subscribers/add")
    given = {
        "do": "add",
        "address": "ann@example.org",
        "name": STRANGE,
        "newsletter": "daily",
        "agreed": "by phone",
    }
    for bad in ({"address": "ann"}, {"agreed": " "}, {"newsletter": "weekly"}, {"name": "x" * 201}):
        answer = publisher.post("/desk/subscribers/add", **given | bad)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), bad
        assert STRANGE not in answer.text
    to = publisher.post("/desk/subscribers/add", **given).headers["location"]
    assert to == "/desk/subscribers/1?said=added"
    page = publisher.get(to).text
    assert "desk: by phone" in page
    assert SHOWN in page
    assert STRANGE not in page + publisher.get("/desk/subscribers").text
    assert said(room) == [("add subscriber", "subscriber 1")]
    assert "ann@" not in json.dumps(room.everything()["deeds"], default=str), "the log names nobody"


def test_what_they_get_is_changed_and_written_down(room: Newsroom, subscribe: Any) -> None:
    subscribe(room.p, "ann@example.org")
    one, path = room.editor("publisher"), "/desk/subscribers/1"

    def do(do: str, **fields: Any) -> httpx.Response:
        one.get(path)
        return one.post(path, do=do, **{"newsletter": "daily", **fields})

    def mine(newsletter: str = "daily") -> subscribers.Subscription:
        with room.p.store.read() as tx:
            return {s.newsletter: s for s in subscribers.subscriptions_of(tx, 1)}[newsletter]

    chosen = {"topics": ["sea"], "cadence": "weekly", "weekday": "2", "hour": "19", "zone": "Europe/Lisbon"}
    assert do("choose", **chosen).headers["location"] == f"{path}?said=chosen"
    assert (mine().topics, mine().cadence, mine().weekday, mine().hour) == (("sea",), "weekly", 2, 19)
    for bad in ({"topics": []}, {"zone": "Nowhere/At all"}, {"hour": "25"}, {"newsletter": "letter"}):
        assert do("choose", **chosen | bad).status_code == 422, bad
    assert do("pause", until="2026-12-24", zone="Europe/Lisbon").status_code == 303
    assert mine().paused_until is not None
    assert "paused" in one.get(path).text
    assert do("pause", until="2020-01-01", zone="Europe/Lisbon").status_code == 422
    assert do("go on").status_code == 303
    assert mine().paused_until is None
    assert do("begin", newsletter="letter", agreed="").status_code == 422
    assert do("begin", newsletter="letter", agreed="a card at the fair").status_code == 303
    assert mine("letter").status == "confirmed"
    assert do("make feed").headers["location"] == f"{path}?said=feed-made"
    assert "/feeds/private/" in one.get(f"{path}?said=feed-made").text
    assert "/feeds/private/" not in one.get(path).text
    assert do("revoke feed").status_code == 303
    assert do("stop").status_code == 303
    assert mine().status == "unsubscribed"
    assert do("stop").status_code == 422
    assert do("burn").status_code == 422
    verbs = [verb for verb, _ in said(room)]
    assert verbs[:4] == ["unsubscribe", "end feed", "make feed", "subscribe"]
    assert verbs[4:] == ["resume subscription", "pause subscription", "choose"]
    with room.p.store.read() as tx:
        assert [c.source for c in consents.of(tx, [1])[1]] == ["desk: a card at the fair"]


def test_a_suppression_of_a_bounce_or_complaint_is_lifted_by_who_is_sure(
    room: Newsroom, subscribe: Any
) -> None:
    p = room.p
    subscribe(p, "ann@example.org")
    one, path = room.editor("publisher"), "/desk/subscribers/1"
    one.get(path)
    assert one.post(path, do="suppress", reason=STRANGE).status_code == 303
    page = one.get(path).text
    assert "No mail goes to this address" in page
    assert SHOWN in page
    assert "cause is gone" not in page
    assert one.post(path, do="begin", newsletter="letter", agreed="yes").status_code == 422
    assert one.post(path, do="lift").status_code == 303
    with p.store.write() as tx:
        subscribers.suppress(tx, "ann@example.org", "complaint", room.clock())
        reports.add(tx, Report("d", "complaint", "ann@example.org", "", STRANGE, "mail", room.clock()))
    page = one.get(path).text
    assert "cause is gone" in page
    assert SHOWN in page
    answer = one.post(path, do="lift")
    assert (answer.status_code, "say that you are sure" in answer.text) == (422, True)
    assert one.post(path, do="lift", sure="yes").status_code == 303
    with p.store.read() as tx:
        assert not subscribers.suppression(tx, "ann@example.org")


def test_everything_kept_is_downloaded_and_erased_when_the_address_is_typed(
    room: Newsroom, subscribe: Any
) -> None:
    subscribe(room.p, "ann@example.org", name="Ann")
    admin, publisher, path = room.editor("admin"), room.editor("publisher"), "/desk/subscribers/1"
    publisher.get(path)
    answer = publisher.post(path, do="copy")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.json()["subscriber"]["name"] == "Ann"
    assert "Erase" not in publisher.get(path).text
    assert publisher.post(path, do="erase", address="ann@example.org").status_code == 403
    admin.get(path)
    assert admin.post(path, do="erase", address="bo@example.org").status_code == 422
    done = admin.post(path, do="erase", address=" ANN@example.org")
    assert done.headers["location"] == "/desk/subscribers?said=erased"
    assert "is erased" in admin.get(done.headers["location"]).text
    assert admin.get(path).status_code == 404
    assert "ann@" not in repr(room.everything()).lower()
    assert said(room)[:2] == [("erase", "subscriber 1"), ("copy subscriber", "subscriber 1")]


def test_deliveries_are_shown_by_edition_in_pages(
    publication: Callable[..., Publisher],
    post: Callable[..., str],
    clock: Any,
    subscribe: Any,
    monkeypatch: Any,
) -> None:
    from publisher import cutting, delivering, gathering
    from publisher.delivering import opening
    from publisher.subscribing import finding

    p = publication(articles={"tides.md": post("Tides", "2026-11-20T12:00Z", "World")})
    gathering.gather(p.store, p.config, clock.now)
    subscribe(p, "ann@example.org")
    for day in range(3):
        clock.set(f"2026-11-2{1 + day}T12:00")
        (p.config.sources[0].path / f"a{day}.md").write_text(post(f"New {day}", f"2026-11-2{1 + day}T10:00Z"))
        gathering.gather(p.store, p.config, clock.now)
        asked = cutting.asked(p.config, "daily", "daily", clock.now, everybody=True)
        edition = cutting.cut(p.store, p.config, p.templates, asked, clock.now).edition
        assert edition
        opening.open_edition(p.store, edition, clock.now)
        delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=edition.id)
    monkeypatch.setattr(finding, "A_PAGE", 2)
    one = Newsroom.of(p, clock).editor("editor")
    page = one.get("/desk/subscribers/1").text
    assert re.findall(r">(daily/\d)</a></th>", page) == ["daily/3", "daily/2"]
    older = re.findall(r'href="([^"]+)" rel="next"', page)[0]
    assert re.findall(r">(daily/\d)</a></th>", one.get(older).text) == ["daily/1"]
    assert "Save for" not in page, "an editor looks, and changes nothing"


def test_a_list_is_uploaded_looked_at_and_taken(room: Newsroom, subscribe: Any) -> None:
    subscribe(room.p, "left@example.org", status="unsubscribed")
    one = room.editor("publisher")
    text = f"address,name,plan\nann@example.org,{STRANGE},{STRANGE}\nleft@example.org,,\n"
    text += f"{STRANGE},,\nbad,{STRANGE},\n"
    answer = send(one, text.encode(), name=f"{STRANGE}.csv", status="")
    path = answer.headers["location"]
    assert (answer.status_code, path) == (303, "/desk/subscribers/imports/1")
    page = one.get(path).text
    assert "choose the status" in page
    assert "Take these" not in page
    one.post(path, do="look", newsletter="daily", status="confirmed")
    page = one.get(path).text
    assert "Take these 4 lines" in page
    assert "script&gt;.csv" in page
    assert "<script>" not in page.replace("<script src", "")
    one.post(path, do="begin")
    settled(room)
    page = one.get(path).text
    assert page.count(SHOWN) >= 1
    assert "<script>" not in page
    assert re.findall(r"<dt>(\w[\w ]+)</dt><dd>(\d+)</dd>", page) == [
        ("added", "1"), ("changed", "0"), ("as they were", "0"), ("stay away", "1"), ("refused", "2")
    ]  # fmt: skip
    refused = one.get(f"{path}/refused.csv")
    rows = list(csv.reader(io.StringIO(refused.text)))
    assert [row[1:3] for row in rows] == [["line", "address"], ["4", STRANGE], ["5", "bad"]]
    assert refused.headers["content-type"].startswith("text/csv")
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert kept_files(room) == []
    assert [verb for verb, _ in said(room)] == ["end import", "begin import", "change import", "upload"]
    assert "script&gt;.csv" in one.get("/desk/subscribers/imports").text


def test_progress_is_shown_without_script_and_moves_by_itself_with_it(room: Newsroom) -> None:
    one = room.editor("publisher")
    send(one, b"address\nann@example.org\n")
    path = "/desk/subscribers/imports/1"
    uploads.begin(room.p.store, importing.Actor("Pat"), 1, room.clock())
    page = one.get(path).text
    assert 'hx-trigger="every 2s"' in page
    assert "0 of 1 line" in page
    assert "goes on within a minute" in page
    assert f'<a href="{path}">' in page
    with room.p.store.alone(importing.WORK):
        assert "goes on within a minute" not in one.get(path).text
    room.app.minute()
    settled(room)
    page = one.get(path).text
    assert "hx-trigger" not in page.partition("<main")[2]


def test_a_web_process_that_ends_leaves_the_rest_to_the_next(room: Newsroom, monkeypatch: Any) -> None:
    monkeypatch.setattr(csv_files.Chunks, "size", property(lambda _: 5))
    one = room.editor("publisher")
    send(one, b"address\n" + b"".join(b"r%02d@example.org\n" % n for n in range(50)))
    keep, importer = importing._One._keep, room.app._desk.gate.importer
    times = iter(range(3))

    def ending(self: Any, tx: Any, point: Any) -> None:
        keep(self, tx, point)
        if next(times, None) is None:
            importer._halted.set()

    monkeypatch.setattr(importing._One, "_keep", ending)
    one.post("/desk/subscribers/imports/1", do="begin")
    settled(room)
    monkeypatch.setattr(importing._One, "_keep", keep)
    found = uploads.shown(room.p.store, importing.Actor("Pat"), 1)
    assert (found.state, 0 < found.settled < 50) == ("running", True)
    scheduler.tick(room.p)
    done = uploads.shown(room.p.store, importing.Actor("Pat"), 1)
    assert (done.state, done.added) == ("done", 50)


def test_a_file_that_may_not_come_is_not_kept(room: Newsroom, monkeypatch: Any) -> None:
    publisher, editor = room.editor("publisher"), room.editor("editor")
    monkeypatch.setattr(web_uploads, "_HEARD_OUT", 1000)
    path, large = "/desk/subscribers/imports", b"address\n" + b"a@example.org\n" * 9000
    publisher.get(path)
    files = {"file": ("x.csv", large, "text/csv")}
    for visitor, fields, origin in (
        (publisher, {"token": "x"}, publisher.home),
        (publisher, {"token": publisher.token}, "https://evil.example"),
        (publisher, {}, publisher.home),
        (room.visitor(), {"token": "x"}, publisher.home),
    ):
        answer = visitor.ask("POST", path, data=fields, files=files, headers={"Origin": origin})
        assert answer.status_code == 403
    editor.get("/desk/account")
    refused = editor.ask(
        "POST", path, data={"token": editor.token}, files=files, headers={"Origin": editor.home}
    )
    assert refused.status_code == 403
    monkeypatch.setattr("publisher.web.desk.gate.LARGEST", 5000)
    answer = send(publisher, large)
    assert (answer.status_code, "too large" in answer.text) == (422, True)
    for content, name, what in ((b"", "x.csv", "empty"), (b"x", "", "expected one")):
        answer = send(publisher, content, name=name)
        assert (answer.status_code, what in answer.text) == (422, True)
    broken = b"--b\r\nContent-Disposition: form-data; name=token\r\n\r\n" + publisher.token.encode()
    answer = publisher.ask(
        "POST",
        path,
        content=broken,
        headers={"Origin": publisher.home, "Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code in (403, 422)
    assert kept_files(room) == []
    assert room.everything()["imports"] == []


def test_a_full_disk_is_said_and_leaves_nothing(room: Newsroom, monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(web_uploads, "_written", full)
    answer = send(room.editor("publisher"), b"address\nann@example.org\n")
    assert (answer.status_code, "disk" in answer.text) == (422, True)
    assert kept_files(room) == []


def test_an_export_is_streamed_written_down_and_runs_no_formula(
    room: Newsroom, subscribe: Any, monkeypatch: Any
) -> None:
    from publisher.subscribing import exports

    monkeypatch.setattr(exports, "_PIECE", 200)
    subscribe(room.p, "ann@example.org", name="=1+1", attributes={"plan": "@SUM(A1)"})
    for n in range(30):
        subscribe(room.p, f"r{n:02}@example.org", "letter", status="pending" if n else "confirmed")
    one = room.editor("publisher")
    one.get("/desk/subscribers")
    answer = one.post("/desk/subscribers", do="export")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 31
    assert (rows[0]["name"], rows[0]["plan"]) == ("'=1+1", "'@SUM(A1)")
    assert 'filename="subscribers-2026-11-21.csv"' in answer.headers["content-disposition"]
    some = one.post("/desk/subscribers", do="export", newsletter="letter", status="confirmed")
    assert [row["address"] for row in csv.DictReader(io.StringIO(some.text))] == ["r00@example.org"]
    assert [verb for verb, _ in said(room)] == ["export", "export"]
    editor = room.editor("editor")
    editor.get("/desk/subscribers")
    assert editor.post("/desk/subscribers", do="export").status_code == 403


def test_growth_is_told_by_day_week_and_month(room: Newsroom, subscribe: Any) -> None:
    one = room.editor("editor")
    assert "Nothing was counted" in one.get("/desk/subscribers/growth").text
    for n in range(3):
        subscribe(room.p, f"r{n}@example.org")
    scheduler.tick(room.p)
    room.clock.move(days=1)
    subscribe(room.p, "r0@example.org", status="unsubscribed")
    scheduler.tick(room.p)
    one.sign_in("editor@courier.example")
    for by, name in (("day", "2026-11-22"), ("week", "2026-W47"), ("month", "2026-11")):
        page = one.get(f"/desk/subscribers/growth?by={by}&newsletter=daily").text
        row = re.findall(rf'<th scope="row">{name}</th>(.*?)</tr>', page)[0]
        numbers = re.findall(r">([^<]*)</td>", row)
        assert numbers == (["0", "1", "−1", "2", "33.3"] if by == "day" else ["3", "1", "+2", "2", "–"])
        assert "<svg" in page
    assert one.get("/desk/subscribers/growth?newsletter=letter").text.count("<svg") == 0


@pytest.mark.parametrize("role", ROLES)
def test_who_may_do_what_with_subscribers(room: Newsroom, subscribe: Any, role: str) -> None:
    subscribe(room.p, "ann@example.org")
    send(room.editor("admin", "boss@courier.example"), b"address\nbo@example.org\n")
    one, n = room.editor(role), ROLES.index(role)
    before = {name: rows for name, rows in room.everything().items() if name != "credentials"}
    one.get("/desk/account")
    person, import_ = "/desk/subscribers/1", "/desk/subscribers/imports/1"
    for least, path, fields in (
        (2, person, {"do": "stop", "newsletter": "daily"}),
        (2, person, {"do": "choose", "newsletter": "daily", "all": "yes"}),
        (2, person, {"do": "suppress", "reason": "x"}),
        (2, person, {"do": "lift"}),
        (2, person, {"do": "begin", "newsletter": "letter", "agreed": "x"}),
        (2, person, {"do": "copy"}),
        (3, person, {"do": "erase", "address": "nobody@example.org"}),
        (2, f"{person[:-1]}add", {"address": "x@example.org", "newsletter": "daily", "agreed": "x"}),
        (2, import_, {"do": "drop"}),
        (2, "/desk/subscribers", {"do": "export"}),
    ):  # fmt: skip
        answer = one.post(path, **fields)
        assert (answer.status_code == 403) == (n < least), (role, fields)
        one.get("/desk/account")
    if n < 2:
        after = {name: rows for name, rows in room.everything().items() if name != "credentials"}
        assert {k: v for k, v in after.items() if k not in ("editors", "deeds", "sign_ins")} == {
            k: v for k, v in before.items() if k not in ("editors", "deeds", "sign_ins")
        }
